//! The periods and resets of flex controls: ISO 8601 durations, where a period begins, and what resets a
//! cumulative limit.

use std::sync::Arc;

use jiff::civil::Time;
use jiff::fmt::temporal::SpanParser;

use super::control_conditions::{minute_of_day, week_day};
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use crate::controls::{AuthenticationMethod, Every, Periods, Trigger, Zone};

table! {
    /// Where a period begins, in the time zone of the control.
    ResetPeriodTable {
        /// Time of the day, such as "07:00AM"; missing: midnight.
        optional time: String,
        /// Day of the week, monday to sunday, for durations in weeks; missing: monday.
        optional week_day: String,
        /// Day of the month, 1 to 28, for durations in months; missing: 1.
        optional month_day: i64,
        /// Month, 1 to 12, for durations in years; missing: 1.
        optional month: i64,
    }
}

table! {
    /// What resets a cumulative limit.
    ResetStrategyTable {
        /// What an operation must show; one of these is enough.
        required reset_trigger: ResetTriggerTable,
    }
}

table! {
    /// What shows that the holder was authenticated.
    ResetTriggerTable {
        /// Whether a password or PIN is there.
        optional is_password_present: bool,
        /// Whether the card checked the PIN itself.
        optional is_pin_validated_offline: bool,
        /// How the holder was authenticated.
        optional authentication_method: Vec<Given<AuthenticationMethod>>,
    }
}

/// A duration in one kind of unit.
#[derive(Clone, Copy)]
enum Duration {
    Months(i64),
    /// Days, and whether they are whole weeks.
    Days(i64, bool),
    Seconds(i64),
}

/// Longest duration: a hundred years.
const MONTHS_MAX: i64 = 1_200;
const DAYS_MAX: i64 = 36_525;
const SECONDS_MAX: i64 = 3_155_760_000;

const RIGHT_DURATION: &str =
    "an ISO 8601 duration such as \"P1D\", \"P1W\", \"P1M\", \"P1Y\" or \"PT1H\"";

/// The periods of a limit; `None` when it has none, or they are wrong.
pub(super) fn periods(
    report: &mut Report<'_>,
    limit_duration: Given<String>,
    reset_period: Given<ResetPeriodTable>,
    zone: &Arc<Zone>,
    key: &str,
) -> Option<Periods> {
    let duration_key = join(key, "limit_duration");
    let reset_key = join(key, "reset_period");
    if limit_duration.is_absent() && !reset_period.is_absent() {
        let reason =
            "without limit_duration nothing accumulates; leave it out, or write the duration";
        report.error(&reset_key, reason);
    }
    let text = report.optional(limit_duration, &duration_key, RIGHT_DURATION);
    let reset = report.table(reset_period, &reset_key).unwrap_or_default();
    let text = text?;
    let duration = duration(&text);
    if duration.is_none() {
        let reason = format!("{text:?} is not one; write {RIGHT_DURATION}");
        report.error(&duration_key, reason);
    }
    let every = every(report, duration?, reset, &reset_key)?;
    Some(Periods::new(every, Arc::clone(zone)))
}

fn duration(text: &str) -> Option<Duration> {
    let span = SpanParser::new().parse_span(text).ok()?;
    let fraction = [
        span.get_milliseconds(),
        span.get_microseconds(),
        span.get_nanoseconds(),
    ];
    if fraction.iter().any(|part| *part != 0) {
        return None;
    }
    let sum = |parts: [(i64, i64); 3]| {
        parts.into_iter().try_fold(0_i64, |sum, (count, unit)| {
            sum.checked_add(count.checked_mul(unit)?)
        })
    };
    let (years, months) = (span.get_years().into(), span.get_months().into());
    let (weeks, days) = (span.get_weeks().into(), span.get_days().into());
    let months = sum([(years, 12), (months, 1), (0, 0)])?;
    let total_days = sum([(weeks, 7), (days, 1), (0, 0)])?;
    let hours = span.get_hours().into();
    let seconds = sum([
        (hours, 3_600),
        (span.get_minutes(), 60),
        (span.get_seconds(), 1),
    ])?;
    match (months, total_days, seconds) {
        (1..=MONTHS_MAX, 0, 0) => Some(Duration::Months(months)),
        (0, 1..=DAYS_MAX, 0) => Some(Duration::Days(
            total_days,
            total_days.checked_rem(7) == Some(0),
        )),
        (0, 0, 1..=SECONDS_MAX) => Some(Duration::Seconds(seconds)),
        _ => None,
    }
}

/// Checks that a reset fits its duration.
fn every(
    report: &mut Report<'_>,
    duration: Duration,
    reset: ResetPeriodTable,
    key: &str,
) -> Option<Every> {
    let at = |name: &str| join(key, name);
    let in_weeks = matches!(duration, Duration::Days(_, true));
    let in_years =
        matches!(duration, Duration::Months(months) if months.checked_rem(12) == Some(0));
    let in_months = matches!(duration, Duration::Months(_)) && !in_years;
    let exact = matches!(duration, Duration::Seconds(_));
    let misplaced = [
        ("time", !reset.time.is_absent() && exact, "days or longer"),
        (
            "week_day",
            !reset.week_day.is_absent() && !in_weeks,
            "weeks",
        ),
        (
            "month_day",
            !reset.month_day.is_absent() && !in_months,
            "months",
        ),
        ("month", !reset.month.is_absent() && !in_years, "years"),
    ];
    for (name, _, unit) in misplaced.iter().filter(|(_, misplaced, _)| *misplaced) {
        report.error(
            &at(name),
            format!("only for durations in {unit}; leave it out"),
        );
    }
    let right = "a time such as \"07:00AM\"";
    let time = report.optional(reset.time, &at("time"), right);
    let time = named(report, time, &at("time"), right, minute_of_day)?;
    let time = Time::new(hour(time)?, minute(time)?, 0, 0).ok()?;
    let right = "monday to sunday";
    let day = report.optional(reset.week_day, &at("week_day"), right);
    let week_day = named(report, day, &at("week_day"), right, week_day)?;
    let month_day = report.number(reset.month_day, &at("month_day"), &(1..=28_i8));
    let month = report.number(reset.month, &at("month"), &(1..=12_i64));
    Some(match duration {
        Duration::Months(count) => Every::Months {
            count,
            first: month.unwrap_or(1).checked_sub(1)?,
            day: month_day.unwrap_or(1),
            time,
        },
        Duration::Days(count, in_weeks) => Every::Days {
            count,
            first: if in_weeks {
                first_week_day(week_day)?
            } else {
                0
            },
            time,
        },
        Duration::Seconds(count) => Every::Seconds { count },
    })
}

/// The value of a text that may be missing, which then is 0; `None` when it is wrong.
fn named(
    report: &mut Report<'_>,
    text: Option<String>,
    key: &str,
    right: &str,
    read: fn(&str) -> Option<i64>,
) -> Option<i64> {
    let Some(text) = text else { return Some(0) };
    let value = read(&text);
    if value.is_none() {
        report.error(key, format!("{text:?} is not one; write {right}"));
    }
    value
}

fn hour(minutes: i64) -> Option<i8> {
    i8::try_from(minutes.checked_div(60)?).ok()
}

fn minute(minutes: i64) -> Option<i8> {
    i8::try_from(minutes.checked_rem(60)?).ok()
}

/// Days from 1970-01-01, a Thursday, to the first such day of the week.
fn first_week_day(week_day: i64) -> Option<i64> {
    const THURSDAY: i64 = 3;
    week_day.checked_sub(THURSDAY)?.checked_rem_euclid(7)
}

/// What resets a cumulative limit.
pub(super) fn trigger(
    report: &mut Report<'_>,
    given: Given<ResetStrategyTable>,
    key: &str,
) -> Option<Trigger> {
    if given.is_absent() {
        let reason = "missing; write reset_strategy = { reset_trigger = { .. } }";
        report.error(key, reason);
    }
    let strategy = report.table(given, key)?;
    let key = join(key, "reset_trigger");
    if strategy.reset_trigger.is_absent() {
        report.error(&key, "missing; write what resets the count");
    }
    let table = report.table(strategy.reset_trigger, &key)?;
    let flag = "true or false";
    let password_key = join(&key, "is_password_present");
    let is_password_present = report.optional(table.is_password_present, &password_key, flag);
    let pin_key = join(&key, "is_pin_validated_offline");
    let is_pin_validated_offline = report.optional(table.is_pin_validated_offline, &pin_key, flag);
    let method_key = join(&key, "authentication_method");
    let right = "a list of password, email and sms";
    let methods = report.optional(table.authentication_method, &method_key, right);
    let methods = report.list(methods.unwrap_or_default(), &method_key, right)?;
    let trigger = Trigger {
        is_password_present,
        is_pin_validated_offline,
        authentication_methods: methods,
    };
    if trigger == Trigger::default() {
        report.error(
            &key,
            "names nothing, so nothing would ever reset the count; write what does",
        );
        return None;
    }
    Some(trigger)
}
