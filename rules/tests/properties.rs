//! Evaluation against an evaluator written separately and naively, over random rules, requests and
//! limits; and what must hold of every answer whatever the rules.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(
    clippy::too_many_lines,
    reason = "the naive evaluator is written straight down"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rules::{
    AccountId, Evaluation, EvaluationRequest, LimitName, Limits, RelatedLimits, Scenario,
    ScenarioKind, ScenarioOutcome, Snapshot, Trace,
};

const IMPACTS: [&str; 6] = [
    "available",
    "installments",
    "cash",
    "savings",
    "additional",
    "held",
];
const CONSIDERS: [&str; 5] = ["available", "overlimit", "savings", "cash", "installments"];

#[derive(Clone, Debug)]
struct Rule {
    target: To,
    parents: bool,
    active: bool,
    codes: Vec<&'static str>,
    account: Option<&'static str>,
    min: Option<u8>,
    max: Option<u8>,
    mcc: Option<Vec<u16>>,
    currency: Option<&'static str>,
    scenarios: Vec<Try>,
}

/// Whom a rule is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum To {
    Tenant,
    Program(u32),
    Account(u64),
}

#[derive(Clone, Debug)]
struct Try {
    custom: bool,
    order: i32,
    check: &'static str,
    amount: &'static str,
    covers: Option<&'static str>,
    consider: Option<Vec<&'static str>>,
    impact: Vec<&'static str>,
    opposite: Vec<&'static str>,
    negative: bool,
    enforce: bool,
    /// Moves account 7 instead.
    instead: bool,
    /// Moves account 8 the other way, under code 20 or 00.
    counterpart: bool,
    confirm: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Ask {
    account: u64,
    program: u32,
    code: &'static str,
    account_type: &'static str,
    n: u8,
    mcc: Option<u16>,
    currency: &'static str,
    principal: i64,
    contract: i64,
    installment: i64,
}

fn amounts() -> impl Strategy<Value = &'static str> {
    select(vec!["principal", "contract", "installment"])
}

prop_compose! {
    fn tries()(
        custom in prop::bool::weighted(0.8),
        check in select(vec!["amount", "installment_amount"]),
        amount in amounts(),
        covers in prop::option::weighted(0.3, amounts()),
        consider in prop::option::weighted(0.8, subsequence(CONSIDERS.to_vec(), 0..=3)),
        impact in subsequence(IMPACTS.to_vec(), 0..=3),
        opposite in subsequence(IMPACTS.to_vec(), 0..=2),
        negative in prop::bool::weighted(0.2),
        enforce in any::<bool>(),
        instead in prop::bool::weighted(0.3),
        counterpart in prop::bool::weighted(0.3),
        confirm in prop::option::weighted(0.2, select(IMPACTS.to_vec())),
    ) -> Try {
        let mut consider = consider;
        if let Some(names) = &mut consider
            && names.contains(&"overlimit") && !names.contains(&"available")
        {
            names.push("available");
        }
        // What the documents refuse is not generated.
        let stands_in = |name: &&str| !["additional", "held"].contains(name);
        if (custom || enforce) && consider.is_none() && !impact.iter().any(stands_in) {
            consider = Some(Vec::new());
        }
        let opposite = opposite.into_iter().filter(|name| !impact.contains(name)).collect();
        Try {
            custom, order: 0, check, amount, covers, consider, impact, opposite, negative,
            enforce: enforce && !custom, instead, counterpart, confirm,
        }
    }
}

prop_compose! {
    fn rule()(
        target in prop_oneof![
            2 => Just(To::Tenant),
            2 => (1_u32..=2).prop_map(To::Program),
            1 => (1_u64..=2).prop_map(To::Account),
        ],
        parents in prop::bool::weighted(0.2),
        active in prop::bool::weighted(0.85),
        codes in subsequence(vec!["00", "01", "20"], 1..=3),
        account in prop::option::weighted(0.3, select(vec!["00", "20", "30"])),
        min in prop::option::weighted(0.3, 0_u8..=4),
        width in prop::option::weighted(0.3, 0_u8..=4),
        mcc in prop::option::weighted(0.3, subsequence(vec![5411, 5999], 1..=2)),
        currency in prop::option::weighted(0.3, select(vec!["USD", "BRL"])),
        scenarios in prop::collection::vec(tries(), 1..=3),
        orders in Just(vec![-1, 3, 7]).prop_shuffle(),
    ) -> Rule {
        let mut scenarios = scenarios;
        let mut defaults = 0;
        scenarios.retain(|scenario| {
            defaults += i32::from(!scenario.custom);
            scenario.custom || defaults == 1
        });
        // A counterpart has one code, which must be of the other direction.
        let mixed = codes.contains(&"20") && codes.len() > 1;
        for (scenario, order) in scenarios.iter_mut().zip(orders) {
            scenario.order = order;
            scenario.instead &= matches!(target, To::Account(_)) && !parents;
            scenario.counterpart &= matches!(target, To::Account(_)) && !mixed;
        }
        let max = width.map(|width| min.unwrap_or(0) + width);
        Rule { target, parents, active, codes, account, min, max, mcc, currency, scenarios }
    }
}

prop_compose! {
    fn ask(amount: impl Strategy<Value = i64> + Clone)(
        account in 1_u64..=3,
        program in 1_u32..=3,
        code in select(vec!["00", "01", "20", "31"]),
        account_type in select(vec!["00", "20", "30"]),
        n in 1_u8..=6,
        mcc in prop::option::of(select(vec![5411, 5999, 742])),
        currency in select(vec!["USD", "BRL"]),
        principal in amount.clone(),
        contract in amount.clone(),
        installment in amount,
    ) -> Ask {
        Ask { account, program, code, account_type, n, mcc, currency, principal, contract, installment }
    }
}

fn limits(value: impl Strategy<Value = i64> + Clone) -> impl Strategy<Value = Limits> {
    (prop::collection::vec(value.clone(), 8), 0_i64..=3000).prop_map(|(v, percent)| Limits {
        available_credit_limit: v[0],
        available_total_installment_credit: v[1],
        available_withdrawal_credit: v[2],
        available_savings_account_limit: v[3],
        total_overdraft_limit: v[4],
        max_credit_limit: v[5],
        held_funds: v[6],
        additional_funds: v[7],
        over_limit_percentage_hundredths: percent,
        ..Limits::default()
    })
}

fn near() -> impl Strategy<Value = i64> + Clone {
    -20_i64..=100
}

fn far() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![
        near(),
        any::<i64>(),
        Just(i64::MIN),
        Just(i64::MAX),
        (0_i64..200).prop_map(|gap| i64::MIN + gap),
        (0_i64..200).prop_map(|gap| i64::MAX - gap),
    ]
}

/// The rules in the small language, one file each in the given order.
fn texts(rules: &[Rule]) -> Vec<String> {
    rules
        .iter()
        .enumerate()
        .map(|(index, rule)| text(index, rule))
        .collect()
}

fn text(index: usize, rule: &Rule) -> String {
    let mut text = match rule.target {
        To::Tenant => "tenant\n".to_owned(),
        To::Program(id) => format!("program {id}\n"),
        To::Account(id) => format!("account {id}\n"),
    };
    text.push_str(if rule.parents { "parents\n" } else { "" });
    write!(text, "config {index} codes={}", rule.codes.join(",")).unwrap();
    if let Some(mcc) = &rule.mcc {
        let mcc: Vec<String> = mcc.iter().map(|mcc| format!("{mcc:04}")).collect();
        write!(text, " mcc={}", mcc.join(",")).unwrap();
    }
    let mut optional = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(text, " {key}={value}").unwrap();
        }
    };
    optional("account", rule.account.map(str::to_owned));
    optional("min", rule.min.map(|n| n.to_string()));
    optional("max", rule.max.map(|n| n.to_string()));
    optional("currency", rule.currency.map(str::to_owned));
    text.push_str(if rule.active { "\n" } else { " inactive\n" });
    for scenario in &rule.scenarios {
        let kind = if scenario.custom { "custom" } else { "default" };
        write!(text, "{kind} {} amount={}", scenario.order, scenario.amount).unwrap();
        write!(text, " impact={}", scenario.impact.join(",")).unwrap();
        write!(text, " opposite={}", scenario.opposite.join(",")).unwrap();
        if scenario.custom {
            write!(text, " check={}", scenario.check).unwrap();
        }
        if let Some(covers) = scenario.covers {
            write!(text, " covers={covers}").unwrap();
        }
        if let Some(names) = &scenario.consider {
            write!(text, " consider={}", names.join(",")).unwrap();
        }
        text.push_str(if scenario.instead { " instead=7" } else { "" });
        if scenario.counterpart {
            let code = if rule.codes.contains(&"20") {
                "00"
            } else {
                "20"
            };
            write!(text, " counterpart=8/{code}").unwrap();
        }
        if let Some(limit) = scenario.confirm {
            write!(text, " confirm={limit}").unwrap();
        }
        text.push_str(if scenario.negative { " negative" } else { "" });
        text.push_str(if scenario.enforce { " enforce\n" } else { "\n" });
    }
    text
}

fn compile(rules: &[Rule]) -> Snapshot {
    let texts = texts(rules);
    support::snapshot(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The other accounts of one case.
#[derive(Clone, Debug)]
struct Others {
    /// Account 7.
    impacted: Option<Limits>,
    /// Account 8.
    counterpart: Option<Limits>,
    parents: Vec<Limits>,
}

fn others(value: impl Strategy<Value = i64> + Clone) -> impl Strategy<Value = Others> {
    (
        prop::option::weighted(0.8, limits(value.clone())),
        prop::option::weighted(0.8, limits(value.clone())),
        prop::collection::vec(limits(value), 0..=2),
    )
        .prop_map(|(impacted, counterpart, parents)| Others {
            impacted,
            counterpart,
            parents,
        })
}

impl RelatedLimits for Others {
    fn limits(&self, account: AccountId) -> Option<Limits> {
        match account.0 {
            7 => self.impacted,
            8 => self.counterpart,
            other => panic!("asked for account {other}"),
        }
    }

    fn parent(&self, number: usize) -> Option<(AccountId, Limits)> {
        let limits = *self.parents.get(number)?;
        Some((AccountId(100 + u64::try_from(number).unwrap()), limits))
    }
}

fn decide(snapshot: &Snapshot, ask: &Ask, limits: &Limits, others: &Others) -> Evaluation {
    let request = request(snapshot, ask);
    let evaluation = snapshot.evaluate_with(&request, limits, others);
    let trace = snapshot.trace_with(&request, limits, others);
    assert_eq!(trace.evaluation, evaluation);
    explains(&trace);
    evaluation
}

/// The trace gives the reason of its evaluation.
fn explains(trace: &Trace) {
    let last = trace.scenarios.last().map(|scenario| scenario.outcome);
    let matching = trace
        .configurations
        .iter()
        .filter(|one| one.failing.is_none())
        .count();
    match (&trace.evaluation, last) {
        (Evaluation::Holds(plan), Some(outcome)) => {
            assert_eq!(outcome, ScenarioOutcome::Holds);
            let shown = trace.configurations.last().unwrap();
            assert_eq!(shown.configuration, plan.configuration);
        }
        (Evaluation::Holds(plan), None) => {
            assert_eq!(plan.configuration, rules::Plan::WITHOUT_CONFIGURATION);
        }
        (Evaluation::NoConfiguration, last) => assert_eq!((last, matching), (None, 0)),
        (Evaluation::Insufficient { cash_limit }, last) => {
            assert_eq!(
                *cash_limit,
                last.unwrap() == ScenarioOutcome::CashLimitShort
            );
        }
        (Evaluation::Overflow, last) => {
            assert!(matches!(last, None | Some(ScenarioOutcome::Overflow)));
        }
    }
    assert!(!trace.to_string().is_empty());
}

fn request(snapshot: &Snapshot, ask: &Ask) -> EvaluationRequest {
    let mut text = format!(
        "{} {} id={} program={} account={} n={} currency={} contract={} installment={}",
        ask.code,
        ask.principal,
        ask.account,
        ask.program,
        ask.account_type,
        ask.n,
        ask.currency,
        ask.contract,
        ask.installment
    );
    if let Some(mcc) = ask.mcc {
        write!(text, " mcc={mcc}").unwrap();
    }
    support::request(snapshot, &text)
}

/// The naive evaluator: its answer in the small language. Reads the rules as generated, knows
/// nothing of the compiled form, and calculates in numbers that cannot overflow.
mod naive {
    use super::*;

    type Values = BTreeMap<&'static str, i128>;

    pub(crate) fn decide(rules: &[Rule], ask: &Ask, limits: &Limits, others: &Others) -> String {
        if ask.principal < 0 || ask.contract < 0 || ask.installment < 0 {
            return "overflow".to_owned();
        }
        let sign = match ask.code {
            "31" => return "-/0".to_owned(),
            "20" => 1,
            _ => -1,
        };
        let all: Vec<(usize, &Rule)> = rules.iter().enumerate().collect();
        let mut level: Vec<&(usize, &Rule)> = Vec::new();
        for target in [
            To::Account(ask.account),
            To::Program(ask.program),
            To::Tenant,
        ] {
            if level.is_empty() {
                level = all
                    .iter()
                    .filter(|(_, rule)| rule.active && rule.target == target)
                    .filter(|(_, rule)| rule.codes.contains(&ask.code))
                    .collect();
            }
        }
        let mut winner: Option<(usize, &Rule)> = None;
        for &(index, rule) in level {
            if matches(rule, ask) && winner.is_none_or(|(_, best)| better(rule, best)) {
                winner = Some((index, rule));
            }
        }
        let Some((index, rule)) = winner else {
            return "no configuration".to_owned();
        };

        let mut customs: Vec<&Try> = rule.scenarios.iter().filter(|s| s.custom).collect();
        customs.sort_by_key(|scenario| scenario.order);
        let defaults = rule.scenarios.iter().filter(|scenario| !scenario.custom);
        let mut last = String::new();
        for scenario in customs.into_iter().chain(defaults) {
            last = attempt(scenario, rule, ask, sign, &values(limits), others);
            if last.starts_with('/') {
                return format!("{index}{last}");
            }
            if !last.starts_with("insufficient") {
                break;
            }
        }
        last
    }

    fn matches(rule: &Rule, ask: &Ask) -> bool {
        let mut ok = true;
        if let Some(account) = rule.account {
            ok &= account == ask.account_type;
        }
        if let Some(min) = rule.min {
            ok &= min <= ask.n;
        }
        if let Some(max) = rule.max {
            ok &= ask.n <= max;
        }
        if let Some(list) = &rule.mcc {
            ok &= ask.mcc.is_some() && list.contains(&ask.mcc.unwrap());
        }
        if let Some(currency) = rule.currency {
            ok &= currency == ask.currency;
        }
        ok
    }

    /// Whether one rule is strictly better than another.
    fn better(one: &Rule, other: &Rule) -> bool {
        let ranged = |rule: &Rule| rule.min.is_some() || rule.max.is_some();
        let count = |rule: &Rule| {
            let given = [
                rule.account.is_some(),
                ranged(rule),
                rule.mcc.is_some(),
                rule.currency.is_some(),
            ];
            given.iter().map(|given| u32::from(*given)).sum::<u32>()
        };
        if count(one) != count(other) {
            return count(one) > count(other);
        }
        if one.account.is_some() != other.account.is_some() {
            return one.account.is_some();
        }
        if ranged(one) != ranged(other) {
            return ranged(one);
        }
        let width =
            |rule: &Rule| i32::from(rule.max.unwrap_or(255)) - i32::from(rule.min.unwrap_or(0));
        if width(one) != width(other) {
            return width(one) < width(other);
        }
        if one.mcc.is_some() != other.mcc.is_some() {
            return one.mcc.is_some();
        }
        one.currency.is_some() && other.currency.is_none()
    }

    fn values(limits: &Limits) -> Values {
        let percent = i128::from(limits.over_limit_percentage_hundredths);
        let product = percent * i128::from(limits.max_credit_limit);
        let floored = (product - product.rem_euclid(10_000)) / 10_000;
        BTreeMap::from([
            ("available", i128::from(limits.available_credit_limit)),
            (
                "installments",
                i128::from(limits.available_total_installment_credit),
            ),
            ("cash", i128::from(limits.available_withdrawal_credit)),
            (
                "savings",
                i128::from(limits.available_savings_account_limit),
            ),
            ("additional", i128::from(limits.additional_funds)),
            ("held", i128::from(limits.held_funds)),
            ("overdraft", i128::from(limits.total_overdraft_limit)),
            ("overlimit", floored),
        ])
    }

    fn amount(name: &str, ask: &Ask) -> i128 {
        i128::from(match name {
            "principal" | "amount" => ask.principal,
            "contract" => ask.contract,
            _ => ask.installment,
        })
    }

    fn attempt(
        scenario: &Try,
        rule: &Rule,
        ask: &Ask,
        sign: i128,
        before: &Values,
        others: &Others,
    ) -> String {
        let names = scenario
            .consider
            .clone()
            .unwrap_or_else(|| scenario.impact.clone());
        let mut parts = BTreeSet::new();
        for name in &names {
            match *name {
                "available" => parts.extend(["available", "savings", "overdraft"]),
                "additional" | "held" => {}
                other => {
                    parts.insert(other);
                }
            }
        }
        let sum: i128 = parts.iter().map(|part| before[part]).sum();
        let mut needed = match scenario.covers {
            Some(covers) => amount(covers, ask),
            None if scenario.custom => 0,
            None => amount(scenario.amount, ask),
        };
        if scenario.custom {
            needed = needed.max(amount(scenario.check, ask));
        }
        let checks = scenario.custom || scenario.enforce;
        let unsummed = scenario.consider == Some(Vec::new());
        let short = checks && sign < 0 && !unsummed && sum < needed;

        // What each limit moves by, in the order of the API.
        let mut moved = Vec::new();
        for limit in IMPACTS {
            let mut delta = 0;
            if scenario.impact.contains(&limit) {
                delta = sign * amount(scenario.amount, ask);
            }
            if scenario.opposite.contains(&limit) {
                delta = -sign * amount(scenario.amount, ask);
            }
            if delta != 0 {
                moved.push((limit, delta));
            }
        }
        let opposite: Vec<_> = moved
            .iter()
            .map(|(limit, delta)| (*limit, -delta))
            .collect();
        let floors = checks && !scenario.negative;
        let over_limit = names.contains(&"overlimit");
        let bearer = if scenario.instead {
            others.impacted.as_ref().map(values)
        } else {
            Some(before.clone())
        };

        // The cash limit before everything else.
        let cash_below = bearer.as_ref().is_some_and(|bearer| {
            let cash = moved.iter().find(|(limit, _)| *limit == "cash");
            cash.is_some_and(|(_, delta)| floors && *delta < 0 && bearer["cash"] + delta < 0)
        });
        if cash_below || (short && parts.contains("cash") && before["cash"] < needed) {
            return "insufficient cash".to_owned();
        }
        if short {
            return "insufficient".to_owned();
        }
        // Then every account that moves, one after the other.
        let mut movers = vec![(bearer, &moved, over_limit)];
        if scenario.counterpart {
            movers.push((others.counterpart.as_ref().map(values), &opposite, false));
        }
        if rule.parents {
            for parent in &others.parents {
                movers.push((Some(values(parent)), &moved, over_limit));
            }
        }
        for (account, moves, over_limit) in movers {
            let problem = account.map_or("insufficient", |account| {
                bear(&account, moves, floors, over_limit)
            });
            if !problem.is_empty() {
                return problem.to_owned();
            }
        }

        let list = |moves: &[(&str, i128)]| {
            let words: Vec<String> = moves
                .iter()
                .map(|(limit, delta)| format!(" {limit}{delta:+}"))
                .collect();
            words.concat()
        };
        let mut text = format!("/{}", scenario.order);
        if scenario.instead {
            write!(text, " [7{}]", list(&moved)).unwrap();
        } else {
            text.push_str(&list(&moved));
        }
        if scenario.counterpart {
            let code = if sign > 0 { "00" } else { "20" };
            write!(text, " [8 as {code}{}]", list(&opposite)).unwrap();
        }
        if rule.parents {
            write!(text, " [parents{}]", list(&moved)).unwrap();
        }
        text
    }

    /// What is wrong with the moves of one account; empty when nothing is.
    fn bear(
        before: &Values,
        moves: &[(&'static str, i128)],
        floors: bool,
        over_limit: bool,
    ) -> &'static str {
        let mut after = before.clone();
        for (limit, delta) in moves {
            *after.get_mut(limit).unwrap() += delta;
        }
        let range = i128::from(i64::MIN)..=i128::from(i64::MAX);
        if moves
            .iter()
            .any(|(limit, _)| !range.contains(&after[limit]))
        {
            return "overflow";
        }
        let allowance = if over_limit { after["overlimit"] } else { 0 };
        let low = |limit: &str| match limit {
            "available" => -(after["savings"] + after["overdraft"] + allowance),
            _ => 0,
        };
        let broken = moves
            .iter()
            .any(|(limit, delta)| *delta < 0 && after[limit] < low(limit));
        if floors && broken { "insufficient" } else { "" }
    }
}

/// The scenario a plan came from.
fn scenario_of(snapshot: &Snapshot, plan: &rules::Plan) -> Scenario {
    let configuration = &snapshot.configurations()[usize::try_from(plan.configuration).unwrap()];
    let order = plan.scenario_order;
    configuration
        .scenarios
        .iter()
        .find(|scenario| scenario.order == order)
        .unwrap()
        .clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn evaluation_is_what_the_naive_evaluator_says(
        rules in prop::collection::vec(rule(), 0..6),
        asks in prop::collection::vec((ask(0_i64..=120), limits(near()), others(near())), 12),
    ) {
        let snapshot = compile(&rules);
        for (ask, limits, others) in asks {
            let found = support::outcome(&snapshot, &decide(&snapshot, &ask, &limits, &others));
            prop_assert_eq!(found, naive::decide(&rules, &ask, &limits, &others), "{:?}", texts(&rules));
        }
    }

    #[test]
    fn so_it_is_at_the_ends_of_the_range(
        rules in prop::collection::vec(rule(), 1..4),
        asks in prop::collection::vec((ask(far()), limits(far()), others(far())), 12),
    ) {
        let snapshot = compile(&rules);
        for (ask, limits, others) in asks {
            let found = support::outcome(&snapshot, &decide(&snapshot, &ask, &limits, &others));
            prop_assert_eq!(found, naive::decide(&rules, &ask, &limits, &others), "{:?}", texts(&rules));
        }
    }

    #[test]
    fn moves_of_a_plan_never_overflow_and_can_be_undone(
        rules in prop::collection::vec(rule(), 1..4),
        asks in prop::collection::vec((ask(far()), limits(far()), others(far())), 12),
    ) {
        let snapshot = compile(&rules);
        for (ask, limits, others) in asks {
            if let Evaluation::Holds(plan) = decide(&snapshot, &ask, &limits, &others) {
                let after = limits.checked_apply(&plan.deltas);
                prop_assert!(after.is_some());
                prop_assert_eq!(after.unwrap().checked_apply(&plan.deltas.negated()), Some(limits));
            }
        }
    }

    #[test]
    fn no_limit_falls_below_its_floor_unless_it_may(
        rules in prop::collection::vec(rule(), 1..4),
        asks in prop::collection::vec((ask(0_i64..=120), limits(near()), others(near())), 12),
    ) {
        let snapshot = compile(&rules);
        for (ask, limits, others) in asks {
            let Evaluation::Holds(plan) = decide(&snapshot, &ask, &limits, &others) else { continue };
            if plan.deltas.is_none() {
                continue;
            }
            let scenario = scenario_of(&snapshot, &plan);
            let unchecked = matches!(scenario.kind, ScenarioKind::Default { enforce_funds: false });
            if unchecked || scenario.result.may_go_negative {
                continue;
            }
            let after = limits.checked_apply(&plan.deltas).unwrap();
            let allowance = after.over_limit_percentage_hundredths * after.max_credit_limit;
            // The widest floor there is: the allowance may not even be considered.
            let backing = after.available_savings_account_limit
                + after.total_overdraft_limit
                + allowance.div_euclid(10_000).max(0);
            for (limit, delta) in plan.deltas.iter().filter(|(_, delta)| *delta < 0) {
                let floor = if limit == LimitName::AvailableCreditLimit { -backing } else { 0 };
                prop_assert!(after.get(limit) >= floor, "{limit:?} moved {delta}: {after:?}");
            }
        }
    }

    #[test]
    fn no_text_makes_the_documents_panic(
        at in any::<prop::sample::Index>(),
        cut in 0_usize..12,
        insert in "[\\[\\]{}=\",.0-9a-zA-Z\\-\n é]{0,12}",
        which in 0_usize..5,
    ) {
        let text = "tenant
            config A codes=00 mcc=5411 min=2
              custom 1 check=amount amount=principal consider=available impact=available";
        let mut documents = support::base();
        documents.push(support::document("balance-configurations/a.toml", &support::to_toml(text)));
        let content = &mut documents[which].content;
        let characters: Vec<char> = content.chars().collect();
        let from = at.index(characters.len());
        let to = (from + cut).min(characters.len());
        let before: String = characters[..from].iter().collect();
        let after: String = characters[to..].iter().collect();
        *content = format!("{before}{insert}{after}");
        if let Err(errors) = rules::compile(documents) {
            prop_assert!(!errors.0.is_empty());
            for error in &errors.0 {
                prop_assert!(error.line >= 1 && !error.file.is_empty() && !error.reason.is_empty());
            }
        }
    }
}
