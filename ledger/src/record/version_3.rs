//! Version 3 of authorizations, 1 of clearings and transactions, before records said which amount a transaction
//! posts, why a network stood in, and custom amounts; version 2 of operations is in [`operations`].
//!
//! Owns: what a journal of those versions holds, and what it means to this build: nothing is known of what they do
//! not say. The types here never change; `tests/fixtures/journal-v5` holds them to it. Must never: be written.

pub(crate) mod operations;

use rules::{
    AccountId, AccountType, BalanceImpact, ClearingReason, Currency, Limits, ProcessingCode,
    Reason, Reservation, ResetLimit, RulesVersion,
};
use serde::Deserialize;
use smallvec::SmallVec;

use crate::authorization::{
    self as current, AccountMove, AddressResult, Advice, Answer, ApprovalCode, AuthorizationStatus,
    Change, Circumstances, Clearing, ClearingFacts, ControlDenial, Conversion, Divergence, Fees,
    Fingerprint, MatchKey, MessageKey, Moves, NetworkReference, Relation,
};
use crate::identifiers::{RecordId, Timestamp};

#[derive(Deserialize)]
pub(super) struct Posting {
    transaction_type_id: u32,
    credit: bool,
    amount_minor: i64,
}

impl From<Posting> for current::Posting {
    fn from(old: Posting) -> Self {
        Self {
            transaction_type_id: old.transaction_type_id,
            credit: old.credit,
            amount_minor: old.amount_minor,
            key: None,
            detail: None,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PlannedPosting {
    account: AccountId,
    processing_code: ProcessingCode,
    posting: Posting,
}

impl From<PlannedPosting> for current::PlannedPosting {
    fn from(old: PlannedPosting) -> Self {
        Self {
            account: old.account,
            processing_code: old.processing_code,
            posting: old.posting.into(),
        }
    }
}

/// Planned transactions as they are in this build.
pub(super) fn planned(old: Vec<PlannedPosting>) -> Vec<current::PlannedPosting> {
    old.into_iter().map(current::PlannedPosting::from).collect()
}

/// Version 1 of a posted transaction.
#[derive(Deserialize)]
pub(crate) struct TransactionPosted {
    account: AccountId,
    authorization: RecordId,
    reversal: Option<RecordId>,
    processing_code: ProcessingCode,
    currency: Currency,
    posting: Posting,
}

impl From<TransactionPosted> for current::TransactionPosted {
    fn from(old: TransactionPosted) -> Self {
        Self {
            account: old.account,
            authorization: old.authorization,
            reversal: old.reversal,
            processing_code: old.processing_code,
            currency: old.currency,
            posting: old.posting.into(),
        }
    }
}

#[derive(Deserialize)]
struct RequestFacts {
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
    circumstances: Circumstances,
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
            circumstances: old.circumstances,
            stand_in_reason: None,
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
struct Approval {
    moves: Moves,
    confirmation: Moves,
    amount_minor: i64,
    transaction_minor: i64,
    configuration: Option<(u32, i32)>,
    postings: Vec<PlannedPosting>,
    compensations: Vec<PlannedPosting>,
    expires: Option<Timestamp>,
    increment_of: Option<(MessageKey, RecordId)>,
    reservations: Vec<Reservation>,
    reset_limit: Option<ResetLimit>,
}

impl From<Decision> for current::Decision {
    fn from(old: Decision) -> Self {
        match old {
            Decision::Approved(old) => Self::Approved(Box::new(current::Approval {
                moves: old.moves,
                confirmation: old.confirmation,
                amount_minor: old.amount_minor,
                transaction_minor: old.transaction_minor,
                configuration: old.configuration,
                postings: planned(old.postings),
                compensations: planned(old.compensations),
                expires: old.expires,
                relation: Relation::of_increment(old.increment_of),
                reservations: old.reservations,
                reset_limit: old.reset_limit,
            })),
            Decision::Declined(reason) => Self::Declined(reason),
            Decision::Completed(change) => Self::Completed(change),
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
    denial: Option<Box<ControlDenial>>,
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
            denial: old.denial,
            answer: old.answer,
        }
    }
}

#[derive(Deserialize)]
struct Part {
    record: RecordId,
    base: Moves,
    confirmation: Moves,
    held: Moves,
    amount_minor: i64,
    transaction_minor: i64,
    remaining_minor: i64,
    postings: Vec<PlannedPosting>,
    compensations: Vec<PlannedPosting>,
    reservations: Vec<Reservation>,
    reset_limit: Option<ResetLimit>,
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
            reservations: old.reservations,
            reset_limit: old.reset_limit,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Standing {
    account: AccountId,
    processing_code: ProcessingCode,
    status: AuthorizationStatus,
    parts: SmallVec<[Part; 1]>,
    expires: Option<Timestamp>,
    reflects: RecordId,
}

impl From<Standing> for current::Standing {
    fn from(old: Standing) -> Self {
        Self {
            account: old.account,
            processing_code: old.processing_code,
            status: old.status,
            parts: old.parts.into_iter().map(current::Part::from).collect(),
            expires: old.expires,
            reflects: old.reflects,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Cleared {
    change: Option<Change>,
    presented_minor: i64,
    standing: Option<Standing>,
    postings: Vec<PlannedPosting>,
}

impl From<Cleared> for current::Cleared {
    fn from(old: Cleared) -> Self {
        Self {
            change: old.change,
            presented_minor: old.presented_minor,
            standing: old.standing.map(current::Standing::from),
            postings: planned(old.postings),
        }
    }
}

#[derive(Deserialize)]
enum ClearingResult {
    Posted(Box<Cleared>),
    Held,
    Rejected,
}

/// Version 1 of a decided record of a clearing file.
#[derive(Deserialize)]
pub(crate) struct ClearingDecided {
    facts: ClearingFacts,
    processing_code: ProcessingCode,
    account: Option<AccountId>,
    of: Option<(MessageKey, RecordId)>,
    reasons: Vec<ClearingReason>,
    result: ClearingResult,
    moves: Vec<AccountMove>,
    divergences: Vec<Divergence>,
    rules: RulesVersion,
}

impl From<ClearingDecided> for current::ClearingDecided {
    fn from(old: ClearingDecided) -> Self {
        Self {
            facts: old.facts,
            processing_code: old.processing_code,
            account: old.account,
            of: old.of,
            reasons: old.reasons,
            result: match old.result {
                ClearingResult::Posted(cleared) => {
                    current::ClearingResult::Posted(Box::new((*cleared).into()))
                }
                ClearingResult::Held => current::ClearingResult::Held,
                ClearingResult::Rejected => current::ClearingResult::Rejected,
            },
            moves: old.moves,
            divergences: old.divergences,
            rules: old.rules,
        }
    }
}
