//! Requests as sent, and whether an answer is theirs.
//!
//! Owns: which elements a request carries and which of them an answer must return unchanged. Must never:
//! show a card number.

use bytes::BytesMut;
use codec::{Dialect, Element, EncodeError, Message, Mti, OriginalDataElements};
use jiff::Timestamp;
use jiff::tz::Offset;

use crate::digits::Digits;
use crate::mix::{Kind, Mix};

/// Elements that an answer returns as they were sent, when it returns them.
const ECHOED: [u8; 14] = [2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 90];

/// Letters of terminal numbers.
const BASE_36: [u8; 36] = *b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// One request. A repeat is an equal one with another kind and MTI.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) mti: Mti,
    /// DE11.
    pub(crate) stan: u32,
    /// DE7; DE12 and DE13 are its parts.
    pub(crate) transmission: Digits<10>,
    /// DE37.
    pub(crate) reference: Digits<12>,
    /// Number of the card in its BIN: DE2.
    pub(crate) card: u64,
    /// DE4 in minor units; an inquiry has none.
    pub(crate) amount_minor: Option<u64>,
    /// DE90 of a reversal.
    pub(crate) original: Option<OriginalDataElements>,
}

/// Writes a message with every element there is, to see whether the values of a mix fit a dialect.
///
/// # Errors
/// [`EncodeError`] for the first that does not.
pub(crate) fn check(mix: &Mix, dialect: &Dialect, mti: Mti) -> Result<(), EncodeError> {
    let original = OriginalDataElements {
        mti,
        stan: Digits::of(1).bytes(),
        transmission: Digits::of(0).bytes(),
        acquiring_institution: 0,
        forwarding_institution: 0,
    };
    let request = Request {
        kind: Kind::Reversal,
        mti,
        stan: 1,
        transmission: Digits::of(0),
        reference: Digits::of(0),
        card: 0,
        amount_minor: Some(1),
        original: Some(original),
    };
    let terminal = Terminal {
        mix,
        id: &terminal_id(0, 0),
    };
    terminal.write(dialect, &request, &mut BytesMut::new())
}

/// What an answer is found by: its MTI, DE11, DE7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    mti: [u8; 4],
    stan: u32,
    transmission: [u8; 10],
}

impl Key {
    /// The key of the answer to a request; `None` for an MTI that has no answer.
    pub(crate) fn of_request(request: &Request) -> Option<Self> {
        Some(Self {
            mti: request.mti.response()?.digits(),
            stan: request.stan,
            transmission: request.transmission.bytes(),
        })
    }

    /// The key of an answer; `None` without the elements it needs.
    pub(crate) fn of_answer(answer: &Message) -> Option<Self> {
        Some(Self {
            mti: answer.mti().digits(),
            stan: answer.text(Element::STAN)?.parse().ok()?,
            transmission: answer
                .text(Element::TRANSMISSION_DATE_TIME)?
                .as_bytes()
                .try_into()
                .ok()?,
        })
    }
}

/// What the messages of one connection have in common.
#[derive(Debug)]
pub(crate) struct Terminal<'a> {
    pub(crate) mix: &'a Mix,
    /// DE41.
    pub(crate) id: &'a str,
}

/// DE41 of a connection: `L`, four letters of the run, three of the connection. Runs close to each other
/// so keep their messages apart.
pub(crate) fn terminal_id(run: u64, connection: u64) -> String {
    let letters = |number: u64, count: u32| {
        (0..count).rev().map(move |place| {
            let digit = usize::try_from(number / 36_u64.pow(place) % 36).unwrap_or(0);
            char::from(BASE_36.get(digit).copied().unwrap_or(b'0'))
        })
    };
    ['L']
        .into_iter()
        .chain(letters(run, 4))
        .chain(letters(connection, 3))
        .collect()
}

/// The texts of a request that are made from numbers.
struct Texts {
    pan: Digits<16>,
    amount: Option<Digits<12>>,
    stan: Digits<6>,
    original: Option<String>,
}

impl Terminal<'_> {
    fn texts(&self, request: &Request) -> Texts {
        Texts {
            pan: self.mix.pan(request.card),
            amount: request.amount_minor.map(Digits::of),
            stan: Digits::of(u64::from(request.stan)),
            original: request.original.as_ref().map(OriginalDataElements::format),
        }
    }

    /// Gives every element of a request to `take`.
    fn for_each<'v>(
        &'v self,
        request: &'v Request,
        texts: &'v Texts,
        mut take: impl FnMut(Element, &'v str),
    ) {
        take(Element::PAN, texts.pan.as_str());
        take(
            Element::PROCESSING_CODE,
            self.mix.processing_code(request.kind),
        );
        if let Some(amount) = &texts.amount {
            take(Element::AMOUNT_TRANSACTION, amount.as_str());
        }
        let transmission = request.transmission.as_str();
        let (date, time) = transmission.split_at_checked(4).unwrap_or_default();
        take(Element::TRANSMISSION_DATE_TIME, transmission);
        take(Element::STAN, texts.stan.as_str());
        take(Element::LOCAL_TIME, time);
        take(Element::LOCAL_DATE, date);
        take(
            Element::RETRIEVAL_REFERENCE_NUMBER,
            request.reference.as_str(),
        );
        take(Element::TERMINAL_ID, self.id);
        if let Some(original) = &texts.original {
            take(Element::ORIGINAL_DATA_ELEMENTS, original);
        }
        for (element, value) in self.mix.defaults() {
            take(*element, value);
        }
    }

    /// Appends the frame of a request.
    ///
    /// # Errors
    /// [`EncodeError`] when a value of the mix does not fit the dialect; `out` is then unchanged.
    pub(crate) fn write(
        &self,
        dialect: &Dialect,
        request: &Request,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let texts = self.texts(request);
        let mut encoder = dialect.encoder(request.mti);
        self.for_each(request, &texts, |element, text| {
            encoder.set(element, text);
        });
        dialect.framing().write(out, |out| encoder.write(out))
    }

    /// Whether an answer with the key of a request came to the terminal that sent it: by DE41, else by DE37.
    pub(crate) fn is_addressee(&self, request: &Request, answer: &Message) -> bool {
        match answer.text(Element::TERMINAL_ID) {
            Some(terminal) => terminal == self.id,
            None => {
                let reference = answer.text(Element::RETRIEVAL_REFERENCE_NUMBER);
                reference == Some(request.reference.as_str())
            }
        }
    }

    /// The first element that an answer returns otherwise than it was sent.
    pub(crate) fn differing_echo(&self, request: &Request, answer: &Message) -> Option<Element> {
        let texts = self.texts(request);
        let mut differing = None;
        self.for_each(request, &texts, |element, sent| {
            let returned = answer
                .text(element)
                .filter(|_| ECHOED.contains(&element.number()));
            if returned.is_some_and(|returned| returned != sent) {
                differing = differing.or(Some(element));
            }
        });
        differing
    }
}

/// DE7 and the beginning of DE37 for moments of the run, in UTC.
#[derive(Debug)]
pub(crate) struct Calendar {
    start: Timestamp,
    second: i64,
    transmission: Digits<10>,
    reference_start: u64,
}

impl Calendar {
    /// A calendar of a run that starts at this time.
    pub(crate) fn new(start: Timestamp) -> Self {
        let mut calendar = Self {
            start,
            second: 0,
            transmission: Digits::of(0),
            reference_start: 0,
        };
        calendar.turn_to(start);
        calendar
    }

    /// DE7 (`MMDDhhmmss`) of a moment, in nanoseconds from the start, and DE37 of a STAN: year digit, day
    /// of the year, hour and STAN, as acquirers commonly build it.
    pub(crate) fn at(&mut self, at_ns: u64, stan: u32) -> (Digits<10>, Digits<12>) {
        let since_start =
            jiff::SignedDuration::from_nanos(i64::try_from(at_ns).unwrap_or(i64::MAX));
        if let Ok(moment) = self.start.checked_add(since_start)
            && moment.as_second() != self.second
        {
            self.turn_to(moment);
        }
        let reference = self.reference_start * 1_000_000 + u64::from(stan);
        (self.transmission, Digits::of(reference))
    }

    fn turn_to(&mut self, moment: Timestamp) {
        let at = Offset::UTC.to_datetime(moment);
        let join = |number: u64, part: i8| number * 100 + u64::try_from(part).unwrap_or(0);
        let parts = [at.month(), at.day(), at.hour(), at.minute(), at.second()];
        self.transmission = Digits::of(parts.into_iter().fold(0, join));
        let year = u64::try_from(at.year() % 10).unwrap_or(0);
        let day = u64::try_from(at.day_of_year()).unwrap_or(0);
        self.reference_start = join(year * 1000 + day, at.hour());
        self.second = moment.as_second();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_follows_the_run() {
        let mut calendar = Calendar::new("2026-03-04T05:06:59.5Z".parse().unwrap());
        let (transmission, reference) = calendar.at(0, 42);
        assert_eq!(
            (transmission.as_str(), reference.as_str()),
            ("0304050659", "606305000042")
        );
        let (transmission, _) = calendar.at(499_999_999, 42);
        assert_eq!(transmission.as_str(), "0304050659");
        let (transmission, _) = calendar.at(500_000_000, 42);
        assert_eq!(transmission.as_str(), "0304050700");
    }

    #[test]
    fn terminals_differ_by_run_and_connection() {
        assert_eq!(terminal_id(0, 0), "L0000000");
        assert_eq!(terminal_id(37, 36), "L0011010");
        assert_eq!(terminal_id(u64::MAX, 9_999).len(), 8);
    }
}
