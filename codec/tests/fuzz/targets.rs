//! What is done with any bytes: one function for each structure, for each import, and for what else reads bytes from
//! outside.
//!
//! Owns the properties. Each is run by a target of `codec/fuzz` and, on seeds and changed seeds, by the tests. Must never
//! depend on a clock or on randomness: the bytes are all there is.

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use codec::describe::{Description, Shown};
use codec::detect::{detect, framings};
use codec::import::{Import, ImportError, WrittenAs};
use codec::pcap::{CaptureLimits, read_capture};
use codec::structure::{
    CardAcceptor, Ff, PosData, ReplacementAmounts, Structure, StructureError, TlvIndex, TlvReader,
    Track1, Track2, Track3,
};
use codec::{
    AdditionalAmount, Blocker, Deblocker, Dialect, FrameReader, Framing, Message,
    OriginalDataElements, check,
};

use crate::ROOT;
use crate::layouts::{self, structure};

/// A target.
pub(crate) type Target = fn(&[u8]);

/// All targets by name.
pub(crate) const TARGETS: [(&str, Target); 20] = [
    ("positional", positional),
    ("bitmapped", bitmapped),
    ("dataset_bitmapped", dataset_bitmapped),
    ("ber_tlv", ber_tlv),
    ("tagged_text", tagged_text),
    ("datasets", datasets),
    ("separated", separated),
    ("repeated", repeated),
    ("network_structures", network_structures),
    ("tracks", tracks),
    ("standard_elements", standard_elements),
    ("import_jpos", import_jpos),
    ("import_moov_json", import_moov_json),
    ("import_moov_yaml", import_moov_yaml),
    ("dialect", dialect),
    ("message", message),
    ("detection", detection),
    ("frames", frames),
    ("blocks", blocks),
    ("capture", capture),
];

/// The shipped dialects.
pub(crate) static DIALECTS: LazyLock<Vec<Dialect>> = LazyLock::new(|| {
    let files = std::fs::read_dir(format!("{ROOT}/config/dialects")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let dialects = files.iter().map(|file| Dialect::load(file).unwrap());
    dialects.collect()
});

/// What must hold for a structure and any bytes: what is read is built again byte for byte, whatever is not described;
/// what its text builds is stable; an error lies within the bytes.
fn hold(structure: &Structure, bytes: &[u8]) {
    let parts = match structure.read(bytes) {
        Ok(parts) => parts,
        Err(StructureError { offset, .. }) => return assert!(offset <= bytes.len()),
    };
    assert_eq!(*structure.build(&parts).unwrap(), bytes);
    assert!(structure.retained(&parts).len() <= 2048);
    structure.to_text(&parts, Shown::Masked);
    let text = structure.to_text(&parts, Shown::Clear);
    // Text keeps neither the digits of filler nor long forms of lengths: it may build other bytes.
    if let Ok(built) = structure.build_text(&text) {
        let again = structure.read(&built).unwrap();
        assert_eq!(*structure.build(&again).unwrap(), *built);
        let text = structure.to_text(&again, Shown::Clear);
        assert_eq!(*structure.build_text(&text).unwrap(), *built);
    }
}

/// The same for each of these descriptions.
fn all_hold(structures: &[Structure], bytes: &[u8]) {
    structures
        .iter()
        .for_each(|structure| hold(structure, bytes));
}

/// A target of structures.
macro_rules! structures {
    ($(#[$doc:meta])* $name:ident: $($description:expr),+) => {
        $(#[$doc])*
        pub(crate) fn $name(bytes: &[u8]) {
            static STRUCTURES: LazyLock<Vec<Structure>> =
                LazyLock::new(|| [$($description),+].into_iter().map(structure).collect());
            all_hold(&STRUCTURES, bytes);
        }
    };
}

structures!(
    /// Subfields one after another.
    positional: layouts::MASTERCARD_61, layouts::VISA_43, layouts::MASTERCARD_43
);
structures!(
    /// Subfields behind a bitmap.
    bitmapped: layouts::VISA_62, layouts::VISA_63, layouts::VISA_126, layouts::POSTILION_127
);
structures!(
    /// Subfields behind the bitmap of a dataset.
    dataset_bitmapped: DATASET
);
structures!(
    /// Tags and lengths as text.
    tagged_text: layouts::MASTERCARD_48, layouts::IPM_PDS, layouts::MASTERCARD_112, layouts::BCD_TAGS,
    layouts::UNIT_LENGTHS, layouts::TOKENS
);
structures!(
    /// Identifiers and lengths of datasets.
    datasets: layouts::DATASETS, layouts::VISA_55
);
structures!(
    /// Parts with a character between them.
    separated: layouts::IPM_43
);
structures!(
    /// Blocks of one length.
    repeated: layouts::ADDITIONAL_AMOUNTS
);

/// The dataset of 2003 alone.
const DATASET: &str = r#"
kind = "dataset-bitmapped"
[subfields]
1 = { name = "first", encoding = "binary", length = 1 }
2 = { name = "second", encoding = "bcd", maximum = 9, length_size = 1 }
15 = { name = "fifteenth", encoding = "ascii", length = 2 }
23 = { name = "twenty_third", encoding = "ascii", length = 1 }
"#;

/// Objects of BER-TLV: the tree, the reader and the index find the same.
pub(crate) fn ber_tlv(bytes: &[u8]) {
    static STRUCTURES: LazyLock<Vec<Structure>> = LazyLock::new(|| {
        [layouts::BER_TLV, layouts::BER_TLV_FF]
            .map(structure)
            .into()
    });
    all_hold(&STRUCTURES, bytes);
    for ff in [Ff::Filler, Ff::Tag] {
        let objects: Result<Vec<_>, _> = TlvReader::new(bytes, ff).collect();
        let mut index = TlvIndex::default();
        if index.scan(bytes, ff).is_ok() {
            let objects: Vec<_> = objects.unwrap();
            let objects = objects.iter().map(|object| (object.tag, object.value));
            assert!(index.iter(bytes).eq(objects));
        }
    }
}

/// Every structure of every shipped dialect.
pub(crate) fn network_structures(bytes: &[u8]) {
    static STRUCTURES: LazyLock<Vec<Structure>> = LazyLock::new(|| {
        let of = |dialect: &Dialect| {
            let structures = dialect
                .elements()
                .filter_map(|element| dialect.structure(element));
            structures.cloned().collect::<Vec<_>>()
        };
        DIALECTS.iter().flat_map(of).collect()
    });
    all_hold(&STRUCTURES, bytes);
}

/// Tracks 1, 2 and 3.
pub(crate) fn tracks(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(track) = Track1::parse(&text) {
        assert_eq!(*track.format(), text);
    }
    if let Ok(track) = Track2::parse(&text) {
        assert_eq!(*track.format(), text);
    }
    if let Ok(track) = Track3::parse(&text) {
        assert_eq!(*track.format(), text);
    }
}

/// Elements whose parts have types: 43, 54, 61, 90, 95.
pub(crate) fn standard_elements(bytes: &[u8]) {
    static ACCEPTOR: LazyLock<Structure> = LazyLock::new(|| structure(layouts::VISA_43));
    let text = String::from_utf8_lossy(bytes);
    if let Ok(amounts) = AdditionalAmount::parse_all(&text) {
        let mut out = String::new();
        amounts
            .iter()
            .for_each(|amount| amount.write(&mut out).unwrap());
        assert_eq!(out, text);
    }
    if let Ok(original) = OriginalDataElements::parse(&text) {
        assert_eq!(original.format(), text);
    }
    if let Ok(amounts) = ReplacementAmounts::parse(&text) {
        let written = amounts.format().unwrap();
        assert_eq!(ReplacementAmounts::parse(&written).unwrap(), amounts);
    }
    if let Ok(data) = PosData::parse(&text) {
        assert_eq!(data.format(), text);
    }
    if let Ok(parts) = ACCEPTOR.read(bytes) {
        // Blanks at the end of a name are not kept: what is written reads the same.
        let acceptor = CardAcceptor::read(&ACCEPTOR, &parts);
        if let Ok(built) = acceptor.build(&ACCEPTOR) {
            let again = ACCEPTOR.read(&built).unwrap();
            assert_eq!(CardAcceptor::read(&ACCEPTOR, &again), acceptor);
        }
    }
}

/// What an import gives is a dialect, or no element is left.
fn imported(import: Result<Import, ImportError>) {
    let import = match import {
        Ok(import) => import,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let name = WrittenAs {
        name: "imported",
        source: "bytes",
        version: None,
    };
    let written = import.to_dialect(name);
    let elements = import.fields.keys().filter(|number| **number > 1).count();
    if let Err(error) = Dialect::from_toml("imported.toml", &written.toml) {
        assert!(!written.left_out.is_empty() || elements == 0, "{error}");
    }
}

/// A packager of jPOS.
pub(crate) fn import_jpos(bytes: &[u8]) {
    imported(Import::from_jpos(&String::from_utf8_lossy(bytes)));
}

/// A specification of moov in JSON.
pub(crate) fn import_moov_json(bytes: &[u8]) {
    imported(Import::from_moov_json(&String::from_utf8_lossy(bytes)));
}

/// A specification of moov in YAML.
pub(crate) fn import_moov_yaml(bytes: &[u8]) {
    imported(Import::from_moov_yaml(&String::from_utf8_lossy(bytes)));
}

/// A dialect document.
pub(crate) fn dialect(bytes: &[u8]) {
    match Dialect::from_toml("any.toml", &String::from_utf8_lossy(bytes)) {
        Ok(dialect) => assert!(dialect.elements().count() > 0),
        Err(error) => assert!(error.to_string().starts_with("any.toml")),
    }
}

/// A message of each dialect: what is decoded is encoded to a message that is encoded to the same bytes.
pub(crate) fn message(bytes: &[u8]) {
    let frame = Bytes::copy_from_slice(bytes);
    for dialect in DIALECTS.iter() {
        match dialect.decode(frame.clone()) {
            Ok(message) => {
                Description::new(dialect, &message, Shown::Masked);
                check::problems(dialect, &message);
                let once = encoded(dialect, &message);
                let again = dialect.decode(once.clone()).unwrap();
                assert_eq!(encoded(dialect, &again), once, "{}", dialect.name());
            }
            Err(error) => {
                assert!(error.error.offset <= bytes.len());
                check::problems_of_undecodable(dialect, &error);
            }
        }
    }
}

/// All elements written back, those with parts from their parts.
fn encoded(dialect: &Dialect, message: &Message) -> Bytes {
    let mut encoder = dialect.encoder(message.mti());
    let elements: Vec<_> = message.elements().collect();
    encoder.echo(message, &elements);
    for element in elements {
        if let Some(Ok(parts)) = message.parts(dialect, element) {
            encoder.set_parts(element, &parts).unwrap();
        }
    }
    let mut out = BytesMut::new();
    encoder.write(&mut out).unwrap();
    out.freeze()
}

/// All dialects and framings tried on bytes.
pub(crate) fn detection(bytes: &[u8]) {
    let candidates = detect(&DIALECTS, bytes, true);
    assert!(candidates.len() >= DIALECTS.len());
    assert!(candidates.is_sorted_by(|a, b| a.score >= b.score));
}

/// A stream gives the same frames however it is cut, with each framing.
pub(crate) fn frames(bytes: &[u8]) {
    for named in framings() {
        let all = cut(named.framing, bytes, usize::MAX);
        assert_eq!(cut(named.framing, bytes, 7), all, "{}", named.name);
    }
}

fn cut(framing: Framing, mut bytes: &[u8], most: usize) -> Vec<Bytes> {
    let mut reader = FrameReader::new(framing);
    let mut frames = Vec::new();
    loop {
        let spare = reader.spare();
        let count = spare.len().min(bytes.len()).min(most);
        spare[..count].copy_from_slice(&bytes[..count]);
        reader.filled(count);
        bytes = &bytes[count..];
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return frames,
            }
        }
        if bytes.is_empty() {
            return frames;
        }
    }
}

/// Blocks are the same however the file is cut; and any bytes come back from blocks.
pub(crate) fn blocks(bytes: &[u8]) {
    let deblocked = |most: usize| {
        let (mut deblocker, mut out) = (Deblocker::new(), BytesMut::new());
        let pieces = bytes
            .chunks(most)
            .map(|piece| deblocker.push(piece, &mut out));
        let result = pieces.collect::<Result<Vec<()>, _>>();
        result.map(|_| out)
    };
    assert_eq!(deblocked(1013), deblocked(bytes.len().max(1)));
    let (mut file, mut blocker) = (BytesMut::new(), Blocker::new());
    blocker.push(bytes, &mut file);
    blocker.finish(&mut file);
    let mut out = BytesMut::new();
    Deblocker::new().push(&file, &mut out).unwrap();
    assert_eq!(out[..bytes.len()], *bytes);
}

/// A capture.
pub(crate) fn capture(bytes: &[u8]) {
    let limits = CaptureLimits {
        streams: 4,
        stream_bytes: 1 << 12,
        total_bytes: 1 << 13,
    };
    let mut events = 0_usize;
    if let Ok(report) = read_capture(bytes, limits, |_| events += 1) {
        assert!(report.segments <= report.packets);
        assert!(report.packets > 0 || events == 0);
    }
}
