//! Which rules were in force when.
//!
//! Owns: the log of activations in the rules archive, and finding the stored version of a time. An entry is
//! durable before its version takes effect, so that no decision rests on rules that the log does not know;
//! a version that was logged and then never took effect is possible where the process ended in between.
//! Must never: change an entry, or take documents for a version whose hash they do not have.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ledger::identifiers::Timestamp;
use rules::{Document, RuleErrors, RulesVersion, Snapshot};

/// The log, in the archive: one line per activation, `TIME VERSION`, oldest first.
const ACTIVATIONS: &str = "activations";

/// A version that came into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// When.
    pub time: Timestamp,
    /// Which.
    pub version: RulesVersion,
}

/// Why the history does not answer.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system answered.
        source: io::Error,
    },
    /// A line of the log is not an entry.
    #[error("{path}:{line}: not TIME VERSION; restore the file from a backup")]
    Damaged {
        /// The log.
        path: PathBuf,
        /// Line from 1.
        line: usize,
    },
    /// No version was in force yet.
    #[error("no rules were in force at {0}; `switch config history` lists when which were")]
    NothingInForce(Timestamp),
    /// No stored version has this number.
    #[error("no stored version begins with {0:?}; `switch config history` lists them")]
    Unknown(String),
    /// Several stored versions begin like this.
    #[error("several stored versions begin with {0:?}; write more of it")]
    Ambiguous(String),
    /// Stored documents are not those of their version.
    #[error(
        "{0}: these documents have another hash than their version; restore them from a backup"
    )]
    Altered(PathBuf),
    /// Stored documents cannot be read, or not be compiled by this build.
    #[error(transparent)]
    Rules(#[from] RuleErrors),
}

/// All activations in an archive, oldest first.
///
/// # Errors
/// [`HistoryError`] when the log cannot be read.
pub fn activations(archive: &Path) -> Result<Vec<Activation>, HistoryError> {
    let path = archive.join(ACTIVATIONS);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(HistoryError::Io { path, source }),
    };
    let entry = |(index, line)| {
        let damaged = || HistoryError::Damaged {
            path: path.clone(),
            line: index + 1,
        };
        parse(line).ok_or_else(damaged)
    };
    whole_lines(&text).lines().enumerate().map(entry).collect()
}

/// A last line without its end was being written when the process ended: its version never took effect.
fn whole_lines(text: &str) -> &str {
    text.rsplit_once('\n').map_or("", |(whole, _)| whole)
}

fn parse(line: &str) -> Option<Activation> {
    let (time, version) = line.split_once(' ')?;
    Some(Activation {
        time: parse_time(time)?,
        version: version.parse().ok()?,
    })
}

/// A time as RFC 3339 writes it; `None` when it is not one.
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(instant.as_microsecond()))
}

/// Writes durably that a version comes into force, unless it is the one that is. Returns the time that
/// stands in the log: a clock that went back does not make it go back.
///
/// # Errors
/// [`HistoryError`] when the log cannot be read or written; the version must not take effect then.
pub(crate) fn record(
    archive: &Path,
    version: RulesVersion,
    now: Timestamp,
) -> Result<Timestamp, HistoryError> {
    let last = activations(archive)?.last().copied();
    if let Some(last) = last.filter(|last| last.version == version) {
        return Ok(last.time);
    }
    let time = last.map_or(now, |last| now.max(last.time));
    let path = archive.join(ACTIVATIONS);
    let io = |source| HistoryError::Io {
        path: path.clone(),
        source,
    };
    append(&path, &format!("{time} {version}\n")).map_err(io)?;
    File::open(archive)
        .and_then(|directory| directory.sync_all())
        .map_err(io)?;
    Ok(time)
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let text = std::fs::read_to_string(path)?;
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        file.set_len(u64::try_from(whole).map_err(io::Error::other)?)?;
    }
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

/// The rules that were in force at a time, compiled again from their stored documents.
///
/// # Errors
/// [`HistoryError`] when none were in force, or they are not there any more as they were, or this build
/// refuses what an older one took.
pub fn at(archive: &Path, time: Timestamp) -> Result<Snapshot, HistoryError> {
    let activation = in_force_at(archive, time)?;
    let documents = documents(archive, activation.version)?;
    Ok(rules::compile(documents)?)
}

/// The activation that counts at a time.
///
/// # Errors
/// [`HistoryError`] when none does, or the log cannot be read.
pub fn in_force_at(archive: &Path, time: Timestamp) -> Result<Activation, HistoryError> {
    let activations = activations(archive)?;
    let until = activations.partition_point(|activation| activation.time <= time);
    let last = until.checked_sub(1).and_then(|last| activations.get(last));
    last.copied().ok_or(HistoryError::NothingInForce(time))
}

/// The documents of a version, as they were stored.
///
/// # Errors
/// [`HistoryError`] when they are not there, or are not those of the version.
pub fn documents(archive: &Path, version: RulesVersion) -> Result<Vec<Document>, HistoryError> {
    let directory = archive.join(version.to_string());
    if !directory.is_dir() {
        return Err(HistoryError::Unknown(version.to_string()));
    }
    let documents = rules::stored_documents(&directory)?;
    if rules::version(&documents) != version {
        return Err(HistoryError::Altered(directory));
    }
    Ok(documents)
}

/// The stored version that begins with these digits.
///
/// # Errors
/// [`HistoryError`] when none does, or several do.
pub fn find(archive: &Path, start: &str) -> Result<RulesVersion, HistoryError> {
    let io = |source| HistoryError::Io {
        path: archive.to_owned(),
        source,
    };
    let start = start.to_ascii_lowercase();
    let mut found = None;
    for entry in std::fs::read_dir(archive).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(&start)) else {
            continue;
        };
        // Beside the versions there are the log and documents that are being stored.
        let Ok(version) = name.parse::<RulesVersion>() else {
            continue;
        };
        if found.replace(version).is_some() {
            return Err(HistoryError::Ambiguous(start));
        }
    }
    found.ok_or(HistoryError::Unknown(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(byte: u8) -> RulesVersion {
        RulesVersion([byte; 32])
    }

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn the_version_of_a_time_is_the_last_that_came_into_force() {
        let home = tempfile::tempdir().unwrap();
        let archive = home.path();
        assert!(activations(archive).unwrap().is_empty());
        let nothing = in_force_at(archive, seconds(100)).unwrap_err();
        assert_eq!(
            nothing.to_string(),
            "no rules were in force at 1970-01-01T00:01:40.000000Z; `switch config history` lists when which were"
        );
        assert_eq!(
            record(archive, version(1), seconds(100)).unwrap(),
            seconds(100)
        );
        assert_eq!(
            record(archive, version(1), seconds(150)).unwrap(),
            seconds(100)
        );
        assert_eq!(
            record(archive, version(2), seconds(200)).unwrap(),
            seconds(200)
        );
        // The clock went back: the order of the entries counts.
        assert_eq!(
            record(archive, version(1), seconds(120)).unwrap(),
            seconds(200)
        );
        assert_eq!(
            record(archive, version(3), seconds(300)).unwrap(),
            seconds(300)
        );
        let table = [
            (99, None),
            (100, Some(1)),
            (199, Some(1)),
            (200, Some(1)),
            (299, Some(1)),
            (300, Some(3)),
            (i64::MAX / 1_000_000, Some(3)),
        ];
        for (time, expected) in table {
            let found = in_force_at(archive, seconds(time)).ok();
            let found = found.map(|activation| activation.version);
            assert_eq!(found, expected.map(version), "{time}");
        }
        let entries = activations(archive).unwrap();
        assert_eq!(entries.len(), 4);
        assert!(entries.is_sorted_by_key(|entry| entry.time));
    }

    #[test]
    fn a_torn_line_is_cut_and_a_damaged_one_is_told() {
        let home = tempfile::tempdir().unwrap();
        let archive = home.path();
        let log = archive.join(ACTIVATIONS);
        record(archive, version(1), seconds(1)).unwrap();
        let whole = std::fs::read_to_string(&log).unwrap();
        for cut in 1..whole.len() {
            let torn = whole.get(..cut).unwrap();
            std::fs::write(&log, format!("{whole}{torn}")).unwrap();
            assert_eq!(activations(archive).unwrap().len(), 1, "{torn}");
            record(archive, version(2), seconds(2)).unwrap();
            let entries = activations(archive).unwrap();
            assert_eq!(entries.len(), 2, "{torn}");
            assert_eq!(entries[1].version, version(2));
        }
        std::fs::write(&log, format!("{whole}not an entry\n{whole}")).unwrap();
        let error = activations(archive).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "{}:2: not TIME VERSION; restore the file from a backup",
                log.display()
            )
        );
        assert!(record(archive, version(2), seconds(3)).is_err());
    }

    #[test]
    fn a_version_is_found_by_its_beginning() {
        let home = tempfile::tempdir().unwrap();
        let archive = home.path();
        for name in [version(0xab).to_string(), version(0xac).to_string()] {
            std::fs::create_dir(archive.join(name)).unwrap();
        }
        std::fs::write(archive.join(ACTIVATIONS), "").unwrap();
        assert_eq!(find(archive, "AB").unwrap(), version(0xab));
        assert!(matches!(
            find(archive, "a"),
            Err(HistoryError::Ambiguous(_))
        ));
        assert!(matches!(find(archive, "b"), Err(HistoryError::Unknown(_))));
        assert!(matches!(
            find(archive, "activ"),
            Err(HistoryError::Unknown(_))
        ));
    }

    #[test]
    fn documents_are_those_of_their_version_or_refused() {
        let home = tempfile::tempdir().unwrap();
        let archive = home.path();
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        let shipped = rules::load(&config).unwrap();
        let version = shipped.version();
        let directory = archive.join(version.to_string());
        for document in shipped.documents() {
            let path = directory.join(&document.path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &document.content).unwrap();
        }
        record(archive, version, seconds(5)).unwrap();
        assert_eq!(at(archive, seconds(7)).unwrap().version(), version);
        assert!(matches!(
            documents(archive, RulesVersion([0; 32])),
            Err(HistoryError::Unknown(_))
        ));
        let codes = directory.join("processing-codes.toml");
        std::fs::write(&codes, "# nothing\n").unwrap();
        let error = at(archive, seconds(7)).unwrap_err();
        assert!(matches!(error, HistoryError::Altered(_)), "{error}");
    }
}
