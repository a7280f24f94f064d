//! Every decision comes out again when it is made again, over books rebuilt from the batches, and over what the
//! books at their end still know of it.

use std::sync::Arc;

use ledger::books::store::MemoryStore;
use ledger::books::{Progress, ViewWriter};
use ledger::journal::Batch;
use ledger::journal::log::{Log, LogOptions};
use ledger::journal::simulated::SimulatedDisk;
use ledger::rehearsal::{Recollection, Rehearsal};
use rules::{RulesVersion, Snapshot};

use super::{SHARD, records};

/// Small, so that little is filled: a longer history takes several.
const SEGMENT_BYTES: u64 = 1 << 15;

/// A rehearsal over a journal of these batches.
fn from_journal(batches: &[Batch]) -> Result<Rehearsal<SimulatedDisk>, String> {
    let disk = SimulatedDisk::default();
    let options = LogOptions {
        shard: SHARD,
        segment_bytes: SEGMENT_BYTES,
    };
    let (mut log, _) = Log::open(disk.clone(), options, 0).map_err(|error| error.to_string())?;
    log.append(batches).map_err(|error| error.to_string())?;
    Rehearsal::open(disk, None, SHARD, None).map_err(|error| error.to_string())
}

/// Makes every decision of these batches again, under the rules that `rules_of` has for its version. What does
/// not come out as it was recorded is told.
pub(crate) fn every_decision(
    batches: &[Batch],
    rules_of: impl Fn(RulesVersion) -> Option<Arc<Snapshot>>,
) -> Result<(), String> {
    let mut rehearsal = from_journal(batches)?;
    for (id, record) in batches.iter().flat_map(records) {
        let Some(recorded) = record.decided() else {
            continue;
        };
        let rules = rules_of(recorded.rules).ok_or_else(|| format!("{id}: unknown rules"))?;
        let (time, decided) = rehearsal.go_to(id).map_err(|error| error.to_string())?;
        let explanation = rehearsal.explain((id, time), &decided, &rules);
        if !explanation.as_recorded {
            return Err(format!(
                "{id} comes out otherwise: {explanation:#?}\nrecorded: {decided:#?}"
            ));
        }
    }
    Ok(())
}

/// Explains decisions of these batches from the books that they lead to. Each must say what the journal says, or
/// nothing. Returns how many said something, of how many.
#[allow(dead_code, reason = "not every test looks at the books")]
pub(crate) fn from_the_books(
    batches: &[Batch],
    rules_of: impl Fn(RulesVersion) -> Option<Arc<Snapshot>>,
) -> Result<(usize, usize), String> {
    let mut books = ViewWriter::new(SHARD, MemoryStore::default(), Progress::default());
    for batch in batches {
        books.apply(batch).map_err(|error| error.to_string())?;
    }
    let mut rehearsal = from_journal(batches)?;
    let (mut said, mut all) = (0, 0);
    for (id, record) in batches.iter().flat_map(records) {
        let Some(recorded) = record.decided() else {
            continue;
        };
        all += 1;
        let rules = rules_of(recorded.rules).ok_or_else(|| format!("{id}: unknown rules"))?;
        let views = books.views();
        let recollection = Recollection::of(views, id).map_err(|error| error.to_string())?;
        let recalled = recollection.map_or(Ok(None), |known| known.explain(views, &rules));
        let Some(recalled) = recalled.map_err(|error| error.to_string())? else {
            continue;
        };
        said += 1;
        let (time, decided) = rehearsal.go_to(id).map_err(|error| error.to_string())?;
        let explained = rehearsal.explain((id, time), &decided, &rules);
        let (recalled, explained) = (format!("{recalled:#?}"), format!("{explained:#?}"));
        if recalled != explained {
            return Err(format!(
                "{id}: the books say {recalled}, the journal {explained}"
            ));
        }
    }
    Ok((said, all))
}
