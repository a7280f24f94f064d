//! How the naive ledger carries out operations.

use ledger::authorization::{AuthorizationStatus, MessageKey};
use ledger::entities::{AccountStatus, CardStatus};
use ledger::operation::{
    Amount, Funds, GrantedLimits, Operation, OperationError, OperationRequest,
};
use rules::{BalanceImpact, ProcessingCode, ProcessingCodeEntry, ProgramKind};

use crate::books::{Amounts, Became, Hold, Kind, Naive, Part, Presented, Seen};
use crate::later::may_become;
use crate::plans::{Asked, Planned, Sums};
use crate::said::Said;
use crate::transfers::key_of;

type Carried = Result<Became, OperationError>;

impl Naive {
    pub(crate) fn operate(&mut self, request: &OperationRequest) -> Said {
        let content = format!("{:?} {}", request.operation, request.description);
        let key = key_of(request);
        if let Some(message) = self.keys.get(&key) {
            let seen = &self.messages[*message];
            return if seen.content == content {
                Said::Done { again: true }
            } else {
                Said::Refused(OperationError::Taken)
            };
        }
        if request.description.is_empty() {
            return Said::Refused(OperationError::Description);
        }
        match self.carry_out(&key, request) {
            Err(error) => Said::Refused(error),
            Ok(became) => {
                let said = Said::Done { again: false };
                let seen = Seen {
                    content,
                    fingerprint: None,
                    said: said.clone(),
                    became,
                };
                self.take(Some(key), seen);
                said
            }
        }
    }

    fn carry_out(&mut self, key: &MessageKey, request: &OperationRequest) -> Carried {
        match &request.operation {
            Operation::Adjust(amount) => self.adjust(amount),
            Operation::Force(amount) => self.force_operation(key, amount),
            Operation::CancelForce { of } => self.cancel(&MessageKey::Operator(of.clone())),
            Operation::SendTransfer(transfer) => self.send_transfer(key, transfer),
            Operation::ReceiveTransfer(remittance) => self.receive_transfer(key, remittance),
            Operation::SettleTransfer { .. } => self.settle_transfer(&request.tracking_id),
            Operation::ResolveClearing { item } => self.settle(key, item, true),
            Operation::RejectClearing { item } => self.settle(key, item, false),
            Operation::HoldFunds(funds) => self.hold_funds(funds),
            Operation::ReleaseFunds(funds) => self.release_funds(funds, None),
            Operation::TransferFunds {
                funds,
                processing_code,
            } => self.release_funds(funds, Some(*processing_code)),
            Operation::ChangeLimits { account, limits } => self.grant(account.0, limits),
            Operation::ChangeAccountStatus {
                account,
                status,
                reason_id,
            } => self.account_status(account.0, status, *reason_id),
            Operation::RollBackAccountStatus { account, reason_id } => {
                self.roll_back(account.0, *reason_id)
            }
            Operation::ChangeCardStatus { card, status } => {
                let card = self
                    .cards
                    .get_mut(card)
                    .ok_or(OperationError::UnknownCard)?;
                if card.status == *status {
                    return Err(OperationError::NothingToDo);
                }
                if !may_become(card.status, *status) {
                    return Err(OperationError::StatusTransition);
                }
                card.status = *status;
                Ok(Became::Nothing)
            }
            Operation::ActivateCard { card } => {
                let card = self
                    .cards
                    .get_mut(card)
                    .ok_or(OperationError::UnknownCard)?;
                match card.status {
                    CardStatus::Normal => return Err(OperationError::NothingToDo),
                    CardStatus::Created | CardStatus::Blocked => card.status = CardStatus::Normal,
                    _ => return Err(OperationError::StatusTransition),
                }
                Ok(Became::Nothing)
            }
            Operation::SuspendModes { card, suspended } => {
                let card = self
                    .cards
                    .get_mut(card)
                    .ok_or(OperationError::UnknownCard)?;
                if card.suspended == *suspended || (card.debit.is_none() && suspended.debit) {
                    return Err(OperationError::NothingToDo);
                }
                card.suspended = *suspended;
                Ok(Became::Nothing)
            }
            Operation::PurgeHistory { before } => self.order_purge(before.0),
            Operation::AddHolder { .. }
            | Operation::CreateControl(_)
            | Operation::ChangeControl(_)
            | Operation::DeleteControl { .. }
            | Operation::SetAvailableLimit { .. }
            | Operation::RefundLimit { .. } => panic!("the histories do not ask for it"),
        }
    }

    pub(crate) fn entry(
        &self,
        code: ProcessingCode,
        moves: impl Fn(BalanceImpact) -> bool,
    ) -> Result<ProcessingCodeEntry, OperationError> {
        let entry = self.rules.processing_code(code).cloned();
        let entry = entry.filter(|entry| moves(entry.balance_impact));
        entry.ok_or(OperationError::ProcessingCode)
    }

    fn operand(&self, amount: &Amount) -> Result<ProcessingCodeEntry, OperationError> {
        if !self.accounts.contains_key(&amount.account.0) {
            return Err(OperationError::UnknownAccount);
        }
        let entry = self.entry(amount.processing_code, |impact| {
            impact != BalanceImpact::None
        })?;
        if amount.amount_minor < 1 {
            return Err(OperationError::InvalidAmount);
        }
        Ok(entry)
    }

    /// Posts beside holds.
    fn post(&mut self, account: u64, entry: &ProcessingCodeEntry, minor: i64) {
        let mut planned = Planned::default();
        planned.post(account, entry, Sums::plain(minor));
        for ((account, credit), amount) in planned.posts {
            let amount = if credit { amount } else { -amount };
            *self.posted.entry(account).or_default() += amount;
        }
    }

    fn adjust(&mut self, amount: &Amount) -> Carried {
        let entry = self.operand(amount)?;
        let account = amount.account.0;
        let moved = match entry.balance_impact {
            BalanceImpact::Credit => amount.amount_minor,
            _ => -amount.amount_minor,
        };
        let base = &mut self.accounts.get_mut(&account).unwrap().base;
        base.available_credit_limit += moved;
        self.post(account, &entry, amount.amount_minor);
        Ok(Became::Nothing)
    }

    fn force_operation(&mut self, key: &MessageKey, amount: &Amount) -> Carried {
        let entry = self.operand(amount)?;
        let account = &self.accounts[&amount.account.0];
        let asked = Asked::by_operator(self, account, &entry);
        let planned = asked.plan(Sums::plain(amount.amount_minor));
        let mut planned = planned.map_err(|reason| panic!("forced, and {reason}"))?;
        for (place, moved) in std::mem::take(&mut planned.at_clearing) {
            *planned.moves.entry(place).or_default() += moved;
        }
        let message = self.messages.len();
        let hold = Hold {
            key: key.clone(),
            kind: Kind::Operation,
            account: amount.account.0,
            code: entry.code,
            status: AuthorizationStatus::Processed,
            parts: vec![Part {
                message,
                moves: planned.moves,
                at_clearing: Amounts::new(),
                billed: amount.amount_minor,
                approved: amount.amount_minor,
                left: amount.amount_minor,
                posts: planned.posts,
            }],
            due: None,
            since: self.now,
            currency: None,
            presented: Presented::default(),
            refunds: None,
            clears: None,
            refunded: 0,
            changed_by: message,
        };
        self.holds.push(hold);
        Ok(Became::Hold(self.holds.len() - 1))
    }

    fn cancel(&mut self, of: &MessageKey) -> Carried {
        let gone = self.gone;
        let mut holds = self.holds.iter_mut();
        // A clearing that was resolved is undone by its network, a transfer by nobody.
        let hold = holds.find(|hold| {
            let there = hold.parts[0].message >= gone;
            there && hold.key == *of && hold.kind == Kind::Operation
        });
        let hold = hold.ok_or(OperationError::UnknownOperation)?;
        if hold.status != AuthorizationStatus::Processed {
            return Err(OperationError::AlreadyCanceled);
        }
        hold.leave(0);
        hold.status = AuthorizationStatus::Canceled;
        Ok(Became::Nothing)
    }

    /// Whether funds of the account may be meant.
    fn check_funds(&self, funds: &Funds) -> Result<(), OperationError> {
        let account = self.accounts.get(&funds.account.0);
        let account = account.ok_or(OperationError::UnknownAccount)?;
        if funds.amount_minor < 1 {
            return Err(OperationError::InvalidAmount);
        }
        let program = self.rules.program(account.program).unwrap();
        if program.kind == ProgramKind::Credit {
            return Err(OperationError::CreditAccount);
        }
        if !self.may(account, BalanceImpact::Credit) && !funds.skip_status {
            return Err(OperationError::AccountStatus);
        }
        Ok(())
    }

    fn hold_funds(&mut self, funds: &Funds) -> Carried {
        self.check_funds(funds)?;
        let limits = self.limits(funds.account.0).unwrap();
        let savings = limits.available_savings_account_limit;
        let free = limits.available_credit_limit + savings;
        if free < funds.amount_minor && !funds.skip_balance {
            return Err(OperationError::InsufficientFunds);
        }
        let short = funds.amount_minor - limits.available_credit_limit.clamp(0, funds.amount_minor);
        let of_savings = short.min(savings.max(0));
        let base = &mut self.accounts.get_mut(&funds.account.0).unwrap().base;
        base.available_savings_account_limit -= of_savings;
        base.available_credit_limit -= funds.amount_minor - of_savings;
        base.held_funds += funds.amount_minor;
        Ok(Became::Nothing)
    }

    /// Gives held funds back, or takes them out under a code.
    fn release_funds(&mut self, funds: &Funds, code: Option<ProcessingCode>) -> Carried {
        self.check_funds(funds)?;
        let debit = |impact| impact == BalanceImpact::Debit;
        let entry = code.map(|code| self.entry(code, debit)).transpose()?;
        let held = self.limits(funds.account.0).unwrap().held_funds;
        if held < funds.amount_minor && !funds.skip_balance {
            return Err(OperationError::InsufficientFunds);
        }
        let base = &mut self.accounts.get_mut(&funds.account.0).unwrap().base;
        base.held_funds -= funds.amount_minor;
        match entry {
            None => base.available_credit_limit += funds.amount_minor,
            Some(entry) => self.post(funds.account.0, &entry, funds.amount_minor),
        }
        Ok(Became::Nothing)
    }

    fn grant(&mut self, account: u64, granted: &GrantedLimits) -> Carried {
        let account = self.accounts.get_mut(&account);
        let base = &mut account.ok_or(OperationError::UnknownAccount)?.base;
        let maximum = granted.max_credit_limit.unwrap_or(base.max_credit_limit);
        let total = granted
            .total_credit_limit
            .unwrap_or(base.total_credit_limit);
        let cash = granted.withdrawal_credit_limit;
        let cash = cash.unwrap_or(base.withdrawal_credit_limit);
        let overdraft = granted.total_overdraft_limit;
        let overdraft = overdraft.unwrap_or(base.total_overdraft_limit);
        let asked = (maximum, total, cash, overdraft);
        let is = (
            base.max_credit_limit,
            base.total_credit_limit,
            base.withdrawal_credit_limit,
            base.total_overdraft_limit,
        );
        if asked == is {
            return Err(OperationError::NothingToDo);
        }
        if total > maximum || maximum.min(total).min(cash).min(overdraft) < 0 {
            return Err(OperationError::LimitOrder);
        }
        base.available_credit_limit += total - base.total_credit_limit;
        base.available_withdrawal_credit += cash - base.withdrawal_credit_limit;
        base.max_credit_limit = maximum;
        base.total_credit_limit = total;
        base.withdrawal_credit_limit = cash;
        base.total_overdraft_limit = overdraft;
        Ok(Became::Nothing)
    }

    fn account_status(
        &mut self,
        account: u64,
        status: &AccountStatus,
        reason: Option<u32>,
    ) -> Carried {
        let account = self.accounts.get_mut(&account);
        let account = account.ok_or(OperationError::UnknownAccount)?;
        if reason.is_some_and(|reason| !(1..=3).contains(&reason)) {
            return Err(OperationError::UnknownReason);
        }
        if account.status == AccountStatus::Cancelled {
            return Err(OperationError::FinalStatus);
        }
        if (&account.status, account.reason) == (status, reason) {
            return Err(OperationError::NothingToDo);
        }
        account.status = status.clone();
        account.reason = reason;
        Ok(Became::Nothing)
    }

    fn roll_back(&mut self, account: u64, reason: Option<u32>) -> Carried {
        let account = self.accounts.get_mut(&account);
        let account = account.ok_or(OperationError::UnknownAccount)?;
        if reason.is_some_and(|reason| !(1..=3).contains(&reason)) {
            return Err(OperationError::UnknownReason);
        }
        if account.status == AccountStatus::Normal {
            return Err(OperationError::NothingToDo);
        }
        account.status = AccountStatus::Normal;
        account.reason = reason;
        Ok(Became::Nothing)
    }
}
