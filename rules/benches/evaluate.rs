//! Evaluation time at 10, 1,000 and 100,000 configurations: `cargo bench -p rules`.
//!
//! Two shapes: every account has a configuration of its own, and one target has all of them for one
//! code, told apart by merchant and instalments. Requests go round over a thousand of them, so that
//! no answer stays in a register or a cache line. The columns of allocations must be empty.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench that panics has failed"
)]

use std::fmt::Write as _;

use divan::{AllocProfiler, Bencher, black_box};
use rules::{
    AccountId, AccountType, AuthorizationFlow, BalanceImpact, Document, Evaluation,
    EvaluationRequest, Limits, ProgramId, Snapshot,
};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const SIZES: [u32; 3] = [10, 1_000, 100_000];
const REQUESTS: u32 = 1_000;

const SCENARIO: &str = r#"
[[configs.scenarios]]
condition = { order = 1, type = "custom", amount_to_check_balance = "amount" }
result = { amount = "principal_amount", consider = ["AvailableCreditLimit"], impact = ["AvailableCreditLimit"] }
"#;

fn main() {
    divan::main();
}

/// The shipped rules with other balance configurations.
fn compile(configurations: Vec<Document>) -> Snapshot {
    let config = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let shipped = rules::load(&config).unwrap();
    let mut documents = configurations;
    let others = shipped.documents().iter();
    documents.extend(
        others
            .filter(|document| !document.path.starts_with("balance-configurations/"))
            .cloned(),
    );
    rules::compile(documents).unwrap_or_else(|errors| panic!("{errors}"))
}

fn document(name: &str, content: String) -> Document {
    Document {
        path: format!("balance-configurations/{name}.toml"),
        content,
    }
}

/// One configuration for each of so many accounts.
fn one_per_account(size: u32) -> Snapshot {
    let documents = (1..=size).map(|account| {
        let content = format!(
            "level = \"account\"\naccount_id = {account}\n[[configs]]\nname = \"A\"\n\
             filters = {{ processing_codes = [\"00\"] }}\n{SCENARIO}"
        );
        document(&format!("{account:06}"), content)
    });
    compile(documents.collect())
}

/// So many configurations of the tenant for one code: each merchant category has ten ranges.
fn one_list(size: u32) -> Snapshot {
    let mut content = "level = \"tenant\"\n".to_owned();
    for number in 0..size {
        let (mcc, range) = (number / 10, number % 10 * 5);
        write!(
            content,
            "[[configs]]\nname = \"C{number}\"\nfilters = {{ processing_codes = [\"00\"], \
             mcc = [\"{mcc:04}\"], min_installments = {range}, max_installments = {} }}\n{SCENARIO}",
            range + 4
        )
        .unwrap();
    }
    compile(vec![document("tenant", content)])
}

fn request(number: u32, size: u32) -> EvaluationRequest {
    // Steps over the whole set, so that neighbours in time are not neighbours in memory.
    let chosen = number.wrapping_mul(7_919) % size;
    EvaluationRequest {
        account: AccountId(u64::from(chosen) + 1),
        program: ProgramId(1),
        processing_code: "00".parse().unwrap(),
        direction: BalanceImpact::Debit,
        flow: AuthorizationFlow::Network,
        mcc: u16::try_from(chosen / 10).ok(),
        account_type: AccountType::CreditCard,
        currency: "840".parse().unwrap(),
        installments: u8::try_from(chosen % 10 * 5).unwrap(),
        principal_minor: 100,
        contract_minor: 100,
        installment_minor: 100,
    }
}

fn bench(bencher: Bencher<'_, '_>, snapshot: &Snapshot, size: u32) {
    let requests: Vec<EvaluationRequest> =
        (0..REQUESTS).map(|number| request(number, size)).collect();
    let limits = Limits {
        available_credit_limit: 1_000,
        ..Limits::default()
    };
    for request in &requests {
        let evaluation = snapshot.evaluate(request, &limits);
        assert!(matches!(evaluation, Evaluation::Holds(_)), "{request:?}");
    }
    let mut round = requests.iter().cycle();
    bencher.bench_local(|| {
        let request = round.next();
        request.map(|request| black_box(snapshot.evaluate(black_box(request), &limits)))
    });
}

#[divan::bench(args = SIZES)]
fn account_level(bencher: Bencher<'_, '_>, size: u32) {
    bench(bencher, &one_per_account(size), size);
}

#[divan::bench(args = SIZES)]
fn one_target_and_code(bencher: Bencher<'_, '_>, size: u32) {
    bench(bencher, &one_list(size), size);
}
