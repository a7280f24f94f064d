//! Elements and their values.
//!
//! Owns: that an element exists, that a value fits the dialect, and that what it refers to came earlier. Must never show
//! a value that could be card data.

use std::collections::BTreeMap;
use std::ops::Range;

use codec::{Element, Mti};
use toml::Spanned;

use super::Check;
use crate::compose;
use crate::parts;
use crate::reference::{Part, Template};
use crate::scenario::document::FieldTable;
use crate::transcript::Fields;

impl Check<'_> {
    pub(super) fn fields(&mut self, table: &FieldTable) -> BTreeMap<Element, Template> {
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
    pub(super) fn path(&self, number: &Spanned<String>) -> Option<parts::Path> {
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

    pub(super) fn template(&mut self, text: &str, span: &Range<usize>) -> Option<Template> {
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

    pub(super) fn element(&mut self, number: &Spanned<String>) -> Option<Element> {
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

    pub(super) fn elements(&mut self, numbers: &[Spanned<u8>]) -> Vec<Element> {
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

    pub(super) fn mti(&mut self, text: &Spanned<String>) -> Option<Mti> {
        let mti = Mti::parse(text.get_ref().as_bytes());
        if mti.is_err() {
            let reason = format!("{:?} is not a message type of 4 digits", text.get_ref());
            self.refuse(text.span(), reason);
        }
        mti.ok()
    }
}
