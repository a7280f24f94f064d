//! What a transaction may do: balance configurations, processing codes, programs and the
//! response-code tables of networks; parse, validate, compile, evaluate.
//!
//! Pure: the only IO is [`load`] reading its files; no clock, no randomness, no floating point.
//! It knows no message format and keeps no account: limits come in, a plan of moves goes out.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "a test that panics has failed, which is what it is for"
    )
)]

mod compile;
mod configuration;
mod documents;
mod evaluate;
mod identifiers;
mod limits;
mod money;
mod network;
mod processing_code;
mod program;
mod reason;
mod snapshot;
mod text;

pub use configuration::{
    Amount, Configuration, Confirmation, Filters, Level, ResetLimit, Scenario, ScenarioKind,
    ScenarioResult,
};
pub use documents::{Document, RuleError, RuleErrors, compile, load};
pub use evaluate::{Evaluation, EvaluationRequest, Plan};
pub use identifiers::{
    AccountId, AccountType, InvalidProcessingCode, NetworkId, ProcessingCode, ProgramId,
    RulesVersion,
};
pub use limits::{ConsiderName, Deltas, LimitName, Limits};
pub use money::{AmountError, Currency, UnknownCurrency, minor_units};
pub use network::Network;
pub use processing_code::{
    AmountKey, BalanceImpact, OperationKind, ProcessingCodeEntry, ReversalCode, TransactionTypeLink,
};
pub use program::{Program, ProgramKind};
pub use reason::{InvalidResponseCode, Reason, ResponseCode};
pub use snapshot::Snapshot;
