//! Settings of the process: `config/switch.toml`.
//!
//! Owns: what can be set, and how the environment overrides it. Unknown keys are refused. Paths are
//! relative to the working directory. Must never: hold a secret.
//!
//! Every key can be overridden by a variable: `SWITCH_` and the key's path in capitals, parts joined by `_`, such as
//! `SWITCH_HTTP_LISTEN` or `SWITCH_LEDGER_SEGMENT_BYTES`; the address of a listener or connector by the name of its
//! network, such as `SWITCH_LISTENER_GENERIC_LISTEN` or `SWITCH_CONNECTOR_GENERIC_CONNECT`. A `SWITCH_` variable that
//! names no key is refused, because it is a mistake in most cases.

mod ports;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ledger::purge::LEAST_DAYS;
use schemars::JsonSchema;
use serde::Deserialize;

pub use self::ports::{AnswerKey, Connector, InvalidAnswerKey, Listener};

/// All settings.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
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
    /// Where this side connects.
    #[serde(default)]
    pub connector: Vec<Connector>,
    /// Requests of our own on links, and lost lines.
    pub sessions: Sessions,
    /// Links.
    pub links: Links,
    /// HTTP.
    pub http: Http,
    /// The ledger.
    pub ledger: Ledger,
    /// How much of the journal is kept.
    pub journal: Journal,
    /// Snapshots of the books.
    pub snapshots: Snapshots,
    /// Events.
    pub events: Events,
    /// Log.
    pub log: Log,
}

/// Requests of our own on links, and lost lines.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// How long an answer to a request of our own is waited for.
    pub answer_wait_ms: u64,
    /// Requests unanswered in a row after which a link is closed; 0 for never.
    pub unanswered_limit: u32,
    /// How long a connection may take to be made.
    pub connect_timeout_ms: u64,
    /// How long is waited before a lost line is opened again, the first time.
    pub reconnect_first_ms: u64,
    /// The same at most: each failure in a row doubles it.
    pub reconnect_limit_ms: u64,
}

/// Bounds of links.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Links {
    /// Connections accepted at once, over all listeners.
    pub maximum_connections: usize,
    /// Connections of one network accepted at once.
    pub connections_per_network: usize,
    /// Connections from one address accepted at once.
    pub connections_per_address: usize,
    /// Requests of one link that may wait for the ledger; more are refused as overload.
    pub in_flight_per_link: usize,
    /// So many of them go ahead of the requests of links that have more waiting.
    pub ahead_per_link: usize,
    /// How long a frame may take from its first byte to its last before the link is closed.
    pub frame_timeout_ms: u64,
    /// How long a link may be silent before the system asks whether its peer is still there.
    pub keepalive_s: u64,
    /// How long a write may take before the link is closed.
    pub write_timeout_ms: u64,
    /// At the end: how long a link must have been quiet to be closed.
    pub drain_quiet_ms: u64,
    /// At the end: how long a link may stay open at most.
    pub drain_limit_ms: u64,
}

/// Bounds of HTTP.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Connections accepted at once.
    pub maximum_connections: usize,
    /// How long the head of a request may take, then its body, and how long a connection may be without a request.
    pub read_timeout_ms: u64,
    /// How long a peer may take for an answer before its connection is closed.
    pub write_timeout_ms: u64,
}

/// Bounds and timing of the ledger.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
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
    /// Pauses while the books are written, in hundredths of the time of each sync before.
    pub checkpoint_pause_percent: u32,
    /// sled's page cache.
    pub books_cache_bytes: u64,
    /// Batches that the views may be behind the journal before requests are refused.
    pub view_lag_batches: u64,
    /// Records that the books may be behind what was decided before requests are refused.
    pub view_lag_records: u64,
    /// Days of history that the books keep; 0 for all, else at least 31.
    #[serde(deserialize_with = "history_days")]
    pub history_days: u32,
}

fn history_days<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let days = u32::deserialize(deserializer)?;
    if days == 0 || i64::from(days) >= LEAST_DAYS {
        return Ok(days);
    }
    let reason = format!("history_days: expected 0 for all, or at least {LEAST_DAYS}");
    Err(serde::de::Error::custom(reason))
}

/// How long and how much of the journal is kept.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// Closed segments are kept at least so many hours, unless the journal is larger than it should be.
    pub retain_hours: u64,
    /// Size above which the oldest segments go as soon as the books and the snapshot no longer need them.
    pub retain_bytes: u64,
    /// Closed segments that a reader such as the events may have before it and still be waited for.
    pub reader_lag_bytes: u64,
}

/// Snapshots of the books.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Snapshots {
    /// How often one is taken; 0 for only when somebody asks.
    pub interval_minutes: u64,
    /// How many are kept, the newest ones.
    pub kept: usize,
}

/// Event files.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Size after which a new file is begun.
    pub file_bytes: u64,
    /// How often the cursor is saved, at least, when there are new events.
    pub save_interval_ms: u64,
}

/// Log output.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
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
    /// A variable of the environment is not what it should be.
    #[error("environment: {variable}: {reason}")]
    Variable {
        /// The variable.
        variable: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What every overriding variable begins with.
const PREFIX: &str = "SWITCH_";

impl Settings {
    /// The names of the networks that have a listener or a connector.
    pub fn networks(&self) -> impl Iterator<Item = &str> {
        let listeners = self.listener.iter().map(|listener| &listener.network);
        let connectors = self.connector.iter().map(|connector| &connector.network);
        listeners.chain(connectors).map(String::as_str)
    }

    /// Reads the settings from a file, overridden by the given variables.
    ///
    /// # Errors
    /// [`SettingsError`] naming file and line, or the variable, and what is wrong.
    pub fn load(
        path: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Io {
            path: path.to_owned(),
            source,
        })?;
        let invalid = |error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            SettingsError::Invalid {
                path: path.to_owned(),
                line: before.unwrap_or_default().matches('\n').count() + 1,
                reason: error.message().to_owned(),
            }
        };
        let mut settings: Self = toml::from_str(&text).map_err(invalid)?;
        let mut table: toml::Table = toml::from_str(&text).map_err(invalid)?;
        for (variable, value) in environment.filter(|(name, _)| name.starts_with(PREFIX)) {
            let fail = |reason: String| SettingsError::Variable {
                variable: variable.clone(),
                reason,
            };
            let place = place(&mut table, &variable)
                .ok_or_else(|| fail("names no key of the settings".to_owned()))?;
            *place = match place {
                toml::Value::Integer(_) => value
                    .parse()
                    .map(toml::Value::Integer)
                    .map_err(|e| fail(format!("expected a whole number: {e}")))?,
                _ => toml::Value::String(value),
            };
            let overridden = toml::Value::Table(table.clone()).try_into();
            settings = overridden.map_err(|e: toml::de::Error| fail(e.message().to_owned()))?;
        }
        Ok(settings)
    }
}

/// The value that a variable overrides.
fn place<'a>(table: &'a mut toml::Table, variable: &str) -> Option<&'a mut toml::Value> {
    // The one key that may be absent from the file.
    const OPTIONAL: &str = "demo_directory";
    if variable.strip_prefix(PREFIX) == Some(OPTIONAL.to_uppercase().as_str()) {
        return Some(
            table
                .entry(OPTIONAL)
                .or_insert_with(|| toml::Value::String(String::new())),
        );
    }
    for (key, value) in table {
        let name = format!("{PREFIX}{}", key.to_uppercase());
        match value {
            toml::Value::Table(section) => {
                for (key, value) in section {
                    if variable == format!("{name}_{}", key.to_uppercase()) {
                        return Some(value);
                    }
                }
            }
            toml::Value::Array(ports) => {
                let address = if key == "connector" {
                    "connect"
                } else {
                    "listen"
                };
                for port in ports.iter_mut().filter_map(toml::Value::as_table_mut) {
                    let network = port.get("network").and_then(toml::Value::as_str);
                    let network = network.unwrap_or_default().to_uppercase();
                    if variable == format!("{name}_{network}_{}", address.to_uppercase()) {
                        return port.get_mut(address);
                    }
                }
            }
            value if variable == name => return Some(value),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
