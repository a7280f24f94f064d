//! What the balance configurations make of an operation.
//!
//! Owns: the question to the rules and what becomes of its answer: moves by account, confirmation, the
//! transactions to post; the cash part of a purchase with cashback, and how much a partial approval can
//! be. Must never: look at statuses.

use rules::{
    AccountType, AuthorizationFlow, BalanceImpact, Currency, Deltas, Evaluation, EvaluationRequest,
    LimitName, OperationKind, Plan, ProcessingCode, ProcessingCodeEntry, Reason, RelatedAccount,
    ResetLimit, Trace,
};

use super::Context;
use super::amounts::Amounts;
use super::locate::{Located, account_type};
use super::postings::{in_order_of, postings};
use crate::authorization::{Moves, PlannedPosting, RequestFacts};
use crate::entities::Account;
use crate::identifiers::Timestamp;
use crate::rehearsal::Part;

/// An operation of an account that is to be evaluated.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    account: &'a Account,
    entry: &'a ProcessingCodeEntry,
    flow: AuthorizationFlow,
    mcc: Option<u16>,
    account_type: AccountType,
    currency: Currency,
    installments: u8,
    cashback_minor: i64,
    /// Whether it happens whatever the limits say.
    forced: bool,
}

/// What it comes to.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) moves: Moves,
    pub(super) confirmation: Moves,
    pub(super) configuration: Option<(u32, i32)>,
    pub(super) reset_limit: Option<ResetLimit>,
    pub(super) postings: Vec<PlannedPosting>,
    pub(super) compensations: Vec<PlannedPosting>,
}

impl<'a> Asked<'a> {
    /// What a network asks.
    pub(super) fn by_network(
        facts: &RequestFacts,
        account: &'a Account,
        entry: &'a ProcessingCodeEntry,
    ) -> Self {
        Self {
            account,
            entry,
            flow: AuthorizationFlow::Network,
            mcc: facts.mcc,
            account_type: account_type(facts, entry.balance_impact),
            currency: facts.fingerprint.currency.unwrap_or(account.currency),
            installments: facts.installments.max(1),
            cashback_minor: facts.cashback_minor.unwrap_or(0),
            forced: false,
        }
    }

    /// What an operator forces.
    pub(super) fn by_operator(account: &'a Account, entry: &'a ProcessingCodeEntry) -> Self {
        Self::on_platform(account, entry).forced()
    }

    /// What is asked on the platform itself.
    pub(super) fn on_platform(account: &'a Account, entry: &'a ProcessingCodeEntry) -> Self {
        Self {
            account,
            entry,
            flow: AuthorizationFlow::Platform,
            mcc: None,
            account_type: AccountType::Unspecified,
            currency: account.currency,
            installments: 1,
            cashback_minor: 0,
            forced: false,
        }
    }

    /// The same, whatever the limits say.
    pub(super) fn forced(self) -> Self {
        Self {
            forced: true,
            ..self
        }
    }

    /// What comes of a forced operation, with or without a balance configuration.
    pub(super) fn plan_forced(
        &self,
        context: Context<'a>,
        amounts: Amounts<'_>,
    ) -> Result<Planned, Reason> {
        match self.plan(context, amounts) {
            Err(Reason::NoConfiguration) => {
                without_configuration(self.account, self.entry, amounts, context.now)
                    .ok_or(Reason::InvalidAmount)
            }
            planned => planned,
        }
    }

    /// Evaluates it for these amounts, the cash part by itself where the code says so.
    pub(super) fn plan(
        &self,
        context: Context<'a>,
        amounts: Amounts<'_>,
    ) -> Result<Planned, Reason> {
        let mut planned = Planned::default();
        let Some((goods, cash, cash_entry)) = self.cashback(context, amounts)? else {
            self.add(context, amounts, &mut planned)?;
            return Ok(planned);
        };
        if let Some(goods) = goods {
            self.add(context, goods, &mut planned)?;
        }
        let asked = Asked {
            entry: cash_entry,
            ..*self
        };
        match asked.add(context, cash, &mut planned) {
            Err(Reason::InsufficientFunds | Reason::CashLimitExceeded) if goods.is_some() => {
                Err(Reason::CashbackNotAvailable)
            }
            done => done.map(|()| planned),
        }
    }

    /// The most of DE4 that would be approved, for a purchase that is not as a whole; `None` when
    /// nothing would. What one scenario covers, it covers for less too, so halving finds the most.
    pub(super) fn most<'m>(
        &self,
        context: Context<'a>,
        amounts: Amounts<'m>,
    ) -> Option<(Amounts<'m>, Planned)> {
        let holds = |transaction_minor| {
            let part = amounts.part(transaction_minor)?;
            let planned = self.plan(context, part).ok()?;
            Some((part, planned))
        };
        let (mut covered, mut short) = (0, amounts.transaction_minor);
        while short.checked_sub(covered)? > 1 {
            let middle = covered.midpoint(short);
            if holds(middle).is_some() {
                covered = middle;
            } else {
                short = middle;
            }
        }
        holds(covered)
    }

    /// The parts of a purchase with cashback whose cash part is decided by a code of its own.
    #[expect(
        clippy::type_complexity,
        reason = "goods, cash and the code of the cash, once"
    )]
    fn cashback<'m>(
        &self,
        context: Context<'a>,
        amounts: Amounts<'m>,
    ) -> Result<Option<(Option<Amounts<'m>>, Amounts<'m>, &'a ProcessingCodeEntry)>, Reason> {
        let code = self.entry.cashback_processing_code;
        let cash_entry = code.and_then(|code| context.rules.processing_code(code));
        let cash = Some(self.cashback_minor).filter(|cash| *cash > 0);
        let Some((cash_entry, cash)) = cash_entry.zip(cash) else {
            return Ok(None);
        };
        let cash = amounts.part(cash).ok_or(Reason::InvalidAmount)?;
        Ok(Some((amounts.without(cash), cash, cash_entry)))
    }

    /// Evaluates these amounts over the limits that what is planned leaves, and adds what comes of it.
    fn add(
        &self,
        context: Context<'a>,
        amounts: Amounts<'_>,
        planned: &mut Planned,
    ) -> Result<(), Reason> {
        let plan = self.evaluate(context, amounts, &planned.moves)?;
        let bearer = self.add_moves(context, &plan, planned)?;
        let own = (bearer, self.entry.code);
        add_postings(self.entry, own, (amounts, context.now), planned);
        for related in plan.related.iter() {
            if let (RelatedAccount::Counterpart { account_id }, Some(code)) =
                (related.account, related.processing_code)
                && let Some(entry) = context.rules.processing_code(code)
            {
                let own = (account_id, code);
                add_postings(entry, own, (amounts, context.now), planned);
            }
        }
        Ok(())
    }

    /// What was looked at for these amounts, part by part.
    pub(super) fn traces(&self, context: Context<'a>, amounts: Amounts<'_>) -> Vec<(Part, Trace)> {
        let mut planned = Planned::default();
        let Ok(parts) = self.cashback(context, amounts) else {
            return Vec::new();
        };
        let Some((goods, cash, cash_entry)) = parts else {
            let trace = self.trace(context, amounts, &planned.moves);
            return trace
                .map(|trace| (Part::Whole, trace))
                .into_iter()
                .collect();
        };
        let mut traces = Vec::new();
        if let Some(goods) = goods {
            let trace = self.trace(context, goods, &planned.moves);
            traces.extend(trace.map(|trace| (Part::Goods, trace)));
            if self.add(context, goods, &mut planned).is_err() {
                return traces;
            }
        }
        let asked = Asked {
            entry: cash_entry,
            ..*self
        };
        let trace = asked.trace(context, cash, &planned.moves);
        traces.extend(trace.map(|trace| (Part::Cash, trace)));
        traces
    }

    fn trace(&self, context: Context<'a>, amounts: Amounts<'_>, planned: &Moves) -> Option<Trace> {
        let limits = planned.applied_to(self.account.id, &self.account.limits)?;
        let related = context.state.related_to(self.account, planned);
        let request = self.request(amounts);
        Some(context.rules.trace_with(&request, &limits, &related))
    }

    fn request(&self, amounts: Amounts<'_>) -> EvaluationRequest {
        EvaluationRequest {
            account: self.account.id,
            program: self.account.program,
            processing_code: self.entry.code,
            direction: self.entry.balance_impact,
            flow: self.flow,
            mcc: self.mcc,
            account_type: self.account_type,
            currency: self.currency,
            installments: self.installments,
            principal_minor: amounts.principal_minor,
            contract_minor: amounts.contract_minor,
            installment_minor: amounts.installment_minor,
        }
    }

    fn evaluate(
        &self,
        context: Context<'a>,
        amounts: Amounts<'_>,
        planned: &Moves,
    ) -> Result<Plan, Reason> {
        let limits = planned.applied_to(self.account.id, &self.account.limits);
        let limits = &limits.ok_or(Reason::InvalidAmount)?;
        let request = self.request(amounts);
        let related = context.state.related_to(self.account, planned);
        let evaluation = if self.forced {
            context.rules.evaluate_forced(&request, limits, &related)
        } else {
            context.rules.evaluate_with(&request, limits, &related)
        };
        match evaluation {
            Evaluation::Holds(plan) => Ok(plan),
            Evaluation::NoConfiguration => Err(Reason::NoConfiguration),
            Evaluation::Insufficient { cash_limit: true } => Err(Reason::CashLimitExceeded),
            Evaluation::Insufficient { cash_limit: false } => Err(Reason::InsufficientFunds),
            Evaluation::Overflow => Err(Reason::InvalidAmount),
        }
    }

    /// Adds the moves of a plan; returns the account that bears it.
    fn add_moves(
        &self,
        context: Context<'a>,
        plan: &Plan,
        planned: &mut Planned,
    ) -> Result<rules::AccountId, Reason> {
        let mut bearer = self.account.id;
        let mut add = |account, deltas: &Deltas| {
            let added = planned.moves.add(account, deltas);
            added.ok_or(Reason::InvalidAmount)
        };
        add(self.account.id, &plan.deltas)?;
        for related in plan.related.iter() {
            match related.account {
                RelatedAccount::Impacted { account_id, .. } => {
                    bearer = account_id;
                    add(account_id, &related.deltas)?;
                }
                RelatedAccount::Counterpart { account_id } => add(account_id, &related.deltas)?,
                RelatedAccount::Parents => {
                    for parent in context.state.parents(self.account) {
                        add(parent.id, &related.deltas)?;
                    }
                }
            }
        }
        if let Some(confirmation) = &plan.confirmation {
            let added = planned.confirmation.add(bearer, confirmation);
            added.ok_or(Reason::InvalidAmount)?;
        }
        let with_configuration = plan.configuration != Plan::WITHOUT_CONFIGURATION;
        if with_configuration && planned.configuration.is_none() {
            planned.configuration = Some((plan.configuration, plan.scenario_order));
            planned.reset_limit = plan.reset_limit;
        }
        Ok(bearer)
    }
}

/// Adds the transactions that a code posts, and those that undo them.
fn add_postings(
    entry: &ProcessingCodeEntry,
    (account, code): (rules::AccountId, ProcessingCode),
    (amounts, now): (Amounts<'_>, Timestamp),
    planned: &mut Planned,
) {
    let posted = postings(&entry.transaction_types, (account, code), amounts, now);
    let undone = entry.reversal_processing_code.unwrap_or(code);
    let links = &entry.reversal_transaction_types;
    let mut undoing = postings(links, (account, undone), amounts, now);
    in_order_of(&posted, &mut undoing);
    planned.postings.extend(posted);
    planned.compensations.extend(undoing);
}

/// What is forced where no balance configuration says which limits bear it: the available limit does.
fn without_configuration(
    account: &Account,
    entry: &ProcessingCodeEntry,
    amounts: Amounts<'_>,
    now: Timestamp,
) -> Option<Planned> {
    let mut deltas = Deltas::NONE;
    let moved = amounts
        .contract_minor
        .checked_mul(entry.balance_impact.sign())?;
    if !deltas.set(LimitName::AvailableCreditLimit, moved) {
        return None;
    }
    let mut planned = Planned {
        moves: Moves::of(account.id, deltas),
        ..Planned::default()
    };
    let own = (account.id, entry.code);
    add_postings(entry, own, (amounts, now), &mut planned);
    Some(planned)
}

/// Whether a part of the amount may be approved where the whole is not covered: the program, the network
/// and the terminal must all allow it, and the operation must be one that can be split.
pub(super) fn may_be_partial(
    context: Context<'_>,
    facts: &RequestFacts,
    located: &Located<'_>,
) -> bool {
    let program = located
        .options(context)
        .is_some_and(|options| options.enabled_partial_authorization);
    let network = located
        .network
        .is_some_and(|network| network.partial_authorization);
    let kind = located.entry.is_some_and(|entry| {
        entry.balance_impact == BalanceImpact::Debit
            && matches!(
                entry.kind,
                OperationKind::Purchase | OperationKind::PurchaseWithCashback
            )
    });
    let whole = facts.installments <= 1 && !facts.incremental && facts.advice.is_none();
    let cashback = facts.cashback_minor.unwrap_or(0) > 0;
    program && network && kind && whole && !cashback && facts.partial_capable
}
