//! The raw loop: appends what is due to a preallocated file and syncs it, nothing else.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use hdrhistogram::Histogram;
use ledger::State;
use ledger::command::Submission;
use ledger::identifiers::Timestamp;
use ledger::journal::batch::HEADER_BYTES;
use ledger::runtime::now;
use ledger::writer::Writer;

use super::world::{self, Purchases};
use super::{Failure, clock, pause, per_second, until};

/// Size of the file; written from the start again when it is full.
const FILE_BYTES: u64 = 256 * 1024 * 1024;

/// The file.
#[derive(Debug)]
pub(crate) struct RawLog {
    file: File,
    end: u64,
    buffer: Vec<u8>,
}

impl RawLog {
    /// Makes the file, filled with zeros.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create_new(true)
            .read(true)
            .write(true)
            .open(path)?;
        let zeros = vec![0; 1024 * 1024];
        let mut offset = 0;
        while offset < FILE_BYTES {
            file.write_all_at(&zeros, offset)?;
            offset += zeros.len() as u64;
        }
        file.sync_all()?;
        Ok(Self {
            file,
            end: 0,
            buffer: Vec::new(),
        })
    }

    /// One commit of so many records.
    fn commit(&mut self, records: u64, record_bytes: usize) -> io::Result<()> {
        let bytes = HEADER_BYTES + usize::try_from(records).unwrap_or(0) * record_bytes;
        // Other bytes each time: a device may be clever about equal ones.
        self.buffer.clear();
        self.buffer.resize(bytes, self.end.to_le_bytes()[3]);
        if self.end + bytes as u64 > FILE_BYTES {
            self.end = 0;
        }
        self.file.write_all_at(&self.buffer, self.end)?;
        self.file.sync_data()?;
        self.end += bytes as u64;
        Ok(())
    }

    /// Records a second with so many under way: a client hands each over a queue and is told of each.
    pub(crate) fn throughput(
        &mut self,
        in_flight: usize,
        record_bytes: usize,
        window: Duration,
    ) -> Result<u64, Failure> {
        let (ask, asked) = bounded::<()>(in_flight);
        let (tell, told) = bounded::<()>(in_flight);
        std::thread::scope(|scope| {
            let log = scope.spawn(|| self.serve(record_bytes, asked, tell));
            let begun = clock();
            for _ in 0..in_flight {
                ask.send(())?;
            }
            let mut records = 0_u64;
            while begun.elapsed() < window {
                told.recv()?;
                let more = 1 + told.try_iter().count();
                records += more as u64;
                for _ in 0..more {
                    ask.send(())?;
                }
            }
            let took = begun.elapsed();
            drop(ask);
            log.join()
                .map_err(|_panic| "the raw loop ended by a panic")??;
            Ok(per_second(records, took))
        })
    }

    /// Commits what waits, again and again.
    fn serve(
        &mut self,
        record_bytes: usize,
        asked: Receiver<()>,
        tell: Sender<()>,
    ) -> io::Result<()> {
        while let Ok(()) = asked.recv() {
            let records = 1 + asked.try_iter().count() as u64;
            self.commit(records, record_bytes)?;
            for _ in 0..records {
                // Never full: it holds all that are under way.
                tell.try_send(()).unwrap_or_default();
            }
        }
        Ok(())
    }

    /// How long records wait when they come at a rate: each commit carries what is due.
    pub(crate) fn latency(
        &mut self,
        rate: u64,
        record_bytes: usize,
        window: Duration,
    ) -> Result<Histogram<u64>, Failure> {
        let mut histogram = Histogram::new(3)?;
        let total = rate * window.as_secs();
        let due = |number: u64| Duration::from_secs_f64(number as f64 / rate as f64);
        let (begun, mut written) = (clock(), 0);
        while written < total {
            if let Some(left) = until(begun, due(written)) {
                pause(left);
                continue;
            }
            let first = written;
            while written < total && until(begun, due(written)).is_none() {
                written += 1;
            }
            self.commit(written - first, record_bytes)?;
            let ended = begun.elapsed();
            for number in first..written {
                let waited = ended.saturating_sub(due(number));
                histogram.record(u64::try_from(waited.as_micros())?)?;
            }
        }
        Ok(histogram)
    }
}

/// Bytes that one purchase takes in a batch of the journal.
pub(crate) fn record_bytes() -> Result<usize, Failure> {
    let rules = world::rules()?;
    let mut writer = Writer::new(world::SHARD, State::default(), 0, Timestamp::default());
    let purchases = Purchases::on(1)?;
    let batches = [
        world::opening(1, &rules)?.into(),
        (0..100)
            .map(|number| purchases.number(number))
            .collect::<Vec<_>>(),
    ];
    let mut bytes = 0;
    for commands in batches {
        let submissions = commands.into_iter().map(|command| Submission {
            command,
            deadline: None,
            ticket: (),
        });
        let batch = writer.decide(submissions, &rules, now())?.batch;
        bytes = batch.ok_or("nothing was recorded")?.stored_bytes();
    }
    Ok((bytes - HEADER_BYTES) / 100)
}
