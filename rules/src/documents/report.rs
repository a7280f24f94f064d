//! Collects the errors of one document while its values are taken out. Every taker says what would
//! be right; a value that is not there or not right comes back as `None`.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::given::{Given, Table};
use super::lines::{Lines, join};
use super::{Document, ErrorCode, JSON_EXTENSION, RuleError};

/// The errors of one document.
#[derive(Debug)]
pub(super) struct Report<'a> {
    file: &'a str,
    lines: Lines,
    errors: &'a mut Vec<RuleError>,
    code: Option<ErrorCode>,
}

impl<'a> Report<'a> {
    /// Parses a document into its model. `None` when its syntax is broken, which is reported.
    pub(super) fn open<T: Table>(
        document: &'a Document,
        errors: &'a mut Vec<RuleError>,
    ) -> (Self, Option<T>) {
        let parsed = if document.path.ends_with(JSON_EXTENSION) {
            from_json(&document.content)
        } else {
            from_toml(&document.content)
        };
        let (lines, model) = match parsed {
            Ok((lines, model)) => (lines, Some(model)),
            Err(problems) => {
                errors.extend(problems.into_iter().map(|(line, reason)| RuleError {
                    line,
                    ..RuleError::of_file(document.path.clone(), reason)
                }));
                (Lines::default(), None)
            }
        };
        let mut report = Self {
            file: &document.path,
            lines,
            errors,
            code: None,
        };
        if let Some(model) = &model {
            report.refuse_unknown(model, "");
        }
        (report, model)
    }

    /// The code of every error of this document that has none of its own.
    pub(super) fn errors_have_code(&mut self, code: ErrorCode) {
        self.code = Some(code);
    }

    /// The line of a key.
    pub(super) fn line(&self, key: &str) -> u32 {
        self.lines.line(key)
    }

    /// The file being read.
    pub(super) fn file(&self) -> &'a str {
        self.file
    }

    /// Reports one error at a key.
    pub(super) fn error(&mut self, key: &str, reason: impl Into<String>) {
        self.errors.push(RuleError {
            file: self.file.to_owned(),
            line: self.lines.line(key),
            key: key.to_owned(),
            reason: reason.into(),
            code: self.code,
        });
    }

    /// Reports one error that the API has a code for.
    pub(super) fn error_of_code(&mut self, code: ErrorCode, key: &str, reason: impl Into<String>) {
        self.with_code(code, |report| report.error(key, reason));
    }

    /// Gives every error that is reported inside a code.
    pub(super) fn with_code<T>(
        &mut self,
        code: ErrorCode,
        inside: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let others = self.code.replace(code);
        let result = inside(self);
        self.code = others;
        result
    }

    /// A value that may be missing.
    pub(super) fn optional<T>(&mut self, given: Given<T>, key: &str, right: &str) -> Option<T> {
        match given {
            Given::Absent => None,
            Given::Good(value) => Some(value),
            Given::Bad(message) => {
                // Serde's own messages end in the names of Rust types; ours say what is right.
                let reason = match message.split_once(", expected") {
                    Some((found, _)) => format!("{found}; write {right}"),
                    None => message,
                };
                self.error(key, reason);
                None
            }
        }
    }

    /// A value that must be there.
    pub(super) fn required<T>(&mut self, given: Given<T>, key: &str, right: &str) -> Option<T> {
        if matches!(given, Given::Absent) {
            self.error(key, format!("missing; write {right}"));
        }
        self.optional(given, key, right)
    }

    /// A whole number in a range, that may be missing.
    pub(super) fn number<T>(
        &mut self,
        given: Given<i64>,
        key: &str,
        range: &RangeInclusive<T>,
    ) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        let right = format!("a whole number from {} to {}", range.start(), range.end());
        let value = self.optional(given, key, &right)?;
        let in_range = T::try_from(value)
            .ok()
            .filter(|value| range.contains(value));
        if in_range.is_none() {
            self.error(key, format!("{value} is out of range; write {right}"));
        }
        in_range
    }

    /// A whole number in a range, that must be there.
    pub(super) fn required_number<T>(
        &mut self,
        given: Given<i64>,
        key: &str,
        range: &RangeInclusive<T>,
    ) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        if matches!(given, Given::Absent) {
            let right = format!("a whole number from {} to {}", range.start(), range.end());
            self.error(key, format!("missing; write {right}"));
        }
        self.number(given, key, range)
    }

    /// A text of 1 to `most` characters, that must be there.
    pub(super) fn text(&mut self, given: Given<String>, key: &str, most: usize) -> Option<String> {
        let right = format!("a text of 1 to {most} characters");
        let text = self.required(given, key, &right)?;
        let length = text.chars().count();
        let problem = match length {
            _ if text.trim().is_empty() => "blank".to_owned(),
            _ if length > most => format!("{length} characters"),
            _ => return Some(text),
        };
        self.error(key, format!("{problem}; write {right}"));
        None
    }

    /// Reports the keys that a table does not know.
    pub(super) fn refuse_unknown<T: Table>(&mut self, table: &T, prefix: &str) {
        for name in table.unknown().keys() {
            let known: Vec<&str> = T::KEYS
                .iter()
                .map(|key| key.trim_start_matches("r#"))
                .collect();
            let reason = format!("unknown key; the keys here are {}", known.join(", "));
            self.error(&join(prefix, name), reason);
        }
    }

    /// The tables of a list, each with its key; elements that are not tables are reported.
    pub(super) fn tables<T: Table>(&mut self, list: Vec<Given<T>>, key: &str) -> Vec<(String, T)> {
        let mut tables = Vec::new();
        for (index, given) in list.into_iter().enumerate() {
            let key = format!("{key}[{index}]");
            if let Some(table) = self.table(given, &key) {
                tables.push((key, table));
            }
        }
        tables
    }

    /// A table that may be missing; its unknown keys are reported.
    pub(super) fn table<T: Table>(&mut self, given: Given<T>, key: &str) -> Option<T> {
        let table = self.optional(given, key, "a table")?;
        self.refuse_unknown(&table, key);
        Some(table)
    }

    /// The values of a list. Those that are unreadable or listed twice are reported; `None` when
    /// one is unreadable, so that nothing is concluded from the rest.
    pub(super) fn list<T: PartialEq + Copy>(
        &mut self,
        list: Vec<Given<T>>,
        key: &str,
        right: &str,
    ) -> Option<Vec<T>> {
        let mut values = Some(Vec::new());
        for (index, given) in list.into_iter().enumerate() {
            let key = format!("{key}[{index}]");
            let Some(value) = self.optional(given, &key, right) else {
                values = None;
                continue;
            };
            match &mut values {
                Some(values) if values.contains(&value) => {
                    self.error(&key, "listed twice; write it once");
                }
                Some(values) => values.push(value),
                None => {}
            }
        }
        values
    }
}

/// Errors that leave nothing to read: lines and reasons.
type Problems = Vec<(u32, String)>;

fn from_toml<T: Table>(text: &str) -> Result<(Lines, T), Problems> {
    let (lines, syntax_errors) = Lines::of(text);
    if !syntax_errors.is_empty() {
        let told = |(line, message)| (line, format!("not TOML: {message}"));
        return Err(syntax_errors.into_iter().map(told).collect());
    }
    match toml::from_str::<T>(text) {
        Ok(model) => Ok((lines, model)),
        Err(error) => Err(vec![(1, error.message().trim().to_owned())]),
    }
}

/// JSON has no lines beyond its syntax: a client sends it on one, and finds the place by the key. A null
/// member is one that is not there, at any depth.
fn from_json<T: Table>(text: &str) -> Result<(Lines, T), Problems> {
    let parsed = serde_json::from_str::<Value>(text).and_then(|mut value| {
        if without_nulls(&mut value) {
            T::deserialize(value)
        } else {
            // Read from the text, which still has the members that are there twice.
            serde_json::from_str(text)
        }
    });
    match parsed {
        Ok(model) => Ok((Lines::default(), model)),
        Err(error) => {
            let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
            Err(vec![(line, format!("not JSON: {error}"))])
        }
    }
}

/// Takes null members out of objects; whether there were any.
fn without_nulls(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => {
            let before = members.len();
            members.retain(|_, member| !member.is_null());
            let mut found = members.len() != before;
            for member in members.values_mut() {
                found |= without_nulls(member);
            }
            found
        }
        Value::Array(elements) => {
            let mut found = false;
            for element in elements {
                found |= without_nulls(element);
            }
            found
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
