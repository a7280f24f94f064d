//! The judgement: what clients heard against what the books and the events say.
//!
//! Owns: what must agree, and how a disagreement is counted. A function of what was recorded and read.
//! Must never: ask the switch, or repair anything.

use std::collections::{BTreeMap, BTreeSet};

use ledger::identifiers::RecordId;

use super::books::{AccountBooks, BookMessage};
use super::events::Event;
use super::records::{Asked, Class, Heard, Serial};
use crate::history::{Limits, Request};

/// Everything that is compared: a window of the run, or all of it.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What the clients asked and heard, from serial `first` on.
    pub asked: Vec<Asked>,
    /// The serial of the first of `asked`.
    pub first: Serial,
    /// The limits of the accounts before.
    pub opening: Vec<Limits>,
    /// The books of the accounts, in the order of `opening`.
    pub books: Vec<AccountBooks>,
    /// The events, in the order of the files.
    pub events: Vec<Event>,
}

/// How a disagreement is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// Something was answered and is not in the books or the events.
    Lost,
    /// Something is there twice.
    Doubled,
    /// Two places tell different answers to the same message.
    Divergent,
    /// Something is there that nobody asked for.
    Unasked,
    /// The limits of an account are not the opening and the deltas of its messages.
    Limits,
    /// Books and events do not tell of the same messages.
    Events,
}

/// DE39 of a message that bears the name of another one.
const CONFLICT: &str = "94";

/// One disagreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is counted.
    pub sort: Sort,
    /// What disagrees, for people.
    pub text: String,
}

/// Compares everything.
#[must_use]
pub fn audit(evidence: &Evidence) -> Vec<Finding> {
    let mut auditor = Auditor {
        evidence,
        findings: Vec::new(),
    };
    let in_books = auditor.books();
    let in_events = auditor.events();
    auditor.answers(&in_books, &in_events);
    auditor.limits();
    auditor.books_against_events();
    auditor.findings
}

struct Auditor<'a> {
    evidence: &'a Evidence,
    findings: Vec<Finding>,
}

type ByMessage<'a, T> = BTreeMap<Serial, &'a T>;

impl<'a> Auditor<'a> {
    fn find(&mut self, sort: Sort, text: String) {
        self.findings.push(Finding { sort, text });
    }

    fn asked(&self, serial: Serial) -> Option<&'a Asked> {
        let place = serial.0.checked_sub(self.evidence.first.0)?;
        let asked = self.evidence.asked.get(place as usize)?;
        (asked.sent > 0).then_some(asked)
    }

    /// The messages of the books, by serial: each was asked for, and once unless it was refused as a
    /// conflict, which is recorded each time that it is repeated.
    fn books(&mut self) -> ByMessage<'a, BookMessage> {
        let evidence = self.evidence;
        let mut in_books = BTreeMap::new();
        let mut names = BTreeSet::new();
        for books in &evidence.books {
            for message in &books.messages {
                let serial = message.serial;
                let conflict = message.response_code == CONFLICT;
                if conflict && serial < evidence.first {
                    continue;
                }
                let asked = self.asked(serial);
                let asked = asked
                    .filter(|asked| asked.account == books.account && is_the_same(asked, message));
                if asked.is_none() {
                    self.find(
                        Sort::Unasked,
                        format!("in the books, never asked: {message:?}"),
                    );
                }
                let again = in_books.insert(serial, message).is_some();
                let named = |asked: &Asked| !names.insert(asked.message);
                if !conflict && (again | asked.is_some_and(named)) {
                    self.find(Sort::Doubled, format!("in the books twice: {message:?}"));
                }
            }
        }
        in_books
    }

    /// The decisions of the events, by serial: each was asked for, and once unless it was refused as a
    /// conflict. Their order is that of the journal.
    fn events(&mut self) -> ByMessage<'a, Event> {
        let evidence = self.evidence;
        let mut in_events = BTreeMap::new();
        let mut last: Option<RecordId> = None;
        for event in &evidence.events {
            if last.is_some_and(|last| last >= event.id()) {
                self.find(Sort::Doubled, format!("an event out of order: {event:?}"));
            }
            last = Some(event.id());
            let Event::Decided {
                serial, conflict, ..
            } = event
            else {
                continue;
            };
            if *conflict && *serial < evidence.first {
                continue;
            }
            if self.asked(*serial).is_none() {
                self.find(Sort::Unasked, format!("an event, never asked: {event:?}"));
            }
            if in_events.insert(*serial, event).is_some() && !conflict {
                self.find(
                    Sort::Doubled,
                    format!("two events of one message: {event:?}"),
                );
            }
        }
        in_events
    }

    /// Every answer is in the events, and, if it is about an account, in its books, as it was heard.
    fn answers(&mut self, in_books: &ByMessage<'a, BookMessage>, in_events: &ByMessage<'a, Event>) {
        let evidence = self.evidence;
        for (serial, asked) in (evidence.first.0..).map(Serial).zip(&evidence.asked) {
            let Some(heard) = &asked.heard else {
                continue;
            };
            let said = |response_code: &str, approval_code: Option<&str>| {
                response_code == heard.response_code
                    && approval_code == heard.approval_code.as_deref()
            };
            match in_books.get(&serial) {
                None if is_about_the_account(asked, heard) => {
                    self.find(
                        Sort::Lost,
                        format!("answered, not in the books: {serial:?} {asked:?}"),
                    );
                }
                Some(message)
                    if !said(&message.response_code, message.approval_code.as_deref()) =>
                {
                    self.find(
                        Sort::Divergent,
                        format!("heard {heard:?}, in the books {message:?}"),
                    );
                }
                Some(_) | None => {}
            }
            match in_events.get(&serial) {
                None => {
                    self.find(
                        Sort::Lost,
                        format!("answered, no event: {serial:?} {asked:?}"),
                    );
                }
                Some(Event::Decided {
                    response_code,
                    approval_code,
                    ..
                }) if !said(response_code, approval_code.as_deref()) => {
                    let event = in_events.get(&serial);
                    self.find(
                        Sort::Divergent,
                        format!("heard {heard:?}, the event {event:?}"),
                    );
                }
                Some(_) => {}
            }
        }
    }

    fn limits(&mut self) {
        let evidence = self.evidence;
        for (opening, books) in evidence.opening.iter().zip(&evidence.books) {
            let sum =
                |delta: fn(&BookMessage) -> i64| books.messages.iter().map(delta).sum::<i64>();
            let available = opening.available_minor + sum(|message| message.available_delta_minor);
            let cash = opening.cash_minor + sum(|message| message.cash_delta_minor);
            let limits = books.limits;
            if (available, cash) != (limits.available_minor, limits.cash_minor) {
                let account = books.account.id();
                let text = format!(
                    "account {account}: messages make available {available} and cash {cash}, {limits:?}"
                );
                self.find(Sort::Limits, text);
            }
        }
    }

    /// Books and events name the same records; what is posted at once is posted once.
    fn books_against_events(&mut self) {
        let evidence = self.evidence;
        let messages = evidence.books.iter().flat_map(|books| &books.messages);
        let in_books: BTreeSet<RecordId> = messages.map(|message| message.id).collect();
        let (mut in_events, mut due) = (BTreeSet::new(), BTreeMap::new());
        // A purchase with cashback posts its goods and its cash.
        let mut posted: BTreeMap<RecordId, i64> = BTreeMap::new();
        for event in &evidence.events {
            match event {
                Event::Decided {
                    id,
                    of_account,
                    posted_at_once_minor,
                    ..
                } => {
                    if *of_account {
                        in_events.insert(*id);
                    }
                    if let Some(minor) = posted_at_once_minor {
                        due.insert(*id, *minor);
                    }
                }
                Event::Posted {
                    authorization,
                    compensation: false,
                    amount_minor,
                    ..
                } => *posted.entry(*authorization).or_default() += amount_minor,
                Event::Posted { .. } => {}
            }
        }
        for id in in_books.symmetric_difference(&in_events) {
            self.find(
                Sort::Events,
                format!("record {id} is in the books or the events alone"),
            );
        }
        if posted != due {
            let text = format!(
                "{} approvals of {} in all to post at once, {} of {} posted",
                due.len(),
                due.values().sum::<i64>(),
                posted.len(),
                posted.values().sum::<i64>()
            );
            self.find(Sort::Events, text);
        }
    }
}

/// Whether a message of the books is the one that was asked.
fn is_the_same(asked: &Asked, message: &BookMessage) -> bool {
    match asked.request {
        Request::Authorization { amount_minor, .. } => {
            !message.reversal && message.amount_minor == Some(amount_minor)
        }
        Request::Inquiry => !message.reversal,
        Request::Reversal { .. } => message.reversal,
    }
}

/// Whether the switch came as far as the account to answer so. A reversal and a late original may be
/// answered without.
fn is_about_the_account(asked: &Asked, heard: &Heard) -> bool {
    asked.name.class != Class::Reversal
        && matches!(heard.response_code.as_str(), "00" | "51" | "61" | "87")
}
