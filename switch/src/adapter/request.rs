//! From a message to the facts the ledger decides on.
//!
//! Owns: what each element of the generic dialect means to a request. Elements per DESIGN section 10:
//! instalments in DE67, cashback in DE54 amount type 40, from-account in DE3 positions 3-4, to-account
//! in 5-6. Must never: copy track, PIN or CVV data into the facts.

use codec::{AdditionalAmount, Element, Message, MtiClass, MtiFunction, OriginalDataElements, Pan};
use ledger::authorization::{
    Clearing, Fingerprint, MatchKey, MessageClass, RequestFacts, ReversalFacts,
};
use ledger::identifiers::CardHash;
use rules::{AccountType, Currency, NetworkId, OperationKind, ProcessingCode, Snapshot};

use super::{FormatError, missing};

/// DE54 amount type of cashback.
const CASHBACK: [u8; 2] = *b"40";

/// The PAN of a message: DE2, else track 2.
///
/// # Errors
/// [`FormatError`] when neither holds one.
pub fn pan(message: &Message) -> Result<Pan, FormatError> {
    let problem = "is not a primary account number";
    match (message.text(Element::PAN), message.text(Element::TRACK_2)) {
        (Some(digits), _) => Pan::parse(digits).or(Err(FormatError {
            element: Element::PAN,
            problem,
        })),
        (None, Some(track)) => Pan::from_track_2(track).or(Err(FormatError {
            element: Element::TRACK_2,
            problem,
        })),
        (None, None) => Err(missing(Element::PAN)),
    }
}

/// What an authorization request (x1xx, x2xx) says.
///
/// # Errors
/// [`FormatError`] for the first element that is missing or means nothing.
pub fn authorization(
    message: &Message,
    network: NetworkId,
    card: CardHash,
    rules: &Snapshot,
) -> Result<RequestFacts, FormatError> {
    let clearing = match message.mti().class() {
        MtiClass::Financial => Clearing::Online,
        _ => Clearing::Offline,
    };
    let code = message
        .text(Element::PROCESSING_CODE)
        .ok_or_else(|| missing(Element::PROCESSING_CODE))?;
    let processing_code = digits(code, 0..2)
        .and_then(|digits| digits.parse::<ProcessingCode>().ok())
        .ok_or(FormatError {
            element: Element::PROCESSING_CODE,
            problem: "is not six digits",
        })?;
    let account_type = |range| {
        digits(code, range)
            .and_then(AccountType::parse)
            .unwrap_or(AccountType::Unspecified)
    };
    let moves_money = rules
        .processing_code(processing_code)
        .is_none_or(|entry| entry.kind != OperationKind::BalanceInquiry);
    let fingerprint = fingerprint(message)?;
    if moves_money {
        for element in [Element::AMOUNT_TRANSACTION, Element::CURRENCY_TRANSACTION] {
            message.text(element).ok_or_else(|| missing(element))?;
        }
    }
    Ok(RequestFacts {
        key: match_key(message, network, card)?,
        fingerprint,
        clearing,
        processing_code,
        from_account: account_type(2..4),
        to_account: account_type(4..6),
        expiry_yymm: expiry(message)?,
        mcc: number(message, Element::MERCHANT_TYPE)?,
        entry_mode: owned(message, Element::POS_ENTRY_MODE),
        installments: number(message, Element::EXTENDED_PAYMENT_CODE)?
            .unwrap_or(1)
            .max(1),
        cashback_minor: cashback(message)?,
        billing_currency: currency(message, Element::CURRENCY_CARDHOLDER_BILLING)?,
        retrieval_reference: owned(message, Element::RETRIEVAL_REFERENCE_NUMBER),
        card_acceptor: owned(message, Element::CARD_ACCEPTOR_ID),
        card_acceptor_name: owned(message, Element::CARD_ACCEPTOR_NAME),
    })
}

/// What a reversal (x4xx) says. Its original is the message that DE90 names, at the reversal's own
/// terminal; where DE90 leaves the acquirer zero, the reversal's own.
///
/// # Errors
/// [`FormatError`] for the first element that is missing or means nothing.
pub fn reversal(
    message: &Message,
    network: NetworkId,
    card: CardHash,
) -> Result<ReversalFacts, FormatError> {
    let element = Element::ORIGINAL_DATA_ELEMENTS;
    let original = message.text(element).ok_or_else(|| missing(element))?;
    let original = OriginalDataElements::parse(original).or(Err(FormatError {
        element,
        problem: "is not 42 digits of original data elements",
    }))?;
    let key = match_key(message, network, card)?;
    let class = match original.mti.class() {
        MtiClass::Authorization => MessageClass::Authorization,
        MtiClass::Financial => MessageClass::Financial,
        _ => {
            let problem = "does not name an authorization or a financial message";
            return Err(FormatError { element, problem });
        }
    };
    let not_a_number = FormatError {
        element,
        problem: "holds a number that is none",
    };
    let acquirer = match original.acquiring_institution {
        0 => key.acquirer,
        acquirer => acquirer,
    };
    Ok(ReversalFacts {
        key,
        fingerprint: fingerprint(message)?,
        original: MatchKey {
            class,
            stan: decimal(&original.stan).ok_or(not_a_number)?,
            transmission: decimal(&original.transmission).ok_or(not_a_number)?,
            acquirer,
            ..key
        },
        advice: message.mti().function() == MtiFunction::Advice,
        replacement_minor: replacement(message)?,
        retrieval_reference: owned(message, Element::RETRIEVAL_REFERENCE_NUMBER),
    })
}

/// What makes two messages the same message.
fn match_key(
    message: &Message,
    network: NetworkId,
    card: CardHash,
) -> Result<MatchKey, FormatError> {
    let mandatory = |element| {
        let text = message.text(element).ok_or_else(|| missing(element))?;
        text.parse::<u64>().or(Err(FormatError {
            element,
            problem: "is not a number",
        }))
    };
    let class = match message.mti().class() {
        MtiClass::Financial => MessageClass::Financial,
        MtiClass::Reversal => MessageClass::Reversal,
        _ => MessageClass::Authorization,
    };
    let mut terminal = [b' '; 8];
    let given = message
        .text(Element::TERMINAL_ID)
        .unwrap_or_default()
        .as_bytes();
    for (place, byte) in terminal.iter_mut().zip(given) {
        *place = *byte;
    }
    Ok(MatchKey {
        network,
        card,
        class,
        stan: u32::try_from(mandatory(Element::STAN)?).unwrap_or(u32::MAX),
        transmission: mandatory(Element::TRANSMISSION_DATE_TIME)?,
        acquirer: number(message, Element::ACQUIRING_INSTITUTION)?.unwrap_or(0),
        terminal,
    })
}

fn fingerprint(message: &Message) -> Result<Fingerprint, FormatError> {
    let code = message
        .text(Element::PROCESSING_CODE)
        .ok_or_else(|| missing(Element::PROCESSING_CODE))?;
    let problem = "is not six characters";
    let processing_code = code.as_bytes().try_into().or(Err(FormatError {
        element: Element::PROCESSING_CODE,
        problem,
    }))?;
    Ok(Fingerprint {
        processing_code,
        amount_minor: number(message, Element::AMOUNT_TRANSACTION)?.unwrap_or(0),
        currency: currency(message, Element::CURRENCY_TRANSACTION)?,
        billing_amount_minor: number(message, Element::AMOUNT_CARDHOLDER_BILLING)?,
    })
}

/// Expiry of DE14, else of track 2 (the four digits after the separator).
fn expiry(message: &Message) -> Result<Option<u16>, FormatError> {
    if let Some(expiry) = number(message, Element::EXPIRATION_DATE)? {
        return Ok(Some(expiry));
    }
    let track = message.text(Element::TRACK_2).unwrap_or_default();
    let (_, after) = track.split_once(['=', 'D']).unwrap_or_default();
    Ok(digits(after, 0..4).and_then(|digits| digits.parse().ok()))
}

fn cashback(message: &Message) -> Result<Option<i64>, FormatError> {
    let element = Element::ADDITIONAL_AMOUNTS;
    let Some(text) = message.text(element) else {
        return Ok(None);
    };
    let amounts = AdditionalAmount::parse_all(text).or(Err(FormatError {
        element,
        problem: "is not made of blocks of additional amounts",
    }))?;
    let cashback = amounts.iter().find(|amount| amount.amount_type == CASHBACK);
    Ok(cashback.and_then(|amount| i64::try_from(amount.amount_minor).ok()))
}

/// The first amount of DE95: what remains authorized, in the currency of DE4.
fn replacement(message: &Message) -> Result<Option<i64>, FormatError> {
    let element = Element::REPLACEMENT_AMOUNTS;
    let Some(text) = message.text(element) else {
        return Ok(None);
    };
    let amount = digits(text, 0..12).and_then(|digits| digits.parse().ok());
    let problem = "does not begin with an amount of 12 digits";
    amount.map(Some).ok_or(FormatError { element, problem })
}

fn currency(message: &Message, element: Element) -> Result<Option<Currency>, FormatError> {
    let Some(text) = message.text(element) else {
        return Ok(None);
    };
    let problem = "is not an ISO 4217 currency";
    text.parse()
        .map(Some)
        .or(Err(FormatError { element, problem }))
}

/// The number in an element; `None` when the element is absent.
fn number<N: std::str::FromStr>(
    message: &Message,
    element: Element,
) -> Result<Option<N>, FormatError> {
    let Some(text) = message.text(element) else {
        return Ok(None);
    };
    text.parse().map(Some).or(Err(FormatError {
        element,
        problem: "is not a number in range",
    }))
}

fn owned(message: &Message, element: Element) -> Option<String> {
    message.text(element).map(str::to_owned)
}

/// Characters of a text, if they are all digits.
fn digits(text: &str, range: std::ops::Range<usize>) -> Option<&str> {
    text.get(range)
        .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn decimal<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
