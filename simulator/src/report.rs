//! Verdicts of steps, scenarios and runs, for machines and for people. Owns the printed forms;
//! must only ever hold masked values.

use std::collections::BTreeMap;
use std::io::{self, Write};

use codec::{Dialect, Mti};
use serde::Serialize;

use crate::mask;
use crate::transcript::Fields;
use crate::words;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything was as expected.
    Held,
    /// Something was not.
    Failed,
    /// It could not be played because an earlier step gave nothing to go on.
    Skipped,
}

/// A message with its secrets masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MaskedMessage {
    /// Message type, four digits; empty for a hand-written body.
    pub mti: String,
    /// Masked values by element number.
    pub fields: BTreeMap<u8, String>,
}

impl MaskedMessage {
    /// Masks a message.
    #[must_use]
    pub fn new(dialect: &Dialect, mti: Option<Mti>, fields: &Fields) -> Self {
        let masked = |(element, value): (&codec::Element, &String)| {
            (element.number(), mask::value(dialect, *element, value))
        };
        Self {
            mti: mti.map_or_else(String::new, |mti| mti.to_string()),
            fields: fields.0.iter().map(masked).collect(),
        }
    }

    fn line(&self) -> String {
        let fields = self
            .fields
            .iter()
            .map(|(number, value)| format!(" {number}={value}"));
        format!("{}{}", self.mti, fields.collect::<String>())
    }
}

/// The outcome of one step.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    /// Name of the step.
    pub name: String,
    /// Its line in the file.
    pub line: usize,
    /// How it ended.
    pub verdict: Verdict,
    /// What was not as expected, one sentence each.
    pub failures: Vec<String>,
    /// What else was seen, such as a late answer to an earlier step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The message sent, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<MaskedMessage>,
    /// The answer, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<MaskedMessage>,
    /// Microseconds from sending to the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_us: Option<u64>,
}

impl StepReport {
    /// A step that has not been played yet.
    #[must_use]
    pub fn new(name: &str, line: usize) -> Self {
        Self {
            name: mask::text(name),
            line,
            verdict: Verdict::Held,
            failures: Vec::new(),
            notes: Vec::new(),
            sent: None,
            answer: None,
            elapsed_us: None,
        }
    }

    /// Adds a failure; the step has then failed.
    pub fn fail(&mut self, failure: String) {
        self.verdict = Verdict::Failed;
        self.failures.push(failure);
    }

    /// Ends the step as skipped, with the reason.
    pub fn skip(&mut self, reason: String) {
        self.verdict = Verdict::Skipped;
        self.failures.push(reason);
    }
}

/// The outcome of one scenario.
#[derive(Clone, Debug, Serialize)]
pub struct ScenarioReport {
    /// Its file.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Whether every step held.
    pub held: bool,
    /// The steps in order.
    pub steps: Vec<StepReport>,
}

/// The outcome of a run of one or more scenarios.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// Whether every step of every scenario held.
    pub held: bool,
    /// Number of steps in all.
    pub steps: usize,
    /// Number of steps that did not hold.
    pub not_held: usize,
    /// The scenarios in order.
    pub scenarios: Vec<ScenarioReport>,
}

impl RunReport {
    /// Sums scenarios up.
    #[must_use]
    pub fn new(scenarios: Vec<ScenarioReport>) -> Self {
        let steps = || scenarios.iter().flat_map(|scenario| &scenario.steps);
        let not_held = steps().filter(|step| step.verdict != Verdict::Held).count();
        Self {
            held: not_held == 0,
            steps: steps().count(),
            not_held,
            scenarios,
        }
    }
}

/// Prints the head of a scenario.
///
/// # Errors
/// What writing to `out` gives.
pub fn print_head(
    out: &mut impl Write,
    name: &str,
    file: &str,
    description: &str,
) -> io::Result<()> {
    writeln!(out, "{}  ({file})", mask::text(name))?;
    for line in description.trim().lines() {
        writeln!(out, "  {}", mask::text(line.trim()))?;
    }
    Ok(())
}

/// Prints a step and its verdict; the messages too when it did not hold.
///
/// # Errors
/// What writing to `out` gives.
pub fn print_step(out: &mut impl Write, step: &StepReport) -> io::Result<()> {
    let verdict = match step.verdict {
        Verdict::Held => "ok  ",
        Verdict::Failed => "FAIL",
        Verdict::Skipped => "skip",
    };
    let line = format!("  {verdict}  {:<44} {}", step.name, summary(step));
    writeln!(out, "{}", line.trim_end())?;
    for failure in &step.failures {
        writeln!(out, "          {failure}")?;
    }
    for note in &step.notes {
        writeln!(out, "          note: {note}")?;
    }
    if step.verdict == Verdict::Failed {
        for (direction, message) in [("sent  ", &step.sent), ("answer", &step.answer)] {
            if let Some(message) = message {
                writeln!(out, "          {direction} {}", message.line())?;
            }
        }
    }
    Ok(())
}

fn summary(step: &StepReport) -> String {
    let mti = |message: &Option<MaskedMessage>| match message {
        Some(message) => message.mti.clone(),
        None => String::new(),
    };
    let Some(answer) = &step.answer else {
        return mti(&step.sent);
    };
    let code = answer
        .fields
        .get(&39)
        .map_or_else(String::new, |code| words::response_code_in_words(code));
    let elapsed = step
        .elapsed_us
        .map_or_else(String::new, |elapsed| format!("  {}", ms(elapsed)));
    format!("{:>4} -> {}  {code}{elapsed}", mti(&step.sent), answer.mti)
}

/// Microseconds as milliseconds with two decimals: "1.23 ms".
#[must_use]
pub fn ms(elapsed_us: u64) -> String {
    format!("{}.{:02} ms", elapsed_us / 1000, elapsed_us % 1000 / 10)
}

/// Prints the sum of a run.
///
/// # Errors
/// What writing to `out` gives.
pub fn print_sum(out: &mut impl Write, run: &RunReport) -> io::Result<()> {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (files, steps) = (run.scenarios.len(), run.steps);
    write!(
        out,
        "{files} scenario{}, {steps} step{}: ",
        plural(files),
        plural(steps)
    )?;
    if run.held {
        writeln!(out, "all held")
    } else {
        writeln!(out, "{} did not hold", run.not_held)
    }
}
