//! Checks of single answers, made when they arrive.
//!
//! Owns: what an answer must have in common with its request and with earlier answers, and which codes may
//! come at all. Must never: know what the switch holds.

use codec::{Element, Message};
use ledger::command::Outcome;

use super::super::accounts::OPENINGS;
use super::super::marks::Mark;
use super::super::office::What;
use super::super::peers::{
    Follow, FollowKind, Heard, Kind, Probe, Purchase, Request, Reversal, Scheme, Standing, Undoing,
};
use super::super::rulebook::{CONTROLLED_PROGRAM, OTHER_DECLINE};
use super::{Checker, Verdict, Violation};

/// Elements that every response of a network copies (config/networks), of those that requests of this world have.
fn echoed(scheme: Scheme) -> &'static [u8] {
    match scheme {
        Scheme::Generic => &[2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49],
        Scheme::Visa => &[2, 3, 4, 7, 11, 12, 13, 25, 32, 33, 37, 41, 42, 49, 62, 63],
        Scheme::Mastercard => &[2, 3, 4, 7, 11, 32, 33, 37, 41, 42, 49, 62, 63],
        Scheme::Elo => &[2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 63],
    }
}
/// Elements that no response may return.
const SECRET: [u8; 5] = [14, 35, 45, 52, 55];

/// A response is of the request's class and step, and echoes it.
pub fn response_matches_request(request: &Request, answer: &Message) -> Verdict {
    let wrong = |what: String| Err(Violation::new(Checker::ResponseMatchesRequest, what));
    let mut expected = request.mti().as_bytes().to_vec();
    expected[2] += 1;
    if answer.mti().digits() != expected.as_slice() {
        return wrong(format!("{} was answered {}", request.mti(), answer.mti()));
    }
    let extra: &[u8] = match request.mti().as_bytes()[1] {
        b'4' => &[90],
        b'8' => &[70],
        _ => &[],
    };
    for number in echoed(request.scheme()).iter().chain(extra) {
        let element = Element::new(*number).unwrap();
        if request.text(element) != answer.text(element) {
            return wrong(format!("{} with another DE{number}", request.mti()));
        }
    }
    for number in SECRET {
        if answer.has(Element::new(number).unwrap()) {
            return wrong(format!("{} returns DE{number}", answer.mti()));
        }
    }
    Ok(())
}

/// A repeat gets the stored answer.
pub fn dedup_same_answer(request: &Request, earlier: &Heard, heard: &Heard) -> Verdict {
    if earlier == heard {
        return Ok(());
    }
    Err(Violation::new(
        Checker::DedupSameAnswer,
        format!("{request:?} was answered {earlier:?}, then {heard:?}"),
    ))
}

/// A work of the issuer that is asked for again has the same outcome; a refusal leaves no trace, so that what is refused
/// may be carried out later.
pub fn same_outcome(what: What, earlier: &Outcome, heard: &Outcome) -> Verdict {
    let same = match (earlier, heard) {
        (Outcome::Done(one), Outcome::Done(other)) => one.id == other.id,
        (Outcome::Cleared(one), Outcome::Cleared(other)) => {
            (one.id, one.verdict, &one.reasons) == (other.id, other.verdict, &other.reasons)
        }
        (Outcome::Refused(_), Outcome::Refused(_) | Outcome::Done(_)) => true,
        _ => false,
    };
    if same {
        return Ok(());
    }
    Err(Violation::new(
        Checker::DedupSameAnswer,
        format!("{what:?} became {earlier:?}, then {heard:?}"),
    ))
}

/// The first answer to an operation is one that the operation can get.
pub fn answer_fits(purchase: &Purchase, heard: &Heard) -> Verdict {
    let reversed_first = purchase
        .reversals
        .iter()
        .any(|reversal| matches!(reversal.undoing, Undoing::All | Undoing::Late));
    let code = heard.code.as_str();
    let fits = match purchase.kind {
        Kind::BlockedCard => code == "62",
        Kind::UnknownCard => code == "14",
        Kind::Special => ["00", "57", "51", OTHER_DECLINE].contains(&code),
        Kind::Refund | Kind::Inquiry | Kind::StandIn => code == "00",
        // How the card stands, file actions say.
        Kind::FiledCard => ["00", "41", "51", "62", OTHER_DECLINE].contains(&code),
        Kind::Cashback => ["00", "51", "87", OTHER_DECLINE].contains(&code),
        Kind::Cash => ["00", "51", "61", OTHER_DECLINE].contains(&code),
        _ => ["00", "51", OTHER_DECLINE].contains(&code),
    };
    // Only accounts of the credit program have controls that deny.
    let denied = code == "57" && purchase.account.is_some_and(is_controlled);
    let complete = (code == "00") == heard.approval.is_some()
        && (code == "00" && purchase.kind == Kind::Inquiry) == heard.balances.is_some();
    if (fits || denied || (reversed_first && code == "05")) && complete {
        return Ok(());
    }
    Err(Violation::new(
        Checker::ResponseMatchesRequest,
        format!("{:?} was answered {heard:?}", purchase.kind),
    ))
}

fn is_controlled(place: usize) -> bool {
    OPENINGS[place].program == CONTROLLED_PROGRAM
}

/// The first answer to an increment or a completion is one that it can get: what the network approved is taken.
pub fn follow_answer_fits(follow: &Follow, heard: &Heard) -> Verdict {
    let fits: &[&str] = match follow.kind {
        FollowKind::Completion => &["00"],
        FollowKind::Increment => &["00", "51", "57", "61", OTHER_DECLINE],
    };
    if fits.contains(&heard.code.as_str()) {
        return Ok(());
    }
    Err(Violation::new(
        Checker::ResponseMatchesRequest,
        format!("{:?} was answered {heard:?}", follow.kind),
    ))
}

/// An age at which a hold may have been let go: somewhat less than the ten days, for clocks that were set.
const OLD_US: i64 = 9 * 86_400_000_000;

/// The first answer to a reversal is one that it can get.
pub fn reversal_answer_fits(
    reversal: &Reversal,
    before: Standing,
    age_us: i64,
    heard: &Heard,
) -> Verdict {
    let request = reversal.request.mti() == "0400";
    let code = heard.code.as_str();
    let overtook = before == Standing::Asked || before == Standing::Declined;
    let fits = match reversal.undoing {
        // A request that overtakes its original is refused, and remembered.
        Undoing::All => code == "00" || (request && overtook && code == "25"),
        Undoing::Part { .. } | Undoing::Again => code == "00",
        // What has left the books is not known; whether it had, records say.
        Undoing::Late => code == "00" || (request && code == "25"),
        // Of what may have been let go meanwhile, nothing is left to compare.
        Undoing::Mismatched => code == "64" || (code == "00" && age_us > OLD_US),
    };
    if fits {
        return Ok(());
    }
    // An approval that its reversal does not find is an approval that was lost.
    let checker = match (before, code) {
        (Standing::Approved { .. }, "25") => Checker::NoLostAck,
        _ => Checker::ResponseMatchesRequest,
    };
    Err(Violation::new(
        checker,
        format!("{:?} of {before:?} was answered {code}", reversal.undoing),
    ))
}

/// Totals that a host has counted are in balance.
pub fn totals_are_in_balance(probe: &Probe, answer: &Message) -> Verdict {
    let said = answer.text(Element::new(66).unwrap());
    if probe.balance.is_none() || said == probe.balance {
        return Ok(());
    }
    let kept = (74..=97).filter_map(|number| {
        let element = Element::new(number)?;
        Some((number, answer.text(element)?))
    });
    let kept: Vec<_> = kept.collect();
    let asked = &probe.request;
    Err(Violation::new(
        Checker::TotalsEqualAnswers,
        format!("{asked:?} was answered {said:?}: {kept:?}"),
    ))
}

/// A message that must be refused is, with its code.
pub fn probe_is_refused(probe: &Probe, heard: &Heard) -> Verdict {
    // A day of which something was not counted is not compared.
    let incomplete = probe.reached == Mark::TotalsAnswered && heard.code == "95";
    if heard.is_refusal() || heard.code == probe.code || incomplete {
        return Ok(());
    }
    let checker = match heard.code.as_str() {
        "00" if probe.reached == Mark::KeysRefused => Checker::KeysNeverTaken,
        "00" => Checker::NoDoubleDebit,
        _ => Checker::ResponseMatchesRequest,
    };
    let (asked, code) = (&probe.request, &heard.code);
    Err(Violation::new(
        checker,
        format!("{asked:?} was answered {code}, not {}", probe.code),
    ))
}
