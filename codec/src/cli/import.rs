//! `iso8583 import`: a dialect from a specification of another system.
//!
//! Must never write over a file, nor leave out something silently.

use std::fs::OpenOptions;
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use codec::Dialect;
use codec::import::{Import, ImportError, WrittenAs};

use super::source::{open, read_at_most};
use super::{Failure, Output, tell};

/// Longest specification, in bytes.
const LONGEST: usize = 1 << 24;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Whose specification it is.
    #[arg(value_name = "SYSTEM")]
    system: System,
    /// jPOS: XML of a GenericPackager. moov: JSON, or YAML by the ending .yaml or .yml. `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write the dialect here; the file must not be there yet. Without it to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Name of the dialect; without it that of the specification, or of its file.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Edition of ISO 8583; without it by the length of element 12.
    #[arg(long, value_name = "YEAR", value_parser = ["1987", "1993", "2003"])]
    edition: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum System {
    /// jPOS GenericPackager.
    Jpos,
    /// moov-io/iso8583.
    Moov,
}

/// Reads a specification and writes a dialect.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let place = arguments.file.display().to_string();
    let bytes = read_at_most(&mut BufReader::new(open(&arguments.file)?), LONGEST)?;
    let bytes = bytes
        .ok_or_else(|| Failure::Message(format!("{place}: expected at most {LONGEST} bytes")))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| Failure::Message(format!("{place}: {error}")))?;
    let import =
        read(arguments, text).map_err(|error| Failure::Message(format!("{place}: {error}")))?;
    let stem = arguments
        .file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let name = arguments.name.as_deref().or(import.name.as_deref());
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    let system = match arguments.system {
        System::Jpos => "jPOS GenericPackager",
        System::Moov => "moov-io/iso8583 specification",
    };
    let file = arguments
        .file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let written = import.to_dialect(WrittenAs {
        name: name.unwrap_or(&stem),
        source: &format!("{system}, {file}"),
        version: arguments.edition.as_deref(),
    });
    for left_out in &written.left_out {
        tell(&format!("not carried over: {left_out}"));
    }
    let dialect = Dialect::from_toml("the imported dialect", &written.toml)
        .map_err(|error| Failure::Message(error.to_string()))?;
    match &arguments.out {
        Some(out) => write(out, &written.toml)?,
        None => {
            let mut output = Output::new();
            output.bytes(written.toml.as_bytes())?;
            output.flush()?;
        }
    }
    tell(&format!(
        "{} elements carried over, {} remarks; check the framing and the sensitivities",
        dialect.elements().count(),
        written.left_out.len()
    ));
    Ok(())
}

fn read(arguments: &Arguments, text: &str) -> Result<Import, ImportError> {
    let ending = arguments
        .file
        .extension()
        .and_then(|ending| ending.to_str());
    match (arguments.system, ending) {
        (System::Jpos, _) => Import::from_jpos(text),
        (System::Moov, Some("yaml" | "yml")) => Import::from_moov_yaml(text),
        (System::Moov, Some("json")) => Import::from_moov_json(text),
        (System::Moov, _) if text.trim_start().starts_with('{') => Import::from_moov_json(text),
        (System::Moov, _) => Import::from_moov_yaml(text),
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let place = || file.display().to_string();
    let mut created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .with_context(place)?;
    created.write_all(text.as_bytes()).with_context(place)?;
    Ok(())
}
