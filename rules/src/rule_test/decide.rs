//! What the rules say to one transaction of a test: status, options, mapping, currency, amount, flex controls, balance
//! configurations, in the order of precedence of the reasons. Every answer is the snapshot's.

use std::collections::BTreeMap;

use super::controls::{self, Asked, Denial};
use super::world::{Related, World};
use super::{TestAccount, TestTransaction};
use crate::{
    AccountId, AuthorizationFlow, BalanceImpact, Configuration, CurrencyConversion, Deltas,
    Evaluation, EvaluationRequest, MappingRequest, OperationKind, Plan, ProcessingCode,
    ProcessingCodeEntry, Reason, Snapshot,
};

/// What came of a transaction.
#[derive(Debug, Default)]
pub(super) struct Decided {
    /// `None`: approved.
    pub(super) declined: Option<Reason>,
    /// The code after mapping, where there is one.
    pub(super) processing_code: Option<ProcessingCode>,
    pub(super) moves: BTreeMap<AccountId, Deltas>,
    pub(super) confirmation: Option<Deltas>,
    /// The control that denies.
    pub(super) denial: Option<Denial>,
    /// The configuration that decided, whether it approved or not.
    pub(super) configuration: Option<String>,
    pub(super) scenario: Option<i32>,
}

/// Amounts in minor units of the account's currency.
#[derive(Clone, Copy, Debug)]
struct Amounts {
    principal_minor: i64,
    /// The part of it that is handed out in cash.
    cashback_minor: i64,
}

/// A transaction while it is decided.
struct Deciding<'a> {
    rules: &'a Snapshot,
    transaction: &'a TestTransaction,
    account: &'a TestAccount,
    decided: Decided,
}

/// Decides one transaction; what is approved moves the accounts.
pub(super) fn decide(
    rules: &Snapshot,
    world: &mut World,
    transaction: &TestTransaction,
) -> Decided {
    let mut after = world.clone();
    let Some(account) = world.account(transaction.account) else {
        return Decided {
            declined: Some(Reason::CardModeUnavailable),
            ..Decided::default()
        };
    };
    let mut deciding = Deciding {
        rules,
        transaction,
        account,
        decided: Decided::default(),
    };
    let declined = deciding.approve(&mut after).err();
    let mut decided = deciding.decided;
    decided.declined = declined;
    if declined.is_none() {
        *world = after;
    } else {
        (decided.moves, decided.confirmation, decided.scenario) = Default::default();
    }
    decided
}

impl Deciding<'_> {
    fn approve(&mut self, world: &mut World) -> Result<(), Reason> {
        let (id, program) = (self.transaction.account, self.account.program);
        let mapped = self.mapped();
        let entry = mapped.and_then(|code| self.rules.processing_code(code));
        self.decided.processing_code = mapped;
        let direction = entry.map_or(BalanceImpact::Debit, |entry| entry.balance_impact);
        if !self.account.allowed_operations.allows(direction) {
            return Err(Reason::AccountStatus);
        }
        let bin = self.transaction.bin.as_deref();
        let options = self.rules.authorization_options(id, program, bin);
        if options.deny_all_authorizations {
            return Err(Reason::AuthorizationsDenied);
        }
        let entry = entry.ok_or(Reason::UnknownProcessingCode)?;
        match entry.kind {
            OperationKind::BalanceInquiry => {
                return self.count(world, entry, Asked::default());
            }
            // A verification is for nothing: an amount would be one that is never held.
            OperationKind::AccountVerification if self.transaction.amount_minor != 0 => {
                return Err(Reason::InvalidAmount);
            }
            OperationKind::AccountVerification => {
                return self.count(world, entry, Asked::default());
            }
            OperationKind::Purchase
            | OperationKind::Cash
            | OperationKind::PurchaseWithCashback
            | OperationKind::QuasiCash
            | OperationKind::AccountFunding
            | OperationKind::Refund
            | OperationKind::Deposit
            | OperationKind::OriginalCredit
            | OperationKind::Other => {}
        }
        let amounts = self.amounts(entry)?;
        let contract_minor = self.transaction.contract_minor;
        let asked = Asked {
            amount_minor: contract_minor.unwrap_or(amounts.principal_minor),
            operation_amount_minor: self.transaction.amount_minor,
        };
        self.count(world, entry, asked)?;
        self.evaluate(world, entry, amounts)
    }

    /// Asks the flex controls and counts what they count; a decline behind them takes that back with the rest.
    fn count(
        &mut self,
        world: &mut World,
        entry: &ProcessingCodeEntry,
        asked: Asked,
    ) -> Result<(), Reason> {
        let both = (self.transaction, self.account);
        match controls::ask(self.rules, world, both, entry, asked) {
            Ok(reservations) => {
                world.count(&reservations);
                Ok(())
            }
            Err(denial) => {
                self.decided.denial = Some(denial);
                Err(Reason::ControlDenied)
            }
        }
    }

    /// The code after the network's table and the rule model.
    fn mapped(&self) -> Option<ProcessingCode> {
        let transaction = self.transaction;
        let de3 = transaction.processing_code;
        let code = match transaction.network {
            None => de3,
            Some(network) => self.rules.network(network)?.processing_code(de3)?,
        };
        let mapping = self.rules.map(&MappingRequest {
            account: transaction.account,
            program: self.account.program,
            processing_code: code,
            mti: "0100",
            flow: AuthorizationFlow::Network,
            account_type: transaction.account_type,
            origin: Some("STRIKER"),
            amount_minor: transaction.amount_minor,
            currency: transaction.currency,
            merchant_category_code: transaction.mcc,
            merchant_name: transaction.merchant_name.as_deref(),
            installments: transaction.installments,
            installment_plan: None,
            is_domestic: transaction.is_domestic,
            is_dcc: transaction.is_dcc,
            reversal_indicator: None,
            original_processing_code: None,
        });
        Some(mapping.processing_code)
    }

    /// The amounts in the account's currency, converted where the program says so.
    fn amounts(&self, entry: &ProcessingCodeEntry) -> Result<Amounts, Reason> {
        let transaction = self.transaction;
        let (amount_minor, from) = (transaction.amount_minor, transaction.currency);
        let principal_minor = if from == self.account.currency {
            amount_minor
        } else {
            let program = self.rules.program(self.account.program);
            let converts = program
                .is_some_and(|program| program.currency_conversion == CurrencyConversion::Convert);
            let rate = self.rules.exchange_rate(from, self.account.currency);
            let rate = rate.filter(|_| converts);
            let rate = rate.ok_or(Reason::CurrencyNotSupported)?;
            rate.convert(amount_minor).ok_or(Reason::InvalidAmount)?
        };
        let cashback_minor = transaction.cashback_minor.unwrap_or(0);
        let with_cashback = entry.kind == OperationKind::PurchaseWithCashback;
        let not_cashback = transaction.cashback_minor.is_some() && !with_cashback;
        if principal_minor <= 0 || not_cashback || cashback_minor > amount_minor {
            return Err(Reason::InvalidAmount);
        }
        // The share of the cash part, rounded down.
        let share = i128::from(principal_minor)
            .checked_mul(cashback_minor.into())
            .and_then(|product| product.checked_div(amount_minor.into()))
            .and_then(|share| i64::try_from(share).ok());
        Ok(Amounts {
            principal_minor,
            cashback_minor: share.ok_or(Reason::InvalidAmount)?,
        })
    }

    /// Asks the balance configurations. Where the operation has a code for its cash part, that part is
    /// decided on what the rest leaves.
    fn evaluate(
        &mut self,
        world: &mut World,
        entry: &ProcessingCodeEntry,
        amounts: Amounts,
    ) -> Result<(), Reason> {
        let cash = entry
            .cashback_processing_code
            .filter(|_| amounts.cashback_minor > 0)
            .and_then(|code| self.rules.processing_code(code));
        let cash_minor = cash.map_or(0, |_| amounts.cashback_minor);
        let goods_minor = amounts.principal_minor.saturating_sub(cash_minor);
        if goods_minor > 0 {
            let plan = self.plan(world, entry, goods_minor)?;
            self.take(world, &plan)?;
        }
        let Some(cash) = cash else { return Ok(()) };
        let plan = self.plan(world, cash, cash_minor).map_err(|reason| {
            let short = [Reason::InsufficientFunds, Reason::CashLimitExceeded].contains(&reason);
            if short && goods_minor > 0 {
                Reason::CashbackNotAvailable
            } else {
                reason
            }
        });
        self.take(world, &plan?)
    }

    fn plan(
        &mut self,
        world: &World,
        entry: &ProcessingCodeEntry,
        principal_minor: i64,
    ) -> Result<Plan, Reason> {
        let (transaction, account) = (self.transaction, self.account);
        let installments = transaction.installments;
        let request = EvaluationRequest {
            account: transaction.account,
            program: account.program,
            processing_code: entry.code,
            direction: entry.balance_impact,
            flow: AuthorizationFlow::Network,
            mcc: transaction.mcc,
            account_type: transaction.account_type,
            currency: transaction.currency,
            installments,
            principal_minor,
            contract_minor: transaction.contract_minor.unwrap_or(principal_minor),
            installment_minor: transaction.installment_minor.unwrap_or_else(|| {
                principal_minor
                    .checked_div(installments.into())
                    .unwrap_or(principal_minor)
            }),
        };
        let limits = world
            .account(transaction.account)
            .map_or_else(Default::default, |account| account.limits);
        let related = Related {
            world,
            account: transaction.account,
        };
        if self.decided.configuration.is_none() {
            let winner = self.rules.rules().winner(&request);
            let configuration = winner.and_then(|(number, _)| self.configuration(number));
            self.decided.configuration = configuration.map(|one| one.name.clone());
        }
        match self.rules.evaluate_with(&request, &limits, &related) {
            Evaluation::Holds(plan) => Ok(plan),
            Evaluation::NoConfiguration => Err(Reason::NoConfiguration),
            Evaluation::Insufficient { cash_limit: true } => Err(Reason::CashLimitExceeded),
            Evaluation::Insufficient { cash_limit: false } => Err(Reason::InsufficientFunds),
            Evaluation::Overflow => Err(Reason::InvalidAmount),
        }
    }

    fn configuration(&self, number: u32) -> Option<&Configuration> {
        let number = usize::try_from(number).ok()?;
        self.rules.configurations().get(number)
    }

    /// Applies a plan, beside what the transaction moved before.
    fn take(&mut self, world: &mut World, plan: &Plan) -> Result<(), Reason> {
        let moves = world.moves(self.transaction.account, plan);
        if !world.apply(&moves) {
            return Err(Reason::InvalidAmount);
        }
        for (account, deltas) in moves {
            let before = self.decided.moves.entry(account).or_default();
            *before = before.checked_add(&deltas).ok_or(Reason::InvalidAmount)?;
        }
        self.decided.scenario.get_or_insert(plan.scenario_order);
        if let Some(deltas) = &plan.confirmation {
            let before = self.decided.confirmation.unwrap_or_default();
            let both = before.checked_add(deltas).ok_or(Reason::InvalidAmount)?;
            self.decided.confirmation = Some(both);
        }
        Ok(())
    }
}
