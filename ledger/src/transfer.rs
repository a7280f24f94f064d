//! Transfers between accounts that need not share a shard.
//!
//! Owns: what is transferred, the steps of it, and which step is missing. The account's side takes the money and
//! remembers the intent in one record; the counterpart's side credits it, or says why it does not, in another; a third
//! settles the intent on the account's side, and gives the money back where the counterpart refused. Each step has the
//! transfer and itself for a key, so that asked again it has the same outcome and no record. A step carries what it
//! needs: the sides may be in different shards. Must never: settle what the counterpart's side has not durably
//! decided.

use rules::{AccountId, Currency, ProcessingCode};
use serde::{Deserialize, Serialize};

use crate::authorization::{Change, Lookup, MessageKey, Standing};
use crate::books::rows::{Lead, MessageBody, StoredMessage};
use crate::books::{BookStore, StoreError, Views};
use crate::command::Command;
use crate::identifiers::RecordId;
use crate::operation::{
    Operation, OperationDone, OperationEffect, OperationError, OperationRequest,
};

/// An amount of one account for another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Transfer {
    /// The account that pays.
    pub account: AccountId,
    /// The account that is paid.
    pub counterpart: AccountId,
    /// Minor units of the currency of both. Positive.
    pub amount_minor: i64,
    /// The code it leaves the account under; a debit.
    pub processing_code: ProcessingCode,
    /// The code it reaches the counterpart under; a credit.
    pub counterpart_code: ProcessingCode,
}

/// A transfer on its way: all that the counterpart's side is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Remittance {
    /// The record that took the money, which names the transfer.
    pub id: RecordId,
    /// What is transferred.
    pub transfer: Transfer,
    /// The currency it was taken in.
    pub currency: Currency,
}

/// A step of a transfer that follows the taking of the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TransferStep {
    /// The counterpart's side decided.
    Received,
    /// The account's side knows what was decided.
    Settled,
}

/// What the record that takes the money holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// What it moved, so that it can be given back.
    pub standing: Standing,
    /// The currency it was taken in.
    pub currency: Currency,
}

/// What the record that settles the intent holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The record that took the money.
    pub sent: RecordId,
    /// Why the counterpart's side refused, and what gives the money back.
    pub returned: Option<(OperationError, Change)>,
}

/// Where a transfer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// The money left the account and the counterpart's side has not decided.
    InFlight,
    /// The counterpart's side decided; the intent is open.
    Received(RecordId, Option<OperationError>),
    /// Credited, and settled.
    Completed(RecordId),
    /// Refused, and given back.
    Returned(RecordId, OperationError),
}

impl Whereabouts {
    /// The name in answers.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::InFlight => "IN_FLIGHT",
            Self::Received(_, None) => "RECEIVED",
            Self::Received(_, Some(_)) => "REFUSED",
            Self::Completed(_) => "COMPLETED",
            Self::Returned(..) => "RETURNED",
        }
    }

    /// The record that says so, and why it was refused.
    #[must_use]
    pub fn said_by(&self) -> (Option<RecordId>, Option<&OperationError>) {
        match self {
            Self::InFlight => (None, None),
            Self::Received(id, refused) => (Some(*id), refused.as_ref()),
            Self::Completed(id) => (Some(*id), None),
            Self::Returned(id, reason) => (Some(*id), Some(reason)),
        }
    }
}

/// The transfer that a message began; `None` for any other.
#[must_use]
pub fn begun_by(message: &StoredMessage) -> Option<(&OperationDone, Remittance)> {
    let MessageBody::Operation { done, .. } = &message.body else {
        return None;
    };
    let remittance = remitted(message.id, done)?;
    Some((done, remittance))
}

/// The same of the record of an operation.
pub(crate) fn remitted(id: RecordId, done: &OperationDone) -> Option<Remittance> {
    let (Operation::SendTransfer(transfer), OperationEffect::TransferSent(sent)) =
        (&done.request.operation, &done.effect)
    else {
        return None;
    };
    Some(Remittance {
        id,
        transfer: transfer.clone(),
        currency: sent.currency,
    })
}

/// What the counterpart's side decided; `None` for a message that is no such decision.
#[must_use]
pub fn verdict(received: &StoredMessage) -> Option<Result<(), &OperationError>> {
    let MessageBody::Operation { done, .. } = &received.body else {
        return None;
    };
    if let OperationEffect::TransferRefused(reason) = &done.effect {
        return Some(Err(reason));
    }
    matches!(&done.effect, OperationEffect::TransferReceived(_)).then_some(Ok(()))
}

/// The step that a transfer whose intent is open lacks, given what the counterpart's side decided, if it did. It bears
/// the name and the reason of the operation that began it.
#[must_use]
pub fn missing_step(sent: &StoredMessage, received: Option<&StoredMessage>) -> Option<Command> {
    let (done, remittance) = begun_by(sent)?;
    let operation = match received {
        None => Operation::ReceiveTransfer(remittance),
        Some(received) => Operation::SettleTransfer {
            id: sent.id,
            refused: verdict(received)?.err().cloned(),
        },
    };
    let request = OperationRequest {
        operation,
        ..done.request.clone()
    };
    Some(Command::Operate {
        request: Box::new(request),
        stored: Vec::new(),
    })
}

impl<S: BookStore> Views<S> {
    /// A step of a transfer.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn step_of_transfer(
        &self,
        id: RecordId,
        step: TransferStep,
    ) -> Result<Option<StoredMessage>, StoreError> {
        self.found(&Lookup::Key(MessageKey::Transfer(id, step)))
    }

    /// Where the transfer is that a message began; `None` for any other message.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn whereabouts(&self, sent: &StoredMessage) -> Result<Option<Whereabouts>, StoreError> {
        if begun_by(sent).is_none() {
            return Ok(None);
        }
        if let Some(settled) = self.step_of_transfer(sent.id, TransferStep::Settled)? {
            let returned = if let MessageBody::Operation { done, .. } = &settled.body {
                done.effect.returned()
            } else {
                None
            };
            return Ok(Some(match returned {
                Some((reason, _)) => Whereabouts::Returned(settled.id, reason.clone()),
                None => Whereabouts::Completed(settled.id),
            }));
        }
        let received = self.step_of_transfer(sent.id, TransferStep::Received)?;
        let decided = received.as_ref().and_then(|received| {
            let refused = verdict(received)?.err().cloned();
            Some(Whereabouts::Received(received.id, refused))
        });
        Ok(Some(decided.unwrap_or(Whereabouts::InFlight)))
    }

    /// The transfers whose intent is open, the oldest first, at most `limit`, those after the record `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn open_transfers(
        &self,
        after: Option<RecordId>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        self.waiting(Lead::Transfer, after, limit)
    }

    /// The next step of the open transfers, the oldest first, at most `most`, each with what it needs of the books.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn missing_steps(&self, most: usize) -> Result<Vec<Command>, StoreError> {
        let mut missing = Vec::new();
        for sent in self.open_transfers(None, most)? {
            let received = self.step_of_transfer(sent.id, TransferStep::Received)?;
            let Some(mut command) = missing_step(&sent, received.as_ref()) else {
                continue;
            };
            command.attach(self.related(command.lookups())?);
            missing.push(command);
        }
        Ok(missing)
    }
}
