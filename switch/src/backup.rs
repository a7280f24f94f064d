//! `switch backup`: a copy of what the switch would need on another machine, taken while it runs.
//!
//! Owns: asking for a fresh snapshot, and copying it, the journal behind it, the rules archive, what networks have said
//! and been answered, and the configuration. Keys are not copied: a backup alone opens no card. Must never: leave a
//! directory that looks like a backup and is not one, or keep the running switch from its work.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use ledger::identifiers::{ShardId, Timestamp};
use ledger::journal::cursor::oldest_held;
use ledger::journal::disk::{Directory, make_directory};
use ledger::rebuild::{Opened, Places};
use ledger::recovery::Replay;
use ledger::runtime::now;
use ledger::snapshot::{SnapshotError, files, segments};
use serde::Deserialize;

use crate::data_directory::{
    BOOKS, DataLock, JOURNAL, KEYS, NETWORKS, RULES, SNAPSHOTS, inspector, refuse_half_restored,
};
use crate::key_check;
use crate::manifest::{Hasher, MANIFEST, Manifest, write_durably};
use crate::serve::{self, ConfigurationError};
use crate::settings::Settings;
use crate::totals;

/// The configuration in a backup.
pub(crate) const CONFIG: &str = "config";
/// The dialects of a configuration.
const DIALECTS: &str = "dialects";

/// A snapshot to copy, and how far the journal is to be copied.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Basis {
    /// Its file.
    pub(crate) file: String,
    /// Where it begins.
    pub(crate) from_sequence: u64,
    /// The last batch it may reflect.
    pub(crate) through_sequence: u64,
    /// The last durable batch.
    pub(crate) durable_sequence: u64,
}

/// Writes a backup into a new or empty directory. Asks the switch at `http`, by default the address of the
/// settings, for a snapshot, or opens the data directory itself when no switch runs on it. Returns what
/// was written, for people.
///
/// # Errors
/// [`ConfigurationError`] for settings or a directory that cannot be used; else why there is no backup.
pub fn run(settings_path: &Path, to: &Path, http: Option<&str>) -> anyhow::Result<String> {
    let settings = serve::settings(settings_path)?;
    let data = settings.data_directory.as_path();
    if !data.join(JOURNAL).is_dir() {
        return Err(usage(format!("{}: holds no journal", data.display())));
    }
    if !is_empty(to)? {
        return Err(usage(format!("{}: is not empty", to.display())));
    }
    make_directory(to).with_context(|| to.display().to_string())?;
    let lock = DataLock::try_acquire(data)?;
    let mut manifest = Manifest::new(serve::SHARD.0, now().to_string());
    // First: totals that are ahead of the journal would leave out what comes after a restore.
    copy_tree(data, NETWORKS, to, &mut manifest)?;
    let basis = if lock.is_some() {
        refuse_half_restored(data)?;
        take_snapshot(&settings)?
    } else {
        let address = http.map_or_else(|| settings.http_listen.to_string(), str::to_owned);
        ask_for_snapshot(&address)?
    };
    manifest.from_sequence = basis.from_sequence;
    manifest.through_sequence = basis.through_sequence;
    manifest.last_sequence = basis.durable_sequence;
    manifest.key_check_values = key_check::check_values(&data.join(KEYS))?;
    copy_file(
        data,
        &format!("{SNAPSHOTS}/{}", basis.file),
        to,
        &mut manifest,
    )?;
    copy_journal(data, &basis, to, &mut manifest)?;
    copy_tree(data, RULES, to, &mut manifest)?;
    copy_configuration(settings_path, to, &mut manifest)?;
    manifest.write(to)?;
    drop(lock);
    Ok(report(&manifest, to))
}

fn usage(message: String) -> anyhow::Error {
    ConfigurationError::from(anyhow::Error::msg(message)).into()
}

/// Whether a directory is not there or holds nothing.
fn is_empty(directory: &Path) -> anyhow::Result<bool> {
    match std::fs::read_dir(directory) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| directory.display().to_string()),
    }
}

/// Asks the running switch for a snapshot.
fn ask_for_snapshot(address: &str) -> anyhow::Result<Basis> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let answered = agent
        .post(format!("http://{address}/v1/snapshots"))
        .send_empty();
    let mut answer = answered.with_context(|| {
        format!("a switch uses the data, but none answers at {address} (--http)")
    })?;
    let text = answer.body_mut().read_to_string();
    let text = text.context("the answer was cut off")?;
    if !answer.status().is_success() {
        let body: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let detail = body["detail"].as_str();
        bail!("{}", detail.unwrap_or("the switch took no snapshot"));
    }
    serde_json::from_str(&text).context("the answer of the switch")
}

/// Opens the books of data that no switch uses, as a start does.
pub(crate) fn open_books(settings: &Settings) -> anyhow::Result<Opened> {
    let data = settings.data_directory.as_path();
    Ok(ledger::rebuild::open(&Places {
        journal: &data.join(JOURNAL),
        books: &data.join(BOOKS),
        snapshots: &data.join(SNAPSHOTS),
        log: serve::log_options(settings),
        cache_bytes: settings.ledger.books_cache_bytes,
        inspector: &inspector()?,
        // Nothing is decided here: no message needs to be in memory.
        since: Timestamp(i64::MAX),
        replay: Replay::whole(settings.ledger.checkpoint_rows),
    })?)
}

/// Takes a snapshot of data that no switch uses.
fn take_snapshot(settings: &Settings) -> anyhow::Result<Basis> {
    let data = settings.data_directory.as_path();
    let Opened { recovery, .. } = open_books(settings)?;
    let mut view_writer = recovery.view_writer;
    view_writer.checkpoint()?;
    let (disk, kept) = (
        Directory::open(&data.join(SNAPSHOTS))?,
        settings.snapshots.kept,
    );
    let store = view_writer.views().store();
    let taken = files::take(store, serve::SHARD, &disk, kept, now(), &mut |_| true)?;
    recovery.log.close()?;
    Ok(Basis {
        file: taken.file,
        from_sequence: taken.header.from,
        through_sequence: taken.footer.through.sequence,
        durable_sequence: recovery.last_sequence,
    })
}

fn copy_file(data: &Path, name: &str, to: &Path, manifest: &mut Manifest) -> anyhow::Result<()> {
    let path = data.join(name);
    let mut file = File::open(&path).with_context(|| path.display().to_string())?;
    let entry = write_durably(&to.join(name), &mut file)?;
    manifest.files.insert(name.to_owned(), entry);
    Ok(())
}

/// Copies everything below a directory of the data.
fn copy_tree(data: &Path, name: &str, to: &Path, manifest: &mut Manifest) -> anyhow::Result<()> {
    let directory = data.join(name);
    if !directory.is_dir() {
        return Ok(());
    }
    let entries = std::fs::read_dir(&directory).with_context(|| directory.display().to_string())?;
    for entry in entries {
        let entry = entry?;
        let Ok(file) = entry.file_name().into_string() else {
            bail!("{}: its name is not text", entry.path().display());
        };
        // Documents that are being archived have no version yet.
        if file.ends_with(".partial") {
            continue;
        }
        let name = format!("{name}/{file}");
        if entry.file_type()?.is_dir() {
            copy_tree(data, &name, to, manifest)?;
        } else {
            copy_file(data, &name, to, manifest)?;
        }
    }
    Ok(())
}

/// Copies what a start reads beside the data: the settings, the rules and the dialects. Not the demo: it names cards.
fn copy_configuration(settings: &Path, to: &Path, manifest: &mut Manifest) -> anyhow::Result<()> {
    let directory = settings.parent().unwrap_or_else(|| Path::new("."));
    let mut put = |name: &str, content: &mut dyn std::io::Read| -> anyhow::Result<()> {
        let name = format!("{CONFIG}/{name}");
        let entry = write_durably(&to.join(&name), content)?;
        manifest.files.insert(name, entry);
        Ok(())
    };
    let file = |path: &Path| File::open(path).with_context(|| path.display().to_string());
    let name = settings.file_name().and_then(OsStr::to_str);
    let name = name.with_context(|| format!("{}: its name is not text", settings.display()))?;
    put(name, &mut file(settings)?)?;
    for document in rules::stored_documents(directory)? {
        put(&document.path, &mut document.content.as_bytes())?;
    }
    let dialects = directory.join(DIALECTS);
    let entries = std::fs::read_dir(&dialects).with_context(|| dialects.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(OsStr::to_str);
        if let Some(name) = name.filter(|name| name.ends_with(".toml")) {
            put(&format!("{DIALECTS}/{name}"), &mut file(&path)?)?;
        }
    }
    Ok(())
}

/// Where the journal of a backup begins: behind the snapshot, or behind what the totals have counted where that is
/// further back and still there.
fn journal_seen(disk: &Directory, basis: &Basis, to: &Path) -> anyhow::Result<u64> {
    let counted = totals::kept_sequence(&to.join(NETWORKS))?;
    let oldest = oldest_held(disk)?.unwrap_or_default();
    let counted = counted.filter(|counted| counted.saturating_add(1) >= oldest);
    Ok(counted.map_or(basis.from_sequence, |counted| {
        counted.min(basis.from_sequence)
    }))
}

/// Copies the journal behind the snapshot, up to what was durable when that was finished.
fn copy_journal(
    data: &Path,
    basis: &Basis,
    to: &Path,
    manifest: &mut Manifest,
) -> anyhow::Result<()> {
    ensure!(
        basis.through_sequence <= basis.durable_sequence,
        "the snapshot reflects batch {}, but batch {} is the last durable one",
        basis.through_sequence,
        basis.durable_sequence
    );
    make_directory(&to.join(JOURNAL)).with_context(|| to.display().to_string())?;
    let disk = Directory::open(&data.join(JOURNAL))?;
    let mut open: Option<(String, File, Hasher)> = None;
    let (seen, last) = (journal_seen(&disk, basis, to)?, basis.durable_sequence);
    segments::copy(&disk, seen, last, &mut |segment, bytes| {
        let name = format!("{JOURNAL}/{segment}");
        let io = |source| SnapshotError::Io {
            file: name.clone(),
            source,
        };
        if open.as_ref().is_none_or(|(current, ..)| *current != name) {
            if let Some((name, file, hasher)) = open.take() {
                file.sync_all().map_err(io)?;
                manifest.files.insert(name, hasher.finish());
            }
            let file = File::create(to.join(&name)).map_err(io)?;
            open = Some((name.clone(), file, Hasher::default()));
        }
        if let Some((_, file, hasher)) = &mut open {
            hasher.update(bytes);
            file.write_all(bytes).map_err(io)?;
        }
        Ok(())
    })?;
    if let Some((name, file, hasher)) = open {
        file.sync_all().with_context(|| name.clone())?;
        manifest.files.insert(name, hasher.finish());
    }
    File::open(to.join(JOURNAL))?.sync_all()?;
    Ok(())
}

fn report(manifest: &Manifest, to: &Path) -> String {
    let mut text = String::new();
    for (name, file) in &manifest.files {
        text.push_str(&format!("{:>14}  {name}\n", file.bytes));
    }
    let total: u64 = manifest.files.values().map(|file| file.bytes).sum();
    let ShardId(shard) = serve::SHARD;
    text.push_str(&format!(
        "backup of shard {shard} in {}: snapshot of batch {}, journal up to batch {}, {} files, {total} bytes, {MANIFEST}\n\
         The card keys are not in it: keep a copy of {KEYS}/ in another place. Without them no card is found.\n",
        to.display(),
        manifest.from_sequence,
        manifest.last_sequence,
        manifest.files.len(),
    ));
    text
}
