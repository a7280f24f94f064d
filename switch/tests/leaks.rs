//! Card secrets stay in: canary values are sent in every way that a network might send them, well and
//! badly, and then nothing that the switch has written or shown may hold one: not the journal, the books
//! or the events, not the log at its most talkative, not an HTTP answer. Nor may the simulator show one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

mod harness;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use harness::{Client, Fields, Switch, World, eventually, run, set, simulator, text};
use sha2::{Digest as _, Sha256};

/// The PAN of a card of the books.
const CARD: &str = "4718593826479305";
/// A PAN that nobody knows.
const STRANGER: &str = "6273918450267384";
/// What follows the PAN and the expiry on the tracks.
const DISCRETIONARY: &str = "2018273645546372";
const NAME: &str = "CANARY/HOLDER";
const PIN_BLOCK: &str = "A1D7C3E9F5B60842";
const CHIP: &str = "9F2608C0FFEE11DECAFBAD9F10120110A00003220000E7C91B5AFF8204D2";
const SECURITY: &str = "8264917350284619";
const CVV2: &str = "CVV2CANARY739";
const ACCOUNT: u64 = 90;

const CANARY_DEMO: &str = r#"
[[customer]]
id = 90
kind = "person"
name = "Canary Demo"
document_number = "D0090"

[[account]]
id = 90
program = 1
owner = 90
limits.max_credit_limit = "5000.00"
limits.total_credit_limit = "5000.00"
limits.available_credit_limit = "5000.00"

[[card]]
pan = "4718593826479305"
expiry = "2912"
holder = 90
account = 90
"#;

fn track_2(pan: &str) -> String {
    // 37 characters at most.
    format!("{pan}=2912{DISCRETIONARY}")
}

fn track_1(pan: &str) -> String {
    format!("B{pan}^{NAME}^2912{DISCRETIONARY}")
}

/// A purchase with every secret that its dialect has a place for.
fn laden(pan: &str) -> Fields {
    Fields::purchase(pan, 100)
        .with(34, pan)
        .with(35, &track_2(pan))
        .with(36, &format!("01{pan}={DISCRETIONARY}"))
        .with(45, &track_1(pan))
        .with(48, CVV2)
        .with(52, PIN_BLOCK)
        .with(53, SECURITY)
        .with(55, CHIP)
        .with(102, pan)
        .with(103, pan)
        .with(126, CVV2)
}

/// Bodies that cannot be decoded, each with a secret at or near the damage.
fn broken(pan: &str) -> Vec<Vec<u8>> {
    let body = laden(pan).body();
    let place = |value: &str| {
        let mut windows = body.windows(value.len());
        windows
            .position(|window| window == value.as_bytes())
            .unwrap()
    };
    let changed = |at: usize, byte: u8| {
        let mut body = body.clone();
        body[at] = byte;
        body
    };
    let (pan_at, track_at) = (place(pan), place(&track_2(pan)));
    let mut bodies = vec![
        // A letter in the PAN, in the track, in the PIN block, in the chip data.
        changed(pan_at + 9, b'X'),
        changed(track_at + 3, b'x'),
        changed(place(PIN_BLOCK) + 5, b'z'),
        changed(place(CHIP) + 20, b'-'),
        // Lengths that are wrong: too long for the element, beyond the frame, too short, no number.
        changed(pan_at - 2, b'9'),
        changed(pan_at - 1, b'4'),
        changed(track_at - 2, b'9'),
        changed(place(CHIP) - 3, b'9'),
        changed(place(CHIP) - 1, b'?'),
        // No message type, no bitmap.
        changed(0, b'X'),
        changed(5, b'Z'),
        [&body, pan.as_bytes()].concat(),
    ];
    // A track that claims to be shorter: what follows slides into the elements behind it.
    for claimed in ["02", "03", "04", "05", "10"] {
        let mut body = body.clone();
        body[track_at - 2..track_at].copy_from_slice(claimed.as_bytes());
        bodies.push(body);
    }
    for cut in [
        pan_at + 10,
        track_at + 20,
        place(PIN_BLOCK) + 9,
        place(CHIP) + 30,
    ] {
        bodies.push(body[..cut].to_vec());
    }
    bodies
}

/// Sends a message; whatever the answer is, the link goes on.
fn tell(client: &mut Client, fields: &Fields) -> String {
    client.response_code(fields)
}

fn send_everything(client: &mut Client, pan: &str, expected: &str) {
    let purchase = laden(pan);
    assert_eq!(tell(client, &purchase), expected);
    assert_eq!(tell(client, &purchase.as_mti("0101")), expected);
    // The same message with another amount.
    let conflict = purchase.clone().with(4, "000000000999");
    tell(client, &conflict);
    // The PAN on the track only.
    assert_eq!(tell(client, &laden(pan).without(2)), expected);
    let with_d = laden(pan)
        .without(2)
        .with(35, &track_2(pan).replace('=', "D"));
    tell(client, &with_d);
    // A wrong expiry, a single message, unknown codes, a decline for its amount.
    tell(client, &laden(pan).with(14, "2811"));
    tell(client, &laden(pan).as_mti("0200"));
    tell(client, &laden(pan).with(3, "773000"));
    tell(client, &laden(pan).with(4, "000099999999"));
    // What means nothing although it can be decoded.
    for element in [3, 4, 7, 49] {
        assert_eq!(tell(client, &laden(pan).without(element)), "30");
    }
    assert_eq!(tell(client, &laden(pan).with(2, &pan[..9])), "30");
    tell(
        client,
        &laden(pan).without(2).with(35, &format!("{}=", &pan[..8])),
    );
    tell(client, &laden(pan).with(54, "0040840D00000000010"));
    let key = purchase.key();
    let original = format!("0100{}{}{:022}", key.0, key.1, 0);
    for mti in ["0400", "0401", "0420"] {
        tell(client, &laden(pan).with(90, &original).as_mti(mti));
    }
    tell(client, &laden(pan).with(90, &"7".repeat(42)).as_mti("0400"));
    tell(client, &laden(pan).with(70, "301").as_mti("0800"));
    tell(client, &laden(pan).as_mti("0304"));
    // Not answered.
    for mti in ["0110", "0410", "0140"] {
        client.send(&laden(pan).as_mti(mti));
    }
    for body in broken(pan) {
        client.send_body(&body);
    }
    client.send(&Fields::echo_test());
    while let Some(answer) = client.receive() {
        if answer.mti().to_string() == "0810" {
            break;
        }
        assert_eq!(text(&answer, 39), Some("30"));
    }
}

/// Secrets on links that end in the middle.
fn break_links(switch: &Switch, pan: &str) {
    let frame = laden(pan).frame();
    let mut client = switch.connect();
    client.send_bytes(&frame[..frame.len() - 5]);
    client.end_sending();
    while client.receive().is_some() {}
    let mut client = switch.connect();
    client.send_bytes(&[&b"\xff\xff"[..], track_2(pan).as_bytes()].concat());
    while client.receive().is_some() {}
}

/// What HTTP shows, with paths that hold a PAN among them.
fn http_answers(switch: &Switch) -> Vec<(String, Vec<u8>)> {
    let mut paths = vec![
        format!("/v1/accounts/{ACCOUNT}"),
        format!("/v1/accounts/{ACCOUNT}/messages?limit=1000"),
        format!("/v1/accounts/{CARD}"),
        format!("/v1/accounts/{ACCOUNT}/messages?before={CARD}"),
        format!("/v1/accounts/{ACCOUNT}/messages?limit={CARD}"),
        format!("/v1/messages/{CARD}"),
        format!("/v1/{CARD}"),
        "/metrics".to_owned(),
        "/health/ready".to_owned(),
    ];
    for message in switch.messages(ACCOUNT) {
        paths.push(format!("/v1/messages/{}", message["id"].as_str().unwrap()));
    }
    let answer = |path: String| {
        let body = switch.get(&path).body.into_bytes();
        (path, body)
    };
    paths.into_iter().map(answer).collect()
}

/// The simulator sends secrets and shows none.
fn simulator_outputs(switch: &Switch) -> Vec<(String, Vec<u8>)> {
    let target = switch.iso.to_string();
    let track = format!("35={}", track_2(CARD));
    let track_1 = format!("45={}", track_1(CARD));
    let (pin, chip) = (format!("52={PIN_BLOCK}"), format!("55={CHIP}"));
    let fields = [
        "--field", &track, "--field", &track_1, "--field", &pin, "--field", &chip,
    ];
    let broken = format!("35={}x", track_2(CARD));
    let runs: [&[&str]; 4] = [
        &["--target", &target, "--pan", CARD, "--amount", "1.00"],
        &[
            "--target", &target, "--pan", STRANGER, "--amount", "1.00", "--json",
        ],
        &["--target", &target, "--pan", CARD, "--amount", CARD],
        &[
            "--target", &target, "--pan", CARD, "--amount", "1.00", "--field", &broken,
        ],
    ];
    let mut outputs = Vec::new();
    for arguments in runs {
        let ended = run(simulator().arg("send").args(arguments).args(fields));
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!said.is_empty());
        outputs.push((
            format!("simulator, run {}", outputs.len()),
            said.into_bytes(),
        ));
    }
    outputs
}

/// A secret and every form in which it might have been written, as hexadecimal digits of bytes.
struct Canary {
    name: String,
    forms: Vec<String>,
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

impl Canary {
    /// A text: as it is, as hexadecimal text of its bytes, and as a list of numbers.
    fn text(name: &str, text: &str) -> Self {
        let upper = hex(text.as_bytes()).to_ascii_uppercase();
        let numbers = text.bytes().map(|byte| byte.to_string());
        let numbers = numbers.collect::<Vec<_>>();
        let forms = [
            hex(text.as_bytes()),
            hex(text.to_ascii_lowercase().as_bytes()),
            hex(hex(text.as_bytes()).as_bytes()),
            hex(upper.as_bytes()),
            hex(numbers.join(",").as_bytes()),
            hex(numbers.join(", ").as_bytes()),
        ];
        Self {
            name: name.to_owned(),
            forms: forms.to_vec(),
        }
    }

    /// Digits (decimal or hexadecimal): also packed, two to a byte, from either half of a byte on.
    fn digits(name: &str, digits: &str) -> Self {
        let mut canary = Self::text(name, digits);
        canary.forms.push(digits.to_ascii_lowercase());
        canary
    }

    fn all() -> Vec<Self> {
        let mut all = vec![
            Self::text("cardholder name of the track", NAME),
            Self::digits("discretionary data of the track", DISCRETIONARY),
            Self::digits("PIN block", PIN_BLOCK),
            Self::digits("beginning of the chip data", &CHIP[..16]),
            Self::digits("end of the chip data", &CHIP[CHIP.len() - 16..]),
            Self::digits("security information", SECURITY),
            Self::text("CVV2", CVV2),
        ];
        for (name, pan) in [("known PAN", CARD), ("unknown PAN", STRANGER)] {
            // Masked, the first six and the last four are there; seven digits before the last four or
            // after the first six are more than that.
            for start in 0..=pan.len() - 11 {
                all.push(Self::digits(name, &pan[start..start + 11]));
            }
            let hash = Sha256::digest(pan);
            all.push(Self::digits(
                &format!("unkeyed hash of the {name}"),
                &hex(&hash),
            ));
        }
        all
    }

    fn is_in(&self, hexadecimal: &str) -> bool {
        self.forms.iter().any(|form| hexadecimal.contains(form))
    }
}

/// Fails for every secret that is in these bytes.
fn expect_clean(place: &str, bytes: &[u8], canaries: &[Canary]) {
    let hexadecimal = hex(bytes);
    let found = canaries.iter().filter(|canary| canary.is_in(&hexadecimal));
    let names: Vec<&str> = found.map(|canary| canary.name.as_str()).collect();
    assert!(names.is_empty(), "{place} holds {names:?}");
}

/// Every file below a directory but the keys.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            found.push(path);
        } else if !path.ends_with("keys") {
            found.append(&mut files(&path));
        }
    }
    found
}

fn expect_clean_files(data: &Path, canaries: &[Canary]) {
    let files = files(data);
    for part in ["journal/", "books/", "events/"] {
        let is_there = |file: &PathBuf| file.to_str().unwrap().contains(part);
        assert!(files.iter().any(is_there), "{part} is not among {files:?}");
    }
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        expect_clean(&file.display().to_string(), &bytes, canaries);
    }
}

#[test]
fn no_secret_reaches_a_file_a_log_or_an_answer_of_http() {
    let world = World::with(|settings| {
        set(settings, "log.filter", "trace");
        set(settings, "log.queue_lines", 1_000_000);
    });
    std::fs::write(world.config().join("demo/canary.toml"), CANARY_DEMO).unwrap();
    let canaries = Canary::all();
    let mut shown = Vec::new();
    let mut switch = world.start();
    for (pan, expected) in [(CARD, "00"), (STRANGER, "14")] {
        send_everything(&mut switch.connect(), pan, expected);
        break_links(&switch, pan);
    }
    shown.append(&mut simulator_outputs(&switch));
    switch.settle();
    shown.append(&mut http_answers(&switch));
    let dropped = switch.metric("switch_log_lines_dropped_total", "");
    assert!(dropped < 0.5, "the log is not whole");
    let decided = |line: &str| line.contains("\"decided\"") && line.contains("\"14\"");
    switch.log().wait_for("decisions", decided);

    // What is there in the middle of things, after a recovery and after an orderly end.
    switch.kill();
    expect_clean_files(&world.data(), &canaries);
    shown.push(("log".to_owned(), switch.log().text().into_bytes()));
    let switch = world.start();
    send_everything(&mut switch.connect(), CARD, "00");
    eventually("the books are written", || {
        let written = switch.metric("switch_books_sequence", "");
        (written >= switch.metric("switch_journal_sequence", "")).then_some(())
    });
    let log = switch.stop();
    shown.push(("log after the restart".to_owned(), log.text().into_bytes()));
    expect_clean_files(&world.data(), &canaries);
    for (place, bytes) in shown {
        expect_clean(&place, &bytes, &canaries);
    }
}

#[test]
fn the_search_finds_each_form() {
    let canaries = Canary::all();
    let found = |bytes: &[u8]| {
        let hexadecimal = hex(bytes);
        let mut canaries = canaries.iter();
        canaries.any(|canary| canary.is_in(&hexadecimal))
    };
    let packed = |digits: &str| -> Vec<u8> {
        let pairs = digits.as_bytes().chunks(2);
        let pairs = pairs.map(|pair| std::str::from_utf8(pair).unwrap());
        pairs
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    };
    let numbers: Vec<String> = CARD.bytes().map(|byte| byte.to_string()).collect();
    for leaked in [
        format!("a line with {CARD} in it").into_bytes(),
        format!("all but the last: {}", &CARD[..15]).into_bytes(),
        format!("masked wrongly: {}*****", &CARD[..11]).into_bytes(),
        packed(CARD),
        packed(&format!("0{CARD}F")),
        hex(CARD.as_bytes()).into_bytes(),
        format!("[{}]", numbers.join(", ")).into_bytes(),
        Sha256::digest(CARD).to_vec(),
        track_2(STRANGER).into_bytes(),
        PIN_BLOCK.to_ascii_lowercase().into_bytes(),
        packed(PIN_BLOCK),
        packed(CHIP),
        CVV2.as_bytes().to_vec(),
    ] {
        assert!(found(&leaked), "not found: {leaked:?}");
    }
    for allowed in [
        format!("{}******{}", &CARD[..6], &CARD[12..]).into_bytes(),
        b"4000001200000016".to_vec(),
        Vec::new(),
    ] {
        assert!(!found(&allowed), "found: {allowed:?}");
    }
}
