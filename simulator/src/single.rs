//! One message from the command line: what a person types becomes a message, and its answer is
//! awaited on a link of its own. Owns the defaults of `simulator send`; its
//! errors never repeat a value that could be card data.

use std::time::Duration;

use codec::{Element, Message, Mti, Pan};
use iso_currency::Currency;
use tokio::time::Instant;

use crate::generate::Fresh;
use crate::link::{Link, Received};
use crate::links::asks;
use crate::runner::Settings;
use crate::sign_on;
use crate::transcript::{Fields, Sent};

/// Values of a message that nobody gave: a shop's terminal, card number keyed in.
const DEFAULTS: [(Element, &str); 6] = [
    (Element::MERCHANT_TYPE, "5411"),
    (Element::POS_ENTRY_MODE, "012"),
    (Element::POS_CONDITION_CODE, "00"),
    (Element::ACQUIRING_INSTITUTION, "100001"),
    (Element::TERMINAL_ID, "TERM0001"),
    (Element::CARD_ACCEPTOR_ID, "CORNER SHOP 001"),
];

/// What to send, as typed.
#[derive(Clone)]
pub struct Order {
    /// Message type, four digits.
    pub mti: String,
    /// Card number.
    pub pan: String,
    /// Amount in the currency's units, such as 12.50; none sends no DE4.
    pub amount: Option<String>,
    /// DE3, six digits.
    pub processing_code: String,
    /// Currency as 840 or USD.
    pub currency: String,
    /// Further elements as N=VALUE; they win over everything else.
    pub fields: Vec<String>,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Order")
            .field("mti", &self.mti)
            .finish_non_exhaustive()
    }
}

/// Builds the message of an order.
///
/// # Errors
/// A sentence naming the option that cannot be used and what would be right.
pub fn build(order: &Order, fresh: &Fresh) -> Result<(Mti, Sent), String> {
    let mti = Mti::parse(order.mti.as_bytes())
        .map_err(|_invalid| "--mti: expected 4 digits such as 0100".to_owned())?;
    let pan = Pan::parse(&order.pan)
        .map_err(|_invalid| "--pan: expected a card number of 12 to 19 digits".to_owned())?;
    let currency = currency(&order.currency)
        .ok_or_else(|| "--currency: expected an ISO 4217 code such as 840 or USD".to_owned())?;
    let mut fields = Fields(fresh.clone());
    fields
        .0
        .extend(DEFAULTS.map(|(element, value)| (element, value.to_owned())));
    fields.0.insert(Element::PAN, pan.reveal().to_owned());
    fields
        .0
        .insert(Element::PROCESSING_CODE, order.processing_code.clone());
    fields.0.insert(
        Element::CURRENCY_TRANSACTION,
        format!("{:03}", currency.numeric()),
    );
    if let Some(amount) = &order.amount {
        let minor =
            minor_units(amount, exponent(currency)).map_err(|why| format!("--amount: {why}"))?;
        fields
            .0
            .insert(Element::AMOUNT_TRANSACTION, format!("{minor:012}"));
    }
    for field in &order.fields {
        let (element, value) = field_option(field)?;
        fields.0.insert(element, value);
    }
    Ok((
        mti,
        Sent {
            mti: Some(mti),
            fields,
        },
    ))
}

/// Sends one message on a link of its own and waits for its answer.
///
/// # Errors
/// A sentence saying why there is no answer; never with card data.
pub async fn exchange(
    settings: Settings<'_>,
    body: &[u8],
    stan: Option<&str>,
) -> Result<(Message, Duration), String> {
    let Settings {
        dialect,
        peer,
        limit,
        sign_on,
    } = settings;
    let opened = Link::open(peer, dialect.framing(), limit).await;
    let mut link = opened.map_err(|error| error.to_string())?;
    if let Some(code) = sign_on {
        let signed_on = sign_on::sign_on(&mut link, dialect, code, limit).await;
        signed_on.map_err(|error| error.to_string())?;
    }
    let started = Instant::now();
    link.send_frame(body)
        .await
        .map_err(|error| error.to_string())?;
    loop {
        let frame = match link.receive(started + limit).await {
            Received::Frame(frame) => frame,
            Received::Nothing => return Err(format!("no answer within {} ms", limit.as_millis())),
            Received::Closed => return Err("the link was closed by the switch".to_owned()),
            Received::Lost(reason) => return Err(format!("the link cannot be read on: {reason}")),
        };
        let decoded = dialect.decode(frame.body);
        let message = decoded.map_err(|error| format!("cannot be decoded: {error}"))?;
        let ours = stan.is_none() || message.text(Element::STAN) == stan;
        if ours && !asks(message.mti()) {
            return Ok((message, started.elapsed()));
        }
    }
}

fn field_option(text: &str) -> Result<(Element, String), String> {
    let wrong = || "--field: expected N=VALUE with N from 2 to 192".to_owned();
    let (number, value) = text.split_once('=').ok_or_else(wrong)?;
    let element = number
        .trim()
        .parse()
        .ok()
        .and_then(Element::new)
        .ok_or_else(wrong)?;
    Ok((element, value.to_owned()))
}

/// A currency by its ISO 4217 number or letters.
#[must_use]
pub fn currency(code: &str) -> Option<Currency> {
    match code.parse::<u16>() {
        Ok(number) if code.len() == 3 => Currency::from_numeric(number),
        _ => Currency::from_code(code),
    }
}

/// Decimals of a currency by ISO 4217; 0 for those that have none.
#[must_use]
pub fn exponent(currency: Currency) -> usize {
    usize::from(currency.exponent().unwrap_or(0))
}

/// "12.5" with two decimals is 1250. Digits only, at most the currency's decimals, at most 12
/// digits in all.
fn minor_units(amount: &str, decimals: usize) -> Result<u64, String> {
    let expected =
        || format!("expected an amount such as 12 or 12.50, with at most {decimals} decimals");
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > decimals {
        return Err(expected());
    }
    let minor = format!("{whole}{fraction:0<decimals$}");
    match minor.parse() {
        Ok(minor) if minor <= 999_999_999_999 => Ok(minor),
        _ => Err("does not fit the 12 digits of DE4".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            mti: "0100".to_owned(),
            pan: "4000001200000016".to_owned(),
            amount: Some("12.50".to_owned()),
            processing_code: "003000".to_owned(),
            currency: "USD".to_owned(),
            fields: vec!["41=OTHER001".to_owned()],
        }
    }

    #[test]
    fn an_order_becomes_a_message() {
        let (mti, sent) = build(&order(), &Fresh::new()).unwrap();
        assert_eq!(mti.to_string(), "0100");
        assert_eq!(
            sent.fields.get(Element::AMOUNT_TRANSACTION),
            Some("000000001250")
        );
        assert_eq!(sent.fields.get(Element::CURRENCY_TRANSACTION), Some("840"));
        assert_eq!(sent.fields.get(Element::TERMINAL_ID), Some("OTHER001"));
    }

    #[test]
    fn amounts() {
        for (text, decimals, minor) in [
            ("12.50", 2, 1250),
            ("12.5", 2, 1250),
            ("12", 2, 1200),
            ("500", 0, 500),
            ("0", 2, 0),
        ] {
            assert_eq!(minor_units(text, decimals), Ok(minor), "{text}");
        }
        for (text, decimals) in [
            ("12.505", 2),
            ("1.5", 0),
            ("", 2),
            (".5", 2),
            ("-1", 2),
            ("10000000000.00", 2),
        ] {
            assert!(minor_units(text, decimals).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_name_the_option_and_never_the_value() {
        let canary = "4000001200000016x";
        let change = |change: fn(&mut Order, &str)| {
            let mut order = order();
            change(&mut order, canary);
            build(&order, &Fresh::new()).unwrap_err()
        };
        for (option, error) in [
            ("--mti", change(|order, value| order.mti = value.to_owned())),
            ("--pan", change(|order, value| order.pan = value.to_owned())),
            (
                "--amount",
                change(|order, value| order.amount = Some(value.to_owned())),
            ),
            (
                "--currency",
                change(|order, value| order.currency = value.to_owned()),
            ),
            (
                "--field",
                change(|order, value| order.fields.push(value.to_owned())),
            ),
        ] {
            assert!(error.starts_with(option), "{error}");
            assert!(!error.contains("400000"), "{error}");
        }
        assert!(!format!("{:?}", order()).contains("400000"));
    }
}
