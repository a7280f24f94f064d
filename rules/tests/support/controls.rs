//! Flex controls in tests: operations in a small text language, and accumulators as a ledger keeps them.
//!
//! An operation is a code, an amount, and what differs from an ordinary one: `00 500 mcc=5411
//! merchant=ABC at=2026-11-21T03:00:00Z card=1 customer=3 currency=EUR/450`. Cards are numbers.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "shared by several test crates, each using a part; a test that panics has failed"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rules::{
    AccountId, Accumulator, AccumulatorKey, Accumulators, CardHash, ControlCardMode, ControlFacts,
    ControlOutcome, Country, CustomerId, OwnControls, ProgramId, Reservation, Snapshot,
};

use super::{base, document};

/// The base with flex controls of program 1, given as the entries of `controls`.
pub(crate) fn program_controls(controls: &str) -> Snapshot {
    compile(&[(
        "p",
        &format!("level = \"program\"\nprogram_id = 1\n{controls}"),
    )])
}

/// The base with files of flex controls.
pub(crate) fn compile(files: &[(&str, &str)]) -> Snapshot {
    compile_with(files, &[])
}

/// The same with attribute groups.
pub(crate) fn compile_with(files: &[(&str, &str)], groups: &[(&str, &str)]) -> Snapshot {
    rules::compile(documents(files, groups)).unwrap_or_else(|errors| panic!("{errors}"))
}

pub(crate) fn documents(files: &[(&str, &str)], groups: &[(&str, &str)]) -> Vec<rules::Document> {
    let mut documents = base();
    for (name, content) in files {
        documents.push(document(&format!("flex-controls/{name}.toml"), content));
    }
    for (name, content) in groups {
        documents.push(document(&format!("attribute-groups/{name}.toml"), content));
    }
    documents
}

/// The hash of a card number of the tests.
pub(crate) fn card(number: u8) -> CardHash {
    CardHash([number; 32])
}

/// An instant in microseconds.
pub(crate) fn instant(text: &str) -> i64 {
    let instant: jiff::Timestamp = text
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    instant.as_microsecond()
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// An operation of the small language.
pub(crate) fn facts(rules: &Snapshot, text: &str) -> ControlFacts<'static> {
    let mut words = text.split_whitespace();
    let processing_code = words.next().unwrap().parse().unwrap();
    let amount_minor = words.next().unwrap().parse().unwrap();
    let currency = "840".parse().unwrap();
    let entry = rules.processing_code(processing_code).unwrap();
    let mut facts = ControlFacts {
        at_us: instant("2026-11-21T12:00:00Z"),
        account: AccountId(1),
        program: ProgramId(1),
        customer: None,
        card: None,
        card_mode: None,
        processing_code,
        direction: entry.balance_impact,
        amount_minor,
        currency,
        operation_amount_minor: amount_minor,
        operation_currency: currency,
        balance_minor: None,
        merchant_category_code: None,
        merchant_id: None,
        entry_mode: None,
        country: None,
        acquirer_country: None,
        installments: 1,
        is_physical_card_present: None,
        is_device_registered: None,
        is_tra_exemption_requested: None,
        is_pin_validated_offline: None,
        is_token_present: None,
        is_cavv_present: None,
        is_password_present: None,
        authentication_method: None,
        initiation_mode: None,
        account_verification: None,
        beneficiary: None,
    };
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or_else(|| panic!("{word}"));
        set(&mut facts, key, value);
    }
    facts
}

fn set(facts: &mut ControlFacts<'static>, key: &str, value: &str) {
    let flag = || Some(value.parse().unwrap());
    let number = || value.parse().unwrap();
    let json = format!("\"{value}\"");
    match key {
        "at" => facts.at_us = instant(value),
        "account" => facts.account = AccountId(number()),
        "program" => facts.program = ProgramId(value.parse().unwrap()),
        "customer" => facts.customer = Some(CustomerId(number())),
        "card" => facts.card = Some(card(value.parse().unwrap())),
        "mode" if value == "credit" => facts.card_mode = Some(ControlCardMode::Credit),
        "mode" => facts.card_mode = Some(ControlCardMode::Debit),
        "currency" => {
            let (currency, amount) = value.split_once('/').unwrap();
            facts.operation_currency = currency.parse().unwrap();
            facts.operation_amount_minor = amount.parse().unwrap();
        }
        "balance" => facts.balance_minor = Some(value.parse().unwrap()),
        "mcc" => facts.merchant_category_code = Some(value.parse().unwrap()),
        "merchant" => facts.merchant_id = Some(leaked(&value.replace('_', " "))),
        "entry" => facts.entry_mode = Some(leaked(value)),
        "country" => facts.country = Some(Country::from_alpha3(value).unwrap()),
        "acquirer" => facts.acquirer_country = Some(Country::from_alpha3(value).unwrap()),
        "n" => facts.installments = value.parse().unwrap(),
        "present" => facts.is_physical_card_present = flag(),
        "device" => facts.is_device_registered = flag(),
        "tra" => facts.is_tra_exemption_requested = flag(),
        "pin" => facts.is_pin_validated_offline = flag(),
        "token" => facts.is_token_present = flag(),
        "cavv" => facts.is_cavv_present = flag(),
        "password" => facts.is_password_present = flag(),
        "method" => facts.authentication_method = serde_json::from_str(&json).unwrap(),
        "initiation" => facts.initiation_mode = serde_json::from_str(&json).unwrap(),
        "avr" => facts.account_verification = serde_json::from_str(&json).unwrap(),
        "beneficiary" => facts.beneficiary = Some(leaked(value)),
        other => panic!("not part of an operation: {other}"),
    }
}

/// The accumulators of a ledger.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) accumulators: BTreeMap<AccumulatorKey, Accumulator>,
}

impl Accumulators for Books {
    fn accumulator(&self, key: &AccumulatorKey) -> Option<Accumulator> {
        self.accumulators.get(key).copied()
    }
}

impl Books {
    pub(crate) fn reserve(&mut self, reservations: &[Reservation]) {
        for reservation in reservations {
            let before = self.accumulators.get(&reservation.key).copied();
            let after = Accumulator::after(before, reservation);
            self.accumulators.insert(reservation.key, after);
        }
    }

    /// Takes back a part of an operation, and the operation itself where the part is all of it.
    pub(crate) fn roll_back(&mut self, reservations: &[Reservation], part: i64, whole: i64) {
        for reservation in reservations {
            let Some(accumulator) = self.accumulators.get_mut(&reservation.key) else {
                continue;
            };
            let count = if part == whole { reservation.count } else { 0 };
            let amount_minor = reservation.share_minor(part, whole);
            *accumulator = accumulator.rolled_back(reservation, amount_minor, count);
        }
    }
}

/// Decides an operation; what is approved is counted. The answer is `passes`, or the id of the control
/// that denies and why, then what is counted as `id+amount/count`.
pub(crate) fn decide(rules: &Snapshot, books: &mut Books, text: &str) -> String {
    decide_with(rules, &OwnControls::NONE, books, text)
}

pub(crate) fn decide_with(
    rules: &Snapshot,
    own: &OwnControls<'_>,
    books: &mut Books,
    text: &str,
) -> String {
    let (answer, reservations) = judge(rules, own, books, text);
    books.reserve(&reservations);
    answer
}

/// Decides an operation without counting it.
pub(crate) fn judge(
    rules: &Snapshot,
    own: &OwnControls<'_>,
    books: &Books,
    text: &str,
) -> (String, Vec<Reservation>) {
    let facts = facts(rules, text);
    let mut reservations = Vec::new();
    let outcome = rules.evaluate_controls(&facts, own, books, &mut reservations);
    let trace = rules.trace_controls(&facts, own, books);
    let denied = trace.controls.iter().find(|control| !control.passed);
    let mut answer = match outcome {
        ControlOutcome::Passed => {
            assert!(denied.is_none(), "{trace}");
            "passes".to_owned()
        }
        ControlOutcome::Denied { control, cause } => {
            assert_eq!(
                denied.map(|control| control.id),
                Some(control.id()),
                "{trace}"
            );
            assert!(reservations.is_empty());
            let cause = serde_json::to_value(cause).unwrap();
            format!("{} {}", control.id(), cause.as_str().unwrap())
        }
    };
    for reservation in &reservations {
        let (id, amount) = (reservation.key.control, reservation.amount_minor);
        write!(answer, " {id}+{amount}/{}", reservation.count).unwrap();
    }
    (answer, reservations)
}
