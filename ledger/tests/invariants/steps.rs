//! Random commands over a small world: so few cards, STANs and amounts that repeats, conflicts and reversals
//! meet all the time.

use std::collections::BTreeMap;

use ledger::Command;
use ledger::authorization::{Fingerprint, MatchKey, MessageClass, RequestFacts, ReversalFacts};
use ledger::entities::{Account, AccountStatus, CardMode, CardStatus};
use ledger::identifiers::CardHash;
use proptest::prelude::*;
use rules::{AccountId, AccountType, Currency, Limits};

use crate::support::{card_hash, made, match_key};

/// One message of a random sequence.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Request(Request),
    Reverse(Reverse),
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    card: usize,
    stan: u32,
    pub(crate) financial: bool,
    code: &'static str,
    from_account: AccountType,
    amount_minor: i64,
    installments: u8,
    billed_minor: Option<i64>,
}

/// A reversal.
#[derive(Clone, Debug)]
pub(crate) struct Reverse {
    card: usize,
    stan: u32,
    original_stan: u32,
    pub(crate) financial: bool,
    /// DE4 when it is not that of the original.
    other_amount: Option<i64>,
    keeping_minor: Option<i64>,
    advice: bool,
}

/// The cards: credit, combo, prepaid, lost, of a blocked account, unknown.
pub(crate) const CARDS: [&str; 6] = ["credit", "combo", "prepaid", "lost", "blocked", "unknown"];
/// STANs are below this; those of [`probes`] are not.
const STANS: u32 = 9;

fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

/// The commands that make the world.
pub(crate) fn world() -> Vec<Command> {
    let account = |id, program, status, limits| {
        Command::OpenAccount(Box::new(Account {
            status,
            ..made::account(id, program, limits)
        }))
    };
    let card = |name, status, mode| {
        let mut card = made::card(card_hash(name), mode);
        card.facts.status = status;
        Command::IssueCard(card)
    };
    let credit = Limits {
        max_credit_limit: 200_000,
        total_credit_limit: 100_000,
        available_credit_limit: 100_000,
        withdrawal_credit_limit: 30_000,
        available_withdrawal_credit: 30_000,
        total_installment_credit_limit: 50_000,
        available_total_installment_credit: 50_000,
        available_savings_account_limit: 2_000,
        total_overdraft_limit: 500,
        ..Limits::default()
    };
    let balance = |available_credit_limit, total_overdraft_limit| Limits {
        available_credit_limit,
        total_overdraft_limit,
        ..Limits::default()
    };
    let single = |id| CardMode::Single(AccountId(id));
    let combo = CardMode::Combo {
        credit: AccountId(1),
        debit: AccountId(2),
    };
    vec![
        Command::CreateCustomer(made::customer(1)),
        account(1, 1, AccountStatus::Normal, credit),
        account(2, 2, AccountStatus::Normal, balance(30_000, 5_000)),
        account(3, 3, AccountStatus::Normal, balance(10_000, 0)),
        account(4, 1, AccountStatus::Blocked, credit),
        card("credit", CardStatus::Normal, single(1)),
        card("combo", CardStatus::Normal, combo),
        card("prepaid", CardStatus::Normal, single(3)),
        card("lost", CardStatus::Lost, single(1)),
        card("blocked", CardStatus::Normal, single(4)),
    ]
}

fn card_index() -> impl Strategy<Value = usize> {
    prop_oneof![9 => 0_usize..3, 1 => 3_usize..CARDS.len()]
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => prop::sample::select(vec![100_i64, 333, 1_000, 9_999]),
        2 => prop::sample::select(vec![20_000_i64, 50_000]),
        1 => Just(0_i64),
    ]
}

fn request() -> impl Strategy<Value = Step> {
    let codes = prop_oneof![
        8 => Just("00"), 3 => Just("01"), 3 => Just("20"), 1 => Just("09"), 1 => Just("31"),
        1 => Just("88"), 1 => Just("99"),
    ];
    let account_types = prop::sample::select(vec![
        AccountType::Unspecified,
        AccountType::Checking,
        AccountType::CreditCard,
    ]);
    let billed = prop_oneof![5 => Just(None), 1 => prop::sample::select(vec![5_i64, 1_105, 997]).prop_map(Some)];
    let installments = prop_oneof![4 => Just(1_u8), 1 => Just(3_u8)];
    (
        card_index(),
        0..STANS,
        any::<bool>(),
        codes,
        account_types,
        amount(),
        installments,
        billed,
    )
        .prop_map(
            |(
                card,
                stan,
                financial,
                code,
                from_account,
                amount_minor,
                installments,
                billed_minor,
            )| {
                Step::Request(Request {
                    card,
                    stan,
                    financial,
                    code,
                    from_account,
                    amount_minor,
                    installments,
                    billed_minor,
                })
            },
        )
}

fn reverse() -> impl Strategy<Value = Step> {
    let other = prop_oneof![6 => Just(None), 1 => amount().prop_map(Some)];
    let keeping = prop_oneof![
        3 => Just(None),
        2 => prop::sample::select(vec![0_i64, 1, 50, 100, 332, 500, 10_000]).prop_map(Some),
    ];
    (
        card_index(),
        0..STANS,
        0..STANS,
        any::<bool>(),
        other,
        keeping,
        any::<bool>(),
    )
        .prop_map(
            |(card, stan, original_stan, financial, other_amount, keeping_minor, advice)| {
                Step::Reverse(Reverse {
                    card,
                    stan,
                    original_stan,
                    financial,
                    other_amount,
                    keeping_minor,
                    advice,
                })
            },
        )
}

/// A sequence of messages.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(prop_oneof![5 => request(), 2 => reverse()], 1..120)
}

/// A purchase of 1.00 on the credit card.
pub(crate) fn purchase(stan: u32) -> Step {
    Step::Request(Request {
        card: 0,
        stan,
        financial: false,
        code: "00",
        from_account: AccountType::Unspecified,
        amount_minor: 100,
        installments: 1,
        billed_minor: None,
    })
}

/// A full reversal of a purchase on the credit card.
pub(crate) fn reversal(stan: u32, original_stan: u32) -> Step {
    Step::Reverse(Reverse {
        card: 0,
        stan,
        original_stan,
        financial: false,
        other_amount: None,
        keeping_minor: None,
        advice: false,
    })
}

fn class(financial: bool) -> MessageClass {
    if financial {
        MessageClass::Financial
    } else {
        MessageClass::Authorization
    }
}

fn card(index: usize) -> CardHash {
    card_hash(CARDS[index])
}

/// The commands of a sequence. A reversal knows what was first sent under its original's key, as a network
/// does.
pub(crate) fn commands(steps: &[Step]) -> Vec<Command> {
    let mut sent: BTreeMap<MatchKey, Fingerprint> = BTreeMap::new();
    let mut commands = Vec::with_capacity(steps.len());
    for step in steps {
        let command = command(step, &sent);
        if let Command::Authorize { facts, .. } = &command {
            sent.entry(facts.key).or_insert(facts.fingerprint);
        }
        commands.push(command);
    }
    commands
}

fn command(step: &Step, sent: &BTreeMap<MatchKey, Fingerprint>) -> Command {
    match step {
        Step::Request(request) => authorize(request),
        Step::Reverse(reverse) => undo(reverse, sent),
    }
}

fn authorize(request: &Request) -> Command {
    let digits = format!("{}{1}{1}", request.code, request.from_account.code());
    let converted = request.billed_minor.is_some();
    let key = match_key(card(request.card), class(request.financial), request.stan);
    let fingerprint = Fingerprint {
        currency: Some(currency(if converted { "978" } else { "840" })),
        billing_amount_minor: request.billed_minor,
        ..made::fingerprint(
            digits.into_bytes().try_into().unwrap(),
            request.amount_minor,
        )
    };
    let facts = RequestFacts {
        installments: request.installments,
        billing_currency: converted.then(|| currency("840")),
        ..made::request(key, fingerprint)
    };
    Command::Authorize {
        facts: Box::new(facts),
        stored: Vec::new(),
    }
}

fn undo(reverse: &Reverse, sent: &BTreeMap<MatchKey, Fingerprint>) -> Command {
    let card = card(reverse.card);
    let original = match_key(card, class(reverse.financial), reverse.original_stan);
    let unknown = Fingerprint {
        processing_code: *b"000000",
        amount_minor: 0,
        currency: None,
        billing_amount_minor: None,
    };
    let mut fingerprint = sent.get(&original).copied().unwrap_or(unknown);
    fingerprint.amount_minor = reverse.other_amount.unwrap_or(fingerprint.amount_minor);
    let key = match_key(card, MessageClass::Reversal, reverse.stan);
    let facts = ReversalFacts {
        advice: reverse.advice,
        replacement_minor: reverse.keeping_minor,
        ..made::reversal(key, original, fingerprint)
    };
    Command::Reverse {
        facts: Box::new(facts),
        stored: Vec::new(),
    }
}

/// Messages whose answers tell all that a state remembers: everything again, then a partial and a full
/// reversal of everything, under STANs of their own.
pub(crate) fn probes(commands: &[Command]) -> Vec<Command> {
    let mut probes = commands.to_vec();
    let mut stan = 1_000;
    let mut known: BTreeMap<MatchKey, Fingerprint> = BTreeMap::new();
    for command in commands {
        match command {
            Command::Authorize { facts, .. } => {
                known.entry(facts.key).or_insert(facts.fingerprint);
            }
            Command::Reverse { facts, .. } => {
                if let Some(original) = facts.original {
                    known.entry(original).or_insert(facts.fingerprint);
                }
                known.entry(facts.key).or_insert(facts.fingerprint);
            }
            _ => {}
        }
    }
    for (original, fingerprint) in known {
        for replacement_minor in [Some(77), None] {
            stan += 1;
            let key = match_key(original.card, MessageClass::Reversal, stan);
            let facts = ReversalFacts {
                replacement_minor,
                ..made::reversal(key, original, fingerprint)
            };
            probes.push(Command::Reverse {
                facts: Box::new(facts),
                stored: Vec::new(),
            });
        }
    }
    probes
}

/// The match keys that commands name.
pub(crate) fn keys(commands: &[Command]) -> std::collections::BTreeSet<MatchKey> {
    let named = commands.iter().flat_map(|command| match command {
        Command::Authorize { facts, .. } => vec![facts.key],
        Command::Reverse { facts, .. } => {
            std::iter::once(facts.key).chain(facts.original).collect()
        }
        _ => Vec::new(),
    });
    named.collect()
}
