//! The steps of a transfer.
//!
//! Owns: what each side decides of it. The account's side asks limits and floors before anything leaves; the
//! counterpart's side credits what has left already, whatever its limits say, and refuses only where it cannot; a
//! refusal is a record, so that it stands. Must never: look at the other side's account.

use rules::{AccountId, BalanceImpact, ProcessingCode, ProcessingCodeEntry, Reason};

use super::amounts::Amounts;
use super::evaluation::Asked;
use super::funds::processed;
use super::operation::Carried;
use super::{Context, status};
use crate::authorization::{AuthorizationStatus, MessageKey, Moves, TrackingId};
use crate::entities::Account;
use crate::identifiers::RecordId;
use crate::invariants::floors;
use crate::operation::{OperationEffect, OperationError};
use crate::recent::{Link, Recent};
use crate::transfer::{Remittance, Sent, Settled, Transfer};

/// Takes the money from the account, and remembers what is to become of it.
pub(super) fn send(context: Context<'_>, transfer: &Transfer) -> Result<Carried, OperationError> {
    if transfer.account == transfer.counterpart {
        return Err(OperationError::NothingToDo);
    }
    let side = Side::of(context, transfer.account)?;
    let entry = side.entry(transfer.processing_code, BalanceImpact::Debit)?;
    // Codes of the organization are the same in every shard; the counterpart's side asks again.
    side.entry(transfer.counterpart_code, BalanceImpact::Credit)?;
    if transfer.amount_minor <= 0 {
        return Err(OperationError::InvalidAmount);
    }
    side.check_status(BalanceImpact::Debit)?;
    let asked = Asked::on_platform(side.account, entry);
    let planned = asked.plan(context, Amounts::plain(transfer.amount_minor));
    let planned = planned.map_err(|reason| {
        let short = [Reason::InsufficientFunds, Reason::CashLimitExceeded];
        if short.contains(&reason) {
            OperationError::InsufficientFunds
        } else if reason == Reason::InvalidAmount {
            OperationError::InvalidAmount
        } else {
            OperationError::ProcessingCode
        }
    })?;
    let (standing, moves, postings) =
        processed(side.account, entry, transfer.amount_minor, planned)?;
    side.check_floors(&moves)?;
    let sent = Sent {
        standing,
        currency: side.account.currency,
    };
    Ok(Carried {
        moves,
        postings,
        ..Carried::changing(
            Some(side.account.id),
            OperationEffect::TransferSent(Box::new(sent)),
        )
    })
}

/// Credits the counterpart, or says why not: either is recorded, so that it is said once.
pub(super) fn receive(context: Context<'_>, remittance: &Remittance) -> Carried {
    let counterpart = remittance.transfer.counterpart;
    credit(context, remittance).unwrap_or_else(|reason| {
        let known = context.state.account(counterpart);
        Carried::changing(
            known.map(|account| account.id),
            OperationEffect::TransferRefused(Box::new(reason)),
        )
    })
}

fn credit(context: Context<'_>, remittance: &Remittance) -> Result<Carried, OperationError> {
    let transfer = &remittance.transfer;
    let side = Side::of(context, transfer.counterpart)?;
    let entry = side.entry(transfer.counterpart_code, BalanceImpact::Credit)?;
    if side.account.currency != remittance.currency {
        return Err(OperationError::OtherCurrency);
    }
    side.check_status(BalanceImpact::Credit)?;
    let asked = Asked::by_operator(side.account, entry);
    let planned = asked.plan_forced(context, Amounts::plain(transfer.amount_minor));
    let planned = planned.map_err(|_unplannable| OperationError::InvalidAmount)?;
    let (standing, moves, postings) =
        processed(side.account, entry, transfer.amount_minor, planned)?;
    // Refused here it is recorded; refused later it would be asked again for ever.
    context
        .account_moves(Some(side.account.id), &moves, &Moves::default())
        .ok_or(OperationError::InvalidAmount)?;
    Ok(Carried {
        moves,
        postings,
        ..Carried::changing(
            Some(side.account.id),
            OperationEffect::TransferReceived(Box::new(standing)),
        )
    })
}

/// Closes the intent; what was refused goes back to the account as it was taken, whatever its status is by now.
pub(super) fn settle(
    context: Context<'_>,
    tracking_id: &TrackingId,
    (id, refused): (RecordId, Option<&OperationError>),
) -> Result<Carried, OperationError> {
    let key = MessageKey::Operator(tracking_id.clone());
    let sent = match context.state.recent(&key) {
        Some(Recent::Message(sent)) if sent.id == id => sent,
        Some(_) | None => return Err(OperationError::UnknownTransfer),
    };
    let standing = sent
        .standing
        .as_ref()
        .filter(|_| sent.link == Some(Link::Transfer))
        .ok_or(OperationError::UnknownTransfer)?;
    let account = Some(standing.account);
    let Some(reason) = refused else {
        let settled = Settled {
            sent: id,
            returned: None,
        };
        let effect = OperationEffect::TransferSettled(Box::new(settled));
        return Ok(Carried::changing(account, effect));
    };
    let nothing = standing.distribute(0);
    let change = standing
        .change((key, id), &nothing, AuthorizationStatus::Canceled)
        .ok_or(OperationError::InvalidAmount)?;
    let moves = change.moves().ok_or(OperationError::InvalidAmount)?;
    let postings = standing.postings(&change);
    let settled = Settled {
        sent: id,
        returned: Some((reason.clone(), change)),
    };
    Ok(Carried {
        moves,
        postings,
        of: Some(id),
        ..Carried::changing(account, OperationEffect::TransferSettled(Box::new(settled)))
    })
}

/// An account on one side of a transfer.
struct Side<'a> {
    context: Context<'a>,
    account: &'a Account,
}

impl<'a> Side<'a> {
    fn of(context: Context<'a>, account: AccountId) -> Result<Self, OperationError> {
        let account = context.state.account(account);
        let account = account.ok_or(OperationError::UnknownAccount)?;
        Ok(Self { context, account })
    }

    fn entry(
        &self,
        code: ProcessingCode,
        way: BalanceImpact,
    ) -> Result<&'a ProcessingCodeEntry, OperationError> {
        let entry = self.context.rules.processing_code(code);
        entry
            .filter(|entry| entry.balance_impact == way)
            .ok_or(OperationError::ProcessingCode)
    }

    fn check_status(&self, way: BalanceImpact) -> Result<(), OperationError> {
        match status::allowed(self.context, self.account).allows(way) {
            true => Ok(()),
            false => Err(OperationError::AccountStatus),
        }
    }

    /// Whatever a scenario lets other operations do, a transfer takes no limit below its floor.
    fn check_floors(&self, moves: &Moves) -> Result<(), OperationError> {
        for (account, deltas) in moves.iter() {
            let account = self.context.state.account(account);
            let account = account.ok_or(OperationError::UnknownAccount)?;
            if floors::below(&account.limits, deltas, false).is_some() {
                return Err(OperationError::InsufficientFunds);
            }
        }
        Ok(())
    }
}
