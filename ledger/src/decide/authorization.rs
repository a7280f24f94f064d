//! Deciding authorizations and inquiries.
//!
//! Owns: the order of checks, which is the precedence of reasons (DESIGN section 5): match, card, expiry,
//! account status, processing code, currency, amount, balance configuration, limits. The first that
//! fails decides. Format and card checks come before the ledger.

use rules::{
    AccountType, AmountKey, AuthorizationFlow, BalanceImpact, Evaluation, EvaluationRequest,
    OperationKind, ProcessingCodeEntry, Reason,
};

use super::{Context, response_code};
use crate::authorization::{
    Answer, Approval, ApprovalCode, AuthorizationDecided, Balances, Clearing, Decision, Posting,
    RequestFacts, TransactionPosted,
};
use crate::command::{Decided, Outcome};
use crate::entities::{Account, CardFacts};
use crate::recent::Recent;
use crate::record::Record;

/// What was found on the way, so that a decline can say how far it came.
#[derive(Default)]
struct Found<'a> {
    account: Option<&'a Account>,
    entry: Option<&'a ProcessingCodeEntry>,
}

pub(super) fn decide(context: Context<'_>, facts: RequestFacts) -> (Vec<Record>, Outcome) {
    let mut found = Found::default();
    let approval = match context.state.recent(&facts.key) {
        Some(Recent::Message(earlier)) if earlier.fingerprint == facts.fingerprint => {
            return earlier.again();
        }
        Some(Recent::Message(_)) => Err(Reason::MatchConflict),
        Some(Recent::ReversedBeforeArrival(_)) => Err(Reason::ReversedBeforeArrival),
        None => approve(context, &facts, &mut found),
    };
    conclude(context, facts, &found, approval)
}

/// Runs the checks in order of precedence.
fn approve<'a>(
    context: Context<'a>,
    facts: &RequestFacts,
    found: &mut Found<'a>,
) -> Result<Approval, Reason> {
    let card = context
        .state
        .card(&facts.key.card)
        .ok_or(Reason::UnknownCard)?;
    check_card(context, facts, card)?;
    found.entry = context.rules.processing_code(facts.processing_code);
    let direction = found
        .entry
        .map_or(BalanceImpact::Debit, |entry| entry.balance_impact);
    let account = card.mode.account(account_type(facts, direction));
    let account = context
        .state
        .account(account)
        .ok_or(Reason::CardModeUnavailable)?;
    found.account = Some(account);
    let allowed = match direction {
        BalanceImpact::Debit => account.status.allows_debit(),
        BalanceImpact::Credit | BalanceImpact::None => account.status.allows_credit(),
    };
    if !allowed {
        return Err(Reason::AccountStatus);
    }
    let entry = found.entry.ok_or(Reason::UnknownProcessingCode)?;
    if entry.kind == OperationKind::BalanceInquiry {
        return Ok(Approval::without_effect());
    }
    let amounts = Amounts::of(facts, account, entry)?;
    evaluate(context, facts, account, entry, amounts)
}

fn check_card(context: Context<'_>, facts: &RequestFacts, card: &CardFacts) -> Result<(), Reason> {
    if let Some(reason) = card.status.refusal() {
        return Err(reason);
    }
    let month = context.now.year_month().ok_or(Reason::SystemMalfunction)?;
    if card.expiry.is_before(month) {
        return Err(Reason::CardExpired);
    }
    if facts
        .expiry_yymm
        .is_some_and(|expiry| expiry != u16::from(card.expiry))
    {
        return Err(Reason::ExpiryMismatch);
    }
    Ok(())
}

/// The account type that chooses the account of a combo card: credits name the to-account.
fn account_type(facts: &RequestFacts, direction: BalanceImpact) -> AccountType {
    match direction {
        BalanceImpact::Credit => facts.to_account,
        BalanceImpact::Debit | BalanceImpact::None => facts.from_account,
    }
}

/// The amounts of an operation in the account's currency, minor units.
#[derive(Clone, Copy)]
struct Amounts {
    principal_minor: i64,
    installment_minor: i64,
}

impl Amounts {
    /// The amount billed (DE6) where the network converted, else DE4 in the account's own currency.
    fn of(
        facts: &RequestFacts,
        account: &Account,
        entry: &ProcessingCodeEntry,
    ) -> Result<Self, Reason> {
        let billed = facts
            .fingerprint
            .billing_amount_minor
            .zip(facts.billing_currency);
        let principal_minor = match billed {
            Some((amount, currency)) if currency == account.currency => amount,
            _ if facts.fingerprint.currency == Some(account.currency) => {
                facts.fingerprint.amount_minor
            }
            _ => return Err(Reason::CurrencyNotSupported),
        };
        if principal_minor <= 0 {
            return Err(Reason::InvalidAmount);
        }
        let with_cashback = entry.kind == OperationKind::PurchaseWithCashback;
        match facts.cashback_minor {
            Some(cashback) if !with_cashback || cashback > facts.fingerprint.amount_minor => {
                return Err(Reason::InvalidAmount);
            }
            Some(_) | None => {}
        }
        let installments = i64::from(facts.installments.max(1));
        let installment_minor = principal_minor
            .checked_div(installments)
            .unwrap_or(principal_minor);
        Ok(Self {
            principal_minor,
            installment_minor,
        })
    }

    fn of_key(self, key: AmountKey) -> i64 {
        match key {
            AmountKey::Principal | AmountKey::Contract => self.principal_minor,
            AmountKey::Installment => self.installment_minor,
        }
    }
}

/// Asks the balance configurations, and makes the approval of what they answer.
fn evaluate(
    context: Context<'_>,
    facts: &RequestFacts,
    account: &Account,
    entry: &ProcessingCodeEntry,
    amounts: Amounts,
) -> Result<Approval, Reason> {
    let request = EvaluationRequest {
        account: account.id,
        program: account.program,
        processing_code: entry.code,
        direction: entry.balance_impact,
        flow: AuthorizationFlow::Network,
        mcc: facts.mcc,
        account_type: account_type(facts, entry.balance_impact),
        currency: facts.fingerprint.currency.unwrap_or(account.currency),
        installments: facts.installments.max(1),
        principal_minor: amounts.principal_minor,
        contract_minor: amounts.principal_minor,
        installment_minor: amounts.installment_minor,
    };
    let plan = match context.rules.evaluate(&request, &account.limits) {
        Evaluation::Holds(plan) => plan,
        Evaluation::NoConfiguration => return Err(Reason::NoConfiguration),
        Evaluation::Insufficient { cash_limit: true } => return Err(Reason::CashLimitExceeded),
        Evaluation::Insufficient { cash_limit: false } => return Err(Reason::InsufficientFunds),
        Evaluation::Overflow => return Err(Reason::InvalidAmount),
    };
    let posting = |link: &rules::TransactionTypeLink| Posting {
        transaction_type_id: link.transaction_type_id,
        credit: link.credit,
        amount_minor: amounts.of_key(link.key),
    };
    let mut approval = Approval {
        deltas: plan.deltas,
        amount_minor: amounts.principal_minor,
        configuration: Some((plan.configuration, plan.scenario_order)),
        postings: Vec::new(),
        compensations: Vec::new(),
    };
    if facts.clearing == Clearing::Online {
        approval.postings = entry.transaction_types.iter().map(posting).collect();
        approval.compensations = entry
            .reversal_transaction_types
            .iter()
            .map(posting)
            .collect();
    }
    Ok(approval)
}

impl Approval {
    /// An approval that moves nothing.
    fn without_effect() -> Self {
        Self {
            deltas: rules::Deltas::NONE,
            amount_minor: 0,
            configuration: None,
            postings: Vec::new(),
            compensations: Vec::new(),
        }
    }
}

/// Makes the records and the outcome of a decision.
fn conclude(
    context: Context<'_>,
    facts: RequestFacts,
    found: &Found<'_>,
    approval: Result<Approval, Reason>,
) -> (Vec<Record>, Outcome) {
    let id = context.id;
    let reason = approval.as_ref().err().copied();
    let inquiry = found
        .entry
        .is_some_and(|entry| entry.kind == OperationKind::BalanceInquiry);
    let balances = found.account.filter(|_| inquiry && reason.is_none());
    let answer = Answer {
        response_code: response_code(context.rules, facts.key.network, reason),
        approval_code: reason.is_none().then(|| ApprovalCode::of(id)),
        balances: balances.map(|account| balances_of(context, account)),
    };
    let posted = found.account.zip(approval.as_ref().ok());
    let transactions: Vec<_> = posted
        .into_iter()
        .flat_map(|(account, approval)| {
            let (authorization, processing_code) = (id, facts.processing_code);
            approval.postings.iter().map(move |posting| {
                Record::TransactionPosted(TransactionPosted {
                    account: account.id,
                    authorization,
                    reversal: None,
                    processing_code,
                    currency: account.currency,
                    posting: *posting,
                })
            })
        })
        .collect();
    let decided = AuthorizationDecided {
        facts,
        account: found.account.map(|account| account.id),
        previous: found.account.and_then(|account| account.latest),
        direction: found.entry.map(|entry| entry.balance_impact),
        rules: context.rules.version(),
        limits_before: found.account.map(|account| account.limits),
        decision: approval.map_or_else(Decision::Declined, Decision::Approved),
        answer,
    };
    let mut records = vec![Record::AuthorizationDecided(Box::new(decided))];
    records.extend(transactions);
    (
        records,
        Outcome::Decided(Decided {
            id,
            answer,
            reason,
            repeat: false,
        }),
    )
}

/// Balances as an inquiry shows them; the account type is that of the program.
fn balances_of(context: Context<'_>, account: &Account) -> Balances {
    let credit = context
        .rules
        .program(account.program)
        .is_some_and(|program| program.kind == rules::ProgramKind::Credit);
    Balances {
        account_type: if credit {
            AccountType::CreditCard
        } else {
            AccountType::Checking
        },
        currency: account.currency,
        ledger_minor: account.ledger_balance(),
        available_minor: account.available_balance(),
    }
}
