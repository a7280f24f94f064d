//! Customers, accounts and cards as the books keep them.
//!
//! Owns: the entities, their statuses and what a status allows. Rules of statuses: seed
//! customer-operations, reference authorization-guides 8. Must never: hold a PAN in clear.

use rules::Currency;
use rules::Reason;
use rules::{AccountId, AccountType, ProgramId};
use rules::{Deltas, Limits};
use serde::{Deserialize, Serialize};

use crate::identifiers::{CardHash, CustomerId, GroupId, RecordId};

/// What a customer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerKind {
    /// An individual.
    Person,
    /// A business.
    Company,
    /// Any other holder of cards: a department, a vehicle.
    Generic,
}

/// A party that owns accounts and holds cards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Names it.
    pub id: CustomerId,
    /// Person, company or generic.
    pub kind: CustomerKind,
    /// Full name.
    pub name: String,
    /// Document or registration number, unique to the party.
    pub document_number: String,
}

/// Status of an account and with it what it allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum AccountStatus {
    /// Debits and credits.
    Normal,
    /// Credits only; temporary.
    Blocked,
    /// Nothing; final.
    Cancelled,
    /// Migrated, before go-live: nothing.
    StandBy,
}

impl AccountStatus {
    /// Whether money may leave the account.
    #[must_use]
    pub fn allows_debit(self) -> bool {
        match self {
            Self::Normal => true,
            Self::Blocked | Self::Cancelled | Self::StandBy => false,
        }
    }

    /// Whether money may reach the account.
    #[must_use]
    pub fn allows_credit(self) -> bool {
        match self {
            Self::Normal | Self::Blocked => true,
            Self::Cancelled | Self::StandBy => false,
        }
    }
}

/// An account with its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Names it.
    pub id: AccountId,
    /// The program that makes it a credit, debit or prepaid account.
    pub program: ProgramId,
    /// The customer that owns it; never changes.
    pub owner: CustomerId,
    /// The unit it is sharded by; never changes.
    pub group: GroupId,
    /// Status.
    pub status: AccountStatus,
    /// Currency of its limits.
    pub currency: Currency,
    /// Limits, in minor units of the currency.
    pub limits: Limits,
    /// Sum of the deltas of approved authorizations that are neither cleared nor reversed.
    pub pending: Deltas,
    /// The newest message decided on this account: start of the chain that
    /// [`previous`](crate::authorization::AuthorizationDecided::previous) continues.
    pub latest: Option<RecordId>,
    /// The newest record this state includes. A record at or before it is not applied again.
    pub reflects: RecordId,
}

impl Account {
    /// Balance as posted: what may be spent of the account's own, pending authorizations not counted
    /// (DE54 amount type 01), minor units.
    #[must_use]
    pub fn ledger_balance(&self) -> i64 {
        let pending = self.pending.get(rules::LimitName::AvailableCreditLimit);
        self.limits.available_credit_limit.saturating_sub(pending)
    }

    /// What may be spent now: available credit limit or balance, savings and overdraft
    /// (DE54 amount type 02), minor units.
    #[must_use]
    pub fn available_balance(&self) -> i64 {
        self.limits
            .available_credit_limit
            .saturating_add(self.limits.available_savings_account_limit)
            .saturating_add(self.limits.total_overdraft_limit)
    }
}

/// Status of a card (reference authorization-api 15.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(
    missing_docs,
    reason = "the names are the status codes themselves; `refusal` says what each does"
)]
pub enum CardStatus {
    Normal,
    Reissued,
    Created,
    Unbound,
    Unnumbered,
    Pending,
    Warning,
    Blocked,
    Inoperative,
    Unreceived,
    ClientOrder,
    Lost,
    Theft,
    Robbed,
    Canceled,
    Deleted,
    Broken,
    Damaged,
    Defect,
    Shaved,
    ReliefLoss,
    IncorrectName,
    Rename,
    Fraud,
    Expired,
}

impl CardStatus {
    /// Why a card of this status is refused; `None` when it may be used.
    #[must_use]
    pub fn refusal(self) -> Option<Reason> {
        match self {
            Self::Normal | Self::Reissued => None,
            Self::Lost => Some(Reason::CardLost),
            Self::Theft | Self::Robbed => Some(Reason::CardStolen),
            Self::Canceled
            | Self::Deleted
            | Self::Broken
            | Self::Damaged
            | Self::Defect
            | Self::Shaved
            | Self::ReliefLoss
            | Self::IncorrectName
            | Self::Rename => Some(Reason::CardCanceled),
            Self::Created
            | Self::Unbound
            | Self::Unnumbered
            | Self::Pending
            | Self::Warning
            | Self::Blocked
            | Self::Inoperative
            | Self::Unreceived
            | Self::ClientOrder
            | Self::Fraud => Some(Reason::CardBlocked),
            Self::Expired => Some(Reason::CardExpired),
        }
    }
}

/// Which account a card draws on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CardMode {
    /// One account.
    Single(AccountId),
    /// A credit and a debit account of one group; the message chooses.
    Combo {
        /// Account of the credit mode, also used when the message does not choose.
        credit: AccountId,
        /// Account of the debit mode.
        debit: AccountId,
    },
}

impl CardMode {
    /// The account for an account type of DE3: on a combo card 10 and 20 choose debit, 00 and 30 credit.
    #[must_use]
    pub fn account(self, account_type: AccountType) -> AccountId {
        match (self, account_type) {
            (Self::Single(account), _) => account,
            (Self::Combo { debit, .. }, AccountType::Savings | AccountType::Checking) => debit,
            (Self::Combo { credit, .. }, AccountType::Unspecified | AccountType::CreditCard) => {
                credit
            }
        }
    }
}

/// Expiry of a card as `YYMM`; the card is good through that month (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Expiry(u16);

/// Four digits that are not a year and a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an expiry as YYMM with a month of 01 to 12")]
pub struct InvalidExpiry;

impl TryFrom<u16> for Expiry {
    type Error = InvalidExpiry;

    fn try_from(yymm: u16) -> Result<Self, InvalidExpiry> {
        let month = yymm.checked_rem(100).ok_or(InvalidExpiry)?;
        if yymm <= 9912 && (1..=12).contains(&month) {
            Ok(Self(yymm))
        } else {
            Err(InvalidExpiry)
        }
    }
}

impl From<Expiry> for u16 {
    fn from(expiry: Expiry) -> Self {
        expiry.0
    }
}

impl Expiry {
    /// Whether the month has passed at `year_month` (`YYYYMM`). Years are read as 2000 to 2099.
    #[must_use]
    pub fn is_before(self, year_month: u32) -> bool {
        u32::from(self.0).saturating_add(200_000) < year_month
    }
}

/// A card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Keyed hash of its PAN: how messages find it.
    pub hash: CardHash,
    /// First six and last four digits, for people.
    pub masked_pan: String,
    /// The PAN encrypted by the card vault; opaque here.
    pub encrypted_pan: Vec<u8>,
    /// What deciding looks at.
    pub facts: CardFacts,
}

/// What deciding looks at in a card: the part that stays in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardFacts {
    /// Expiry.
    pub expiry: Expiry,
    /// Status.
    pub status: CardStatus,
    /// The account or accounts it draws on.
    pub mode: CardMode,
    /// Who holds it.
    pub holder: CustomerId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_good_through_its_month() {
        let expiry = Expiry::try_from(2912).unwrap();
        assert!(!expiry.is_before(202_912));
        assert!(expiry.is_before(203_001));
        assert!(Expiry::try_from(2001).unwrap().is_before(202_611));
        for wrong in [0, 2900, 2913, 9913, 10_001] {
            assert_eq!(Expiry::try_from(wrong), Err(InvalidExpiry), "{wrong}");
        }
    }

    #[test]
    fn a_combo_card_chooses_by_account_type() {
        let combo = CardMode::Combo {
            credit: AccountId(1),
            debit: AccountId(2),
        };
        for (account_type, expected) in [
            (AccountType::Unspecified, 1),
            (AccountType::CreditCard, 1),
            (AccountType::Checking, 2),
            (AccountType::Savings, 2),
        ] {
            assert_eq!(
                combo.account(account_type),
                AccountId(expected),
                "{account_type:?}"
            );
        }
    }
}
