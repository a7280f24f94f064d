//! The accounts that are tortured.
//!
//! Owns: how many there are, what they begin with, and the demo file that opens them. Few, so that rows
//! are written again and again; half of them with so little money that declines are common.

use crate::history::Limits;

/// How many accounts there are.
pub const ACCOUNTS: usize = 40;
/// The first of them with little money.
const FIRST_TIGHT: usize = 20;
/// The identifier of the first.
const FIRST_ID: u64 = 1;

/// One account and its card, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountNumber(pub usize);

impl AccountNumber {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..ACCOUNTS).map(Self)
    }

    /// Whether money is short.
    #[must_use]
    pub fn is_tight(self) -> bool {
        self.0 >= FIRST_TIGHT
    }

    /// Its identifier in the books.
    #[must_use]
    pub fn id(self) -> u64 {
        FIRST_ID + self.0 as u64
    }

    /// The PAN of its card.
    #[must_use]
    pub fn pan(self) -> String {
        let (bin, number) = if self.is_tight() {
            (TIGHT_BIN, self.0 - FIRST_TIGHT)
        } else {
            (AMPLE_BIN, self.0)
        };
        let body = format!("{bin}{number:07}");
        // Exactly one digit makes it a card number.
        let mut with_digit = (0..10).map(|digit| format!("{body}{digit}"));
        with_digit
            .find(|pan| has_check_digit(pan))
            .unwrap_or_default()
    }

    /// What it begins with.
    #[must_use]
    pub fn opening(self) -> Limits {
        let (available_minor, cash_minor) = if self.is_tight() { TIGHT } else { AMPLE };
        Limits {
            available_minor,
            floor_minor: 0,
            cash_minor,
            ledger_minor: available_minor,
        }
    }
}

const AMPLE_BIN: &str = "40000021";
const TIGHT_BIN: &str = "40000022";
/// Available and cash limit, minor units.
const AMPLE: (i64, i64) = (1_000_000_000, 500_000_000);
const TIGHT: (i64, i64) = (30_000, 8_000);

/// The demo file that opens them.
pub(super) fn demo_file() -> String {
    let generator = |first: AccountNumber, bin: &str, count: usize| {
        let units = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
        let opening = first.opening();
        let (available, cash) = (units(opening.available_minor), units(opening.cash_minor));
        format!(
            r#"[[generator]]
bin = "{bin}"
count = {count}
first_id = {}
program = 1
expiry = "{EXPIRY}"
limits.max_credit_limit = "{available}"
limits.total_credit_limit = "{available}"
limits.available_credit_limit = "{available}"
limits.withdrawal_credit_limit = "{cash}"
limits.available_withdrawal_credit = "{cash}"
"#,
            first.id()
        )
    };
    let ample = generator(AccountNumber(0), AMPLE_BIN, FIRST_TIGHT);
    let tight = generator(
        AccountNumber(FIRST_TIGHT),
        TIGHT_BIN,
        ACCOUNTS - FIRST_TIGHT,
    );
    format!("{ample}\n{tight}")
}

/// Expiry of every card.
pub(super) const EXPIRY: &str = "2912";

/// Luhn.
fn has_check_digit(pan: &str) -> bool {
    let digits = pan
        .bytes()
        .rev()
        .map(|byte| u32::from(byte.saturating_sub(b'0')));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}
