//! From a decision on a request or an advice to its records and its answer.
//!
//! Owns: what is recorded of an authorization and what DE38, 39, 44 and 54 of the answer say. Must never:
//! decide.

use rules::{AccountType, OperationKind, Reason, ResponseCode};

use super::locate::Located;
use super::{Context, response_code};
use crate::authorization::{
    Answer, ApprovalCode, AuthorizationDecided, Balances, Clearing, ControlDenial, Decision,
    Divergence, Moves, PartialAmount, PlannedPosting, Relation, RequestFacts,
};
use crate::command::{Decided, Outcome};
use crate::entities::Account;
use crate::identifiers::RecordId;
use crate::record::Record;

/// How a request or advice ends.
pub(super) struct Conclusion {
    pub(super) decision: Decision,
    /// The authorization it belongs to.
    pub(super) original: Option<RecordId>,
    pub(super) partial: Option<PartialAmount>,
    pub(super) divergences: Vec<Divergence>,
    /// The control that denies it; of an advice, the one that would have.
    pub(super) denial: Option<Box<ControlDenial>>,
    /// What a completion moves the sums of pending authorizations by, and what it posts.
    pub(super) completion: Option<(Moves, Vec<PlannedPosting>)>,
}

impl Conclusion {
    pub(super) fn of(decision: Decision) -> Self {
        Self {
            decision,
            original: None,
            partial: None,
            divergences: Vec::new(),
            denial: None,
            completion: None,
        }
    }

    pub(super) fn declined(reason: Reason) -> Self {
        Self::of(Decision::Declined(reason))
    }

    /// Says what an approval is to an authorization before it; one that moves nothing is nothing to it.
    pub(super) fn relate(&mut self, relation: Relation) {
        if let Decision::Approved(approval) = &mut self.decision
            && approval.transaction_minor > 0
        {
            approval.relation = relation;
        }
    }
}

/// Makes the records and the outcome of a decision.
pub(super) fn conclude(
    context: Context<'_>,
    facts: RequestFacts,
    located: &Located<'_>,
    conclusion: Conclusion,
) -> (Vec<Record>, Outcome) {
    let listed = located.account.map(|account| account.id);
    let (moves, pending) = effect(&facts, &conclusion);
    let moves = match context.account_moves(listed, &moves, &pending) {
        Some(moves) => moves,
        // The limits cannot take it. A decline moves nothing, so this ends here.
        None if matches!(conclusion.decision, Decision::Declined(_)) => Vec::new(),
        None => {
            let declined = Conclusion::declined(Reason::InvalidAmount);
            return conclude(context, facts, located, declined);
        }
    };
    let answer = answer(context, &facts, located, &conclusion);
    let (postings, authorization) = match (&conclusion.decision, &conclusion.completion) {
        (Decision::Completed(change), Some((_, postings))) => {
            (postings.clone(), change.authorization)
        }
        (Decision::Approved(approval), _) if facts.clearing == Clearing::Online => {
            (approval.postings.clone(), context.id)
        }
        (Decision::Approved(_) | Decision::Declined(_) | Decision::Completed(_), _) => {
            (Vec::new(), context.id)
        }
    };
    let decided = AuthorizationDecided {
        facts,
        processing_code: located.code,
        account: listed,
        direction: located.entry.map(|entry| entry.balance_impact),
        original: conclusion.original,
        rules: context.rules.version(),
        limits_before: located.account.map(|account| account.limits),
        decision: conclusion.decision,
        moves,
        divergences: conclusion.divergences,
        denial: conclusion.denial,
        answer,
    };
    let outcome = Outcome::Decided(Decided {
        id: context.id,
        answer,
        reason: decided.reason(),
        repeat: false,
        business_date: decided.facts.business_date,
    });
    let mut records = vec![Record::AuthorizationDecided(Box::new(decided))];
    records.extend(context.transactions(&postings, authorization));
    (records, outcome)
}

/// What limits move by, and what of that is pending.
fn effect(facts: &RequestFacts, conclusion: &Conclusion) -> (Moves, Moves) {
    match &conclusion.decision {
        Decision::Approved(approval) => {
            let pending = match facts.clearing {
                Clearing::Offline => approval.moves.clone(),
                Clearing::Online => Moves::default(),
            };
            (approval.moves.clone(), pending)
        }
        Decision::Completed(change) => {
            let pending = conclusion.completion.as_ref();
            let pending = pending.map(|(pending, _)| pending.clone());
            (
                change.moves().unwrap_or_default(),
                pending.unwrap_or_default(),
            )
        }
        Decision::Declined(_) => (Moves::default(), Moves::default()),
    }
}

fn answer(
    context: Context<'_>,
    facts: &RequestFacts,
    located: &Located<'_>,
    conclusion: &Conclusion,
) -> Answer {
    let reason = match &conclusion.decision {
        // An advice is accepted: the network's decision stands.
        Decision::Declined(Reason::DeclinedByNetwork) => None,
        Decision::Declined(reason) => Some(*reason),
        Decision::Approved(_) | Decision::Completed(_) => None,
    };
    let approved = matches!(conclusion.decision, Decision::Approved(_));
    let kind = located.entry.map(|entry| entry.kind).filter(|_| approved);
    let codes = located.network.map(|network| network.approval_codes);
    let denial = conclusion
        .denial
        .as_ref()
        .filter(|_| reason == Some(Reason::ControlDenied));
    let by_control = denial.and_then(|denial| denial.response_code);
    let by_table = || response_code(context.rules, facts.key.network, reason);
    let response_code: ResponseCode = match (codes, conclusion.partial, kind) {
        (Some(codes), Some(_), _) => codes.partially_approved,
        (Some(codes), None, Some(OperationKind::AccountVerification)) => codes.verified,
        _ => by_control.unwrap_or_else(by_table),
    };
    let inquiry = kind == Some(OperationKind::BalanceInquiry);
    let balances = located.account.filter(|_| inquiry);
    // What the network approved in the switch's stead has the network's own code.
    let code = facts.approval_code.filter(|_| facts.advice.is_some());
    let code = code.or_else(|| approved.then(|| ApprovalCode::of(context.id)));
    Answer {
        approval_code: code.filter(|_| reason.is_none()),
        balances: balances.map(|account| balances_of(context, account)),
        partial: conclusion.partial,
        address_result: facts.address_result.filter(|_| reason.is_none()),
        merchant_advice_code: reason.and_then(|reason| {
            let network = located.network?;
            network.merchant_advice_code(reason)
        }),
        ..Answer::code(response_code)
    }
}

/// Balances as an inquiry shows them; the account type is that of the program.
fn balances_of(context: Context<'_>, account: &Account) -> Balances {
    let credit = context
        .rules
        .program(account.program)
        .is_some_and(|program| program.kind == rules::ProgramKind::Credit);
    Balances {
        account_type: if credit {
            AccountType::CreditCard
        } else {
            AccountType::Checking
        },
        currency: account.currency,
        ledger_minor: account.ledger_balance(),
        available_minor: account.available_balance(),
    }
}
