//! The customers, accounts and cards that deciding reads, in memory.
//!
//! Owns: what of each entity stays in memory, and what the accounts of a program were granted. Each kind can be
//! taken from the books by itself. Must never: decide, or change but as records and rows say.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::hint::black_box;

use rules::{AccountId, AccountType, ProgramId};
use smallvec::SmallVec;

use crate::dense::{AHEAD, Dense, Keyed};
use crate::entities::{Account, Card, CardFacts, Customer};
use crate::identifiers::{CardHash, CustomerId};
use crate::map::Map;

/// What is known of a customer: enough to tell a repeated command from another customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownCustomer {
    id: CustomerId,
    /// A hash of its content.
    pub(crate) content: u64,
    pub(crate) is_active: bool,
}

impl Keyed for KnownCustomer {
    type Key = CustomerId;

    fn key(&self) -> &CustomerId {
        &self.id
    }
}

impl Keyed for Account {
    type Key = AccountId;

    fn key(&self) -> &AccountId {
        &self.id
    }
}

/// What is known of a card.
#[derive(Clone, Copy, Debug)]
struct KnownCard {
    hash: CardHash,
    facts: CardFacts,
}

impl Keyed for KnownCard {
    type Key = CardHash;

    fn key(&self) -> &CardHash {
        &self.hash
    }
}

/// Every customer.
#[derive(Debug, Default)]
pub(crate) struct Customers(Dense<KnownCustomer>);

/// Every account.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    accounts: Dense<Account>,
    /// Sum of the maximum limits of each program's accounts, minor units.
    granted: Map<ProgramId, i128>,
}

/// Every card.
#[derive(Debug, Default)]
pub(crate) struct Cards(Dense<KnownCard>);

impl Customers {
    /// With room for so many.
    pub(crate) fn with_room(customers: usize) -> Self {
        Self(Dense::with_room(customers))
    }

    pub(crate) fn get(&self, id: CustomerId) -> Option<KnownCustomer> {
        self.0.get(&id).copied()
    }

    /// Takes a customer in.
    pub(crate) fn load(&mut self, customer: &Customer) {
        self.0.put(KnownCustomer {
            id: customer.id,
            content: content_hash(customer),
            is_active: customer.is_active,
        });
    }
}

impl Accounts {
    /// With room for so many.
    pub(crate) fn with_room(accounts: usize) -> Self {
        Self {
            accounts: Dense::with_room(accounts),
            ..Self::default()
        }
    }

    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(&id)
    }

    /// Reads accounts that will be decided on soon: all of each, because deciding asks for most of it.
    pub(crate) fn read_ahead<'a>(&self, ids: impl IntoIterator<Item = &'a AccountId>) {
        self.accounts.read_ahead(ids, |account| {
            let limits = &account.limits;
            black_box((account.id, &account.status, account.reflects));
            black_box((limits.max_credit_limit, limits.additional_funds));
            black_box(account.pending);
        });
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// Sum of the maximum limits of a program's accounts, minor units.
    pub(crate) fn granted(&self, program: ProgramId) -> i128 {
        self.granted.get(&program).copied().unwrap_or(0)
    }

    /// The maximum limit of an account of a program changed.
    pub(crate) fn grant(&mut self, program: ProgramId, (before, after): (i64, i64)) {
        let sum = self.granted.entry(program).or_default();
        *sum = sum
            .saturating_add(after.into())
            .saturating_sub(before.into());
    }

    /// Takes an account in.
    pub(crate) fn load(&mut self, account: Account) {
        self.grant(account.program, (0, account.limits.max_credit_limit));
        self.accounts.put(account.for_deciding());
    }
}

impl Cards {
    /// With room for so many.
    pub(crate) fn with_room(cards: usize) -> Self {
        Self(Dense::with_room(cards))
    }

    pub(crate) fn get(&self, hash: &CardHash) -> Option<&CardFacts> {
        self.0.get(hash).map(|card| &card.facts)
    }

    /// Reads cards that will be decided on soon, and says what accounts they may draw on: to read those ahead as well,
    /// and for nothing else.
    pub(crate) fn read_ahead<'a>(
        &self,
        hashes: impl IntoIterator<Item = &'a CardHash>,
    ) -> SmallVec<[AccountId; AHEAD]> {
        let mut accounts = SmallVec::<[_; AHEAD]>::new();
        self.0.read_ahead(hashes, |card| {
            accounts.push(card.facts.account(AccountType::Unspecified));
        });
        accounts.into_iter().flatten().collect()
    }

    pub(crate) fn get_mut(&mut self, hash: &CardHash) -> Option<&mut CardFacts> {
        self.0.get_mut(hash).map(|card| &mut card.facts)
    }

    /// Takes a card in.
    pub(crate) fn load(&mut self, card: &Card) {
        self.0.put(KnownCard {
            hash: card.hash,
            facts: card.facts,
        });
    }
}

/// Hash of a customer's content, the same in every run of one build.
pub(crate) fn content_hash(customer: &Customer) -> u64 {
    let content = (
        customer.kind as u8,
        customer.name.as_str(),
        customer.document_number.as_str(),
        customer.is_active,
        customer
            .address
            .as_ref()
            .map(|address| (&address.line, &address.postal_code)),
    );
    BuildHasherDefault::<DefaultHasher>::default().hash_one(content)
}
