//! Reconciliation (0500, 0520): the totals of a day as the network and as this side have them.
//!
//! Owns: which element says which total, their comparison, and what the answer says: DE66 (1 in balance, 2 out of
//! balance, 3 not compared), this side's totals, and DE39 95 where nothing could be compared. Counts stand in DE74 to
//! 81, fees in DE82 to 85, amounts in DE86 to 89, the net amount, without fees, in DE97; DE15 names the day, else it is
//! the current one, and DE50 the currency. Must never: change a total.

use codec::{Element, Message};
use ledger::identifiers::BusinessDate;
use rules::{Currency, ResponseCode};
use serde_json::{Value, json};

use super::{FormatError, number, private};
use crate::totals::{Day, Sums};

const SETTLEMENT_CURRENCY: u8 = 50;
const SETTLEMENT_CODE: u8 = 66;
const NET: u8 = 97;

/// DE39 of an answer to totals that could not be compared.
const RECONCILE_ERROR: &str = "95";

/// An element and the total that it holds.
type Total = (u8, fn(&Day, &Sums) -> i64);

const COUNTS: [Total; 8] = [
    (74, |_, sums| sums.credits.count),
    (75, |_, sums| sums.credit_reversals.count),
    (76, |_, sums| sums.debits.count),
    (77, |_, sums| sums.debit_reversals.count),
    (78, |day, _| day.transfers),
    (79, |day, _| day.transfer_reversals),
    (80, |day, _| day.inquiries),
    (81, |day, _| day.authorizations),
];

const FEES: [Total; 4] = [
    (82, |_, sums| sums.credit_fees.processing_minor),
    (83, |_, sums| sums.credit_fees.transaction_minor),
    (84, |_, sums| sums.debit_fees.processing_minor),
    (85, |_, sums| sums.debit_fees.transaction_minor),
];

const AMOUNTS: [Total; 4] = [
    (86, |_, sums| sums.credits.minor),
    (87, |_, sums| sums.credit_reversals.minor),
    (88, |_, sums| sums.debits.minor),
    (89, |_, sums| sums.debit_reversals.minor),
];

/// What a network asks to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The business day, where it is said.
    pub date: Option<BusinessDate>,
    currency: Option<Currency>,
    /// What it has, by element.
    totals: Vec<(u8, i64)>,
}

/// How totals compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// Everything that was said is so here.
    In,
    /// Something is not.
    Out,
    /// Nothing was said that is kept, records are missing, or several currencies could be meant.
    NotCompared,
}

impl Balance {
    /// The name in metrics and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in_balance",
            Self::Out => "out_of_balance",
            Self::NotCompared => "not_compared",
        }
    }

    /// DE66.
    const fn code(self) -> &'static str {
        match self {
            Self::In => "1",
            Self::Out => "2",
            Self::NotCompared => "3",
        }
    }
}

/// A total that is not the same on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The element.
    pub element: u8,
    /// What the network has.
    pub said: i64,
    /// What this side has.
    pub kept: i64,
}

/// The totals of both sides, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// How they compare.
    pub balance: Balance,
    /// The business day.
    pub date: BusinessDate,
    /// What is not the same.
    pub differences: Vec<Difference>,
    currency: Option<Currency>,
    /// This side's, where one currency is meant.
    kept: Option<(Day, Sums)>,
}

impl Claim {
    /// What a message says.
    ///
    /// # Errors
    /// [`FormatError`] naming an element that means nothing.
    pub fn read(message: &Message) -> Result<Self, FormatError> {
        let element = Element::SETTLEMENT_DATE;
        let date = message.text(element).map(|date| {
            let problem = "is no date";
            BusinessDate::parse(date).ok_or(FormatError { element, problem })
        });
        let currency = currency(message)?;
        let mut totals = Vec::new();
        for (de, _) in kept_totals() {
            if let Some(element) = Element::new(*de)
                && let Some(total) = number(message, element)?
            {
                totals.push((*de, total));
            }
        }
        if let Some(element) = Element::new(NET)
            && let Some(text) = message.text(element)
        {
            let problem = "is not a sign and an amount";
            totals.push((NET, net(text).ok_or(FormatError { element, problem })?));
        }
        Ok(Self {
            date: date.transpose()?,
            currency,
            totals,
        })
    }

    /// Compares it with what this side has of a day.
    #[must_use]
    pub fn compare(&self, date: BusinessDate, day: &Day) -> Reconciliation {
        let sums = day.sums(self.currency);
        let kept = sums.map(|sums| (day.clone(), sums));
        let differs = |(element, said): &(u8, i64)| {
            let (day, sums) = kept.as_ref()?;
            let kept = total(*element, day, sums);
            (kept != *said).then_some(Difference {
                element: *element,
                said: *said,
                kept,
            })
        };
        let differences: Vec<Difference> = self.totals.iter().filter_map(differs).collect();
        let balance = if kept.is_none() || day.incomplete || self.totals.is_empty() {
            Balance::NotCompared
        } else if differences.is_empty() {
            Balance::In
        } else {
            Balance::Out
        };
        Reconciliation {
            balance,
            date,
            differences,
            currency: self.currency,
            kept,
        }
    }
}

impl Reconciliation {
    /// DE39.
    #[must_use]
    pub fn response_code(&self) -> ResponseCode {
        match self.balance {
            Balance::In | Balance::Out => ResponseCode::APPROVED,
            Balance::NotCompared => RECONCILE_ERROR.parse().unwrap_or(ResponseCode::APPROVED),
        }
    }

    /// What the answer has beside its echo list and DE39.
    #[must_use]
    pub fn elements(&self) -> Vec<(Element, String)> {
        let mut elements = vec![
            (Element::SETTLEMENT_DATE.number(), self.date.to_string()),
            (SETTLEMENT_CODE, self.balance.code().to_owned()),
        ];
        if let Some((day, sums)) = &self.kept {
            let counts = COUNTS.iter();
            elements.extend(counts.map(|(de, total)| (*de, format!("{:010}", total(day, sums)))));
            let fees = FEES.iter();
            elements.extend(fees.map(|(de, total)| (*de, format!("{:012}", total(day, sums)))));
            let amounts = AMOUNTS.iter();
            elements.extend(amounts.map(|(de, total)| (*de, format!("{:016}", total(day, sums)))));
            let net = sums.net_minor();
            let sign = if net < 0 { 'D' } else { 'C' };
            elements.push((NET, format!("{sign}{:016}", net.unsigned_abs())));
        }
        let known = elements.into_iter();
        known
            .filter_map(|(de, text)| Some((Element::new(de)?, text)))
            .collect()
    }

    /// What an operator is told; `None` for totals in balance.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let date = self.date;
        match self.balance {
            Balance::In => None,
            Balance::Out => {
                let differs = self.differences.iter().map(|difference| {
                    let Difference {
                        element,
                        said,
                        kept,
                    } = difference;
                    format!("DE{element} {said} there, {kept} here")
                });
                let differs: Vec<String> = differs.collect();
                Some(format!(
                    "totals of {date} out of balance: {}",
                    differs.join("; ")
                ))
            }
            Balance::NotCompared => Some(format!("totals of {date} could not be compared")),
        }
    }

    /// What is told of it.
    #[must_use]
    pub fn data(&self) -> Value {
        let differences = self.differences.iter().map(|difference| {
            json!({
                "element": difference.element,
                "network": difference.said,
                "switch": difference.kept,
            })
        });
        json!({
            "business_date": self.date.to_string(),
            "currency": self.currency.map(|currency| currency.to_string()),
            "result": self.balance.as_str(),
            "differences": differences.collect::<Vec<_>>(),
        })
    }
}

/// Every total but the net amount.
fn kept_totals() -> impl Iterator<Item = &'static Total> {
    COUNTS.iter().chain(&FEES).chain(&AMOUNTS)
}

/// The total that an element holds.
fn total(element: u8, day: &Day, sums: &Sums) -> i64 {
    let found = kept_totals().find(|(de, _)| *de == element);
    found.map_or_else(|| sums.net_minor(), |(_, total)| total(day, sums))
}

fn currency(message: &Message) -> Result<Option<Currency>, FormatError> {
    let Some(element) = Element::new(SETTLEMENT_CURRENCY) else {
        return Ok(None);
    };
    let problem = "is no currency";
    let text = private(message, SETTLEMENT_CURRENCY);
    text.map(|text| {
        text.parse()
            .map_err(|_unknown| FormatError { element, problem })
    })
    .transpose()
}

/// A sign, C or D, and an amount.
fn net(text: &str) -> Option<i64> {
    let (sign, digits) = text.split_at_checked(1)?;
    let digits = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(digits)?;
    let amount: i64 = digits.parse().ok()?;
    match sign {
        "C" => Some(amount),
        "D" => Some(amount.saturating_neg()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: BusinessDate = BusinessDate(1121);

    /// 7 debits of 70.00, one of 10.00 undone, 2 credits of 5.00, fees, in one currency; the same in another where that
    /// is said; 6 transfers, one undone.
    fn day(currencies: usize) -> Day {
        let sum = |count: i64, minor: i64| json!({ "count": count, "minor": minor });
        let sums = json!({
            "credits": sum(2, 500),
            "credit_reversals": sum(0, 0),
            "debits": sum(7, 7_000),
            "debit_reversals": sum(1, 1_000),
            "credit_fees": { "processing_minor": 11, "transaction_minor": 12 },
            "debit_fees": { "processing_minor": 13, "transaction_minor": 14 },
        });
        let mut day = json!({
            "network": 1, "date": 1121, "incomplete": false, "authorizations": 3, "inquiries": 4,
            "transfers": 6, "transfer_reversals": 1,
            "sums": { "840": sums },
        });
        if currencies > 1 {
            day["sums"]["978"] = day["sums"]["840"].clone();
        }
        serde_json::from_value(day).unwrap()
    }

    fn claim(currency: Option<&str>, totals: &[(u8, i64)]) -> Claim {
        Claim {
            date: None,
            currency: currency.map(|currency| currency.parse().unwrap()),
            totals: totals.to_vec(),
        }
    }

    /// Every total as the day has it.
    const ALL: [(u8, i64); 17] = [
        (74, 2),
        (75, 0),
        (76, 7),
        (77, 1),
        (78, 6),
        (79, 1),
        (80, 4),
        (81, 3),
        (82, 11),
        (83, 12),
        (84, 13),
        (85, 14),
        (86, 500),
        (87, 0),
        (88, 7_000),
        (89, 1_000),
        (97, -5_500),
    ];

    #[test]
    fn totals_compare_by_what_is_said() {
        let dollars = Some("840");
        for (totals, currency, currencies, balance, differs) in [
            (&ALL[..], dollars, 1, Balance::In, None),
            (&ALL[..], dollars, 2, Balance::In, None),
            (&ALL[..], None, 1, Balance::In, None),
            (&ALL[..], None, 2, Balance::NotCompared, None),
            (&ALL[2..3], dollars, 1, Balance::In, None),
            (&[][..], dollars, 1, Balance::NotCompared, None),
            (&[(76, 8)][..], dollars, 1, Balance::Out, Some((76, 8, 7))),
            (&[(78, 5)][..], dollars, 1, Balance::Out, Some((78, 5, 6))),
            (&[(85, 0)][..], dollars, 1, Balance::Out, Some((85, 0, 14))),
            (
                &[(97, 5_500)][..],
                dollars,
                1,
                Balance::Out,
                Some((97, 5_500, -5_500)),
            ),
            (
                &[(88, 7_000)][..],
                Some("986"),
                1,
                Balance::Out,
                Some((88, 7_000, 0)),
            ),
            (&[(81, 3), (88, 0)][..], Some("986"), 1, Balance::In, None),
        ] {
            let compared = claim(currency, totals).compare(DATE, &day(currencies));
            assert_eq!(compared.balance, balance, "{totals:?} {currency:?}");
            let found = compared.differences.first();
            let found = found.map(|found| (found.element, found.said, found.kept));
            assert_eq!(found, differs, "{totals:?} {currency:?}");
        }
        let mut missed = day(1);
        missed.incomplete = true;
        let compared = claim(dollars, &ALL).compare(DATE, &missed);
        assert_eq!(compared.balance, Balance::NotCompared);
        assert_eq!(compared.response_code().as_str(), "95");
    }

    #[test]
    fn an_answer_has_the_totals_of_this_side() {
        let compared = claim(Some("840"), &[(76, 8)]).compare(DATE, &day(1));
        assert_eq!(compared.response_code().as_str(), "00");
        let elements = compared.elements();
        let text = |number: u8| {
            let mut found = elements.iter();
            let found = found.find(|(element, _)| element.number() == number);
            found.map(|(_, text)| text.as_str())
        };
        assert_eq!(text(15), Some("1121"));
        assert_eq!(text(66), Some("2"));
        assert_eq!(text(76), Some("0000000007"));
        assert_eq!(text(78), Some("0000000006"));
        assert_eq!(text(85), Some("000000000014"));
        assert_eq!(text(88), Some("0000000000007000"));
        assert_eq!(text(97), Some("D0000000000005500"));
        let complaint = compared.complaint().unwrap();
        assert_eq!(
            complaint,
            "totals of 1121 out of balance: DE76 8 there, 7 here"
        );
    }

    #[test]
    fn a_net_amount_is_a_sign_and_digits() {
        for (text, read) in [
            ("C0000000000000012", Some(12)),
            ("D0000000000000012", Some(-12)),
            ("X0000000000000012", None),
            ("D+000000000000012", None),
            ("D", None),
            ("", None),
            ("é1", None),
        ] {
            assert_eq!(net(text), read, "{text}");
        }
    }
}
