//! Load on a switch that may fail at any moment, and the judgement of its books afterwards.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use codec::Message;
use serde_json::Value;

use crate::harness::{Client, Fields, Random, Switch, generated_account, generated_pan, text};

const LINKS: u64 = 2;
/// Cards that are used; few, so that accounts are written again and again.
const CARDS: u64 = 12;
/// What each generated account has at the start, in minor units.
const OPENING: i64 = 10_000_000;
/// Requests that a link has under way.
const WINDOW: usize = 8;

/// What the switch said to a request: DE39 and DE38.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    response_code: String,
    approval_code: Option<String>,
}

impl Told {
    fn by(answer: &Message) -> Self {
        Self {
            response_code: text(answer, 39).unwrap().to_owned(),
            approval_code: text(answer, 38).map(str::to_owned),
        }
    }

    /// Refused without a decision, as overload: nothing may be in the books.
    fn is_refusal(&self) -> bool {
        matches!(self.response_code.as_str(), "91" | "96")
    }
}

/// A purchase that was sent, and what its sender heard of it.
#[derive(Clone, Debug)]
struct Purchase {
    fields: Fields,
    account: u64,
    amount_minor: i64,
    told: Option<Told>,
}

/// STAN and DE7.
type Key = (String, String);

/// Everything that was sent, and how much of it was answered.
#[derive(Debug)]
pub(crate) struct Load {
    sent: BTreeMap<Key, Purchase>,
    random: Random,
}

impl Load {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            sent: BTreeMap::new(),
            random: Random::new(seed),
        }
    }

    /// How many purchases were answered.
    pub(crate) fn answered(&self) -> usize {
        let told = |purchase: &&Purchase| purchase.told.is_some();
        self.sent.values().filter(told).count()
    }

    /// How many were refused without a decision.
    pub(crate) fn refused(&self) -> usize {
        let told = self
            .sent
            .values()
            .filter_map(|purchase| purchase.told.as_ref());
        told.filter(|told| told.is_refusal()).count()
    }

    /// Sends over several links until so many are answered, or the switch is gone.
    pub(crate) fn run(&mut self, switch: &Switch, enough: usize) {
        let answered = AtomicUsize::new(0);
        let sent = Mutex::new(&mut self.sent);
        std::thread::scope(|scope| {
            for _ in 0..LINKS {
                // A fault may have ended it by now.
                let Some(client) = switch.try_connect() else {
                    continue;
                };
                let random = Random::new(self.random.number());
                let (answered, sent) = (&answered, &sent);
                scope.spawn(move || {
                    let mut purchases = drive(client, random, || {
                        answered.fetch_add(1, Ordering::Relaxed) + 1 >= enough
                    });
                    sent.lock().unwrap().append(&mut purchases);
                });
            }
        });
    }

    /// Repeats everything on a sound switch: what was answered must be answered the same, the others are
    /// answered now. Then holds the books against all of it.
    pub(crate) fn expect_kept(&mut self, switch: &Switch) {
        self.expect_books(switch);
        let mut client = switch.connect();
        for purchase in self.sent.values_mut() {
            let told = Told::by(&client.ask(&purchase.fields.as_mti("0101")));
            match &purchase.told {
                Some(before) if !before.is_refusal() => {
                    assert_eq!(*before, told, "a repeat of {:?}", purchase.fields.key());
                }
                _ => purchase.told = Some(told),
            }
        }
        self.expect_books(switch);
    }

    /// Every approval that was answered is in the books, once, and every limit is the sum of them.
    fn expect_books(&self, switch: &Switch) {
        switch.settle();
        let mut in_books: BTreeMap<Key, Value> = BTreeMap::new();
        for card in 0..CARDS {
            let account = generated_account(card);
            let mut spent = 0;
            for message in switch.messages(account) {
                let name = |key: &str| message[key].as_str().unwrap().to_owned();
                let key = (name("stan"), name("transmission_date_time"));
                let purchase = self.sent.get(&key);
                let purchase = purchase.unwrap_or_else(|| panic!("never sent: {message}"));
                assert_eq!(purchase.account, account, "{message}");
                assert_eq!(message["amount_minor"], purchase.amount_minor, "{message}");
                if message["response_code"] == "00" {
                    spent += purchase.amount_minor;
                }
                let twice = in_books.insert(key, message);
                assert!(twice.is_none(), "in the books twice: {twice:?}");
            }
            let left = switch.available(account);
            assert_eq!(left, OPENING - spent, "available of account {account}");
        }
        for (key, purchase) in &self.sent {
            let told = purchase.told.as_ref().filter(|told| !told.is_refusal());
            let Some(told) = told else { continue };
            let message = in_books.get(key);
            let message =
                message.unwrap_or_else(|| panic!("answered {told:?}, not in the books: {key:?}"));
            assert_eq!(message["response_code"], told.response_code, "{message}");
            let approval_code = message["approval_code"].as_str();
            assert_eq!(approval_code, told.approval_code.as_deref(), "{message}");
        }
    }
}

/// Sends until it is told that it is enough, or the link is cut; returns all that was sent.
fn drive(
    client: Client,
    mut random: Random,
    mut enough: impl FnMut() -> bool,
) -> BTreeMap<Key, Purchase> {
    let (mut sender, mut receiver) = client.split();
    let mut sent = BTreeMap::new();
    let mut open: BTreeMap<String, Key> = BTreeMap::new();
    let mut ending = false;
    loop {
        while !ending && open.len() < WINDOW {
            let purchase = any(&mut random);
            let key = purchase.fields.key();
            let written = sender.send(&purchase.fields);
            open.insert(key.0.clone(), key.clone());
            sent.insert(key, purchase);
            if !written {
                return sent;
            }
        }
        if open.is_empty() {
            return sent;
        }
        let Some(answer) = receiver.receive() else {
            return sent;
        };
        let key = open.remove(text(&answer, 11).unwrap()).unwrap();
        sent.get_mut(&key).unwrap().told = Some(Told::by(&answer));
        ending |= enough();
    }
}

fn any(random: &mut Random) -> Purchase {
    let card = random.below(CARDS);
    let amount = match random.below(16) {
        // Above the limit: declines are kept as faithfully as approvals.
        0 => 2 * OPENING,
        _ => 1 + i64::try_from(random.below(5_000)).unwrap(),
    };
    Purchase {
        fields: Fields::purchase(&generated_pan(card), amount),
        account: generated_account(card),
        amount_minor: amount,
        told: None,
    }
}
