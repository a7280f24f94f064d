//! What is allowed in a set of rules but hardly meant: overlaps, what can never be reached, debits
//! that nobody checks. Found by looking at the compiled rules; never changes or refuses them.

mod controls;
mod coverage;
mod features;
mod models;
mod overlaps;
mod scenarios;

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{AccountType, Configuration, Currency, ProcessingCode, Snapshot};

pub use features::{Feature, FeatureUse};

/// Something to look at in the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is.
    pub kind: FindingKind,
    /// The file.
    pub file: String,
    /// Line from 1.
    pub line: u32,
    /// The key in its table, such as `configs[0]`.
    pub key: String,
    /// What was found and why.
    pub message: String,
    /// A transaction that shows it.
    pub example: Option<Example>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Probably not meant.
    Warning,
    /// Good to know.
    Note,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Two configurations match the same transaction.
    Overlap,
    /// A configuration that never decides.
    UnreachableConfiguration,
    /// A scenario that is never reached.
    UnreachableScenario,
    /// A rule of a rule model that is never reached.
    UnreachableRule,
    /// A debit can be approved although no funds are checked.
    UncheckedDebit,
    /// A limit that accounts of the program do not have.
    LimitOfOtherAccounts,
    /// Two configurations of one target have the same name.
    DuplicateName,
    /// An operation that has no configuration.
    NoConfiguration,
    /// An operation that no message leads to.
    UnreachableCode,
    /// A program converts currencies, and no rate leads to its own.
    NoExchangeRate,
    /// A rule model that turns money going out into money coming in, or the other way round.
    DirectionChanged,
    /// Something that is defined and not used.
    Unused,
    /// A list too long to compare each with each.
    NotCompared,
    /// Conditions of a flex control that are never met together.
    ContradictoryConditions,
    /// A flex control that never denies.
    NeverDenies,
    /// Two flex controls of one target say the same.
    DuplicateControl,
    /// A flex control refers to one of a program that is not there.
    UnknownReference,
}

/// A transaction that shows a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Its code.
    pub processing_code: ProcessingCode,
    /// Its account type; `None`: any.
    pub account_type: Option<AccountType>,
    /// Its instalments.
    pub installments: u8,
    /// Its merchant category code; `None`: any.
    pub mcc: Option<u16>,
    /// Its currency; `None`: any.
    pub currency: Option<Currency>,
}

impl Snapshot {
    /// Everything that is allowed but hardly meant, by file and line.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        overlaps::find(self, &mut findings);
        scenarios::find(self, &mut findings);
        coverage::find(self, &mut findings);
        models::find(self, &mut findings);
        controls::find(self, &mut findings);
        findings.sort_by(|one, other| {
            let place = |finding: &Finding| (finding.file.clone(), finding.line, finding.severity);
            place(one).cmp(&place(other))
        });
        findings
    }

    /// Every use of a feature that goes beyond evaluating limits, by file and line: what the caller
    /// must apply itself.
    pub fn features(&self) -> Vec<FeatureUse> {
        features::uses(self)
    }
}

impl Finding {
    /// The same finding with its file named from outside the directory.
    #[must_use]
    pub fn under(mut self, directory: &Path) -> Self {
        self.file = directory.join(&self.file).display().to_string();
        self
    }

    /// A finding at a configuration.
    fn at(
        configuration: &Configuration,
        severity: Severity,
        kind: FindingKind,
        message: String,
    ) -> Self {
        Self {
            severity,
            kind,
            file: configuration.file.clone(),
            line: configuration.line,
            key: configuration.key.clone(),
            message,
            example: None,
        }
    }
}

/// A configuration as messages name it.
fn named(configuration: &Configuration) -> String {
    let (name, file, line) = (&configuration.name, &configuration.file, configuration.line);
    format!("{name:?} ({file}:{line})")
}

impl Severity {
    /// The word in text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            severity,
            file,
            line,
            key,
            message,
            ..
        } = self;
        let severity = severity.as_str();
        write!(f, "{file}:{line}: {key}: {severity}: {message}")
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {}", self.processing_code)?;
        if let Some(account_type) = self.account_type {
            write!(f, ", account type {}", account_type.code())?;
        }
        if self.installments != 1 {
            write!(f, ", {} instalments", self.installments)?;
        }
        if let Some(mcc) = self.mcc {
            write!(f, ", MCC {mcc:04}")?;
        }
        if let Some(currency) = self.currency {
            write!(f, ", currency {currency}")?;
        }
        Ok(())
    }
}
