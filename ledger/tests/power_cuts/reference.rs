//! What the books must be after every batch: a full replay of every segment there ever was.

use std::collections::BTreeMap;
use std::path::Path;

use ledger::State;
use ledger::books::BookStore;
use ledger::books::Views;
use ledger::entities::Account;
use ledger::identifiers::{RecordId, Timestamp};
use ledger::journal::cursor::Cursor;
use ledger::journal::disk::Directory;
use ledger::record::Record;
use ledger::writer::Writer;
use rules::AccountId;

use crate::disk::Disk;
use crate::support::{SHARD, records};
use crate::work::{ACCOUNTS, COMMITS};

/// Accounts and messages by the batch that made them so.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    /// Every state of each account, oldest first, from which batch on it held.
    accounts: BTreeMap<AccountId, Vec<(u64, Account)>>,
    /// The messages of each account, oldest first.
    messages: BTreeMap<AccountId, Vec<RecordId>>,
    /// When each batch was decided.
    times: Vec<Timestamp>,
    last: u64,
    segments: usize,
    /// How many of them retention removed.
    removed: usize,
}

impl Reference {
    /// Replays the journal that a whole trace has written, removed segments included.
    pub(crate) fn of(whole: &Disk, directory: &Path) -> Self {
        let journal = directory.join("every-segment");
        std::fs::create_dir(&journal).unwrap();
        let segments = whole.every_segment();
        for (name, content) in &segments {
            std::fs::write(journal.join(name), content).unwrap();
        }
        let mut reference = Self {
            segments: segments.len(),
            removed: whole.removed(),
            ..Self::default()
        };
        let mut writer = Writer::new(SHARD, State::default(), 0, Timestamp::default());
        let mut cursor = Cursor::after(Directory::open(&journal).unwrap(), 0);
        while let Ok(Some(batch)) = cursor.next(u64::MAX) {
            writer.replay(&batch, |_| Ok(None)).unwrap();
            reference.last = batch.sequence;
            reference.times.push(batch.time);
            for account in writer.state().accounts() {
                let states = reference.accounts.entry(account.id).or_default();
                if states.last().is_none_or(|(_, last)| last != account) {
                    states.push((batch.sequence, account.clone()));
                }
            }
            for (id, record) in records(&batch) {
                let account = match record {
                    Record::AuthorizationDecided(decided) => decided.account,
                    Record::ReversalDecided(decided) => decided.account,
                    _ => None,
                };
                if let Some(account) = account {
                    reference.messages.entry(account).or_default().push(id);
                }
            }
        }
        reference
    }

    /// The trace was meant to be long, to rotate and to move every account.
    pub(crate) fn expect_enough(&self) {
        assert!(self.last >= COMMITS as u64, "{} batches", self.last);
        assert!(self.removed > 10, "{}", self.name());
        assert_eq!(self.messages.len() as u64, ACCOUNTS);
    }

    /// How many batches and segments there were.
    pub(crate) fn name(&self) -> String {
        let Self {
            last,
            segments,
            removed,
            ..
        } = self;
        format!("{last} batches in {segments} segments, {removed} of them removed")
    }

    /// When the batch was decided that stands so many before another one.
    pub(crate) fn time_before(&self, sequence: u64, batches: u64) -> Timestamp {
        let place = usize::try_from(sequence.saturating_sub(batches)).unwrap();
        self.times.get(place).copied().unwrap_or_default()
    }

    /// Compares state and views with what a full replay up to a batch gives.
    ///
    /// # Errors
    /// The first difference.
    pub(crate) fn compare<S: BookStore>(
        &self,
        sequence: u64,
        state: &State,
        views: &Views<S>,
    ) -> Result<(), String> {
        if sequence > self.last {
            return Err(format!(
                "batch {sequence} of {} was never written",
                self.last
            ));
        }
        for (id, states) in &self.accounts {
            let expected = states.iter().rev().find(|(from, _)| *from <= sequence);
            let expected = expected.map(|(_, account)| account);
            let in_memory = state.account(*id);
            if in_memory != expected {
                return Err(format!("the writer has {in_memory:?}, not {expected:?}"));
            }
            let shown = views.account(*id).map_err(|error| error.to_string())?;
            if shown.clone().map(Account::for_deciding).as_ref() != expected {
                return Err(format!("readers see {shown:?}, not {expected:?}"));
            }
        }
        // One account per image, each in turn: reading all would take most of the time.
        let turn = 1 + sequence % ACCOUNTS;
        self.compare_messages(AccountId(turn), sequence, views)
    }

    fn compare_messages<S: BookStore>(
        &self,
        account: AccountId,
        sequence: u64,
        views: &Views<S>,
    ) -> Result<(), String> {
        let messages = views.messages_of(account, None, usize::MAX);
        let mut found: Vec<_> = messages
            .map_err(|error| error.to_string())?
            .into_iter()
            .map(|message| message.id)
            .collect();
        found.reverse();
        let all = self.messages.get(&account).into_iter().flatten();
        let expected: Vec<_> = all.filter(|id| id.sequence <= sequence).copied().collect();
        if found == expected {
            return Ok(());
        }
        Err(format!(
            "{account:?} has messages {found:?}, not {expected:?}"
        ))
    }
}
