//! strace lets system calls of the switch fail.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cases::Files;
use crate::harness::{Process, Switch, strace};

/// strace for a process, which injects and writes nothing down.
fn injecting(data: &Path, on: Files, inject: &str) -> Command {
    let mut command = Command::new("strace");
    let call = inject.split(':').next().unwrap();
    command.args(["-f", "-qq", "-e", "signal=none", "-o", "/dev/null"]);
    command.args([
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={inject}"),
    ]);
    for file in on.paths(data) {
        command.arg("-P").arg(file);
    }
    command
}

impl Files {
    /// The files of this kind that are there.
    pub(crate) fn paths(self, data: &Path) -> Vec<PathBuf> {
        match self {
            Self::Journal => segments(data),
            Self::Events => files(&data.join("events")),
            Self::Books => vec![data.join("books/db")],
            Self::Any => Vec::new(),
        }
    }
}

/// The journal's segments, in order.
pub(crate) fn segments(data: &Path) -> Vec<PathBuf> {
    let mut paths = files(&data.join("journal"));
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "journal"));
    paths
}

/// What stands in a directory, in order.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Lets a call of a running switch fail from now on; ends with the switch.
///
/// # Errors
/// Why nothing can be traced here.
pub(crate) fn attach(
    switch: &Switch,
    data: &Path,
    on: Files,
    inject: &str,
) -> Result<Process, String> {
    strace::available()?;
    let mut strace = injecting(data, on, inject);
    strace.args(["-p", &switch.id().to_string()]);
    // Quiet only about what ends: that it is attached must be heard.
    let arguments: Vec<_> = strace
        .get_args()
        .filter(|argument| *argument != "-qq")
        .collect();
    strace::attach(Command::new("strace").args(arguments))
}

/// A command under strace from its beginning; it ends as the command does.
///
/// # Errors
/// Why nothing can be traced here.
pub(crate) fn around(
    command: &Command,
    data: &Path,
    on: Files,
    inject: &str,
) -> Result<Command, String> {
    strace::available()?;
    let mut strace = injecting(data, on, inject);
    // Detached: the child is the command, not strace.
    strace.arg("-D");
    strace.arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        strace.current_dir(directory);
    }
    Ok(strace)
}
