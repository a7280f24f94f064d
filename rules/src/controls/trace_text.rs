//! The trace of an evaluation of flex controls as text for people. Owns only the wording.

use std::fmt;

use super::evaluate::{ControlVerdict, DenialCause};
use super::kinds::ControlKind;
use super::trace::{ConditionTrace, ControlTrace, ControlsTrace, CountedTrace};

impl fmt::Display for ControlsTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.controls.is_empty() {
            return f.write_str("no flex control");
        }
        for (index, control) in self.controls.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{control}")?;
        }
        if self.not_asked > 0 {
            write!(f, "\n{} more not asked", self.not_asked)?;
        }
        Ok(())
    }
}

impl fmt::Display for ControlTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ControlKind::Restriction => "restriction",
            ControlKind::SpendingLimit => "spending limit",
            ControlKind::UsageLimit => "usage limit",
            ControlKind::CumulativeLimit => "cumulative limit",
        };
        write!(f, "{kind} {:?} ({}", self.name, self.target)?;
        if !self.file.is_empty() {
            write!(f, ", {}:{}", self.file, self.line)?;
        }
        write!(f, "): {}", self.verdict)?;
        for condition in &self.conditions {
            write!(f, "\n  {condition}")?;
        }
        if let Some(counted) = &self.counted {
            write!(f, "\n  {counted}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ConditionTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (attribute, operator, value) = (self.attribute, self.operator, &self.value);
        write!(f, "{attribute} {operator} {value}: ")?;
        match (&self.seen, self.met) {
            (Some(seen), true) => write!(f, "{seen}, met"),
            (Some(seen), false) => write!(f, "{seen}, not met"),
            (None, _) => f.write_str("not known, not met"),
        }
    }
}

impl fmt::Display for CountedTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accumulator = &self.accumulator;
        f.write_str("counted before:")?;
        if let Some(max) = self.max_minor {
            write!(f, " amount {} of {max}", accumulator.amount_minor)?;
        }
        if let Some(max) = self.max_count {
            write!(f, " operations {} of {max}", accumulator.count)?;
        }
        let instant = |at_us: i64| jiff::Timestamp::from_microsecond(at_us).ok();
        let period = accumulator.period;
        match (instant(period.start_us), instant(period.end_us)) {
            (Some(start), Some(end)) => write!(f, ", from {start} to {end}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for ControlVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reservation = match self {
            Self::Inactive => return f.write_str("not active"),
            Self::OtherHolder => return f.write_str("for another card or account"),
            Self::OtherOperation => return f.write_str("for other operations"),
            Self::OtherCurrency => return f.write_str("for another currency"),
            Self::WithoutCard => return f.write_str("counts by card, and there is none"),
            Self::OverriddenBy(id) => return write!(f, "skipped in favour of {id}"),
            Self::FollowsProgram(id) => return write!(f, "skipped: the program has {id}"),
            Self::NotSelected => return f.write_str("does not count this"),
            Self::Passed => return f.write_str("passes"),
            Self::WithinLimit(None) => return f.write_str("within the limit"),
            Self::Resets(_) => return f.write_str("begins to count again"),
            Self::Denied(cause) => return write!(f, "denies: {cause}"),
            Self::WithinLimit(Some(reservation)) => reservation,
        };
        let (amount, count) = (reservation.amount_minor, reservation.count);
        write!(
            f,
            "within the limit, counts amount {amount}, operations {count}"
        )
    }
}

impl fmt::Display for DenialCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restricted => "restricted",
            Self::AmountExceeded => "the amount goes beyond the limit",
            Self::CountExceeded => "the number of operations goes beyond the limit",
        })
    }
}
