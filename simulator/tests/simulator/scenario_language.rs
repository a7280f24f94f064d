//! The scenario language: what is refused, at which line and with which words; what is allowed.

use crate::stub::{HEAD, PAN, dialect, repository};
use codec::Element;
use simulator::network::Network;
use simulator::scenario::{Action, Expectation, Scenario};

/// HEAD has 11 lines, so the first line of a case is line 12.
fn read(steps: &str) -> Result<Scenario, String> {
    let text = format!("{HEAD}{steps}");
    Scenario::from_toml("s.toml", &text, &Network::plain(dialect()))
        .map_err(|errors| errors.to_string())
}

const GOOD: &str = r#"[[step]]
name = "a"
send.mti = "0100"
expect.fields = { 39 = "00" }
"#;

/// Steps and a part of what is said about them.
fn refused(cases: &[(&str, &str)]) {
    for (steps, due) in cases {
        let error = read(steps).unwrap_err();
        assert!(error.contains(due), "{due}\n{error}");
    }
}

#[test]
fn refused_actions() {
    refused(&[
        (
            "[[step]]\nname = \"a\"\nsned.mti = \"0100\"\n",
            "s.toml:14: unknown field `sned`",
        ),
        (
            "[[step]]\nclose = true\n",
            "s.toml:12: missing field `name`",
        ),
        ("[[step]]\nname = \"a\"\nclose = \n", "s.toml:14: "),
        (
            "[[step]]\nname = \"new\"\nclose = true\n",
            "s.toml:13: \"new\": a step name is",
        ),
        (
            "[[step]]\nname = \"a\"\n",
            "s.toml:13: the step does nothing and expects nothing",
        ),
        (
            "[[step]]\nname = \"a\"\nclose = true\nreconnect = true\n",
            "s.toml:13: one of send,",
        ),
        (
            "[[step]]\nname = \"a\"\nclose = true\nexpect_closed = true\n",
            "close and reconnect",
        ),
        (
            "[[step]]\nname = \"a\"\nsend.mti = \"01\"\nexpect.mti = \"0110\"\n",
            "s.toml:14: \"01\" is",
        ),
    ]);
}

#[test]
fn refused_expectations() {
    refused(&[
        (
            "[[step]]\nname = \"a\"\nsend.mti = \"0100\"\n",
            "s.toml:13: say what is expected",
        ),
        (
            "[[step]]\nname = \"a\"\nexpect.mti = \"0110\"\n",
            "s.toml:13: expect needs something",
        ),
        (
            "[[step]]\nname = \"a\"\nraw = true\nclose = true\n",
            "raw goes with",
        ),
        (
            "[[step]]\nname = \"a\"\nsend_hex = \"303\"\n",
            "s.toml:14: send_hex: expected pairs",
        ),
        (
            "[[step]]\nname = \"a\"\nsend_hex = \"zz\"\n",
            "s.toml:14: send_hex: expected pairs",
        ),
        (
            "[[step]]\nname = \"a\"\nsend_hex = \"30\"\nexpect.fields = { 39 = \"30\" }\n",
            "expect.mti is needed",
        ),
        (
            "[[step]]\nname = \"a\"\nsend = { mti = \"0100\", lost = true }\nexpect_closed = true\n",
            "a lost message has no expectation",
        ),
        (
            "[[step]]\nname = \"a\"\nsend.mti = \"0400\"\nsend.original = \"b\"\nexpect.mti = \"0410\"\n",
            "s.toml:15: no earlier step \"b\" with send",
        ),
        (
            "[[step]]\nname = \"a\"\nsend_hex = \"30\"\nexpect_closed = true\nexpect_no_answer_ms = 1\n",
            "one of expect, expect_no_answer_ms",
        ),
        (
            "[[step]]\nname = \"a\"\nsend_hex = \"30\"\nsave = { x = \"available\" }\n",
            "save needs expect",
        ),
    ]);
}

#[test]
fn refusals_after_a_good_step() {
    for (line, due) in [
        (
            "expect.fields = { 39 = \"${b.11}\" }",
            "s.toml:20: no earlier step \"b\" with send",
        ),
        (
            "expect.fields = { 39 = \"${b.answer.39}\" }",
            "no earlier step \"b\" with expect",
        ),
        (
            "expect.fields = { 39 = \"${a.x}\" }",
            "s.toml:20: ${a.x} is not ${step.N}",
        ),
        (
            "expect.fields = { 193 = \"00\" }",
            "s.toml:20: \"193\" is not an element number",
        ),
        (
            "expect.fields = { 39 = [] }",
            "s.toml:20: DE39: no value given",
        ),
        (
            "expect.present = [1]",
            "s.toml:20: 1 is not an element number",
        ),
        (
            "expect.balance = { available = \"${x}\" }",
            "s.toml:20: no earlier step saves \"x\"",
        ),
        (
            "expect.balance = { available = \"1.5\" }",
            "s.toml:20: expected whole numbers",
        ),
        (
            "expect.balance = { total = \"1\" }",
            "s.toml:20: unknown variant `total`",
        ),
    ] {
        let steps = format!("{GOOD}\n[[step]]\nname = \"c\"\nsend.mti = \"0100\"\n{line}\n");
        let error = read(&steps).unwrap_err();
        assert!(error.contains(due), "{due}\n{error}");
    }
    let twice = read(&format!("{GOOD}{GOOD}")).unwrap_err();
    assert!(
        twice.contains("s.toml:17: step \"a\" is there twice"),
        "{twice}"
    );
}

#[test]
fn refused_rejections() {
    for (line, due) in [
        (
            "reject = { answer_of = \"b\", code = \"12\" }\nexpect.mti = \"0630\"",
            "s.toml:18: no earlier step \"b\" with expect",
        ),
        (
            "reject = { answer_of = \"a\", code = \"123\" }\nexpect.mti = \"0630\"",
            "s.toml:18: an 0620 has a code of two",
        ),
        (
            "reject = { answer_of = \"a\", code = \"0497\", by = \"header\" }\nexpect_no_answer_ms = 1",
            "s.toml:18: this dialect has no reject header",
        ),
        (
            "reject = { answer_of = \"a\", code = \"12\", by = \"post\" }\nexpect_no_answer_ms = 1",
            "s.toml:18: unknown variant `post`",
        ),
        (
            "reject = { answer_of = \"a\", code = \"12\" }",
            "s.toml:17: say what is expected",
        ),
        (
            "reject = { answer_of = \"a\", code = \"12\" }\nsend.mti = \"0100\"",
            "s.toml:17: one of send, send_text, send_hex, reject",
        ),
    ] {
        let error = read(&format!("{GOOD}[[step]]\nname = \"c\"\n{line}\n")).unwrap_err();
        assert!(error.contains(due), "{due}\n{error}");
    }
    let visa = Network::load(&repository("config/simulator/visa.toml")).unwrap();
    for (step, due) in [
        (
            "code = \"49\" }\nexpect_no_answer_ms = 1",
            "a code of four hex digits",
        ),
        (
            "code = \"0497\" }\nexpect.mti = \"0630\"",
            "is not answered",
        ),
    ] {
        let text =
            format!("{HEAD}{GOOD}[[step]]\nname = \"c\"\nreject = {{ answer_of = \"a\", {step}\n");
        let error = Scenario::from_toml("s.toml", &text, &visa)
            .unwrap_err()
            .to_string();
        assert!(error.contains(due), "{due}\n{error}");
    }
}

#[test]
fn everything_wrong_is_said_at_once_and_without_card_numbers() {
    let steps = format!(
        "[[step]]\nname = \"a\"\nsend.mti = \"0100\"\nsend.fields = {{ 3 = \"{PAN}\", {PAN} = \"1\" }}\n\
         expect.present = [1]\n"
    );
    let error = read(&steps).unwrap_err();
    assert_eq!(error.lines().count(), 3, "{error}");
    assert!(error.contains("s.toml:15: DE3"), "{error}");
    assert!(!error.contains(PAN), "{error}");
    let debug = format!("{:?}", read(GOOD).unwrap());
    assert!(!debug.contains(PAN), "{debug}");
}

#[test]
fn alternatives_links_and_own_rules() {
    let scenario = read(
        r#"
[answer]
echo = [11]
absent = []

[[step]]
name = "a"
link = "second"
send = { mti = "0100", fields = { "4" = "000000000100" }, without = [14] }
expect = { mti = "0110", fields = { "39" = ["05", "94"] }, absent = [38] }
"#,
    )
    .unwrap();
    assert_eq!(scenario.answer.echo, [Element::STAN]);
    assert!(scenario.answer.absent.is_empty());
    let step = &scenario.steps[0];
    assert_eq!(step.link, "second");
    let Action::Send(request) = &step.action else {
        panic!("{step:?}")
    };
    assert_eq!(request.without, [Element::EXPIRATION_DATE]);
    let Expectation::Answer(expected) = &step.expectation else {
        panic!("{step:?}")
    };
    assert_eq!(expected.fields[&Element::RESPONSE_CODE].len(), 2);
}
