//! Running the command.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::common;

/// A card number that must never be printed.
pub(crate) const PAN: &str = "4000001200000016";

pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
    run_command(
        Command::new(env!("CARGO_BIN_EXE_iso8583")).args(arguments),
        input,
    )
}

fn run_command(command: &mut Command, input: impl AsRef<[u8]>) -> Ran {
    let mut child = command
        .env("ISO8583_DIALECTS", dialects())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // A command that fails before it reads closes the pipe: that is not this test's failure.
    drop(child.stdin.take().expect("piped").write_all(input.as_ref()));
    let output = child.wait_with_output().expect("the command ends");
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The same by a line of the shell, in which `$0` is the command: for output that is no text.
pub(crate) fn through_shell(line: &str, input: impl AsRef<[u8]>) -> Ran {
    run_command(
        Command::new("sh").args(["-c", line, env!("CARGO_BIN_EXE_iso8583")]),
        input,
    )
}

/// The directory of the shipped dialects.
pub(crate) fn dialects() -> String {
    let file = common::dialect_path();
    let directory = file.parent().expect("a directory");
    directory.to_str().expect("UTF-8").to_owned()
}

/// With the generic dialect.
pub(crate) fn with_dialect(action: &str, more: &[&str], input: impl AsRef<[u8]>) -> Ran {
    let path = common::dialect_path();
    let path = path.to_str().expect("UTF-8");
    run(&[&[action, "--dialect", path], more].concat(), input)
}

/// A file of this test.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = path(name);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("created");
    std::fs::write(&path, content).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

/// A file of this test that is not there.
pub(crate) fn path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(std::fs::remove_file(&path));
    path
}

pub(crate) fn hex(text: impl AsRef<[u8]>) -> String {
    let bytes = text.as_ref().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// A message in ASCII.
pub(crate) fn purchase() -> String {
    format!(
        "01007020000020000000{}{PAN}000000000000012345000001{}{PAN}=2912",
        "16", "21"
    )
}

/// An echo in ASCII with this trace number.
pub(crate) fn echo(number: u32) -> String {
    format!("08008220000000000000040000000000000011201215594{number:05}301")
}
