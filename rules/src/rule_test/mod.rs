//! Tests of rules by those who write them: accounts with limits, transactions in order, and what each
//! must be answered with and must move.
//!
//! Owns what a test is and how it is run. Reads no file (that is `documents`), and decides nothing
//! itself: codes, options and funds are asked of the snapshot. What a running switch looks at beside
//! the rules (cards, repeats, reversals, approvals of a part) is not tested here.

mod controls;
mod decide;
mod text;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{
    AccountId, AccountType, Currency, Deltas, NetworkId, ProcessingCode, Reason, Snapshot,
};

pub(crate) use world::{TestAccount, World};

/// One file of tests.
#[derive(Debug)]
pub struct RuleTest {
    pub(crate) file: String,
    /// The rules it is for, where they are not those of the directory.
    pub(crate) rules: Option<Arc<Snapshot>>,
    pub(crate) world: World,
    pub(crate) transactions: Vec<TestTransaction>,
}

/// One transaction, and what must come of it.
#[derive(Clone, Debug)]
pub(crate) struct TestTransaction {
    pub(crate) line: u32,
    pub(crate) name: String,
    pub(crate) account: AccountId,
    /// The network whose table of processing codes counts.
    pub(crate) network: Option<NetworkId>,
    pub(crate) processing_code: ProcessingCode,
    /// Minor units of `currency`.
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    /// The part of the amount that is handed out in cash, minor units of `currency`.
    pub(crate) cashback_minor: Option<i64>,
    /// With interest and fees, minor units of the account's currency.
    pub(crate) contract_minor: Option<i64>,
    /// One instalment, minor units of the account's currency.
    pub(crate) installment_minor: Option<i64>,
    pub(crate) installments: u8,
    pub(crate) mcc: Option<u16>,
    pub(crate) account_type: AccountType,
    pub(crate) merchant_name: Option<String>,
    /// DE42.
    pub(crate) merchant_id: Option<String>,
    /// DE22.
    pub(crate) entry_mode: Option<String>,
    /// When it is decided, in microseconds since 1970-01-01 00:00 UTC.
    pub(crate) at_us: i64,
    pub(crate) is_domestic: bool,
    pub(crate) is_dcc: bool,
    /// The start of the card number.
    pub(crate) bin: Option<String>,
    pub(crate) expected: Expected,
}

/// What must come of a transaction.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    /// `None`: approved.
    pub(crate) declined: Option<Reason>,
    /// By account. What is not named must not move.
    pub(crate) moves: BTreeMap<AccountId, Deltas>,
    /// What must move at the confirmation, where it is asked.
    pub(crate) confirmation: Option<Deltas>,
    /// The code after mapping, where it is asked.
    pub(crate) processing_code: Option<ProcessingCode>,
    /// The name of the control that denies, where it is asked.
    pub(crate) control: Option<String>,
    /// Its denial code, where it is asked.
    pub(crate) deny_code: Option<String>,
    /// The configuration that decides, where it is asked.
    pub(crate) configuration: Option<String>,
    /// The order of the scenario that holds, where it is asked.
    pub(crate) scenario: Option<i32>,
}

/// How one transaction of a test came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestedTransaction {
    /// The file of the test.
    pub file: String,
    /// Where the transaction begins.
    pub line: u32,
    /// Its name.
    pub name: String,
    /// What the test expects.
    pub expected: String,
    /// What came of it, in the same words and as far as the test asks.
    pub got: String,
}

impl TestedTransaction {
    /// Whether all is as expected.
    pub fn is_as_expected(&self) -> bool {
        self.expected == self.got
    }
}

impl RuleTest {
    /// The file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Runs the transactions in order; limits and what controls count after one are those before the next. `rules` are
    /// those of the directory.
    pub fn run(&self, rules: &Snapshot) -> Vec<TestedTransaction> {
        let rules = self.rules.as_deref().unwrap_or(rules);
        let mut world = self.world.clone();
        let transactions = self.transactions.iter();
        let tested = transactions.map(|transaction| {
            let decided = decide::decide(rules, &mut world, transaction);
            TestedTransaction {
                file: self.file.clone(),
                line: transaction.line,
                name: transaction.name.clone(),
                expected: text::expected(&world, transaction),
                got: text::got(&world, transaction, &decided),
            }
        });
        tested.collect()
    }
}
