//! `iso8583 dialects`: which there are, and what is in one. Also how a dialect is named on a command line.
//!
//! Must never take another dialect than the one named: a name that is not there is refused, with the nearest one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use codec::describe::forms;
use codec::{Dialect, DialectErrorKind};
use serde_json::json;

use super::{Failure, Output, json, table, tell};

/// Where dialects are looked for by name.
#[derive(Debug, Args)]
pub(crate) struct Directory {
    /// Directory of dialects that are named without a path [default: $ISO8583_DIALECTS, or config/dialects]
    #[arg(long, value_name = "DIR")]
    dialects: Option<PathBuf>,
}

impl Directory {
    /// The directory.
    pub(crate) fn path(&self) -> PathBuf {
        self.dialects.clone().unwrap_or_else(|| {
            std::env::var_os("ISO8583_DIALECTS")
                .map_or_else(|| PathBuf::from("config/dialects"), PathBuf::from)
        })
    }

    /// The documents in it, by name.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let directory = self.path();
        let place = || directory.display().to_string();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&directory).with_context(place)? {
            let file = entry.with_context(place)?.path();
            if file.extension() == Some(OsStr::new("toml")) {
                files.push(file);
            }
        }
        files.sort();
        Ok(files)
    }

    /// The file of a dialect: a path, or a name in the directory.
    pub(crate) fn find(&self, named: &Path) -> Result<PathBuf, Failure> {
        if named.is_file() {
            return Ok(named.to_owned());
        }
        let is_name = named.components().count() == 1 && named.extension().is_none();
        if is_name {
            let file = self.path().join(named).with_extension("toml");
            if file.is_file() {
                return Ok(file);
            }
            let directory = self.path();
            let near = nearest(named.as_os_str(), &directory);
            return Err(anyhow!(
                "{} is neither a file nor a dialect in {}{}",
                named.display(),
                directory.display(),
                near.unwrap_or_default()
            )
            .into());
        }
        Ok(named.to_owned())
    }

    /// Loads a dialect that is named on the command line.
    pub(crate) fn load(&self, named: &Path) -> Result<Dialect, Failure> {
        let file = self.find(named)?;
        Dialect::load(&file).map_err(|error| {
            let missing = matches!(error.kind, DialectErrorKind::Unreadable(_));
            let directory = file.parent().filter(|_| missing);
            let stem = file.file_stem().unwrap_or_default();
            let near = directory.and_then(|directory| nearest(stem, directory));
            match near {
                Some(near) => anyhow!("{error}{near}").into(),
                None => error.into(),
            }
        })
    }
}

/// `; did you mean visa-base1?`
fn nearest(name: &OsStr, directory: &Path) -> Option<String> {
    let name = name.to_str()?;
    let files = std::fs::read_dir(directory).ok()?;
    let stems = files.filter_map(|file| {
        let path = file.ok()?.path();
        let toml = path.extension() == Some(OsStr::new("toml"));
        path.file_stem()?
            .to_str()
            .filter(|_| toml)
            .map(str::to_owned)
    });
    let near = stems
        .map(|stem| (strsim::jaro_winkler(name, &stem), stem))
        .filter(|(score, _)| *score > 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    near.map(|(_, stem)| format!("; did you mean {stem}?"))
}

/// The dialect of messages.
#[derive(Debug, Args)]
pub(crate) struct DialectOption {
    /// The dialect: its document (TOML), or its name.
    #[arg(long, value_name = "FILE|NAME")]
    dialect: PathBuf,
    #[command(flatten)]
    directory: Directory,
}

impl DialectOption {
    pub(crate) fn load(&self) -> Result<Dialect, Failure> {
        self.directory.load(&self.dialect)
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the dialects of a directory.
    List {
        #[command(flatten)]
        directory: Directory,
        /// Print one JSON object in a line.
        #[arg(long)]
        json: bool,
    },
    /// Print the elements of a dialect and how they are written.
    Show {
        /// The dialect: its document (TOML), or its name.
        #[arg(value_name = "FILE|NAME")]
        dialect: PathBuf,
        #[command(flatten)]
        directory: Directory,
        /// Print one JSON object in a line.
        #[arg(long)]
        json: bool,
    },
}

/// Lists dialects or shows one.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::List { directory, json } => list(directory, *json),
        Action::Show {
            dialect,
            directory,
            json,
        } => show(&directory.load(dialect)?, *json),
    }
}

fn list(directory: &Directory, as_json: bool) -> Result<(), Failure> {
    let mut output = Output::new();
    let mut rows = vec![
        ["NAME", "EDITION", "ELEMENTS", "UNVERIFIED", "SOURCE"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let mut failed = false;
    for file in directory.files()? {
        let stem = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let dialect = match Dialect::load(&file) {
            Ok(dialect) => dialect,
            Err(error) => {
                tell(&error.to_string());
                failed = true;
                continue;
            }
        };
        let elements = dialect.elements().count();
        let unverified = dialect.unverified().len();
        if as_json {
            output.line(&json(&json!({
                "name": stem,
                "edition": dialect.version(),
                "elements": elements,
                "unverified": unverified,
                "source": dialect.source(),
                "file": file.display().to_string(),
            }))?)?;
        } else {
            rows.push(vec![
                stem,
                dialect.version().to_owned(),
                elements.to_string(),
                unverified.to_string(),
                dialect.source().to_owned(),
            ]);
        }
    }
    if !as_json {
        print_rows(&mut output, &rows)?;
    }
    output.flush()?;
    super::source::told(failed)
}

fn show(dialect: &Dialect, as_json: bool) -> Result<(), Failure> {
    let mut output = Output::new();
    let titles = [
        "ELEMENT",
        "NAME",
        "FORMAT",
        "LENGTH",
        "ENCODING",
        "INSIDE",
        "MASKED AS",
        "UNVERIFIED",
    ];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    for form in forms(dialect) {
        if as_json {
            output.line(&json(&json!({
                "element": form.element.number(),
                "name": form.name,
                "format": form.format,
                "length": form.length,
                "encoding": form.encoding,
                "structure": form.structure,
                "sensitivity": form.sensitivity,
                "unverified": form.unverified,
            }))?)?;
            continue;
        }
        rows.push(vec![
            form.element.to_string(),
            form.name,
            form.format.to_owned(),
            form.length,
            form.encoding.to_owned(),
            form.structure.unwrap_or_default().to_owned(),
            form.sensitivity.unwrap_or_default().to_owned(),
            if form.unverified { "yes" } else { "" }.to_owned(),
        ]);
    }
    if !as_json {
        output.line(&format!(
            "{}: ISO 8583:{}",
            dialect.name(),
            dialect.version()
        ))?;
        output.line(&format!("source: {}", dialect.source()))?;
        output.line("")?;
        print_rows(&mut output, &rows)?;
    }
    output.flush()
}

fn print_rows(output: &mut Output, rows: &[Vec<String>]) -> Result<(), Failure> {
    let columns = rows.first().map_or(0, Vec::len);
    let widths = table::widths(rows, &vec![60; columns]);
    for row in rows {
        output.line(table::plain(&table::row(row, &widths)).trim_end())?;
    }
    Ok(())
}
