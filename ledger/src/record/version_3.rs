//! Version 3 of authorizations, 1 of clearings and transactions, before records said which amount a transaction
//! posts, why a network stood in, and custom amounts; version 2 of operations is in [`operations`].
//!
//! Owns: what a journal of those versions holds, and what it means to this build: nothing is known of what they do
//! not say. The types here never change; `tests/fixtures/journal-v5` holds them to it. Must never: be written.

pub(crate) mod operations;

use rules::{
    AccountId, BalanceImpact, ClearingReason, Currency, Limits, ProcessingCode, Reason,
    Reservation, ResetLimit, RulesVersion,
};
use serde::Deserialize;

use crate::authorization::{
    self as current, AccountMove, Answer, Change, Circumstances, ClearingFacts, ControlDenial,
    Divergence, MessageKey,
};
use crate::identifiers::RecordId;
use crate::record::version_2;

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

/// The encoding has no frame of its own around what was there before.
#[derive(Deserialize)]
pub(crate) struct RequestFacts {
    before: version_2::RequestFacts,
    circumstances: Circumstances,
}

impl From<RequestFacts> for current::RequestFacts {
    fn from(old: RequestFacts) -> Self {
        Self {
            circumstances: old.circumstances,
            ..old.before.into()
        }
    }
}

#[derive(Deserialize)]
pub(crate) enum Decision {
    Approved(Box<Approval>),
    Declined(Reason),
    Completed(Box<Change>),
}

#[derive(Deserialize)]
pub(crate) struct Approval {
    before: version_2::Approval,
    reservations: Vec<Reservation>,
    reset_limit: Option<ResetLimit>,
}

impl From<Approval> for current::Approval {
    fn from(old: Approval) -> Self {
        Self {
            reservations: old.reservations,
            reset_limit: old.reset_limit,
            ..old.before.into()
        }
    }
}

impl From<Decision> for current::Decision {
    fn from(old: Decision) -> Self {
        match old {
            Decision::Approved(approval) => Self::Approved(Box::new((*approval).into())),
            Decision::Declined(reason) => Self::Declined(reason),
            Decision::Completed(change) => Self::Completed(change),
        }
    }
}

/// Version 4 has other facts and decisions in the same places.
#[derive(Deserialize)]
pub(crate) struct AuthorizationDecided<F = RequestFacts, D = Decision> {
    facts: F,
    processing_code: ProcessingCode,
    account: Option<AccountId>,
    direction: Option<BalanceImpact>,
    original: Option<RecordId>,
    rules: RulesVersion,
    limits_before: Option<Limits>,
    decision: D,
    moves: Vec<AccountMove>,
    divergences: Vec<Divergence>,
    denial: Option<Box<ControlDenial>>,
    answer: Answer,
}

impl<F, D> From<AuthorizationDecided<F, D>> for current::AuthorizationDecided
where
    F: Into<current::RequestFacts>,
    D: Into<current::Decision>,
{
    fn from(old: AuthorizationDecided<F, D>) -> Self {
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
pub(super) struct Part {
    before: version_2::Part,
    reservations: Vec<Reservation>,
    reset_limit: Option<ResetLimit>,
}

impl From<Part> for current::Part {
    fn from(old: Part) -> Self {
        Self {
            reservations: old.reservations,
            reset_limit: old.reset_limit,
            ..old.before.into()
        }
    }
}

pub(super) type Standing = version_2::Standing<Part>;

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
