//! The clearing file: comma-separated rows, one to a line, read one by one.
//!
//! Owns: the order of its rows, the header and the trailer; what stands in a record is in `file/record`. A row that
//! cannot be read says line and column and does not end the file; a header or trailer that cannot be read does. Must
//! never: hold more than one row of bounded length, let a quote that is not closed take more than its own row, or put a
//! card number into an error.
//!
//! ```text
//! header,1,FILE_ID,NETWORK_ID,BUSINESS_DATE
//! record,NUMBER,KIND,PAN,PROCESSING_CODE,AMOUNT,CURRENCY,…      one of COLUMNS each
//! trailer,RECORDS,TOTAL
//! ```

mod lines;
mod record;

use std::io;
use std::path::{Path, PathBuf};

use csv::{Position, StringRecord};
use ledger::authorization::TrackingId;

use lines::Lines;
use record::record;
pub use record::{BadRow, COLUMNS, RecordRow};

/// Version of the format.
const VERSION: &str = "1";

/// Why a file cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened or read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system answered.
        source: io::Error,
    },
    /// Header, trailer or totals are not right.
    #[error("{path}: line {line}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

/// The first row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the sender calls the file.
    pub file_id: TrackingId,
    /// The network that its cards were used in.
    pub network_id: u8,
    /// The date that it settles.
    pub business_date: String,
}

/// A row after the header.
#[derive(Clone, Debug)]
pub enum Row {
    /// A record.
    Record(Box<RecordRow>),
    /// One that cannot be taken.
    Bad(BadRow),
    /// The last row.
    Trailer {
        /// Its line.
        line: u64,
        /// How many records the file has.
        records: u64,
        /// Sum of their amounts, minor units of whatever currencies.
        total_minor: i128,
    },
}

/// A file that is read.
#[derive(Debug)]
pub struct Rows {
    lines: Lines,
    row: StringRecord,
    last_number: u32,
    /// What stands in front.
    pub header: Header,
}

impl Rows {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be read or does not begin with a header.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let mut lines = Lines::open(path)?;
        let mut row = StringRecord::new();
        let there = matches!(lines.next_row(&mut row)?, Some(Ok(())));
        let header = if there { header(&row) } else { None };
        let reason = "expected header,1,FILE_ID,NETWORK_ID,BUSINESS_DATE";
        let header = header.ok_or_else(|| lines.wrong(lines.number.max(1), reason))?;
        Ok(Self {
            lines,
            row,
            last_number: 0,
            header,
        })
    }

    /// The next row; `None` at the end of the file.
    ///
    /// # Errors
    /// [`FileError`] when the file cannot be read, or the trailer is none.
    pub fn next_row(&mut self) -> Result<Option<Row>, FileError> {
        match self.lines.next_row(&mut self.row)? {
            None => return Ok(None),
            Some(Ok(())) => {}
            Some(Err(bad)) => return Ok(Some(Row::Bad(bad))),
        }
        if self.row.get(0) == Some("trailer") {
            let line = line_of(&self.row);
            let records = self.row.get(1).and_then(parsed);
            let total_minor = self.row.get(2).and_then(parsed);
            let (Some(records), Some(total_minor), 3) = (records, total_minor, self.row.len())
            else {
                return Err(self.wrong(line, "expected trailer,RECORDS,TOTAL"));
            };
            return Ok(Some(Row::Trailer {
                line,
                records,
                total_minor,
            }));
        }
        Ok(Some(match record(&self.row, self.last_number) {
            Ok(record) => {
                self.last_number = record.number;
                Row::Record(Box::new(record))
            }
            Err(bad) => Row::Bad(bad),
        }))
    }

    /// Something that is wrong with the file as a whole.
    pub(super) fn wrong(&self, line: u64, reason: impl Into<String>) -> FileError {
        self.lines.wrong(line, reason)
    }
}

fn line_of(row: &StringRecord) -> u64 {
    row.position().map_or(1, Position::line)
}

fn header(row: &StringRecord) -> Option<Header> {
    let right = row.get(0)? == "header" && row.get(1)? == VERSION && row.len() == 5;
    let date: jiff::civil::Date = row.get(4)?.parse().ok()?;
    let header = Header {
        file_id: row.get(2)?.parse().ok()?,
        network_id: row.get(3)?.parse().ok()?,
        business_date: date.to_string(),
    };
    right.then_some(header)
}

fn parsed<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}
