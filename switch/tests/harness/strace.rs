//! strace, where it is there and may trace.

use std::process::{Command, Stdio};

use super::process::Process;

/// Whether anything can be traced here.
///
/// # Errors
/// Why not.
pub(crate) fn available() -> Result<(), String> {
    let tried = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status();
    match tried {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("strace may not trace here".to_owned()),
        Err(error) => Err(format!("strace: {error}")),
    }
}

/// Starts a strace that attaches itself, and waits until it has. It must not be told to be quiet about that.
///
/// # Errors
/// Why it cannot.
pub(crate) fn attach(command: &mut Command) -> Result<Process, String> {
    let mut strace = Process::start(command);
    let heard = strace
        .log
        .wait_for("strace is attached or says why not", |line| {
            line.contains("attached") || line.contains("attach:") || line.contains("ptrace")
        });
    if heard.contains("attached") {
        return Ok(strace);
    }
    strace.wait();
    Err(heard)
}
