//! Damage of transfers, a case each.

use ledger::Record;
use ledger::audit::Rule;
use ledger::books::rows::{Lead, Table};
use ledger::books::store::MemoryStore;
use ledger::identifiers::RecordId;
use ledger::operation::{Operation, OperationDone, OperationEffect};

use crate::damage::{Case, Damage, case, write};
use crate::world::{COMPLETED, History, IN_FLIGHT, RETURNED, find};

pub(crate) const CASES: [Case; 7] = [
    case(
        "the intent of a transfer is forgotten",
        Damage::Rows(intent_forgotten),
        Rule::Transfers,
        "is forgotten",
    ),
    case(
        "the intent of a settled transfer is open",
        Damage::Rows(intent_open),
        Rule::Transfers,
        "is open though it was settled",
    ),
    case(
        "more is received than was sent",
        Damage::Records(received_otherwise),
        Rule::Transfers,
        "receives what was not sent",
    ),
    case(
        "a transfer takes less than it says",
        Damage::Records(takes_less),
        Rule::Transfers,
        "and stands for",
    ),
    case(
        "what was credited is given back",
        Damage::Records(settled_as_refused),
        Rule::Transfers,
        "its counterpart was credited",
    ),
    case(
        "what was refused is kept",
        Damage::Records(settled_as_credited),
        Rule::Transfers,
        "its counterpart refused it",
    ),
    case(
        "a transfer is settled that nobody decided",
        Damage::Records(settled_undecided),
        Rule::Transfers,
        "has not decided",
    ),
];

fn done(
    history: &mut History,
    wanted: impl Fn(&OperationDone) -> bool,
) -> (RecordId, &mut OperationDone) {
    let (id, record) = find(
        history,
        |record| matches!(record, Record::OperationDone(done) if wanted(done)),
    );
    match record {
        Record::OperationDone(done) => (id, done),
        other => panic!("{other:?}"),
    }
}

fn sent<'a>(history: &'a mut History, tracking_id: &str) -> (RecordId, &'a mut OperationDone) {
    done(history, |done| {
        done.request.tracking_id.as_str() == tracking_id
            && matches!(done.effect, OperationEffect::TransferSent(_))
    })
}

fn received<'a>(history: &'a mut History, tracking_id: &str) -> &'a mut OperationDone {
    let of_it = |done: &OperationDone| {
        done.request.tracking_id.as_str() == tracking_id
            && matches!(done.request.operation, Operation::ReceiveTransfer(_))
    };
    done(history, of_it).1
}

fn settled<'a>(history: &'a mut History, tracking_id: &str) -> &'a mut OperationDone {
    let of_it = |done: &OperationDone| {
        done.request.tracking_id.as_str() == tracking_id
            && matches!(done.effect, OperationEffect::TransferSettled(_))
    };
    done(history, of_it).1
}

fn intent_forgotten(history: &History, store: &MemoryStore) {
    let (id, _) = sent(&mut history.clone(), IN_FLIGHT);
    write(store, Table::Matches, &Lead::Transfer(id).to_key(), None);
}

fn intent_open(history: &History, store: &MemoryStore) {
    let mut history = history.clone();
    let open = Lead::Transfer(sent(&mut history, IN_FLIGHT).0).to_key();
    let row = ledger::books::BookStore::get(store, Table::Matches, &open).unwrap();
    let settled = Lead::Transfer(sent(&mut history, COMPLETED).0).to_key();
    write(store, Table::Matches, &settled, row);
}

fn received_otherwise(history: &mut History) {
    if let Operation::ReceiveTransfer(remittance) =
        &mut received(history, COMPLETED).request.operation
    {
        remittance.transfer.amount_minor += 1;
    }
}

fn takes_less(history: &mut History) {
    if let OperationEffect::TransferSent(sent) = &mut sent(history, COMPLETED).1.effect {
        sent.standing.parts[0].amount_minor -= 1;
    }
}

fn settled_as_refused(history: &mut History) {
    let returned = settled(history, RETURNED).effect.returned().cloned();
    if let OperationEffect::TransferSettled(settled) = &mut settled(history, COMPLETED).effect {
        settled.returned = returned;
    }
}

fn settled_as_credited(history: &mut History) {
    let done = settled(history, RETURNED);
    if let OperationEffect::TransferSettled(settled) = &mut done.effect {
        settled.returned = None;
    }
    done.postings.clear();
}

fn settled_undecided(history: &mut History) {
    let (id, _) = sent(history, IN_FLIGHT);
    let done = settled(history, COMPLETED);
    if let Operation::SettleTransfer { id: of, .. } = &mut done.request.operation {
        *of = id;
    }
}
