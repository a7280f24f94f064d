//! A small history with a record of nearly every kind, decided by a writer, and batches made of it again.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use ledger::authorization::{
    AcknowledgementFacts, Advice, FileAction, FileActionFacts, MatchKey, MessageClass,
    RequestFacts, ReversalFacts,
};
use ledger::books::store::MemoryStore;
use ledger::books::{Progress, ViewWriter};
use ledger::command::Submission;
use ledger::entities::{AccountStatus, CardMode, CardStatus};
use ledger::identifiers::{RecordId, Timestamp};
use ledger::journal::Batch;
use ledger::operation::{Amount, Funds, GrantedLimits, Operation, OperationRequest};
use ledger::transfer::Transfer;
use ledger::writer::Writer;
use ledger::{Command, Record, State};
use rules::{AccountId, Limits, Snapshot};

use crate::support::{SHARD, card_hash, made, match_key, records, release};

/// Batches as their time and their records.
pub(crate) type History = Vec<(Timestamp, Vec<Record>)>;

/// 2026-11-20 12:00 UTC.
const START: Timestamp = Timestamp(1_795_176_000_000_000);
const DAY_US: i64 = 86_400_000_000;

static RULES: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Arc::new(rules::load(&config).unwrap_or_else(|errors| panic!("{errors}")))
});

/// The rules that the repository ships.
pub(crate) fn rules() -> &'static Arc<Snapshot> {
    &RULES
}

/// The credit account of card A, and the debit account of card B.
pub(crate) const CREDIT: AccountId = AccountId(1);
pub(crate) const DEBIT: AccountId = AccountId(2);

fn key(card: &str, class: MessageClass, stan: u32) -> MatchKey {
    match_key(card_hash(card), class, stan)
}

fn request(card: &str, class: MessageClass, stan: u32, minor: i64) -> RequestFacts {
    made::request(key(card, class, stan), made::fingerprint(*b"000000", minor))
}

fn authorize(facts: RequestFacts) -> Command {
    Command::Authorize {
        facts: Box::new(facts),
        stored: Vec::new(),
    }
}

fn purchase(card: &str, stan: u32, minor: i64) -> Command {
    authorize(request(card, MessageClass::Authorization, stan, minor))
}

fn reverse(stan: u32, of: u32, minor: i64, replacement_minor: Option<i64>) -> Command {
    let (key, of) = (
        key("A", MessageClass::Reversal, stan),
        key("A", MessageClass::Authorization, of),
    );
    let facts = ReversalFacts {
        replacement_minor,
        ..made::reversal(key, of, made::fingerprint(*b"000000", minor))
    };
    Command::Reverse {
        facts: Box::new(facts),
        stored: Vec::new(),
    }
}

fn operate(id: &str, operation: Operation) -> Command {
    let request = OperationRequest {
        tracking_id: id.parse().unwrap(),
        operation,
        description: "for the audit".to_owned(),
        operator: None,
    };
    Command::Operate {
        request: Box::new(request),
        stored: Vec::new(),
    }
}

fn amount(account: AccountId, amount_minor: i64) -> Amount {
    Amount {
        account,
        amount_minor,
        processing_code: "00".parse().unwrap(),
        custom_amounts: Vec::new(),
    }
}

fn opened() -> Vec<Command> {
    let credit = Limits {
        max_credit_limit: 1_000_000,
        total_credit_limit: 500_000,
        available_credit_limit: 500_000,
        ..Limits::default()
    };
    let debit = Limits {
        available_credit_limit: 20_000,
        total_overdraft_limit: 5_000,
        ..Limits::default()
    };
    vec![
        Command::CreateCustomer(made::customer(1)),
        Command::OpenAccount(Box::new(made::account(1, 1, credit))),
        Command::OpenAccount(Box::new(made::account(2, 2, debit))),
        Command::IssueCard(made::card(card_hash("A"), CardMode::Single(CREDIT))),
        Command::IssueCard(made::card(card_hash("B"), CardMode::Single(DEBIT))),
    ]
}

fn messages() -> Vec<Command> {
    let increment = RequestFacts {
        incremental: true,
        original: Some(key("A", MessageClass::Authorization, 1)),
        ..request("A", MessageClass::Authorization, 2, 3_000)
    };
    let clearing = RequestFacts {
        advice: Some(Advice {
            response_code: None,
            approved: true,
        }),
        original: Some(key("A", MessageClass::Authorization, 4)),
        ..request("A", MessageClass::Financial, 5, 1_500)
    };
    vec![
        purchase("A", 1, 10_000),
        authorize(increment),
        reverse(3, 1, 10_000, Some(4_000)),
        purchase("A", 4, 2_000),
        authorize(clearing),
        purchase("A", 6, 700),
        reverse(7, 6, 700, None),
        reverse(8, 6, 700, None),
        purchase("A", 9, 9_999_999),
        authorize(request("B", MessageClass::Financial, 10, 21_000)),
        purchase("B", 11, 1_000),
        Command::Acknowledge {
            facts: AcknowledgementFacts {
                original: key("A", MessageClass::Authorization, 1),
            },
            stored: Vec::new(),
        },
        Command::FileAction {
            facts: FileActionFacts {
                key: key("B", MessageClass::FileAction, 12),
                action: Some(FileAction::Set(CardStatus::Lost)),
                business_date: None,
            },
            stored: Vec::new(),
        },
    ]
}

fn operations() -> Vec<Command> {
    let funds = Funds {
        account: DEBIT,
        amount_minor: 500,
        skip_balance: true,
        skip_status: false,
    };
    let limits = GrantedLimits {
        total_credit_limit: Some(600_000),
        ..GrantedLimits::default()
    };
    vec![
        operate("adjust", Operation::Adjust(amount(CREDIT, 5_000))),
        operate("force", Operation::Force(amount(CREDIT, 800))),
        operate(
            "undo",
            Operation::CancelForce {
                of: "force".parse().unwrap(),
            },
        ),
        operate("hold", Operation::HoldFunds(funds)),
        operate(
            "grant",
            Operation::ChangeLimits {
                account: CREDIT,
                limits,
            },
        ),
        operate(
            "block",
            Operation::ChangeAccountStatus {
                account: CREDIT,
                status: AccountStatus::Blocked,
                reason_id: None,
            },
        ),
    ]
}

/// Transfers of the credit account: one that is completed, one that comes back, one that stays on its way.
pub(crate) const COMPLETED: &str = "completed";
pub(crate) const RETURNED: &str = "returned";
pub(crate) const IN_FLIGHT: &str = "in-flight";

fn transfers() -> Vec<Command> {
    let send = |id, counterpart, amount_minor| {
        let transfer = Transfer {
            account: CREDIT,
            counterpart,
            amount_minor,
            processing_code: "00".parse().unwrap(),
            counterpart_code: "26".parse().unwrap(),
        };
        operate(id, Operation::SendTransfer(transfer))
    };
    vec![
        send(COMPLETED, DEBIT, 1_200),
        send(RETURNED, AccountId(99), 340),
        send(IN_FLIGHT, DEBIT, 56),
    ]
}

/// The history: each command in a batch of its own. Two of the transfers are carried on; at its end the debit
/// hold expires.
pub(crate) fn history() -> History {
    let drop = Command::DropExpired {
        key: key("B", MessageClass::Authorization, 11).into(),
        stored: Vec::new(),
    };
    let commands = [opened(), messages(), transfers(), operations()].concat();
    let mut made = Made::new();
    for command in commands {
        made.submit(command);
    }
    for _ in 0..2 {
        for step in made.books.views().missing_steps(2).unwrap() {
            made.submit(step);
        }
    }
    made.submit_after_days(drop);
    made.history
}

/// A history of which the oldest decisions were purged: a forced operation that is undone by what is left.
pub(crate) fn purged_history() -> History {
    let mut made = Made::new();
    for command in opened() {
        made.submit(command);
    }
    made.submit(operate("force", Operation::Force(amount(CREDIT, 800))));
    made.submit(operate("adjust", Operation::Adjust(amount(CREDIT, 5_000))));
    let undo = Operation::CancelForce {
        of: "force".parse().unwrap(),
    };
    made.submit(operate("undo", undo));
    let before = START.plus_us(DAY_US);
    made.submit_after_days(operate("purge", Operation::PurgeHistory { before }));
    made.books.checkpoint().unwrap();
    let step = made.books.views().purge_step(2).unwrap();
    made.submit_after_days(Command::Purge(Box::new(step.unwrap())));
    made.history
}

/// A writer and books beside it.
struct Made {
    writer: Writer,
    books: ViewWriter<MemoryStore>,
    history: History,
}

impl Made {
    fn new() -> Self {
        Self {
            writer: Writer::new(SHARD, State::default(), 0, Timestamp::default()),
            books: ViewWriter::new(SHARD, MemoryStore::default(), Progress::default()),
            history: History::new(),
        }
    }

    fn submit(&mut self, command: Command) {
        self.submit_at(command, 0);
    }

    /// When what expires has expired, and what is old may go.
    fn submit_after_days(&mut self, command: Command) {
        self.submit_at(command, 40);
    }

    fn submit_at(&mut self, mut command: Command, days: i64) {
        let number = i64::try_from(self.history.len()).unwrap();
        let now = START.plus_us(days * DAY_US + number * 1_000_000);
        let related = self.books.views().related(command.lookups());
        command.attach(related.unwrap());
        let submission = Submission {
            command,
            deadline: None,
            ticket: (),
        };
        let decided = self.writer.decide([submission], rules(), now).unwrap();
        let batch = decided
            .batch
            .unwrap_or_else(|| panic!("command {number} has no record"));
        self.books.apply(&batch).unwrap();
        release(decided.pending);
        let records = records(&batch).into_iter().map(|(_, record)| record);
        self.history.push((batch.time, records.collect()));
    }
}

/// The batches of a history.
pub(crate) fn batches(history: &History) -> Vec<Batch> {
    let (mut batches, mut scratch) = (Vec::new(), Vec::new());
    for (sequence, (time, records)) in (1..).zip(history) {
        let mut batch = Batch::new(sequence, *time);
        for record in records {
            record.append_to(&mut batch, &mut scratch).unwrap();
        }
        batches.push(batch);
    }
    batches
}

/// The first record of the batch that holds the n-th of a kind, and its identifier.
pub(crate) fn find(
    history: &mut History,
    wanted: impl Fn(&Record) -> bool,
) -> (RecordId, &mut Record) {
    for (sequence, (_, records)) in (1..).zip(history) {
        for (index, record) in (0..).zip(records) {
            if wanted(record) {
                let id = RecordId {
                    shard: SHARD,
                    sequence,
                    index,
                };
                return (id, record);
            }
        }
    }
    panic!("the history has no such record")
}
