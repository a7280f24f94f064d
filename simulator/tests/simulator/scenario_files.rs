//! The shipped scenario files: every one can be read, and gives back what it takes.

use crate::stub::{dialect, repository};
use codec::{Element, MtiClass};
use simulator::scenario::{Action, Expectation, Request, Scenario, Step};

fn shipped() -> Vec<Scenario> {
    let dialect = dialect();
    let mut files: Vec<_> = std::fs::read_dir(repository("config/scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    assert!(files.len() >= 16, "{files:?}");
    files
        .iter()
        .map(|file| Scenario::load(file, &dialect).unwrap_or_else(|e| panic!("{e}")))
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
    codes.is_some_and(|codes| codes.iter().any(|code| code.literal() == Some("00")))
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
/// books. Inquiries move nothing; a repeat moves something only when its original was lost.
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
            let code = message
                .fields
                .get(&Element::PROCESSING_CODE)
                .and_then(|code| code.literal());
            if code.is_some_and(|code| code.starts_with("31")) {
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
