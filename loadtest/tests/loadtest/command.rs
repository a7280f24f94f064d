//! Running the command, and what it refuses.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::stub::{Fault, Stub};

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) json: Value,
    pub(crate) text: String,
    pub(crate) errors: String,
}

impl Ran {
    /// A number of the report.
    #[track_caller]
    pub(crate) fn count(&self, key: &str) -> u64 {
        self.json[key]
            .as_u64()
            .unwrap_or_else(|| panic!("{key}: {}", self.errors))
    }
}

/// Options of the tests; those given later win.
const SHORT: [&str; 10] = [
    "--rate",
    "500",
    "--duration",
    "1s",
    "--warm-up",
    "0s",
    "--connections",
    "2",
    "--timeout-ms",
    "3000",
];

/// Runs the command in the workspace, with the default mix and dialect.
pub(crate) fn command(arguments: &[&str]) -> Ran {
    let directory = tempfile::tempdir().unwrap();
    let json = directory.path().join("out.json");
    let output = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
        .args(["run", "--json"])
        .arg(&json)
        .args(arguments)
        .output()
        .unwrap();
    let text = std::fs::read_to_string(&json).unwrap_or_default();
    Ran {
        code: output.status.code().unwrap(),
        json: serde_json::from_str(&text).unwrap_or(Value::Null),
        text: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs half a thousand messages against a stub and compares the books.
pub(crate) fn against(stub: &Stub, further: &[&str]) -> Ran {
    let (target, admin) = (stub.target.to_string(), stub.admin.to_string());
    let mut arguments = vec!["--target", &target, "--admin", &admin];
    // An option may be given once only.
    for pair in SHORT.chunks(2).filter(|pair| !further.contains(&pair[0])) {
        arguments.extend(pair);
    }
    arguments.extend(further);
    command(&arguments)
}

#[test]
fn usage_and_files_that_cannot_be_used_exit_with_2() {
    let stub = Stub::start(Fault::None, 1);
    let target = stub.target.to_string();
    let base = ["--target", &target, "--duration", "1s"];
    let directory = tempfile::tempdir().unwrap();
    let mix = directory.path().join("mix.toml");
    let text = include_str!("../../../config/load/default.toml");
    std::fs::write(&mix, text.replace("18 = \"5411\"", "18 = \"54111\"")).unwrap();
    let long_mcc = mix.display().to_string();
    for (further, reason) in [
        (&["--rate", "0"][..], "--rate"),
        (&["--rate", "10", "--connections", "0"], "--connections"),
        (&["--rate", "10", "--mix", "no/such.toml"], "no/such.toml"),
        (&["--rate", "10", "--mix", "Cargo.toml"], "Cargo.toml:"),
        (&["--rate", "10", "--mix", &long_mcc], "DE18"),
        (&["--rate", "10", "--dialect", "Cargo.toml"], "Cargo.toml:"),
        (&["--rate", "10", "--disk-probe", "no/such"], "disk probe"),
        (&["--rate", "10", "--warm-up", "3 weeks"], "--warm-up"),
    ] {
        let ran = command(&[&base, further].concat());
        assert_eq!(ran.code, 2, "{further:?}: {}", ran.errors);
        assert!(ran.errors.contains(reason), "{further:?}: {}", ran.errors);
    }
}

#[test]
fn what_cannot_be_reached_exits_with_1() {
    let stub = Stub::start(Fault::None, 1);
    // Port 1 is not open on a test machine.
    let ran = command(&["--target", "127.0.0.1:1", "--rate", "10"]);
    assert_eq!(ran.code, 1);
    assert!(ran.errors.contains("target 127.0.0.1:1"), "{}", ran.errors);
    let target = stub.target.to_string();
    let ran = command(&[
        "--target",
        &target,
        "--rate",
        "10",
        "--admin",
        "127.0.0.1:1",
    ]);
    assert_eq!(ran.code, 1);
    assert!(ran.errors.contains("admin 127.0.0.1:1"), "{}", ran.errors);
}

#[test]
fn accounts_that_the_switch_does_not_have_stop_the_run() {
    let stub = Stub::start(Fault::None, 1);
    let directory = tempfile::tempdir().unwrap();
    let mix = directory.path().join("mix.toml");
    let text = include_str!("../../../config/load/default.toml");
    let text = text.replace("first_account_id = 1000000", "first_account_id = 5");
    std::fs::write(&mix, text).unwrap();
    let ran = against(&stub, &["--mix", mix.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.errors.contains("accounts are not in the books"),
        "{}",
        ran.errors
    );
}
