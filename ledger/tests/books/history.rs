//! The history of an account: page by page it is everything that was decided on it, and every transaction
//! stands once, with the decision that posted it.

use ledger::Record;
use ledger::books::store::MemoryStore;
use ledger::books::{Progress, ViewWriter};
use ledger::identifiers::RecordId;
use ledger::journal::Batch;
use ledger::record::records_of;
use rules::AccountId;

use crate::run::Run;
use crate::steps::{self, Step};
use crate::support::SHARD;

/// Purchases of both kinds, and reversals of some of either.
fn batches() -> Vec<Batch> {
    let mut run = Run::new();
    let steps: Vec<_> = (0..60)
        .map(|number| {
            let financial = number % 3 == 0;
            let mut step = match number % 5 {
                4 => steps::reversal(10_000 + number, number - 4),
                _ => steps::purchase(number),
            };
            match &mut step {
                Step::Request(request) => request.financial = financial,
                Step::Reverse(reverse) => reverse.financial = (number - 4) % 3 == 0,
            }
            step
        })
        .collect();
    run.decide_in(&steps::commands(&steps), &[1, 2, 3]);
    run.batches
}

/// What the records say of an account: each decision on it, the newest first, with its transactions.
fn expected(batches: &[Batch], account: AccountId) -> Vec<(RecordId, Vec<RecordId>)> {
    let mut decisions: Vec<(RecordId, Vec<RecordId>)> = Vec::new();
    for record in batches.iter().flat_map(|batch| records_of(SHARD, batch)) {
        let (id, record) = record.unwrap();
        let moves = match &record {
            Record::AuthorizationDecided(decided) => &decided.moves[..],
            Record::ReversalDecided(decided) => &decided.moves[..],
            Record::TransactionPosted(posted) => {
                let cause = posted.reversal.unwrap_or(posted.authorization);
                let decision = decisions.iter_mut().find(|(of, _)| *of == cause);
                decision.unwrap().1.push(id);
                continue;
            }
            _ => continue,
        };
        if moves.iter().any(|moved| moved.account == account) {
            decisions.push((id, Vec::new()));
        }
    }
    decisions.reverse();
    decisions
}

#[test]
fn pages_are_everything_that_was_decided_and_posted() {
    let batches = batches();
    let account = AccountId(1);
    let expected = expected(&batches, account);
    let posted: usize = expected.iter().map(|(_, posted)| posted.len()).sum();
    assert!(expected.len() >= 40 && posted >= 10, "{expected:?}");
    for every in [1, 7, u64::MAX] {
        let mut books = ViewWriter::new(SHARD, MemoryStore::default(), Progress::default());
        for batch in &batches {
            books.apply(batch).unwrap();
            if batch.sequence % every == 0 {
                books.checkpoint().unwrap();
            }
        }
        for limit in [1, 7, 1000] {
            let (mut found, mut cursor) = (Vec::new(), None);
            loop {
                let page = books.views().history(account, cursor, limit).unwrap();
                assert!(page.len() <= limit);
                let Some(last) = page.last() else { break };
                cursor = Some(last.message.id);
                found.extend(page.into_iter().map(|entry| {
                    let posted = entry.transactions.into_iter().map(|(id, _)| id);
                    (entry.message.id, posted.collect::<Vec<_>>())
                }));
            }
            assert_eq!(found, expected, "{limit} a page, every {every}");
        }
    }
}
