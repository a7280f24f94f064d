//! The clock jumps, forwards and back, while the switch runs.

use std::path::{Path, PathBuf};

use crate::harness::{Process, Switch, skipped};
use crate::load::Load;
use crate::running::{SMALL_SEGMENT, world};

/// The jumps, one after the other, as faketime writes them: seconds from the true time.
const JUMPS: [&str; 5] = ["+7200", "-7200", "+259200", "+0", "-259200"];
/// Answers between two jumps.
const ANSWERS: usize = 40;

#[test]
fn a_clock_that_jumps_makes_no_answer_wrong() {
    let Some(library) = faketime() else {
        return skipped("no clock of its own for the switch: faketime is not installed");
    };
    let world = world(SMALL_SEGMENT, 20);
    let offset = world.data().with_file_name("clock");
    set(&offset, "+0");
    let mut command = world.command();
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", &offset)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let switch = Switch::when_ready(Process::start(&mut command));
    let mut load = Load::new(9);
    load.run(&switch, ANSWERS);
    for jump in JUMPS {
        set(&offset, jump);
        load.run(&switch, ANSWERS);
        // Whatever was answered at another time is answered the same, and is there once.
        load.expect_kept(&switch);
        assert_eq!(load.refused(), 0, "a jump to {jump} s");
    }
    switch.stop();
    // The next start meets books that were written in its future.
    let switch = world.start();
    load.run(&switch, ANSWERS);
    load.expect_kept(&switch);
    switch.stop();
}

/// Never seen half written.
fn set(path: &Path, offset: &str) {
    let partial = path.with_extension("partial");
    std::fs::write(&partial, offset).unwrap();
    std::fs::rename(partial, path).unwrap();
}

fn faketime() -> Option<PathBuf> {
    let of = |directory: std::fs::DirEntry| {
        let library = directory.path().join("faketime/libfaketimeMT.so.1");
        library.exists().then_some(library)
    };
    std::fs::read_dir("/usr/lib").ok()?.flatten().find_map(of)
}
