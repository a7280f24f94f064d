//! The swarm: what a seed draws before its world begins.
//!
//! Owns: which faults, message kinds, sizes and timings exist in a world at all, and how often each is
//! chosen. Leaving things out on purpose lets the rest come in combinations that a mix of everything hides.
//! Must never: look at the world.

mod actions;

pub use actions::Action;

use ledger::recovery::Replay;

use crate::random::Random;

use super::peers::{Kind, Scheme};
use actions::{ALWAYS, BEYOND, PURGING, SOMETIMES};

/// What exists in one world.
#[derive(Clone, Debug)]
pub struct Plan {
    pub steps: usize,
    /// The network of each line, and what is done to its messages. One line may be worse than the others.
    pub lines: Vec<(Scheme, NetworkFaults)>,
    /// What the switch asks of its peers by itself.
    pub sessions: SessionPlan,
    /// Percent of the switch's messages that hosts do not take.
    pub reject_percent: u64,
    pub kinds: Vec<Kind>,
    pub actions: Vec<(Action, usize)>,
    pub bounds: Bounds,
    /// Days that a world lasts at most.
    pub days: i64,
    /// Time that passes per step, at most.
    pub step_us: i64,
    /// Percent of crashes that find a commit, a checkpoint or a save of events half done.
    pub cut_percent: u64,
    /// Percent of starts that are cut off by another crash.
    pub cut_start_percent: u64,
    /// Percent of crashes that lose power; the others keep what was written.
    pub power_percent: u64,
    /// Percent of crashes after which a segment is damaged.
    pub damage_percent: u64,
    /// Percent of crashes after which the books cannot be read.
    pub lost_books_percent: u64,
}

/// What the network between does to messages.
#[derive(Clone, Copy, Debug)]
pub struct NetworkFaults {
    pub drop_percent: u64,
    pub duplicate_percent: u64,
    /// Longest time a message takes; messages overtake each other within it.
    pub delay_us: i64,
    /// Percent of messages to the switch of which only a part arrives, before the link is closed.
    pub cut_percent: u64,
    /// Percent of messages to the switch that arrive on another line of the network as well.
    pub elsewhere_percent: u64,
}

impl NetworkFaults {
    /// A network that carries everything at once.
    pub const NONE: Self = Self {
        drop_percent: 0,
        duplicate_percent: 0,
        delay_us: 1,
        cut_percent: 0,
        elsewhere_percent: 0,
    };

    fn draw(random: &mut Random) -> Self {
        let mut sometimes = |most| sometimes(random, most);
        Self {
            drop_percent: sometimes(25),
            duplicate_percent: sometimes(20),
            delay_us: 1 + sometimes(20_000_000) as i64,
            ..Self::NONE
        }
    }

    /// What the one line suffers that misbehaves.
    fn draw_worst(random: &mut Random) -> Self {
        let mut sometimes = |most| sometimes(random, most);
        Self {
            drop_percent: sometimes(50),
            duplicate_percent: sometimes(40),
            delay_us: 1 + sometimes(40_000_000) as i64,
            cut_percent: sometimes(10),
            elsewhere_percent: sometimes(50),
        }
    }
}

/// So much in half of all worlds, nothing in the others.
fn sometimes(random: &mut Random, most: u64) -> u64 {
    match random.percent(50) {
        true => 1 + random.next() % most,
        false => 0,
    }
}

/// What the switch asks of its peers by itself.
#[derive(Clone, Copy, Debug)]
pub struct SessionPlan {
    pub sign_on: bool,
    /// 0 for never.
    pub echo_idle_ms: u64,
    /// 0 for any number.
    pub unanswered_limit: u32,
}

impl SessionPlan {
    fn draw(random: &mut Random) -> Self {
        Self {
            sign_on: random.percent(40),
            echo_idle_ms: *random.pick(&[0, 0, 5_000, 60_000]),
            unanswered_limit: *random.pick(&[0, 1, 3]),
        }
    }
}

/// Lines of one network or of several, and what is done to the messages of each.
fn draw_lines(random: &mut Random) -> Vec<(Scheme, NetworkFaults)> {
    let usual = NetworkFaults::draw(random);
    let mut lines = Vec::new();
    if random.percent(40) {
        // One network alone, so that its faults meet each other often.
        let scheme = *random.pick(&Scheme::ALL);
        lines.resize(2 + random.below(3), (scheme, usual));
    } else {
        for scheme in Scheme::ALL {
            if random.percent(60) {
                lines.resize(lines.len() + 1 + random.below(2), (scheme, usual));
            }
        }
        if lines.is_empty() {
            lines.resize(2, (Scheme::Generic, usual));
        }
    }
    if random.percent(60) {
        let worst = random.below(lines.len());
        lines[worst].1 = NetworkFaults::draw_worst(random);
    }
    lines
}

/// Leaves lines on which every question finds its answer before long: where days pass, what is open keeps them from
/// passing.
fn spare(lines: &mut Vec<(Scheme, NetworkFaults)>) {
    lines.retain(|(scheme, _)| !scheme.requires_sign_on());
    if lines.is_empty() {
        lines.resize(2, (Scheme::Generic, NetworkFaults::NONE));
    }
    for (_, faults) in lines {
        faults.delay_us = faults.delay_us.min(MOST_SPARED_US);
    }
}

/// Bounds of the switch's queues.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub queue_commands: usize,
    pub batch_commands: usize,
    pub in_flight_per_link: usize,
    pub view_lag_batches: u64,
    pub segment_bytes: u64,
    pub event_save_batches: usize,
    /// What the system holds for a peer that does not read.
    pub send_buffer_bytes: usize,
    pub write_timeout_us: i64,
    /// How a start takes in the journal's rest.
    pub replay: Replay,
    pub retain_hours: u64,
    pub retain_bytes: u64,
    pub reader_lag_bytes: u64,
    pub snapshots_kept: usize,
}

/// Longest time that a message takes on a line that is spared.
const MOST_SPARED_US: i64 = 500_000;
/// Fewer than those of which the books keep everything.
const DAYS: i64 = 28;
/// What is named late is not old enough to go once more.
const PURGING_DAYS: i64 = 56;

impl Plan {
    /// What a seed draws.
    pub fn draw(random: &mut Random) -> Self {
        let mut actions = ALWAYS.to_vec();
        let mut days = DAYS;
        for (action, chance, most) in SOMETIMES {
            if random.percent(chance) {
                actions.push((action, 1 + random.below(most)));
            }
        }
        // What a naive account does not know exists in some worlds only: in the others every history is explained.
        if random.percent(45) {
            for (action, chance, most) in BEYOND {
                if random.percent(chance) {
                    actions.push((action, 1 + random.below(most)));
                }
            }
            actions.extend([(Action::InsistInOffice, 4), (Action::Expire, 2)]);
            if random.percent(30) {
                actions.extend(PURGING);
                days = PURGING_DAYS;
            }
        }
        let mut kinds = vec![Kind::Purchase];
        if actions
            .iter()
            .any(|(action, _)| *action == Action::InsistInOffice)
            && random.percent(50)
        {
            kinds.push(Kind::StandIn);
        }
        if actions
            .iter()
            .any(|(action, _)| *action == Action::ActOnFile)
        {
            kinds.push(Kind::FiledCard);
        }
        for kind in Kind::ALL {
            if random.percent(60) {
                kinds.push(kind);
            }
        }
        let mut lines = draw_lines(random);
        if days == PURGING_DAYS {
            spare(&mut lines);
        }
        let mut sometimes = |most| sometimes(random, most);
        Self {
            cut_percent: 20 + sometimes(80),
            cut_start_percent: sometimes(40),
            power_percent: 30 + sometimes(70),
            damage_percent: sometimes(60),
            lost_books_percent: sometimes(30),
            lines,
            sessions: SessionPlan::draw(random),
            reject_percent: *random.pick(&[0, 0, 3, 10]),
            bounds: Bounds::draw(random),
            days,
            steps: 1000 + random.below(800),
            step_us: *random.pick(&[20_000, 200_000, 1_000_000]),
            kinds,
            actions,
        }
    }

    /// Whether something can happen at all.
    pub fn has(&self, action: Action) -> bool {
        self.actions.iter().any(|(known, _)| *known == action)
    }

    /// One thing to do.
    pub fn choose(&self, random: &mut Random) -> Action {
        let whole: usize = self.actions.iter().map(|(_, weight)| weight).sum();
        let mut place = random.below(whole);
        for (action, weight) in &self.actions {
            match place.checked_sub(*weight) {
                Some(left) => place = left,
                None => return *action,
            }
        }
        Action::Pump
    }
}

impl Bounds {
    fn draw(random: &mut Random) -> Self {
        let segment_bytes = *random.pick(&[4, 4, 8, 32]) * 1024;
        Self {
            queue_commands: *random.pick(&[2, 8, 1000, 1000]),
            batch_commands: *random.pick(&[1, 4, 1000, 1000]),
            in_flight_per_link: *random.pick(&[2, 8, 1000, 1000]),
            view_lag_batches: *random.pick(&[2, 10, 1000, 1000]),
            segment_bytes,
            event_save_batches: *random.pick(&[1, 5, 50]),
            send_buffer_bytes: *random.pick(&[256, 1024, 65_536]),
            write_timeout_us: 5_000_000,
            replay: Replay {
                checkpoint_rows: *random.pick(&[3, 50, usize::MAX]),
                behind_records: *random.pick(&[0, 0, 5, u64::MAX]),
            },
            retain_hours: *random.pick(&[0, 0, 1, 1000]),
            retain_bytes: segment_bytes * *random.pick(&[1, 3, 1000]),
            reader_lag_bytes: segment_bytes * *random.pick(&[0, 1, 1000]),
            snapshots_kept: 1 + random.below(2),
        }
    }
}
