//! How the naive ledger takes clearings: what is looked at in one, what it makes of the hold that it clears, and how an
//! item of the work list is settled.

use ledger::authorization::{
    Advice, AuthorizationStatus, ClearingFacts, ClearingKey, ClearingKind, Divergence, MatchKey,
    MessageClass, MessageKey, RequestFacts,
};
use ledger::operation::OperationError;
use rules::{
    BalanceImpact, ClearingAction, ClearingOptions, ClearingReason, ProcessingCode, Reservation,
};

use crate::books::{Amounts, Became, Hold, Kind, Naive, Part, Posts, Presented, Seen, rounded};
use crate::controls::Reserved;
use crate::plans::Sums;
use crate::requests::{About, names};
use crate::said::Said;
use crate::support::made;

/// A clearing that was decided.
pub(crate) struct Decided {
    facts: ClearingFacts,
    verdict: ClearingAction,
    settled: bool,
}

/// A presentment that posted, by its acquirer reference.
pub(crate) struct Bearer {
    facts: ClearingFacts,
    own: Option<usize>,
    changed: Option<usize>,
    presented: i64,
}

/// What a clearing would do.
#[derive(Default)]
struct Cleared {
    /// A hold, what is left of its parts, and its status.
    change: Option<(usize, Vec<i64>, AuthorizationStatus)>,
    /// What more is presented, of which hold.
    presented: Option<(usize, i64)>,
    own: Option<Own>,
}

/// What a clearing stands for.
struct Own {
    account: u64,
    code: ProcessingCode,
    part: Part,
    reserved: Vec<Reservation>,
}

#[derive(Default)]
struct Examined {
    account: Option<u64>,
    reasons: Vec<ClearingReason>,
    divergences: Vec<Divergence>,
    cleared: Option<Cleared>,
}

impl Naive {
    pub(crate) fn clear(&mut self, facts: &ClearingFacts) -> Said {
        let content = format!("{facts:?}");
        let key = MessageKey::Clearing(facts.key.clone());
        if let Some(message) = self.keys.get(&key) {
            let seen = &self.messages[*message];
            return if seen.content == content {
                seen.said.again()
            } else {
                Said::OtherClearing
            };
        }
        let examined = self.examine(facts);
        let options = self.options(examined.account);
        let actions = examined.reasons.iter();
        let mut verdict = actions
            .map(|reason| options.action(*reason))
            .max()
            .unwrap_or(ClearingAction::Post);
        if examined.cleared.is_none() {
            verdict = verdict.max(ClearingAction::Hold);
        }
        let said = Said::Cleared {
            verdict,
            reasons: examined.reasons,
            divergences: examined.divergences,
            again: false,
        };
        if let Some(cleared) = examined.cleared
            && verdict == ClearingAction::Post
        {
            self.post_clearing(&key, facts, cleared);
        }
        let decided = Decided {
            facts: facts.clone(),
            verdict,
            settled: false,
        };
        self.clearings.insert(facts.key.clone(), decided);
        let seen = Seen {
            content,
            fingerprint: None,
            said: said.clone(),
            became: Became::Nothing,
        };
        self.take(Some(key), seen);
        said
    }

    /// An operator settles an item of the work list.
    pub(crate) fn settle(
        &mut self,
        key: &MessageKey,
        item: &ClearingKey,
        resolved: bool,
    ) -> Result<Became, OperationError> {
        let decided = self.clearings.get(item);
        let decided = decided.filter(|decided| decided.verdict == ClearingAction::Hold);
        let decided = decided.ok_or(OperationError::UnknownItem)?;
        if decided.settled {
            return Err(OperationError::SettledItem);
        }
        let facts = decided.facts.clone();
        if resolved {
            let cleared = self.examine(&facts).cleared;
            let cleared = cleared.ok_or(OperationError::NotPostable)?;
            self.post_clearing(key, &facts, cleared);
        }
        self.clearings.get_mut(item).unwrap().settled = true;
        Ok(Became::Nothing)
    }

    fn post_clearing(&mut self, key: &MessageKey, facts: &ClearingFacts, cleared: Cleared) {
        let event = self.messages.len();
        let mut released = 0;
        let changed = cleared.change.map(|(number, left, status)| {
            let hold = &mut self.holds[number];
            if hold.status == AuthorizationStatus::Pending {
                released = hold.left() - left.iter().sum::<i64>();
            }
            for (part, left) in hold.parts.iter_mut().zip(left) {
                part.left = left;
            }
            (hold.status, hold.changed_by) = (status, event);
            number
        });
        if let Some((of, minor)) = cleared.presented.filter(|(_, minor)| *minor != 0) {
            let hold = &mut self.holds[of];
            hold.changed_by = event;
            hold.presented.in_force += minor;
            let again = (minor - released).max(0);
            let undone = hold.presented.undone + (-minor).max(0);
            hold.presented.undone = (undone - again).max(0);
        }
        let own = cleared.own.map(|own| {
            let number = self.holds.len();
            self.reserve(number, own.reserved, changed.is_some());
            self.holds.push(Hold {
                key: key.clone(),
                kind: Kind::Clearing,
                account: own.account,
                code: own.code,
                status: AuthorizationStatus::Processed,
                parts: vec![own.part],
                due: None,
                since: self.now,
                currency: None,
                presented: Presented::default(),
                changed_by: event,
            });
            number
        });
        let presents = facts.kind == ClearingKind::Presentment;
        if let Some(reference) = facts.acquirer_reference.filter(|_| presents) {
            let bearer = Bearer {
                facts: facts.clone(),
                own,
                changed,
                presented: cleared.presented.map_or(0, |(_, minor)| minor),
            };
            let name = (facts.card, reference.to_string());
            self.bearers.insert(name, bearer);
        }
    }

    /// What clears a hold is counted in its place; what stands alone begins a count like any approval.
    fn reserve(&mut self, hold: usize, reserved: Vec<Reservation>, inherited: bool) {
        for reservation in reserved {
            let of = Some((hold, 0));
            let place = if inherited { 0 } else { self.reserved.len() };
            self.reserved.insert(place, Reserved { reservation, of });
        }
    }

    fn options(&self, account: Option<u64>) -> &ClearingOptions {
        let account = account.and_then(|number| self.accounts.get(&number));
        let options = match account {
            Some(account) => {
                let id = crate::books::id(account.id);
                self.rules.authorization_options(id, account.program, None)
            }
            None => self.rules.authorization_options_of_tenant(None),
        };
        &options.clearing
    }

    fn examine(&self, facts: &ClearingFacts) -> Examined {
        let request = as_request(facts);
        let about = self.about(&request);
        let impact = about.entry.map(|entry| entry.balance_impact);
        let mut examined = match facts.kind {
            ClearingKind::Presentment => self.presentment(facts, &request, &about),
            ClearingKind::Reversal => self.undoing(facts),
        };
        let reasons = &mut examined.reasons;
        if about.card.is_none() {
            reasons.push(ClearingReason::CardNotFound);
        }
        if impact.is_none_or(|impact| impact == BalanceImpact::None) {
            reasons.push(ClearingReason::NotPermittedOperation);
        }
        if facts.amount_minor < 1 {
            reasons.push(ClearingReason::ClearingWithZeroAmount);
        }
        let account = examined
            .account
            .and_then(|number| self.accounts.get(&number));
        let impact = impact.unwrap_or(BalanceImpact::Debit);
        if account.is_some_and(|account| !self.may(account, impact)) {
            reasons.push(ClearingReason::InvalidAccountStatus);
        }
        if examined.cleared.is_none() && reasons.is_empty() {
            reasons.push(ClearingReason::NotPermittedOperation);
        }
        reasons.sort_unstable();
        reasons.dedup();
        examined
    }

    fn presentment(
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
                let hold = &self.holds[hold];
                let most = match hold.status {
                    AuthorizationStatus::Processed => hold.presented.in_force.max(hold.left()),
                    AuthorizationStatus::Pending => hold.presented.in_force,
                    _ => 0,
                };
                if facts.amount_minor > most {
                    let reason = ClearingReason::NotRefundableAuthorization;
                    examined.reasons.push(reason);
                }
                self.alone(facts, (request, about), &mut examined);
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

    fn bearer(&self, facts: &ClearingFacts) -> Option<&Bearer> {
        let reference = facts.acquirer_reference?;
        self.bearers.get(&(facts.card, reference.to_string()))
    }

    /// As what undoes an earlier clearing.
    fn undoing(&self, facts: &ClearingFacts) -> Examined {
        let mut examined = Examined::default();
        let bearer = self.bearer(facts);
        let of = bearer.and_then(|bearer| bearer.own.or(bearer.changed));
        let Some((bearer, number)) = bearer.zip(of) else {
            examined.reasons.push(ClearingReason::AcceptanceNotFound);
            return examined;
        };
        let hold = &self.holds[number];
        examined.account = Some(hold.account);
        let clearing = &bearer.facts;
        let same = (facts.processing_code, facts.currency)
            == (clearing.processing_code, clearing.currency);
        let left = hold.left();
        if !same || left == 0 {
            let reason = ClearingReason::InvalidSemanticCancellation;
            examined.reasons.push(reason);
            return examined;
        }
        let exceeds = ClearingReason::CancellationAmountExceedsAuthorized;
        if facts.amount_minor > clearing.amount_minor || clearing.amount_minor == 0 {
            examined.reasons.push(exceeds);
            return examined;
        }
        let share = rounded(bearer.presented, facts.amount_minor, clearing.amount_minor);
        let off = match bearer.own {
            Some(_) => facts.amount_minor,
            None => share,
        };
        if off > left {
            examined.reasons.push(exceeds);
            return examined;
        }
        let mut after = hold.parts.clone();
        let mut open = off;
        for part in after.iter_mut().rev() {
            let given = open.min(part.left);
            part.left -= given;
            open -= given;
        }
        let status = match left - off {
            0 => AuthorizationStatus::Canceled,
            _ => hold.status,
        };
        let presented = match (bearer.own, bearer.changed) {
            (Some(_), Some(of)) => {
                let in_force = |left| rounded(bearer.presented, left, clearing.amount_minor);
                Some((of, in_force(left - off) - in_force(left)))
            }
            (Some(_), None) => None,
            (None, _) => Some((number, -off)),
        };
        examined.cleared = Some(Cleared {
            change: Some((number, after.iter().map(|part| part.left).collect(), status)),
            presented,
            own: None,
        });
        examined
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

/// The request that a clearing would be.
fn as_request(facts: &ClearingFacts) -> RequestFacts {
    let digits = format!("{}0000", facts.processing_code).into_bytes();
    let key = MatchKey {
        network: facts.network,
        card: facts.card,
        class: MessageClass::Financial,
        stan: 0,
        transmission: 0,
        acquirer: 0,
        terminal: *b"        ",
    };
    let mut fingerprint = made::fingerprint(digits.try_into().unwrap(), facts.amount_minor);
    fingerprint.currency = Some(facts.currency);
    fingerprint.billing_amount_minor = facts.billing.map(|(minor, _)| minor);
    RequestFacts {
        from_account: facts.from_account,
        to_account: facts.to_account,
        mcc: facts.mcc,
        installments: facts.installments,
        billing_currency: facts.billing.map(|(_, currency)| currency),
        network_reference: facts.network_reference,
        approval_code: facts.approval_code,
        advice: Some(Advice {
            response_code: None,
            approved: true,
        }),
        ..made::request(key, fingerprint)
    }
}
