//! Runs a history through the ledger and through the naive one, and compares them after every message.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::audit::{Books, Helpers};
use ledger::authorization::{ApprovalCode, AuthorizationStatus, Lookup, MatchKey};
use ledger::books::rows::StoredMessage;
use ledger::books::store::MemoryStore;
use ledger::books::{Progress, ViewWriter};
use ledger::command::{Outcome, Submission};
use ledger::entities::{Account, CardMode, CardStatus, Expiry};
use ledger::identifiers::Timestamp;
use ledger::journal::Batch;
use ledger::journal::disk::Directory;
use ledger::operation::Operation;
use ledger::writer::Writer;
use ledger::{Command, Record, State};
use rules::{AccountId, Accumulators as _, Limits, Snapshot};

use crate::books::{self, Became, Naive, Presented, deltas_of, id};
use crate::draw::CARDS;
use crate::histories::{Act, Purging, RULES, operate};
use crate::rule_sets;
use crate::said::Said;
use crate::support::{SHARD, card_hash, made, records, release};
use crate::transfers::key_of;

/// 2026-11-20 12:00 UTC.
const START: i64 = 1_795_176_000_000_000;

const DAY_US: i64 = 24 * 3600 * 1_000_000;

/// How often the books are written: in between, what they hold is in the views alone.
const CHECKPOINT_EVERY: u64 = 5;

/// Both ledgers.
pub(crate) struct Run {
    writer: Writer,
    books: ViewWriter<MemoryStore>,
    pub(crate) batches: Vec<Batch>,
    rules: Arc<Snapshot>,
    now: i64,
    naive: Naive,
    newest_code: Option<ApprovalCode>,
    /// The codes that were answered, by the message.
    codes: BTreeMap<MatchKey, ApprovalCode>,
    /// The step of a transfer that was taken last.
    last_step: Option<Command>,
    /// What the ledger posted, less what undid it.
    posted: BTreeMap<u64, i64>,
}

/// Commands that make the world, with the naive ledger's view of it.
fn world() -> (Vec<Command>, BTreeMap<u64, books::Account>) {
    let credit = Limits {
        max_credit_limit: 200_000,
        total_credit_limit: 100_000,
        available_credit_limit: 60_000,
        withdrawal_credit_limit: 30_000,
        available_withdrawal_credit: 30_000,
        total_installment_credit_limit: 50_000,
        available_total_installment_credit: 50_000,
        available_savings_account_limit: 2_000,
        total_overdraft_limit: 500,
        ..Limits::default()
    };
    let balance = |available_credit_limit, available_savings_account_limit| Limits {
        available_credit_limit,
        available_savings_account_limit,
        ..Limits::default()
    };
    let mut commands = vec![Command::CreateCustomer(made::customer(1))];
    let mut accounts = BTreeMap::new();
    for (number, program, parent, limits) in [
        (1, 1, None, credit),
        (2, 2, None, balance(30_000, 1_500)),
        (3, 3, None, balance(10_000, 0)),
        (900, 4, None, balance(40_000, 0)),
        (901, 4, None, balance(15_000, 0)),
        (902, 4, None, balance(0, 0)),
        (903, 4, None, balance(25_000, 0)),
        (906, 4, None, balance(35_000, 0)),
        (905, 4, Some(906), balance(20_000, 0)),
        (904, 4, Some(905), balance(12_000, 0)),
    ] {
        let account = Account {
            parent: parent.map(AccountId),
            ..made::account(number, program, limits)
        };
        let known = books::Account {
            id: number,
            program: account.program,
            parent,
            status: account.status.clone(),
            reason: None,
            base: limits,
        };
        accounts.insert(number, known);
        commands.push(Command::OpenAccount(Box::new(account)));
    }
    (commands, accounts)
}

/// The cards: name, account of the credit mode, of the debit mode, status, expiry.
const ISSUED: [(&str, u64, Option<u64>, CardStatus, u16); 9] = [
    ("credit", 1, None, CardStatus::Normal, 2912),
    ("combo", 1, Some(2), CardStatus::Normal, 2912),
    ("prepaid", 3, None, CardStatus::Normal, 2912),
    ("employee", 901, None, CardStatus::Normal, 2912),
    ("child", 904, None, CardStatus::Normal, 2912),
    ("pool", 902, None, CardStatus::Normal, 2912),
    ("debit", 2, None, CardStatus::Normal, 2612),
    ("created", 1, None, CardStatus::Created, 2912),
    ("old", 1, None, CardStatus::Normal, 2610),
];

impl Run {
    pub(crate) fn new() -> Self {
        let rules = rule_sets::named(RULES[0]).unwrap();
        let (mut commands, accounts) = world();
        let mut cards = BTreeMap::new();
        for (name, credit, debit, status, expiry) in ISSUED {
            let mode = match debit {
                None => CardMode::Single(id(credit)),
                Some(debit) => CardMode::Combo {
                    credit: id(credit),
                    debit: id(debit),
                },
            };
            let mut card = made::card(card_hash(name), mode);
            card.facts.status = status;
            card.facts.expiry = Expiry::try_from(expiry).unwrap();
            let known = books::Card {
                status,
                expiry: card.facts.expiry,
                credit,
                debit,
                suspended: card.facts.suspended,
            };
            cards.insert(card.hash, known);
            commands.push(Command::IssueCard(card));
        }
        assert_eq!(cards.len() + 1, CARDS.len());
        let mut run = Self {
            writer: Writer::new(SHARD, State::default(), 0, Timestamp::default()),
            books: ViewWriter::new(SHARD, MemoryStore::default(), Progress::default()),
            batches: Vec::new(),
            rules: Arc::clone(&rules),
            now: START,
            naive: Naive {
                rules,
                now: START,
                accounts,
                cards,
                holds: Vec::new(),
                messages: Vec::new(),
                keys: BTreeMap::new(),
                times: Vec::new(),
                line: 0,
                gone: 0,
                overtaken: BTreeMap::new(),
                names: BTreeMap::new(),
                posted: BTreeMap::new(),
                clearings: BTreeMap::new(),
                bearers: BTreeMap::new(),
                open: Vec::new(),
                reserved: Vec::new(),
            },
            newest_code: None,
            codes: BTreeMap::new(),
            last_step: None,
            posted: BTreeMap::new(),
        };
        for (outcome, _) in run.submit(commands) {
            assert_eq!(outcome, Outcome::Created);
        }
        run
    }

    /// What happens in both; whether something was approved, or how they differ.
    pub(crate) fn act(&mut self, act: Act) -> Result<bool, String> {
        match act {
            Act::Wait(seconds) => self.now += seconds * 1_000_000,
            Act::Reload(name) => {
                self.rules = rule_sets::named(name)?;
                self.naive.rules = Arc::clone(&self.rules);
            }
            Act::Forget => {
                self.books.checkpoint().unwrap();
                self.writer.forget(-1, self.books.views().in_books());
            }
            Act::Purge(purge) => self.purge(&purge)?,
            Act::CarryOn { steps, again } => {
                // A step is asked again within its deadline, long before it is purged.
                let known = |step: &Command| match step {
                    Command::Operate { request, .. } => {
                        self.naive.keys.contains_key(&key_of(request))
                    }
                    _ => false,
                };
                let last = self.last_step.clone().filter(known);
                if let Some(step) = last.filter(|_| again) {
                    self.send(step)?;
                }
                for _ in 0..steps {
                    self.carry_on()?;
                }
            }
            Act::Clear(mut facts, of) => {
                facts.approval_code = of.and_then(|of| self.codes.get(&of).copied());
                return self.send(Command::Clear {
                    facts,
                    stored: Vec::new(),
                });
            }
            Act::Send(seconds, command) => {
                self.now += seconds * 1_000_000;
                return self.send(command);
            }
        }
        Ok(false)
    }

    /// Lets go of what is due, orders a line, and takes steps, each with what both leave.
    fn purge(&mut self, purge: &Purging) -> Result<(), String> {
        self.now += purge.after_days * DAY_US;
        self.books.checkpoint().unwrap();
        if purge.drops {
            let due = self.books.views().due(Timestamp(self.now), 100).unwrap();
            for key in due.iter().filter_map(StoredMessage::key) {
                self.send(Command::DropExpired {
                    key,
                    stored: Vec::new(),
                })?;
            }
        }
        let before = Timestamp(self.now - purge.kept_days * DAY_US);
        let id = format!("P{}", self.naive.messages.len());
        self.send(operate(&id, Operation::PurgeHistory { before }))?;
        for _ in 0..purge.steps {
            self.books.checkpoint().unwrap();
            let step = self.books.views().purge_step(purge.most).unwrap();
            let found = step.as_ref().map_or(0, |step| step.messages.len());
            if let Some(step) = step {
                let taken = self.submit(vec![Command::Purge(Box::new(step))]).pop();
                let taken = taken.map(|(outcome, _)| outcome);
                if taken != Some(Outcome::Purged(true)) {
                    return Err(format!("a step that fits is not taken: {taken:?}"));
                }
            }
            let expected = self.naive.purge(purge.most);
            if found != expected {
                return Err(format!("{found} decisions went, not {expected}"));
            }
            let gone = self.books.views().purged().unwrap().messages;
            if usize::try_from(gone) != Ok(self.naive.gone) {
                let expected = self.naive.gone;
                return Err(format!("the books lack {gone} decisions, not {expected}"));
            }
            self.compare_accounts()?;
            self.compare_holds()?;
            self.compare_counts()?;
        }
        Ok(())
    }

    /// The step that the oldest open transfer lacks.
    fn carry_on(&mut self) -> Result<(), String> {
        let missing = self.books.views().missing_steps(1).unwrap().pop();
        let step = match &missing {
            Some(Command::Operate { request, .. }) => Some(request.as_ref()),
            _ => None,
        };
        self.naive.is_missing(step)?;
        if let Some(command) = missing {
            self.send(command.clone())?;
            self.last_step = Some(command);
        }
        Ok(())
    }

    fn send(&mut self, mut command: Command) -> Result<bool, String> {
        if let Command::Authorize { facts, .. } = &mut command
            && facts.approval_code.is_some()
        {
            facts.approval_code = self.newest_code;
        }
        self.naive.now = self.now;
        let (outcome, record) = self.submit(vec![command.clone()]).pop().unwrap();
        let said = Said::by_the_ledger(&outcome, record.as_ref());
        let expected = self.expected(&command, &outcome);
        self.naive.note_refunds();
        if said != expected {
            return Err(format!("the ledger said {said:?}\nnot {expected:?}"));
        }
        self.note_code(&command, &outcome);
        self.compare_accounts()?;
        self.compare_holds()?;
        self.compare_counts()?;
        Ok(matches!(said, Said::Answer(answer) if answer.approved && !answer.again))
    }

    fn expected(&mut self, command: &Command, outcome: &Outcome) -> Said {
        match command {
            Command::Authorize { facts, .. } => {
                let part = match outcome {
                    Outcome::Decided(decided) => decided.answer.partial,
                    _ => None,
                };
                let part = part.map(|part| part.approved_minor);
                self.naive.authorize(facts, part)
            }
            Command::Reverse { facts, .. } => self.naive.reverse(facts),
            Command::Acknowledge { facts, .. } => self.naive.acknowledge(facts.original),
            Command::FileAction { facts, .. } => self.naive.file_action(facts),
            Command::DropExpired { key, .. } => self.naive.expire(key),
            Command::Purge(_) => panic!("steps are taken apart"),
            Command::Operate { request, .. } => self.naive.operate(request),
            Command::Clear { facts, .. } => self.naive.clear(facts),
            Command::CreateCustomer(_) | Command::OpenAccount(_) | Command::IssueCard(_) => {
                panic!("no entity is made in a history")
            }
        }
    }

    /// Approval codes are the ledger's to choose; the naive one takes them over.
    fn note_code(&mut self, command: &Command, outcome: &Outcome) {
        let (Command::Authorize { facts, .. }, Outcome::Decided(decided)) = (command, outcome)
        else {
            return;
        };
        let Some(code) = decided.answer.approval_code else {
            return;
        };
        self.newest_code = Some(code);
        self.codes.entry(facts.key).or_insert(code);
        let message = self.naive.messages.len() - 1;
        if !decided.repeat && matches!(self.naive.messages[message].became, Became::Hold(_)) {
            let name = format!("code {}", code.as_str());
            self.naive.names.insert((facts.key.card, name), message);
        }
    }

    /// Each in the ledger, all in one batch: the outcome and the first record of it.
    fn submit(&mut self, commands: Vec<Command>) -> Vec<(Outcome, Option<Record>)> {
        let mut submissions = Vec::new();
        for mut command in commands {
            let related = self.books.views().related(command.lookups()).unwrap();
            command.attach(related);
            submissions.push(Submission {
                command,
                deadline: None,
                ticket: (),
            });
        }
        let now = Timestamp(self.now);
        let decided = self.writer.decide(submissions, &self.rules, now).unwrap();
        assert!(decided.undecided.is_empty());
        let mut made = None;
        if let Some(batch) = decided.batch {
            self.books.apply(&batch).unwrap();
            self.batches.push(batch.clone());
            if batch.sequence % CHECKPOINT_EVERY == 0 {
                self.books.checkpoint().unwrap();
            }
            for (_, record) in records(&batch) {
                if let Record::TransactionPosted(posted) = &record {
                    let amount = posted.posting.amount_minor;
                    let amount = if posted.posting.credit {
                        amount
                    } else {
                        -amount
                    };
                    *self.posted.entry(posted.account.0).or_default() += amount;
                }
                made.get_or_insert(record);
            }
        }
        let outcomes = release(decided.pending).into_iter();
        outcomes
            .map(|((), outcome)| (outcome, made.clone()))
            .collect()
    }

    /// A replay gives the same accounts, and the audit finds nothing in the books that are left.
    pub(crate) fn end(&self) -> Result<(), String> {
        let mut replayed = Writer::new(SHARD, State::default(), 0, Timestamp::default());
        for batch in &self.batches {
            replayed
                .replay(batch, |_| Ok(None))
                .map_err(|error| error.to_string())?;
        }
        let accounts = |writer: &Writer| -> Vec<Account> {
            let accounts = self.naive.accounts.keys();
            let account = |number: &u64| writer.state().account(id(*number)).cloned();
            accounts.filter_map(account).collect()
        };
        if accounts(&replayed) != accounts(&self.writer) {
            return Err("a replay gives other accounts".to_owned());
        }
        self.audit()
    }

    fn audit(&self) -> Result<(), String> {
        let books = Books {
            views: self.books.views(),
            shard: SHARD,
            journal: None::<Directory>,
            still: true,
        };
        let helpers = Helpers {
            pace: &mut |_| true,
            rules: &mut rule_sets::of_version,
            witness: &mut |_, _, _| Ok(()),
        };
        let audited = ledger::audit::run(books, helpers);
        audited.map(drop).map_err(|error| error.to_string())
    }

    fn compare_accounts(&self) -> Result<(), String> {
        let in_force = self.naive.in_force(|_| true);
        let pending = self
            .naive
            .in_force(|hold| hold.status == AuthorizationStatus::Pending);
        let posted = self.naive.posted();
        for (number, known) in &self.naive.accounts {
            let account = self.writer.state().account(id(*number)).unwrap();
            let limits = known.base.checked_apply(&deltas_of(&in_force, *number));
            let found = (account.limits, account.pending, &account.status);
            let expected = (limits.unwrap(), deltas_of(&pending, *number), &known.status);
            if found != expected {
                return Err(format!("account {number} is {found:?}\nnot {expected:?}"));
            }
            let of = |sums: &BTreeMap<u64, i64>| sums.get(number).copied().unwrap_or(0);
            let (found, expected) = (of(&self.posted), of(&posted));
            if found != expected {
                return Err(format!(
                    "posted on account {number}: {found}, not {expected}"
                ));
            }
        }
        Ok(())
    }

    fn compare_counts(&self) -> Result<(), String> {
        let reserved = self.naive.reserved.iter();
        let keys: BTreeSet<_> = reserved.map(|reserved| reserved.reservation.key).collect();
        for key in &keys {
            let found = self.books.views().accumulator(key).unwrap();
            let found = found.map(|counted| counted.accumulator);
            let expected = self.naive.accumulator(key);
            if found != expected {
                return Err(format!("{key:?} has counted {found:?}\nnot {expected:?}"));
            }
        }
        Ok(())
    }

    fn compare_holds(&self) -> Result<(), String> {
        for (number, hold) in self.naive.holds.iter().enumerate() {
            if self.naive.is_gone(number) {
                continue;
            }
            let found = self.books.views().found(&Lookup::Key(hold.key.clone()));
            let message = found.unwrap().ok_or("the books lost a hold")?;
            let standing = message.standing().ok_or("the books have no standing")?;
            let parts = standing.parts.iter().map(|part| part.remaining_minor);
            let found = (standing.status, parts.collect::<Vec<_>>());
            let presented = Presented {
                in_force: message.presented.in_force_minor,
                undone: message.presented.undone_minor,
            };
            let refunded = message.presented.refunded_minor;
            if refunded != hold.refunded {
                let (key, expected) = (&hold.key, hold.refunded);
                return Err(format!(
                    "the books have {refunded} of {key:?} refunded\nnot {expected}"
                ));
            }
            if presented != hold.presented {
                let (key, expected) = (&hold.key, hold.presented);
                return Err(format!(
                    "the books have {presented:?} of {key:?}\nnot {expected:?}"
                ));
            }
            let parts = hold.parts.iter().map(|part| part.left);
            let expected = (hold.status, parts.collect::<Vec<_>>());
            if found != expected {
                let key = &hold.key;
                return Err(format!(
                    "the books have {found:?} of {key:?}\nnot {expected:?}"
                ));
            }
        }
        Ok(())
    }
}
