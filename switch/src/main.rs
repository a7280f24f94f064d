//! The `switch` command.
//!
//! Owns: what each subcommand runs, what it prints, and the exit codes.

mod cli;

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use codec::Pan;
use ledger::audit::Progress;
use ledger::books::inspection;
use ledger::identifiers::RecordId;
use rules::ProgramId;
use switch::config_command::{self, Which};
use switch::data_directory;
use switch::demo::DemoError;
use switch::history;
use switch::operate;
use switch::serve::{self, Configuration, ConfigurationError};
use switch::show::{self, Question};
use switch::{audit, backup, check, clear, explain, replay, restore, rule_history};
use zeroize::Zeroizing;

use cli::{Arguments, Command, ConfigQuestion, What};

/// After a start with a million accounts the system's own allocator keeps what it gave out in pieces that it searches:
/// with this one a third more is decided in the same time, in the same memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
        Err(error) => return failed(&error.into()),
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
        Err(error) => failed(error),
    }
}

fn serve(config: &std::path::Path) -> ExitCode {
    let configuration = Configuration::load(config).map_err(Into::into);
    match configuration.and_then(serve::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Says what was wrong, with 2 where the user gave it.
fn failed(error: &anyhow::Error) -> ExitCode {
    let demo = error.downcast_ref::<DemoError>();
    let is_given =
        error.is::<ConfigurationError>() || demo.is_some_and(DemoError::is_configuration);
    fail(&format!("{error:#}"), if is_given { 2 } else { 1 })
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
