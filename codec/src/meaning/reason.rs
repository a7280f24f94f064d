//! Network management, function and message reason codes (DE70 of 1987; DE24 and DE25 from 1993 on).
//!
//! Owns their words. Must never be complete by guessing: a code that no public source explains is not here.

use super::lookup;

/// DE70 of the 1987 edition.
pub(super) const NETWORK_MANAGEMENT: [(&str, &str); 16] = [
    ("001", "sign-on"),
    ("002", "sign-off"),
    ("003", "target unavailable"),
    ("004", "backup mode"),
    ("061", "group sign-on"),
    ("062", "group sign-off"),
    ("071", "sign-on, start advices (Visa)"),
    ("072", "sign-off, stop advices (Visa)"),
    ("101", "key change"),
    ("161", "key exchange"),
    ("162", "key exchange"),
    ("163", "key exchange"),
    ("201", "cut-over"),
    ("270", "echo (Mastercard)"),
    ("301", "echo"),
    ("363", "end of store-and-forward (Mastercard)"),
];

const FUNCTIONS: [(&str, &str); 38] = [
    ("100", "original authorization, amount exact"),
    ("101", "original authorization, amount estimated"),
    ("102", "replacement authorization, amount exact"),
    ("103", "replacement authorization, amount estimated"),
    ("108", "inquiry"),
    ("113", "account verification"),
    ("181", "partial approval supported"),
    ("186", "tokenization eligibility"),
    ("187", "incremental authorization"),
    ("200", "original financial"),
    ("201", "earlier approved, same amount"),
    ("202", "earlier approved, other amount"),
    ("205", "second presentment, full"),
    ("282", "second presentment, partial"),
    ("301", "add record"),
    ("302", "change record"),
    ("303", "delete record"),
    ("304", "replace record"),
    ("305", "inquire record"),
    ("306", "replace file"),
    ("400", "full reversal"),
    ("401", "partial reversal"),
    ("450", "first chargeback, full"),
    ("451", "arbitration chargeback, full"),
    ("453", "first chargeback, partial"),
    ("454", "arbitration chargeback, partial"),
    ("603", "retrieval request"),
    ("695", "file trailer"),
    ("697", "file header"),
    ("700", "fee collection"),
    ("701", "fee collection"),
    ("801", "sign-on"),
    ("802", "sign-off"),
    ("803", "target unavailable"),
    ("804", "backup mode"),
    ("811", "key change"),
    ("821", "cut-over"),
    ("831", "echo"),
];

const MESSAGE_REASONS: [(&str, &str); 21] = [
    ("1000", "stand-in by issuer option"),
    ("1001", "issuer signed off"),
    ("1002", "issuer timed out"),
    ("1003", "issuer unavailable"),
    ("1004", "terminal processed"),
    ("1005", "chip processed"),
    ("1006", "under floor limit"),
    ("1007", "stand-in by acquirer"),
    ("3000", "lost card"),
    ("3001", "stolen card"),
    ("4000", "customer cancelled"),
    ("4001", "unspecified"),
    ("4002", "suspected malfunction"),
    ("4003", "format error"),
    ("4004", "completed partially"),
    ("4005", "original amount wrong"),
    ("4006", "late response"),
    ("4007", "device problem"),
    ("4013", "undeliverable"),
    ("4020", "invalid response"),
    ("4021", "no response in time"),
];

/// DE24 from 1993 on.
pub(super) fn function(value: &str) -> Option<&'static str> {
    lookup(&FUNCTIONS, value)
}

/// DE25 from 1993 on: its own words, or those of its family.
pub(super) fn message(value: &str) -> Option<&'static str> {
    lookup(&MESSAGE_REASONS, value).or(match value.as_bytes() {
        [b'2', _, _, _] => Some("representment"),
        [b'4', b'5', _, _] => Some("chargeback"),
        [b'6', _, _, _] => Some("retrieval"),
        _ => None,
    })
}
