//! The periods of flex controls: where they begin and end in time zones, and that they are those of a
//! naive walk over the calendar.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use jiff::civil::{Date, Time, date};
use jiff::tz::TimeZoneDatabase;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use rules::{AccountId, Accumulator, ControlTarget, FlexControl, Period};
use support::controls::instant;

fn limit(duration: &str, reset: &str, zone: &str) -> FlexControl {
    let json = format!(
        r#"{{"id": "c", "type": "spending_limit", "name": "C", "deny_code": "D", "max_limit": 100,
            "limit_duration": "{duration}", "reset_period": {{{reset}}}, "time_zone": "{zone}"}}"#
    );
    FlexControl::compile(ControlTarget::Account(AccountId(1)), &json)
        .unwrap_or_else(|errors| panic!("{errors}: {json}"))
}

fn period(control: &FlexControl, at_us: i64) -> Period {
    control.in_force(None, at_us).unwrap().period
}

fn text(at_us: i64) -> String {
    Timestamp::from_microsecond(at_us).unwrap().to_string()
}

/// Duration, reset, zone; an instant, and the ends of its period.
#[test]
fn periods_are_those_of_the_calendar_of_a_zone() {
    let table = [
        (
            "P1D",
            "",
            "UTC",
            "2026-11-21T12:00:00Z",
            "2026-11-21T00:00:00Z",
            "2026-11-22T00:00:00Z",
        ),
        (
            "P1D",
            "",
            "UTC",
            "2026-11-21T00:00:00Z",
            "2026-11-21T00:00:00Z",
            "2026-11-22T00:00:00Z",
        ),
        (
            "P1D",
            "",
            "UTC",
            "2026-11-20T23:59:59.999999Z",
            "2026-11-20T00:00:00Z",
            "2026-11-21T00:00:00Z",
        ),
        // The reset hour, before and behind it.
        (
            "P1D",
            r#""time": "07:00AM""#,
            "America/Sao_Paulo",
            "2026-11-21T09:59:59Z",
            "2026-11-20T10:00:00Z",
            "2026-11-21T10:00:00Z",
        ),
        (
            "P1D",
            r#""time": "07:00AM""#,
            "America/Sao_Paulo",
            "2026-11-21T10:00:00Z",
            "2026-11-21T10:00:00Z",
            "2026-11-22T10:00:00Z",
        ),
        (
            "P1D",
            r#""time": "11:00PM""#,
            "Asia/Kathmandu",
            "2026-11-21T17:15:00Z",
            "2026-11-21T17:15:00Z",
            "2026-11-22T17:15:00Z",
        ),
        // A day of 23 hours and one of 25.
        (
            "P1D",
            "",
            "America/New_York",
            "2026-03-08T12:00:00Z",
            "2026-03-08T05:00:00Z",
            "2026-03-09T04:00:00Z",
        ),
        (
            "P1D",
            "",
            "America/New_York",
            "2026-11-01T12:00:00Z",
            "2026-11-01T04:00:00Z",
            "2026-11-02T05:00:00Z",
        ),
        // A reset time that is skipped comes an hour later; one that comes twice counts the first time.
        (
            "P1D",
            r#""time": "02:30AM""#,
            "America/New_York",
            "2026-03-08T07:29:59Z",
            "2026-03-07T07:30:00Z",
            "2026-03-08T07:30:00Z",
        ),
        (
            "P1D",
            r#""time": "02:30AM""#,
            "America/New_York",
            "2026-03-08T07:30:00Z",
            "2026-03-08T07:30:00Z",
            "2026-03-09T06:30:00Z",
        ),
        (
            "P1D",
            r#""time": "01:30AM""#,
            "America/New_York",
            "2026-11-01T06:45:00Z",
            "2026-11-01T05:30:00Z",
            "2026-11-02T06:30:00Z",
        ),
        // Midnight that does not exist.
        (
            "P1D",
            "",
            "America/Sao_Paulo",
            "2018-11-04T12:00:00Z",
            "2018-11-04T03:00:00Z",
            "2018-11-05T02:00:00Z",
        ),
        // A day that does not exist.
        (
            "P1D",
            "",
            "Pacific/Apia",
            "2011-12-30T12:00:00Z",
            "2011-12-30T10:00:00Z",
            "2011-12-31T10:00:00Z",
        ),
        (
            "P1D",
            "",
            "Pacific/Apia",
            "2011-12-30T09:00:00Z",
            "2011-12-29T10:00:00Z",
            "2011-12-30T10:00:00Z",
        ),
        // Weeks begin on Mondays unless said.
        (
            "P1W",
            "",
            "UTC",
            "2026-11-21T12:00:00Z",
            "2026-11-16T00:00:00Z",
            "2026-11-23T00:00:00Z",
        ),
        (
            "P1W",
            r#""week_day": "sunday""#,
            "UTC",
            "2026-11-21T12:00:00Z",
            "2026-11-15T00:00:00Z",
            "2026-11-22T00:00:00Z",
        ),
        (
            "P1W",
            r#""week_day": "saturday", "time": "12:00PM""#,
            "UTC",
            "2026-11-21T11:59:59Z",
            "2026-11-14T12:00:00Z",
            "2026-11-21T12:00:00Z",
        ),
        (
            "P2W",
            "",
            "UTC",
            "2026-11-21T12:00:00Z",
            "2026-11-09T00:00:00Z",
            "2026-11-23T00:00:00Z",
        ),
        (
            "P7D",
            "",
            "UTC",
            "2026-11-21T12:00:00Z",
            "2026-11-16T00:00:00Z",
            "2026-11-23T00:00:00Z",
        ),
        // Months and years.
        (
            "P1M",
            "",
            "UTC",
            "2026-11-21T12:00:00Z",
            "2026-11-01T00:00:00Z",
            "2026-12-01T00:00:00Z",
        ),
        (
            "P1M",
            r#""month_day": 25"#,
            "UTC",
            "2026-11-21T12:00:00Z",
            "2026-10-25T00:00:00Z",
            "2026-11-25T00:00:00Z",
        ),
        (
            "P1M",
            r#""month_day": 28, "time": "06:00PM""#,
            "Europe/Dublin",
            "2026-03-28T18:00:00Z",
            "2026-03-28T18:00:00Z",
            "2026-04-28T17:00:00Z",
        ),
        (
            "P3M",
            "",
            "UTC",
            "2026-11-21T12:00:00Z",
            "2026-10-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
        ),
        (
            "P1Y",
            "",
            "UTC",
            "2026-11-21T12:00:00Z",
            "2026-01-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
        ),
        (
            "P12M",
            r#""month": 4"#,
            "UTC",
            "2026-03-31T23:59:59Z",
            "2025-04-01T00:00:00Z",
            "2026-04-01T00:00:00Z",
        ),
        (
            "P1Y6M",
            "",
            "UTC",
            "2026-11-21T12:00:00Z",
            "2025-07-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
        ),
        // Spans of exact length do not know of zones.
        (
            "PT1H",
            "",
            "America/New_York",
            "2026-11-01T05:30:00Z",
            "2026-11-01T05:00:00Z",
            "2026-11-01T06:00:00Z",
        ),
        (
            "PT1H30M",
            "",
            "UTC",
            "1970-01-01T01:29:59Z",
            "1970-01-01T00:00:00Z",
            "1970-01-01T01:30:00Z",
        ),
        (
            "PT24H",
            "",
            "America/New_York",
            "2026-03-08T12:00:00Z",
            "2026-03-08T00:00:00Z",
            "2026-03-09T00:00:00Z",
        ),
        (
            "P1D",
            "",
            "UTC",
            "1969-12-31T23:00:00Z",
            "1969-12-31T00:00:00Z",
            "1970-01-01T00:00:00Z",
        ),
    ];
    for (duration, reset, zone, at, start, end) in table {
        let found = period(&limit(duration, reset, zone), instant(at));
        let found = (text(found.start_us), text(found.end_us));
        let row = format!("{duration} {reset} {zone} {at}");
        assert_eq!(found, (start.to_owned(), end.to_owned()), "{row}");
    }
    // Where no year can be written, the period never ends.
    let forever = period(&limit("P1M", "", "UTC"), i64::MAX - 1);
    assert_eq!((forever.start_us, forever.end_us), (i64::MIN, i64::MAX));
}

#[test]
fn an_accumulator_counts_in_its_period_and_under_its_rule() {
    let daily = limit("P1D", "", "UTC");
    let noon = instant("2026-11-21T12:00:00Z");
    let counted = Accumulator {
        period: period(&daily, noon),
        amount_minor: 30,
        count: 1,
    };
    assert_eq!(daily.in_force(Some(counted), noon), Some(counted));
    assert_eq!(daily.available(Some(counted), noon), Some(70));
    let next_day = instant("2026-11-22T00:00:00Z");
    assert_eq!(daily.available(Some(counted), next_day), Some(100));
    // Another rule of periods begins to count again, even inside of the same day.
    for other in [
        limit("P1D", r#""time": "01:00AM""#, "UTC"),
        limit("P1D", "", "America/Sao_Paulo"),
        limit("P1W", "", "UTC"),
    ] {
        assert_eq!(other.available(Some(counted), noon), Some(100));
    }

    let written = daily.with_available(Some(counted), 45, noon).unwrap();
    assert_eq!(daily.available(Some(written), noon), Some(45));
    assert_ne!(written.period, counted.period);
    assert_eq!(daily.available(Some(written), next_day), Some(100));
    assert_eq!(daily.with_available(Some(counted), 101, noon), None);
    assert_eq!(daily.with_available(Some(counted), -1, noon), None);
    assert!(daily.with_available(None, 0, noon).is_some());
}

/// The rule of a period is stored: its number must stay.
#[test]
fn rules_of_periods_keep_their_numbers() {
    let table = [
        ("P1D", "", "UTC", 3_431_046_430),
        (
            "P1M",
            r#""month_day": 25, "time": "07:00AM""#,
            "America/Sao_Paulo",
            966_070_367,
        ),
        ("PT1H", "", "UTC", 3_928_027_500),
    ];
    for (duration, reset, zone, rule) in table {
        let found = period(&limit(duration, reset, zone), 0).rule;
        assert_eq!(found, rule, "{duration} {reset} {zone}");
    }
}

const ZONES: [&str; 8] = [
    "UTC",
    "America/Sao_Paulo",
    "America/New_York",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
];
const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Walks over all starts from the first on and finds the last one that is not behind the instant.
fn naive(first: Date, time: Time, zone: &str, step: jiff::Span, at_us: i64) -> (i64, i64) {
    let zone = TimeZoneDatabase::bundled().get(zone).unwrap();
    let start = |number: i64| {
        let date = first
            .checked_add(step.checked_mul(number).unwrap())
            .unwrap();
        let local = date.to_datetime(time);
        let instant = zone.to_ambiguous_timestamp(local).compatible().unwrap();
        instant.as_microsecond()
    };
    let mut number = 0;
    while start(number + 1) <= at_us {
        number += 1;
    }
    (start(number), start(number + 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn periods_are_those_of_a_naive_walk(
        at_s in 1_293_840_000_i64..1_924_905_600,
        zone in 0_usize..ZONES.len(),
        (kind, count) in (0..4, 1_i64..5),
        (hour, minute) in (0_i8..24, 0_i8..60),
        (week_day, month_day, month) in (0_usize..7, 1_i8..29, 1_i8..13),
    ) {
        let (at_us, zone) = (at_s * 1_000_000, ZONES[zone]);
        let half = if hour < 12 { "AM" } else { "PM" };
        let time = format!(r#""time": "{:02}:{minute:02}{half}""#, hour % 12);
        let time = time.replace("\"00:", "\"12:");
        let (duration, reset, first, step) = match kind {
            0 => (format!("P{count}D"), String::new(), date(1970, 1, 1), count.days()),
            1 => {
                let monday = date(1970, 1, 5);
                let day = monday.checked_add(i64::try_from(week_day).unwrap().days()).unwrap();
                // Thursday to Sunday of the first week are before its Monday.
                let first = if week_day >= 3 { day.checked_sub(7.days()).unwrap() } else { day };
                (format!("P{count}W"), format!(r#", "week_day": "{}""#, DAYS[week_day]), first, count.weeks())
            }
            2 => (format!("P{count}M"), format!(r#", "month_day": {month_day}"#), date(1970, 1, month_day), count.months()),
            _ => (format!("P{count}Y"), format!(r#", "month": {month}"#), date(1970, month, 1), (12 * count).months()),
        };
        let control = limit(&duration, &format!("{time}{reset}"), zone);
        let found = period(&control, at_us);
        let expected = naive(first, Time::new(hour, minute, 0, 0).unwrap(), zone, step, at_us);
        prop_assert_eq!((found.start_us, found.end_us), expected, "{} {}", duration, zone);
        prop_assert!(found.contains(at_us));
        // The next period begins where this one ends.
        prop_assert_eq!(period(&control, found.end_us).start_us, found.end_us);
        prop_assert_eq!(period(&control, found.end_us - 1), found);
    }
}
