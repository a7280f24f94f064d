//! Compares an answer with what was expected. Owns the wording of every failure; must never take
//! the switch's word for anything, and shows card data masked only.

use codec::{Dialect, Element, Message, Mti, MtiClass};

use crate::amounts;
use crate::generate::Fresh;
use crate::mask;
use crate::parts;
use crate::scenario::{AnswerExpectation, AnswerRule};
use crate::transcript::{Sent, Transcript, Unresolved};
use crate::words;

/// Classes whose every response carries a response code.
const CODED: [MtiClass; 3] = [
    MtiClass::Authorization,
    MtiClass::Financial,
    MtiClass::Reversal,
];

/// One answer before the judge, with everything it is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Names the elements.
    pub dialect: &'a Dialect,
    /// What every answer owes its request.
    pub rule: &'a AnswerRule,
    /// The request.
    pub request: &'a Sent,
    /// The answer.
    pub answer: &'a Message,
    /// Earlier messages and saved balances.
    pub transcript: &'a Transcript,
}

impl Case<'_> {
    /// Everything in the answer that is not as expected, one sentence each; empty when all holds.
    /// What the step states about an element wins over the rule for all answers.
    ///
    /// # Errors
    /// [`Unresolved`] when an expected value refers to a message or element that is missing.
    pub fn judge(&self, expected: &AnswerExpectation) -> Result<Vec<String>, Unresolved> {
        let mut failures: Vec<String> = self.message_type(expected).into_iter().collect();
        for (element, alternatives) in &expected.fields {
            let resolve = |value| self.transcript.resolve(value, &Fresh::new());
            let wanted: Result<Vec<String>, Unresolved> =
                alternatives.iter().map(resolve).collect();
            failures.extend(self.value(*element, &wanted?));
        }
        for (path, alternatives) in &expected.parts {
            let resolve = |value| self.transcript.resolve(value, &Fresh::new());
            let wanted: Result<Vec<String>, Unresolved> =
                alternatives.iter().map(resolve).collect();
            failures.extend(self.part(path, &wanted?));
        }
        let rule = self
            .rule
            .echo
            .iter()
            .filter(|element| !states(expected, **element));
        failures.extend(rule.filter_map(|element| self.echo(*element)));
        self.presence(expected, &mut failures);
        self.balances(expected, &mut failures);
        Ok(failures)
    }

    fn message_type(&self, expected: &AnswerExpectation) -> Option<String> {
        let due = expected
            .mti
            .or_else(|| self.request.mti.and_then(Mti::response))?;
        let got = self.answer.mti();
        (due != got).then(|| format!("message type: expected {due}, got {got}"))
    }

    fn value(&self, element: Element, wanted: &[String]) -> Option<String> {
        let got = self.answer.text(element);
        if got.is_some_and(|got| wanted.iter().any(|value| value == got)) {
            return None;
        }
        let wanted: Vec<String> = wanted
            .iter()
            .map(|value| shown(self.dialect, element, value))
            .collect();
        let (name, got) = (self.named(element), self.got(element));
        Some(format!(
            "{name}: expected {}, got {got}",
            wanted.join(" or ")
        ))
    }

    fn part(&self, path: &parts::Path, wanted: &[String]) -> Option<String> {
        let got = path.text(self.answer, self.dialect);
        if got.as_ref().is_some_and(|got| wanted.contains(got)) {
            return None;
        }
        let shown = |value: &String| mask::text(value);
        let wanted: Vec<String> = wanted.iter().map(shown).collect();
        let got = got.as_ref().map_or_else(|| "nothing".to_owned(), shown);
        Some(format!(
            "{path}: expected {}, got {got}",
            wanted.join(" or ")
        ))
    }

    fn echo(&self, element: Element) -> Option<String> {
        let sent = self.request.fields.get(element)?;
        if self.answer.text(element) == Some(sent) {
            return None;
        }
        let (name, got) = (self.named(element), self.got(element));
        Some(format!(
            "{name}: expected {} as sent, got {got}",
            shown(self.dialect, element, sent)
        ))
    }

    fn presence(&self, expected: &AnswerExpectation, failures: &mut Vec<String>) {
        let coded =
            CODED.contains(&self.answer.mti().class()) && !states(expected, Element::RESPONSE_CODE);
        let due = expected
            .present
            .iter()
            .chain(coded.then_some(&Element::RESPONSE_CODE));
        for element in due.filter(|element| !self.answer.has(**element)) {
            failures.push(format!(
                "{}: expected to be present, is absent",
                self.named(*element)
            ));
        }
        let never = self
            .rule
            .absent
            .iter()
            .filter(|element| !states(expected, **element));
        let never = expected.absent.iter().chain(never);
        for element in never.filter(|element| self.answer.has(**element)) {
            let (name, got) = (self.named(*element), self.got(*element));
            failures.push(format!("{name}: expected to be absent, got {got}"));
        }
    }

    fn balances(&self, expected: &AnswerExpectation, failures: &mut Vec<String>) {
        let currency = self.request.fields.get(Element::CURRENCY_TRANSACTION);
        for (balance, expression) in &expected.balance {
            let due = expression.evaluate(&self.transcript.saved);
            let failure = match (due, amounts::read(self.answer, *balance, currency)) {
                (Ok(due), Ok(got)) if due == got => continue,
                (Ok(due), Ok(got)) => format!("expected {due}, got {got} (minor units)"),
                (Err(error), _) => format!("cannot be compared: {error}"),
                (Ok(_), Err(error)) => error.to_string(),
            };
            failures.push(format!("{} balance: {failure}", balance.word()));
        }
    }

    fn named(&self, element: Element) -> String {
        match self.dialect.element_name(element) {
            Some(name) => format!("{element} {name}"),
            None => element.to_string(),
        }
    }

    fn got(&self, element: Element) -> String {
        let got = self.answer.text(element);
        got.map_or_else(
            || "nothing".to_owned(),
            |got| shown(self.dialect, element, got),
        )
    }
}

/// Whether a step itself says something about an element.
fn states(expected: &AnswerExpectation, element: Element) -> bool {
    let has_part = expected.parts.keys().any(|path| path.element == element);
    has_part
        || expected.fields.contains_key(&element)
        || expected.present.contains(&element)
        || expected.absent.contains(&element)
}

/// A value for people: masked, a response code with its meaning.
fn shown(dialect: &Dialect, element: Element, value: &str) -> String {
    match words::response_code(value) {
        Some(meaning) if element == Element::RESPONSE_CODE => format!("{value} ({meaning})"),
        _ => mask::value(dialect, element, value),
    }
}
