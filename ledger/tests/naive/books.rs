//! The books of the naive ledger: what each account began with, and everything that is in force on it. A
//! limit is never kept: it is added up anew whenever it is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::authorization::{AuthorizationStatus, ClearingKey, Fingerprint, MatchKey, MessageKey};
use ledger::entities::{AccountStatus, CardStatus, Expiry, SuspendedModes};
use ledger::identifiers::CardHash;
use rules::{AccountId, Currency, Deltas, LimitName, Limits, ProcessingCode, ProgramId, Snapshot};

use crate::clearings::{Bearer, Decided};
use crate::controls::Reserved;
use crate::refunds::Refunds;
use crate::said::Said;
use crate::transfers::Open;

/// Amounts by account and place of the limit in [`LimitName::ALL`], minor units.
pub(crate) type Amounts = BTreeMap<(u64, usize), i64>;

/// Amounts that are posted, by account and whether they credit it. Those that go together are shared
/// together, so that their parts add up.
pub(crate) type Posts = BTreeMap<(u64, bool), i64>;

pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) program: ProgramId,
    pub(crate) parent: Option<u64>,
    pub(crate) status: AccountStatus,
    pub(crate) reason: Option<u32>,
    /// Limits without anything that is in force.
    pub(crate) base: Limits,
}

#[derive(Clone, Copy)]
pub(crate) struct Card {
    pub(crate) status: CardStatus,
    pub(crate) expiry: Expiry,
    pub(crate) credit: u64,
    pub(crate) debit: Option<u64>,
    pub(crate) suspended: SuspendedModes,
}

/// An approved amount.
#[derive(Clone)]
pub(crate) struct Part {
    /// The message that it came with.
    pub(crate) message: usize,
    /// What the whole of it moves, and what it moves on top once it is cleared.
    pub(crate) moves: Amounts,
    pub(crate) at_clearing: Amounts,
    /// What was approved in the account's currency.
    pub(crate) billed: i64,
    /// What was approved, in DE4's currency, and what of it is left.
    pub(crate) approved: i64,
    pub(crate) left: i64,
    /// What the whole of it posts when it is cleared.
    pub(crate) posts: Posts,
}

/// Who may change a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Messages of a network and clearings.
    Authorization,
    /// Operators.
    Operation,
    /// Clearings alone.
    Clearing,
    /// The settlement of the transfer that it is a side of.
    Transfer,
}

/// What clearings presented of a hold, in DE4's currency: what is in force, and what was undone and not presented again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presented {
    pub(crate) in_force: i64,
    pub(crate) undone: i64,
}

/// An authorization.
pub(crate) struct Hold {
    pub(crate) key: MessageKey,
    pub(crate) kind: Kind,
    pub(crate) account: u64,
    pub(crate) code: ProcessingCode,
    pub(crate) status: AuthorizationStatus,
    pub(crate) parts: Vec<Part>,
    pub(crate) due: Option<i64>,
    /// When it was approved, and DE4's currency.
    pub(crate) since: i64,
    pub(crate) currency: Option<Currency>,
    pub(crate) presented: Presented,
    /// What it gives back of another hold.
    pub(crate) refunds: Option<Refunds>,
    /// What it presents of another hold, in DE4's currency of that, in the place of which it stands.
    pub(crate) clears: Option<(usize, i64)>,
    /// What was given back of it when the last message was taken.
    pub(crate) refunded: i64,
    /// The message that last changed it.
    pub(crate) changed_by: usize,
}

/// What a hold was before a message changed it.
#[derive(Clone)]
pub(crate) struct Before {
    pub(crate) hold: usize,
    pub(crate) status: AuthorizationStatus,
    pub(crate) left: Vec<i64>,
}

/// What became of a message.
#[derive(Clone)]
pub(crate) enum Became {
    /// A hold of its own.
    Hold(usize),
    /// A part of a hold: of which the message is an increment.
    Part(usize),
    /// It completed or replaced a hold.
    Completion(usize),
    /// It reversed; what it undid, until that is taken back.
    Reversal(Option<Before>),
    Nothing,
}

/// A message that was decided and has its key.
#[derive(Clone)]
pub(crate) struct Seen {
    /// What a repeat must have in common with it.
    pub(crate) content: String,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) said: Said,
    pub(crate) became: Became,
}

/// The naive ledger.
pub(crate) struct Naive {
    pub(crate) rules: Arc<Snapshot>,
    pub(crate) now: i64,
    pub(crate) accounts: BTreeMap<u64, Account>,
    pub(crate) cards: BTreeMap<CardHash, Card>,
    pub(crate) holds: Vec<Hold>,
    /// Every message that was decided, in order; those of a conflict too, without a key.
    pub(crate) messages: Vec<Seen>,
    pub(crate) keys: BTreeMap<MessageKey, usize>,
    /// When each was decided, what is to go of them, and how many of the oldest are gone.
    pub(crate) times: Vec<i64>,
    pub(crate) line: i64,
    pub(crate) gone: usize,
    /// Messages whose reversal came first, with that.
    pub(crate) overtaken: BTreeMap<MatchKey, usize>,
    /// Other names of holds, by card: the newest that bears one.
    pub(crate) names: BTreeMap<(CardHash, String), usize>,
    /// What operations posted beside holds, by account.
    pub(crate) posted: BTreeMap<u64, i64>,
    /// Clearings, and those of them that posted by card and acquirer reference: the newest that bears one.
    pub(crate) clearings: BTreeMap<ClearingKey, Decided>,
    pub(crate) bearers: BTreeMap<(CardHash, String), Bearer>,
    /// Transfers whose intent is open, the oldest first.
    pub(crate) open: Vec<Open>,
    /// Everything that was ever counted for flex controls, in order.
    pub(crate) reserved: Vec<Reserved>,
}

/// `value` times `part` over `whole`, halves away from zero.
pub(crate) fn rounded(value: i64, part: i64, whole: i64) -> i64 {
    let product = i128::from(value) * i128::from(part);
    let whole = i128::from(whole);
    let size = (2 * product.abs() + whole) / (2 * whole);
    i64::try_from(size * product.signum()).unwrap()
}

pub(crate) fn add(sum: &mut Amounts, account: u64, deltas: &Deltas) {
    for (place, limit) in LimitName::ALL.into_iter().enumerate() {
        let moved = deltas.get(limit);
        if moved != 0 {
            *sum.entry((account, place)).or_default() += moved;
        }
    }
}

pub(crate) fn deltas_of(sum: &Amounts, account: u64) -> Deltas {
    let mut deltas = Deltas::NONE;
    for (place, limit) in LimitName::ALL.into_iter().enumerate() {
        let moved = sum.get(&(account, place)).copied().unwrap_or(0);
        assert!(deltas.set(limit, moved), "a sum fits its type");
    }
    deltas
}

impl Part {
    /// Adds what of it is in force.
    fn in_force(&self, cleared: bool, sum: &mut Amounts) {
        let mut whole = self.moves.clone();
        if cleared {
            for (place, moved) in &self.at_clearing {
                *whole.entry(*place).or_default() += moved;
            }
        }
        for (place, moved) in whole {
            *sum.entry(place).or_default() += rounded(moved, self.left, self.approved);
        }
    }
}

impl Hold {
    pub(crate) fn left(&self) -> i64 {
        self.parts.iter().map(|part| part.left).sum()
    }

    /// Leaves so much of it: the newest parts give first, the first part takes what is added.
    pub(crate) fn leave(&mut self, total: i64) {
        let mut more = total - self.left();
        if more > 0 {
            self.parts[0].left += more;
        }
        for part in self.parts.iter_mut().rev() {
            let given = (-more).clamp(0, part.left);
            part.left -= given;
            more += given;
        }
    }

    pub(crate) fn before(&self, hold: usize) -> Before {
        Before {
            hold,
            status: self.status,
            left: self.parts.iter().map(|part| part.left).collect(),
        }
    }
}

impl Naive {
    /// What holds have in force, on all accounts.
    pub(crate) fn in_force(&self, counts: impl Fn(&Hold) -> bool) -> Amounts {
        let mut sum = Amounts::new();
        for hold in self.holds.iter().filter(|hold| counts(hold)) {
            let cleared = hold.status == AuthorizationStatus::Processed;
            for part in &hold.parts {
                part.in_force(cleared, &mut sum);
            }
        }
        sum
    }

    pub(crate) fn limits(&self, account: u64) -> Option<Limits> {
        let base = self.accounts.get(&account)?.base;
        base.checked_apply(&deltas_of(&self.in_force(|_| true), account))
    }

    pub(crate) fn pending(&self, account: u64) -> Deltas {
        let pending = self.in_force(|hold| hold.status == AuthorizationStatus::Pending);
        deltas_of(&pending, account)
    }

    /// What was posted, less what undid it.
    pub(crate) fn posted(&self) -> BTreeMap<u64, i64> {
        let mut sums = self.posted.clone();
        let cleared = |hold: &&Hold| hold.status == AuthorizationStatus::Processed;
        for part in self
            .holds
            .iter()
            .filter(cleared)
            .flat_map(|hold| &hold.parts)
        {
            for ((bearer, credit), amount) in &part.posts {
                let amount = rounded(*amount, part.left, part.approved);
                *sums.entry(*bearer).or_default() += if *credit { amount } else { -amount };
            }
        }
        sums
    }

    /// Takes a message; its answer is compared by the caller.
    pub(crate) fn take(&mut self, key: Option<MessageKey>, seen: Seen) {
        let number = self.messages.len();
        if let Some(key) = key {
            self.keys.insert(key, number);
        }
        self.messages.push(seen);
        self.times.push(self.now);
    }

    /// The hold behind a message as far as it is there, and the message where it is an increment.
    pub(crate) fn hold_of(&self, message: usize) -> Option<(usize, Option<usize>)> {
        let found = match self.messages[message].became {
            Became::Hold(hold) | Became::Completion(hold) => Some((hold, None)),
            Became::Part(hold) => Some((hold, Some(message))),
            Became::Reversal(_) | Became::Nothing => None,
        };
        found.filter(|(hold, _)| !self.is_gone(*hold))
    }

    /// What the names of an earlier message lead to, the first that leads anywhere: a message, or one that
    /// has been overtaken. `None`: nowhere.
    pub(crate) fn named(
        &self,
        card: CardHash,
        key: Option<MatchKey>,
        names: &[Option<String>],
    ) -> Option<Option<usize>> {
        if let Some(key) = key {
            if let Some(message) = self.keys.get(&key.into()) {
                return Some(Some(*message));
            }
            if self.overtaken.contains_key(&key) {
                return Some(None);
            }
        }
        let mut named = names.iter().flatten();
        let message = named.find_map(|name| self.names.get(&(card, name.clone())))?;
        Some(Some(*message))
    }
}

/// Names an account as the rules do.
pub(crate) fn id(account: u64) -> AccountId {
    AccountId(account)
}
