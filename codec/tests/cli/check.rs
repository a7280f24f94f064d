//! `check` of messages. Dialects are checked in `messages`.

use super::run::{PAN, echo, hex, purchase, run, with_dialect};

fn encode(json: &str) -> String {
    let ran = with_dialect("encode", &[], json);
    assert_eq!(ran.err, "");
    ran.out
}

#[test]
fn a_good_message_is_good() {
    let ran = with_dialect("check", &["--hex", &hex(echo(1))], "");
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (Some(0), "good\n", "")
    );
}

#[test]
fn every_problem_is_listed_with_element_and_offset() {
    let message = encode(
        r#"{"mti":"0400","fields":{"2":"4000001200000017","3":"XX0000","7":"1331256161","11":"000001",
            "14":"2913","19":"999","22":"991","25":"99","39":"XX","49":"000"}}"#
            .replace("XX0000", "990000")
            .as_str(),
    );
    let ran = with_dialect("check", &[], &message);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        [
            "DE2 at byte 20: expected a card number with a right check digit, found another value (Primary account number (PAN))",
            "DE3 at byte 38: expected a code of the list, found another value (Processing code)",
            "DE7 at byte 44: expected a date and time MMDDhhmmss, found another value (Transmission date and time, MMDDhhmmss UTC)",
            "DE14 at byte 60: expected a date YYMM, found another value (Date, expiration, YYMM)",
            "DE19 at byte 64: expected a code of the list, found another value (Country code, acquiring institution)",
            "DE22 at byte 67: expected a code of the list, found another value (Point-of-service entry mode)",
            "DE25 at byte 70: expected a code of the list, found another value (Point-of-service condition code)",
            "DE39 at byte 72: expected a code of the list, found another value (Response code)",
            "DE49 at byte 74: expected a code of the list, found another value (Currency code, transaction)",
            "DE4: expected in this message (reversal or chargeback request, 1987), not there (Amount, transaction)",
            "DE90: expected in this message (reversal or chargeback request, 1987), not there (Original data elements)",
        ]
    );
}

#[test]
fn an_undecodable_message_has_its_error_and_the_problems_of_the_rest() {
    let bad = purchase().replace("000000012345", "00000001234X");
    let ran = with_dialect("check", &["--hex", &hex(bad)], "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        [
            "DE4 at byte 44: expected 12 digits, found a byte outside 0-9 at 55 (Amount, transaction)",
            "DE7: expected in this message (authorization request, 1987), not there (Transmission date and time, MMDDhhmmss UTC)",
        ]
    );
    assert!(!ran.out.contains(PAN));
    let cut = with_dialect("check", &["--hex", "30"], "");
    assert_eq!(
        cut.out,
        "message at byte 0: MTI: expected 4 digits, found 1 byte\n"
    );
}

#[test]
fn what_must_be_there_follows_class_and_edition() {
    for (dialect, mti, expected) in [
        ("iso1987-ascii", "0100", "DE2 DE3 DE4 DE7 DE11"),
        ("iso1987-ascii", "0110", "DE11 DE39"),
        ("iso1987-ascii", "0302", "DE7 DE11"),
        ("iso1987-ascii", "0420", "DE2 DE3 DE4 DE7 DE11 DE90"),
        ("iso1987-ascii", "0510", "DE11"),
        ("iso1987-ascii", "0800", "DE7 DE11 DE70"),
        ("iso1987-ascii", "0080", "message"),
        ("iso1993-ascii", "1100", "DE2 DE3 DE4 DE7 DE11 DE24"),
        ("iso1993-ascii", "1420", "DE2 DE3 DE4 DE7 DE11 DE24 DE56"),
        ("iso1993-ascii", "1804", "DE7 DE11 DE24"),
        ("iso1993-ascii", "0804", "message DE7 DE11 DE24"),
    ] {
        let json = format!("{{\"mti\":\"{mti}\",\"fields\":{{}}}}");
        let message = run(&["encode", "--dialect", dialect], json).out;
        let ran = run(&["check", "--dialect", dialect], message);
        let elements: Vec<&str> = ran
            .out
            .lines()
            .map(|line| line.split([':', ' ']).next().unwrap_or_default())
            .collect();
        assert_eq!(elements.join(" "), expected, "{dialect} {mti}");
    }
}

#[test]
fn a_stream_is_checked_line_by_line_and_as_json() {
    let lines = format!("{}\n{}\nzz\n", hex(echo(1)), hex(purchase()));
    let ran = with_dialect("check", &["--lines"], &lines);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out
            .starts_with("line 1: good\nline 2: DE7: expected in this"),
        "{}",
        ran.out
    );
    assert_eq!(
        ran.err,
        "iso8583: line 3: input: expected hexadecimal digits, found another at 0\n"
    );
    let ran = with_dialect("check", &["--lines", "--json"], &lines);
    assert_eq!(
        ran.out.lines().next(),
        Some(r#"{"good":true,"place":"line 1","problems":[]}"#)
    );
    let second: serde_json::Value = serde_json::from_str(ran.out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(second["problems"][0]["element"], 7);
    assert_eq!(second["problems"][0]["offset"], serde_json::Value::Null);
}

#[test]
fn without_anything_to_check_it_says_what_it_takes() {
    let ran = run(&["check"], "");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("iso8583 check --dialect NAME --hex HEX"),
        "{}",
        ran.err
    );
}
