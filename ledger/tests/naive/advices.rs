//! How the naive ledger takes what the network approved already.

use ledger::authorization::{AuthorizationStatus, Clearing, Divergence, RequestFacts};
use rules::{BalanceImpact, Reason, Reservation};

use crate::books::{Became, Naive};
use crate::plans::{Asked, Sums};
use crate::refunds::Refunds;
use crate::requests::{Approved, Ending, Granted, Refused, names};
use crate::said::{Answer, Said};

impl Naive {
    /// What an approved advice makes of the hold it belongs to; else what is not as it says.
    pub(crate) fn complete(
        &mut self,
        facts: &RequestFacts,
    ) -> Result<(Said, usize), (Vec<Divergence>, Option<Refunds>)> {
        let names = names(facts);
        let named = self.named(facts.key.card, facts.original, &names);
        let Some(message) = named.flatten() else {
            let names_one = facts.original.is_some() || names.iter().any(Option::is_some);
            let unknown = names_one.then_some(Divergence::UnknownOriginal);
            return Err((unknown.into_iter().collect(), None));
        };
        if matches!(self.messages[message].became, Became::Reversal(_)) {
            return Err((vec![Divergence::UnknownOriginal], None));
        }
        let Some((number, _)) = self.hold_of(message) else {
            return Err((vec![Divergence::UnknownOriginal], None));
        };
        let hold = &self.holds[number];
        let asked = facts.fingerprint.amount_minor;
        let incoming = |code| {
            let entry = self.rules.processing_code(code);
            entry.map(|entry| entry.balance_impact)
        };
        match (incoming(facts.processing_code), incoming(hold.code)) {
            (Some(BalanceImpact::Credit), Some(BalanceImpact::Debit)) => {
                let (refunds, above) = self.refund(facts, &self.about(facts), number);
                return Err((above.into_iter().collect(), refunds));
            }
            (Some(one), Some(other)) if one != other => {
                return Err((vec![Divergence::UnknownOriginal], None));
            }
            _ => {}
        }
        let divergence = match hold.status {
            AuthorizationStatus::Dropped => Some(Divergence::AfterDrop),
            AuthorizationStatus::Canceled => Some(Divergence::AfterReversal),
            AuthorizationStatus::Pending => (asked != hold.left()).then_some(Divergence::Amount),
            _ => return Err((vec![Divergence::AlreadyProcessed], None)),
        };
        if asked <= 0 {
            return Err((vec![Divergence::Amount], None));
        }
        let event = self.messages.len();
        let hold = &mut self.holds[number];
        hold.leave(asked);
        hold.status = match facts.clearing {
            Clearing::Online => AuthorizationStatus::Processed,
            Clearing::Offline => AuthorizationStatus::Pending,
        };
        hold.changed_by = event;
        let said = Said::Answer(Answer {
            code: "00".to_owned(),
            approved: facts.approval_code.is_some(),
            divergences: divergence.into_iter().collect(),
            ..Answer::default()
        });
        Ok((said, number))
    }

    /// Books what the network approved, whatever the limits say.
    pub(crate) fn force(&self, facts: &RequestFacts, mut divergences: Vec<Divergence>) -> Ending {
        let result = self.forced(facts).map_err(Refused::from);
        if result.is_ok() {
            let own = self.approve(facts, None).err();
            divergences.extend(own.map(|own| Divergence::OwnDecision(own.reason)));
        }
        Ending {
            result,
            divergences,
            raises: None,
            refunds: None,
        }
    }

    pub(crate) fn forced(&self, facts: &RequestFacts) -> Result<Granted, Reason> {
        let about = self.about(facts);
        about.card.ok_or(Reason::UnknownCard)?;
        let account = about.account.ok_or(Reason::CardModeUnavailable)?;
        let entry = about.entry.ok_or(Reason::UnknownProcessingCode)?;
        if entry.balance_impact == BalanceImpact::None {
            return Ok((None, self.count(facts, None)));
        }
        let sums = Sums::of(facts, entry)?;
        let planned = Asked::by_network(self, facts, account, entry, true).plan(sums)?;
        let approved = Approved {
            planned,
            sums,
            asked: None,
        };
        Ok((Some(approved), self.count(facts, Some(sums))))
    }

    /// What is counted whatever the controls say.
    fn count(&self, facts: &RequestFacts, sums: Option<Sums>) -> Vec<Reservation> {
        self.controlled(facts, sums, true).unwrap_or_default()
    }
}
