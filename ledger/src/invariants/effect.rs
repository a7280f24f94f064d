//! What a record must move.
//!
//! Owns: the moves and pending sums that follow from a decision alone, and that a record says the same of every
//! account. Must never: take them from the record's own list of moves.

use rules::{AccountId, Limits, ResetLimit};

use crate::authorization::{AccountMove, Approval, Change, Clearing, Moves, Standing};
use crate::operation::GrantedLimits;

/// What a record must move.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    moves: Moves,
    pending: Moves,
}

impl Expected {
    /// What an approval moves.
    pub(crate) fn of_approval(approval: &Approval, clearing: Clearing) -> Self {
        let moves = approval.moves.clone();
        let pending = match clearing {
            Clearing::Offline => moves.clone(),
            Clearing::Online => Moves::default(),
        };
        Self { moves, pending }
    }

    /// What a change of an authorization moves; `None` when a sum leaves its range.
    pub(crate) fn of_change(standing: &Standing, change: &Change) -> Option<Self> {
        let (moves, pending) = (change.moves()?, standing.pending(change)?);
        Some(Self { moves, pending })
    }

    /// What a forced operation moves; `None` when a sum leaves its range.
    pub(crate) fn of_forced(standing: &Standing) -> Option<Self> {
        Some(Self::cleared(standing.held()?))
    }

    /// The same, and what a clearing stands for by itself; `None` when a sum leaves its range.
    pub(crate) fn with(self, standing: &Standing) -> Option<Self> {
        let moves = self.moves.plus(&standing.held()?)?;
        Some(Self { moves, ..self })
    }

    /// What a limit refund moves; `None` when a limit leaves its range.
    pub(crate) fn of_refund(standing: &Standing, paid: ResetLimit) -> Option<Self> {
        Some(Self::cleared(standing.refundable(paid)?))
    }

    /// What granting other limits moves; `None` when a difference leaves its range.
    pub(crate) fn of_grant(
        account: AccountId,
        before: &Limits,
        granted: &GrantedLimits,
    ) -> Option<Self> {
        Some(Self::cleared(Moves::of(account, granted.deltas(before)?)))
    }

    fn cleared(moves: Moves) -> Self {
        Self {
            moves,
            pending: Moves::default(),
        }
    }

    /// Whether a record moves this, on every account of it and on no other.
    pub(crate) fn is_recorded_as(&self, recorded: &[AccountMove]) -> bool {
        let as_recorded = recorded.iter().all(|moved| {
            moved.deltas == self.moves.deltas(moved.account)
                && moved.pending == self.pending.deltas(moved.account)
        });
        let mut planned = self.moves.iter().chain(self.pending.iter());
        as_recorded
            && planned.all(|(account, deltas)| {
                deltas.is_none() || recorded.iter().any(|moved| moved.account == account)
            })
    }

    /// What limits must move by.
    pub(crate) fn moves(&self) -> &Moves {
        &self.moves
    }

    /// What the sums of pending authorizations must move by.
    pub(crate) fn pending(&self) -> &Moves {
        &self.pending
    }
}
