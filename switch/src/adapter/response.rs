//! From an outcome to a response message.
//!
//! Owns: what each element of a response holds: the network's echo list, then DE38, 39 and 54 of the
//! answer. Must never: return DE14, 35, 45, 52 or 55 of the request, which no echo list may name, or
//! approve without a durable outcome.

use bytes::BytesMut;
use codec::{AdditionalAmount, Element, EncodeError, Message};
use ledger::Durable;
use ledger::authorization::{Answer, Balances};
use ledger::command::Outcome;
use rules::{Reason, ResponseCode};

use crate::networks::NetworkPlan;
use crate::refusal::Refusal;

/// Appends the frame of a response that says what the ledger decided.
///
/// # Errors
/// [`EncodeError`] when an echoed or answered value does not fit the dialect; `out` is then unchanged.
pub fn decided(
    plan: &NetworkPlan,
    request: &Message,
    outcome: &Durable<Outcome>,
    out: &mut BytesMut,
) -> Result<ResponseCode, EncodeError> {
    match outcome.get() {
        Outcome::Decided(decided) => {
            write(plan, request, &decided.answer, out)?;
            Ok(decided.answer.response_code)
        }
        // A link submits nothing that has such an outcome.
        Outcome::Created | Outcome::Rejected(_) => refused(
            plan,
            request,
            Refusal::because(Reason::SystemMalfunction),
            out,
        ),
    }
}

/// Appends the frame of a response that the ledger has no part in.
///
/// # Errors
/// [`EncodeError`] when an echoed value does not fit the dialect; `out` is then unchanged.
pub fn refused(
    plan: &NetworkPlan,
    request: &Message,
    refusal: Refusal,
    out: &mut BytesMut,
) -> Result<ResponseCode, EncodeError> {
    let response_code = refusal.response_code(&plan.network);
    write(
        plan,
        request,
        &Answer {
            response_code,
            approval_code: None,
            balances: None,
        },
        out,
    )?;
    Ok(response_code)
}

fn write(
    plan: &NetworkPlan,
    request: &Message,
    answer: &Answer,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    // Links hand over requests only, and every request has a response.
    let Some(mti) = request.mti().response() else {
        return Ok(());
    };
    let balances = answer
        .balances
        .map(|balances| additional_amounts(&balances));
    let mut response = plan.dialect.encoder(mti);
    for list in plan.echo(request.mti().class()) {
        response.echo(request, list);
    }
    response.set(Element::RESPONSE_CODE, answer.response_code.as_str());
    if let Some(code) = &answer.approval_code {
        response.set(Element::AUTHORIZATION_ID_RESPONSE, code.as_str());
    }
    if let Some(text) = balances.as_deref() {
        response.set(Element::ADDITIONAL_AMOUNTS, text);
    }
    plan.dialect.framing().write(out, |out| response.write(out))
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
