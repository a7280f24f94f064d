//! On which line of a TOML text each key stands, so that an error found after parsing can still
//! say where. Also collects the errors of the syntax itself.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Lines by key, such as `configs[0].filters.mcc`.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_key: BTreeMap<String, u32>,
}

/// An error of TOML syntax: line and message.
pub(super) type SyntaxError = (u32, String);

impl Lines {
    /// Walks the text once. With syntax errors the keys that could be read are still there.
    pub(super) fn of(text: &str) -> (Self, Vec<SyntaxError>) {
        let ends = Ends::of(text);
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut lines = Self {
            by_key: BTreeMap::new(),
        };
        lines.add_table(&ends, "", root.get_ref());
        let errors = errors
            .iter()
            .map(|error| {
                (
                    ends.line_at(error.span()),
                    error.message().trim().to_owned(),
                )
            })
            .collect();
        (lines, errors)
    }

    /// The line of a key, or of the nearest table around it that is there.
    pub(super) fn line(&self, key: &str) -> u32 {
        let mut key = key;
        loop {
            if let Some(line) = self.by_key.get(key) {
                return *line;
            }
            let Some((parent, _)) = key.rsplit_once(['.', '[']) else {
                return 1;
            };
            key = parent;
        }
    }

    fn add_table(&mut self, ends: &Ends, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let key = join(prefix, name.get_ref());
            self.by_key
                .insert(key.clone(), ends.line_at(Some(name.span())));
            self.add_value(ends, &key, value);
        }
    }

    fn add_value(&mut self, ends: &Ends, key: &str, value: &Spanned<DeValue<'_>>) {
        if let Some(table) = value.get_ref().as_table() {
            self.add_table(ends, key, table);
        }
        for (index, element) in value.get_ref().as_array().into_iter().flatten().enumerate() {
            let key = format!("{key}[{index}]");
            self.by_key
                .insert(key.clone(), ends.line_at(Some(element.span())));
            self.add_value(ends, &key, element);
        }
    }
}

/// A key inside a table; the root has no name.
pub(super) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// Where the lines of a text end, so that a line is found without reading the text again.
struct Ends(Vec<usize>);

impl Ends {
    fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate();
        Self(
            ends.filter(|(_, byte)| *byte == b'\n')
                .map(|(offset, _)| offset)
                .collect(),
        )
    }

    fn line_at(&self, span: Option<Range<usize>>) -> u32 {
        let offset = span.map_or(0, |span| span.start);
        let before = self.0.partition_point(|end| *end < offset);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_know_their_lines() {
        let text =
            "a = 1\n\n[[list]]\nx = [\n  1,\n  2,\n]\n[[list]]\n[list.inner]\ny = { z = 3 }\n";
        let (lines, errors) = Lines::of(text);
        assert!(errors.is_empty());
        let table = [
            ("a", 1),
            ("list[0]", 3),
            ("list[0].x", 4),
            ("list[0].x[1]", 6),
            ("list[1]", 8),
            ("list[1].inner.y.z", 10),
            ("list[1].inner.missing", 9),
            ("list[1].missing.deeper[3]", 8),
            ("missing", 1),
        ];
        for (key, line) in table {
            assert_eq!(lines.line(key), line, "{key}");
        }
    }

    #[test]
    fn every_syntax_error_has_its_line() {
        let (_, errors) = Lines::of("a = \nb = 1\nc = [1\n");
        let lines: Vec<u32> = errors.iter().map(|(line, _)| *line).collect();
        assert!(lines.contains(&1) && lines.len() >= 2, "{errors:?}");
    }
}
