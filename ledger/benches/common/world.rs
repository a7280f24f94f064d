//! The accounts and requests of the benchmarks.

use std::path::Path;

use ledger::Command;
use ledger::authorization::{
    Circumstances, Clearing, Conversion, Fees, Fingerprint, MatchKey, MessageClass, RequestFacts,
};
use ledger::entities::{
    Account, AccountStatus, Card, CardFacts, CardKind, CardMode, CardStatus, Customer,
    CustomerKind, Expiry, SuspendedModes,
};
use ledger::identifiers::{CardHash, CustomerId, GroupId, RecordId, ShardId};
use rules::{AccountId, AccountType, Deltas, Limits, NetworkId, ProgramId, Snapshot};

use super::Failure;

/// The allocator of the switch, so that figures are those of the switch.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The one shard.
pub(crate) const SHARD: ShardId = ShardId(0);

/// The shipped rules.
pub(crate) fn rules() -> Result<Snapshot, Failure> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Ok(rules::load(&config)?)
}

/// What opens the n-th account with its customer and card.
pub(crate) fn opening(number: u64, rules: &Snapshot) -> Result<[Command; 3], Failure> {
    let program = rules.program(ProgramId(1)).ok_or("no program 1")?;
    let limits = Limits {
        available_credit_limit: i64::MAX / 4,
        ..Limits::default()
    };
    Ok([
        Command::CreateCustomer(Customer {
            id: CustomerId(number),
            kind: CustomerKind::Person,
            name: format!("Customer {number}"),
            document_number: number.to_string(),
            is_active: true,
            address: None,
        }),
        Command::OpenAccount(Box::new(Account {
            id: AccountId(number),
            program: program.id,
            owner: CustomerId(number),
            holders: Vec::new(),
            parent: None,
            group: GroupId(number),
            status: AccountStatus::Normal,
            status_reason: None,
            currency: program.currency,
            limits,
            opening: None,
            pending: Deltas::NONE,
            latest: None,
            reflects: RecordId::default(),
        })),
        Command::IssueCard(Card {
            hash: card(number),
            masked_pan: "400000******0000".to_owned(),
            encrypted_pan: vec![0; 48],
            facts: CardFacts {
                expiry: Expiry::try_from(9912)?,
                status: CardStatus::Normal,
                mode: CardMode::Single(AccountId(number)),
                holder: CustomerId(number),
                kind: CardKind::Plastic,
                suspended: SuspendedModes::default(),
                bin: Some(*b"40000000"),
            },
        }),
    ])
}

fn card(number: u64) -> CardHash {
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&number.to_le_bytes());
    CardHash(hash)
}

/// Purchases of 1.00 on one account after the other, as a link makes them of messages.
#[derive(Debug)]
pub(crate) struct Purchases {
    facts: RequestFacts,
    accounts: u64,
}

impl Purchases {
    pub(crate) fn on(accounts: u64) -> Result<Self, Failure> {
        let key = MatchKey {
            network: NetworkId(1),
            card: card(1),
            class: MessageClass::Authorization,
            stan: 0,
            transmission: 0,
            acquirer: 100_001,
            terminal: *b"TERM0001",
        };
        let fingerprint = Fingerprint {
            processing_code: *b"003000",
            amount_minor: 100,
            currency: Some("840".parse()?),
            billing_amount_minor: None,
        };
        let facts = RequestFacts {
            key,
            fingerprint,
            mti: 100,
            clearing: Clearing::Offline,
            advice: None,
            processing_code: "00".parse()?,
            from_account: AccountType::CreditCard,
            to_account: AccountType::Unspecified,
            expiry_yymm: None,
            mcc: Some(5999),
            domestic: true,
            entry_mode: Some("051".to_owned()),
            installments: 1,
            cashback_minor: None,
            fees: Fees::default(),
            billing_currency: None,
            conversion: Conversion::default(),
            pre_authorization: false,
            recurring: false,
            incremental: false,
            partial_capable: false,
            original: None,
            network_reference: None,
            approval_code: None,
            address_result: None,
            retrieval_reference: Some("632412543813".to_owned()),
            card_acceptor: Some("CORNER SHOP 001".to_owned()),
            card_acceptor_name: Some("CORNER SHOP            LONDON       GB".to_owned()),
            circumstances: Circumstances::default(),
            stand_in_reason: None,
            business_date: None,
        };
        Ok(Self { facts, accounts })
    }

    /// The n-th of them.
    pub(crate) fn number(&self, number: u64) -> Command {
        let mut facts = self.facts.clone();
        facts.key.card = card(1 + number % self.accounts);
        facts.key.stan = u32::try_from(number % 1_000_000).unwrap_or(0);
        facts.key.transmission = 1_120_120_000 + number / 1_000_000;
        Command::Authorize {
            facts: Box::new(facts),
            stored: Vec::new(),
        }
    }
}
