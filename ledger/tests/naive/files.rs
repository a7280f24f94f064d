//! The clearing files of random histories: presentments of what was approved, and of what was not; what undoes them; and
//! what operators make of the work list.

use ledger::Command;
use ledger::authorization::{
    AcquirerReference, ClearingFacts, ClearingKey, ClearingKind, MatchKey, NetworkReference,
    RequestFacts,
};
use ledger::operation::Operation;
use rules::NetworkId;

use crate::draw::{AMOUNTS, CARDS, CODES, Draw, REFERENCES};
use crate::histories::{Act, History, one_of, operate};
use crate::support::{card_hash, made, match_key};

impl History {
    /// A presentment of something that was approved, as a rule.
    pub(crate) fn presentment(&mut self, draw: &mut Draw<'_>) -> Act {
        let approved = |command: &&Command| matches!(command, Command::Authorize { .. });
        let of = match one_of(&self.approved, draw, approved) {
            Some(Command::Authorize { facts, .. }) => facts.as_ref().clone(),
            _ => {
                let class = ledger::authorization::MessageClass::Authorization;
                let key = match_key(card_hash(draw.of(&CARDS)), class, 0);
                let digits = format!("{}0000", draw.of(&CODES)).into_bytes();
                let fingerprint = made::fingerprint(digits.try_into().unwrap(), draw.of(&AMOUNTS));
                made::request(key, fingerprint)
            }
        };
        if draw.one_in(2)
            && let Some((undone, named)) = self.undone.clone()
        {
            return self.presented_anew(*undone, named, draw);
        }
        let mut facts = self.record(ClearingKind::Presentment, &of);
        facts.amount_minor = amount(of.fingerprint.amount_minor, draw);
        let shape = draw.below(12);
        facts.is_final = shape.is_multiple_of(2);
        match shape {
            1 => facts.processing_code = "20".parse().unwrap(),
            2 => facts.processing_code = draw.of(&CODES).parse().unwrap(),
            3 => facts.billing = Some((facts.amount_minor + 17, made::dollar())),
            4 => facts.currency = "978".parse().unwrap(),
            _ => {}
        }
        if let Some(billed) = of.fingerprint.billing_amount_minor {
            let billed = (billed + facts.amount_minor - of.fingerprint.amount_minor).max(1);
            facts.billing = Some((billed, made::dollar()));
        }
        facts.acquirer_reference = reference(draw);
        let named = match draw.below(8) {
            6 => None,
            7 => {
                facts.network_reference = NetworkReference::new(draw.of(&REFERENCES));
                None
            }
            _ => Some(of.key),
        };
        self.present(facts, named)
    }

    /// What was undone is presented once more.
    fn presented_anew(
        &mut self,
        undone: ClearingFacts,
        named: Option<MatchKey>,
        draw: &mut Draw<'_>,
    ) -> Act {
        let facts = ClearingFacts {
            key: self.next_key(),
            is_final: draw.one_in(4),
            acquirer_reference: reference(draw),
            ..undone
        };
        self.present(facts, named)
    }

    /// A record that undoes an earlier one, as a rule.
    pub(crate) fn undoing(&mut self, draw: &mut Draw<'_>) -> Act {
        let place = draw.below(self.presented.len().min(3));
        let named = self.presented.iter().rev();
        let mut named = named.filter(|(of, _)| of.acquirer_reference.is_some());
        let of = named.nth(place);
        let Some((of, named)) = of.cloned() else {
            return Act::Forget;
        };
        if of.kind == ClearingKind::Presentment {
            self.undone = Some((of.clone(), named));
        }
        let key = self.next_key();
        let facts = ClearingFacts {
            key,
            kind: ClearingKind::Reversal,
            amount_minor: amount(of.amount_minor, draw),
            ..*of
        };
        self.present(facts, None)
    }

    /// An earlier record, as it was or otherwise.
    pub(crate) fn cleared_again(&mut self, draw: &mut Draw<'_>) -> Act {
        let place = draw.below(self.presented.len());
        let Some((mut facts, named)) = self.presented.get(place).cloned() else {
            return Act::Forget;
        };
        if draw.one_in(4) {
            facts.amount_minor += 1;
        }
        Act::Clear(facts, named)
    }

    /// An operator resolves or rejects a record, whether it waits or not.
    pub(crate) fn settlement(&mut self, draw: &mut Draw<'_>) -> Command {
        let place = draw.below(self.presented.len().min(4));
        let item = match self.presented.iter().rev().nth(place) {
            Some((facts, _)) => facts.key.clone(),
            None => self.next_key(),
        };
        let operation = match draw.one_in(4) {
            true => Operation::RejectClearing { item },
            false => Operation::ResolveClearing { item },
        };
        operate(&format!("T{}", self.sent.len()), operation)
    }

    fn present(&mut self, facts: ClearingFacts, named: Option<MatchKey>) -> Act {
        let facts = Box::new(facts);
        self.presented.push((facts.clone(), named));
        Act::Clear(facts, named)
    }

    fn next_key(&self) -> ClearingKey {
        ClearingKey {
            file: "DAY1".parse().unwrap(),
            record: u32::try_from(self.presented.len()).unwrap(),
        }
    }

    /// A record about what a request was about.
    fn record(&self, kind: ClearingKind, of: &RequestFacts) -> ClearingFacts {
        ClearingFacts {
            key: self.next_key(),
            network: NetworkId(1),
            card: of.key.card,
            kind,
            processing_code: of.processing_code,
            from_account: of.from_account,
            to_account: of.to_account,
            amount_minor: 0,
            currency: of.fingerprint.currency.unwrap_or_else(made::dollar),
            billing: None,
            fee_minor: None,
            mcc: of.mcc,
            installments: of.installments,
            is_final: true,
            processing_date: None,
            network_reference: of.network_reference,
            approval_code: None,
            retrieval_reference: None,
            acquirer_reference: None,
            card_acceptor: None,
        }
    }
}

fn amount(of_minor: i64, draw: &mut Draw<'_>) -> i64 {
    match draw.below(6) {
        0 => of_minor / 2,
        1 => of_minor / 3 + 1,
        2 => of_minor + 150,
        3 => draw.of(&AMOUNTS),
        _ => of_minor,
    }
}

fn reference(draw: &mut Draw<'_>) -> Option<AcquirerReference> {
    let number = draw.below(12);
    let text = format!("{number:023}");
    AcquirerReference::new(&text).filter(|_| number > 0)
}
