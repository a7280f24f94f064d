//! What networks have said, kept over restarts: `data/networks/states.json`.
//!
//! Owns: the file, which is replaced as a whole and synced before the network hears that it was understood. It is no
//! record of the journal: no decision reads it, so a replay and another shard do without, and the ledger need not know
//! what a link is. Must never: hold anything of a message or a key.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;

use crate::network_state::KeptState;
use crate::networks::Networks;

const FILE: &str = "states.json";

/// The file and what it holds, by the names of networks. One that is taken away for a while finds its state again.
#[derive(Debug)]
pub struct KeptStates {
    directory: PathBuf,
    kept: Mutex<BTreeMap<String, KeptState>>,
}

impl KeptStates {
    /// Reads the file of a directory, if there is one.
    ///
    /// # Errors
    /// Names the file: it cannot be read, or is not what was written.
    pub fn open(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(FILE);
        let kept = match std::fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).with_context(|| path.display().to_string())?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        Ok(Self {
            directory: directory.to_owned(),
            kept: Mutex::new(kept),
        })
    }

    /// Has networks go on with what was kept.
    pub fn restore(&self, networks: &Networks) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for plan in networks.plans() {
            if let Some(state) = kept.get(&plan.network.name) {
                plan.state.restore(state);
            }
        }
    }

    /// Keeps what networks have said; returns once it is durable.
    ///
    /// # Errors
    /// What the file system answered; the file is then the one before.
    pub fn keep(&self, networks: &Networks) -> io::Result<()> {
        // Held while it is written: whoever comes later has the later states.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for plan in networks.plans() {
            kept.insert(plan.network.name.clone(), plan.state.kept());
        }
        let text = serde_json::to_vec_pretty(&*kept)?;
        let partial = self.directory.join("states.partial");
        let mut file = File::create(&partial)?;
        file.write_all(&text)?;
        file.sync_data()?;
        std::fs::rename(&partial, self.directory.join(FILE))?;
        File::open(&self.directory)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_what_was_written_is_named() {
        let data = tempfile::tempdir().unwrap();
        assert!(KeptStates::open(data.path()).is_ok());
        std::fs::write(data.path().join(FILE), "{\"generic\":{}}").unwrap();
        let error = KeptStates::open(data.path()).unwrap_err();
        assert!(format!("{error:#}").contains(FILE), "{error:#}");
    }
}
