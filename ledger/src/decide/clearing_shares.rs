//! What a clearing takes of an open authorization.
//!
//! Owns: how much of each part is cleared, what of the hold is let go, and what the clearing moves and posts by
//! itself: the shares that the authorization recorded, with its confirmation, at the amount that is billed. Must
//! never: move more of a part's limits than its share.

use rules::Reservation;
use smallvec::SmallVec;

use super::Context;
use crate::authorization::moves::prorate;
use crate::authorization::{
    AuthorizationStatus, Cleared, ClearingFacts, MessageKey, Moves, Part, PlannedPosting, Standing,
};
use crate::identifiers::RecordId;

/// A clearing of an open authorization.
pub(super) struct Shares<'a> {
    pub(super) standing: &'a Standing,
    /// Whether what is left of the hold is let go.
    pub(super) is_final: bool,
    /// What is presented, minor units of the authorization's DE4.
    pub(super) presented_minor: i64,
    /// The same in the account's currency, as it is billed.
    pub(super) billed_minor: i64,
}

impl Shares<'_> {
    /// What the clearing does; `None` when a limit would leave its range.
    pub(super) fn cleared(
        &self,
        context: Context<'_>,
        facts: &ClearingFacts,
        name: (MessageKey, RecordId),
    ) -> Option<Cleared> {
        let taken = self.taken()?;
        let left = |(part, taken): (&Part, &i64)| match self.is_final {
            true => 0,
            false => part.remaining_minor.saturating_sub(*taken).max(0),
        };
        let remaining: SmallVec<[i64; 1]> =
            self.standing.parts.iter().zip(&taken).map(left).collect();
        let is_open = remaining.iter().any(|left| *left > 0);
        let status = match self.standing.status {
            AuthorizationStatus::Pending if is_open => AuthorizationStatus::Pending,
            AuthorizationStatus::Pending
            | AuthorizationStatus::Processed
            | AuthorizationStatus::Dropped
            | AuthorizationStatus::Declined
            | AuthorizationStatus::Canceled => AuthorizationStatus::Processed,
        };
        let own = match self.presented_minor {
            0 => None,
            _ => Some(Part {
                reservations: self.reservations(&taken, &remaining),
                ..self.own(context, facts, &taken)?
            }),
        };
        let postings = own.as_ref().map(|part| part.postings.clone());
        Some(Cleared {
            change: Some(self.standing.change(name, &remaining, status)?),
            presented_minor: self.presented_minor,
            standing: own.map(|part| Standing {
                account: self.standing.account,
                processing_code: self.standing.processing_code,
                status: AuthorizationStatus::Processed,
                parts: smallvec::smallvec![part],
                expires: None,
                reflects: context.id,
            }),
            postings: postings.unwrap_or_default(),
        })
    }

    /// What is taken of each part: of what is left of it, the oldest first; what is above all of them is the
    /// first one's. Of a hold that was let go, what had been approved counts as left.
    fn taken(&self) -> Option<SmallVec<[i64; 1]>> {
        let dropped = self.standing.status == AuthorizationStatus::Dropped;
        let mut open = self.presented_minor;
        let mut taken: SmallVec<[i64; 1]> = SmallVec::new();
        for part in &self.standing.parts {
            let left = if dropped {
                part.transaction_minor
            } else {
                part.remaining_minor
            };
            let of_part = open.min(left);
            open = open.checked_sub(of_part)?;
            taken.push(of_part);
        }
        let first = taken.first_mut()?;
        *first = first.checked_add(open)?;
        Some(taken)
    }

    /// What the clearing counts towards the limits of flex controls in place of what it takes: its share, in the
    /// period of the authorization, as one operation when nothing of that is left to count.
    fn reservations(&self, taken: &[i64], remaining: &[i64]) -> Vec<Reservation> {
        let mut counted = Vec::new();
        let parts = self.standing.parts.iter().zip(taken).zip(remaining);
        for ((part, taken), left) in parts.filter(|((_, taken), _)| **taken > 0) {
            // What was cleared in full was counted by the clearings before this one.
            let by_others = self.standing.status == AuthorizationStatus::Processed;
            let counts = *left == 0 && !by_others;
            counted.extend(part.reservations.iter().map(|reservation| Reservation {
                amount_minor: reservation.share_minor(*taken, part.transaction_minor),
                count: if counts { reservation.count } else { 0 },
                ..*reservation
            }));
        }
        counted
    }

    /// What the clearing stands for.
    fn own(&self, context: Context<'_>, facts: &ClearingFacts, taken: &[i64]) -> Option<Part> {
        let mut moves = Moves::default();
        let mut amount_minor = 0_i64;
        let (mut postings, mut compensations) = (Vec::new(), Vec::new());
        for (part, taken) in self.standing.parts.iter().zip(taken) {
            let whole = part.base.plus(&part.confirmation)?;
            moves = moves.plus(&whole.share(*taken, part.transaction_minor)?)?;
            let share = prorate(part.amount_minor, *taken, part.transaction_minor)?;
            amount_minor = amount_minor.checked_add(share)?;
            let of = (*taken, part.transaction_minor);
            add_shares(&part.postings, of, &mut postings)?;
            add_shares(&part.compensations, of, &mut compensations)?;
        }
        // At the rate of the clearing, where that is another.
        if amount_minor != self.billed_minor && amount_minor > 0 {
            let of = (self.billed_minor, amount_minor);
            moves = moves.share(of.0, of.1)?;
            postings = scaled(&postings, of)?;
            compensations = scaled(&compensations, of)?;
            amount_minor = self.billed_minor;
        }
        postings.retain(|planned| planned.posting.amount_minor != 0);
        compensations.retain(|planned| planned.posting.amount_minor != 0);
        Some(Part {
            record: context.id,
            base: moves.clone(),
            confirmation: Moves::default(),
            held: moves,
            amount_minor,
            transaction_minor: facts.amount_minor,
            remaining_minor: facts.amount_minor,
            postings,
            compensations,
            reservations: Vec::new(),
            reset_limit: self.standing.parts.first()?.reset_limit,
        })
    }
}

/// Adds shares of transactions to those of the parts before, which are of the same code: each to its own.
fn add_shares(
    planned: &[PlannedPosting],
    of: (i64, i64),
    sum: &mut Vec<PlannedPosting>,
) -> Option<()> {
    let shares = scaled(planned, of)?;
    let same = shares.len() == sum.len();
    if !same
        || shares
            .iter()
            .zip(&*sum)
            .any(|(share, other)| !share.is_like(other))
    {
        sum.extend(shares);
        return Some(());
    }
    for (other, share) in sum.iter_mut().zip(shares) {
        let amount = other.posting.amount_minor;
        other.posting.amount_minor = amount.checked_add(share.posting.amount_minor)?;
    }
    Some(())
}

/// Shares of transactions. Those of one account in one direction add up to the share of their sum: what is rounded
/// off one goes to the next.
pub(super) fn scaled(
    planned: &[PlannedPosting],
    (part, whole): (i64, i64),
) -> Option<Vec<PlannedPosting>> {
    let mut sums: Vec<(rules::AccountId, bool, i64)> = Vec::new();
    let mut shares = Vec::with_capacity(planned.len());
    for planned in planned {
        let posting = &planned.posting;
        let (account, credit) = (planned.account, posting.credit);
        let place = sums
            .iter()
            .position(|sum| (sum.0, sum.1) == (account, credit));
        let before = place
            .and_then(|place| sums.get(place))
            .map_or(0, |sum| sum.2);
        let after = before.checked_add(posting.amount_minor)?;
        match place.and_then(|place| sums.get_mut(place)) {
            Some(sum) => sum.2 = after,
            None => sums.push((account, credit, after)),
        }
        let amount_minor =
            prorate(after, part, whole)?.checked_sub(prorate(before, part, whole)?)?;
        shares.push(planned.with_amount(amount_minor));
    }
    Some(shares)
}
