//! Deciding a purchase on an account with many flex controls, from the command to its record in the batch and
//! the accumulators in the state: how long, and how many bytes of the journal. Every control is a spending limit
//! that applies, made at run time, with a warm accumulator.
//!
//! `cargo bench -p ledger --bench controls`; `-- --purchases 200` for a short run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench that panics has failed"
)]

#[path = "../tests/support/made.rs"]
#[allow(dead_code, reason = "shared with the tests, a part of it used here")]
mod made;

use std::io::Write as _;

use clap::Parser;
use ledger::authorization::{MatchKey, MessageClass};
use ledger::command::{Outcome, Submission};
use ledger::durable::Watermark;
use ledger::entities::CardMode;
use ledger::identifiers::{CardHash, ShardId, Timestamp};
use ledger::operation::{ControlDocument, Operation, OperationRequest};
use ledger::writer::Writer;
use ledger::{Command, State};
use rules::{AccountId, CONTROLS_MAX, ControlTarget, Limits, NetworkId, Snapshot};

/// Controls of the account; the last is the most that it may have.
const SIZES: [usize; 5] = [0, 1, 10, 100, CONTROLS_MAX];
const CARD: CardHash = CardHash([7; 32]);
/// 2026-11-20 12:00 UTC, inside of every period.
const NOW: Timestamp = Timestamp(1_795_176_000_000_000);

/// Decisions with flex controls.
#[derive(Debug, Parser)]
struct Arguments {
    /// Purchases of each size.
    #[arg(long, default_value_t = 20_000)]
    purchases: u32,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let config = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let rules = rules::load(&config).unwrap_or_else(|errors| panic!("{errors}"));
    for size in SIZES {
        let mut writer = world(size, &rules);
        decide(&mut writer, &rules, vec![purchase(0)]);
        let began = clock();
        let mut bytes = 0;
        for number in 1..=arguments.purchases {
            bytes += decide(&mut writer, &rules, vec![purchase(number)]);
        }
        let nanoseconds = began.elapsed().as_nanos() / u128::from(arguments.purchases);
        let bytes = bytes / usize::try_from(arguments.purchases).unwrap();
        let line =
            format!("{size:>3} controls: {nanoseconds:>7} ns and {bytes:>6} bytes a purchase\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}

/// A writer over one account with so many controls.
fn world(size: usize, rules: &Snapshot) -> Writer {
    let mut writer = Writer::new(ShardId(0), State::default(), 0, Timestamp::default());
    let limits = Limits {
        available_credit_limit: i64::MAX / 4,
        ..Limits::default()
    };
    let mut commands = vec![
        Command::CreateCustomer(made::customer(1)),
        Command::OpenAccount(Box::new(made::account(1, 1, limits))),
        Command::IssueCard(made::card(CARD, CardMode::Single(AccountId(1)))),
    ];
    commands.extend((0..size).map(control));
    decide(&mut writer, rules, commands);
    writer
}

fn control(number: usize) -> Command {
    let json = format!(
        r#"{{"id": "control-{number}", "type": "spending_limit", "name": "C", "max_limit": 1000000000000,
            "limit_duration": "P1M", "deny_code": "D"}}"#
    );
    let operation = Operation::CreateControl(ControlDocument {
        target: ControlTarget::Account(AccountId(1)),
        json,
    });
    Command::Operate {
        request: Box::new(OperationRequest {
            tracking_id: format!("control-{number}").parse().unwrap(),
            operation,
            description: "for the bench".to_owned(),
            operator: None,
        }),
        stored: Vec::new(),
    }
}

fn purchase(number: u32) -> Command {
    let key = MatchKey {
        network: NetworkId(1),
        card: CARD,
        class: MessageClass::Authorization,
        stan: number % 1_000_000,
        transmission: 1_120_120_000 + u64::from(number / 1_000_000),
        acquirer: 0,
        terminal: *b"        ",
    };
    Command::Authorize {
        facts: Box::new(made::request(key, made::fingerprint(*b"000000", 100))),
        stored: Vec::new(),
    }
}

/// Decides, and gives the bytes that the journal takes. Everything must be approved.
fn decide(writer: &mut Writer, rules: &Snapshot, commands: Vec<Command>) -> usize {
    let submissions = commands.into_iter().map(|command| Submission {
        command,
        deadline: None,
        ticket: (),
    });
    let decided = writer.decide(submissions, rules, NOW).unwrap();
    let sequence = decided.pending.sequence();
    let watermark = Watermark::at(sequence);
    let released = decided.pending.release(&watermark).unwrap();
    for ((), outcome) in released {
        match outcome.get() {
            Outcome::Decided(decided) => assert_eq!(decided.reason, None),
            Outcome::Done(_) | Outcome::Created => {}
            other => panic!("{other:?}"),
        }
    }
    decided.batch.unwrap().stored_bytes()
}
