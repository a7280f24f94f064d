//! Whom a rule is for, and which of several rules of one kind counts: account before program before
//! tenant. The records of the levels are never merged.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, Level, ProgramId};

/// Whom a rule is for: a level with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The whole organization.
    Tenant,
    /// One program.
    Program(ProgramId),
    /// One account.
    Account(AccountId),
}

impl Target {
    /// Its level.
    pub fn level(self) -> Level {
        match self {
            Self::Tenant => Level::Tenant,
            Self::Program(_) => Level::Program,
            Self::Account(_) => Level::Account,
        }
    }

    /// The targets that an account falls under, the most specific first.
    pub(crate) fn of(account: AccountId, program: ProgramId) -> [Self; 3] {
        [Self::Account(account), Self::Program(program), Self::Tenant]
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str("tenant"),
            Self::Program(id) => write!(f, "program {id}"),
            Self::Account(id) => write!(f, "account {id}"),
        }
    }
}

/// Records of which each target has at most one.
#[derive(Clone, Debug)]
pub(crate) struct ByTarget<T> {
    records: BTreeMap<Target, T>,
}

impl<T> Default for ByTarget<T> {
    fn default() -> Self {
        Self {
            records: BTreeMap::new(),
        }
    }
}

impl<T> ByTarget<T> {
    /// Adds a record; what the target had before is given back.
    pub(crate) fn insert(&mut self, target: Target, record: T) -> Option<T> {
        self.records.insert(target, record)
    }

    /// The record of the most specific target that has one.
    pub(crate) fn resolve(&self, account: AccountId, program: ProgramId) -> Option<&T> {
        // Most rule sets have none, and the path of an authorization asks.
        if self.records.is_empty() {
            return None;
        }
        Target::of(account, program)
            .iter()
            .find_map(|target| self.records.get(target))
    }

    /// All records, by target.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Target, &T)> {
        self.records
            .iter()
            .map(|(target, record)| (*target, record))
    }

    /// The record of exactly this target.
    pub(crate) fn get(&self, target: Target) -> Option<&T> {
        self.records.get(&target)
    }
}
