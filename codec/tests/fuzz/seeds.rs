//! What fuzzing begins with: good bytes of each kind.
//!
//! Owns the choice of seeds. They are made of the vectors and documents of the other tests.

use bytes::{Bytes, BytesMut};
use codec::{Blocker, Dialect};

use crate::ROOT;
use crate::build::{Link, Packet, pcap, pcapng};
use crate::targets::DIALECTS;

/// Seeds of a target.
pub(crate) fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "import_jpos" => vec![include_bytes!("../import/inputs/packager.xml").to_vec()],
        "import_moov_json" => vec![include_bytes!("../import/inputs/specification.json").to_vec()],
        "import_moov_yaml" => vec![include_bytes!("../import/inputs/specification.yaml").to_vec()],
        "dialect" => {
            vec![std::fs::read(format!("{ROOT}/config/dialects/iso1987-ascii.toml")).unwrap()]
        }
        "message" | "detection" => messages(),
        "frames" => frames(),
        "blocks" => blocked(),
        "capture" => captures(),
        "tracks" => texts(&[
            "%B4000001200000016^CARDHOLDER/TEST^29122010000012300000?",
            ";4000001200000016=29122010000012300000?",
            "0140000012000000160=9999999999==1=000000000000",
        ]),
        "standard_elements" => texts(&[
            "0001840C0000000100001002840D000000000500",
            "010000000111201215590000000000100000000002",
            "000000000500000000000000C00000000D00000000",
            "1025100006600076",
            "CORNER SHOP              SAO PAULO    BR",
        ]),
        _ => elements(),
    }
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The messages of the vectors of a dialect.
fn vectors(dialect: &Dialect) -> Vec<Vec<u8>> {
    let path = format!("{ROOT}/codec/tests/vectors/network/{}.toml", dialect.name());
    let Ok(text) = std::fs::read_to_string(path) else {
        return Vec::new();
    };
    let document: toml::Table = text.parse().unwrap();
    let vectors = document["vector"].as_array().unwrap().iter();
    vectors
        .map(|vector| from_hex(vector["hex"].as_str().unwrap()))
        .collect()
}

/// Bytes of hexadecimal text; a comment stands behind a `#`.
fn from_hex(text: &str) -> Vec<u8> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap());
    let digits: Vec<char> = lines
        .flat_map(str::chars)
        .filter(char::is_ascii_hexdigit)
        .collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    pairs
        .map(|pair| u8::from_str_radix(&pair, 16).unwrap())
        .collect()
}

/// The messages of all vectors.
fn messages() -> Vec<Vec<u8>> {
    DIALECTS.iter().flat_map(vectors).collect()
}

/// What is inside of their elements.
fn elements() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for dialect in DIALECTS.iter() {
        for bytes in vectors(dialect) {
            let message = dialect.decode(Bytes::from(bytes)).unwrap();
            for element in message.elements() {
                if dialect.structure(element).is_some() {
                    seeds.push(message.inner_bytes(dialect, element).unwrap().to_vec());
                }
            }
        }
    }
    seeds.sort();
    seeds.dedup();
    seeds
}

/// The messages as frames of their networks.
fn frames() -> Vec<Vec<u8>> {
    let of = |dialect: &Dialect| {
        let framed = |message: Vec<u8>| {
            let mut out = BytesMut::new();
            let body = |out: &mut BytesMut| {
                out.extend_from_slice(&message);
                Ok::<_, codec::FrameTooLong>(())
            };
            dialect.framing().write(&mut out, body).unwrap();
            out.to_vec()
        };
        vectors(dialect).into_iter().map(framed).collect::<Vec<_>>()
    };
    DIALECTS.iter().flat_map(of).collect()
}

/// A file of two records in blocks.
fn blocked() -> Vec<Vec<u8>> {
    let (mut file, mut blocker) = (BytesMut::new(), Blocker::new());
    for record in [vec![0x5A; 700], vec![0xF1; 900]] {
        blocker.push(
            &u32::try_from(record.len()).unwrap().to_be_bytes(),
            &mut file,
        );
        blocker.push(&record, &mut file);
    }
    blocker.finish(&mut file);
    vec![file.to_vec()]
}

/// Captures of both formats.
fn captures() -> Vec<Vec<u8>> {
    let first = Packet::new(100, b"\x00\x04ABCD");
    let ahead = Packet::new(110, b"\x00\x01E");
    let packets = [first, ahead];
    vec![
        pcap(Link::Ethernet, &packets),
        pcapng(Link::Ethernet, &packets),
    ]
}
