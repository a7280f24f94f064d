//! The shipped scenario files: every one can be read, and gives back what it takes.

use crate::stub::repository;
use codec::{Element, MtiClass};
use simulator::network::Network;
use simulator::scenario::{Action, Expectation, Request, Scenario, Step};

/// Directories of the scenarios, and the network that plays them.
const NETWORKS: [(&str, &str); 4] = [
    ("config/scenarios", "generic"),
    ("config/scenarios/visa", "visa"),
    ("config/scenarios/mastercard", "mastercard"),
    ("config/scenarios/elo", "elo"),
];

fn shipped() -> Vec<Scenario> {
    NETWORKS.into_iter().flat_map(of_network).collect()
}

fn of_network((directory, network): (&str, &str)) -> Vec<Scenario> {
    let network = repository(&format!("config/simulator/{network}.toml"));
    let network = Network::load(&network).unwrap_or_else(|error| panic!("{error}"));
    let mut files: Vec<_> = std::fs::read_dir(repository(directory))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    assert!(files.len() >= 8, "{files:?}");
    files
        .iter()
        .map(|file| Scenario::load(file, &network, &[]).unwrap_or_else(|e| panic!("{e}")))
        .collect()
}

fn request(step: &Step) -> Option<&Request> {
    match &step.action {
        Action::Send(request) => Some(request),
        _ => None,
    }
}

fn expects_approval(step: &Step) -> bool {
    let Expectation::Answer(expected) = &step.expectation else {
        return false;
    };
    let codes = expected.fields.get(&Element::RESPONSE_CODE);
    let approves = |code: Option<&str>| matches!(code, Some("00" | "10"));
    codes.is_some_and(|codes| codes.iter().any(|code| approves(code.literal())))
}

#[test]
fn every_file_can_be_read_and_says_what_it_shows() {
    for scenario in shipped() {
        let stem = std::path::Path::new(&scenario.file)
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap();
        assert_eq!(scenario.name, stem);
        assert!(
            scenario.description.len() > 40,
            "{}: say what it shows",
            scenario.file
        );
        assert!(!scenario.steps.is_empty(), "{}", scenario.file);
    }
}

/// An approval that moves a limit is reversed by a later step, else the next run would meet other
/// books. Inquiries move nothing, nor does an advice that the network declined; a repeat moves something
/// only when its original was lost. An increment, which takes DE3 from its original or is called so, goes with
/// that one.
#[test]
fn every_approval_is_reversed() {
    for scenario in shipped() {
        for (at, step) in scenario.steps.iter().enumerate() {
            let Some(message) = request(step) else {
                continue;
            };
            let class = message.mti.class();
            let moves = [MtiClass::Authorization, MtiClass::Financial].contains(&class);
            if !moves || !expects_approval(step) {
                continue;
            }
            let literal = |element| {
                let value = message.fields.get(&element);
                value.and_then(|value| value.literal())
            };
            let code = literal(Element::PROCESSING_CODE);
            let declined = literal(Element::RESPONSE_CODE).is_some_and(|code| code != "00");
            let takes_code = message.original.is_some() && code.is_none();
            let increment = takes_code || step.name == "increment";
            if code.is_some_and(|code| ["30", "31"].iter().any(|inquiry| code.starts_with(inquiry)))
                || declined
                || increment
            {
                continue;
            }
            let lost = |name: &String| {
                let original = scenario.steps.iter().find(|step| &step.name == name);
                original
                    .and_then(request)
                    .is_some_and(|original| original.lost)
            };
            if message.repeat_of.as_ref().is_some_and(|name| !lost(name)) {
                continue;
            }
            let reversed = scenario.steps[at..]
                .iter()
                .filter_map(request)
                .any(|later| later.original.as_ref() == Some(&step.name));
            assert!(
                reversed,
                "{}:{}: {:?} is not reversed",
                scenario.file, step.line, step.name
            );
        }
    }
}
