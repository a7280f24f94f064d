//! What a network has said since the start, beside its traffic.
//!
//! Owns: its business date and its group sign-on, which count for all of its links and outlive reloads. Must never: be
//! asked by a decision.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

/// What a network has said.
#[derive(Debug, Default)]
pub struct NetworkState {
    /// MMDD as a number; 0 before a cut-over.
    business_date: AtomicU16,
    group_signed_on: AtomicBool,
}

/// A text that is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDate;

impl NetworkState {
    /// A new business day has begun.
    ///
    /// # Errors
    /// [`NoDate`] for what is not MMDD.
    pub fn cut_over(&self, date: &str) -> Result<(), NoDate> {
        let number: u16 = date.parse().map_err(|_not_a_number| NoDate)?;
        let (month, day) = (number / 100, number % 100);
        let digits = date.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || date.len() != 4 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return Err(NoDate);
        }
        self.business_date.store(number, Ordering::Relaxed);
        Ok(())
    }

    /// The business date as DE15; `None` before a cut-over.
    #[must_use]
    pub fn business_date(&self) -> Option<String> {
        match self.business_date.load(Ordering::Relaxed) {
            0 => None,
            date => Some(format!("{date:04}")),
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let taken = state.cut_over(date).is_ok();
            assert_eq!(taken, date == then, "{date}");
            assert_eq!(state.business_date().as_deref(), Some(then), "{date}");
        }
    }
}
