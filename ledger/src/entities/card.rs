//! Cards: their statuses, how these change, and the accounts a card draws on.
//!
//! Owns: the card as the books keep it; the 25 statuses of reference authorization-api 15.2 with the rules
//! by which one follows another (reference authorization-guides 8.2); modes and combo cards. Must never:
//! hold a PAN in clear.

use std::fmt;

use rules::{AccountId, AccountType, Reason};
use serde::{Deserialize, Serialize};

use crate::identifiers::{CardHash, CustomerId};

/// What a card is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CardKind {
    /// A physical card.
    #[default]
    Plastic,
    /// Only a number.
    Virtual,
    /// Only a number, for a time.
    Temporary,
    /// Only a number, for one merchant's charges.
    Recurring,
}

/// Status of a card (reference authorization-api 15.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

impl fmt::Display for CardStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
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

    /// What the status means for the card's life.
    #[must_use]
    pub fn stage(self) -> CardStage {
        match self {
            Self::Created | Self::Unbound | Self::Unnumbered => CardStage::Initial,
            Self::Normal | Self::Reissued => CardStage::Active,
            Self::Blocked
            | Self::Pending
            | Self::Warning
            | Self::Inoperative
            | Self::Unreceived
            | Self::ClientOrder => CardStage::Suspended,
            Self::Lost
            | Self::Theft
            | Self::Robbed
            | Self::Canceled
            | Self::Deleted
            | Self::Broken
            | Self::Damaged
            | Self::Defect
            | Self::Shaved
            | Self::ReliefLoss
            | Self::IncorrectName
            | Self::Rename
            | Self::Fraud
            | Self::Expired => CardStage::Ended,
        }
    }

    /// Whether a card of this status may get another. An ended card only gets another ending; nothing goes
    /// back to a stage before the first use; a card that was never active becomes so only by its activation.
    #[must_use]
    pub fn may_become(self, next: Self, activation: bool) -> bool {
        match (self.stage(), next.stage()) {
            _ if self == next => false,
            (CardStage::Initial, CardStage::Initial) => {
                self == Self::Unnumbered || (self, next) == (Self::Unbound, Self::Created)
            }
            (CardStage::Initial, CardStage::Active) => activation && next == Self::Normal,
            (CardStage::Active | CardStage::Suspended | CardStage::Ended, CardStage::Initial) => {
                false
            }
            (CardStage::Ended, next) => next == CardStage::Ended,
            (
                CardStage::Initial | CardStage::Active | CardStage::Suspended,
                CardStage::Active | CardStage::Suspended | CardStage::Ended,
            ) => true,
        }
    }

    /// Every status.
    pub const ALL: [Self; 25] = [
        Self::Normal,
        Self::Reissued,
        Self::Created,
        Self::Unbound,
        Self::Unnumbered,
        Self::Pending,
        Self::Warning,
        Self::Blocked,
        Self::Inoperative,
        Self::Unreceived,
        Self::ClientOrder,
        Self::Lost,
        Self::Theft,
        Self::Robbed,
        Self::Canceled,
        Self::Deleted,
        Self::Broken,
        Self::Damaged,
        Self::Defect,
        Self::Shaved,
        Self::ReliefLoss,
        Self::IncorrectName,
        Self::Rename,
        Self::Fraud,
        Self::Expired,
    ];
}

/// Where a card is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardStage {
    /// Not yet usable.
    Initial,
    /// Usable.
    Active,
    /// Not usable for now.
    Suspended,
    /// Never usable again.
    Ended,
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
    /// What it is.
    pub kind: CardKind,
    /// The modes of a combo card that are suspended: credit, debit.
    pub suspended: SuspendedModes,
    /// First eight digits of the PAN, where they are known: options may differ by BIN.
    pub bin: Option<[u8; 8]>,
}

/// Modes of a card that no authorization may use for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SuspendedModes {
    /// The credit mode, or the only one.
    pub credit: bool,
    /// The debit mode.
    pub debit: bool,
}

impl CardFacts {
    /// The account that an operation with this account type draws on; `None` when its mode is suspended.
    #[must_use]
    pub fn account(&self, account_type: AccountType) -> Option<AccountId> {
        let account = self.mode.account(account_type);
        let suspended = match self.mode {
            CardMode::Combo { debit, .. } if debit == account => self.suspended.debit,
            CardMode::Combo { .. } | CardMode::Single(_) => self.suspended.credit,
        };
        (!suspended).then_some(account)
    }

    /// The first eight digits of the PAN as text, where they are known.
    #[must_use]
    pub fn bin(&self) -> Option<&str> {
        std::str::from_utf8(self.bin.as_ref()?).ok()
    }
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

    #[test]
    fn a_card_status_follows_another_by_stage() {
        use CardStatus as Status;
        for (from, to, activation, allowed) in [
            (Status::Created, Status::Normal, false, false),
            (Status::Created, Status::Normal, true, true),
            (Status::Created, Status::Canceled, false, true),
            (Status::Unnumbered, Status::Created, false, true),
            (Status::Created, Status::Unnumbered, false, false),
            (Status::Unbound, Status::Created, false, true),
            (Status::Normal, Status::Blocked, false, true),
            (Status::Blocked, Status::Normal, false, true),
            (Status::Blocked, Status::Pending, false, true),
            (Status::Normal, Status::Normal, false, false),
            (Status::Normal, Status::Created, false, false),
            (Status::Normal, Status::Lost, false, true),
            (Status::Lost, Status::Normal, false, false),
            (Status::Lost, Status::Blocked, false, false),
            (Status::Lost, Status::Theft, false, true),
            (Status::Inoperative, Status::Normal, false, true),
        ] {
            assert_eq!(
                from.may_become(to, activation),
                allowed,
                "{from:?} to {to:?}"
            );
        }
        for status in CardStatus::ALL {
            let usable = status.refusal().is_none();
            assert_eq!(usable, status.stage() == CardStage::Active, "{status:?}");
        }
    }
}
