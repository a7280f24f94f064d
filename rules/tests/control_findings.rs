//! What is allowed in flex controls but hardly meant, one row per kind.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod support;

use rules::{Feature, FindingKind, Snapshot};
use support::controls::{compile, compile_with, program_controls};

/// The findings as text, without those of operations that have no configuration.
fn findings(rules: &Snapshot) -> String {
    let findings = rules.findings();
    let lines: Vec<String> = findings
        .iter()
        .filter(|finding| finding.kind != FindingKind::NoConfiguration)
        .map(ToString::to_string)
        .collect();
    lines.join("\n")
}

fn restriction(conditions: &str) -> String {
    let conditions: Vec<String> = conditions
        .split(" & ")
        .map(|condition| {
            let mut words = condition.split(' ');
            let mut word = || words.next().unwrap();
            let (attribute, operator, value) = (word(), word(), word());
            format!(
                "{{ attribute = \"{attribute}\", operator = \"{operator}\", value = \"{value}\" }}"
            )
        })
        .collect();
    format!(
        "[[controls]]\nid = \"r\"\nname = \"R\"\ntype = \"restriction\"\ndeny_code = \"D\"\n\
         conditions = [{}]\n",
        conditions.join(", ")
    )
}

#[test]
fn contradictory_conditions() {
    let contradict =
        "flex-controls/p.toml:3: controls[0]: warning: \"R\" never denies: its conditions on";
    let table = [
        ("amount gt 5 & amount lt 9", String::new()),
        ("amount gt 5 & amount lt 6", format!("{contradict} amount contradict each other")),
        ("merchant_category_code eq 5411 & merchant_category_code nin 5411,5412", format!("{contradict} merchant_category_code contradict each other")),
        ("week_day bt saturday-sunday & week_day neq sunday", String::new()),
        ("week_day bt saturday-sunday & week_day bt monday-friday", format!("{contradict} week_day contradict each other")),
        ("time_now bt 10:00PM-06:00AM & time_now bt 06:01AM-09:59PM", format!("{contradict} time_now contradict each other")),
        ("merchant_id in A,B & merchant_id neq A", String::new()),
        ("merchant_id in A,B & merchant_id nin A,B,C", format!("{contradict} merchant_id contradict each other")),
        ("merchant_id in A,B & merchant_id eq C", format!("{contradict} merchant_id contradict each other")),
        ("is_token_present nin true,false", "flex-controls/p.toml:3: controls[0]: warning: \"R\" never denies: nothing is is_token_present nin true,false".to_owned()),
        ("amount lt 0", "flex-controls/p.toml:3: controls[0]: warning: \"R\" never denies: nothing is amount lt 0".to_owned()),
    ];
    for (conditions, expected) in table {
        let found = findings(&program_controls(&restriction(conditions)));
        assert_eq!(found, expected, "{conditions}");
    }
    let text = restriction("amount lt 0");
    let unless = text.replace("deny_code", "effect = \"deny_unless_met\"\ndeny_code");
    assert!(findings(&program_controls(&unless)).contains("\"R\" denies whatever it applies to: "));
    let inactive = text.replace("deny_code", "active = false\ndeny_code");
    assert_eq!(findings(&program_controls(&inactive)), "");
    let limit = text.replace("restriction", "spending_limit") + "max_limit = 3\n";
    assert!(findings(&program_controls(&limit)).contains("\"R\" never counts: "));
    let codes = "processing_codes = [\"00\", \"01\"]\n";
    let wrong_way = restriction("operation_type eq credit") + codes;
    let found = findings(&program_controls(&wrong_way));
    let expected = "\"R\" never denies: none of its processing codes moves money that way";
    assert!(found.contains(expected), "{found}");
    let right_way = restriction("operation_type eq debit") + codes;
    assert_eq!(findings(&program_controls(&right_way)), "");
}

#[test]
fn groups_that_contradict_are_empty_or_unused() {
    let group = |id: &str, values: &str| {
        format!("id = \"{id}\"\ndescription = \"G\"\ntype = \"merchant_id\"\nvalues = [{values}]\n")
    };
    let (used, unused, empty) = (
        group("used", "\"A\""),
        group("unused", "\"A\""),
        group("empty", ""),
    );
    let both = "merchant_id in_group used & merchant_id not_in_group used & merchant_id not_in_group empty";
    let text = format!("level = \"program\"\nprogram_id = 1\n{}", restriction(both));
    let rules = compile_with(
        &[("p", &text)],
        &[("a", &used), ("b", &unused), ("c", &empty)],
    );
    assert_eq!(
        findings(&rules),
        "attribute-groups/b.toml:1: id: note: group unused is in no condition of these controls\n\
         attribute-groups/c.toml:1: id: note: group empty has no value\n\
         flex-controls/p.toml:3: controls[0]: warning: \"R\" never denies: its conditions on merchant_id contradict each other"
    );
}

#[test]
fn controls_for_nothing_and_twice() {
    let limit = |id: &str, name: &str, words: &str| {
        format!(
            "[[controls]]\nid = \"{id}\"\nname = \"{name}\"\ntype = \"usage_limit\"\ndeny_code = \"D\"\n{words}\n"
        )
    };
    let daily = "max_limit = 3\nlimit_duration = \"P1D\"";
    let weekly = "max_limit = 3\nlimit_duration = \"P1W\"";
    let program = format!(
        "level = \"program\"\nprogram_id = 1\n{}{}{}",
        limit("a", "A", daily),
        limit("b", "B", daily),
        limit("c", "A", weekly)
    );
    let account = format!(
        "level = \"account\"\naccount_id = 1\n{}{}",
        limit("d", "A", daily) + "rule_reference_id = \"a\"\n",
        limit("e", "E", "max_limit = 3") + "rule_reference_id = \"gone\"\n",
    );
    let rules = compile(&[("a", &account), ("p", &program)]);
    assert_eq!(
        findings(&rules),
        "flex-controls/a.toml:11: controls[1]: warning: \"E\" never denies: without limit_duration it compares each operation alone\n\
         flex-controls/a.toml:11: controls[1]: note: \"E\" is a copy of gone, which no program has\n\
         flex-controls/p.toml:10: controls[1]: warning: \"B\" says the same as \"A\" (flex-controls/p.toml:3)\n\
         flex-controls/p.toml:17: controls[2]: warning: program 1 already has a control \"A\" (flex-controls/p.toml:3)"
    );
    let uses = rules.features();
    let controls = uses
        .iter()
        .filter(|one| one.feature == Feature::FlexControls);
    assert_eq!(controls.count(), 5);
}
