//! The document of a mix file and its checks.
//!
//! Owns: which values can be used. Must never: let a value through that a message could not carry.

use std::collections::BTreeMap;

use codec::Element;
use serde::Deserialize;

use super::{Kind, Mix, MixError, Pattern};

/// Elements that the load test fills in itself.
const FILLED_IN: [u8; 10] = [2, 3, 4, 7, 11, 12, 13, 37, 41, 90];

/// Digits of a PAN without its check digit.
const BODY_DIGITS: usize = 15;

/// Largest amount of DE4, in minor units.
const LARGEST_AMOUNT: u64 = 999_999_999_999;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    arrivals: Pattern,
    dialect: Option<String>,
    sign_on: Option<String>,
    weights: Weights,
    accounts: Accounts,
    amounts: Amounts,
    processing_codes: ProcessingCodes,
    #[serde(default)]
    defaults: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Weights {
    purchase: u32,
    single_message_purchase: u32,
    reversal: u32,
    repeat: u32,
    inquiry: u32,
    unknown_card: u32,
    over_limit: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accounts {
    bin: String,
    count: u64,
    first_account_id: u64,
}

/// Amounts in minor units.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Amounts {
    pub(super) minimum_minor: u64,
    pub(super) maximum_minor: u64,
    pub(super) over_limit_minor: u64,
}

/// DE3 by purpose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcessingCodes {
    pub(super) purchase: String,
    pub(super) inquiry: String,
}

impl Weights {
    fn by_kind(&self) -> [u32; Kind::ALL.len()] {
        Kind::ALL.map(|kind| match kind {
            Kind::Purchase => self.purchase,
            Kind::SingleMessagePurchase => self.single_message_purchase,
            Kind::Reversal => self.reversal,
            Kind::Repeat => self.repeat,
            Kind::Inquiry => self.inquiry,
            Kind::UnknownCard => self.unknown_card,
            Kind::OverLimit => self.over_limit,
        })
    }
}

pub(super) fn read(file: &str, text: &str) -> Result<Mix, MixError> {
    let document: Document = toml::from_str(text).map_err(|error| {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        MixError::Invalid {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            reason: error.message().to_owned(),
        }
    })?;
    check(document).map_err(|fault| MixError::Value {
        file: file.to_owned(),
        field: fault.field,
        reason: fault.reason,
    })
}

struct Fault {
    field: String,
    reason: String,
}

fn fault(field: &str, reason: impl Into<String>) -> Fault {
    Fault {
        field: field.to_owned(),
        reason: reason.into(),
    }
}

fn check(document: Document) -> Result<Mix, Fault> {
    let Document {
        name,
        arrivals,
        dialect,
        sign_on,
        weights,
        accounts,
        amounts,
        processing_codes,
        defaults,
    } = document;
    if sign_on.as_deref().is_some_and(|code| !is_code(code, 3)) {
        return Err(fault("sign_on", "expected 3 digits"));
    }
    let weights = weights.by_kind();
    if weights.iter().all(|weight| *weight == 0) {
        return Err(fault("weights", "at least one kind needs a share"));
    }
    let (first_15, room) = card_numbers(&accounts.bin)?;
    if accounts.count == 0 || accounts.count > room {
        return Err(fault(
            "accounts.count",
            format!("expected 1 to {room} for this BIN"),
        ));
    }
    let unknown_cards = weights
        .get(Kind::UnknownCard.index())
        .is_some_and(|weight| *weight > 0);
    if unknown_cards && accounts.count == room {
        let reason = "leaves no card number of the BIN that belongs to nobody";
        return Err(fault("accounts.count", reason));
    }
    if accounts
        .first_account_id
        .checked_add(accounts.count)
        .is_none()
    {
        return Err(fault("accounts.first_account_id", "is too large"));
    }
    check_amounts(&amounts)?;
    for (field, code) in [
        ("processing_codes.purchase", &processing_codes.purchase),
        ("processing_codes.inquiry", &processing_codes.inquiry),
    ] {
        if !is_code(code, 6) {
            return Err(fault(field, "expected 6 digits"));
        }
    }
    Ok(Mix {
        name,
        arrivals,
        dialect,
        sign_on,
        weights,
        first_15,
        cards: accounts.count,
        room,
        first_account_id: accounts.first_account_id,
        amounts,
        processing_codes,
        defaults: elements(defaults)?,
    })
}

fn is_code(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first card number of a BIN without its check digit, and how many there are.
fn card_numbers(bin: &str) -> Result<(u64, u64), Fault> {
    let digits = bin.bytes().all(|byte| byte.is_ascii_digit());
    let free = BODY_DIGITS.checked_sub(bin.len()).filter(|free| *free > 0);
    let (Some(free), true, Ok(number)) = (free, digits, bin.parse::<u64>()) else {
        return Err(fault("accounts.bin", "expected 1 to 14 digits"));
    };
    let room = 10_u64.saturating_pow(u32::try_from(free).unwrap_or(0));
    Ok((number * room, room))
}

fn check_amounts(amounts: &Amounts) -> Result<(), Fault> {
    if amounts.minimum_minor == 0 || amounts.minimum_minor > amounts.maximum_minor {
        return Err(fault(
            "amounts.minimum_minor",
            "expected 1 to amounts.maximum_minor",
        ));
    }
    for (field, amount) in [
        ("amounts.maximum_minor", amounts.maximum_minor),
        ("amounts.over_limit_minor", amounts.over_limit_minor),
    ] {
        if amount == 0 || amount > LARGEST_AMOUNT {
            return Err(fault(field, "expected 1 to 999999999999"));
        }
    }
    Ok(())
}

fn elements(defaults: BTreeMap<String, String>) -> Result<Vec<(Element, String)>, Fault> {
    let mut elements = Vec::with_capacity(defaults.len());
    for (number, value) in defaults {
        let field = format!("defaults.{number}");
        let element = number.parse().ok().and_then(Element::new);
        let element = element.ok_or_else(|| fault(&field, "expected an element from 2 to 192"))?;
        if FILLED_IN.contains(&element.number()) {
            return Err(fault(&field, "is filled in by the load test"));
        }
        elements.push((element, value));
    }
    elements.sort_by_key(|(element, _)| *element);
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = include_str!("../../../config/load/default.toml");

    #[track_caller]
    fn refused(from: &str, to: &str) -> String {
        assert!(DEFAULT.contains(from));
        read("mix.toml", &DEFAULT.replacen(from, to, 1))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn faults_say_where_and_what() {
        let unknown = refused("arrivals =", "rate =");
        assert!(
            unknown.starts_with("mix.toml:7: unknown field"),
            "{unknown}"
        );
        let bin = refused("bin = \"40000013\"", "bin = \"4000001X\"");
        assert_eq!(bin, "mix.toml: accounts.bin: expected 1 to 14 digits");
        let element = refused("49 = ", "37 = ");
        assert_eq!(
            element,
            "mix.toml: defaults.37: is filled in by the load test"
        );
        let count = refused("count = 100000", "count = 10000000");
        assert!(count.contains("belongs to nobody"), "{count}");
        let amount = refused("minimum_minor = 100", "minimum_minor = 10001");
        assert!(amount.contains("amounts.minimum_minor"), "{amount}");
    }

    #[test]
    fn a_mix_of_nothing_is_refused() {
        let (head, rest) = DEFAULT.split_once("[weights]").unwrap();
        let (_, tail) = rest.split_once("[accounts]").unwrap();
        let text = format!("{head}[weights]\n[accounts]{tail}");
        let error = read("mix.toml", &text).unwrap_err().to_string();
        assert_eq!(error, "mix.toml: weights: at least one kind needs a share");
    }
}
