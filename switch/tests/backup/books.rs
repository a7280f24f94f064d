//! The books of a data directory, read row by row without a switch.

#![allow(dead_code, reason = "shared by several test crates, each using a part")]

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use ledger::books::inspection::Inspector;
use ledger::books::rows::Table;
use ledger::books::store::{KeyValue, MemoryStore};
use ledger::books::{BookStore, Progress, ViewWriter};
use ledger::identifiers::{ShardId, Timestamp};
use ledger::journal::cursor::Cursor;
use ledger::journal::disk::Directory;
use ledger::journal::log::LogOptions;
use ledger::rebuild::{Opened, Places, RebuildError, open};
use ledger::recovery::Replay;

pub(crate) const SHARD: ShardId = ShardId(0);

/// Every row of every table.
pub(crate) type Rows = Vec<(Table, Vec<KeyValue>)>;

pub(crate) fn rows(store: &impl BookStore) -> Rows {
    let page = |table| (table, store.page(table, None, usize::MAX).unwrap());
    Table::ROWS.map(page).to_vec()
}

/// What the journal says the books contain after a batch.
pub(crate) fn replayed(data: &Path, last: u64) -> Rows {
    let disk = Directory::open(&data.join("journal")).unwrap();
    let mut cursor = Cursor::after(disk, 0);
    let mut views = ViewWriter::new(SHARD, MemoryStore::default(), Progress::default());
    while let Some(batch) = cursor.next(last).unwrap() {
        views.apply(&batch).unwrap();
    }
    views.checkpoint().unwrap();
    rows(views.views().store())
}

/// The switch's own inspection.
pub(crate) fn inspector() -> Inspector {
    Inspector::Program(
        env!("CARGO_BIN_EXE_switch").into(),
        vec!["inspect-books".to_owned()],
    )
}

/// Opens the books of a directory as a start does.
pub(crate) fn opened(data: &Path, checkpoint_rows: usize) -> Result<Opened, RebuildError> {
    open(&Places {
        journal: &data.join("journal"),
        books: &data.join("books"),
        snapshots: &data.join("snapshots"),
        log: LogOptions {
            shard: SHARD,
            segment_bytes: 1 << 20,
        },
        cache_bytes: 16 << 20,
        inspector: &inspector(),
        since: Timestamp(i64::MAX),
        replay: Replay::whole(checkpoint_rows),
    })
}

/// The rows of a data directory as a start would find them, and whether the books were built anew.
pub(crate) fn started(data: &Path) -> (Rows, bool) {
    let mut opened = opened(data, 10_000).unwrap();
    opened.recovery.view_writer.checkpoint().unwrap();
    let rows = rows(opened.recovery.view_writer.views().store());
    (rows, opened.rebuilt.is_some())
}

/// Runs something that a damaged store could keep from ending.
pub(crate) fn within<T: Send + 'static>(
    patience: Duration,
    what: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (sender, done) = mpsc::sync_channel(1);
    std::thread::spawn(move || sender.send(what()));
    done.recv_timeout(patience).expect("it came to an end")
}
