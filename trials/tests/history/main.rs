//! The judge of histories, judged: what a correct account did is explained, what a broken one did is not,
//! and on small histories a search through every order says the same.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod account;
mod every_order;
mod record;

use record::{Fault, Plan, record};
use trials::history::{
    Answer, History, Limits, MessageId, Operation, Request, check, check_within,
};
use trials::random::Random;

const AMPLE: Limits = Limits {
    available_minor: 100_000_000,
    floor_minor: 0,
    cash_minor: 100_000_000,
    ledger_minor: 100_000_000,
};

const TIGHT: Limits = Limits {
    available_minor: 8_000,
    floor_minor: -500,
    cash_minor: 3_000,
    ledger_minor: 9_000,
};

fn plan(opening: Limits, operations: usize, clients: usize) -> Plan {
    Plan {
        opening,
        operations,
        clients,
        greatest_amount_minor: 5_000,
        lost_percent: 5,
        fault: None,
    }
}

#[test]
fn what_a_correct_account_answered_is_explained() {
    for seed in 0..60 {
        let (opening, clients) = ([TIGHT, AMPLE][seed % 2], 1 + seed % 8);
        let recorded = record(&plan(opening, 120, clients), &mut Random::new(seed as u64));
        if let Err(violation) = check(&recorded.history) {
            panic!("seed {seed}: {violation}");
        }
    }
}

/// The size that a torture brings: 10,000 operations, 40 accounts, 16 clients on each.
#[test]
fn ten_thousand_operations_with_sixteen_at_a_time_are_explained() {
    for account in 0..40 {
        let opening = if account % 2 == 0 { AMPLE } else { TIGHT };
        let plan = Plan {
            lost_percent: 1,
            ..plan(opening, 250, 16)
        };
        let recorded = record(&plan, &mut Random::new(1_000 + account));
        if let Err(violation) = check(&recorded.history) {
            panic!("account {account}: {violation}");
        }
    }
}

#[test]
fn what_a_broken_account_answered_is_not_explained() {
    for fault in Fault::ALL {
        let mut broken = 0;
        for seed in 0..40 {
            let plan = Plan {
                fault: Some(fault),
                // What has no answer may make up for the fault, and would then explain it.
                lost_percent: 0,
                ..plan(AMPLE, 80, 4)
            };
            let recorded = record(&plan, &mut Random::new(seed));
            if !recorded.broken {
                continue;
            }
            broken += 1;
            match check(&recorded.history) {
                Ok(()) => panic!("{fault:?}, seed {seed}: explained"),
                Err(violation) => {
                    assert!(!violation.gave_up, "{fault:?}, seed {seed}: {violation}")
                }
            }
        }
        assert!(
            broken >= 20,
            "{fault:?} came about in {broken} histories only"
        );
    }
}

#[test]
fn every_order_says_the_same() {
    let (mut explained, mut refuted) = (0, 0);
    for seed in 0..4_000 {
        let mut random = Random::new(seed);
        let plan = Plan {
            greatest_amount_minor: 6,
            lost_percent: 15,
            ..plan(
                Limits {
                    available_minor: 9,
                    floor_minor: -1,
                    cash_minor: 4,
                    ledger_minor: 9,
                },
                2 + random.below(5),
                4,
            )
        };
        let mut history = record(&plan, &mut random).history;
        distort(&mut history, &mut random);
        let expected = every_order::explains(&history);
        let checked = check(&history);
        assert_eq!(
            checked.is_ok(),
            expected,
            "seed {seed}: {checked:?}\n{history:?}"
        );
        if expected {
            explained += 1;
        } else {
            refuted += 1;
        }
    }
    assert!(
        explained > 500 && refuted > 500,
        "{explained} and {refuted}"
    );
}

/// Changes an answer, an interval or the limits at the end, or nothing.
fn distort(history: &mut History, random: &mut Random) {
    let answers: Vec<Answer> = history
        .operations
        .iter()
        .filter_map(|o| Some(o.returned?.1))
        .collect();
    let place = random.below(history.operations.len());
    let operation = &mut history.operations[place];
    match random.below(6) {
        0 | 1 => {
            if let Some((_, answer)) = operation.returned.as_mut() {
                *answer = answers[random.below(answers.len())];
            }
        }
        2 => operation.returned = None,
        3 => {
            // As if it had been called at once before it returned.
            if let Some((at, _)) = operation.returned {
                operation.called = at - 1;
            }
        }
        4 => {
            let closing = history.closing.as_mut().unwrap();
            closing.available_minor += 1;
        }
        _ => {}
    }
}

fn purchase(
    message: u32,
    amount_minor: i64,
    called: u64,
    returned: u64,
    answer: Answer,
) -> Operation {
    Operation {
        message: MessageId(message),
        request: Request::Authorization {
            kind: trials::history::Kind::Purchase,
            amount_minor,
            cleared: false,
        },
        called,
        returned: Some((returned, answer)),
    }
}

#[test]
fn a_violation_names_what_could_not_follow() {
    let closing = Limits {
        available_minor: 40,
        ..AMPLE
    };
    let opening = Limits {
        available_minor: 100,
        ..AMPLE
    };
    let history = History {
        opening,
        operations: vec![
            purchase(1, 60, 1, 2, Answer::Approved),
            purchase(2, 30, 3, 4, Answer::Approved),
        ],
        closing: Some(closing),
    };
    let violation = check(&history).unwrap_err();
    assert_eq!(violation.explained.len(), 2);
    assert_eq!(violation.limits.available_minor, 10);
    let text = violation.to_string();
    assert!(text.contains("the books: available 40"), "{text}");
    assert!(text.contains("then: available 10"), "{text}");
}

#[test]
fn a_search_that_is_given_up_is_no_explanation() {
    let mut random = Random::new(7);
    let mut history = record(&plan(AMPLE, 60, 12), &mut random).history;
    history.closing.as_mut().unwrap().available_minor += 1;
    let violation = check_within(&history, 20).unwrap_err();
    assert!(violation.gave_up);
}
