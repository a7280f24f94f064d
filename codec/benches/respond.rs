//! What it costs to decode a request, respond to it and encode the response: in nanoseconds and instructions, and as a
//! ratio to the crate `iso_8583_rs`, which does the same for ASCII.
//!
//! - `cargo bench -p codec` measures time, both implementations in turns.
//! - `cargo bench -p codec -- --instructions` counts instructions with valgrind, which has to be installed: the
//!   difference between a long and a short run, so that loading a dialect is not in it.
//! - `--smoke` makes either of them short.
//!
//! Both respond in the same way: everything of the request but DE35, 52 and 55 goes back, with DE38 and 39.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod common;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use codec::{Dialect, Element};
use iso_8583_rs::specfile::{FieldDescription, Spec};
use iso_8583_rs::{Builder, CompiledSpec};

/// The request: 21 elements, made up.
const REQUEST: [(u8, &str); 21] = [
    (2, "4000001200000016"),
    (3, "000000"),
    (4, "000000012345"),
    (7, "1120121559"),
    (11, "000001"),
    (12, "121559"),
    (13, "1120"),
    (14, "2912"),
    (18, "5411"),
    (22, "051"),
    (25, "00"),
    (32, "123456"),
    (35, "4000001200000016D29122010000012300000"),
    (37, "632512000001"),
    (41, "TERM0001"),
    (42, "MERCHANT0000001"),
    (43, "DEMO STORE             NEW YORK    NY US"),
    (49, "840"),
    (52, "0123456789ABCDEF"),
    (55, "9F2608AABBCCDDEEFF00119F10041234ABCD"),
    (63, "0123456789"),
];

/// Elements of the request that a response never holds.
const KEPT_BACK: [u8; 3] = [35, 52, 55];

/// One implementation, ready to answer.
enum Candidate {
    Codec {
        dialect: Box<Dialect>,
        request: Bytes,
        echo: Vec<Element>,
    },
    Peer {
        spec: Box<CompiledSpec>,
        request: Vec<u8>,
    },
}

/// Their names on the command line.
const CANDIDATES: [&str; 3] = ["codec-ascii", "codec-binary", "iso_8583_rs"];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if let Some((name, count)) = common::run_of(&arguments)? {
        return run(&mut Candidate::new(name)?, count);
    }
    for name in CANDIDATES {
        Candidate::new(name)?.check(name)?;
    }
    if has("--instructions") {
        instructions(if has("--smoke") { 100 } else { 10_000 })
    } else if has("--smoke") {
        time(3, 100)
    } else {
        time(101, 10_000)
    }
}

impl Candidate {
    fn new(name: &str) -> anyhow::Result<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/dialects");
        let (file, peer) = match name {
            "codec-ascii" => ("iso1987-ascii.toml", false),
            "codec-binary" => ("iso1987-binary.toml", false),
            "iso_8583_rs" => ("iso1987-ascii.toml", true),
            other => bail!("no candidate {other}: expected one of {CANDIDATES:?}"),
        };
        let path = directory.join(file);
        let dialect = Box::new(Dialect::load(&path)?);
        let mut encoder = dialect.encoder("0100".parse()?);
        for (number, value) in REQUEST {
            encoder.set(Element::new(number).context("an element")?, value);
        }
        let mut request = BytesMut::new();
        encoder.write(&mut request)?;
        drop(encoder);
        if peer {
            return Ok(Self::Peer {
                spec: Box::new(spec(&path)?),
                request: request.to_vec(),
            });
        }
        let numbers = REQUEST.iter().map(|(number, _)| *number);
        Ok(Self::Codec {
            dialect,
            request: request.freeze(),
            echo: numbers
                .filter(|number| !KEPT_BACK.contains(number))
                .filter_map(Element::new)
                .collect(),
        })
    }

    /// Decodes the request, responds, and encodes the response into an empty buffer.
    fn respond(&self, out: &mut Buffers) -> anyhow::Result<()> {
        match self {
            Self::Codec {
                dialect,
                request,
                echo,
            } => {
                let request = dialect.decode(request.clone())?;
                let mti = request.mti().response().context("a request")?;
                out.codec.clear();
                dialect
                    .encoder(mti)
                    .echo(&request, echo)
                    .set(Element::AUTHORIZATION_ID_RESPONSE, "A1B2C3")
                    .set(Element::RESPONSE_CODE, "00")
                    .write(&mut out.codec)?;
            }
            Self::Peer { spec, request } => {
                let request = iso_8583_rs::Message::parse(spec, request)?;
                let mut response = Builder::new(spec, b"0110")?;
                for (number, value) in request.fields() {
                    if !KEPT_BACK.iter().any(|kept| usize::from(*kept) == number) {
                        response.set(number, value)?;
                    }
                }
                response.set(38, b"A1B2C3")?.set(39, b"00")?;
                out.peer.clear();
                response.pack_into(&mut out.peer);
            }
        }
        Ok(())
    }

    /// Whether the response is what it should be, so that nobody wins by doing less.
    fn check(&self, name: &str) -> anyhow::Result<()> {
        let mut out = Buffers::default();
        self.respond(&mut out)?;
        let (Self::Codec { dialect, .. }, wire) = (match self {
            Self::Codec { .. } => (self, out.codec.freeze()),
            Self::Peer { .. } => (&Self::new("codec-ascii")?, Bytes::from(out.peer)),
        }) else {
            bail!("{name}: no dialect");
        };
        let response = dialect.decode(wire)?;
        let elements = response.elements().count();
        if elements
            != REQUEST
                .len()
                .saturating_sub(KEPT_BACK.len())
                .saturating_add(2)
        {
            bail!("{name}: {elements} elements in the response");
        }
        Ok(())
    }
}

/// What the responses are written into, used again each time.
#[derive(Default)]
struct Buffers {
    codec: BytesMut,
    peer: Vec<u8>,
}

/// The peer's specification, with the lengths and classes of the dialect.
#[expect(
    clippy::disallowed_types,
    reason = "the peer takes its specification in a HashMap"
)]
fn spec(path: &PathBuf) -> anyhow::Result<CompiledSpec> {
    let document: toml::Table = std::fs::read_to_string(path)?.parse()?;
    let fields = document.get("fields").and_then(toml::Value::as_table);
    let mut spec = Spec {
        fields: std::collections::HashMap::new(),
    };
    for (key, field) in fields.context("fields")? {
        let text = |key: &str| field.get(key).and_then(toml::Value::as_str);
        let number = |key: &str| {
            let number = field.get(key).and_then(toml::Value::as_integer)?;
            usize::try_from(number).ok()
        };
        let description = FieldDescription {
            content_type: text("format").unwrap_or_default().to_owned(),
            max_len: number("length")
                .or_else(|| number("maximum"))
                .context("a length")?,
            min_len: 0,
            len_type: match number("length_digits") {
                None => "fixed".to_owned(),
                Some(digits) => format!("{}var", "l".repeat(digits)),
            },
            label: String::new(),
        };
        spec.fields.insert(key.parse()?, description);
    }
    Ok(CompiledSpec::compile(&spec)?)
}

/// Responds so many times.
fn run(candidate: &mut Candidate, count: u32) -> anyhow::Result<()> {
    let mut out = Buffers::default();
    for _ in 0..count {
        black_box(&*candidate).respond(black_box(&mut out))?;
    }
    Ok(())
}

/// Measures all candidates in turns and prints the medians.
#[expect(
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "a benchmark measures time and divides it"
)]
fn time(rounds: usize, count: u32) -> anyhow::Result<()> {
    let mut candidates = Vec::new();
    for name in CANDIDATES {
        candidates.push((Candidate::new(name)?, Vec::new()));
    }
    for _ in 0..rounds {
        for (candidate, times) in &mut candidates {
            let start = Instant::now();
            run(candidate, count)?;
            times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(count));
        }
    }
    let medians = candidates.into_iter().map(|(_, mut times)| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    });
    report("ns", &medians.collect::<Vec<f64>>());
    Ok(())
}

/// Counts the instructions of all candidates.
fn instructions(count: u32) -> anyhow::Result<()> {
    let mut counted = Vec::new();
    for name in CANDIDATES {
        counted.push(common::instructions(name, count)?);
    }
    report("instructions", &counted);
    Ok(())
}

/// Prints what each candidate costs, and the ratio to the peer.
#[expect(
    clippy::float_arithmetic,
    reason = "a benchmark divides what it measured"
)]
fn report(unit: &str, costs: &[f64]) {
    let peer = costs.last().copied().unwrap_or(f64::NAN);
    for (name, cost) in CANDIDATES.iter().zip(costs) {
        let ratio = cost / peer;
        println!("{name:14} {cost:8.0} {unit} per decode+respond+encode, ratio {ratio:.2}");
    }
}
