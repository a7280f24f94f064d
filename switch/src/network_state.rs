//! What a network has said beside its traffic.
//!
//! Owns: its business days and its group sign-on, which count for all of its links and outlive reloads. Must never: be
//! asked by a decision.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ledger::identifiers::{BusinessDate, Timestamp};
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
    /// Its date.
    pub date: BusinessDate,
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

impl NetworkState {
    /// A new business day has begun; whether that is a change. A day that had begun before does not begin again: that is
    /// a repeat, or a message that others have overtaken.
    pub fn cut_over(&self, date: BusinessDate, now: Timestamp) -> bool {
        let mut days = self.days();
        let this_year = now.plus_us(HALF_A_YEAR_US.saturating_neg());
        let had_begun = |day: &BusinessDay| day.date == date && day.began >= this_year;
        if days.iter().any(had_begun) {
            return false;
        }
        if days.len() >= DAYS {
            days.remove(0);
        }
        days.push(BusinessDay { date, began: now });
        self.business_date.store(date.0, Ordering::Relaxed);
        true
    }

    /// The current business day; `None` before a cut-over.
    #[must_use]
    pub fn business_date(&self) -> Option<BusinessDate> {
        match self.business_date.load(Ordering::Relaxed) {
            0 => None,
            date => Some(BusinessDate(date)),
        }
    }

    /// The business day that had begun by a time: that of the calendar (UTC) before the first that is remembered.
    #[must_use]
    pub fn date_at(&self, time: Timestamp) -> BusinessDate {
        let days = self.days();
        let day = days.iter().rev().find(|day| day.began <= time);
        let calendar = || BusinessDate::of_calendar(time).unwrap_or(BusinessDate(0));
        day.map_or_else(calendar, |day| day.date)
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
        let last = kept.business_days.last().map_or(0, |day| day.date.0);
        self.business_date.store(last, Ordering::Relaxed);
        self.days().clone_from(&kept.business_days);
    }

    fn days(&self) -> MutexGuard<'_, Vec<BusinessDay>> {
        // A list is whole whatever happened to who held it.
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24T12:00:00Z.
    const NOON: Timestamp = Timestamp(1_795_521_600_000_000);

    fn date_of(text: &str) -> BusinessDate {
        BusinessDate::parse(text).unwrap()
    }

    #[test]
    fn a_day_goes_on_until_another_one_begins() {
        let state = NetworkState::default();
        assert_eq!(state.business_date(), None);
        for date in ["1121", "0101", "1231"] {
            assert!(state.cut_over(date_of(date), NOON), "{date}");
            assert_eq!(state.business_date(), Some(date_of(date)));
        }
        assert!(!state.cut_over(date_of("1231"), NOON));
        // A repeat that comes late does not bring a day back; a year later it is another day.
        assert!(!state.cut_over(date_of("1121"), NOON));
        assert_eq!(state.business_date(), Some(date_of("1231")));
        let next_year = NOON.plus_us(2 * HALF_A_YEAR_US);
        assert!(state.cut_over(date_of("1121"), next_year));
    }

    #[test]
    fn what_was_decided_belongs_to_the_day_that_had_begun() {
        let state = NetworkState::default();
        let after = |seconds: i64| NOON.plus_us(seconds * 1_000_000);
        assert_eq!(state.date_at(NOON), BusinessDate(1124));
        state.cut_over(date_of("1125"), after(10));
        state.cut_over(date_of("1126"), after(20));
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
            let date = BusinessDate(date);
            assert_eq!(state.date_at(after(seconds)), date, "{seconds}");
            assert_eq!(kept.date_at(after(seconds)), date, "{seconds}");
        }
        assert_eq!(kept.business_date(), Some(date_of("1126")));
        for number in 0..40_u16 {
            let date = BusinessDate((1 + number / 20) * 100 + 1 + number % 20);
            state.cut_over(date, NOON);
        }
        assert_eq!(state.kept().business_days.len(), DAYS);
    }
}
