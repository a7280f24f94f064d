//! What a record of the journal's rest changes that a start has not in memory.
//!
//! Owns: which earlier messages a record changes. They were in memory when it was decided, because its command had
//! brought them; they must be there again before it is applied, because the views may show them as they were before it
//! for a while, and a command that brings such a one must find in memory what became of it. Must never: ask the books
//! for anything itself.

use smallvec::{SmallVec, smallvec};

use super::State;
use crate::authorization::{
    AuthorizationDecided, Change, Cleared, Decision, MessageKey, Relation, ReversalDecided,
};
use crate::books::rows::StoredMessage;
use crate::identifiers::{RecordId, Timestamp};
use crate::operation::{OperationDone, OperationEffect};
use crate::record::Record;

/// Messages, each by its key and its record.
type Named = SmallVec<[(MessageKey, RecordId); 2]>;

impl State {
    /// Puts the messages that a record changes, and those that follow them, beside those in memory. `stored` gives a
    /// message of the books.
    pub(crate) fn recall_changed<E>(
        &mut self,
        record: &Record,
        time: Timestamp,
        mut stored: impl FnMut(RecordId) -> Result<Option<StoredMessage>, E>,
    ) -> Result<(), E> {
        for (key, id) in changed_by(record) {
            let mut next = Some(id).filter(|id| self.recent.message(&key, *id).is_none());
            while let Some(id) = next {
                let message = stored(id)?;
                // What was cleared may be a refund, which leads on to what it refunds.
                next = message.as_ref().and_then(StoredMessage::changed);
                self.recall(message.as_slice(), &[], time);
            }
        }
        Ok(())
    }
}

/// The earlier messages that a record changes.
fn changed_by(record: &Record) -> Named {
    match record {
        Record::AuthorizationDecided(decided) => by_authorization(decided),
        Record::ReversalDecided(decided) => by_reversal(decided),
        Record::HoldDropped(dropped) => by_change(&dropped.change),
        Record::ClearingDecided(decided) => decided.cleared().map(by_clearing).unwrap_or_default(),
        Record::OperationDone(done) => by_operation(done),
        Record::CustomerCreated(_)
        | Record::AccountOpened(_)
        | Record::CardIssued(_)
        | Record::ResponseAcknowledged(_)
        | Record::FileActionDecided(_)
        | Record::TransactionPosted(_)
        | Record::HistoryPurged(_) => Named::new(),
    }
}

fn by_change(change: &Change) -> Named {
    smallvec![(change.key.clone(), change.authorization)]
}

fn by_clearing(cleared: &Cleared) -> Named {
    let change = cleared.change.as_ref();
    change.map(by_change).unwrap_or_default()
}

fn by_authorization(decided: &AuthorizationDecided) -> Named {
    match &decided.decision {
        Decision::Completed(change) => by_change(change),
        Decision::Approved(approval) => match &approval.relation {
            Relation::Alone => Named::new(),
            Relation::Raises((of, raised)) => smallvec![(of.clone(), *raised)],
            Relation::Refunds(refund) => smallvec![(refund.of.clone(), refund.authorization)],
        },
        Decision::Declined(_) => Named::new(),
    }
}

fn by_reversal(decided: &ReversalDecided) -> Named {
    let mut changed: Named = decided.change.as_deref().map(by_change).unwrap_or_default();
    // The reversal that it undoes.
    if let Some((key, id)) = decided.facts.original.zip(decided.original) {
        changed.push((key.into(), id));
    }
    changed
}

fn by_operation(done: &OperationDone) -> Named {
    let mut changed: Named = done.effect.undone().map(by_change).unwrap_or_default();
    if let Some(settled) = done.effect.settled() {
        let item = MessageKey::Clearing(settled.facts.key.clone());
        changed.push((item, settled.item));
        changed.extend(settled.cleared.iter().flat_map(by_clearing));
    }
    if let OperationEffect::LimitRefunded {
        key, authorization, ..
    } = &done.effect
    {
        changed.push((key.clone(), *authorization));
    }
    changed
}
