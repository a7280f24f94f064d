//! The world of one table: a writer over its rules, the books behind it, and what its lines did to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::authorization::MessageKey;
use ledger::books::store::MemoryStore;
use ledger::books::{Progress, ViewWriter};
use ledger::command::{Decided, Outcome, Submission};
use ledger::identifiers::{RecordId, Timestamp};
use ledger::journal::Batch;
use ledger::writer::Writer;
use ledger::{Command, Record, State};
use rules::{AccountId, Reason, RulesVersion, Snapshot};

use crate::coverage::Coverage;
use crate::line::{self, Line, Words};
use crate::messages::NetworkMessage as _;
use crate::shown::{self, LIMIT_NAMES};
use crate::support::{SHARD, records, release};
use crate::{
    clearings, controls, entities, later_messages, messages, operations, purges, rule_sets,
    transfers,
};

/// A message that a table sent first under its STAN.
pub(crate) struct Sent {
    /// What was sent.
    pub(crate) command: Command,
    /// What was answered; `None` when it was not decided.
    pub(crate) decided: Option<Decided>,
}

/// The world of one table.
pub(crate) struct World {
    pub(crate) writer: Writer,
    /// The books, written behind every batch.
    pub(crate) books: ViewWriter<MemoryStore>,
    rules: Arc<Snapshot>,
    now: Timestamp,
    sent: BTreeMap<u32, Sent>,
    pub(crate) records: Vec<(RecordId, Record)>,
    pub(crate) batches: Vec<Batch>,
    /// Reasons that were given.
    pub(crate) reasons: BTreeSet<Reason>,
    /// Steps that were taken, by kind.
    pub(crate) coverage: Coverage,
}

/// What came of one submission.
pub(crate) enum Came {
    Of(Outcome, bool),
    Undecided(Reason),
}

/// How often the books are written: in between, what they show is in the views alone.
const CHECKPOINT_EVERY: u64 = 3;

impl World {
    /// An empty world under the shipped rules.
    pub(crate) fn new() -> Self {
        Self {
            writer: Writer::new(SHARD, State::default(), 0, Timestamp::default()),
            books: ViewWriter::new(SHARD, MemoryStore::default(), Progress::default()),
            rules: rule_sets::shipped(),
            now: Timestamp::default(),
            sent: BTreeMap::new(),
            records: Vec::new(),
            batches: Vec::new(),
            reasons: BTreeSet::new(),
            coverage: Coverage::default(),
        }
    }

    /// The rules of a version, if they are those in force.
    pub(crate) fn rules_of(&self, version: RulesVersion) -> Option<Arc<Snapshot>> {
        (self.rules.version() == version).then(|| Arc::clone(&self.rules))
    }

    /// Does what a line says and compares what it expects.
    pub(crate) fn run(&mut self, line: Line) -> Result<(), String> {
        let Line {
            verb,
            subject,
            words,
            expected,
            ..
        } = line;
        match verb.as_str() {
            "at" | "rules" | "forget" | "limits" => {
                if expected.is_some() {
                    return Err("nothing can be expected of this line".to_owned());
                }
                self.set(&verb, &subject, words)
            }
            "customer" | "account" | "card" => {
                let mut words = words;
                let command = entities::entity(&verb, &subject, &mut words)?;
                words.finish()?;
                let found = shown::entity(&self.submit(command, None)?);
                compare(expected.as_deref().unwrap_or("created"), &found)
            }
            _ => {
                let expected = expected.ok_or("nothing is expected: -> is missing");
                let found = match verb.as_str() {
                    "pending" | "excursions" | "transactions" | "amounts" | "posted"
                    | "recorded" | "status" | "due" | "divergences" | "acknowledged"
                    | "counted" | "denial" | "controls" | "presented" => {
                        self.look(&verb, &subject, words)
                    }
                    "work-list" => self.work_list(words),
                    "present" | "undo" => self.clear(&verb, words),
                    "acknowledge" | "expire" => self.later(&verb, words),
                    "authorize"
                    | "financial"
                    | "inquire"
                    | "authorization-advice"
                    | "financial-advice"
                    | "reverse"
                    | "advice"
                    | "file-action"
                    | "repeat" => {
                        expected.clone()?;
                        self.message(&verb, words)
                    }
                    step if purges::VERBS.contains(&step) => {
                        purges::run(self, step, &subject, words)
                    }
                    step if transfers::VERBS.contains(&step) => transfers::run(self, step, words),
                    operation
                        if operations::VERBS.contains(&operation)
                            || controls::VERBS.contains(&operation) =>
                    {
                        self.operate(&verb, words)
                    }
                    _ => return Err(format!("the verb {verb:?} is unknown")),
                }?;
                compare(&expected?, &found)
            }
        }
    }

    /// Lines that set the scene, or state limits.
    fn set(&mut self, verb: &str, subject: &str, mut words: Words) -> Result<(), String> {
        match verb {
            "at" => self.now = entities::instant(subject).ok_or("cannot read the instant")?,
            "rules" => self.rules = rule_sets::named(subject)?,
            "forget" => {
                self.books.checkpoint().map_err(|error| error.to_string())?;
                // A window that ended before anything was decided.
                self.writer.forget(-1, self.books.views().in_books());
                let left = self.writer.state().recent_count();
                if left > 0 {
                    return Err(format!("{left} messages could not be forgotten"));
                }
            }
            _ => return self.check_limits(subject, &mut words),
        }
        words.finish()
    }

    /// Lines that look at what was recorded.
    fn look(&self, verb: &str, subject: &str, mut words: Words) -> Result<String, String> {
        if verb == "pending" {
            words.finish()?;
            return Ok(shown::deltas(&self.account(subject)?.pending));
        }
        if matches!(verb, "counted" | "controls") {
            let found = match verb {
                "counted" => controls::counted(self, &mut words),
                _ => controls::controls(self, &mut words),
            };
            words.finish()?;
            return found;
        }
        if verb == "excursions" {
            words.finish()?;
            let account = self.account(subject)?;
            let found = self.books.views().excursions_of(account, usize::MAX);
            let found = found.map_err(|error| error.to_string())?;
            return Ok(shown::excursions(&self.records, &found));
        }
        if matches!(verb, "status" | "due" | "acknowledged" | "presented") {
            let key = self.named(&mut words)?;
            words.finish()?;
            let lookup = ledger::authorization::Lookup::Key(key);
            let found = self.books.views().found(&lookup);
            let message = found.map_err(|error| error.to_string())?;
            let message = message.ok_or("the books do not have it")?;
            return shown::stored(verb, &message);
        }
        let id = self.id_of(&mut words)?;
        words.finish()?;
        match verb {
            "transactions" => Ok(shown::transactions(&self.records, id)),
            "amounts" => Ok(shown::amounts(&self.records, id)),
            "posted" => Ok(shown::posted(&self.records, id)),
            _ => {
                let found = self.records.iter().find(|(other, _)| *other == id);
                let (_, record) = found.ok_or("nothing was recorded")?;
                match verb {
                    "divergences" => shown::divergences(record),
                    "denial" => controls::denial(record),
                    _ => shown::record(record),
                }
            }
        }
    }

    /// Messages that get an answer.
    fn message(&mut self, verb: &str, mut words: Words) -> Result<String, String> {
        let stan: u32 = words.need("stan", entities::number)?;
        let deadline = words.read("deadline", entities::instant)?;
        let command = match verb {
            "repeat" => self.sent(stan)?.command.clone(),
            "reverse" | "advice" => later_messages::reversal(verb, stan, &mut words, &self.sent)?,
            "file-action" => later_messages::file_action(stan, &mut words)?,
            _ => messages::request(verb, stan, &mut words, &self.sent)?,
        };
        words.finish()?;
        let first = self.sent.get(&stan).and_then(|sent| sent.decided);
        let came = self.submit(command.clone(), deadline)?;
        let decided = match &came {
            Came::Of(Outcome::Decided(decided), _) => Some(*decided),
            Came::Of(..) | Came::Undecided(_) => None,
        };
        self.sent.entry(stan).or_insert(Sent { command, decided });
        match (&came, first, decided) {
            (Came::Undecided(reason), _, _) => Ok(format!("undecided {reason}")),
            (Came::Of(_, true), _, Some(again)) if again.repeat => {
                Err("a repeat was recorded".to_owned())
            }
            (_, Some(first), Some(again)) if again.repeat => shown::same_answer(first, again),
            (_, _, Some(decided)) => shown::answer(&decided, verb),
            (Came::Of(..), _, None) => Err("a message had the outcome of an entity".to_owned()),
        }
    }

    /// Acknowledgements, and holds that may be due.
    fn later(&mut self, verb: &str, mut words: Words) -> Result<String, String> {
        let command = if verb == "expire" {
            Command::DropExpired {
                key: self.named(&mut words)?,
                stored: Vec::new(),
            }
        } else {
            let stan: u32 = words.need("stan", entities::number)?;
            later_messages::acknowledgement(stan, &mut words, &self.sent)?
        };
        words.finish()?;
        let from = self.records.len();
        match self.submit(command, None)? {
            Came::Of(Outcome::Acknowledged(true), true) => Ok("acknowledged".to_owned()),
            Came::Of(Outcome::Acknowledged(false), false) => Ok("unknown".to_owned()),
            Came::Of(Outcome::Dropped(false), false) => Ok("kept".to_owned()),
            Came::Of(Outcome::Dropped(true), true) => shown::record(&self.records[from].1),
            came => Ok(shown::entity(&came)),
        }
    }

    /// Records of clearing files.
    fn clear(&mut self, verb: &str, mut words: Words) -> Result<String, String> {
        let command = clearings::clearing(verb, &mut words, &self.sent)?;
        words.finish()?;
        Ok(clearings::came(&self.submit(command, None)?))
    }

    /// The clearings that wait, a few at a time.
    fn work_list(&self, words: Words) -> Result<String, String> {
        words.finish()?;
        let (mut keys, mut after) = (Vec::new(), None);
        loop {
            let page = self.books.views().work_list(after, 2);
            let page = page.map_err(|error| error.to_string())?;
            keys.extend(
                page.iter()
                    .filter_map(|message| message.item())
                    .map(|item| item.facts.key.to_string()),
            );
            match page.last() {
                Some(last) if page.len() == 2 => after = Some(last.id),
                Some(_) | None => break,
            }
        }
        Ok(if keys.is_empty() {
            "none".to_owned()
        } else {
            keys.join(", ")
        })
    }

    fn operate(&mut self, verb: &str, mut words: Words) -> Result<String, String> {
        let command = operations::operation(verb, &mut words)?;
        words.finish()?;
        Ok(shown::operation(&self.submit(command, None)?))
    }

    /// Hands one command to the writer, in a batch of its own, with what the books hold for it.
    pub(crate) fn submit(
        &mut self,
        mut command: Command,
        deadline: Option<Timestamp>,
    ) -> Result<Came, String> {
        let related = self.books.views().related(command.lookups());
        command.attach(related.map_err(|error| error.to_string())?);
        let submission = Submission {
            command,
            deadline,
            ticket: (),
        };
        let decided = self
            .writer
            .decide([submission], &self.rules, self.now)
            .map_err(|error| error.to_string())?;
        if let Some(((), undecided)) = decided.undecided.first() {
            self.reasons.insert(undecided.reason);
            return Ok(Came::Undecided(undecided.reason));
        }
        let recorded = decided.batch.is_some();
        if let Some(batch) = decided.batch {
            self.books
                .apply(&batch)
                .map_err(|error| error.to_string())?;
            if batch.sequence % CHECKPOINT_EVERY == 0 {
                self.books.checkpoint().map_err(|error| error.to_string())?;
            }
            for (id, record) in records(&batch) {
                self.coverage.recorded(id, &record);
                self.records.push((id, record));
            }
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
        if let Outcome::Decided(decided) = &outcome
            && decided.repeat
        {
            self.coverage.repeated(decided);
        }
        // An advice that the network declined is accepted: its reason stands in the record alone.
        if let Some((_, Record::AuthorizationDecided(decided))) = self.records.last() {
            self.reasons.extend(decided.reason());
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
            let found = match (limit, word.as_str()) {
                (Some((limit, _)), _) => limits.get(*limit),
                (None, "maximum") => limits.max_credit_limit,
                (None, "total") => limits.total_credit_limit,
                (None, "instalments-total") => limits.total_installment_credit_limit,
                (None, "cash-total") => limits.withdrawal_credit_limit,
                (None, "overdraft") => limits.total_overdraft_limit,
                (None, "over-limit") => limits.over_limit_percentage_hundredths,
                (None, _) => return Err(format!("there is no limit {word:?}")),
            };
            line::amount(&value).ok_or_else(|| format!("cannot read {word} {value:?}"))?;
            let found = line::show(found);
            compare(&format!("{word} {value}"), &format!("{word} {found}"))?;
        }
        Ok(())
    }

    /// The key of `stan 1`, or of the operation `id T1`.
    fn named(&self, words: &mut Words) -> Result<MessageKey, String> {
        if let Some(stan) = words.read("stan", entities::number)? {
            let key = self.sent(stan)?.command.network_key();
            return Ok(key.ok_or("it has no match key")?.into());
        }
        if let Some(clearing) = clearings::key("clearing", words)? {
            return Ok(MessageKey::Clearing(clearing));
        }
        Ok(MessageKey::Operator(operations::tracking_id(words)?))
    }

    /// The record of the last message decided under a STAN, or of an operation.
    fn id_of(&self, words: &mut Words) -> Result<RecordId, String> {
        let stan: Option<u32> = words.read("stan", entities::number)?;
        let clearing = clearings::key("clearing", words)?;
        let operation = match (stan, &clearing) {
            (None, None) => Some(operations::tracking_id(words)?),
            (Some(_), _) | (_, Some(_)) => None,
        };
        let bears = |(_, record): &&(RecordId, Record)| match record {
            Record::AuthorizationDecided(decided) => Some(decided.facts.key.stan) == stan,
            Record::ReversalDecided(decided) => Some(decided.facts.key.stan) == stan,
            Record::FileActionDecided(decided) => Some(decided.facts.key.stan) == stan,
            Record::OperationDone(done) => Some(&done.request.tracking_id) == operation.as_ref(),
            Record::ClearingDecided(decided) => Some(&decided.facts.key) == clearing.as_ref(),
            Record::CustomerCreated(_)
            | Record::AccountOpened(_)
            | Record::CardIssued(_)
            | Record::HoldDropped(_)
            | Record::HistoryPurged(_)
            | Record::ResponseAcknowledged(_)
            | Record::TransactionPosted(_) => false,
        };
        let last = self.records.iter().rev().find(bears);
        last.map(|(id, _)| *id)
            .ok_or_else(|| match (stan, operation) {
                (Some(stan), _) => format!("nothing was recorded for stan {stan}"),
                (None, id) => format!("nothing was recorded for operation {id:?}"),
            })
    }
}

fn compare(expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    Err(format!("expected: {expected}\n  found: {found}"))
}
