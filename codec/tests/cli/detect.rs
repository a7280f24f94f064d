//! `detect`.

use super::run::{PAN, dialects, echo, hex, purchase, run};

const VISA: &str = include_str!("golden/visa.hex");
const MASTERCARD: &str = include_str!("golden/mastercard.hex");

/// Score, dialect and framing of the best candidate.
fn best(input: &str, more: &[&str]) -> (u64, String, String) {
    let ran = run(&[&["detect", "--json"], more].concat(), input);
    let first: serde_json::Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    let text = |key: &str| first[key].as_str().unwrap().to_owned();
    (
        first["score"].as_u64().unwrap(),
        text("dialect"),
        text("framing"),
    )
}

#[test]
fn dialect_and_framing_are_found() {
    let ascii = hex(echo(1));
    let length = |header: &str| format!("{header}{ascii}");
    for (input, dialect, framing) in [
        (VISA.trim().to_owned(), "visa-base1", "dialect"),
        (MASTERCARD.trim().to_owned(), "mastercard-cis", "dialect"),
        (ascii.clone(), "iso1987-ascii", "none"),
        (length("0037"), "iso1987-ascii", "dialect"),
        (length("3700"), "iso1987-ascii", "binary-2-little"),
        (length("30303535"), "iso1987-ascii", "ascii-4"),
        (length("00370000"), "iso1987-ascii", "binary-2-before-zeros"),
        (length("003c6000010002"), "iso1987-ascii", "tpdu"),
        (format!("{ascii}03"), "iso1987-ascii", "etx"),
    ] {
        let (score, found, with) = best(&input, &[]);
        assert_eq!((found.as_str(), with.as_str()), (dialect, framing));
        assert!(score >= 85, "{dialect} {framing}: {score}");
    }
}

#[test]
fn each_dialect_has_a_line_with_the_reason_against_it() {
    let ran = run(&["detect"], VISA);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let shipped = std::fs::read_dir(dialects()).unwrap().count();
    // The titles and the number of bytes are lines too.
    assert_eq!(ran.out.lines().count(), shipped + 2, "{}", ran.out);
    for line in ran.out.lines().skip(2).take(shipped - 1) {
        assert!(
            line.contains(" at byte ") || line.contains("frame"),
            "{line}"
        );
    }
    let all = run(&["detect", "--all"], VISA);
    assert!(all.out.lines().count() > shipped + 5, "{}", all.out);
}

#[test]
fn bytes_of_nothing_are_1() {
    let ran = run(&["detect", "--hex", "ffffffffffffffffffff"], "");
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.err,
        "iso8583: no dialect decodes these bytes; the list says how far each came\n"
    );
    let missing = run(&["detect", "--dialects", "no/such"], "00");
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.err.starts_with("iso8583: no/such: "),
        "{}",
        missing.err
    );
}

#[test]
fn no_reason_holds_a_value() {
    let ran = run(&["detect", "--all"], hex(purchase()));
    assert!(!ran.out.contains(PAN) && !ran.err.contains(PAN));
}

#[test]
fn a_stream_of_frames_is_judged_by_its_beginning() {
    let frame = format!("0037{}", hex(echo(1)));
    let (score, dialect, framing) = best(&frame.repeat(40), &[]);
    assert_eq!(
        (score, dialect.as_str(), framing.as_str()),
        (95, "iso1987-ascii", "dialect")
    );
}
