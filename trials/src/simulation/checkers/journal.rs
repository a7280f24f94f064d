//! Checks of the bytes at rest: order, chain, and card numbers.
//!
//! Owns: a reading of the segments of its own, from the layout as it is documented. Must never: use the
//! journal's own code for what it checks.

use std::collections::BTreeSet;

use ledger::books::rows::Table;
use ledger::books::store::BookStore as _;
use ledger::journal::disk::Disk as _;
use ledger::journal::simulated::SimulatedDisk;
use memchr::memmem;
use sha2::{Digest, Sha256};

use super::super::accounts::{BLOCKED_PAN, CARDS, FILED, UNKNOWN_PAN};
use super::super::node::{read, segments};
use super::{Checker, Evidence, Verdict, Violation};

const SEGMENT_HEADER_BYTES: usize = 64;
const BATCH_HEADER_BYTES: usize = 96;

/// The last chain hash of the journal: the same for two journals only if everything in them is.
pub fn chain_hash(disk: &SimulatedDisk) -> Result<[u8; 32], String> {
    let mut chain = [0; 32];
    for name in segments(disk) {
        let bytes = read(disk, &name);
        if bytes[24..56] != chain {
            return Err(format!("{name} is not chained to the segment before it"));
        }
        let mut rest = &bytes[SEGMENT_HEADER_BYTES..];
        while rest.starts_with(b"BTCH") {
            let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
            let payload = &rest[BATCH_HEADER_BYTES..BATCH_HEADER_BYTES + length];
            let mut hash = Sha256::new();
            // The chain so far, the sequence, the time, the records.
            hash.update(chain);
            hash.update(&rest[8..16]);
            hash.update(&rest[24..32]);
            hash.update(payload);
            chain = hash.finalize().into();
            if rest[40..72] != chain {
                let sequence = u64::from_le_bytes(rest[8..16].try_into().unwrap());
                return Err(format!(
                    "batch {sequence} is not chained to those before it"
                ));
            }
            rest = &rest[(BATCH_HEADER_BYTES + length).next_multiple_of(8)..];
        }
    }
    Ok(chain)
}

/// Each batch is chained to all before it, across segments.
pub fn journal_chain_unbroken(evidence: &Evidence<'_>) -> Verdict {
    let failed = |what| Violation::new(Checker::JournalChainUnbroken, what);
    chain_hash(evidence.journal).map(drop).map_err(failed)
}

/// Batches stand in sequence without holes and never go back in time.
pub fn clock_monotonic(evidence: &Evidence<'_>) -> Verdict {
    for pair in evidence.records.windows(2) {
        let [before, after] = pair else {
            continue;
        };
        let next = after.id.sequence - before.id.sequence <= 1 && after.id > before.id;
        if !next || after.time < before.time {
            let what = format!(
                "{} at {} after {} at {}",
                after.id, after.time, before.id, before.time
            );
            return Err(Violation::new(Checker::ClockMonotonic, what));
        }
    }
    Ok(())
}

/// No card number can be read in the journal, the books, the snapshots or the events: not as text, not packed, not as a
/// number of any of the forms that a serializer gives it.
pub fn no_unmasked_pan(evidence: &Evidence<'_>) -> Verdict {
    let needles: BTreeSet<Vec<u8>> = CARDS
        .iter()
        .map(|(pan, ..)| *pan)
        .chain([BLOCKED_PAN, UNKNOWN_PAN])
        .chain(FILED.map(|(pan, _)| pan))
        .flat_map(forms)
        .collect();
    let finders: Vec<_> = needles.iter().map(memmem::Finder::new).collect();
    let look = |place: &str, bytes: &[u8]| match finders.iter().find_map(|f| f.find(bytes)) {
        None => Ok(()),
        Some(at) => {
            let what = format!("{place} holds a card number at byte {at}");
            Err(Violation::new(Checker::NoUnmaskedPan, what))
        }
    };
    for disk in [evidence.journal, &evidence.node.house.snapshots] {
        for name in disk.list().unwrap() {
            look(&name, &read(disk, &name))?;
        }
    }
    for table in Table::ALL {
        for row in evidence
            .node
            .view_writer
            .views()
            .store()
            .newest_first(table)
        {
            let (key, value) = row.unwrap();
            look(table.name(), &key)?;
            look(table.name(), &value)?;
        }
    }
    look("events", &evidence.node.emitter.file.text)
}

/// What a card number would look like in bytes, without its last digits: the numbers of this world then
/// have few forms, and a cut one is found too.
fn forms(pan: &str) -> [Vec<u8>; 6] {
    let number: u64 = pan.parse().unwrap();
    let digits: Vec<u8> = pan.bytes().map(|digit| digit - b'0').collect();
    let packed: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();
    let (big, little) = (number.to_be_bytes(), number.to_le_bytes());
    let mut varint = Vec::new();
    let mut rest = number;
    while rest >= 0x80 {
        varint.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    varint.push(rest as u8);
    let ebcdic: Vec<u8> = digits.iter().map(|digit| 0xF0 | digit).collect();
    [
        pan.as_bytes()[..12].to_vec(),
        ebcdic[..12].to_vec(),
        packed[..6].to_vec(),
        big[1..7].to_vec(),
        little[1..7].to_vec(),
        varint[2..].to_vec(),
    ]
}
