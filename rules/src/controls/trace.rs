//! The trace of an evaluation of flex controls: which were looked at, what each condition saw, what was
//! counted, as typed values.
//!
//! Built beside an evaluation, from the same functions that decide; must never decide anything itself.
//! Its text is in `trace_text`.

use serde::{Deserialize, Serialize};

use super::accumulator::{Accumulator, Accumulators};
use super::attribute::{ControlAttribute, ControlOperator, MONTH_STEP, MONTHS};
use super::condition::{ControlCondition, Seen, Test};
use super::control::{FlexControl, Rule};
use super::evaluate::{Asking, ControlOutcome, ControlVerdict};
use super::facts::ControlFacts;
use super::kinds::{ControlKind, ControlTarget};
use super::names::{ControlId, Country};
use super::set::{ControlRules, OwnControls};

/// What an evaluation of controls looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlsTrace {
    /// The controls in the order of trying, up to the one that denies.
    pub controls: Vec<ControlTrace>,
    /// Those behind it, which were not asked.
    pub not_asked: usize,
}

/// How one control was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlTrace {
    /// Its id.
    pub id: ControlId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ControlKind,
    /// Whom it is for.
    pub target: ControlTarget,
    /// Its file; empty for one that was made at run time.
    pub file: String,
    /// Its line in the file.
    pub line: u32,
    /// What each condition saw; none for a control that was not evaluated.
    pub conditions: Vec<ConditionTrace>,
    /// What was counted before; `None` for a control that counts nothing, or was not evaluated.
    pub counted: Option<CountedTrace>,
    /// Whether all conditions are met; `None` for a control that was not evaluated.
    pub matched: Option<bool>,
    /// Whether it lets the operation pass.
    pub passed: bool,
    /// What it says.
    pub verdict: ControlVerdict,
}

/// What one condition saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionTrace {
    /// What it looks at.
    pub attribute: ControlAttribute,
    /// How it compares.
    pub operator: ControlOperator,
    /// What it compares with.
    pub value: String,
    /// What the operation has; `None`: nothing, so that it is not met.
    pub seen: Option<String>,
    /// Whether it is met.
    pub met: bool,
}

/// What a limit had counted before the operation, with its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedTrace {
    /// The accumulator as it counts at the instant.
    pub accumulator: Accumulator,
    /// Most that the amounts may come to, minor units.
    pub max_minor: Option<i64>,
    /// Most operations.
    pub max_count: Option<i64>,
}

impl ControlRules {
    /// Evaluates and tells what was looked at.
    pub(crate) fn trace<A: Accumulators + ?Sized>(
        &self,
        facts: &ControlFacts<'_>,
        own: &OwnControls<'_>,
        accumulators: &A,
    ) -> ControlsTrace {
        let mut controls = Vec::new();
        let outcome = self.visit(
            (facts, Asking::MayDeny),
            own,
            accumulators,
            |control, verdict, seen| {
                controls.push(ControlTrace::of(control, verdict, seen, accumulators));
            },
        );
        let all = self.candidates(facts, own).in_order().count();
        let not_asked = match outcome {
            ControlOutcome::Passed => 0,
            ControlOutcome::Denied { .. } => all.saturating_sub(controls.len()),
        };
        ControlsTrace {
            controls,
            not_asked,
        }
    }
}

impl ControlVerdict {
    /// Whether the control was evaluated at all.
    fn is_evaluated(&self) -> bool {
        match self {
            Self::Inactive
            | Self::OtherHolder
            | Self::OtherOperation
            | Self::OtherCurrency
            | Self::WithoutCard
            | Self::OverriddenBy(_)
            | Self::FollowsProgram(_) => false,
            Self::NotSelected
            | Self::Passed
            | Self::WithinLimit(_)
            | Self::Resets(_)
            | Self::Denied(_) => true,
        }
    }
}

impl ControlTrace {
    fn of<'a, A: Accumulators + ?Sized>(
        control: &'a FlexControl,
        verdict: &ControlVerdict,
        seen: &mut Seen<'a>,
        accumulators: &A,
    ) -> Self {
        let facts = seen.facts;
        let amount_minor = facts.amount_in(control.scope.currency);
        let amount_minor = amount_minor.filter(|_| verdict.is_evaluated());
        let conditions: Vec<ConditionTrace> = amount_minor.map_or_else(Vec::new, |amount_minor| {
            let conditions = control.conditions.iter();
            conditions
                .map(|condition| ConditionTrace::of(condition, control, seen, amount_minor))
                .collect()
        });
        let key = control.accumulator_key(facts.account, facts.card);
        let accumulator = key
            .filter(|_| verdict.is_evaluated())
            .and_then(|key| control.in_force(accumulators.accumulator(&key), facts.at_us));
        let (max_minor, max_count) = match &control.rule {
            Rule::Restriction(_) => (None, None),
            Rule::Spending { max_minor, .. } => (Some(*max_minor), None),
            Rule::Usage { max, .. } => (None, Some(*max)),
            Rule::Cumulative {
                max_minor,
                max_count,
                ..
            } => (*max_minor, *max_count),
        };
        Self {
            id: control.id,
            name: control.name.clone(),
            kind: control.kind(),
            target: control.target,
            file: control.file.clone(),
            line: control.line,
            matched: amount_minor.map(|_| conditions.iter().all(|condition| condition.met)),
            conditions,
            counted: accumulator.map(|accumulator| CountedTrace {
                accumulator,
                max_minor,
                max_count,
            }),
            passed: !matches!(verdict, ControlVerdict::Denied(_)),
            verdict: *verdict,
        }
    }
}

impl ConditionTrace {
    fn of<'a>(
        condition: &'a ControlCondition,
        control: &'a FlexControl,
        seen: &mut Seen<'a>,
        amount_minor: i64,
    ) -> Self {
        let attribute = condition.attribute;
        let has_group = match &condition.test {
            Test::Group { id, .. } => seen.has_group(id),
            Test::Texts { .. } | Test::Ranges(_) => true,
        };
        let found = if attribute == ControlAttribute::MerchantId {
            seen.facts.merchant_id.map(str::to_owned)
        } else if attribute == ControlAttribute::EntryMode {
            seen.facts.entry_mode.map(str::to_owned)
        } else {
            let number = seen.number(attribute, &control.zone, amount_minor);
            number.map(|number| attribute.text(number))
        };
        let found = found.filter(|_| has_group);
        Self {
            attribute,
            operator: condition.operator,
            value: condition.value.clone(),
            seen: found,
            met: seen.meets(condition, &control.zone, amount_minor),
        }
    }
}

impl ControlAttribute {
    /// A number of the attribute as conditions write it.
    fn text(self, number: i64) -> String {
        let word = self
            .words()
            .and_then(|words| words.iter().find(|(_, other)| *other == number));
        if let Some((word, _)) = word {
            return (*word).to_owned();
        }
        if self == Self::MerchantCategoryCode {
            format!("{number:04}")
        } else if self == Self::MonthDay {
            day_text(number)
        } else if self == Self::TimeNow {
            time_text(number)
        } else if [Self::CountryCode, Self::AcquirerCountryCode].contains(&self) {
            let country = u16::try_from(number).ok().and_then(Country::from_numeric);
            country.map_or_else(String::new, |country| country.alpha3().to_owned())
        } else {
            number.to_string()
        }
    }
}

/// A day such as JAN-25.
fn day_text(number: i64) -> String {
    let month = number.div_euclid(MONTH_STEP).saturating_sub(1);
    let name = usize::try_from(month)
        .ok()
        .and_then(|month| MONTHS.get(month));
    let name = name.map_or("", |(name, _)| name);
    format!("{name}-{:02}", number.rem_euclid(MONTH_STEP))
}

/// A time such as 10:59PM.
fn time_text(minutes: i64) -> String {
    let (hour, minute) = (minutes.div_euclid(60), minutes.rem_euclid(60));
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = match hour.rem_euclid(12) {
        0 => 12,
        hour => hour,
    };
    format!("{hour:02}:{minute:02}{half}")
}
