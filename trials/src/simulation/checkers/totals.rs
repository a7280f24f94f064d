//! The daily totals against what hosts were told.
//!
//! Owns: what a host counts of its operations, by answers, and on which of its days: the one that the answer names. Where
//! nobody was told, the record says it, and where no day had begun, its time. Must never: ask the totals of the switch.

use std::collections::BTreeMap;

use codec::Element;
use ledger::authorization::ReversalResult;
use ledger::identifiers::{BusinessDate, Timestamp};
use ledger::record::Record;

use super::super::peers::{Heard, Kind, Purchase, Request, Scheme, Undoing};
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
        count(evidence, purchase, &mut |(named, time), add| {
            let scheme = purchase.scheme();
            let date = named.unwrap_or_else(|| date(evidence, scheme, time));
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
            !totals.day(scheme.network(), BusinessDate(date)).incomplete
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

/// The day that an answer names, or the record where none was heard, and the time of the record.
type Day = (Option<u16>, Timestamp);

fn day(heard: Option<&Heard>, recorded: Option<BusinessDate>, time: Timestamp) -> Day {
    let named = match heard {
        Some(heard) => heard.date.as_ref().map(|date| date.parse().unwrap()),
        None => recorded.map(|date| date.0),
    };
    (named, time)
}

/// Takes a day, and what is counted on it.
type Add<'a> = &'a mut dyn FnMut(Day, &dyn Fn(&mut Counted));

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
    let recorded = decided.record.decided();
    let recorded = recorded.and_then(|decided| decided.facts.business_date);
    let decided_on = day(purchase.answer.as_ref(), recorded, decided.time);
    if purchase.kind == Kind::Inquiry {
        return add(decided_on, &|day| day.inquiries += 1);
    }
    if purchase.is_authorization() {
        return add(decided_on, &|day| day.authorizations += 1);
    }
    let credit = purchase.kind == Kind::Refund;
    let mut left_minor = purchase.amount_minor;
    add(decided_on, &|day| {
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
            Undoing::Mismatched | Undoing::Again | Undoing::Late => continue,
        };
        let accepted = reversal
            .answer
            .as_ref()
            .is_some_and(|heard| heard.code == "00");
        let reversed = reversed(evidence, &reversal.request);
        let Some((recorded, time)) = reversed.filter(|_| accepted) else {
            continue;
        };
        let undone_minor = left_minor - kept_minor;
        left_minor = kept_minor;
        let reversed_on = day(reversal.answer.as_ref(), recorded, time);
        add(reversed_on, &|day| {
            let sum = match credit {
                true => &mut day.credit_reversals,
                false => &mut day.debit_reversals,
            };
            *sum = (sum.0 + 1, sum.1 + undone_minor);
        });
    }
}

/// On which day and when a reversal undid something.
fn reversed(
    evidence: &Evidence<'_>,
    request: &Request,
) -> Option<(Option<BusinessDate>, Timestamp)> {
    let number = |element| request.text(element)?.parse::<u64>().ok();
    let mut found = evidence.records.iter().filter_map(|one| {
        let Record::ReversalDecided(decided) = &one.record else {
            return None;
        };
        let key = &decided.facts.key;
        let is_it = decided.result == ReversalResult::Reversed
            && key.network == request.scheme().network()
            && Some(u64::from(key.stan)) == number(Element::STAN)
            && Some(key.transmission) == number(Element::TRANSMISSION_DATE_TIME);
        is_it.then_some((decided.facts.business_date, one.time))
    });
    found.next()
}
