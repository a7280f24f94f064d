//! `iso8583 check`: is a dialect good, and what in it is unconfirmed.
//!
//! Must never pass a dialect that a running switch would refuse: it loads it in the same way.

use std::path::Path;

use codec::{Dialect, DialectErrorKind, Element};

use super::{Failure, print_line};

/// Loads a dialect and prints what it is.
pub(crate) fn run(file: &Path) -> Result<(), Failure> {
    let dialect = Dialect::load(file).map_err(|error| match error.kind {
        // A file that is not there is a wrong command line, not a bad dialect.
        DialectErrorKind::Unreadable(_) => Failure::from(error),
        _ => Failure::Message(error.to_string()),
    })?;
    let elements: Vec<Element> = dialect.elements().collect();
    let mut report = format!(
        "{}: ISO 8583:{}, {} elements, frames of at most {} bytes",
        dialect.name(),
        dialect.version(),
        elements.len(),
        dialect.framing().maximum_frame_bytes,
    );
    report.push_str(&format!("\nsource: {}", dialect.source()));
    let unverified = dialect.unverified();
    match unverified.len() {
        0 => report.push_str("\nunverified: none"),
        1 => report.push_str("\nunverified: 1 element"),
        count => report.push_str(&format!("\nunverified: {count} elements")),
    }
    for element in unverified {
        let name = dialect.element_name(*element).unwrap_or_default();
        report.push_str(&format!("\n  {element} {name}"));
    }
    Ok(print_line(&report)?)
}
