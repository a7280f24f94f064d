//! Cycle after cycle: load, blow, start, repeats; at intervals the audit.
//!
//! Owns: the order of it all, the counts, and the windows in which histories are checked. A window is
//! opened and closed at a quiet point: the switch has just been started, nothing is under way, the views
//! have caught up. Must never: go on after a finding.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use codec::Dialect;
use ledger::identifiers::RecordId;

use super::accounts::{ACCOUNTS, AccountNumber};
use super::audit::{Evidence, Finding, audit};
use super::blow::Blow;
use super::books::{AccountBooks, Http};
use super::clock::{instant, pause};
use super::events::{self, Event};
use super::link::{Link, Shared};
use super::load::Load;
use super::node::{Node, World};
use super::records::{Records, Serial};
use super::report::{Counts, Report};
use crate::history::{self, History, Limits};
use crate::random::Random;

/// Cycles between two audits.
const WINDOW_CYCLES: u64 = 5;
/// Answered messages that are repeated after a start.
const ANSWERED_REPEATS: usize = 12;
/// How many of a hundred unanswered messages are repeated after a start. The others stay unknown.
const UNANSWERED_REPEATS_PERCENT: u64 = 70;

/// How the campaign is run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) cycles: u64,
    pub(super) seed: u64,
    pub(super) links: usize,
    pub(super) requests_per_second: u64,
}

/// A campaign under way.
pub(super) struct Campaign<'a> {
    plan: Plan,
    world: World,
    dialect: Dialect,
    random: Random,
    records: Mutex<Records>,
    counts: Counts,
    print: &'a mut dyn FnMut(&str),
    /// The limits at the beginning of the window.
    opening: Vec<Limits>,
    /// The latest message of each account when the window was opened.
    latest: Vec<Option<RecordId>>,
    /// The last event when the window was opened.
    last_event: Option<RecordId>,
    /// Event files that hold nothing of the window.
    done_files: usize,
    /// How long the last start took.
    start_took: Duration,
    /// What was unanswered after a blow, and the last batch that the next start found.
    unknown: BTreeMap<Serial, u64>,
    /// The histories of the last window.
    histories: Vec<History>,
}

impl<'a> Campaign<'a> {
    pub(super) fn new(
        plan: Plan,
        world: World,
        dialect: Dialect,
        print: &'a mut dyn FnMut(&str),
    ) -> Self {
        Self {
            random: Random::new(plan.seed),
            plan,
            world,
            dialect,
            records: Mutex::new(Records::default()),
            counts: Counts::default(),
            print,
            opening: AccountNumber::all().map(AccountNumber::opening).collect(),
            latest: vec![None; ACCOUNTS],
            last_event: None,
            done_files: 0,
            start_took: Duration::from_millis(300),
            unknown: BTreeMap::new(),
            histories: Vec::new(),
        }
    }

    /// Runs all cycles and the audits.
    pub(super) fn run(mut self) -> anyhow::Result<Report> {
        let mut findings = Vec::new();
        let mut node = Some(self.start(2)?);
        for cycle in 1..=self.plan.cycles {
            let running = node.take().context("no switch is running")?;
            let started = self.cycle(cycle, running)?;
            let due = cycle % WINDOW_CYCLES == 0 || cycle == self.plan.cycles;
            if due {
                findings = self.close_window(cycle, &started)?;
            }
            node = Some(started);
            let contradicted = !self.records().divergent().is_empty();
            if contradicted || !findings.is_empty() || self.counts.unexplained > 0 {
                break;
            }
        }
        let mut last = node.context("no switch is running")?;
        let http = Http::new(last.http);
        let evidence = self.evidence(&http)?;
        self.count_unknown(&evidence);
        if findings.is_empty() {
            findings = audit(&evidence);
        }
        let own = http.audit()?;
        last.expect_running()?;
        last.terminate()?;
        last.expect_good_end()?;
        self.counts.take_in(&findings);
        let records = self
            .records
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        self.counts.divergent += records.divergent().len() as u64;
        self.counts.acknowledged = records.answered();
        let divergent = records.divergent().iter().cloned();
        let findings = findings
            .into_iter()
            .map(|finding| format!("{:?}: {}", finding.sort, finding.text));
        Ok(Report {
            counts: self.counts,
            findings: divergent.chain(findings).chain(own).collect(),
            evidence,
            histories: self.histories,
        })
    }

    /// One cycle: load and blow, start, repeats.
    fn cycle(&mut self, cycle: u64, node: Node) -> anyhow::Result<Node> {
        let blow = Blow::any(&mut self.random);
        let answered = self.records().answered();
        let load = Load {
            dialect: &self.dialect,
            records: &self.records,
            seeds: (0..self.plan.links).map(|_| self.random.next()).collect(),
            requests_per_second: self.plan.requests_per_second,
        };
        self.counts.snapshots += load.until(&blow, &node, &self.world.data())?;
        if blow.terminate {
            node.expect_good_end()?;
            self.counts.terminated += 1;
        } else {
            node.expect_killed()?;
            self.counts.kills += 1;
        }
        let acknowledged = self.records().answered() - answered;
        let unanswered: Vec<Serial> = self.records().unanswered().collect();
        if blow.lose_books {
            self.world.lose_books()?;
            self.counts.books_lost += 1;
        }
        let node = self.start(blow.kills_in_start)?;
        let known = self.unknown.len();
        for serial in &unanswered {
            self.unknown.entry(*serial).or_insert(node.sequence);
        }
        let unknown = self.unknown.len() - known;
        let repeated = self.repeat(&node, &unanswered)?;
        let line = format!(
            "cycle {cycle}/{}: {blow}; acknowledged {acknowledged}, unknown {unknown}, repeated {repeated}; \
             started in {:.0} ms, replayed {} batches up to {}",
            self.plan.cycles,
            node.took.as_secs_f64() * 1000.0,
            node.replayed_batches,
            node.sequence,
        );
        (self.print)(&line);
        Ok(node)
    }

    fn records(&self) -> std::sync::MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the switch, after killing so many starts at moments of their own.
    fn start(&mut self, kills: usize) -> anyhow::Result<Node> {
        for _ in 0..kills {
            let mut process = self.world.spawn()?;
            let longest_us = usize::try_from(self.start_took.as_micros())? * 6 / 5;
            pause(Duration::from_micros(
                self.random.below(longest_us.max(1)) as u64
            ));
            process.kill()?;
            self.counts.kills += 1;
        }
        let node = self.world.start()?;
        self.start_took = node.took;
        self.counts.started(node.took, node.replayed_batches);
        Ok(node)
    }

    /// Repeats some of what was not answered and some of what was. Returns how many.
    fn repeat(&mut self, node: &Node, unanswered: &[Serial]) -> anyhow::Result<usize> {
        let random = &mut self.random;
        let sample = unanswered
            .iter()
            .filter(|_| random.percent(UNANSWERED_REPEATS_PERCENT));
        let mut serials: Vec<Serial> = sample.copied().collect();
        let known = self.records().asked().len();
        for _ in 0..ANSWERED_REPEATS.min(known) {
            let serial = Serial(u32::try_from(self.random.below(known))?);
            let records = self.records();
            serials.extend(records.get(serial).and(Some(serial)).filter(|serial| {
                records
                    .get(*serial)
                    .is_some_and(|asked| asked.heard.is_some())
            }));
        }
        let stop = AtomicBool::new(false);
        let shared = Shared {
            dialect: &self.dialect,
            records: &self.records,
            stop: &stop,
            interval: Duration::ZERO,
        };
        let link = Link::connect(&shared, 0, node.iso)?;
        let mut link = link.context("a switch that is ready takes no connection")?;
        link.repeat(&serials)
    }

    /// Audits the window, checks its histories, and opens the next one.
    fn close_window(&mut self, cycle: u64, node: &Node) -> anyhow::Result<Vec<Finding>> {
        let begun = instant();
        let http = Http::new(node.http);
        http.settle()?;
        let mut books = Vec::new();
        for (account, latest) in AccountNumber::all().zip(&self.latest) {
            books.push(http.account(account, *latest)?);
        }
        let files = events::files(&self.world.data().join("events"))?;
        let evidence = Evidence {
            asked: {
                let records = self.records();
                records
                    .asked()
                    .get(records.window().0 as usize..)
                    .unwrap_or_default()
                    .to_vec()
            },
            first: self.records().window(),
            opening: self.opening.clone(),
            events: events::read(
                files.get(self.done_files..).unwrap_or_default(),
                self.last_event,
            )?,
            books,
        };
        let findings = audit(&evidence);
        let violations = self.check_histories(&evidence.books);
        let line = format!(
            "audit after cycle {cycle}: {} messages, {} events, {} operations in {ACCOUNTS} histories, \
             {} findings, {violations} histories that no order explains; took {:.0} ms",
            evidence.asked.len(),
            evidence.events.len(),
            self.counts.operations,
            findings.len(),
            begun.elapsed().as_secs_f64() * 1000.0,
        );
        (self.print)(&line);
        self.open_window(&evidence, files);
        Ok(findings)
    }

    /// Checks the history of each account in the window; returns how many no order explains.
    fn check_histories(&mut self, books: &[AccountBooks]) -> u64 {
        let mut violations = 0;
        self.histories.clear();
        for (opening, books) in self.opening.clone().into_iter().zip(books) {
            let history = self.records().history(books.account, opening, books.limits);
            self.histories.push(history.clone());
            self.counts.operations += history.operations.len() as u64;
            if let Err(violation) = history::check(&history) {
                violations += 1;
                (self.print)(&format!("account {}: {violation}", books.account.id()));
            }
        }
        self.counts.unexplained += violations;
        violations
    }

    fn open_window(&mut self, evidence: &Evidence, files: Vec<PathBuf>) {
        self.opening = evidence.books.iter().map(|books| books.limits).collect();
        for (latest, books) in self.latest.iter_mut().zip(&evidence.books) {
            *latest = books.messages.first().map(|message| message.id).or(*latest);
        }
        self.last_event = evidence.events.last().map(Event::id).or(self.last_event);
        self.done_files = files.len().saturating_sub(1);
        self.records().open_window();
    }

    /// All of the run, read again from the beginning.
    fn evidence(&mut self, http: &Http) -> anyhow::Result<Evidence> {
        http.settle()?;
        let books: anyhow::Result<Vec<AccountBooks>> = AccountNumber::all()
            .map(|account| http.account(account, None))
            .collect();
        let files = events::files(&self.world.data().join("events"))?;
        self.counts.event_files = files.len();
        Ok(Evidence {
            asked: self.records().asked().to_vec(),
            first: Serial(0),
            opening: AccountNumber::all().map(AccountNumber::opening).collect(),
            books: books?,
            events: events::read(&files, None)?,
        })
    }

    /// What became of the messages that a blow cut off.
    fn count_unknown(&mut self, evidence: &Evidence) {
        let decided: BTreeMap<Serial, u64> = evidence
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Decided { id, serial, .. } => Some((*serial, id.sequence)),
                Event::Posted { .. } => None,
            })
            .collect();
        for (serial, found) in &self.unknown {
            let asked = evidence.asked.get(serial.0 as usize);
            let happened = decided.get(serial).is_some_and(|at| at <= found);
            self.counts.unknown += 1;
            self.counts.happened += u64::from(happened);
            self.counts.resolved += u64::from(asked.is_some_and(|asked| asked.heard.is_some()));
        }
    }
}
