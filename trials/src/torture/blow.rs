//! What is done to the switch in one cycle.
//!
//! Owns: the choice of it, and its moment under load. Must never: judge what comes of it.

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::clock::{pause, wait_until};
use super::node::Node;
use crate::random::Random;

/// After this long under load, a moment that does not come is no longer waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// How long after its moment a blow falls, in microseconds.
const LONGEST_DELAY_US: usize = 3_000;
/// How long a halted switch stands still, in milliseconds.
const LONGEST_HALT_MS: usize = 1_000;

/// When the blow falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// After so many answers.
    Answers(u64),
    /// When the journal begins a segment.
    Rotation,
    /// When the books are being written.
    Checkpoint,
}

/// One cycle of torture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blow {
    reload: bool,
    /// A snapshot of the books is asked for, and not waited for.
    pub(super) snapshot: bool,
    halt: Option<Duration>,
    moment: Moment,
    /// After the moment.
    delay: Duration,
    /// SIGTERM under load instead of SIGKILL.
    pub(super) terminate: bool,
    /// The books are lost before the following start, which must build them anew.
    pub(super) lose_books: bool,
    /// How often the following start is killed.
    pub(super) kills_in_start: usize,
}

impl Blow {
    /// Chooses one. Every one holds a SIGKILL at least.
    pub(super) fn any(random: &mut Random) -> Self {
        let moment = match random.below(10) {
            0..5 => Moment::Answers(1 + random.below(400) as u64),
            5..8 => Moment::Rotation,
            _ => Moment::Checkpoint,
        };
        let terminate = random.percent(12);
        let kills_in_start = match random.below(10) {
            0..6 => usize::from(terminate),
            6..8 => 1,
            8 => 2,
            _ => 3,
        };
        let halted_ms = 1 + random.below(LONGEST_HALT_MS) as u64;
        Self {
            reload: random.percent(15),
            snapshot: random.percent(25),
            lose_books: random.percent(5),
            halt: random
                .percent(10)
                .then_some(Duration::from_millis(halted_ms)),
            moment,
            delay: Duration::from_micros(random.below(LONGEST_DELAY_US) as u64),
            terminate,
            kills_in_start,
        }
    }

    /// Lets the load go on until the moment has come; `answered` counts the answers.
    pub(super) fn wait(
        &self,
        node: &Node,
        data: &Path,
        answered: impl Fn() -> u64,
    ) -> anyhow::Result<()> {
        let begun = answered();
        // Under load in any case.
        wait_until(LONGEST_WAIT, || answered() > begun);
        if self.reload {
            node.reload()?;
        }
        if let Some(halt) = self.halt {
            node.halt()?;
            pause(halt);
            node.resume()?;
        }
        match self.moment {
            Moment::Answers(count) => {
                wait_until(LONGEST_WAIT, || answered() >= begun + count);
            }
            Moment::Rotation => {
                let before = last_name(&data.join("journal"));
                wait_until(LONGEST_WAIT, || last_name(&data.join("journal")) > before);
            }
            Moment::Checkpoint => {
                let before = last_change(&data.join("books"));
                wait_until(LONGEST_WAIT, || last_change(&data.join("books")) > before);
            }
        }
        pause(self.delay);
        Ok(())
    }
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reload {
            write!(f, "reload, ")?;
        }
        if self.snapshot {
            write!(f, "snapshot, ")?;
        }
        if let Some(halt) = self.halt {
            write!(f, "halt {} ms, ", halt.as_millis())?;
        }
        let signal = if self.terminate { "SIGTERM" } else { "SIGKILL" };
        match self.moment {
            Moment::Answers(count) => write!(f, "{signal} after {count} answers")?,
            Moment::Rotation => write!(f, "{signal} at a rotation")?,
            Moment::Checkpoint => write!(f, "{signal} at a checkpoint")?,
        }
        if self.lose_books {
            write!(f, ", books lost")?;
        }
        if self.kills_in_start > 0 {
            write!(f, ", {} SIGKILL in the start", self.kills_in_start)?;
        }
        Ok(())
    }
}

/// The last name in a directory; none when it cannot be read.
fn last_name(directory: &Path) -> Option<std::ffi::OsString> {
    let entries = std::fs::read_dir(directory).ok()?;
    entries.flatten().map(|entry| entry.file_name()).max()
}

/// When a file of a directory was changed last.
fn last_change(directory: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(directory).ok()?;
    let changed = entries
        .flatten()
        .filter_map(|entry| entry.metadata().ok()?.modified().ok());
    changed.max()
}
