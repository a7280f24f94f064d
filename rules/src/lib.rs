//! What a transaction may do: balance configurations, flex controls, processing codes, programs,
//! statuses of accounts, exchange rates and the response-code tables of networks; parse, validate, compile, evaluate.
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

mod authorization_options;
mod clearing;
mod compile;
mod configuration;
mod controls;
mod documents;
mod evaluate;
mod exchange_rate;
mod findings;
mod identifiers;
mod index;
mod limits;
mod money;
mod network;
mod organization;
mod over_limit;
mod plan;
mod processing_code;
mod program;
mod reason;
mod rule_model;
mod rule_test;
mod scenario;
mod snapshot;
mod target;
mod text;
mod trace;
mod trace_text;

pub use authorization_options::{AuthorizationOptions, ExpiryDays, MccDays};
pub use clearing::{ClearingAction, ClearingOptions, ClearingReason};
pub use configuration::{
    Amount, Configuration, Confirmation, CounterpartAccount, Dimension, FilterTemplateReference,
    Filters, ImpactAccount, Level, ResetLimit, Scenario, ScenarioKind, ScenarioResult,
};
pub use controls::{
    AccountVerification, Accumulator, AccumulatorKey, AccumulatorOwner, Accumulators,
    AttributeGroup, AttributeGroupId, AttributeGroupKind, AuthenticationMethod, CONTROLS_MAX,
    CardHash, ConditionTrace, ControlAttribute, ControlCardMode, ControlCondition, ControlConflict,
    ControlEffect, ControlFacts, ControlId, ControlKind, ControlLevel, ControlOperator,
    ControlOutcome, ControlSet, ControlTarget, ControlTrace, ControlVerdict, ControlsTrace,
    CountedPer, CountedTrace, Country, CustomCode, CustomerId, DenialCause, FlexControl,
    InitiationMode, InvalidAttributeGroupId, InvalidCardHash, InvalidControlId, InvalidCustomCode,
    NoAccumulators, OwnControls, Period, Reservation, UnknownCountry,
};
pub use documents::{
    Document, ErrorCode, RuleError, RuleErrors, compile, load, load_tests, schemas,
    stored_documents, version,
};
pub use evaluate::{Evaluation, EvaluationRequest};
pub use exchange_rate::ExchangeRate;
pub use findings::{Example, Feature, FeatureUse, Finding, FindingKind, Severity};
pub use identifiers::{
    AccountId, AccountType, InvalidProcessingCode, InvalidRulesVersion, NetworkId, ProcessingCode,
    ProgramId, RulesVersion,
};
pub use limits::{ConsiderName, Deltas, LimitName, Limits};
pub use money::{AmountError, Currency, UnknownCurrency, minor_units};
pub use network::{
    ApprovalCodes, InvalidMerchantAdviceCode, MerchantAdviceCode, Network, RetryCategory,
};
pub use organization::{AccountStatusRule, AllowedOperations, Organization, StatusReason};
pub use over_limit::{AuthorizationFlow, OverLimit};
pub use plan::{NoRelatedLimits, Plan, RelatedAccount, RelatedLimits, RelatedMove, RelatedMoves};
pub use processing_code::{
    AmountKey, BalanceImpact, CustomKey, InvalidCustomKey, OperationKind, ProcessingCodeEntry,
    ReversalCode, TransactionTypeLink,
};
pub use program::{CurrencyConversion, Program, ProgramKind, ProgramLimits};
pub use reason::{InvalidResponseCode, Reason, ResponseCode};
pub use rule_model::{
    Condition, ConditionData, ConditionType, Mapping, MappingRequest, MappingRule, Operator,
    RuleModel,
};
pub use rule_test::{RuleTest, TestedTransaction};
pub use snapshot::Snapshot;
pub use target::Target;
pub use trace::{
    ConfigurationTrace, ConsideredPart, FailingFilter, LevelTrace, MoveTrace, PartTrace,
    ScenarioOutcome, ScenarioTrace, SumTrace, Trace,
};
