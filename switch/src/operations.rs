//! Operations of operators over HTTP: `POST /v1/operations`.
//!
//! Owns: how an operation arrives as JSON, its way to the ledger and back, and how its outcome looks. The
//! tracking id in the body makes it safe to send again. Must never: answer before the operation is durable,
//! or echo a card number.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use codec::Pan;
use ledger::Durable;
use ledger::authorization::MessageKey;
use ledger::command::{Command, LOOKUP_GOOD_US, Outcome, Submission, Undecided};
use ledger::identifiers::{CardHash, RecordId};
use ledger::operation::OperationRequest;
use ledger::runtime::{Lane, Timing, now};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::card_vault::CardVault;
use crate::http::{Context, problem};
use crate::server::SwitchTicket;

/// How long an operation is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hears of one operation.
#[derive(Debug)]
pub struct OperatorTicket(oneshot::Sender<Result<Durable<Outcome>, Undecided>>);

impl OperatorTicket {
    /// A ticket, and where its outcome is heard.
    pub(crate) fn new() -> (Self, oneshot::Receiver<Result<Durable<Outcome>, Undecided>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    pub(crate) fn decided(self, outcome: Durable<Outcome>, _: Timing) {
        self.tell(Ok(outcome));
    }

    pub(crate) fn undecided(self, undecided: Undecided) {
        self.tell(Err(undecided));
    }

    fn tell(self, result: Result<Durable<Outcome>, Undecided>) {
        // Whoever asked may have gone; the tracking id tells the outcome when asked again.
        drop(self.0.send(result));
    }
}

pub(crate) async fn operate(State(context): State<Arc<Context>>, body: Bytes) -> Response {
    let views = context.shared.submitter.views();
    let key_of = |id| {
        let message = views.message(id).map_err(|error| error.to_string())?;
        let message = message.ok_or_else(|| format!("there is no record {id}"))?;
        message
            .key()
            .ok_or_else(|| format!("record {id} is no authorization"))
    };
    let request = match read(&body, &context.shared.vault, &key_of) {
        Ok(request) => request,
        Err(reason) => return problem(StatusCode::BAD_REQUEST, &reason),
    };
    let submitter = &context.shared.submitter;
    let deadline = Some(now().plus_us(LOOKUP_GOOD_US));
    let mut command = Command::Operate {
        request: Box::new(request),
        stored: Vec::new(),
    };
    match submitter.views().related(command.lookups()) {
        Ok(stored) => command.attach(stored),
        Err(error) => return problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
    let (ticket, receiver) = OperatorTicket::new();
    let submission = Submission {
        command,
        deadline,
        ticket: SwitchTicket::Operator(ticket),
    };
    submitter.submit(submission, Lane::Ahead);
    match tokio::time::timeout(PATIENCE, receiver).await {
        Ok(Ok(Ok(outcome))) => outcome_json(outcome.get()),
        Ok(Ok(Err(undecided))) => {
            problem(StatusCode::SERVICE_UNAVAILABLE, undecided.reason.as_str())
        }
        Ok(Err(_)) | Err(_) => problem(
            StatusCode::GATEWAY_TIMEOUT,
            "the outcome is not known yet; ask again with the same tracking id",
        ),
    }
}

fn outcome_json(outcome: &Outcome) -> Response {
    match outcome {
        Outcome::Done(done) => axum::Json(json!({
            "id": done.id.to_string(),
            "repeat": done.repeat,
        }))
        .into_response(),
        Outcome::Refused(error) => problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
        Outcome::Decided(_)
        | Outcome::Acknowledged(_)
        | Outcome::Dropped(_)
        | Outcome::Purged(_)
        | Outcome::Cleared(_)
        | Outcome::OtherClearing
        | Outcome::Created
        | Outcome::Rejected(_) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "an operation had the outcome of another command",
        ),
    }
}

/// Reads an operation; a card is given by its number, a flex control as an object, an authorization by its record.
fn read(
    body: &[u8],
    vault: &CardVault,
    key_of: &dyn Fn(RecordId) -> Result<MessageKey, String>,
) -> Result<OperationRequest, String> {
    let mut value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let operations = value.get_mut("operation").and_then(Value::as_object_mut);
    for fields in operations.into_iter().flat_map(|map| map.values_mut()) {
        if let Some(card) = fields.get_mut("card").filter(|card| !card.is_null()) {
            *card = json!(hash(card, vault)?);
        }
        if let Some(card) = fields.pointer_mut("/target/card") {
            *card = json!(hash(card, vault)?.to_string());
        }
        if let Some(authorization) = fields.get_mut("authorization") {
            let id = authorization.as_str().map(str::parse::<RecordId>);
            let id = id.and_then(Result::ok);
            let id = id.ok_or("authorization: expected the id of a record, such as 0-12-0")?;
            *authorization = json!(key_of(id)?);
        }
        if let Some(control) = fields
            .get_mut("control")
            .filter(|control| control.is_object())
        {
            let document = control.take();
            fields["json"] = json!(document.to_string());
        }
    }
    let request: OperationRequest =
        serde_json::from_value(value).map_err(|error| error.to_string())?;
    if !request.operation.is_for_people() {
        return Err("operation: a step of a transfer is asked by the switch itself".to_owned());
    }
    Ok(request)
}

/// The hash of the card whose number is given.
fn hash(card: &Value, vault: &CardVault) -> Result<CardHash, String> {
    let pan = card.get("pan").and_then(Value::as_str);
    let pan = pan.ok_or("card: expected an object with the key pan")?;
    // The error of a PAN never carries its digits.
    let pan = Pan::parse(pan).map_err(|error| format!("card: {error}"))?;
    Ok(vault.hash(&pan))
}
