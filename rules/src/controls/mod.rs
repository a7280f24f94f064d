//! Flex controls: what an issuer restricts and limits beyond funds, for programs, accounts, customers and
//! cards (flex-controls API).
//!
//! Pure: time, accumulators and the controls made at run time come in; a verdict and what to count go
//! out. Where the API is silent or contradicts itself:
//! - A restriction says which way it denies (`effect`); without a word, when its conditions are met.
//! - A condition on something the operation does not carry is not met, whatever its operator.
//! - Amounts are in the control's currency: that of the account (converted), else that of the operation; a
//!   control in a third currency does not apply. Without a currency that of the account is meant.
//! - `counted + amount > limit` denies. A limit that names neither processing codes nor a direction
//!   counts money going out only.
//! - Equal evaluation orders: the more specific level first, then by id.
//! - A control of a program is replaced only by a customized copy (`rule_reference_id`, `customized`); a
//!   copy that is not customized gives way to it.
//! - A cumulative limit counts by card. An operation that shows its trigger is not counted, and the count
//!   begins again, whatever the processing code and the conditions.

mod accumulator;
mod attribute;
mod condition;
mod control;
mod evaluate;
mod facts;
mod group;
mod kinds;
mod names;
mod period;
mod ranges;
mod set;
mod trace;
mod trace_text;
mod zone;

pub use accumulator::{
    Accumulator, AccumulatorKey, AccumulatorOwner, Accumulators, NoAccumulators, Reservation,
};
pub use attribute::{ControlAttribute, ControlOperator};
pub use condition::ControlCondition;
pub use control::FlexControl;
pub use evaluate::{ControlOutcome, ControlVerdict, DenialCause};
pub use facts::{
    AccountVerification, AuthenticationMethod, ControlCardMode, ControlFacts, InitiationMode,
};
pub use group::{AttributeGroup, AttributeGroupKind};
pub use kinds::{ControlEffect, ControlKind, ControlLevel, ControlTarget, CountedPer};
pub use names::{
    AttributeGroupId, CardHash, ControlId, Country, CustomCode, CustomerId,
    InvalidAttributeGroupId, InvalidCardHash, InvalidControlId, InvalidCustomCode, UnknownCountry,
};
pub use period::Period;
pub use set::{CONTROLS_MAX, ControlConflict, ControlSet, OwnControls};
pub use trace::{ConditionTrace, ControlTrace, ControlsTrace, CountedTrace};

pub(crate) use attribute::{MONTH_STEP, MONTHS, WEEK_DAYS};
pub(crate) use condition::Test;
pub(crate) use control::{Rule, Scope, Trigger};
pub(crate) use facts::operation_type;
pub(crate) use group::TextKey;
pub(crate) use period::{Every, Periods};
pub(crate) use ranges::Ranges;
pub(crate) use set::{ControlRules, override_cycle};
pub(crate) use zone::Zone;
