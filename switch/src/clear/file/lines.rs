//! The rows of a comma-separated file, one to a line.
//!
//! Owns: how a row begins and ends, and how long it may be. Each line is read by itself, so that a quote that is not
//! closed is wrong in its own row alone. Must never: hold more than a row, or interpret a column.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use super::{BadRow, COLUMNS, FileError};

/// Longest row, in bytes: several times what all columns can take.
const LONGEST_BYTES: usize = 4096;

/// The lines of a file.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    line: Vec<u8>,
    /// Number of the last line that was read, from 1.
    pub(super) number: u64,
}

impl Lines {
    /// Opens a file.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be opened.
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(|source| FileError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::new(file),
            line: Vec::new(),
            number: 0,
        })
    }

    /// Reads the next row, past blank lines and comments; `None` at the end of the file, a bad row where a line is none.
    ///
    /// # Errors
    /// [`FileError`] when the file cannot be read.
    pub(super) fn next_row(
        &mut self,
        row: &mut StringRecord,
    ) -> Result<Option<Result<(), BadRow>>, FileError> {
        loop {
            let read = self.next_line().map_err(|source| FileError::Io {
                path: self.path.clone(),
                source,
            })?;
            if !read {
                return Ok(None);
            }
            if self.line.len() > LONGEST_BYTES {
                let reason = format!("the row is longer than {LONGEST_BYTES} bytes");
                return Ok(Some(Err(self.bad(reason))));
            }
            let mut reader = ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .comment(Some(b'#'))
                .trim(Trim::All)
                .buffer_capacity(self.line.len().max(1))
                .from_reader(self.line.as_slice());
            match reader.read_record(row) {
                Ok(false) => {}
                Ok(true) => {
                    let mut position = Position::new();
                    position.set_line(self.number);
                    row.set_position(Some(position));
                    return Ok(Some(Ok(())));
                }
                Err(error) => {
                    let reason = match error.kind() {
                        ErrorKind::Utf8 { .. } => "the row is not UTF-8",
                        _ => "the row cannot be read",
                    };
                    return Ok(Some(Err(self.bad(reason))));
                }
            }
        }
    }

    /// Reads a line, of one that is too long only its beginning; says whether there was one.
    fn next_line(&mut self) -> io::Result<bool> {
        let most = u64::try_from(LONGEST_BYTES).unwrap_or(u64::MAX);
        self.line.clear();
        let mut part = self.file.by_ref().take(most.saturating_add(1));
        if part.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(false);
        }
        self.number = self.number.saturating_add(1);
        if self.line.len() > LONGEST_BYTES && self.line.last() != Some(&b'\n') {
            self.skip_line()?;
        }
        Ok(true)
    }

    /// Reads past the end of a line without keeping it.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let there = self.file.fill_buf()?;
            let end = memchr::memchr(b'\n', there);
            let count = end.map_or(there.len(), |end| end.saturating_add(1));
            self.file.consume(count);
            if end.is_some() || count == 0 {
                return Ok(());
            }
        }
    }

    fn bad(&self, reason: impl Into<String>) -> BadRow {
        BadRow {
            line: self.number,
            column: COLUMNS[0],
            reason: reason.into(),
            amount_minor: None,
        }
    }

    /// Something that is wrong with the file as a whole.
    pub(super) fn wrong(&self, line: u64, reason: impl Into<String>) -> FileError {
        FileError::Content {
            path: self.path.clone(),
            line,
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8]) -> Vec<(u64, Result<String, String>)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut lines = Lines::open(file.path()).unwrap();
        let (mut row, mut rows) = (StringRecord::new(), Vec::new());
        while let Some(read) = lines.next_row(&mut row).unwrap() {
            let told = match read {
                Ok(()) => Ok(row.iter().collect::<Vec<_>>().join("|")),
                Err(bad) => Err(bad.reason),
            };
            rows.push((lines.number, told));
        }
        rows
    }

    #[test]
    fn a_row_is_a_line_whatever_is_in_it() {
        let long = format!("x,{}\n", "y".repeat(3 * LONGEST_BYTES));
        let text = [
            b"# a comment\r\n\r\na, b ,\"c,d\"\r\n".as_slice(),
            b"e,\"open,f\n",
            b"g,h\n",
            long.as_bytes(),
            b"i,\xff\n",
            b"last,row",
        ]
        .concat();
        assert_eq!(
            rows(&text),
            [
                (3, Ok("a|b|c,d".to_owned())),
                (4, Ok("e|open,f".to_owned())),
                (5, Ok("g|h".to_owned())),
                (6, Err("the row is longer than 4096 bytes".to_owned())),
                (7, Err("the row is not UTF-8".to_owned())),
                (8, Ok("last|row".to_owned())),
            ]
        );
        assert_eq!(rows(b""), []);
    }
}
