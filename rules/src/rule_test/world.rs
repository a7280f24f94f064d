//! The accounts of a test: their limits, and who is whose parent. The ledger of a test.

use std::collections::BTreeMap;

use crate::{
    AccountId, Accumulator, AccumulatorKey, Accumulators, AllowedOperations, Currency, Deltas,
    Limits, Plan, ProgramId, RelatedAccount, RelatedLimits, Reservation,
};

/// An account of a test.
#[derive(Clone, Debug)]
pub(crate) struct TestAccount {
    pub(crate) program: ProgramId,
    pub(crate) currency: Currency,
    /// Written before it, so that no account is its own ancestor.
    pub(crate) parent: Option<AccountId>,
    /// By its status, and the reason for it.
    pub(crate) allowed_operations: AllowedOperations,
    pub(crate) limits: Limits,
}

/// All accounts of a test.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) accounts: BTreeMap<AccountId, TestAccount>,
    /// What controls have counted.
    accumulators: BTreeMap<AccumulatorKey, Accumulator>,
}

impl Accumulators for World {
    fn accumulator(&self, key: &AccumulatorKey) -> Option<Accumulator> {
        self.accumulators.get(key).copied()
    }
}

impl World {
    pub(crate) fn account(&self, id: AccountId) -> Option<&TestAccount> {
        self.accounts.get(&id)
    }

    /// The parent accounts, nearest first.
    fn parents(&self, id: AccountId) -> impl Iterator<Item = AccountId> {
        let parent = |id: &AccountId| self.account(*id)?.parent;
        std::iter::successors(parent(&id), parent)
    }

    /// What a plan for an account moves, by account.
    pub(super) fn moves(&self, account: AccountId, plan: &Plan) -> BTreeMap<AccountId, Deltas> {
        let mut moves = BTreeMap::from([(account, plan.deltas)]);
        for related in plan.related.iter() {
            match related.account {
                RelatedAccount::Impacted { account_id, .. }
                | RelatedAccount::Counterpart { account_id } => {
                    moves.insert(account_id, related.deltas);
                }
                RelatedAccount::Parents => {
                    let parents = self.parents(account);
                    moves.extend(parents.map(|parent| (parent, related.deltas)));
                }
            }
        }
        moves.retain(|_, deltas| !deltas.is_none());
        moves
    }

    /// Counts what an approval adds.
    pub(super) fn count(&mut self, reservations: &[Reservation]) {
        for reservation in reservations {
            let before = self.accumulator(&reservation.key);
            let after = Accumulator::after(before, reservation);
            self.accumulators.insert(reservation.key, after);
        }
    }

    /// Applies moves; `false`, and nothing moved, when a limit would leave its range.
    pub(super) fn apply(&mut self, moves: &BTreeMap<AccountId, Deltas>) -> bool {
        let after = moves.iter().map(|(id, deltas)| {
            let limits = self.account(*id)?.limits.checked_apply(deltas)?;
            Some((*id, limits))
        });
        let Some(after) = after.collect::<Option<Vec<_>>>() else {
            return false;
        };
        for (id, limits) in after {
            if let Some(account) = self.accounts.get_mut(&id) {
                account.limits = limits;
            }
        }
        true
    }
}

/// The other accounts, as an evaluation for one account sees them.
#[derive(Debug)]
pub(super) struct Related<'a> {
    pub(super) world: &'a World,
    pub(super) account: AccountId,
}

impl RelatedLimits for Related<'_> {
    fn limits(&self, account: AccountId) -> Option<Limits> {
        Some(self.world.account(account)?.limits)
    }

    fn parent(&self, number: usize) -> Option<(AccountId, Limits)> {
        let parent = self.world.parents(self.account).nth(number)?;
        Some((parent, self.limits(parent)?))
    }
}
