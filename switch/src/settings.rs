//! Settings of the process: `config/switch.toml`.
//!
//! Owns: what can be set, its defaults and its limits. Unknown keys are refused. Paths are relative to
//! the working directory. Must never: hold a secret.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Directory of everything the switch writes: journal, books, keys, events.
    pub data_directory: PathBuf,
    /// Address of HTTP: health, metrics, read access to the books.
    pub http_listen: SocketAddr,
    /// Directory of demo data loaded into an empty store; absent for none.
    pub demo_directory: Option<PathBuf>,
    /// Where networks connect.
    pub listener: Vec<Listener>,
    /// Links.
    pub links: Links,
    /// The ledger.
    pub ledger: Ledger,
    /// Events.
    pub events: Events,
    /// Log.
    pub log: Log,
}

/// A port on which one network connects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Name of the network, as in `networks/`.
    pub network: String,
    /// Address to listen on.
    pub listen: SocketAddr,
}

/// Bounds of links.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    /// Connections accepted at once, over all listeners.
    pub maximum_connections: usize,
    /// Requests of one link that may wait for the ledger; more are refused as overload.
    pub in_flight_per_link: usize,
    /// How long a write may take before the link is closed.
    pub write_timeout_ms: u64,
    /// At the end: how long a link must have been quiet to be closed.
    pub drain_quiet_ms: u64,
    /// At the end: how long a link may stay open at most.
    pub drain_limit_ms: u64,
}

/// Bounds and timing of the ledger.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Size of a journal segment.
    pub segment_bytes: u64,
    /// Commands that may wait for the writer.
    pub queue_commands: usize,
    /// Most commands of one batch.
    pub batch_commands: usize,
    /// Batches that may wait for the committer.
    pub commit_queue_batches: usize,
    /// How long the committer gathers under load, in microseconds.
    pub commit_gather_us: u64,
    /// How often the books are written.
    pub checkpoint_interval_ms: u64,
    /// Changed rows after which they are written at once.
    pub checkpoint_rows: usize,
    /// sled's page cache.
    pub books_cache_bytes: u64,
    /// Batches that the views may be behind the journal before requests are refused.
    pub view_lag_batches: u64,
}

/// Event files.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Size after which a new file is begun.
    pub file_bytes: u64,
    /// How often the cursor is saved, at least, when there are new events.
    pub save_interval_ms: u64,
}

/// Log output.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Filter of `tracing`, such as `info` or `switch=debug`.
    pub filter: String,
    /// Lines that may wait for a slow reader; more are dropped and counted.
    pub queue_lines: usize,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system answered.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}:{line}: {reason}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl Settings {
    /// Reads the settings from a file.
    ///
    /// # Errors
    /// [`SettingsError`] naming file, line and what is wrong.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Io {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|error| {
            let before = error
                .span()
                .and_then(|span| text.get(..span.start))
                .unwrap_or_default();
            SettingsError::Invalid {
                path: path.to_owned(),
                line: before.matches('\n').count() + 1,
                reason: error.message().to_owned(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_file_and_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("switch.toml");
        let shipped = include_str!("../../config/switch.toml");
        std::fs::write(&path, shipped.replace("segment_bytes", "segment_byte")).unwrap();
        let line = 1 + shipped
            .lines()
            .position(|line| line.starts_with("segment_bytes"))
            .unwrap();
        let error = Settings::load(&path).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{}:{line}: unknown field", path.display())),
            "{error}"
        );
    }

    #[test]
    fn the_shipped_settings_are_those_of_the_documentation() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/switch.toml");
        let settings = Settings::load(&path).unwrap();
        assert_eq!(settings.http_listen.to_string(), "127.0.0.1:8080");
        let generic = settings
            .listener
            .iter()
            .find(|l| l.network == "generic")
            .unwrap();
        assert_eq!(generic.listen.to_string(), "127.0.0.1:8583");
    }
}
