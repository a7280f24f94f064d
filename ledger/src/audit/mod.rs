//! The audit: whether the books are what they must be, found out by reading them again.
//!
//! Owns: the order in which the books are checked against what must hold ([`Rule`]). First the messages in the order of
//! their records, side by side with the journal as far as it is held (`messages`, `journal`) and with the transactions
//! that they post; then the transactions (`postings`); then the accounts by their records (`accounts`, `course`,
//! `expected`, `lives`, `floors`) with what is posted on them (`cleared`), and both sides of that (`entries`); at last
//! the cards (`cards`) and what limits have counted (`counts`). The first thing that is not as it must be ends it, with
//! the records that show it. It reads views like any reader, a few rows at a time, and gives way between them
//! ([`Helpers::pace`]), so it runs over books that are being written as well as over a copy that is still. Must never:
//! change anything, or decide.

mod accounts;
mod cards;
mod cleared;
mod counts;
mod course;
mod entries;
mod expected;
mod floors;
mod journal;
mod lives;
mod messages;
mod postings;
mod summary;
mod transfers;
mod violation;
mod walk;

pub use entries::{CounterEntry, CurrencyEntries, TransferSums};
pub use summary::{Progress, Step, Summary};
pub use violation::{AuditError, Rule, Violation};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rules::{RulesVersion, Snapshot};

use entries::Ledger;

use crate::books::rows::{StoredMessage, Table};
use crate::books::{BookStore, Contents, Views, load};
use crate::identifiers::{RecordId, ShardId, Timestamp};
use crate::journal::disk::Disk;
use crate::purge::Purged;
use crate::record::Record;

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
