//! The periods in which limits count: days, weeks, months, years of a calendar in a time zone, or
//! spans of exact length. A period is computed once and then known by its ends, so that an evaluation
//! inside of it compares two numbers.
//!
//! Where a calendar unit is counted by more than one (`P2W`, `P3M`), periods follow each other from a
//! fixed start: January 1970 for months and years, the first of January 1970 for days, the first
//! reset day of 1970 for weeks. So `P3M` is the quarter of the calendar year. A span of hours, minutes or
//! seconds is exact and counted from 1970-01-01 00:00 UTC.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::zone::Zone;

/// A period of one limit. Two are the same only if they come of the same rule and were begun by the same
/// reset, so that what was counted under another rule or before a reset is never taken back from this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// The first microsecond since 1970-01-01 00:00 UTC.
    pub start_us: i64,
    /// The first that is no longer in it.
    pub end_us: i64,
    /// The rule it comes of: a hash of duration, reset and time zone.
    pub rule: u32,
    /// How often the count was reset beside the calendar: by a trigger, or by writing the available
    /// limit.
    pub resets: u32,
}

impl Period {
    /// Whether an instant is in it.
    pub fn contains(&self, at_us: i64) -> bool {
        (self.start_us..self.end_us).contains(&at_us)
    }
}

/// How the periods of a limit follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Periods {
    every: Every,
    zone: Arc<Zone>,
    rule: u32,
}

/// What a period lasts, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Every {
    /// So many months, from a month of the year (0 is January), a day of the month and a time.
    Months {
        count: i64,
        first: i64,
        day: i8,
        time: Time,
    },
    /// So many days, counted from a day after 1970-01-01, from a time.
    Days { count: i64, first: i64, time: Time },
    /// So many seconds.
    Seconds { count: i64 },
    /// It never ends by itself.
    Ever,
}

impl Every {
    /// The same text for the same rule, in every version of this crate: its hash is stored.
    fn canonical(self) -> String {
        let time = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        match self {
            Self::Months {
                count,
                first,
                day,
                time: at,
            } => format!("months {count} {first} {day} {}", time(at)),
            Self::Days {
                count,
                first,
                time: at,
            } => format!("days {count} {first} {}", time(at)),
            Self::Seconds { count } => format!("seconds {count}"),
            Self::Ever => "ever".to_owned(),
        }
    }
}

/// Steps to the period of an instant from the one that its date alone suggests. A clock that is put
/// back or forth, or a zone that skips a day, takes one or two.
const STEPS_MAX: usize = 8;
const MICROSECONDS: i64 = 1_000_000;

impl Periods {
    pub(crate) fn new(every: Every, zone: Arc<Zone>) -> Self {
        let text = format!("{} {}", every.canonical(), zone.name());
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let first = hash.first_chunk().copied().unwrap_or_default();
        Self {
            every,
            zone,
            rule: u32::from_be_bytes(first),
        }
    }

    /// The rule, as periods carry it.
    pub(crate) fn rule(&self) -> u32 {
        self.rule
    }

    /// The period of an instant, without resets.
    pub(crate) fn at(&self, at_us: i64) -> Period {
        let (start_us, end_us) = self.ends(at_us).unwrap_or((i64::MIN, i64::MAX));
        Period {
            start_us,
            end_us,
            rule: self.rule,
            resets: 0,
        }
    }

    /// Start and end; `None` where years cannot be written.
    fn ends(&self, at_us: i64) -> Option<(i64, i64)> {
        if self.every == Every::Ever {
            return None;
        }
        let mut number = self.suggested(at_us)?;
        for _ in 0..STEPS_MAX {
            let start = self.start_us(number)?;
            let next = number.checked_add(1)?;
            if at_us < start {
                number = number.checked_sub(1)?;
                continue;
            }
            let end = self.start_us(next)?;
            if at_us < end {
                return Some((start, end));
            }
            number = next;
        }
        None
    }

    /// The number of the period that the date of an instant is in.
    fn suggested(&self, at_us: i64) -> Option<i64> {
        let (position, count) = match self.every {
            Every::Seconds { count } => (at_us.div_euclid(MICROSECONDS), count),
            Every::Days { count, first, .. } => {
                let date = self.zone.local(at_us)?.date();
                (days(date)?.checked_sub(first)?, count)
            }
            Every::Months { count, first, .. } => {
                let date = self.zone.local(at_us)?.date();
                let years = i64::from(date.year()).checked_sub(1970)?;
                let months = years
                    .checked_mul(12)?
                    .checked_add(i64::from(date.month()))?
                    .checked_sub(1)?;
                (months.checked_sub(first)?, count)
            }
            Every::Ever => return None,
        };
        position.checked_div_euclid(count)
    }

    /// When a period begins.
    fn start_us(&self, number: i64) -> Option<i64> {
        let local = match self.every {
            Every::Seconds { count } => {
                return number.checked_mul(count)?.checked_mul(MICROSECONDS);
            }
            Every::Days { count, first, time } => {
                let day = number.checked_mul(count)?.checked_add(first)?;
                DateTime::from_parts(date(day)?, time)
            }
            Every::Months {
                count,
                first,
                day,
                time,
            } => {
                let month = number.checked_mul(count)?.checked_add(first)?;
                let year = month.div_euclid(12).checked_add(1970)?;
                let month = month.rem_euclid(12).checked_add(1)?;
                let year = i16::try_from(year).ok()?;
                let month = i8::try_from(month).ok()?;
                DateTime::from_parts(Date::new(year, month, day).ok()?, time)
            }
            Every::Ever => return None,
        };
        self.zone.instant_us(local)
    }
}

/// Days since 1970-01-01.
fn days(date: Date) -> Option<i64> {
    let midnight = jiff::tz::Offset::UTC.to_timestamp(date.to_datetime(Time::midnight()));
    midnight
        .ok()?
        .as_second()
        .checked_div_euclid(SECONDS_OF_DAY)
}

/// The day so many days after 1970-01-01.
fn date(days: i64) -> Option<Date> {
    let second = days.checked_mul(SECONDS_OF_DAY)?;
    let midnight = Timestamp::from_second(second).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(midnight).date())
}

const SECONDS_OF_DAY: i64 = 86_400;
