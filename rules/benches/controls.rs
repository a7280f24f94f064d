//! Time of flex controls: `cargo bench -p rules --bench controls`. An account with so many applicable
//! controls, each a limit with warm accumulator; divide by the number for the time of one. The columns of
//! allocations must be empty.
//!
//! Kinds: `plain` limits without a condition; `conditions`, limits with a group of twenty thousand
//! merchants and a window of time in a zone; `restrictions` by merchant category.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench that panics has failed"
)]

use std::fmt::Write as _;

use divan::{AllocProfiler, Bencher, black_box};
use rules::{
    AccountId, Accumulator, AccumulatorKey, Accumulators, BalanceImpact, ControlFacts,
    ControlOutcome, Document, OwnControls, ProgramId, Reservation, Snapshot,
};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const SIZES: [usize; 3] = [1, 10, 100];
const GROUP_VALUES: u32 = 20_000;

const CONDITIONS: &str = r#"[
    { attribute = "merchant_id", operator = "in_group", value = "merchants" },
    { attribute = "time_now", operator = "bt", value = "06:00AM-11:00PM" },
]"#;
const CATEGORY: &str =
    r#"[{ attribute = "merchant_category_code", operator = "in", value = "7995,7801,7800" }]"#;

fn main() {
    divan::main();
}

/// The shipped rules with controls of account 1.
fn compile(controls: &str) -> Snapshot {
    let config = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let shipped = rules::load(&config).unwrap();
    let mut documents = shipped.documents().to_vec();
    documents.push(Document {
        path: "flex-controls/bench.toml".to_owned(),
        content: format!("level = \"account\"\naccount_id = 1\n{controls}"),
    });
    let values: Vec<String> = (0..GROUP_VALUES)
        .map(|number| format!("\"M{number:014}\""))
        .collect();
    documents.push(Document {
        path: "attribute-groups/bench.toml".to_owned(),
        content: format!(
            "id = \"merchants\"\ndescription = \"M\"\ntype = \"merchant_id\"\nvalues = [{}]\n",
            values.join(", ")
        ),
    });
    rules::compile(documents).unwrap_or_else(|errors| panic!("{errors}"))
}

fn limits(size: usize, conditions: &str) -> Snapshot {
    let mut controls = String::new();
    for number in 0..size {
        write!(
            controls,
            "[[controls]]\nid = \"c{number}\"\nname = \"C{number}\"\ntype = \"spending_limit\"\n\
             deny_code = \"D\"\nmax_limit = 1000000\nlimit_duration = \"P1M\"\n\
             time_zone = \"America/Sao_Paulo\"\nconditions = {conditions}\n"
        )
        .unwrap();
    }
    compile(&controls)
}

fn restrictions(size: usize) -> Snapshot {
    let mut controls = String::new();
    for number in 0..size {
        write!(
            controls,
            "[[controls]]\nid = \"c{number}\"\nname = \"C{number}\"\ntype = \"restriction\"\n\
             deny_code = \"D\"\nconditions = {CATEGORY}\n"
        )
        .unwrap();
    }
    compile(&controls)
}

/// Accumulators as a ledger keeps them in memory.
#[derive(Default)]
#[expect(clippy::disallowed_types, reason = "nothing iterates over it")]
struct Warm(std::collections::HashMap<AccumulatorKey, Accumulator, ahash::RandomState>);

impl Accumulators for Warm {
    fn accumulator(&self, key: &AccumulatorKey) -> Option<Accumulator> {
        self.0.get(key).copied()
    }
}

fn facts() -> ControlFacts<'static> {
    let currency = "840".parse().unwrap();
    ControlFacts {
        at_us: 1_795_262_400_000_000,
        account: AccountId(1),
        program: ProgramId(1),
        customer: None,
        card: None,
        card_mode: None,
        processing_code: "00".parse().unwrap(),
        direction: BalanceImpact::Debit,
        amount_minor: 100,
        currency,
        operation_amount_minor: 100,
        operation_currency: currency,
        balance_minor: None,
        merchant_category_code: Some(5411),
        merchant_id: Some("M00000000012345"),
        entry_mode: Some("051"),
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
    }
}

fn bench(bencher: Bencher<'_, '_>, rules: &Snapshot, counted: usize) {
    let facts = facts();
    let mut reservations: Vec<Reservation> = Vec::with_capacity(rules::CONTROLS_MAX);
    let mut warm = Warm::default();
    let none = OwnControls::NONE;
    let outcome = rules.evaluate_controls(&facts, &none, &warm, &mut reservations);
    assert_eq!(
        (outcome, reservations.len()),
        (ControlOutcome::Passed, counted)
    );
    for reservation in &reservations {
        let accumulator = Accumulator::after(None, reservation);
        warm.0.insert(reservation.key, accumulator);
    }
    bencher.bench_local(|| {
        let facts = black_box(&facts);
        let outcome = rules.evaluate_controls(facts, &none, &warm, &mut reservations);
        assert_eq!(outcome, ControlOutcome::Passed);
        black_box(reservations.len())
    });
}

#[divan::bench(args = SIZES)]
fn plain(bencher: Bencher<'_, '_>, size: usize) {
    bench(bencher, &limits(size, "[]"), size);
}

#[divan::bench(args = SIZES)]
fn conditions(bencher: Bencher<'_, '_>, size: usize) {
    bench(bencher, &limits(size, CONDITIONS), size);
}

#[divan::bench(args = SIZES)]
fn by_category(bencher: Bencher<'_, '_>, size: usize) {
    bench(bencher, &restrictions(size), 0);
}

#[divan::bench]
fn none_at_all(bencher: Bencher<'_, '_>) {
    bench(bencher, &compile("controls = []"), 0);
}
