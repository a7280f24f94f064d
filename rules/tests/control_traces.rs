//! The trace of an evaluation of flex controls: its text, and its form as data.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use rules::{ControlSet, ControlTarget, ControlVerdict, ControlsTrace, FlexControl, OwnControls};
use support::controls::{Books, compile_with, facts};

const PROGRAM: &str = r#"level = "program"
program_id = 1
[[controls]]
id = "night"
name = "Night"
type = "restriction"
deny_code = "NIGHT"
time_zone = "America/Sao_Paulo"
conditions = [
    { attribute = "time_now", operator = "bt", value = "10:00PM-05:59AM" },
    { attribute = "merchant_category_code", operator = "in_group", value = "bars" },
    { attribute = "country_code", operator = "neq", value = "BRA" },
]
[[controls]]
id = "day"
name = "Day"
type = "spending_limit"
deny_code = "DAY"
max_limit = 1000
limit_duration = "P1D"
conditions = [{ attribute = "month_day", operator = "nin", value = "DEC-25" }]
[[controls]]
id = "uses"
name = "Uses"
type = "usage_limit"
deny_code = "USES"
max_limit = 1
limit_duration = "P1D"
processing_codes = ["01"]
"#;

const ACCOUNT: &str = r#"level = "account"
account_id = 1
[[controls]]
id = "copy"
name = "Copy"
type = "spending_limit"
deny_code = "DAY"
max_limit = 2000
rule_reference_id = "day"
[[controls]]
id = "off"
name = "Off"
active = false
type = "spending_limit"
deny_code = "DAY"
max_limit = 2000
[[controls]]
id = "old"
name = "Old"
type = "spending_limit"
deny_code = "DAY"
max_limit = 2
"#;

const GROUP: &str = r#"id = "bars"
description = "Bars"
type = "merchant_category_code"
values = ["5813"]
"#;

fn rules() -> rules::Snapshot {
    compile_with(&[("p", PROGRAM), ("a", ACCOUNT)], &[("g", GROUP)])
}

fn own() -> ControlSet {
    let target = ControlTarget::Account(rules::AccountId(1));
    let json = r#"{"id": "new", "type": "cumulative_limit", "name": "New", "deny_code": "PIN",
        "counted_per": "card", "max_amount": 900, "max_transactions": 5, "evaluation_order": 1,
        "override_controls": ["old"],
        "reset_strategy": {"reset_trigger": {"is_password_present": true}}}"#;
    let control = FlexControl::compile(target, json).unwrap();
    ControlSet::default().with(control).unwrap()
}

fn trace(rules: &rules::Snapshot, books: &Books, operation: &str) -> ControlsTrace {
    let set = own();
    let own = OwnControls {
        account: &set,
        ..OwnControls::NONE
    };
    rules.trace_controls(&facts(rules, operation), &own, books)
}

#[test]
fn a_trace_reads_as_it_was_decided() {
    let rules = rules();
    let mut books = Books::default();
    let early = "00 700 account=1 card=2 at=2026-11-21T01:00:00Z mcc=5999";
    let set = own();
    let own = OwnControls {
        account: &set,
        ..OwnControls::NONE
    };
    let answer = support::controls::decide_with(&rules, &own, &mut books, early);
    assert_eq!(answer, "passes new+700/1 day+700/0");
    let table = [
        (
            "00 100 card=2 mcc=5999 at=2026-11-21T03:30:00Z country=USA",
            r#"cumulative limit "New" (account 1): within the limit, counts amount 100, operations 1
  counted before: amount 700 of 900 operations 1 of 5
spending limit "Copy" (account 1, flex-controls/a.toml:3): skipped: the program has day
spending limit "Off" (account 1, flex-controls/a.toml:10): not active
spending limit "Old" (account 1, flex-controls/a.toml:17): skipped in favour of new
spending limit "Day" (program 1, flex-controls/p.toml:14): within the limit, counts amount 100, operations 0
  month_day nin DEC-25: NOV-21, met
  counted before: amount 700 of 1000, from 2026-11-21T00:00:00Z to 2026-11-22T00:00:00Z
restriction "Night" (program 1, flex-controls/p.toml:3): passes
  time_now bt 10:00PM-05:59AM: 12:30AM, met
  merchant_category_code in_group bars: 5999, not met
  country_code neq BRA: USA, met
usage limit "Uses" (program 1, flex-controls/p.toml:22): for other operations"#,
        ),
        (
            "00 301 password=true card=2",
            r#"cumulative limit "New" (account 1): begins to count again
  counted before: amount 700 of 900 operations 1 of 5
spending limit "Copy" (account 1, flex-controls/a.toml:3): skipped: the program has day
spending limit "Off" (account 1, flex-controls/a.toml:10): not active
spending limit "Old" (account 1, flex-controls/a.toml:17): skipped in favour of new
spending limit "Day" (program 1, flex-controls/p.toml:14): denies: the amount goes beyond the limit
  month_day nin DEC-25: NOV-21, met
  counted before: amount 700 of 1000, from 2026-11-21T00:00:00Z to 2026-11-22T00:00:00Z
2 more not asked"#,
        ),
        (
            "00 1 at=2026-12-25T03:30:00Z mcc=5813",
            r#"cumulative limit "New" (account 1): counts by card, and there is none
spending limit "Copy" (account 1, flex-controls/a.toml:3): skipped: the program has day
spending limit "Off" (account 1, flex-controls/a.toml:10): not active
spending limit "Old" (account 1, flex-controls/a.toml:17): within the limit
spending limit "Day" (program 1, flex-controls/p.toml:14): does not count this
  month_day nin DEC-25: DEC-25, not met
  counted before: amount 0 of 1000, from 2026-12-25T00:00:00Z to 2026-12-26T00:00:00Z
restriction "Night" (program 1, flex-controls/p.toml:3): passes
  time_now bt 10:00PM-05:59AM: 12:30AM, met
  merchant_category_code in_group bars: 5813, met
  country_code neq BRA: not known, not met
usage limit "Uses" (program 1, flex-controls/p.toml:22): for other operations"#,
        ),
    ];
    for (operation, expected) in table {
        let found = trace(&rules, &books, operation).to_string();
        assert_eq!(found, expected, "{operation}");
    }
    let nothing = rules.trace_controls(
        &facts(&rules, "00 1 account=2 program=2"),
        &OwnControls::NONE,
        &books,
    );
    assert_eq!(nothing.to_string(), "no flex control");
}

#[test]
fn a_trace_is_data() {
    let rules = rules();
    let books = Books::default();
    let found = trace(
        &rules,
        &books,
        "00 1001 card=2 mcc=5813 at=2026-11-21T03:30:00Z country=USA password=true",
    );
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<ControlsTrace>(&json).unwrap(), found);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let day = &value["controls"][4];
    assert_eq!(day["verdict"]["denied"], "amount_exceeded");
    assert_eq!(
        (&day["matched"], &day["passed"]),
        (&true.into(), &false.into())
    );
    assert_eq!(day["conditions"][0]["attribute"], "month_day");
    assert_eq!(
        found.controls[3].verdict,
        ControlVerdict::OverriddenBy("new".parse().unwrap())
    );
    assert_eq!(found.controls[3].matched, None);
}
