//! What the codes in a message mean, in words.
//!
//! Owns the code lists of the standard and of common practice, for people who read a message. Must never be asked by
//! code that decides: networks give codes meanings of their own, and their tables live with the networks.

mod action;
mod amount;
pub(crate) mod moment;
mod point_of_service;
mod processing;
mod reason;

pub(crate) use amount::in_currency;

use crate::element::Element;
use crate::mti::{Mti, MtiClass, MtiFunction, MtiOrigin, MtiVersion};

/// The edition whose code lists are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edition {
    /// 1987.
    V1987,
    /// 1993.
    V1993,
    /// 2003.
    V2003,
}

impl Edition {
    /// The edition with this name, as a dialect has it.
    pub(crate) fn of(version: &str) -> Self {
        match version {
            "1993" => Self::V1993,
            "2003" => Self::V2003,
            _ => Self::V1987,
        }
    }
}

/// Whether a code is one of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// No list says what this element holds.
    Free,
    /// It is, and means this.
    Known(String),
    /// It is not.
    Unknown,
}

impl Meaning {
    fn of(text: Option<&str>) -> Self {
        text.map_or(Self::Unknown, |text| Self::Known(text.to_owned()))
    }

    /// The words, if there are any.
    pub(crate) fn words(self) -> Option<String> {
        match self {
            Self::Known(words) => Some(words),
            Self::Free | Self::Unknown => None,
        }
    }
}

/// What the value of an element means.
pub(crate) fn element(edition: Edition, element: Element, value: &str) -> Meaning {
    let number = element.number();
    if let Some(form) = moment::form(edition, number) {
        return moment::words(form, value).map_or(Meaning::Free, Meaning::Known);
    }
    match (edition, number) {
        (Edition::V2003, 4..=6) => {
            amount::with_currency(value).map_or(Meaning::Free, Meaning::Known)
        }
        (_, 3) => processing::code(value),
        (Edition::V1987, 18) | (Edition::V1993, 26) | (Edition::V2003, 26) => {
            Meaning::of(merchant_category(value))
        }
        (_, 19 | 20) | (Edition::V1987 | Edition::V1993, 21) | (Edition::V1987, 68 | 69) => {
            Meaning::of(country(value).as_deref())
        }
        (Edition::V1987, 22) => point_of_service::entry_mode(value),
        (Edition::V1987, 25) => Meaning::of(lookup(&point_of_service::CONDITIONS, value)),
        (Edition::V1993 | Edition::V2003, 24) => Meaning::of(reason::function(value)),
        (Edition::V1993 | Edition::V2003, 25) => Meaning::of(reason::message(value)),
        (Edition::V1987, 39) => Meaning::of(lookup(&action::RESPONSES_1987, value)),
        (Edition::V1993, 39) => Meaning::of(action::action_1993(value)),
        (Edition::V2003, 39) => Meaning::of(action::action_2003(value)),
        (Edition::V1987 | Edition::V1993, 49..=51) => Meaning::of(currency(value).as_deref()),
        (Edition::V1987, 70) => Meaning::of(lookup(&reason::NETWORK_MANAGEMENT, value)),
        _ => Meaning::Free,
    }
}

/// What a message type indicator means: `authorization request, 1987`.
pub(crate) fn message_type(mti: Mti) -> String {
    let class = match mti.class() {
        MtiClass::Authorization => "authorization",
        MtiClass::Financial => "financial",
        MtiClass::FileAction => "file action",
        MtiClass::Reversal => "reversal or chargeback",
        MtiClass::Reconciliation => "reconciliation",
        MtiClass::Administrative => "administrative",
        MtiClass::FeeCollection => "fee collection",
        MtiClass::NetworkManagement => "network management",
        MtiClass::Reserved(_) => "reserved class",
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
        MtiFunction::Reserved(_) => "reserved function",
    };
    let origin = match mti.origin() {
        MtiOrigin::Acquirer => "",
        MtiOrigin::Issuer => " by the issuer",
        MtiOrigin::Other => " by another party",
        MtiOrigin::Reserved(_) => " of reserved origin",
    };
    let repeat = if mti.is_repeat() { ", repeat" } else { "" };
    let version = match mti.version() {
        MtiVersion::V1987 => "1987",
        MtiVersion::V1993 => "1993",
        MtiVersion::V2003 => "2003",
        MtiVersion::National => "national",
        MtiVersion::Private => "private",
        MtiVersion::Reserved(_) => "reserved version",
    };
    format!("{class} {function}{origin}{repeat}, {version}")
}

/// What the value of a part with this name says, where the name tells which list it is of.
pub(crate) fn named(name: &str, value: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let has = |word: &str| lower.contains(word);
    if has("currency") {
        currency(value.get(value.len().saturating_sub(3)..)?)
    } else if has("country") {
        country(value.get(value.len().saturating_sub(3)..)?)
    } else if has("mti") || has("message type") {
        value.parse().ok().map(message_type)
    } else if has("account type") {
        processing::account(value).map(str::to_owned)
    } else if has("amount type") {
        lookup(&AMOUNT_TYPES, value).map(str::to_owned)
    } else {
        None
    }
}

/// Amount types of additional amounts (DE54).
const AMOUNT_TYPES: [(&str, &str); 3] = [
    ("01", "ledger balance"),
    ("02", "available balance"),
    ("40", "cashback"),
];

/// The currency with this code, of digits or letters.
pub(crate) fn currency(code: &str) -> Option<String> {
    let known = match number(code) {
        Some(number) => iso_currency::Currency::from_numeric(number),
        None => iso_currency::Currency::from_code(code),
    }?;
    Some(format!("{} {}", known.code(), known.name()))
}

/// The country with this code, of digits or of two or three letters.
pub(crate) fn country(code: &str) -> Option<String> {
    let known = match (number(code), code.len()) {
        (Some(number), _) => celes::Country::from_value(usize::from(number)).ok(),
        (None, 2) => celes::Country::from_alpha2(code).ok(),
        (None, _) => celes::Country::from_alpha3(code).ok(),
    }?;
    Some(format!("{} {}", known.alpha2, known.long_name))
}

/// The range of ISO 18245 that a merchant category lies in.
fn merchant_category(code: &str) -> Option<&'static str> {
    let number = number(code)?;
    let range = MERCHANT_CATEGORIES
        .iter()
        .find(|(first, last, _)| (first..=last).contains(&&number));
    range.map(|(_, _, name)| *name)
}

/// Ranges of ISO 18245.
const MERCHANT_CATEGORIES: [(u16, u16, &str); 15] = [
    (1, 1499, "agricultural services"),
    (1500, 2999, "contracted services"),
    (3000, 3299, "airlines"),
    (3300, 3499, "car rental"),
    (3500, 3999, "lodging"),
    (4000, 4799, "transportation"),
    (4800, 4999, "utilities and telecommunication"),
    (5000, 5599, "retail outlets"),
    (5600, 5699, "clothing"),
    (5700, 6009, "miscellaneous outlets"),
    (6010, 6012, "financial institutions, cash"),
    (6013, 7299, "service providers"),
    (7300, 7999, "business, repair, amusement"),
    (8000, 8999, "professional services, membership"),
    (9000, 9999, "government"),
];

/// A number of digits only.
fn number(code: &str) -> Option<u16> {
    let digits = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| code.parse().ok()).flatten()
}

/// The entry of a code.
fn lookup<'a>(list: &'a [(&str, &'a str)], code: &str) -> Option<&'a str> {
    let entry = list.iter().find(|(known, _)| *known == code);
    entry.map(|(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_words_in_their_edition() {
        let table = [
            (
                Edition::V1987,
                3,
                "003000",
                "purchase, from credit to default account",
            ),
            (Edition::V1987, 14, "2912", "2029-12"),
            (Edition::V1987, 18, "5411", "retail outlets"),
            (Edition::V1987, 19, "076", "BR Brazil"),
            (Edition::V1987, 22, "051", "chip, PIN possible"),
            (Edition::V1987, 22, "0510", "chip, PIN possible"),
            (Edition::V1987, 25, "08", "mail or telephone order"),
            (Edition::V1987, 39, "51", "insufficient funds"),
            (Edition::V1987, 49, "986", "BRL Brazilian real"),
            (Edition::V1987, 49, "USD", "USD United States dollar"),
            (Edition::V1987, 70, "301", "echo"),
            (Edition::V1993, 24, "831", "echo"),
            (Edition::V1993, 25, "4006", "late response"),
            (Edition::V1993, 39, "116", "insufficient funds"),
            (Edition::V1993, 39, "208", "lost card, keep card"),
            (Edition::V2003, 4, "9862000000012345", "123.45 BRL"),
            (Edition::V2003, 39, "1016", "insufficient funds"),
        ];
        for (edition, number, value, expected) in table {
            let meaning = element(edition, Element::new(number).unwrap(), value);
            assert_eq!(
                meaning,
                Meaning::Known(expected.to_owned()),
                "DE{number} {value}"
            );
        }
    }

    #[test]
    fn other_codes_are_unknown_and_other_elements_free() {
        for (edition, number, value) in [
            (Edition::V1987, 3, "XX0000"),
            (Edition::V1987, 39, "//"),
            (Edition::V1987, 49, "000"),
            (Edition::V1987, 19, "999"),
            (Edition::V1987, 22, "991"),
            (Edition::V1993, 39, "999x"),
        ] {
            let meaning = element(edition, Element::new(number).unwrap(), value);
            assert_eq!(meaning, Meaning::Unknown, "DE{number} {value}");
        }
        let amount = element(Edition::V1987, Element::AMOUNT_TRANSACTION, "000000000100");
        assert_eq!(amount, Meaning::Free);
    }

    #[test]
    fn message_types_in_words() {
        for (mti, expected) in [
            ("0100", "authorization request, 1987"),
            ("0421", "reversal or chargeback advice, repeat, 1987"),
            ("1814", "network management response by another party, 1993"),
            ("0302", "file action request by the issuer, 1987"),
        ] {
            assert_eq!(message_type(mti.parse().unwrap()), expected);
        }
    }
}
