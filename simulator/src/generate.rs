//! Values that every new message needs: DE7, DE11, DE12, DE13, DE37. Owns the sequence of STANs of
//! one run; must never read a clock (the time is given).

use std::collections::BTreeMap;

use codec::Element;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const LAST_STAN: u32 = 999_999;

/// Freshly generated values by element: DE7, DE11, DE12, DE13, DE37.
pub type Fresh = BTreeMap<Element, String>;

/// Hands out STANs, each once until the six digits wrap.
#[derive(Clone, Debug)]
pub struct Generator {
    next_stan: u32,
}

impl Generator {
    /// Starts at a STAN derived from `seed`; two runs with different seeds start apart, so that
    /// their messages do not meet on one match key.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Fibonacci hashing spreads seeds that are close together (times, process ids).
        let spread = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let start = u32::try_from(spread % u64::from(LAST_STAN)).unwrap_or(0);
        Self {
            next_stan: start.saturating_add(1),
        }
    }

    /// The values of one new message at `now`. DE7 is UTC; the terminal's clock (DE12, DE13) is UTC
    /// too. DE37 is year digit, day of the year, hour and STAN, as acquirers commonly build it.
    pub fn fresh(&mut self, now: Timestamp) -> Fresh {
        let stan = self.next_stan;
        self.next_stan = if stan >= LAST_STAN {
            1
        } else {
            stan.saturating_add(1)
        };
        let utc = now.to_zoned(TimeZone::UTC);
        let year_digit = utc.year().rem_euclid(10);
        BTreeMap::from([
            (
                Element::TRANSMISSION_DATE_TIME,
                utc.strftime("%m%d%H%M%S").to_string(),
            ),
            (Element::STAN, format!("{stan:06}")),
            (Element::LOCAL_TIME, utc.strftime("%H%M%S").to_string()),
            (Element::LOCAL_DATE, utc.strftime("%m%d").to_string()),
            (
                Element::RETRIEVAL_REFERENCE_NUMBER,
                format!(
                    "{year_digit}{:03}{:02}{stan:06}",
                    utc.day_of_year(),
                    utc.hour()
                ),
            ),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_moment() {
        let mut generator = Generator { next_stan: 42 };
        let fresh = generator.fresh("2026-03-04T05:06:07Z".parse().unwrap());
        let text: Vec<&str> = fresh.values().map(String::as_str).collect();
        assert_eq!(
            text,
            ["0304050607", "000042", "050607", "0304", "606305000042"]
        );
    }

    #[test]
    fn stans_wrap_past_six_digits() {
        let mut generator = Generator {
            next_stan: LAST_STAN,
        };
        let now = "2026-03-04T05:06:07Z".parse().unwrap();
        assert_eq!(generator.fresh(now)[&Element::STAN], "999999");
        assert_eq!(generator.fresh(now)[&Element::STAN], "000001");
    }

    #[test]
    fn seeds_start_inside_the_six_digits() {
        for seed in [0, 1, u64::MAX, 1_700_000_000_000_000_000] {
            assert!((1..=LAST_STAN).contains(&Generator::new(seed).next_stan));
        }
        assert_ne!(Generator::new(1).next_stan, Generator::new(2).next_stan);
    }
}
