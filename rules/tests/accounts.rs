//! What balance configurations mean beyond the limits of one account: the account level, filter
//! templates, related accounts, confirmation, the return of limits, over-limit acceptance. One row
//! per rule, in the language of `support`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use rules::{AccountId, AuthorizationFlow, Document, ProgramId, Snapshot};
use support::{base, decide_with, document, snapshot, to_toml};

/// Rows of (what the row shows, limits, related accounts, request, outcome).
fn check(rules: &Snapshot, rows: &[(&str, &str, &str, &str, &str)]) {
    for (what, limits, related, request, expected) in rows {
        assert_eq!(
            decide_with(rules, limits, related, request),
            *expected,
            "{what}: {limits} | {related} | {request}"
        );
    }
}

fn compiled(further: &[(&str, &str)]) -> Snapshot {
    let mut documents: Vec<Document> = base();
    documents.extend(
        further
            .iter()
            .map(|(path, content)| document(path, content)),
    );
    rules::compile(documents).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn account_before_program_before_tenant() {
    let rules = snapshot(&[
        "tenant
         config T codes=00,01,20
           custom 1 check=amount amount=principal consider= impact=available negative",
        "program 1
         config P codes=00,01
           custom 1 check=amount amount=principal consider= impact=available negative",
        "account 7
         config A codes=00 mcc=5411
           custom 1 check=amount amount=principal consider=available impact=available
         config off codes=01 inactive
           custom 1 check=amount amount=principal consider= impact=held negative",
        "account 8
         config B codes=01
           custom 1 check=amount amount=principal consider= impact=held negative",
    ]);
    check(
        &rules,
        &[
            (
                "account",
                "available=9",
                "",
                "00 5 id=7 mcc=5411",
                "A/1 available-5",
            ),
            (
                "its failure is final",
                "available=4",
                "",
                "00 5 id=7 mcc=5411",
                "insufficient",
            ),
            (
                "no match there: no fall back",
                "available=9",
                "",
                "00 5 id=7",
                "no configuration",
            ),
            (
                "inactive does not count",
                "",
                "",
                "01 5 id=7",
                "P/1 available-5",
            ),
            (
                "per code: the others stay below",
                "",
                "",
                "20 5 id=7",
                "T/1 available+5",
            ),
            ("another account", "", "", "01 5 id=8", "B/1 held-5"),
            (
                "whatever its program",
                "",
                "",
                "01 5 id=8 program=2",
                "B/1 held-5",
            ),
            (
                "an ordinary account",
                "",
                "",
                "00 5 id=9",
                "P/1 available-5",
            ),
            (
                "of another program",
                "",
                "",
                "00 5 id=9 program=2",
                "T/1 available-5",
            ),
        ],
    );
}

#[test]
fn the_highest_version_of_a_template_counts() {
    let template = |version: u32, most: u32| {
        format!(
            "id = \"few\"\nversion = {version}\ndescription = \"Few instalments\"\n\
             [filters]\nprocessing_codes = [\"00\"]\nmax_installments = {most}\n"
        )
    };
    let configuration = to_toml(
        "tenant
         config A template=few
           custom 1 check=amount amount=principal consider= impact=available negative
         config B codes=00
           custom 1 check=amount amount=principal consider= impact=held negative",
    );
    let rules = compiled(&[
        ("filter-templates/a-new.toml", &template(10, 6)),
        ("filter-templates/b-old.toml", &template(9, 3)),
        ("balance-configurations/a.toml", &configuration),
    ]);
    check(
        &rules,
        &[
            ("version 10", "", "", "00 5 n=6", "A/1 available-5"),
            ("and not 9", "", "", "00 5 n=7", "B/1 held-5"),
        ],
    );
    let template = rules.configurations()[0].filter_template.clone().unwrap();
    assert_eq!((template.id.as_str(), template.version), ("few", 10));
    assert_eq!(rules.configurations()[1].filter_template, None);
}

#[test]
fn the_impacted_account_moves_instead() {
    let rules = snapshot(&["account 7
         config A codes=00
           custom 1 check=amount amount=principal consider=available impact=available,cash instead=9
         config N codes=00 mcc=0001
           custom 1 check=amount amount=principal consider= impact=available instead=9 negative
         config D codes=00 mcc=0002
           default 1 amount=principal impact=available instead=9
         config T codes=00 mcc=0003
           custom 1 check=amount amount=principal consider=available impact=available instead=9
           custom 2 check=amount amount=principal consider=available impact=available"]);
    check(
        &rules,
        &[
            (
                "the sum is of the request's account, the move of the other",
                "available=10",
                "9: available=10 cash=10",
                "00 10 id=7",
                "A/1 [9 available-10 cash-10]",
            ),
            (
                "the sum is short here",
                "available=9",
                "9: available=99 cash=99",
                "00 10 id=7",
                "insufficient",
            ),
            (
                "the floor is of the other",
                "available=10",
                "9: available=9 cash=10",
                "00 10 id=7",
                "insufficient",
            ),
            (
                "its cash limit is told apart",
                "available=10",
                "9: available=10 cash=9",
                "00 10 id=7",
                "insufficient cash",
            ),
            (
                "it may go negative",
                "",
                "9: available=0",
                "00 10 id=7 mcc=1",
                "N/1 [9 available-10]",
            ),
            (
                "unknown limits never move",
                "available=99",
                "",
                "00 10 id=7",
                "insufficient",
            ),
            (
                "not even where nothing is checked",
                "",
                "",
                "00 10 id=7 mcc=1",
                "insufficient",
            ),
            (
                "nor by a default",
                "",
                "",
                "00 10 id=7 mcc=2",
                "insufficient",
            ),
            (
                "the next scenario is tried",
                "available=10",
                "",
                "00 10 id=7 mcc=3",
                "T/2 available-10",
            ),
            (
                "past the range",
                "",
                "9: available=-9223372036854775808",
                "00 1 id=7 mcc=2",
                "overflow",
            ),
        ],
    );
    let request = support::request(&rules, "00 10 id=7");
    let plain = rules.evaluate(&request, &support::limits("available=10"));
    assert_eq!(support::outcome(&rules, &plain), "insufficient");
}

#[test]
fn the_counterpart_moves_the_other_way() {
    let rules = snapshot(&["account 7
         config A codes=00
           custom 1 check=amount amount=principal consider=available impact=available counterpart=9/20
         config C codes=20
           custom 1 check=amount amount=principal impact=available counterpart=9/00
         config I codes=00 mcc=0001
           custom 1 check=amount amount=principal consider=available impact=available opposite=held instead=8 counterpart=9/20"]);
    check(
        &rules,
        &[
            (
                "up there, down here",
                "available=10",
                "9: available=0",
                "00 10 id=7",
                "A/1 available-10 [9 as 20 available+10]",
            ),
            (
                "down there, up here",
                "",
                "9: available=10",
                "20 10 id=7",
                "C/1 available+10 [9 as 00 available-10]",
            ),
            (
                "not below its floor",
                "",
                "9: available=9",
                "20 10 id=7",
                "insufficient",
            ),
            (
                "its overdraft counts",
                "",
                "9: available=9 overdraft=1",
                "20 10 id=7",
                "C/1 available+10 [9 as 00 available-10]",
            ),
            (
                "unknown limits never move",
                "available=10",
                "",
                "00 10 id=7",
                "insufficient",
            ),
            (
                "both related accounts",
                "available=10",
                "8: available=10; 9: held=10",
                "00 10 id=7 mcc=1",
                "I/1 [8 available-10 held+10] [9 as 20 available+10 held-10]",
            ),
            (
                "each with its floor",
                "available=10",
                "8: available=10; 9: held=9",
                "00 10 id=7 mcc=1",
                "insufficient",
            ),
        ],
    );
}

#[test]
fn parents_move_with_their_child() {
    let rules = snapshot(&["tenant
         parents
         config A codes=00
           custom 1 check=amount amount=principal consider=available impact=available
         config N codes=00 mcc=0001
           custom 1 check=amount amount=principal consider=available impact=available negative"]);
    check(
        &rules,
        &[
            (
                "every parent",
                "available=10",
                "^2: available=10; ^3: available=10",
                "00 10",
                "A/1 available-10 [parents available-10]",
            ),
            (
                "no parent",
                "available=10",
                "",
                "00 10",
                "A/1 available-10 [parents available-10]",
            ),
            (
                "the floor of the last one",
                "available=10",
                "^2: available=10; ^3: available=9",
                "00 10",
                "insufficient",
            ),
            (
                "unless they may go negative",
                "available=10",
                "^2: available=0",
                "00 10 mcc=1",
                "N/1 available-10 [parents available-10]",
            ),
        ],
    );
}

#[test]
fn a_plan_says_what_happens_later() {
    let rules = snapshot(&["tenant
         config H codes=00
           custom 1 check=amount amount=principal consider=available impact=available opposite=held confirm=held reset=payment
         config C codes=20
           custom 1 check=amount amount=contract impact=available confirm=additional/held reset=never
         config L codes=01
           custom 1 check=amount amount=principal consider=cash impact=cash reset=last_installment"]);
    check(
        &rules,
        &[
            (
                "held, then spent",
                "available=10",
                "",
                "00 10",
                "H/1 available-10 held+10 then held-10 reset=\"payment\"",
            ),
            (
                "of the amount that moves",
                "",
                "",
                "20 10 contract=12",
                "C/1 available+12 then additional+12 held-12 reset=\"never\"",
            ),
            (
                "after the last instalment",
                "cash=10",
                "",
                "01 10",
                "L/1 cash-10 reset=\"last_installment\"",
            ),
        ],
    );
}

#[test]
fn over_limit_counts_where_it_is_enabled_and_accepted() {
    let configuration = to_toml(
        "tenant
         config A codes=00,01
           custom 1 check=amount amount=principal consider=available,overlimit impact=available",
    );
    let over_limit = r#"
        [[configurations]]
        level = "program"
        program_id = 2
        over_limit = { enable = false }
        limit_refund = { enable = false }

        [[configurations]]
        level = "account"
        account_id = 7
        over_limit = { enable = true }
        limit_refund = { enable = false }

        [[acceptances]]
        processing_code = "01"
        level = "tenant"
        network_authorization = { over_limit = { enable = false }, limit_refund = { enable = true } }

        [[acceptances]]
        processing_code = "01"
        level = "account"
        account_id = 8
        network_authorization = { over_limit = { enable = true }, limit_refund = { enable = true } }
    "#;
    let configurations = ("balance-configurations/a.toml", configuration.as_str());
    let rules = compiled(&[configurations, ("over-limit/a.toml", over_limit)]);
    // 10 % of 100 on top of 100.
    let limits = "available=100 max=100 percent_hundredths=1000";
    let yes = "A/1 available-110";
    check(
        &rules,
        &[
            ("no record", limits, "", "00 110", yes),
            ("not more than it is", limits, "", "00 111", "insufficient"),
            (
                "disabled for the program",
                limits,
                "",
                "00 110 program=2",
                "insufficient",
            ),
            (
                "enabled again for the account",
                limits,
                "",
                "00 110 program=2 id=7",
                yes,
            ),
            (
                "not accepted for the code",
                limits,
                "",
                "01 110",
                "insufficient",
            ),
            (
                "the limit itself is left",
                limits,
                "",
                "01 100",
                "A/1 available-100",
            ),
            (
                "another flow is not named",
                limits,
                "",
                "01 110 flow=platform",
                yes,
            ),
            ("accepted for the account", limits, "", "01 110 id=8", yes),
            (
                "both must say yes",
                limits,
                "",
                "01 110 id=8 program=2",
                "insufficient",
            ),
        ],
    );
    let refund = |account, program, code: &str| {
        let (account, program) = (AccountId(account), ProgramId(program));
        let code = code.parse().unwrap();
        rules
            .over_limit(account, program, code, AuthorizationFlow::Network)
            .limit_refund
    };
    assert!(refund(1, 1, "00") && refund(1, 1, "01"));
    assert!(!refund(1, 2, "00") && !refund(7, 1, "00"));
    let open = compiled(&[configurations]);
    check(
        &open,
        &[("no document", limits, "", "01 110 program=2", yes)],
    );
}
