//! What a step expects.
//!
//! Owns: the one expectation of a step, and that it goes with what the step does. Must never show a value that could be
//! card data.

use std::collections::BTreeMap;
use std::time::Duration;

use codec::Element;

use super::Check;
use crate::amounts::Expression;
use crate::reference::Template;
use crate::rejection::Rejection;
use crate::scenario::document::{ExpectTable, StepTable};
use crate::scenario::{Action, AnswerExpectation, Expectation};

impl Check<'_> {
    pub(super) fn expectation(
        &mut self,
        table: &StepTable,
        action: Option<&Action>,
    ) -> Option<Expectation> {
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
