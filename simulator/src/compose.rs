//! Builds the outgoing message of a step from generated values, defaults, an original and the
//! step's own fields. Owns the order in which they win; must never send.

use bytes::BytesMut;
use codec::{Dialect, Element, EncodeError, Mti, MtiClass};

use crate::generate::Fresh;
use crate::scenario::{Request, Scenario};
use crate::transcript::{Fields, Sent, Transcript, Unresolved};

/// What a reversal takes over from its original (DE90 apart).
const COPIED_FROM_ORIGINAL: [Element; 9] = [
    Element::PAN,
    Element::PROCESSING_CODE,
    Element::AMOUNT_TRANSACTION,
    Element::ACQUIRING_INSTITUTION,
    Element::FORWARDING_INSTITUTION,
    Element::RETRIEVAL_REFERENCE_NUMBER,
    Element::TERMINAL_ID,
    Element::CARD_ACCEPTOR_ID,
    Element::CURRENCY_TRANSACTION,
];

/// The message of a step. Later sources win over earlier ones: generated values, the scenario's
/// defaults, copies from the original, the step's own fields; `without` is taken away last.
/// A repeat starts from all fields of the message it repeats. Network management messages take
/// no defaults and no card-related generated values.
///
/// # Errors
/// [`Unresolved`] when a referred message or element is missing.
pub fn compose(
    request: &Request,
    scenario: &Scenario,
    transcript: &Transcript,
    fresh: &Fresh,
) -> Result<Sent, Unresolved> {
    let mut fields = match &request.repeat_of {
        Some(step) => earlier(transcript, step)?.fields.clone(),
        None => generated(request.mti, fresh),
    };
    if request.repeat_of.is_none() && request.mti.class() != MtiClass::NetworkManagement {
        for (element, value) in &scenario.defaults {
            fields.0.insert(*element, transcript.resolve(value, fresh)?);
        }
    }
    if let Some(step) = &request.original {
        let original = earlier(transcript, step)?;
        for element in COPIED_FROM_ORIGINAL {
            if let Some(value) = original.fields.get(element) {
                fields.0.insert(element, value.to_owned());
            }
        }
        fields.0.insert(
            Element::ORIGINAL_DATA_ELEMENTS,
            original_data(step, original)?,
        );
    }
    for (element, value) in &request.fields {
        fields.0.insert(*element, transcript.resolve(value, fresh)?);
    }
    fields
        .0
        .retain(|element, _| !request.without.contains(element));
    Ok(Sent {
        mti: Some(request.mti),
        fields,
    })
}

fn earlier<'a>(transcript: &'a Transcript, step: &str) -> Result<&'a Sent, Unresolved> {
    transcript
        .sent
        .get(step)
        .ok_or_else(|| Unresolved::NoMessage(step.to_owned()))
}

fn generated(mti: Mti, fresh: &Fresh) -> Fields {
    let wanted = |element: &Element| match mti.class() {
        MtiClass::NetworkManagement => {
            [Element::TRANSMISSION_DATE_TIME, Element::STAN].contains(element)
        }
        _ => true,
    };
    let chosen = fresh.iter().filter(|(element, _)| wanted(element));
    Fields(
        chosen
            .map(|(element, value)| (*element, value.clone()))
            .collect(),
    )
}

/// DE90: MTI 4, STAN 6, DE7 10, DE32 11, DE33 11, zero-filled on the left; unknown parts are zeros.
fn original_data(step: &str, original: &Sent) -> Result<String, Unresolved> {
    let mti = original
        .mti
        .ok_or_else(|| Unresolved::NoMessage(step.to_owned()))?;
    let part = |element| original.fields.get(element).unwrap_or("");
    Ok(format!(
        "{mti}{:0>6}{:0>10}{:0>11}{:0>11}",
        part(Element::STAN),
        part(Element::TRANSMISSION_DATE_TIME),
        part(Element::ACQUIRING_INSTITUTION),
        part(Element::FORWARDING_INSTITUTION),
    ))
}

/// Writes the body of a message (no frame).
///
/// # Errors
/// [`EncodeError`] when a value does not fit the dialect.
pub fn encode(dialect: &Dialect, mti: Mti, fields: &Fields) -> Result<BytesMut, EncodeError> {
    let mut encoder = dialect.encoder(mti);
    for (element, value) in &fields.0 {
        encoder.set(*element, value);
    }
    let mut body = BytesMut::new();
    encoder.write(&mut body)?;
    Ok(body)
}
