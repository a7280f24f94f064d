//! What flex controls decide, in order: kinds, scopes, levels, order, what takes the place of what, and what
//! is counted and taken back.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use proptest::prelude::*;
use rules::{
    AccountId, ControlConflict, ControlSet, ControlTarget, CustomerId, FlexControl, OwnControls,
    ProgramId, Snapshot,
};
use support::controls::{Books, card, compile, decide, decide_with, judge, program_controls};

/// Decides operations one after another; each row is an operation and its answer.
fn run(rules: &Snapshot, rows: &[(&str, &str)]) {
    let mut books = Books::default();
    for (operation, expected) in rows {
        assert_eq!(
            decide(rules, &mut books, operation),
            *expected,
            "{operation}"
        );
    }
}

const LIMIT: &str = r#"
[[controls]]
id = "month"
name = "Month"
type = "spending_limit"
deny_code = "ERR_MAX_SPENDING_LIMIT"
max_limit = 1000
limit_duration = "P1M"
"#;

#[test]
fn a_spending_limit_counts_amounts_in_a_period() {
    run(
        &program_controls(LIMIT),
        &[
            ("00 600", "passes month+600/0"),
            ("00 401", "month amount_exceeded"),
            ("00 400", "passes month+400/0"),
            ("00 1", "month amount_exceeded"),
            // Nothing to count, money coming in, another account, another program.
            ("00 0", "passes"),
            ("20 500", "passes"),
            ("00 1000 account=2", "passes month+1000/0"),
            ("00 5000 program=2", "passes"),
            ("00 1000 at=2026-12-01T00:00:00Z", "passes month+1000/0"),
            (
                "00 9223372036854775807 at=2027-01-01T00:00:00Z",
                "month amount_exceeded",
            ),
            ("00 -1 at=2027-01-01T00:00:00Z", "month amount_exceeded"),
        ],
    );
}

#[test]
fn a_usage_limit_counts_operations() {
    let controls = LIMIT
        .replace("spending_limit", "usage_limit")
        .replace("1000", "2")
        + "conditions = [{ attribute = \"entry_mode\", operator = \"in\", value = \"071\" }]\n";
    run(
        &program_controls(&controls),
        &[
            ("00 600 entry=071", "passes month+0/1"),
            ("00 600 entry=051", "passes"),
            ("00 0 entry=071", "passes month+0/1"),
            ("00 600 entry=071", "month count_exceeded"),
            ("00 600", "passes"),
        ],
    );
}

#[test]
fn without_a_duration_each_operation_is_compared_alone() {
    run(
        &program_controls(&LIMIT.replace("limit_duration = \"P1M\"", "")),
        &[
            ("00 1000", "passes"),
            ("00 1000", "passes"),
            ("00 1001", "month amount_exceeded"),
        ],
    );
}

#[test]
fn a_limit_counts_by_card_where_it_says_so() {
    run(
        &program_controls(&format!("{LIMIT}counted_per = \"card\"\n")),
        &[
            ("00 1000 card=1", "passes month+1000/0"),
            ("00 1000 card=2", "passes month+1000/0"),
            ("00 1 card=1 account=2", "month amount_exceeded"),
            ("00 5000", "passes"),
        ],
    );
}

const CUMULATIVE: &str = r#"
[[controls]]
id = "contactless"
name = "Contactless"
type = "cumulative_limit"
counted_per = "card"
deny_code = "PIN"
response_code = "65"
max_amount = 150
max_transactions = 3
conditions = [{ attribute = "entry_mode", operator = "eq", value = "071" }]
reset_strategy = { reset_trigger = { is_password_present = true, authentication_method = ["sms"] } }
"#;

#[test]
fn a_cumulative_limit_counts_until_the_holder_is_authenticated() {
    run(
        &program_controls(CUMULATIVE),
        &[
            ("00 50 card=1 entry=071", "passes contactless+50/1"),
            ("00 50 card=2 entry=071", "passes contactless+50/1"),
            ("00 101 card=1 entry=071", "contactless amount_exceeded"),
            ("00 9 card=1 entry=051", "passes"),
            ("00 1 card=1 entry=071", "passes contactless+1/1"),
            (
                "00 1 card=1 entry=071 password=false",
                "passes contactless+1/1",
            ),
            ("00 1 card=1 entry=071", "contactless count_exceeded"),
            // Any operation of the card that shows the trigger, whatever it is.
            ("20 1 card=1 password=true", "passes contactless+0/0"),
            (
                "00 150 card=1 entry=071 at=2031-01-01T00:00:00Z",
                "passes contactless+150/1",
            ),
            (
                "00 1 card=1 entry=071 at=2031-01-01T00:00:00Z",
                "contactless amount_exceeded",
            ),
            (
                "00 900 card=1 entry=071 method=sms",
                "passes contactless+0/0",
            ),
            ("00 900 card=1 entry=071 method=sms", "passes"),
            ("00 900 entry=071", "passes"),
            (
                "00 50 card=2 entry=071 method=email",
                "passes contactless+50/1",
            ),
        ],
    );
}

#[test]
fn a_reset_is_not_undone_and_what_was_before_it_is_not_taken_back() {
    let rules = program_controls(CUMULATIVE);
    let mut books = Books::default();
    let (none, contactless) = (OwnControls::NONE, "00 100 card=1 entry=071");
    let (_, first) = judge(&rules, &none, &books, contactless);
    books.reserve(&first);
    let (_, reset) = judge(&rules, &none, &books, "00 5 card=1 password=true");
    books.reserve(&reset);
    let (_, second) = judge(&rules, &none, &books, contactless);
    books.reserve(&second);
    books.roll_back(&first, 100, 100);
    books.roll_back(&reset, 5, 5);
    assert_eq!(
        decide(&rules, &mut books, "00 51 card=1 entry=071"),
        "contactless amount_exceeded"
    );
    books.roll_back(&second, 100, 100);
    assert_eq!(
        decide(&rules, &mut books, "00 51 card=1 entry=071"),
        "passes contactless+51/1"
    );
}

#[test]
fn reservations_are_taken_back_within_their_period() {
    let rules = program_controls(&format!(
        "{LIMIT}{}",
        LIMIT
            .replace("month", "uses")
            .replace("Month", "Uses")
            .replace("spending_limit", "usage_limit")
            .replace("1000", "2")
    ));
    let mut books = Books::default();
    let (answer, first) = judge(&rules, &OwnControls::NONE, &books, "00 900");
    assert_eq!(answer, "passes month+900/0 uses+0/1");
    books.reserve(&first);
    assert_eq!(
        decide(&rules, &mut books, "00 200"),
        "month amount_exceeded"
    );
    // A part: the amount goes down, the operation is still one.
    books.roll_back(&first, 300, 900);
    assert_eq!(
        decide(&rules, &mut books, "00 200"),
        "passes month+200/0 uses+0/1"
    );
    assert_eq!(decide(&rules, &mut books, "00 1"), "uses count_exceeded");
    books.roll_back(&first, 900, 900);
    assert_eq!(
        decide(&rules, &mut books, "00 100"),
        "passes month+100/0 uses+0/1"
    );

    // In the next month nothing of this month is taken back.
    let next = "00 1000 at=2026-12-01T00:00:00Z";
    assert_eq!(
        decide(&rules, &mut books, next),
        "passes month+1000/0 uses+0/1"
    );
    books.roll_back(&first, 900, 900);
    let again = "00 1 at=2026-12-01T00:00:00Z";
    assert_eq!(decide(&rules, &mut books, again), "month amount_exceeded");
}

/// A limit that was lowered below what is counted denies whatever would count, and nothing else.
#[test]
fn a_limit_may_be_lowered_below_what_is_counted() {
    let mut books = Books::default();
    let rules = program_controls(LIMIT);
    assert_eq!(decide(&rules, &mut books, "00 900"), "passes month+900/0");
    let lowered = program_controls(&LIMIT.replace("1000", "500"));
    assert_eq!(
        decide(&lowered, &mut books, "00 1"),
        "month amount_exceeded"
    );
    assert_eq!(decide(&lowered, &mut books, "00 0"), "passes");
}

/// A restriction on every operation it applies to, with the words of its scope.
fn restricted(scope: &str) -> Snapshot {
    program_controls(&format!(
        "[[controls]]\nid = \"r\"\nname = \"R\"\ntype = \"restriction\"\ndeny_code = \"D\"\n{scope}\n\
         conditions = [{{ attribute = \"amount\", operator = \"gte\", value = 100 }}]\n"
    ))
}

#[test]
fn a_control_applies_to_its_scope_only() {
    let table: &[(&str, &[&str], &[&str])] = &[
        (
            "",
            &["00 100", "20 100", "31 100"],
            &["00 99", "00 100 program=2"],
        ),
        (
            "processing_codes = [\"20\", \"00\"]",
            &["00 100", "20 100"],
            &["01 100"],
        ),
        ("processing_codes = []", &["01 100"], &[]),
        ("active = false", &[], &["00 100"]),
        (
            "card_mode = \"debit\"",
            &["00 100 mode=debit"],
            &["00 100 mode=credit", "00 100"],
        ),
        (
            "beneficiary_id = \"B1\"",
            &["00 100 beneficiary=B1"],
            &["00 100 beneficiary=B2", "00 100"],
        ),
        // In the currency of the account also what was spent in others.
        (
            "currency_code = \"USD\"",
            &["00 100 currency=EUR/90"],
            &["00 99 currency=EUR/100"],
        ),
        (
            "currency_code = \"EUR\"",
            &["00 90 currency=EUR/100"],
            &["00 100 currency=EUR/90", "00 100"],
        ),
    ];
    for (scope, denied, passing) in table {
        let rules = restricted(scope);
        for (operations, expected) in [(denied, "r restricted"), (passing, "passes")] {
            for operation in *operations {
                let found = decide(&rules, &mut Books::default(), operation);
                assert_eq!(found, expected, "{scope}: {operation}");
            }
        }
    }
}

/// Conditions are told apart: a restriction that denies unless they are met denies nothing outside of its
/// scope.
#[test]
fn what_a_control_does_not_apply_to_it_does_not_deny() {
    let rules = restricted("effect = \"deny_unless_met\"\nprocessing_codes = [\"00\"]");
    run(
        &rules,
        &[
            ("00 99", "r restricted"),
            ("00 100", "passes"),
            ("01 99", "passes"),
        ],
    );
}

fn restriction(id: &str, words: &str) -> String {
    format!(
        "[[controls]]\nid = \"{id}\"\nname = \"{id}\"\ntype = \"restriction\"\ndeny_code = \"D\"\n{words}\n\
         conditions = [{{ attribute = \"amount\", operator = \"gte\", value = 0 }}]\n"
    )
}

fn levels(program: &str, account: &str, customer: &str, of_card: &str) -> Snapshot {
    let hash = card(1);
    compile(&[
        (
            "1",
            &format!("level = \"program\"\nprogram_id = 1\n{program}"),
        ),
        (
            "2",
            &format!("level = \"account\"\naccount_id = 1\n{account}"),
        ),
        (
            "3",
            &format!("level = \"customer\"\ncustomer_id = 3\naccount_id = 1\n{customer}"),
        ),
        (
            "4",
            &format!("level = \"card\"\ncard_id = \"{hash}\"\n{of_card}"),
        ),
    ])
}

#[test]
fn the_first_that_denies_decides() {
    let all = "00 1 customer=3 card=1";
    let plain = |id: &str| restriction(id, "");
    let rules = levels(&plain("p"), &plain("a"), &plain("c"), &plain("k"));
    run(
        &rules,
        &[
            (all, "k restricted"),
            ("00 1 customer=3 card=2", "c restricted"),
            ("00 1 customer=4 card=2", "a restricted"),
            ("00 1 account=2 customer=3", "p restricted"),
            ("00 1 account=2 program=2 customer=3", "passes"),
        ],
    );
    let ordered = |id: &str, order: u8| restriction(id, &format!("evaluation_order = {order}"));
    let rules = levels(
        &ordered("p", 98),
        &ordered("a", 99),
        &plain("c"),
        &plain("k"),
    );
    run(&rules, &[(all, "p restricted")]);
    let rules = levels(
        &ordered("p", 99),
        &ordered("a", 99),
        &plain("c"),
        &plain("k"),
    );
    run(&rules, &[(all, "a restricted")]);
    let both = format!("{}{}", plain("z"), plain("b"));
    run(
        &levels(&both, "controls = []", "controls = []", "controls = []"),
        &[(all, "b restricted")],
    );
}

#[test]
fn a_control_may_take_the_place_of_others() {
    let all = "00 1 customer=3 card=1";
    let plain = |id: &str| restriction(id, "");
    let none = "controls = []";
    let passing = |words: &str| {
        format!(
            "[[controls]]\nid = \"x\"\nname = \"x\"\ntype = \"restriction\"\ndeny_code = \"D\"\n{words}\n\
             conditions = [{{ attribute = \"amount\", operator = \"gte\", value = 900 }}]\n"
        )
    };
    // Of the same level and of broader ones.
    let over = "override_controls = [\"a\"]";
    let rules = levels(none, &(plain("a") + &passing(over)), none, none);
    run(&rules, &[(all, "passes"), ("00 900", "x restricted")]);
    let rules = levels(none, &plain("a"), none, &passing(over));
    run(&rules, &[(all, "passes"), ("00 1 card=2", "a restricted")]);
    // Only where it applies.
    let elsewhere = passing(&format!("{over}\nprocessing_codes = [\"01\"]"));
    let rules = levels(none, &plain("a"), none, &elsewhere);
    run(&rules, &[(all, "a restricted"), ("01 1 card=1", "passes")]);
    let inactive = passing(&format!("{over}\nactive = false"));
    run(
        &levels(none, &plain("a"), none, &inactive),
        &[(all, "a restricted")],
    );
    // The copy of a control of the program: one that follows it, and one that was changed.
    let copy = "rule_reference_id = \"p\"";
    let rules = levels(&plain("p"), &passing(copy), none, none);
    run(&rules, &[("00 900", "p restricted"), (all, "p restricted")]);
    let customized = passing(&format!("{copy}\ncustomized = true"));
    let rules = levels(&plain("p"), &customized, none, none);
    run(
        &rules,
        &[
            (all, "passes"),
            ("00 900", "x restricted"),
            ("00 1 account=2", "p restricted"),
        ],
    );
    // A copy of what the program has no longer, or has switched off, decides itself.
    let rules = levels(none, &passing(copy), none, none);
    run(&rules, &[("00 900", "x restricted")]);
    let off = restriction("p", "active = false");
    run(
        &levels(&off, &passing(copy), none, none),
        &[("00 900", "x restricted")],
    );
}

fn own(target: ControlTarget, id: &str, words: &str) -> FlexControl {
    let json = format!(
        r#"{{"id": "{id}", "type": "restriction", "name": "{id}", "deny_code": "D"{words},
            "conditions": [{{"attribute": "amount", "operator": "gte", "value": 0}}]}}"#
    );
    FlexControl::compile(target, &json).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn controls_made_at_run_time_stand_beside_those_of_the_rules() {
    let account = ControlTarget::Account(AccountId(1));
    let customer = ControlTarget::Customer {
        customer: CustomerId(3),
        account: AccountId(1),
    };
    let rules = program_controls(&restriction("p", "evaluation_order = 50"));
    let first = ControlSet::default()
        .with(own(account, "a", r#", "evaluation_order": 49"#))
        .unwrap();
    let late = ControlSet::default().with(own(customer, "c", "")).unwrap();
    let books = &mut Books::default();
    let sets = OwnControls {
        account: &first,
        customer: &late,
        ..OwnControls::NONE
    };
    assert_eq!(decide_with(&rules, &sets, books, "00 1"), "a restricted");
    let sets = OwnControls {
        customer: &late,
        ..OwnControls::NONE
    };
    assert_eq!(decide_with(&rules, &sets, books, "00 1"), "p restricted");
    assert_eq!(
        decide_with(&rules, &sets, books, "00 1 program=2"),
        "c restricted"
    );
    // The control names its account, whatever the caller gives.
    let other = "00 1 program=2 account=2";
    assert_eq!(decide_with(&rules, &sets, books, other), "passes");
    // A copy of the program's control, made at run time.
    let copy = r#", "rule_reference_id": "p", "customized": true, "active": true"#;
    let copy = own(
        account,
        "copy",
        &copy.replace("\"active\": true", "\"processing_codes\": [\"00\"]"),
    );
    let copy = ControlSet::default().with(copy).unwrap();
    let sets = OwnControls {
        account: &copy,
        ..OwnControls::NONE
    };
    assert_eq!(decide_with(&rules, &sets, books, "00 1"), "copy restricted");
    assert_eq!(decide_with(&rules, &sets, books, "01 1"), "p restricted");
}

#[test]
fn a_set_takes_changes_and_refuses_what_does_not_fit() {
    let account = ControlTarget::Account(AccountId(1));
    let mut set = ControlSet::default();
    for number in 0..rules::CONTROLS_MAX {
        set = set.with(own(account, &format!("c{number}"), "")).unwrap();
    }
    let more = set.with(own(account, "more", ""));
    assert_eq!(more, Err(ControlConflict::TooMany(account)));
    assert_eq!(more.unwrap_err().code().as_str(), "WRUL0707");
    let changed = set
        .with(own(account, "c7", r#", "active": false"#))
        .unwrap();
    assert_eq!(changed.len(), rules::CONTROLS_MAX);
    assert!(!changed.get("c7".parse().unwrap()).unwrap().is_active());
    let json =
        r#"{"id": "c7", "type": "usage_limit", "name": "C", "deny_code": "D", "max_limit": 1}"#;
    let other = FlexControl::compile(account, json).unwrap();
    assert_eq!(set.with(other), Err(ControlConflict::TypeChanged));

    let set = ControlSet::default()
        .with(own(account, "a", r#", "override_controls": ["b"]"#))
        .unwrap();
    let cycle = set.with(own(account, "b", r#", "override_controls": ["a"]"#));
    assert_eq!(cycle, Err(ControlConflict::OverridesItself));
    let program = ControlTarget::Program(ProgramId(1));
    let customer = ControlTarget::Customer {
        customer: CustomerId(3),
        account: AccountId(1),
    };
    assert_eq!(
        ControlConflict::TooMany(program).code().as_str(),
        "WRUL0707"
    );
    assert_eq!(
        ControlConflict::TooMany(customer).code().as_str(),
        "WRUL1207"
    );
}

#[derive(Clone, Debug)]
struct Made {
    level: usize,
    order: Option<u8>,
    most: i64,
    per_card: bool,
    runtime: bool,
}

prop_compose! {
    fn made()(
        level in 0_usize..3,
        order in proptest::option::of(1_u8..4),
        most in 1_i64..400,
        per_card in any::<bool>(),
        runtime in any::<bool>(),
    ) -> Made {
        // Those of a program are never made at run time.
        Made { level, order, most, per_card, runtime: runtime && level > 0 }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Many limits at all levels decide what a walk over all of them decides that keeps sums by hand.
    #[test]
    fn limits_are_what_a_naive_walk_says(
        limits in proptest::collection::vec(made(), 0..8),
        operations in proptest::collection::vec((1_i64..150, 1_u8..3, 0_u8..3), 1..12),
    ) {
        const LEVELS: [&str; 3] = [
            "level = \"program\"\nprogram_id = 1\n",
            "level = \"account\"\naccount_id = 1\n",
            "level = \"customer\"\ncustomer_id = 3\naccount_id = 1\n",
        ];
        let targets = [
            ControlTarget::Program(ProgramId(1)),
            ControlTarget::Account(AccountId(1)),
            ControlTarget::Customer { customer: CustomerId(3), account: AccountId(1) },
        ];
        let mut files = LEVELS.map(|level| format!("{level}controls = [\n"));
        let mut sets = [ControlSet::default(), ControlSet::default(), ControlSet::default()];
        for (number, made) in limits.iter().enumerate() {
            let mut json = serde_json::json!({
                "id": format!("l{number}"), "name": "L", "type": "spending_limit", "deny_code": "D",
                "max_limit": made.most, "limit_duration": "P1D",
            });
            if let Some(order) = made.order {
                json["evaluation_order"] = order.into();
            }
            if made.level < 2 && made.per_card {
                json["counted_per"] = "card".into();
            }
            if made.runtime {
                let control = FlexControl::compile(targets[made.level], &json.to_string()).unwrap();
                sets[made.level] = sets[made.level].with(control).unwrap();
            } else {
                let entry = json.as_object().unwrap().iter();
                let entry: Vec<String> = entry.map(|(key, value)| format!("{key} = {value}")).collect();
                files[made.level].push_str(&format!("{{ {} }},\n", entry.join(", ")));
            }
        }
        let files = files.map(|file| file + "]\n");
        let rules = compile(&[("0", &files[0]), ("1", &files[1]), ("2", &files[2])]);
        let own = OwnControls { account: &sets[1], customer: &sets[2], ..OwnControls::NONE };
        let mut books = Books::default();
        let mut sums = std::collections::BTreeMap::new();
        let mut order: Vec<usize> = (0..limits.len()).collect();
        order.sort_by_key(|number| {
            let made = &limits[*number];
            (made.order.unwrap_or(u8::MAX), 3 - made.level, *number)
        });
        for (amount, card, day) in operations {
            let at = format!("2026-11-2{day}T12:00:00Z");
            let text = format!("00 {amount} card={card} customer=3 at={at}");
            // Days only go on.
            let day = sums.keys().map(|(_, _, other): &(usize, u8, u8)| *other).max().unwrap_or(0).max(day);
            let text = text.replace(&at, &format!("2026-11-2{day}T12:00:00Z"));
            let mut expected = "passes".to_owned();
            let mut counted = Vec::new();
            for number in &order {
                let made = &limits[*number];
                let card = if made.level < 2 && made.per_card { card } else { 0 };
                let place = (*number, card, day);
                let sum = sums.get(&place).copied().unwrap_or(0) + amount;
                if sum > made.most {
                    expected = format!("l{number} amount_exceeded");
                    counted.clear();
                    break;
                }
                expected.push_str(&format!(" l{number}+{amount}/0"));
                counted.push((place, sum));
            }
            sums.extend(counted);
            let found = decide_with(&rules, &own, &mut books, &text);
            prop_assert_eq!(found, expected, "{}", text);
        }
    }
}
