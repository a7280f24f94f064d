//! From the file's shape to a checked scenario. Owns every refusal of a scenario file; collects
//! them all. Must never show a value that could be card data.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use codec::{Dialect, Element};
use toml::Spanned;

use super::document::{AnswerTable, Document, StepTable};
use super::{Action, AnswerRule, Body, Expectation, Scenario, ScenarioError, ScenarioErrors, Step};
use crate::mask;
use crate::network::Network;
use crate::rejection::{self, Rejection};

mod action;
mod expectation;
mod values;

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
}
