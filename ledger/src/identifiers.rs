//! Identifiers of the books and the ledger's time.
//!
//! Owns: what names a record, a customer, a card, and the instant a batch was stamped with. Identifiers
//! of records derive from (shard, sequence, index), so a replay gives the same ones. Never random.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One shard of the books: one writer, one journal.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ShardId(pub u16);

/// Names one record of the journal: the batch that carries it and its place in the batch.
///
/// Ordered as the journal is. Printed `shard-sequence-index`, e.g. `0-1234-5`; this is also the id of
/// the authorization, reversal or transaction that the record made, and of its event.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordId {
    /// The shard that decided it.
    pub shard: ShardId,
    /// Sequence of the batch in the shard's journal, from 1.
    pub sequence: u64,
    /// Place of the record in its batch, from 0.
    pub index: u32,
}

impl RecordId {
    /// Bytes that sort as the identifiers do: the key of rows.
    #[must_use]
    pub fn to_key(self) -> [u8; 14] {
        let mut key = [0; 14];
        let (shard, rest) = key.split_at_mut(2);
        let (sequence, index) = rest.split_at_mut(8);
        shard.copy_from_slice(&self.shard.0.to_be_bytes());
        sequence.copy_from_slice(&self.sequence.to_be_bytes());
        index.copy_from_slice(&self.index.to_be_bytes());
        key
    }

    /// The identifier whose [`to_key`](Self::to_key) gave these bytes; `None` for another length.
    #[must_use]
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let (shard, rest) = key.split_first_chunk::<2>()?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let index: &[u8; 4] = rest.try_into().ok()?;
        Some(Self {
            shard: ShardId(u16::from_be_bytes(*shard)),
            sequence: u64::from_be_bytes(*sequence),
            index: u32::from_be_bytes(*index),
        })
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.shard.0, self.sequence, self.index)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not `shard-sequence-index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id such as 0-1234-5 (shard-sequence-index)")]
pub struct InvalidRecordId;

impl FromStr for RecordId {
    type Err = InvalidRecordId;

    fn from_str(text: &str) -> Result<Self, InvalidRecordId> {
        let mut parts = text.splitn(3, '-');
        let mut part = || parts.next().ok_or(InvalidRecordId);
        let (shard, sequence, index) = (part()?, part()?, part()?);
        Ok(Self {
            shard: ShardId(shard.parse().or(Err(InvalidRecordId))?),
            sequence: sequence.parse().or(Err(InvalidRecordId))?,
            index: index.parse().or(Err(InvalidRecordId))?,
        })
    }
}

/// One customer: the party that owns accounts and holds cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CustomerId(pub u64);

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The account group: the unit that one shard owns (root parent account, else the owning customer).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupId(pub u64);

/// Keyed hash of a PAN (HMAC-SHA-256): how the books know a card. The PAN itself never reaches them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CardHash(pub [u8; 32]);

impl fmt::Display for CardHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CardHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An instant: microseconds since 1970-01-01 00:00 UTC. Given to the ledger, never read by it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This instant moved by `microseconds`, at the ends of the range the end itself.
    #[must_use]
    pub fn plus_us(self, microseconds: i64) -> Self {
        Self(self.0.saturating_add(microseconds))
    }

    /// Year and month in UTC as `YYYYMM`; `None` outside the years 1 to 9999.
    #[must_use]
    pub fn year_month(self) -> Option<u32> {
        let date = self.utc()?.date();
        let year = u32::try_from(date.year()).ok()?;
        let month = u32::try_from(date.month()).ok()?;
        year.checked_mul(100)?.checked_add(month)
    }

    /// The day so many months later in UTC: the same day of the month, or its last one where it is shorter. `None`
    /// outside the years 1 to 9999.
    #[must_use]
    pub fn date_after_months(self, months: u8) -> Option<Date> {
        let months = jiff::Span::new().try_months(i64::from(months)).ok()?;
        let date = self.utc()?.date().checked_add(months).ok()?;
        Date::of(date)
    }

    /// This instant as DE7 shows it: the number MMDDhhmmss in UTC.
    #[must_use]
    pub fn transmission_date_time(self) -> Option<u64> {
        let at = self.utc()?;
        let mut number = 0_u64;
        for part in [at.month(), at.day(), at.hour(), at.minute(), at.second()] {
            number = number
                .checked_mul(100)?
                .checked_add(u64::try_from(part).ok()?)?;
        }
        Some(number)
    }

    /// Days from this instant's date in UTC to the date that networks write as the last digit of its year
    /// and its day of the year (`YDDD`), of all such dates the nearest; `None` when there is no such date.
    #[must_use]
    pub fn days_to(self, year_and_day: u16) -> Option<i32> {
        const DIGITS: i16 = 1000;
        let today = self.utc()?.date();
        let number = i16::try_from(year_and_day).ok()?;
        let digit = number.checked_div(DIGITS).filter(|digit| *digit <= 9)?;
        let day = number.checked_rem(DIGITS).filter(|day| *day >= 1)?;
        let first = today.year().checked_sub(4)?;
        let year = (first..=today.year().checked_add(5)?)
            .find(|year| year.checked_rem(10) == Some(digit))?;
        let start = jiff::civil::Date::new(year, 1, 1).ok()?;
        if day > start.days_in_year() {
            return None;
        }
        let days = jiff::Span::new().try_days(day.checked_sub(1)?).ok()?;
        let date = start.checked_add(days).ok()?;
        Some(today.until(date).ok()?.get_days())
    }

    fn utc(self) -> Option<jiff::civil::DateTime> {
        let instant = jiff::Timestamp::from_microsecond(self.0).ok()?;
        Some(jiff::tz::Offset::UTC.to_datetime(instant))
    }
}

/// A day of the calendar: the number YYYYMMDD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Date(pub u32);

impl Date {
    fn of(date: jiff::civil::Date) -> Option<Self> {
        let [year, month, day] = [
            u32::try_from(date.year()).ok().filter(|year| *year > 0)?,
            u32::try_from(date.month()).ok()?,
            u32::try_from(date.day()).ok()?,
        ];
        let month_of_year = year.checked_mul(100)?.checked_add(month)?;
        month_of_year.checked_mul(100)?.checked_add(day).map(Self)
    }
}

/// A business day as a network names it (DE15): month and day, the number MMDD.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct BusinessDate(pub u16);

impl BusinessDate {
    /// The date that four digits name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: u16 = text.parse().ok().filter(|_| digits)?;
        let (month, day) = (number.checked_div(100)?, number.checked_rem(100)?);
        let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
        is_date.then_some(Self(number))
    }

    /// The day of the calendar in UTC.
    #[must_use]
    pub fn of_calendar(time: Timestamp) -> Option<Self> {
        let date = time.transmission_date_time()?.checked_div(1_000_000)?;
        u16::try_from(date).ok().map(Self)
    }
}

impl fmt::Display for BusinessDate {
    /// Four digits, such as 0131.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl fmt::Display for Date {
    /// ISO 8601, such as 2026-01-31.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |divisor: u32, below: u32| {
            let rest = self.0.checked_div(divisor).unwrap_or(0);
            rest.checked_rem(below).unwrap_or(0)
        };
        let (year, month, day) = (part(10_000, u32::MAX), part(100, 100), part(1, 100));
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with microseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant:.6}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_dates_are_month_and_day() {
        for (text, date) in [
            ("0101", Some(101)),
            ("1231", Some(1231)),
            ("0230", Some(230)),
            ("1301", None),
            ("0132", None),
            ("0100", None),
            ("0000", None),
            ("+101", None),
            ("101", None),
            ("00101", None),
            ("", None),
        ] {
            let parsed = BusinessDate::parse(text);
            assert_eq!(parsed, date.map(BusinessDate), "{text:?}");
            let shown = parsed.map(|date| date.to_string());
            assert_eq!(shown, date.map(|_| text.to_owned()));
        }
        // 2026-11-24T12:00:00Z.
        let noon = Timestamp(1_795_521_600_000_000);
        assert_eq!(BusinessDate::of_calendar(noon), Some(BusinessDate(1124)));
    }

    #[test]
    fn record_ids_sort_as_their_keys_and_parse_as_printed() {
        let ids = [(0, 1, 9), (0, 2, 0), (0, 256, 1), (1, 1, 0)].map(|(shard, sequence, index)| {
            RecordId {
                shard: ShardId(shard),
                sequence,
                index,
            }
        });
        for pair in ids.windows(2) {
            assert!(pair[0] < pair[1] && pair[0].to_key() < pair[1].to_key());
        }
        for id in ids {
            assert_eq!(RecordId::from_key(&id.to_key()), Some(id));
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert_eq!("0-1".parse::<RecordId>(), Err(InvalidRecordId));
        assert_eq!(RecordId::from_key(&[0; 13]), None);
    }

    #[test]
    fn months_end_on_their_last_day() {
        // 2027-10-31 12:00 UTC.
        let at = Timestamp(1_824_984_000_000_000);
        for (months, date) in [
            (0, "2027-10-31"),
            (1, "2027-11-30"),
            (2, "2027-12-31"),
            (4, "2028-02-29"),
            (16, "2029-02-28"),
            (255, "2049-01-31"),
        ] {
            let found = at.date_after_months(months).map(|date| date.to_string());
            assert_eq!(found.as_deref(), Some(date), "{months}");
        }
        assert_eq!(Timestamp(i64::MAX).date_after_months(0), None);
    }

    #[test]
    fn days_of_a_year_are_the_nearest() {
        // 2026-11-20, day 324 of its year.
        let now = Timestamp(1_795_176_000_000_000);
        for (date, days) in [
            (6324, Some(0)),
            (6323, Some(-1)),
            (6325, Some(1)),
            (6001, Some(-323)),
            (7001, Some(42)),
            (5365, Some(-324)),
            (8366, Some(772)),
            (6366, None),
            (6000, None),
            (6999, None),
            (10_001, None),
        ] {
            assert_eq!(now.days_to(date), days, "{date}");
        }
    }

    #[test]
    fn year_and_month_are_those_of_utc() {
        assert_eq!(Timestamp(0).year_month(), Some(197_001));
        assert_eq!(Timestamp(1_893_455_999_999_999).year_month(), Some(202_912));
        assert_eq!(Timestamp(1_893_456_000_000_000).year_month(), Some(203_001));
        assert_eq!(Timestamp(i64::MAX).year_month(), None);
        assert_eq!(
            Timestamp(1_893_455_999_999_999).transmission_date_time(),
            Some(1_231_235_959)
        );
    }
}
