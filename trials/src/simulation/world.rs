//! One seed: the peer, the network between, the switch, and the checks at the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use codec::{FrameReader, Pan};
use ledger::books::store::MemoryStore;
use ledger::command::Command;
use ledger::entities::{
    Account, AccountStatus, Card, CardFacts, CardMode, CardStatus, Customer, CustomerKind, Expiry,
};
use ledger::identifiers::{CustomerId, GroupId, RecordId, Timestamp};
use ledger::journal::cursor::Cursor;
use ledger::journal::simulated::{Fault, SimulatedDisk};
use ledger::recovery::recover;
use rules::{AccountId, Deltas, Limits, NetworkId, ProgramId, Snapshot};
use switch::card_vault::CardVault;
use switch::events;
use switch::networks::Networks;

use crate::node::{Node, OPTIONS};
use crate::peer::{CARDS, Peer, Standing};
use crate::random::Random;

/// What the three accounts begin with, minor units: credit, debit with overdraft, prepaid.
const OPENING_MINOR: [i64; 3] = [500_000, 200_000, 100_000];
const STEPS: usize = 400;
/// 2026-11-20 12:00 UTC.
const BEGINNING: Timestamp = Timestamp(1_795_176_000_000_000);

/// What a run reached, so that a simulation that tests nothing is noticed.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    pub journal_hash: u64,
    crashes: usize,
    torn_tails: usize,
    dropped: usize,
    duplicated: usize,
    repeats: usize,
    reversals: usize,
    approved: usize,
    declined: usize,
    forgotten: usize,
    checkpoints: usize,
    failed_syncs: usize,
    cut_checkpoints: usize,
}

impl Reached {
    pub fn add(&mut self, other: &Self) {
        self.journal_hash ^= other.journal_hash;
        self.crashes += other.crashes;
        self.torn_tails += other.torn_tails;
        self.dropped += other.dropped;
        self.duplicated += other.duplicated;
        self.repeats += other.repeats;
        self.reversals += other.reversals;
        self.approved += other.approved;
        self.declined += other.declined;
        self.forgotten += other.forgotten;
        self.checkpoints += other.checkpoints;
        self.failed_syncs += other.failed_syncs;
        self.cut_checkpoints += other.cut_checkpoints;
    }

    pub fn all(&self) -> bool {
        [
            self.crashes,
            self.torn_tails,
            self.dropped,
            self.duplicated,
            self.repeats,
            self.reversals,
            self.approved,
            self.declined,
            self.forgotten,
            self.checkpoints,
            self.failed_syncs,
            self.cut_checkpoints,
        ]
        .iter()
        .all(|count| *count > 0)
    }
}

pub struct World {
    random: Random,
    rules: Arc<Snapshot>,
    networks: Arc<Networks>,
    vault: Arc<CardVault>,
    now: Timestamp,
    disk: SimulatedDisk,
    node: Option<Node>,
    peer: Peer,
    to_switch: Vec<Bytes>,
    to_peer: Vec<Bytes>,
    peer_reader: FrameReader,
    faults: bool,
    reached: Reached,
}

impl World {
    pub fn new(random: Random, rules: Arc<Snapshot>, networks: Arc<Networks>) -> Self {
        let framing = networks.plan(NetworkId(1)).unwrap().dialect.framing();
        let mut world = Self {
            random,
            rules,
            networks,
            vault: Arc::new(CardVault::with_keys(&[1; 32], &[2; 32])),
            now: BEGINNING,
            disk: SimulatedDisk::default(),
            node: None,
            peer: Peer::new(),
            to_switch: Vec::new(),
            to_peer: Vec::new(),
            peer_reader: FrameReader::new(framing),
            faults: true,
            reached: Reached::default(),
        };
        world.start(SimulatedDisk::default(), MemoryStore::default());
        world.set_up();
        world
    }

    pub fn run(mut self) -> Reached {
        for _ in 0..STEPS {
            self.step();
        }
        self.settle();
        self.check();
        self.reached
    }

    fn node(&mut self) -> &mut Node {
        self.node.as_mut().unwrap()
    }

    fn start(&mut self, disk: SimulatedDisk, store: MemoryStore) {
        let (rules, networks, vault) = (
            Arc::clone(&self.rules),
            Arc::clone(&self.networks),
            Arc::clone(&self.vault),
        );
        let node = Node::start(rules, networks, vault, disk.clone(), store, self.now);
        self.reached.torn_tails += usize::from(node.cut_bytes > 0);
        self.disk = disk;
        self.node = Some(node);
    }

    /// Three customers with an account and a card each, durable before anything goes wrong.
    fn set_up(&mut self) {
        let mut commands = Vec::new();
        for (number, available) in (1_u64..).zip(OPENING_MINOR) {
            let pan = Pan::parse(CARDS[number as usize - 1]).unwrap();
            commands.push(Command::CreateCustomer(Customer {
                id: CustomerId(number),
                kind: CustomerKind::Person,
                name: format!("Customer {number}"),
                document_number: number.to_string(),
            }));
            let program = self.rules.program(ProgramId(number as u32)).unwrap();
            commands.push(Command::OpenAccount(Account {
                id: AccountId(number),
                program: program.id,
                owner: CustomerId(number),
                group: GroupId(number),
                status: AccountStatus::Normal,
                currency: program.currency,
                limits: Limits {
                    available_credit_limit: available,
                    ..Limits::default()
                },
                pending: Deltas::NONE,
                latest: None,
                reflects: RecordId::default(),
            }));
            commands.push(Command::IssueCard(Card {
                hash: self.vault.hash(&pan),
                masked_pan: pan.masked().to_string(),
                encrypted_pan: Vec::new(),
                facts: CardFacts {
                    expiry: Expiry::try_from(2912).unwrap(),
                    status: CardStatus::Normal,
                    mode: CardMode::Single(AccountId(number)),
                    holder: CustomerId(number),
                },
            }));
        }
        let now = self.now;
        for command in commands {
            self.node().command(command);
        }
        self.node().decide(usize::MAX, now);
        self.node().journal.commit(usize::MAX).unwrap();
        let out = self.node().release();
        assert!(out.is_empty());
    }

    /// One thing happens.
    fn step(&mut self) {
        self.now = self
            .now
            .plus_us(self.random.next().rem_euclid(2_000_000) as i64);
        if self.random.percent(1) {
            self.now = self
                .now
                .plus_us(self.random.next().rem_euclid(3_600_000_000) as i64);
        }
        match self.random.below(100) {
            0..15 => self.buy(),
            15..22 => self.insist(),
            22..26 => self.reverse_approved(),
            26..30 => self.repeat_answered(),
            30..50 => self.deliver_to_switch(),
            50..62 => self.deliver_to_peer(),
            62..76 => self.decide(),
            76..88 => self.commit(),
            88..94 => {
                let most = self.random.below(4);
                self.node().view(most);
            }
            94..97 => self.checkpoint(),
            _ => self.crash(),
        }
    }

    fn dialect(&self) -> Arc<codec::Dialect> {
        Arc::clone(&self.networks.plan(NetworkId(1)).unwrap().dialect)
    }

    /// The network between loses and doubles messages.
    fn send(&mut self, frame: Bytes) {
        if self.faults && self.random.percent(15) {
            self.reached.dropped += 1;
            return;
        }
        if self.faults && self.random.percent(10) {
            self.reached.duplicated += 1;
            self.to_switch.push(frame.clone());
        }
        self.to_switch.push(frame);
    }

    fn answer(&mut self, out: BytesMut) {
        if out.is_empty() || (self.faults && self.random.percent(15)) {
            return;
        }
        self.to_peer.push(out.freeze());
    }

    fn buy(&mut self) {
        let (dialect, transmission) = (self.dialect(), self.now.transmission_date_time().unwrap());
        let frame = self.peer.buy(&mut self.random, transmission, &dialect);
        self.send(frame);
    }

    /// The peer repeats or reverses something it waits for.
    fn insist(&mut self) {
        let open = self.peer.open();
        if !open.is_empty() {
            let number = open[self.random.below(open.len())];
            self.insist_on(number);
        }
    }

    fn insist_on(&mut self, number: usize) {
        let dialect = self.dialect();
        let reversing = self.peer.purchases[number].standing == Standing::Reversing;
        let frame = if reversing || self.random.percent(30) {
            self.reached.reversals += 1;
            self.peer.reverse(number, &mut self.random, &dialect)
        } else {
            self.reached.repeats += 1;
            self.peer.ask(number, true, &dialect)
        };
        self.send(frame);
    }

    fn reverse_approved(&mut self) {
        let approved = self.peer.approved();
        if !approved.is_empty() {
            let number = approved[self.random.below(approved.len())];
            let dialect = self.dialect();
            let frame = self.peer.reverse(number, &mut self.random, &dialect);
            self.reached.reversals += 1;
            self.send(frame);
        }
    }

    /// A repeat of something answered must get the same answer.
    fn repeat_answered(&mut self) {
        let approved = self.peer.approved();
        if !approved.is_empty() {
            let number = approved[self.random.below(approved.len())];
            self.reached.repeats += 1;
            let frame = self.peer.ask(number, true, &self.dialect());
            self.send(frame);
        }
    }

    /// One waiting frame arrives, in any order, in pieces.
    fn deliver_to_switch(&mut self) {
        if self.to_switch.is_empty() {
            return;
        }
        let index = self.random.below(self.to_switch.len());
        let frame = self.to_switch.swap_remove(index);
        let cut = self.random.below(frame.len());
        let now = self.now;
        for piece in [&frame[..cut], &frame[cut..]] {
            let out = self.node().receive(piece, now);
            self.answer(out);
        }
    }

    fn deliver_to_peer(&mut self) {
        if self.to_peer.is_empty() {
            return;
        }
        let index = self.random.below(self.to_peer.len());
        let bytes = self.to_peer.swap_remove(index);
        self.peer_reader.spare()[..bytes.len()].copy_from_slice(&bytes);
        self.peer_reader.filled(bytes.len());
        while let Some(frame) = self.peer_reader.next_frame().unwrap() {
            let answer = self.dialect().decode(frame).unwrap();
            self.peer.hear(&answer);
        }
    }

    fn decide(&mut self) {
        let (most, now) = (1 + self.random.below(5), self.now);
        if self.node().has_submissions() {
            let before = self.node().remembered();
            let out = self.node().decide(most, now);
            self.reached.forgotten += usize::from(self.node().remembered() < before);
            self.answer(out);
        }
    }

    /// Some batches are committed with one sync; now and then the disk fails, which ends the process.
    fn commit(&mut self) {
        let most = 1 + self.random.below(3);
        let fails = self.faults && self.random.percent(5) && self.node().journal.waiting() > 0;
        let fault = if self.random.percent(20) {
            Fault::Write
        } else {
            Fault::Sync
        };
        self.disk.set_fault(fails.then_some(fault));
        let committed = self.node().journal.commit(most);
        self.disk.set_fault(None);
        assert_eq!(committed.is_err(), fails);
        // Nothing is acknowledged after a failed sync: only what had been durable before leaves.
        let out = self.node().release();
        self.answer(out);
        if fails {
            self.reached.failed_syncs += 1;
            self.crash();
        }
    }

    fn checkpoint(&mut self) {
        self.node().view_writer.checkpoint().unwrap();
        self.reached.checkpoints += 1;
    }

    /// Power is lost: of what was not synced, anything may be left.
    fn crash(&mut self) {
        if !self.faults {
            return;
        }
        self.reached.crashes += 1;
        let mut node = self.node.take().unwrap();
        if self.random.percent(30) {
            // In the middle of a checkpoint: its rows are written, not synced.
            node.view_writer.views().store().set_failing(true);
            self.reached.cut_checkpoints += usize::from(node.view_writer.checkpoint().is_err());
        }
        let kept = self.random.below(101) as u64;
        let disk = self.disk.crashed(|| self.random.percent(kept));
        let store = node
            .view_writer
            .views()
            .store()
            .crashed(|| self.random.percent(kept));
        self.to_switch.clear();
        self.to_peer.clear();
        self.peer_reader = FrameReader::new(self.dialect().framing());
        self.start(disk, store);
    }

    /// The faults stop: everything open must come to an end.
    fn settle(&mut self) {
        self.faults = false;
        for round in 0.. {
            assert!(
                round < 50,
                "requests are never answered: {:?}",
                self.peer.open()
            );
            let open = self.peer.open();
            if open.is_empty() && round > 0 {
                break;
            }
            for number in open {
                self.insist_on(number);
            }
            for number in self.peer.approved() {
                let frame = self.peer.ask(number, true, &self.dialect());
                self.send(frame);
            }
            self.run_dry();
        }
    }

    fn run_dry(&mut self) {
        while !self.to_switch.is_empty() {
            self.deliver_to_switch();
        }
        self.decide();
        while self.node().has_submissions() {
            self.decide();
        }
        self.node().journal.commit(usize::MAX).unwrap();
        let out = self.node().release();
        self.answer(out);
        while !self.to_peer.is_empty() {
            self.deliver_to_peer();
        }
        self.node().view(usize::MAX);
    }

    fn check(&mut self) {
        self.node().view_writer.checkpoint().unwrap();
        let disk = self.disk.clone();
        let whole = recover(disk, MemoryStore::default(), OPTIONS, BEGINNING, usize::MAX).unwrap();
        for (card, opening) in OPENING_MINOR.into_iter().enumerate() {
            let id = AccountId(card as u64 + 1);
            let holds = self.peer.holds_minor(card);
            let state = self.node().writer.state().account(id).unwrap().clone();
            assert_eq!(
                state.limits.available_credit_limit,
                opening - holds,
                "account {id}: the peer holds approvals of {holds}"
            );
            let shown = self
                .node()
                .view_writer
                .views()
                .account(id)
                .unwrap()
                .unwrap();
            assert_eq!(shown, state, "the views of account {id}");
            let replayed = whole.writer.state().account(id).unwrap();
            assert_eq!(
                *replayed, state,
                "account {id} replayed from the whole journal"
            );
        }
        self.check_events();
        let standings = self
            .peer
            .purchases
            .iter()
            .map(|purchase| &purchase.standing);
        self.reached.declined += standings
            .filter(|s| matches!(s, Standing::Declined(_)))
            .count();
        self.reached.approved += self.peer.approved().len();
    }

    /// Every record has one event with an id of its own, and every approval held is among them.
    fn check_events(&mut self) {
        let mut cursor = Cursor::after(self.disk.clone(), 0);
        let last = self.node().journal.watermark().sequence();
        let mut text = Vec::new();
        while let Some(batch) = cursor.next(last).unwrap() {
            events::lines(OPTIONS.shard, &batch, &mut text).unwrap();
        }
        let (mut ids, mut approvals) = (BTreeSet::new(), Vec::new());
        for line in String::from_utf8(text.clone()).unwrap().lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(
                ids.insert(event["id"].as_str().unwrap().to_owned()),
                "two events of one id"
            );
            if event["data"]["approved"] == true {
                approvals.push(event["data"]["approval_code"].as_str().unwrap().to_owned());
            }
        }
        for number in self.peer.approved() {
            let Standing::Approved(code) = &self.peer.purchases[number].standing else {
                continue;
            };
            assert_eq!(
                approvals.iter().filter(|known| *known == code).count(),
                1,
                "{code}"
            );
        }
        self.reached.journal_hash = fnv(&text);
    }
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
