//! Describing, comparing, checking and detecting: nothing panics, and nothing secret is shown.
#![allow(clippy::unwrap_used, reason = "a failed expectation fails the test")]

mod common;

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use codec::describe::{Described, Description, Shown};
use codec::detect::detect;
use codec::diff::{Side, diff};
use codec::{Dialect, Mti, check};
use proptest::prelude::*;

use common::{element, shipped};

static DIALECTS: LazyLock<Vec<Dialect>> = LazyLock::new(|| {
    [
        "iso1987-ascii",
        "iso1987-binary",
        "iso2003-binary",
        "visa-base1",
        "mastercard-cis",
    ]
    .map(shipped)
    .into()
});

/// All that is printed of a description.
fn shown(described: &[Described]) -> String {
    let mut text = String::new();
    for one in described {
        text.push_str(one.shown());
        text.push('\n');
        text.push_str(&one.value);
        text.push('\n');
        text.push_str(&one.meanings.join("\n"));
        text.push_str(&shown(one.parts.as_deref().unwrap_or_default()));
    }
    text
}

/// A message with some elements of random content.
fn message(dialect: &Dialect, bits: u64, content: &[u8]) -> Vec<u8> {
    let mti: [u8; 4] = *b"0100";
    let mut out = BytesMut::new();
    let encoder = dialect.encoder(Mti::parse(&mti).unwrap());
    encoder.write(&mut out).unwrap();
    // The bitmap stands at the end, as there is no element.
    let text = out.len() >= 16 && out[out.len() - 16..].iter().all(|byte| *byte == b'0');
    let map = bits & !(1 << 63);
    if text {
        let at = out.len() - 16;
        out[at..].copy_from_slice(format!("{map:016X}").as_bytes());
    } else {
        let at = out.len() - 8;
        out[at..].copy_from_slice(&map.to_be_bytes());
    }
    out.extend_from_slice(content);
    out.to_vec()
}

fn inspect(dialect: &Dialect, bytes: &[u8]) {
    match dialect.decode(Bytes::copy_from_slice(bytes)) {
        Ok(message) => {
            for shown in [Shown::Masked, Shown::Clear] {
                let description = Description::new(dialect, &message, shown);
                assert_eq!(description.elements.len(), message.elements().count());
                let side = Side {
                    dialect,
                    message: &message,
                };
                assert_eq!(diff(side, side, shown), []);
            }
            let _problems = check::problems(dialect, &message);
        }
        Err(bad) => assert!(!check::problems_of_undecodable(dialect, &bad).is_empty()),
    }
}

proptest! {
    #[test]
    fn random_bytes_are_inspected(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for dialect in DIALECTS.iter() {
            inspect(dialect, &bytes);
        }
        let candidates = detect(&DIALECTS, &bytes, true);
        prop_assert!(candidates.len() >= DIALECTS.len());
        prop_assert!(candidates.windows(2).all(|pair| pair[0].score >= pair[1].score));
        prop_assert!(candidates.iter().all(|candidate| candidate.score <= 100));
    }

    #[test]
    fn random_elements_are_inspected(bits in any::<u64>(), content in proptest::collection::vec(any::<u8>(), 0..400)) {
        for dialect in DIALECTS.iter() {
            inspect(dialect, &message(dialect, bits & (bits << 7) & (bits >> 3), &content));
        }
    }

    /// Wherever a card number stands in a private element: known tag, unknown tag, or no structure at all.
    #[test]
    fn a_card_number_in_a_private_element_is_masked(number in prop_oneof![Just(47_u8), Just(48), Just(60), Just(62), Just(63), Just(112), Just(120), Just(127)], before in "[A-Z0-9]{0,12}", after in "[A-Z0-9]{0,12}") {
        let pan = "4000001200000016";
        let dialect = &DIALECTS[0];
        let value = format!("{before}{pan}{after}");
        let mut out = BytesMut::new();
        let mut encoder = dialect.encoder(Mti::parse(b"0100").unwrap());
        encoder.set(element(number), &value);
        encoder.write(&mut out).unwrap();
        let message = dialect.decode(out.freeze()).unwrap();
        let description = Description::new(dialect, &message, Shown::Masked);
        prop_assert!(!shown(&description.elements).contains(pan));
        prop_assert!(!serde_json::to_string(&description).unwrap().contains(pan));
    }

    /// A difference is found, and what is masked stays so.
    #[test]
    fn another_value_is_a_difference(left in "[0-9]{16}", right in "[0-9]{16}") {
        let dialect = &DIALECTS[0];
        let message = |pan: &str| {
            let mut out = BytesMut::new();
            let mut encoder = dialect.encoder(Mti::parse(b"0100").unwrap());
            encoder.set(element(2), pan);
            encoder.write(&mut out).unwrap();
            dialect.decode(out.freeze()).unwrap()
        };
        let (a, b) = (message(&left), message(&right));
        let side = |message| Side { dialect, message };
        let differences = diff(side(&a), side(&b), Shown::Masked);
        prop_assert_eq!(differences.len(), usize::from(left != right));
        for difference in &differences {
            prop_assert_ne!(difference.left.as_deref().map(String::as_str), Some(left.as_str()));
            prop_assert_ne!(difference.right.as_deref().map(String::as_str), Some(right.as_str()));
        }
    }
}
