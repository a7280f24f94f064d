//! How far an audit is, and what it has looked at.
//!
//! Owns: the names of the figures; scripts hold on to them. Must never: say that something holds.

use serde::{Deserialize, Serialize};

use super::entries::CurrencyEntries;

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The last batch that every check includes.
    pub sequence: u64,
    /// Accounts.
    pub accounts: u64,
    /// Messages, holds let go and operations.
    pub messages: u64,
    /// Transactions.
    pub transactions: u64,
    /// Authorizations and forced operations that were followed to where they stand.
    pub authorizations: u64,
    /// Transfers to other accounts that were credited.
    #[serde(default)]
    pub transfers_completed: u64,
    /// Those that were refused and given back.
    #[serde(default)]
    pub transfers_returned: u64,
    /// Those that are on their way.
    #[serde(default)]
    pub transfers_in_flight: u64,
    /// What was posted and transferred, by currency, with its counter entries.
    #[serde(default)]
    pub currencies: Vec<CurrencyEntries>,
    /// Cards whose status changed.
    pub cards_changed: u64,
    /// Accumulators of flex controls.
    #[serde(default)]
    pub accumulators: u64,
    /// Those whose period began before what is left of the history.
    #[serde(default)]
    pub accumulators_not_measured: u64,
    /// Decisions that were purged.
    #[serde(default)]
    pub purged_messages: u64,
    /// Transactions that went with them.
    #[serde(default)]
    pub purged_transactions: u64,
    /// Approvals that were measured against the floors of the limits they move.
    pub floors: u64,
    /// Those that could not be: their rules are not at hand, or they have a cash part.
    pub floors_not_measured: u64,
    /// Excursions of accounts over their limit that ended.
    pub excursions_ended: u64,
    /// Those that last.
    pub excursions_lasting: u64,
    /// The first batch that was compared with the journal; 0 for none.
    pub journal_from_sequence: u64,
    /// Records of the journal that were compared.
    pub journal_records: u64,
    /// Accounts of which the books do not know any more what they were opened with.
    pub accounts_without_opening: u64,
}

/// What an audit looks at, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The messages, beside the journal and the events.
    #[default]
    Messages,
    /// The transactions.
    Transactions,
    /// The accounts by their messages.
    Accounts,
    /// The cards.
    Cards,
    /// What limits have counted.
    Counts,
}

/// How far an audit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What it looks at.
    pub step: Step,
    /// Rows of messages, transactions and accounts that were read in this step.
    pub rows: u64,
    /// How many that will be, about.
    pub of_rows: u64,
}
