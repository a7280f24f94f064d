//! Transfers between accounts, step by step.
//!
//! Owns: that what left an account reached its counterpart once, or came back, or is on its way with an intent that
//! is found. What a step moves on its own account is [`super::accounts`]'s. Must never: take a step that the records do
//! not have.

use std::collections::BTreeMap;

use super::{Audit, AuditError, Rule, Step};
use crate::authorization::Standing;
use crate::books::BookStore;
use crate::books::rows::{Lead, MessageBody, StoredMessage};
use crate::identifiers::RecordId;
use crate::operation::{Operation, OperationDone};
use crate::transfer::{self, Remittance, TransferStep};

/// The transfers whose intent is open, as their records leave them.
pub(super) type Open = BTreeMap<RecordId, Flight>;

/// A transfer on its way.
pub(super) struct Flight {
    remittance: Remittance,
    /// The record of the counterpart's side, and whether it refused.
    received: Option<(RecordId, bool)>,
}

impl<S: BookStore> Audit<'_, '_, S> {
    /// Takes in a step of a transfer: each begins where the one before it ended.
    pub(super) fn transfer(
        &mut self,
        open: &mut Open,
        message: &StoredMessage,
    ) -> Result<(), AuditError> {
        let MessageBody::Operation { done, .. } = &message.body else {
            return Ok(());
        };
        if let Some((_, remittance)) = transfer::begun_by(message) {
            let amount_minor = remittance.transfer.amount_minor;
            let flight = Flight {
                remittance,
                received: None,
            };
            let currency = flight.remittance.currency;
            let sums = self.ledger.transferred(currency, message.id);
            add(&mut sums.sent_minor, &flight.remittance);
            open.insert(message.id, flight);
            return check_amount(message, done, amount_minor);
        }
        if let Operation::ReceiveTransfer(remittance) = &done.request.operation {
            // What came from another shard is in its books.
            let purged = self.purged.includes(remittance.id);
            if remittance.id.shard == message.id.shard && !purged {
                receive(open, message, remittance)?;
                if done.effect.standing().is_some() {
                    self.received(message.id, remittance);
                }
            }
            return check_amount(message, done, remittance.transfer.amount_minor);
        }
        if let Operation::SettleTransfer { id, .. } = &done.request.operation
            && !self.purged.includes(*id)
        {
            return self.settle_transfer(open, message, (*id, done));
        }
        Ok(())
    }

    fn settle_transfer(
        &mut self,
        open: &mut Open,
        message: &StoredMessage,
        (id, done): (RecordId, &OperationDone),
    ) -> Result<(), AuditError> {
        let Some(flight) = open.remove(&id) else {
            let finding = format!("record {} settles no open transfer", message.id);
            return Err(violation(finding, [id, message.id]));
        };
        let returned = done.effect.returned().is_some();
        let decided = flight.received.map(|(_, refused)| refused);
        // The counterpart's side may be another shard's.
        let elsewhere = decided.is_none() && self.is_elsewhere(&flight)?;
        if decided != Some(returned) && !elsewhere {
            let finding = format!(
                "record {} settles a transfer as {}, its counterpart {}",
                message.id,
                if returned { "refused" } else { "credited" },
                match decided {
                    Some(true) => "refused it",
                    Some(false) => "was credited",
                    None => "has not decided",
                }
            );
            let received = flight.received.map(|(received, _)| received);
            return Err(violation(
                finding,
                [id, message.id].into_iter().chain(received),
            ));
        }
        self.row(Step::Messages)?;
        if self.views.led_to(&Lead::Transfer(id))?.is_some() {
            let finding = format!("the intent of transfer {id} is open though it was settled");
            return Err(violation(finding, [id, message.id]));
        }
        let remittance = &flight.remittance;
        if returned {
            let sums = self.ledger.transferred(remittance.currency, message.id);
            add(&mut sums.returned_minor, remittance);
        } else if elsewhere {
            self.received(message.id, remittance);
        }
        let count = match returned {
            true => &mut self.summary.transfers_returned,
            false => &mut self.summary.transfers_completed,
        };
        *count = count.saturating_add(1);
        Ok(())
    }

    fn received(&mut self, id: RecordId, remittance: &Remittance) {
        let sums = self.ledger.transferred(remittance.currency, id);
        add(&mut sums.received_minor, remittance);
    }

    /// Whether the counterpart is no account of these books.
    fn is_elsewhere(&self, flight: &Flight) -> Result<bool, AuditError> {
        let counterpart = self.views.account(flight.remittance.transfer.counterpart)?;
        Ok(counterpart.is_none())
    }

    /// What is left is on its way: its intent is found.
    pub(super) fn in_flight(&mut self, open: &Open) -> Result<(), AuditError> {
        for (id, flight) in open {
            self.row(Step::Messages)?;
            let credited = flight.received.is_some_and(|(_, refused)| !refused);
            if !credited {
                let remittance = &flight.remittance;
                let sums = self.ledger.transferred(remittance.currency, *id);
                add(&mut sums.in_flight_minor, remittance);
            }
            // It may have been settled since its messages were read.
            let settled = || self.views.step_of_transfer(*id, TransferStep::Settled);
            if self.views.led_to(&Lead::Transfer(*id))?.is_none() && settled()?.is_none() {
                let finding = format!("the intent of transfer {id} is forgotten");
                return Err(violation(finding, [*id]));
            }
        }
        self.summary.transfers_in_flight = u64::try_from(open.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

fn receive(
    open: &mut Open,
    message: &StoredMessage,
    remittance: &Remittance,
) -> Result<(), AuditError> {
    let refused = transfer::verdict(message).is_some_and(|verdict| verdict.is_err());
    let flight = open.get_mut(&remittance.id);
    let Some(flight) = flight.filter(|flight| flight.remittance == *remittance) else {
        let finding = format!("record {} receives what was not sent", message.id);
        return Err(violation(finding, [remittance.id, message.id]));
    };
    // That there is one of them is for its key to say.
    flight.received = Some((message.id, refused));
    Ok(())
}

fn add(sum_minor: &mut i128, remittance: &Remittance) {
    let amount_minor = i128::from(remittance.transfer.amount_minor);
    *sum_minor = sum_minor.saturating_add(amount_minor);
}

/// A side stands for the whole amount of the transfer.
fn check_amount(
    message: &StoredMessage,
    done: &OperationDone,
    amount_minor: i64,
) -> Result<(), AuditError> {
    let parts = |standing: &Standing| {
        let amounts = standing.parts.iter().map(|part| part.amount_minor);
        amounts.fold(0_i64, i64::saturating_add)
    };
    let stands_for = done.effect.standing().map(parts);
    if stands_for.is_none_or(|stands_for| stands_for == amount_minor) {
        return Ok(());
    }
    let finding = format!(
        "record {} is of a transfer of {amount_minor}, and stands for {}",
        message.id,
        stands_for.unwrap_or_default()
    );
    Err(violation(finding, [message.id]))
}

fn violation(finding: String, records: impl IntoIterator<Item = RecordId>) -> AuditError {
    AuditError::violation(Rule::Transfers, finding, records)
}
