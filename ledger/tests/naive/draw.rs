//! What random bytes mean: cards, codes, amounts, and the contents of messages and operations.

use ledger::authorization::{
    AddressResult, ApprovalCode, Fingerprint, MatchKey, NetworkReference, RequestFacts,
};
use ledger::entities::{AccountStatus, CardStatus};
use ledger::operation::{Amount, Funds, GrantedLimits, Operation};
use rules::{AccountId, Currency};

use crate::support::{card_hash, made};

/// The cards; the last does not exist.
pub(crate) const CARDS: [&str; 10] = [
    "credit", "combo", "prepaid", "employee", "child", "pool", "debit", "created", "old", "nobody",
];

/// The accounts.
pub(crate) const ACCOUNTS: [u64; 8] = [1, 2, 3, 900, 901, 902, 903, 904];

pub(crate) const AMOUNTS: [i64; 12] = [
    1_000, 100, 333, 9_999, 20_001, 4_000, 50_000, 7, 1_000, 2_500, 1, 0,
];
pub(crate) const CODES: [&str; 12] = [
    "00", "01", "09", "20", "11", "10", "21", "26", "31", "33", "88", "99",
];
pub(crate) const REFERENCES: [&str; 2] = ["TX1", "TX2"];
pub(crate) const STATUSES: [CardStatus; 6] = [
    CardStatus::Normal,
    CardStatus::Blocked,
    CardStatus::Lost,
    CardStatus::Theft,
    CardStatus::Canceled,
    CardStatus::Created,
];

/// Draws one choice after the other from the bytes of a step.
pub(crate) struct Draw<'a>(pub(crate) std::slice::Iter<'a, u8>);

impl Draw<'_> {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % most.max(1)
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// One in so many.
    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == many - 1
    }
}

/// A request of its own.
pub(crate) fn facts(key: MatchKey, draw: &mut Draw<'_>) -> RequestFacts {
    let code =
        draw.of(&[0, 1, 2, 3, 0, 0, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 0].map(|code| CODES[code]));
    let types = draw.of(&["0000", "3030", "2020", "1000"]);
    let digits = format!("{code}{types}").into_bytes();
    let amount = match code {
        "31" | "33" => draw.of(&[0, 0, 0, 100]),
        _ => draw.of(&AMOUNTS),
    };
    let mut fingerprint = made::fingerprint(digits.try_into().unwrap(), amount);
    let special = draw.below(23);
    let euro: Currency = "978".parse().unwrap();
    if special == 10 || special == 11 {
        fingerprint.currency = Some(euro);
    }
    if special == 11 {
        fingerprint.billing_amount_minor = Some(amount * 11 / 10 + 1);
    }
    let mut facts = made::request(key, fingerprint);
    facts.cashback_minor = (code == "09").then_some(amount / 3);
    match special {
        5 => facts.installments = 3,
        6 => facts.partial_capable = true,
        7 => facts.pre_authorization = true,
        8 => facts.mcc = Some(7011),
        9 => facts.fees.transaction_minor = Some(50),
        11 => facts.billing_currency = Some(made::dollar()),
        12 => facts.cashback_minor = Some(40),
        13 => facts.expiry_yymm = Some(2_912),
        14 => facts.network_reference = NetworkReference::new(draw.of(&REFERENCES)),
        15 => facts.address_result = Some(AddressResult::Neither),
        16 => facts.mcc = Some(7995),
        17 => facts.circumstances.is_password_present = Some(true),
        18..=20 => facts.entry_mode = Some("071".to_owned()),
        _ => facts.partial_capable = draw.one_in(2),
    }
    facts
}

/// A message like an earlier one, of another amount.
pub(crate) fn like(
    key: MatchKey,
    fingerprint: Option<Fingerprint>,
    code: Option<&str>,
    draw: &mut Draw<'_>,
) -> RequestFacts {
    let fingerprint = fingerprint.unwrap_or_else(|| made::fingerprint(*b"000000", 1_000));
    let mut digits = fingerprint.processing_code;
    if let Some(code) = code {
        digits[..2].copy_from_slice(code.as_bytes());
    }
    let amount_minor = match draw.below(5) {
        0 => draw.of(&AMOUNTS),
        1 => fingerprint.amount_minor / 2,
        2 => fingerprint.amount_minor + 150,
        _ => fingerprint.amount_minor,
    };
    let billed = fingerprint.billing_amount_minor;
    let billed = billed.map(|_| amount_minor * 11 / 10 + 1);
    let mut facts = made::request(
        key,
        Fingerprint {
            processing_code: digits,
            amount_minor,
            billing_amount_minor: billed,
            ..fingerprint
        },
    );
    facts.billing_currency = billed.map(|_| made::dollar());
    facts
}

/// Names the message that another belongs to: by DE90, by a reference, by an approval code, or not at all.
pub(crate) fn relate(facts: &mut RequestFacts, original: MatchKey, draw: &mut Draw<'_>) {
    match draw.below(10) {
        0 => {}
        1 | 2 => facts.network_reference = NetworkReference::new(draw.of(&REFERENCES)),
        // The code of the newest answer, which the run puts in.
        3 => facts.approval_code = Some(ApprovalCode(*b"NEWEST")),
        _ => facts.original = Some(original),
    }
}

pub(crate) fn amount(account: AccountId, draw: &mut Draw<'_>) -> Amount {
    Amount {
        account,
        amount_minor: draw.of(&AMOUNTS),
        processing_code: draw.of(&CODES).parse().unwrap(),
        custom_amounts: Vec::new(),
    }
}

pub(crate) fn funds(draw: &mut Draw<'_>) -> Funds {
    Funds {
        account: AccountId(draw.of(&[2, 3, 2, 1])),
        amount_minor: draw.of(&AMOUNTS),
        skip_balance: draw.one_in(6),
        skip_status: draw.one_in(3),
    }
}

pub(crate) fn granted(draw: &mut Draw<'_>) -> GrantedLimits {
    let mut granted = GrantedLimits::default();
    let minor = draw.of(&[50_000, 0, 120_001, 250_000, -1]);
    match draw.below(4) {
        0 => granted.total_credit_limit = Some(minor),
        1 => granted.withdrawal_credit_limit = Some(minor),
        2 => granted.total_overdraft_limit = Some(minor),
        _ => granted.max_credit_limit = Some(minor),
    }
    granted
}

pub(crate) fn status(draw: &mut Draw<'_>) -> AccountStatus {
    [
        AccountStatus::Blocked,
        AccountStatus::Normal,
        AccountStatus::DebitOnly,
        AccountStatus::StandBy,
        AccountStatus::Cancelled,
    ]
    .get(draw.below(5))
    .cloned()
    .unwrap()
}

pub(crate) fn card_operation(draw: &mut Draw<'_>) -> Operation {
    let card = card_hash(draw.of(&CARDS));
    if draw.one_in(3) {
        return Operation::ActivateCard { card };
    }
    let status = draw.of(&STATUSES);
    Operation::ChangeCardStatus { card, status }
}
