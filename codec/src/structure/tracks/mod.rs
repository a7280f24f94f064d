//! Tracks 1, 2 and 3 of a magnetic stripe (ISO/IEC 7813 and 4909).
//!
//! Owns the views of a track and its characters. Must never copy a track, nor print one: the views here borrow it, so
//! that its owner alone wipes it.

mod split;
#[cfg(test)]
mod tests;

use std::fmt;

use zeroize::Zeroizing;

use self::split::{all_digits, check_pan, sentinels, split, tail};
use crate::pan::{InvalidPan, Pan};
use crate::sensitivity::Sensitivity;

/// Most characters of a name.
const LONGEST_NAME: usize = 26;

/// A track that cannot be read. Never carries a character of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTrack {
    /// No separator where one must be.
    #[error("the track has no separator after its {0}")]
    NoSeparator(&'static str),
    /// A PAN that is not 1 to 19 digits.
    #[error("the track has a PAN that is not 1 to 19 digits")]
    Pan,
    /// A name longer than 26 characters.
    #[error("the track has a name of more than 26 characters")]
    Name,
    /// An expiration date or service code that is not digits.
    #[error("the track has an {0} that is not digits")]
    NotDigits(&'static str),
    /// Something else in front of the PAN than the track's format code.
    #[error("the track does not begin with its format code")]
    FormatCode,
    /// More than one character after the end sentinel.
    #[error("the track goes on after its end sentinel")]
    End,
    /// A character that is not ASCII.
    #[error("the track has a character that is not ASCII")]
    NotAscii,
}

/// A part of a track that may be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrackPart<'a> {
    /// The characters.
    Given(&'a str),
    /// A separator stands in its place.
    Separator,
    /// The track ends before it.
    Absent,
}

impl<'a> TrackPart<'a> {
    /// The characters, if there are any.
    pub fn given(self) -> Option<&'a str> {
        match self {
            Self::Given(text) => Some(text),
            Self::Separator | Self::Absent => None,
        }
    }

    fn write(self, separator: char, out: &mut String) {
        match self {
            Self::Given(text) => out.push_str(text),
            Self::Separator => out.push(separator),
            Self::Absent => {}
        }
    }
}

/// Track 1, format B.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Track1<'a> {
    /// The track begins with `%`.
    pub start_sentinel: bool,
    /// `B` for bank cards.
    pub format_code: char,
    /// Primary account number.
    pub pan: &'a str,
    /// Name of the cardholder, as `SURNAME/FIRST`.
    pub name: &'a str,
    /// Expiration date, YYMM.
    pub expiry: TrackPart<'a>,
    /// Service code, three digits.
    pub service_code: TrackPart<'a>,
    /// Discretionary data: PIN verification value, CVV and more.
    pub discretionary: &'a str,
    /// `?` and the check character, as far as they were sent.
    pub end: &'a str,
}

/// Track 2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Track2<'a> {
    /// The track begins with `;`.
    pub start_sentinel: bool,
    /// Primary account number.
    pub pan: &'a str,
    /// `=`, or `D` where the track was packed.
    pub separator: char,
    /// Expiration date, YYMM.
    pub expiry: TrackPart<'a>,
    /// Service code, three digits.
    pub service_code: TrackPart<'a>,
    /// Discretionary data: PIN verification value, CVV and more.
    pub discretionary: &'a str,
    /// `?` and the check character, as far as they were sent.
    pub end: &'a str,
}

/// Track 3.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Track3<'a> {
    /// The track begins with `;`.
    pub start_sentinel: bool,
    /// Format code, two digits.
    pub format_code: &'a str,
    /// Primary account number.
    pub pan: &'a str,
    /// `=`, or `D` where the track was packed.
    pub separator: char,
    /// What follows: use, security and additional data of ISO/IEC 4909.
    pub data: &'a str,
    /// `?` and the check character, as far as they were sent.
    pub end: &'a str,
}

impl<'a> Track1<'a> {
    /// Reads track 1 with or without sentinels.
    ///
    /// # Errors
    /// [`InvalidTrack`] when its parts cannot be told apart.
    pub fn parse(text: &'a str) -> Result<Self, InvalidTrack> {
        let (start_sentinel, text, end) = sentinels(text, '%')?;
        let mut characters = text.chars();
        let code = characters.next().filter(char::is_ascii_alphabetic);
        let format_code = code.ok_or(InvalidTrack::FormatCode)?;
        let (pan, rest) = split(characters.as_str(), &['^'], "PAN")?;
        check_pan(pan)?;
        let (name, rest) = split(rest.1, &['^'], "name")?;
        if name.len() > LONGEST_NAME {
            return Err(InvalidTrack::Name);
        }
        let (expiry, service_code, discretionary) = tail(rest.1, '^')?;
        Ok(Self {
            start_sentinel,
            format_code,
            pan,
            name,
            expiry,
            service_code,
            discretionary,
            end,
        })
    }

    /// The characters of the track, wiped when dropped.
    pub fn format(&self) -> Zeroizing<String> {
        let mut out = buffer();
        out.extend(self.start_sentinel.then_some('%'));
        out.push(self.format_code);
        for part in [self.pan, "^", self.name, "^"] {
            out.push_str(part);
        }
        self.expiry.write('^', &mut out);
        self.service_code.write('^', &mut out);
        out.push_str(self.discretionary);
        out.push_str(self.end);
        out
    }

    /// The PAN as the type that wipes itself.
    ///
    /// # Errors
    /// [`InvalidPan`] for fewer than 12 digits.
    pub fn primary_account_number(&self) -> Result<Pan, InvalidPan> {
        Pan::parse(self.pan)
    }
}

impl<'a> Track2<'a> {
    /// Reads track 2 with or without sentinels, with `=` or `D` as separator.
    ///
    /// # Errors
    /// [`InvalidTrack`] when its parts cannot be told apart.
    pub fn parse(text: &'a str) -> Result<Self, InvalidTrack> {
        let (start_sentinel, text, end) = sentinels(text, ';')?;
        let (pan, (separator, rest)) = split(text, &['=', 'D'], "PAN")?;
        check_pan(pan)?;
        let (expiry, service_code, discretionary) = tail(rest, separator)?;
        Ok(Self {
            start_sentinel,
            pan,
            separator,
            expiry,
            service_code,
            discretionary,
            end,
        })
    }

    /// The characters of the track, wiped when dropped.
    pub fn format(&self) -> Zeroizing<String> {
        let mut out = buffer();
        out.extend(self.start_sentinel.then_some(';'));
        out.push_str(self.pan);
        out.push(self.separator);
        self.expiry.write(self.separator, &mut out);
        self.service_code.write(self.separator, &mut out);
        out.push_str(self.discretionary);
        out.push_str(self.end);
        out
    }

    /// The PAN as the type that wipes itself.
    ///
    /// # Errors
    /// [`InvalidPan`] for fewer than 12 digits.
    pub fn primary_account_number(&self) -> Result<Pan, InvalidPan> {
        Pan::parse(self.pan)
    }
}

impl<'a> Track3<'a> {
    /// Reads track 3 with or without sentinels, with `=` or `D` as separator.
    ///
    /// # Errors
    /// [`InvalidTrack`] when its parts cannot be told apart.
    pub fn parse(text: &'a str) -> Result<Self, InvalidTrack> {
        let (start_sentinel, text, end) = sentinels(text, ';')?;
        let (format_code, rest) = text.split_at_checked(2).ok_or(InvalidTrack::FormatCode)?;
        if !all_digits(format_code) {
            return Err(InvalidTrack::FormatCode);
        }
        let (pan, (separator, data)) = split(rest, &['=', 'D'], "PAN")?;
        check_pan(pan)?;
        Ok(Self {
            start_sentinel,
            format_code,
            pan,
            separator,
            data,
            end,
        })
    }

    /// The characters of the track, wiped when dropped.
    pub fn format(&self) -> Zeroizing<String> {
        let mut out = buffer();
        out.extend(self.start_sentinel.then_some(';'));
        out.push_str(self.format_code);
        out.push_str(self.pan);
        out.push(self.separator);
        out.push_str(self.data);
        out.push_str(self.end);
        out
    }

    /// The PAN as the type that wipes itself.
    ///
    /// # Errors
    /// [`InvalidPan`] for fewer than 12 digits.
    pub fn primary_account_number(&self) -> Result<Pan, InvalidPan> {
        Pan::parse(self.pan)
    }
}

impl fmt::Debug for Track1<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Track1({})", Sensitivity::Pan.mask(self.pan))
    }
}

impl fmt::Debug for Track2<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Track2({})", Sensitivity::Pan.mask(self.pan))
    }
}

impl fmt::Debug for Track3<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Track3({})", Sensitivity::Pan.mask(self.pan))
    }
}

/// Says which, never the characters.
impl fmt::Debug for TrackPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given(_) => "Given",
            Self::Separator => "Separator",
            Self::Absent => "Absent",
        })
    }
}

/// A buffer that no track outgrows: one that grew would leave a copy behind. Track 3, the longest, has 107 characters.
fn buffer() -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(1024))
}
