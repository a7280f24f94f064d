//! `describe` of plain messages.

use super::run::{PAN, echo, hex, purchase, run, with_dialect};

#[test]
fn a_table_has_names_values_and_meanings() {
    let ran = with_dialect("describe", &["--hex", &hex(purchase())], "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(
        ran.out,
        "MTI   Message type indicator            4   0100                   authorization request, 1987\n\
         DE2   Primary account number (PAN)      16  400000******0016\n\
         DE3   Processing code                   6   000000                 purchase\n\
         DE4   Amount, transaction               12  000000012345\n\
         DE11  System trace audit number (STAN)  6   000001\n\
         DE35  Track 2 data                      21  *********************\n"
    );
    let json = with_dialect("describe", &["--json", "--hex", &hex(purchase())], "");
    let decoded = with_dialect("decode", &["--hex", &hex(purchase())], "");
    assert_eq!(json.out, decoded.out);
}

#[test]
fn what_is_readable_of_a_bad_message_stands_above_the_error() {
    let bad = hex(purchase().replace("000000012345", "00000001234X"));
    let ran = with_dialect("describe", &["--hex", &bad], "");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out.contains("DE2   Primary account number (PAN)"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("DE4 "), "{}", ran.out);
    assert_eq!(
        ran.err,
        "iso8583: DE4 at byte 44: expected 12 digits, found a byte outside 0-9 at 55 (Amount, transaction)\n"
    );
    let json = with_dialect("describe", &["--json", "--hex", &bad], "");
    assert_eq!((json.code, json.out.as_str()), (Some(1), ""));
}

#[test]
fn messages_of_a_stream_are_told_apart() {
    let lines = format!("{}\n\n{}\n", hex(echo(1)), hex(echo(2)));
    let ran = with_dialect("describe", &["--lines"], lines);
    let places: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.starts_with('#'))
        .collect();
    assert_eq!(places, ["# line 1", "# line 3"]);
    assert!(
        ran.out.contains("301                 echo") || ran.out.contains("echo"),
        "{}",
        ran.out
    );
}

/// A private element may hold anything, a card number for one.
#[test]
fn private_elements_without_a_structure_are_masked() {
    let private = format!("{PAN} and {PAN}");
    let fields: Vec<String> = [47, 48, 60, 61, 62, 63, 112, 120, 127]
        .map(|number| format!("\"{number}\":\"{private}\""))
        .into();
    let json = format!("{{\"mti\":\"0100\",\"fields\":{{{}}}}}", fields.join(","));
    let encoded = with_dialect("encode", &[], json);
    assert_eq!(encoded.err, "");
    for action in ["decode", "describe", "check"] {
        let ran = with_dialect(action, &[], &encoded.out);
        assert!(!ran.out.contains("40000012"), "{action}: {}", ran.out);
    }
    let decoded = with_dialect("decode", &[], &encoded.out);
    assert!(
        decoded
            .out
            .contains("\"48\":\"*************************************\""),
        "{}",
        decoded.out
    );
}

#[test]
fn characters_that_move_a_cursor_do_not_reach_a_terminal() {
    let json = "{\"mti\":\"0100\",\"fields\":{\"55\":{\"9F4E\":\"1B5B324A41424344\"}}}";
    let encoded = run(&["encode", "--dialect", "iso1987-binary"], json);
    let ran = run(&["describe", "--dialect", "iso1987-binary"], &encoded.out);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
}
