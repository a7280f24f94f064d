//! What is remembered against maps that hold copies of everything.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rules::NetworkId;

use super::*;
use crate::authorization::{MatchKey, MessageClass, ReferenceKind, TrackingId};
use crate::identifiers::{CardHash, RecordId, ShardId};
use crate::recent::Content;

#[derive(Clone, Debug)]
enum Step {
    Remember(u8, Vec<u8>),
    ReverseBeforeArrival(u8),
    Recall(u8, Vec<u8>),
    Refer(u8),
    Change(u8),
    Forget(u64, u64),
}

fn steps() -> impl Strategy<Value = Step> {
    let borne = || prop::collection::vec(0..4_u8, 0..3);
    prop_oneof![
        6 => (0..8_u8, borne()).prop_map(|(key, borne)| Step::Remember(key, borne)),
        1 => (0..8_u8).prop_map(Step::ReverseBeforeArrival),
        2 => (0..8_u8, borne()).prop_map(|(key, borne)| Step::Recall(key, borne)),
        2 => (0..4_u8).prop_map(Step::Refer),
        2 => (0..8_u8).prop_map(Step::Change),
        2 => (0..60_u64, 0..60_u64).prop_map(|(before, books)| Step::Forget(before, books)),
    ]
}

fn key(number: u8) -> MessageKey {
    if number < 2 {
        let id: TrackingId = format!("operation-{number}").parse().unwrap();
        return MessageKey::Operator(id);
    }
    MessageKey::Network(MatchKey {
        network: NetworkId(1),
        card: CardHash([1; 32]),
        class: MessageClass::Authorization,
        stan: u32::from(number),
        transmission: 1,
        acquirer: 1,
        terminal: *b"TERM0001",
    })
}

fn reference(number: u8) -> Reference {
    Reference {
        network: NetworkId(1),
        card: CardHash([number / 3 + 1; 32]),
        kind: ReferenceKind::Network,
        text: [number; 16],
    }
}

fn message(step: u64, borne: &[u8]) -> Box<Remembered> {
    let id = RecordId {
        shard: ShardId(1),
        sequence: step,
        index: 0,
    };
    let time = Timestamp(i64::try_from(step).unwrap());
    let references = borne.iter().map(|number| reference(*number)).collect();
    Box::new(Remembered {
        references,
        ..Remembered::plain((id, time), Content::Operation(step))
    })
}

/// Copies of everything.
#[derive(Default)]
struct Naive {
    messages: BTreeMap<MessageKey, Recent>,
    references: BTreeMap<Reference, MessageKey>,
    ages: VecDeque<(Timestamp, MessageKey)>,
}

impl Naive {
    fn put(&mut self, key: MessageKey, recent: Recent, time: Timestamp) {
        self.references.retain(|_, leads| *leads != key);
        if self.messages.insert(key.clone(), recent).is_none() {
            self.ages.push_back((time, key));
        }
    }

    fn refer(&mut self, reference: Reference) {
        let bears = |recent: &Recent| recent.references().contains(&reference);
        let borne = self.messages.iter().filter(|(_, recent)| bears(recent));
        if let Some((_, key)) = borne.map(|(key, recent)| (recent.id(), key)).max() {
            let key = key.clone();
            self.references.entry(reference).or_insert(key);
        }
    }

    fn forget(&mut self, before: Timestamp, in_books: u64) {
        while let Some((time, key)) = self.ages.front().cloned()
            && time < before
            && self.messages[&key].touched().sequence <= in_books
        {
            self.ages.pop_front();
            self.messages.remove(&key);
            self.references.retain(|_, leads| *leads != key);
        }
    }
}

fn take(step: &Step, number: u64, recent: &mut RecentMessages, naive: &mut Naive) {
    let time = Timestamp(i64::try_from(number).unwrap());
    match step {
        Step::Remember(name, borne) => {
            let message = Recent::Message(message(number, borne));
            naive.put(key(*name), message.clone(), time);
            for reference in message.references() {
                naive.references.insert(*reference, key(*name));
            }
            recent.remember(key(*name), message, time);
        }
        Step::ReverseBeforeArrival(name) => {
            let reversed = Recent::ReversedBeforeArrival(message(number, &[]).id);
            naive.put(key(*name), reversed.clone(), time);
            recent.remember(key(*name), reversed, time);
        }
        Step::Recall(name, borne) => {
            naive.put(key(*name), Recent::Message(message(number, borne)), time);
            recent.recall(key(*name), message(number, borne), time);
        }
        Step::Refer(name) => {
            naive.refer(reference(*name));
            recent.refer(reference(*name), (0..8).map(key));
        }
        Step::Change(name) => {
            let change = |found: Option<&mut Recent>| {
                if let Some(Recent::Message(found)) = found {
                    found.touched = message(number, &[]).id;
                }
            };
            change(naive.messages.get_mut(&key(*name)));
            change(recent.get_mut(&key(*name)));
        }
        Step::Forget(before, in_books) => {
            let before = Timestamp(i64::try_from(*before).unwrap());
            naive.forget(before, *in_books);
            recent.forget(before, *in_books);
        }
    }
}

proptest! {
    #[test]
    fn it_finds_what_copies_of_everything_find(steps in prop::collection::vec(steps(), 1..60)) {
        let (mut recent, mut naive) = (RecentMessages::default(), Naive::default());
        for (number, step) in (1..).zip(&steps) {
            take(step, number, &mut recent, &mut naive);
            prop_assert_eq!(recent.count(), naive.messages.len());
            for name in (0..8).map(key) {
                prop_assert_eq!(recent.contains(&name), naive.messages.contains_key(&name));
            }
            for name in (0..4).map(reference) {
                let found = recent.find(&Lookup::Reference(name));
                let key = naive.references.get(&name);
                let expected = key.map(|key| (key.clone(), &naive.messages[key]));
                prop_assert_eq!(found, expected);
            }
        }
        for name in (0..8).map(key) {
            prop_assert_eq!(recent.get(&name), naive.messages.get(&name));
        }
        // Nothing is left behind by what goes.
        recent.forget(Timestamp(i64::MAX), u64::MAX);
        prop_assert_eq!(recent.count(), 0);
        for part in &recent.parts {
            prop_assert_eq!(part.keys.len() + part.references.len() + part.messages.len(), 0);
        }
    }
}
