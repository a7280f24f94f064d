//! What the naive ledger makes of a presentment: the hold that it clears, or an authorization of its own.

use ledger::authorization::{AuthorizationStatus, ClearingFacts, Divergence, RequestFacts};
use rules::{BalanceImpact, ClearingReason, Reservation};

use crate::books::{Amounts, Hold, Naive, Part, Posts, rounded};
use crate::clearings::{Cleared, Examined, Own};
use crate::controls::Reserved;
use crate::plans::Sums;
use crate::requests::{About, names};
use crate::support::made;

impl Naive {
    pub(crate) fn presentment(
        &self,
        facts: &ClearingFacts,
        request: &RequestFacts,
        about: &About<'_>,
    ) -> Examined {
        let mut examined = Examined {
            account: about.account.map(|account| account.id),
            ..Examined::default()
        };
        if about.card.is_some() && about.account.is_none() {
            examined.reasons.push(ClearingReason::InvalidCardMode);
        }
        if let Some(bearer) = self.bearer(facts) {
            let stands = bearer.own.or(bearer.changed);
            let stands = stands.filter(|hold| !self.is_gone(*hold));
            if stands.is_none_or(|hold| self.holds[hold].left() > 0) {
                examined.reasons.push(ClearingReason::DuplicateClearing);
            }
        }
        let names = names(request);
        let message = self.named(facts.card, None, &names).flatten();
        let hold = message.and_then(|message| self.hold_of(message));
        let own = about.entry.map(|entry| entry.balance_impact);
        let impact = |hold: usize| {
            let entry = self.rules.processing_code(self.holds[hold].code);
            entry.map(|entry| entry.balance_impact)
        };
        match hold.map(|(hold, _)| hold) {
            Some(hold) if impact(hold) == own => {
                self.clearing_of(facts, (request, about), hold, &mut examined);
            }
            Some(hold) if own == Some(BalanceImpact::Credit) => {
                let minor = amounts(facts, (request, about), &self.holds[hold]);
                let minor = minor.map(|(_, minor)| minor);
                let most = self.holds[hold].cleared();
                if minor.is_none_or(|minor| self.refunded(hold) + minor > most) {
                    let reason = ClearingReason::NotRefundableAuthorization;
                    examined.reasons.push(reason);
                }
                self.alone(facts, (request, about), &mut examined);
                let own = examined.cleared.as_mut().and_then(|own| own.own.as_mut());
                if let Some(own) = own {
                    let cleared = matches!(
                        self.holds[hold].status,
                        AuthorizationStatus::Processed | AuthorizationStatus::Pending
                    );
                    own.refunds = self.noted(about, hold, minor).filter(|_| cleared);
                }
            }
            _ => {
                if names.iter().any(Option::is_some) {
                    examined.divergences.push(Divergence::UnknownOriginal);
                }
                let required = &self.options(examined.account).authorization_required;
                let required = facts.mcc.is_some_and(|mcc| required.contains(&mcc));
                if required && own == Some(BalanceImpact::Debit) {
                    let reason = ClearingReason::MccAuthorizationNotFound;
                    examined.reasons.push(reason);
                }
                self.alone(facts, (request, about), &mut examined);
            }
        }
        examined
    }

    /// As an authorization of its own.
    fn alone(
        &self,
        facts: &ClearingFacts,
        (request, about): (&RequestFacts, &About<'_>),
        examined: &mut Examined,
    ) {
        if facts.amount_minor < 1 {
            examined.cleared = about.account.map(|_| Cleared::default());
            return;
        }
        let Ok((Some(approved), reserved)) = self.forced(request) else {
            return;
        };
        if approved.planned.without_configuration {
            let reason = ClearingReason::NotPermittedOperation;
            examined.reasons.push(reason);
        }
        let own = Own {
            account: about.account.unwrap().id,
            code: facts.processing_code,
            part: approved.into_part(self.messages.len(), true),
            reserved,
            refunds: None,
        };
        examined.cleared = Some(Cleared {
            own: Some(own),
            ..Cleared::default()
        });
    }

    /// As the clearing of a hold.
    fn clearing_of(
        &self,
        facts: &ClearingFacts,
        (request, about): (&RequestFacts, &About<'_>),
        number: usize,
        examined: &mut Examined,
    ) {
        let hold = &self.holds[number];
        let own = examined.account.replace(hold.account);
        if own.is_some_and(|own| own != hold.account) {
            examined.reasons.push(ClearingReason::InvalidCardMode);
        }
        let divergence = match hold.status {
            AuthorizationStatus::Dropped => Some(Divergence::AfterDrop),
            AuthorizationStatus::Canceled => Some(Divergence::AfterReversal),
            _ => None,
        };
        examined.divergences.extend(divergence);
        let options = self.options(examined.account);
        let days = (self.now - hold.since) / (24 * 3600 * 1_000_000);
        let exactly = (self.now - hold.since) % (24 * 3600 * 1_000_000) == 0;
        let late = |most: u16| days > i64::from(most) || (days == i64::from(most) && !exactly);
        if options.deadline_days.is_some_and(late) {
            examined.reasons.push(ClearingReason::ConciliationDeadline);
        }
        let Some((billed, minor)) = amounts(facts, (request, about), hold) else {
            return;
        };
        let most = options.most(facts.mcc, hold.may_be_presented()).unwrap();
        if hold.presented.in_force + minor > most {
            let reason = ClearingReason::MccAmountExceedsAuthorization;
            examined.reasons.push(reason);
        }
        let other_code = hold.code != facts.processing_code;
        if other_code {
            let reason = ClearingReason::DifferentProcessingCode;
            examined.reasons.push(reason);
        }
        if hold.status == AuthorizationStatus::Processed && hold.left() > 0 {
            examined.cleared = Some(confirmed(hold, number, minor, facts.is_final));
            return;
        }
        let cleared = self.shares(facts, number, (billed, minor));
        if !other_code {
            examined.cleared = Some(cleared);
            return;
        }
        if own != Some(hold.account) || facts.amount_minor < 1 {
            return;
        }
        // Under its own code, in the place of what was authorized.
        self.alone(facts, (request, about), examined);
        if let Some(alone) = &mut examined.cleared {
            (alone.change, alone.presented) = (cleared.change, cleared.presented);
            let counted = cleared.own.map(|own| own.reserved).unwrap_or_default();
            alone.own.as_mut().unwrap().reserved = counted;
        }
    }

    /// What a presentment takes out of a hold, and stands for by itself.
    fn shares(&self, facts: &ClearingFacts, number: usize, (billed, minor): (i64, i64)) -> Cleared {
        let hold = &self.holds[number];
        let mut open = minor;
        let mut taken: Vec<i64> = Vec::new();
        for part in &hold.parts {
            let dropped = hold.status == AuthorizationStatus::Dropped;
            let there = if dropped { part.approved } else { part.left };
            taken.push(open.min(there));
            open -= open.min(there);
        }
        taken[0] += open;
        let parts = || hold.parts.iter().zip(&taken);
        let left: Vec<i64> = parts()
            .map(|(part, taken)| match facts.is_final {
                true => 0,
                false => (part.left - taken).max(0),
            })
            .collect();
        let pending =
            hold.status == AuthorizationStatus::Pending && left.iter().any(|left| *left > 0);
        let status = match pending {
            true => AuthorizationStatus::Pending,
            false => AuthorizationStatus::Processed,
        };
        let again = hold.status == AuthorizationStatus::Processed;
        let mut reserved = Vec::new();
        for (place, taken) in taken.iter().enumerate().filter(|(_, taken)| **taken > 0) {
            let approved = hold.parts[place].approved;
            let counts = left[place] == 0 && !again;
            let of_part = |of: &&Reserved| of.of == Some((number, place));
            for Reserved { reservation, .. } in self.reserved.iter().filter(of_part) {
                reserved.push(Reservation {
                    amount_minor: rounded(reservation.amount_minor, *taken, approved),
                    count: if counts { reservation.count } else { 0 },
                    ..*reservation
                });
            }
        }
        let own = (minor != 0).then(|| Own {
            account: hold.account,
            code: hold.code,
            part: self.own_part(facts, parts(), billed),
            reserved,
            refunds: None,
        });
        Cleared {
            change: Some((number, left, status)),
            presented: Some((number, minor)),
            own,
        }
    }

    fn own_part<'a>(
        &self,
        facts: &ClearingFacts,
        parts: impl Iterator<Item = (&'a Part, &'a i64)>,
        billed: i64,
    ) -> Part {
        let (mut moves, mut posts) = (Amounts::new(), Posts::new());
        let mut amount = 0;
        for (part, taken) in parts {
            let share = |whole: i64| rounded(whole, *taken, part.approved);
            let mut whole = part.moves.clone();
            for (place, moved) in &part.at_clearing {
                *whole.entry(*place).or_default() += moved;
            }
            for (place, moved) in whole {
                *moves.entry(place).or_default() += share(moved);
            }
            for (place, posted) in &part.posts {
                *posts.entry(*place).or_default() += share(*posted);
            }
            amount += share(part.billed);
        }
        if amount != billed && amount > 0 {
            let scale = |of: &mut i64| *of = rounded(*of, billed, amount);
            moves.values_mut().for_each(scale);
            posts.values_mut().for_each(scale);
            amount = billed;
        }
        Part {
            message: self.messages.len(),
            moves,
            at_clearing: Amounts::new(),
            billed: amount,
            approved: facts.amount_minor,
            left: facts.amount_minor,
            posts,
        }
    }
}

impl Hold {
    /// So much may be in force of it by clearings: what is authorized, and what was undone again.
    fn may_be_presented(&self) -> i64 {
        let most = self.presented.in_force + self.presented.undone;
        match self.status {
            AuthorizationStatus::Pending => most + self.left(),
            AuthorizationStatus::Processed => most.max(self.left()),
            AuthorizationStatus::Dropped => {
                let approved = self.parts.iter().map(|part| part.approved);
                most.max(approved.sum())
            }
            _ => most,
        }
    }
}

/// What is presented of a hold: as it is billed, and in DE4's currency of the hold.
fn amounts(
    facts: &ClearingFacts,
    (request, about): (&RequestFacts, &About<'_>),
    hold: &Hold,
) -> Option<(i64, i64)> {
    if facts.amount_minor < 1 {
        return Some((0, 0));
    }
    let sums = Sums::of(request, about.entry?).ok();
    let billed = sums.map(|sums| sums.contract);
    let of = |of: fn(&Part) -> i64| hold.parts.iter().map(of).sum::<i64>();
    let (amount, approved) = (of(|part| part.billed), of(|part| part.approved));
    if hold.currency.unwrap_or_else(made::dollar) == facts.currency {
        let at_its_rate = || rounded(amount, facts.amount_minor, approved);
        return Some((billed.unwrap_or_else(at_its_rate), facts.amount_minor));
    }
    let billed = billed?;
    Some((billed, rounded(approved, billed, amount)))
}

/// What was posted online is confirmed, or set to what is presented in all.
fn confirmed(hold: &Hold, number: usize, minor: i64, is_final: bool) -> Cleared {
    let in_all = hold.presented.in_force + minor;
    let mut left: Vec<i64> = hold.parts.iter().map(|part| part.left).collect();
    if (is_final || in_all > hold.left()) && in_all > 0 {
        let mut more = in_all - hold.left();
        left[0] += more.max(0);
        for left in left.iter_mut().rev() {
            let given = (-more).clamp(0, *left);
            *left -= given;
            more += given;
        }
    }
    Cleared {
        change: Some((number, left, AuthorizationStatus::Processed)),
        presented: Some((number, minor)),
        own: None,
    }
}
