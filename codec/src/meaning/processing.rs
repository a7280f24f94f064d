//! Processing codes (DE3).
//!
//! Owns the words for transaction types and account types. Must never say which way money moves: that is configuration.

use super::{Meaning, lookup};

/// Transaction types: positions 1 and 2.
const TYPES: [(&str, &str); 45] = [
    ("00", "purchase"),
    ("01", "cash withdrawal"),
    ("02", "debit adjustment"),
    ("03", "cheque guarantee"),
    ("09", "purchase with cashback"),
    ("10", "account funding"),
    ("11", "quasi-cash"),
    ("12", "manual cash"),
    ("13", "recurring or instalment"),
    ("14", "recurring or instalment"),
    ("15", "recurring or instalment"),
    ("16", "recurring or instalment"),
    ("17", "manual cash"),
    ("18", "unique transaction"),
    ("19", "debit adjustment"),
    ("20", "refund"),
    ("21", "deposit"),
    ("22", "credit adjustment"),
    ("23", "unload"),
    ("26", "original credit"),
    ("28", "payment credit"),
    ("29", "credit adjustment"),
    ("30", "available funds inquiry"),
    ("31", "balance inquiry"),
    ("32", "token eligibility (Visa)"),
    ("33", "account verification or token authorization"),
    ("34", "token activation code (Visa)"),
    ("35", "account list or token complete"),
    ("36", "token event (Visa)"),
    ("37", "token step-up (Visa)"),
    ("38", "inquiry or device binding"),
    ("39", "inquiry"),
    ("40", "transfer"),
    ("50", "bill payment"),
    ("54", "payment"),
    ("55", "payment"),
    ("56", "payment"),
    ("58", "payment"),
    ("59", "payment"),
    ("70", "prepaid load"),
    ("72", "activation"),
    ("88", "private use"),
    ("90", "PIN change"),
    ("91", "PIN unblock"),
    ("92", "PIN change or unblock"),
];

/// Account types: positions 3 and 4, 5 and 6.
const ACCOUNTS: [(&str, &str); 6] = [
    ("00", "default"),
    ("10", "savings"),
    ("20", "cheque"),
    ("30", "credit"),
    ("40", "universal"),
    ("50", "investment"),
];

/// What a processing code means.
pub(super) fn code(value: &str) -> Meaning {
    let part = |range: std::ops::Range<usize>| value.get(range).unwrap_or_default();
    let Some(kind) = lookup(&TYPES, part(0..2)) else {
        return Meaning::Unknown;
    };
    let account =
        |code: &str| lookup(&ACCOUNTS, code).map_or_else(|| code.to_owned(), str::to_owned);
    let (from, to) = (account(part(2..4)), account(part(4..6)));
    Meaning::Known(if from == "default" && to == "default" {
        kind.to_owned()
    } else {
        format!("{kind}, from {from} to {to} account")
    })
}

/// What an account type means.
pub(super) fn account(value: &str) -> Option<&'static str> {
    lookup(&ACCOUNTS, value)
}
