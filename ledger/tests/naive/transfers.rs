//! How the naive ledger takes the steps of transfers: which one is missing it knows by itself.

use ledger::authorization::{AuthorizationStatus, MessageKey, TrackingId};
use ledger::operation::{Operation, OperationError, OperationRequest};
use ledger::transfer::{Remittance, Transfer, TransferStep};
use rules::{BalanceImpact, LimitName, ProcessingCode, ProcessingCodeEntry, Reason};

use crate::books::{Amounts, Became, Hold, Kind, Naive, Part, Presented, deltas_of};
use crate::plans::{Asked, Planned, Sums};

type Carried = Result<Became, OperationError>;

/// A transfer whose intent is open.
pub(crate) struct Open {
    tracking_id: TrackingId,
    transfer: Transfer,
    /// The message that sent it.
    pub(crate) message: usize,
    /// What the counterpart's side decided.
    received: Option<Result<(), OperationError>>,
}

impl Naive {
    /// Whether this is the step that the oldest open transfer lacks, or that none lacks one.
    pub(crate) fn is_missing(&self, step: Option<&OperationRequest>) -> Result<(), String> {
        let expected = self.open.first().map(|open| {
            let name = open.tracking_id.clone();
            (name, open.received.clone())
        });
        let found = step.map(|step| {
            let received = match &step.operation {
                Operation::ReceiveTransfer(_) => None,
                Operation::SettleTransfer { refused, .. } => {
                    Some(refused.clone().map_or(Ok(()), Err))
                }
                other => panic!("{other:?}"),
            };
            (step.tracking_id.clone(), received)
        });
        if found == expected {
            Ok(())
        } else {
            Err(format!("the step {found:?} is missing\nnot {expected:?}"))
        }
    }

    pub(crate) fn send_transfer(&mut self, key: &MessageKey, transfer: &Transfer) -> Carried {
        if transfer.account == transfer.counterpart {
            return Err(OperationError::NothingToDo);
        }
        let (account, minor) = (transfer.account.0, transfer.amount_minor);
        let known = self.accounts.get(&account);
        let known = known.ok_or(OperationError::UnknownAccount)?;
        let entry = self.way(transfer.processing_code, BalanceImpact::Debit)?;
        self.way(transfer.counterpart_code, BalanceImpact::Credit)?;
        if minor < 1 {
            return Err(OperationError::InvalidAmount);
        }
        if !self.may(known, BalanceImpact::Debit) {
            return Err(OperationError::AccountStatus);
        }
        let asked = Asked::on_platform(self, &self.accounts[&account], &entry);
        let planned = asked
            .plan(Sums::plain(minor))
            .map_err(|reason| match reason {
                Reason::InsufficientFunds | Reason::CashLimitExceeded => {
                    OperationError::InsufficientFunds
                }
                Reason::InvalidAmount => OperationError::InvalidAmount,
                _ => OperationError::ProcessingCode,
            })?;
        let moves = whole(&planned);
        if moves
            .keys()
            .any(|(account, _)| self.falls_short(*account, &moves))
        {
            return Err(OperationError::InsufficientFunds);
        }
        let MessageKey::Operator(tracking_id) = key else {
            panic!("{key:?}");
        };
        self.open.push(Open {
            tracking_id: tracking_id.clone(),
            transfer: transfer.clone(),
            message: self.messages.len(),
            received: None,
        });
        Ok(self.book_side(key, account, entry.code, minor, planned))
    }

    /// Whether a limit that such moves lower falls below nothing: the overdraft and the savings are there for it.
    fn falls_short(&self, account: u64, moves: &Amounts) -> bool {
        let deltas = deltas_of(moves, account);
        let after = self
            .limits(account)
            .unwrap()
            .checked_apply(&deltas)
            .unwrap();
        LimitName::ALL.into_iter().any(|limit| {
            let beside = match limit {
                LimitName::AvailableCreditLimit => {
                    after.available_savings_account_limit + after.total_overdraft_limit
                }
                _ => 0,
            };
            deltas.get(limit) < 0 && after.get(limit) + beside < 0
        })
    }

    pub(crate) fn receive_transfer(
        &mut self,
        key: &MessageKey,
        remittance: &Remittance,
    ) -> Carried {
        let open = self.open.first().map(|open| &open.transfer);
        assert_eq!(open, Some(&remittance.transfer));
        let credited = self.credit(key, &remittance.transfer);
        let open = self.open.first_mut().unwrap();
        open.received = Some(credited.as_ref().map(drop).map_err(Clone::clone));
        // That it is refused is recorded as well.
        Ok(credited.unwrap_or(Became::Nothing))
    }

    fn credit(&mut self, key: &MessageKey, transfer: &Transfer) -> Carried {
        let account = transfer.counterpart.0;
        let known = self.accounts.get(&account);
        let known = known.ok_or(OperationError::UnknownAccount)?;
        let entry = self.way(transfer.counterpart_code, BalanceImpact::Credit)?;
        if !self.may(known, BalanceImpact::Credit) {
            return Err(OperationError::AccountStatus);
        }
        let minor = transfer.amount_minor;
        let asked = Asked::by_operator(self, known, &entry);
        let planned = asked.plan(Sums::plain(minor));
        let planned = planned.map_err(|_unplannable| OperationError::InvalidAmount)?;
        Ok(self.book_side(key, account, entry.code, minor, planned))
    }

    pub(crate) fn settle_transfer(&mut self, tracking_id: &TrackingId) -> Carried {
        let settled = self.open.remove(0);
        assert_eq!(settled.tracking_id, *tracking_id);
        if let Some(Err(_)) = settled.received {
            let event = self.messages.len();
            let sent = MessageKey::Operator(tracking_id.clone());
            let gone = self.gone;
            let mut holds = self.holds.iter_mut();
            let hold = holds.find(|hold| hold.key == sent && hold.parts[0].message >= gone);
            let hold = hold.unwrap();
            hold.leave(0);
            hold.status = AuthorizationStatus::Canceled;
            hold.changed_by = event;
        }
        Ok(Became::Nothing)
    }

    fn way(
        &self,
        code: ProcessingCode,
        way: BalanceImpact,
    ) -> Result<ProcessingCodeEntry, OperationError> {
        self.entry(code, |impact| impact == way)
    }

    /// Books what a step takes or brings: its side of the transfer, which is cleared at once.
    fn book_side(
        &mut self,
        key: &MessageKey,
        account: u64,
        code: ProcessingCode,
        minor: i64,
        planned: Planned,
    ) -> Became {
        let message = self.messages.len();
        self.holds.push(Hold {
            key: key.clone(),
            kind: Kind::Transfer,
            account,
            code,
            status: AuthorizationStatus::Processed,
            parts: vec![Part {
                message,
                moves: whole(&planned),
                at_clearing: Amounts::new(),
                billed: minor,
                approved: minor,
                left: minor,
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
        });
        Became::Nothing
    }
}

/// What moves at once and at the clearing.
fn whole(planned: &Planned) -> Amounts {
    let mut whole = planned.moves.clone();
    for (place, moved) in &planned.at_clearing {
        *whole.entry(*place).or_default() += moved;
    }
    whole
}

/// What names a step.
pub(crate) fn key_of(request: &OperationRequest) -> MessageKey {
    match &request.operation {
        Operation::ReceiveTransfer(remittance) => {
            MessageKey::Transfer(remittance.id, TransferStep::Received)
        }
        Operation::SettleTransfer { id, .. } => MessageKey::Transfer(*id, TransferStep::Settled),
        _ => MessageKey::Operator(request.tracking_id.clone()),
    }
}
