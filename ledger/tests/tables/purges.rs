//! Purging: the lines that order it, take its steps and look at what is left.

use ledger::Command;
use ledger::command::Outcome;
use ledger::operation::Operation;
use ledger::purge::Kept;
use rules::AccountId;

use crate::entities::{instant, number};
use crate::line::Words;
use crate::world::{Came, World};

/// The verbs of purging, but for `purge`, which is an operation as any other.
pub(crate) const VERBS: [&str; 4] = ["step", "purged", "kept", "history"];

/// `purge id P1 before 2026-12-01T00:00:00Z`.
pub(crate) fn ordered(words: &mut Words) -> Result<Operation, String> {
    let before = words.need("before", instant)?;
    Ok(Operation::PurgeHistory { before })
}

pub(crate) fn run(
    world: &mut World,
    verb: &str,
    subject: &str,
    mut words: Words,
) -> Result<String, String> {
    let most = words.read("most", number)?.unwrap_or(100);
    words.finish()?;
    let fails = |error: ledger::books::StoreError| error.to_string();
    match verb {
        "step" => step(world, most),
        "purged" => {
            let purged = world.books.views().purged().map_err(fails)?;
            Ok(counts(purged.messages, purged.transactions))
        }
        "kept" => {
            let kept = world.books.views().kept_from_purging().map_err(fails)?;
            Ok(match kept {
                None => "nothing".to_owned(),
                Some((_, Kept::Pending)) => "pending".to_owned(),
                Some((_, Kept::WorkList)) => "work list".to_owned(),
                Some((_, Kept::Transfer)) => "transfer".to_owned(),
            })
        }
        _ => {
            let account = subject
                .parse()
                .map_err(|error| format!("{subject:?}: {error}"));
            let account = AccountId(account?);
            let entries = world.books.views().history(account, None, 1000);
            let entries = entries.map_err(fails)?;
            let transactions = entries.iter().map(|entry| entry.transactions.len());
            Ok(counts(
                entries.len() as u64,
                transactions.sum::<usize>() as u64,
            ))
        }
    }
}

/// One step, as the shell takes it.
fn step(world: &mut World, most: usize) -> Result<String, String> {
    // Steps are planned on what the store holds.
    world
        .books
        .checkpoint()
        .map_err(|error| error.to_string())?;
    let step = world.books.views().purge_step(most);
    let Some(step) = step.map_err(|error| error.to_string())? else {
        return Ok("nothing".to_owned());
    };
    let (messages, transactions) = (step.messages.len() as u64, step.transactions.into());
    let again = Command::Purge(Box::new(step.clone()));
    let command = Command::Purge(Box::new(step));
    match world.submit(command, None)? {
        Came::Of(Outcome::Purged(true), true) => {}
        Came::Of(outcome, recorded) => return Err(format!("{outcome:?}, recorded: {recorded}")),
        Came::Undecided(reason) => return Err(format!("undecided {reason}")),
    }
    match world.submit(again, None)? {
        Came::Of(Outcome::Purged(false), false) => Ok(counts(messages, transactions)),
        _ => Err("the same step was taken twice".to_owned()),
    }
}

fn counts(decisions: u64, transactions: u64) -> String {
    format!("{decisions} decisions {transactions} transactions")
}
