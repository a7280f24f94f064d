//! `switch restore`: makes a data directory of a backup.
//!
//! Owns: verifying every byte first, laying the files down, building the books and replaying the journal
//! once, so that what a start would meet is met here. Must never: touch a data directory that holds
//! anything but keys, or leave one that a switch would start on before it is whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, ensure};
use ledger::books::contents::TableContents;
use ledger::books::rows::Table;
use ledger::identifiers::ShardId;
use ledger::journal::disk::make_directory;
use ledger::rebuild::Opened;

use crate::backup::{CONFIG, open_books};
use crate::data_directory::{DataLock, EVENTS, JOURNAL, KEYS, LOCK, RESTORING};
use crate::events::EventFiles;
use crate::key_check;
use crate::manifest::{Manifest, write_durably};
use crate::serve::{self, ConfigurationError};
use crate::settings::Settings;

/// Restores the backup of a directory into the data directory of the settings. Returns what was restored,
/// for people.
///
/// # Errors
/// [`ConfigurationError`] for settings or a data directory that cannot be used; else why nothing was
/// restored.
pub fn run(settings: &Path, from: &Path) -> anyhow::Result<String> {
    let settings = serve::settings(settings)?;
    let data = settings.data_directory.as_path();
    refuse_what_is_there(data)?;
    let manifest = Manifest::read(from)?;
    let ShardId(shard) = serve::SHARD;
    ensure!(
        manifest.shard == shard,
        "{}: holds shard {}, expected shard {shard}",
        from.display(),
        manifest.shard
    );
    let keys = keys_report(data, &manifest)?;
    let bytes = manifest.verify(from)?;
    let lock = DataLock::acquire(data)?;
    let mark = data.join(RESTORING);
    write_durably(&mark, &mut b"".as_slice())?;
    // The configuration is used where it is, or laid somewhere else by hand: its settings say where the data is.
    let of_data = |name: &&String| !Path::new(name).starts_with(CONFIG);
    for name in manifest.files.keys().filter(of_data) {
        manifest.copy(from, name, &data.join(name))?;
    }
    key_check::expect_check_values(data, &manifest.key_check_values)?;
    let counts = build_books(&settings, &manifest)?;
    std::fs::remove_file(&mark).with_context(|| mark.display().to_string())?;
    File::open(data)?.sync_all()?;
    drop(lock);
    let count = |table| counts.get(&table).copied().unwrap_or(0);
    Ok(format!(
        "restored the backup of {} into {}: {} files, {bytes} bytes\n\
         accounts  {}\ncards     {}\nmessages  {}\nlast batch {}\n{keys}",
        manifest.created,
        data.display(),
        manifest.files.len(),
        count(Table::Accounts),
        count(Table::Cards),
        count(Table::Messages),
        manifest.last_sequence,
    ))
}

/// Refuses a data directory that holds anything but keys.
fn refuse_what_is_there(data: &Path) -> anyhow::Result<()> {
    let entries = match std::fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| data.display().to_string()),
    };
    let mut there = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != KEYS && name != LOCK {
            there.push(name);
        }
    }
    there.sort_unstable();
    if there.is_empty() {
        return Ok(());
    }
    let error = anyhow::anyhow!(
        "{}: is not empty, it holds {}; restore into a data directory that holds nothing but {KEYS}/",
        data.display(),
        there.join(", ")
    );
    Err(ConfigurationError::from(error).into())
}

/// Compares the keys that are there with those of the backup.
fn keys_report(data: &Path, manifest: &Manifest) -> anyhow::Result<String> {
    let keys = data.join(KEYS);
    let found = key_check::check_values(&keys)?;
    let wrong = key_check::differing(&manifest.key_check_values, &found);
    ensure!(
        wrong.is_empty(),
        "{}: other keys than those of the backup: {}",
        keys.display(),
        wrong.join(", ")
    );
    let missing: Vec<_> = manifest
        .key_check_values
        .keys()
        .filter(|name| !found.contains_key(*name))
        .cloned()
        .collect();
    Ok(if missing.is_empty() {
        "The card keys are there and are those of the backup.\n".to_owned()
    } else {
        format!(
            "Keys are not in a backup: put {} under {} before the start, which compares them with the backup's.\n",
            missing.join(" and "),
            keys.display()
        )
    })
}

/// Builds the books, replays the journal, and lets the events begin behind it. Returns the rows of each
/// table.
fn build_books(settings: &Settings, manifest: &Manifest) -> anyhow::Result<BTreeMap<Table, u64>> {
    let data = settings.data_directory.as_path();
    let journal = data.join(JOURNAL);
    make_directory(&journal).with_context(|| journal.display().to_string())?;
    let Opened { recovery, .. } = open_books(settings)?;
    ensure!(
        recovery.last_sequence == manifest.last_sequence,
        "the journal ends with batch {}, the manifest says {}",
        recovery.last_sequence,
        manifest.last_sequence
    );
    let mut view_writer = recovery.view_writer;
    view_writer.checkpoint()?;
    recovery.log.close()?;
    // What was decided up to here had its events where the backup was made.
    let mut events = EventFiles::open(&data.join(EVENTS), settings.events.file_bytes)?;
    events.append(recovery.last_sequence, &[])?;
    events.save()?;
    let contents = view_writer.progress().contents;
    let rows = |table: Table| {
        let TableContents { rows, .. } = contents.of(table);
        (table, rows)
    };
    Ok(Table::ROWS.into_iter().map(rows).collect())
}
