//! What a ledger says to a command, in a form in which two ledgers can be compared.

use ledger::Record;
use ledger::authorization::{AddressResult, Divergence};
use ledger::command::{Decided, Outcome};
use ledger::entities::CardStatus;
use ledger::operation::OperationError;
use rules::{AccountType, ClearingAction, ClearingReason, Reason};

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Answer(Answer),
    Acknowledged(bool),
    Dropped(bool),
    Done {
        again: bool,
    },
    Cleared {
        verdict: ClearingAction,
        reasons: Vec<ClearingReason>,
        /// What was recorded not to agree; nothing for a repeat.
        divergences: Vec<Divergence>,
        again: bool,
    },
    OtherClearing,
    Refused(OperationError),
}

/// An answer to a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// DE39.
    pub(crate) code: String,
    pub(crate) reason: Option<Reason>,
    /// Whether there is a DE38.
    pub(crate) approved: bool,
    /// DE54: the type of the account, ledger and available balance.
    pub(crate) balances: Option<(AccountType, i64, i64)>,
    /// What was approved of how much; what of DE6.
    pub(crate) part: Option<(i64, i64, Option<i64>)>,
    pub(crate) address: Option<AddressResult>,
    pub(crate) card: Option<CardStatus>,
    /// What was recorded not to agree; nothing for a repeat.
    pub(crate) divergences: Vec<Divergence>,
    pub(crate) again: bool,
}

impl Said {
    /// What the ledger said, with the record it said it by.
    pub(crate) fn by_the_ledger(outcome: &Outcome, record: Option<&Record>) -> Self {
        match outcome {
            Outcome::Decided(decided) => Self::Answer(answer(decided, record)),
            Outcome::Acknowledged(known) => Self::Acknowledged(*known),
            Outcome::Dropped(dropped) => Self::Dropped(*dropped),
            Outcome::Done(done) => Self::Done { again: done.repeat },
            Outcome::Refused(error) => Self::Refused(error.clone()),
            Outcome::Cleared(cleared) => Self::Cleared {
                verdict: cleared.verdict,
                reasons: cleared.reasons.clone(),
                divergences: match record {
                    Some(Record::ClearingDecided(decided)) => decided.divergences.clone(),
                    _ => Vec::new(),
                },
                again: cleared.repeat,
            },
            Outcome::OtherClearing => Self::OtherClearing,
            Outcome::Created | Outcome::Rejected(_) => panic!("no entity was asked for"),
            Outcome::Purged(_) => panic!("nothing is purged"),
        }
    }

    /// The answer to a repeat of a message that was answered so.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Answer(answer) => Self::Answer(Answer {
                again: true,
                divergences: Vec::new(),
                ..answer.clone()
            }),
            Self::Done { .. } => Self::Done { again: true },
            Self::Cleared {
                verdict, reasons, ..
            } => Self::Cleared {
                verdict: *verdict,
                reasons: reasons.clone(),
                divergences: Vec::new(),
                again: true,
            },
            other => other.clone(),
        }
    }
}

fn answer(decided: &Decided, record: Option<&Record>) -> Answer {
    let said = decided.answer;
    let divergences = match record {
        Some(Record::AuthorizationDecided(decided)) => decided.divergences.clone(),
        Some(Record::ReversalDecided(decided)) => decided.divergences.clone(),
        _ => Vec::new(),
    };
    let balances = |balances: ledger::authorization::Balances| {
        (
            balances.account_type,
            balances.ledger_minor,
            balances.available_minor,
        )
    };
    let part = |part: ledger::authorization::PartialAmount| {
        (part.approved_minor, part.asked_minor, part.billing_minor)
    };
    Answer {
        code: said.response_code.to_string(),
        reason: decided.reason,
        approved: said.approval_code.is_some(),
        balances: said.balances.map(balances),
        part: said.partial.map(part),
        address: said.address_result,
        card: said.card_status,
        divergences,
        again: decided.repeat,
    }
}
