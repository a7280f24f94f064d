//! Keys that a network brings: what holds keys is asked through its interface, and nothing takes them by default.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::path::Path;
use std::sync::Mutex;

use bytes::BytesMut;
use codec::{Element, FrameReader, Message};
use harness::{DIALECT, Fields, World, text};
use ledger::identifiers::Timestamp;
use switch::card_vault::CardVault;
use switch::key_exchange::{KeyExchange, KeyExchangeRequest, KeysRefused, NoKeys};
use switch::link::{Link, Surroundings, Told};
use switch::networks::Networks;

/// A key under another key, as the tests bring it in DE48.
const KEY: &str = "8CA64DE9C1B123A78CA64DE9C1B123A7";

/// Takes keys of 32 characters, and keeps what may be told of them: their number.
#[derive(Debug, Default)]
struct Holder(Mutex<Vec<String>>);

impl KeyExchange for Holder {
    fn exchange(&self, request: &KeyExchangeRequest<'_>) -> Result<(), KeysRefused> {
        let key = request.message.text(Element::new(48).unwrap());
        if key.is_none_or(|key| key.len() != KEY.len()) {
            return Err(KeysRefused("the key is not one"));
        }
        assert!(!format!("{request:?}").contains(KEY));
        let taken = format!("{} {}", request.network, request.code);
        self.0.lock().unwrap().push(taken);
        Ok(())
    }
}

/// What the generic network is answered to a message, and what was told.
fn receive(keys: &dyn KeyExchange, message: &Fields) -> (Message, Vec<Told>) {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let rules = rules::load(&config).unwrap();
    let networks = Networks::load(&config, &rules).unwrap();
    let plan = networks.plan(rules.network_named("generic").unwrap().id);
    let directory = tempfile::tempdir().unwrap();
    let around = Surroundings {
        has_room: true,
        plan: plan.unwrap(),
        rules: &rules,
        vault: &CardVault::open(directory.path()).unwrap(),
        books: &|_| Ok(Vec::new()),
        holder: &|_| Ok(None),
        keys,
        now: Timestamp(1_795_521_600_000_000),
    };
    let frames = |bytes: &[u8]| {
        let mut reader = FrameReader::new(DIALECT.framing());
        reader.spare()[..bytes.len()].copy_from_slice(bytes);
        reader.filled(bytes.len());
        reader.next_whole_frame().unwrap().unwrap()
    };
    let mut out = BytesMut::new();
    let mut link = Link::new();
    link.receive(
        frames(&message.frame()),
        &around,
        &mut out,
        &mut |anomaly| panic!("{anomaly:?}"),
    );
    let answer = DIALECT.decode(frames(&out).body).unwrap();
    (answer, link.told())
}

#[test]
fn what_holds_keys_decides_and_the_network_hears_of_it() {
    let holder = Holder::default();
    let keys: [(&dyn KeyExchange, &str); 2] = [(&holder, "holder"), (&NoKeys, "nothing")];
    let refused = |why| Some(KeysRefused(why));
    let table = [
        ("holder", "101", KEY, "00", None),
        ("holder", "161", KEY, "00", None),
        ("holder", "162", KEY, "00", None),
        ("holder", "163", KEY, "00", None),
        ("holder", "161", "8CA6", "40", refused("the key is not one")),
        (
            "nothing",
            "101",
            KEY,
            "40",
            refused("nothing here takes keys"),
        ),
        (
            "nothing",
            "161",
            KEY,
            "40",
            refused("nothing here takes keys"),
        ),
    ];
    for (who, code, key, answered, refused) in table {
        let (keys, _) = keys.iter().find(|(_, name)| *name == who).unwrap();
        let request = Fields::new("0800").with(70, code).with(48, key);
        let (answer, told) = receive(*keys, &request);
        assert_eq!(text(&answer, 39), Some(answered), "{who} {code}");
        assert_eq!(text(&answer, 48), None, "{who} {code}");
        let [
            Told::KeyExchange {
                code: told_code,
                refused: told_refused,
            },
        ] = told.as_slice()
        else {
            panic!("{told:?}")
        };
        assert_eq!((*told_code, *told_refused), (code, refused));
        assert!(!format!("{told:?} {}", told[0].data()).contains(key));
    }
    let taken = holder.0.lock().unwrap();
    assert_eq!(
        *taken,
        ["generic 101", "generic 161", "generic 162", "generic 163"]
    );
}

#[test]
fn a_running_switch_takes_no_keys_and_shows_none() {
    let world = World::new();
    let running = world.start();
    let mut network = running.connect();
    let request = Fields::new("0800").with(70, "161").with(48, KEY);
    assert_eq!(network.response_code(&request), "40");
    // Beginning and end of advices, and the other network's echo.
    for code in ["071", "072", "363", "270"] {
        let request = Fields::new("0800").with(70, code);
        assert_eq!(network.response_code(&request), "00", "{code}");
    }
    assert!(running.metric("switch_key_exchanges_total", "result=\"refused\"") >= 1.0);
    let reason = running.metric("switch_responses_total", "key_exchange_refused");
    assert!(reason >= 1.0, "{reason}");
    let links = running.json("/v1/links").to_string();
    assert!(links.contains("key exchange 161: nothing here takes keys"));
    let log = running.stop();
    let told = world.notices();
    let of = |kind: &str| told.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((of("network.key_exchange"), of("network.advices")), (1, 3));
    for (place, text) in [
        ("links", links),
        ("log", format!("{log:?}")),
        ("events", format!("{told:?}")),
    ] {
        assert!(!text.contains(KEY), "{place}");
    }
}
