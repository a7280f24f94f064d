//! Faults that a start meets.

use crate::cases::{STARTING, Starting, Then};
use crate::harness::{Process, Switch, World, skipped};
use crate::injection;
use crate::load::Load;
use crate::mounts::Mount;
use crate::running::{SMALL_SEGMENT, world};

/// Answers before the fault.
const SOUND: usize = 60;

/// A switch that has served and was stopped, and what it answered.
fn stopped(world: &World) -> Load {
    let switch = world.start();
    let mut load = Load::new(77);
    load.run(&switch, SOUND);
    switch.stop();
    load
}

#[test]
fn a_start_that_cannot_read_its_files_rebuilds_or_ends_with_what_and_where() {
    let world = world(SMALL_SEGMENT, 20);
    let mut load = stopped(&world);
    for case in STARTING {
        match start(&world, &mut load, case) {
            Ok(()) => {
                let switch = world.start();
                load.expect_kept(&switch);
                switch.stop();
            }
            Err(why) => skipped(&format!("{}: {why}", case.fault)),
        }
    }
}

fn start(world: &World, load: &mut Load, case: &Starting) -> Result<(), String> {
    let mut command = injection::around(&world.command(), &world.data(), case.on, case.inject)?;
    let mut process = Process::start(&mut command);
    match case.then {
        Then::Starts => {
            let switch = Switch::when_ready(process);
            load.expect_kept(&switch);
            switch.stop();
        }
        Then::Refuses(says) => {
            let code = process.wait().code();
            assert_eq!(code, Some(1), "{}: {}", case.fault, process.log.text());
            process.log.expect_words(case.fault, says);
        }
    }
    Ok(())
}

#[test]
fn a_start_on_a_read_only_file_system_ends_and_a_later_one_is_clean() {
    let world = world(SMALL_SEGMENT, 20);
    let device = match Mount::new(&world.data(), "size=64m") {
        Ok(device) => device,
        Err(why) => return skipped(&why),
    };
    let mut load = stopped(&world);
    device.again("ro");
    let mut process = world.start_unready();
    assert_eq!(process.wait().code(), Some(1));
    let says = ["data/lock", "Read-only file system"];
    process.log.expect_words("read-only data directory", &says);
    device.again("rw");
    let switch = world.start();
    load.expect_kept(&switch);
    switch.stop();
}
