//! What each network means by the elements that networks use differently: tables of one line per element.
//!
//! The messages are written with the shipped dialects; parts of elements are named as in the dialects.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

use std::path::Path;

use bytes::BytesMut;
use codec::structure::Text;
use codec::{Dialect, Element, Message};
use ledger::authorization::{Circumstances, NetworkReference};
use rules::{Country, InitiationMode, Snapshot};
use switch::adapter::{Terms, address};
use switch::networks::{NetworkPlan, Networks};

fn config() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

struct Shipped {
    rules: Snapshot,
    networks: Networks,
}

impl Shipped {
    fn load() -> Self {
        let rules = rules::load(&config()).unwrap_or_else(|errors| panic!("{errors}"));
        let networks = Networks::load(&config(), &rules).unwrap();
        Self { rules, networks }
    }

    fn plan(&self, name: &str) -> &NetworkPlan {
        let network = self.rules.network_named(name).unwrap();
        self.networks.plan(network.id).unwrap()
    }
}

/// `N=value`, or `N.part.part=value` by the names of the dialect; several parts of one element have commas.
fn message(dialect: &Dialect, mti: &str, fields: &[&str]) -> Message {
    let mut encoder = dialect.encoder(mti.parse().unwrap());
    for field in fields {
        let (first, _) = field.split_once(['=', '.']).unwrap();
        let element = Element::new(first.parse().unwrap()).unwrap();
        if let Some((_, value)) = field.split_once('=').filter(|(place, _)| *place == first) {
            encoder.set(element, value);
            continue;
        }
        let mut parts = Vec::new();
        for part in field.split(',') {
            let (path, value) = part.split_once('=').unwrap();
            let path: Vec<&str> = path.split('.').skip(1).collect();
            put(&mut parts, &path, value);
        }
        let structure = dialect.structure(element).unwrap();
        let bytes = structure.build_text(&Text::Parts(parts)).unwrap();
        encoder.set_inner_bytes(element, &bytes);
    }
    let mut out = BytesMut::new();
    encoder.write(&mut out).unwrap();
    dialect.decode(out.freeze()).unwrap()
}

fn put(parts: &mut Vec<(String, Text)>, path: &[&str], value: &str) {
    let (name, rest) = path.split_first().unwrap();
    if rest.is_empty() {
        parts.push(((*name).to_owned(), Text::value(value)));
        return;
    }
    let place = parts.iter().position(|(other, _)| other == name);
    let place = place.unwrap_or_else(|| {
        parts.push(((*name).to_owned(), Text::Parts(Vec::new())));
        parts.len() - 1
    });
    if let Text::Parts(inside) = &mut parts[place].1 {
        put(inside, rest, value);
    }
}

/// What a request means that has nothing of its own.
const NOTHING: Terms = Terms {
    operation: None,
    pre_authorization: false,
    recurring: false,
    incremental: false,
    installments: 1,
    partial_capable: false,
};

fn verification() -> Terms {
    Terms {
        operation: "VERIFY".parse().ok(),
        ..NOTHING
    }
}

const PRE: Terms = Terms {
    pre_authorization: true,
    ..NOTHING
};
const RECURRING: Terms = Terms {
    recurring: true,
    ..NOTHING
};
const PARTIAL: Terms = Terms {
    partial_capable: true,
    ..NOTHING
};
const INCREMENTAL: Terms = Terms {
    incremental: true,
    ..NOTHING
};
const SIX: Terms = Terms {
    installments: 6,
    ..NOTHING
};

#[track_caller]
fn mean(network: &str, rows: &[(&[&str], Terms)]) {
    let shipped = Shipped::load();
    let plan = shipped.plan(network);
    for (fields, expected) in rows {
        let message = message(&plan.dialect, "0100", fields);
        let terms = plan.adapter.terms(&message, &plan.dialect).unwrap();
        assert_eq!(terms, *expected, "{network} {fields:?}");
    }
}

#[test]
fn terms_of_the_generic_host() {
    mean(
        "generic",
        &[
            (&["25=00"], NOTHING),
            (&["25=06"], PRE),
            (&["25=40"], RECURRING),
            (&["60=1"], PARTIAL),
            (&["60=0"], NOTHING),
            (&["67=06"], SIX),
            (&["67=00"], NOTHING),
        ],
    );
}

#[test]
fn terms_of_a_visa_like_network() {
    mean(
        "visa",
        &[
            (&["25=00"], NOTHING),
            (&["25=06"], PRE),
            (&["25=51"], verification()),
            (&["60=250000000501"], PARTIAL),
            (&["60=250000000500"], NOTHING),
            (&["60=25"], NOTHING),
            (&["60=250000000200"], RECURRING),
            (&["126.point_of_service_environment=R"], RECURRING),
            (&["126.point_of_service_environment=C"], NOTHING),
            (&["62.characteristics_indicator=I"], INCREMENTAL),
            (&["62.characteristics_indicator=Y"], NOTHING),
            (&["67=06"], SIX),
        ],
    );
}

#[test]
fn terms_of_a_mastercard_like_network() {
    let incremental = Terms {
        incremental: true,
        ..PRE
    };
    let mastercard = |status: &str, presence: &str| {
        let before = format!(
            "61.attendance=0,61.reserved_2=0,61.terminal_location=0,61.cardholder_presence={presence}"
        );
        format!(
            "{before},61.card_presence=0,61.capture_capability=0,61.transaction_status={status},61.security=0,61.reserved_9=0"
        )
    };
    let (normal, pre, verify) = (
        mastercard("0", "0"),
        mastercard("4", "1"),
        mastercard("8", "1"),
    );
    let standing = mastercard("0", "4");
    let trace = "48.transaction_category_code=R,48.trace_id=MCS01106L1120  ";
    mean(
        "mastercard",
        &[
            (&[&normal], NOTHING),
            (&[&pre], PRE),
            (&[&verify], verification()),
            (&[&standing], RECURRING),
            (&[&pre, trace], incremental),
            (&[&normal, trace], NOTHING),
            // DE25 has no meaning of its own beside DE61.
            (&["25=06", &normal], NOTHING),
            (
                &["48.lead=R,48.extended_condition.partial_approval=1"],
                PARTIAL,
            ),
            (
                &["48.lead=R,48.extended_condition.partial_approval=0"],
                NOTHING,
            ),
            (&["112.instalments.plan=20,112.instalments.number=06"], SIX),
        ],
    );
}

#[test]
fn terms_of_an_elo_like_network() {
    mean(
        "elo",
        &[
            (&["25=06"], PRE),
            (&["25=40"], RECURRING),
            (&["60=1"], PARTIAL),
            (&["48.instalments.plan=02,48.instalments.number=06"], SIX),
            (&["67=06"], SIX),
            (&["48.product=CRED"], NOTHING),
        ],
    );
}

#[test]
fn what_cannot_be_read_is_a_format_error() {
    let shipped = Shipped::load();
    for (network, fields, expected) in [
        (
            "generic",
            ["67=00", "123=short"],
            "DE123: does not begin with nine characters of postal code",
        ),
        (
            "visa",
            ["67=00", "126=0008000000000000"],
            "DE126: cannot be read into its parts",
        ),
        (
            "mastercard",
            ["61=000", "4=000000000100"],
            "DE61: cannot be read into its parts",
        ),
        (
            "mastercard",
            ["48=R61", "4=000000000100"],
            "DE48: cannot be read into its parts",
        ),
        (
            "mastercard",
            ["112=00100420XX", "4=000000000100"],
            "DE112: has a part that is not a number in range",
        ),
        (
            "elo",
            ["48=002004", "4=000000000100"],
            "DE48: cannot be read into its parts",
        ),
    ] {
        let plan = shipped.plan(network);
        let message = message(&plan.dialect, "0100", &fields);
        let terms = plan.adapter.terms(&message, &plan.dialect).map(|_| ());
        let address = plan.adapter.address(&message, &plan.dialect).map(|_| ());
        let error = terms.and(address).unwrap_err();
        assert_eq!(error.to_string(), expected, "{network} {fields:?}");
    }
}

#[test]
fn the_name_that_the_network_gave_a_transaction() {
    let shipped = Shipped::load();
    let rows: &[(&str, &[&str], Option<&str>)] = &[
        ("generic", &["63=NETWORK REF 1"], Some("NETWORK REF 1")),
        ("generic", &["63=more than sixteen characters"], None),
        ("generic", &["4=000000000100"], None),
        (
            "visa",
            &["62.characteristics_indicator=Y,62.transaction_id=123456789012345"],
            Some("123456789012345"),
        ),
        ("visa", &["62.characteristics_indicator=Y"], None),
        (
            "mastercard",
            &["15=1120", "63=MCS01106L"],
            Some("MCS01106L1120"),
        ),
        // A later message names the first one, not itself.
        (
            "mastercard",
            &[
                "15=1121",
                "48.lead=R,48.trace_id=MCS01106L1120  ",
                "63=MCS01200X",
            ],
            Some("MCS01106L1120"),
        ),
        ("mastercard", &["63=MCS"], None),
        ("elo", &["63=ELO0001"], Some("ELO0001")),
    ];
    for (network, fields, expected) in rows {
        let plan = shipped.plan(network);
        let message = message(&plan.dialect, "0100", fields);
        let found = plan.adapter.reference(&message, &plan.dialect).unwrap();
        let expected = expected.and_then(NetworkReference::new);
        assert_eq!(found, expected, "{network} {fields:?}");
    }
}

#[test]
fn where_each_network_has_an_address() {
    let shipped = Shipped::load();
    let known = ledger::entities::Address {
        line: "12 Sample Street".to_owned(),
        postal_code: "12345".to_owned(),
    };
    let rows: &[(&str, &[&str], Option<&str>)] = &[
        ("generic", &["123=12345    12 Sample Street"], Some("Y")),
        ("generic", &["4=000000000100"], None),
        (
            "visa",
            &["123.verification.postal_code=12345,123.verification.street=12 SAMPLE"],
            Some("Y"),
        ),
        ("visa", &["123.verification.postal_code=12345"], Some("Z")),
        ("visa", &["4=000000000100"], None),
        (
            "mastercard",
            &[
                "48.lead=T,48.address_verification_request=52",
                "120.address=12346    12 Sample Street",
            ],
            Some("A"),
        ),
        (
            "mastercard",
            &["120.address=12345    12 Sample Street"],
            None,
        ),
        ("elo", &["123=12345    12 Sample Street"], None),
    ];
    for (network, fields, expected) in rows {
        let plan = shipped.plan(network);
        let message = message(&plan.dialect, "0100", fields);
        let given = plan.adapter.address(&message, &plan.dialect).unwrap();
        let found = given.map(|given| address::compare(&given, Some(&known)).code());
        assert_eq!(found, *expected, "{network} {fields:?}");
    }
}

#[test]
fn circumstances_that_only_the_network_says() {
    let shipped = Shipped::load();
    let nothing = Circumstances {
        is_cavv_present: Some(false),
        is_token_present: Some(false),
        ..Circumstances::default()
    };
    let initiated = |mode| Circumstances {
        initiation_mode: Some(mode),
        ..nothing.clone()
    };
    let with_cavv = Circumstances {
        is_cavv_present: Some(true),
        ..nothing.clone()
    };
    let ordered = Circumstances {
        country: Country::from_numeric(840),
        is_physical_card_present: Some(false),
        ..initiated(InitiationMode::Moto)
    };
    let cavv = format!("126.cavv={}", "0".repeat(40));
    let token = Circumstances {
        is_token_present: Some(true),
        ..nothing.clone()
    };
    let rows: &[(&str, &[&str], Circumstances)] = &[
        ("generic", &["25=00"], Circumstances::default()),
        ("elo", &["25=00"], Circumstances::default()),
        ("visa", &["25=00"], nothing.clone()),
        ("visa", &[&cavv], with_cavv.clone()),
        ("visa", &["123=680003010100"], token),
        (
            "visa",
            &["60=250000000100"],
            initiated(InitiationMode::Moto),
        ),
        ("visa", &["60=250000000200"], initiated(InitiationMode::Mit)),
        ("mastercard", &["3=003000"], nothing.clone()),
        (
            "mastercard",
            &["48.lead=T,48.ucaf=0123456789"],
            with_cavv.clone(),
        ),
        ("mastercard", &["61=0002100000600840"], ordered),
    ];
    for (network, fields, expected) in rows {
        let plan = shipped.plan(network);
        let message = message(&plan.dialect, "0100", fields);
        let common = Circumstances::default();
        let found = plan
            .adapter
            .circumstances(&message, &plan.dialect, common)
            .unwrap();
        assert_eq!(found, *expected, "{network} {fields:?}");
    }
}

#[test]
fn why_a_network_stood_in() {
    let shipped = Shipped::load();
    for (network, field, expected) in [
        ("visa", "63.stand_in_reason=9020", Some("9020")),
        ("visa", "63.network_id=0002", None),
        ("mastercard", "60=2000001", Some("200")),
        ("generic", "60=1", None),
        ("elo", "60=1", None),
    ] {
        let plan = shipped.plan(network);
        let message = message(&plan.dialect, "0120", &[field]);
        let reason = plan.adapter.stand_in_reason(&message, &plan.dialect);
        assert_eq!(reason.as_deref(), expected, "{network} {field}");
    }
}
