//! The command line of `switch`.
//!
//! Owns: the subcommands and their arguments; scripts hold on to them. Must never: take a PAN as an argument, where
//! others can see it.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use ledger::identifiers::{RecordId, Timestamp};
use switch::data_directory::INSPECT_BOOKS;
use switch::history::DEFAULT_LIMIT;
use switch::operate::Operation;
use switch::rule_history;

/// An issuer-side ISO 8583 authorization switch.
///
/// Exit codes: 0 good, 1 the thing checked or run is not good, 2 usage or configuration error.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Settings file; rules, networks and dialects are read from its directory.
    #[arg(long, global = true, default_value = "config/switch.toml")]
    pub(crate) config: PathBuf,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the switch (the default).
    Serve,
    /// Check a configuration directory without running it.
    Check {
        /// The directory.
        #[arg(default_value = "config")]
        directory: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Run its rule-tests/*.toml as well.
        #[arg(long)]
        tests: bool,
    },
    /// Show the rules that are or were in force, from the archive of the data directory.
    Config {
        #[command(subcommand)]
        what: ConfigQuestion,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Copy what another machine would need, while the switch runs or not. Keys are not copied.
    Backup {
        /// A new or empty directory.
        #[arg(long)]
        to: PathBuf,
        /// Where the running switch's HTTP listens [default: as in the settings]
        #[arg(long)]
        http: Option<String>,
    },
    /// Make a data directory of a backup.
    Restore {
        /// The backup's directory.
        #[arg(long)]
        from: PathBuf,
    },
    /// Read every row of the books in a directory: a start does that in a process of its own.
    #[command(name = INSPECT_BOOKS, hide = true)]
    InspectBooks {
        /// The directory.
        directory: PathBuf,
        /// Bytes of the page cache.
        cache_bytes: u64,
    },
    /// Check that books, journal and events are what they must be: of the running switch, which goes on, or
    /// of data that no switch uses.
    Audit {
        /// A data directory that no switch uses, such as a copy.
        #[arg(long)]
        data: Option<PathBuf>,
        /// Where the running switch's HTTP listens.
        #[arg(long, default_value = "127.0.0.1:8080", conflicts_with = "data")]
        http: String,
        /// Hundredths of the time that the audit of the running switch works; it rests for the others.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100), conflicts_with = "data")]
        share: u8,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say why a decision came out as it did, check by check, under the rules that it was made under. The books of
    /// the running switch know it at once; without it, the journal of the data directory is read.
    Explain {
        /// Its id, such as 0-1234-5.
        id: RecordId,
        /// A configuration directory whose rules it is explained under as well.
        #[arg(long, value_name = "DIR")]
        with: Option<PathBuf>,
        /// The data directory [default: that of the settings]
        #[arg(long)]
        data: Option<PathBuf>,
        /// Where the running switch's HTTP listens [default: as in the settings]
        #[arg(long, conflicts_with = "data")]
        http: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say which recorded decisions other rules would change, in order and with the balances that they leave.
    /// Nothing is written.
    Replay {
        /// The configuration directory with the other rules.
        #[arg(long, value_name = "DIR")]
        rules: PathBuf,
        /// Decisions before are taken as they were recorded, such as 2026-11-21T12:00:00Z.
        #[arg(long, value_name = "TIME", value_parser = time)]
        from: Option<Timestamp>,
        /// Decisions after are left out.
        #[arg(long, value_name = "TIME", value_parser = time)]
        to: Option<Timestamp>,
        /// Count only decisions on accounts of this program.
        #[arg(long)]
        program: Option<u32>,
        /// The data directory [default: that of the settings]
        #[arg(long)]
        data: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a clearing file to the running switch. Nothing of it is taken unless header, trailer and totals are right;
    /// taken again, what was decided stays as it was.
    Clear {
        /// The file: see README.md for its columns.
        file: PathBuf,
        /// Where its HTTP listens.
        #[arg(long, default_value = "127.0.0.1:8080")]
        http: String,
        /// A file for everything that did not simply post, a JSON line each.
        #[arg(long, value_name = "FILE")]
        items: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Carry out an operation on the running switch.
    Operate {
        #[command(subcommand)]
        operation: Operation,
        /// Where its HTTP listens.
        #[arg(long, global = true, default_value = "127.0.0.1:8080")]
        http: String,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Show what the running switch holds.
    Show {
        #[command(subcommand)]
        what: What,
        /// Where its HTTP listens.
        #[arg(long, global = true, default_value = "127.0.0.1:8080")]
        http: String,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigQuestion {
    /// Which versions came into force when, oldest first.
    History,
    /// The documents of a version [default: the one that came into force last]
    Show {
        /// The version, or how it begins.
        version: Option<String>,
        /// The version that was in force then, such as 2026-11-21T12:00:00Z.
        #[arg(long, conflicts_with = "version", value_name = "TIME")]
        at: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Limits and balances of an account, or its history.
    Account {
        /// Its number.
        id: u64,
        /// What was decided on it and what that posted, newest first.
        #[arg(long)]
        history: bool,
        /// Where the page before ended.
        #[arg(long, requires = "history")]
        cursor: Option<RecordId>,
        /// Decisions of a page, up to 1000.
        #[arg(long, requires = "history", default_value_t = DEFAULT_LIMIT)]
        limit: usize,
    },
    /// Flex controls of an account and of its customers, with what is used and what is left.
    Controls {
        /// The account's number.
        account_id: u64,
    },
    /// What was decided on an account, newest first.
    Messages {
        /// The account's number.
        account_id: u64,
    },
    /// One authorization, inquiry or reversal.
    Authorization {
        /// Its id, such as 0-1234-5.
        id: String,
    },
    /// A card; its PAN is read from standard input.
    Card,
    /// The clearings that wait for somebody to resolve or reject them, the oldest first.
    WorkList,
    /// The transfers that are on their way, the oldest first.
    Transfers,
    /// How far the history is purged, and what holds it back.
    Purges,
    /// The open links.
    Links,
    /// What was answered to each network, counted by business day.
    Totals,
    /// The rules in force and how the last reload ended.
    Rules,
}

/// A time of the command line.
fn time(text: &str) -> Result<Timestamp, String> {
    rule_history::parse_time(text).ok_or_else(|| "write 2026-11-21T12:00:00Z".to_owned())
}
