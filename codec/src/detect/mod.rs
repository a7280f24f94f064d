//! Which dialect and framing bytes are of.
//!
//! Owns trying them and the score. Must never say that a dialect is the right one: it says how well each fits, and why
//! the others do not.

mod catalogue;

use bytes::{Bytes, BytesMut};

use crate::check;
use crate::decode_error::Undecodable;
use crate::dialect::Dialect;
use crate::frame_reader::FrameReader;
use crate::framing::{Deblocker, Framing};

pub use catalogue::{NamedFraming, framings};

/// Frames tried of a stream.
const MOST_FRAMES: usize = 16;
/// A message that decodes has at least this score, and one that does not less.
const DECODED: u32 = 60;

/// One dialect with one framing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Index of the dialect in the list given.
    pub dialect: usize,
    /// The framing: `none`, `dialect`, `blocked` (that of the dialect in blocks of 1,014 bytes), or a name of
    /// [`framings`].
    pub framing: &'static str,
    /// 0 to 100; 60 and more when all messages decode.
    pub score: u32,
    /// Messages tried.
    pub messages: usize,
    /// Why it was refused, or what speaks against it.
    pub against: Option<String>,
}

/// All candidates, the best first. Of each dialect only the framings that cut the bytes are tried; one without any is
/// listed with the reason that its own framing gives.
///
/// `whole`: these are all bytes that there are; otherwise the last frame may be cut.
pub fn detect(dialects: &[Dialect], bytes: &[u8], whole: bool) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    let records = deblocked(bytes, whole);
    let extent = if whole {
        Extent::Whole
    } else {
        Extent::Beginning
    };
    for (index, dialect) in dialects.iter().enumerate() {
        if let Some(records) = &records
            && let Ok(frames) = cut(dialect.framing(), records, Extent::Records)
        {
            candidates.push(judge(index, "blocked", dialect, &frames));
        }
        let own = [("dialect", dialect.framing())];
        let others = framings().iter().map(|named| (named.name, named.framing));
        let others = others.filter(|(_, framing)| !same_cut(*framing, dialect.framing()));
        for (name, framing) in own.into_iter().chain(others) {
            match cut(framing, bytes, extent) {
                Ok(frames) => candidates.push(judge(index, name, dialect, &frames)),
                Err(reason) if name == "dialect" => candidates.push(Candidate {
                    dialect: index,
                    framing: name,
                    score: 0,
                    messages: 0,
                    against: Some(reason),
                }),
                Err(_) => {}
            }
        }
        let alone = [Bytes::copy_from_slice(bytes)];
        candidates.push(judge(index, "none", dialect, &alone));
    }
    candidates.sort_by_key(|candidate| {
        let order = match candidate.framing {
            "dialect" => 0,
            "none" => 3,
            "blocked" => 1,
            _ => 2,
        };
        // Of dialects that fit alike, the one that is best confirmed.
        let dialect = dialects.get(candidate.dialect);
        let unverified = dialect.map_or(0, |dialect| dialect.unverified().len());
        (
            std::cmp::Reverse(candidate.score),
            order,
            unverified,
            candidate.dialect,
        )
    });
    candidates
}

/// The data of a file of blocks. A whole one ends with a block.
fn deblocked(bytes: &[u8], whole: bool) -> Option<BytesMut> {
    let (mut deblocker, mut records) = (Deblocker::new(), BytesMut::new());
    deblocker.push(bytes, &mut records).ok()?;
    let blocked = deblocker.blocks() > 0 && (deblocker.is_whole() || !whole);
    blocked.then_some(records)
}

/// Whether two framings differ in the most frame bytes only.
fn same_cut(a: Framing, b: Framing) -> bool {
    Framing {
        maximum_frame_bytes: b.maximum_frame_bytes,
        ..a
    } == b
}

/// How much of a stream there is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of it.
    Whole,
    /// Its beginning.
    Beginning,
    /// Records, at least their beginning: an empty one ends them, and fill may stand behind it.
    Records,
}

/// The messages of the first frames, or why the bytes are no frames.
fn cut(framing: Framing, bytes: &[u8], extent: Extent) -> Result<Vec<Bytes>, String> {
    let mut reader = FrameReader::new(framing);
    let mut frames = Vec::new();
    let mut rest = bytes;
    loop {
        let spare = reader.spare();
        let count = spare.len().min(rest.len());
        let (now, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        if let Some(spare) = spare.get_mut(..count) {
            spare.copy_from_slice(now);
        }
        reader.filled(count);
        rest = later;
        while let Some(frame) = reader.next_frame().map_err(|lost| lost.to_string())? {
            let ends = frame.is_empty() && extent == Extent::Records;
            if !frame.is_empty() {
                frames.push(frame);
            }
            if frames.len() == MOST_FRAMES || ends {
                return Ok(frames);
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    if frames.is_empty() {
        return Err("announces more bytes than there are".to_owned());
    }
    if extent == Extent::Whole && reader.has_partial_frame() {
        return Err("the bytes end inside of a frame".to_owned());
    }
    Ok(frames)
}

fn judge(index: usize, framing: &'static str, dialect: &Dialect, frames: &[Bytes]) -> Candidate {
    let mut sum = 0_u32;
    let mut against = None;
    for frame in frames {
        let (score, reason) = score(dialect, frame);
        sum = sum.saturating_add(score);
        against = against.or(reason);
    }
    let count = u32::try_from(frames.len()).unwrap_or(u32::MAX);
    Candidate {
        dialect: index,
        framing,
        score: sum.checked_div(count).unwrap_or_default(),
        messages: frames.len(),
        against,
    }
}

/// How well one message fits, and what speaks against it.
fn score(dialect: &Dialect, frame: &Bytes) -> (u32, Option<String>) {
    match dialect.decode(frame.clone()) {
        Ok(message) => {
            let problems = check::problems(dialect, &message);
            // A problem of the message as a whole, such as another edition, weighs more than that of an element.
            let weights = problems.iter().map(|problem| match problem.element {
                Some(_) => 6,
                None => 24,
            });
            let weight = weights.fold(0_u32, u32::saturating_add);
            // Few elements prove little.
            let elements = u32::try_from(message.elements().count()).unwrap_or(u32::MAX);
            let thin = 4_u32.saturating_sub(elements).saturating_mul(5);
            let fits = 40_u32.saturating_sub(weight).saturating_sub(thin);
            let reason = problems.first().map(ToString::to_string);
            (DECODED.saturating_add(fits), reason)
        }
        Err(undecodable) => (
            undecoded(&undecodable, frame.len()),
            Some(reason(dialect, &undecodable)),
        ),
    }
}

/// The share that was read before the first error.
fn undecoded(undecodable: &Undecodable, length: usize) -> u32 {
    let most = DECODED.saturating_sub(20);
    let read = undecodable.error.offset.min(length);
    let share = read
        .saturating_mul(40)
        .checked_div(length)
        .unwrap_or_default();
    u32::try_from(share).unwrap_or_default().min(most)
}

fn reason(dialect: &Dialect, undecodable: &Undecodable) -> String {
    let element = undecodable.error.element;
    match element.and_then(|element| dialect.element_name(element)) {
        Some(name) => format!("{undecodable} ({name})"),
        None => undecodable.to_string(),
    }
}
