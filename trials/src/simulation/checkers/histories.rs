//! The check of answers as a whole: is there an order of requests that explains them all?
//!
//! Owns: what of a world becomes the history of an account. Left out are operations that a naive account
//! does not know (other reasons of decline than its limits) and what refers to them: nothing of it moves
//! anything; and accounts on which anything but requests and reversals happened. Must never: look at records.

use std::collections::BTreeMap;

use codec::AdditionalAmount;

use super::super::accounts::OPENINGS;
use super::super::peers::{Heard, Key, Kind, Purchase, Reversal, Undoing, cash_minor};
use super::super::rulebook::OTHER_DECLINE;
use super::answered::is_plain;
use super::{Checker, Evidence, Violation};
use crate::history::{self, Answer, Decline, History, Limits, MessageId, Operation, Request};

/// Configurations after which the search gives up. The faults of a world leave much open at once: an account
/// whose requests nearly all overlap would take longer than all else together.
const MOST_CONFIGURATIONS: usize = 300;

/// The history of every account is linearizable, as far as the search goes; returns how many were explained.
pub fn history_explained(evidence: &Evidence<'_>) -> Result<u64, Violation> {
    let mut explained = 0;
    for place in (0..OPENINGS.len()).filter(|place| is_plain(evidence, *place)) {
        match history::check_within(&history(evidence, place), MOST_CONFIGURATIONS) {
            Err(violation) if !violation.gave_up => {
                let what = format!("account {}: {violation}", evidence.accounts[place].id);
                return Err(Violation::new(Checker::HistoryExplained, what));
            }
            Ok(()) => explained += 1,
            Err(_gave_up) => {}
        }
    }
    Ok(explained)
}

fn history(evidence: &Evidence<'_>, place: usize) -> History {
    let opening = &OPENINGS[place].limits;
    let mut messages = Messages::default();
    let own = |purchase: &&Purchase| purchase.account == Some(place);
    let mut operations = Vec::new();
    for purchase in evidence.host.purchases.iter().filter(own) {
        let Some(operation) = original(purchase, place, &mut messages) else {
            continue;
        };
        operations.push(operation);
        for reversal in &purchase.reversals {
            operations.extend(undoing(purchase, reversal, &operation, &mut messages));
        }
    }
    let closing = &evidence.accounts[place];
    let limits = |limits: &rules::Limits, ledger_minor| Limits {
        available_minor: limits.available_credit_limit,
        floor_minor: -limits.total_overdraft_limit,
        cash_minor: limits.available_withdrawal_credit,
        ledger_minor,
    };
    History {
        opening: limits(opening, opening.available_credit_limit),
        operations,
        closing: Some(limits(&closing.limits, closing.ledger_balance())),
    }
}

/// A number for every key.
#[derive(Default)]
struct Messages(BTreeMap<Key, u32>);

impl Messages {
    fn id(&mut self, key: Key) -> MessageId {
        let next = self.0.len() as u32;
        MessageId(*self.0.entry(key).or_insert(next))
    }
}

/// An operation of a cardholder; `None` when the naive account does not know what it was answered.
fn original(purchase: &Purchase, place: usize, messages: &mut Messages) -> Option<Operation> {
    let heard = purchase.answer.as_ref();
    let has_cash_limit = OPENINGS[place].limits.withdrawal_credit_limit > 0;
    let request = match purchase.kind {
        Kind::Inquiry => Request::Inquiry,
        kind => Request::Authorization {
            kind: match kind {
                Kind::Cash if has_cash_limit => history::Kind::Cash,
                Kind::Cashback if has_cash_limit => history::Kind::Cashback {
                    cash_minor: cash_minor(purchase.amount_minor),
                },
                Kind::Refund => history::Kind::Refund,
                _ => history::Kind::Purchase,
            },
            amount_minor: purchase.amount_minor,
            cleared: purchase.request.mti() == "0200",
        },
    };
    // Instalments have a limit of their own: what it declines says nothing about the others.
    let own_limit = purchase.kind == Kind::Instalments && has_cash_limit;
    let answer = match heard {
        Some(heard) => {
            let answer = match answer_of(heard) {
                Some(Answer::Declined(Decline::Cashback)) if !has_cash_limit => {
                    Some(Answer::Declined(Decline::InsufficientFunds))
                }
                answer => answer,
            };
            Some(answer.filter(|answer| {
                !own_limit || *answer != Answer::Declined(Decline::InsufficientFunds)
            })?)
        }
        None => None,
    };
    Some(Operation {
        message: messages.id(purchase.request.key()),
        request,
        called: purchase.called,
        returned: answer.map(|answer| (purchase.returned, answer)),
    })
}

fn undoing(
    purchase: &Purchase,
    reversal: &Reversal,
    original: &Operation,
    messages: &mut Messages,
) -> Option<Operation> {
    let answer = answer_of(reversal.answer.as_ref()?)?;
    let claimed_minor = match reversal.undoing {
        Undoing::Mismatched => purchase.amount_minor + 1,
        _ => purchase.amount_minor,
    };
    let replacement_minor = match reversal.undoing {
        Undoing::Part { remaining_minor } => Some(remaining_minor),
        _ => None,
    };
    Some(Operation {
        message: messages.id(reversal.request.key()),
        request: Request::Reversal {
            original: original.message,
            claimed_minor,
            replacement_minor,
            advice: reversal.request.mti() == "0420",
        },
        called: reversal.called,
        returned: Some((reversal.returned, answer)),
    })
}

fn answer_of(heard: &Heard) -> Option<Answer> {
    if let Some(text) = &heard.balances {
        let amounts = AdditionalAmount::parse_all(text).unwrap();
        let amount = |of: &[u8; 2]| {
            let found = amounts
                .iter()
                .find(|amount| amount.amount_type == *of)
                .unwrap();
            let amount_minor = found.amount_minor as i64;
            if found.credit {
                amount_minor
            } else {
                -amount_minor
            }
        };
        return Some(Answer::Balances {
            ledger_minor: amount(b"01"),
            available_minor: amount(b"02"),
        });
    }
    let decline = match heard.code.as_str() {
        "00" => return Some(Answer::Approved),
        "51" | OTHER_DECLINE => Decline::InsufficientFunds,
        "61" => Decline::CashLimit,
        "87" => Decline::Cashback,
        "05" => Decline::ReversedBeforeArrival,
        "25" => Decline::UnknownOriginal,
        "64" => Decline::AmountMismatch,
        _ => return None,
    };
    Some(Answer::Declined(decline))
}
