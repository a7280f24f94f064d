//! What a start does with books that are gone or damaged, on real files.

use std::path::PathBuf;

use ledger::books::inspection::{Inspection, Inspector, inspect};
use ledger::books::rows::Table;
use ledger::books::store::{Row, StoreError};
use ledger::books::{BookStore as _, Contents, SledStore};
use ledger::identifiers::Timestamp;
use ledger::journal::Batch;
use ledger::journal::disk::{Directory, Disk as _};
use ledger::journal::log::Log;
use ledger::rebuild::{Opened, Places, RebuildError, Rebuilt, Source, open};
use ledger::recovery::Replay;
use ledger::snapshot::files;
use tempfile::TempDir;

use crate::support::SHARD;
use crate::{LOG, batches, books, contents};

const CACHE_BYTES: u64 = 4 << 20;

/// A data directory.
struct Data {
    directory: TempDir,
    inspector: Inspector,
}

impl Data {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            inspector: Inspector::InProcess,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn append(&self, batches: &[Batch]) {
        let disk = Directory::open(&self.path("journal")).unwrap();
        let (mut log, _) = Log::open(disk, LOG, 0).unwrap();
        for batch in batches {
            log.append(std::slice::from_ref(batch)).unwrap();
        }
    }

    fn open(&self) -> Result<Opened, RebuildError> {
        open(&Places {
            journal: &self.path("journal"),
            books: &self.path("books"),
            snapshots: &self.path("snapshots"),
            log: LOG,
            cache_bytes: CACHE_BYTES,
            inspector: &self.inspector,
            since: Timestamp(i64::MIN),
            replay: Replay::whole(100),
        })
    }

    /// Opens, writes what was replayed, and says what the books then contain and how they came to be.
    fn run(&self) -> (Contents, Option<Rebuilt>) {
        let mut opened = self.open().unwrap();
        opened.recovery.view_writer.checkpoint().unwrap();
        let store = opened.recovery.view_writer.views().store();
        (contents(store), opened.rebuilt)
    }

    fn snapshot(&self, kept: usize) -> String {
        let opened = self.open().unwrap();
        let disk = Directory::open(&self.path("snapshots")).unwrap();
        let store = opened.recovery.view_writer.views().store();
        let time = Timestamp(0);
        files::take(store, SHARD, &disk, kept, time, &mut |_| true)
            .unwrap()
            .file
    }

    /// Removes the segments that nothing behind a sequence needs.
    fn cut_journal(&self, seen: u64) {
        let disk = Directory::open(&self.path("journal")).unwrap();
        let names: Vec<_> = disk
            .list()
            .unwrap()
            .into_iter()
            .filter(|name| name.starts_with("segment-"))
            .collect();
        for pair in names.windows(2) {
            let digits = pair[1].trim_start_matches("segment-");
            let next: u64 = digits.trim_end_matches(".journal").parse().unwrap();
            if next <= seen + 1 {
                disk.remove(&pair[0]).unwrap();
            }
        }
    }

    fn set_aside(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("books.")).collect()
    }
}

fn whole(batches: &[Batch]) -> Contents {
    let mut whole = books(batches, 1);
    whole.checkpoint().unwrap();
    contents(whole.views().store())
}

/// A row changes behind the back of the books, as when sled goes back to an older one.
fn change_a_row(data: &Data, table: Table) {
    let store = SledStore::open(&data.path("books"), CACHE_BYTES).unwrap();
    let (key, mut value) = store.page(table, None, 1).unwrap().remove(0);
    *value.last_mut().unwrap() ^= 1;
    store
        .write(vec![Row {
            table,
            key,
            value: Some(value),
        }])
        .unwrap();
    store.sync().unwrap();
}

#[test]
fn new_books_are_begun_and_used_again() {
    let data = Data::new();
    let batches = batches(60);
    assert_eq!(data.run(), (Contents::default(), None));
    data.append(&batches);
    assert_eq!(data.run(), (whole(&batches), None));
    let opened = data.open().unwrap();
    assert_eq!(opened.recovery.books_sequence, batches.len() as u64);
    assert_eq!(opened.recovery.replayed_records, 0);
}

#[test]
fn deleted_books_come_back_from_the_journal_or_a_snapshot() {
    let data = Data::new();
    let batches = batches(90);
    let (before, after) = batches.split_at(batches.len() / 2);
    data.append(before);
    data.run();
    std::fs::remove_dir_all(data.path("books")).unwrap();
    let (found, rebuilt) = data.run();
    assert_eq!(found, whole(before));
    assert_eq!(rebuilt.unwrap().source, Source::Journal);

    let file = data.snapshot(2);
    data.append(after);
    data.run();
    std::fs::remove_dir_all(data.path("books")).unwrap();
    // What a rebuild that was cut off left behind is in nobody's way.
    std::fs::create_dir(data.path("books.rebuilding")).unwrap();
    std::fs::write(data.path("books.rebuilding/db"), b"half").unwrap();
    let (found, rebuilt) = data.run();
    assert_eq!(found, whole(&batches));
    let from = before.len() as u64;
    assert_eq!(rebuilt.unwrap().source, Source::Snapshot { file, from });
    assert_eq!(data.set_aside(), [""; 0]);

    // The journal's beginning is not needed any more.
    data.cut_journal(from);
    std::fs::remove_dir_all(data.path("books")).unwrap();
    assert_eq!(data.run().0, whole(&batches));
}

#[test]
fn damaged_books_are_set_aside_and_built_anew() {
    let data = Data::new();
    let batches = batches(60);
    data.append(&batches);
    data.run();
    let mut aside = Vec::new();
    for _ in 0..3 {
        change_a_row(&data, Table::Accounts);
        let found = inspect(&data.path("books"), CACHE_BYTES);
        assert!(matches!(found, Inspection::Damaged(_)), "{found:?}");
        let (found, rebuilt) = data.run();
        assert_eq!(found, whole(&batches));
        aside = data.set_aside();
        assert_eq!(aside.len(), 1, "{aside:?}: the newest are kept");
        let expected = data.path(&aside[0]);
        assert_eq!(rebuilt.unwrap().set_aside, Some(expected));
    }
    let (found, rebuilt) = data.run();
    assert_eq!((found, rebuilt), (whole(&batches), None));
    assert_eq!(data.set_aside(), aside);
}

#[test]
fn a_damaged_snapshot_gives_way_to_an_older_one() {
    let data = Data::new();
    let batches = batches(90);
    let (first, rest) = batches.split_at(20);
    data.append(first);
    data.run();
    let old = data.snapshot(2);
    data.append(rest);
    data.run();
    let new = data.snapshot(2);
    data.cut_journal(20);
    let path = data.path("snapshots").join(&new);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    std::fs::write(data.path("books/db"), b"not a database").unwrap();
    let (found, rebuilt) = data.run();
    assert_eq!(found, whole(&batches));
    let from = first.len() as u64;
    assert_eq!(
        rebuilt.unwrap().source,
        Source::Snapshot {
            file: old.clone(),
            from
        }
    );

    // Without it nothing reaches: the report says what there is, and what there is stays.
    std::fs::remove_file(data.path("snapshots").join(old)).unwrap();
    std::fs::remove_dir_all(data.path("books")).unwrap();
    let refused = data.open().unwrap_err();
    assert!(matches!(refused, RebuildError::Refused(_)));
    let report = refused.to_string();
    assert!(report.contains(&format!("{new}: byte ")), "{report}");
    assert!(
        report.contains("the journal begins with batch "),
        "{report}"
    );
    assert!(path.exists() && !data.path("books").exists());
}

/// Damage that only the replay can show, because a checkpoint was cut off: found by it, then mended.
#[test]
fn books_that_the_replay_proves_wrong_are_built_anew() {
    let data = Data::new();
    let batches = batches(60);
    let (before, after) = batches.split_at(20);
    data.append(before);
    data.run();
    data.append(after);
    {
        let mut opened = data.open().unwrap();
        let view_writer = &mut opened.recovery.view_writer;
        let mut groups = 0;
        let cut = view_writer.checkpoint_paced(&mut |_| {
            groups += 1;
            Err(StoreError::Io {
                path: "books".into(),
                source: std::io::Error::other("cut off"),
            })
        });
        assert!(cut.is_err() && groups == 1);
    }
    let readable = inspect(&data.path("books"), CACHE_BYTES);
    let Inspection::Readable(readable) = readable else {
        panic!("{readable:?}")
    };
    assert_eq!(
        (readable.sequence, readable.reflects),
        (before.len() as u64, batches.len() as u64)
    );
    change_a_row(&data, Table::Cards);
    let (found, rebuilt) = data.run();
    assert_eq!(found, whole(&batches));
    assert!(rebuilt.unwrap().set_aside.is_some());
}

/// Files that the system keeps from us are not damaged.
#[test]
fn books_that_another_process_holds_are_left_alone() {
    let data = Data::new();
    data.append(&batches(10));
    let held = data.open().unwrap();
    let refused = data.open().unwrap_err();
    assert!(matches!(refused, RebuildError::Unusable(_)), "{refused}");
    assert!(refused.to_string().contains("lock"), "{refused}");
    assert_eq!(data.set_aside(), [""; 0]);
    drop(held);
    data.run();
}

/// A program that says nothing, nonsense or dies has found damage; one that is not there has not.
#[test]
fn how_an_inspecting_program_ends_is_judged() {
    let mut data = Data::new();
    let batches = batches(10);
    data.append(&batches);
    data.run();
    let shell = |script: &str| {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        Inspector::Program("/bin/sh".into(), arguments)
    };
    for (script, reason) in [
        (
            "echo 'thread panicked at sled' >&2; kill -ABRT $$",
            "signal: 6",
        ),
        ("exit 3", "exit status: 3"),
        ("echo nonsense", "its inspection said"),
        (
            r#"echo '{"rows":1}'; echo '{"result":{"damaged":"torn"}}'"#,
            "torn",
        ),
        (
            r#"echo '{"piece":{"table":1,"bytes":100}}'; echo short"#,
            "exit status: 0",
        ),
        (
            r#"echo '{"piece":{"table":1,"bytes":8}}'; printf '\001\000\001\000\000\000kv'"#,
            "accounts",
        ),
    ] {
        let found = shell(script)
            .inspect(&data.path("books"), CACHE_BYTES)
            .unwrap();
        let Inspection::Damaged(found) = found else {
            panic!("{script}: {found:?}")
        };
        assert!(found.contains(reason), "{script}: {found}");
    }
    data.inspector = shell("echo 'thread panicked at sled' >&2; kill -ABRT $$");
    let (found, rebuilt) = data.run();
    assert_eq!(found, whole(&batches));
    assert!(rebuilt.is_some());
    let missing = Inspector::Program("/nonexistent".into(), Vec::new());
    assert!(missing.inspect(&data.path("books"), CACHE_BYTES).is_err());
}
