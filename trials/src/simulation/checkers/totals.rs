//! The daily totals against what hosts were told.
//!
//! Owns: what a host counts of its operations, by answers, and on which of its days: by the time of the record, since an
//! answer may come when another day has begun. Must never: ask the totals of the switch.

use std::collections::BTreeMap;

use codec::Element;
use ledger::authorization::ReversalResult;
use ledger::identifiers::Timestamp;
use ledger::record::Record;

use super::super::peers::{Kind, Purchase, Request, Scheme, Undoing};
use super::Evidence;
use super::money::lives_of;

/// Days that the switch keeps for certain, beside the one under way.
const DAYS: usize = 15;

/// What a host has counted of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    authorizations: i64,
    inquiries: i64,
    credits: (i64, i64),
    credit_reversals: (i64, i64),
    debits: (i64, i64),
    debit_reversals: (i64, i64),
}

impl Counted {
    /// The elements of a claim.
    pub fn claim(&self) -> Vec<(Element, String)> {
        let net = self.credits.1 - self.credit_reversals.1 - self.debits.1 + self.debit_reversals.1;
        let sign = if net < 0 { 'D' } else { 'C' };
        let texts = [
            (74, format!("{:010}", self.credits.0)),
            (75, format!("{:010}", self.credit_reversals.0)),
            (76, format!("{:010}", self.debits.0)),
            (77, format!("{:010}", self.debit_reversals.0)),
            (78, format!("{:010}", 0)),
            (80, format!("{:010}", self.inquiries)),
            (81, format!("{:010}", self.authorizations)),
            (86, format!("{:016}", self.credits.1)),
            (87, format!("{:016}", self.credit_reversals.1)),
            (88, format!("{:016}", self.debits.1)),
            (89, format!("{:016}", self.debit_reversals.1)),
            (97, format!("{sign}{:016}", net.abs())),
        ];
        let elements = texts.into_iter();
        elements
            .map(|(number, text)| (Element::new(number).unwrap(), text))
            .collect()
    }
}

/// What hosts have counted, by network and day. Nothing where operations were changed by others than their hosts, or
/// where the switch says itself that it has not counted everything.
pub fn counted(evidence: &Evidence<'_>) -> Vec<(Scheme, u16, Counted)> {
    let purchases = &evidence.host.purchases;
    let by_hosts_alone = |purchase: &Purchase| purchase.is_plain();
    if !evidence.office.works.is_empty() || !purchases.iter().all(by_hosts_alone) {
        return Vec::new();
    }
    let mut days: BTreeMap<Scheme, Vec<(Timestamp, u16, Counted)>> = BTreeMap::new();
    for purchase in purchases {
        count(evidence, purchase, &mut |time, add| {
            let scheme = purchase.scheme();
            let date = date(evidence, scheme, time);
            let days = days.entry(scheme).or_default();
            let place = days.iter().position(|(_, known, _)| *known == date);
            let place = place.unwrap_or_else(|| {
                days.push((time, date, Counted::default()));
                days.len() - 1
            });
            days[place].0 = days[place].0.max(time);
            add(&mut days[place].2);
        });
    }
    let mut counted = Vec::new();
    for (scheme, mut days) in days {
        days.sort_by_key(|(time, _, _)| *time);
        let whole = |date: u16| {
            let totals = evidence.node.totals();
            !totals.day(scheme.network(), date).incomplete
        };
        let kept = days.into_iter().rev().take(DAYS);
        let kept = kept.filter(|(_, date, _)| whole(*date));
        counted.extend(kept.map(|(_, date, counted)| (scheme, date, counted)));
    }
    counted
}

/// MMDD: the day that a network had begun, else that of the calendar.
fn date(evidence: &Evidence<'_>, scheme: Scheme, time: Timestamp) -> u16 {
    let begun = evidence.said[&scheme].date_at(time);
    let calendar = || time.transmission_date_time().unwrap() / 1_000_000;
    begun.unwrap_or_else(|| u16::try_from(calendar()).unwrap())
}

/// Takes a time, and what is counted then.
type Add<'a> = &'a mut dyn FnMut(Timestamp, &dyn Fn(&mut Counted));

fn count(evidence: &Evidence<'_>, purchase: &Purchase, add: Add<'_>) {
    let lives = lives_of(evidence, &purchase.request);
    let told = purchase.answer.as_ref().map(|heard| heard.code == "00");
    // What was reversed before its answer came may have been approved; nobody was told.
    let approved = told.unwrap_or(!lives.is_empty());
    let Some(life) = lives.first().filter(|_| approved) else {
        return;
    };
    let decided = evidence.records.iter().find(|one| one.id == life.id);
    let Some(decided) = decided else { return };
    if purchase.kind == Kind::Inquiry {
        return add(decided.time, &|day| day.inquiries += 1);
    }
    if purchase.is_authorization() {
        return add(decided.time, &|day| day.authorizations += 1);
    }
    let credit = purchase.kind == Kind::Refund;
    let mut left_minor = purchase.amount_minor;
    add(decided.time, &|day| {
        let sum = if credit {
            &mut day.credits
        } else {
            &mut day.debits
        };
        *sum = (sum.0 + 1, sum.1 + left_minor);
    });
    for reversal in &purchase.reversals {
        let kept_minor = match reversal.undoing {
            Undoing::All => 0,
            Undoing::Part { remaining_minor } => remaining_minor,
            Undoing::Mismatched | Undoing::Again => continue,
        };
        let accepted = reversal
            .answer
            .as_ref()
            .is_some_and(|heard| heard.code == "00");
        let Some(time) = reversed(evidence, &reversal.request).filter(|_| accepted) else {
            continue;
        };
        let undone_minor = left_minor - kept_minor;
        left_minor = kept_minor;
        add(time, &|day| {
            let sum = match credit {
                true => &mut day.credit_reversals,
                false => &mut day.debit_reversals,
            };
            *sum = (sum.0 + 1, sum.1 + undone_minor);
        });
    }
}

/// When a reversal undid something.
fn reversed(evidence: &Evidence<'_>, request: &Request) -> Option<Timestamp> {
    let number = |element| request.text(element)?.parse::<u64>().ok();
    let of_request = |record: &Record| match record {
        Record::ReversalDecided(decided) => {
            let key = &decided.facts.key;
            decided.result == ReversalResult::Reversed
                && key.network == request.scheme().network()
                && Some(u64::from(key.stan)) == number(Element::STAN)
                && Some(key.transmission) == number(Element::TRANSMISSION_DATE_TIME)
        }
        _ => false,
    };
    let found = evidence.records.iter().find(|one| of_request(&one.record));
    found.map(|one| one.time)
}
