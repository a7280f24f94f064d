//! From the file's shape to a checked scenario. Owns every refusal of a scenario file; collects
//! them all. Must never show a value that could be card data.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use codec::{Dialect, Element, Mti};
use toml::Spanned;

use super::document::{
    AnswerTable, Document, ExpectTable, FieldTable, RejectTable, SendTable, StepTable,
};
use super::{
    Action, AnswerExpectation, AnswerRule, Body, Expectation, Request, Scenario, ScenarioError,
    ScenarioErrors, Step,
};
use crate::amounts::Expression;
use crate::compose;
use crate::mask;
use crate::network::Network;
use crate::parts;
use crate::reference::{Part, Template};
use crate::rejection::{self, Rejection};
use crate::transcript::Fields;

/// Link of a step that names none.
const FIRST_LINK: &str = "first";

/// Reads and checks one file.
pub(super) fn scenario(
    file: &str,
    text: &str,
    network: &Network,
) -> Result<Scenario, ScenarioErrors> {
    let mut check = Check {
        file,
        text,
        dialect: &network.dialect,
        rejects: network.rejects,
        errors: Vec::new(),
        earlier: Earlier::default(),
    };
    let document: Document = match toml::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            check.refuse(error.span().unwrap_or_default(), error.message().to_owned());
            return Err(ScenarioErrors(check.errors));
        }
    };
    let mut defaults = network.defaults.clone();
    defaults.extend(check.fields(&document.defaults));
    let answer = check.answer_rule(document.answer.as_ref(), &network.answer);
    let rejected = document.reject_own_requests.as_ref();
    let reject_own_requests = rejected.and_then(|code| check.rejection(code, None));
    let steps = document
        .step
        .iter()
        .filter_map(|table| check.step(table))
        .collect();
    if check.errors.is_empty() {
        let Document {
            name, description, ..
        } = document;
        Ok(Scenario {
            file: file.to_owned(),
            name,
            description,
            defaults,
            answer,
            sign_on: document.sign_on.unwrap_or(true),
            reject_own_requests,
            steps,
        })
    } else {
        check.errors.sort_by_key(|error| error.line);
        Err(ScenarioErrors(check.errors))
    }
}

/// What earlier steps provide to later ones.
#[derive(Default)]
struct Earlier {
    names: BTreeSet<String>,
    /// Steps with a message of their own, and whether it has an MTI (built from elements).
    sent: BTreeMap<String, bool>,
    answered: BTreeSet<String>,
    saved: BTreeSet<String>,
}

struct Check<'a> {
    file: &'a str,
    text: &'a str,
    dialect: &'a Dialect,
    rejects: rejection::Form,
    errors: Vec<ScenarioError>,
    earlier: Earlier,
}

impl Check<'_> {
    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        before
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            .saturating_add(1)
    }

    fn refuse(&mut self, span: Range<usize>, reason: String) {
        let line = self.line(&span);
        let reason = mask::text(reason.trim_end());
        self.errors.push(ScenarioError {
            file: self.file.to_owned(),
            line,
            reason,
        });
    }

    fn answer_rule(&mut self, table: Option<&AnswerTable>, usual: &AnswerRule) -> AnswerRule {
        let mut given = |list: Option<&Vec<Spanned<u8>>>, usual: &[Element]| match list {
            Some(list) => self.elements(list),
            None => usual.to_vec(),
        };
        AnswerRule {
            echo: given(table.and_then(|table| table.echo.as_ref()), &usual.echo),
            absent: given(table.and_then(|table| table.absent.as_ref()), &usual.absent),
        }
    }

    fn step(&mut self, table: &StepTable) -> Option<Step> {
        let name = table.name.get_ref();
        let span = table.name.span();
        let reserved = name == "new" || name.ends_with(".answer");
        if name.is_empty() || reserved || name.contains(['$', '{', '}']) {
            let rule =
                "a step name is not empty, not \"new\", does not end in .answer and has no $ { }";
            self.refuse(span.clone(), format!("{name:?}: {rule}"));
        }
        if !self.earlier.names.insert(name.clone()) {
            self.refuse(span.clone(), format!("step {name:?} is there twice"));
        }
        let action = self.action(table);
        let expectation = self.expectation(table, action.as_ref());
        let (action, expectation) = (action?, expectation?);
        if !table.save.is_empty() && !matches!(expectation, Expectation::Answer(_)) {
            self.refuse(
                span.clone(),
                "save needs expect: it reads the answer".to_owned(),
            );
        }
        self.remember(table, &action, &expectation);
        Some(Step {
            name: name.clone(),
            line: self.line(&span),
            link: table.link.clone().unwrap_or_else(|| FIRST_LINK.to_owned()),
            action,
            expectation,
            save: table.save.clone(),
        })
    }

    fn remember(&mut self, table: &StepTable, action: &Action, expectation: &Expectation) {
        let name = table.name.get_ref();
        match action {
            Action::Send(_)
            | Action::Reject {
                rejection: Rejection::Message(_),
                ..
            } => {
                self.earlier.sent.insert(name.clone(), true);
            }
            Action::Body {
                content: Body::Text(_),
                ..
            } => {
                self.earlier.sent.insert(name.clone(), false);
            }
            Action::Body { .. }
            | Action::Reject { .. }
            | Action::Wait
            | Action::Close
            | Action::Reconnect => {}
        }
        if matches!(expectation, Expectation::Answer(_)) {
            self.earlier.answered.insert(name.clone());
        }
        self.earlier.saved.extend(table.save.keys().cloned());
    }

    fn action(&mut self, table: &StepTable) -> Option<Action> {
        let span = table.name.span();
        let given = [
            table.send.is_some(),
            table.send_text.is_some(),
            table.send_hex.is_some(),
            table.reject.is_some(),
            table.close,
            table.reconnect,
        ];
        if given.iter().filter(|given| **given).count() > 1 {
            let one = "one of send, send_text, send_hex, reject, close and reconnect in a step";
            self.refuse(span, one.to_owned());
            return None;
        }
        if table.raw && table.send_text.is_none() && table.send_hex.is_none() {
            self.refuse(span, "raw goes with send_text or send_hex".to_owned());
        }
        let framed = !table.raw;
        if let Some(send) = &table.send {
            return self.request(send).map(Action::Send);
        }
        if let Some(pieces) = &table.send_text {
            let text = pieces.get_ref().iter();
            let text = text
                .filter_map(|piece| self.template(piece, &pieces.span()))
                .collect();
            return Some(Action::Body {
                content: Body::Text(text),
                framed,
            });
        }
        if let Some(hex) = &table.send_hex {
            let Some(bytes) = from_hex(hex.get_ref()) else {
                self.refuse(
                    hex.span(),
                    "send_hex: expected pairs of hex digits".to_owned(),
                );
                return None;
            };
            return Some(Action::Body {
                content: Body::Bytes(bytes),
                framed,
            });
        }
        if let Some(reject) = &table.reject {
            return self.reject(reject);
        }
        Some(match (table.close, table.reconnect) {
            (true, _) => Action::Close,
            (false, true) => Action::Reconnect,
            (false, false) => Action::Wait,
        })
    }

    fn reject(&mut self, table: &RejectTable) -> Option<Action> {
        let answer_of = table.answer_of.get_ref();
        if !self.earlier.answered.contains(answer_of) {
            let reason = format!("no earlier step {answer_of:?} with expect");
            self.refuse(table.answer_of.span(), reason);
        }
        let rejection = self.rejection(&table.code, table.by)?;
        Some(Action::Reject {
            answer_of: answer_of.clone(),
            rejection,
        })
    }

    fn rejection(
        &mut self,
        code: &Spanned<String>,
        form: Option<rejection::Form>,
    ) -> Option<Rejection> {
        let rejection = Rejection::new(form.unwrap_or(self.rejects), code.get_ref(), self.dialect);
        rejection
            .map_err(|reason| self.refuse(code.span(), reason))
            .ok()
    }

    fn request(&mut self, table: &SendTable) -> Option<Request> {
        let mti = self.mti(&table.mti)?;
        for step in [&table.original, &table.repeat_of].into_iter().flatten() {
            if self.earlier.sent.get(step.get_ref()) != Some(&true) {
                let reason = format!("no earlier step {:?} with send", step.get_ref());
                self.refuse(step.span(), reason);
            }
        }
        if let (Some(original), Some(_)) = (&table.original, &table.repeat_of) {
            self.refuse(
                original.span(),
                "original and repeat_of exclude each other".to_owned(),
            );
        }
        let name =
            |step: &Option<Spanned<String>>| step.as_ref().map(|step| step.get_ref().clone());
        Some(Request {
            mti,
            fields: self.fields(&table.fields),
            without: self.elements(&table.without),
            original: name(&table.original),
            repeat_of: name(&table.repeat_of),
            lost: table.lost,
        })
    }

    fn expectation(&mut self, table: &StepTable, action: Option<&Action>) -> Option<Expectation> {
        let span = table.name.span();
        let given = [
            table.expect.is_some(),
            table.expect_no_answer_ms.is_some(),
            table.expect_closed,
        ];
        if given.iter().filter(|given| **given).count() > 1 {
            let one = "one of expect, expect_no_answer_ms and expect_closed in a step";
            self.refuse(span, one.to_owned());
            return None;
        }
        let expectation = if let Some(expect) = &table.expect {
            Expectation::Answer(Box::new(self.answer(expect)))
        } else if let Some(within_ms) = table.expect_no_answer_ms {
            Expectation::NoAnswer(Duration::from_millis(within_ms))
        } else if table.expect_closed {
            Expectation::Closed
        } else {
            Expectation::Nothing
        };
        if let Some(reason) = mismatch(action?, &expectation) {
            self.refuse(span, reason.to_owned());
        }
        Some(expectation)
    }

    fn answer(&mut self, table: &ExpectTable) -> AnswerExpectation {
        let (mut fields, mut parts) = (BTreeMap::new(), BTreeMap::new());
        for (number, values) in &table.fields {
            let path = self.path(number);
            if path.is_none() && self.element(number).is_none() {
                continue;
            }
            let alternatives = values.get_ref().alternatives().iter();
            let alternatives: Vec<Template> = alternatives
                .filter_map(|value| self.template(value, &values.span()))
                .collect();
            if alternatives.is_empty() {
                let number = number.get_ref();
                self.refuse(values.span(), format!("DE{number}: no value given"));
            }
            match (path, number.get_ref().parse().ok().and_then(Element::new)) {
                (Some(path), _) => drop(parts.insert(path, alternatives)),
                (None, Some(element)) => drop(fields.insert(element, alternatives)),
                (None, None) => {}
            }
        }
        let mut balance = BTreeMap::new();
        for (kind, text) in &table.balance {
            match Expression::parse(text.get_ref()) {
                Ok(expression) => {
                    for name in expression.names() {
                        if !self.earlier.saved.contains(name) {
                            let reason = format!("no earlier step saves {name:?}");
                            self.refuse(text.span(), reason);
                        }
                    }
                    balance.insert(*kind, expression);
                }
                Err(error) => self.refuse(text.span(), error.to_string()),
            }
        }
        AnswerExpectation {
            mti: table.mti.as_ref().and_then(|mti| self.mti(mti)),
            fields,
            parts,
            present: self.elements(&table.present),
            absent: self.elements(&table.absent),
            balance,
        }
    }

    fn fields(&mut self, table: &FieldTable) -> BTreeMap<Element, Template> {
        let (mut fields, mut parts) = (BTreeMap::new(), Vec::new());
        for (number, value) in table {
            if let Some(path) = self.path(number) {
                parts.push((path, value.get_ref().clone()));
                continue;
            }
            let Some(element) = self.element(number) else {
                continue;
            };
            let Some(template) = self.template(value.get_ref(), &value.span()) else {
                continue;
            };
            if let Some(literal) = template.literal() {
                self.fits(element, literal, value.span());
            }
            fields.insert(element, template);
        }
        match parts::values(self.dialect, &parts) {
            Ok(values) => fields.extend(
                values
                    .into_iter()
                    .map(|(element, value)| (element, Template::of_literal(value))),
            ),
            Err((element, reason)) => {
                let of = |(number, _): &(&Spanned<String>, _)| {
                    parts::Path::parse(number.get_ref()).is_some_and(|path| path.element == element)
                };
                let span = table.iter().find(of).map(|(number, _)| number.span());
                self.refuse(span.unwrap_or_default(), format!("{element}: {reason}"));
            }
        }
        fields
    }

    /// The path of a part; `None` for the number of an element.
    fn path(&self, number: &Spanned<String>) -> Option<parts::Path> {
        parts::Path::parse(number.get_ref())
    }

    /// A literal value must fit the dialect; one with references is only known when it is sent.
    fn fits(&mut self, element: Element, value: &str, span: Range<usize>) {
        let Ok(mti) = Mti::parse(b"0100") else { return };
        let alone = Fields(BTreeMap::from([(element, value.to_owned())]));
        if let Err(error) = compose::encode(self.dialect, mti, &alone) {
            self.refuse(span, error.to_string());
        }
    }

    fn template(&mut self, text: &str, span: &Range<usize>) -> Option<Template> {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => {
                self.refuse(span.clone(), error.to_string());
                return None;
            }
        };
        for part in template.parts() {
            let missing = match part {
                Part::Sent { step, .. } if !self.earlier.sent.contains_key(step) => {
                    format!("no earlier step {step:?} with send")
                }
                Part::Answered { step, .. } if !self.earlier.answered.contains(step) => {
                    format!("no earlier step {step:?} with expect")
                }
                _ => continue,
            };
            self.refuse(span.clone(), missing);
        }
        Some(template)
    }

    fn element(&mut self, number: &Spanned<String>) -> Option<Element> {
        let element = number.get_ref().parse().ok().and_then(Element::new);
        if element.is_none() {
            let reason = format!(
                "{:?} is not an element number from 2 to 192",
                number.get_ref()
            );
            self.refuse(number.span(), reason);
        }
        element
    }

    fn elements(&mut self, numbers: &[Spanned<u8>]) -> Vec<Element> {
        let mut elements = Vec::new();
        for number in numbers {
            match Element::new(*number.get_ref()) {
                Some(element) => elements.push(element),
                None => {
                    let number_text = number.get_ref();
                    let reason = format!("{number_text} is not an element number from 2 to 192");
                    self.refuse(number.span(), reason);
                }
            }
        }
        elements
    }

    fn mti(&mut self, text: &Spanned<String>) -> Option<Mti> {
        let mti = Mti::parse(text.get_ref().as_bytes());
        if mti.is_err() {
            let reason = format!("{:?} is not a message type of 4 digits", text.get_ref());
            self.refuse(text.span(), reason);
        }
        mti.ok()
    }
}

/// Why an action and an expectation do not go together.
fn mismatch(action: &Action, expectation: &Expectation) -> Option<&'static str> {
    let nothing = matches!(expectation, Expectation::Nothing);
    match action {
        Action::Send(request) if request.lost && !nothing => {
            Some("a lost message has no expectation: it never reaches the switch")
        }
        Action::Send(request) if !request.lost && nothing => {
            Some("say what is expected: expect, expect_no_answer_ms or expect_closed")
        }
        Action::Reject { .. } if nothing => {
            Some("say what is expected: expect, expect_no_answer_ms or expect_closed")
        }
        Action::Reject {
            rejection: Rejection::Header(_),
            ..
        } if matches!(expectation, Expectation::Answer(_)) => {
            Some("what comes back behind a reject header is not answered")
        }
        Action::Close | Action::Reconnect if !nothing => {
            Some("close and reconnect have no expectation")
        }
        Action::Wait if nothing => Some("the step does nothing and expects nothing"),
        Action::Wait if matches!(expectation, Expectation::Answer(_)) => {
            Some("expect needs something to be sent")
        }
        Action::Body { .. } => match expectation {
            Expectation::Answer(answer) if answer.mti.is_none() => {
                Some("expect.mti is needed: a hand-written body has no message type of its own")
            }
            _ => None,
        },
        _ => None,
    }
}

/// Bytes of a hex text; blanks between pairs are allowed.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| {
            character
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let digits = digits?;
    if digits.is_empty() {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect()
}
