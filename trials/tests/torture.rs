//! The torture itself, short; and that its judgement notices what it is there to notice.
//!
//! Cargo builds the binaries of a package for the tests of that package only, so the switch is built here,
//! into the same directory, if it is missing or older than its sources: after a build of the whole workspace
//! it is neither.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use trials::history::check;
use trials::torture::audit::{Evidence, Sort, audit};
use trials::torture::events::Event;
use trials::torture::records::Heard;
use trials::torture::report::Report;
use trials::torture::{Options, run};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The switch of the profile that these tests are built with.
fn switch() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> PathBuf {
    let directory = Path::new(env!("CARGO_BIN_EXE_trials")).parent().unwrap();
    let binary = directory.join("switch");
    let built = modified(&binary);
    let sources = [
        "switch/src",
        "switch/Cargo.toml",
        "ledger/src",
        "rules/src",
        "codec/src",
        "Cargo.lock",
    ];
    if built.is_some()
        && sources
            .iter()
            .all(|source| newest(&repository().join(source)) < built)
    {
        return binary;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "build",
            "--locked",
            "-p",
            "switch",
            "--bin",
            "switch",
            "--target-dir",
        ])
        .arg(directory.parent().unwrap())
        .current_dir(repository());
    match directory.file_name().unwrap().to_str().unwrap() {
        "debug" => {}
        profile => drop(cargo.args(["--profile", profile])),
    }
    let built = cargo.output().unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    binary
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// When a file, or any file of a directory, was last changed.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return modified(path);
    };
    entries.flatten().map(|entry| newest(&entry.path())).max()?
}

/// Runs so many cycles, which must find nothing.
fn torture(cycles: u64, seed: u64) -> Report {
    let options = Options {
        cycles,
        seed,
        links: 4,
        rate: 800,
        config: repository().join("config"),
        switch: Some(switch()),
        keep: false,
    };
    let mut printed = String::new();
    let ran = run(&options, &mut |line| {
        printed.push_str(line);
        printed.push('\n');
    });
    match ran {
        Ok(report) if report.counts.is_good() => report,
        Ok(_) | Err(_) => panic!("{printed}"),
    }
}

#[test]
fn twenty_cycles_lose_nothing_and_double_nothing() {
    let counts = torture(20, 1).counts;
    assert!(counts.kills >= 20, "{counts}");
    assert!(
        counts.acknowledged > 500 && counts.operations > 500,
        "{counts}"
    );
    assert!(counts.unknown > 0, "no kill came under load: {counts}");
    assert!(
        counts.event_files > 1,
        "the event files did not rotate: {counts}"
    );
    assert!(counts.replayed_batches > 0, "no start replayed: {counts}");
}

/// How a copy of true evidence is made false.
type Tampering = fn(&mut Evidence) -> Option<()>;

/// Every way that the audit must notice, and as what.
const CANARIES: [(&str, Sort, Tampering); 10] = [
    (
        "an approval that the switch never gave",
        Sort::Lost,
        |evidence| {
            let never_sent = evidence.asked.iter_mut().find(|asked| asked.sent == 0)?;
            never_sent.sent = 1;
            never_sent.heard = Some(Heard {
                response_code: "00".to_owned(),
                approval_code: Some("ZZZZZZ".to_owned()),
                balances: None,
            });
            Some(())
        },
    ),
    (
        "another approval code than the books have",
        Sort::Divergent,
        |evidence| {
            let mut heard = evidence
                .asked
                .iter_mut()
                .filter_map(|asked| asked.heard.as_mut());
            let approved = heard.find(|heard| heard.approval_code.is_some())?;
            approved.approval_code = Some("ZZZZZZ".to_owned());
            Some(())
        },
    ),
    (
        "a decline where the books approve",
        Sort::Divergent,
        |evidence| {
            let mut heard = evidence
                .asked
                .iter_mut()
                .filter_map(|asked| asked.heard.as_mut());
            heard.find(|heard| heard.is_approval())?.response_code = "51".to_owned();
            Some(())
        },
    ),
    (
        "a message that is missing in the books",
        Sort::Lost,
        |evidence| {
            let books = evidence
                .books
                .iter_mut()
                .find(|books| !books.messages.is_empty())?;
            let asked = &evidence.asked;
            let answered = |serial: u32| {
                asked[serial as usize]
                    .heard
                    .as_ref()
                    .is_some_and(Heard::is_approval)
            };
            let place = books
                .messages
                .iter()
                .position(|m| !m.reversal && answered(m.serial.0))?;
            books.messages.remove(place);
            Some(())
        },
    ),
    (
        "a message that is in the books twice",
        Sort::Doubled,
        |evidence| {
            // What was refused as a conflict may be there more than once.
            let mut books = evidence.books.iter_mut();
            books.find_map(|books| {
                let mut messages = books.messages.iter();
                let again = messages.find(|message| message.response_code == "00")?;
                let again = again.clone();
                books.messages.push(again);
                Some(())
            })
        },
    ),
    ("a message that nobody sent", Sort::Unasked, |evidence| {
        let serial = evidence
            .books
            .iter()
            .find_map(|books| books.messages.first())?
            .serial;
        evidence.asked[serial.0 as usize].sent = 0;
        Some(())
    }),
    ("a limit that is off by one", Sort::Limits, |evidence| {
        evidence.books[0].limits.available_minor += 1;
        Some(())
    }),
    ("an event that is missing", Sort::Lost, |evidence| {
        let answered = |serial: u32| evidence.asked[serial as usize].heard.is_some();
        let place = evidence.events.iter().position(|event| {
            matches!(event, Event::Decided { serial, conflict: false, .. } if answered(serial.0))
        })?;
        evidence.events.remove(place);
        Some(())
    }),
    (
        "an event that was written twice",
        Sort::Doubled,
        |evidence| {
            let place = evidence.events.len() / 2;
            evidence
                .events
                .insert(place, evidence.events[place].clone());
            Some(())
        },
    ),
    (
        "a posted transaction that has no event",
        Sort::Events,
        |evidence| {
            let posted = |event: &Event| {
                matches!(
                    event,
                    Event::Posted {
                        compensation: false,
                        ..
                    }
                )
            };
            let place = evidence.events.iter().position(posted)?;
            evidence.events.remove(place);
            Some(())
        },
    ),
];

#[test]
fn the_audit_notices_what_is_not_so() {
    let Report {
        evidence,
        histories,
        ..
    } = torture(2, 2);
    assert_eq!(audit(&evidence), []);
    for (canary, sort, tamper) in CANARIES {
        let mut tampered = evidence.clone();
        tamper(&mut tampered).unwrap_or_else(|| panic!("{canary}: the run has none"));
        let findings = audit(&tampered);
        assert!(
            findings.iter().any(|finding| finding.sort == sort),
            "{canary}: {findings:?}"
        );
    }
    // The history of an account whose books are off by one has no order.
    let busiest = histories
        .iter()
        .max_by_key(|history| history.operations.len())
        .unwrap();
    assert_eq!(check(busiest), Ok(()));
    let mut off = busiest.clone();
    off.closing.as_mut().unwrap().available_minor += 1;
    assert!(check(&off).is_err());
}
