//! The shell around the expiry of holds.
//!
//! Owns: a thread of lower priority that looks every so often which pending authorizations are due, and
//! submits the command that lets each go. Must never: decide whether one is: the writer does, by the time of
//! its batch.

use std::sync::Arc;
use std::time::Duration;

use super::Ticket;
use super::clock::now;
use super::queue::Entrance;
use crate::authorization::MessageKey;
use crate::books::rows::{MessageBody, StoredMessage};
use crate::books::{SledStore, Views};
use crate::command::Command;
use crate::journal::signal::Signal;
use crate::rank::Behind;

/// How often due holds are looked for.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many are let go at a time: a day's holds must not fill the writer's queue.
const MOST: usize = 256;

pub(super) struct ExpiryShell<T> {
    pub(super) views: Arc<Views<SledStore>>,
    pub(super) submissions: Entrance<T>,
    /// Raised when the end begins.
    pub(super) stop: Signal,
}

impl<T: Ticket> ExpiryShell<T> {
    pub(super) fn run(self) {
        let _behind = Behind::step_back();
        while !self.stop.wait(INTERVAL) {
            let found = now();
            match self.views.due(found, MOST) {
                Ok(due) => {
                    let commands = due.into_iter().filter_map(drop_expired);
                    if !self.submissions.offer(commands, found) {
                        return;
                    }
                }
                Err(error) => tracing::error!(%error, "due holds cannot be looked for"),
            }
        }
    }
}

/// The command that lets a pending authorization go; none for a message that is not one.
#[must_use]
pub fn drop_expired(message: StoredMessage) -> Option<Command> {
    let MessageBody::Authorization { decided, .. } = &message.body else {
        return None;
    };
    Some(Command::DropExpired {
        key: MessageKey::Network(decided.facts.key),
        stored: vec![message],
    })
}
