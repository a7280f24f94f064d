//! Kill -9 under load, again and again, on the same data: what was answered is in the books once, what
//! was not is there once or not at all, and the events tell the same story as the books.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use codec::Message;
use harness::{
    Client, Fields, Random, Switch, World, await_answer, generated_account, generated_pan, set,
    text,
};
use ledger::identifiers::RecordId;
use serde_json::Value;

const KILLS: u64 = 10;
const LINKS: u64 = 4;
/// Cards that are used; few, so that accounts are written again and again.
const CARDS: u64 = 40;
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
}

/// A purchase that was sent, and what its sender heard of it.
#[derive(Clone, Debug)]
struct Purchase {
    fields: Fields,
    account: u64,
    amount_minor: i64,
    told: Option<Told>,
}

impl Purchase {
    fn any(random: &mut Random) -> Self {
        let card = random.below(CARDS);
        let amount = match random.below(16) {
            // Above the limit: declines are kept as faithfully as approvals.
            0 => 2 * OPENING,
            _ => 1 + i64::try_from(random.below(5_000)).unwrap(),
        };
        Self {
            fields: Fields::purchase(&generated_pan(card), amount),
            account: generated_account(card),
            amount_minor: amount,
            told: None,
        }
    }
}

/// Everything sent so far, by STAN and DE7.
type Sent = BTreeMap<(String, String), Purchase>;

/// Sends purchases until the link is cut; returns them all.
fn load(client: Client, mut random: Random, answered: &AtomicU64) -> Sent {
    let (mut sender, mut receiver) = client.split();
    let mut sent = Sent::new();
    let mut open: BTreeMap<String, (String, String)> = BTreeMap::new();
    loop {
        while open.len() < WINDOW {
            let purchase = Purchase::any(&mut random);
            let key = purchase.fields.key();
            let written = sender.send(&purchase.fields);
            open.insert(key.0.clone(), key.clone());
            sent.insert(key, purchase);
            if !written {
                return sent;
            }
        }
        let Some(answer) = receiver.receive() else {
            return sent;
        };
        let key = open.remove(text(&answer, 11).unwrap()).unwrap();
        sent.get_mut(&key).unwrap().told = Some(Told::by(&answer));
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// Loads a switch over several links and kills it at a moment that the seed chooses.
fn load_and_kill(switch: &mut Switch, random: &mut Random) -> Sent {
    let answered = AtomicU64::new(0);
    let until = 40 + random.below(400);
    std::thread::scope(|scope| {
        let loads: Vec<_> = (0..LINKS)
            .map(|_| {
                let (client, random) = (switch.connect(), Random::new(random.number()));
                let answered = &answered;
                scope.spawn(move || load(client, random, answered))
            })
            .collect();
        let enough = await_answer(|| (answered.load(Ordering::Relaxed) >= until).then_some(()));
        // Whatever comes: the links end with the switch, and the threads with the links.
        switch.kill();
        assert!(enough.is_some(), "too little was answered");
        let sent = loads.into_iter().map(|load| load.join().unwrap());
        sent.flatten().collect()
    })
}

/// Repeats purchases; those that were answered must be answered the same, the others are answered now.
fn repeat<'a>(switch: &Switch, purchases: impl Iterator<Item = &'a mut Purchase>) {
    let mut client = switch.connect();
    for purchase in purchases {
        let told = Told::by(&client.ask(&purchase.fields.as_mti("0101")));
        match &purchase.told {
            Some(before) => assert_eq!(*before, told, "a repeat of {:?}", purchase.fields.key()),
            None => purchase.told = Some(told),
        }
    }
}

/// Holds the books against everything that was sent. Returns the ids of the messages in the books.
fn expect_books(switch: &Switch, sent: &Sent) -> Vec<RecordId> {
    switch.settle();
    let mut ids = Vec::new();
    let mut in_books: BTreeMap<(String, String), Value> = BTreeMap::new();
    for card in 0..CARDS {
        let account = generated_account(card);
        let mut spent = 0;
        for message in switch.messages(account) {
            let name = |key: &str| message[key].as_str().unwrap().to_owned();
            let key = (name("stan"), name("transmission_date_time"));
            let purchase = sent
                .get(&key)
                .unwrap_or_else(|| panic!("never sent: {message}"));
            assert_eq!(purchase.account, account, "{message}");
            assert_eq!(message["amount_minor"], purchase.amount_minor, "{message}");
            if message["response_code"] == "00" {
                spent += purchase.amount_minor;
            }
            ids.push(name("id").parse().unwrap());
            let twice = in_books.insert(key, message);
            assert!(twice.is_none(), "in the books twice: {twice:?}");
        }
        assert_eq!(
            switch.available(account),
            OPENING - spent,
            "available limit of account {account}"
        );
    }
    for (key, purchase) in sent {
        let Some(told) = &purchase.told else { continue };
        let message = in_books
            .get(key)
            .unwrap_or_else(|| panic!("answered {told:?} and not in the books: {key:?}"));
        let kept = Told {
            response_code: message["response_code"].as_str().unwrap().to_owned(),
            approval_code: message["approval_code"].as_str().map(str::to_owned),
        };
        assert_eq!(kept, *told, "{message}");
    }
    ids
}

/// The events of all files: whole lines, in journal order, one per message of the books.
fn expect_events(directory: &Path, in_books: Vec<RecordId>) {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    files.sort();
    assert!(
        files.len() > 1,
        "the event files were meant to rotate: {files:?}"
    );
    let mut ids: Vec<RecordId> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "{}",
            file.display()
        );
        for line in text.lines() {
            let event: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{}: {error}: {line}", file.display()));
            assert_eq!(event["type"], "authorization.decided", "{line}");
            let id = event["id"].as_str().unwrap().parse().unwrap();
            assert!(
                ids.last().is_none_or(|last| *last < id),
                "{}: {id} is not after {:?}",
                file.display(),
                ids.last()
            );
            ids.push(id);
        }
    }
    let mut in_books = in_books;
    in_books.sort();
    assert_eq!(ids, in_books, "events and messages in the books");
}

#[test]
fn what_was_answered_survives_kill_after_kill_exactly_once() {
    let world = World::with(|settings| {
        // Everything that happens only now and then happens often.
        set(settings, "ledger.segment_bytes", 64 << 10);
        set(settings, "ledger.checkpoint_interval_ms", 20);
        set(settings, "events.file_bytes", 128 << 10);
        set(settings, "events.save_interval_ms", 20);
    });
    let mut random = Random::new(0x0008_583A);
    let mut sent = Sent::new();
    let mut unanswered = 0;
    let mut switch = world.start();
    for _ in 0..KILLS {
        let mut round = load_and_kill(&mut switch, &mut random);
        switch = world.start();
        sent.append(&mut round);
        expect_books(&switch, &sent);

        // The network repeats what it heard nothing of, and some of what it did.
        let open = sent.values_mut().filter(|purchase| purchase.told.is_none());
        let open: Vec<_> = open.collect();
        unanswered += open.len();
        repeat(&switch, open.into_iter());
        let keys: Vec<_> = sent.keys().cloned().collect();
        for _ in 0..10 {
            let key = &keys[random.place(keys.len())];
            repeat(&switch, sent.get_mut(key).into_iter());
        }
        expect_books(&switch, &sent);
    }
    assert!(unanswered > 0, "no kill came under load");
    let in_books = expect_books(&switch, &sent);
    assert_eq!(
        in_books.len(),
        sent.len(),
        "every purchase was answered in the end"
    );
    switch.stop();
    expect_events(&world.data().join("events"), in_books);
}
