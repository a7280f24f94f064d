//! A wake-up for the thread that keeps the journal's house.
//!
//! Owns: the one pending wake-up. Must never: block the one who raises it.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

/// Raised by whoever has work, waited for by the one who does it; clones share it. Raising it again
/// before it was seen changes nothing.
#[derive(Clone, Debug)]
pub struct Signal {
    sender: Sender<()>,
    receiver: Receiver<()>,
}

impl Default for Signal {
    fn default() -> Self {
        let (sender, receiver) = bounded(1);
        Self { sender, receiver }
    }
}

impl Signal {
    /// Wakes the one who waits, or the next one who does.
    pub fn raise(&self) {
        // Full: it is raised already. Never disconnected: both ends are held here.
        self.sender.try_send(()).unwrap_or_default();
    }

    /// Waits until it is raised, at most for `timeout`; says whether it was.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> bool {
        self.receiver.recv_timeout(timeout).is_ok()
    }
}
