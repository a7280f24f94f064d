//! Every decision comes out again when it is made again, over books rebuilt from the batches.

use std::sync::Arc;

use ledger::journal::Batch;
use ledger::journal::log::{Log, LogOptions};
use ledger::journal::simulated::SimulatedDisk;
use ledger::rehearsal::Rehearsal;
use rules::{RulesVersion, Snapshot};

use super::{SHARD, records};

/// Small, so that little is filled: a longer history takes several.
const SEGMENT_BYTES: u64 = 1 << 15;

/// Makes every decision of these batches again, under the rules that `rules_of` has for its version. What does
/// not come out as it was recorded is told.
pub(crate) fn every_decision(
    batches: &[Batch],
    rules_of: impl Fn(RulesVersion) -> Option<Arc<Snapshot>>,
) -> Result<(), String> {
    let disk = SimulatedDisk::default();
    let options = LogOptions {
        shard: SHARD,
        segment_bytes: SEGMENT_BYTES,
    };
    let (mut log, _) = Log::open(disk.clone(), options, 0).map_err(|error| error.to_string())?;
    log.append(batches).map_err(|error| error.to_string())?;
    let rehearsal = Rehearsal::open(disk, None, SHARD, None);
    let mut rehearsal = rehearsal.map_err(|error| error.to_string())?;
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
