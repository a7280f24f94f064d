//! What the tests of the ledger share: the shipped rules, made-up cards and match keys, and the gate
//! between deciding and answering. It decides nothing.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "shared by several test crates, each using a part; a test that panics has failed"
)]

pub(crate) mod made;
pub(crate) mod rehearsed;

use std::path::Path;
use std::sync::LazyLock;

use ledger::authorization::{MatchKey, MessageClass};
use ledger::command::Outcome;
use ledger::identifiers::CardHash;
use ledger::identifiers::{RecordId, ShardId};
use ledger::journal::Batch;
use ledger::writer::Pending;
use ledger::{Record, Watermark};
use rules::{NetworkId, Snapshot};

/// The shard of every test.
pub(crate) const SHARD: ShardId = ShardId(0);

/// DE7 of a message that does not say otherwise.
pub(crate) const TRANSMISSION: u64 = 1_120_120_000;

static RULES: LazyLock<Snapshot> = LazyLock::new(|| {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    rules::load(&config).unwrap_or_else(|errors| panic!("{errors}"))
});

/// The rules that the repository ships.
pub(crate) fn rules() -> &'static Snapshot {
    &RULES
}

/// A made-up card hash that shows the card's name.
pub(crate) fn card_hash(name: &str) -> CardHash {
    let mut hash = [0; 32];
    for (place, byte) in hash.iter_mut().zip(name.bytes()) {
        *place = byte;
    }
    CardHash(hash)
}

/// The match key of a message of network 1, without acquirer and terminal.
pub(crate) fn match_key(card: CardHash, class: MessageClass, stan: u32) -> MatchKey {
    MatchKey {
        network: NetworkId(1),
        card,
        class,
        stan,
        transmission: TRANSMISSION,
        acquirer: 0,
        terminal: *b"        ",
    }
}

/// Takes outcomes through the gate, and checks that it was closed one batch before.
pub(crate) fn release<T: std::fmt::Debug>(pending: Pending<T>) -> Vec<(T, Outcome)> {
    let sequence = pending.sequence();
    let pending = match sequence.checked_sub(1) {
        Some(before) => match pending.release(&Watermark::at(before)) {
            Ok(_) => panic!("released before batch {sequence} was durable"),
            Err(pending) => pending,
        },
        None => pending,
    };
    let watermark = Watermark::at(sequence);
    let released = pending.release(&watermark).unwrap();
    released
        .map(|(ticket, outcome)| (ticket, outcome.get().clone()))
        .collect()
}

/// The records of a batch with their identifiers.
pub(crate) fn records(batch: &Batch) -> Vec<(RecordId, Record)> {
    let id = |index| RecordId {
        shard: SHARD,
        sequence: batch.sequence,
        index,
    };
    batch
        .records()
        .map(|raw| (id(raw.index), Record::decode(&raw).unwrap()))
        .collect()
}
