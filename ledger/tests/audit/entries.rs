//! Damage of what is posted, a case each: between a row and what plans it, between an account and what its records
//! clear, and between an account and its currency.

use ledger::Record;
use ledger::audit::Rule;
use ledger::authorization::TransactionPosted;
use ledger::books::BookStore as _;
use ledger::books::rows::Table;
use ledger::books::store::MemoryStore;
use ledger::operation::OperationEffect;

use crate::damage::{Case, Damage, case, change};
use crate::world::{DEBIT, History, find};

pub(crate) const CASES: [Case; 7] = [
    case(
        "a transaction is posted in the other direction",
        Damage::Records(other_direction),
        Rule::Postings,
        "the books have",
    ),
    case(
        "a transaction is posted on another account",
        Damage::Records(other_account),
        Rule::Postings,
        "the books have None",
    ),
    case(
        "a row says another account than its key",
        Damage::Rows(account_in_row),
        Rule::Cleared,
        "cleared as credit",
    ),
    case(
        "a transaction is posted in another currency",
        Damage::Rows(other_currency),
        Rule::DoubleEntry,
        "is posted in currency 978",
    ),
    case(
        "a compensation is posted for another authorization",
        Damage::Records(for_another),
        Rule::Cleared,
        "has 0 cleared as credit and 5000 as debit; posted are 800 and 5000",
    ),
    case(
        "a forced operation posts more than it stands for",
        Damage::Records(posts_more),
        Rule::Cleared,
        "has 800 cleared as credit and 800 as debit; posted are 800 and 801",
    ),
    case(
        "a transaction is posted of nothing",
        Damage::Records(nothing_cleared),
        Rule::Cleared,
        "posted are 800 and 800",
    ),
];

fn first(history: &mut History) -> &mut TransactionPosted {
    posted(history, |_| true)
}

fn posted(
    history: &mut History,
    wanted: impl Fn(&TransactionPosted) -> bool,
) -> &mut TransactionPosted {
    let (_, record) = find(
        history,
        |record| matches!(record, Record::TransactionPosted(posted) if wanted(posted)),
    );
    match record {
        Record::TransactionPosted(posted) => posted,
        other => panic!("{other:?}"),
    }
}

fn row(store: &MemoryStore, changed: impl FnOnce(&mut TransactionPosted)) {
    let page = store.page(Table::Transactions, None, 1).unwrap();
    change(store, Table::Transactions, &page[0].0, changed);
}

fn other_direction(history: &mut History) {
    let posting = &mut first(history).posting;
    posting.credit = !posting.credit;
}

fn other_account(history: &mut History) {
    first(history).account = DEBIT;
}

fn account_in_row(_: &History, store: &MemoryStore) {
    row(store, |posted| posted.account = DEBIT);
}

fn other_currency(_: &History, store: &MemoryStore) {
    row(store, |posted| posted.currency = "978".parse().unwrap());
}

/// The operation that undid the forced one posts for the adjustment instead.
fn for_another(history: &mut History) {
    let (adjusted, _) = operation(history, "adjust");
    let (undone, _) = operation(history, "undo");
    let compensation = posted(history, |posted| posted.reversal == Some(undone));
    compensation.authorization = adjusted;
}

fn posts_more(history: &mut History) {
    let (forced, done) = operation(history, "force");
    done.postings[0].posting.amount_minor += 1;
    let forced = posted(history, |posted| {
        posted.authorization == forced && posted.reversal.is_none()
    });
    forced.posting.amount_minor += 1;
}

/// A forced operation stands for nothing that is posted, and its transactions stay.
fn nothing_cleared(history: &mut History) {
    let (_, done) = operation(history, "force");
    if let OperationEffect::Forced(standing) = &mut done.effect {
        standing.parts[0].postings.clear();
    }
}

fn operation<'a>(
    history: &'a mut History,
    tracking_id: &str,
) -> (
    ledger::identifiers::RecordId,
    &'a mut ledger::operation::OperationDone,
) {
    let (id, record) = find(
        history,
        |record| matches!(record, Record::OperationDone(done) if done.request.tracking_id.as_str() == tracking_id),
    );
    match record {
        Record::OperationDone(done) => (id, done),
        other => panic!("{other:?}"),
    }
}
