//! The world of one table: a writer over the shipped rules, and what its lines did to it.

use std::collections::{BTreeMap, BTreeSet};

use ledger::authorization::{
    AuthorizationDecided, Decision, MessageClass, Posting, ReversalDecided, ReversalResult,
};
use ledger::command::{Decided, EntityError, Outcome, Submission};
use ledger::identifiers::{RecordId, Timestamp};
use ledger::journal::Batch;
use ledger::writer::Writer;
use ledger::{Command, Record, State};
use rules::{AccountId, Deltas, LimitName, Reason};

use crate::line::{self, Line, Words};
use crate::messages;
use crate::support::{SHARD, records, release, rules};

/// A message that a table sent first under its STAN.
pub(crate) struct Sent {
    /// What was sent.
    pub(crate) command: Command,
    /// What was answered; `None` when it was not decided.
    decided: Option<Decided>,
}

/// The world of one table.
pub(crate) struct World {
    writer: Writer,
    now: Timestamp,
    sent: BTreeMap<u32, Sent>,
    records: Vec<(RecordId, Record)>,
    batches: Vec<Batch>,
    /// Reasons that were given.
    pub(crate) reasons: BTreeSet<Reason>,
}

/// What came of one submission.
enum Came {
    Of(Outcome, bool),
    Undecided(Reason),
}

/// How the tables name the limits that move.
const LIMIT_NAMES: [(LimitName, &str); 6] = [
    (LimitName::AvailableCreditLimit, "available"),
    (LimitName::AvailableTotalInstallmentCredit, "instalments"),
    (LimitName::AvailableWithdrawalCredit, "cash"),
    (LimitName::AvailableSavingsAccountLimit, "savings"),
    (LimitName::AdditionalFunds, "additional"),
    (LimitName::HeldFunds, "held"),
];

impl World {
    /// An empty world.
    pub(crate) fn new() -> Self {
        Self {
            writer: Writer::new(SHARD, State::default(), 0, Timestamp::default()),
            now: Timestamp::default(),
            sent: BTreeMap::new(),
            records: Vec::new(),
            batches: Vec::new(),
            reasons: BTreeSet::new(),
        }
    }

    /// Does what a line says and compares what it expects.
    pub(crate) fn run(&mut self, line: Line) -> Result<(), String> {
        let Line {
            verb,
            subject,
            mut words,
            expected,
            ..
        } = line;
        let found = match verb.as_str() {
            "at" => {
                self.now = messages::instant(&subject).ok_or("cannot read the instant")?;
                words.finish()?;
                return nothing_expected(expected);
            }
            "limits" => {
                self.check_limits(&subject, &mut words)?;
                return nothing_expected(expected);
            }
            "pending" => {
                words.finish()?;
                let account = self.account(&subject)?;
                Some(moves(&account.pending))
            }
            "customer" | "account" | "card" => {
                let command = messages::entity(&verb, &subject, &mut words)?;
                words.finish()?;
                let found = shown_entity(&self.submit(command, None)?);
                let expected = expected.unwrap_or_else(|| "created".to_owned());
                return compare(&expected, &found);
            }
            "transactions" => {
                let id = self.id_of(&mut words)?;
                words.finish()?;
                Some(self.transactions(id))
            }
            "recorded" => {
                let id = self.id_of(&mut words)?;
                words.finish()?;
                Some(self.recorded(id)?)
            }
            "authorize" | "financial" | "inquire" | "reverse" | "advice" | "repeat" => {
                return self.message(&verb, words, expected);
            }
            _ => return Err(format!("the verb {verb:?} is unknown")),
        };
        compare(
            &expected.ok_or("nothing is expected: -> is missing")?,
            &found.unwrap_or_default(),
        )
    }

    fn message(
        &mut self,
        verb: &str,
        mut words: Words,
        expected: Option<String>,
    ) -> Result<(), String> {
        let expected = expected.ok_or("nothing is expected: -> is missing")?;
        let stan: u32 = words.need("stan", |text| text.parse().ok())?;
        let deadline = words.read("deadline", messages::instant)?;
        let command = match verb {
            "authorize" => messages::request(stan, MessageClass::Authorization, &mut words)?,
            "financial" => messages::request(stan, MessageClass::Financial, &mut words)?,
            "inquire" => messages::inquiry(stan, &mut words)?,
            "repeat" => self.sent(stan)?.command.clone(),
            _ => messages::reversal(stan, verb == "advice", &mut words, &self.sent)?,
        };
        words.finish()?;
        let first = self.sent.get(&stan).and_then(|sent| sent.decided);
        let came = self.submit(command.clone(), deadline)?;
        let decided = match &came {
            Came::Of(Outcome::Decided(decided), _) => Some(*decided),
            Came::Of(Outcome::Created | Outcome::Rejected(_), _) | Came::Undecided(_) => None,
        };
        self.sent.entry(stan).or_insert(Sent { command, decided });
        let found = match (&came, first, decided) {
            (Came::Undecided(reason), _, _) => format!("undecided {reason}"),
            (_, Some(first), Some(again)) if again.repeat => same_answer(first, again)?,
            (_, _, Some(decided)) => shown_answer(&decided, verb)?,
            (Came::Of(..), _, None) => return Err("a message had the outcome of an entity".into()),
        };
        compare(&expected, &found)
    }

    /// Hands one command to the writer, in a batch of its own.
    fn submit(&mut self, command: Command, deadline: Option<Timestamp>) -> Result<Came, String> {
        let submission = Submission {
            command,
            deadline,
            ticket: (),
        };
        let decided = self
            .writer
            .decide([submission], rules(), self.now)
            .map_err(|error| error.to_string())?;
        if let Some(((), undecided)) = decided.undecided.first() {
            self.reasons.insert(undecided.reason);
            return Ok(Came::Undecided(undecided.reason));
        }
        let recorded = decided.batch.is_some();
        if let Some(batch) = decided.batch {
            self.records.extend(records(&batch));
            self.batches.push(batch);
        }
        let ((), outcome) = release(decided.pending)
            .pop()
            .ok_or("no outcome was released")?;
        if let Outcome::Decided(Decided {
            reason: Some(reason),
            ..
        }) = outcome
        {
            self.reasons.insert(reason);
        }
        Ok(Came::Of(outcome, recorded))
    }

    fn sent(&self, stan: u32) -> Result<&Sent, String> {
        self.sent
            .get(&stan)
            .ok_or_else(|| format!("nothing was sent under stan {stan}"))
    }

    fn account(&self, subject: &str) -> Result<&ledger::entities::Account, String> {
        let id = subject
            .parse()
            .map_err(|error| format!("cannot read account {subject:?}: {error}"))?;
        let account = self.writer.state().account(AccountId(id));
        account.ok_or_else(|| format!("there is no account {id}"))
    }

    fn check_limits(&self, subject: &str, words: &mut Words) -> Result<(), String> {
        let limits = self.account(subject)?.limits;
        for (word, value) in words.rest() {
            let limit = LIMIT_NAMES.iter().find(|(_, name)| *name == word);
            let (limit, _) = limit.ok_or_else(|| format!("there is no limit {word:?}"))?;
            line::amount(&value).ok_or_else(|| format!("cannot read {word} {value:?}"))?;
            let found = line::show(limits.get(*limit));
            compare(&format!("{word} {value}"), &format!("{word} {found}"))?;
        }
        Ok(())
    }

    /// The record of the last message decided under a STAN.
    fn id_of(&self, words: &mut Words) -> Result<RecordId, String> {
        let stan: u32 = words.need("stan", |text| text.parse().ok())?;
        let bears = |(_, record): &&(RecordId, Record)| match record {
            Record::AuthorizationDecided(decided) => decided.facts.key.stan == stan,
            Record::ReversalDecided(decided) => decided.facts.key.stan == stan,
            Record::CustomerCreated(_)
            | Record::AccountOpened(_)
            | Record::CardIssued(_)
            | Record::TransactionPosted(_) => false,
        };
        let last = self.records.iter().rev().find(bears);
        last.map(|(id, _)| *id)
            .ok_or_else(|| format!("nothing was recorded for stan {stan}"))
    }

    fn recorded(&self, id: RecordId) -> Result<String, String> {
        match self.records.iter().find(|(other, _)| *other == id) {
            Some((_, Record::AuthorizationDecided(decided))) => Ok(shown_authorization(decided)),
            Some((_, Record::ReversalDecided(decided))) => Ok(shown_reversal(decided)),
            _ => Err(format!("record {id} is not that of a message")),
        }
    }

    /// The transactions that a message posted.
    fn transactions(&self, id: RecordId) -> String {
        let posted = self.records.iter().filter_map(|(_, record)| match record {
            Record::TransactionPosted(posted) => {
                (posted.reversal.unwrap_or(posted.authorization) == id).then_some(posted.posting)
            }
            _ => None,
        });
        let shown = |posting: Posting| {
            let direction = if posting.credit { "credit" } else { "debit" };
            let amount = line::show(posting.amount_minor);
            format!("{} {direction} {amount}", posting.transaction_type_id)
        };
        let posted: Vec<_> = posted.map(shown).collect();
        if posted.is_empty() {
            "none".to_owned()
        } else {
            posted.join(", ")
        }
    }

    /// Replays what was recorded and compares the books.
    pub(crate) fn check_replay(&self) -> Result<(), String> {
        let mut replayed = Writer::new(SHARD, State::default(), 0, Timestamp::default());
        for batch in &self.batches {
            replayed.replay(batch).map_err(|error| error.to_string())?;
        }
        for account in self.writer.state().accounts() {
            if replayed.state().account(account.id) != Some(account) {
                return Err(format!(
                    "a replay gives other books for account {}",
                    account.id
                ));
            }
        }
        Ok(())
    }
}

fn nothing_expected(expected: Option<String>) -> Result<(), String> {
    expected.map_or(Ok(()), |_| {
        Err("nothing can be expected of this line".to_owned())
    })
}

fn compare(expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    Err(format!("expected: {expected}\n  found: {found}"))
}

fn same_answer(first: Decided, again: Decided) -> Result<String, String> {
    if (first.id, first.answer, first.reason) == (again.id, again.answer, again.reason) {
        return Ok("same answer".to_owned());
    }
    Err(format!(
        "a repeat was answered otherwise\n  first: {first:?}\n  again: {again:?}"
    ))
}

fn shown_answer(decided: &Decided, verb: &str) -> Result<String, String> {
    let approved_request = decided.reason.is_none() && !matches!(verb, "reverse" | "advice");
    if decided.answer.approval_code.is_some() != approved_request {
        return Err(format!(
            "an approval code is there or missing wrongly: {decided:?}"
        ));
    }
    let mut shown = decided.answer.response_code.to_string();
    if let Some(reason) = decided.reason {
        shown += &format!(" {reason}");
    }
    if let Some(balances) = decided.answer.balances {
        let (ledger, available) = (balances.ledger_minor, balances.available_minor);
        shown += &format!(
            " type {} ledger {} available {}",
            balances.account_type.code(),
            line::show(ledger),
            line::show(available)
        );
    }
    Ok(shown)
}

fn shown_entity(came: &Came) -> String {
    match came {
        Came::Of(Outcome::Created, true) => "created".to_owned(),
        Came::Of(Outcome::Created, false) => "existed".to_owned(),
        Came::Of(Outcome::Rejected(error), false) => format!(
            "rejected {}",
            match error {
                EntityError::Taken => "taken",
                EntityError::UnknownCustomer => "unknown_customer",
                EntityError::UnknownProgram => "unknown_program",
                EntityError::UnknownAccount => "unknown_account",
                EntityError::AcrossGroups => "across_groups",
                EntityError::LimitOrder => "limit_order",
            }
        ),
        Came::Of(outcome, recorded) => format!("{outcome:?}, recorded: {recorded}"),
        Came::Undecided(reason) => format!("undecided {reason}"),
    }
}

fn moves(deltas: &Deltas) -> String {
    let shown = |(limit, delta): (LimitName, i64)| {
        let name = LIMIT_NAMES
            .iter()
            .find(|(other, _)| *other == limit)
            .map(|(_, name)| *name);
        let sign = if delta > 0 { "+" } else { "" };
        format!("{} {sign}{}", name.unwrap_or("?"), line::show(delta))
    };
    let moved: Vec<_> = deltas.iter().map(shown).collect();
    if moved.is_empty() {
        "none".to_owned()
    } else {
        moved.join(" ")
    }
}

fn shown_authorization(decided: &AuthorizationDecided) -> String {
    match &decided.decision {
        Decision::Approved(approval) => {
            format!(
                "approved {} moves {}",
                line::show(approval.amount_minor),
                moves(&approval.deltas)
            )
        }
        Decision::Declined(reason) => format!("declined {reason}"),
    }
}

fn shown_reversal(decided: &ReversalDecided) -> String {
    let result = match decided.result {
        ReversalResult::Reversed => "reversed",
        ReversalResult::NoEffect => "no_effect",
        ReversalResult::UnknownOriginal => "unknown_original",
        ReversalResult::AmountMismatch => "amount_mismatch",
        ReversalResult::MatchConflict => "match_conflict",
    };
    let remaining = line::show(decided.remaining_minor);
    let divergent = if decided.divergent { " divergent" } else { "" };
    format!(
        "{result} remaining {remaining} moves {}{divergent}",
        moves(&decided.deltas)
    )
}
