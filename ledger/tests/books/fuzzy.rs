//! Snapshots taken while the books go on: loaded, and the journal replayed from where they begin, they give
//! exactly the state of a full replay.

use std::cell::RefCell;

use ledger::books::rows::{StoredMessage, Table};
use ledger::books::store::{KeyValue, MemoryStore, Row, StoreError};
use ledger::books::{BookStore, ViewWriter, load};
use ledger::identifiers::Timestamp;
use ledger::journal::Batch;
use ledger::journal::simulated::SimulatedDisk;
use ledger::recovery::RecoveryError;
use ledger::snapshot::files::{self, Taken};
use ledger::snapshot::read::Snapshot;
use ledger::writer::Writer;
use ledger::{Command, State};
use proptest::prelude::*;

use crate::run::{Run, answers};
use crate::steps::{commands, keys, probes, steps};
use crate::support::SHARD;
use crate::{books, contents, start};

/// A store whose readers meet other rows at every page: its view-writer goes on in between, and one row at
/// a time comes back to the reader.
struct Busy<'a> {
    views: RefCell<ViewWriter<MemoryStore>>,
    batches: RefCell<std::slice::Iter<'a, Batch>>,
    /// Batches per page, and whether a checkpoint follows each.
    pattern: RefCell<std::iter::Cycle<std::slice::Iter<'a, (usize, bool)>>>,
}

impl Busy<'_> {
    fn go_on(&self) {
        let mut views = self.views.borrow_mut();
        let (count, checkpoint) = *self.pattern.borrow_mut().next().unwrap();
        for batch in self.batches.borrow_mut().by_ref().take(count) {
            views.apply(batch).unwrap();
        }
        if checkpoint {
            views.checkpoint().unwrap();
        }
    }
}

impl BookStore for Busy<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.views.borrow().views().store().get(table, key)
    }

    fn write(&self, _: Vec<Row>) -> Result<(), StoreError> {
        panic!("a snapshot does not write")
    }

    fn sync(&self) -> Result<(), StoreError> {
        panic!("a snapshot does not sync")
    }

    fn newest_first(&self, table: Table) -> impl Iterator<Item = Result<KeyValue, StoreError>> {
        let rows: Vec<_> = self
            .views
            .borrow()
            .views()
            .store()
            .newest_first(table)
            .collect();
        rows.into_iter()
    }

    fn page(
        &self,
        table: Table,
        after: Option<&[u8]>,
        _: usize,
    ) -> Result<Vec<KeyValue>, StoreError> {
        self.go_on();
        self.views.borrow().views().store().page(table, after, 3)
    }
}

/// Takes a snapshot of books that go on meanwhile.
fn snapshot(batches: &[Batch], begun: usize, pattern: &[(usize, bool)]) -> (SimulatedDisk, Taken) {
    let (before, after) = batches.split_at(begun);
    let mut views = books(before, 2);
    views.checkpoint().unwrap();
    let busy = Busy {
        views: RefCell::new(views),
        batches: RefCell::new(after.iter()),
        pattern: RefCell::new(pattern.iter().cycle()),
    };
    let disk = SimulatedDisk::default();
    let taken = files::take(&busy, SHARD, &disk, 1, Timestamp(0), &mut |_| true).unwrap();
    assert_eq!(taken.header.from, begun as u64);
    (disk, taken)
}

/// Loads a snapshot into a new store.
fn loaded((disk, taken): &(SimulatedDisk, Taken)) -> MemoryStore {
    let store = MemoryStore::default();
    let snapshot = Snapshot::open(disk, &taken.file).unwrap();
    snapshot.load_into(&store).unwrap();
    store.crashed(|| false)
}

fn assert_same(left: Writer, right: Writer, commands: &[Command]) {
    assert_eq!(left.sequence(), right.sequence());
    assert_eq!(
        left.state().accounts().count(),
        right.state().accounts().count()
    );
    for account in left.state().accounts() {
        assert_eq!(Some(account), right.state().account(account.id));
    }
    assert_eq!(left.state().recent_count(), right.state().recent_count());
    let probes = probes(commands);
    assert_eq!(answers(left, &probes), answers(right, &probes));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_fuzzy_snapshot_and_the_journal_give_the_state_of_a_full_replay(
        steps in steps(),
        sizes in prop::collection::vec(1_usize..5, 1..5),
        begun in any::<prop::sample::Index>(),
        pattern in prop::collection::vec((0_usize..3, any::<bool>()), 1..6),
        rows in 1_usize..200,
    ) {
        let mut run = Run::new();
        let commands = commands(&steps);
        run.decide_in(&commands, &sizes);
        let taken = snapshot(&run.batches, begun.index(run.batches.len()), &pattern);
        let store = loaded(&taken);

        let started = start(&run.batches, store, rows).unwrap();
        prop_assert_eq!(started.books_sequence, taken.1.header.from);
        let mut replayed = Writer::new(SHARD, State::default(), 0, Timestamp::default());
        run.batches.iter().for_each(|batch| replayed.replay(batch, |_| Ok(None)).unwrap());
        assert_same(started.writer, replayed, &commands);

        // The books too: every row, and what is shown under every key.
        let mut views = started.view_writer;
        views.checkpoint().unwrap();
        let whole = {
            let mut whole = books(&run.batches, 1);
            whole.checkpoint().unwrap();
            whole
        };
        prop_assert_eq!(contents(views.views().store()), contents(whole.views().store()));
        for key in keys(&commands) {
            prop_assert_eq!(views.views().matching(&key).unwrap(), whole.views().matching(&key).unwrap());
        }
    }

    /// A snapshot is of no use without a journal that reaches where its newest row may be.
    #[test]
    fn a_journal_that_ends_too_early_is_refused(
        steps in steps(),
        begun in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut run = Run::new();
        run.decide_in(&commands(&steps), &[1]);
        let begun = begun.index(run.batches.len());
        let taken = snapshot(&run.batches, begun, &[(1, true)]);
        let through = usize::try_from(taken.1.footer.through.sequence).unwrap();
        prop_assume!(through > begun);
        let end = begun + cut.index(through - begun);
        let store = loaded(&taken);
        let refused = start(&run.batches[..end], store, 100).unwrap_err();
        prop_assert!(matches!(refused, RecoveryError::Open(_)), "{refused}");
    }
}

/// The case that hurts most, by hand: a message is exported, then reversed in part, and its account is
/// exported after that.
#[test]
fn a_message_older_than_its_account_gets_its_remaining_amount_from_the_journal() {
    let mut run = Run::new();
    let commands = commands(&[crate::steps::purchase(1), crate::steps::reversal(100, 1)]);
    run.decide_in(&commands, &[1]);
    let batches = &run.batches;
    let begun = batches.len() - 1;
    let views = books(&batches[..begun], 1);
    let message = |store: &MemoryStore| {
        let (_, row) = store.newest_first(Table::Messages).next().unwrap().unwrap();
        row
    };
    let exported = message(views.views().store());
    let mut newer = views;
    newer.apply(&batches[begun]).unwrap();
    newer.checkpoint().unwrap();

    // All rows as they are after the reversal, the message as it was before.
    let mixed = newer.views().store().crashed(|| false);
    let oldest = mixed.page(Table::Messages, None, 1).unwrap().remove(0);
    assert_ne!(oldest.1, exported, "the reversal changed the message");
    let old_progress = load::progress(books(&batches[..begun], 1).views().store()).unwrap();
    let row = |table, key: &[u8], value| Row {
        table,
        key: key.to_vec(),
        value: Some(value),
    };
    mixed
        .write(vec![row(Table::Messages, &oldest.0, exported)])
        .unwrap();
    let applied = books(&batches[..begun], 1);
    let applied = applied
        .views()
        .store()
        .get(Table::Progress, b"applied")
        .unwrap()
        .unwrap();
    mixed
        .write(vec![row(Table::Progress, b"applied", applied)])
        .unwrap();
    assert_eq!(load::progress(&mixed).unwrap(), old_progress);
    assert_eq!(
        load::intended(&mixed).unwrap().map(|to| to.sequence),
        Some(batches.len() as u64)
    );

    let started = start(batches, mixed, 1).unwrap();
    let key = keys(&commands).into_iter().next().unwrap();
    let shown: StoredMessage = started.view_writer.views().matching(&key).unwrap().unwrap();
    let standing = shown.standing().unwrap();
    assert_eq!(standing.remaining_of_amount_minor(), 0);
    let whole: Vec<_> = books(batches, 1)
        .views()
        .store()
        .newest_first(Table::Accounts)
        .collect();
    let found: Vec<_> = started
        .view_writer
        .views()
        .store()
        .newest_first(Table::Accounts)
        .collect();
    assert_eq!(whole.len(), found.len());
    for (left, right) in whole.into_iter().zip(found) {
        assert_eq!(left.unwrap(), right.unwrap());
    }
}
