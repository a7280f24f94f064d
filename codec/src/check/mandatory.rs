//! Which elements a message of each class must have.
//!
//! Owns the table. Must never ask for more than the edition itself does: networks differ in the rest.

use super::Problem;
use crate::dialect::Dialect;
use crate::element::Element;
use crate::meaning::{self, Edition};
use crate::message::Message;
use crate::mti::{MtiClass, MtiFunction};

/// One of these must be there.
type OneOf = &'static [u8];

/// A card number, in clear, extended, or on a track.
const CARD: OneOf = &[2, 34, 35, 45];

const TRANSACTION_1987: &[OneOf] = &[CARD, &[3], &[4], &[7], &[11]];
const TRANSACTION_1993: &[OneOf] = &[CARD, &[3], &[4], &[7, 12], &[11], &[24]];
const REVERSAL_1987: &[OneOf] = &[CARD, &[3], &[4], &[7], &[11], &[90]];
const REVERSAL_1993: &[OneOf] = &[CARD, &[3], &[4], &[7, 12], &[11], &[24], &[56]];
const RESPONSE: &[OneOf] = &[&[11], &[39]];
const MANAGEMENT_1987: &[OneOf] = &[&[7], &[11], &[70]];
const MANAGEMENT_1993: &[OneOf] = &[&[7, 12], &[11], &[24]];
const OTHER_1987: &[OneOf] = &[&[7], &[11]];
const OTHER_1993: &[OneOf] = &[&[7, 12], &[11]];
const RECONCILED: &[OneOf] = &[&[11]];

/// The elements that are not there. `unread` is one that is, and cannot be read.
pub(super) fn problems(
    dialect: &Dialect,
    message: &Message,
    unread: Option<Element>,
) -> Vec<Problem> {
    let mti = message.mti();
    let edition = Edition::of(dialect.version());
    let function = match mti.function() {
        MtiFunction::Request
        | MtiFunction::Advice
        | MtiFunction::Notification
        | MtiFunction::Instruction => Some(true),
        MtiFunction::RequestResponse
        | MtiFunction::AdviceResponse
        | MtiFunction::NotificationAcknowledgement
        | MtiFunction::InstructionAcknowledgement => Some(false),
        MtiFunction::Reserved(_) => None,
    };
    let mandatory: &[OneOf] = match (mti.class(), function) {
        (MtiClass::Reserved(_), _) | (_, None) => return unknown_type(),
        // A reconciliation of 1987 is answered with a settlement code instead.
        (MtiClass::Reconciliation, Some(false)) => RECONCILED,
        (_, Some(false)) => RESPONSE,
        (MtiClass::Authorization | MtiClass::Financial, Some(true))
            if edition == Edition::V1987 =>
        {
            TRANSACTION_1987
        }
        (MtiClass::Authorization | MtiClass::Financial, Some(true)) => TRANSACTION_1993,
        (MtiClass::Reversal, Some(true)) if edition == Edition::V1987 => REVERSAL_1987,
        (MtiClass::Reversal, Some(true)) => REVERSAL_1993,
        (MtiClass::NetworkManagement, Some(true)) if edition == Edition::V1987 => MANAGEMENT_1987,
        (MtiClass::NetworkManagement, Some(true)) => MANAGEMENT_1993,
        (
            MtiClass::FileAction
            | MtiClass::Reconciliation
            | MtiClass::Administrative
            | MtiClass::FeeCollection,
            Some(true),
        ) if edition == Edition::V1987 => OTHER_1987,
        (_, Some(true)) => OTHER_1993,
    };
    let there = |number: &u8| {
        let element = Element::new(*number);
        element.is_some_and(|element| message.has(element) || unread == Some(element))
    };
    let missing = mandatory.iter().filter(|one_of| !one_of.iter().any(there));
    let kind = meaning::message_type(mti);
    missing
        .map(|one_of| problem(dialect, one_of, &kind))
        .collect()
}

fn problem(dialect: &Dialect, one_of: &[u8], kind: &str) -> Problem {
    let elements = one_of.iter().copied().filter_map(Element::new);
    let defined: Vec<Element> = elements
        .filter(|element| dialect.element_name(*element).is_some())
        .collect();
    let others: Vec<String> = defined.iter().skip(1).map(ToString::to_string).collect();
    let or = if others.is_empty() {
        String::new()
    } else {
        format!(" (or {})", others.join(", "))
    };
    Problem {
        element: defined.first().copied(),
        offset: None,
        text: format!("expected in this message ({kind}), not there{or}"),
    }
}

fn unknown_type() -> Vec<Problem> {
    vec![Problem {
        element: None,
        offset: Some(0),
        text: "expected an MTI whose class and function are in use, found a reserved one"
            .to_owned(),
    }]
}
