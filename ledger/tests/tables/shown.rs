//! How the tables write what was found: answers, records, moves, standings.

use ledger::Record;
use ledger::authorization::{
    AccountMove, Answer, AuthorizationDecided, Decision, Divergence, ReversalDecided,
    TransactionPosted,
};
use ledger::books::rows::{MessageBody, StoredMessage};
use ledger::command::{Decided, Done, EntityError, Outcome};
use ledger::identifiers::{RecordId, Timestamp};
use ledger::operation::OperationError;
use ledger::over_limit::{Crossing, Excursion};
use rules::{Deltas, LimitName};

use crate::clearings;
use crate::line;
use crate::world::Came;

/// How the tables name the limits that move.
pub(crate) const LIMIT_NAMES: [(LimitName, &str); 6] = [
    (LimitName::AvailableCreditLimit, "available"),
    (LimitName::AvailableTotalInstallmentCredit, "instalments"),
    (LimitName::AvailableWithdrawalCredit, "cash"),
    (LimitName::AvailableSavingsAccountLimit, "savings"),
    (LimitName::AdditionalFunds, "additional"),
    (LimitName::HeldFunds, "held"),
];

pub(crate) fn same_answer(first: Decided, again: Decided) -> Result<String, String> {
    if (first.id, first.answer, first.reason) == (again.id, again.answer, again.reason) {
        return Ok("same answer".to_owned());
    }
    Err(format!(
        "a repeat was answered otherwise\n  first: {first:?}\n  again: {again:?}"
    ))
}

/// Verbs whose approvals bear an approval code. An advice may bear the network's.
const WITH_APPROVAL_CODE: [&str; 4] = ["authorize", "financial", "inquire", "repeat"];
const WITHOUT_APPROVAL_CODE: [&str; 3] = ["reverse", "advice", "file-action"];

pub(crate) fn answer(decided: &Decided, verb: &str) -> Result<String, String> {
    let has_code = decided.answer.approval_code.is_some();
    let expected = (WITH_APPROVAL_CODE.contains(&verb) && decided.reason.is_none())
        || (!WITHOUT_APPROVAL_CODE.contains(&verb) && decided.reason.is_none() && has_code);
    if has_code != expected {
        return Err(format!(
            "an approval code is there or missing wrongly: {decided:?}"
        ));
    }
    let mut shown = decided.answer.response_code.to_string();
    if let Some(reason) = decided.reason {
        shown += &format!(" {reason}");
    }
    Ok(shown + &contents(&decided.answer))
}

/// What an answer says beside DE39 and DE38.
fn contents(answer: &Answer) -> String {
    let mut shown = String::new();
    if let Some(balances) = answer.balances {
        let (ledger, available) = (balances.ledger_minor, balances.available_minor);
        shown += &format!(
            " type {} ledger {} available {}",
            balances.account_type.code(),
            line::show(ledger),
            line::show(available)
        );
    }
    if let Some(partial) = answer.partial {
        let (approved, asked) = (partial.approved_minor, partial.asked_minor);
        shown += &format!(" part {} of {}", line::show(approved), line::show(asked));
        if let Some(billed) = partial.billing_minor {
            shown += &format!(" billed {}", line::show(billed));
        }
    }
    if let Some(result) = answer.address_result {
        shown += &format!(" address {}", result.code());
    }
    if let Some(code) = answer.merchant_advice_code {
        shown += &format!(" merchant-advice {}", code.as_str());
    }
    if let Some(status) = answer.card_status {
        shown += &format!(" status {}", serde_name(&status));
    }
    shown
}

/// The name of a value in its stored form.
fn serde_name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        other => format!("{other:?}"),
    }
}

pub(crate) fn entity(came: &Came) -> String {
    let error = match came {
        Came::Of(Outcome::Created, true) => return "created".to_owned(),
        Came::Of(Outcome::Created, false) => return "existed".to_owned(),
        Came::Of(Outcome::Rejected(error), false) => error,
        Came::Of(outcome, recorded) => return format!("{outcome:?}, recorded: {recorded}"),
        Came::Undecided(reason) => return format!("undecided {reason}"),
    };
    let name = match error {
        EntityError::Taken => "taken",
        EntityError::UnknownCustomer => "unknown_customer",
        EntityError::InactiveOwner => "inactive_owner",
        EntityError::UnknownProgram => "unknown_program",
        EntityError::UnknownAccount => "unknown_account",
        EntityError::AcrossGroups => "across_groups",
        EntityError::UnknownStatus => "unknown_status",
        EntityError::LimitOrder => "limit_order",
        EntityError::ProgramLimit => "program_limit",
    };
    format!("rejected {name}")
}

pub(crate) fn operation(came: &Came) -> String {
    match came {
        Came::Of(Outcome::Done(Done { repeat: false, .. }), true) => "done".to_owned(),
        Came::Of(Outcome::Done(Done { repeat: true, .. }), false) => "done again".to_owned(),
        Came::Of(Outcome::Refused(error), false) => format!("refused {}", refusal(error)),
        other => entity(other),
    }
}

/// The name of a refusal; what a control is refused for in words is left out.
pub(crate) fn refusal(error: &OperationError) -> String {
    match error {
        OperationError::InvalidControl(_) => "invalid_control".to_owned(),
        other => serde_name(other),
    }
}

pub(crate) fn deltas(deltas: &Deltas) -> String {
    let shown = |(limit, delta): (LimitName, i64)| {
        let name = LIMIT_NAMES
            .iter()
            .find(|(other, _)| *other == limit)
            .map(|(_, name)| *name);
        let sign = if delta > 0 { "+" } else { "" };
        format!("{} {sign}{}", name.unwrap_or("?"), line::show(delta))
    };
    let moved: Vec<_> = deltas.iter().map(shown).collect();
    if moved.is_empty() {
        "none".to_owned()
    } else {
        moved.join(" ")
    }
}

/// What a record moves: of the account it is listed under, then of others by their numbers.
pub(crate) fn moves(moves: &[AccountMove]) -> String {
    let mut moves = moves.iter();
    let mut shown = match moves.next() {
        Some(own) => deltas(&own.deltas),
        None => "none".to_owned(),
    };
    for other in moves {
        shown += &format!(", account {} {}", other.account, deltas(&other.deltas));
    }
    shown
}

/// A record of something decided.
pub(crate) fn record(record: &Record) -> Result<String, String> {
    match record {
        Record::AuthorizationDecided(decided) => Ok(authorization(decided)),
        Record::ReversalDecided(decided) => Ok(reversal(decided)),
        Record::HoldDropped(dropped) => Ok(format!("dropped moves {}", moves(&dropped.moves))),
        Record::OperationDone(done) => Ok(format!("moves {}", moves(&done.moves))),
        Record::ClearingDecided(decided) => Ok(clearings::record(decided)),
        _ => Err("the record is not one that the tables show".to_owned()),
    }
}

fn authorization(decided: &AuthorizationDecided) -> String {
    match &decided.decision {
        Decision::Approved(approval) => {
            let kind = match approval.increment_of() {
                Some(_) => "raised by",
                None => "approved",
            };
            let amount = line::show(approval.amount_minor);
            format!("{kind} {amount} moves {}", moves(&decided.moves))
        }
        Decision::Declined(reason) => format!("declined {reason}"),
        Decision::Completed(change) => {
            let status = change.status.as_str();
            format!("made it {status} moves {}", moves(&decided.moves))
        }
    }
}

fn reversal(decided: &ReversalDecided) -> String {
    let remaining = line::show(decided.remaining_minor);
    let divergent = if decided.divergences.is_empty() {
        ""
    } else {
        " divergent"
    };
    format!(
        "{} remaining {remaining} moves {}{divergent}",
        decided.result.as_str(),
        moves(&decided.moves)
    )
}

pub(crate) fn divergences(record: &Record) -> Result<String, String> {
    let divergences = match record {
        Record::AuthorizationDecided(decided) => &decided.divergences,
        Record::ReversalDecided(decided) => &decided.divergences,
        Record::ClearingDecided(decided) => &decided.divergences,
        _ => return Err("the record has no divergences".to_owned()),
    };
    let shown = |divergence: &Divergence| match divergence {
        Divergence::OwnDecision(reason) => format!("own_decision {reason}"),
        other => other.as_str().to_owned(),
    };
    let shown: Vec<_> = divergences.iter().map(shown).collect();
    Ok(if shown.is_empty() {
        "none".to_owned()
    } else {
        shown.join(", ")
    })
}

/// Where a message stands in the books.
pub(crate) fn stored(verb: &str, message: &StoredMessage) -> Result<String, String> {
    let instant = |time: Timestamp| {
        let instant = jiff::Timestamp::from_microsecond(time.0);
        instant.map_or_else(|error| error.to_string(), |instant| instant.to_string())
    };
    if verb == "acknowledged" {
        let MessageBody::Authorization { acknowledged, .. } = &message.body else {
            return Err("it is not a request".to_owned());
        };
        return Ok(acknowledged.map_or_else(|| "no".to_owned(), instant));
    }
    if verb == "presented" {
        return Ok(line::show(message.presented.in_force_minor));
    }
    let Some(standing) = message.standing() else {
        return Ok(match &message.body {
            MessageBody::Authorization { decided, .. } => match &decided.decision {
                Decision::Declined(reason) => format!("DECLINED {reason}"),
                Decision::Approved(approval) if approval.increment_of().is_some() => {
                    "increment".to_owned()
                }
                Decision::Approved(_) => "nothing held".to_owned(),
                Decision::Completed(_) => "completion".to_owned(),
            },
            MessageBody::Reversal { decided, restored } => {
                let restored = if *restored { ", taken back" } else { "" };
                format!("{}{restored}", decided.result.as_str())
            }
            MessageBody::Clearing {
                decided, settled, ..
            } => {
                let settled = settled.map_or("", |_| ", settled");
                format!("{}{settled}", decided.result.as_str())
            }
            _ => "nothing held".to_owned(),
        });
    };
    if verb == "due" {
        return Ok(standing.expires.map_or_else(|| "never".to_owned(), instant));
    }
    let remaining = line::show(standing.remaining_of_amount_minor());
    Ok(format!(
        "{} remaining {remaining}",
        standing.status.as_str()
    ))
}

/// What a record caused to be posted.
fn caused(
    records: &[(RecordId, Record)],
    id: RecordId,
) -> impl Iterator<Item = &TransactionPosted> {
    records.iter().filter_map(move |(_, record)| match record {
        Record::TransactionPosted(posted) => {
            (posted.reversal.unwrap_or(posted.authorization) == id).then_some(posted)
        }
        _ => None,
    })
}

/// The transactions that a message posted: type, direction, amount.
pub(crate) fn transactions(records: &[(RecordId, Record)], id: RecordId) -> String {
    listed(caused(records, id).map(transaction).collect())
}

fn transaction(posted: &TransactionPosted) -> String {
    let direction = if posted.posting.credit {
        "credit"
    } else {
        "debit"
    };
    let amount = line::show(posted.posting.amount_minor);
    format!(
        "{} {direction} {amount}",
        posted.posting.transaction_type_id
    )
}

/// The transactions that a message posted: which amount each is, and how much.
pub(crate) fn amounts(records: &[(RecordId, Record)], id: RecordId) -> String {
    let amount = |posted: &TransactionPosted| {
        let posting = &posted.posting;
        let key = posting.key.map_or("-", |key| key.as_str());
        let custom = posting.custom_key().map(|key| format!(" {key}"));
        let place = posting.installment();
        let place = place.map(|place| match place.due {
            Some(due) => format!(" {} of {} due {due}", place.number, place.of),
            None => format!(" {} of {}", place.number, place.of),
        });
        let detail = custom.or(place).unwrap_or_default();
        format!("{key}{detail} {}", line::show(posting.amount_minor))
    };
    listed(caused(records, id).map(amount).collect())
}

/// Excursions over the limit, the oldest first: the records of beginning and end, and how far each went.
pub(crate) fn excursions(records: &[(RecordId, Record)], excursions: &[Excursion]) -> String {
    let by = |crossing: &Crossing| {
        let record = records.iter().find(|(id, _)| *id == crossing.record);
        match record.map(|(_, record)| record) {
            Some(Record::AuthorizationDecided(decided)) => {
                format!("stan {}", decided.facts.key.stan)
            }
            Some(Record::ReversalDecided(decided)) => format!("stan {}", decided.facts.key.stan),
            Some(Record::OperationDone(done)) => {
                format!("id {}", done.request.tracking_id.as_str())
            }
            Some(Record::HoldDropped(_)) => "expiry".to_owned(),
            other => format!("{other:?}"),
        }
    };
    let whole = |excursion: &Excursion| {
        let entered = excursion.entered.as_ref().map_or_else(
            || "from before".to_owned(),
            |entered| {
                let (used, allowance) = (entered.used_minor, entered.allowance_minor);
                let (used, allowance) = (line::show(used), line::show(allowance));
                format!("by {} used {used} of {allowance}", by(entered))
            },
        );
        let most = line::show(excursion.most_used_minor);
        let left = excursion.left.as_ref().map_or_else(
            || "lasts".to_owned(),
            |left| {
                format!(
                    "left by {} at {}",
                    by(left),
                    line::show(left.available_minor)
                )
            },
        );
        format!("{entered} most {most} {left}")
    };
    listed(excursions.iter().map(whole).collect())
}

/// The same with account and processing code.
pub(crate) fn posted(records: &[(RecordId, Record)], id: RecordId) -> String {
    let whole = |posted: &TransactionPosted| {
        let (code, account) = (posted.processing_code, posted.account);
        format!("account {account} code {code} {}", transaction(posted))
    };
    listed(caused(records, id).map(whole).collect())
}

fn listed(posted: Vec<String>) -> String {
    if posted.is_empty() {
        "none".to_owned()
    } else {
        posted.join(", ")
    }
}
