//! Where the parts of a track begin and end.
//!
//! Owns sentinels, separators and the optional parts. Must never copy a character of a track.

use super::{InvalidTrack, TrackPart};

/// Characters of an expiration date, YYMM.
const EXPIRY: usize = 4;
/// Characters of a service code.
const SERVICE_CODE: usize = 3;
/// Most characters of a PAN.
const LONGEST_PAN: usize = 19;

/// Takes the sentinels away: whether the start one was there, the track, the end with its check character.
pub(super) fn sentinels(text: &str, start: char) -> Result<(bool, &str, &str), InvalidTrack> {
    if !text.is_ascii() {
        return Err(InvalidTrack::NotAscii);
    }
    let inner = text.strip_prefix(start);
    let (body, end) = inner
        .unwrap_or(text)
        .split_at_checked(end_of(inner.unwrap_or(text)))
        .unwrap_or_default();
    if end.len() > 2 {
        return Err(InvalidTrack::End);
    }
    Ok((inner.is_some(), body, end))
}

fn end_of(text: &str) -> usize {
    text.find('?').unwrap_or(text.len())
}

pub(super) type Split<'a> = (&'a str, (char, &'a str));

/// What stands before the first separator, the separator, and what follows it.
pub(super) fn split<'a>(
    text: &'a str,
    separators: &[char],
    what: &'static str,
) -> Result<Split<'a>, InvalidTrack> {
    let error = InvalidTrack::NoSeparator(what);
    let (before, rest) = text
        .find(separators)
        .and_then(|at| text.split_at_checked(at))
        .ok_or(error)?;
    let mut characters = rest.chars();
    let separator = characters.next().ok_or(error)?;
    Ok((before, (separator, characters.as_str())))
}

pub(super) fn check_pan(pan: &str) -> Result<(), InvalidTrack> {
    if (1..=LONGEST_PAN).contains(&pan.len()) && all_digits(pan) {
        Ok(())
    } else {
        Err(InvalidTrack::Pan)
    }
}

pub(super) fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Expiration date, service code and discretionary data.
pub(super) type Tail<'a> = (TrackPart<'a>, TrackPart<'a>, &'a str);

pub(super) fn tail(text: &str, separator: char) -> Result<Tail<'_>, InvalidTrack> {
    let (expiry, rest) = optional(text, separator, EXPIRY, "expiration date")?;
    if expiry == TrackPart::Absent {
        return Ok((expiry, TrackPart::Absent, rest));
    }
    let (service_code, discretionary) = optional(rest, separator, SERVICE_CODE, "service code")?;
    Ok((expiry, service_code, discretionary))
}

/// A part of fixed length, or the separator in its place, or nothing when the track is too short for it.
fn optional<'a>(
    text: &'a str,
    separator: char,
    length: usize,
    what: &'static str,
) -> Result<(TrackPart<'a>, &'a str), InvalidTrack> {
    if let Some(rest) = text.strip_prefix(separator) {
        return Ok((TrackPart::Separator, rest));
    }
    match text.split_at_checked(length) {
        Some((part, rest)) if all_digits(part) => Ok((TrackPart::Given(part), rest)),
        Some(_) => Err(InvalidTrack::NotDigits(what)),
        None => Ok((TrackPart::Absent, text)),
    }
}
