//! Damage, a case each: what is planted, and which rule must find it.

use ledger::Record;
use ledger::audit::Rule;
use ledger::authorization::{
    Approval, AuthorizationDecided, AuthorizationStatus, Decision, Relation, ReversalDecided,
};
use ledger::books::BookStore as _;
use ledger::books::rows::{Lead, MessageBody, StoredMessage, Table};
use ledger::books::store::{MemoryStore, Row};
use ledger::controls::Counted;
use ledger::entities::{Account, AccountStatus, Card, CardStatus, Customer};
use ledger::identifiers::RecordId;
use ledger::operation::OperationEffect;
use rules::{Accumulator, AccumulatorKey, AccumulatorOwner, Deltas, LimitName, Period};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::support::card_hash;
use crate::world::{CREDIT, History, find};

type InRecords = fn(&mut History);
type InRows = fn(&History, &MemoryStore);

/// What is damaged.
pub(crate) enum Damage {
    Records(InRecords),
    RecordsBesideTheJournal(InRecords),
    Rows(InRows),
    RowsBesideTheJournal(InRows),
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) damage: Damage,
    pub(crate) rule: Rule,
    /// What the finding must say.
    pub(crate) says: &'static str,
}

pub(crate) const fn case(
    name: &'static str,
    damage: Damage,
    rule: Rule,
    says: &'static str,
) -> Case {
    Case {
        name,
        damage,
        rule,
        says,
    }
}

pub(crate) const CASES: [Case; 32] = [
    case(
        "a limit is one off",
        Damage::Rows(limit_off),
        Rule::Sums,
        "its records add up to",
    ),
    case(
        "a pending sum is one off",
        Damage::Rows(pending_off),
        Rule::Sums,
        "pending",
    ),
    case(
        "an opening is one off",
        Damage::Rows(opening_off),
        Rule::Sums,
        "found other limits",
    ),
    case(
        "a granted limit is another",
        Damage::Rows(granted_off),
        Rule::Sums,
        "granted",
    ),
    case(
        "a record found other limits",
        Damage::Records(found_other_limits),
        Rule::Sums,
        "found other limits",
    ),
    case(
        "a message is gone",
        Damage::Rows(message_gone),
        Rule::Chain,
        "the one before it is",
    ),
    case(
        "an account forgets its last record",
        Damage::Rows(latest_gone),
        Rule::Chain,
        "does not lead to",
    ),
    case(
        "an approval moves one less",
        Damage::Records(moves_less),
        Rule::Moves,
        "its decision says",
    ),
    case(
        "an approval makes nothing pending",
        Damage::Records(not_pending),
        Rule::Moves,
        "its decision says",
    ),
    case(
        "a decline moves",
        Damage::Records(decline_moves),
        Rule::Moves,
        "its decision says",
    ),
    case(
        "a reversal gives back twice",
        Damage::Records(reversed_twice),
        Rule::Lives,
        "left it CANCELED",
    ),
    case(
        "a partial reversal gives back too much",
        Damage::Records(other_shares),
        Rule::Lives,
        "other shares",
    ),
    case(
        "a hold is let go after its clearing",
        Damage::Records(dropped_when_processed),
        Rule::Lives,
        "DROPPED",
    ),
    case(
        "a change is of nothing",
        Damage::Records(change_of_nothing),
        Rule::Lives,
        "no authorization",
    ),
    case(
        "an increment raises what is closed",
        Damage::Records(raises_closed),
        Rule::Lives,
        "not pending",
    ),
    case(
        "an authorization stands elsewhere",
        Damage::Rows(stands_elsewhere),
        Rule::Lives,
        "its records leave it",
    ),
    case(
        "what is left of a part is another",
        Damage::Rows(other_remaining),
        Rule::Lives,
        "its records leave it",
    ),
    case(
        "nobody finds a hold when it is due",
        Damage::Rows(never_due),
        Rule::Lives,
        "when it is due",
    ),
    case(
        "an approval of more than there is",
        Damage::Records(below_floor),
        Rule::Floors,
        "below its floor -5000",
    ),
    case(
        "a key leads nowhere",
        Damage::Rows(key_gone),
        Rule::Keys,
        "leads nowhere",
    ),
    case(
        "a key leads to another",
        Damage::Records(key_taken),
        Rule::Keys,
        "leads to record",
    ),
    case(
        "a transaction is gone",
        Damage::Rows(transaction_gone),
        Rule::Postings,
        "the books have None",
    ),
    case(
        "a transaction is of another amount",
        Damage::Records(other_posting),
        Rule::Postings,
        "the books have",
    ),
    case(
        "a transaction nobody decided",
        Damage::Records(extra_posting),
        Rule::Postings,
        "was not decided",
    ),
    case(
        "a card has another status",
        Damage::Rows(card_other_status),
        Rule::Statuses,
        "card",
    ),
    case(
        "an account has another status",
        Damage::Rows(account_other_status),
        Rule::Statuses,
        "its last change made it BLOCKED",
    ),
    case(
        "a limit has counted what no record counts",
        Damage::Rows(counted_from_nowhere),
        Rule::Counts,
        "no record counts",
    ),
    case(
        "a message says something else",
        Damage::RecordsBesideTheJournal(other_content),
        Rule::Journal,
        "another record",
    ),
    case(
        "the journal has one more",
        Damage::RowsBesideTheJournal(last_gone),
        Rule::Journal,
        "do not hold record",
    ),
    case(
        "the journal has one less",
        Damage::RecordsBesideTheJournal(one_more),
        Rule::Journal,
        "journal does not hold",
    ),
    case(
        "a customer has another name",
        Damage::RowsBesideTheJournal(other_name),
        Rule::Journal,
        "created",
    ),
    case(
        "a card was issued otherwise",
        Damage::RowsBesideTheJournal(other_card),
        Rule::Journal,
        "issued",
    ),
];

fn deltas(minor: i64) -> Deltas {
    let mut deltas = Deltas::NONE;
    assert!(deltas.set(LimitName::AvailableCreditLimit, minor));
    deltas
}

/// The authorization of a STAN.
fn authorization(history: &mut History, stan: u32) -> (RecordId, &mut AuthorizationDecided) {
    let (id, record) = find(
        history,
        |record| matches!(record, Record::AuthorizationDecided(decided) if decided.facts.key.stan == stan),
    );
    match record {
        Record::AuthorizationDecided(decided) => (id, decided),
        _ => unreachable!(),
    }
}

fn approval(decided: &mut AuthorizationDecided) -> &mut Approval {
    match &mut decided.decision {
        Decision::Approved(approval) => approval,
        other => panic!("{other:?}"),
    }
}

/// The reversal of a STAN.
fn reversal(history: &mut History, stan: u32) -> &mut ReversalDecided {
    let (_, record) = find(
        history,
        |record| matches!(record, Record::ReversalDecided(decided) if decided.facts.key.stan == stan),
    );
    match record {
        Record::ReversalDecided(decided) => decided,
        _ => unreachable!(),
    }
}

/// Every row begins with the version of its layout.
fn read<T: DeserializeOwned>(store: &MemoryStore, table: Table, key: &[u8]) -> (u8, T) {
    let row = store.get(table, key).unwrap().unwrap();
    (row[0], postcard::from_bytes(&row[1..]).unwrap())
}

pub(crate) fn change<T: DeserializeOwned + Serialize>(
    store: &MemoryStore,
    table: Table,
    key: &[u8],
    change: impl FnOnce(&mut T),
) {
    let (version, mut value) = read::<T>(store, table, key);
    change(&mut value);
    let bytes = postcard::to_extend(&value, vec![version]).unwrap();
    write(store, table, key, Some(bytes));
}

pub(crate) fn write(store: &MemoryStore, table: Table, key: &[u8], value: Option<Vec<u8>>) {
    let key = key.to_vec();
    store.write(vec![Row { table, key, value }]).unwrap();
}

fn account(store: &MemoryStore, changed: impl FnOnce(&mut Account)) {
    change(store, Table::Accounts, &CREDIT.0.to_be_bytes(), changed);
}

fn message(store: &MemoryStore, id: RecordId, changed: impl FnOnce(&mut StoredMessage)) {
    change(store, Table::Messages, &id.to_key(), changed);
}

fn limit_off(_: &History, store: &MemoryStore) {
    account(store, |account| account.limits.available_credit_limit += 1);
}

fn pending_off(_: &History, store: &MemoryStore) {
    account(store, |account| {
        let pending = account.pending.get(LimitName::AvailableCreditLimit);
        account.pending = deltas(pending + 1);
    });
}

fn opening_off(_: &History, store: &MemoryStore) {
    account(store, |account| {
        account.opening = Some(Box::new(deltas(499_999)))
    });
}

fn granted_off(_: &History, store: &MemoryStore) {
    account(store, |account| account.limits.total_credit_limit += 1);
}

fn found_other_limits(history: &mut History) {
    let (_, decided) = authorization(history, 4);
    decided
        .limits_before
        .as_mut()
        .unwrap()
        .available_credit_limit += 1;
}

fn message_gone(history: &History, store: &MemoryStore) {
    let (id, _) = authorization(&mut history.clone(), 4);
    write(store, Table::Messages, &id.to_key(), None);
}

fn latest_gone(_: &History, store: &MemoryStore) {
    account(store, |account| account.latest = None);
}

fn moves_less(history: &mut History) {
    let (_, decided) = authorization(history, 1);
    decided.moves[0].deltas = deltas(-9_999);
    // What later messages found agrees: only the record itself shows it.
    for (_, records) in history.iter_mut() {
        for record in records {
            if let Record::AuthorizationDecided(decided) = record
                && decided.account == Some(CREDIT)
                && decided.facts.key.stan > 1
            {
                decided
                    .limits_before
                    .as_mut()
                    .unwrap()
                    .available_credit_limit += 1;
            }
        }
    }
}

fn not_pending(history: &mut History) {
    let (_, decided) = authorization(history, 1);
    decided.moves[0].pending = Deltas::NONE;
}

fn decline_moves(history: &mut History) {
    let (_, decided) = authorization(history, 9);
    decided.moves[0].deltas = deltas(1);
}

fn reversed_twice(history: &mut History) {
    let first = reversal(history, 7).clone();
    let second = reversal(history, 8);
    second.change = first.change;
    second.moves[0].deltas = first.moves[0].deltas;
}

fn other_shares(history: &mut History) {
    let decided = reversal(history, 3);
    let change = decided.change.as_mut().unwrap();
    let part = &mut change.parts[0];
    part.moves = part.moves.plus(&part.moves).unwrap();
}

fn dropped_when_processed(history: &mut History) {
    let (id, cleared) = authorization(history, 4);
    let key = cleared.facts.key;
    let previous = latest(history, CREDIT);
    let (_, record) = find(history, |record| matches!(record, Record::HoldDropped(_)));
    let Record::HoldDropped(dropped) = record else {
        unreachable!()
    };
    dropped.change.authorization = id;
    dropped.change.key = key.into();
    dropped.change.status_before = AuthorizationStatus::Processed;
    dropped.change.parts[0].before_minor = 1_500;
    dropped.account = CREDIT;
    dropped.moves[0].account = CREDIT;
    dropped.moves[0].previous = previous;
}

/// The last record of an account before the last batch.
fn latest(history: &mut History, account: rules::AccountId) -> Option<RecordId> {
    let count = history.len() - 1;
    let mut latest = None;
    for (sequence, (_, records)) in (1..).zip(history.iter().take(count)) {
        for (index, record) in (0..).zip(records) {
            let moves = match record {
                Record::AuthorizationDecided(decided) => &decided.moves,
                Record::ReversalDecided(decided) => &decided.moves,
                Record::OperationDone(done) => &done.moves,
                _ => continue,
            };
            if moves.iter().any(|moved| moved.account == account) {
                let shard = crate::support::SHARD;
                latest = Some(RecordId {
                    shard,
                    sequence,
                    index,
                });
            }
        }
    }
    latest
}

fn change_of_nothing(history: &mut History) {
    let decided = reversal(history, 7);
    decided.change.as_mut().unwrap().authorization.sequence = 1;
}

fn raises_closed(history: &mut History) {
    let (of, _) = authorization(history, 6);
    let decided = authorization(history, 9).1;
    let mut moves = decided.moves[0];
    moves.deltas = deltas(-5);
    moves.pending = deltas(-5);
    decided.moves[0] = moves;
    let key = decided.facts.key;
    decided.decision = Decision::Approved(Box::new(Approval {
        moves: ledger::authorization::Moves::of(CREDIT, deltas(-5)),
        amount_minor: 5,
        transaction_minor: 5,
        relation: Relation::Raises((key.into(), of)),
        ..Approval::without_effect()
    }));
}

fn stands_elsewhere(history: &History, store: &MemoryStore) {
    let (id, _) = authorization(&mut history.clone(), 1);
    message(store, id, |message| {
        standing(message).status = AuthorizationStatus::Processed;
    });
}

fn other_remaining(history: &History, store: &MemoryStore) {
    let (id, _) = authorization(&mut history.clone(), 1);
    message(store, id, |message| {
        standing(message).parts[0].remaining_minor += 1
    });
}

fn standing(message: &mut StoredMessage) -> &mut ledger::authorization::Standing {
    match &mut message.body {
        MessageBody::Authorization { standing, .. } => standing.as_mut().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn never_due(history: &History, store: &MemoryStore) {
    let mut history = history.clone();
    let (id, decided) = authorization(&mut history, 1);
    let due = approval(decided).expires.unwrap();
    // The increment was decided a second later, and so was its day.
    for due in [due, due.plus_us(1_000_000)] {
        write(store, Table::Matches, &Lead::Expiry(due, id).to_key(), None);
    }
}

fn below_floor(history: &mut History) {
    let (_, decided) = authorization(history, 10);
    let approval = approval(decided);
    approval.moves = ledger::authorization::Moves::of(crate::world::DEBIT, deltas(-25_001));
    decided.moves[0].deltas = deltas(-25_001);
    let (_, later) = authorization(history, 11);
    later.limits_before.as_mut().unwrap().available_credit_limit = 20_000 - 25_001;
}

fn key_gone(history: &History, store: &MemoryStore) {
    let mut history = history.clone();
    let (_, decided) = authorization(&mut history, 9);
    let lookup = ledger::authorization::Lookup::Key(decided.facts.key.into());
    let lead = Lead::Lookup(lookup);
    write(store, lead.table(), &lead.to_key(), None);
}

fn key_taken(history: &mut History) {
    let (_, first) = authorization(history, 6);
    let key = first.facts.key;
    let (_, second) = authorization(history, 9);
    second.facts.key = key;
}

fn counted_from_nowhere(_: &History, store: &MemoryStore) {
    let key = AccumulatorKey {
        control: "daily".parse().unwrap(),
        owner: AccumulatorOwner::Account(CREDIT),
    };
    let counted = Counted {
        accumulator: Accumulator {
            period: Period {
                start_us: 0,
                end_us: i64::MAX,
                rule: 1,
                resets: 0,
            },
            amount_minor: 1,
            count: 0,
        },
        reflects: RecordId::default(),
    };
    let (version, _) = read::<Account>(store, Table::Accounts, &CREDIT.0.to_be_bytes());
    let row = postcard::to_extend(&counted, vec![version]).unwrap();
    let key = ledger::books::rows::accumulator_key(&key);
    write(store, Table::Accumulators, &key, Some(row));
}

fn posted(record: &Record) -> bool {
    matches!(record, Record::TransactionPosted(_))
}

fn transaction_gone(_: &History, store: &MemoryStore) {
    let page = store.page(Table::Transactions, None, 1).unwrap();
    write(store, Table::Transactions, &page[0].0, None);
}

fn other_posting(history: &mut History) {
    let (_, record) = find(history, posted);
    if let Record::TransactionPosted(posted) = record {
        posted.posting.amount_minor += 1;
    }
}

fn extra_posting(history: &mut History) {
    let (_, record) = find(history, posted);
    let copy = record.clone();
    let batch = history
        .iter_mut()
        .find(|(_, records)| records.iter().any(posted));
    batch.unwrap().1.push(copy);
}

fn card_other_status(_: &History, store: &MemoryStore) {
    change(store, Table::Cards, &card_hash("B").0, |card: &mut Card| {
        card.facts.status = CardStatus::Normal;
    });
}

fn account_other_status(_: &History, store: &MemoryStore) {
    account(store, |account| account.status = AccountStatus::Normal);
}

fn other_content(history: &mut History) {
    let (_, decided) = authorization(history, 4);
    decided.facts.retrieval_reference = Some("000000000004".to_owned());
}

/// The last record is gone with all that it did: the account is as the one before left it.
fn last_gone(history: &History, store: &MemoryStore) {
    let mut history = history.clone();
    let (id, record) = find(&mut history, |record| {
        matches!(record, Record::OperationDone(done)
            if matches!(done.effect, OperationEffect::AccountStatus { .. }))
    });
    let Record::OperationDone(done) = record else {
        unreachable!()
    };
    let previous = done.moves[0].previous;
    write(store, Table::Messages, &id.to_key(), None);
    account(store, |account| {
        account.status = AccountStatus::Normal;
        (account.latest, account.reflects) = (previous, previous.unwrap());
    });
}

fn one_more(history: &mut History) {
    let (_, record) = find(history, |record| {
        matches!(record, Record::FileActionDecided(_))
    });
    let Record::FileActionDecided(mut decided) = record.clone() else {
        unreachable!()
    };
    decided.facts.key.stan = 99;
    decided.status = None;
    let place = history
        .iter()
        .position(|(_, records)| matches!(records[0], Record::FileActionDecided(_)));
    let (_, records) = &mut history[place.unwrap()];
    records.push(Record::FileActionDecided(decided));
}

fn other_name(_: &History, store: &MemoryStore) {
    change(
        store,
        Table::Customers,
        &1_u64.to_be_bytes(),
        |customer: &mut Customer| {
            customer.name.push('!');
        },
    );
}

fn other_card(_: &History, store: &MemoryStore) {
    change(store, Table::Cards, &card_hash("A").0, |card: &mut Card| {
        card.facts.bin = Some(*b"99999999");
    });
}
