//! Giving a load to the ledger.
//!
//! Owns: what became of its commands, and the wait until readers see them. Must never: go on when one was refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ledger::Durable;
use ledger::command::{Command, Outcome, Submission, Undecided};
use ledger::runtime::{Submitter, Ticket, Timing};

use super::DemoError;

/// Counts what became of the commands of a load.
#[derive(Debug, Default)]
struct Tally {
    done: AtomicUsize,
    refused: AtomicUsize,
}

/// Hears of one command of a load.
#[derive(Debug, Default)]
pub struct LoadTicket(Arc<Tally>);

impl LoadTicket {
    fn count(&self, created: bool) {
        if !created {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
        }
        self.0.done.fetch_add(1, Ordering::Release);
    }
}

impl Ticket for LoadTicket {
    fn unattended() -> Self {
        Self::default()
    }

    fn decided(self, outcome: Durable<Outcome>, _: Timing) {
        self.count(*outcome.get() == Outcome::Created);
    }

    fn undecided(self, _: Undecided) {
        self.count(false);
    }
}

/// How often and for how long each time it is looked whether readers see it: a minute in all.
const SHOWN_LOOKS: u32 = 6_000;
const SHOWN_PAUSE: Duration = Duration::from_millis(10);

/// Waits until readers see what is durable by now, a minute at most.
pub fn wait_until_shown<T: Ticket>(submitter: &Submitter<T>) {
    let durable = submitter.watermark().sequence();
    for _ in 0..SHOWN_LOOKS {
        if submitter.views().shown() >= durable {
            break;
        }
        std::thread::park_timeout(SHOWN_PAUSE);
    }
}

/// Gives commands to the ledger and waits until all of them are durable, and readers see them. Returns how many.
///
/// # Errors
/// [`DemoError::Ledger`] when the ledger refused any or has ended.
pub fn load<T: Ticket + From<LoadTicket>>(
    commands: Vec<Command>,
    submitter: &Submitter<T>,
) -> Result<usize, DemoError> {
    let (count, tally) = (commands.len(), Arc::new(Tally::default()));
    for command in commands {
        submitter.wait_for_books();
        let ticket = T::from(LoadTicket(Arc::clone(&tally)));
        submitter
            .submit_waiting(Submission {
                command,
                deadline: None,
                ticket,
            })
            .map_err(|_back| DemoError::Ledger("the ledger has ended".to_owned()))?;
    }
    while tally.done.load(Ordering::Acquire) < count {
        let next = submitter.watermark().sequence().saturating_add(1);
        if !submitter
            .watermark()
            .wait_for(next, Duration::from_millis(10))
        {
            std::thread::yield_now();
        }
    }
    // What is asked of the books, such as a holder's address, is there for the first message.
    wait_until_shown(submitter);
    match tally.refused.load(Ordering::Relaxed) {
        0 => Ok(count),
        refused => Err(DemoError::Ledger(format!(
            "{refused} of {count} entries were refused"
        ))),
    }
}
