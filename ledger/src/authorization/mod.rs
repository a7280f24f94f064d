//! Authorizations: what networks ask, what is decided and answered, and what becomes of it.
//!
//! Owns: the facts of messages ([`request`], [`circumstances`]), what names them ([`key`]), what a decision moves
//! ([`moves`]), posts ([`posting`]) and counts ([`counts`]) how an approval lives on ([`standing`]), and what refunds
//! it ([`presented`], [`refund`]), with the decisions and answers as they are stored. The layouts here are the payloads
//! of journal records: a change of a field is a new record version. Must never: hold track data, a PIN block, CVV2 or a
//! PAN.

pub mod circumstances;
pub mod clearing;
pub mod counts;
pub mod key;
pub mod moves;
pub mod posting;
pub mod presented;
pub mod refund;
pub mod request;
pub mod standing;

pub use circumstances::Circumstances;
pub use clearing::{
    AcquirerReference, Cleared, ClearingDecided, ClearingFacts, ClearingKey, ClearingKind,
    ClearingResult, ClearingSettled, InvalidClearingKey,
};
pub use counts::CountChange;
pub use key::{
    Fingerprint, InvalidTrackingId, Lookup, MatchKey, MessageClass, MessageKey, NetworkReference,
    Reference, ReferenceKind, TrackingId,
};
pub use moves::{AccountMove, Moves};
pub use posting::{CustomAmount, Installment, PlannedPosting, Posting, PostingDetail};
pub use presented::Presented;
pub use refund::{Refund, Relation};
pub use request::{
    AcknowledgementFacts, AddressResult, Advice, Clearing, Conversion, Fees, FileAction,
    FileActionFacts, RequestFacts, ReversalFacts, StandInReason,
};
pub use standing::{AuthorizationStatus, Change, Part, PartChange, Standing};

use rules::{AccountId, AccountType, Currency, ProcessingCode};
use rules::{BalanceImpact, Limits, MerchantAdviceCode, RulesVersion};
use rules::{ControlId, CustomCode, DenialCause, Reason, Reservation, ResetLimit, ResponseCode};
use serde::{Deserialize, Serialize};

use crate::entities::CardStatus;
use crate::identifiers::{RecordId, Timestamp};

/// A balance in an answer (DE54).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balances {
    /// Kind of account the balances are of.
    pub account_type: AccountType,
    /// Currency of both.
    pub currency: Currency,
    /// Amount type 01, minor units.
    pub ledger_minor: i64,
    /// Amount type 02, minor units.
    pub available_minor: i64,
}

/// DE38: six letters or digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApprovalCode(pub [u8; 6]);

impl ApprovalCode {
    /// The code of the approval that a record holds: its place in the journal in base 36, so that two
    /// approvals within two billion records differ.
    #[must_use]
    pub fn of(id: RecordId) -> Self {
        const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        const CODES: u64 = 36_u64.pow(6);
        // The factor shares no divisor with the number of codes: neighbours spread, none are joined.
        const FACTOR: u64 = 0x9E37_79B1;
        let place = id
            .sequence
            .wrapping_mul(1 << 12)
            .wrapping_add(u64::from(id.index));
        let place = place.checked_rem(CODES).unwrap_or(0);
        let mut rest = place.wrapping_mul(FACTOR).checked_rem(CODES).unwrap_or(0);
        let mut code = [b'0'; 6];
        for place in code.iter_mut().rev() {
            let digit = usize::try_from(rest.checked_rem(36).unwrap_or(0)).unwrap_or(0);
            *place = DIGITS.get(digit).copied().unwrap_or(b'0');
            rest = rest.checked_div(36).unwrap_or(0);
        }
        Self(code)
    }

    /// The six characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The amounts of a partial approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialAmount {
    /// Approved, minor units of DE4's currency.
    pub approved_minor: i64,
    /// Approved, minor units of the account's currency, where the network bills in it (DE6).
    pub billing_minor: Option<i64>,
    /// What had been asked, minor units of DE4's currency (DE54 amount type 57).
    pub asked_minor: i64,
    /// Currency of `approved_minor` and `asked_minor`.
    pub currency: Currency,
}

/// What is answered; stored, so that a repeat gets the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// DE39.
    pub response_code: ResponseCode,
    /// DE38.
    pub approval_code: Option<ApprovalCode>,
    /// DE54.
    pub balances: Option<Balances>,
    /// DE4 and DE54, where only a part of the amount is approved.
    pub partial: Option<PartialAmount>,
    /// DE44 of an account verification.
    pub address_result: Option<AddressResult>,
    /// What a merchant should do after a decline, for networks that tell.
    pub merchant_advice_code: Option<MerchantAdviceCode>,
    /// The status of the card that a file action asked for.
    pub card_status: Option<CardStatus>,
}

impl Answer {
    /// An answer that says nothing but DE39.
    #[must_use]
    pub fn code(response_code: ResponseCode) -> Self {
        Self {
            response_code,
            approval_code: None,
            balances: None,
            partial: None,
            address_result: None,
            merchant_advice_code: None,
            card_status: None,
        }
    }
}

/// What of a message did not agree with the books and was accepted all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Divergence {
    /// The amount or currency is not the original's.
    Amount,
    /// The network approved what the switch would have declined for this reason.
    OwnDecision(Reason),
    /// The network declined what the switch would have approved.
    NetworkDeclined,
    /// The authorization had been dropped, and its amount is in force again.
    AfterDrop,
    /// The authorization had been reversed, and its amount is in force again.
    AfterReversal,
    /// The authorization it belongs to was cleared already; this is one of its own.
    AlreadyProcessed,
    /// The authorization it belongs to is not known; this is one of its own.
    UnknownOriginal,
    /// A refund of more than its original.
    RefundAboveOriginal,
    /// The authorization changed after the reversal that was to be undone.
    ChangedSince,
}

impl Divergence {
    /// The name in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::OwnDecision(_) => "own_decision",
            Self::NetworkDeclined => "network_declined",
            Self::AfterDrop => "after_drop",
            Self::AfterReversal => "after_reversal",
            Self::AlreadyProcessed => "already_processed",
            Self::UnknownOriginal => "unknown_original",
            Self::RefundAboveOriginal => "refund_above_original",
            Self::ChangedSince => "changed_since",
        }
    }
}

/// How a request or advice was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Approved.
    Approved(Box<Approval>),
    /// Declined.
    Declined(Reason),
    /// An advice changed the authorization that it belongs to.
    Completed(Box<Change>),
}

/// What an approval did and how it is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What the limits moved by; the confirmation's moves are among them when it was cleared at once.
    pub moves: Moves,
    /// What they move by at the confirmation of a dual message.
    pub confirmation: Moves,
    /// Amount authorized, minor units of the account's currency.
    pub amount_minor: i64,
    /// Amount authorized, minor units of DE4's currency: DE95 is measured against it. 0 only where
    /// nothing moves.
    pub transaction_minor: i64,
    /// The balance configuration that bore it and the order of its scenario; `None` for what moves
    /// nothing, and for what was forced without one.
    pub configuration: Option<(u32, i32)>,
    /// Posted when it is cleared: at once for a single message.
    pub postings: Vec<PlannedPosting>,
    /// Posted when a cleared amount is undone.
    pub compensations: Vec<PlannedPosting>,
    /// When it is dropped if nothing clears it; `None` for what needs no clearing.
    pub expires: Option<Timestamp>,
    /// What it is to an authorization before it.
    pub relation: Relation,
    /// What it counts towards the limits of flex controls.
    pub reservations: Vec<Reservation>,
    /// When the limits inside the credit limit that it takes from come back; `None` where its scenario says nothing.
    pub reset_limit: Option<ResetLimit>,
}

impl Approval {
    /// An approval that moves nothing.
    #[must_use]
    pub fn without_effect() -> Self {
        Self {
            moves: Moves::default(),
            confirmation: Moves::default(),
            amount_minor: 0,
            transaction_minor: 0,
            configuration: None,
            postings: Vec::new(),
            compensations: Vec::new(),
            expires: None,
            relation: Relation::Alone,
            reservations: Vec::new(),
            reset_limit: None,
        }
    }

    /// The authorization that it raises, where it is an increment.
    #[must_use]
    pub fn increment_of(&self) -> Option<&(MessageKey, RecordId)> {
        match &self.relation {
            Relation::Raises(of) => Some(of),
            Relation::Alone | Relation::Refunds(_) => None,
        }
    }

    /// The purchase that it refunds, where it is a refund that names one.
    #[must_use]
    pub fn refund(&self) -> Option<&Refund> {
        match &self.relation {
            Relation::Refunds(refund) => Some(refund),
            Relation::Alone | Relation::Raises(_) => None,
        }
    }

    /// The part of an authorization that it makes.
    #[must_use]
    pub fn part(&self, record: RecordId) -> Part {
        Part {
            record,
            base: self.moves.clone(),
            confirmation: self.confirmation.clone(),
            held: self.moves.clone(),
            amount_minor: self.amount_minor,
            transaction_minor: self.transaction_minor,
            remaining_minor: self.transaction_minor,
            postings: self.postings.clone(),
            compensations: self.compensations.clone(),
            reservations: self.reservations.clone(),
            reset_limit: self.reset_limit,
        }
    }
}

/// What the flex control that denies an operation says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlDenial {
    /// The control.
    pub control: ControlId,
    /// Why it denies.
    pub cause: DenialCause,
    /// The denial code of the business.
    pub deny_code: Option<String>,
    /// DE39, where it is not that of the network's table.
    pub response_code: Option<ResponseCode>,
    /// The decline code of the issuer.
    pub custom_code: Option<CustomCode>,
}

/// An authorization, inquiry or advice with its decision and the inputs it was decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationDecided {
    /// The request.
    pub facts: RequestFacts,
    /// Code it was decided under, after the network's table and the rule models.
    pub processing_code: ProcessingCode,
    /// The account, where card and account were found.
    pub account: Option<AccountId>,
    /// Direction of the processing code, where it was found.
    pub direction: Option<BalanceImpact>,
    /// The authorization that it belongs to.
    pub original: Option<RecordId>,
    /// Rules it was decided under.
    pub rules: RulesVersion,
    /// Limits of the account before.
    pub limits_before: Option<Limits>,
    /// The decision.
    pub decision: Decision,
    /// What it does to accounts: to [`account`](Self::account) first, even where nothing moves.
    pub moves: Vec<AccountMove>,
    /// What did not agree and was accepted.
    pub divergences: Vec<Divergence>,
    /// The control that denies it; of an advice, the one that would have.
    pub denial: Option<Box<ControlDenial>>,
    /// What was answered.
    pub answer: Answer,
}

impl AuthorizationDecided {
    /// The standing that it makes of its own: that of an approval that moved something and raises no
    /// other authorization.
    #[must_use]
    pub fn standing(&self, id: RecordId) -> Option<Standing> {
        let Decision::Approved(approval) = &self.decision else {
            return None;
        };
        if approval.transaction_minor == 0 || approval.increment_of().is_some() {
            return None;
        }
        Some(Standing {
            account: self.account?,
            processing_code: self.processing_code,
            status: match self.facts.clearing {
                Clearing::Offline => AuthorizationStatus::Pending,
                Clearing::Online => AuthorizationStatus::Processed,
            },
            parts: smallvec::smallvec![approval.part(id)],
            expires: approval.expires,
            reflects: id,
        })
    }

    /// Whether it takes the place of its match key.
    #[must_use]
    pub fn takes_match_key(&self) -> bool {
        !matches!(self.decision, Decision::Declined(Reason::MatchConflict))
    }

    /// Why it was declined; `None` when it was not.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match &self.decision {
            Decision::Declined(reason) => Some(*reason),
            Decision::Approved(_) | Decision::Completed(_) => None,
        }
    }
}

/// What became of a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReversalResult {
    /// The original was undone, in full or to the replacement amount.
    Reversed,
    /// Nothing was left to undo.
    NoEffect,
    /// The original is not known; remembered, so that it has no effect if it arrives.
    UnknownOriginal,
    /// The amounts do not agree with the original; nothing was undone.
    AmountMismatch,
    /// Another message already bears this match key; nothing was undone.
    MatchConflict,
    /// The original was a reversal: what it had undone is in force again.
    Restored,
}

impl ReversalResult {
    /// The name in events and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reversed => "reversed",
            Self::NoEffect => "no_effect",
            Self::UnknownOriginal => "unknown_original",
            Self::AmountMismatch => "amount_mismatch",
            Self::MatchConflict => "match_conflict",
            Self::Restored => "restored",
        }
    }
}

/// A reversal with its decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversalDecided {
    /// The reversal.
    pub facts: ReversalFacts,
    /// The record of the message that it undoes, when it is known.
    pub original: Option<RecordId>,
    /// The original's account.
    pub account: Option<AccountId>,
    /// The code that undoes the original's, for events and accounting.
    pub processing_code: Option<ProcessingCode>,
    /// What happened.
    pub result: ReversalResult,
    /// What it made of the authorization, where it changed one.
    pub change: Option<Box<Change>>,
    /// What of the authorization remains after this, minor units of the account's currency.
    pub remaining_minor: i64,
    /// What it does to accounts: to [`account`](Self::account) first, even where nothing moves.
    pub moves: Vec<AccountMove>,
    /// What did not agree and was accepted.
    pub divergences: Vec<Divergence>,
    /// Rules it was decided under: the tables of the answer.
    pub rules: RulesVersion,
    /// What was answered.
    pub answer: Answer,
}

impl ReversalDecided {
    /// Why it was refused; `None` when it was accepted.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self.result {
            ReversalResult::MatchConflict => Some(Reason::MatchConflict),
            ReversalResult::UnknownOriginal if !self.facts.advice => Some(Reason::UnknownOriginal),
            ReversalResult::AmountMismatch if !self.facts.advice => {
                Some(Reason::OriginalAmountMismatch)
            }
            ReversalResult::Reversed
            | ReversalResult::Restored
            | ReversalResult::NoEffect
            | ReversalResult::UnknownOriginal
            | ReversalResult::AmountMismatch => None,
        }
    }
}

/// A pending authorization that nothing cleared in time and whose hold was let go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldDropped {
    /// What it made of the authorization.
    pub change: Change,
    /// The account it is listed under.
    pub account: AccountId,
    /// When it was due.
    pub expired: Timestamp,
    /// What it does to accounts: to [`account`](Self::account) first, even where nothing moves.
    pub moves: Vec<AccountMove>,
}

/// The network has our response to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseAcknowledged {
    /// The message.
    pub key: MatchKey,
    /// Its record.
    pub message: RecordId,
}

/// A file action with its decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileActionDecided {
    /// The action.
    pub facts: FileActionFacts,
    /// The status of the card before; `None` for an unknown card.
    pub status_before: Option<CardStatus>,
    /// The status it gets; `None` when it keeps its own.
    pub status: Option<CardStatus>,
    /// Why it was refused.
    pub reason: Option<Reason>,
    /// Rules it was decided under: the tables of the answer.
    pub rules: RulesVersion,
    /// What was answered.
    pub answer: Answer,
}

/// A posted transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionPosted {
    /// The account.
    pub account: AccountId,
    /// The record whose amount it posts: an authorization, or an operation.
    pub authorization: RecordId,
    /// The record that caused it, where that is a later one: a reversal, a completion.
    pub reversal: Option<RecordId>,
    /// The processing code it is posted under.
    pub processing_code: ProcessingCode,
    /// Currency.
    pub currency: Currency,
    /// Type, direction, amount, and which amount it is.
    pub posting: Posting,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifiers::ShardId;

    #[test]
    fn approval_codes_of_neighbours_differ() {
        let mut codes = std::collections::BTreeSet::new();
        for sequence in 1..200 {
            for index in 0..50 {
                let id = RecordId {
                    shard: ShardId(0),
                    sequence,
                    index,
                };
                let code = ApprovalCode::of(id);
                assert!(
                    code.as_str()
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric())
                );
                assert!(codes.insert(code.0), "{id} has the code of another");
            }
        }
    }
}
