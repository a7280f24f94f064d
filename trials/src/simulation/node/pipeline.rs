//! The pipeline of the simulated switch: queue, writer, committer, release, and those who read behind.
//!
//! Owns: the order in which the shipped machines are called, as the ledger's shells have it, one call at a
//! time. Must never: hand out an outcome but through the watermark.

use ledger::command::{Command, LOOKUP_GOOD_US, Outcome, Submission, Undecided};
use ledger::identifiers::Timestamp;
use ledger::journal::Journal as _;
use ledger::journal::Prepared;
use rules::Reason;
use switch::link::WaitingRequest;

use super::super::marks::Mark;
use super::super::run::Run;
use super::archive;
use super::connection::{Asked, Decided, Reply};
use super::counter::Counted;
use super::emitter::Emitted;
use super::{Heard, Node, Ticket, window_us};

impl Node {
    /// Queues what no link waits for; without room it is dropped.
    pub(super) fn queue(&mut self, command: Command, deadline: Option<Timestamp>, ticket: Ticket) {
        if self.submissions.len() < self.bounds.queue_commands {
            self.submissions.push_back(Submission {
                command,
                deadline,
                ticket,
            });
        }
    }

    /// Queues a request, or refuses it because of overload.
    pub(super) fn submit(&mut self, connection: u64, asked: Asked, run: &mut Run) {
        let (command, deadline, request) = match asked {
            Asked::Note(command) => {
                let deadline = Some(run.clock().plus_us(LOOKUP_GOOD_US));
                return self.queue(command, deadline, Ticket::Unattended);
            }
            Asked::Reconcile(request) => {
                // Whatever was answered is durable.
                let wanted = self.journal.watermark().sequence();
                return self.reconciling.push((connection, wanted, request));
            }
            Asked::Request {
                command,
                deadline,
                request,
            } => (command, deadline, request),
        };
        if let Command::Authorize { stored, .. } = &command
            && !stored.is_empty()
        {
            run.reach(Mark::Recalled);
        }
        let durable = self.journal.watermark().sequence();
        let lag = durable.saturating_sub(self.view_writer.views().shown());
        let refused = if lag > self.bounds.view_lag_batches {
            Some(Mark::ViewsLagged)
        } else if self.submissions.len() >= self.bounds.queue_commands {
            Some(Mark::QueueFull)
        } else {
            None
        };
        if let Some(mark) = refused {
            run.reach(mark);
            let reason = Reason::Overloaded;
            return self.reply(connection, request, Err(Undecided { reason }), run);
        }
        self.submissions.push_back(Submission {
            command,
            deadline: Some(deadline),
            ticket: Ticket::Link {
                connection,
                request: Box::new(request),
            },
        });
    }

    fn reply(
        &mut self,
        connection: u64,
        request: WaitingRequest,
        result: Result<Decided, Undecided>,
        run: &mut Run,
    ) {
        match self.connections.get_mut(&connection) {
            Some(connection) => connection.hear(Reply { request, result }),
            // The network will repeat and get the stored answer.
            None => run.reach(Mark::AnswerWithoutLink),
        }
    }

    /// The writer takes some of what waits.
    pub fn decide(&mut self, run: &mut Run) {
        let count = self.bounds.batch_commands.min(self.submissions.len());
        if count == 0 {
            return;
        }
        let taken: Vec<_> = self.submissions.drain(..count).collect();
        let now = run.clock();
        let decided = self
            .writer
            .decide(taken, &self.rules.snapshot, now)
            .unwrap();
        for (ticket, undecided) in decided.undecided {
            if let Ticket::Link {
                connection,
                request,
            } = ticket
            {
                self.reply(connection, *request, Err(undecided), run);
            }
        }
        self.pending.push_back(decided.pending);
        if let Some(batch) = decided.batch {
            let sequence = batch.sequence;
            self.journal.submit(batch, sequence).unwrap();
            if self.committing.is_some() {
                run.reach(Mark::DecidedDuringCommit);
            }
        }
        self.release(run);
        let before = self.writer.state().recent_count();
        let in_books = self.view_writer.views().in_books();
        let settled = self.settled.through(run.clock(), in_books);
        self.writer.forget(window_us(&self.rules), settled);
        if self.writer.state().recent_count() < before {
            run.reach(Mark::Forgotten);
        }
    }

    /// The committer takes what waits, and writes it. Time passes until its sync returns.
    pub fn begin_commit(&mut self) {
        let waiting = self.journal.waiting();
        if waiting > 0 && self.committing.is_none() {
            self.committing = Some(waiting);
        }
    }

    /// Whether the committer waits for its sync.
    pub fn is_committing(&self) -> bool {
        self.committing.is_some()
    }

    /// The sync returns; what it made durable is released. An error ends the process.
    pub fn end_commit(&mut self, run: &mut Run) -> std::io::Result<()> {
        let Some(batches) = self.committing.take() else {
            return Ok(());
        };
        let files = archive::segments(&self.disk).len();
        let committed = self.journal.commit(batches);
        // Only what is durable leaves, also when the sync failed.
        self.release(run);
        if archive::segments(&self.disk).len() > files && files > 0 {
            run.reach(Mark::Rotated);
        }
        committed
    }

    /// Hands out the outcomes that the watermark has passed.
    fn release(&mut self, run: &mut Run) {
        while let Some(pending) = self.pending.pop_front() {
            let watermark = self.journal.watermark().clone();
            match pending.release(&watermark) {
                Ok(outcomes) => {
                    let outcomes: Vec<_> = outcomes.collect();
                    for (ticket, outcome) in outcomes {
                        match ticket {
                            Ticket::Link {
                                connection,
                                request,
                            } => {
                                let decided = Ok(Decided::Outcome(outcome));
                                self.reply(connection, *request, decided, run);
                            }
                            Ticket::Unattended => match outcome.get() {
                                Outcome::Acknowledged(true) => run.reach(Mark::AnswerAcknowledged),
                                Outcome::Dropped(true) => run.reach(Mark::Dropped),
                                Outcome::Purged(true) => run.reach(Mark::Purged),
                                Outcome::Purged(false) => run.reach(Mark::PurgeOutdated),
                                _ => {}
                            },
                            Ticket::Office(number) => self.heard.push(Heard {
                                number,
                                outcome: outcome.get().clone(),
                            }),
                            Ticket::SetUp => assert_eq!(*outcome.get(), Outcome::Created),
                        }
                    }
                }
                Err(pending) => {
                    self.pending.push_front(pending);
                    return;
                }
            }
        }
    }

    /// The view-writer takes in at most so many durable batches.
    pub fn view(&mut self, most: usize) {
        let watermark = self.journal.watermark().sequence();
        for _ in 0..most {
            match self.cursor.next(watermark).unwrap() {
                Some(batch) => self.view_writer.apply(&batch).unwrap(),
                None => return,
            }
        }
    }

    /// The emitter takes in at most so many durable batches, and saves its place when it is time.
    pub fn emit(&mut self, most: usize, run: &mut Run) {
        let watermark = self.journal.watermark().sequence();
        for _ in 0..most {
            match self.emitter.emit(watermark, run.clock()) {
                Emitted::Batch => {}
                Emitted::Gap => run.reach(Mark::EventGap),
                Emitted::Nothing => break,
            }
        }
        if self.emitter.unsaved() >= self.bounds.event_save_batches as u64 {
            self.emitter.save();
        }
    }

    /// The totals take in at most so many durable batches, and reconciliations that waited for them are answered.
    pub fn count(&mut self, most: usize, run: &mut Run) {
        let (watermark, now) = (self.journal.watermark().sequence(), run.clock());
        let rules = &self.rules;
        let date_of = |network, time| rules.plan(network).state.date_at(time);
        for _ in 0..most {
            match self.counter.count(watermark, now, &date_of) {
                Counted::Batch => {}
                Counted::Gap => run.reach(Mark::TotalsIncomplete),
                Counted::Nothing => break,
            }
        }
        let counted = self.counter.totals.sequence();
        for (connection, wanted, request) in std::mem::take(&mut self.reconciling) {
            if counted >= wanted {
                self.reply(connection, request, Ok(Decided::Counted), run);
            } else if request.deadline() <= now {
                let reason = Reason::DeadlinePassed;
                self.reply(connection, request, Err(Undecided { reason }), run);
            } else {
                self.reconciling.push((connection, wanted, request));
            }
        }
    }

    /// The totals are saved.
    pub fn save_totals(&mut self) {
        self.counter.save();
    }

    /// A piece of the next segment is written.
    pub fn prepare(&mut self, run: &mut Run) {
        if self.house.prepare().unwrap() == Prepared::Ready {
            run.reach(Mark::SegmentPrepared);
        }
    }

    /// What nobody needs any more leaves the journal.
    pub fn retain(&mut self, run: &mut Run) {
        let in_books = self.view_writer.views().in_books();
        let retained = self.house.retain(in_books, run.clock()).unwrap();
        if retained.removed > 0 {
            run.reach(Mark::SegmentRemoved);
        }
        if !retained.detached.is_empty() {
            run.reach(Mark::ReaderDetached);
        }
        if !retained.held_by.is_empty() {
            run.reach(Mark::JournalHeld);
        }
    }

    /// A snapshot is taken, while the view-writer goes on now and then.
    pub fn snapshot(&mut self, run: &mut Run) {
        let watermark = self.journal.watermark().sequence();
        let (cursor, now) = (&mut self.cursor, run.clock());
        let mut fuzzy = false;
        let taken = self
            .house
            .snapshot(&mut self.view_writer, now, |view_writer| {
                if run.random.percent(30) {
                    while let Some(batch) = cursor.next(watermark).unwrap() {
                        view_writer.apply(&batch).unwrap();
                    }
                    fuzzy |= view_writer.checkpoint().unwrap() > 0;
                }
            });
        taken.unwrap();
        run.reach(if fuzzy {
            Mark::FuzzySnapshot
        } else {
            Mark::SnapshotTaken
        });
    }
}
