//! The conditions of flex controls: which operators and values each attribute takes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::given::table;
use super::lines::join;
use super::report::Report;
use crate::controls::{
    AttributeGroupId, ControlAttribute, ControlCondition, ControlOperator, Country, MONTH_STEP,
    MONTHS, Ranges, Test, TextKey, WEEK_DAYS,
};

table! {
    /// One condition of a control.
    ControlConditionTable {
        /// Name of the condition, for the one who wrote it.
        optional id: String,
        /// What it looks at.
        required attribute: ControlAttribute,
        /// How it compares: eq, neq, lt, lte, gt, gte, in and nin (a comma list), bt (a-b, both
        /// included), in_group and not_in_group (the id of an attribute group).
        required operator: ControlOperator,
        /// What it compares with, as text: an amount in minor units, four digits of a merchant category
        /// code, ISO 3166-1 alpha-3, monday to sunday, JAN-25, 10:59PM-06:59AM, true or false, or a word.
        required value: GivenValue,
    }
}

/// A value as a document writes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "not a value of a condition; write a text, a whole number, true or false"
)]
pub(super) enum GivenValue {
    Flag(bool),
    Number(i64),
    Text(String),
}

impl GivenValue {
    fn into_text(self) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// Longest identifier of a condition, in characters.
const ID_CHARACTERS: usize = 36;
/// Most values of one comma list; longer ones are groups.
const LIST_MAX: usize = 1_000;

const RIGHT_ATTRIBUTE: &str = "an attribute such as \"merchant_category_code\"";
const RIGHT_OPERATOR: &str = "\"eq\", \"neq\", \"lt\", \"lte\", \"gt\", \"gte\", \"in\", \"nin\", \
                              \"bt\", \"in_group\" or \"not_in_group\"";
const RIGHT_VALUE: &str = "a text such as \"5411,5499\"";

/// Checks one condition.
pub(super) fn condition(
    report: &mut Report<'_>,
    table: ControlConditionTable,
    key: &str,
) -> Option<ControlCondition> {
    if !table.id.is_absent() {
        report.text(table.id, &join(key, "id"), ID_CHARACTERS);
    }
    let attribute = report.required(table.attribute, &join(key, "attribute"), RIGHT_ATTRIBUTE);
    let operator_key = join(key, "operator");
    let operator = report.required(table.operator, &operator_key, RIGHT_OPERATOR);
    let value_key = join(key, "value");
    let value = report.required(table.value, &value_key, RIGHT_VALUE);
    let (attribute, operator) = (attribute?, operator?);
    let operators = operators(attribute);
    if !operators.contains(&operator) {
        let names: Vec<&str> = operators.iter().map(|one| one.as_str()).collect();
        let reason = format!("not for {attribute}; write one of {}", names.join(", "));
        report.error(&operator_key, reason);
        return None;
    }
    let value = value?.into_text();
    match test(attribute, operator, &value) {
        Ok(test) => Some(ControlCondition {
            attribute,
            operator,
            value,
            test,
        }),
        Err(reason) => {
            report.error(&value_key, reason);
            None
        }
    }
}

use ControlOperator as Op;

/// The operators that an attribute takes.
fn operators(attribute: ControlAttribute) -> &'static [ControlOperator] {
    use ControlAttribute as Attribute;
    match attribute {
        Attribute::Amount | Attribute::Balance | Attribute::NumberOfInstallments => &[
            Op::Eq,
            Op::Neq,
            Op::Lt,
            Op::Lte,
            Op::Gt,
            Op::Gte,
            Op::In,
            Op::Nin,
            Op::Bt,
        ],
        Attribute::MerchantCategoryCode => &ControlOperator::ALL,
        Attribute::MerchantId => &[
            Op::Eq,
            Op::Neq,
            Op::In,
            Op::Nin,
            Op::InGroup,
            Op::NotInGroup,
        ],
        Attribute::WeekDay | Attribute::MonthDay | Attribute::TimeNow => {
            &[Op::Eq, Op::Neq, Op::In, Op::Nin, Op::Bt]
        }
        Attribute::EntryMode
        | Attribute::CountryCode
        | Attribute::AcquirerCountryCode
        | Attribute::IsPhysicalCardPresent
        | Attribute::IsDeviceRegistered
        | Attribute::IsTraExemptionRequested
        | Attribute::IsPinValidatedOffline
        | Attribute::IsTokenPresent
        | Attribute::IsCavvPresent
        | Attribute::AuthenticationMethod
        | Attribute::InitiationMode
        | Attribute::Avr
        | Attribute::OperationType => &[Op::Eq, Op::Neq, Op::In, Op::Nin],
    }
}

/// What a value of an attribute is compared with, or what is wrong with it.
fn test(
    attribute: ControlAttribute,
    operator: ControlOperator,
    value: &str,
) -> Result<Test, String> {
    let inside = ![Op::Neq, Op::Nin, Op::NotInGroup].contains(&operator);
    if matches!(operator, Op::InGroup | Op::NotInGroup) {
        let id: AttributeGroupId = value
            .parse()
            .map_err(|error| format!("{value:?} is no group: {error}"))?;
        return Ok(Test::Group { id, inside });
    }
    if matches!(
        attribute,
        ControlAttribute::MerchantId | ControlAttribute::EntryMode
    ) {
        let mut texts = list(operator, value)?
            .into_iter()
            .map(|text| {
                let key = TextKey::of(text).filter(|_| text.is_ascii());
                key.ok_or_else(|| never(text, "1 to 15 characters"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        texts.sort_unstable();
        texts.dedup();
        return Ok(Test::Texts { texts, inside });
    }
    ranges(attribute, operator, value).map(Test::Ranges)
}

/// The numbers of an attribute that a condition is met by.
fn ranges(
    attribute: ControlAttribute,
    operator: ControlOperator,
    value: &str,
) -> Result<Ranges, String> {
    let domain = attribute.domain();
    let one = || number(attribute, value.trim());
    let met = match operator {
        Op::Lt => Ranges::of(one()?.checked_sub(1).map(|most| (domain.0, most))),
        Op::Lte => Ranges::of([(domain.0, one()?)]),
        Op::Gt => Ranges::of(one()?.checked_add(1).map(|least| (least, domain.1))),
        Op::Gte => Ranges::of([(one()?, domain.1)]),
        Op::Bt => Ranges::of(between(attribute, value.trim())?),
        Op::Eq | Op::Neq | Op::In | Op::Nin | Op::InGroup | Op::NotInGroup => {
            let mut met = Vec::new();
            for text in list(operator, value)? {
                if attribute == ControlAttribute::TimeNow {
                    met.extend(between(attribute, text)?);
                } else {
                    let number = number(attribute, text)?;
                    met.push((number, number));
                }
            }
            Ranges::of(met)
        }
    };
    let negated = matches!(operator, Op::Neq | Op::Nin);
    Ok(if negated { met.inverted(domain) } else { met })
}

/// The values of a comma list, or the one value.
fn list(operator: ControlOperator, value: &str) -> Result<Vec<&str>, String> {
    if !matches!(operator, Op::In | Op::Nin) {
        return Ok(vec![value.trim()]);
    }
    let values: Vec<&str> = value.split(',').map(str::trim).collect();
    if values.len() > LIST_MAX {
        let reason = format!(
            "{} values; write at most {LIST_MAX}, or a group",
            values.len()
        );
        return Err(reason);
    }
    Ok(values)
}

fn never(text: &str, right: &str) -> String {
    format!("{text:?} never occurs; write {right}")
}

/// The number of one value.
fn number(attribute: ControlAttribute, text: &str) -> Result<i64, String> {
    use ControlAttribute as Attribute;
    if let Some(words) = attribute.words() {
        let number = words.iter().find(|(word, _)| *word == text);
        let names = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>();
        return number
            .map(|(_, number)| *number)
            .ok_or_else(|| never(text, &names().join(", ")));
    }
    let domain = attribute.domain();
    let (number, right) = match attribute {
        Attribute::MerchantCategoryCode => (
            text.parse().ok().filter(|_| is_digits(text, 4)),
            "four digits".to_owned(),
        ),
        Attribute::CountryCode | Attribute::AcquirerCountryCode => (
            Country::from_alpha3(text).map(|country| country.numeric().into()),
            "three capitals of ISO 3166-1, such as BRA".to_owned(),
        ),
        Attribute::MonthDay => (month_day(text), "a day such as JAN-25".to_owned()),
        Attribute::TimeNow => (minute_of_day(text), RIGHT_TIME.to_owned()),
        Attribute::Amount
        | Attribute::Balance
        | Attribute::NumberOfInstallments
        | Attribute::MerchantId
        | Attribute::EntryMode
        | Attribute::WeekDay
        | Attribute::IsPhysicalCardPresent
        | Attribute::IsDeviceRegistered
        | Attribute::IsTraExemptionRequested
        | Attribute::IsPinValidatedOffline
        | Attribute::IsTokenPresent
        | Attribute::IsCavvPresent
        | Attribute::AuthenticationMethod
        | Attribute::InitiationMode
        | Attribute::Avr
        | Attribute::OperationType => (
            text.parse().ok(),
            format!("a whole number from {} to {}", domain.0, domain.1),
        ),
    };
    number
        .filter(|number| (domain.0..=domain.1).contains(number))
        .ok_or_else(|| never(text, &right))
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The ranges between two values. Days and times may go over midnight, Sunday and the end of the year.
fn between(attribute: ControlAttribute, text: &str) -> Result<Vec<(i64, i64)>, String> {
    use ControlAttribute as Attribute;
    let (first, last) = ends(attribute, text).ok_or_else(|| {
        format!(
            "{text:?} is not two values; write them as first-last, such as {}",
            example(attribute)
        )
    })?;
    let (first, last) = (number(attribute, first)?, number(attribute, last)?);
    let domain = attribute.domain();
    let goes_round = matches!(
        attribute,
        Attribute::WeekDay | Attribute::MonthDay | Attribute::TimeNow
    );
    match (first <= last, goes_round) {
        (true, _) => Ok(vec![(first, last)]),
        (false, true) => Ok(vec![(first, domain.1), (domain.0, last)]),
        (false, false) => Err(format!(
            "{text:?} has no value; write the smaller one first"
        )),
    }
}

fn example(attribute: ControlAttribute) -> &'static str {
    if attribute == ControlAttribute::WeekDay {
        "monday-friday"
    } else if attribute == ControlAttribute::MonthDay {
        "DEC-24-JAN-06"
    } else if attribute == ControlAttribute::TimeNow {
        "10:59PM-06:59AM"
    } else {
        "1-99"
    }
}

/// The two values of a text. A sign is part of its number, and a day of the year has a `-` of its own.
fn ends(attribute: ControlAttribute, text: &str) -> Option<(&str, &str)> {
    let own = usize::from(attribute == ControlAttribute::MonthDay);
    let (place, _) = text
        .match_indices('-')
        .filter(|(place, _)| *place > 0)
        .nth(own)?;
    let (first, rest) = text.split_at_checked(place)?;
    Some((first.trim(), rest.strip_prefix('-')?.trim()))
}

/// A day such as JAN-25.
fn month_day(text: &str) -> Option<i64> {
    let (month, day) = text.split_once('-')?;
    let position = MONTHS.iter().position(|(name, _)| *name == month)?;
    let (_, days) = MONTHS.get(position)?;
    let day = day.parse().ok().filter(|_| is_digits(day, 2))?;
    let month = i64::try_from(position).ok()?.checked_add(1)?;
    let number = month.checked_mul(MONTH_STEP)?.checked_add(day)?;
    Some(number).filter(|_| (1..=*days).contains(&day))
}

const RIGHT_TIME: &str = "a time such as 10:59PM";

/// Minutes since midnight of a time such as `10:59PM`; `00:00AM` is `12:00AM`.
pub(super) fn minute_of_day(text: &str) -> Option<i64> {
    let (time, half) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let (hour, minute) = time.split_once(':')?;
    let well_formed = is_digits(minute, 2) && (is_digits(hour, 1) || is_digits(hour, 2));
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    let noon = match half {
        "AM" => 0,
        "PM" => 720,
        _ => return None,
    };
    let hour = match hour {
        12 => 0,
        0 if noon > 0 => return None,
        hour => hour,
    };
    let minutes = hour
        .checked_mul(60)?
        .checked_add(minute)?
        .checked_add(noon)?;
    Some(minutes).filter(|_| well_formed && hour < 12 && minute < 60)
}

/// The number of a day of the week such as `monday`, from 0.
pub(super) fn week_day(text: &str) -> Option<i64> {
    let day = WEEK_DAYS.iter().find(|(name, _)| *name == text);
    day.map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_twelve_hours_and_a_half() {
        let table = [
            ("12:00AM", Some(0)),
            ("00:00AM", Some(0)),
            ("12:30AM", Some(30)),
            ("1:05AM", Some(65)),
            ("06:59AM", Some(419)),
            ("11:59AM", Some(719)),
            ("12:00PM", Some(720)),
            ("10:59PM", Some(1_379)),
            ("00:00PM", None),
            ("13:00PM", None),
            ("10:60PM", None),
            ("10:5PM", None),
            ("10:59pm", None),
            ("22:59", None),
            ("+1:00AM", None),
            ("", None),
            ("\u{e9}M", None),
        ];
        for (text, expected) in table {
            assert_eq!(minute_of_day(text), expected, "{text}");
        }
    }

    #[test]
    fn days_of_the_year_are_days() {
        let table = [
            ("JAN-01", Some(33)),
            ("FEB-29", Some(93)),
            ("DEC-31", Some(415)),
            ("FEB-30", None),
            ("JAN-1", None),
            ("JAN-00", None),
            ("jan-01", None),
            ("01-JAN", None),
        ];
        for (text, expected) in table {
            assert_eq!(month_day(text), expected, "{text}");
        }
    }
}
