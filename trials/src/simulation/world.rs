//! One world: the hosts, the networks between, the switch, and what befalls them.
//!
//! Owns: the parts, and the order in which a seed lets things happen. Must never: expect anything of the
//! switch; the checkers do.

use std::collections::BTreeMap;
use std::sync::Arc;

use codec::Dialect;
use switch::card_vault::CardVault;

use super::accounts;
use super::checkers::{self, Counted, Ending, Evidence, Said, Verdict};
use super::marks::{Mark, Marks};
use super::node::{Disks, EventFile, Node, Served, Store};
use super::office::Office;
use super::peers::{Host, Line, Scheme};
use super::plan::{Action, Plan};
use super::rulebook::{Rulebook, Rules};
use super::run::Run;
use super::wire::Wire;

/// What counts as an approval.
const APPROVALS: [Mark; 5] = [
    Mark::Approved,
    Mark::ApprovedOnVisa,
    Mark::ApprovedOnMastercard,
    Mark::ApprovedOnElo,
    Mark::RefundApproved,
];

/// A world under way.
pub struct World<'a> {
    pub(super) run: Run,
    pub(super) plan: Plan,
    pub(super) rulebook: &'a Rulebook,
    pub(super) rules: Rules,
    pub(super) vault: Arc<CardVault>,
    /// `None` only between an end and the next start.
    node: Option<Node>,
    pub(super) host: Host,
    pub(super) office: Office,
    pub(super) lines: Vec<Line>,
    pub(super) wires: BTreeMap<u64, Wire>,
    /// Connections that have come to their end.
    pub(super) ended: Vec<Wire>,
    next_wire: u64,
    /// Faults have stopped.
    pub(super) settling: bool,
}

/// What came of a world.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub marks: Marks,
    /// Messages that the host wanted answered.
    pub requests: u64,
    pub approvals: u64,
    pub crashes: u64,
    /// Accounts whose history some order explains.
    pub histories: u64,
    /// The last chain hash of the journal.
    pub journal_hash: [u8; 32],
}

impl<'a> World<'a> {
    /// The world of a seed, with accounts and cards that are durable before anything goes wrong.
    pub fn new(seed: u64, traced: bool, rulebook: &'a Rulebook) -> Self {
        let mut run = Run::new(seed, traced);
        let plan = Plan::draw(&mut run.random);
        run.say(|| format!("{plan:?}"));
        let rules = rulebook.sets[0].apart(&BTreeMap::new());
        let vault = Arc::new(CardVault::with_keys(&[1; 32], &[2; 32]));
        let disks = Disks {
            journal: Default::default(),
            books: Store::empty(),
            events: EventFile::default(),
            snapshots: Default::default(),
            archive: Default::default(),
            states: BTreeMap::new(),
            totals: Default::default(),
        };
        let (kept, bounds) = (Arc::clone(&vault), plan.bounds);
        let mut node = Node::start(rules.clone(), kept, bounds, disks, &mut run).unwrap();
        for command in accounts::set_up(&rules.snapshot, &vault) {
            node.command(command);
        }
        while node.backlog().commands > 0 {
            node.decide(&mut run);
        }
        node.begin_commit();
        node.end_commit(&mut run).unwrap();
        let line = |(scheme, faults): &(Scheme, _)| {
            let framing = rules.plan(scheme.network()).dialect.framing();
            Line::new(*scheme, *faults, framing)
        };
        Self {
            lines: plan.lines.iter().map(line).collect(),
            run,
            plan,
            rulebook,
            rules,
            vault,
            node: Some(node),
            host: Host::default(),
            office: Office::default(),
            wires: BTreeMap::new(),
            ended: Vec::new(),
            next_wire: 1,
            settling: false,
        }
    }

    /// Lets things happen, then lets everything come to rest, and checks.
    pub fn run(mut self) -> Result<Outcome, checkers::Violation> {
        for _ in 0..self.plan.steps {
            let most = self.plan.step_us;
            let passed = self.run.random.below_us(most);
            self.run.pass_us(passed);
            let action = self.plan.choose(&mut self.run.random);
            self.run.say(|| format!("{action:?}"));
            self.act(action)?;
        }
        self.settle()?;
        let days = self.counted();
        self.compare_totals(days)?;
        for wire in self.wires.values() {
            self.check_wire(wire, Ending::InOrder)?;
        }
        let said = self.said();
        for said in said.values() {
            said.check()?;
        }
        let node = self.node.as_ref().unwrap();
        let journal = node.whole_journal();
        let records = checkers::records(&journal, node.writer.sequence());
        let sides = (&self.host, &self.office, &said);
        let histories = Evidence::gather(sides, node, &journal, &records).check()?;
        let count = |mark| self.run.marks.count(mark);
        let reversals = self.host.purchases.iter().map(|p| p.reversals.len());
        Ok(Outcome {
            requests: self.host.purchases.len() as u64 + reversals.sum::<usize>() as u64,
            approvals: APPROVALS.into_iter().map(count).sum(),
            crashes: count(Mark::Killed) + count(Mark::PowerLost),
            histories,
            journal_hash: checkers::chain_hash(&journal).unwrap(),
            marks: self.run.marks,
        })
    }

    fn act(&mut self, action: Action) -> Verdict {
        match action {
            Action::Ask => self.ask(),
            Action::Insist => self.insist(),
            Action::Reverse => self.reverse(),
            Action::Raise => self.raise(),
            Action::Complete => self.complete(),
            Action::ActOnFile => self.act_on_file(),
            Action::Age => return self.age(),
            Action::Expire => self.with_node(|node, run| node.see_to(run)),
            Action::Operate => self.operate(),
            Action::Clear => self.clear(),
            Action::InsistInOffice => return self.insist_in_office(),
            Action::Purge => self.purge(),
            Action::NameTheOld => self.name_the_old(),
            Action::ReverseMismatched => self.reverse_mismatched(),
            Action::ReverseAgain => self.reverse_again(),
            Action::RepeatAnswered => self.repeat_answered(),
            Action::Conflict => self.conflict(),
            Action::Garbage => self.garbage(),
            Action::Echo => self.echo(),
            Action::SignOff => self.sign_off(),
            Action::AskEcho => self.ask_echo(),
            Action::SignOnGroup => self.sign_on_group(),
            Action::CutOver => self.cut_over(),
            Action::BringKeys => self.bring_keys(),
            Action::AskTotals => self.ask_totals(),
            Action::Count => self.with_node(|node, run| {
                node.count(run.random.below(4), run);
                if run.random.percent(20) {
                    node.save_totals();
                }
            }),
            Action::Pump => {
                let line = self.run.random.below(self.lines.len());
                return self.pump(line);
            }
            Action::Serve => return self.serve_one(),
            Action::Decide => self.with_node(Node::decide),
            Action::BeginCommit => self.node_mut().begin_commit(),
            Action::EndCommit => self.with_node(|node, run| node.end_commit(run).unwrap()),
            Action::View => self.with_node(|node, run| node.view(run.random.below(4))),
            Action::Checkpoint => self.with_node(|node, run| {
                node.view_writer.checkpoint().unwrap();
                run.reach(Mark::Checkpointed);
            }),
            Action::Emit => self.with_node(|node, run| node.emit(run.random.below(4), run)),
            Action::Prepare => self.with_node(Node::prepare),
            Action::Retain => self.with_node(Node::retain),
            Action::Snapshot => self.with_node(Node::snapshot),
            Action::SaveEvents => self.node_mut().emitter.save(),
            Action::Partition => self.partition(),
            Action::HalfOpen => self.half_open(),
            Action::Close => self.close(),
            Action::StopReading => self.stop_reading(),
            Action::Reload => self.reload(),
            Action::Jump => self.jump(),
            Action::Pause => self.pause(),
            Action::Crash => return self.crash(),
            Action::FailCommit => return self.fail_commit(),
            Action::FailCheckpoint => return self.fail_checkpoint(),
            Action::Drain => return self.drain(),
        }
        Ok(())
    }

    pub(super) fn node_mut(&mut self) -> &mut Node {
        self.node.as_mut().unwrap()
    }

    pub(super) fn with_node<T>(&mut self, act: impl FnOnce(&mut Node, &mut Run) -> T) -> T {
        act(self.node.as_mut().unwrap(), &mut self.run)
    }

    /// The process ends; what it leaves behind.
    pub(super) fn end_node(&mut self) -> Disks {
        self.node.take().unwrap().into_disks()
    }

    /// The process runs again.
    pub(super) fn begin_node(&mut self, node: Node) {
        self.node = Some(node);
    }

    /// The link gets a connection of its own.
    pub(super) fn connect(&mut self, line: usize) {
        let id = self.next_wire;
        self.next_wire += 1;
        let scheme = self.lines[line].scheme;
        let wire = Wire::new(scheme, self.plan.bounds.send_buffer_bytes);
        self.wires.insert(id, wire);
        let framing = self.dialect(scheme).framing();
        self.lines[line].connect(id, framing);
        let sessions = self.plan.sessions;
        self.with_node(|node, run| node.accept(id, scheme, &sessions, run));
    }

    /// How messages of a network are written.
    pub(super) fn dialect(&self, scheme: Scheme) -> Arc<Dialect> {
        Arc::clone(&self.rules.plan(scheme.network()).dialect)
    }

    fn check_wire(&self, wire: &Wire, ending: Ending) -> Verdict {
        let dialect = &self.rules.plan(wire.scheme.network()).dialect;
        checkers::every_request_answered_or_refused_once(wire, ending, dialect)?;
        checkers::rejections_are_told(wire, dialect)
    }

    /// What hosts have counted by days; nothing where the clock went back, so that a day began twice.
    fn counted(&self) -> Vec<(Scheme, u16, Counted)> {
        if self.plan.has(Action::Jump) {
            return Vec::new();
        }
        let node = self.node.as_ref().unwrap();
        let journal = node.whole_journal();
        let records = checkers::records(&journal, node.writer.sequence());
        let said = self.said();
        let sides = (&self.host, &self.office, &said);
        checkers::counted(&Evidence::gather(sides, node, &journal, &records))
    }

    /// What networks have said on all of their connections.
    fn said(&self) -> BTreeMap<Scheme, Said<'_>> {
        let of = |scheme: Scheme| {
            let wires = self.ended.iter().chain(self.wires.values());
            let own = wires.filter(|wire| wire.scheme == scheme).collect();
            let dialect = &self.rules.plan(scheme.network()).dialect;
            (scheme, Said::read(scheme, own, dialect))
        };
        Scheme::ALL.into_iter().map(of).collect()
    }

    /// The switch serves one of its links.
    fn serve_one(&mut self) -> Verdict {
        let connections = self.node_mut().connections();
        if connections.is_empty() {
            return Ok(());
        }
        let id = *self.run.random.pick(&connections);
        for _ in 0..1 + self.run.random.below(4) {
            self.serve(id)?;
        }
        Ok(())
    }

    pub(super) fn serve(&mut self, id: u64) -> Verdict {
        let (Some(node), Some(wire)) = (self.node.as_mut(), self.wires.get_mut(&id)) else {
            return Ok(());
        };
        let served = node.serve(id, wire, &mut self.run);
        if let Some(own) = node.own_requests(id) {
            checkers::own_requests_end_once(own)?;
        }
        match served {
            Served::Open => Ok(()),
            Served::ClosedInOrder => {
                wire.closed_by_switch = true;
                let wire = &self.wires[&id];
                self.check_wire(wire, Ending::InOrder)
            }
            Served::ClosedEarly => self.lose_wire(id),
        }
    }

    /// A connection is gone with what was on its way.
    pub(super) fn lose_wire(&mut self, id: u64) -> Verdict {
        let Some(wire) = self.wires.remove(&id) else {
            return Ok(());
        };
        self.node_mut().reset(id);
        self.check_wire(&wire, Ending::Early)?;
        self.ended.push(wire);
        Ok(())
    }
}
