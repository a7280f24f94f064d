//! What it costs to read the inside of elements.
//!
//! - `cargo bench -p codec --bench structures` measures time.
//! - `-- --instructions` counts instructions with valgrind, which has to be installed.
//! - `-- --doubling` counts the instructions of reading, building and showing elements of one and of two times a size, and fails
//!   where twice the bytes cost much more than twice the work.
//! - `--smoke` makes the first two short.
//!
//! The messages are those of the tests. A full decode is the decoding of the message and the reading of every element
//! that has a structure.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod common;
#[path = "common/growing.rs"]
mod growing;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use codec::structure::{Ff, TlvIndex};
use codec::{Dialect, Element};

/// Dialect, message, and what is done with it.
const CASES: [(&str, &str, Work); 6] = [
    ("visa-base1", "authorization-with-chip", Work::Decode),
    ("visa-base1", "authorization-with-chip", Work::Index),
    ("visa-base1", "authorization-with-chip", Work::Structures),
    ("mastercard-cis", "authorization-with-chip", Work::Decode),
    ("mastercard-cis", "authorization-with-chip", Work::Index),
    (
        "mastercard-cis",
        "authorization-with-chip",
        Work::Structures,
    ),
];

/// What is done with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// It is decoded.
    Decode,
    /// Decoded, and the objects of DE55 are indexed.
    Index,
    /// Decoded, and every structure is read.
    Structures,
}

struct Case {
    dialect: Dialect,
    message: Bytes,
    structured: Vec<Element>,
    work: Work,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if let Some((name, count)) = common::run_of(&arguments)? {
        return match name.split_once('*') {
            Some((structure, size)) => grown(structure, size.parse()?, count),
            None => Case::new(CASES.get(name.parse::<usize>()?).context("a case")?)?.run(count),
        };
    }
    if has("--doubling") {
        doubling()
    } else if has("--instructions") {
        let count = if has("--smoke") { 100 } else { 10_000 };
        report("instructions", |index| {
            let counted = common::instructions(&index.to_string(), count)?;
            Ok([counted, counted])
        })
    } else {
        let (rounds, count) = if has("--smoke") {
            (3, 100)
        } else {
            (101, 10_000)
        };
        report("ns", |index| {
            Case::new(CASES.get(index).context("a case")?)?.time(rounds, count)
        })
    }
}

impl Case {
    fn new((dialect, id, work): &(&str, &str, Work)) -> anyhow::Result<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = directory.join(format!("../config/dialects/{dialect}.toml"));
        let vectors = directory.join(format!("tests/vectors/network/{dialect}.toml"));
        let vectors: toml::Table = std::fs::read_to_string(vectors)?.parse()?;
        let mut vectors = vectors
            .get("vector")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten();
        let text = |vector: &toml::Value, key: &str| Some(vector.get(key)?.as_str()?.to_owned());
        let vector = vectors.find(|vector| text(vector, "id").as_deref() == Some(*id));
        let hex = vector
            .and_then(|vector| text(vector, "hex"))
            .context("a vector")?;
        let dialect = Dialect::load(&path)?;
        let message = from_hex(&hex)?;
        let elements: Vec<Element> = dialect.decode(message.clone())?.elements().collect();
        let structured = elements
            .into_iter()
            .filter(|element| dialect.structure(*element).is_some());
        Ok(Self {
            structured: structured.collect(),
            dialect,
            message,
            work: *work,
        })
    }

    fn run(&self, count: u32) -> anyhow::Result<()> {
        let mut index = TlvIndex::default();
        for _ in 0..count {
            let message = black_box(self).dialect.decode(self.message.clone())?;
            match self.work {
                Work::Decode => {}
                Work::Index => {
                    let chip = message.wire(Element::ICC_DATA).context("DE55")?;
                    // Behind the dataset identifier and its length, where there is one.
                    let objects = match chip {
                        [0x01, _, _, objects @ ..] => objects,
                        objects => objects,
                    };
                    index.scan(objects, Ff::Filler)?;
                    black_box(&index);
                }
                Work::Structures => {
                    for element in &self.structured {
                        let parts = message.parts(&self.dialect, *element).context("present")?;
                        black_box(parts?);
                    }
                }
            }
            black_box(&message);
        }
        Ok(())
    }

    #[expect(
        clippy::disallowed_methods,
        clippy::float_arithmetic,
        reason = "a benchmark measures time and divides it"
    )]
    fn time(&self, rounds: usize, count: u32) -> anyhow::Result<[f64; 2]> {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let start = Instant::now();
            self.run(count)?;
            times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(count));
        }
        times.sort_by(f64::total_cmp);
        let round = |at: usize| times.get(at).copied().context("a round");
        Ok([round(times.len() / 2)?, round(0)?])
    }
}

/// The bytes of a vector, comments left out.
fn from_hex(text: &str) -> anyhow::Result<Bytes> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let digits: Vec<u8> = lines.flat_map(str::bytes).collect();
    let bytes = digits.as_chunks::<2>().0.iter().map(|pair| {
        let pair = std::str::from_utf8(pair)?;
        Ok(u8::from_str_radix(pair, 16)?)
    });
    bytes.collect::<anyhow::Result<Vec<u8>>>().map(Bytes::from)
}

/// Prints the cost of each case, and what it adds to decoding alone: of the middle round and of the fastest, which other
/// work on the machine disturbs least.
#[expect(
    clippy::float_arithmetic,
    reason = "a benchmark subtracts what it measured"
)]
fn report(unit: &str, cost: impl Fn(usize) -> anyhow::Result<[f64; 2]>) -> anyhow::Result<()> {
    let mut decoding = [0.0; 2];
    for (index, (dialect, id, work)) in CASES.iter().enumerate() {
        let cost = cost(index)?;
        if *work == Work::Decode {
            decoding = cost;
        }
        let [middle, fastest] = cost;
        let [decoding_middle, decoding_fastest] = decoding;
        println!(
            "{dialect:14} {id} {:10} {middle:6.0} {unit}, added {:5.0}; fastest {fastest:6.0}, added {:5.0}",
            format!("{work:?}"),
            middle - decoding_middle,
            fastest - decoding_fastest
        );
    }
    println!("limits: Index adds at most 80 ns, Structures costs at most 1000 ns in all");
    Ok(())
}

/// Units of the smaller element. The bound on parts is reached by neither.
const UNITS: usize = 400;

fn grown(name: &str, size: usize, count: u32) -> anyhow::Result<()> {
    for _ in 0..count {
        growing::run(name, black_box(size)).context("a structure")?;
    }
    Ok(())
}

/// Fails where twice the size costs more than two and a half times the instructions.
#[expect(
    clippy::float_arithmetic,
    reason = "a benchmark divides what it counted"
)]
fn doubling() -> anyhow::Result<()> {
    for (name, ..) in growing::GROWING {
        let once = common::instructions(&format!("{name}*{UNITS}"), 20)?;
        let twice = common::instructions(&format!("{name}*{}", UNITS.saturating_mul(2)), 20)?;
        let ratio = twice / once;
        println!(
            "{name:12} {once:9.0} instructions, {twice:9.0} for twice the size, ratio {ratio:.2}"
        );
        if ratio > 2.5 {
            bail!("{name}: not linear");
        }
    }
    Ok(())
}
