//! How long the disk takes to make a small write durable, during the run.
//!
//! Owns: one thread that writes 4 KiB and waits for the disk, fifty times a second. What the switch's own
//! commits cost at least can so be told from what the switch adds. Must never: touch another file.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use hdrhistogram::CreationError;

use crate::clock::instant;
use crate::latencies::Latencies;
use crate::plan::nanoseconds;

const BLOCK: [u8; 4096] = [0x5A; 4096];

/// Blocks of the file. It is written once in full before the run, as a preallocated journal would be.
const BLOCKS: u64 = 256;

/// Time between two writes.
const PERIOD: Duration = Duration::from_millis(20);

/// A running probe.
#[derive(Debug)]
pub(crate) struct DiskProbe {
    stop: SyncSender<()>,
    thread: JoinHandle<io::Result<Latencies>>,
    path: PathBuf,
}

impl DiskProbe {
    /// Starts a probe on a file of its own in a directory.
    ///
    /// # Errors
    /// When the file cannot be created and written.
    pub(crate) fn start(directory: &Path) -> io::Result<Self> {
        let path = directory.join(format!(".loadtest-disk-probe-{}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        for _ in 0..BLOCKS {
            file.write_all(&BLOCK)?;
        }
        file.sync_all()?;
        let latencies =
            Latencies::new(3).map_err(|error: CreationError| io::Error::other(error))?;
        let (stop, stopped) = sync_channel(0);
        let thread = std::thread::Builder::new()
            .name("disk-probe".to_owned())
            .spawn(move || {
                let (mut latencies, mut block) = (latencies, 0);
                while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                    latencies.record_ns(write_one(&mut file, block % BLOCKS)?);
                    block += 1;
                }
                Ok(latencies)
            })?;
        Ok(Self { stop, thread, path })
    }

    /// Ends the probe, removes its file and gives what it measured.
    ///
    /// # Errors
    /// When a write or the removal failed.
    pub(crate) fn finish(self) -> io::Result<Latencies> {
        // Without its sender the thread ends.
        drop(self.stop);
        let measured = self
            .thread
            .join()
            .unwrap_or_else(|_panic| Err(io::Error::other("the disk probe ended by a panic")));
        std::fs::remove_file(&self.path)?;
        measured
    }
}

fn write_one(file: &mut File, block: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(block * 4096))?;
    let before = instant();
    file.write_all(&BLOCK)?;
    file.sync_data()?;
    Ok(nanoseconds(instant().saturating_duration_since(before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_measures_and_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let probe = DiskProbe::start(directory.path()).unwrap();
        let (_never, wait) = sync_channel::<()>(0);
        assert_eq!(
            wait.recv_timeout(PERIOD * 5),
            Err(RecvTimeoutError::Timeout)
        );
        let measured = probe.finish().unwrap();
        assert!(!measured.histogram().is_empty());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(DiskProbe::start(&directory.path().join("missing")).is_err());
    }
}
