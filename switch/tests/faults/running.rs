//! Faults while the switch runs under load.

use std::time::Duration;

use crate::cases::{Ends, Files, RUNNING, Running, Strike};
use crate::harness::{Process, Switch, World, pause, set, signal, skipped};
use crate::injection;
use crate::load::Load;
use crate::mounts::Mount;

/// A segment that is soon full.
pub(crate) const SMALL_SEGMENT: i64 = 32 << 10;
/// Answers before the fault.
const SOUND: usize = 60;
/// Answers that a switch that serves on gives.
const STRUCK: usize = 120;
/// Answers by which a fault that ends the switch must have ended it.
const LIMIT: usize = 20_000;
/// A device that is soon full.
const SMALL_DEVICE: &str = "size=48m";

/// A switch with segments of this size, whose books are written this often.
pub(crate) fn world(segment_bytes: i64, checkpoint_interval_ms: i64) -> World {
    World::with(|settings| {
        set(settings, "ledger.segment_bytes", segment_bytes);
        set(
            settings,
            "ledger.checkpoint_interval_ms",
            checkpoint_interval_ms,
        );
        set(settings, "events.save_interval_ms", 20);
    })
}

/// A world where the strike meets what it is meant for.
fn world_for(strike: &Strike) -> World {
    match strike {
        // strace knows the segments that are there: the open one must last.
        Strike::Call {
            on: Files::Journal, ..
        } => world(16 << 20, 20),
        // Nothing but the journal opens files.
        Strike::Call { on: Files::Any, .. } => world(SMALL_SEGMENT, 600_000),
        _ => world(SMALL_SEGMENT, 20),
    }
}

#[test]
fn a_fault_under_load_makes_no_answer_wrong_and_ends_as_documented() {
    for (seed, case) in (1..).zip(RUNNING) {
        if let Err(why) = strike(seed, case) {
            skipped(&format!("{}: {why}", case.fault));
        }
    }
}

fn strike(seed: u64, case: &Running) -> Result<(), String> {
    let world = world_for(&case.strike);
    let device = match case.strike {
        Strike::FullDevice => Some(Mount::new(&world.data(), SMALL_DEVICE)?),
        _ => None,
    };
    let switch = world.start();
    let mut load = Load::new(seed);
    load.run(&switch, SOUND);
    let (sound, struck) = (load.answered(), begin(case, &switch, &world)?);
    match case.ends {
        Ends::Never => {
            let enough = match case.strike {
                // So many that requests are under way when it comes.
                Strike::Stopped { .. } => 10 * STRUCK,
                Strike::Call { .. } | Strike::FullDevice => STRUCK,
            };
            load.run(&switch, enough);
            assert!(load.answered() >= sound + enough, "{}", case.fault);
            assert_eq!(load.refused(), 0, "{}", case.fault);
            drop(struck);
            load.expect_kept(&switch);
            switch.stop();
        }
        Ends::InTheEnd(says) => {
            load.run(&switch, STRUCK);
            assert_eq!(load.refused(), 0, "{}", case.fault);
            load.expect_kept(&switch);
            switch.terminate();
            let (code, log) = switch.ends_by_itself();
            assert_eq!(code, Some(1), "{}: exit code\n{}", case.fault, log.text());
            log.expect_words(case.fault, says);
            drop(struck);
        }
        Ends::AtOnce(says) => {
            load.run(&switch, LIMIT);
            let (code, log) = switch.ends_by_itself();
            assert_eq!(code, Some(1), "{}: exit code\n{}", case.fault, log.text());
            log.expect_words(case.fault, says);
            drop(struck);
        }
    }
    if let Some(device) = &device {
        device.empty();
    }
    world.edit("switch.toml", |settings| {
        set(settings, "ledger.checkpoint_interval_ms", 20);
    });
    let switch = world.start();
    load.expect_kept(&switch);
    switch.stop();
    Ok(())
}

/// What goes on as long as the fault does.
enum Struck {
    Traced(Process),
    Stopped,
    Filled,
}

impl Drop for Struck {
    fn drop(&mut self) {
        match self {
            Self::Traced(strace) => strace.terminate(),
            Self::Stopped | Self::Filled => {}
        }
    }
}

fn begin(case: &Running, switch: &Switch, world: &World) -> Result<Struck, String> {
    match case.strike {
        Strike::Call { on, inject } => {
            injection::attach(switch, &world.data(), on, inject).map(Struck::Traced)
        }
        Strike::Stopped { ms } => {
            let id = switch.id();
            std::thread::spawn(move || {
                pause(Duration::from_millis(20));
                signal(id, "STOP");
                pause(Duration::from_millis(ms));
                signal(id, "CONT");
            });
            Ok(Struck::Stopped)
        }
        Strike::FullDevice => {
            Mount::fill(&world.data());
            Ok(Struck::Filled)
        }
    }
}
