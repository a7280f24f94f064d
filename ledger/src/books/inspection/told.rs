//! What a program that inspects books tells the one that started it.
//!
//! Owns: lines of JSON, and the rows of entities as bytes behind the line that announces them. The books are read once
//! for a start: who reads them to see whether they can be used hands over what belongs in memory. Must never: interpret
//! a row.

use std::io::{self, BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};

use super::Inspection;
use crate::books::Contents;
use crate::books::load::Entities;
use crate::books::rows::Table;
use crate::books::store::KeyValue;
use crate::snapshot::format::{read_row, write_row};

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// What the tables are said to contain.
    Expected(Box<Contents>),
    /// So many rows are read.
    Rows(u64),
    /// So many bytes follow: rows of a table, by its place in [`Entities::TABLES`].
    Piece { table: usize, bytes: u64 },
    /// What came of it.
    Result(Box<Inspection>),
}

/// What was heard.
#[derive(Debug)]
pub(super) enum Told {
    /// What the tables are said to contain.
    Expected(Box<Contents>),
    /// It got further.
    Rows,
    /// Rows of a table.
    Piece(Table, Vec<u8>),
    /// What came of it.
    Result(Box<Inspection>),
    /// Something else, and why it is not understood.
    Nonsense(String),
}

/// Room made for a piece before its bytes come, at most.
const EXPECTED_BYTES: u64 = 1024 * 1024;

impl Told {
    /// The next that is told; `None` at the end.
    ///
    /// # Errors
    /// When it cannot be read, or ends within rows.
    pub(super) fn next(input: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let (table, bytes) = match serde_json::from_slice(&line) {
            Ok(Line::Expected(contents)) => return Ok(Some(Self::Expected(contents))),
            Ok(Line::Rows(_)) => return Ok(Some(Self::Rows)),
            Ok(Line::Result(inspection)) => return Ok(Some(Self::Result(inspection))),
            Ok(Line::Piece { table, bytes }) => (table, bytes),
            // What it says of the text is left out: that might be anything, a row of a card too.
            Err(error) => {
                let column = error.column();
                return Ok(Some(Self::Nonsense(format!(
                    "no such line, from byte {column} on"
                ))));
            }
        };
        let Some(table) = Entities::TABLES.get(table) else {
            return Ok(Some(Self::Nonsense(format!("table {table}"))));
        };
        let expected = usize::try_from(bytes.min(EXPECTED_BYTES)).unwrap_or_default();
        let mut rows = Vec::with_capacity(expected);
        input.take(bytes).read_to_end(&mut rows)?;
        if (rows.len() as u64) < bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(Self::Piece(*table, rows)))
    }
}

/// The rows of a piece, handed to `row` one by one.
///
/// # Errors
/// The first of `row`. Bytes that are no row end it.
pub(super) fn rows_of<E>(
    mut piece: &[u8],
    mut row: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    while let Some((key, value, rest)) = read_row(piece) {
        row(key, value)?;
        piece = rest;
    }
    Ok(())
}

/// Says what the tables should contain.
pub(super) fn say_expected(out: &mut impl Write, contents: &Contents) -> io::Result<()> {
    say(out, &Line::Expected(Box::new(*contents)), &[])
}

/// Says that so many rows are read.
pub(super) fn say_rows(out: &mut impl Write, rows: u64) -> io::Result<()> {
    say(out, &Line::Rows(rows), &[])
}

/// Says what came of it.
pub(super) fn say_result(out: &mut impl Write, inspection: Inspection) -> io::Result<()> {
    say(out, &Line::Result(Box::new(inspection)), &[])
}

/// The bytes of rows, to say them with [`say_piece`]; `None` where a row is longer than one can be.
pub(super) fn piece(rows: &[KeyValue]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (key, value) in rows {
        write_row(key, value, &mut bytes)?;
    }
    Some(bytes)
}

/// Says rows of a table; those that nobody keeps in memory are left out.
pub(super) fn say_piece(out: &mut impl Write, table: Table, rows: &[u8]) -> io::Result<()> {
    let mut tables = Entities::TABLES.iter();
    let Some(table) = tables.position(|other| *other == table) else {
        return Ok(());
    };
    let bytes = rows.len() as u64;
    say(out, &Line::Piece { table, bytes }, rows)
}

fn say(out: &mut impl Write, line: &Line, rows: &[u8]) -> io::Result<()> {
    let text = serde_json::to_string(line)?;
    writeln!(out, "{text}")?;
    out.write_all(rows)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> Vec<u8> {
        let row = |key: &[u8], value: &[u8]| (key.to_vec(), value.to_vec());
        let rows = [row(b"a", b"1\n{"), row(b"", b"")];
        let mut out = Vec::new();
        say_expected(&mut out, &Contents::default()).unwrap();
        say_rows(&mut out, 7).unwrap();
        say_piece(&mut out, Table::Cards, &piece(&rows).unwrap()).unwrap();
        say_piece(&mut out, Table::Messages, b"nobody keeps them").unwrap();
        say_result(&mut out, Inspection::Damaged("torn".to_owned())).unwrap();
        out
    }

    fn heard(mut bytes: &[u8]) -> io::Result<Vec<Told>> {
        std::iter::from_fn(|| Told::next(&mut bytes).transpose()).collect()
    }

    #[test]
    fn what_is_said_is_heard() {
        let heard = heard(&said()).unwrap();
        let [
            Told::Expected(_),
            Told::Rows,
            Told::Piece(Table::Cards, piece),
            Told::Result(result),
        ] = heard.as_slice()
        else {
            panic!("{heard:?}")
        };
        let mut rows = Vec::new();
        let taken: Result<(), ()> = rows_of(piece, |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            Ok(())
        });
        assert_eq!(taken, Ok(()));
        assert_eq!(
            rows,
            [(b"a".to_vec(), b"1\n{".to_vec()), (Vec::new(), Vec::new())]
        );
        assert!(matches!(&**result, Inspection::Damaged(reason) if reason == "torn"));
    }

    #[test]
    fn what_is_cut_anywhere_has_no_result() {
        let said = said();
        for end in 0..said.len() - 1 {
            let heard = heard(&said[..end]).unwrap_or_default();
            let results = heard.iter().filter(|told| matches!(told, Told::Result(_)));
            assert_eq!(results.count(), 0, "cut at {end}");
        }
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for line in [
            "nonsense\n",
            "{}\n",
            "\n",
            r#"{"piece":{"table":5,"bytes":0}}"#,
            r#"{"piece":{"table":1,"bytes":-1}}"#,
        ] {
            let heard = heard(line.as_bytes()).unwrap();
            assert!(matches!(heard.as_slice(), [Told::Nonsense(_)]), "{line}");
        }
        let endless = format!(r#"{{"piece":{{"table":1,"bytes":{}}}}}"#, u64::MAX);
        assert!(heard(format!("{endless}\nabc").as_bytes()).is_err());
    }
}
