//! A small text language for rules, limits, requests and outcomes, so that the tables of the tests
//! can be read without Rust. It only writes the documents and reads the answers: it decides nothing.
//!
//! Rules, one file each:
//! ```text
//! tenant                                     or: program 1
//! config A codes=00,01 mcc=5411 min=2 max=6 account=30 currency=USD inactive
//!   custom 1 check=amount amount=principal consider=cash impact=cash,available opposite=held
//!   default 9 amount=contract impact= enforce negative
//! ```
//! Further words: `account 7` and `parents` at the top; `template=ID` in a configuration; in a scenario
//! `reset=payment`, `confirm=held/available`, `instead=2` and `counterpart=3/20`.
//! Limits: `available=100 overdraft=50`. Request: `00 60 mcc=5411 n=3 program=2`. Outcome:
//! `A/1 available-60 held+60`, `no configuration`, `insufficient`, `insufficient cash`, `overflow`.
//! All amounts are minor units.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "shared by several test crates, each using a part; a test that panics has failed"
)]

pub(crate) mod controls;

use std::fmt::Write as _;

use rules::{
    AccountId, AccountType, AuthorizationFlow, Document, Evaluation, EvaluationRequest, LimitName,
    Limits, ProgramId, RelatedAccount, RelatedLimits, RuleErrors, Snapshot,
};

pub(crate) const PROGRAM: &str = r#"
id = 1
name = "One"
type = "credit"
currency = "840"
"#;

pub(crate) const SECOND_PROGRAM: &str = r#"
id = 2
name = "Two"
type = "debit"
currency = "USD"
"#;

pub(crate) const PROCESSING_CODES: &str = r#"
transaction_types = [
    { transaction_type_id = 1, description = "Out", credit = false },
    { transaction_type_id = 2, description = "In", credit = true },
]
reversal_processing_codes = [
    { processing_code = "OUTREV", description = "Back in", balance_impact = 1 },
    { processing_code = "INREV", description = "Back out", balance_impact = -1 },
]

[[processing_codes]]
processing_code = "00"
description = "Purchase"
kind = "purchase"
balance_impact = -1
reversal_processing_code = "OUTREV"
transaction_types = [{ transaction_type_id = 1, key = "PRINCIPAL" }]
reversal_transaction_types = [{ transaction_type_id = 2, key = "PRINCIPAL" }]

[[processing_codes]]
processing_code = "01"
description = "Cash"
kind = "cash"
balance_impact = -1
reversal_processing_code = "OUTREV"
transaction_types = [{ transaction_type_id = 1, key = "PRINCIPAL" }]
reversal_transaction_types = [{ transaction_type_id = 2, key = "PRINCIPAL" }]

[[processing_codes]]
processing_code = "20"
description = "Refund"
kind = "refund"
balance_impact = 1
reversal_processing_code = "INREV"
transaction_types = [{ transaction_type_id = 2, key = "PRINCIPAL" }]
reversal_transaction_types = [{ transaction_type_id = 1, key = "PRINCIPAL" }]

[[processing_codes]]
processing_code = "31"
description = "Inquiry"
kind = "balance_inquiry"
balance_impact = 0
"#;

/// A complete network file.
pub(crate) fn network() -> String {
    let mut text = String::from(
        "id = 1\nname = \"net\"\ndialect = \"d\"\nsign_on_required = false\necho = [2, 11]\n\
         echo_reversal = [90]\necho_network_management = [70]\nmatch_window_minutes = 15\n\
         deadline_ms = 1000\n[response_codes]\n",
    );
    for reason in rules::Reason::ALL {
        writeln!(text, "{reason} = {{ response_code = \"05\" }}").unwrap();
    }
    text
}

pub(crate) fn document(path: &str, content: &str) -> Document {
    Document {
        path: path.to_owned(),
        content: content.to_owned(),
    }
}

/// Two programs, the codes 00, 01, 20, 31 and a network, all right.
pub(crate) fn base() -> Vec<Document> {
    vec![
        document("programs/one.toml", PROGRAM),
        document("programs/two.toml", SECOND_PROGRAM),
        document("processing-codes.toml", PROCESSING_CODES),
        document("networks/net.toml", &network()),
    ]
}

/// Compiles the base with balance configurations given in the small language, one file each, named
/// so that they sort in the given order.
pub(crate) fn try_snapshot(files: &[&str]) -> Result<Snapshot, RuleErrors> {
    let mut documents = base();
    for (index, text) in files.iter().enumerate() {
        let path = format!("balance-configurations/{index:02}.toml");
        documents.push(document(&path, &to_toml(text)));
    }
    rules::compile(documents)
}

pub(crate) fn snapshot(files: &[&str]) -> Snapshot {
    try_snapshot(files).unwrap_or_else(|errors| panic!("{errors}\n{files:?}"))
}

/// One file of the small language as the TOML an operator would write.
pub(crate) fn to_toml(text: &str) -> String {
    let mut toml = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["tenant"] => toml.push_str("level = \"tenant\"\n"),
            ["account", id] => writeln!(toml, "level = \"account\"\naccount_id = {id}").unwrap(),
            ["parents"] => toml.push_str("global_configs = { impact_parent_accounts = true }\n"),
            ["program", id] => writeln!(toml, "level = \"program\"\nprogram_id = {id}").unwrap(),
            ["config", name, filters @ ..] => config(&mut toml, name, filters),
            [kind @ ("custom" | "default"), order, rest @ ..] => {
                scenario(&mut toml, kind, order, rest);
            }
            other => panic!("not in the language: {other:?}"),
        }
    }
    toml
}

fn config(toml: &mut String, name: &str, filters: &[&str]) {
    let active = !filters.contains(&"inactive");
    write!(
        toml,
        "[[configs]]\nname = \"{name}\"\nis_active = {active}\n"
    )
    .unwrap();
    let template = filters
        .iter()
        .find_map(|word| word.strip_prefix("template="));
    match template {
        Some(id) => writeln!(toml, "filter_template_id = \"{id}\"").unwrap(),
        None => toml.push_str("[configs.filters]\n"),
    }
    for (key, value) in filters.iter().filter_map(|word| word.split_once('=')) {
        match key {
            "codes" => writeln!(toml, "processing_codes = {}", quoted(value)).unwrap(),
            "mcc" => writeln!(toml, "mcc = {}", quoted(value)).unwrap(),
            "min" => writeln!(toml, "min_installments = {value}").unwrap(),
            "max" => writeln!(toml, "max_installments = {value}").unwrap(),
            "template" => {}
            "account" => writeln!(toml, "account_type = \"{value}\"").unwrap(),
            "currency" => writeln!(toml, "currency_code = \"{value}\"").unwrap(),
            other => panic!("not a filter: {other}"),
        }
    }
}

fn scenario(toml: &mut String, kind: &str, order: &str, words: &[&str]) {
    let mut condition = format!("order = {order}\ntype = \"{kind}\"\n");
    let mut result = String::new();
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "check" => writeln!(condition, "amount_to_check_balance = \"{value}\"").unwrap(),
            "amount" => writeln!(result, "amount = \"{value}_amount\"").unwrap(),
            "covers" => writeln!(result, "amount_consider = \"{value}_amount\"").unwrap(),
            "consider" => writeln!(result, "consider = {}", names(value)).unwrap(),
            "impact" => writeln!(result, "impact = {}", names(value)).unwrap(),
            "opposite" => writeln!(result, "opposite_impact = {}", names(value)).unwrap(),
            "reset" => writeln!(result, "reset_limit = \"{value}\"").unwrap(),
            "instead" => writeln!(result, "impact_account = {{ account_id = {value} }}").unwrap(),
            "counterpart" => {
                let (account, code) = value.split_once('/').unwrap();
                writeln!(
                    result,
                    "counterpart_account = {{ account_id = {account}, processing_code = \"{code}\" }}"
                )
                .unwrap();
            }
            "confirm" => {
                let (with, against) = value.split_once('/').unwrap_or((value, ""));
                writeln!(
                    result,
                    "confirmation = {{ impact = {}, opposite_impact = {} }}",
                    names(with),
                    names(against)
                )
                .unwrap();
            }
            "negative" => result.push_str("may_go_negative = true\n"),
            "enforce" => result.push_str("enforce_funds = true\n"),
            other => panic!("not part of a scenario: {other}"),
        }
    }
    write!(
        toml,
        "[[configs.scenarios]]\n[configs.scenarios.condition]\n{condition}\
         [configs.scenarios.result]\n{result}"
    )
    .unwrap();
}

fn quoted(list: &str) -> String {
    let words: Vec<String> = list
        .split(',')
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{word}\""))
        .collect();
    format!("[{}]", words.join(", "))
}

fn names(list: &str) -> String {
    let long: Vec<&str> = list
        .split(',')
        .filter(|word| !word.is_empty())
        .map(long_name)
        .collect();
    quoted(&long.join(","))
}

fn long_name(short: &str) -> &str {
    match short {
        "available" => "AvailableCreditLimit",
        "installments" => "AvailableTotalInstallmentCredit",
        "cash" => "AvailableWithdrawalCredit",
        "savings" => "AvailableSavingsAccountLimit",
        "additional" => "AdditionalFunds",
        "held" => "HeldFunds",
        "overlimit" => "OverLimit",
        other => panic!("not a limit: {other}"),
    }
}

fn short_name(limit: LimitName) -> &'static str {
    match limit {
        LimitName::AvailableCreditLimit => "available",
        LimitName::AvailableTotalInstallmentCredit => "installments",
        LimitName::AvailableWithdrawalCredit => "cash",
        LimitName::AvailableSavingsAccountLimit => "savings",
        LimitName::AdditionalFunds => "additional",
        LimitName::HeldFunds => "held",
    }
}

/// Limits of the small language.
pub(crate) fn limits(text: &str) -> Limits {
    let mut limits = Limits::default();
    for word in text.split_whitespace() {
        let (key, value) = word.split_once('=').unwrap();
        let value: i64 = value.parse().unwrap();
        match key {
            "available" => limits.available_credit_limit = value,
            "installments" => limits.available_total_installment_credit = value,
            "cash" => limits.available_withdrawal_credit = value,
            "savings" => limits.available_savings_account_limit = value,
            "overdraft" => limits.total_overdraft_limit = value,
            "max" => limits.max_credit_limit = value,
            "percent_hundredths" => limits.over_limit_percentage_hundredths = value,
            "held" => limits.held_funds = value,
            "additional" => limits.additional_funds = value,
            other => panic!("not a limit: {other}"),
        }
    }
    limits
}

fn flow(name: &str) -> AuthorizationFlow {
    match name {
        "network" => AuthorizationFlow::Network,
        "platform" => AuthorizationFlow::Platform,
        "authorization" => AuthorizationFlow::Authorization,
        other => panic!("not a flow: {other}"),
    }
}

/// A request of the small language: code, principal, then what differs from an ordinary one.
pub(crate) fn request(snapshot: &Snapshot, text: &str) -> EvaluationRequest {
    let mut words = text.split_whitespace();
    let processing_code = words.next().unwrap().parse().unwrap();
    let principal_minor: i64 = words.next().unwrap().parse().unwrap();
    let mut request = EvaluationRequest {
        account: AccountId(1),
        program: ProgramId(1),
        processing_code,
        direction: snapshot
            .processing_code(processing_code)
            .unwrap()
            .balance_impact,
        flow: AuthorizationFlow::Network,
        mcc: None,
        account_type: AccountType::Unspecified,
        currency: "840".parse().unwrap(),
        installments: 1,
        principal_minor,
        contract_minor: principal_minor,
        installment_minor: principal_minor,
    };
    for word in words {
        let (key, value) = word.split_once('=').unwrap();
        match key {
            "id" => request.account = AccountId(value.parse().unwrap()),
            "program" => request.program = ProgramId(value.parse().unwrap()),
            "flow" => request.flow = flow(value),
            "mcc" => request.mcc = Some(value.parse().unwrap()),
            "account" => request.account_type = AccountType::parse(value).unwrap(),
            "currency" => request.currency = value.parse().unwrap(),
            "n" => request.installments = value.parse().unwrap(),
            "contract" => request.contract_minor = value.parse().unwrap(),
            "installment" => request.installment_minor = value.parse().unwrap(),
            other => panic!("not part of a request: {other}"),
        }
    }
    request
}

fn write_moves(text: &mut String, deltas: &rules::Deltas) {
    for (limit, delta) in deltas.iter() {
        write!(text, " {}{delta:+}", short_name(limit)).unwrap();
    }
}

/// Related accounts of the small language: `2: available=10` is account 2, `^3: held=1` a parent.
pub(crate) struct Related(Vec<(AccountId, bool, Limits)>);

impl Related {
    pub(crate) fn of(text: &str) -> Self {
        let accounts = text.split(';').filter(|part| !part.trim().is_empty());
        Self(
            accounts
                .map(|part| {
                    let (id, limits_text) = part.trim().split_once(':').unwrap();
                    let number = id.trim_start_matches('^').parse().unwrap();
                    (AccountId(number), id.starts_with('^'), limits(limits_text))
                })
                .collect(),
        )
    }
}

impl RelatedLimits for Related {
    fn limits(&self, account: AccountId) -> Option<Limits> {
        self.0
            .iter()
            .find(|(id, _, _)| *id == account)
            .map(|(_, _, limits)| *limits)
    }

    fn parent(&self, number: usize) -> Option<(AccountId, Limits)> {
        let mut parents = self.0.iter().filter(|(_, parent, _)| *parent);
        parents.nth(number).map(|(id, _, limits)| (*id, *limits))
    }
}

/// An outcome in the small language.
pub(crate) fn outcome(snapshot: &Snapshot, evaluation: &Evaluation) -> String {
    match evaluation {
        Evaluation::Holds(plan) => {
            let configuration = usize::try_from(plan.configuration).unwrap();
            let name = snapshot
                .configurations()
                .get(configuration)
                .map_or("-", |c| &c.name);
            let mut text = format!("{name}/{}", plan.scenario_order);
            write_moves(&mut text, &plan.deltas);
            for related in plan.related.iter() {
                match related.account {
                    RelatedAccount::Impacted { account_id, .. } => write!(text, " [{account_id}"),
                    RelatedAccount::Counterpart { account_id } => {
                        let code = related.processing_code.unwrap();
                        write!(text, " [{account_id} as {code}")
                    }
                    RelatedAccount::Parents => write!(text, " [parents"),
                }
                .unwrap();
                write_moves(&mut text, &related.deltas);
                text.push(']');
            }
            text
        }
        Evaluation::NoConfiguration => "no configuration".to_owned(),
        Evaluation::Insufficient { cash_limit: false } => "insufficient".to_owned(),
        Evaluation::Insufficient { cash_limit: true } => "insufficient cash".to_owned(),
        Evaluation::Overflow => "overflow".to_owned(),
    }
}

/// Evaluates one request with the limits of related accounts; the outcome names what happens later
/// as well.
pub(crate) fn decide_with(
    snapshot: &Snapshot,
    limits_text: &str,
    related_text: &str,
    request_text: &str,
) -> String {
    let request = request(snapshot, request_text);
    let (own, related) = (limits(limits_text), Related::of(related_text));
    let evaluation = snapshot.evaluate_with(&request, &own, &related);
    let trace = snapshot.trace_with(&request, &own, &related);
    assert_eq!(trace.evaluation, evaluation);
    let mut text = outcome(snapshot, &evaluation);
    if let Evaluation::Holds(plan) = evaluation {
        if let Some(deltas) = &plan.confirmation {
            text.push_str(" then");
            write_moves(&mut text, deltas);
        }
        if let Some(reset) = plan.reset_limit {
            write!(text, " reset={}", serde_json::to_string(&reset).unwrap()).unwrap();
        }
    }
    text
}

/// Evaluates one request in the small language.
pub(crate) fn decide(snapshot: &Snapshot, limits_text: &str, request_text: &str) -> String {
    let request = request(snapshot, request_text);
    outcome(snapshot, &snapshot.evaluate(&request, &limits(limits_text)))
}
