//! `dialects`, names of dialects, and completions.

use super::run::{dialects, file, hex, purchase, run};

#[test]
fn dialects_are_listed_and_shown() {
    let ran = run(&["dialects", "list"], "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let line = ran
        .out
        .lines()
        .find(|line| line.starts_with("iso1987-ascii "));
    assert!(
        line.unwrap().contains("1987     127       1 "),
        "{}",
        ran.out
    );
    let json = run(&["dialects", "list", "--json"], "");
    let first: serde_json::Value = serde_json::from_str(json.out.lines().next().unwrap()).unwrap();
    assert!(first["name"].is_string() && first["elements"].is_u64());

    let ran = run(&["dialects", "show", "visa-base1"], "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let row = |element: &str| {
        let line = ran
            .out
            .lines()
            .find(|line| line.starts_with(element))
            .unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        row("DE2 "),
        "DE2 Primary account number (PAN) n ..19, 1 byte bcd pan"
    );
    assert!(
        row("DE55 ").contains("b ..510, 1 byte binary datasets icc"),
        "{}",
        row("DE55 ")
    );
    let json = run(&["dialects", "show", "iso1987-ascii", "--json"], "");
    assert_eq!(
        json.out.lines().next(),
        Some(
            r#"{"element":2,"encoding":"ascii","format":"n","length":"..19, 2 digits","name":"Primary account number (PAN)","sensitivity":"pan","structure":null,"unverified":false}"#
        )
    );
}

#[test]
fn a_dialect_that_cannot_be_used_is_told_and_the_others_are_listed() {
    let bad = file("some-dialects/bad.toml", "name = 1\n");
    let directory = std::path::Path::new(&bad)
        .parent()
        .unwrap()
        .to_str()
        .unwrap();
    let ran = run(&["dialects", "list", "--dialects", directory], "");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("bad.toml:1: "), "{}", ran.err);
}

#[test]
fn dialects_go_by_name_and_the_nearest_one_is_offered() {
    let message = hex(purchase());
    let ran = run(
        &["decode", "--dialect", "iso1987-ascii", "--hex", &message],
        "",
    );
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = run(
        &["decode", "--dialect", "iso1987-asci", "--hex", &message],
        "",
    );
    assert_eq!(ran.code, Some(2));
    assert_eq!(
        ran.err,
        format!(
            "iso8583: iso1987-asci is neither a file nor a dialect in {}; did you mean iso1987-ascii?\n",
            dialects()
        )
    );
    let wrong = format!("{}/visa-base.toml", dialects());
    let ran = run(&["decode", "--dialect", &wrong, "--hex", &message], "");
    assert_eq!(
        ran.err,
        format!("iso8583: {wrong}: cannot be read: entity not found; did you mean visa-base1?\n")
    );
    let ran = run(&["decode", "--dialect", "zzz", "--hex", &message], "");
    assert!(!ran.err.contains("did you mean"), "{}", ran.err);
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = run(&["completions", shell], "");
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{shell}");
        for command in ["decode", "describe", "detect", "import", "pcap"] {
            assert!(ran.out.contains(command), "{shell} {command}");
        }
    }
    assert_eq!(run(&["completions", "csh"], "").code, Some(2));
}
