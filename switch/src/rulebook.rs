//! The rules in force, and how others take their place.
//!
//! Owns: loading, archiving and swapping rules, networks and dialects. A reload is all or nothing: everything is read,
//! validated and compiled first, the documents are stored under their content hash, the log of activations says so, and
//! only then are the pointers swapped. Batches and links finish with what they began with. Must never: put rules in
//! force that are not archived, or keep a reader waiting.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use ledger::identifiers::Timestamp;
use ledger::runtime::now;
use rules::{RuleError, RuleErrors, RulesVersion, Snapshot};

use crate::networks::{Networks, NetworksError};
use crate::rule_history::{self, HistoryError};

/// The rules, networks and dialects in force.
#[derive(Debug)]
pub struct Rulebook {
    directory: PathBuf,
    archive: PathBuf,
    /// Networks that a reload may not remove: they have listeners.
    listening: Vec<String>,
    rules: Arc<ArcSwap<Snapshot>>,
    networks: ArcSwap<Networks>,
    last: Mutex<LastReload>,
}

/// When what is in force was put in force, and how the last attempt to change it ended.
#[derive(Clone, Debug)]
pub struct LastReload {
    /// When the rules in force came into force.
    pub in_force_since: Timestamp,
    /// When a reload was last tried; the start counts.
    pub tried_at: Timestamp,
    /// Why it was refused; `None` when it was not.
    pub refused: Option<String>,
}

/// Why rules cannot be put in force. `Display` gives one `FILE:LINE: key: reason` per line.
#[derive(Debug, thiserror::Error)]
pub enum RulebookError {
    /// Rule documents are wrong.
    #[error(transparent)]
    Rules(#[from] RuleErrors),
    /// A dialect, or an echo list, is wrong.
    #[error(transparent)]
    Networks(#[from] NetworksError),
    /// A network that has a listener is missing.
    #[error("{directory}/networks: no network is named {name:?}, which has a listener")]
    NetworkRemoved {
        /// The configuration directory.
        directory: PathBuf,
        /// The network.
        name: String,
    },
    /// The log of activations cannot be written.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The documents cannot be archived.
    #[error("{path}: {source}")]
    Archive {
        /// The file.
        path: PathBuf,
        /// What the file system answered.
        source: io::Error,
    },
}

impl RulebookError {
    /// The single errors, for machines; those without a line name line 0.
    #[must_use]
    pub fn items(&self) -> Vec<RuleError> {
        match self {
            Self::Rules(errors) => errors.0.clone(),
            Self::Networks(_)
            | Self::NetworkRemoved { .. }
            | Self::History(_)
            | Self::Archive { .. } => {
                vec![RuleError {
                    file: String::new(),
                    line: 0,
                    key: String::new(),
                    reason: self.to_string(),
                    code: None,
                }]
            }
        }
    }
}

/// Reads and validates what a configuration directory holds, without putting it in force.
///
/// # Errors
/// [`RulebookError`] with everything that is wrong.
pub fn check(
    directory: &Path,
    listening: &[String],
) -> Result<(Snapshot, Networks), RulebookError> {
    let rules = rules::load(directory)?;
    let networks = Networks::load(directory, &rules)?;
    if let Some(name) = listening
        .iter()
        .find(|name| rules.network_named(name).is_none())
    {
        let (directory, name) = (directory.to_owned(), name.clone());
        return Err(RulebookError::NetworkRemoved { directory, name });
    }
    Ok((rules, networks))
}

impl Rulebook {
    /// Loads what a configuration directory holds, archived under `archive`. It is in force once
    /// [`Rulebook::activate`] has said so in the log.
    ///
    /// # Errors
    /// [`RulebookError`] with everything that is wrong.
    pub fn open(
        directory: PathBuf,
        archive: PathBuf,
        listening: Vec<String>,
    ) -> Result<Self, RulebookError> {
        let (rules, networks) = check(&directory, &listening)?;
        store(&archive, &rules)?;
        let now = now();
        Ok(Self {
            directory,
            archive,
            listening,
            rules: Arc::new(ArcSwap::from_pointee(rules)),
            networks: ArcSwap::from_pointee(networks),
            last: Mutex::new(LastReload {
                in_force_since: now,
                tried_at: now,
                refused: None,
            }),
        })
    }

    /// Writes to the log of activations that the rules come into force. For a start: only who holds the
    /// data directory may write to it.
    ///
    /// # Errors
    /// [`RulebookError`] when the log cannot be written.
    pub fn activate(&self) -> Result<(), RulebookError> {
        let mut last = self.last();
        last.in_force_since = now();
        rule_history::record(&self.archive, self.rules().version(), last.in_force_since)?;
        Ok(())
    }

    /// Where the files are read from.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The rules in force, for those who load them once per batch.
    #[must_use]
    pub fn shared_rules(&self) -> Arc<ArcSwap<Snapshot>> {
        Arc::clone(&self.rules)
    }

    /// The rules in force.
    pub fn rules(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.rules.load()
    }

    /// The networks and dialects in force.
    pub fn networks(&self) -> arc_swap::Guard<Arc<Networks>> {
        self.networks.load()
    }

    /// How the last reload ended.
    #[must_use]
    pub fn last_reload(&self) -> LastReload {
        self.last().clone()
    }

    fn last(&self) -> std::sync::MutexGuard<'_, LastReload> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the files again and puts them in force. Reads and writes files: not for a task of tokio's.
    ///
    /// # Errors
    /// [`RulebookError`] with everything that is wrong; what was in force stays so.
    pub fn reload(&self) -> Result<RulesVersion, RulebookError> {
        // One at a time: what is read last is what ends up in force.
        let mut last = self.last();
        last.tried_at = now();
        let loaded = check(&self.directory, &self.listening).and_then(|(rules, networks)| {
            store(&self.archive, &rules)?;
            rule_history::record(&self.archive, rules.version(), now())?;
            Ok((rules, networks))
        });
        match loaded {
            Ok((rules, networks)) => {
                let version = rules.version();
                self.rules.store(Arc::new(rules));
                let networks = networks.after(&self.networks.load());
                self.networks.store(Arc::new(networks));
                (last.in_force_since, last.refused) = (last.tried_at, None);
                tracing::info!(%version, "rules reloaded");
                Ok(version)
            }
            Err(error) => {
                last.refused = Some(error.to_string());
                tracing::warn!(%error, "rules not reloaded: what was in force stays in force");
                Err(error)
            }
        }
    }
}

/// Stores the documents of a snapshot in a directory named by their hash, durably; one that is there
/// already holds the same.
fn store(archive: &Path, rules: &Snapshot) -> Result<(), RulebookError> {
    let directory = archive.join(rules.version().to_string());
    if directory.exists() {
        return Ok(());
    }
    let partial = directory.with_extension("partial");
    let archive_error = |path: &Path| {
        let path = path.to_owned();
        move |source| RulebookError::Archive { path, source }
    };
    match fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(archive_error(&partial)(error));
        }
        Ok(()) | Err(_) => {}
    }
    for document in rules.documents() {
        let path = partial.join(&document.path);
        write_durably(&path, document.content.as_bytes()).map_err(archive_error(&path))?;
    }
    fs::rename(&partial, &directory)
        .and_then(|()| File::open(archive)?.sync_all())
        .map_err(archive_error(&directory))
}

fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(directory)?;
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped_copy(to: &Path) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        let mut waiting = vec![PathBuf::new()];
        while let Some(relative) = waiting.pop() {
            for entry in fs::read_dir(from.join(&relative)).unwrap() {
                let entry = entry.unwrap();
                let relative = relative.join(entry.file_name());
                if entry.file_type().unwrap().is_dir() {
                    fs::create_dir_all(to.join(&relative)).unwrap();
                    waiting.push(relative);
                } else {
                    fs::copy(entry.path(), to.join(&relative)).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_reload_is_all_or_nothing_and_archived() {
        let home = tempfile::tempdir().unwrap();
        let (config, archive) = (home.path().join("config"), home.path().join("rules"));
        fs::create_dir_all(&config).unwrap();
        shipped_copy(&config);
        let listening = vec!["generic".to_owned()];
        let book = Rulebook::open(config.clone(), archive.clone(), listening).unwrap();
        let first = book.rules().version();
        assert!(rule_history::activations(&archive).unwrap().is_empty());
        book.activate().unwrap();
        let archived = archive
            .join(first.to_string())
            .join("processing-codes.toml");
        let codes = config.join("processing-codes.toml");
        assert_eq!(fs::read(&archived).unwrap(), fs::read(&codes).unwrap());

        let good = fs::read_to_string(&codes).unwrap();
        fs::write(
            &codes,
            good.replacen("balance_impact = ", "balance_impakt = ", 1),
        )
        .unwrap();
        let error = book.reload().unwrap_err().to_string();
        assert!(error.contains("processing-codes.toml:"), "{error}");
        assert_eq!(book.rules().version(), first);
        assert!(book.last_reload().refused.is_some());
        assert_eq!(rule_history::activations(&archive).unwrap().len(), 1);

        fs::write(&codes, format!("{good}\n# changed\n")).unwrap();
        let second = book.reload().unwrap();
        assert_ne!(second, first);
        assert_eq!(book.rules().version(), second);
        assert!(book.last_reload().refused.is_none());
        assert!(archive.join(second.to_string()).is_dir());
        let history = rule_history::activations(&archive).unwrap();
        let versions: Vec<_> = history.iter().map(|entry| entry.version).collect();
        assert_eq!(versions, [first, second]);
        let before = rule_history::at(&archive, history[0].time).unwrap();
        assert_eq!(before.version(), first);
        let after = rule_history::at(&archive, now()).unwrap();
        assert_eq!(after.version(), second);

        fs::remove_file(config.join("networks/generic.toml")).unwrap();
        assert!(
            book.reload().is_err(),
            "a network with a listener was removed"
        );
        assert_eq!(book.rules().version(), second);
    }
}
