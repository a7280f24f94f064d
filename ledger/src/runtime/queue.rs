//! The queue of the writer, in two lanes.
//!
//! Owns: what waits for the writer, the bound of each lane, and the order in which it is taken: those ahead first, but
//! never only those. Whoever has little waiting goes ahead, so that a flood keeps itself waiting and nobody else. What
//! one sender has in both lanes may be decided in another order than it was sent, as if the network had turned it
//! round. Must never: wait on behalf of a link.

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded, select_biased};

use super::Ticket;
use crate::command::{Command, LOOKUP_GOOD_US, Submission};
use crate::identifiers::Timestamp;

/// Where a command waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Before those behind.
    Ahead,
    /// Behind those of senders that have less waiting.
    Behind,
}

/// Of the commands of a batch, one in so many is taken from behind if any wait there: none waits for ever.
const SHARE_BEHIND: usize = 8;

/// The end that commands go in at.
#[derive(Debug)]
pub(super) struct Entrance<T> {
    ahead: Sender<Submission<T>>,
    behind: Sender<Submission<T>>,
}

/// The end that the writer takes them from.
#[derive(Debug)]
pub(super) struct Exit<T> {
    ahead: Receiver<Submission<T>>,
    behind: Receiver<Submission<T>>,
}

/// A queue whose lanes hold so many commands each.
pub(super) fn queue<T>(commands: usize) -> (Entrance<T>, Exit<T>) {
    let (ahead_in, ahead) = bounded(commands.max(1));
    let (behind_in, behind) = bounded(commands.max(1));
    let entrance = Entrance {
        ahead: ahead_in,
        behind: behind_in,
    };
    (entrance, Exit { ahead, behind })
}

impl<T> Clone for Entrance<T> {
    fn clone(&self) -> Self {
        Self {
            ahead: self.ahead.clone(),
            behind: self.behind.clone(),
        }
    }
}

impl<T> Entrance<T> {
    fn lane(&self, lane: Lane) -> &Sender<Submission<T>> {
        match lane {
            Lane::Ahead => &self.ahead,
            Lane::Behind => &self.behind,
        }
    }

    /// Lets a command in, unless its lane is full or the writer has ended.
    ///
    /// # Errors
    /// The command back, and which of the two it is.
    #[expect(
        clippy::result_large_err,
        reason = "a refused command is not worth memory of its own"
    )]
    pub(super) fn try_send(
        &self,
        submission: Submission<T>,
        lane: Lane,
    ) -> Result<(), TrySendError<Submission<T>>> {
        self.lane(lane).try_send(submission)
    }

    /// Lets a command in behind that nobody waits for, with what was looked up for it at `looked`.
    ///
    /// # Errors
    /// The command back, as [`try_send`](Self::try_send) gives it.
    #[expect(
        clippy::result_large_err,
        reason = "a refused command is not worth memory of its own"
    )]
    pub(super) fn try_unattended(
        &self,
        command: Command,
        looked: Timestamp,
    ) -> Result<(), TrySendError<Submission<T>>>
    where
        T: Ticket,
    {
        let submission = Submission {
            command,
            deadline: Some(looked.plus_us(LOOKUP_GOOD_US)),
            ticket: T::unattended(),
        };
        self.try_send(submission, Lane::Behind)
    }

    /// The same for several; says whether the ledger still takes any. A full lane leaves the rest for the next time.
    pub(super) fn offer(
        &self,
        commands: impl IntoIterator<Item = Command>,
        looked: Timestamp,
    ) -> bool
    where
        T: Ticket,
    {
        for command in commands {
            match self.try_unattended(command, looked) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => return true,
                Err(TrySendError::Disconnected(_)) => return false,
            }
        }
        true
    }

    /// Lets a command in behind, once there is room.
    ///
    /// # Errors
    /// The command back, when the writer has ended.
    pub(super) fn send(&self, submission: Submission<T>) -> Result<(), Box<Submission<T>>> {
        let sent = self.behind.send(submission);
        sent.map_err(|back| Box::new(back.0))
    }

    /// How many commands are taken before one that comes now.
    pub(super) fn waiting_before(&self, lane: Lane) -> usize {
        match lane {
            Lane::Ahead => self.ahead.len(),
            Lane::Behind => self.waiting(),
        }
    }

    /// How many commands wait.
    pub(super) fn waiting(&self) -> usize {
        self.ahead.len().saturating_add(self.behind.len())
    }
}

impl<T> Exit<T> {
    /// Waits for commands and takes them, at most so many; `None` when nobody can send any more.
    pub(super) fn next(&self, most: usize) -> Option<Vec<Submission<T>>> {
        let first = match self.ahead.try_recv() {
            Ok(first) => first,
            Err(TryRecvError::Empty) => select_biased! {
                recv(self.ahead) -> first => first.or_else(|_ended| self.behind.recv()).ok()?,
                recv(self.behind) -> first => first.or_else(|_ended| self.ahead.recv()).ok()?,
            },
            Err(TryRecvError::Disconnected) => self.behind.recv().ok()?,
        };
        let waiting = self.ahead.len().saturating_add(self.behind.len());
        let mut taken = Vec::with_capacity(waiting.saturating_add(1).min(most.max(1)));
        taken.push(first);
        let behind = self.behind.len().min(most / SHARE_BEHIND);
        let ahead = most.saturating_sub(taken.len()).saturating_sub(behind);
        taken.extend(self.ahead.try_iter().take(ahead));
        let rest = most.saturating_sub(taken.len());
        taken.extend(self.behind.try_iter().take(rest));
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::{Customer, CustomerKind};
    use crate::identifiers::CustomerId;

    fn numbered(ticket: u32) -> Submission<u32> {
        Submission {
            command: Command::CreateCustomer(Customer {
                id: CustomerId(1),
                kind: CustomerKind::Person,
                name: String::new(),
                document_number: String::new(),
                is_active: true,
                address: None,
            }),
            deadline: None,
            ticket,
        }
    }

    fn sent(
        ahead: std::ops::Range<u32>,
        behind: std::ops::Range<u32>,
    ) -> (Entrance<u32>, Exit<u32>) {
        let (entrance, exit) = queue(100);
        for (lane, tickets) in [(Lane::Ahead, ahead), (Lane::Behind, behind)] {
            for ticket in tickets {
                entrance.try_send(numbered(ticket), lane).unwrap();
            }
        }
        (entrance, exit)
    }

    fn tickets(exit: &Exit<u32>, most: usize) -> Option<Vec<u32>> {
        let taken = exit.next(most)?;
        Some(taken.into_iter().map(|taken| taken.ticket).collect())
    }

    #[test]
    fn those_ahead_are_taken_first_and_those_behind_have_their_share() {
        for (ahead, behind, most, expected) in [
            (0..3, 50..53, 16, vec![0, 1, 2, 50, 51, 52]),
            (0..0, 50..53, 2, vec![50, 51]),
            (0..20, 50..53, 8, vec![0, 1, 2, 3, 4, 5, 6, 50]),
            (0..20, 50..50, 8, vec![0, 1, 2, 3, 4, 5, 6, 7]),
            (0..2, 50..90, 8, vec![0, 1, 50, 51, 52, 53, 54, 55]),
            (0..3, 50..53, 1, vec![0]),
        ] {
            let (_entrance, exit) = sent(ahead, behind);
            assert_eq!(tickets(&exit, most), Some(expected));
        }
    }

    #[test]
    fn what_waits_when_the_last_sender_is_gone_is_still_taken() {
        for (ahead, behind) in [
            (0..3, 50..53),
            (0..0, 50..53),
            (0..3, 50..50),
            (0..0, 50..50),
        ] {
            let all = ahead.len() + behind.len();
            let (entrance, exit) = sent(ahead, behind);
            drop(entrance);
            let mut taken = 0;
            while let Some(batch) = tickets(&exit, 2) {
                taken += batch.len();
            }
            assert_eq!(taken, all);
        }
    }

    #[test]
    fn a_full_lane_leaves_the_other_open() {
        let (entrance, exit) = queue(1);
        entrance.try_send(numbered(1), Lane::Behind).unwrap();
        let refused = entrance.try_send(numbered(2), Lane::Behind);
        assert!(matches!(refused, Err(TrySendError::Full(_))));
        entrance.try_send(numbered(3), Lane::Ahead).unwrap();
        assert_eq!(
            [Lane::Ahead, Lane::Behind].map(|lane| entrance.waiting_before(lane)),
            [1, 2]
        );
        assert_eq!(tickets(&exit, 9), Some(vec![3, 1]));
        assert_eq!(entrance.waiting(), 0);
    }
}
