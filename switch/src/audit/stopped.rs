//! The audit of data that no switch uses: a copy, or what a switch left.
//!
//! Owns: opening journal and books as a start would, with the rest of the journal shown over the books and
//! written nowhere; and asking a running switch instead. Must never: build books anew, or write a row.

use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use ledger::audit;
use ledger::books::inspection::Inspection;
use ledger::books::{Progress, SledStore, ViewWriter, load};
use ledger::journal::cursor::Cursor;
use ledger::journal::disk::Directory;
use ledger::journal::log::Log;
use serde_json::Value;

use super::Audited;
use crate::data_directory::{BOOKS, DataLock, JOURNAL, inspector, refuse_half_restored};
use crate::serve::{self, ConfigurationError};

/// Audits a data directory, telling `heard` how far it is.
///
/// # Errors
/// [`ConfigurationError`] for settings or a directory that cannot be used; else why nothing can be said.
pub fn run(
    settings: &Path,
    data: &Path,
    heard: &mut dyn FnMut(audit::Progress),
) -> anyhow::Result<Value> {
    let settings = serve::settings(settings)?;
    if !data.join(JOURNAL).is_dir() {
        let message = format!("{}: holds no journal", data.display());
        return Err(ConfigurationError::from(anyhow::Error::msg(message)).into());
    }
    let Some(lock) = DataLock::try_acquire(data)? else {
        bail!(
            "{}: a switch uses it; without --data it is asked",
            data.display()
        );
    };
    refuse_half_restored(data)?;
    let books = data.join(BOOKS);
    ensure!(books.is_dir(), "{}: there are no books", books.display());
    let cache_bytes = settings.ledger.books_cache_bytes;
    let contents = match inspector()?.inspect(&books, cache_bytes)? {
        Inspection::Readable(readable) => readable.contents,
        Inspection::Damaged(reason) | Inspection::Unusable(reason) => {
            bail!("the books cannot be used: {reason}")
        }
    };
    let store = SledStore::open(&books, cache_bytes)?;
    let applied = load::progress(&store)?;
    let reflected = load::intended(&store)?.map_or(applied.sequence, |intended| intended.sequence);
    let disk = Directory::open(&data.join(JOURNAL))?;
    let (log, found) = Log::open(
        disk.clone(),
        serve::log_options(&settings),
        applied.sequence,
    )
    .context("the journal")?;
    // Closing it would mark its end; an audit leaves that to the switch.
    drop(log);
    ensure!(
        found.last_sequence >= reflected,
        "the journal ends with batch {}, the books reflect batch {reflected}",
        found.last_sequence
    );
    let progress = Progress {
        contents,
        ..applied
    };
    let mut shown = ViewWriter::new(serve::SHARD, store, progress);
    let mut cursor = Cursor::after(disk, applied.sequence);
    while let Some(batch) = cursor.next(found.last_sequence)? {
        shown.apply(&batch)?;
    }
    let audited = Audited {
        data,
        views: shown.views(),
        still: true,
        in_force: None,
    };
    let report = super::run(&audited, &mut |progress| {
        heard(progress);
        true
    });
    drop(lock);
    report
}

/// How often the running switch is asked how far it is.
const LOOK: Duration = Duration::from_secs(1);

/// Asks the running switch whose HTTP is at `address`; the audit works `share_percent` of the time. Tells
/// `heard` how far it is.
///
/// # Errors
/// When it does not answer, or has no report.
pub fn ask(
    address: &str,
    share_percent: u8,
    heard: &mut dyn FnMut(audit::Progress),
) -> anyhow::Result<Value> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let audits = format!("http://{address}/v1/audits");
    std::thread::scope(|scope| {
        let (sender, report) = std::sync::mpsc::sync_channel(1);
        let (agent, audits) = (&agent, &audits);
        scope.spawn(move || {
            let asked = agent.post(format!("{audits}?share_percent={share_percent}"));
            let answered = asked.send_empty();
            let answered = answered.with_context(|| format!("no switch answers at {address}"));
            // The other end waits for it.
            drop(sender.send(answered.and_then(crate::show::body)));
        });
        loop {
            match report.recv_timeout(LOOK) {
                Ok(report) => return report,
                Err(RecvTimeoutError::Timeout) => {
                    let progress = agent.get(audits).call().ok();
                    let progress = progress.and_then(|answer| crate::show::body(answer).ok());
                    if let Some(Ok(progress)) = progress.map(serde_json::from_value) {
                        heard(progress);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the question was cut off"),
            }
        }
    })
}
