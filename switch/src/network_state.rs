//! What a network has said beside its traffic.
//!
//! Owns: its business days and its group sign-on, which count for all of its links and outlive reloads. Must never: be
//! asked by a decision.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ledger::identifiers::Timestamp;
use serde::{Deserialize, Serialize};

/// Business days that are remembered.
const DAYS: usize = 16;

/// Within this time a date names one day.
const HALF_A_YEAR_US: i64 = 183 * 86_400_000_000;

/// What a network has said.
#[derive(Debug, Default)]
pub struct NetworkState {
    /// That of the last business day, for answers; 0 before a cut-over.
    business_date: AtomicU16,
    group_signed_on: AtomicBool,
    /// The oldest first.
    days: Mutex<Vec<BusinessDay>>,
}

/// A business day of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessDay {
    /// MMDD as a number.
    pub date: u16,
    /// When the network cut over to it, in microseconds.
    pub began: Timestamp,
}

/// The same as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptState {
    group_signed_on: bool,
    business_days: Vec<BusinessDay>,
}

/// A text that is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDate;

impl NetworkState {
    /// A new business day has begun; whether that is a change. A day that had begun before does not begin again: that is
    /// a repeat, or a message that others have overtaken.
    ///
    /// # Errors
    /// [`NoDate`] for what is not MMDD.
    pub fn cut_over(&self, date: &str, now: Timestamp) -> Result<bool, NoDate> {
        let date = parse_date(date)?;
        let mut days = self.days();
        let this_year = now.plus_us(HALF_A_YEAR_US.saturating_neg());
        let had_begun = |day: &BusinessDay| day.date == date && day.began >= this_year;
        if days.iter().any(had_begun) {
            return Ok(false);
        }
        if days.len() >= DAYS {
            days.remove(0);
        }
        days.push(BusinessDay { date, began: now });
        self.business_date.store(date, Ordering::Relaxed);
        Ok(true)
    }

    /// The business date as DE15; `None` before a cut-over.
    #[must_use]
    pub fn business_date(&self) -> Option<String> {
        match self.business_date.load(Ordering::Relaxed) {
            0 => None,
            date => Some(format!("{date:04}")),
        }
    }

    /// The date, MMDD, of the business day that a decision of this time belongs to: that of the calendar (UTC) before the
    /// first day that is remembered.
    #[must_use]
    pub fn date_at(&self, time: Timestamp) -> u16 {
        let days = self.days();
        let day = days.iter().rev().find(|day| day.began <= time);
        day.map_or_else(|| calendar_date(time), |day| day.date)
    }

    /// All links of the network are signed on, or are not any more; whether that is a change.
    pub fn sign_on_group(&self, signed_on: bool) -> bool {
        self.group_signed_on.swap(signed_on, Ordering::Relaxed) != signed_on
    }

    /// Whether all links are signed on.
    #[must_use]
    pub fn is_group_signed_on(&self) -> bool {
        self.group_signed_on.load(Ordering::Relaxed)
    }

    /// What is to be kept of it.
    #[must_use]
    pub fn kept(&self) -> KeptState {
        KeptState {
            group_signed_on: self.is_group_signed_on(),
            business_days: self.days().clone(),
        }
    }

    /// Goes on with what was kept.
    pub fn restore(&self, kept: &KeptState) {
        self.sign_on_group(kept.group_signed_on);
        let last = kept.business_days.last().map_or(0, |day| day.date);
        self.business_date.store(last, Ordering::Relaxed);
        self.days().clone_from(&kept.business_days);
    }

    fn days(&self) -> MutexGuard<'_, Vec<BusinessDay>> {
        // A list is whole whatever happened to who held it.
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// MMDD as a number.
///
/// # Errors
/// [`NoDate`] for anything else.
pub fn parse_date(date: &str) -> Result<u16, NoDate> {
    let number: u16 = date.parse().map_err(|_not_a_number| NoDate)?;
    let (month, day) = (number / 100, number % 100);
    let digits = date.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || date.len() != 4 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(NoDate);
    }
    Ok(number)
}

/// Month and day, UTC.
fn calendar_date(time: Timestamp) -> u16 {
    let transmission = time.transmission_date_time().unwrap_or_default();
    u16::try_from(transmission / 1_000_000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24T12:00:00Z.
    const NOON: Timestamp = Timestamp(1_795_521_600_000_000);

    #[test]
    fn a_date_stays_until_another_one_comes_and_nothing_else_is_taken() {
        let state = NetworkState::default();
        assert_eq!(state.business_date(), None);
        for (date, then) in [
            ("1121", "1121"),
            ("0101", "0101"),
            ("1301", "0101"),
            ("0132", "0101"),
            ("0100", "0101"),
            ("0000", "0101"),
            ("+101", "0101"),
            ("101", "0101"),
            ("", "0101"),
            ("1231", "1231"),
        ] {
            let taken = state.cut_over(date, NOON).is_ok();
            assert_eq!(taken, date == then, "{date}");
            assert_eq!(state.business_date().as_deref(), Some(then), "{date}");
        }
        assert_eq!(state.cut_over("1231", NOON), Ok(false));
        // A repeat that comes late does not bring a day back; a year later it is another day.
        assert_eq!(state.cut_over("1121", NOON), Ok(false));
        assert_eq!(state.business_date().as_deref(), Some("1231"));
        let next_year = NOON.plus_us(2 * HALF_A_YEAR_US);
        assert_eq!(state.cut_over("1121", next_year), Ok(true));
    }

    #[test]
    fn what_was_decided_belongs_to_the_day_that_had_begun() {
        let state = NetworkState::default();
        let after = |seconds: i64| NOON.plus_us(seconds * 1_000_000);
        assert_eq!(state.date_at(NOON), 1124);
        state.cut_over("1125", after(10)).unwrap();
        state.cut_over("1126", after(20)).unwrap();
        let table = [
            (9, 1124),
            (10, 1125),
            (19, 1125),
            (20, 1126),
            (99_999, 1126),
        ];
        let kept = NetworkState::default();
        kept.restore(&state.kept());
        for (seconds, date) in table {
            assert_eq!(state.date_at(after(seconds)), date, "{seconds}");
            assert_eq!(kept.date_at(after(seconds)), date, "{seconds}");
        }
        assert_eq!(kept.business_date().as_deref(), Some("1126"));
        for number in 0..40_u16 {
            let date = format!("{:02}{:02}", 1 + number / 20, 1 + number % 20);
            state.cut_over(&date, NOON).unwrap();
        }
        assert_eq!(state.kept().business_days.len(), DAYS);
    }
}
