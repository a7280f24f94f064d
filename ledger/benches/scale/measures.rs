//! The measurements, each in a process of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use ledger::books::inspection::{Inspector, report};
use ledger::books::{SledStore, ViewWriter};
use ledger::command::Submission;
use ledger::identifiers::Timestamp;
use ledger::journal::Batch;
use ledger::journal::disk::Directory;
use ledger::journal::log::{Log, LogOptions};
use ledger::rebuild::{self, Places};
use ledger::recovery::{Recovery, Replay};
use ledger::runtime::now;
use ledger::writer::Writer;
use ledger::{Command, State};
use rules::Snapshot;

use super::world::{self, Purchases};
use super::{Arguments, Failure, say};

/// Commands of one batch.
const BATCH: u64 = 1000;
/// Changed rows after which the books are written.
const CHECKPOINT_ROWS: usize = 200_000;
/// Accounts of the state that the rate is compared with.
const FEW: u64 = 1000;
/// Purchases of one turn of the comparison, and turns.
const TURN: u64 = 20_000;
const TURNS: u64 = 10;

/// A shard without its threads.
struct Shard {
    log: Log<Directory>,
    writer: Writer,
    view_writer: ViewWriter<SledStore>,
    rules: Snapshot,
    replayed_records: u64,
}

impl Shard {
    /// Opens it as a start does; no message is recent.
    fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let rules = world::rules()?;
        let at = |name: &str| arguments.directory.join(name);
        std::fs::create_dir_all(&arguments.directory)?;
        let opened = rebuild::open(&Places {
            journal: &at("journal"),
            books: &at("books"),
            snapshots: &at("snapshots"),
            log: LogOptions {
                shard: world::SHARD,
                segment_bytes: 64 * 1024 * 1024,
            },
            cache_bytes: arguments.cache_bytes,
            inspector: &inspector()?,
            since: Timestamp(i64::MAX),
            // As in the switch, what an end leaves is taken into the views behind the answers.
            replay: Replay {
                behind_records: u64::MAX,
                checkpoint_rows: usize::MAX,
            },
        })?;
        let Recovery {
            mut log,
            writer,
            view_writer,
            replayed_records,
            ..
        } = opened.recovery;
        log.begin()?;
        Ok(Self {
            log,
            writer,
            view_writer,
            rules,
            replayed_records,
        })
    }

    /// Decides commands, makes them durable and shows them.
    fn take(&mut self, commands: Vec<Command>) -> Result<(), Failure> {
        let batch = decide(&mut self.writer, &self.rules, commands)?;
        self.log.append(std::slice::from_ref(&batch))?;
        self.view_writer.apply(&batch)?;
        Ok(())
    }

    /// Takes commands, and writes the books now and then.
    fn take_all(
        &mut self,
        count: u64,
        of: impl Fn(u64) -> Result<Vec<Command>, Failure>,
    ) -> Result<(), Failure> {
        let mut number = 0;
        while number < count {
            let mut commands = Vec::new();
            while number < count && commands.len() < usize::try_from(BATCH)? {
                commands.extend(of(number)?);
                number += 1;
            }
            self.take(commands)?;
            if self.view_writer.dirty_rows() >= CHECKPOINT_ROWS {
                self.checkpoint()?;
            }
        }
        self.checkpoint()
    }

    /// Writes the books; what they hold leaves the memory.
    fn checkpoint(&mut self) -> Result<(), Failure> {
        self.view_writer.checkpoint()?;
        forget(&mut self.writer);
        Ok(())
    }
}

/// Lets go of every message.
fn forget(writer: &mut Writer) {
    while writer.state().recent_count() > 0 {
        let before = writer.state().recent_count();
        writer.forget(-1, u64::MAX);
        if writer.state().recent_count() == before {
            return;
        }
    }
}

fn decide(writer: &mut Writer, rules: &Snapshot, commands: Vec<Command>) -> Result<Batch, Failure> {
    let submissions = commands.into_iter().map(|command| Submission {
        command,
        deadline: None,
        ticket: (),
    });
    let decided = writer.decide(submissions, rules, now())?;
    Ok(decided.batch.ok_or("nothing was recorded")?)
}

/// This program, reading books in a process of its own, as the switch has it.
fn inspector() -> Result<Inspector, Failure> {
    let arguments = ["--measure", "inspect"].map(str::to_owned);
    let program = std::env::current_exe()?;
    Ok(Inspector::Program(program, arguments.into()))
}

/// Reads books for a start.
pub(super) fn inspect(arguments: &Arguments) -> Result<(), Failure> {
    let [directory, cache_bytes] = arguments.inspected.as_slice() else {
        return Err("an inspection is told the directory and the bytes of its page cache".into());
    };
    let mut out = std::io::stdout();
    Ok(report(
        Path::new(directory),
        cache_bytes.parse()?,
        &mut out,
    )?)
}

/// Starts, and says how long that took and what is resident.
pub(super) fn start(arguments: &Arguments) -> Result<(), Failure> {
    let begun = clock();
    let mut shard = Shard::open(arguments)?;
    let took = begun.elapsed();
    settle(&mut shard, arguments)?;
    say(&format!(
        "resident_bytes {} start_ms {} replayed_records {} messages {}",
        resident_bytes()?,
        took.as_millis(),
        shard.replayed_records,
        shard.writer.state().recent_count()
    ))
}

/// Lets the allocator give back what the start has freed, as it does while the first commands are decided.
fn settle(shard: &mut Shard, arguments: &Arguments) -> Result<(), Failure> {
    const PAUSE: Duration = Duration::from_millis(100);
    const ROUNDS: u64 = 10;
    let purchases = Purchases::on(FEW)?;
    let first = arguments.accounts * arguments.holds + arguments.lag;
    for round in 0..ROUNDS {
        std::thread::park_timeout(PAUSE);
        let begin = first + round * BATCH;
        let commands = (begin..begin + BATCH).map(|number| purchases.number(number));
        decide(&mut shard.writer, &shard.rules, commands.collect())?;
    }
    Ok(())
}

/// Makes the accounts.
pub(super) fn accounts(arguments: &Arguments) -> Result<(), Failure> {
    let mut shard = Shard::open(arguments)?;
    let rules = world::rules()?;
    shard.take_all(arguments.accounts, |number| {
        Ok(world::opening(number + 1, &rules)?.into())
    })?;
    Ok(shard.log.close()?)
}

/// Makes the holds.
pub(super) fn holds(arguments: &Arguments) -> Result<(), Failure> {
    let mut shard = Shard::open(arguments)?;
    let purchases = Purchases::on(arguments.accounts)?;
    let count = arguments.accounts * arguments.holds;
    shard.take_all(count, |number| Ok(vec![purchases.number(number)]))?;
    Ok(shard.log.close()?)
}

/// Makes records without a checkpoint, and ends.
pub(super) fn lag(arguments: &Arguments) -> Result<(), Failure> {
    let mut shard = Shard::open(arguments)?;
    let purchases = Purchases::on(arguments.accounts)?;
    let first = arguments.accounts * arguments.holds;
    for begin in (first..first + arguments.lag).step_by(usize::try_from(BATCH)?) {
        let end = (begin + BATCH).min(first + arguments.lag);
        let commands = (begin..end)
            .map(|number| purchases.number(number))
            .collect();
        let batch = decide(&mut shard.writer, &shard.rules, commands)?;
        shard.log.append(&[batch])?;
        forget(&mut shard.writer);
    }
    // As a process ends that is killed: nothing is closed.
    std::process::exit(0)
}

/// Decides and applies beside a small state, in turns.
pub(super) fn rate(arguments: &Arguments) -> Result<(), Failure> {
    let mut many = Shard::open(arguments)?;
    let rules = world::rules()?;
    let mut few = Writer::new(world::SHARD, State::default(), 0, Timestamp::default());
    for number in 1..=FEW {
        decide(&mut few, &rules, world::opening(number, &rules)?.into())?;
    }
    let (of_many, of_few) = (Purchases::on(arguments.accounts)?, Purchases::on(FEW)?);
    let first = arguments.accounts * arguments.holds + arguments.lag;
    let (mut took_many, mut took_few) = (Duration::ZERO, Duration::ZERO);
    for turn in 0..TURNS {
        let begin = first + turn * TURN;
        took_few += turn_of(&mut few, &rules, &of_few, begin)?;
        took_many += turn_of(&mut many.writer, &rules, &of_many, begin)?;
    }
    let rate = |took: Duration| (TURNS * TURN) as f64 / took.as_secs_f64();
    say(&format!(
        "decided and applied: {:.0}/s with {} accounts, {:.0}/s with {FEW}; ratio {:.2}",
        rate(took_many),
        arguments.accounts,
        rate(took_few),
        rate(took_many) / rate(took_few)
    ))
}

/// One turn: purchases on accounts that lie apart, as they come.
fn turn_of(
    writer: &mut Writer,
    rules: &Snapshot,
    purchases: &Purchases,
    begin: u64,
) -> Result<Duration, Failure> {
    /// Shares no divisor with the number of accounts of a usual run.
    const APART: u64 = 7_919;
    let mut took = Duration::ZERO;
    for number in (begin..begin + TURN).step_by(usize::try_from(BATCH)?) {
        let commands: Vec<Command> = (number..number + BATCH)
            .map(|number| purchases.number(number * APART))
            .collect();
        let begun = clock();
        decide(writer, rules, commands)?;
        took += begun.elapsed();
    }
    forget(writer);
    Ok(took)
}

/// Memory of this process that is resident.
fn resident_bytes() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_ascii_whitespace().next());
    Ok(kibibytes.ok_or("no VmRSS")?.parse::<u64>()? * 1024)
}

/// The monotonic clock.
fn clock() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    Instant::now()
}
