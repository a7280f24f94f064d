//! What an account is opened with: what only its records say of it is not taken from the command.

use ledger::command::{Outcome, Submission};
use ledger::entities::Account;
use ledger::identifiers::{RecordId, Timestamp};
use ledger::writer::Writer;
use ledger::{Command, Record, State};
use rules::{Deltas, LimitName, Limits};

use crate::support::{SHARD, made, records, release, rules};

/// The record of an account that is opened.
fn opened(account: Account) -> Account {
    let mut writer = Writer::new(SHARD, State::default(), 0, Timestamp::default());
    let commands = [
        Command::CreateCustomer(made::customer(1)),
        Command::OpenAccount(Box::new(account)),
    ];
    let submissions = commands.map(|command| Submission {
        command,
        deadline: None,
        ticket: (),
    });
    let decided = writer.decide(submissions, rules(), Timestamp(1));
    let decided = decided.unwrap();
    let batch = decided.batch.unwrap();
    let outcomes = release(decided.pending).into_iter();
    assert!(
        outcomes
            .map(|((), outcome)| outcome)
            .all(|outcome| outcome == Outcome::Created)
    );
    match records(&batch).pop() {
        Some((_, Record::AccountOpened(account))) => *account,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_records_alone_say_of_an_account_is_ignored_at_its_opening() {
    let limits = Limits {
        available_credit_limit: 10_000,
        ..Limits::default()
    };
    let plain = made::account(7, 2, limits);
    let mut pending = Deltas::NONE;
    assert!(pending.set(LimitName::AvailableCreditLimit, -500));
    let later = RecordId {
        sequence: 99,
        ..RecordId::default()
    };
    let said = Account {
        opening: Some(Box::new(pending)),
        pending,
        latest: Some(later),
        reflects: later,
        ..plain.clone()
    };
    let known = opened(plain);
    assert_eq!(opened(said), known);
    assert_eq!((known.pending, known.latest), (Deltas::NONE, None));
    let opening = known.opening.unwrap();
    assert_eq!(opening.get(LimitName::AvailableCreditLimit), 10_000);
}
