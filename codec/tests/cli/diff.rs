//! `diff`.

use super::run::{PAN, echo, file, hex, purchase, run, with_dialect};

#[test]
fn differences_are_listed_by_element_and_part() {
    let left = hex(purchase());
    let right = hex(purchase()
        .replace("000000012345", "000000012300")
        .replace("0100702", "0120702"));
    let ran = with_dialect("diff", &[&left, &right], "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    assert_eq!(
        ran.out,
        "MTI  Message type indicator  0100          0120\n\
         DE4  Amount, transaction     000000012345  000000012300\n"
    );
    let json = with_dialect("diff", &["--json", &left, &right], "");
    assert_eq!(
        json.out.lines().nth(1),
        Some(
            r#"{"a":"000000012345","b":"000000012300","differ_where_masked":false,"name":"Amount, transaction","path":"DE4"}"#
        )
    );
}

#[test]
fn equal_messages_are_0_and_operands_are_files_too() {
    let left = file("left.hex", hex(purchase()));
    let right = file("right.raw", purchase());
    let ran = with_dialect("diff", &[&left, &left], "");
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (Some(0), "", "")
    );
    // Text that is neither hexadecimal nor base64 needs a word.
    let ran = with_dialect("diff", &[&left, &right], "");
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.err,
        "iso8583: B: input: expected hexadecimal digits, found another at 80; a message in ASCII is read with --raw\n"
    );
    let ran = with_dialect("diff", &[&left, "-"], hex(purchase()));
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
}

#[test]
fn values_that_differ_where_they_are_masked_are_not_shown() {
    let other = purchase().replace(PAN, "4000009999990016");
    let ran = with_dialect("diff", &[&hex(purchase()), &hex(other)], "");
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.out,
        "DE2   Primary account number (PAN)  400000******0016       400000******0016       (differ where masked)\n\
         DE35  Track 2 data                  *********************  *********************  (differ where masked)\n"
    );
}

#[test]
fn an_element_that_one_message_lacks_is_absent() {
    let left = hex(purchase());
    let right = hex(echo(1));
    let ran = with_dialect("diff", &[&left, &right], "");
    assert!(ran.out.contains("DE4   Amount, transaction"), "{}", ran.out);
    assert!(ran.out.contains("(absent)"), "{}", ran.out);
}

#[test]
fn parts_and_dialects_may_differ() {
    let with = |amount: &str, dialect: &str| {
        let json = format!(
            "{{\"mti\":\"0100\",\"fields\":{{\"4\":\"000000000100\",\"55\":{{\"9F02\":\"{amount}\",\"9F37\":\"01020304\"}}}}}}"
        );
        run(&["encode", "--dialect", dialect], json).out
    };
    let left = with("000000000100", "iso1987-binary");
    let right = with("000000000900", "iso1987-ascii");
    let ran = run(
        &[
            "diff",
            left.trim(),
            right.trim(),
            "--dialect",
            "iso1987-binary",
            "--other-dialect",
            "iso1987-ascii",
        ],
        "",
    );
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert_eq!(
        ran.out,
        "DE55.9F02  Amount, Authorised (numeric)  000000000100  000000000900\n"
    );
}

/// Lengths, pads and bitmaps may be written in two ways.
#[test]
fn the_same_values_in_other_bytes_are_told() {
    let left = "01002000000000000000000000";
    // Bit 1 announces a second bitmap, which is empty.
    let right = "0100A0000000000000000000000000000000000000";
    let ran = with_dialect("diff", &[&hex(left), &hex(right)], "");
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.err,
        "iso8583: no value differs, but the bytes do from byte 4 on: lengths, pads or bitmaps are written in two ways\n"
    );
}

#[test]
fn an_operand_that_is_no_message_is_named() {
    let ran = with_dialect("diff", &[&hex(purchase()), "0800"], "");
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.err,
        "iso8583: B: MTI at byte 0: expected 4 digits, found 2 bytes\n"
    );
    let ran = with_dialect("diff", &[&hex(purchase())], "");
    assert_eq!(ran.code, Some(2));
}
