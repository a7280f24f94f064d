//! What balance configurations mean, one row per rule. The language of the rows is explained in
//! `support`; amounts are minor units.

#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use support::{decide, snapshot};

/// Rules, then rows of (what the row shows, limits, request, outcome).
fn check(files: &[&str], rows: &[(&str, &str, &str, &str)]) {
    let snapshot = snapshot(files);
    for (what, limits, request, expected) in rows {
        assert_eq!(
            decide(&snapshot, limits, request),
            *expected,
            "{what}: {limits} | {request}"
        );
    }
}

/// Two levels for code 00; only the tenant has 01.
const LEVELS: [&str; 2] = [
    "tenant
     config T codes=00,01
       custom 1 check=amount amount=principal consider= impact=available negative",
    "program 1
     config P codes=00 mcc=5411
       custom 1 check=amount amount=principal consider=available impact=available
     config off codes=01 inactive
       custom 1 check=amount amount=principal consider= impact=held negative",
];

#[test]
fn the_most_specific_level_with_the_code_decides() {
    check(
        &LEVELS,
        &[
            (
                "program beats tenant",
                "available=9",
                "00 5 mcc=5411",
                "P/1 available-5",
            ),
            (
                "its failure is final",
                "available=9",
                "00 10 mcc=5411",
                "insufficient",
            ),
            (
                "no match there: no fall back",
                "available=9",
                "00 5 mcc=5999",
                "no configuration",
            ),
            (
                "no MCC in the message: the same",
                "available=9",
                "00 5",
                "no configuration",
            ),
            ("inactive does not count", "", "01 5", "T/1 available-5"),
            (
                "another program takes the tenant's",
                "",
                "00 5 program=2",
                "T/1 available-5",
            ),
            (
                "an unknown program too",
                "",
                "00 5 program=7",
                "T/1 available-5",
            ),
            (
                "a code without configuration",
                "",
                "20 5",
                "no configuration",
            ),
        ],
    );
}

#[test]
fn every_filter_dimension_is_matched() {
    let rule = |filters: &str| {
        format!(
            "tenant
             config A codes=00 {filters}
               custom 1 check=amount amount=principal consider= impact=available negative"
        )
    };
    let matches = "A/1 available-1";
    let no = "no configuration";
    let table = [
        ("account=30", "account=30", matches),
        ("account=30", "account=20", no),
        ("account=00", "account=30", no),
        ("min=2", "n=1", no),
        ("min=2", "n=2", matches),
        ("max=6", "n=6", matches),
        ("max=6", "n=7", no),
        ("min=2 max=6", "n=99", no),
        ("mcc=5411,5999", "mcc=5999", matches),
        ("mcc=5411,5999", "mcc=5412", no),
        ("mcc=0742", "mcc=742", matches),
        ("currency=BRL", "currency=986", matches),
        ("currency=986", "currency=USD", no),
        ("", "account=10 n=9 mcc=1 currency=JPY", matches),
    ];
    for (filters, request, expected) in table {
        let row = (filters, "", format!("00 1 {request}"), expected);
        check(&[&rule(filters)], &[(row.0, row.1, &row.2, row.3)]);
    }
}

#[test]
fn among_several_matches_one_wins() {
    // The second is the better one in each row, so that file order never helps it.
    let table = [
        ("more dimensions", "account=30", "mcc=5411 currency=USD"),
        (
            "more dimensions beat a narrow range",
            "min=3 max=3",
            "mcc=5411 currency=USD",
        ),
        (
            "account type before instalments",
            "min=3 max=3",
            "account=30",
        ),
        ("account type before MCC", "mcc=5411", "account=30"),
        ("account type before currency", "currency=USD", "account=30"),
        ("instalments before MCC", "mcc=5411", "min=2"),
        ("instalments before currency", "currency=USD", "max=12"),
        ("a narrower range", "min=2 max=6", "min=3 max=6"),
        (
            "a bounded range is narrower than an open one",
            "min=2",
            "min=2 max=12",
        ),
        (
            "an open range that starts later is narrower",
            "min=2",
            "min=3",
        ),
        ("MCC before currency", "currency=USD", "mcc=5411"),
        (
            "the range before MCC",
            "min=2 max=6 currency=USD",
            "min=3 max=6 currency=USD",
        ),
        ("anything before nothing", "", "currency=USD"),
    ];
    for (what, worse, better) in table {
        let rules = format!(
            "tenant
             config worse codes=00 {worse}
               custom 1 check=amount amount=principal consider= impact=available negative
             config better codes=00 {better}
               custom 1 check=amount amount=principal consider=available impact=available"
        );
        let request = "00 5 account=30 n=3 mcc=5411 currency=USD";
        check(
            &[&rules],
            &[
                (what, "available=9", request, "better/1 available-5"),
                (
                    "its failure is final",
                    "available=4",
                    request,
                    "insufficient",
                ),
            ],
        );
    }
}

#[test]
fn among_equals_file_order_decides() {
    let first = "tenant
         config A codes=00 mcc=5411
           custom 1 check=amount amount=principal consider= impact=held negative
         config B codes=00 mcc=5411,5999
           custom 1 check=amount amount=principal consider= impact=held negative";
    let second = "tenant
         config C codes=00 mcc=5999
           custom 1 check=amount amount=principal consider= impact=held negative";
    check(
        &[first, second],
        &[
            ("position in the file", "", "00 1 mcc=5411", "A/1 held-1"),
            ("then the file name", "", "00 1 mcc=5999", "B/1 held-1"),
        ],
    );
    check(
        &[second, first],
        &[("the files the other way", "", "00 1 mcc=5999", "C/1 held-1")],
    );
}

#[test]
fn scenarios_are_tried_in_order_and_the_default_last() {
    check(
        &["tenant
           config A codes=00
             default -5 amount=principal impact=additional
             custom 2 check=amount amount=principal consider=available impact=available
             custom 1 check=amount amount=principal consider=savings impact=savings"],
        &[
            (
                "lowest order first",
                "savings=9 available=9",
                "00 5",
                "A/1 savings-5",
            ),
            (
                "then the next",
                "savings=4 available=9",
                "00 5",
                "A/2 available-5",
            ),
            (
                "the default checks nothing",
                "",
                "00 5",
                "A/-5 additional-5",
            ),
        ],
    );
}

#[test]
fn a_sum_covers_the_amount_to_the_cent() {
    let rules = "tenant
         config A codes=00
           custom 1 check=amount amount=principal consider=available impact=available
         config O codes=00 mcc=0001
           custom 1 check=amount amount=principal consider=available,overlimit impact=available
         config S codes=00 mcc=0002
           custom 1 check=amount amount=principal consider=available,savings impact=available
         config I codes=00 mcc=0003
           custom 1 check=amount amount=principal impact=installments,available,held
         config E codes=00 mcc=0004
           custom 1 check=amount amount=principal consider= impact=available
         config H codes=00 mcc=0005
           custom 1 check=amount amount=principal consider=available impact=held";
    let credit = "available=100 max=999 percent_hundredths=1250";
    check(
        &[rules],
        &[
            (
                "exactly covered",
                "available=100",
                "00 100",
                "A/1 available-100",
            ),
            ("one short", "available=100", "00 101", "insufficient"),
            (
                "balance + savings + overdraft",
                "available=1 savings=2 overdraft=4",
                "00 7",
                "A/1 available-7",
            ),
            (
                "and not more",
                "available=1 savings=2 overdraft=4",
                "00 8",
                "insufficient",
            ),
            (
                "a negative balance counts",
                "available=-3 overdraft=4",
                "00 1",
                "A/1 available-1",
            ),
            (
                "and is not forgotten",
                "available=-3 overdraft=4",
                "00 2",
                "insufficient",
            ),
            (
                "over-limit: 12.5 % of 999 is 124",
                credit,
                "00 224 mcc=1",
                "O/1 available-224",
            ),
            ("rounded down", credit, "00 225 mcc=1", "insufficient"),
            (
                "half a cent below zero is a whole one",
                "available=100 max=-1 percent_hundredths=5000",
                "00 100 mcc=1",
                "insufficient",
            ),
            (
                "only where it is considered",
                credit,
                "00 101",
                "insufficient",
            ),
            (
                "savings are not counted twice",
                "available=1 savings=2",
                "00 3 mcc=2",
                "S/1 available-3",
            ),
            (
                "really not",
                "available=1 savings=2",
                "00 4 mcc=2",
                "insufficient",
            ),
            (
                "consider missing: the impacted",
                "installments=50 available=50 held=50",
                "00 50 mcc=3",
                "I/1 available-50 installments-50 held-50",
            ),
            (
                "floors of each still hold",
                "installments=60 available=40 held=50",
                "00 50 mcc=3",
                "insufficient",
            ),
            (
                "held funds do not stand in",
                "installments=20 available=20 held=50",
                "00 41 mcc=3",
                "insufficient",
            ),
            (
                "consider empty: no sum",
                "overdraft=5",
                "00 5 mcc=4",
                "E/1 available-5",
            ),
            ("but the floor", "overdraft=5", "00 6 mcc=4", "insufficient"),
            (
                "every impacted limit has a floor",
                "available=50 held=4",
                "00 5 mcc=5",
                "insufficient",
            ),
        ],
    );
}

#[test]
fn each_amount_has_its_use() {
    check(
        &["tenant
           config A codes=00
             custom 1 check=installment_amount amount=contract consider=available impact=additional negative
           config B codes=00 mcc=0001
             custom 1 check=installment_amount amount=installment covers=contract consider=available impact=available
           config C codes=00 mcc=0002
             default 1 amount=contract covers=principal consider=available impact=available enforce negative
           config D codes=00 mcc=0003
             default 1 amount=contract consider=available impact=available enforce negative"],
        &[
            ("checks one instalment, moves the contract", "available=10",
             "00 30 contract=33 installment=10", "A/1 additional-33"),
            ("the instalment must be covered", "available=9",
             "00 30 contract=33 installment=10", "insufficient"),
            ("amount_consider must be covered too", "available=32",
             "00 30 contract=33 installment=10 mcc=1", "insufficient"),
            ("both covered", "available=33",
             "00 30 contract=33 installment=10 mcc=1", "B/1 available-10"),
            ("an enforced default checks amount_consider", "available=30",
             "00 30 contract=33 mcc=2", "C/1 available-33"),
            ("and declines", "available=29", "00 30 contract=33 mcc=2", "insufficient"),
            ("without amount_consider it checks the amount", "available=32",
             "00 30 contract=33 mcc=3", "insufficient"),
        ],
    );
}

#[test]
fn floors_hold_for_every_limit_that_moves_down() {
    check(
        &["tenant
           config A codes=00
             custom 1 check=amount amount=principal consider=installments impact=installments,available
           config N codes=00 mcc=0001
             custom 1 check=amount amount=principal consider=installments impact=installments,available negative
           config S codes=00 mcc=0002
             custom 1 check=amount amount=principal consider=available impact=available,savings
           config D codes=00 mcc=0003
             default 1 amount=principal impact=available
           config E codes=00 mcc=0004
             default 1 amount=principal consider= impact=available enforce"],
        &[
            ("the other limit's floor", "installments=50 available=5", "00 6", "insufficient"),
            ("minus savings and overdraft", "installments=50 available=5 savings=1 overdraft=2",
             "00 8", "A/1 available-8 installments-8"),
            ("and not below", "installments=50 available=5 savings=1 overdraft=2", "00 9",
             "insufficient"),
            ("may_go_negative opts out", "installments=50", "00 6 mcc=1",
             "N/1 available-6 installments-6"),
            ("but not of the sum", "installments=5", "00 6 mcc=1", "insufficient"),
            ("a floor counts the savings left after the move", "available=4 savings=10",
             "00 8 mcc=2", "insufficient"),
            ("savings spent and balance both hold", "available=4 savings=10", "00 7 mcc=2",
             "S/1 available-7 savings-7"),
            ("a default checks no floor", "", "00 6 mcc=3", "D/1 available-6"),
            ("an enforced default does", "", "00 6 mcc=4", "insufficient"),
            ("a limit already below, not moving", "installments=5 available=-9 overdraft=1",
             "00 0", "A/1"),
        ],
    );
}

#[test]
fn the_cash_limit_is_told_apart() {
    check(
        &["tenant
           config A codes=01
             custom 1 check=amount amount=principal consider=cash impact=cash,available
           config B codes=01 mcc=0001
             custom 1 check=amount amount=principal consider=available impact=cash,available
           config C codes=01 mcc=0002
             custom 1 check=amount amount=principal consider=cash,available impact=available
           config L codes=01 mcc=0003
             custom 1 check=amount amount=principal consider=cash impact=cash
             custom 2 check=amount amount=principal consider=available impact=available
           config M codes=01 mcc=0004
             custom 1 check=amount amount=principal consider=available impact=available
             custom 2 check=amount amount=principal consider=cash impact=cash
           config I codes=01 mcc=0005
             custom 1 check=amount amount=principal impact=cash"],
        &[
            (
                "covered",
                "cash=10 available=50",
                "01 10",
                "A/1 available-10 cash-10",
            ),
            (
                "above cash, below available",
                "cash=10 available=50",
                "01 11",
                "insufficient cash",
            ),
            (
                "above both",
                "cash=10 available=50",
                "01 51",
                "insufficient cash",
            ),
            (
                "cash covers, available does not",
                "cash=10 available=5",
                "01 6",
                "insufficient",
            ),
            (
                "the floor of cash",
                "cash=10 available=50",
                "01 11 mcc=1",
                "insufficient cash",
            ),
            (
                "cash is looked at first",
                "cash=10 available=5",
                "01 11 mcc=1",
                "insufficient cash",
            ),
            (
                "only available short",
                "cash=10 available=5",
                "01 6 mcc=1",
                "insufficient",
            ),
            (
                "a sum with cash that covers",
                "cash=10 available=50",
                "01 50 mcc=2",
                "C/1 available-50",
            ),
            (
                "a sum with cash that does not",
                "cash=10 available=50",
                "01 61 mcc=2",
                "insufficient cash",
            ),
            (
                "short in spite of cash",
                "cash=10 available=-8",
                "01 5 mcc=2",
                "insufficient",
            ),
            (
                "the last scenario tells",
                "cash=1 available=1",
                "01 5 mcc=3",
                "insufficient",
            ),
            (
                "the other way round",
                "cash=1 available=1",
                "01 5 mcc=4",
                "insufficient cash",
            ),
            (
                "cash standing in for consider",
                "cash=1",
                "01 5 mcc=5",
                "insufficient cash",
            ),
        ],
    );
}

#[test]
fn credits_move_up_without_a_sum_check() {
    check(
        &["tenant
           config A codes=20
             custom 1 check=amount amount=principal consider=available impact=available opposite=held
           config N codes=20 mcc=0001
             custom 1 check=amount amount=principal consider=available impact=available opposite=held negative
           config D codes=00
             custom 1 check=amount amount=principal consider=available impact=available opposite=held"],
        &[
            ("up, and the opposite down", "available=-50 held=9", "20 9", "A/1 available+9 held-9"),
            ("the opposite has a floor", "held=8", "20 9", "insufficient"),
            ("unless it may go negative", "held=8", "20 9 mcc=1", "N/1 available+9 held-9"),
            ("a debit the other way round", "available=9", "00 9", "D/1 available-9 held+9"),
        ],
    );
}

#[test]
fn what_moves_nothing_needs_no_configuration() {
    check(
        &["tenant
           config A codes=31
             custom 1 check=amount amount=principal consider=available impact=available"],
        &[
            ("inquiry", "", "31 0", "-/0"),
            ("whatever the amount", "", "31 500", "-/0"),
        ],
    );
    check(&[], &[("no configuration at all", "", "31 0", "-/0")]);
}

#[test]
fn arithmetic_past_the_range_is_told() {
    let max = i64::MAX;
    let min = i64::MIN;
    check(
        &["tenant
           config A codes=00
             custom 1 check=amount amount=principal consider= impact=available negative
           config B codes=20
             custom 1 check=amount amount=principal impact=available
           config C codes=00 mcc=0001
             custom 1 check=amount amount=principal consider=available,overlimit impact=held opposite=additional"],
        &[
            ("down", &format!("available={min}"), "00 1", "overflow"),
            ("up", &format!("available={max}"), "20 1", "overflow"),
            ("at the edge", &format!("available={max}"), &format!("00 {max}"),
             &format!("A/1 available-{max}")),
            ("a negative amount is no amount", "", "00 -1", "overflow"),
            ("nor is a negative instalment", "", "00 1 installment=-1", "overflow"),
            ("a sum of large limits is exact",
             &format!("available={max} savings={max} overdraft={max} max={max} \
                       percent_hundredths={max} held={max}"),
             &format!("00 {max} mcc=1"), &format!("C/1 additional+{max} held-{max}")),
        ],
    );
}
