//! ISO 8583 code lists in words: message types, response codes, processing codes, account and amount
//! types of the 1987 edition. Owns the wording that people read (names of elements are the
//! dialect's); must never decide anything.

use codec::{Mti, MtiClass, MtiFunction};

/// Two-character response codes of the 1987 edition, sorted.
#[rustfmt::skip]
const RESPONSE_CODES: &[(&str, &str)] = &[
    ("00", "approved"),
    ("01", "call issuer"),
    ("02", "call issuer, special"),
    ("03", "invalid merchant"),
    ("04", "keep card"),
    ("05", "do not honour"),
    ("06", "error"),
    ("07", "keep card, special"),
    ("08", "approve with id"),
    ("09", "in progress"),
    ("10", "partial approval"),
    ("11", "VIP approval"),
    ("12", "invalid transaction"),
    ("13", "invalid amount"),
    ("14", "invalid card number"),
    ("15", "no such issuer"),
    ("16", "approved, update track 3"),
    ("17", "customer cancelled"),
    ("18", "customer dispute"),
    ("19", "enter again"),
    ("20", "invalid response"),
    ("21", "no action taken"),
    ("22", "suspected malfunction"),
    ("23", "fee unacceptable"),
    ("24", "file update not supported"),
    ("25", "record not found"),
    ("26", "duplicate record"),
    ("27", "file edit error"),
    ("28", "file locked"),
    ("29", "file update failed"),
    ("30", "format error"),
    ("31", "bank not supported"),
    ("32", "completed partially"),
    ("33", "expired card, keep"),
    ("34", "suspected fraud, keep"),
    ("35", "contact acquirer, keep"),
    ("36", "restricted, keep"),
    ("37", "call security, keep"),
    ("38", "PIN tries exceeded, keep"),
    ("39", "no credit account"),
    ("40", "function not supported"),
    ("41", "lost card, keep"),
    ("42", "no universal account"),
    ("43", "stolen card, keep"),
    ("44", "no investment account"),
    ("46", "closed account"),
    ("51", "insufficient funds"),
    ("52", "no cheque account"),
    ("53", "no savings account"),
    ("54", "expired card"),
    ("55", "wrong PIN"),
    ("56", "no card record"),
    ("57", "transaction not permitted to cardholder"),
    ("58", "transaction not permitted to terminal"),
    ("59", "suspected fraud"),
    ("60", "contact acquirer"),
    ("61", "exceeds amount limit"),
    ("62", "restricted card"),
    ("63", "security violation"),
    ("64", "original amount wrong"),
    ("65", "over count limit"),
    ("66", "call acquirer security"),
    ("67", "hard capture"),
    ("68", "late response"),
    ("70", "contact issuer"),
    ("71", "PIN not changed"),
    ("75", "PIN tries exceeded"),
    ("76", "account problem"),
    ("77", "account problem"),
    ("78", "account problem"),
    ("81", "domestic or cryptographic error"),
    ("82", "negative CVV or time-out"),
    ("84", "invalid life-cycle"),
    ("85", "no reason to decline"),
    ("86", "cannot verify PIN"),
    ("87", "purchase only, no cash"),
    ("88", "crypto failure"),
    ("89", "unacceptable PIN"),
    ("90", "cut-off"),
    ("91", "issuer or switch unavailable"),
    ("92", "cannot route"),
    ("93", "violation of law"),
    ("94", "duplicate transmission"),
    ("95", "reconcile error"),
    ("96", "system malfunction"),
];

/// Transaction types of DE3 positions 1-2.
const TRANSACTION_TYPES: &[(&str, &str)] = &[
    ("00", "purchase"),
    ("01", "cash withdrawal"),
    ("09", "purchase with cashback"),
    ("20", "refund"),
    ("21", "deposit"),
    ("22", "credit adjustment"),
    ("26", "original credit"),
    ("28", "payment credit"),
    ("30", "available funds inquiry"),
    ("31", "balance inquiry"),
    ("33", "account verification"),
    ("40", "transfer"),
    ("50", "bill payment"),
];

/// Account types of DE3 and of DE54 blocks.
const ACCOUNT_TYPES: &[(&str, &str)] = &[
    ("00", "default account"),
    ("10", "savings account"),
    ("20", "checking account"),
    ("30", "credit account"),
    ("40", "universal account"),
    ("50", "investment account"),
];

/// Network management codes of DE70.
const MANAGEMENT_CODES: &[(&str, &str)] = &[
    ("001", "sign-on"),
    ("002", "sign-off"),
    ("003", "target unavailable"),
    ("101", "key change"),
    ("201", "cut-over"),
    ("301", "echo test"),
];

/// Amount types of DE54 blocks.
const AMOUNT_TYPES: &[(&str, &str)] = &[
    ("01", "ledger balance"),
    ("02", "available balance"),
    ("40", "cashback"),
];

fn find(table: &[(&'static str, &'static str)], code: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, words)| *words)
}

/// Meaning of a two-character DE39; `None` for one that the 1987 edition does not define.
#[must_use]
pub fn response_code(code: &str) -> Option<&'static str> {
    find(RESPONSE_CODES, code)
}

/// A response code with its meaning: "51 insufficient funds".
#[must_use]
pub fn response_code_in_words(code: &str) -> String {
    match response_code(code) {
        Some(meaning) => format!("{code} {meaning}"),
        None => format!("{code} (not a code of the 1987 edition)"),
    }
}

/// Whether a DE39 says that the transaction was approved, in full or in part.
#[must_use]
pub fn approves(code: &str) -> bool {
    matches!(code, "00" | "08" | "10" | "11" | "16")
}

/// Name of an amount type of DE54.
#[must_use]
pub fn amount_type(code: &str) -> Option<&'static str> {
    find(AMOUNT_TYPES, code)
}

/// Name of an account type of DE3 or DE54.
#[must_use]
pub fn account_type(code: &str) -> Option<&'static str> {
    find(ACCOUNT_TYPES, code)
}

/// Name of a network management code (DE70).
#[must_use]
pub fn management_code(code: &str) -> Option<&'static str> {
    find(MANAGEMENT_CODES, code)
}

/// A processing code (DE3, 6 digits) in words: "purchase from credit account".
#[must_use]
pub fn processing_code(code: &str) -> Option<String> {
    let (kind, accounts) = code.split_at_checked(2)?;
    let (from, to) = accounts.split_at_checked(2)?;
    let mut words = find(TRANSACTION_TYPES, kind)?.to_owned();
    for (preposition, account) in [("from", from), ("to", to)] {
        if account != "00"
            && let Some(name) = account_type(account)
        {
            words.push_str(&format!(" {preposition} {name}"));
        }
    }
    Some(words)
}

/// A message type in words: "authorization request (repeat)".
#[must_use]
pub fn mti(mti: Mti) -> String {
    let class = match mti.class() {
        MtiClass::Authorization => "authorization",
        MtiClass::Financial => "financial",
        MtiClass::FileAction => "file action",
        MtiClass::Reversal => "reversal",
        MtiClass::Reconciliation => "reconciliation",
        MtiClass::Administrative => "administrative",
        MtiClass::FeeCollection => "fee collection",
        MtiClass::NetworkManagement => "network management",
        MtiClass::Reserved(_) => "reserved",
    };
    let function = match mti.function() {
        MtiFunction::Request => "request",
        MtiFunction::RequestResponse => "response",
        MtiFunction::Advice => "advice",
        MtiFunction::AdviceResponse => "advice response",
        MtiFunction::Notification => "notification",
        MtiFunction::NotificationAcknowledgement => "notification acknowledgement",
        MtiFunction::Instruction => "instruction",
        MtiFunction::InstructionAcknowledgement => "instruction acknowledgement",
        MtiFunction::Reserved(_) => "reserved",
    };
    let repeat = if mti.is_repeat() { " (repeat)" } else { "" };
    format!("{class} {function}{repeat}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_words() {
        assert_eq!(response_code_in_words("00"), "00 approved");
        assert_eq!(response_code_in_words("51"), "51 insufficient funds");
        assert_eq!(
            response_code_in_words("ZZ"),
            "ZZ (not a code of the 1987 edition)"
        );
        assert!(RESPONSE_CODES.is_sorted());
        assert_eq!(
            processing_code("003000").unwrap(),
            "purchase from credit account"
        );
        assert_eq!(
            processing_code("200030").unwrap(),
            "refund to credit account"
        );
        assert_eq!(processing_code("310000").unwrap(), "balance inquiry");
        assert_eq!(processing_code("770000"), None);
        assert_eq!(processing_code("00"), None);
    }

    #[test]
    fn message_types_in_words() {
        let words = |digits: &[u8]| mti(Mti::parse(digits).unwrap());
        assert_eq!(words(b"0100"), "authorization request");
        assert_eq!(words(b"0401"), "reversal request (repeat)");
        assert_eq!(words(b"0430"), "reversal advice response");
        assert_eq!(words(b"0810"), "network management response");
    }
}
