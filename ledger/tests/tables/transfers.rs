//! Transfers between accounts: the lines that begin one, carry it on and say where it is.

use ledger::Command;
use ledger::authorization::Lookup;
use ledger::books::rows::StoredMessage;
use ledger::operation::{Operation, OperationRequest};
use ledger::transfer::{self, Transfer, TransferStep};
use rules::AccountId;

use crate::entities::number;
use crate::line::{self, Words};
use crate::operations;
use crate::shown;
use crate::world::World;

/// The verbs of transfers, but for `send`, which is an operation as any other.
pub(crate) const VERBS: [&str; 5] = ["receive", "settle", "carry-on", "transfer", "transfers"];

/// `send id T1 account 1 to 2 amount 10.00 code 10 as 26`.
pub(crate) fn sent(words: &mut Words) -> Result<Operation, String> {
    Ok(Operation::SendTransfer(Transfer {
        account: AccountId(words.need("account", number)?),
        counterpart: AccountId(words.need("to", number)?),
        amount_minor: words.need("amount", line::amount)?,
        processing_code: words.need("code", number)?,
        counterpart_code: words.need("as", number)?,
    }))
}

pub(crate) fn run(world: &mut World, verb: &str, mut words: Words) -> Result<String, String> {
    match verb {
        "transfers" => {
            words.finish()?;
            open(world)
        }
        "carry-on" => {
            words.finish()?;
            carry_on(world)
        }
        "transfer" => {
            let sent = named(world, &mut words)?;
            words.finish()?;
            whereabouts(world, &sent)
        }
        step => {
            let sent = named(world, &mut words)?;
            words.finish()?;
            let received = received(world, &sent)?;
            let received = received.filter(|_| step == "settle");
            if step == "settle" && received.is_none() {
                return Ok("nothing was received".to_owned());
            }
            let command = transfer::missing_step(&sent, received.as_ref());
            let came = world.submit(command.ok_or("no step is missing")?, None)?;
            Ok(shown::operation(&came))
        }
    }
}

/// What the shell does once: the steps that are missing, in their order.
fn carry_on(world: &mut World) -> Result<String, String> {
    let steps = world.books.views().missing_steps(100);
    let steps = steps.map_err(|error| error.to_string())?;
    let mut said = Vec::new();
    for step in steps {
        let name = step_of(&step)?;
        let came = world.submit(step, None)?;
        said.push(format!("{name} {}", shown::operation(&came)));
    }
    Ok(or_none(&said))
}

fn step_of(command: &Command) -> Result<String, String> {
    let Command::Operate { request, .. } = command else {
        return Err("a step is no operation".to_owned());
    };
    let OperationRequest {
        tracking_id,
        operation,
        ..
    } = &**request;
    let step = match operation {
        Operation::ReceiveTransfer(_) => "receive",
        Operation::SettleTransfer { .. } => "settle",
        other => return Err(format!("{other:?} is no step")),
    };
    Ok(format!("{step} {tracking_id}"))
}

/// The transfers whose intent is open, a few at a time.
fn open(world: &World) -> Result<String, String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = world.books.views().open_transfers(after, 2);
        let page = page.map_err(|error| error.to_string())?;
        for sent in &page {
            let (done, _) = transfer::begun_by(sent).ok_or("an intent of no transfer")?;
            names.push(done.request.tracking_id.to_string());
        }
        match page.last() {
            Some(last) if page.len() == 2 => after = Some(last.id),
            Some(_) | None => return Ok(or_none(&names)),
        }
    }
}

fn whereabouts(world: &World, sent: &StoredMessage) -> Result<String, String> {
    let found = world.books.views().whereabouts(sent);
    let found = found.map_err(|error| error.to_string())?;
    let found = found.ok_or("the operation began no transfer")?;
    let (_, refused) = found.said_by();
    let refused = refused.map(|reason| format!(" {}", shown::refusal(reason)));
    Ok(format!("{}{}", found.as_str(), refused.unwrap_or_default()))
}

/// The message that began the transfer `id T1`.
fn named(world: &World, words: &mut Words) -> Result<StoredMessage, String> {
    let id = operations::tracking_id(words)?;
    let found = world.books.views().operation(&id);
    found
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("there is no operation {id}"))
}

fn received(world: &World, sent: &StoredMessage) -> Result<Option<StoredMessage>, String> {
    let views = world.books.views();
    let key = ledger::authorization::MessageKey::Transfer(sent.id, TransferStep::Received);
    let found = views.found(&Lookup::Key(key));
    found.map_err(|error| error.to_string())
}

fn or_none(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
