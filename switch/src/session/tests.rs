//! Tables of sessions, and what holds of any.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::sent::{MOST_LATE, MOST_WAITING};
use super::*;

/// 2026-11-20T12:00:00Z.
const START: Timestamp = Timestamp(1_795_521_600_000_000);

fn at(ms: i64) -> Timestamp {
    START.plus_us(ms.saturating_mul(1000))
}

fn active() -> SessionOptions {
    SessionOptions {
        sign_on: true,
        echo_idle_ms: 60_000,
        answer_wait_ms: 10_000,
        sign_off_wait_ms: 2_000,
        unanswered_limit: 3,
        first_stan: 7,
        ..SessionOptions::passive()
    }
}

/// What an action is called in the tables.
fn shown(action: &Action) -> String {
    match action {
        Action::Send(request) => format!("send {} {}", request.purpose.as_str(), request.stan),
        Action::Close(why) => format!("close: {why}"),
        Action::Became(stand) => stand.as_str().to_owned(),
        Action::Noted(note) => {
            let complaint = note.complaint();
            complaint.unwrap_or_else(|| note.result().to_owned())
        }
    }
}

/// The answer to the request with this STAN that was sent at this time.
fn answer(stan: u32, sent_ms: i64, code: &str) -> Event {
    let request = OwnRequest {
        purpose: Purpose::Echo,
        stan,
        transmission: at(sent_ms).transmission_date_time().unwrap(),
    };
    let mut key = request.elements();
    key.remove(&Element::NETWORK_MANAGEMENT_CODE);
    Event::Answered {
        response_code: Some(code.to_owned()),
        key,
    }
}

fn without(event: Event, element: Element) -> Event {
    match event {
        Event::Answered {
            response_code,
            mut key,
        } => {
            key.remove(&element);
            Event::Answered { response_code, key }
        }
        other => other,
    }
}

/// Milliseconds, what happened, and the actions.
type Line = (i64, Event, &'static [&'static str]);

#[track_caller]
fn table(options: SessionOptions, lines: Vec<Line>) -> Session {
    let mut session = Session::new(options);
    for (ms, event, expected) in lines {
        let actions: Vec<String> = session
            .handle(event.clone(), at(ms))
            .iter()
            .map(shown)
            .collect();
        assert_eq!(actions, expected, "at {ms}: {event:?}");
    }
    session
}

#[test]
fn sign_on_comes_before_traffic_and_sign_off_at_the_end() {
    let session = table(
        active(),
        vec![
            (0, Event::Opened, &["signing_on", "send sign_on 7"]),
            (5, answer(7, 0, "00"), &["answered", "signed_on"]),
            (6, Event::Heard, &[]),
            (100, Event::Ending, &["signing_off", "send sign_off 8"]),
            (110, answer(8, 100, "00"), &["answered", "signed_off"]),
        ],
    );
    assert!(!session.is_waiting());
    assert_eq!(session.wakes_at(), None);
}

#[test]
fn a_sign_off_without_an_answer_does_not_hold_up_the_end() {
    let session = table(
        active(),
        vec![
            (0, Event::Opened, &["signing_on", "send sign_on 7"]),
            (5, answer(7, 0, "00"), &["answered", "signed_on"]),
            (100, Event::Ending, &["signing_off", "send sign_off 8"]),
            (2_099, Event::Passed, &[]),
            (
                2_100,
                Event::Passed,
                &["sign_off: no answer came", "signed_off"],
            ),
        ],
    );
    assert!(!session.is_waiting());
}

#[test]
fn a_refused_sign_on_is_tried_again_after_a_while_and_a_silent_host_is_given_up() {
    table(
        active(),
        vec![
            (0, Event::Opened, &["signing_on", "send sign_on 7"]),
            (
                9,
                answer(7, 0, "05"),
                &["sign_on: answered with 05", "connected"],
            ),
            (10_008, Event::Passed, &[]),
            (10_009, Event::Passed, &["signing_on", "send sign_on 8"]),
            (
                20_009,
                Event::Passed,
                &["sign_on: no answer came", "connected"],
            ),
            (30_009, Event::Passed, &["signing_on", "send sign_on 9"]),
            (
                40_009,
                Event::Passed,
                &["sign_on: no answer came", "connected"],
            ),
            (50_009, Event::Passed, &["signing_on", "send sign_on 10"]),
            (
                60_009,
                Event::Passed,
                &[
                    "sign_on: no answer came",
                    "connected",
                    "close: the peer does not answer",
                ],
            ),
            // Nothing happens to a link that was closed.
            (60_010, Event::Heard, &[]),
            (60_011, Event::Asked(Purpose::Echo), &[]),
        ],
    );
}

#[test]
fn echoes_are_sent_when_nothing_is_heard_and_an_answer_forgives_those_before() {
    table(
        active(),
        vec![
            (0, Event::Opened, &["signing_on", "send sign_on 7"]),
            (0, answer(7, 0, "00"), &["answered", "signed_on"]),
            (30_000, Event::Heard, &[]),
            (60_000, Event::Passed, &[]),
            (90_000, Event::Passed, &["send echo 8"]),
            (
                100_000,
                Event::Passed,
                &["echo: no answer came", "send echo 9"],
            ),
            (
                110_000,
                Event::Passed,
                &["echo: no answer came", "send echo 10"],
            ),
            (119_000, answer(10, 110_000, "00"), &["answered"]),
            (119_000, Event::Heard, &[]),
            (178_999, Event::Passed, &[]),
            (179_000, Event::Passed, &["send echo 11"]),
        ],
    );
}

#[test]
fn a_passive_session_asks_only_what_it_is_asked_to() {
    let session = table(
        SessionOptions::passive(),
        vec![
            (0, Event::Opened, &[]),
            (1_000_000, Event::Passed, &[]),
            (1_000_001, Event::PeerSignedOn, &["signed_on"]),
            (1_000_002, Event::PeerSignedOn, &[]),
            (1_000_003, Event::Asked(Purpose::Echo), &["send echo 1"]),
            (1_000_004, answer(1, 1_000_003, "00"), &["answered"]),
            (1_000_005, Event::PeerSignedOff, &["signed_off"]),
            (1_000_006, Event::Ending, &[]),
        ],
    );
    assert_eq!(session.wakes_at(), None);
}

#[test]
fn what_belongs_to_no_request_says_what_it_is_nearest_to() {
    let near = answer(2, 40_000, "00");
    table(
        SessionOptions::passive(),
        vec![
            (0, Event::Opened, &[]),
            (
                1,
                answer(1, 0, "00"),
                &["an answer came that nothing was asked for"],
            ),
            (10, Event::Asked(Purpose::Echo), &["send echo 1"]),
            (
                20,
                answer(1, 5_000, "00"),
                &["echo: an answer came, it differs in DE7"],
            ),
            (
                30,
                without(answer(1, 10, "00"), Element::STAN),
                &["echo: an answer came, it differs in DE11"],
            ),
            (40, near, &["an answer came that nothing was asked for"]),
            (10_010, Event::Passed, &["echo: no answer came"]),
            (
                10_510,
                answer(1, 10, "00"),
                &["echo: its answer came 500 ms late"],
            ),
            (
                10_520,
                answer(1, 10, "00"),
                &["an answer came that nothing was asked for"],
            ),
        ],
    );
}

/// The request with this STAN that was sent at this time comes back; without a time, its DE7 is not said.
fn rejected(stan: u32, sent_ms: Option<i64>) -> Event {
    let transmission = sent_ms.and_then(|ms| at(ms).transmission_date_time());
    Event::Rejected {
        stan,
        transmission,
        code: "0497".to_owned(),
    }
}

#[test]
fn a_rejected_request_ends_at_once_and_a_sign_on_is_tried_again_after_a_while() {
    let session = table(
        active(),
        vec![
            (0, Event::Opened, &["signing_on", "send sign_on 7"]),
            // Not what was sent.
            (1, rejected(8, None), &[]),
            (1, rejected(7, Some(-5_000)), &[]),
            (
                9,
                rejected(7, Some(0)),
                &["sign_on: rejected by the network with 0497", "connected"],
            ),
            (9, rejected(7, Some(0)), &[]),
            (10_008, Event::Passed, &[]),
            (10_009, Event::Passed, &["signing_on", "send sign_on 8"]),
            (10_010, answer(8, 10_009, "00"), &["answered", "signed_on"]),
            (70_000, Event::Asked(Purpose::Echo), &["send echo 9"]),
            (
                80_000,
                Event::Passed,
                &["echo: no answer came", "send echo 10"],
            ),
            // After its time.
            (
                80_001,
                rejected(9, None),
                &["echo: its answer came 1 ms late"],
            ),
            (80_002, rejected(9, None), &[]),
        ],
    );
    assert!(session.is_waiting(), "the second echo still waits");
}

#[test]
fn the_key_can_be_the_stan_alone() {
    let options = SessionOptions {
        key: vec![Element::STAN],
        ..SessionOptions::passive()
    };
    let without_time = |event| without(event, Element::TRANSMISSION_DATE_TIME);
    table(
        options,
        vec![
            (0, Event::Asked(Purpose::Echo), &["send echo 1"]),
            (1, without_time(answer(1, 0, "00")), &["answered"]),
        ],
    );
}

#[test]
fn stans_begin_again_and_requests_without_answers_have_a_bound() {
    let options = SessionOptions {
        first_stan: 999_999,
        ..SessionOptions::passive()
    };
    let mut session = Session::new(options);
    let mut stans = Vec::new();
    for _ in 0..MOST_WAITING {
        match session
            .handle(Event::Asked(Purpose::Echo), at(0))
            .as_slice()
        {
            [Action::Send(request)] => stans.push(request.stan),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stans[..3], [999_999, 1, 2]);
    let actions = session.handle(Event::Asked(Purpose::Echo), at(0));
    assert_eq!(
        actions.iter().map(shown).collect::<Vec<_>>(),
        ["echo: not sent, too many wait for answers"]
    );
}

/// What may happen: to which request an answer belongs is chosen among those that were sent.
fn event() -> impl Strategy<Value = (u8, usize, i64)> {
    (0_u8..10, 0_usize..8, 0_i64..15_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_request_ends_once_and_waking_never_spins(
        events in proptest::collection::vec(event(), 1..120),
        sign_on in any::<bool>(),
        limit in 0_u32..4,
    ) {
        let options = SessionOptions { sign_on, unanswered_limit: limit, ..active() };
        let mut session = Session::new(options);
        let mut now = at(0);
        let mut open: BTreeSet<u32> = BTreeSet::new();
        let mut sent: Vec<OwnRequest> = Vec::new();
        let mut ended = 0_usize;
        let mut closed = false;
        for (kind, which, later_ms) in events {
            now = now.plus_us(later_ms * 1000);
            let event = match (kind, sent.get(sent.len().saturating_sub(which + 1))) {
                (0, _) => Event::Opened,
                (1, _) => Event::Heard,
                (2, _) => Event::Asked(Purpose::Echo),
                (3, _) => Event::PeerSignedOn,
                (4, _) => Event::PeerSignedOff,
                (5, _) => Event::Ending,
                (6, Some(request)) => {
                    let mut key = request.elements();
                    key.remove(&Element::NETWORK_MANAGEMENT_CODE);
                    Event::Answered { response_code: Some("00".to_owned()), key }
                }
                (7, Some(request)) => Event::Rejected {
                    stan: request.stan,
                    transmission: Some(request.transmission),
                    code: String::new(),
                },
                _ => Event::Passed,
            };
            for action in session.handle(event, now) {
                prop_assert!(!closed, "{:?} after the close", action);
                match action {
                    Action::Send(request) => {
                        prop_assert!(open.insert(request.stan), "STAN {} again", request.stan);
                        sent.push(request);
                    }
                    Action::Noted(
                        Note::Answered(_)
                        | Note::Refused { .. }
                        | Note::Rejected { .. }
                        | Note::Unanswered(_),
                    ) => {
                        ended += 1;
                    }
                    Action::Close(_) => closed = true,
                    Action::Became(_) | Action::Noted(_) => {}
                }
            }
            let (waiting, late) = session.sent.counts();
            prop_assert_eq!(sent.len() - ended, waiting);
            prop_assert!(waiting <= MOST_WAITING);
            prop_assert!(late <= MOST_LATE);
            // Who wakes when told to makes progress.
            let mut turns = 0;
            while let Some(wake) = session.wakes_at().filter(|wake| *wake <= now) {
                let mut all = session.handle(Event::Passed, now);
                for action in all.drain(..) {
                    match action {
                        Action::Send(request) => {
                            prop_assert!(open.insert(request.stan));
                            sent.push(request);
                        }
                        Action::Noted(
                            Note::Answered(_)
                            | Note::Refused { .. }
                            | Note::Rejected { .. }
                            | Note::Unanswered(_),
                        ) => ended += 1,
                        Action::Close(_) => closed = true,
                        Action::Became(_) | Action::Noted(_) => {}
                    }
                }
                prop_assert!(session.wakes_at() != Some(wake) || session.wakes_at() > Some(now));
                turns += 1;
                prop_assert!(turns < 4, "it spins");
            }
        }
    }
}
