//! What a clearing may differ in from what was authorized, and what then becomes of it (the clearing rules
//! of the platform). Owns the reasons for which a clearing is looked at by people and the policy of each.
//! Must never: decide a clearing; that is the ledger's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a clearing does not simply post.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClearingReason {
    /// A refund names what cannot be refunded, or is of more than was cleared.
    NotRefundableAuthorization,
    /// The processing code is not in the table, moves no money, or no balance configuration takes it.
    NotPermittedOperation,
    /// The processing code is not that of the authorization.
    DifferentProcessingCode,
    /// The amount is zero.
    ClearingWithZeroAmount,
    /// The card has no account in the mode that is asked for, or another one than was authorized.
    InvalidCardMode,
    /// The status of the account does not allow the operation.
    InvalidAccountStatus,
    /// More is cleared than was authorized, beyond the tolerance of the merchant category.
    MccAmountExceedsAuthorization,
    /// The card is not known.
    CardNotFound,
    /// The processing date is no date, or in the future.
    InvalidJulianDate,
    /// No authorization is found, and the merchant category requires one.
    MccAuthorizationNotFound,
    /// The authorization is older than may be cleared.
    ConciliationDeadline,
    /// A reversal names a clearing that is not known.
    AcceptanceNotFound,
    /// A reversal is of more than remains of what it names.
    CancellationAmountExceedsAuthorized,
    /// A reversal does not fit what it names: other code or currency, or undone already.
    InvalidSemanticCancellation,
    /// A clearing of the same acquirer reference was posted already.
    DuplicateClearing,
}

impl ClearingReason {
    /// Every reason, in the order in which they are told.
    pub const ALL: [Self; 15] = [
        Self::NotRefundableAuthorization,
        Self::NotPermittedOperation,
        Self::DifferentProcessingCode,
        Self::ClearingWithZeroAmount,
        Self::InvalidCardMode,
        Self::InvalidAccountStatus,
        Self::MccAmountExceedsAuthorization,
        Self::CardNotFound,
        Self::InvalidJulianDate,
        Self::MccAuthorizationNotFound,
        Self::ConciliationDeadline,
        Self::AcceptanceNotFound,
        Self::CancellationAmountExceedsAuthorized,
        Self::InvalidSemanticCancellation,
        Self::DuplicateClearing,
    ];

    /// The name in documents, events and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotRefundableAuthorization => "NOT_REFUNDABLE_AUTHORIZATION",
            Self::NotPermittedOperation => "NOT_PERMITTED_OPERATION",
            Self::DifferentProcessingCode => "DIFFERENT_PROCESSING_CODE",
            Self::ClearingWithZeroAmount => "CLEARING_WITH_ZERO_AMOUNT",
            Self::InvalidCardMode => "INVALID_CARD_MODE",
            Self::InvalidAccountStatus => "INVALID_ACCOUNT_STATUS",
            Self::MccAmountExceedsAuthorization => "MCC_AMOUNT_EXCEEDS_AUTHORIZATION",
            Self::CardNotFound => "CARD_NOT_FOUND",
            Self::InvalidJulianDate => "INVALID_JULIAN_DATE",
            Self::MccAuthorizationNotFound => "MCC_AUTHORIZATION_NOT_FOUND",
            Self::ConciliationDeadline => "CONCILIATION_DEADLINE",
            Self::AcceptanceNotFound => "ACCEPTANCE_NOT_FOUND",
            Self::CancellationAmountExceedsAuthorized => "CANCELLATION_AMOUNT_EXCEEDS_AUTHORIZED",
            Self::InvalidSemanticCancellation => "INVALID_SEMANTIC_CANCELLATION",
            Self::DuplicateClearing => "DUPLICATE_CLEARING",
        }
    }

    /// Whether a document may say what becomes of it. What cannot be posted as it is, and what would be
    /// posted twice, is always for people to look at.
    pub fn is_configurable(self) -> bool {
        !matches!(
            self,
            Self::AcceptanceNotFound
                | Self::CancellationAmountExceedsAuthorized
                | Self::InvalidSemanticCancellation
                | Self::DuplicateClearing
        )
    }
}

impl fmt::Display for ClearingReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What becomes of a clearing for a reason; of several, the last in this order.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClearingAction {
    /// It posts all the same; the reason is recorded.
    Post,
    /// It goes to the work list.
    Hold,
    /// It is refused, to be returned to the network.
    Reject,
}

/// How clearings are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearingOptions {
    /// What becomes of a clearing, where that is not the standard of the reason.
    pub actions: BTreeMap<ClearingReason, ClearingAction>,
    /// Merchant categories whose clearings must find an authorization.
    pub authorization_required: BTreeSet<u16>,
    /// Days after an authorization in which it may be cleared; `None` for ever.
    pub deadline_days: Option<u16>,
    /// Percent that a clearing may be above its authorization.
    pub tolerance_percent: u16,
    /// Where that differs by merchant category.
    pub tolerance_percent_by_mcc: BTreeMap<u16, u16>,
}

impl ClearingOptions {
    /// What becomes of a clearing for a reason. Unless a document says otherwise, what was authorized is
    /// owed and posts, and what casts doubt on it is held.
    pub fn action(&self, reason: ClearingReason) -> ClearingAction {
        use ClearingReason as R;
        let standard = match reason {
            R::ClearingWithZeroAmount | R::InvalidAccountStatus => ClearingAction::Post,
            R::NotRefundableAuthorization
            | R::NotPermittedOperation
            | R::DifferentProcessingCode
            | R::InvalidCardMode
            | R::MccAmountExceedsAuthorization
            | R::CardNotFound
            | R::InvalidJulianDate
            | R::MccAuthorizationNotFound
            | R::ConciliationDeadline
            | R::AcceptanceNotFound
            | R::CancellationAmountExceedsAuthorized
            | R::InvalidSemanticCancellation
            | R::DuplicateClearing => ClearingAction::Hold,
        };
        match self.actions.get(&reason) {
            Some(action) if reason.is_configurable() => *action,
            Some(_) | None => standard,
        }
    }

    /// The most that may be cleared of so much authorized; `None` when it leaves its range.
    pub fn most(&self, mcc: Option<u16>, authorized_minor: i64) -> Option<i64> {
        let by_mcc = mcc.and_then(|mcc| self.tolerance_percent_by_mcc.get(&mcc));
        let percent = by_mcc.copied().unwrap_or(self.tolerance_percent);
        let above = i128::from(authorized_minor)
            .checked_mul(i128::from(percent))?
            .checked_div(100)?;
        i64::try_from(i128::from(authorized_minor).checked_add(above)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_documents() {
        for reason in ClearingReason::ALL {
            let name = serde_json::to_value(reason).unwrap();
            assert_eq!(name, reason.as_str());
        }
    }

    #[test]
    fn what_cannot_be_configured_is_held_whatever_a_document_says() {
        let mut options = ClearingOptions::default();
        for reason in ClearingReason::ALL {
            options.actions.insert(reason, ClearingAction::Post);
        }
        let held: Vec<_> = ClearingReason::ALL
            .into_iter()
            .filter(|reason| options.action(*reason) == ClearingAction::Hold)
            .collect();
        assert_eq!(
            held,
            [
                ClearingReason::AcceptanceNotFound,
                ClearingReason::CancellationAmountExceedsAuthorized,
                ClearingReason::InvalidSemanticCancellation,
                ClearingReason::DuplicateClearing,
            ]
        );
    }

    #[test]
    fn a_tolerance_is_rounded_down() {
        let mut options = ClearingOptions {
            tolerance_percent: 10,
            ..ClearingOptions::default()
        };
        options.tolerance_percent_by_mcc.insert(5812, 20);
        for (mcc, authorized, most) in [
            (None, 1000, Some(1100)),
            (Some(5411), 1009, Some(1109)),
            (Some(5812), 1000, Some(1200)),
            (Some(5812), 4, Some(4)),
            (None, i64::MAX, None),
        ] {
            assert_eq!(options.most(mcc, authorized), most, "{mcc:?} {authorized}");
        }
    }
}
