//! Version 2 of operations that were carried out.

use rules::{
    AccountId, Accumulator, AccumulatorKey, ControlId, ControlTarget, Currency, Limits,
    ProcessingCode, ResetLimit, RulesVersion,
};
use serde::Deserialize;

use super::{Cleared, PlannedPosting, Standing, planned};
use crate::authorization::{
    self as current, AccountMove, ApprovalCode, Change, ClearingFacts, ClearingKey, MessageKey,
    TrackingId,
};
use crate::entities::{AccountStatus, CardStatus, SuspendedModes};
use crate::identifiers::{CardHash, CustomerId, RecordId, Timestamp};
use crate::operation::{self, ControlDocument, Funds, GrantedLimits, OperationError};
use crate::transfer::{self, Remittance, Settled, Transfer};

#[derive(Deserialize)]
struct Amount {
    account: AccountId,
    amount_minor: i64,
    processing_code: ProcessingCode,
}

impl From<Amount> for operation::Amount {
    fn from(old: Amount) -> Self {
        Self {
            account: old.account,
            amount_minor: old.amount_minor,
            processing_code: old.processing_code,
            custom_amounts: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
enum Operation {
    Adjust(Amount),
    Force(Amount),
    CancelForce {
        of: TrackingId,
    },
    HoldFunds(Funds),
    ReleaseFunds(Funds),
    TransferFunds {
        funds: Funds,
        processing_code: ProcessingCode,
    },
    ChangeLimits {
        account: AccountId,
        limits: GrantedLimits,
    },
    ChangeAccountStatus {
        account: AccountId,
        status: AccountStatus,
        reason_id: Option<u32>,
    },
    RollBackAccountStatus {
        account: AccountId,
        reason_id: Option<u32>,
    },
    AddHolder {
        account: AccountId,
        customer: CustomerId,
    },
    ChangeCardStatus {
        card: CardHash,
        status: CardStatus,
    },
    ActivateCard {
        card: CardHash,
    },
    SuspendModes {
        card: CardHash,
        suspended: SuspendedModes,
    },
    CreateControl(ControlDocument),
    ChangeControl(ControlDocument),
    DeleteControl {
        control: ControlId,
    },
    SetAvailableLimit {
        control: ControlId,
        account: AccountId,
        card: Option<CardHash>,
        available: i64,
    },
    ResolveClearing {
        item: ClearingKey,
    },
    RejectClearing {
        item: ClearingKey,
    },
    RefundLimit {
        authorization: MessageKey,
        paid: ResetLimit,
    },
    SendTransfer(Transfer),
    ReceiveTransfer(Remittance),
    SettleTransfer {
        id: RecordId,
        refused: Option<OperationError>,
    },
    PurgeHistory {
        before: Timestamp,
    },
}

impl From<Operation> for operation::Operation {
    fn from(old: Operation) -> Self {
        use Operation as Old;
        match old {
            Old::Adjust(old) => Self::Adjust(old.into()),
            Old::Force(old) => Self::Force(old.into()),
            Old::CancelForce { of } => Self::CancelForce { of },
            Old::HoldFunds(old) => Self::HoldFunds(old),
            Old::ReleaseFunds(old) => Self::ReleaseFunds(old),
            Old::TransferFunds {
                funds,
                processing_code,
            } => Self::TransferFunds {
                funds,
                processing_code,
            },
            Old::ChangeLimits { account, limits } => Self::ChangeLimits { account, limits },
            Old::ChangeAccountStatus {
                account,
                status,
                reason_id,
            } => Self::ChangeAccountStatus {
                account,
                status,
                reason_id,
            },
            Old::RollBackAccountStatus { account, reason_id } => {
                Self::RollBackAccountStatus { account, reason_id }
            }
            Old::AddHolder { account, customer } => Self::AddHolder { account, customer },
            Old::ChangeCardStatus { card, status } => Self::ChangeCardStatus { card, status },
            Old::ActivateCard { card } => Self::ActivateCard { card },
            Old::SuspendModes { card, suspended } => Self::SuspendModes { card, suspended },
            Old::CreateControl(old) => Self::CreateControl(old),
            Old::ChangeControl(old) => Self::ChangeControl(old),
            Old::DeleteControl { control } => Self::DeleteControl { control },
            Old::SetAvailableLimit {
                control,
                account,
                card,
                available,
            } => Self::SetAvailableLimit {
                control,
                account,
                card,
                available,
            },
            Old::ResolveClearing { item } => Self::ResolveClearing { item },
            Old::RejectClearing { item } => Self::RejectClearing { item },
            Old::RefundLimit {
                authorization,
                paid,
            } => Self::RefundLimit {
                authorization,
                paid,
            },
            Old::SendTransfer(old) => Self::SendTransfer(old),
            Old::ReceiveTransfer(old) => Self::ReceiveTransfer(old),
            Old::SettleTransfer { id, refused } => Self::SettleTransfer { id, refused },
            Old::PurgeHistory { before } => Self::PurgeHistory { before },
        }
    }
}

#[derive(Deserialize)]
pub(in crate::record) struct OperationRequest {
    tracking_id: TrackingId,
    operation: Operation,
    description: String,
    operator: Option<String>,
}

impl From<OperationRequest> for operation::OperationRequest {
    fn from(old: OperationRequest) -> Self {
        Self {
            tracking_id: old.tracking_id,
            operation: old.operation.into(),
            description: old.description,
            operator: old.operator,
        }
    }
}

#[derive(Deserialize)]
struct Sent {
    standing: Standing,
    currency: Currency,
}

impl From<Sent> for transfer::Sent {
    fn from(old: Sent) -> Self {
        Self {
            standing: old.standing.into(),
            currency: old.currency,
        }
    }
}

#[derive(Deserialize)]
struct ClearingSettled {
    facts: ClearingFacts,
    item: RecordId,
    cleared: Option<Cleared>,
}

impl From<ClearingSettled> for current::ClearingSettled {
    fn from(old: ClearingSettled) -> Self {
        Self {
            facts: old.facts,
            item: old.item,
            cleared: old.cleared.map(current::Cleared::from),
        }
    }
}

#[derive(Deserialize)]
enum OperationEffect {
    Moved,
    Forced(Box<Standing>),
    Canceled(Box<Change>),
    Granted {
        before: Limits,
        granted: GrantedLimits,
    },
    AccountStatus {
        before: AccountStatus,
        status: AccountStatus,
        reason_id: Option<u32>,
    },
    Holder(CustomerId),
    CardStatus {
        card: CardHash,
        before: CardStatus,
        status: CardStatus,
    },
    CardModes {
        card: CardHash,
        before: SuspendedModes,
        suspended: SuspendedModes,
    },
    Control {
        target: ControlTarget,
        control: ControlId,
    },
    AvailableLimit {
        key: AccumulatorKey,
        before: Option<Accumulator>,
        after: Accumulator,
    },
    ClearingSettled(Box<ClearingSettled>),
    LimitRefunded {
        key: MessageKey,
        authorization: RecordId,
        paid: ResetLimit,
    },
    TransferSent(Box<Sent>),
    TransferReceived(Box<Standing>),
    TransferRefused(Box<OperationError>),
    TransferSettled(Box<Settled>),
    PurgeOrdered,
}

impl From<OperationEffect> for operation::OperationEffect {
    fn from(old: OperationEffect) -> Self {
        use OperationEffect as Old;
        match old {
            Old::Moved => Self::Moved,
            Old::Forced(old) => Self::Forced(Box::new((*old).into())),
            Old::Canceled(old) => Self::Canceled(old),
            Old::Granted { before, granted } => Self::Granted { before, granted },
            Old::AccountStatus {
                before,
                status,
                reason_id,
            } => Self::AccountStatus {
                before,
                status,
                reason_id,
            },
            Old::Holder(old) => Self::Holder(old),
            Old::CardStatus {
                card,
                before,
                status,
            } => Self::CardStatus {
                card,
                before,
                status,
            },
            Old::CardModes {
                card,
                before,
                suspended,
            } => Self::CardModes {
                card,
                before,
                suspended,
            },
            Old::Control { target, control } => Self::Control { target, control },
            Old::AvailableLimit { key, before, after } => {
                Self::AvailableLimit { key, before, after }
            }
            Old::ClearingSettled(old) => Self::ClearingSettled(Box::new((*old).into())),
            Old::LimitRefunded {
                key,
                authorization,
                paid,
            } => Self::LimitRefunded {
                key,
                authorization,
                paid,
            },
            Old::TransferSent(old) => Self::TransferSent(Box::new((*old).into())),
            Old::TransferReceived(old) => Self::TransferReceived(Box::new((*old).into())),
            Old::TransferRefused(old) => Self::TransferRefused(old),
            Old::TransferSettled(old) => Self::TransferSettled(old),
            Old::PurgeOrdered => Self::PurgeOrdered,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct OperationDone {
    request: OperationRequest,
    account: Option<AccountId>,
    code: ApprovalCode,
    effect: OperationEffect,
    moves: Vec<AccountMove>,
    postings: Vec<PlannedPosting>,
    rules: RulesVersion,
}

impl From<OperationDone> for operation::OperationDone {
    fn from(old: OperationDone) -> Self {
        Self {
            request: old.request.into(),
            account: old.account,
            code: old.code,
            effect: old.effect.into(),
            moves: old.moves,
            postings: planned(old.postings),
            rules: old.rules,
        }
    }
}
