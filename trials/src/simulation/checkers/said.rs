//! Checks of what networks say for all of their links: sign-ons of the group and business days.
//!
//! Owns: the order in which the connections of a network said it, read from their bytes. Both outlive the process. Must
//! never: look into the switch.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Dialect, Element, Message, MtiClass};
use ledger::identifiers::Timestamp;

use super::super::peers::{Key, Scheme};
use super::super::wire::{Instant, Wire};
use super::wires::{Frame, frames, is_own_request, wants_answer};
use super::{Checker, Verdict, Violation};

/// What a network has said on all of its connections.
pub struct Said<'a> {
    scheme: Scheme,
    dialect: &'a Dialect,
    wires: Vec<&'a Wire>,
    /// Signed on as a group, or off.
    group: Vec<(Place, bool)>,
    /// MMDD as a number.
    days: Vec<(Place, u16)>,
}

/// Where in the order of the world a message was taken: what was read at once is in the order of its bytes.
type Place = (Instant, usize);

impl<'a> Said<'a> {
    /// Reads the connections of a network.
    pub fn read(scheme: Scheme, wires: Vec<&'a Wire>, dialect: &'a Dialect) -> Self {
        let (mut group, mut days) = (Vec::new(), Vec::new());
        for wire in &wires {
            for frame in frames(&wire.taken, scheme, dialect) {
                let Some(message) = taken(&frame, dialect) else {
                    continue;
                };
                let place = (frame.when, frame.end);
                match message.text(Element::NETWORK_MANAGEMENT_CODE) {
                    Some("061") => group.push((place, true)),
                    Some("062") => group.push((place, false)),
                    Some("201") => {
                        let date = message.text(Element::SETTLEMENT_DATE);
                        days.extend(date.map(|date| (place, date.parse().unwrap())));
                    }
                    _ => {}
                }
            }
        }
        group.sort();
        days.sort();
        // A day begins once: what names it again is a repeat.
        let mut begun = BTreeSet::new();
        days.retain(|(_, date)| begun.insert(*date));
        Self {
            scheme,
            dialect,
            wires,
            group,
            days,
        }
    }

    /// Checks every connection.
    pub fn check(&self) -> Verdict {
        let asked = self.asked();
        for wire in &self.wires {
            self.business_date_in_answers(wire, &asked)?;
            if self.scheme.requires_sign_on() {
                self.nothing_before_sign_on(wire)?;
                self.group_sign_on_stands(wire)?;
            }
        }
        Ok(())
    }

    /// The business day, MMDD, that a time belongs to; `None` before the first that was begun by then.
    pub fn date_at(&self, time: Timestamp) -> Option<u16> {
        let mut days = self.days.iter().rev();
        let begun = days.find(|((began, _), _)| began.clock <= time);
        begun.map(|(_, date)| *date)
    }

    /// Whether all links were signed on when a message was taken.
    fn is_group_signed_on(&self, place: Place) -> bool {
        let before = self.group.partition_point(|(other, _)| *other < place);
        before > 0 && self.group[before - 1].1
    }

    /// Where a sign-on is required, nothing that came before one, or after a sign-off, got an answer but its refusal.
    fn nothing_before_sign_on(&self, wire: &Wire) -> Verdict {
        let mut decidable: BTreeMap<Key, i64> = BTreeMap::new();
        let mut signed_on = false;
        for frame in frames(&wire.taken, self.scheme, self.dialect) {
            let message = self.dialect.decode(frame.message.clone());
            let Some(message) = message.ok().filter(|_| !frame.is_given_back) else {
                continue;
            };
            let class = message.mti().class();
            match (class, message.text(Element::NETWORK_MANAGEMENT_CODE)) {
                // Either side may sign on; an answer to the switch's own counts unless it refuses.
                (MtiClass::NetworkManagement, Some("001")) => {
                    let code = message.text(Element::RESPONSE_CODE);
                    signed_on |= wants_answer(&message) || code == Some("00");
                }
                (MtiClass::NetworkManagement, Some("002")) => signed_on &= !wants_answer(&message),
                (MtiClass::NetworkManagement, _) => {}
                _ => {
                    let open = signed_on || self.is_group_signed_on((frame.when, frame.end));
                    if open && wants_answer(&message) {
                        *decidable.entry(Key::of(self.scheme, &message)).or_default() += 1;
                    }
                }
            }
        }
        for frame in frames(&wire.given, self.scheme, self.dialect) {
            let Ok(answer) = self.dialect.decode(frame.message) else {
                continue;
            };
            let code = answer.text(Element::RESPONSE_CODE);
            let decided = matches!(
                answer.mti().class(),
                MtiClass::Authorization | MtiClass::Financial | MtiClass::Reversal
            );
            if !decided || matches!(code, Some("91" | "30")) {
                continue;
            }
            let key = Key::of(self.scheme, &answer);
            let count = decidable.entry(key.clone()).or_default();
            *count -= 1;
            if *count < 0 {
                let what = format!("{key:?} was decided before a sign-on");
                return Err(Violation::new(Checker::NothingBeforeSignOn, what));
            }
        }
        Ok(())
    }

    /// Nothing is refused for want of a sign-on while all links of the network are signed on.
    fn group_sign_on_stands(&self, wire: &Wire) -> Verdict {
        for refused in &wire.refused {
            // What was said in the same turn may stand before or behind what was refused.
            let last = self
                .group
                .partition_point(|((at, _), _)| at.tick < *refused);
            let stands = last > 0 && self.group[last - 1].1;
            let turn = wire.turn_before(*refused);
            let same_turn = last > 0 && self.group[last - 1].0.0.tick >= turn;
            if stands && !same_turn {
                let what = "a message was refused although all links were signed on".to_owned();
                return Err(Violation::new(Checker::GroupSignOnStands, what));
            }
        }
        Ok(())
    }

    /// When each message was taken first, on whichever connection: the answer to a repeat names the day of the first.
    fn asked(&self) -> BTreeMap<Key, Instant> {
        let mut asked: BTreeMap<Key, Instant> = BTreeMap::new();
        for wire in &self.wires {
            for frame in frames(&wire.taken, self.scheme, self.dialect) {
                if let Some(message) = taken(&frame, self.dialect) {
                    let first = asked
                        .entry(Key::of(self.scheme, &message))
                        .or_insert(frame.when);
                    *first = (*first).min(frame.when);
                }
            }
        }
        asked
    }

    /// Every answer has the business date, once the network has begun a day: one of those that were in force since it was
    /// asked first.
    fn business_date_in_answers(&self, wire: &Wire, asked: &BTreeMap<Key, Instant>) -> Verdict {
        for frame in frames(&wire.given, self.scheme, self.dialect) {
            let Ok(answer) = self.dialect.decode(frame.message.clone()) else {
                continue;
            };
            let class = answer.mti().class();
            let own_day = matches!(
                class,
                MtiClass::NetworkManagement | MtiClass::Reconciliation
            );
            let since = asked.get(&Key::of(self.scheme, &answer));
            let Some(since) = since.filter(|_| !own_day && !is_own_request(&answer)) else {
                continue;
            };
            let before = self.days.partition_point(|((at, _), _)| at < since);
            let by_then = self.days.partition_point(|((at, _), _)| *at <= frame.when);
            let in_force = &self.days[before.saturating_sub(1)..by_then];
            let said = answer.text(Element::SETTLEMENT_DATE);
            let said = said.map(|date| date.parse::<u16>().unwrap());
            let fits = match said {
                Some(date) => in_force.iter().any(|(_, other)| *other == date),
                None => before == 0,
            };
            if !fits {
                let what = format!(
                    "{} of {since:?} has the date {said:?} where {in_force:?}",
                    answer.mti()
                );
                return Err(Violation::new(Checker::BusinessDateInAnswers, what));
            }
        }
        Ok(())
    }
}

/// A request that was taken, and not given back.
fn taken(frame: &Frame, dialect: &Dialect) -> Option<Message> {
    let message = dialect.decode(frame.message.clone()).ok()?;
    (!frame.is_given_back && wants_answer(&message)).then_some(message)
}
