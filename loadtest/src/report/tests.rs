//! Verdicts of runs, each failure by itself.

use super::*;
use crate::mix::Kind;
use crate::plan::tests::plan;
use crate::recorder::Answer;

fn report(change: impl FnOnce(&mut Recorder)) -> Report {
    let plan = plan("even");
    let mut recorder = Recorder::new(&plan).unwrap();
    recorder.sent(Kind::Purchase, 0, 0);
    recorder.answered(&Answer {
        kind: Kind::Purchase,
        intended_ns: 0,
        now_ns: 1,
        response_code: Some(*b"00"),
        unexpected: true,
    });
    change(&mut recorder);
    let text = include_str!("../../../config/dialects/iso1987-ascii.toml");
    let dialect = Dialect::from_toml("iso1987-ascii.toml", text).unwrap();
    let setting = Setting::new("switch:8583".to_owned(), &plan, &dialect);
    Report::new(setting, &plan, &recorder, None, None)
}

#[track_caller]
fn assert_judged(report: &mut Report, judgement: Judgement, failure: Option<&str>) {
    report.judge(judgement);
    let failures = &report.verdict.failures;
    assert_eq!(report.verdict.good, failure.is_none(), "{failures:?}");
    assert_eq!(
        failures.len(),
        usize::from(failure.is_some()),
        "{failures:?}"
    );
    assert!(
        failures
            .iter()
            .all(|one| one.contains(failure.unwrap_or_default()))
    );
    assert_eq!(report.to_string().contains("NOT GOOD"), failure.is_some());
}

#[test]
fn each_failure_alone_makes_a_run_not_good() {
    let usual = Judgement::default();
    let lenient = Judgement {
        allow_timeouts: true,
        strict: false,
    };
    let strict = Judgement {
        allow_timeouts: false,
        strict: true,
    };
    assert_judged(&mut report(|_| ()), usual, None);
    assert_judged(&mut report(|_| ()), strict, Some("than was meant"));
    let mut unbalanced = report(|recorder| recorder.sent(Kind::Purchase, 1, 1));
    assert_judged(&mut unbalanced, lenient, Some("2 sent, but 1 answered"));
    let mut mismatched = report(|recorder| recorder.mismatched += 1);
    assert_judged(&mut mismatched, lenient, Some("mismatched"));
    let mut timed_out = report(|recorder| {
        recorder.sent(Kind::Purchase, 1, 1);
        recorder.timed_out(Kind::Purchase);
    });
    assert_judged(&mut timed_out, usual, Some("timed out"));
    assert_judged(&mut timed_out, lenient, None);
    let mut unsent = report(|recorder| recorder.unsent(5));
    assert_judged(&mut unsent, usual, Some("could not be sent"));
    assert_judged(&mut unsent, lenient, None);
    let mut books = report(|_| ());
    books.books_error = Some("connection refused".to_owned());
    assert_judged(
        &mut books,
        lenient,
        Some("could not be compared: connection refused"),
    );
    books.books_error = None;
    let differing = BooksReport {
        accounts: 9,
        differing: 2,
        ..BooksReport::default()
    };
    books.books = Some(differing);
    assert_judged(&mut books, lenient, Some("2 of 9 accounts differ"));
}

#[test]
fn a_run_that_sent_nothing_is_not_good() {
    let mut report = report(|_| ());
    (report.sent, report.answered) = (0, 0);
    assert_judged(&mut report, Judgement::default(), Some("nothing was sent"));
}
