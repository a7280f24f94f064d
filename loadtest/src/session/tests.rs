//! A session against an issuer in the test, on times that the test makes up.

use std::time::Duration;

use codec::FrameReader;

use super::requests::LAST_STAN;
use super::*;
use crate::mix::Mix;
use crate::plan::tests::plan;

const MILLISECOND_NS: u64 = 1_000_000;

/// DE39 and the elements returned otherwise than they were sent.
type Reply = (&'static str, Vec<(Element, &'static str)>);

struct Bench {
    dialect: Arc<Dialect>,
    session: Session,
    recorder: Recorder,
    out: BytesMut,
}

/// One connection, one message every millisecond, one second, no warm-up, timeout 1 s.
fn steady(weights: &str) -> Plan {
    let text = include_str!("../../../config/load/default.toml");
    let (head, rest) = text.split_once("[weights]").unwrap();
    let (_, tail) = rest.split_once("[accounts]").unwrap();
    let text = format!("{head}[weights]\n{weights}\n[accounts]{tail}");
    Plan {
        connections: 1,
        warm_up: Duration::ZERO,
        duration: Duration::from_secs(1),
        mix: Mix::from_toml("mix.toml", &text).unwrap(),
        ..plan("even")
    }
}

impl Bench {
    fn new(plan: Plan) -> Self {
        let text = include_str!("../../../config/dialects/iso1987-ascii.toml");
        let dialect = Arc::new(Dialect::from_toml("iso1987-ascii.toml", text).unwrap());
        let start = "2026-03-04T05:06:07Z".parse().unwrap();
        let identity = Identity {
            run: 7,
            connection: 0,
            start,
        };
        let recorder = Recorder::new(&plan).unwrap();
        let session = Session::new(Arc::new(plan), Arc::clone(&dialect), identity).unwrap();
        Self {
            dialect,
            session,
            recorder,
            out: BytesMut::new(),
        }
    }

    /// Sends what is due and gives it as messages.
    fn send(&mut self, now_ns: u64) -> Vec<Message> {
        self.session
            .send_due(now_ns, &mut self.out, &mut self.recorder);
        let mut reader = FrameReader::new(self.dialect.framing());
        let mut messages = Vec::new();
        while !self.out.is_empty() {
            let count = self.out.len().min(reader.spare().len());
            let bytes = self.out.split_to(count);
            reader.spare()[..count].copy_from_slice(&bytes);
            reader.filled(count);
            while let Some(frame) = reader.next_frame().unwrap() {
                messages.push(self.dialect.decode(frame).unwrap());
            }
        }
        messages
    }

    fn answer(&mut self, request: &Message, (code, altered): &Reply, now_ns: u64) {
        let echo: Vec<Element> = [2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 90]
            .into_iter()
            .filter_map(Element::new)
            .collect();
        let mut response = self.dialect.encoder(request.mti().response().unwrap());
        response
            .echo(request, &echo)
            .set(Element::RESPONSE_CODE, code);
        for (element, value) in altered {
            response.set(*element, value);
        }
        let mut frame = BytesMut::new();
        response.write(&mut frame).unwrap();
        self.session
            .receive(frame.freeze(), now_ns, &mut self.recorder);
    }

    fn approve(&mut self, request: &Message, now_ns: u64) {
        self.answer(request, &("00", vec![]), now_ns);
    }
}

/// How many latencies were recorded from a number of milliseconds on.
fn at_least(latencies: &crate::latencies::Latencies, milliseconds: u64) -> u64 {
    latencies
        .histogram()
        .count_between(milliseconds * 1000, u64::MAX)
}

#[test]
fn a_stall_of_the_peer_counts_for_every_message_due_in_it() {
    let mut bench = Bench::new(steady("purchase = 1"));
    let mut held = Vec::new();
    for millisecond in 0..1000 {
        let now_ns = millisecond * MILLISECOND_NS;
        held.extend(bench.send(now_ns));
        // From 300 ms to 600 ms nothing is answered, but everything is sent.
        if !(300..600).contains(&millisecond) {
            for request in std::mem::take(&mut held) {
                bench.approve(&request, now_ns);
            }
        }
    }
    let latencies = &bench.recorder.latencies;
    assert_eq!(latencies.histogram().len(), 1000);
    // Due at 300 + n ms, answered at 600: 300 - n ms.
    assert_eq!(
        (at_least(latencies, 1), at_least(latencies, 100)),
        (300, 201)
    );
    assert_eq!(
        (at_least(latencies, 200), at_least(latencies, 299)),
        (101, 2)
    );
    assert!(latencies.histogram().value_at_quantile(0.99) >= 290_000);
    assert_eq!(at_least(&bench.recorder.send_lag, 1), 0);
}

#[test]
fn a_stall_of_the_load_test_itself_is_no_better() {
    let mut bench = Bench::new(steady("purchase = 1"));
    for millisecond in (0..300).chain(600..1000) {
        let now_ns = millisecond * MILLISECOND_NS;
        for request in bench.send(now_ns) {
            bench.approve(&request, now_ns);
        }
    }
    for latencies in [&bench.recorder.latencies, &bench.recorder.send_lag] {
        assert_eq!(latencies.histogram().len(), 1000);
        assert_eq!(
            (at_least(latencies, 1), at_least(latencies, 100)),
            (300, 201)
        );
    }
}

#[test]
fn warm_up_is_counted_and_not_measured() {
    let plan = Plan {
        warm_up: Duration::from_millis(400),
        ..steady("purchase = 1")
    };
    let mut bench = Bench::new(plan);
    for millisecond in 0..1400 {
        for request in bench.send(millisecond * MILLISECOND_NS) {
            bench.approve(&request, millisecond * MILLISECOND_NS);
        }
    }
    let total = bench.recorder.total();
    assert_eq!(
        (total.sent, total.answered, total.approved),
        (1400, 1400, 1400)
    );
    assert_eq!(bench.recorder.latencies.histogram().len(), 1000);
    assert_eq!(
        (
            bench.recorder.measured_due,
            bench.recorder.measured_answered
        ),
        (1000, 1000)
    );
    let seconds: Vec<_> = bench
        .recorder
        .seconds()
        .map(|second| (second.sent, second.answered))
        .collect();
    assert_eq!(seconds, [(1000, 1000), (400, 400)]);
}

#[test]
fn reversals_and_repeats_name_earlier_messages_of_the_run() {
    let mut bench = Bench::new(steady(
        "purchase = 2\nsingle_message_purchase = 1\nreversal = 1\nrepeat = 1",
    ));
    let mut earlier: BTreeMap<String, Message> = BTreeMap::new();
    let mut reversed = Vec::new();
    for millisecond in 0..1000 {
        for request in bench.send(millisecond * MILLISECOND_NS) {
            let text = |element| request.text(element).unwrap_or_default().to_owned();
            let key = |mti: &str, stan: &str, transmission: &str| {
                format!(
                    "{mti}{stan}{transmission}{:0>11}{:0>11}",
                    text(Element::ACQUIRING_INSTITUTION),
                    ""
                )
            };
            let (stan, transmission) = (text(Element::STAN), text(Element::TRANSMISSION_DATE_TIME));
            match request.mti().to_string().as_str() {
                mti @ ("0100" | "0200") => {
                    let new = earlier.insert(key(mti, &stan, &transmission), request.clone());
                    assert!(new.is_none(), "a key was used twice");
                }
                mti @ ("0101" | "0201") => {
                    let original = if mti == "0101" { "0100" } else { "0200" };
                    let original = &earlier[&key(original, &stan, &transmission)];
                    assert!(request.elements().eq(original.elements()));
                    assert!(
                        request
                            .elements()
                            .all(|one| request.text(one) == original.text(one))
                    );
                }
                _ => {
                    let named = text(Element::ORIGINAL_DATA_ELEMENTS);
                    for element in [
                        Element::PAN,
                        Element::AMOUNT_TRANSACTION,
                        Element::TERMINAL_ID,
                    ] {
                        assert_eq!(request.text(element), earlier[&named].text(element));
                    }
                    reversed.push(named);
                }
            }
            bench.approve(&request, millisecond * MILLISECOND_NS);
        }
    }
    let count = reversed.len();
    assert!(count > 100);
    reversed.sort();
    reversed.dedup();
    assert_eq!(reversed.len(), count, "an original was reversed twice");
    let kinds: Vec<u64> = bench
        .recorder
        .kinds()
        .map(|(_, tally)| tally.counts.sent)
        .collect();
    assert!(kinds[Kind::Repeat.index()] > 100, "{kinds:?}");
    assert_eq!(
        (bench.recorder.mismatched, bench.recorder.total().unexpected),
        (0, 0)
    );
}

#[test]
fn declined_purchases_are_repeated_but_not_reversed() {
    let mut bench = Bench::new(steady("purchase = 1\nreversal = 1\nrepeat = 1"));
    for millisecond in 0..1000 {
        for request in bench.send(millisecond * MILLISECOND_NS) {
            assert_ne!(request.mti().to_string(), "0400");
            bench.answer(&request, &("51", vec![]), millisecond * MILLISECOND_NS);
        }
    }
    let total = bench.recorder.total();
    assert_eq!(
        (total.sent, total.approved, total.declined),
        (1000, 0, 1000)
    );
    let (_, repeats) = bench
        .recorder
        .kinds()
        .find(|(kind, _)| *kind == Kind::Repeat)
        .unwrap();
    // A repeat is meant to get the decline of its original; a purchase is not meant to be declined.
    assert!(repeats.counts.sent > 200);
    assert_eq!(
        (repeats.counts.unexpected, bench.recorder.mismatched),
        (0, 0)
    );
    assert_eq!(total.unexpected, total.sent - repeats.counts.sent);
}

#[test]
fn a_repeat_must_get_the_answer_of_its_original() {
    let mut bench = Bench::new(steady("purchase = 1\nrepeat = 1"));
    let (mut otherwise, mut not_decided) = (0, 0);
    for millisecond in 0..1000 {
        for request in bench.send(millisecond * MILLISECOND_NS) {
            let code = match (request.mti().is_repeat(), millisecond % 3) {
                (true, 0) => {
                    otherwise += 1;
                    "51"
                }
                // Overload is no answer to the repeat, so it does not contradict.
                (true, 1) => {
                    not_decided += 1;
                    "91"
                }
                _ => "00",
            };
            bench.answer(&request, &(code, vec![]), millisecond * MILLISECOND_NS);
        }
    }
    assert!(otherwise > 50 && not_decided > 50);
    assert_eq!(bench.recorder.mismatched, otherwise);
    assert_eq!(bench.recorder.total().unexpected, otherwise + not_decided);
}

#[test]
fn a_message_is_not_repeated_while_a_repeat_of_it_has_no_answer() {
    let plan = steady("purchase = 1\nrepeat = 9");
    let mut bench = Bench::new(Plan {
        timeout: Duration::from_millis(50),
        ..plan
    });
    let mut repeated = Vec::new();
    // Within the timeout and past it: a repeat that was given up may still be answered.
    for millisecond in 0..1000 {
        let now_ns = millisecond * MILLISECOND_NS;
        bench.session.expire(now_ns, &mut bench.recorder);
        for request in bench.send(now_ns) {
            if request.mti().is_repeat() {
                repeated.push(request.text(Element::STAN).unwrap().to_owned());
            } else {
                bench.approve(&request, now_ns);
            }
        }
    }
    let count = repeated.len();
    assert!(count > 100, "{count}");
    repeated.sort();
    repeated.dedup();
    assert_eq!(repeated.len(), count);
}

#[test]
fn only_what_fits_is_an_answer() {
    let other = |element, value| ("00", vec![(element, value)]);
    for (reply, answered) in [
        (("00", vec![]), true),
        (other(Element::STAN, "999999"), false),
        (other(Element::TRANSMISSION_DATE_TIME, "0101000000"), false),
        (other(Element::TERMINAL_ID, "OTHER001"), false),
        // These come back with the right key, but they contradict what was sent.
        (other(Element::AMOUNT_TRANSACTION, "000000000001"), true),
        (other(Element::PAN, "4000001300000007"), true),
        (
            other(Element::RETRIEVAL_REFERENCE_NUMBER, "000000000000"),
            true,
        ),
        (other(Element::CURRENCY_TRANSACTION, "978"), true),
    ] {
        let mut bench = Bench::new(steady("purchase = 1"));
        let [request] = &bench.send(0)[..] else {
            panic!("one message is due")
        };
        let request = request.clone();
        bench.answer(&request, &reply, 1);
        let (code, altered) = &reply;
        assert_eq!(
            bench.recorder.mismatched,
            u64::from(!altered.is_empty()),
            "{altered:?}"
        );
        assert_eq!(
            bench.recorder.total().answered,
            u64::from(answered),
            "{altered:?}"
        );
        // What did not fit leaves the message waiting for the right one; what fitted is over.
        bench.answer(&request, &(code, vec![]), 2);
        assert_eq!(bench.recorder.total().answered, 1, "{altered:?}");
        let mismatched = u64::from(!altered.is_empty()) + u64::from(answered);
        assert_eq!(bench.recorder.mismatched, mismatched, "{altered:?}");
    }
}

#[test]
fn bytes_that_are_no_message_are_mismatched_and_polls_are_not() {
    let mut bench = Bench::new(steady("purchase = 1"));
    bench.session.receive(Bytes::new(), 0, &mut bench.recorder);
    assert_eq!(bench.recorder.mismatched, 0);
    for bytes in [&b"\xff\x00"[..], b"0110", b"01107000000000000000"] {
        bench
            .session
            .receive(Bytes::copy_from_slice(bytes), 0, &mut bench.recorder);
    }
    assert_eq!(bench.recorder.mismatched, 3);
}

#[test]
fn a_message_is_given_up_at_its_deadline_and_a_late_answer_still_moves_the_books() {
    let mut bench = Bench::new(steady("purchase = 1"));
    let requests = bench.send(0);
    let [request] = &requests[..] else {
        panic!("one message is due")
    };
    let timeout_ns = 1000 * MILLISECOND_NS;
    bench.session.expire(timeout_ns - 1, &mut bench.recorder);
    assert_eq!(bench.recorder.total().timed_out, 0);
    bench.session.expire(timeout_ns, &mut bench.recorder);
    assert_eq!(bench.recorder.total().timed_out, 1);
    let draw = bench.session.plan.mix.draw(bench.session.plan.seed, 0);
    let amount = i64::try_from(draw.amount_minor).unwrap();
    let expected = |bench: &Bench| bench.recorder.effects.expected(draw.card, 100_000);
    assert_eq!(expected(&bench), (100_000 - amount, 100_000));
    bench.approve(request, timeout_ns + 5);
    assert_eq!((bench.recorder.late, bench.recorder.mismatched), (1, 0));
    assert_eq!(expected(&bench), (100_000 - amount, 100_000 - amount));
    let total = bench.recorder.total();
    assert_eq!((total.sent, total.answered, total.timed_out), (1, 0, 1));
    // A second late answer fits nothing any more.
    bench.approve(request, timeout_ns + 6);
    assert_eq!(bench.recorder.mismatched, 1);
}

#[test]
fn what_waits_has_a_bound_and_what_passes_without_a_connection_is_unsent() {
    let plan = Plan {
        rate: 100_000,
        timeout: Duration::from_millis(1),
        ..steady("purchase = 1")
    };
    let bound = plan.outstanding_per_connection();
    let mut bench = Bench::new(Plan {
        duration: Duration::from_secs(5),
        ..plan
    });
    assert!(bound < 400_000);
    bench
        .session
        .send_due(4_000 * MILLISECOND_NS, &mut bench.out, &mut bench.recorder);
    assert_eq!(bench.recorder.total().sent, u64::try_from(bound).unwrap());
    let unsent = bench.recorder.unsent;
    assert_eq!(unsent + u64::try_from(bound).unwrap(), 400_001);
    bench
        .session
        .skip_due(5_000 * MILLISECOND_NS, &mut bench.recorder);
    assert_eq!(bench.recorder.unsent, unsent + 99_999);
    bench
        .session
        .expire(6_000 * MILLISECOND_NS, &mut bench.recorder);
    let total = bench.recorder.total();
    assert_eq!(
        (total.sent, total.timed_out),
        (total.timed_out, u64::try_from(bound).unwrap())
    );
    assert_eq!(bench.session.next_event_ns(), None);
}

#[test]
fn the_next_event_is_the_next_message_or_the_next_deadline() {
    let plan = Plan {
        timeout: Duration::from_micros(500),
        ..steady("purchase = 1")
    };
    let mut bench = Bench::new(plan);
    assert_eq!(bench.session.next_event_ns(), Some(0));
    let requests = bench.send(0);
    assert_eq!(bench.session.next_event_ns(), Some(500_000));
    bench.approve(&requests[0], 100_000);
    bench.session.expire(100_000, &mut bench.recorder);
    assert_eq!(bench.session.next_event_ns(), Some(MILLISECOND_NS));
}

#[test]
fn seconds_keep_their_percentiles_after_they_are_closed() {
    let plan = Plan {
        duration: Duration::from_secs(5),
        ..steady("purchase = 1")
    };
    let mut bench = Bench::new(plan);
    for millisecond in 0..5000 {
        let delay_ns = (millisecond / 1000 + 1) * 10 * MILLISECOND_NS;
        for request in bench.send(millisecond * MILLISECOND_NS) {
            bench.approve(&request, millisecond * MILLISECOND_NS + delay_ns);
        }
    }
    for (second, milliseconds) in bench.recorder.seconds().zip([10, 20, 30, 40, 50]) {
        assert_eq!((second.sent, second.answered), (1000, 1000));
        let percentiles = second.percentiles();
        // Two digits.
        let about = milliseconds * 1000..=milliseconds * 1010;
        assert!(about.contains(&percentiles.p50) && about.contains(&percentiles.max));
    }
    assert_eq!(bench.recorder.seconds().count(), 5);
}

#[test]
fn an_answer_read_after_its_deadline_is_late_whoever_was_slow() {
    let mut bench = Bench::new(steady("purchase = 1"));
    let requests = bench.send(0);
    bench.approve(&requests[0], 1000 * MILLISECOND_NS);
    let total = bench.recorder.total();
    assert_eq!(
        (total.answered, total.timed_out, bench.recorder.late),
        (0, 1, 1)
    );
}

#[test]
fn stans_wrap_past_six_digits() {
    let mut bench = Bench::new(steady("purchase = 1"));
    bench.session.requests.next_stan = LAST_STAN;
    let stans: Vec<String> = bench
        .send(MILLISECOND_NS)
        .iter()
        .map(|message| message.text(Element::STAN).unwrap().to_owned())
        .collect();
    assert_eq!(stans, ["999999", "000001"]);
}
