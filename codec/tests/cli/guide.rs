//! The guide, followed: its pieces of TOML are added to a file one after another, and its commands are run in between.

use std::path::PathBuf;
use std::process::Command;

use super::run::dialects;

const GUIDE: &str = include_str!("../../WRITE-A-DIALECT.md");

/// The blocks of code with their language.
fn blocks() -> impl Iterator<Item = (&'static str, &'static str)> {
    let inside = GUIDE.split("```").skip(1).step_by(2);
    inside.map(|block| block.split_once('\n').unwrap())
}

/// The commands of a block with what they print. A command begins with `$`; its further lines are indented.
fn commands(block: &str) -> Vec<(String, String)> {
    let blocks = block.split("$ ").skip(1).map(|text| {
        let further = |line: &&str| line.starts_with("    ");
        let lines: Vec<&str> = text.lines().collect();
        let count = 1 + lines[1..]
            .iter()
            .copied()
            .take_while(|line| further(line))
            .count();
        let printed = lines[count..].iter().map(|line| format!("{line}\n"));
        (lines[..count].join("\n"), printed.collect())
    });
    blocks.collect()
}

/// A directory with the shipped dialects, as the guide's reader has it.
fn directory() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("followed-guide");
    let copies = directory.join("config/dialects");
    std::fs::create_dir_all(&copies).unwrap();
    for file in std::fs::read_dir(dialects()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copies.join(file.file_name())).unwrap();
    }
    directory
}

#[test]
fn every_command_of_the_guide_prints_what_the_guide_says() {
    let directory = directory();
    let command = PathBuf::from(env!("CARGO_BIN_EXE_iso8583"));
    let path = format!(
        "{}:{}",
        command.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let (mut dialect, mut ran) = (String::new(), 0);
    for (language, block) in blocks() {
        if language == "toml" {
            dialect.push_str(block);
            std::fs::write(directory.join("config/dialects/my-network.toml"), &dialect).unwrap();
        }
        // The tests of the package are run by themselves.
        if language != "sh" || block.starts_with("cargo ") {
            continue;
        }
        for (line, printed) in commands(block) {
            let output = Command::new("sh")
                .args(["-c", &format!("{{ {line}\n}} 2>&1")])
                .current_dir(&directory)
                .env("PATH", &path)
                .env_remove("ISO8583_DIALECTS")
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), printed, "{line}");
            ran += 1;
        }
    }
    assert!(ran >= 8, "{ran}");
    std::fs::remove_dir_all(&directory).unwrap();
}
