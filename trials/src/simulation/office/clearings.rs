//! What clearing files bring.
//!
//! Owns: presentments in part, in full and of too much, the same again, their reversals, and what operators do with the
//! work list. Must never: know what becomes of them.

use codec::Element;
use ledger::authorization::{
    AcquirerReference, ApprovalCode, ClearingFacts, ClearingKey, ClearingKind, NetworkReference,
};
use ledger::command::Command;
use ledger::operation::Operation;
use rules::AccountType;

use super::super::peers::{Kind, Purchase, Request, Scheme};
use super::super::world::World;
use super::{What, Work};

/// The file of every clearing of a world; numbers of its records are those of the works.
const FILE: &str = "SIMULATED";

impl World<'_> {
    /// A clearing file brings a record, or somebody settles one that waits.
    pub(in super::super) fn clear(&mut self) {
        match self.run.random.below(8) {
            0..4 => self.present(),
            4 => self.present_again(),
            5 => self.undo(),
            _ => self.settle_item(),
        }
    }

    fn present(&mut self) {
        // Mostly what no file has presented before.
        let again = self.run.random.percent(25);
        let fits = |purchase: &Purchase| {
            let bare = matches!(purchase.kind, Kind::Purchase | Kind::Cash | Kind::Refund);
            let quiet = purchase.is_approved() && !purchase.is_open();
            let alone = purchase.follows.is_empty() && purchase.is_authorization();
            bare && quiet && alone && (again || !purchase.presented)
        };
        let which = self.host.which(fits);
        if which.is_empty() {
            return;
        }
        let number = *self.run.random.pick(&which);
        let whole = self.host.purchases[number].amount_minor;
        let (amount_minor, is_final) = match self.run.random.below(4) {
            0 | 1 => (whole, true),
            2 => (
                1 + self.run.random.below(whole as usize) as i64,
                self.run.random.percent(30),
            ),
            _ => (whole + 1 + self.run.random.below(500) as i64, true),
        };
        self.host.purchases[number].presented = true;
        let facts = self.presentment(number, amount_minor, is_final);
        let what = What::Presentment {
            purchase: number,
            amount_minor,
            is_final,
        };
        self.begin_clearing(what, facts);
    }

    fn begin_clearing(&mut self, what: What, facts: ClearingFacts) {
        let purchase = match what {
            What::Presentment { purchase, .. } => purchase,
            What::Undo { of } => match self.office.works[of].what {
                What::Presentment { purchase, .. } => purchase,
                _ => return,
            },
            _ => return,
        };
        let account = self.host.purchases[purchase].account.unwrap();
        let stored = Vec::new();
        let facts = Box::new(facts);
        self.begin_work(what, account, Command::Clear { facts, stored });
    }

    /// What the record of a file says of an operation.
    fn presentment(&self, number: usize, amount_minor: i64, is_final: bool) -> ClearingFacts {
        let purchase = &self.host.purchases[number];
        let (request, scheme) = (&purchase.request, purchase.scheme());
        let code = request.text(Element::PROCESSING_CODE).unwrap();
        let approval = purchase.answer.as_ref().and_then(|a| a.approval.as_deref());
        let approval = approval.and_then(|code| code.as_bytes().try_into().ok());
        let two = |place: usize| code.get(place..place + 2).unwrap();
        let account_type = |place: usize| AccountType::parse(two(place)).unwrap();
        ClearingFacts {
            key: self.next_record(),
            network: scheme.network(),
            card: self.match_key(request).card,
            kind: ClearingKind::Presentment,
            processing_code: two(0).parse().unwrap(),
            from_account: account_type(2),
            to_account: account_type(4),
            amount_minor,
            currency: "840".parse().unwrap(),
            billing: None,
            fee_minor: None,
            mcc: None,
            installments: 1,
            is_final,
            processing_date: None,
            network_reference: reference(request),
            approval_code: approval.map(ApprovalCode),
            retrieval_reference: None,
            acquirer_reference: AcquirerReference::new(&format!("{:023}", self.office.works.len())),
            card_acceptor: None,
        }
    }

    fn next_record(&self) -> ClearingKey {
        ClearingKey {
            file: FILE.parse().unwrap(),
            record: 1 + self.office.works.len() as u32,
        }
    }

    /// A presentment whose facts are in the books.
    fn any_clearing(
        &mut self,
        condition: impl Fn(&Work) -> bool,
    ) -> Option<(usize, ClearingFacts)> {
        let which = self
            .office
            .which(|work| matches!(work.what, What::Presentment { .. }) && condition(work));
        let of = *which.get(self.run.random.below(which.len().max(1)))?;
        match &self.office.works[of].command {
            Command::Clear { facts, .. } => Some((of, (**facts).clone())),
            _ => None,
        }
    }

    /// The same presentment comes in another record.
    fn present_again(&mut self) {
        if let Some((of, facts)) = self.any_clearing(Work::is_done) {
            let facts = ClearingFacts {
                key: self.next_record(),
                ..facts
            };
            self.begin_clearing(self.office.works[of].what, facts);
        }
    }

    fn undo(&mut self) {
        let Some((of, facts)) = self.any_clearing(Work::is_done) else {
            return;
        };
        // A presentment that came twice has two records of one name.
        let same = |work: &Work| match &work.command {
            Command::Clear { facts: other, .. } => {
                other.acquirer_reference == facts.acquirer_reference
            }
            _ => false,
        };
        if self.office.which(same).len() > 1 || self.office.is_settled(of) {
            return;
        }
        let facts = ClearingFacts {
            key: self.next_record(),
            kind: ClearingKind::Reversal,
            ..facts
        };
        self.begin_clearing(What::Undo { of }, facts);
    }

    /// An operator posts or refuses what waits in the work list.
    fn settle_item(&mut self) {
        let Some((of, facts)) = self.any_clearing(Work::is_held) else {
            return;
        };
        if self.office.is_settled(of) {
            return;
        }
        let (item, account) = (facts.key, self.office.works[of].account);
        let (what, operation) = match self.run.random.percent(60) {
            true => (What::Resolve { of }, Operation::ResolveClearing { item }),
            false => (What::Reject { of }, Operation::RejectClearing { item }),
        };
        self.ask_for(what, account, operation);
    }
}

/// The network's name of the transaction, as its files have it.
fn reference(request: &Request) -> Option<NetworkReference> {
    let text = request.reference()?;
    match request.scheme() {
        Scheme::Visa => NetworkReference::new(text.get(text.len() - 15..)?),
        _ => NetworkReference::new(text),
    }
}
