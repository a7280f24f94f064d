//! The audit: whether the books are what they must be, found out by reading them again.
//!
//! Owns: the invariants of the books as checks ([`Rule`]) and the order in which they are made. First the
//! messages in the order of their records, side by side with the journal as far as it is held
//! (`messages`, `journal`); then the transactions; then the accounts by their records (`accounts`, `expected`,
//! `lives`, `floors`) with what is posted on them (`cleared`), and both sides of that (`entries`); at last the cards and what limits have counted (`counts`). The first thing that is not as it must be ends it, with the
//! records that show it. It reads views like any reader, a few rows at a time, and gives way between them
//! ([`Helpers::pace`]), so it runs over books that are being written as well as over a copy that is still.
//! Must never: change anything, or decide.

mod accounts;
mod cleared;
mod counts;
mod entries;
mod expected;
mod floors;
mod journal;
mod lives;
mod messages;
mod transfers;
mod walk;

pub use entries::{CounterEntry, CurrencyEntries, TransferSums};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rules::{RulesVersion, Snapshot};
use serde::{Deserialize, Serialize};

use entries::Ledger;

use crate::books::rows::{StoredMessage, Table};
use crate::books::{BookStore, Contents, StoreError, Views, load};
use crate::identifiers::{RecordId, ShardId, Timestamp};
use crate::journal::cursor::CursorError;
use crate::journal::disk::Disk;
use crate::purge::Purged;
use crate::record::{Record, Unreadable};

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The records of an account follow one another without a gap.
    Chain,
    /// Limits are what they were opened with plus the deltas of the account's records, and what is pending
    /// is the sum of what its records made pending.
    Sums,
    /// A record moves exactly what its decision says, and a decline nothing.
    Moves,
    /// An authorization goes from one status to the next as its records say; a hold is resolved once.
    Lives,
    /// No approval of the switch's own takes a limit below its floor where floors count.
    Floors,
    /// One message has one effect: its key leads to it.
    Keys,
    /// What is posted is what was decided, once each.
    Postings,
    /// What is posted on an account is what its records clear, authorization by authorization.
    Cleared,
    /// What is posted in a currency has its counter entries, and what was sent was received, came back or is on its
    /// way.
    DoubleEntry,
    /// What left one account for another reached it once, came back, or is on its way.
    Transfers,
    /// A card or account has the status that its last change gave it.
    Statuses,
    /// What a limit has counted is the sum of what its records count.
    Counts,
    /// The books hold what the journal holds.
    Journal,
    /// Every record that must be told has its event, and every event its record.
    Events,
}

impl Rule {
    /// The name, as answers write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Sums => "sums",
            Self::Moves => "moves",
            Self::Lives => "lives",
            Self::Floors => "floors",
            Self::Keys => "keys",
            Self::Postings => "postings",
            Self::Cleared => "cleared",
            Self::DoubleEntry => "double_entry",
            Self::Transfers => "transfers",
            Self::Statuses => "statuses",
            Self::Counts => "counts",
            Self::Journal => "journal",
            Self::Events => "events",
        }
    }
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What is broken.
    pub rule: Rule,
    /// What was found and what should have been.
    pub finding: String,
    /// The records that show it.
    pub records: Vec<RecordId>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.as_str(), self.finding)
    }
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The last batch that every check includes.
    pub sequence: u64,
    /// Accounts.
    pub accounts: u64,
    /// Messages, holds let go and operations.
    pub messages: u64,
    /// Transactions.
    pub transactions: u64,
    /// Authorizations and forced operations that were followed to where they stand.
    pub authorizations: u64,
    /// Transfers to other accounts that were credited.
    #[serde(default)]
    pub transfers_completed: u64,
    /// Those that were refused and given back.
    #[serde(default)]
    pub transfers_returned: u64,
    /// Those that are on their way.
    #[serde(default)]
    pub transfers_in_flight: u64,
    /// What was posted and transferred, by currency, with its counter entries.
    #[serde(default)]
    pub currencies: Vec<CurrencyEntries>,
    /// Cards whose status changed.
    pub cards_changed: u64,
    /// Accumulators of flex controls.
    #[serde(default)]
    pub accumulators: u64,
    /// Those whose period began before what is left of the history.
    #[serde(default)]
    pub accumulators_not_measured: u64,
    /// Decisions that were purged.
    #[serde(default)]
    pub purged_messages: u64,
    /// Transactions that went with them.
    #[serde(default)]
    pub purged_transactions: u64,
    /// Approvals that were measured against the floors of the limits they move.
    pub floors: u64,
    /// Those that could not be: their rules are not at hand, or they have a cash part.
    pub floors_not_measured: u64,
    /// Excursions of accounts over their limit that ended.
    pub excursions_ended: u64,
    /// Those that last.
    pub excursions_lasting: u64,
    /// The first batch that was compared with the journal; 0 for none.
    pub journal_from_sequence: u64,
    /// Records of the journal that were compared.
    pub journal_records: u64,
    /// Accounts of which the books do not know any more what they were opened with.
    pub accounts_without_opening: u64,
}

/// What an audit looks at, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The messages, beside the journal and the events.
    #[default]
    Messages,
    /// The transactions.
    Transactions,
    /// The accounts by their messages.
    Accounts,
    /// The cards.
    Cards,
    /// What limits have counted.
    Counts,
}

/// How far an audit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What it looks at.
    pub step: Step,
    /// Rows of messages, transactions and accounts that were read in this step.
    pub rows: u64,
    /// How many that will be, about.
    pub of_rows: u64,
}

/// Why an audit did not come to a good end.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Something is not as it must be.
    #[error("{0}")]
    Violation(Box<Violation>),
    /// The books cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be read.
    #[error("journal: {0}")]
    Journal(#[from] CursorError),
    /// A record cannot be read.
    #[error(transparent)]
    Record(#[from] Unreadable),
    /// Whoever asked does not want to know any more.
    #[error("the audit was given up")]
    GivenUp,
}

impl AuditError {
    pub(crate) fn violation(
        rule: Rule,
        finding: impl Into<String>,
        records: impl IntoIterator<Item = RecordId>,
    ) -> Self {
        Self::Violation(Box::new(Violation {
            rule,
            finding: finding.into(),
            records: records.into_iter().collect(),
        }))
    }
}

/// What is audited.
#[derive(Debug)]
pub struct Books<'a, S, D> {
    /// The books as readers see them.
    pub views: &'a Views<S>,
    /// The shard they are of.
    pub shard: ShardId,
    /// The journal behind them, where it is to be compared.
    pub journal: Option<D>,
    /// Whether nobody writes them: rows that no checkpoint has written yet are then found in the views.
    pub still: bool,
}

/// Hears of every record that may have an event, in their order; says what is wrong.
pub type Witness<'a> = &'a mut dyn FnMut(RecordId, Timestamp, &Record) -> Result<(), String>;

/// Finds the rules of a version, if they are at hand.
pub type RulesByVersion<'a> = &'a mut dyn FnMut(RulesVersion) -> Option<Arc<Snapshot>>;

/// What an audit needs of whoever asks for it.
pub struct Helpers<'a> {
    /// Called after every few rows with how far it is, to give way to others; `false` ends the audit.
    pub pace: &'a mut dyn FnMut(Progress) -> bool,
    /// Rules of the decisions.
    pub rules: RulesByVersion<'a>,
    /// What compares records with events.
    pub witness: Witness<'a>,
}

impl fmt::Debug for Helpers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helpers").finish_non_exhaustive()
    }
}

/// Rows that are read between two calls of [`Helpers::pace`].
const SLICE_ROWS: u32 = 256;

/// Audits books up to the last batch that readers see.
///
/// # Errors
/// [`AuditError::Violation`] for the first thing that is not as it must be; others when the books or the
/// journal cannot be read.
pub fn run<S: BookStore, D: Disk + Clone>(
    books: Books<'_, S, D>,
    helpers: Helpers<'_>,
) -> Result<Summary, AuditError> {
    let Books {
        views,
        shard,
        journal,
        still,
    } = books;
    // What is read must not leave the books meanwhile.
    let _undisturbed = views.hold_purging();
    let purged = views.purged()?;
    let sequence = views.shown();
    let mut audit = Audit {
        views,
        still,
        helpers,
        rows: 0,
        progress: Progress::default(),
        contents: load::progress(views.store())?.contents,
        rules: BTreeMap::new(),
        purged,
        ledger: Ledger::default(),
        summary: Summary {
            sequence,
            purged_messages: purged.messages,
            purged_transactions: purged.transactions,
            ..Summary::default()
        },
    };
    audit.wait_for_books()?;
    let journal = match journal {
        Some(disk) => Some(journal::Held::open(disk, shard, sequence)?),
        None => None,
    };
    let (cards, counts) = audit.messages(journal)?;
    audit.transactions()?;
    audit.accounts()?;
    audit.summary.currencies = audit.ledger.balance()?;
    audit.cards(cards)?;
    audit.counts(&counts)?;
    Ok(audit.summary)
}

/// An audit under way.
struct Audit<'a, 'h, S> {
    views: &'a Views<S>,
    still: bool,
    helpers: Helpers<'h>,
    rows: u32,
    progress: Progress,
    /// What the tables contain, for the progress.
    contents: Contents,
    rules: BTreeMap<RulesVersion, Option<Arc<Snapshot>>>,
    /// How far the books are purged: what later records say of what went is taken as it is.
    purged: Purged,
    /// Both sides of what was posted.
    ledger: Ledger,
    summary: Summary,
}

impl<S: BookStore> Audit<'_, '_, S> {
    /// Counts a row that was read, and gives way after every few.
    fn row(&mut self, step: Step) -> Result<(), AuditError> {
        if self.progress.step != step {
            self.progress = Progress {
                step,
                rows: 0,
                of_rows: self.rows_of(step),
            };
        }
        self.rows = self.rows.saturating_add(1);
        if self.rows >= SLICE_ROWS {
            self.pause()?;
        }
        Ok(())
    }

    /// How many rows a step walks over, as far as they are in the store.
    fn rows_of(&self, step: Step) -> u64 {
        let rows = |table| self.contents.of(table).rows;
        match step {
            Step::Messages => rows(Table::Messages),
            Step::Transactions => rows(Table::Transactions),
            Step::Accounts => {
                let accounts = rows(Table::Accounts);
                let passes = accounts.div_ceil(accounts::ACCOUNTS_AT_ONCE);
                let read = rows(Table::Messages).saturating_add(rows(Table::Transactions));
                passes.saturating_mul(read).saturating_add(accounts)
            }
            Step::Cards | Step::Counts => 0,
        }
    }

    /// A row of a table was walked over.
    fn walked(&mut self) {
        self.progress.rows = self.progress.rows.saturating_add(1);
    }

    /// The message of a row, if every check includes it: as the views show it, else as the store has it.
    fn message_of(
        &self,
        key: &[u8],
        row: Option<&[u8]>,
    ) -> Result<Option<StoredMessage>, AuditError> {
        let Some(id) = RecordId::from_key(key).filter(|id| self.includes(*id)) else {
            return Ok(None);
        };
        Ok(match row {
            Some(row) => self.views.message_over(id, row)?,
            None => self.views.message(id)?,
        })
    }

    fn pause(&mut self) -> Result<(), AuditError> {
        self.rows = 0;
        if (self.helpers.pace)(self.progress) {
            Ok(())
        } else {
            Err(AuditError::GivenUp)
        }
    }

    /// Waits for the checkpoint behind which every row up to the last batch is in the store: rows are
    /// found by key there, in order.
    fn wait_for_books(&mut self) -> Result<(), AuditError> {
        while !self.still && self.views.in_books() < self.summary.sequence {
            self.pause()?;
        }
        Ok(())
    }

    /// Whether a record is among those that every check includes.
    fn includes(&self, id: RecordId) -> bool {
        id.sequence <= self.summary.sequence
    }

    /// The rules of a version, asked for once.
    fn rules_of(&mut self, version: RulesVersion) -> Option<Arc<Snapshot>> {
        let find = &mut self.helpers.rules;
        let known = self.rules.entry(version);
        known.or_insert_with(|| find(version)).clone()
    }

    fn witness(
        &mut self,
        id: RecordId,
        time: Timestamp,
        record: &Record,
    ) -> Result<(), AuditError> {
        (self.helpers.witness)(id, time, record)
            .map_err(|finding| AuditError::violation(Rule::Events, finding, [id]))
    }
}
