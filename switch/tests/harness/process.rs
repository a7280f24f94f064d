//! A child process that does not outlive its test.

use std::process::{Child, Command, ExitStatus, Output, Stdio};

use super::clock::{LIFE_PATIENCE, await_within};
use super::log::Log;

/// A running child process and its standard error.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// What it writes to standard error.
    pub(crate) log: Log,
}

/// What a process that has ended leaves behind.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// It ended with 0.
    #[track_caller]
    pub(crate) fn expect_good(&self) {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
    }

    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let log = Log::follow(child.stderr.take().unwrap());
        Self { child, log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        signal(self.id(), "TERM");
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end, and for the end of its log.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let status = await_within(LIFE_PATIENCE, || self.child.try_wait().unwrap());
        let status = status.expect("the process does not end");
        self.log.wait_for_end();
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let ended = self.child.try_wait().ok().flatten();
        if ended.is_none() && self.child.kill().is_ok() {
            drop(self.child.wait());
        }
        if std::thread::panicking() {
            // Such as a signal from outside, of which its log knows nothing.
            if let Some(status) = ended {
                eprintln!("the process had ended before: {status}");
            }
            let lines = self.log.lines();
            let last = &lines[lines.len().saturating_sub(30)..];
            eprintln!("last lines of the log:\n{}", last.join("\n"));
        }
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(id: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &id.to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "SIG{name} could not be sent");
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Ended::of(&output)
}

/// Runs a command to its end, which reads this from standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Ended {
    use std::io::Write as _;
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    Ended::of(&process.wait_with_output().unwrap())
}

/// Says on standard error, past the capture of test output, that a test was skipped and why.
pub(crate) fn skipped(why: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr().lock(), "skipped: {why}").unwrap();
}
