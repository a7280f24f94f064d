//! The switch of a simulation: the shipped machines, stepped one at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BytesMut;
use codec::FrameReader;
use ledger::books::store::MemoryStore;
use ledger::books::{ViewWriter, Views};
use ledger::command::{Command, Outcome, Submission};
use ledger::identifiers::{ShardId, Timestamp};
use ledger::journal::Journal as _;
use ledger::journal::cursor::Cursor;
use ledger::journal::log::LogOptions;
use ledger::journal::simulated::{SimulatedDisk, SimulatedJournal};
use ledger::recovery::{Recovery, recover};
use ledger::writer::{Pending, Writer};
use rules::{NetworkId, Snapshot};
use switch::card_vault::CardVault;
use switch::link::{Link, Received, Surroundings, WaitingRequest};
use switch::networks::Networks;

pub const OPTIONS: LogOptions = LogOptions {
    shard: ShardId(0),
    segment_bytes: 16 * 1024,
};
const NETWORK: NetworkId = NetworkId(1);

/// Who waits for a command: a request, or the set-up of the world.
type Ticket = Option<WaitingRequest>;

pub struct Node {
    rules: Arc<Snapshot>,
    networks: Arc<Networks>,
    vault: Arc<CardVault>,
    link: Link,
    reader: FrameReader,
    submissions: VecDeque<Submission<Ticket>>,
    pub writer: Writer,
    pub journal: SimulatedJournal,
    pending: VecDeque<Pending<Ticket>>,
    pub view_writer: ViewWriter<MemoryStore>,
    cursor: Cursor<SimulatedDisk>,
    /// Bytes of torn tail that the start cut.
    pub cut_bytes: u64,
}

impl Node {
    pub fn start(
        rules: Arc<Snapshot>,
        networks: Arc<Networks>,
        vault: Arc<CardVault>,
        disk: SimulatedDisk,
        store: MemoryStore,
        now: Timestamp,
    ) -> Self {
        let since = now.plus_us(-window_us(&networks));
        let Recovery {
            log,
            writer,
            view_writer,
            cursor,
            cut_bytes,
            ..
        } = recover(disk, store, OPTIONS, since, usize::MAX).unwrap();
        let reader = FrameReader::new(networks.plan(NETWORK).unwrap().dialect.framing());
        Self {
            rules,
            networks,
            vault,
            link: Link::new(),
            reader,
            submissions: VecDeque::new(),
            writer,
            journal: SimulatedJournal::new(log),
            pending: VecDeque::new(),
            view_writer,
            cursor,
            cut_bytes,
        }
    }

    /// Gives a command that no link asked for.
    pub fn command(&mut self, command: Command) {
        self.submissions.push_back(Submission {
            command,
            deadline: None,
            ticket: None,
        });
    }

    /// Bytes arrive; what is answered at once is returned.
    pub fn receive(&mut self, bytes: &[u8], now: Timestamp) -> BytesMut {
        let mut out = BytesMut::new();
        let plan = self.networks.plan(NETWORK).unwrap();
        let views: &Views<MemoryStore> = self.view_writer.views();
        let books = |key: &_| views.matching(key);
        let spare = self.reader.spare();
        spare[..bytes.len()].copy_from_slice(bytes);
        self.reader.filled(bytes.len());
        while let Some(frame) = self.reader.next_frame().unwrap() {
            let (rules, vault) = (&self.rules, &self.vault);
            let around = Surroundings {
                plan,
                rules,
                vault,
                books: &books,
                now,
            };
            let mut report = |anomaly| panic!("the peer sends no bad messages: {anomaly:?}");
            match self.link.receive(frame, &around, &mut out, &mut report) {
                Received::Submit {
                    command,
                    deadline,
                    request,
                } => {
                    let (deadline, ticket) = (Some(deadline), Some(request));
                    self.submissions.push_back(Submission {
                        command,
                        deadline,
                        ticket,
                    });
                }
                Received::Answered { .. } => {}
                Received::Ignored(why) => panic!("a message was ignored: {why}"),
            }
        }
        out
    }

    pub fn has_submissions(&self) -> bool {
        !self.submissions.is_empty()
    }

    /// The writer takes some of what waits. Undecided commands are answered at once.
    pub fn decide(&mut self, most: usize, now: Timestamp) -> BytesMut {
        let count = most.min(self.submissions.len());
        let taken: Vec<_> = self.submissions.drain(..count).collect();
        let decided = self.writer.decide(taken, &self.rules, now).unwrap();
        let mut out = BytesMut::new();
        for (ticket, undecided) in decided.undecided {
            ticket.unwrap().refuse(undecided, &mut out).unwrap();
        }
        self.pending.push_back(decided.pending);
        if let Some(batch) = decided.batch {
            let sequence = batch.sequence;
            self.journal.submit(batch, sequence).unwrap();
        }
        let window_us = window_us(&self.networks);
        self.writer
            .forget(window_us, self.view_writer.views().in_books());
        out
    }

    /// Sends the outcomes that the watermark has passed.
    pub fn release(&mut self) -> BytesMut {
        let mut out = BytesMut::new();
        while let Some(pending) = self.pending.pop_front() {
            match pending.release(self.journal.watermark()) {
                Ok(outcomes) => {
                    for (ticket, outcome) in outcomes {
                        match ticket {
                            Some(request) => drop(request.answer(&outcome, &mut out).unwrap()),
                            None => assert_eq!(*outcome.get(), Outcome::Created),
                        }
                    }
                }
                Err(pending) => {
                    self.pending.push_front(pending);
                    break;
                }
            }
        }
        out
    }

    /// The view-writer takes in at most so many durable batches.
    pub fn view(&mut self, most: usize) {
        for _ in 0..most {
            match self
                .cursor
                .next(self.journal.watermark().sequence())
                .unwrap()
            {
                Some(batch) => self.view_writer.apply(&batch).unwrap(),
                None => return,
            }
        }
    }

    pub fn remembered(&self) -> usize {
        self.writer.state().recent_count()
    }
}

fn window_us(networks: &Networks) -> i64 {
    i64::from(networks.plan(NETWORK).unwrap().network.match_window_minutes) * 60_000_000
}
