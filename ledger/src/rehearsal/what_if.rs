//! What other rules would have decided.
//!
//! Owns: a second set of books that goes through the same messages in the same order under other rules, each
//! decision over the balances that the earlier ones left there. Messages keep their times and identifiers. Must
//! never: change what is compared with.

use rules::{AccountId, Currency, ProgramId, Reason, Snapshot};

use super::RehearsalError;
use crate::authorization::{AuthorizationDecided, Decision};
use crate::command::{Command, Outcome};
use crate::decide::{Context, decide};
use crate::identifiers::{RecordId, ShardId, Timestamp};
use crate::journal::Batch;
use crate::record::{Record, records_of};
use crate::state::State;

/// How one request or advice was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Approved.
    Approved {
        /// How much, minor units of DE4's currency.
        amount_minor: i64,
    },
    /// It changed the authorization that it belongs to.
    Completed,
    /// Declined.
    Declined(Reason),
}

impl Verdict {
    fn of(decided: &AuthorizationDecided) -> Self {
        match &decided.decision {
            Decision::Approved(approval) => Self::Approved {
                amount_minor: approval.transaction_minor,
            },
            Decision::Completed(_) => Self::Completed,
            Decision::Declined(reason) => Self::Declined(*reason),
        }
    }
}

/// One request or advice under both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Its record.
    pub id: RecordId,
    /// When it was decided.
    pub time: Timestamp,
    /// Its account, as far as one was found.
    pub account: Option<AccountId>,
    /// The program of the account.
    pub program: Option<ProgramId>,
    /// DE18.
    pub mcc: Option<u16>,
    /// DE4, minor units.
    pub amount_minor: i64,
    /// DE49.
    pub currency: Option<Currency>,
    /// As it was recorded.
    pub recorded: Verdict,
    /// Under the other rules.
    pub other: Verdict,
}

impl Comparison {
    /// Whether the decision changes.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.recorded != self.other
    }
}

/// The second books.
#[derive(Debug)]
pub struct WhatIf {
    shard: ShardId,
    state: State,
    /// Operators' commands and entities that the other rules refuse.
    refused: u64,
}

impl WhatIf {
    /// Books that hold what these do.
    #[must_use]
    pub fn over(shard: ShardId, state: State) -> Self {
        Self {
            shard,
            state,
            refused: 0,
        }
    }

    /// Operators' commands that were carried out and that the other rules refuse.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Takes what a batch recorded once more, under these rules; gives its requests and advices to `compare`.
    ///
    /// # Errors
    /// [`RehearsalError`] when a record cannot be read, or what comes out does not fit the books.
    pub fn take(
        &mut self,
        batch: &Batch,
        rules: &Snapshot,
        compare: &mut impl FnMut(Comparison),
    ) -> Result<(), RehearsalError> {
        let mut index = 0;
        for record in records_of(self.shard, batch) {
            let (id, record) = record?;
            let place = RecordId { index, ..id };
            let records = match again(&record) {
                Again::Decide(command) => {
                    let context = Context {
                        state: &self.state,
                        rules,
                        now: batch.time,
                        id: place,
                    };
                    let (records, outcome) = decide(context, *command);
                    let refused = matches!(outcome, Outcome::Refused(_));
                    self.refused = self.refused.saturating_add(u64::from(refused));
                    records
                }
                Again::Apply => vec![record.clone()],
                Again::FollowsFromAnother => continue,
            };
            if let Record::AuthorizationDecided(recorded) = &record {
                let other = records.iter().find_map(Record::decided);
                compare(self.comparison((id, batch.time), recorded, other));
            }
            for record in &records {
                self.state
                    .apply(RecordId { index, ..id }, batch.time, record)?;
                index = index.saturating_add(1);
            }
        }
        Ok(())
    }

    fn comparison(
        &self,
        (id, time): (RecordId, Timestamp),
        recorded: &AuthorizationDecided,
        other: Option<&AuthorizationDecided>,
    ) -> Comparison {
        let facts = &recorded.facts;
        let account = recorded.account.and_then(|id| self.state.account(id));
        Comparison {
            id,
            time,
            account: recorded.account,
            program: account.map(|account| account.program),
            mcc: facts.mcc,
            amount_minor: facts.fingerprint.amount_minor,
            currency: facts.fingerprint.currency,
            recorded: Verdict::of(recorded),
            other: Verdict::of(other.unwrap_or(recorded)),
        }
    }
}

/// What becomes of a record.
enum Again {
    /// It answers a command.
    Decide(Box<Command>),
    /// It holds under any rules.
    Apply,
    /// Whatever is decided brings its own.
    FollowsFromAnother,
}

fn again(record: &Record) -> Again {
    let command = match record {
        Record::AuthorizationDecided(decided) => Command::Authorize {
            facts: Box::new(decided.facts.clone()),
            stored: Vec::new(),
        },
        Record::ReversalDecided(decided) => Command::Reverse {
            facts: Box::new(decided.facts.clone()),
            stored: Vec::new(),
        },
        Record::FileActionDecided(decided) => Command::FileAction {
            facts: decided.facts,
            stored: Vec::new(),
        },
        Record::HoldDropped(dropped) => Command::DropExpired {
            key: dropped.change.key.clone(),
            stored: Vec::new(),
        },
        Record::ClearingDecided(decided) => Command::Clear {
            facts: Box::new(decided.facts.clone()),
            stored: Vec::new(),
        },
        Record::OperationDone(done) => Command::Operate {
            request: Box::new(done.request.clone()),
            stored: Vec::new(),
        },
        Record::CustomerCreated(_) | Record::AccountOpened(_) | Record::CardIssued(_) => {
            return Again::Apply;
        }
        // An acknowledgement changes no decision, nor does what leaves the books.
        Record::TransactionPosted(_)
        | Record::ResponseAcknowledged(_)
        | Record::HistoryPurged(_) => {
            return Again::FollowsFromAnother;
        }
    };
    Again::Decide(Box::new(command))
}
