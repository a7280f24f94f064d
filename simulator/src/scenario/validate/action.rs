//! What a step does.
//!
//! Owns: the one action of a step, and that what it refers to came earlier. Must never show a value that could be card
//! data.

use toml::Spanned;

use super::Check;
use crate::rejection::{self, Rejection};
use crate::scenario::document::{RejectTable, SendTable, StepTable};
use crate::scenario::{Action, Body, Request};

impl Check<'_> {
    pub(super) fn action(&mut self, table: &StepTable) -> Option<Action> {
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

    pub(super) fn rejection(
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
