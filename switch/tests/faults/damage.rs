//! Damage to the files of a stopped switch.

use std::path::{Path, PathBuf};

use crate::cases::{DAMAGED, Damaged, Harm, Target, Then};
use crate::harness::copy;
use crate::injection::{files, segments};
use crate::load::Load;
use crate::running::{SMALL_SEGMENT, world};

/// Answers that fill several segments.
const ANSWERS: usize = 600;

#[test]
fn damaged_files_are_made_good_or_refused_with_file_and_place() {
    let world = world(SMALL_SEGMENT, 20);
    let switch = world.start();
    let mut load = Load::new(4_242);
    load.run(&switch, ANSWERS / 2);
    // Closed segments follow the snapshot.
    switch.take_snapshot();
    load.run(&switch, ANSWERS / 2);
    switch.stop();
    let (data, whole) = (world.data(), world.data().with_file_name("whole"));
    copy(&data, &whole);
    for case in DAMAGED {
        std::fs::remove_dir_all(&data).unwrap();
        copy(&whole, &data);
        for (target, harm) in case.done {
            target.harm(&data, *harm);
        }
        match case.then {
            Then::Starts => {
                let switch = world.start();
                load.expect_kept(&switch);
                switch.stop();
            }
            Then::Refuses(says) => refused(&world, case, says),
        }
    }
}

fn refused(world: &crate::harness::World, case: &Damaged, says: &[&str]) {
    let mut process = world.start_unready();
    let code = process.wait().code();
    assert_eq!(code, Some(1), "{}\n{}", case.damage, process.log.text());
    process.log.expect_words(case.damage, says);
}

impl Target {
    fn paths(self, data: &Path) -> Vec<PathBuf> {
        let segments = segments(data);
        let [first, .., closed, open] = segments.as_slice() else {
            panic!("too few segments: {segments:?}");
        };
        match self {
            Self::FirstSegment => vec![first.clone()],
            Self::ClosedSegment => vec![closed.clone()],
            Self::OpenSegment => vec![open.clone()],
            Self::Books => vec![data.join("books/db")],
            Self::BooksDirectory => vec![data.join("books")],
            Self::Snapshots => files(&data.join("snapshots")),
        }
    }

    fn harm(self, data: &Path, harm: Harm) {
        let paths = self.paths(data);
        assert!(!paths.is_empty(), "{self:?}: there is none");
        paths.iter().for_each(|path| harm.to(path));
    }
}

impl Harm {
    fn to(self, path: &Path) {
        if path.is_dir() {
            return std::fs::remove_dir_all(path).unwrap();
        }
        if let Self::Removed = self {
            return std::fs::remove_file(path).unwrap();
        }
        let mut bytes = std::fs::read(path).unwrap();
        let written = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        match self {
            Self::FlippedBit => bytes[written / 2] ^= 0x10,
            Self::Truncated => bytes.truncate(written / 2),
            Self::Removed => {}
        }
        std::fs::write(path, bytes).unwrap();
    }
}
