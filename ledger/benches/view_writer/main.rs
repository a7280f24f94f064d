//! The view-writer alone: what one authorization costs behind its answer.
//!
//! Decides purchases into batches, without a journal, and gives the batches to a view-writer over sled. Prints
//! rows and bytes per authorization, by table, how large the store is afterwards, and how much processor time
//! applying and writing took. Under `valgrind --tool=callgrind` it tells the instructions.
//!
//! `cargo bench -p ledger --bench view_writer -- --directory DIR`

#[path = "../common/world.rs"]
mod world;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use ledger::books::rows::Table;
use ledger::books::{BookStore as _, Progress, SledStore, ViewWriter};
use ledger::command::Submission;
use ledger::identifiers::Timestamp;
use ledger::journal::Batch;
use ledger::writer::Writer;
use ledger::{Command, State};
use rules::Snapshot;

use world::Purchases;

/// The view-writer alone.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the books are made, in a directory of their own that is removed.
    #[arg(long, default_value = ".")]
    directory: PathBuf,
    /// Accounts that are used in turn.
    #[arg(long, default_value_t = 100_000)]
    accounts: u64,
    /// Authorizations.
    #[arg(long, default_value_t = 300_000)]
    authorizations: u64,
    /// Authorizations of one batch.
    #[arg(long, default_value_t = 12)]
    batch: u64,
    /// Authorizations between two checkpoints.
    #[arg(long, default_value_t = 6000)]
    checkpoint: u64,
    /// Page cache of the books in bytes.
    #[arg(long, default_value_t = 256 * 1024 * 1024)]
    cache_bytes: u64,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            writeln!(std::io::stderr(), "view_writer: {failure}").unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

/// Decides batches.
struct Decider {
    writer: Writer,
    rules: Snapshot,
    time: Timestamp,
}

impl Decider {
    fn batch(&mut self, commands: impl IntoIterator<Item = Command>) -> Result<Batch, Failure> {
        self.time = self.time.plus_us(2000);
        let submissions = commands.into_iter().map(|command| Submission {
            command,
            deadline: None,
            ticket: (),
        });
        let decided = self.writer.decide(submissions, &self.rules, self.time)?;
        Ok(decided.batch.ok_or("nothing was recorded")?)
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = tempfile::tempdir_in(&arguments.directory)?;
    let store = SledStore::open(directory.path(), arguments.cache_bytes)?;
    let mut view_writer = ViewWriter::new(world::SHARD, store, Progress::default());
    let mut decider = Decider {
        writer: Writer::new(world::SHARD, State::default(), 0, Timestamp::default()),
        rules: world::rules()?,
        time: Timestamp(1_800_000_000_000_000),
    };
    open_accounts(arguments, &mut decider, &mut view_writer)?;
    let purchases = Purchases::on(arguments.accounts)?;
    let before = size(directory.path())?;
    let (mut applying, mut writing, mut rows) = (0, 0, 0);
    let mut until = arguments.checkpoint;
    for number in (0..arguments.authorizations).step_by(usize::try_from(arguments.batch)?) {
        let last = arguments.authorizations.min(number + arguments.batch);
        let batch = decider.batch((number..last).map(|number| purchases.number(number)))?;
        // What is in the books leaves the memory, as in a running ledger.
        let in_books = view_writer.views().in_books();
        decider.writer.forget(0, in_books);
        let begun = processor_ns()?;
        view_writer.apply(&batch)?;
        applying += processor_ns()? - begun;
        if last >= until || last == arguments.authorizations {
            until += arguments.checkpoint;
            let begun = processor_ns()?;
            rows += view_writer.checkpoint()?;
            writing += processor_ns()? - begun;
        }
    }
    let each = |figure: u64| figure as f64 / arguments.authorizations.max(1) as f64;
    say(&format!(
        "per authorization: {:.2} rows written, {:.0} bytes more in the store, {:.2} us applying, {:.2} us writing (processor time of this thread)",
        each(u64::try_from(rows)?),
        each(size(directory.path())?.saturating_sub(before)),
        each(applying) / 1000.0,
        each(writing) / 1000.0
    ))?;
    tables(&view_writer, each)
}

/// Says what each table holds.
fn tables(view_writer: &ViewWriter<SledStore>, each: impl Fn(u64) -> f64) -> Result<(), Failure> {
    for table in Table::ROWS {
        let (mut rows, mut bytes) = (0_u64, 0_u64);
        for row in view_writer.views().store().newest_first(table) {
            let (key, value) = row?;
            rows += 1;
            bytes += u64::try_from(key.len() + value.len())?;
        }
        say(&format!(
            "{:>12}: {rows:>9} rows ({:.2} per authorization), {:.1} bytes of keys and values per authorization",
            table.name(),
            each(rows),
            each(bytes)
        ))?;
    }
    Ok(())
}

fn open_accounts(
    arguments: &Arguments,
    decider: &mut Decider,
    view_writer: &mut ViewWriter<SledStore>,
) -> Result<(), Failure> {
    for number in 1..=arguments.accounts {
        let commands = world::opening(number, &decider.rules)?;
        let batch = decider.batch(commands)?;
        view_writer.apply(&batch)?;
        if number % 10_000 == 0 {
            view_writer.checkpoint()?;
        }
    }
    view_writer.checkpoint()?;
    Ok(())
}

/// Bytes of the files of a directory.
fn size(directory: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            size(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}

fn say(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// How long this thread has had a processor.
fn processor_ns() -> Result<u64, Failure> {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = times.split_ascii_whitespace().next();
    Ok(first.ok_or("no processor time")?.parse()?)
}
