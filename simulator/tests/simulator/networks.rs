//! Networks of their own: the sign-on of every link, the switch that connects itself, parts of elements.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::stub::{HEAD, Reply, Stub, answer, dialect, repository, simulator};
use bytes::Bytes;
use codec::Element;
use simulator::network::Network;
use simulator::scenario::{Action, Scenario};

/// A directory with the file of a network `own` that signs on.
fn networks(more: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let dialect = repository("config/dialects/iso1987-ascii.toml");
    let head = format!(
        "name = \"own\"\ndialect = {:?}\n",
        dialect.to_str().unwrap()
    );
    std::fs::write(directory.path().join("own.toml"), format!("{head}{more}")).unwrap();
    directory
}

const PURCHASE: &str = r#"
[[step]]
name = "purchase"
send.mti = "0100"
send.fields = { 3 = "003000", 4 = "000000001250" }
expect.fields = { 39 = "00" }
"#;

fn play(networks: &tempfile::TempDir, head: &str, more: &[&str]) -> crate::stub::Ran {
    let file = networks.path().join("scenario.toml");
    let (name, rest) = HEAD.split_once("[defaults]").unwrap();
    let text = format!("{name}{head}\n[defaults]{rest}{PURCHASE}");
    std::fs::write(&file, text).unwrap();
    let directory = networks.path().to_str().unwrap();
    let mut arguments = vec!["run", file.to_str().unwrap()];
    arguments.extend(["--network", "own", "--networks", directory]);
    arguments.extend(more);
    simulator(&arguments)
}

#[test]
fn every_link_begins_with_the_sign_on_of_the_network() {
    let networks = networks("sign_on = \"001\"\n");
    let stub = Stub::start(|message, before| {
        let code = message.text(Element::NETWORK_MANAGEMENT_CODE);
        assert_eq!(code, (before == 0).then_some("001"));
        answer(&[(39, "00")])
    });
    let ran = play(&networks, "", &["--target", &stub.target]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);

    let refusing = Stub::start(|_, _| answer(&[(39, "05")]));
    let ran = play(&networks, "", &["--target", &refusing.target]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let sentence = "the sign-on: answered with DE39 05";
    assert!(ran.stdout.contains(sentence), "{}", ran.stdout);

    let silent = Stub::start(|_, _| Reply::Silence);
    let ran = play(
        &networks,
        "",
        &["--target", &silent.target, "--timeout-ms", "100"],
    );
    assert!(
        ran.stdout.contains("the sign-on: no answer"),
        "{}",
        ran.stdout
    );

    let untouched = Stub::start(|message, _| {
        assert!(!message.has(Element::NETWORK_MANAGEMENT_CODE));
        answer(&[(39, "00")])
    });
    let own_steps = play(
        &networks,
        "sign_on = false",
        &["--target", &untouched.target],
    );
    assert_eq!(own_steps.code, 0, "{}", own_steps.stdout);
}

/// The switch connects: here a peer that answers what it is asked with DE39 00.
#[test]
fn the_switch_may_connect_itself() {
    let networks = networks("");
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let peer = std::thread::spawn(move || {
        let attempts = std::iter::repeat_with(|| {
            std::thread::park_timeout(Duration::from_millis(10));
            TcpStream::connect(address)
        });
        let mut stream = attempts.take(3000).find_map(Result::ok).unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut body = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut body).unwrap();
        let dialect = dialect();
        let request = dialect.decode(Bytes::from(body)).unwrap();
        let mut response = dialect.encoder(request.mti().response().unwrap());
        let echoed = [2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49].map(|n| Element::new(n).unwrap());
        response.echo(&request, &echoed);
        response.set(Element::RESPONSE_CODE, "00");
        let mut body = bytes::BytesMut::new();
        response.write(&mut body).unwrap();
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        stream.write_all(&[&length, &body[..]].concat()).unwrap();
    });
    let ran = play(&networks, "", &["--listen", &address.to_string()]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    peer.join().unwrap();

    let ran = play(
        &networks,
        "",
        &["--listen", &address.to_string(), "--timeout-ms", "50"],
    );
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("the switch has not connected to"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_network_that_cannot_be_played_is_named() {
    let unknown = simulator(&["echo", "--network", "nowhere", "--target", "127.0.0.1:1"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown
            .stderr
            .starts_with("config/simulator/nowhere.toml: "),
        "{}",
        unknown.stderr
    );
    let networks = networks("sign_in = \"001\"\n");
    let directory = networks.path().to_str().unwrap();
    let arguments = ["echo", "--network", "own", "--target", "127.0.0.1:1"];
    let wrong = simulator(&[&arguments[..], &["--networks", directory]].concat());
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("own.toml:3: unknown field `sign_in`"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn parts_are_written_by_their_names_in_any_order() {
    let network = Network::load(&repository("config/simulator/mastercard.toml")).unwrap();
    let read = |fields: &str| {
        let text = format!(
            "name = \"s\"\ndescription = \"d\"\n[[step]]\nname = \"a\"\nsend.mti = \"0100\"\n\
             send.fields = {{ {fields} }}\nexpect.fields = {{ 39 = \"00\" }}\n"
        );
        Scenario::from_toml("s.toml", &text, &network).map_err(|errors| errors.to_string())
    };
    let scenario = read(
        r#""48.trace_id" = "MCS0000071120  ", "48.transaction_category_code" = "T", "48.extended_condition.partial_approval" = "1""#,
    );
    let Action::Send(request) = &scenario.unwrap().steps[0].action else {
        panic!("a message is sent");
    };
    let additional = Element::new(48).unwrap();
    let value = request.fields[&additional].literal();
    assert_eq!(
        value,
        Some("T61011".to_owned() + "6315MCS0000071120  ").as_deref()
    );
    for (fields, reason) in [
        (
            r#""48.no_such_part" = "1""#,
            "s.toml:6: DE48: at byte 0: this part does not belong here",
        ),
        (
            r#""4.part" = "1""#,
            "s.toml:6: DE4: has no parts in this dialect",
        ),
        (
            r#""193.part" = "1""#,
            "s.toml:6: \"193.part\" is not an element",
        ),
    ] {
        let error = read(fields).unwrap_err();
        assert!(error.starts_with(reason), "{error}");
    }
}
