//! What a scenario that holds asks the ledger to do: moves of the account and of related accounts,
//! moves at the confirmation, and when the limit comes back. Owns only types; decides nothing.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Deltas, Level, Limits, ProcessingCode, ResetLimit};

/// The moves of a scenario that holds, and where they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What moves on the account of the request.
    pub deltas: Deltas,
    /// Level of the configuration.
    pub level: Level,
    /// Index into the configurations of the snapshot, or [`Plan::WITHOUT_CONFIGURATION`].
    pub configuration: u32,
    /// Order of the scenario in it.
    pub scenario_order: i32,
    /// What moves on other accounts. An approval must apply these as well.
    pub related: RelatedMoves,
    /// What moves at the confirmation of a dual message, for the whole amount, on the account that
    /// moved at the authorization; `None` when the configuration says nothing.
    pub confirmation: Option<Deltas>,
    /// When the consumed limit comes back; `None` when the configuration says nothing.
    pub reset_limit: Option<ResetLimit>,
}

impl Plan {
    /// The `configuration` of an operation that moves nothing and so needs none.
    pub const WITHOUT_CONFIGURATION: u32 = u32::MAX;

    /// Nothing moves, nothing was looked up.
    pub(crate) const NOTHING: Self = Self {
        deltas: Deltas::NONE,
        level: Level::Tenant,
        configuration: Self::WITHOUT_CONFIGURATION,
        scenario_order: 0,
        related: RelatedMoves::NONE,
        confirmation: None,
        reset_limit: None,
    };
}

/// The moves of accounts other than the request's: at most one of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelatedMoves([Option<RelatedMove>; 3]);

impl RelatedMoves {
    /// No other account moves.
    pub const NONE: Self = Self([None; 3]);

    pub(crate) fn new(
        impacted: Option<RelatedMove>,
        counterpart: Option<RelatedMove>,
        parents: Option<RelatedMove>,
    ) -> Self {
        Self([impacted, counterpart, parents])
    }

    /// The moves: the impacted account, the counterpart account, the parent accounts.
    pub fn iter(&self) -> impl Iterator<Item = &RelatedMove> {
        self.0.iter().flatten()
    }

    /// Whether no other account moves.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// What moves on one related account, or on each of the parent accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelatedMove {
    /// Which account.
    pub account: RelatedAccount,
    /// What moves.
    pub deltas: Deltas,
    /// The code it moves under, where that is not the request's.
    pub processing_code: Option<ProcessingCode>,
}

/// An account that moves because of another's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelatedAccount {
    /// `impact_account`: moves instead of the request's account.
    Impacted {
        /// The account.
        account_id: AccountId,
        /// Its holder, where given.
        customer_id: Option<u64>,
    },
    /// `counterpart_account`: moves the other way.
    Counterpart {
        /// The account.
        account_id: AccountId,
    },
    /// `impact_parent_accounts`: every parent of the request's account moves.
    Parents,
}

/// Where evaluation finds the limits of accounts other than the request's.
pub trait RelatedLimits {
    /// The limits of an account; `None` when they are not known. A scenario that would move an
    /// account without known limits does not hold.
    fn limits(&self, account: AccountId) -> Option<Limits>;

    /// The parents of the request's account with their limits, nearest first: number 0, 1 and so
    /// on until `None`.
    fn parent(&self, number: usize) -> Option<(AccountId, Limits)>;
}

/// No other account is known and there are no parents.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRelatedLimits;

impl RelatedLimits for NoRelatedLimits {
    fn limits(&self, _account: AccountId) -> Option<Limits> {
        None
    }

    fn parent(&self, _number: usize) -> Option<(AccountId, Limits)> {
        None
    }
}
