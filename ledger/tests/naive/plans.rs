//! What an operation moves and posts: the question to the rules, and the amounts it is asked with.

use ledger::authorization::RequestFacts;
use rules::{
    AccountId, AccountType, AmountKey, AuthorizationFlow, BalanceImpact, Currency, Deltas,
    Evaluation, EvaluationRequest, LimitName, Limits, Plan, ProcessingCodeEntry, Reason,
    RelatedAccount, RelatedLimits,
};

use crate::books::{Account, Amounts, Naive, Posts, add, deltas_of, id, rounded};
use crate::support::made::dollar;

/// The amounts of an operation, minor units; all but the first in dollars.
#[derive(Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) transaction: i64,
    pub(crate) principal: i64,
    pub(crate) contract: i64,
    instalments: i64,
}

#[derive(Default)]
pub(crate) struct Planned {
    pub(crate) moves: Amounts,
    pub(crate) at_clearing: Amounts,
    pub(crate) posts: Posts,
    /// Whether it was forced without a balance configuration.
    pub(crate) without_configuration: bool,
}

pub(crate) struct Asked<'a> {
    naive: &'a Naive,
    account: &'a Account,
    entry: &'a ProcessingCodeEntry,
    flow: AuthorizationFlow,
    mcc: Option<u16>,
    account_type: AccountType,
    currency: Currency,
    installments: u8,
    cashback: i64,
    forced: bool,
}

impl Sums {
    pub(crate) fn of(facts: &RequestFacts, entry: &ProcessingCodeEntry) -> Result<Self, Reason> {
        let asked = &facts.fingerprint;
        let billed = match (asked.billing_amount_minor, facts.billing_currency) {
            (Some(billed), Some(currency)) if currency == dollar() => billed,
            _ if asked.currency == Some(dollar()) => asked.amount_minor,
            // No program of this world converts.
            _ => return Err(Reason::CurrencyNotSupported),
        };
        if asked.amount_minor < 1 || billed < 1 {
            return Err(Reason::InvalidAmount);
        }
        let cashback = facts.cashback_minor;
        if cashback.is_some() && entry.code.as_str() != "09" || cashback > Some(asked.amount_minor)
        {
            return Err(Reason::InvalidAmount);
        }
        // The fee is contained in DE4 on network 1.
        let fee = facts.fees.transaction_minor.unwrap_or(0);
        let principal = billed - rounded(fee, billed, asked.amount_minor);
        if principal < 1 {
            return Err(Reason::InvalidAmount);
        }
        Ok(Self {
            transaction: asked.amount_minor,
            principal,
            contract: billed,
            instalments: facts.installments.max(1).into(),
        })
    }

    pub(crate) fn plain(minor: i64) -> Self {
        Self {
            transaction: minor,
            principal: minor,
            contract: minor,
            instalments: 1,
        }
    }

    /// The amounts for a part of DE4, rounded down; `None` where that leaves nothing.
    pub(crate) fn part(self, minor: i64) -> Option<Self> {
        let share = |whole: i64| {
            let share = i128::from(whole) * i128::from(minor) / i128::from(self.transaction);
            i64::try_from(share).ok().filter(|share| *share > 0)
        };
        Some(Self {
            transaction: minor,
            principal: share(self.principal)?,
            contract: share(self.contract)?,
            instalments: self.instalments,
        })
    }

    fn less(self, other: Self) -> Option<Self> {
        let rest = Self {
            transaction: self.transaction - other.transaction,
            principal: self.principal - other.principal,
            contract: self.contract - other.contract,
            instalments: self.instalments,
        };
        (rest.transaction > 0 && rest.principal > 0).then_some(rest)
    }
}

impl<'a> Asked<'a> {
    pub(crate) fn by_network(
        naive: &'a Naive,
        facts: &RequestFacts,
        account: &'a Account,
        entry: &'a ProcessingCodeEntry,
        forced: bool,
    ) -> Self {
        let incoming = entry.balance_impact == BalanceImpact::Credit;
        Self {
            naive,
            account,
            entry,
            flow: AuthorizationFlow::Network,
            mcc: facts.mcc,
            account_type: if incoming {
                facts.to_account
            } else {
                facts.from_account
            },
            currency: facts.fingerprint.currency.unwrap_or_else(dollar),
            installments: facts.installments.max(1),
            cashback: facts.cashback_minor.unwrap_or(0),
            forced,
        }
    }

    pub(crate) fn by_operator(
        naive: &'a Naive,
        account: &'a Account,
        entry: &'a ProcessingCodeEntry,
    ) -> Self {
        Self {
            naive,
            account,
            entry,
            flow: AuthorizationFlow::Platform,
            mcc: None,
            account_type: AccountType::Unspecified,
            currency: dollar(),
            installments: 1,
            cashback: 0,
            forced: true,
        }
    }

    /// What is asked on the platform, and only done where the limits cover it.
    pub(crate) fn on_platform(
        naive: &'a Naive,
        account: &'a Account,
        entry: &'a ProcessingCodeEntry,
    ) -> Self {
        Self {
            forced: false,
            ..Self::by_operator(naive, account, entry)
        }
    }

    /// What it comes to; forced, always something.
    pub(crate) fn plan(&self, sums: Sums) -> Result<Planned, Reason> {
        match self.by_configuration(sums) {
            Err(Reason::NoConfiguration) if self.forced => {
                let mut planned = Planned {
                    without_configuration: true,
                    ..Planned::default()
                };
                let mut deltas = Deltas::NONE;
                let moved = sums.contract * self.entry.balance_impact.sign();
                assert!(deltas.set(LimitName::AvailableCreditLimit, moved));
                add(&mut planned.moves, self.account.id, &deltas);
                planned.post(self.account.id, self.entry, sums);
                Ok(planned)
            }
            planned => planned,
        }
    }

    fn by_configuration(&self, sums: Sums) -> Result<Planned, Reason> {
        let mut planned = Planned::default();
        let cash_code = self.entry.cashback_processing_code;
        let cash_entry = cash_code.and_then(|code| self.naive.rules.processing_code(code));
        let (Some(cash_entry), true) = (cash_entry, self.cashback > 0) else {
            self.add(self.entry, sums, &mut planned)?;
            return Ok(planned);
        };
        let cash = sums.part(self.cashback).ok_or(Reason::InvalidAmount)?;
        let goods = sums.less(cash);
        if let Some(goods) = goods {
            self.add(self.entry, goods, &mut planned)?;
        }
        let done = self.add(cash_entry, cash, &mut planned);
        match (done, goods) {
            (Ok(()), _) => Ok(planned),
            (Err(Reason::InsufficientFunds | Reason::CashLimitExceeded), Some(_)) => {
                Err(Reason::CashbackNotAvailable)
            }
            (Err(reason), _) => Err(reason),
        }
    }

    fn add(
        &self,
        entry: &ProcessingCodeEntry,
        sums: Sums,
        planned: &mut Planned,
    ) -> Result<(), Reason> {
        let plan = self.evaluate(entry, sums, &planned.moves)?;
        let mut bearer = self.account.id;
        add(&mut planned.moves, bearer, &plan.deltas);
        for related in plan.related.iter() {
            match related.account {
                RelatedAccount::Impacted { account_id, .. } => {
                    bearer = account_id.0;
                    add(&mut planned.moves, bearer, &related.deltas);
                }
                RelatedAccount::Counterpart { account_id } => {
                    add(&mut planned.moves, account_id.0, &related.deltas);
                    let code = related.processing_code;
                    let entry = code.and_then(|code| self.naive.rules.processing_code(code));
                    if let Some(entry) = entry {
                        planned.post(account_id.0, entry, sums);
                    }
                }
                RelatedAccount::Parents => {
                    let mut next = self.account.parent;
                    while let Some(parent) = next {
                        add(&mut planned.moves, parent, &related.deltas);
                        next = self.naive.accounts[&parent].parent;
                    }
                }
            }
        }
        if let Some(confirmation) = &plan.confirmation {
            add(&mut planned.at_clearing, bearer, confirmation);
        }
        planned.post(bearer, entry, sums);
        Ok(())
    }

    fn evaluate(
        &self,
        entry: &ProcessingCodeEntry,
        sums: Sums,
        planned: &Amounts,
    ) -> Result<Plan, Reason> {
        let request = EvaluationRequest {
            account: id(self.account.id),
            program: self.account.program,
            processing_code: entry.code,
            direction: entry.balance_impact,
            flow: self.flow,
            mcc: self.mcc,
            account_type: self.account_type,
            currency: self.currency,
            installments: self.installments,
            principal_minor: sums.principal,
            contract_minor: sums.contract,
            installment_minor: sums.principal / sums.instalments,
        };
        let neighbours = Neighbours(self.naive, self.account, planned);
        let limits = &neighbours.limits(request.account).unwrap();
        let rules = &self.naive.rules;
        let evaluation = if self.forced {
            rules.evaluate_forced(&request, limits, &neighbours)
        } else {
            rules.evaluate_with(&request, limits, &neighbours)
        };
        match evaluation {
            Evaluation::Holds(plan) => Ok(plan),
            Evaluation::NoConfiguration => Err(Reason::NoConfiguration),
            Evaluation::Insufficient { cash_limit } if cash_limit => Err(Reason::CashLimitExceeded),
            Evaluation::Insufficient { .. } => Err(Reason::InsufficientFunds),
            Evaluation::Overflow => Err(Reason::InvalidAmount),
        }
    }
}

impl Planned {
    /// Adds what a code posts on an account.
    pub(crate) fn post(&mut self, account: u64, entry: &ProcessingCodeEntry, sums: Sums) {
        for link in &entry.transaction_types {
            let amount = match link.key {
                // All instalments together are the principal.
                AmountKey::Principal | AmountKey::Installment => sums.principal,
                AmountKey::Contract => sums.contract,
                // The histories have no custom amount but the fee.
                AmountKey::Other => sums.contract - sums.principal,
            };
            *self.posts.entry((account, link.credit)).or_default() += amount;
        }
    }
}

/// The other accounts, all of one group, with what is planned already.
struct Neighbours<'a>(&'a Naive, &'a Account, &'a Amounts);

impl RelatedLimits for Neighbours<'_> {
    fn limits(&self, account: AccountId) -> Option<Limits> {
        let limits = self.0.limits(account.0)?;
        limits.checked_apply(&deltas_of(self.2, account.0))
    }

    fn parent(&self, number: usize) -> Option<(AccountId, Limits)> {
        let mut account = self.1;
        for _ in 0..=number {
            account = self.0.accounts.get(&account.parent?)?;
        }
        let account = id(account.id);
        Some((account, self.limits(account)?))
    }
}
