//! The accounts and cards of a simulated world.
//!
//! Owns: what they are opened with, and which account a card and a digit of DE3 mean, told apart from the
//! switch. Must never: change.

use codec::Pan;
use ledger::command::Command;
use ledger::entities::{
    Account, AccountStatus, Card, CardFacts, CardKind, CardMode, CardStatus, Customer,
    CustomerKind, Expiry, SuspendedModes,
};
use ledger::identifiers::{CustomerId, GroupId, RecordId};
use rules::{AccountId, Deltas, Limits, ProgramId};
use switch::card_vault::CardVault;

/// An account as it is opened.
pub struct Opening {
    pub program: u32,
    pub owner: u64,
    pub limits: Limits,
}

const fn credit(available_minor: i64, cash_minor: i64, installments_minor: i64) -> Limits {
    Limits {
        max_credit_limit: 1_000_000,
        total_credit_limit: available_minor,
        available_credit_limit: available_minor,
        total_installment_credit_limit: installments_minor,
        available_total_installment_credit: installments_minor,
        withdrawal_credit_limit: cash_minor,
        available_withdrawal_credit: cash_minor,
        ..NOTHING
    }
}

const fn own(balance_minor: i64, overdraft_minor: i64) -> Limits {
    Limits {
        available_credit_limit: balance_minor,
        total_overdraft_limit: overdraft_minor,
        ..NOTHING
    }
}

const NOTHING: Limits = Limits {
    max_credit_limit: 0,
    total_credit_limit: 0,
    available_credit_limit: 0,
    total_installment_credit_limit: 0,
    available_total_installment_credit: 0,
    withdrawal_credit_limit: 0,
    available_withdrawal_credit: 0,
    available_savings_account_limit: 0,
    total_overdraft_limit: 0,
    over_limit_percentage_hundredths: 0,
    held_funds: 0,
    additional_funds: 0,
};

/// Credit; debit with an overdraft; prepaid; and the two accounts of a combo card.
pub const OPENINGS: [Opening; 5] = [
    Opening {
        program: 1,
        owner: 1,
        limits: credit(500_000, 100_000, 200_000),
    },
    Opening {
        program: 2,
        owner: 2,
        limits: own(200_000, 50_000),
    },
    Opening {
        program: 3,
        owner: 3,
        limits: own(100_000, 0),
    },
    Opening {
        program: 1,
        owner: 4,
        limits: credit(150_000, 50_000, 100_000),
    },
    Opening {
        program: 2,
        owner: 4,
        limits: own(120_000, 0),
    },
];

/// Cards that draw on accounts: the PAN, the account, and the one that DE3 type 20 chooses.
pub const CARDS: [(&str, usize, usize); 4] = [
    ("4000001200000016", 0, 0),
    ("4000001200000073", 1, 1),
    ("4000001200000081", 2, 2),
    ("4000001200000099", 3, 4),
];
/// Cards whose status networks change, with their account.
pub const FILED: [(&str, usize); 2] = [("4000001200000107", 1), ("4000001200000115", 2)];
/// A card that is blocked.
pub const BLOCKED_PAN: &str = "4000001200000040";
/// A card that nobody issued.
pub const UNKNOWN_PAN: &str = "4000001200000123";

/// The number of an account in the books.
pub fn account_id(place: usize) -> AccountId {
    AccountId(place as u64 + 1)
}

/// The commands that make this world.
pub fn set_up(rules: &rules::Snapshot, vault: &CardVault) -> Vec<Command> {
    let mut commands = Vec::new();
    for owner in 1..=4 {
        commands.push(Command::CreateCustomer(Customer {
            id: CustomerId(owner),
            kind: CustomerKind::Person,
            name: format!("Customer {owner}"),
            document_number: owner.to_string(),
            is_active: true,
            address: None,
        }));
    }
    for (place, opening) in OPENINGS.iter().enumerate() {
        let program = rules.program(ProgramId(opening.program)).unwrap();
        commands.push(Command::OpenAccount(Box::new(Account {
            id: account_id(place),
            program: program.id,
            owner: CustomerId(opening.owner),
            holders: Vec::new(),
            parent: None,
            group: GroupId(opening.owner),
            status: AccountStatus::Normal,
            status_reason: None,
            currency: program.currency,
            limits: opening.limits,
            opening: None,
            pending: Deltas::NONE,
            latest: None,
            reflects: RecordId::default(),
        })));
    }
    for (pan, account, debit) in CARDS {
        let mode = match account == debit {
            true => CardMode::Single(account_id(account)),
            false => CardMode::Combo {
                credit: account_id(account),
                debit: account_id(debit),
            },
        };
        let holder = CustomerId(OPENINGS[account].owner);
        commands.push(card(vault, pan, CardStatus::Normal, mode, holder));
    }
    for (pan, account) in FILED {
        let mode = CardMode::Single(account_id(account));
        let holder = CustomerId(OPENINGS[account].owner);
        commands.push(card(vault, pan, CardStatus::Normal, mode, holder));
    }
    let mode = CardMode::Single(account_id(0));
    commands.push(card(
        vault,
        BLOCKED_PAN,
        CardStatus::Blocked,
        mode,
        CustomerId(1),
    ));
    commands
}

fn card(
    vault: &CardVault,
    pan: &str,
    status: CardStatus,
    mode: CardMode,
    holder: CustomerId,
) -> Command {
    let pan = Pan::parse(pan).unwrap();
    Command::IssueCard(Card {
        hash: vault.hash(&pan),
        masked_pan: pan.masked().to_string(),
        // The vault draws its nonces from the system: an encrypted PAN would differ from run to run.
        encrypted_pan: Vec::new(),
        facts: CardFacts {
            expiry: Expiry::try_from(2912).unwrap(),
            status,
            mode,
            holder,
            kind: CardKind::default(),
            suspended: SuspendedModes::default(),
            bin: None,
        },
    })
}
