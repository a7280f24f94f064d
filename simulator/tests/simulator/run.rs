//! `simulator run` through the real binary against a scripted peer: what holds, what does not, and
//! what is said about it.

use crate::stub::{Reply, Stub, answer, owned, run_scenario};
use codec::Element;

const PURCHASE: &str = r#"
[[step]]
name = "purchase"
send.mti = "0100"
send.fields = { 3 = "003000", 4 = "000000001250" }
expect.fields = { 39 = "00" }
expect.present = [38]
expect.absent = [44]
"#;

fn approve() -> Stub {
    Stub::start(|_, _| answer(&[(38, "A00001"), (39, "00")]))
}

#[test]
fn a_right_answer_holds() {
    let ran = run_scenario(&approve(), PURCHASE, &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("ok    purchase"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("0100 -> 0110  00 approved"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.ends_with("1 scenario, 1 step: all held\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn an_answer_is_rejected_by_a_message_that_names_it() {
    let steps = format!(
        "{PURCHASE}\n[[step]]\nname = \"rejected\"\nreject = {{ answer_of = \"purchase\", code = \"12\" }}\n\
         expect.fields = {{ 39 = \"00\" }}\n"
    );
    let mut answered = String::new();
    let stub = Stub::start(move |message, before| {
        let text = |element| message.text(element).unwrap().to_owned();
        if before == 0 {
            let institutions = format!("{:0>11}{:011}", text(Element::ACQUIRING_INSTITUTION), 0);
            let (stan, time) = (Element::STAN, Element::TRANSMISSION_DATE_TIME);
            answered = format!("0110{}{}{institutions}", text(stan), text(time));
            return answer(&[(38, "A00001"), (39, "00")]);
        }
        assert_eq!(message.mti().to_string(), "0620");
        assert_eq!(text(Element::RESPONSE_CODE), "12");
        assert_eq!(text(Element::ORIGINAL_DATA_ELEMENTS), answered);
        answer(&[(39, "00")])
    });
    let ran = run_scenario(&stub, &steps, &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("0620 -> 0630"), "{}", ran.stdout);
}

/// Each wrong answer and the sentence it earns.
#[test]
fn wrong_answers_fail_with_a_sentence() {
    let cases: Vec<(Reply, &str)> = vec![
        (
            answer(&[(38, "A00001"), (39, "51")]),
            "DE39 Response code: expected 00 (approved), got 51 (insufficient funds)",
        ),
        (
            answer(&[(39, "00")]),
            "DE38 Authorization identification response: expected to be present, is absent",
        ),
        (
            answer(&[(38, "A00001"), (39, "00"), (44, "X")]),
            "DE44 Additional response data: expected to be absent, got X",
        ),
        (
            answer(&[(38, "A00001"), (39, "00"), (14, "2912")]),
            "DE14 Date, expiration, YYMM: expected to be absent, got 2912",
        ),
        (
            Reply::Without(vec![41], owned(&[(38, "A00001"), (39, "00")])),
            "DE41 Card acceptor terminal identification: expected TERM0001 as sent, got nothing",
        ),
        (
            answer(&[(2, "4000001200000024"), (38, "A00001"), (39, "00")]),
            "expected 400000******0016 as sent, got 400000******0024",
        ),
        (
            answer(&[(38, "A00001")]),
            "DE39 Response code: expected 00 (approved), got nothing",
        ),
        (Reply::Close, "the link was closed by the switch"),
    ];
    for (reply, sentence) in cases {
        let mut reply = Some(reply);
        let stub = Stub::start(move |_, _| reply.take().unwrap_or(Reply::Silence));
        let ran = run_scenario(&stub, PURCHASE, &["--timeout-ms", "1000"]);
        assert_eq!(ran.code, 1, "{}", ran.stdout);
        assert!(ran.stdout.contains("FAIL  purchase"), "{}", ran.stdout);
        assert!(ran.stdout.contains(sentence), "{sentence}\n{}", ran.stdout);
        assert!(
            ran.stdout.ends_with("1 scenario, 1 step: 1 did not hold\n"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn a_late_answer_fails_its_step_and_is_told_apart_later() {
    let stub = Stub::start(|_, count| {
        let values = owned(&[(38, "A00001"), (39, "00")]);
        if count == 0 {
            Reply::Late(500, values)
        } else {
            Reply::Answer(values)
        }
    });
    let steps = format!("{PURCHASE}{}", PURCHASE.replace("\"purchase\"", "\"next\""));
    let ran = run_scenario(&stub, &steps, &["--timeout-ms", "400"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("no answer within 400 ms"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("ok    next"), "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("note: late: an answer 0110 to step \"purchase\""),
        "{}",
        ran.stdout
    );
}

#[test]
fn silence_and_closing_can_be_expected() {
    let steps = r#"
[[step]]
name = "dropped"
send.mti = "0100"
expect_no_answer_ms = 100

[[step]]
name = "closed"
send.mti = "0800"
send.fields = { 70 = "002" }
expect_closed = true
"#;
    let stub = Stub::start(|_, count| {
        if count == 0 {
            Reply::Silence
        } else {
            Reply::Close
        }
    });
    let ran = run_scenario(&stub, steps, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);

    let ran = run_scenario(&approve(), steps, &["--timeout-ms", "300"]);
    assert_eq!(ran.code, 1);
    let silence = "expected no answer for 100 ms, got an answer 0110 to step \"dropped\"";
    assert!(ran.stdout.contains(silence), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("expected the link to be closed"),
        "{}",
        ran.stdout
    );
}

#[test]
fn balances_are_saved_and_compared() {
    let block = |available: u64| format!("3002840C{available:012}");
    let balances = move |second| {
        Stub::start(move |_, count| {
            let available = if count == 0 { 500_000 } else { second };
            Reply::Answer(vec![(39, "00".to_owned()), (54, block(available))])
        })
    };
    let steps = r#"
[[step]]
name = "before"
send.mti = "0100"
send.fields = { 3 = "313000" }
expect.fields = { 39 = "00" }
save = { before = "available" }

[[step]]
name = "after"
send.mti = "0100"
send.fields = { 3 = "313000" }
expect.balance = { available = "${before} - 1250" }
"#;
    assert_eq!(run_scenario(&balances(498_750), steps, &[]).code, 0);
    let ran = run_scenario(&balances(498_751), steps, &[]);
    assert_eq!(ran.code, 1);
    let sentence = "available balance: expected 498750, got 498751 (minor units)";
    assert!(ran.stdout.contains(sentence), "{}", ran.stdout);
}

/// The peer declines everything but the first purchase, its exact repeat and its exact reversal.
#[test]
fn repeats_and_reversals_are_built_from_their_original() {
    let mut original: Option<Vec<(u8, String)>> = None;
    let stub = Stub::start(move |message, count| {
        let value = |number: u8| {
            let element = Element::new(number).unwrap();
            message.text(element).unwrap_or("").to_owned()
        };
        let all = || {
            message
                .elements()
                .map(|e| (e.number(), value(e.number())))
                .collect()
        };
        let right = match count {
            0 => {
                original = Some(all());
                true
            }
            1 => message.mti().to_string() == "0101" && original == Some(all()),
            _ => {
                let first = original.clone().unwrap_or_default();
                let of = |number: u8| {
                    let found = first.iter().find(|(known, _)| *known == number);
                    found.map_or_else(String::new, |(_, value)| value.clone())
                };
                let data = format!("0100{}{}{:0>11}{:0>11}", of(11), of(7), of(32), "");
                let copied = [2, 3, 4, 32, 37, 41, 42, 49]
                    .iter()
                    .all(|n| of(*n) == value(*n));
                value(90) == data && copied && value(11) != of(11)
            }
        };
        answer(&[(38, "A00001"), (39, if right { "00" } else { "96" })])
    });
    let steps = format!(
        r#"{PURCHASE}
[[step]]
name = "repeat"
send.mti = "0101"
send.repeat_of = "purchase"
expect.fields = {{ 11 = "${{purchase.11}}", 38 = "${{purchase.answer.38}}", 39 = "00" }}

[[step]]
name = "reversal"
send.mti = "0400"
send.original = "purchase"
expect.fields = {{ 39 = ["00", "21"] }}
"#
    );
    let ran = run_scenario(&stub, &steps, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("0401") || ran.stdout.contains("0400 -> 0410"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_step_without_what_it_refers_to_is_skipped_and_does_not_hold() {
    let steps = format!(
        r#"{PURCHASE}
[[step]]
name = "follow"
send.mti = "0100"
send.fields = {{ 38 = "${{purchase.answer.38}}" }}
expect.fields = {{ 39 = "00" }}
"#
    );
    let stub = Stub::start(|_, _| answer(&[(39, "00")]));
    let ran = run_scenario(&stub, &steps, &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("skip  follow"), "{}", ran.stdout);
    let reason = "not played: step \"purchase\" has no answer with DE38";
    assert!(ran.stdout.contains(reason), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("2 steps: 2 did not hold"),
        "{}",
        ran.stdout
    );
}

#[test]
fn hand_written_bodies_and_several_links() {
    // The peer approves what it can read in full and calls the rest a format error.
    let stub = Stub::start(|message, _| {
        let whole = message.has(Element::AMOUNT_TRANSACTION)
            || message.has(Element::NETWORK_MANAGEMENT_CODE);
        answer(&[(39, if whole { "00" } else { "30" })])
    });
    let steps = r#"
[[step]]
name = "letters in the amount"
send_text = ["0100", "5220000000000000", "16", "4000001200000016", "00000000A2B0", "${new.7}", "${new.11}"]
expect.mti = "0110"
expect.fields = { 39 = "30" }

[[step]]
name = "other link"
link = "second"
send.mti = "0800"
send.fields = { 70 = "301" }
expect.fields = { 39 = "00" }

[[step]]
name = "length beyond a frame"
link = "third"
raw = true
send_hex = "FFFF 00"
expect_closed = true

[[step]]
name = "made and lost"
send.mti = "0100"
send.fields = { 4 = "000000000100" }
send.lost = true

[[step]]
name = "same link, and what was lost"
send.mti = "0100"
send.repeat_of = "made and lost"
expect.fields = { 11 = "${made and lost.11}", 39 = "00" }

[[step]]
name = "closing"
close = true

[[step]]
name = "opening"
reconnect = true
"#;
    let ran = run_scenario(&stub, steps, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(
        ran.stdout.ends_with("7 steps: all held\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_request_of_the_switch_is_answered() {
    let stub = Stub::start(|_, _| Reply::AskFirst(owned(&[(38, "A00001"), (39, "00")])));
    let ran = run_scenario(&stub, PURCHASE, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("note: answered 0800 301 of the switch"),
        "{}",
        ran.stdout
    );
}

#[test]
fn json_is_one_document_with_masked_values() {
    let stub = Stub::start(|_, _| answer(&[(38, "A00001"), (39, "51")]));
    let ran = run_scenario(&stub, PURCHASE, &["--json"]);
    assert_eq!(ran.code, 1);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["held"], false);
    assert_eq!((&json["steps"], &json["not_held"]), (&1.into(), &1.into()));
    let step = &json["scenarios"][0]["steps"][0];
    assert_eq!(step["verdict"], "failed");
    assert_eq!(step["sent"]["fields"]["2"], "400000******0016");
    assert_eq!(step["answer"]["fields"]["39"], "51");
    assert!(
        step["failures"][0]
            .as_str()
            .unwrap()
            .contains("insufficient funds")
    );
    assert!(step["elapsed_us"].is_u64());

    let held = run_scenario(&approve(), PURCHASE, &["--json"]);
    assert_eq!(held.code, 0);
    let json: serde_json::Value = serde_json::from_str(&held.stdout).unwrap();
    assert_eq!(json["held"], true);
}

#[test]
fn bad_files_and_bad_targets() {
    let wrong = r#"
[[step]]
name = "x"
send.mti = "0100"
send.fields = { 4 = "4000001200000016" }
expect.fields = { 39 = "00" }
"#;
    let ran = run_scenario(&approve(), wrong, &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.starts_with("error "), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("scenario.toml:16: DE4"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "");

    let nobody = Stub {
        target: "127.0.0.1:1".to_owned(),
    };
    let ran = run_scenario(&nobody, PURCHASE, &[]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("no connection to 127.0.0.1:1"),
        "{}",
        ran.stdout
    );

    let ran = crate::stub::simulator(&["run", "no-such.toml", "--target", "127.0.0.1:1"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("no-such.toml:1: cannot be read"),
        "{}",
        ran.stderr
    );
}
