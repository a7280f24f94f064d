//! `simulator send` and `simulator echo` through the real binary against a scripted peer.

use crate::stub::{PAN, Reply, Stub, answer, simulator};

#[test]
fn an_approval_in_words() {
    let stub = Stub::start(|_, _| answer(&[(38, "A00001"), (39, "00")]));
    let ran = simulator(&[
        "send",
        "--target",
        &stub.target,
        "--pan",
        PAN,
        "--amount",
        "12.50",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for said in [
        "0100  authorization request",
        "0110  authorization response",
        "400000******0016",
        "purchase from credit account",
        "000000001250         12.50 USD",
        "Response code                                00                   approved",
        "APPROVED  00 approved, authorization id A00001",
    ] {
        assert!(ran.stdout.contains(said), "{said}\n{}", ran.stdout);
    }
}

#[test]
fn a_decline_is_an_answer_too() {
    let stub = Stub::start(|_, _| answer(&[(39, "51")]));
    let ran = simulator(&[
        "send",
        "--target",
        &stub.target,
        "--pan",
        PAN,
        "--amount",
        "12",
    ]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.contains("DECLINED  51 insufficient funds"),
        "{}",
        ran.stdout
    );
}

#[test]
fn balances_are_spelled_out() {
    let blocks = "3001840C0000005000003002840C000000498750";
    let script = move |message: &codec::Message, _: usize| {
        assert!(!message.has(codec::Element::AMOUNT_TRANSACTION));
        answer(&[(39, "00"), (54, blocks)])
    };
    let stub = Stub::start(script);
    let inquiry = [
        "send",
        "--target",
        &stub.target,
        "--pan",
        PAN,
        "--processing-code",
        "313000",
    ];
    let ran = simulator(&inquiry);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.contains("credit account, ledger balance"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("4,987.50 USD"), "{}", ran.stdout);

    let ran = simulator(&[&inquiry[..], &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["approved"], true);
    assert_eq!(json["balances"][1]["kind"], "available balance");
    assert_eq!(json["balances"][1]["amount_minor"], 498_750);
    assert_eq!(json["sent"]["fields"]["2"], "400000******0016");
}

#[test]
fn fields_win_over_defaults() {
    let stub = Stub::start(|message, _| {
        let terminal = message.text(codec::Element::TERMINAL_ID);
        let right = terminal == Some("OTHER001") && message.mti().to_string() == "0200";
        answer(&[(39, if right { "00" } else { "96" })])
    });
    let ran = simulator(&[
        "send",
        "--target",
        &stub.target,
        "--pan",
        PAN,
        "--amount",
        "1",
        "--mti",
        "0200",
        "--field",
        "41=OTHER001",
        "--field",
        "35=4000001200000016=2912",
    ]);
    assert!(
        ran.stdout.contains("APPROVED"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn an_echo_test() {
    let stub = Stub::start(|_, _| answer(&[(39, "00")]));
    let ran = simulator(&["echo", "--target", &stub.target]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("echo test"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("ACCEPTED  00 approved"),
        "{}",
        ran.stdout
    );
}

#[test]
fn no_answer_is_exit_1() {
    let silent = Stub::start(|_, _| Reply::Silence);
    let ran = simulator(&["echo", "--target", &silent.target, "--timeout-ms", "100"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (1, "no answer within 100 ms\n")
    );
    let ran = simulator(&["echo", "--target", "127.0.0.1:1"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("no connection to 127.0.0.1:1"),
        "{}",
        ran.stderr
    );
}

#[test]
fn usage_errors_are_exit_2_and_repeat_no_card_number() {
    let target = "127.0.0.1:1";
    let longer = format!("{PAN}x");
    for (arguments, said) in [
        (
            vec![
                "send", "--target", target, "--pan", &longer, "--amount", "1",
            ],
            "--pan",
        ),
        (
            vec![
                "send", "--target", target, "--pan", PAN, "--amount", "1.234",
            ],
            "--amount",
        ),
        (
            vec![
                "send",
                "--target",
                target,
                "--pan",
                PAN,
                "--currency",
                "ZZZ",
            ],
            "--currency",
        ),
        (
            vec!["send", "--target", target, "--pan", PAN, "--field", PAN],
            "--field",
        ),
        (
            vec!["send", "--target", target, "--pan", PAN, PAN],
            "unexpected argument",
        ),
        (
            vec!["send", "--target", target, "--pan", PAN, "--field", "4=X"],
            "DE4",
        ),
        (
            vec!["echo", "--target", target, "--dialect", "no-such.toml"],
            "no-such.toml",
        ),
        (vec!["echo"], "--target"),
    ] {
        let ran = simulator(&arguments);
        assert_eq!(ran.code, 2, "{said}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
}
