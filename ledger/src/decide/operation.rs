//! Deciding operations of operators.
//!
//! Owns: the tracking id, and what an operation comes to on the way to its record. The operations themselves
//! are in [`super::funds`], [`super::transfer`], [`super::limits`], [`super::status`] and [`super::control_operations`].
//! Must never: leave a record of what was refused, or carry out one tracking id twice.

use rules::AccountId;

use super::{
    Context, clearing, control_operations, funds, limits, purge, refund, status, transfer,
};
use crate::authorization::{ApprovalCode, Moves, PlannedPosting};
use crate::command::{Done, Outcome};
use crate::identifiers::RecordId;
use crate::operation::{
    DESCRIPTION_CHARACTERS, Operation, OperationDone, OperationEffect, OperationError,
    OperationRequest,
};
use crate::recent::{Content, Recent};
use crate::record::Record;

/// What an operation comes to.
pub(super) struct Carried {
    /// The account it is listed under.
    pub(super) account: Option<AccountId>,
    pub(super) effect: OperationEffect,
    pub(super) moves: Moves,
    pub(super) pending: Moves,
    pub(super) postings: Vec<PlannedPosting>,
    /// The record whose amount is posted, where that is an earlier one.
    pub(super) of: Option<RecordId>,
}

impl Carried {
    /// One that moves no limit.
    pub(super) fn changing(account: Option<AccountId>, effect: OperationEffect) -> Self {
        Self {
            account,
            effect,
            moves: Moves::default(),
            pending: Moves::default(),
            postings: Vec::new(),
            of: None,
        }
    }
}

pub(super) fn decide(context: Context<'_>, request: OperationRequest) -> (Vec<Record>, Outcome) {
    let key = request.key();
    let carried = match context.state.recent(&key) {
        Some(Recent::Message(earlier)) if earlier.content == Content::Operation(request.hash()) => {
            return earlier.again();
        }
        Some(_) => Err(OperationError::Taken),
        None => carry_out(context, &request),
    };
    let done = carried.and_then(|carried| done(context, request, carried));
    match done {
        Ok(records) => {
            let done = Done {
                id: context.id,
                repeat: false,
            };
            (records, Outcome::Done(done))
        }
        Err(error) => (Vec::new(), Outcome::Refused(error)),
    }
}

fn carry_out(context: Context<'_>, request: &OperationRequest) -> Result<Carried, OperationError> {
    let characters = request.description.trim().chars().count();
    if !(1..=DESCRIPTION_CHARACTERS).contains(&characters) {
        return Err(OperationError::Description);
    }
    match &request.operation {
        Operation::Adjust(amount) => funds::adjust(context, amount),
        Operation::Force(amount) => funds::force(context, amount),
        Operation::CancelForce { of } => funds::cancel_force(context, of),
        Operation::HoldFunds(held) => funds::hold(context, held),
        Operation::ReleaseFunds(held) => funds::release(context, held),
        Operation::TransferFunds {
            funds,
            processing_code,
        } => funds::transfer(context, funds, *processing_code),
        Operation::ChangeLimits { account, limits } => limits::change(context, *account, *limits),
        Operation::ChangeAccountStatus {
            account,
            status,
            reason_id,
        } => status::change_account(context, *account, status, *reason_id),
        Operation::RollBackAccountStatus { account, reason_id } => {
            status::roll_back_account(context, *account, *reason_id)
        }
        Operation::AddHolder { account, customer } => {
            status::add_holder(context, *account, *customer)
        }
        Operation::ChangeCardStatus { card, status } => {
            status::change_card(context, *card, *status, false)
        }
        Operation::ActivateCard { card } => {
            status::change_card(context, *card, crate::entities::CardStatus::Normal, true)
        }
        Operation::RefundLimit {
            authorization,
            paid,
        } => refund::refund_limit(context, authorization, *paid),
        Operation::SuspendModes { card, suspended } => {
            status::suspend_modes(context, *card, *suspended)
        }
        Operation::CreateControl(document) => control_operations::create(context, document),
        Operation::ChangeControl(document) => control_operations::change(context, document),
        Operation::DeleteControl { control } => control_operations::delete(context, *control),
        Operation::SetAvailableLimit {
            control,
            account,
            card,
            available,
        } => control_operations::set_available(context, *control, (*account, *card), *available),
        Operation::ResolveClearing { item } => clearing::settle(context, item, true),
        Operation::RejectClearing { item } => clearing::settle(context, item, false),
        Operation::SendTransfer(asked) => transfer::send(context, asked),
        Operation::ReceiveTransfer(remittance) => Ok(transfer::receive(context, remittance)),
        Operation::PurgeHistory { before } => purge::order(context, *before),
        Operation::SettleTransfer { id, refused } => {
            transfer::settle(context, &request.tracking_id, (*id, refused.as_ref()))
        }
    }
}

/// The records of an operation that is carried out.
fn done(
    context: Context<'_>,
    request: OperationRequest,
    carried: Carried,
) -> Result<Vec<Record>, OperationError> {
    let moves = context
        .account_moves(carried.account, &carried.moves, &carried.pending)
        .ok_or(OperationError::InvalidAmount)?;
    let mut effect = carried.effect;
    if let Some(standing) = effect.made_mut() {
        // The parts bear the record that makes them, which is known only here.
        standing.reflects = context.id;
        for part in &mut standing.parts {
            part.record = context.id;
        }
    }
    let done = OperationDone {
        request,
        account: carried.account,
        code: ApprovalCode::of(context.id),
        effect,
        moves,
        postings: carried.postings.clone(),
        rules: context.rules.version(),
    };
    let mut records = vec![Record::OperationDone(Box::new(done))];
    let of = carried.of.unwrap_or(context.id);
    records.extend(context.transactions(&carried.postings, of));
    Ok(records)
}
