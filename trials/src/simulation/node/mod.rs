//! The switch of a simulation: the shipped machines, stepped one at a time.
//!
//! Owns: the shells around the machines as the real ones are: queues with their bounds, the order of
//! deciding, committing, releasing and viewing, links, and the start. Must never: decide anything.

mod archive;
mod chores;
mod connection;
mod counter;
mod emitter;
mod house;
mod links;
mod pipeline;
mod start;
mod store;

pub use archive::{Archive, read, segments};
pub use connection::{OwnRequests, Served};
pub use emitter::EventFile;
pub use start::{Manner, open};
pub use store::Store;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use codec::Pan;
use ledger::books::ViewWriter;
use ledger::command::{Command, LOOKUP_GOOD_US, Outcome, Submission};
use ledger::identifiers::{CardHash, ShardId, Timestamp};
use ledger::journal::Journal as _;
use ledger::journal::cursor::Cursor;
use ledger::journal::log::LogOptions;
use ledger::journal::readers::Readers;
use ledger::journal::simulated::{SimulatedDisk, SimulatedJournal};
use ledger::rebuild::Source;
use ledger::recovery::{Recovery, Replay};
use ledger::settled::Settled;
use ledger::writer::{Pending, Writer};
use rules::NetworkId;
use switch::card_vault::CardVault;
use switch::link::WaitingRequest;
use switch::network_state::KeptState;
use switch::totals::Totals;

use super::marks::Mark;
use super::peers::Scheme;
use super::plan::Bounds;
use super::rulebook::Rules;
use super::run::Run;
use connection::Connection;
use counter::Counter;
use emitter::Emitter;
use house::House;
use start::Started;

/// The shard; the segment size is drawn.
pub const OPTIONS: LogOptions = LogOptions {
    shard: ShardId(0),
    segment_bytes: 16 * 1024,
};
/// Who waits for a command.
enum Ticket {
    /// The set-up of the world.
    SetUp,
    /// Nobody.
    Unattended,
    /// The issuer, for a work of this number.
    Office(usize),
    Link {
        connection: u64,
        request: Box<WaitingRequest>,
    },
}

/// An outcome for the issuer.
#[derive(Debug)]
pub struct Heard {
    pub number: usize,
    pub outcome: Outcome,
}

/// What outlives the process.
#[derive(Clone, Debug)]
pub struct Disks {
    pub journal: SimulatedDisk,
    pub books: Store,
    pub events: EventFile,
    pub snapshots: SimulatedDisk,
    /// Segments that retention removed, for the checkers.
    pub archive: Archive,
    /// What networks have said: kept before they hear that it was understood.
    pub states: BTreeMap<NetworkId, KeptState>,
    pub totals: Totals,
}

pub struct Node {
    rules: Rules,
    vault: Arc<CardVault>,
    bounds: Bounds,
    connections: BTreeMap<u64, Connection>,
    submissions: VecDeque<Submission<Ticket>>,
    pub writer: Writer,
    /// What the writer may forget.
    settled: Settled,
    pub journal: SimulatedJournal,
    disk: SimulatedDisk,
    /// Batches that the committer has taken.
    committing: Option<usize>,
    pending: VecDeque<Pending<Ticket>>,
    heard: Vec<Heard>,
    pub view_writer: ViewWriter<Store>,
    cursor: Cursor<SimulatedDisk>,
    pub emitter: Emitter,
    counter: Counter,
    /// Reconciliations that wait until so many batches are counted.
    reconciling: Vec<(u64, u64, WaitingRequest)>,
    states: BTreeMap<NetworkId, KeptState>,
    pub house: House,
    /// Why the start could not use the books that were there.
    pub damage: Option<String>,
}

/// How far a node must have come to have nothing left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    pub commands: usize,
    pub unreleased: usize,
    pub uncommitted: usize,
    pub unseen_batches: u64,
    pub unsent_events: u64,
    pub uncounted_batches: u64,
}

impl Backlog {
    /// Nothing waits anywhere.
    pub const NONE: Self = Self {
        commands: 0,
        unreleased: 0,
        uncommitted: 0,
        unseen_batches: 0,
        unsent_events: 0,
        uncounted_batches: 0,
    };
}

impl Node {
    /// Starts on what is there.
    pub fn start(
        rules: Rules,
        vault: Arc<CardVault>,
        bounds: Bounds,
        disks: Disks,
        run: &mut Run,
    ) -> Result<Self, String> {
        let manner = Manner {
            options: options(&bounds),
            since: since(&rules, run.clock()),
            replay: bounds.replay,
        };
        let Started {
            recovery,
            rebuilt,
            damage,
        } = open(&disks, manner)?;
        match rebuilt {
            Some(Source::Snapshot { .. }) => run.reach(Mark::RebuiltFromSnapshot),
            Some(Source::Journal) => run.reach(Mark::RebuiltFromJournal),
            None => {}
        }
        let Recovery {
            log,
            writer,
            view_writer,
            cursor,
            cut_bytes,
            books_sequence,
            ..
        } = recovery;
        if cut_bytes > 0 {
            run.reach(Mark::TornTail);
        }
        let (readers, disk, now) = (Readers::default(), disks.journal, run.clock());
        let (emitter, cut_events) = Emitter::open(disk.clone(), disks.events, &readers, now);
        if cut_events > 0 {
            run.reach(Mark::EventsRewritten);
        }
        let counter = Counter::open(disk.clone(), disks.totals, &readers, now);
        let kept = (disks.snapshots, disks.archive);
        let house = House::new(&log, &disk, kept, &readers, books_sequence, (&bounds, now));
        Ok(Self {
            rules,
            vault,
            bounds,
            connections: BTreeMap::new(),
            submissions: VecDeque::new(),
            writer,
            settled: Settled::default(),
            journal: SimulatedJournal::new(log),
            disk,
            committing: None,
            pending: VecDeque::new(),
            heard: Vec::new(),
            view_writer,
            cursor,
            emitter,
            counter,
            reconciling: Vec::new(),
            states: disks.states,
            house,
            damage,
        })
    }

    /// What the process leaves behind when it ends.
    pub fn into_disks(self) -> Disks {
        Disks {
            journal: self.disk,
            books: self.view_writer.views().store().clone(),
            events: self.emitter.file,
            snapshots: self.house.snapshots,
            archive: self.house.archive,
            states: self.states,
            totals: self.counter.saved,
        }
    }

    /// What the switch knows a card by.
    pub fn hash(&self, pan: &str) -> CardHash {
        self.vault.hash(&Pan::parse(pan).unwrap())
    }

    /// The daily totals.
    pub fn totals(&self) -> &Totals {
        &self.counter.totals
    }

    /// The rules in force.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Books built anew from what there is beside the books, and their writer.
    pub fn rebuilt(&self, since: Timestamp) -> Result<Recovery<SimulatedDisk, Store>, String> {
        let books = Store::empty();
        books.make_unreadable();
        let disks = Disks {
            journal: self.disk.crashed(|| true),
            books,
            events: EventFile::default(),
            snapshots: self.house.snapshots.clone(),
            archive: Archive::default(),
            states: BTreeMap::new(),
            totals: Totals::default(),
        };
        let manner = Manner {
            options: options(&self.bounds),
            since,
            replay: Replay::whole(usize::MAX),
        };
        Ok(open(&disks, manner)?.recovery)
    }

    /// A disk with every segment there ever was.
    pub fn whole_journal(&self) -> SimulatedDisk {
        self.house.archive.whole(&self.disk)
    }

    /// The disk of the journal.
    pub fn disk(&self) -> &SimulatedDisk {
        &self.disk
    }

    /// Other rules are put in force.
    pub fn reload(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Gives a command that no link asked for.
    pub fn command(&mut self, command: Command) {
        self.submissions.push_back(Submission {
            command,
            deadline: None,
            ticket: Ticket::SetUp,
        });
    }

    /// The issuer asks for something; a full queue leaves it undone.
    pub fn ask_for(&mut self, number: usize, mut command: Command, run: &Run) {
        let related = self.view_writer.views().related(command.lookups());
        command.attach(related.unwrap());
        let deadline = run.clock().plus_us(LOOKUP_GOOD_US);
        self.queue(command, Some(deadline), Ticket::Office(number));
    }

    /// Outcomes that the issuer has not heard yet.
    pub fn heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    /// What waits, and where.
    pub fn backlog(&self) -> Backlog {
        let durable = self.journal.watermark().sequence();
        Backlog {
            commands: self.submissions.len(),
            unreleased: self.pending.len(),
            uncommitted: self.journal.waiting(),
            unseen_batches: durable.saturating_sub(self.view_writer.views().shown()),
            unsent_events: durable.saturating_sub(self.emitter.sequence()),
            uncounted_batches: durable.saturating_sub(self.counter.totals.sequence()),
        }
    }
}

/// How the log of a world is opened.
pub fn options(bounds: &Bounds) -> LogOptions {
    LogOptions {
        segment_bytes: bounds.segment_bytes,
        ..OPTIONS
    }
}

/// How long messages stay in memory.
pub fn window_us(rules: &Rules) -> i64 {
    let windows =
        Scheme::ALL.map(|scheme| rules.plan(scheme.network()).network.match_window_minutes);
    i64::from(windows.into_iter().max().unwrap_or_default()) * 60_000_000
}

/// The time that a start looks back to.
pub fn since(rules: &Rules, now: Timestamp) -> Timestamp {
    now.plus_us(-window_us(rules))
}
