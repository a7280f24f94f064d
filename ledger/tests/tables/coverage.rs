//! Which steps of its life each kind of authorization took, found in what the tables recorded. A table
//! cannot claim a cell: something of that kind must have gone through that step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ledger::Record;
use ledger::authorization::{
    AuthorizationDecided, AuthorizationStatus, Clearing, Decision, Divergence, MatchKey,
    RequestFacts, ReversalDecided, ReversalResult,
};
use ledger::command::Decided;
use ledger::identifiers::RecordId;
use rules::Reason;

use crate::support::made::dollar;

/// Kinds of authorization, by the file that tells of each. What several fit is the first that it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    PartialApproval,
    Fees,
    Conversion,
    Fuel,
    PreAuthorization,
    Recurring,
    Instalments,
    Purchase,
    Cash,
    Cashback,
    QuasiCash,
    AccountFunding,
    RefundWithOriginal,
    Refund,
    Deposit,
    OriginalCredit,
    Inquiry,
    Verification,
}

/// Steps in the life of an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Approval,
    Decline,
    SingleMessage,
    Repeat,
    Conflict,
    Acknowledgement,
    Increment,
    Replacement,
    ReplacementByAdvice,
    FullReversal,
    DoubleReversal,
    WrongAmount,
    Restoration,
    Overtaking,
    UnknownOriginal,
    Completion,
    ClearingAfterReversal,
    Expiry,
    LateClearing,
    AdviceDeclined,
    AdviceForced,
}

use Kind as K;
use Step as S;

pub(crate) const KINDS: [Kind; 18] = [
    K::Purchase,
    K::Cash,
    K::Cashback,
    K::QuasiCash,
    K::Refund,
    K::RefundWithOriginal,
    K::Deposit,
    K::OriginalCredit,
    K::AccountFunding,
    K::Inquiry,
    K::Verification,
    K::Instalments,
    K::Recurring,
    K::PreAuthorization,
    K::Fuel,
    K::PartialApproval,
    K::Conversion,
    K::Fees,
];

pub(crate) const STEPS: [Step; 21] = [
    S::Approval,
    S::Decline,
    S::SingleMessage,
    S::Repeat,
    S::Conflict,
    S::Acknowledgement,
    S::Increment,
    S::Replacement,
    S::ReplacementByAdvice,
    S::FullReversal,
    S::DoubleReversal,
    S::WrongAmount,
    S::Restoration,
    S::Overtaking,
    S::UnknownOriginal,
    S::Completion,
    S::ClearingAfterReversal,
    S::Expiry,
    S::LateClearing,
    S::AdviceDeclined,
    S::AdviceForced,
];

/// Why a cell means nothing; `None` for one that must be covered.
pub(crate) fn not_meaningful(kind: Kind, step: Step) -> Option<&'static str> {
    let holds_nothing = matches!(kind, K::Inquiry | K::Verification);
    let credit = matches!(
        kind,
        K::Refund | K::RefundWithOriginal | K::Deposit | K::OriginalCredit
    );
    match step {
        S::Increment
        | S::Replacement
        | S::ReplacementByAdvice
        | S::FullReversal
        | S::WrongAmount
        | S::Restoration
        | S::Completion
        | S::ClearingAfterReversal
        | S::Expiry
        | S::LateClearing
            if holds_nothing =>
        {
            Some("it holds nothing that could change")
        }
        S::Increment if credit => Some("only what is held of the holder's money is raised"),
        S::AdviceForced | S::AdviceDeclined | S::Decline | S::Overtaking
            if kind == K::PartialApproval =>
        {
            Some("it is a partial approval only once it is approved so")
        }
        S::UnknownOriginal if own_code(kind).is_none() => {
            Some("a reversal tells the code of its original, and no more of its kind")
        }
        _ => None,
    }
}

/// The code of a kind that has one of its own.
fn own_code(kind: Kind) -> Option<&'static str> {
    match kind {
        K::Purchase => Some("00"),
        K::Cash => Some("01"),
        K::Cashback => Some("09"),
        K::AccountFunding => Some("10"),
        K::QuasiCash => Some("11"),
        K::Refund => Some("20"),
        K::Deposit => Some("21"),
        K::OriginalCredit => Some("26"),
        K::Inquiry => Some("31"),
        K::Verification => Some("33"),
        _ => None,
    }
}

fn of_code(code: &str) -> Option<Kind> {
    KINDS.into_iter().find(|kind| own_code(*kind) == Some(code))
}

fn kind_of(facts: &RequestFacts, partial: bool) -> Option<Kind> {
    let abroad = facts
        .fingerprint
        .currency
        .is_some_and(|currency| currency != dollar());
    let code = facts.processing_code.as_str();
    Some(match code {
        _ if partial => K::PartialApproval,
        _ if facts.fees.transaction_minor.is_some() => K::Fees,
        _ if abroad => K::Conversion,
        _ if facts.mcc == Some(5542) => K::Fuel,
        _ if facts.pre_authorization => K::PreAuthorization,
        _ if facts.recurring => K::Recurring,
        "00" if facts.installments > 1 => K::Instalments,
        "20" if facts.original.is_some() => K::RefundWithOriginal,
        _ => of_code(code)?,
    })
}

/// What one table covered.
#[derive(Default)]
pub(crate) struct Coverage {
    pub(crate) cells: BTreeSet<(Kind, Step)>,
    kinds: BTreeMap<RecordId, Kind>,
    keys: BTreeMap<MatchKey, Kind>,
}

impl Coverage {
    /// Takes notice of an answer that repeats an earlier one.
    pub(crate) fn repeated(&mut self, decided: &Decided) {
        if let Some(kind) = self.kinds.get(&decided.id) {
            self.cells.insert((*kind, S::Repeat));
        }
    }

    /// Takes notice of a record.
    pub(crate) fn recorded(&mut self, id: RecordId, record: &Record) {
        let step = match record {
            Record::AuthorizationDecided(decided) => self.authorization(id, decided),
            Record::ReversalDecided(decided) => self.reversal(decided),
            Record::HoldDropped(dropped) => {
                let kind = self.kinds.get(&dropped.change.authorization).copied();
                kind.map(|kind| (kind, S::Expiry))
            }
            Record::ResponseAcknowledged(acknowledged) => {
                let kind = self.keys.get(&acknowledged.key).copied();
                kind.map(|kind| (kind, S::Acknowledgement))
            }
            _ => None,
        };
        self.cells.extend(step);
    }

    fn authorization(
        &mut self,
        id: RecordId,
        decided: &AuthorizationDecided,
    ) -> Option<(Kind, Step)> {
        let facts = &decided.facts;
        if decided.reason() == Some(Reason::MatchConflict) {
            let first = self.keys.get(&facts.key)?;
            return Some((*first, S::Conflict));
        }
        let kind = kind_of(facts, decided.answer.partial.is_some())?;
        self.kinds.insert(id, kind);
        self.keys.insert(facts.key, kind);
        let step = match &decided.decision {
            Decision::Declined(Reason::DeclinedByNetwork) => S::AdviceDeclined,
            Decision::Declined(Reason::ReversedBeforeArrival) => S::Overtaking,
            Decision::Declined(_) => S::Decline,
            Decision::Completed(change) => {
                // It counts for what it completes.
                let kind = *self.kinds.get(&change.authorization)?;
                let step = match (change.status_before, change.status) {
                    (AuthorizationStatus::Dropped, _) => S::LateClearing,
                    (AuthorizationStatus::Canceled, _) => S::ClearingAfterReversal,
                    (_, AuthorizationStatus::Pending) => S::ReplacementByAdvice,
                    _ => S::Completion,
                };
                return Some((kind, step));
            }
            Decision::Approved(_) if facts.advice.is_some() => S::AdviceForced,
            Decision::Approved(approval) => match approval.increment_of() {
                Some((_, of)) => return Some((*self.kinds.get(of)?, S::Increment)),
                None if facts.clearing == Clearing::Online => S::SingleMessage,
                None => S::Approval,
            },
        };
        Some((kind, step))
    }

    fn reversal(&self, decided: &ReversalDecided) -> Option<(Kind, Step)> {
        let wrong = decided.divergences.contains(&Divergence::Amount);
        let original = || self.keys.get(&decided.facts.original?).copied();
        let step = match (decided.result, &decided.change) {
            (ReversalResult::UnknownOriginal, _) => {
                let code = decided.facts.fingerprint.processing_code;
                let code = String::from_utf8_lossy(code.get(..2)?).into_owned();
                return Some((of_code(&code)?, S::UnknownOriginal));
            }
            (ReversalResult::Reversed, _) if wrong => S::WrongAmount,
            (ReversalResult::Reversed, Some(change)) => match change.status {
                AuthorizationStatus::Canceled => S::FullReversal,
                _ => S::Replacement,
            },
            (ReversalResult::NoEffect, _) if decided.remaining_minor == 0 => S::DoubleReversal,
            (ReversalResult::Restored, Some(change)) => {
                let kind = *self.kinds.get(&change.authorization)?;
                return Some((kind, S::Restoration));
            }
            _ => return None,
        };
        Some((original()?, step))
    }
}

/// The matrix, and how many of its cells are covered of those that mean something.
pub(crate) fn matrix(covered: &BTreeSet<(Kind, Step)>) -> (String, usize, usize) {
    let mut shown = String::from("kinds and lifecycle: x covered, . means nothing, ? missing\n");
    for (number, step) in (1..).zip(STEPS) {
        let _written = writeln!(shown, "{number:>4} {step:?}");
    }
    let numbers: String = (1..=STEPS.len())
        .map(|number| format!("{number:>3}"))
        .collect();
    let _written = writeln!(shown, "{:20}{numbers}", "");
    let (mut count, mut cells) = (0, 0);
    for kind in KINDS {
        let mut row = format!("{:20}", format!("{kind:?}"));
        for step in STEPS {
            let is_covered = covered.contains(&(kind, step));
            let means_something = not_meaningful(kind, step).is_none();
            row += match (is_covered, means_something) {
                (true, true) => "  x",
                (false, true) => "  ?",
                (_, false) => "  .",
            };
            count += usize::from(is_covered && means_something);
            cells += usize::from(means_something);
        }
        let _written = writeln!(shown, "{row}");
    }
    (shown, count, cells)
}
