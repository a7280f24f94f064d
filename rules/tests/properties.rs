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
use rules::{Evaluation, LimitName, Limits, Scenario, ScenarioKind, Snapshot};

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
    program: Option<u32>,
    active: bool,
    codes: Vec<&'static str>,
    account: Option<&'static str>,
    min: Option<u8>,
    max: Option<u8>,
    mcc: Option<Vec<u16>>,
    currency: Option<&'static str>,
    scenarios: Vec<Try>,
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
}

#[derive(Clone, Debug)]
struct Ask {
    program: u32,
    code: &'static str,
    account: &'static str,
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
            enforce: enforce && !custom,
        }
    }
}

prop_compose! {
    fn rule()(
        program in prop::option::of(1_u32..=2),
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
        for (scenario, order) in scenarios.iter_mut().zip(orders) {
            scenario.order = order;
        }
        let max = width.map(|width| min.unwrap_or(0) + width);
        Rule { program, active, codes, account, min, max, mcc, currency, scenarios }
    }
}

prop_compose! {
    fn ask(amount: impl Strategy<Value = i64> + Clone)(
        program in 1_u32..=3,
        code in select(vec!["00", "01", "20", "31"]),
        account in select(vec!["00", "20", "30"]),
        n in 1_u8..=6,
        mcc in prop::option::of(select(vec![5411, 5999, 742])),
        currency in select(vec!["USD", "BRL"]),
        principal in amount.clone(),
        contract in amount.clone(),
        installment in amount,
    ) -> Ask {
        Ask { program, code, account, n, mcc, currency, principal, contract, installment }
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
    let mut text = rule
        .program
        .map_or_else(|| "tenant\n".to_owned(), |id| format!("program {id}\n"));
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
        text.push_str(if scenario.negative { " negative" } else { "" });
        text.push_str(if scenario.enforce { " enforce\n" } else { "\n" });
    }
    text
}

fn compile(rules: &[Rule]) -> Snapshot {
    let texts = texts(rules);
    support::snapshot(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn decide(snapshot: &Snapshot, ask: &Ask, limits: &Limits) -> Evaluation {
    let mut text = format!(
        "{} {} program={} account={} n={} currency={} contract={} installment={}",
        ask.code,
        ask.principal,
        ask.program,
        ask.account,
        ask.n,
        ask.currency,
        ask.contract,
        ask.installment
    );
    if let Some(mcc) = ask.mcc {
        write!(text, " mcc={mcc}").unwrap();
    }
    snapshot.evaluate(&support::request(snapshot, &text), limits)
}

/// The naive evaluator: its answer in the small language. Reads the rules as generated, knows
/// nothing of the compiled form, and calculates in numbers that cannot overflow.
mod naive {
    use super::*;

    type Values = BTreeMap<&'static str, i128>;

    pub(crate) fn decide(rules: &[Rule], ask: &Ask, limits: &Limits) -> String {
        if ask.principal < 0 || ask.contract < 0 || ask.installment < 0 {
            return "overflow".to_owned();
        }
        let sign = match ask.code {
            "31" => return "-/0".to_owned(),
            "20" => 1,
            _ => -1,
        };
        let named = |rule: &&(usize, &Rule), program| {
            rule.1.active && rule.1.program == program && rule.1.codes.contains(&ask.code)
        };
        let all: Vec<(usize, &Rule)> = rules.iter().enumerate().collect();
        let own: Vec<_> = all
            .iter()
            .filter(|rule| named(rule, Some(ask.program)))
            .collect();
        let level: Vec<_> = if own.is_empty() {
            all.iter().filter(|rule| named(rule, None)).collect()
        } else {
            own
        };
        let mut winner: Option<(usize, &Rule)> = None;
        for &&(index, rule) in &level {
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
            last = attempt(scenario, ask, sign, &values(limits), index);
            if !last.starts_with("insufficient") {
                break;
            }
        }
        last
    }

    fn matches(rule: &Rule, ask: &Ask) -> bool {
        let mut ok = true;
        if let Some(account) = rule.account {
            ok &= account == ask.account;
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

    fn attempt(scenario: &Try, ask: &Ask, sign: i128, before: &Values, index: usize) -> String {
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

        let mut after = before.clone();
        let mut moved = Vec::new();
        for limit in IMPACTS {
            let mut delta = 0;
            if scenario.impact.contains(&limit) {
                delta = sign * amount(scenario.amount, ask);
            }
            if scenario.opposite.contains(&limit) {
                delta = -sign * amount(scenario.amount, ask);
            }
            *after.get_mut(limit).unwrap() += delta;
            if delta != 0 {
                moved.push((limit, delta));
            }
        }
        let low = |limit: &str| match limit {
            "available" => {
                let extra = if names.contains(&"overlimit") {
                    after["overlimit"]
                } else {
                    0
                };
                -(after["savings"] + after["overdraft"] + extra)
            }
            _ => 0,
        };
        let broken: Vec<&str> = moved
            .iter()
            .filter(|(limit, delta)| *delta < 0 && after[limit] < low(limit))
            .map(|(limit, _)| *limit)
            .filter(|_| checks && !scenario.negative)
            .collect();
        if broken.contains(&"cash") || (short && parts.contains("cash") && before["cash"] < needed)
        {
            return "insufficient cash".to_owned();
        }
        if short {
            return "insufficient".to_owned();
        }
        let range = i128::from(i64::MIN)..=i128::from(i64::MAX);
        if moved
            .iter()
            .any(|(limit, _)| !range.contains(&after[limit]))
        {
            return "overflow".to_owned();
        }
        if !broken.is_empty() {
            return "insufficient".to_owned();
        }
        let mut text = format!("{index}/{}", scenario.order);
        // The order of the limits is that of the API.
        for (limit, delta) in moved {
            write!(text, " {limit}{delta:+}").unwrap();
        }
        text
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
        asks in prop::collection::vec((ask(0_i64..=120), limits(near())), 12),
    ) {
        let snapshot = compile(&rules);
        for (ask, limits) in asks {
            let found = support::outcome(&snapshot, &decide(&snapshot, &ask, &limits));
            prop_assert_eq!(found, naive::decide(&rules, &ask, &limits), "{:?}", texts(&rules));
        }
    }

    #[test]
    fn so_it_is_at_the_ends_of_the_range(
        rules in prop::collection::vec(rule(), 1..4),
        asks in prop::collection::vec((ask(far()), limits(far())), 12),
    ) {
        let snapshot = compile(&rules);
        for (ask, limits) in asks {
            let found = support::outcome(&snapshot, &decide(&snapshot, &ask, &limits));
            prop_assert_eq!(found, naive::decide(&rules, &ask, &limits), "{:?}", texts(&rules));
        }
    }

    #[test]
    fn moves_of_a_plan_never_overflow_and_can_be_undone(
        rules in prop::collection::vec(rule(), 1..4),
        asks in prop::collection::vec((ask(far()), limits(far())), 12),
    ) {
        let snapshot = compile(&rules);
        for (ask, limits) in asks {
            if let Evaluation::Holds(plan) = decide(&snapshot, &ask, &limits) {
                let after = limits.checked_apply(&plan.deltas);
                prop_assert!(after.is_some());
                prop_assert_eq!(after.unwrap().checked_apply(&plan.deltas.negated()), Some(limits));
            }
        }
    }

    #[test]
    fn no_limit_falls_below_its_floor_unless_it_may(
        rules in prop::collection::vec(rule(), 1..4),
        asks in prop::collection::vec((ask(0_i64..=120), limits(near())), 12),
    ) {
        let snapshot = compile(&rules);
        for (ask, limits) in asks {
            let Evaluation::Holds(plan) = decide(&snapshot, &ask, &limits) else { continue };
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
