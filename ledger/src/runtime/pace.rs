//! How work behind the answers gives way to them.
//!
//! Owns: the pauses of checkpoints and snapshots. The rule: after each piece of work a pause in proportion
//! to the time that the piece took, so that the journal's own syncs meet an idle device most of the time.
//! No pause while the process ends. When the lag is near its bound a checkpoint does not pause, and a
//! snapshot does nothing else. Must never: pause for longer than [`MAXIMUM_PAUSE`] at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::lag::Lag;
use crate::books::{SledStore, Views};
use crate::durable::Watermark;

/// Longest pause after one piece of work, however long that took: a device that needs longer for a few
/// hundred rows is not relieved by waiting.
const MAXIMUM_PAUSE: Duration = Duration::from_millis(500);
/// How often a pause looks whether it may end.
const SLICE: Duration = Duration::from_millis(10);

/// What decides how long to pause.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Length of a pause in hundredths of what it follows.
    pub(super) percent: u32,
    pub(super) lag: Arc<Lag>,
    pub(super) views: Arc<Views<SledStore>>,
    pub(super) watermark: Watermark,
    pub(super) stopping: Arc<AtomicBool>,
}

impl Pace {
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Whether the views or the books lag so far that everything else has to wait.
    pub(super) fn is_pressed(&self) -> bool {
        let shown = self.views.shown();
        self.lag
            .is_near(self.watermark.sequence().saturating_sub(shown))
    }

    /// Whether the view-writer must have its share of the processor.
    pub(super) fn must_hurry(&self) -> bool {
        self.is_stopping() || self.is_pressed()
    }

    /// The pause of a checkpoint after a piece of work.
    pub(super) fn checkpoint(&self, took: Duration) {
        self.pause(took, || self.is_pressed());
    }

    /// The pause of a snapshot after a piece of work; says whether to go on.
    pub(super) fn snapshot(&self, took: Duration) -> bool {
        self.pause(took, || false);
        while self.is_pressed() && !self.is_stopping() {
            wait(SLICE);
        }
        !self.is_stopping()
    }

    fn pause(&self, took: Duration, over: impl Fn() -> bool) {
        let mut left = length(self.percent, took);
        while !left.is_zero() && !self.is_stopping() && !over() {
            wait(left.min(SLICE));
            left = left.saturating_sub(SLICE);
        }
    }
}

/// How long the pause after a piece of work is.
fn length(percent: u32, took: Duration) -> Duration {
    took.saturating_mul(percent)
        .checked_div(100)
        .unwrap_or_default()
        .min(MAXIMUM_PAUSE)
}

fn wait(time: Duration) {
    match crossbeam_channel::after(time).recv() {
        Ok(_) | Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_in_proportion_and_bounded() {
        let ms = Duration::from_millis;
        for (percent, took, pause) in [
            (100, ms(3), ms(3)),
            (0, ms(3), ms(0)),
            (250, ms(4), ms(10)),
            (50, ms(0), ms(0)),
            (100, ms(9_000), MAXIMUM_PAUSE),
            (u32::MAX, Duration::MAX, MAXIMUM_PAUSE),
        ] {
            assert_eq!(
                length(percent, took),
                pause,
                "{percent} percent of {took:?}"
            );
        }
    }
}
