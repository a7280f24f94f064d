//! What must hold for every sequence of commands: the books are the sum of their records, a replay gives
//! the same books, batches and memory change no answer, and the books on disk are those in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "invariants/audit.rs"]
mod audit;
#[path = "invariants/run.rs"]
mod run;
#[path = "invariants/steps.rs"]
mod steps;
#[path = "invariants/store.rs"]
mod store;
mod support;

use audit::Audit;
use ledger::books::store::MemoryStore;
use ledger::books::{BookStore, Progress, ViewWriter, Views, load};
use ledger::command::Outcome;
use ledger::entities::Account;
use ledger::identifiers::Timestamp;
use ledger::journal::Batch;
use ledger::writer::Writer;
use ledger::{Command, State};
use proptest::prelude::*;
use rules::AccountId;
use run::{Run, answers, split};
use steps::{commands, keys, probes, steps};
use store::PowerStore;
use support::{SHARD, records};

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..8, 1..6)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A writer that replayed batches.
fn replayed(batches: &[Batch]) -> Writer {
    let mut writer = Writer::new(SHARD, State::default(), 0, Timestamp::default());
    for batch in batches {
        writer.replay(batch, |_| Ok(None)).unwrap();
    }
    writer
}

/// Whether two writers have the same books and answer everything alike.
fn assert_same(left: Writer, right: Writer, commands: &[Command]) {
    assert_eq!(left.sequence(), right.sequence());
    assert_eq!(
        left.state().accounts().count(),
        right.state().accounts().count()
    );
    for account in left.state().accounts() {
        assert_eq!(Some(account), right.state().account(account.id));
    }
    let probes = probes(commands);
    assert_eq!(answers(left, &probes), answers(right, &probes));
}

/// The part of an outcome that does not depend on the place of its record in the journal.
fn without_place(outcome: &Outcome) -> String {
    let Outcome::Decided(decided) = outcome else {
        panic!("{outcome:?}")
    };
    format!(
        "{} {:?} {:?} approval code {} repeat {}",
        decided.answer.response_code,
        decided.reason,
        decided.answer.balances,
        decided.answer.approval_code.is_some(),
        decided.repeat,
    )
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn the_books_are_the_sum_of_their_records(steps in steps(), sizes in sizes()) {
        let mut run = Run::new();
        let mut audit = Audit::default();
        let mut all = Vec::new();
        let commands = commands(&steps);
        let (mut audited, mut batches) = (0, split(&commands, &sizes));
        loop {
            for batch in &run.batches[audited..] {
                for (id, record) in records(batch) {
                    audit.record(id, &record);
                    all.push((id, record));
                }
            }
            audited = run.batches.len();
            prop_assert_eq!(run.writer.state().accounts().count(), audit.accounts());
            run.writer.state().accounts().for_each(|account| audit.compare(account));
            audit.compare_postings(&all);
            let Some(batch) = batches.next() else { break };
            run.decide(batch.to_vec());
        }
    }

    #[test]
    fn a_replay_gives_the_same_state(steps in steps(), sizes in sizes()) {
        let mut run = Run::new();
        let commands = commands(&steps);
        run.decide_in(&commands, &sizes);
        let replayed = replayed(&run.batches);
        prop_assert_eq!(replayed.state().recent_count(), run.writer.state().recent_count());
        assert_same(run.writer, replayed, &commands);
    }

    #[test]
    fn a_replay_newer_books_changes_nothing(steps in steps(), sizes in sizes(), from in any::<prop::sample::Index>()) {
        let mut run = Run::new();
        let commands = commands(&steps);
        run.decide_in(&commands, &sizes);
        let mut twice = replayed(&run.batches);
        for batch in &run.batches[from.index(run.batches.len())..] {
            twice.replay(batch, |_| Ok(None)).unwrap();
        }
        assert_same(run.writer, twice, &commands);
    }

    #[test]
    fn other_batches_give_the_same_answers(steps in steps(), left in sizes(), right in sizes()) {
        let commands = commands(&steps);
        let (mut first, mut second) = (Run::new(), Run::new());
        first.decide_in(&commands, &left);
        second.decide_in(&commands, &right);
        let answered = |run: &Run| run.outcomes.iter().map(without_place).collect::<Vec<_>>();
        prop_assert_eq!(answered(&first), answered(&second));
        for account in first.writer.state().accounts() {
            let other = second.writer.state().account(account.id).unwrap();
            prop_assert_eq!((account.limits, account.pending), (other.limits, other.pending));
        }
    }

    #[test]
    fn a_reversal_restores_exactly(steps in steps(), sizes in sizes(), request in any::<prop::sample::Index>()) {
        let mut run = Run::new();
        let commands = commands(&steps);
        run.decide_in(&commands, &sizes);
        let fresh: Vec<_> = commands.iter().filter_map(|command| match command {
            Command::Authorize { facts, .. } => {
                let mut facts = facts.clone();
                facts.key.stan = 500;
                Some(facts)
            }
            _ => None,
        }).collect();
        prop_assume!(!fresh.is_empty());
        let facts = fresh[request.index(fresh.len())].clone();
        let before: Vec<_> = (1..=4).map(|id| run.writer.state().account(AccountId(id)).cloned().unwrap()).collect();
        let reversals: Vec<_> = probes(&[Command::Authorize { facts: facts.clone(), stored: Vec::new() }]);
        run.decide(reversals);
        for account in before {
            let after = run.writer.state().account(account.id).unwrap();
            prop_assert_eq!((after.limits, after.pending), (account.limits, account.pending));
        }
    }
}

/// Applies batches to views, writing the books after those that `checkpoint` says.
fn apply<S: BookStore>(
    views: &mut ViewWriter<S>,
    batches: &[Batch],
    checkpoint: impl Fn(u64) -> bool,
) {
    for batch in batches {
        views.apply(batch).unwrap();
        assert_eq!(views.views().shown(), batch.sequence);
        if checkpoint(batch.sequence) {
            views.checkpoint().unwrap();
            assert_eq!(
                (views.views().in_books(), views.dirty_rows()),
                (batch.sequence, 0)
            );
        }
    }
}

/// Whether views show the accounts of a state and the same messages as other views.
fn assert_shown<S: BookStore>(
    views: &Views<S>,
    state: &State,
    others: &Views<MemoryStore>,
    commands: &[Command],
) {
    for account in state.accounts() {
        let shown = views.account(account.id).unwrap();
        assert_eq!(shown.map(Account::for_deciding).as_ref(), Some(account));
        let messages = views.messages_of(account.id, None, 1_000).unwrap();
        assert_eq!(
            messages,
            others.messages_of(account.id, None, 1_000).unwrap()
        );
    }
    for key in keys(commands) {
        assert_eq!(
            views.matching(&key).unwrap(),
            others.matching(&key).unwrap(),
            "{key:?}"
        );
    }
}

fn memory_views() -> ViewWriter<MemoryStore> {
    ViewWriter::new(SHARD, MemoryStore::default(), Progress::default())
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_books_equal_the_state_after_every_checkpoint(
        steps in steps(),
        sizes in sizes(),
        every in 1_u64..5,
    ) {
        let mut run = Run::new();
        let commands = commands(&steps);
        let (mut views, mut unwritten) = (memory_views(), memory_views());
        let mut seen = 0;
        for batch in [&[][..]].into_iter().chain(split(&commands, &sizes)) {
            if !batch.is_empty() {
                run.decide(batch.to_vec());
            }
            let new = &run.batches[seen..];
            seen = run.batches.len();
            apply(&mut views, new, |sequence| sequence % every == 0);
            apply(&mut unwritten, new, |_| false);
            assert_shown(views.views(), run.writer.state(), unwritten.views(), &commands);
        }
        views.checkpoint().unwrap();
        prop_assert_eq!(views.checkpoint().unwrap(), 0, "nothing is written twice");
        // The store alone, without what the views kept in memory.
        let left = views.views().store().crashed(|| false);
        let progress = load::progress(&left).unwrap();
        prop_assert_eq!(progress.sequence, run.writer.sequence());
        let state = load::state(&left, Timestamp(i64::MIN)).unwrap();
        let loaded = Writer::new(SHARD, state, progress.sequence, progress.time);
        let views = ViewWriter::new(SHARD, left, progress);
        assert_shown(views.views(), loaded.state(), unwritten.views(), &commands);
        assert_same(run.writer, loaded, &commands);
    }

    #[test]
    fn books_that_crashed_and_the_rest_of_the_journal_give_the_same_state(
        steps in steps(),
        sizes in sizes(),
        every in 1_u64..5,
        operations in 0_u64..60,
        survival in any::<u64>(),
    ) {
        let mut run = Run::new();
        let commands = commands(&steps);
        run.decide_in(&commands, &sizes);
        let mut unwritten = memory_views();
        apply(&mut unwritten, &run.batches, |_| false);

        let store = PowerStore::new(MemoryStore::default(), operations);
        let mut views = ViewWriter::new(SHARD, store, Progress::default());
        let mut written = 0;
        for batch in &run.batches {
            views.apply(batch).unwrap();
            if batch.sequence % every == 0 {
                match views.checkpoint() {
                    Ok(_) => written = batch.sequence,
                    Err(_) => break,
                }
            }
        }
        let mut bits = survival;
        let left = views.views().store().store.crashed(|| {
            bits = bits.rotate_left(1);
            bits & 1 == 1
        });
        drop(views);

        let progress = load::progress(&left).unwrap();
        prop_assert!(progress.sequence >= written, "a checkpoint that succeeded was lost");
        let state = load::state(&left, Timestamp(i64::MIN)).unwrap();
        let mut writer = Writer::new(SHARD, state, progress.sequence, progress.time);
        let mut views = ViewWriter::new(SHARD, left, progress);
        let rest = &run.batches[usize::try_from(progress.sequence).unwrap()..];
        rest.iter().for_each(|batch| writer.replay(batch, |_| Ok(None)).unwrap());
        apply(&mut views, rest, |sequence| sequence % every == 0);
        assert_shown(views.views(), run.writer.state(), unwritten.views(), &commands);
        views.checkpoint().unwrap();
        let views = ViewWriter::new(SHARD, views.views().store().crashed(|| false), progress);
        assert_shown(views.views(), run.writer.state(), unwritten.views(), &commands);
        assert_same(run.writer, writer, &commands);
    }

    #[test]
    fn forgetting_changes_no_answer(
        steps in steps(),
        sizes in sizes(),
        every in 1_u64..4,
        lag in 0_usize..4,
        restarts in prop::collection::vec(prop::bool::weighted(0.15), 1..20),
    ) {
        let commands = commands(&steps);
        let (remembers, forgets, _) = forgetting(&commands, &sizes, every, lag, &restarts);
        prop_assert_eq!(&remembers.outcomes, &forgets.outcomes);
        prop_assert_eq!(&remembers.batches, &forgets.batches);
    }
}

/// Runs commands through a writer that remembers everything, and through one that forgets what the books
/// hold and gets it back with the commands; the views are `lag` batches behind, and it starts anew where
/// `restarts` says. Gives both and how often something was forgotten.
fn forgetting(
    commands: &[Command],
    sizes: &[usize],
    every: u64,
    lag: usize,
    restarts: &[bool],
) -> (Run, Run, usize) {
    let (mut remembers, mut forgets) = (Run::new(), Run::new());
    let mut views = memory_views();
    let mut shown = 0;
    let mut forgotten = 0;
    for (place, batch) in split(commands, sizes).enumerate() {
        remembers.decide(batch.to_vec());
        let fetched = batch
            .iter()
            .map(|command| fetch(command, views.views()))
            .collect();
        forgets.decide(fetched);
        // The views are some batches behind, and the books behind them.
        let durable = forgets.batches.len().saturating_sub(lag).max(shown);
        apply(&mut views, &forgets.batches[shown..durable], |sequence| {
            sequence % every == 0
        });
        shown = durable;
        if restarts[place % restarts.len()] {
            // A start that finds every message older than the window, and leaves the journal's rest to the view-writer.
            let left = views.views().store().crashed(|| false);
            let progress = load::progress(&left).unwrap();
            let state = load::state(&left, Timestamp(i64::MAX)).unwrap();
            let mut writer = Writer::new(SHARD, state, progress.sequence, progress.time);
            views = ViewWriter::new(SHARD, left, progress);
            shown = usize::try_from(progress.sequence).unwrap();
            for batch in &forgets.batches[shown..] {
                let stored = |id| views.views().message(id);
                writer.replay(batch, stored).unwrap();
            }
            forgets.writer = writer;
        }
        let before = forgets.writer.state().recent_count();
        forgets.writer.forget(0, views.views().in_books());
        forgotten += before - forgets.writer.state().recent_count();
    }
    (remembers, forgets, forgotten)
}

/// A command with the messages that the books hold for it, as the switch fetches them.
fn fetch(command: &Command, views: &Views<MemoryStore>) -> Command {
    let mut command = command.clone();
    command.attach(views.related(command.lookups()).unwrap());
    command
}

/// A message whose reversal is not in the books yet must stay in memory: the books would give it back as
/// if it had never been reversed.
#[test]
fn a_reversed_message_is_kept_until_the_books_know_of_its_reversal() {
    for (lag, every) in [(1, 1), (2, 1), (3, 1), (3, 2), (6, 3)] {
        for between in 0..8 {
            let mut sequence = vec![steps::purchase(0)];
            sequence.extend((1..=12).map(steps::purchase));
            sequence.push(steps::reversal(100, 0));
            sequence.extend((20..20 + between).map(steps::purchase));
            sequence.push(steps::reversal(101, 0));
            let commands = commands(&sequence);
            let (remembers, forgets, forgotten) = forgetting(&commands, &[1], every, lag, &[false]);
            assert!(forgotten > 0);
            assert_eq!(
                remembers.outcomes, forgets.outcomes,
                "lag {lag}, {between} between"
            );
            assert_eq!(
                remembers.batches, forgets.batches,
                "lag {lag}, {between} between"
            );
        }
    }
}

/// A start leaves the journal's rest to the view-writer: what the rest made of a message that no memory held must be known
/// before the views know it.
#[test]
fn what_a_start_replays_of_an_older_message_is_known_at_once() {
    for (lag, every) in [(0, 2), (0, 3), (1, 1), (2, 1), (3, 2), (6, 3)] {
        let mut sequence = vec![steps::purchase(0)];
        sequence.extend((1..=11).map(steps::purchase));
        sequence.push(steps::reversal(100, 0));
        let restart = sequence.len() - 1;
        sequence.push(steps::reversal(101, 0));
        let commands = commands(&sequence);
        let restarts: Vec<bool> = (0..20).map(|place| place == restart).collect();
        let (remembers, forgets, _) = forgetting(&commands, &[1], every, lag, &restarts);
        assert_eq!(
            remembers.outcomes.last(),
            forgets.outcomes.last(),
            "lag {lag}, written every {every}"
        );
        assert!(
            remembers.batches == forgets.batches,
            "lag {lag}, written every {every}"
        );
    }
}

/// The sequences must meet what they are there for.
#[test]
fn random_sequences_meet_repeats_conflicts_and_reversals() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut repeats, mut reasons) = (0, std::collections::BTreeSet::new());
    let (mut audit_reversed, mut forgotten) = ((0, 0), 0);
    for _ in 0..150 {
        let commands = commands(&steps().new_tree(&mut runner).unwrap().current());
        let (run, _, count) = forgetting(&commands, &[3], 2, 1, &[false; 9]);
        forgotten += count;
        let mut audit = Audit::default();
        for (id, record) in run.batches.iter().flat_map(records) {
            audit.record(id, &record);
        }
        audit_reversed.0 += audit.reversed;
        audit_reversed.1 += audit.partly;
        for outcome in &run.outcomes {
            let Outcome::Decided(decided) = outcome else {
                panic!("{outcome:?}")
            };
            repeats += usize::from(decided.repeat);
            reasons.extend(decided.reason);
        }
    }
    assert!(repeats > 50, "{repeats} repeats");
    assert!(forgotten > 500, "{forgotten} forgotten");
    assert!(
        audit_reversed.0 > 100 && audit_reversed.1 > 50,
        "{audit_reversed:?} reversals"
    );
    use rules::Reason::{
        AccountStatus, CardLost, CashLimitExceeded, InsufficientFunds, InvalidAmount,
        MatchConflict, NoConfiguration, OriginalAmountMismatch, ReversedBeforeArrival, UnknownCard,
        UnknownOriginal, UnknownProcessingCode,
    };
    for reason in [
        AccountStatus,
        CardLost,
        CashLimitExceeded,
        InsufficientFunds,
        InvalidAmount,
        MatchConflict,
        NoConfiguration,
        OriginalAmountMismatch,
        ReversedBeforeArrival,
        UnknownCard,
        UnknownOriginal,
        UnknownProcessingCode,
    ] {
        assert!(reasons.contains(&reason), "{reason} was never met");
    }
}
