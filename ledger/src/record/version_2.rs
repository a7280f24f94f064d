//! Version 2 of the records that say what flex controls count, and version 1 of those that came with it.
//!
//! Owns: what a journal of that version holds, and what it means to this build: nothing was counted, and
//! no control denied. The types here never change; `tests/fixtures/journal-v2` holds them to it. Must
//! never: be written.

use rules::{
    AccountId, AccountType, BalanceImpact, Currency, Limits, ProcessingCode, Reason, RulesVersion,
};
use serde::Deserialize;
use smallvec::SmallVec;

use crate::authorization::{
    self as current, AccountMove, AddressResult, Advice, Answer, ApprovalCode, AuthorizationStatus,
    Circumstances, Clearing, Conversion, Divergence, Fees, Fingerprint, MatchKey, MessageKey,
    Moves, NetworkReference, PartChange, Relation, ReversalResult,
};
use crate::entities::{AccountStatus, CardStatus, SuspendedModes};
use crate::identifiers::{CardHash, CustomerId, RecordId, Timestamp};
use crate::operation::{self, GrantedLimits};
use crate::record::version_3::operations::OperationRequest;
use crate::record::version_3::{PlannedPosting, planned};
use crate::record::version_4::ReversalFacts;

#[derive(Deserialize)]
pub(super) struct RequestFacts {
    key: MatchKey,
    fingerprint: Fingerprint,
    mti: u16,
    clearing: Clearing,
    advice: Option<Advice>,
    processing_code: ProcessingCode,
    from_account: AccountType,
    to_account: AccountType,
    expiry_yymm: Option<u16>,
    mcc: Option<u16>,
    domestic: bool,
    entry_mode: Option<String>,
    installments: u8,
    cashback_minor: Option<i64>,
    fees: Fees,
    billing_currency: Option<Currency>,
    conversion: Conversion,
    pre_authorization: bool,
    recurring: bool,
    incremental: bool,
    partial_capable: bool,
    original: Option<MatchKey>,
    network_reference: Option<NetworkReference>,
    approval_code: Option<ApprovalCode>,
    address_result: Option<AddressResult>,
    retrieval_reference: Option<String>,
    card_acceptor: Option<String>,
    card_acceptor_name: Option<String>,
}

impl From<RequestFacts> for current::RequestFacts {
    fn from(old: RequestFacts) -> Self {
        Self {
            key: old.key,
            fingerprint: old.fingerprint,
            mti: old.mti,
            clearing: old.clearing,
            advice: old.advice,
            processing_code: old.processing_code,
            from_account: old.from_account,
            to_account: old.to_account,
            expiry_yymm: old.expiry_yymm,
            mcc: old.mcc,
            domestic: old.domestic,
            entry_mode: old.entry_mode,
            installments: old.installments,
            cashback_minor: old.cashback_minor,
            fees: old.fees,
            billing_currency: old.billing_currency,
            conversion: old.conversion,
            pre_authorization: old.pre_authorization,
            recurring: old.recurring,
            incremental: old.incremental,
            partial_capable: old.partial_capable,
            original: old.original,
            network_reference: old.network_reference,
            approval_code: old.approval_code,
            address_result: old.address_result,
            retrieval_reference: old.retrieval_reference,
            card_acceptor: old.card_acceptor,
            card_acceptor_name: old.card_acceptor_name,
            circumstances: Circumstances::default(),
            stand_in_reason: None,
            business_date: None,
        }
    }
}

#[derive(Deserialize)]
enum Decision {
    Approved(Box<Approval>),
    Declined(Reason),
    Completed(Box<Change>),
}

#[derive(Deserialize)]
pub(crate) struct Approval {
    moves: Moves,
    confirmation: Moves,
    amount_minor: i64,
    transaction_minor: i64,
    configuration: Option<(u32, i32)>,
    postings: Vec<PlannedPosting>,
    compensations: Vec<PlannedPosting>,
    expires: Option<Timestamp>,
    increment_of: Option<(MessageKey, RecordId)>,
}

impl From<Approval> for current::Approval {
    fn from(old: Approval) -> Self {
        Self {
            moves: old.moves,
            confirmation: old.confirmation,
            amount_minor: old.amount_minor,
            transaction_minor: old.transaction_minor,
            configuration: old.configuration,
            postings: planned(old.postings),
            compensations: planned(old.compensations),
            expires: old.expires,
            relation: Relation::of_increment(old.increment_of),
            reservations: Vec::new(),
            reset_limit: None,
        }
    }
}

impl From<Decision> for current::Decision {
    fn from(old: Decision) -> Self {
        match old {
            Decision::Approved(approval) => Self::Approved(Box::new((*approval).into())),
            Decision::Declined(reason) => Self::Declined(reason),
            Decision::Completed(change) => Self::Completed(Box::new((*change).into())),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct AuthorizationDecided {
    facts: RequestFacts,
    processing_code: ProcessingCode,
    account: Option<AccountId>,
    direction: Option<BalanceImpact>,
    original: Option<RecordId>,
    rules: RulesVersion,
    limits_before: Option<Limits>,
    decision: Decision,
    moves: Vec<AccountMove>,
    divergences: Vec<Divergence>,
    answer: Answer,
}

impl From<AuthorizationDecided> for current::AuthorizationDecided {
    fn from(old: AuthorizationDecided) -> Self {
        Self {
            facts: old.facts.into(),
            processing_code: old.processing_code,
            account: old.account,
            direction: old.direction,
            original: old.original,
            rules: old.rules,
            limits_before: old.limits_before,
            decision: old.decision.into(),
            moves: old.moves,
            divergences: old.divergences,
            denial: None,
            answer: old.answer,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Change {
    key: MessageKey,
    authorization: RecordId,
    status_before: AuthorizationStatus,
    status: AuthorizationStatus,
    parts: SmallVec<[PartChange; 1]>,
}

impl From<Change> for current::Change {
    fn from(old: Change) -> Self {
        Self {
            key: old.key,
            authorization: old.authorization,
            status_before: old.status_before,
            status: old.status,
            parts: old.parts,
            counts: Vec::new(),
        }
    }
}

/// Version 3 has another change in the same place.
#[derive(Deserialize)]
pub(crate) struct ReversalDecided<C = Change> {
    facts: ReversalFacts,
    original: Option<RecordId>,
    account: Option<AccountId>,
    processing_code: Option<ProcessingCode>,
    result: ReversalResult,
    change: Option<Box<C>>,
    remaining_minor: i64,
    moves: Vec<AccountMove>,
    divergences: Vec<Divergence>,
    rules: RulesVersion,
    answer: Answer,
}

impl<C: Into<current::Change>> From<ReversalDecided<C>> for current::ReversalDecided {
    fn from(old: ReversalDecided<C>) -> Self {
        Self {
            facts: old.facts.into(),
            original: old.original,
            account: old.account,
            processing_code: old.processing_code,
            result: old.result,
            change: old.change.map(|change| Box::new((*change).into())),
            remaining_minor: old.remaining_minor,
            moves: old.moves,
            divergences: old.divergences,
            rules: old.rules,
            answer: old.answer,
        }
    }
}

/// Version 1 of a hold that was let go.
#[derive(Deserialize)]
pub(crate) struct HoldDropped {
    change: Change,
    account: AccountId,
    expired: Timestamp,
    moves: Vec<AccountMove>,
}

impl From<HoldDropped> for current::HoldDropped {
    fn from(old: HoldDropped) -> Self {
        Self {
            change: old.change.into(),
            account: old.account,
            expired: old.expired,
            moves: old.moves,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Part {
    record: RecordId,
    base: Moves,
    confirmation: Moves,
    held: Moves,
    amount_minor: i64,
    transaction_minor: i64,
    remaining_minor: i64,
    postings: Vec<PlannedPosting>,
    compensations: Vec<PlannedPosting>,
}

impl From<Part> for current::Part {
    fn from(old: Part) -> Self {
        Self {
            record: old.record,
            base: old.base,
            confirmation: old.confirmation,
            held: old.held,
            amount_minor: old.amount_minor,
            transaction_minor: old.transaction_minor,
            remaining_minor: old.remaining_minor,
            postings: planned(old.postings),
            compensations: planned(old.compensations),
            reservations: Vec::new(),
            reset_limit: None,
        }
    }
}

/// Parts alone differ between versions.
#[derive(Deserialize)]
pub(super) struct Standing<P = Part> {
    account: AccountId,
    processing_code: ProcessingCode,
    status: AuthorizationStatus,
    parts: Vec<P>,
    expires: Option<Timestamp>,
    reflects: RecordId,
}

impl<P: Into<current::Part>> From<Standing<P>> for current::Standing {
    fn from(old: Standing<P>) -> Self {
        Self {
            account: old.account,
            processing_code: old.processing_code,
            status: old.status,
            parts: old.parts.into_iter().map(Into::into).collect(),
            expires: old.expires,
            reflects: old.reflects,
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
}

impl From<OperationEffect> for operation::OperationEffect {
    fn from(old: OperationEffect) -> Self {
        use OperationEffect as Old;
        match old {
            Old::Moved => Self::Moved,
            Old::Forced(standing) => Self::Forced(Box::new((*standing).into())),
            Old::Canceled(change) => Self::Canceled(Box::new((*change).into())),
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
            Old::Holder(customer) => Self::Holder(customer),
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
        }
    }
}

/// Version 1 of an operation that was carried out. The operations of that version are the first of those
/// that there are now.
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
