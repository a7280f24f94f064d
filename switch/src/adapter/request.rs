//! From a message to the facts the ledger decides on.
//!
//! Owns: what the elements mean that all networks use alike: cashback in DE54 amount type 40, from-account
//! in DE3 positions 3-4, to-account in 5-6; a request with DE90 raises or refunds the message that this
//! names. What networks use differently is said by the adapter. Must never: copy track, PIN or CVV data into
//! the facts.

use codec::{AdditionalAmount, Element, Message, MtiClass, MtiFunction, OriginalDataElements, Pan};
use ledger::authorization::{
    AcknowledgementFacts, Advice, ApprovalCode, Clearing, Conversion, Fees, FileAction,
    FileActionFacts, Fingerprint, MatchKey, MessageClass, RequestFacts, ReversalFacts,
    StandInReason,
};
use ledger::entities::CardStatus;
use ledger::identifiers::{BusinessDate, CardHash};
use rules::{
    AccountType, Currency, NetworkId, OperationKind, ProcessingCode, ResponseCode, Snapshot,
};

use super::{FormatError, circumstances, missing, number, private};
use crate::networks::NetworkPlan;

/// Digits of DE22 that say how the card was read; some networks send one more.
const ENTRY_MODE: usize = 3;

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

const SETTLEMENT_AMOUNT: u8 = 5;
const SETTLEMENT_RATE: u8 = 9;
const BILLING_RATE: u8 = 10;
const ACQUIRER_COUNTRY: u8 = 19;
const CARD_COUNTRY: u8 = 20;
const FEES: [u8; 4] = [28, 29, 30, 31];
const SETTLEMENT_CURRENCY: u8 = 50;
const FILE_ACTION: u8 = 91;
const FILE_NAME: u8 = 101;
const FILE_RECORD: u8 = 120;

/// DE101 of the file of card statuses.
const CARD_STATUS_FILE: &str = "CARDSTATUS";

/// What an authorization request or advice (x1xx, x2xx) says.
///
/// # Errors
/// [`FormatError`] for the first element that is missing or means nothing.
pub fn authorization(
    message: &Message,
    plan: &NetworkPlan,
    card: CardHash,
    rules: &Snapshot,
) -> Result<RequestFacts, FormatError> {
    let terms = plan.adapter.terms(message, &plan.dialect)?;
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
    let processing_code = terms.operation.unwrap_or(processing_code);
    let fingerprint = fingerprint(message)?;
    let operation = plan.network.processing_code(processing_code);
    demand_amount(message, rules, operation)?;
    let key = match_key(message, plan.network.id, card)?;
    let advice = (message.mti().function() == MtiFunction::Advice).then(|| advice(message));
    let original = match message.text(Element::ORIGINAL_DATA_ELEMENTS) {
        Some(_) => Some(original(message, &key)?),
        None => None,
    };
    let country = |number| private(message, number);
    let countries = country(ACQUIRER_COUNTRY).zip(country(CARD_COUNTRY));
    let entry_mode = message.text(Element::POS_ENTRY_MODE);
    let entry_mode = entry_mode.map(|mode| mode.get(..ENTRY_MODE).unwrap_or(mode));
    Ok(RequestFacts {
        key,
        fingerprint,
        mti: mti_number(message),
        clearing,
        advice: advice.transpose()?,
        processing_code,
        from_account: account_type(2..4),
        to_account: account_type(4..6),
        expiry_yymm: expiry(message)?,
        mcc: number(message, Element::MERCHANT_TYPE)?,
        domestic: countries.is_none_or(|(acquirer, card)| acquirer == card),
        entry_mode: entry_mode.map(str::to_owned),
        installments: terms.installments,
        cashback_minor: cashback(message)?,
        fees: fees(message)?,
        billing_currency: currency(message, Element::CURRENCY_CARDHOLDER_BILLING)?,
        conversion: conversion(message)?,
        pre_authorization: terms.pre_authorization,
        recurring: terms.recurring,
        incremental: (original.is_some() || terms.incremental) && advice.is_none(),
        partial_capable: terms.partial_capable,
        original,
        network_reference: plan.adapter.reference(message, &plan.dialect)?,
        approval_code: approval_code(message),
        address_result: None,
        retrieval_reference: owned(message, Element::RETRIEVAL_REFERENCE_NUMBER),
        card_acceptor: owned(message, Element::CARD_ACCEPTOR_ID),
        card_acceptor_name: owned(message, Element::CARD_ACCEPTOR_NAME),
        circumstances: plan.adapter.circumstances(
            message,
            &plan.dialect,
            circumstances::of(message),
        )?,
        stand_in_reason: stand_in_reason(message, plan),
        business_date: business_date(message, plan),
    })
}

/// The business day that the message belongs to, and that its answer names: the one that it names itself where the answer
/// returns that (DE15 is then a part of the transaction's name), else the network's current one.
fn business_date(message: &Message, plan: &NetworkPlan) -> Option<BusinessDate> {
    let element = Element::SETTLEMENT_DATE;
    let named = message.text(element);
    let named = named.filter(|_| plan.echoes(message.mti().class(), element));
    let named = named.and_then(BusinessDate::parse);
    named.or_else(|| plan.state.business_date())
}

/// Why the network decided in the switch's stead. What is no code is not worth a format error: nothing depends on it.
fn stand_in_reason(message: &Message, plan: &NetworkPlan) -> Option<StandInReason> {
    let reason = plan.adapter.stand_in_reason(message, &plan.dialect)?;
    StandInReason::new(&reason)
}

/// Demands amount and currency of an operation that moves money.
fn demand_amount(
    message: &Message,
    rules: &Snapshot,
    operation: Option<ProcessingCode>,
) -> Result<(), FormatError> {
    let entry = operation.and_then(|code| rules.processing_code(code));
    let kind = entry.map(|entry| entry.kind);
    if let Some(OperationKind::BalanceInquiry | OperationKind::AccountVerification) = kind {
        return Ok(());
    }
    for element in [Element::AMOUNT_TRANSACTION, Element::CURRENCY_TRANSACTION] {
        message.text(element).ok_or_else(|| missing(element))?;
    }
    Ok(())
}

/// What a reversal (x4xx) says. It must name what it undoes: by DE90, or by the network's reference.
///
/// # Errors
/// [`FormatError`] for the first element that is missing or means nothing.
pub fn reversal(
    message: &Message,
    plan: &NetworkPlan,
    card: CardHash,
) -> Result<ReversalFacts, FormatError> {
    let key = match_key(message, plan.network.id, card)?;
    let network_reference = plan.adapter.reference(message, &plan.dialect)?;
    let named = message.has(Element::ORIGINAL_DATA_ELEMENTS) || network_reference.is_none();
    Ok(ReversalFacts {
        key,
        fingerprint: fingerprint(message)?,
        original: if named {
            Some(original(message, &key)?)
        } else {
            None
        },
        network_reference,
        advice: message.mti().function() == MtiFunction::Advice,
        replacement_minor: replacement(message)?,
        retrieval_reference: owned(message, Element::RETRIEVAL_REFERENCE_NUMBER),
        business_date: business_date(message, plan),
    })
}

/// What an acknowledgement (x18x, x28x) says: the message that has its STAN, DE7, DE32 and DE41.
///
/// # Errors
/// [`FormatError`] for the first element that is missing or means nothing.
pub fn acknowledgement(
    message: &Message,
    network: NetworkId,
    card: CardHash,
) -> Result<AcknowledgementFacts, FormatError> {
    let original = match_key(message, network, card)?;
    Ok(AcknowledgementFacts { original })
}

/// What a file action (x302) asks to do with the status of a card.
///
/// # Errors
/// [`FormatError`] for the first element that is missing or means nothing.
pub fn file_action(
    message: &Message,
    plan: &NetworkPlan,
    card: CardHash,
) -> Result<FileActionFacts, FormatError> {
    let status = || {
        let name = private(message, FILE_RECORD)?.trim_end();
        serde_json::from_value::<CardStatus>(name.into()).ok()
    };
    let served = private(message, FILE_NAME).map(str::trim_end) == Some(CARD_STATUS_FILE);
    let action = match private(message, FILE_ACTION).filter(|_| served) {
        Some("1" | "2") => status().map(FileAction::Set),
        Some("3") => Some(FileAction::Delete),
        Some("5") => Some(FileAction::Inquire),
        Some(_) | None => None,
    };
    Ok(FileActionFacts {
        key: match_key(message, plan.network.id, card)?,
        action,
        business_date: business_date(message, plan),
    })
}

/// The message that DE90 names, at the message's own terminal; where DE90 leaves the acquirer zero, the
/// message's own.
fn original(message: &Message, key: &MatchKey) -> Result<MatchKey, FormatError> {
    let element = Element::ORIGINAL_DATA_ELEMENTS;
    let original = message.text(element).ok_or_else(|| missing(element))?;
    let original = OriginalDataElements::parse(original).or(Err(FormatError {
        element,
        problem: "is not 42 digits of original data elements",
    }))?;
    let class = match original.mti.class() {
        MtiClass::Authorization => MessageClass::Authorization,
        MtiClass::Financial => MessageClass::Financial,
        MtiClass::Reversal => MessageClass::Reversal,
        _ => {
            let problem = "does not name an authorization, a financial message or a reversal";
            return Err(FormatError { element, problem });
        }
    };
    let not_a_number = FormatError {
        element,
        problem: "holds a number that is none",
    };
    Ok(MatchKey {
        class,
        stan: decimal(&original.stan).ok_or(not_a_number)?,
        transmission: decimal(&original.transmission).ok_or(not_a_number)?,
        acquirer: match original.acquiring_institution {
            0 => key.acquirer,
            acquirer => acquirer,
        },
        ..*key
    })
}

/// What the network decided. Without DE39 it approved.
fn advice(message: &Message) -> Result<Advice, FormatError> {
    let element = Element::RESPONSE_CODE;
    let Some(code) = message.text(element) else {
        return Ok(Advice {
            response_code: None,
            approved: true,
        });
    };
    let problem = "is not two letters or digits";
    let code: ResponseCode = code.parse().or(Err(FormatError { element, problem }))?;
    Ok(Advice {
        response_code: Some(code),
        approved: code.is_approval(),
    })
}

fn approval_code(message: &Message) -> Option<ApprovalCode> {
    let code = message.text(Element::AUTHORIZATION_ID_RESPONSE)?;
    code.as_bytes().try_into().ok().map(ApprovalCode)
}

/// DE28 to DE31: a sign, D when the card's account bears it, and eight digits.
fn fees(message: &Message) -> Result<Fees, FormatError> {
    let fee = |number: u8| {
        let Some((element, text)) =
            Element::new(number).and_then(|element| Some((element, message.text(element)?)))
        else {
            return Ok(None);
        };
        let amount = text.get(1..).and_then(|digits| digits.parse::<i64>().ok());
        let signed = match (text.get(..1), amount) {
            (Some("D"), Some(minor)) => Some(minor),
            (Some("C"), Some(minor)) => Some(minor.saturating_neg()),
            _ => None,
        };
        let problem = "is not C or D and an amount";
        signed.map(Some).ok_or(FormatError { element, problem })
    };
    let [
        transaction,
        settlement,
        transaction_processing,
        settlement_processing,
    ] = FEES;
    Ok(Fees {
        transaction_minor: fee(transaction)?,
        settlement_minor: fee(settlement)?,
        transaction_processing_minor: fee(transaction_processing)?,
        settlement_processing_minor: fee(settlement_processing)?,
    })
}

/// How the network converted; what cannot be read is not recorded.
fn conversion(message: &Message) -> Result<Conversion, FormatError> {
    let text = |number| private(message, number);
    Ok(Conversion {
        settlement_amount_minor: text(SETTLEMENT_AMOUNT).and_then(|text| text.parse().ok()),
        settlement_currency: match Element::new(SETTLEMENT_CURRENCY) {
            Some(element) => currency(message, element)?,
            None => None,
        },
        settlement_rate: text(SETTLEMENT_RATE).and_then(|text| text.parse().ok()),
        billing_rate: text(BILLING_RATE).and_then(|text| text.parse().ok()),
    })
}

/// The MTI as a number.
fn mti_number(message: &Message) -> u16 {
    message.mti().to_string().parse().unwrap_or(0)
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
        MtiClass::FileAction => MessageClass::FileAction,
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
