//! How the naive ledger takes clearings: what is looked at in one, what it books, how an item of the work list is settled,
//! and how one is undone.

use ledger::authorization::{
    Advice, AuthorizationStatus, ClearingFacts, ClearingKey, ClearingKind, Divergence, MatchKey,
    MessageClass, MessageKey, RequestFacts,
};
use ledger::operation::OperationError;
use rules::{
    BalanceImpact, ClearingAction, ClearingOptions, ClearingReason, ProcessingCode, Reservation,
};

use crate::books::{Became, Hold, Kind, Naive, Part, Presented, Seen, rounded};
use crate::controls::Reserved;
use crate::refunds::Refunds;
use crate::said::Said;
use crate::support::made;

/// A clearing that was decided.
pub(crate) struct Decided {
    facts: ClearingFacts,
    verdict: ClearingAction,
    settled: bool,
    /// The message that it came with.
    pub(crate) message: usize,
}

impl Decided {
    /// Whether it waits in the work list.
    pub(crate) fn waits(&self) -> bool {
        self.verdict == ClearingAction::Hold && !self.settled
    }
}

/// A presentment that posted, by its acquirer reference.
pub(crate) struct Bearer {
    pub(crate) facts: ClearingFacts,
    pub(crate) own: Option<usize>,
    pub(crate) changed: Option<usize>,
    pub(crate) presented: i64,
    /// The message that posted it.
    pub(crate) message: usize,
}

/// What a clearing would do.
#[derive(Default)]
pub(crate) struct Cleared {
    /// A hold, what is left of its parts, and its status.
    pub(crate) change: Option<(usize, Vec<i64>, AuthorizationStatus)>,
    /// What more is presented, of which hold.
    pub(crate) presented: Option<(usize, i64)>,
    pub(crate) own: Option<Own>,
}

/// What a clearing stands for.
pub(crate) struct Own {
    pub(crate) account: u64,
    pub(crate) code: ProcessingCode,
    pub(crate) part: Part,
    pub(crate) reserved: Vec<Reservation>,
    pub(crate) refunds: Option<Refunds>,
}

#[derive(Default)]
pub(crate) struct Examined {
    pub(crate) account: Option<u64>,
    pub(crate) reasons: Vec<ClearingReason>,
    pub(crate) divergences: Vec<Divergence>,
    pub(crate) cleared: Option<Cleared>,
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
            message: self.messages.len(),
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
                refunds: own.refunds,
                clears: cleared.presented,
                refunded: 0,
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
                message: event,
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

    pub(crate) fn options(&self, account: Option<u64>) -> &ClearingOptions {
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

    pub(crate) fn bearer(&self, facts: &ClearingFacts) -> Option<&Bearer> {
        let reference = facts.acquirer_reference?;
        self.bearers.get(&(facts.card, reference.to_string()))
    }

    /// As what undoes an earlier clearing.
    fn undoing(&self, facts: &ClearingFacts) -> Examined {
        let mut examined = Examined::default();
        let bearer = self.bearer(facts);
        let of = bearer.and_then(|bearer| bearer.own.or(bearer.changed));
        let of = of.filter(|hold| !self.is_gone(*hold));
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
