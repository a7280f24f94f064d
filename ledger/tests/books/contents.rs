//! The sums of the tables follow every checkpoint, and a start compares them with the rows.

use ledger::Command;
use ledger::authorization::{MatchKey, MessageClass, RequestFacts};
use ledger::books::rows::Table;
use ledger::books::store::{MemoryStore, Row};
use ledger::books::{BookStore as _, Progress, ViewWriter, load};
use ledger::recovery::RecoveryError;
use proptest::prelude::*;

use crate::run::Run;
use crate::steps::{commands, steps};
use crate::support::{SHARD, card_hash, made, match_key};
use crate::{batches, books, contents, start};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_sums_are_those_of_the_rows_after_every_checkpoint(
        steps in steps(),
        every in 1_u64..5,
    ) {
        let mut run = Run::new();
        run.decide_in(&commands(&steps), &[2]);
        let mut views = ViewWriter::new(SHARD, MemoryStore::default(), Progress::default());
        for batch in &run.batches {
            views.apply(batch).unwrap();
            if batch.sequence % every == 0 {
                views.checkpoint().unwrap();
                let store = views.views().store();
                prop_assert_eq!(contents(store), load::progress(store).unwrap().contents);
                prop_assert_eq!(load::intended(store).unwrap(), None);
            }
        }
    }

    /// A start after a crash within a checkpoint, whatever of it reached the store, and whether or not the
    /// start crashes again: the sums that were announced are those of the replay.
    #[test]
    fn a_checkpoint_that_was_cut_off_is_made_up_for_and_proven(
        steps in steps(),
        at in any::<prop::sample::Index>(),
        survival in any::<u64>(),
        rows in 1_usize..50,
    ) {
        let mut run = Run::new();
        run.decide_in(&commands(&steps), &[1]);
        let (before, after) = run.batches.split_at(at.index(run.batches.len()));
        let mut views = books(before, 3);
        for batch in after {
            views.apply(batch).unwrap();
        }
        // The store fails before the rows are synced, so any of them may be there.
        let mut groups = 0;
        let cut = views.checkpoint_paced(&mut |store| {
            groups += 1;
            store.set_failing(true);
            Ok(())
        });
        prop_assert!(cut.is_err() || groups == 0);
        let mut bits = survival;
        let left = views.views().store().crashed(|| {
            bits = bits.rotate_left(1);
            bits & 1 == 1
        });
        let started = start(&run.batches, left, rows).unwrap();
        let mut recovered = started.view_writer;
        recovered.checkpoint().unwrap();
        let store = recovered.views().store();
        let mut whole = books(&run.batches, 1);
        whole.checkpoint().unwrap();
        prop_assert_eq!(contents(store), contents(whole.views().store()));
        prop_assert_eq!(contents(store), load::progress(store).unwrap().contents);
    }
}

/// Increments prolong an authorization. A checkpoint that was cut off may have written its row and not what leads to it
/// by the time when it is due: the replay then takes the earlier times away all the same.
#[test]
fn times_that_increments_moved_are_made_up_for() {
    let key = |stan| match_key(card_hash("credit"), MessageClass::Authorization, stan);
    let asked = |stan, original: Option<MatchKey>| Command::Authorize {
        facts: Box::new(RequestFacts {
            original,
            incremental: original.is_some(),
            ..made::request(key(stan), made::fingerprint(*b"000000", 1_000))
        }),
        stored: Vec::new(),
    };
    let mut run = Run::new();
    let raise = |stan| asked(stan, Some(key(1)));
    run.decide_in(&[asked(1, None), raise(2), raise(3)], &[1]);
    let (before, after) = run.batches.split_at(run.batches.len() - 2);
    let mut whole = books(&run.batches, 1);
    whole.checkpoint().unwrap();
    for survivor in 0..20 {
        let mut views = books(before, 1);
        for batch in after {
            views.apply(batch).unwrap();
        }
        views
            .checkpoint_paced(&mut |store| {
                store.set_failing(true);
                Ok(())
            })
            .unwrap_err();
        let mut place = 0;
        let left = views.views().store().crashed(|| {
            place += 1;
            place - 1 == survivor
        });
        let started = start(&run.batches, left, 100).unwrap();
        let mut recovered = started.view_writer;
        recovered.checkpoint().unwrap();
        let (found, expected) = (recovered.views().store(), whole.views().store());
        assert_eq!(contents(found), contents(expected), "row {survivor}");
    }
}

/// A row that is gone, older or newer than the books say stops the start.
#[test]
fn rows_that_are_not_those_that_were_written_are_refused() {
    let batches = batches(40);
    let written = books(&batches, 1);
    let older = books(&batches[..batches.len() - 1], 1);
    for table in [Table::Accounts, Table::Messages] {
        let store = written.views().store().crashed(|| false);
        let page = older.views().store().page(table, None, 1000).unwrap();
        let stale = page.iter().find_map(|(key, value)| {
            let now = store.get(table, key).unwrap();
            (now.as_ref() != Some(value)).then(|| (key.clone(), value.clone()))
        });
        let (key, value) = stale.unwrap();
        store
            .write(vec![Row {
                table,
                key,
                value: Some(value),
            }])
            .unwrap();
        let refused = start(&batches, store, 100).unwrap_err();
        assert!(matches!(refused, RecoveryError::Contents(_)), "{refused}");
        assert!(refused.is_of_the_books());
        assert!(refused.to_string().contains(table.name()), "{refused}");
    }
}

/// The same when a checkpoint was cut off before: the replay shows it, before anything says otherwise.
#[test]
fn rows_that_a_replay_does_not_touch_are_proven_by_it() {
    let batches = batches(40);
    let (before, after) = batches.split_at(batches.len() - 3);
    let mut views = books(before, 1);
    for batch in after {
        views.apply(batch).unwrap();
    }
    views
        .checkpoint_paced(&mut |store| {
            store.set_failing(true);
            Ok(())
        })
        .unwrap_err();
    let store = views.views().store().crashed(|| false);
    let intended = load::intended(&store).unwrap().unwrap();
    assert_eq!(intended.sequence, batches.len() as u64);
    let (key, mut value) = store.page(Table::Cards, None, 1).unwrap().remove(0);
    *value.last_mut().unwrap() ^= 1;
    let table = Table::Cards;
    store
        .write(vec![Row {
            table,
            key,
            value: Some(value),
        }])
        .unwrap();
    store.sync().unwrap();
    for _ in 0..2 {
        let store = store.crashed(|| false);
        let refused = start(&batches, store, 100).unwrap_err();
        assert!(refused.is_of_the_books(), "{refused}");
    }
}

/// Books whose rows may reflect more than the journal holds are as much ahead of it as others.
#[test]
fn books_ahead_of_the_journal_are_refused() {
    let batches = batches(20);
    let (before, after) = batches.split_at(5);
    let mut views = books(before, 5);
    for batch in after {
        views.apply(batch).unwrap();
    }
    views
        .checkpoint_paced(&mut |store| {
            store.set_failing(true);
            Ok(())
        })
        .unwrap_err();
    let left = views.views().store().crashed(|| true);
    let refused = start(&batches[..batches.len() - 1], left, 100).unwrap_err();
    assert!(!refused.is_of_the_books(), "{refused}");
    assert!(matches!(refused, RecoveryError::Open(_)), "{refused}");
}
