//! The trace of an evaluation as text for people. Owns only the wording.

use std::fmt;

use crate::trace::{ConfigurationTrace, MoveTrace, ScenarioOutcome, ScenarioTrace, SumTrace};
use crate::{AccountId, Evaluation, LimitName, Trace};

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = &self.request;
        let (code, account, program) = (request.processing_code, request.account, request.program);
        writeln!(f, "code {code} on account {account} of program {program}")?;
        let any_chosen = self.levels.iter().any(|level| level.chosen);
        for level in &self.levels {
            let (target, count) = (level.target, level.configurations);
            match (level.chosen, count) {
                (true, _) => writeln!(f, "{target}: {count} for code {code}; this level decides")?,
                (false, 0) => writeln!(f, "{target}: none for code {code}")?,
                (false, _) => writeln!(f, "{target}: {count} for code {code}, not asked")?,
            }
        }
        for configuration in &self.configurations {
            writeln!(f, "  {configuration}")?;
        }
        if self.configurations_left_out > 0 {
            writeln!(
                f,
                "  and {} more that do not match",
                self.configurations_left_out
            )?;
        }
        for scenario in &self.scenarios {
            write!(f, "{scenario}")?;
        }
        match &self.evaluation {
            Evaluation::Holds(_) if !any_chosen => f.write_str("holds: nothing moves"),
            Evaluation::Holds(plan) => write!(f, "holds by scenario {}", plan.scenario_order),
            Evaluation::NoConfiguration => f.write_str("no configuration"),
            Evaluation::Insufficient { cash_limit: true } => f.write_str("cash limit exceeded"),
            Evaluation::Insufficient { cash_limit: false } => f.write_str("insufficient funds"),
            Evaluation::Overflow => f.write_str("amount out of range"),
        }
    }
}

impl fmt::Display for ConfigurationTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({}:{}): ", self.name, self.file, self.line)?;
        match &self.failing {
            None => f.write_str("matches"),
            Some(failing) => write!(
                f,
                "{} {}, it wants {}",
                failing.dimension.as_str(),
                failing.found,
                failing.wanted
            ),
        }
    }
}

impl fmt::Display for ScenarioTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "    scenario {}: {}", self.order, self.outcome)?;
        if let Some(sum) = &self.sum {
            writeln!(f, "      {sum}")?;
        }
        for moved in &self.moves {
            writeln!(f, "      {moved}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SumTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("considers ")?;
        for (index, part) in self.parts.iter().enumerate() {
            let separator = if index == 0 { "" } else { " + " };
            write!(f, "{separator}{:?} {}", part.part, part.value_minor)?;
        }
        write!(
            f,
            " = {}, must cover {}",
            self.sum_minor, self.required_minor
        )
    }
}

impl fmt::Display for MoveTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(account) = self.account {
            write!(f, "account {account}: ")?;
        }
        let (limit, before, delta) = (self.limit, self.before_minor, self.delta_minor);
        write!(f, "moves {limit:?} {before} by {delta:+}")?;
        match self.floor_minor {
            Some(floor) => write!(f, ", not below {floor}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ScenarioOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => f.write_str("holds"),
            Self::CashLimitShort => f.write_str("the cash limit does not cover the amount"),
            Self::SumShort => f.write_str("the sum does not cover the amount"),
            Self::BelowFloor { account, limit } => below_floor(f, *account, *limit),
            Self::RelatedAccountUnknown { account } => {
                write!(f, "the limits of account {account} are not known")
            }
            Self::Overflow => f.write_str("a limit would leave its range"),
        }
    }
}

fn below_floor(
    f: &mut fmt::Formatter<'_>,
    account: Option<AccountId>,
    limit: LimitName,
) -> fmt::Result {
    write!(f, "{limit:?} would fall below its floor")?;
    match account {
        Some(account) => write!(f, " on account {account}"),
        None => Ok(()),
    }
}
