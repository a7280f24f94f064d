//! Operations: what operators and other systems of the issuer ask of the books.
//!
//! Owns: adjustments, forced operations, funds held and released, changes of limits and statuses, as
//! commands and as records. Each has a tracking id, and the same one again has the same outcome (reference
//! authorization-api 2, 10, 14, 15; authorization-guides 4, 9). Must never: carry a PAN.

use rules::{
    AccountId, Accumulator, AccumulatorKey, ControlId, ControlTarget, LimitName, Limits,
    ProcessingCode, ResetLimit, RulesVersion,
};
use serde::{Deserialize, Serialize};

use crate::authorization::{
    AccountMove, ApprovalCode, Change, Cleared, ClearingKey, ClearingSettled, CustomAmount, Lookup,
    MessageKey, PlannedPosting, Standing, TrackingId,
};
use crate::entities::{AccountStatus, CardStatus, SuspendedModes};
use crate::identifiers::{CardHash, CustomerId, RecordId, Timestamp};
use crate::transfer::{Remittance, Sent, Settled, Transfer, TransferStep};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Corrects a balance outside normal operation: no rule and no limit is asked.
    Adjust(Amount),
    /// Posts an operation as its processing code says, whatever statuses, limits and controls say.
    Force(Amount),
    /// Undoes a forced operation in full.
    CancelForce {
        /// The tracking id of the forced operation.
        of: TrackingId,
    },
    /// Sets funds aside: they leave what can be spent and stay on the account.
    HoldFunds(Funds),
    /// Gives funds that were set aside back to what can be spent.
    ReleaseFunds(Funds),
    /// Takes funds that were set aside out of the account, under a processing code.
    TransferFunds {
        /// How much and from where.
        funds: Funds,
        /// The code it is posted under; a debit.
        processing_code: ProcessingCode,
    },
    /// Changes limits that were granted. What is available moves along.
    ChangeLimits {
        /// The account.
        account: AccountId,
        /// What changes.
        limits: GrantedLimits,
    },
    /// Changes the status of an account.
    ChangeAccountStatus {
        /// The account.
        account: AccountId,
        /// Its next status.
        status: AccountStatus,
        /// Why: a reason of the organization.
        reason_id: Option<u32>,
    },
    /// Takes an account back to NORMAL, from a final status too.
    RollBackAccountStatus {
        /// The account.
        account: AccountId,
        /// Why: a reason of the organization.
        reason_id: Option<u32>,
    },
    /// Makes a customer one of an account's holders.
    AddHolder {
        /// The account.
        account: AccountId,
        /// The customer.
        customer: CustomerId,
    },
    /// Changes the status of a card.
    ChangeCardStatus {
        /// The card.
        card: CardHash,
        /// Its next status.
        status: CardStatus,
    },
    /// Makes a card usable that never was.
    ActivateCard {
        /// The card.
        card: CardHash,
    },
    /// Suspends modes of a card, or opens them again.
    SuspendModes {
        /// The card.
        card: CardHash,
        /// The modes that are suspended from now on.
        suspended: SuspendedModes,
    },
    /// Makes a flex control.
    CreateControl(ControlDocument),
    /// Puts a flex control that was made at run time in the place of the one with its id.
    ChangeControl(ControlDocument),
    /// Takes away a flex control that was made at run time.
    DeleteControl {
        /// The control.
        control: ControlId,
    },
    /// Says what is left of a limit in its present period. What was counted in it before is forgotten.
    SetAvailableLimit {
        /// The control, of the rules or made at run time.
        control: ControlId,
        /// The account whose operations it limits.
        account: AccountId,
        /// The card, where it counts by card.
        card: Option<CardHash>,
        /// What is left: an amount in minor units of the control's currency, or a number of operations.
        available: i64,
    },
    /// Posts a clearing of the work list, whatever it was held for.
    ResolveClearing {
        /// Names it.
        item: ClearingKey,
    },
    /// Refuses a clearing of the work list, to be returned to the network.
    RejectClearing {
        /// Names it.
        item: ClearingKey,
    },
    /// Gives back what a cleared authorization took from the limits inside the credit limit, as its scenario says.
    RefundLimit {
        /// The authorization.
        authorization: MessageKey,
        /// What was paid: the bill, or the last instalment.
        paid: ResetLimit,
    },
    /// Sends money to an account that may belong to another group: takes it, and remembers that it is on its way.
    SendTransfer(Transfer),
    /// Credits what another account sent, or refuses it. Asked by the switch itself.
    ReceiveTransfer(Remittance),
    /// Closes the intent of a transfer. Asked by the switch itself.
    SettleTransfer {
        /// The record that took the money.
        id: RecordId,
        /// Why the counterpart's side refused it, if it did: it is given back.
        refused: Option<OperationError>,
    },
    /// Orders that decisions before an instant leave the books.
    PurgeHistory {
        /// The instant.
        before: Timestamp,
    },
}

impl Operation {
    /// Whether people may ask it: the later steps of a transfer follow from its records alone.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        !matches!(self, Self::ReceiveTransfer(_) | Self::SettleTransfer { .. })
    }
}

/// A flex control as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControlDocument {
    /// Whom it is for: an account, a customer or a card.
    pub target: ControlTarget,
    /// An entry of `controls` of a file of flex controls, as JSON.
    pub json: String,
}

/// An amount under a processing code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Amount {
    /// The account.
    pub account: AccountId,
    /// Minor units of the account's currency. Positive: the code says which way it moves.
    pub amount_minor: i64,
    /// The code it is posted under.
    pub processing_code: ProcessingCode,
    /// What comes on top of it, each under a key that the code posts.
    #[serde(default)]
    pub custom_amounts: Vec<CustomAmount>,
}

/// Funds of a debit or prepaid account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Funds {
    /// The account.
    pub account: AccountId,
    /// Minor units of the account's currency. Positive.
    pub amount_minor: i64,
    /// Whether they may be held although they are not there.
    #[serde(default)]
    pub skip_balance: bool,
    /// Whether the status of the account is not asked.
    #[serde(default)]
    pub skip_status: bool,
}

/// Limits that can be granted (reference authorization-api 2.2), each `None` to leave it as it is; minor
/// units, percentages in hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantedLimits {
    /// Granted maximum.
    pub max_credit_limit: Option<i64>,
    /// Chosen by the holder, at most the maximum.
    pub total_credit_limit: Option<i64>,
    /// For purchases in instalments.
    pub total_installment_credit_limit: Option<i64>,
    /// For cash.
    pub withdrawal_credit_limit: Option<i64>,
    /// Overdraft.
    pub total_overdraft_limit: Option<i64>,
    /// Percent of the maximum usable above the limit.
    pub over_limit_percentage_hundredths: Option<i64>,
}

/// An operation with what names and explains it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OperationRequest {
    /// Names it.
    pub tracking_id: TrackingId,
    /// What is asked.
    pub operation: Operation,
    /// Why, in words: 1 to 200 characters.
    pub description: String,
    /// Who asks.
    #[serde(default)]
    pub operator: Option<String>,
}

/// Longest description of an operation, in characters.
pub const DESCRIPTION_CHARACTERS: usize = 200;

/// Why an operation was refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum OperationError {
    /// The tracking id names another operation.
    #[error("the tracking id names an operation with other content")]
    Taken,
    /// The description is missing or too long.
    #[error("a description of 1 to 200 characters is required")]
    Description,
    /// The account does not exist.
    #[error("the account does not exist")]
    UnknownAccount,
    /// The card does not exist.
    #[error("the card does not exist")]
    UnknownCard,
    /// The customer does not exist.
    #[error("the customer does not exist")]
    UnknownCustomer,
    /// The status is not defined, or not in use.
    #[error("the status is not defined by the organization, or not in use")]
    UnknownStatus,
    /// The reason is not defined, or not in use.
    #[error("the reason is not defined by the organization, or not in use")]
    UnknownReason,
    /// The status is final.
    #[error("the account's status is final; only a rollback changes it")]
    FinalStatus,
    /// The card cannot get this status from the one it has.
    #[error("the card cannot get this status from the one it has")]
    StatusTransition,
    /// The processing code is not in the table, or moves nothing, or the wrong way.
    #[error("the processing code is not in the table, or does not move money this way")]
    ProcessingCode,
    /// The amount is not positive, or too large.
    #[error("the amount is not positive, or too large")]
    InvalidAmount,
    /// The funds are not there.
    #[error("the funds are not there")]
    InsufficientFunds,
    /// Funds are held on debit and prepaid accounts only.
    #[error("funds are held on debit and prepaid accounts only")]
    CreditAccount,
    /// The status of the account does not allow it.
    #[error("the status of the account does not allow it")]
    AccountStatus,
    /// The limits break their ordering: total above maximum, or outside what the program allows.
    #[error(
        "the limits break their ordering: total above maximum, or outside what the program allows"
    )]
    LimitOrder,
    /// The limits of all accounts of the program would be more than the program's.
    #[error("the limits of all accounts would be more than the program's limit")]
    ProgramLimit,
    /// There is no forced operation of this tracking id.
    #[error("there is no forced operation of this tracking id")]
    UnknownOperation,
    /// The forced operation was undone already.
    #[error("the forced operation was undone already")]
    AlreadyCanceled,
    /// The card has no such mode, or the customer holds the account already.
    #[error("nothing would change")]
    NothingToDo,
    /// A control of this id exists.
    #[error("a flex control of this id exists")]
    ControlTaken,
    /// There is no such control, or none that was made at run time.
    #[error("there is no such flex control, or none that was made at run time")]
    UnknownControl,
    /// The control is, or would be, for somebody else.
    #[error("a flex control is made for an account, a customer or a card, and stays theirs")]
    ControlTarget,
    /// The control is not one, or refers to what is not there.
    #[error("{0}")]
    InvalidControl(String),
    /// The limit has no such value.
    #[error("the limit counts nothing here, or what is left is not from 0 to the limit")]
    AvailableLimit,
    /// The clearing is not in the work list.
    #[error("the clearing is not in the work list")]
    UnknownItem,
    /// The clearing was resolved or rejected already.
    #[error("the clearing was resolved or rejected already")]
    SettledItem,
    /// The clearing cannot be posted as it is.
    #[error("the clearing cannot be posted as it is: what it needs is not in the books")]
    NotPostable,
    /// There is no such authorization.
    #[error("there is no such authorization")]
    UnknownAuthorization,
    /// The limit does not come back: by its rules, or because it did already.
    #[error(
        "the authorization was not cleared, took no limit that comes back at this payment, or it came back already"
    )]
    LimitRefund,
    /// The account has another currency than the money that was sent.
    #[error("the account has another currency than the money that was sent")]
    OtherCurrency,
    /// The history of the last days cannot be purged.
    #[error(
        "the history of the last {} days cannot be purged",
        crate::purge::LEAST_DAYS
    )]
    Retention,
    /// There is no such transfer.
    #[error("there is no such transfer")]
    UnknownTransfer,
    /// A custom amount is not positive, given twice, or the code does not post it.
    #[error("a custom amount is not positive, given twice, or not posted by the processing code")]
    CustomAmount,
}

/// What an operation changed beside limits that move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationEffect {
    /// Limits moved, nothing else.
    Moved,
    /// A forced operation, which can be undone.
    Forced(Box<Standing>),
    /// A forced operation was undone.
    Canceled(Box<Change>),
    /// What was granted.
    Granted {
        /// The limits before.
        before: Limits,
        /// What is granted from now on; what moves stands in the moves.
        granted: GrantedLimits,
    },
    /// The status of the account.
    AccountStatus {
        /// Before.
        before: AccountStatus,
        /// From now on.
        status: AccountStatus,
        /// Why.
        reason_id: Option<u32>,
    },
    /// A customer became a holder of the account.
    Holder(CustomerId),
    /// The status of a card.
    CardStatus {
        /// The card.
        card: CardHash,
        /// Before.
        before: CardStatus,
        /// From now on.
        status: CardStatus,
    },
    /// The suspended modes of a card.
    CardModes {
        /// The card.
        card: CardHash,
        /// Before.
        before: SuspendedModes,
        /// From now on.
        suspended: SuspendedModes,
    },
    /// A flex control was made, changed or taken away.
    Control {
        /// Whom it is for.
        target: ControlTarget,
        /// The control.
        control: ControlId,
    },
    /// What is left of a limit was written.
    AvailableLimit {
        /// What counts.
        key: AccumulatorKey,
        /// What it had counted; `None` for nothing.
        before: Option<Accumulator>,
        /// What it has counted from now on.
        after: Accumulator,
    },
    /// A clearing left the work list.
    ClearingSettled(Box<ClearingSettled>),
    /// What an authorization took from the limits inside the credit limit came back.
    LimitRefunded {
        /// Names the authorization.
        key: MessageKey,
        /// Its record.
        authorization: RecordId,
        /// What was paid.
        paid: ResetLimit,
    },
    /// Money left for another account; the intent is open.
    TransferSent(Box<Sent>),
    /// Money of another account was credited.
    TransferReceived(Box<Standing>),
    /// Money of another account was refused.
    TransferRefused(Box<OperationError>),
    /// The intent of a transfer was closed.
    TransferSettled(Box<Settled>),
    /// Decisions before the instant that was asked are to leave the books.
    PurgeOrdered,
}

impl OperationEffect {
    /// What the operation stands for by itself: a forced one, a clearing that was resolved, a side of a transfer.
    #[must_use]
    pub fn standing(&self) -> Option<&Standing> {
        if let Self::Forced(standing) | Self::TransferReceived(standing) = self {
            return Some(standing);
        }
        if let Self::TransferSent(sent) = self {
            return Some(&sent.standing);
        }
        self.cleared()?.standing.as_ref()
    }

    /// The same where the operation alone makes it, to put in the record that does.
    pub(crate) fn made_mut(&mut self) -> Option<&mut Standing> {
        if let Self::Forced(standing) | Self::TransferReceived(standing) = self {
            Some(standing)
        } else if let Self::TransferSent(sent) = self {
            Some(&mut sent.standing)
        } else {
            None
        }
    }

    /// The change of what an earlier operation stands for: a forced one undone, a transfer given back.
    #[must_use]
    pub fn undone(&self) -> Option<&Change> {
        if let Self::Canceled(change) = self {
            return Some(change);
        }
        self.returned().map(|(_, change)| change)
    }

    /// Whether it is a step of a transfer.
    #[must_use]
    pub fn is_transfer(&self) -> bool {
        matches!(
            self,
            Self::TransferSent(_)
                | Self::TransferReceived(_)
                | Self::TransferRefused(_)
                | Self::TransferSettled(_)
        )
    }

    /// The transfer whose intent it closes, by the record that took the money.
    #[must_use]
    pub fn settles(&self) -> Option<RecordId> {
        if let Self::TransferSettled(settled) = self {
            Some(settled.sent)
        } else {
            None
        }
    }

    /// Why a transfer was given back, and what gave it back.
    #[must_use]
    pub fn returned(&self) -> Option<&(OperationError, Change)> {
        if let Self::TransferSettled(settled) = self {
            settled.returned.as_ref()
        } else {
            None
        }
    }

    /// What a clearing that was resolved does to the books.
    #[must_use]
    pub fn cleared(&self) -> Option<&Cleared> {
        self.settled()?.cleared.as_ref()
    }

    /// The clearing that left the work list.
    #[must_use]
    pub fn settled(&self) -> Option<&ClearingSettled> {
        if let Self::ClearingSettled(settled) = self {
            Some(settled)
        } else {
            None
        }
    }
}

/// An operation that was carried out. A refused one leaves no record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationDone {
    /// What was asked.
    pub request: OperationRequest,
    /// The account it is listed under.
    pub account: Option<AccountId>,
    /// Names it to people, as the approval code of an authorization does.
    pub code: ApprovalCode,
    /// What changed.
    pub effect: OperationEffect,
    /// What it does to accounts: to [`account`](Self::account) first, even where nothing moves.
    pub moves: Vec<AccountMove>,
    /// What it posted.
    pub postings: Vec<PlannedPosting>,
    /// Rules it was decided under.
    pub rules: RulesVersion,
}

impl GrantedLimits {
    /// Limits with what is granted put in; what is available is not touched.
    #[must_use]
    pub fn put_into(self, limits: &Limits) -> Limits {
        Limits {
            max_credit_limit: self.max_credit_limit.unwrap_or(limits.max_credit_limit),
            total_credit_limit: self.total_credit_limit.unwrap_or(limits.total_credit_limit),
            total_installment_credit_limit: self
                .total_installment_credit_limit
                .unwrap_or(limits.total_installment_credit_limit),
            withdrawal_credit_limit: self
                .withdrawal_credit_limit
                .unwrap_or(limits.withdrawal_credit_limit),
            total_overdraft_limit: self
                .total_overdraft_limit
                .unwrap_or(limits.total_overdraft_limit),
            over_limit_percentage_hundredths: self
                .over_limit_percentage_hundredths
                .unwrap_or(limits.over_limit_percentage_hundredths),
            ..*limits
        }
    }

    /// What is available moves along with what is granted: each available limit by the difference of its
    /// own. `None` when a difference leaves its range.
    #[must_use]
    pub fn deltas(self, limits: &Limits) -> Option<rules::Deltas> {
        let after = self.put_into(limits);
        let mut deltas = rules::Deltas::NONE;
        for (limit, after, before) in [
            (
                LimitName::AvailableCreditLimit,
                after.total_credit_limit,
                limits.total_credit_limit,
            ),
            (
                LimitName::AvailableTotalInstallmentCredit,
                after.total_installment_credit_limit,
                limits.total_installment_credit_limit,
            ),
            (
                LimitName::AvailableWithdrawalCredit,
                after.withdrawal_credit_limit,
                limits.withdrawal_credit_limit,
            ),
        ] {
            if !deltas.set(limit, after.checked_sub(before)?) {
                return None;
            }
        }
        Some(deltas)
    }
}

impl OperationRequest {
    /// What names it: its tracking id, or for a later step of a transfer the transfer and the step.
    #[must_use]
    pub fn key(&self) -> MessageKey {
        if let Operation::ReceiveTransfer(remittance) = &self.operation {
            MessageKey::Transfer(remittance.id, TransferStep::Received)
        } else if let Operation::SettleTransfer { id, .. } = &self.operation {
            MessageKey::Transfer(*id, TransferStep::Settled)
        } else {
            MessageKey::Operator(self.tracking_id.clone())
        }
    }

    /// What may lead to messages that deciding it needs: the operation of the same name, the one that it
    /// undoes or settles, the item of the work list that it settles, the authorization that it is about.
    #[must_use]
    pub fn lookups(&self) -> Vec<Lookup> {
        let operator = |id: &TrackingId| Lookup::Key(MessageKey::Operator(id.clone()));
        let mut lookups = vec![Lookup::Key(self.key())];
        match &self.operation {
            Operation::CancelForce { of } => lookups.push(operator(of)),
            Operation::SettleTransfer { .. } => lookups.push(operator(&self.tracking_id)),
            Operation::RefundLimit { authorization, .. } => {
                lookups.push(Lookup::Key(authorization.clone()));
            }
            Operation::ResolveClearing { item } | Operation::RejectClearing { item } => {
                lookups.push(Lookup::Key(MessageKey::Clearing(item.clone())));
            }
            Operation::Adjust(_)
            | Operation::Force(_)
            | Operation::HoldFunds(_)
            | Operation::ReleaseFunds(_)
            | Operation::TransferFunds { .. }
            | Operation::ChangeLimits { .. }
            | Operation::ChangeAccountStatus { .. }
            | Operation::RollBackAccountStatus { .. }
            | Operation::AddHolder { .. }
            | Operation::ChangeCardStatus { .. }
            | Operation::ActivateCard { .. }
            | Operation::SuspendModes { .. }
            | Operation::CreateControl(_)
            | Operation::ChangeControl(_)
            | Operation::DeleteControl { .. }
            | Operation::SetAvailableLimit { .. }
            | Operation::SendTransfer(_)
            | Operation::ReceiveTransfer(_)
            | Operation::PurgeHistory { .. } => {}
        }
        lookups
    }
}
