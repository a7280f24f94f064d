//! The `switch` command.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use codec::Pan;
use ledger::audit::Progress;
use ledger::books::inspection;
use ledger::identifiers::{RecordId, Timestamp};
use rules::ProgramId;
use switch::config_command::{self, Which};
use switch::data_directory::{self, INSPECT_BOOKS};
use switch::demo::DemoError;
use switch::history::{self, DEFAULT_LIMIT};
use switch::operate::{self, Operation};
use switch::serve::{self, Configuration, ConfigurationError};
use switch::show::{self, Question};
use switch::{audit, backup, check, clear, explain, replay, restore, rule_history};
use zeroize::Zeroizing;

/// After a start with a million accounts the system's own allocator keeps what it gave out in pieces that it searches:
/// with this one a third more is decided in the same time, in the same memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An issuer-side ISO 8583 authorization switch.
///
/// Exit codes: 0 good, 1 the thing checked or run is not good, 2 usage or configuration error.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Settings file; rules, networks and dialects are read from its directory.
    #[arg(long, global = true, default_value = "config/switch.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
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
enum ConfigQuestion {
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
enum What {
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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(&arguments.config),
        Command::Check {
            directory,
            json,
            tests,
        } => checked(&check::check(&directory, tests), json),
        Command::Config { what, json } => config(&arguments.config, what, json),
        Command::Backup { to, http } => done(&backup::run(&arguments.config, &to, http.as_deref())),
        Command::Restore { from } => done(&restore::run(&arguments.config, &from)),
        Command::InspectBooks {
            directory,
            cache_bytes,
        } => inspect_books(&directory, cache_bytes),
        Command::Audit {
            data,
            http,
            share,
            json,
        } => {
            let heard = &mut progress_lines(json);
            let report = match data {
                Some(data) => audit::stopped::run(&arguments.config, &data, heard),
                None => audit::stopped::ask(&http, share, heard),
            };
            audited(report, json)
        }
        Command::Explain {
            id,
            with,
            data,
            http,
            json,
        } => {
            let asked = (id, with.as_deref(), json);
            explained(&arguments.config, data, http, asked)
        }
        Command::Replay {
            rules,
            from,
            to,
            program,
            data,
            json,
        } => {
            let program = program.map(ProgramId);
            let span = replay::Span { from, to, program };
            let data = data_of(&arguments.config, data);
            let report = data.and_then(|data| replay::run(&data, &rules, &span));
            done(&report.map(|report| report.print(json)))
        }
        Command::Clear {
            file,
            http,
            items,
            json,
        } => cleared(clear::run(&http, &file, items.as_deref()), json),
        Command::Operate {
            operation,
            http,
            json,
        } => operated(operate::run(&http, &operation), json),
        Command::Show { what, http, json } => show(what, &http, json),
    }
}

fn config(settings: &std::path::Path, what: ConfigQuestion, json: bool) -> ExitCode {
    let archive = match serve::settings(settings) {
        Ok(settings) => settings.data_directory.join(data_directory::RULES),
        Err(error) => return fail(&error.to_string(), 2),
    };
    let answer = match what {
        ConfigQuestion::History => config_command::history(&archive, json),
        ConfigQuestion::Show { version, at } => {
            let which = match (version, at) {
                (Some(version), _) => Which::Version(version),
                (None, None) => Which::Newest,
                (None, Some(time)) => match rule_history::parse_time(&time) {
                    Some(time) => Which::At(time),
                    None => return fail(&format!("--at {time}: write 2026-11-21T12:00:00Z"), 2),
                },
            };
            config_command::show(&archive, &which, json)
        }
    };
    match answer {
        Ok(text) => print(&text, 0),
        Err(error) => fail(&error.to_string(), 1),
    }
}

fn checked(findings: &check::Findings, json: bool) -> ExitCode {
    let text = if json {
        format!("{}\n", findings.to_json())
    } else {
        findings.to_text()
    };
    print(&text, if findings.is_good() { 0 } else { 1 })
}

/// A time of the command line.
fn time(text: &str) -> Result<Timestamp, String> {
    rule_history::parse_time(text).ok_or_else(|| "write 2026-11-21T12:00:00Z".to_owned())
}

/// The data directory that is asked for.
fn data_of(settings: &std::path::Path, data: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    match data {
        Some(data) => Ok(data),
        None => Ok(serve::settings(settings)?.data_directory),
    }
}

/// Explains a decision; how that ended.
fn explained(
    settings: &std::path::Path,
    data: Option<PathBuf>,
    http: Option<String>,
    asked: (RecordId, Option<&std::path::Path>, bool),
) -> ExitCode {
    let told = match data {
        Some(data) => explain::tell(&data, None, asked),
        None => serve::settings(settings)
            .map_err(Into::into)
            .and_then(|settings| {
                let http = http.unwrap_or_else(|| settings.http_listen.to_string());
                explain::tell(&settings.data_directory, Some(&http), asked)
            }),
    };
    match told {
        Ok(told) => print(&told.text, if told.is_good { 0 } else { 1 }),
        Err(error) => done(&Err(error)),
    }
}

/// Reads the books of a directory and says what they are.
fn inspect_books(directory: &std::path::Path, cache_bytes: u64) -> ExitCode {
    let mut out = std::io::stdout();
    match inspection::report(directory, cache_bytes, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("standard output: {error}"), 2),
    }
}

/// Says on standard error how far an audit is, a line per change; machines wait for the report.
fn progress_lines(json: bool) -> impl FnMut(Progress) {
    let mut said = String::new();
    move |progress| {
        let text = audit::progress_text(progress);
        if !json && text != said {
            // Nobody may be listening.
            let _lost = writeln!(std::io::stderr(), "{text}");
            said = text;
        }
    }
}

/// How an audit ended.
fn audited(report: anyhow::Result<serde_json::Value>, json: bool) -> ExitCode {
    match report {
        Ok(report) => {
            let text = if json {
                format!("{report}\n")
            } else {
                audit::to_text(&report)
            };
            print(&text, if audit::is_good(&report) { 0 } else { 1 })
        }
        Err(error) => done(&Err(error)),
    }
}

fn operated(outcome: anyhow::Result<serde_json::Value>, json: bool) -> ExitCode {
    done(&outcome.map(|outcome| {
        if json {
            format!("{outcome}\n")
        } else {
            operate::to_text(&outcome)
        }
    }))
}

fn cleared(report: anyhow::Result<clear::Report>, json: bool) -> ExitCode {
    match report {
        Ok(report) => print(&report.print(json), if report.is_good() { 0 } else { 1 }),
        Err(error) => done(&Err(error)),
    }
}

/// How a command ended that says what it did.
fn done(result: &anyhow::Result<String>) -> ExitCode {
    match result {
        Ok(text) => print(text, 0),
        Err(error) => {
            let code = if error.is::<ConfigurationError>() {
                2
            } else {
                1
            };
            fail(&format!("{error:#}"), code)
        }
    }
}

fn serve(config: &std::path::Path) -> ExitCode {
    let configuration = match Configuration::load(config) {
        Ok(configuration) => configuration,
        Err(error) => return fail(&error.to_string(), 2),
    };
    match serve::run(configuration) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let demo = error.downcast_ref::<DemoError>();
            let code = if demo.is_some_and(DemoError::is_configuration) {
                2
            } else {
                1
            };
            fail(&format!("{error:#}"), code)
        }
    }
}

fn show(what: What, http: &str, json: bool) -> ExitCode {
    let question = match what {
        What::Controls { account_id } => Question::Controls(account_id),
        What::Account {
            id,
            history: true,
            cursor,
            limit,
        } => Question::History { id, cursor, limit },
        What::Account { id, .. } => Question::Account(id),
        What::Messages { account_id } => Question::Messages(account_id),
        What::Authorization { id } => Question::Authorization(id),
        What::WorkList => Question::WorkList,
        What::Transfers => Question::Transfers,
        What::Purges => Question::Purges,
        What::Links => Question::Links,
        What::Totals => Question::Totals,
        What::Rules => Question::Rules,
        What::Card => match pan_from_input() {
            Ok(pan) => Question::Card(pan),
            Err(error) => return fail(&error, 2),
        },
    };
    match show::ask(http, &question) {
        Ok(answer) if json => print(&format!("{answer}\n"), 0),
        Ok(answer) if matches!(question, Question::History { .. }) => {
            print(&history::to_text(&answer), 0)
        }
        Ok(answer) => print(&show::to_text(&answer), 0),
        Err(error) => fail(&format!("{error:#}"), 1),
    }
}

fn pan_from_input() -> Result<Pan, String> {
    let mut text = Zeroizing::new(String::new());
    let read = std::io::stdin().take(64).read_to_string(&mut text);
    read.map_err(|error| format!("standard input: {error}"))?;
    Pan::parse(text.trim()).map_err(|error| format!("standard input: {error}"))
}

fn print(text: &str, code: u8) -> ExitCode {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(error) => fail(&format!("standard output: {error}"), 2),
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    // Without standard error there is nobody to tell; the exit code still says it.
    writeln!(std::io::stderr(), "switch: {message}").unwrap_or_default();
    ExitCode::from(code)
}
