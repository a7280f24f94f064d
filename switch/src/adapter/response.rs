//! From an outcome to a response message.
//!
//! Owns: what each element of a response holds: the network's echo list, then DE38, 39 and 54 of the answer, what the
//! network's adapter says, and DE15, the business day of the decision, once the network has cut over. Must never:
//! return DE14, 35, 45, 52 or 55 of the request, which no echo list may name, or approve without a durable outcome;
//! totals (05xx) are not money.

use bytes::BytesMut;
use codec::{AdditionalAmount, Element, EncodeError, Message, MtiClass};
use ledger::Durable;
use ledger::authorization::{Answer, Balances, PartialAmount};
use ledger::command::Outcome;
use ledger::entities::CardStatus;
use ledger::identifiers::BusinessDate;
use rules::{Reason, ResponseCode};

use super::Incoming;
use super::reconciliation::Reconciliation;
use crate::networks::NetworkPlan;
use crate::refusal::Refusal;

/// DE120: the record of a file action.
const FILE_RECORD: u8 = 120;

/// Appends the frame of a response that says what the ledger decided.
///
/// # Errors
/// [`EncodeError`] when an echoed or answered value does not fit the dialect; `out` is then unchanged.
pub fn decided(
    plan: &NetworkPlan,
    request: &Incoming,
    outcome: &Durable<Outcome>,
    out: &mut BytesMut,
) -> Result<ResponseCode, EncodeError> {
    let Some(decided) = outcome.get().decided() else {
        // A link submits nothing that has another outcome.
        let refusal = Refusal::because(Reason::SystemMalfunction);
        return refused(plan, request, refusal, out);
    };
    let date = decided.business_date;
    write(plan, request, &decided.answer, (date, &[]), out)?;
    Ok(decided.answer.response_code)
}

/// Appends the frame of a response that the ledger has no part in.
///
/// # Errors
/// [`EncodeError`] when an echoed value does not fit the dialect; `out` is then unchanged.
pub fn refused(
    plan: &NetworkPlan,
    request: &Incoming,
    refusal: Refusal,
    out: &mut BytesMut,
) -> Result<ResponseCode, EncodeError> {
    let response_code = refusal.response_code(&plan.network);
    let (answer, date) = (Answer::code(response_code), plan.state.business_date());
    write(plan, request, &answer, (date, &[]), out)?;
    Ok(response_code)
}

/// Appends the frame of a response that says how totals compare. Totals move nothing.
///
/// # Errors
/// [`EncodeError`] when an echoed value or a total does not fit the dialect; `out` is then unchanged.
pub fn reconciled(
    plan: &NetworkPlan,
    request: &Incoming,
    reconciliation: &Reconciliation,
    out: &mut BytesMut,
) -> Result<ResponseCode, EncodeError> {
    if request.message.mti().class() != MtiClass::Reconciliation {
        return refused(plan, request, Refusal::because(Reason::NotPermitted), out);
    }
    let response_code = reconciliation.response_code();
    let mut elements = reconciliation.elements();
    elements.retain(|(element, _)| plan.dialect.element_name(*element).is_some());
    let (answer, date) = (Answer::code(response_code), plan.state.business_date());
    write(plan, request, &answer, (date, &elements), out)?;
    Ok(response_code)
}

/// Appends a response with a business date and elements of its own.
fn write(
    plan: &NetworkPlan,
    request: &Incoming,
    answer: &Answer,
    (date, own): (Option<BusinessDate>, &[(Element, String)]),
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    // Links hand over requests only, and every request has a response.
    let Incoming { message, header } = request;
    let Some(mti) = message.mti().response() else {
        return Ok(());
    };
    let balances = answer
        .balances
        .map(|balances| additional_amounts(&balances));
    let asked = answer.partial.map(|partial| asked_amount(&partial));
    let approved = answer
        .partial
        .map(|partial| format!("{:012}", partial.approved_minor));
    let billed = answer.partial.and_then(|partial| partial.billing_minor);
    let billed = billed.map(|minor| format!("{minor:012}"));
    let status = answer.card_status.map(card_status);
    let date = date.filter(|_| names_date(plan, message));
    let date = date.map(|date| date.to_string());
    let mut response = plan.dialect.encoder(mti);
    for list in plan.echo(message.mti().class()) {
        response.echo(message, list);
    }
    if let Some(date) = date.as_deref() {
        response.set(Element::SETTLEMENT_DATE, date);
    }
    response.set(Element::RESPONSE_CODE, answer.response_code.as_str());
    if let Some(code) = &answer.approval_code {
        response.set(Element::AUTHORIZATION_ID_RESPONSE, code.as_str());
    }
    if let Some(text) = approved.as_deref() {
        response.set(Element::AMOUNT_TRANSACTION, text);
    }
    if let Some(text) = billed.as_deref() {
        response.set(Element::AMOUNT_CARDHOLDER_BILLING, text);
    }
    if let (Some(text), Some(element)) = (status.as_deref(), Element::new(FILE_RECORD)) {
        response.set(element, text);
    }
    if let Some(text) = balances.as_deref().or(asked.as_deref()) {
        response.set(Element::ADDITIONAL_AMOUNTS, text);
    }
    for (element, text) in own {
        response.set(*element, text);
    }
    plan.adapter
        .respond(message, answer, &plan.dialect, &mut response)?;
    let framing = plan.dialect.framing();
    framing.write_reply(out, header, |out| response.write(out))
}

/// Whether the answer names a business day of this side: not to network management; and what the request names itself is
/// returned where the echo list has DE15.
fn names_date(plan: &NetworkPlan, request: &Message) -> bool {
    let (class, element) = (request.mti().class(), Element::SETTLEMENT_DATE);
    let returned = request.has(element) && plan.echoes(class, element);
    class != MtiClass::NetworkManagement
        && !returned
        && plan.dialect.element_name(element).is_some()
}

/// DE54 of a partial approval: what had been asked (57).
fn asked_amount(partial: &PartialAmount) -> String {
    let block = AdditionalAmount {
        account_type: *b"00",
        amount_type: *b"57",
        currency: partial.currency.numeric_text(),
        credit: false,
        amount_minor: partial.asked_minor.unsigned_abs(),
    };
    let mut text = String::with_capacity(20);
    // DE4 has twelve digits, and so has the block.
    if block.write(&mut text).is_err() {
        text.clear();
    }
    text
}

/// The name of a card's status.
fn card_status(status: CardStatus) -> String {
    let name = serde_json::to_value(status).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

/// DE54 of a balance inquiry: ledger balance (01), then available balance (02).
fn additional_amounts(balances: &Balances) -> String {
    let account_type = match balances.account_type.code().as_bytes() {
        [first, second] => [*first, *second],
        _ => *b"00",
    };
    let block = |amount_type: &[u8; 2], amount_minor: i64| AdditionalAmount {
        account_type,
        amount_type: *amount_type,
        currency: balances.currency.numeric_text(),
        credit: amount_minor >= 0,
        amount_minor: amount_minor.unsigned_abs(),
    };
    let mut text = String::with_capacity(40);
    for block in [
        block(b"01", balances.ledger_minor),
        block(b"02", balances.available_minor),
    ] {
        // A balance of more than 12 digits has no place in DE54: its block is left out.
        if block.write(&mut text).is_err() {
            continue;
        }
    }
    text
}
