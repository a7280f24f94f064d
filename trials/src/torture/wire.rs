//! The clients' messages on the wire, in the generic dialect.
//!
//! Owns: which elements a request carries and what is read of an answer. Must never: decide what to send.

use anyhow::Context as _;
use bytes::BytesMut;
use codec::{AdditionalAmount, Dialect, Element, EncodeError, Message, Mti, OriginalDataElements};

use crate::history::{Kind, Request};

use super::accounts::EXPIRY;
use super::records::{Asked, Class, Heard, Name, Records, Serial};

/// DE32 of every client.
const ACQUIRER: u64 = 200_003;

/// The MTI of a message; with `repeat`, of its repeat.
fn mti(name: Name, request: &Request, repeat: bool) -> anyhow::Result<Mti> {
    let advice = matches!(request, Request::Reversal { advice: true, .. });
    let class = match name.class {
        Class::Authorization => 1,
        Class::Financial => 2,
        Class::Reversal => 4,
    };
    let text = format!("0{class}{}{}", if advice { 2 } else { 0 }, u8::from(repeat));
    text.parse::<Mti>().context("message type")
}

/// DE41 of a link.
fn terminal(link: usize) -> String {
    format!("TORT{link:04}")
}

/// DE3.
fn processing_code(records: &Records, request: &Request) -> &'static str {
    match request {
        Request::Authorization { kind, .. } => match kind {
            Kind::Purchase => "003000",
            Kind::Cash => "013000",
            Kind::Cashback { .. } => "093000",
            Kind::Refund => "200030",
        },
        Request::Inquiry => "313000",
        Request::Reversal { original, .. } => records
            .get(Serial(original.0))
            .filter(|asked| !matches!(asked.request, Request::Reversal { .. }))
            .map_or("003000", |asked| processing_code(records, &asked.request)),
    }
}

/// DE90 of a reversal.
fn original_data(original: &Asked) -> anyhow::Result<String> {
    let digits = |number: u64, width: usize| format!("{number:0width$}").into_bytes();
    let original = OriginalDataElements {
        mti: mti(original.name, &original.request, false)?,
        stan: digits(u64::from(original.name.stan), 6)
            .as_slice()
            .try_into()?,
        transmission: digits(original.name.transmission, 10)
            .as_slice()
            .try_into()?,
        acquiring_institution: ACQUIRER,
        forwarding_institution: 0,
    };
    Ok(original.format())
}

/// The frame of a message; with `repeat`, of its repeat.
pub(super) fn frame(
    dialect: &Dialect,
    records: &Records,
    serial: Serial,
    repeat: bool,
) -> anyhow::Result<BytesMut> {
    let asked = records.get(serial).context("no such message")?;
    let Asked { name, request, .. } = asked;
    let transmission = format!("{:010}", name.transmission);
    let (date, time) = transmission.split_at_checked(4).unwrap_or_default();
    let mut values = vec![
        (2, asked.account.pan()),
        (3, processing_code(records, request).to_owned()),
        (7, transmission.clone()),
        (11, format!("{:06}", name.stan)),
        (12, time.to_owned()),
        (13, date.to_owned()),
        (14, EXPIRY.to_owned()),
        (18, "5411".to_owned()),
        (22, "012".to_owned()),
        (25, "00".to_owned()),
        (32, ACQUIRER.to_string()),
        (37, format!("{:012}", serial.0)),
        (41, terminal(name.link)),
        (42, "TORTURE CHAMBER".to_owned()),
        (49, "840".to_owned()),
    ];
    match request {
        Request::Authorization {
            kind, amount_minor, ..
        } => {
            values.push((4, format!("{amount_minor:012}")));
            if let Kind::Cashback { cash_minor } = kind {
                values.push((54, format!("3040840D{cash_minor:012}")));
            }
        }
        Request::Inquiry => {}
        Request::Reversal {
            original,
            claimed_minor,
            replacement_minor,
            ..
        } => {
            let original = records
                .get(Serial(original.0))
                .context("no such original")?;
            values.push((4, format!("{claimed_minor:012}")));
            values.push((90, original_data(original)?));
            values.extend(replacement_minor.map(|amount| (95, format!("{amount:012}{:030}", 0))));
        }
    }
    let mut encoder = dialect.encoder(mti(*name, request, repeat)?);
    for (number, value) in &values {
        let element = Element::new(*number).context("element")?;
        encoder.set(element, value);
    }
    let mut out = BytesMut::new();
    let written: Result<(), EncodeError> =
        dialect.framing().write(&mut out, |out| encoder.write(out));
    written?;
    Ok(out)
}

/// Which message an answer is to, and what it says.
pub(super) fn read(answer: &Message) -> anyhow::Result<(Serial, Heard)> {
    let text = |element: Element| answer.text(element);
    let serial = text(Element::RETRIEVAL_REFERENCE_NUMBER).context("an answer without DE37")?;
    let response_code = text(Element::RESPONSE_CODE).context("an answer without DE39")?;
    let balances = text(Element::ADDITIONAL_AMOUNTS)
        .map(balances)
        .transpose()?;
    let heard = Heard {
        response_code: response_code.to_owned(),
        approval_code: text(Element::AUTHORIZATION_ID_RESPONSE).map(str::to_owned),
        balances,
    };
    Ok((Serial(serial.parse()?), heard))
}

/// Ledger and available balance of DE54.
fn balances(text: &str) -> anyhow::Result<(i64, i64)> {
    let blocks = AdditionalAmount::parse_all(text)?;
    let balance = |amount_type: &[u8; 2]| {
        let block = blocks
            .iter()
            .find(|block| block.amount_type == *amount_type);
        let block = block.context("a balance is missing in DE54")?;
        let amount = i64::try_from(block.amount_minor)?;
        anyhow::Ok(if block.credit { amount } else { -amount })
    };
    Ok((balance(b"01")?, balance(b"02")?))
}
