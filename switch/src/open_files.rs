//! How many files and sockets the process may have open.
//!
//! Owns: room for every connection that is let in beside the files of the journal and the books. Must never: let a crowd
//! of connections keep the journal from its next segment.

use anyhow::{bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::settings::Settings;

/// Files of the journal, the books, events and snapshots, with plenty to spare.
const FILES: u64 = 256;

/// Raises the limit of the process as far as the settings need it.
///
/// # Errors
/// The system does not allow so many: what to change.
pub(crate) fn make_room(settings: &Settings) -> anyhow::Result<()> {
    let needed = needed(settings);
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if enough(limit.current) {
        return Ok(());
    }
    ensure!(
        enough(limit.maximum),
        "the process may have {} files open, and links.maximum_connections, http.maximum_connections and connectors \
         need {needed}: raise the limit (ulimit -n) or lower them",
        limit.maximum.unwrap_or_default()
    );
    let raised = Rlimit {
        current: Some(needed),
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        bail!("the limit of open files cannot be raised to {needed}: {error}");
    }
    Ok(())
}

fn needed(settings: &Settings) -> u64 {
    let lines = settings.connector.iter();
    let lines = lines.map(|connector| u64::from(connector.lines.get()));
    let connections = [
        settings.links.maximum_connections,
        settings.http.maximum_connections,
    ];
    let connections = connections.map(|bound| u64::try_from(bound).unwrap_or(u64::MAX));
    connections
        .into_iter()
        .chain(lines)
        .fold(FILES, u64::saturating_add)
}
