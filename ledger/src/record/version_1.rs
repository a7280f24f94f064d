//! Version 1 of the records whose layout has changed since.
//!
//! Owns: what a journal of that version holds, and what it means to this build. The types here never
//! change; `tests/fixtures/journal-v1` holds them to it. Must never: be written.

use rules::{
    AccountId, AccountType, BalanceImpact, Currency, Deltas, Limits, ProcessingCode, ProgramId,
    Reason, ResponseCode, RulesVersion,
};
use serde::Deserialize;

use crate::authorization::{
    self as current, AccountMove, ApprovalCode, AuthorizationStatus, Balances, Change,
    Circumstances, Clearing, Conversion, Divergence, Fees, Fingerprint, MatchKey, Moves,
    PartChange, PlannedPosting, Relation,
};
use crate::entities::{self, CardFacts, CardKind, CardMode, CardStatus, CustomerKind, Expiry};
use crate::identifiers::{CardHash, CustomerId, GroupId, RecordId};
use crate::record::version_3::Posting;

#[derive(Deserialize)]
pub(crate) struct Customer {
    id: CustomerId,
    kind: CustomerKind,
    name: String,
    document_number: String,
}

impl From<Customer> for entities::Customer {
    fn from(old: Customer) -> Self {
        Self {
            id: old.id,
            kind: old.kind,
            name: old.name,
            document_number: old.document_number,
            is_active: true,
            address: None,
        }
    }
}

#[derive(Deserialize)]
enum AccountStatus {
    Normal,
    Blocked,
    Cancelled,
    StandBy,
}

#[derive(Deserialize)]
pub(crate) struct Account {
    id: AccountId,
    program: ProgramId,
    owner: CustomerId,
    group: GroupId,
    status: AccountStatus,
    currency: Currency,
    limits: Limits,
    pending: Deltas,
    latest: Option<RecordId>,
    reflects: RecordId,
}

impl Account {
    /// The account as it was opened: what its limits were then is what it was opened with.
    pub(crate) fn opened(self) -> entities::Account {
        let mut account = entities::Account {
            id: self.id,
            program: self.program,
            owner: self.owner,
            holders: Vec::new(),
            parent: None,
            group: self.group,
            status: match self.status {
                AccountStatus::Normal => entities::AccountStatus::Normal,
                AccountStatus::Blocked => entities::AccountStatus::Blocked,
                AccountStatus::Cancelled => entities::AccountStatus::Cancelled,
                AccountStatus::StandBy => entities::AccountStatus::StandBy,
            },
            status_reason: None,
            currency: self.currency,
            limits: self.limits,
            opening: None,
            pending: self.pending,
            latest: self.latest,
            reflects: self.reflects,
        };
        account.opening = account.movable().map(Box::new);
        account
    }
}

#[derive(Deserialize)]
struct Facts {
    expiry: Expiry,
    status: CardStatus,
    mode: CardMode,
    holder: CustomerId,
}

#[derive(Deserialize)]
pub(crate) struct Card {
    hash: CardHash,
    masked_pan: String,
    encrypted_pan: Vec<u8>,
    facts: Facts,
}

impl From<Card> for entities::Card {
    fn from(old: Card) -> Self {
        Self {
            hash: old.hash,
            masked_pan: old.masked_pan,
            encrypted_pan: old.encrypted_pan,
            facts: CardFacts {
                expiry: old.facts.expiry,
                status: old.facts.status,
                mode: old.facts.mode,
                holder: old.facts.holder,
                kind: CardKind::default(),
                suspended: entities::SuspendedModes::default(),
                bin: None,
            },
        }
    }
}

#[derive(Deserialize)]
struct RequestFacts {
    key: MatchKey,
    fingerprint: Fingerprint,
    clearing: Clearing,
    processing_code: ProcessingCode,
    from_account: AccountType,
    to_account: AccountType,
    expiry_yymm: Option<u16>,
    mcc: Option<u16>,
    entry_mode: Option<String>,
    installments: u8,
    cashback_minor: Option<i64>,
    billing_currency: Option<Currency>,
    retrieval_reference: Option<String>,
    card_acceptor: Option<String>,
    card_acceptor_name: Option<String>,
}

impl From<RequestFacts> for current::RequestFacts {
    fn from(old: RequestFacts) -> Self {
        Self {
            key: old.key,
            fingerprint: old.fingerprint,
            mti: match old.clearing {
                Clearing::Offline => 100,
                Clearing::Online => 200,
            },
            clearing: old.clearing,
            advice: None,
            processing_code: old.processing_code,
            from_account: old.from_account,
            to_account: old.to_account,
            expiry_yymm: old.expiry_yymm,
            mcc: old.mcc,
            domestic: true,
            entry_mode: old.entry_mode,
            installments: old.installments,
            cashback_minor: old.cashback_minor,
            fees: Fees::default(),
            billing_currency: old.billing_currency,
            conversion: Conversion::default(),
            pre_authorization: false,
            recurring: false,
            incremental: false,
            partial_capable: false,
            original: None,
            network_reference: None,
            approval_code: None,
            address_result: None,
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
struct Answer {
    response_code: ResponseCode,
    approval_code: Option<ApprovalCode>,
    balances: Option<Balances>,
}

impl From<Answer> for current::Answer {
    fn from(old: Answer) -> Self {
        Self {
            approval_code: old.approval_code,
            balances: old.balances,
            ..Self::code(old.response_code)
        }
    }
}

#[derive(Deserialize)]
enum Decision {
    Approved(Approval),
    Declined(Reason),
}

#[derive(Deserialize)]
struct Approval {
    deltas: Deltas,
    amount_minor: i64,
    configuration: Option<(u32, i32)>,
    postings: Vec<Posting>,
    compensations: Vec<Posting>,
}

#[derive(Deserialize)]
pub(crate) struct AuthorizationDecided {
    facts: RequestFacts,
    account: Option<AccountId>,
    previous: Option<RecordId>,
    direction: Option<BalanceImpact>,
    rules: RulesVersion,
    limits_before: Option<Limits>,
    decision: Decision,
    answer: Answer,
}

impl From<AuthorizationDecided> for current::AuthorizationDecided {
    fn from(old: AuthorizationDecided) -> Self {
        let facts = current::RequestFacts::from(old.facts);
        let deltas = match &old.decision {
            Decision::Approved(approval) => approval.deltas,
            Decision::Declined(_) => Deltas::NONE,
        };
        let moves = old.account.map(|account| AccountMove {
            account,
            deltas,
            pending: match facts.clearing {
                Clearing::Offline => deltas,
                Clearing::Online => Deltas::NONE,
            },
            previous: old.previous,
        });
        let decision = match (old.decision, old.account) {
            (Decision::Declined(reason), _) => current::Decision::Declined(reason),
            (Decision::Approved(approval), Some(account)) if !approval.deltas.is_none() => {
                current::Decision::Approved(Box::new(approval.on(account, &facts)))
            }
            (Decision::Approved(_), _) => {
                current::Decision::Approved(Box::new(current::Approval::without_effect()))
            }
        };
        Self {
            processing_code: facts.processing_code,
            facts,
            account: old.account,
            direction: old.direction,
            original: None,
            rules: old.rules,
            limits_before: old.limits_before,
            decision,
            moves: moves.into_iter().collect(),
            divergences: Vec::new(),
            denial: None,
            answer: old.answer.into(),
        }
    }
}

impl Approval {
    fn on(self, account: AccountId, facts: &current::RequestFacts) -> current::Approval {
        let planned = |postings: Vec<Posting>| {
            let planned = |posting: Posting| PlannedPosting {
                account,
                processing_code: facts.processing_code,
                posting: posting.into(),
            };
            postings.into_iter().map(planned).collect()
        };
        current::Approval {
            moves: Moves::of(account, self.deltas),
            confirmation: Moves::default(),
            amount_minor: self.amount_minor,
            transaction_minor: facts.fingerprint.amount_minor,
            configuration: self.configuration,
            postings: planned(self.postings),
            compensations: planned(self.compensations),
            expires: None,
            relation: Relation::Alone,
            reservations: Vec::new(),
            reset_limit: None,
        }
    }
}

#[derive(Deserialize)]
struct ReversalFacts {
    key: MatchKey,
    fingerprint: Fingerprint,
    original: MatchKey,
    advice: bool,
    replacement_minor: Option<i64>,
    retrieval_reference: Option<String>,
}

#[derive(Deserialize)]
enum ReversalResult {
    Reversed,
    NoEffect,
    UnknownOriginal,
    AmountMismatch,
    MatchConflict,
}

#[derive(Deserialize)]
pub(crate) struct ReversalDecided {
    facts: ReversalFacts,
    original: Option<RecordId>,
    account: Option<AccountId>,
    previous: Option<RecordId>,
    result: ReversalResult,
    divergent: bool,
    deltas: Deltas,
    remaining_minor: i64,
    cleared: bool,
    /// What it posted stands in records of its own.
    #[expect(
        dead_code,
        reason = "a field of the layout that this build has no use for"
    )]
    postings: Vec<Posting>,
    rules: RulesVersion,
    answer: Answer,
}

impl ReversalDecided {
    /// What it made of the authorization. The layout does not say what remained before: what DE4 says.
    fn change(&self, account: AccountId, authorization: RecordId) -> Change {
        let standing = if self.cleared {
            AuthorizationStatus::Processed
        } else {
            AuthorizationStatus::Pending
        };
        Change {
            key: self.facts.original.into(),
            authorization,
            status_before: standing,
            status: match self.remaining_minor {
                0 => AuthorizationStatus::Canceled,
                _ => standing,
            },
            parts: smallvec::smallvec![PartChange {
                before_minor: self.facts.fingerprint.amount_minor,
                after_minor: self.facts.replacement_minor.unwrap_or(0),
                moves: Moves::of(account, self.deltas),
            }],
            counts: Vec::new(),
        }
    }
}

impl From<ReversalDecided> for current::ReversalDecided {
    fn from(old: ReversalDecided) -> Self {
        let undone = old.account.zip(old.original);
        let undone = undone.filter(|_| matches!(old.result, ReversalResult::Reversed));
        let change = undone.map(|(account, original)| Box::new(old.change(account, original)));
        let moves = old.account.map(|account| AccountMove {
            account,
            deltas: old.deltas,
            pending: if old.cleared {
                Deltas::NONE
            } else {
                old.deltas
            },
            previous: old.previous,
        });
        Self {
            facts: current::ReversalFacts {
                key: old.facts.key,
                fingerprint: old.facts.fingerprint,
                original: Some(old.facts.original),
                network_reference: None,
                advice: old.facts.advice,
                replacement_minor: old.facts.replacement_minor,
                retrieval_reference: old.facts.retrieval_reference,
                business_date: None,
            },
            original: old.original,
            account: old.account,
            processing_code: None,
            result: match old.result {
                ReversalResult::Reversed => current::ReversalResult::Reversed,
                ReversalResult::NoEffect => current::ReversalResult::NoEffect,
                ReversalResult::UnknownOriginal => current::ReversalResult::UnknownOriginal,
                ReversalResult::AmountMismatch => current::ReversalResult::AmountMismatch,
                ReversalResult::MatchConflict => current::ReversalResult::MatchConflict,
            },
            change,
            remaining_minor: old.remaining_minor,
            moves: moves.into_iter().collect(),
            divergences: old
                .divergent
                .then_some(Divergence::Amount)
                .into_iter()
                .collect(),
            rules: old.rules,
            answer: old.answer.into(),
        }
    }
}
