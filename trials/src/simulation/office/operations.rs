//! What operators ask for.
//!
//! Owns: adjustments, funds that are set aside and come back, refunds of limits, money for other accounts. Must never:
//! know what becomes of them.

use codec::{Element, Pan};
use ledger::authorization::{MatchKey, MessageClass, MessageKey};
use ledger::command::Command;
use ledger::operation::{Amount, Funds, Operation, OperationRequest};
use ledger::transfer::Transfer;
use rules::{AccountId, ResetLimit};

use super::super::accounts::{OPENINGS, account_id};
use super::super::peers::{Kind, Purchase, Request};
use super::super::run::BEGINNING;
use super::super::world::World;
use super::What;

const DAY_US: i64 = 86_400_000_000;
/// Days of history that are never purged.
const KEPT_DAYS: i64 = 31;
/// An account that was never opened.
const NOBODY: AccountId = AccountId(999);

impl World<'_> {
    /// An operator asks for something.
    pub(in super::super) fn operate(&mut self) {
        let (what, account, operation) = match self.run.random.below(7) {
            0 | 1 => self.adjust(),
            2 | 3 => self.set_aside(),
            4 | 5 => self.send_money(),
            _ => match self.refund_limit() {
                Some(asked) => asked,
                None => return,
            },
        };
        self.ask_for(what, account, operation);
    }

    pub(super) fn ask_for(&mut self, what: What, account: usize, operation: Operation) {
        let tracking_id = format!("OPERATION-{}", self.office.works.len());
        let request = OperationRequest {
            tracking_id: tracking_id.parse().unwrap(),
            operation,
            description: "simulated".to_owned(),
            operator: None,
        };
        let command = Command::Operate {
            request: Box::new(request),
            stored: Vec::new(),
        };
        self.begin_work(what, account, command);
    }

    /// An operator orders that history goes, sometimes more than may; or a step of it is taken.
    pub(in super::super) fn purge(&mut self) {
        let oldest = BEGINNING.plus_us(KEPT_DAYS * DAY_US);
        let early = self.run.clock() < oldest && self.run.random.percent(80);
        if early || self.run.random.percent(70) {
            let most = 1 + self.run.random.below(8);
            return self.with_node(|node, run| node.purge(most, run));
        }
        let beside_us = self.run.random.below_us(2 * DAY_US) - DAY_US / 4;
        let before = self.run.clock().plus_us(-KEPT_DAYS * DAY_US - beside_us);
        self.ask_for(What::Purge, 0, Operation::PurgeHistory { before });
    }

    fn adjust(&mut self) -> (What, usize, Operation) {
        let account = self.run.random.below(OPENINGS.len());
        let amount_minor = 1 + self.run.random.below(20_000) as i64;
        let (code, moved_minor) = match self.run.random.percent(50) {
            true => ("20", amount_minor),
            false => ("00", -amount_minor),
        };
        let amount = Amount {
            account: account_id(account),
            amount_minor,
            processing_code: code.parse().unwrap(),
            custom_amounts: Vec::new(),
        };
        let what = What::Adjust { moved_minor };
        (what, account, Operation::Adjust(amount))
    }

    /// Money for another account, or for one that is not there.
    fn send_money(&mut self) -> (What, usize, Operation) {
        let account = self.run.random.below(OPENINGS.len());
        let other = (account + 1 + self.run.random.below(OPENINGS.len() - 1)) % OPENINGS.len();
        let to = (!self.run.random.percent(20)).then_some(other);
        let amount_minor = 1 + self.run.random.below(20_000) as i64;
        let transfer = Transfer {
            account: account_id(account),
            counterpart: to.map_or(NOBODY, account_id),
            amount_minor,
            processing_code: "10".parse().unwrap(),
            counterpart_code: "26".parse().unwrap(),
        };
        let what = What::Send { to, amount_minor };
        (what, account, Operation::SendTransfer(transfer))
    }

    /// Funds are held, or released; on credit accounts that is refused.
    fn set_aside(&mut self) -> (What, usize, Operation) {
        let account = *self.run.random.pick(&[0, 1, 2, 4]);
        let amount_minor = 1 + self.run.random.below(20_000) as i64;
        let funds = Funds {
            account: account_id(account),
            amount_minor,
            skip_balance: false,
            skip_status: false,
        };
        match self.run.random.percent(50) {
            true => (
                What::Hold { amount_minor },
                account,
                Operation::HoldFunds(funds),
            ),
            false => (
                What::Release { amount_minor },
                account,
                Operation::ReleaseFunds(funds),
            ),
        }
    }

    /// The instalments of a purchase are paid.
    fn refund_limit(&mut self) -> Option<(What, usize, Operation)> {
        let fits = |purchase: &Purchase| {
            let limit = matches!(purchase.kind, Kind::Instalments | Kind::Cash);
            limit && purchase.is_approved() && purchase.account.is_some()
        };
        let which = self.host.which(fits);
        let number = *which.get(self.run.random.below(which.len().max(1)))?;
        self.host.purchases[number].presented = true;
        let purchase = &self.host.purchases[number];
        let operation = Operation::RefundLimit {
            authorization: MessageKey::Network(self.match_key(&purchase.request)),
            paid: *self
                .run
                .random
                .pick(&[ResetLimit::Payment, ResetLimit::LastInstallment]),
        };
        Some((What::RefundLimit, purchase.account?, operation))
    }

    /// The key that the switch gives to a message, written down from what the message says.
    pub(super) fn match_key(&self, request: &Request) -> MatchKey {
        let text = |element| request.text(element).unwrap_or_default();
        let track = text(Element::TRACK_2);
        let pan = match request.text(Element::PAN) {
            Some(pan) => pan,
            None => track.split('=').next().unwrap_or_default(),
        };
        let mut terminal = [b' '; 8];
        terminal.copy_from_slice(text(Element::TERMINAL_ID).as_bytes());
        MatchKey {
            network: request.scheme().network(),
            card: self.vault.hash(&Pan::parse(pan).unwrap()),
            class: match request.mti().as_bytes()[1] {
                b'1' => MessageClass::Authorization,
                _ => MessageClass::Financial,
            },
            stan: text(Element::STAN).parse().unwrap(),
            transmission: text(Element::TRANSMISSION_DATE_TIME).parse().unwrap(),
            acquirer: text(Element::ACQUIRING_INSTITUTION).parse().unwrap(),
            terminal,
        }
    }
}
