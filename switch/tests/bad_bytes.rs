//! Bytes that are no messages, messages in pieces, and links that go away: what can be answered is, one
//! link never disturbs another, and nothing ends the process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::sync::atomic::{AtomicBool, Ordering};

use codec::{Message, MtiFunction};
use harness::{
    Client, Fields, Random, SetOnDrop, Switch, World, eventually, generated_account, generated_pan,
    text,
};

/// What each generated account has at the start, in minor units.
const OPENING: i64 = 10_000_000;
const APPROVED: &str = "00";
const FORMAT_ERROR: &str = "30";

/// Something done to the body of a message.
type Damage = fn(&mut Vec<u8>);

/// Every answer until the switch closes the link.
fn rest(client: &mut Client) -> Vec<Message> {
    std::iter::from_fn(|| client.receive()).collect()
}

/// The link is open and nothing is waiting on it before the answer to this echo test.
fn expect_open(client: &mut Client) {
    assert_eq!(client.response_code(&Fields::echo_test()), APPROVED);
}

/// A purchase whose body was changed.
fn damaged(purchase: &Fields, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = purchase.body();
    change(&mut body);
    body
}

/// Where the value of an element of the purchase stands in its body.
fn place(body: &[u8], value: &str) -> usize {
    let mut windows = body.windows(value.len());
    windows
        .position(|window| window == value.as_bytes())
        .unwrap()
}

fn purchase(card: u64) -> Fields {
    Fields::purchase(&generated_pan(card), 4_321)
}

#[test]
fn what_has_an_mti_and_a_stan_is_answered_30_and_the_link_stays_open() {
    let world = World::new();
    let switch = world.start();
    let mut client = switch.connect();
    let amount = "000000004321";
    let damages: [(&str, Damage); 4] = [
        ("a letter in DE4", |body| {
            let at = place(body, "000000004321");
            body[at + 3] = b'x';
        }),
        ("cut inside DE42", |body| {
            body.truncate(place(body, "END TO END"))
        }),
        ("bytes after the end", |body| {
            body.extend_from_slice(b"more")
        }),
        ("a length that is none", |body| {
            // DE32 is LLVAR: its length stands before it.
            let at = place(body, "06200003");
            body[at] = b'-';
        }),
    ];
    for (what, damage) in damages {
        let purchase = purchase(1);
        assert_eq!(purchase.get(4), Some(amount));
        client.send_body(&damaged(&purchase, damage));
        let answer = client.receive().expect(what);
        assert_eq!(answer.mti().to_string(), "0110", "{what}");
        assert_eq!(text(&answer, 39), Some(FORMAT_ERROR), "{what}");
        assert_eq!(text(&answer, 11), purchase.get(11), "{what}");
        assert_eq!(text(&answer, 38), None, "{what}");
        expect_open(&mut client);
    }
    let lines = switch
        .log()
        .wait_for_messages("undecodable message", damages.len());
    assert_eq!(lines.len(), damages.len(), "{lines:?}");
    assert!(
        lines.iter().all(|line| line["offset"].is_u64()),
        "{lines:?}"
    );
    expect_untouched(&switch, &mut client);
}

#[test]
fn what_has_none_is_counted_and_the_link_stays_open() {
    let world = World::new();
    let switch = world.start();
    let mut client = switch.connect();
    let purchase = purchase(1);
    let bodies = [
        damaged(&purchase, |body| body[0] = b'x'),
        damaged(&purchase, |body| body.truncate(3)),
        // A bitmap that is not hexadecimal: the MTI is all that can be read.
        damaged(&purchase, |body| body[4] = b'z'),
        // DE2 claims more than there is, so that the STAN is never reached.
        damaged(&purchase, |body| {
            let at = place(body, "164000001300000015");
            body.truncate(at + 5);
        }),
        b"\x16\x03\x01\x00\xa5\x01\x00\x00".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ];
    for body in &bodies {
        client.send_body(body);
    }
    // A response and a notification ask for no answer either.
    client.send_body(&purchase.as_mti("0110").body());
    client.send_body(&purchase.as_mti("0140").body());
    expect_open(&mut client);
    let ignored = |why: &str| switch.metric("switch_frames_ignored_total", why);
    let count = f64::from(u32::try_from(bodies.len()).unwrap());
    assert!((ignored("undecodable") - count).abs() < 0.5);
    assert!((ignored("not a request") - 2.0).abs() < 0.5);
    let lines = switch
        .log()
        .wait_for_messages("undecodable message", bodies.len());
    assert_eq!(lines.len(), bodies.len(), "{lines:?}");
    expect_untouched(&switch, &mut client);
}

/// More lines of one kind than two minutes allow are counted, not written; every other kind is.
#[test]
fn nobody_fills_the_log_with_what_cannot_be_decoded() {
    const SENT: u64 = 3_000;
    let world = World::new();
    let switch = world.start();
    let mut client = switch.connect();
    let body = damaged(&purchase(1), |body| body.extend_from_slice(b"more"));
    for _ in 0..SENT {
        client.send_body(&body);
        assert!(client.receive().is_some());
    }
    expect_untouched(&switch, &mut client);
    let log = switch.stop();
    let written = log.messages("undecodable message").len() as u64;
    let left_out = log.messages("log lines left out");
    let left_out: u64 = left_out
        .iter()
        .map(|line| line["omitted"].as_u64().unwrap())
        .sum();
    assert_eq!(written + left_out, SENT);
    assert!(left_out > 0);
    assert_eq!(log.messages("ended").len(), 1);
}

/// Nothing was booked so far, and a good purchase still is.
fn expect_untouched(switch: &Switch, client: &mut Client) {
    switch.settle();
    assert_eq!(switch.available(generated_account(1)), OPENING);
    assert_eq!(client.response_code(&purchase(1)), APPROVED);
    switch.settle();
    assert_eq!(switch.available(generated_account(1)), OPENING - 4_321);
}

#[test]
fn lost_framing_ends_its_own_link_only() {
    let world = World::new();
    let switch = world.start();
    let (mut lost, mut other) = (switch.connect(), switch.connect());
    expect_open(&mut other);
    // What came before is answered.
    let good = purchase(2);
    let bytes = [good.frame(), b"\xff\xffno frame is so long".to_vec()].concat();
    lost.send_bytes(&bytes);
    switch.log().wait_for("framing lost", |line| {
        line.contains("\"framing lost\"") && line.contains("65535")
    });
    eventually("the link is counted", || {
        (switch.metric("switch_framing_lost_total", "") > 0.5).then_some(())
    });
    let answers = rest(&mut lost);
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(text(&answers[0], 39), Some(APPROVED));
    expect_open(&mut other);
    assert_eq!(other.response_code(&good.as_mti("0101")), APPROVED);
    expect_open(&mut switch.connect());
}

#[test]
fn polls_are_ignored() {
    let world = World::new();
    let switch = world.start();
    let mut client = switch.connect();
    client.send_bytes(&[0; 6]);
    expect_open(&mut client);
    client.send_bytes(&[0, 0]);
    assert_eq!(client.response_code(&purchase(3)), APPROVED);
    assert!((switch.metric("switch_frames_ignored_total", "poll") - 4.0).abs() < 0.5);
}

#[test]
fn a_message_may_come_byte_by_byte_and_many_may_come_at_once() {
    let world = World::new();
    let switch = world.start();
    let mut client = switch.connect();
    let slow = purchase(4);
    for byte in slow.frame() {
        client.send_bytes(&[byte]);
    }
    let answer = client.receive().unwrap();
    assert_eq!(text(&answer, 11), slow.get(11));
    assert_eq!(text(&answer, 39), Some(APPROVED));

    let many: Vec<Fields> = (0..150).map(|_| purchase(4)).collect();
    let mut bytes: Vec<u8> = many.iter().flat_map(Fields::frame).collect();
    let last = purchase(4);
    let (begun, ended) = (last.frame(), bytes.len());
    bytes.extend_from_slice(&begun[..7]);
    client.send_bytes(&bytes);
    assert!(bytes.len() > ended);
    let mut answered: Vec<String> = Vec::new();
    for _ in &many {
        let answer = client.receive().unwrap();
        assert_eq!(text(&answer, 39), Some(APPROVED));
        answered.push(text(&answer, 11).unwrap().to_owned());
    }
    answered.sort();
    let stans: Vec<_> = many.iter().map(|one| one.get(11).unwrap()).collect();
    assert_eq!(answered, stans);
    client.send_bytes(&begun[7..]);
    assert_eq!(text(&client.receive().unwrap(), 11), last.get(11));
    switch.settle();
    assert_eq!(
        switch.available(generated_account(4)),
        OPENING - 152 * 4_321
    );
}

#[test]
fn a_peer_that_stops_sending_still_gets_its_answers() {
    let world = World::new();
    let switch = world.start();
    let mut client = switch.connect();
    let bytes: Vec<u8> = (0..100).flat_map(|_| purchase(5).frame()).collect();
    client.send_bytes(&bytes);
    client.end_sending();
    let answers = rest(&mut client);
    assert_eq!(answers.len(), 100);
    assert!(answers.iter().all(|one| text(one, 39) == Some(APPROVED)));

    // Also when its last message stays unfinished.
    let mut client = switch.connect();
    client.send_bytes(&purchase(5).frame());
    client.send_bytes(&purchase(5).frame()[..20]);
    client.end_sending();
    assert_eq!(rest(&mut client).len(), 1);
    switch.log().wait_for("the unfinished message", |line| {
        line.contains("closed inside a frame")
    });
}

/// A frame that may be anything: random bytes, a damaged purchase, a damaged echo test, a poll.
fn anything(random: &mut Random) -> Vec<u8> {
    let mut body = match random.below(8) {
        0 => return vec![0, 0],
        1 | 2 => {
            let length = 1 + random.place(300);
            random.bytes(length)
        }
        3 => Fields::echo_test().body(),
        _ => purchase(6).body(),
    };
    for _ in 0..random.below(4) {
        let at = random.place(body.len());
        match random.below(4) {
            0 => body[at] = random.number().to_le_bytes()[0],
            1 => body[at] = b'0' + random.number().to_le_bytes()[0] % 10,
            2 => body.truncate(at + 1),
            _ => body.insert(at, b'7'),
        }
    }
    let length = u16::try_from(body.len()).unwrap();
    [&length.to_be_bytes(), body.as_slice()].concat()
}

/// Opens a link, sends frames of anything, sometimes bytes without frames, and hears what comes back.
/// Returns how many frames were sent.
fn fuzz(switch: &Switch, random: &mut Random) -> usize {
    let mut client = switch.connect();
    let frames = 1 + random.place(15);
    let mut bytes: Vec<u8> = (0..frames).flat_map(|_| anything(random)).collect();
    if random.below(4) == 0 {
        let length = random.place(64);
        bytes.extend(random.bytes(length));
    }
    // In pieces, so that frames begin and end anywhere.
    let mut rest_of = bytes.as_slice();
    while !rest_of.is_empty() {
        let (piece, after) = rest_of.split_at(1 + random.place(rest_of.len()));
        if !client.try_send_bytes(piece) {
            break;
        }
        rest_of = after;
    }
    if random.below(8) == 0 {
        // Gone without a word, answers unread.
        return frames;
    }
    client.end_sending();
    let answers = rest(&mut client);
    assert!(answers.len() <= frames + 1, "more answers than frames");
    for answer in &answers {
        let function = answer.mti().function();
        assert!(
            matches!(
                function,
                MtiFunction::RequestResponse | MtiFunction::AdviceResponse
            ),
            "{answer:?} is no response"
        );
        assert!(text(answer, 39).is_some_and(|code| code.len() == 2));
    }
    frames
}

#[test]
fn no_bytes_end_the_process_or_hold_up_another_link() {
    let world = World::new();
    let mut switch = world.start();
    let fuzzed = AtomicBool::new(false);
    let approved = std::thread::scope(|scope| {
        let mut client = switch.connect();
        let over = &fuzzed;
        let other = scope.spawn(move || {
            let mut approved = 0;
            while !over.load(Ordering::Relaxed) || approved == 0 {
                let purchase = Fields::purchase(&generated_pan(7), 1);
                assert_eq!(client.response_code(&purchase), APPROVED);
                approved += 1;
            }
            approved
        });
        let fuzzing = SetOnDrop(&fuzzed);
        let mut random = Random::new(8583);
        let mut frames = 0;
        while frames < 3_000 && !other.is_finished() {
            frames += fuzz(&switch, &mut random);
        }
        drop(fuzzing);
        other.join().unwrap()
    });
    assert!(switch.is_running());
    expect_open(&mut switch.connect());
    switch.settle();
    let other = switch.available(generated_account(7));
    assert_eq!(other, OPENING - approved);
    // What damaged purchases booked, if anything, is what their records say.
    let messages = switch.messages(generated_account(6));
    let deltas = messages
        .iter()
        .filter_map(|message| message["limit_deltas_minor"]["AvailableCreditLimit"].as_i64());
    assert_eq!(
        switch.available(generated_account(6)),
        OPENING + deltas.sum::<i64>()
    );
    let log = switch.stop();
    assert!(!log.text().contains("panic"), "{}", log.text());
}
