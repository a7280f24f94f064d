//! `--reveal` at a terminal: a pseudo-terminal stands for it.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::run::{PAN, dialects, hex, purchase, with_dialect};

/// What the command shows at a terminal, and what it says beside it.
fn at_a_terminal(arguments: &[&str]) -> (String, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let screen = OpenOptions::new()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_iso8583"))
        .args(arguments)
        .env("ISO8583_DIALECTS", dialects())
        .stdin(Stdio::null())
        .stdout(screen)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = Vec::new();
    // It ends with an error once the command has closed its end.
    drop(File::from(terminal).read_to_end(&mut shown));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    (
        String::from_utf8(shown).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn secrets_are_shown_at_a_terminal_with_a_warning() {
    let message = hex(purchase());
    for action in ["decode", "describe"] {
        let arguments = [action, "--dialect", "iso1987-ascii", "--hex", &message];
        let (masked, silent) = at_a_terminal(&arguments);
        assert!(
            masked.contains("400000******0016") && !masked.contains(PAN),
            "{masked}"
        );
        assert_eq!(silent, "");
        let (shown, warning) = at_a_terminal(&[&arguments[..], &["--reveal"]].concat());
        assert!(shown.contains(PAN), "{shown}");
        assert!(
            warning.starts_with("iso8583: warning: card secrets are shown in clear"),
            "{warning}"
        );
        assert!(!warning.contains(PAN), "{warning}");
    }
}

#[test]
fn secrets_are_not_shown_anywhere_else() {
    let message = hex(purchase());
    for arguments in [
        &["decode", "--reveal", "--hex", &message][..],
        &["describe", "--reveal", "--hex", &message],
        &["diff", "--reveal", &message, &message],
        &["pcap", "--reveal", "no/such/file"],
    ] {
        let ran = with_dialect(arguments[0], &arguments[1..], "");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(
            ran.err,
            "iso8583: --reveal shows card secrets: only when standard output is a terminal\n"
        );
    }
}
