//! The check of file actions: how a card stands after each of them, and what it may do then.
//!
//! Owns: a card as a register of its own, set by what hosts asked for, in the order of the journal; and that this order
//! is one that hosts could have seen. Must never: look at the status that a record says.

use ledger::authorization::AuthorizationDecided;
use ledger::identifiers::{CardHash, RecordId};
use ledger::record::Record;
use rules::Reason;

use super::super::accounts::FILED;
use super::super::peers::{Doing, FileAction, Heard, Purchase};
use super::money::is_named;
use super::{Checker, Evidence, Verdict, Violation};

/// What was asked of a card and answered, at its place in the journal.
struct Seen<'a> {
    id: RecordId,
    called: u64,
    returned: u64,
    told: &'a str,
    decided: String,
}

/// Every file action is carried out once; it is answered as the card stood; the card's authorizations are answered by its
/// status from then on, and whoever had an answer asks on behind it.
pub fn file_actions_hold(evidence: &Evidence<'_>) -> Verdict {
    for (place, (pan, _)) in FILED.iter().enumerate() {
        let held = card_holds(evidence, place, evidence.node.hash(pan));
        held.map_err(|what| {
            let what = format!("card {place}: {what}");
            Violation::new(Checker::FileActionsHold, what)
        })?;
    }
    Ok(())
}

fn card_holds(evidence: &Evidence<'_>, place: usize, hash: CardHash) -> Result<(), String> {
    let mut status = "NORMAL";
    let mut seen: Vec<Seen<'_>> = Vec::new();
    for recorded in evidence.records {
        let id = recorded.id;
        match &recorded.record {
            Record::FileActionDecided(decided) if decided.facts.key.card == hash => {
                let action = asked(evidence, place, |action| {
                    is_named(&decided.facts.key, &action.request)
                });
                let Some(action) = action else {
                    return Err(format!("{id} is of nothing that was asked for"));
                };
                let (next, code) = after(status, action.doing);
                status = next;
                let decided = decided.answer.response_code.as_str();
                if decided != code {
                    return Err(format!("{id}: {action:?} is {decided} where {code} is due"));
                }
                let shown = action
                    .answer
                    .as_ref()
                    .and_then(|a| a.file_record.as_deref());
                if action.doing == Doing::Inquire && shown.is_some_and(|shown| shown != status) {
                    return Err(format!("{action:?} where the card is {status}"));
                }
                if seen.iter().any(|other| other.called == action.called) {
                    return Err(format!("{id}: {action:?} was carried out before"));
                }
                let answer = (action.called, action.returned, action.answer.as_ref());
                seen.extend(Seen::of(id, answer, decided));
            }
            Record::AuthorizationDecided(decided) if decided.facts.key.card == hash => {
                fits(status, decided).map_err(|what| format!("{id} {what} at {status}"))?;
                let purchase = evidence.host.purchases.iter();
                let mut purchase =
                    purchase.filter(|purchase| is_named(&decided.facts.key, &purchase.request));
                let first = |purchase: &&Purchase| {
                    let known = |other: &Seen<'_>| other.called == purchase.called;
                    !purchase.repeated_late && !seen.iter().any(known)
                };
                let purchase = purchase.find(first);
                let answer = purchase.map(|p| (p.called, p.returned, p.answer.as_ref()));
                let code = decided.answer.response_code.as_str();
                seen.extend(answer.and_then(|answer| Seen::of(id, answer, code)));
            }
            _ => {}
        }
    }
    for action in &evidence.host.file_actions {
        let there = seen.iter().any(|seen| seen.called == action.called);
        if action.card == place && action.answer.is_some() && !there {
            return Err(format!("{action:?} is not there"));
        }
    }
    in_order(&seen)?;
    let card = evidence.node.view_writer.views().card(&hash).unwrap();
    let kept = card.map(|card| serde_json::to_value(card.facts.status).unwrap());
    if kept != Some(status.into()) {
        return Err(format!(
            "{status} by its file actions, the books say {kept:?}"
        ));
    }
    Ok(())
}

impl<'a> Seen<'a> {
    /// What somebody was told.
    fn of(
        id: RecordId,
        (called, returned, told): (u64, u64, Option<&'a Heard>),
        decided: &str,
    ) -> Option<Self> {
        Some(Self {
            id,
            called,
            returned,
            told: &told?.code,
            decided: decided.to_owned(),
        })
    }
}

fn asked<'a>(
    evidence: &'a Evidence<'_>,
    place: usize,
    named: impl Fn(&FileAction) -> bool,
) -> Option<&'a FileAction> {
    let mut actions = evidence.host.file_actions.iter();
    actions.find(|action| action.card == place && named(action))
}

/// The status after a file action, and DE39 of its answer. A lost card stays lost.
fn after(status: &'static str, doing: Doing) -> (&'static str, &'static str) {
    let next = match doing {
        Doing::Inquire => return (status, "00"),
        Doing::Set(next) => next,
        Doing::Delete => "NORMAL",
    };
    match status == "LOST" && next != "LOST" {
        true => (status, "29"),
        false => (next, "00"),
    }
}

/// Whether an authorization is answered as a card of this status is; some reasons come before it.
fn fits(status: &str, decided: &AuthorizationDecided) -> Result<(), String> {
    let before = [Reason::MatchConflict, Reason::ReversedBeforeArrival];
    if decided
        .reason()
        .is_some_and(|reason| before.contains(&reason))
    {
        return Ok(());
    }
    let code = decided.answer.response_code.as_str();
    let fits = match status {
        "BLOCKED" => code == "62",
        "LOST" => code == "41",
        _ => !["41", "62"].contains(&code),
    };
    match fits {
        true => Ok(()),
        false => Err(format!("is answered {code}")),
    }
}

/// What was asked when something had been answered stands behind it, and what was told is what was decided.
fn in_order(seen: &[Seen<'_>]) -> Result<(), String> {
    let mut latest = 0;
    for one in seen {
        if one.told != one.decided {
            return Err(format!("{}: {} was told", one.id, one.told));
        }
        if one.returned < latest {
            return Err(format!("{} stands behind what was asked after it", one.id));
        }
        latest = latest.max(one.called);
    }
    Ok(())
}
