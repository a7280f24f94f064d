//! Version 4 of authorizations, 3 of reversals and 1 of file actions, before records said the business day that a
//! message came in.
//!
//! Owns: what a journal of those versions holds, and what it means to this build: the day is not known. The types
//! here never change; `tests/fixtures/journal-v6` holds them to it. Must never: be written.

use rules::{
    AccountId, AccountType, BalanceImpact, Currency, Limits, ProcessingCode, Reason, RulesVersion,
};
use serde::Deserialize;

use crate::authorization::{
    self as current, AccountMove, AddressResult, Advice, Answer, ApprovalCode, Change,
    Circumstances, Clearing, ControlDenial, Conversion, Decision, Divergence, Fees, FileAction,
    Fingerprint, MatchKey, NetworkReference, ReversalResult, StandInReason,
};
use crate::entities::CardStatus;
use crate::identifiers::RecordId;

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
    stand_in_reason: Option<StandInReason>,
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
            stand_in_reason: old.stand_in_reason,
            business_date: None,
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
            decision: old.decision,
            moves: old.moves,
            divergences: old.divergences,
            denial: old.denial,
            answer: old.answer,
        }
    }
}

/// What versions 2 and 3 of a reversal have.
#[derive(Deserialize)]
pub(super) struct ReversalFacts {
    key: MatchKey,
    fingerprint: Fingerprint,
    original: Option<MatchKey>,
    network_reference: Option<NetworkReference>,
    advice: bool,
    replacement_minor: Option<i64>,
    retrieval_reference: Option<String>,
}

impl From<ReversalFacts> for current::ReversalFacts {
    fn from(old: ReversalFacts) -> Self {
        Self {
            key: old.key,
            fingerprint: old.fingerprint,
            original: old.original,
            network_reference: old.network_reference,
            advice: old.advice,
            replacement_minor: old.replacement_minor,
            retrieval_reference: old.retrieval_reference,
            business_date: None,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct ReversalDecided {
    facts: ReversalFacts,
    original: Option<RecordId>,
    account: Option<AccountId>,
    processing_code: Option<ProcessingCode>,
    result: ReversalResult,
    change: Option<Box<Change>>,
    remaining_minor: i64,
    moves: Vec<AccountMove>,
    divergences: Vec<Divergence>,
    rules: RulesVersion,
    answer: Answer,
}

impl From<ReversalDecided> for current::ReversalDecided {
    fn from(old: ReversalDecided) -> Self {
        Self {
            facts: old.facts.into(),
            original: old.original,
            account: old.account,
            processing_code: old.processing_code,
            result: old.result,
            change: old.change,
            remaining_minor: old.remaining_minor,
            moves: old.moves,
            divergences: old.divergences,
            rules: old.rules,
            answer: old.answer,
        }
    }
}

#[derive(Deserialize)]
struct FileActionFacts {
    key: MatchKey,
    action: Option<FileAction>,
}

#[derive(Deserialize)]
pub(crate) struct FileActionDecided {
    facts: FileActionFacts,
    status_before: Option<CardStatus>,
    status: Option<CardStatus>,
    reason: Option<Reason>,
    rules: RulesVersion,
    answer: Answer,
}

impl From<FileActionDecided> for current::FileActionDecided {
    fn from(old: FileActionDecided) -> Self {
        Self {
            facts: current::FileActionFacts {
                key: old.facts.key,
                action: old.facts.action,
                business_date: None,
            },
            status_before: old.status_before,
            status: old.status,
            reason: old.reason,
            rules: old.rules,
            answer: old.answer,
        }
    }
}
