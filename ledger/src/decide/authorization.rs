//! Deciding authorizations and inquiries.
//!
//! Owns: the order of checks, which is the precedence of reasons (DESIGN section 5): match, card, expiry,
//! account, options, processing code, currency, amount, flex controls, balance configuration, limits. The
//! first that fails
//! decides. Format and card checks come before the ledger. What the network decided itself is
//! [`super::advice`]'s.

use rules::{OperationKind, ProcessingCodeEntry, Reason, Reservation};

use super::amounts::Amounts;
use super::conclusion::{Conclusion, conclude};
use super::controls::{self, Controlled};
use super::evaluation::{Asked, may_be_partial};
use super::locate::Located;
use super::{Context, advice, purchase_refund, status};
use crate::authorization::{
    Approval, AuthorizationStatus, Clearing, ControlDenial, Decision, Divergence, Moves,
    PartialAmount, Relation, RequestFacts,
};
use crate::command::Outcome;
use crate::entities::{Account, CardFacts};
use crate::identifiers::Timestamp;
use crate::recent::{Content, Recent};
use crate::record::Record;

/// Why a request is not approved.
pub(super) struct Declined {
    pub(super) reason: Reason,
    /// The control that denies it.
    pub(super) denial: Option<Box<ControlDenial>>,
}

impl From<Reason> for Declined {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            denial: None,
        }
    }
}

/// What an approval comes to.
pub(super) struct Approved {
    pub(super) approval: Approval,
    pub(super) partial: Option<PartialAmount>,
}

pub(super) fn decide(context: Context<'_>, facts: RequestFacts) -> (Vec<Record>, Outcome) {
    let located = Located::of(context, &facts);
    let reason = match context.state.recent(&facts.key.into()) {
        Some(Recent::Message(earlier))
            if earlier.content == Content::Message(facts.fingerprint) =>
        {
            return earlier.again();
        }
        Some(Recent::Message(_)) => Reason::MatchConflict,
        Some(Recent::ReversedBeforeArrival(_)) => Reason::ReversedBeforeArrival,
        None if facts.advice.is_some() => return advice::decide(context, facts, &located),
        None => return request(context, facts, &located),
    };
    conclude(context, facts, &located, Conclusion::declined(reason))
}

/// A request that the switch decides.
fn request(
    context: Context<'_>,
    facts: RequestFacts,
    located: &Located<'_>,
) -> (Vec<Record>, Outcome) {
    let conclusion = match approve(context, &facts, located) {
        Err(declined) => Conclusion {
            denial: declined.denial,
            ..Conclusion::declined(declined.reason)
        },
        Ok(Approved { approval, partial }) => {
            let mut conclusion = Conclusion {
                partial,
                ..Conclusion::of(Decision::Approved(Box::new(approval)))
            };
            relate(context, &facts, located, &mut conclusion);
            conclusion
        }
    };
    conclude(context, facts, located, conclusion)
}

/// Runs the checks in order of precedence.
pub(super) fn approve(
    context: Context<'_>,
    facts: &RequestFacts,
    located: &Located<'_>,
) -> Result<Approved, Declined> {
    let (account, entry) = check_holder(context, facts, located)?;
    let amounts = amounts(context, facts, located, (account, entry))?;
    let controlled = Controlled::of(context, facts, located, amounts);
    let reservations = controlled.map_or_else(|| Ok(Vec::new()), |controlled| controlled.ask())?;
    let Some(amounts) = amounts else {
        return Ok(Approved::without_money(reservations));
    };
    let asked = Asked::by_network(facts, account, entry);
    match asked.plan(context, amounts) {
        Ok(planned) => Ok(Approved {
            approval: Approval {
                reservations,
                ..approval(context, facts, located, amounts, planned)?
            },
            partial: None,
        }),
        Err(reason @ (Reason::InsufficientFunds | Reason::CashLimitExceeded))
            if may_be_partial(context, facts, located) =>
        {
            let (part, planned) = asked.most(context, amounts).ok_or(reason)?;
            let partial = partial_amount(facts, account, amounts, part);
            Ok(Approved {
                approval: Approval {
                    reservations: controls::of_part(reservations, part, amounts),
                    ..approval(context, facts, located, part, planned)?
                },
                partial: Some(partial),
            })
        }
        Err(reason) => Err(reason.into()),
    }
}

/// The amounts of an operation; none where it moves no money.
pub(super) fn amounts(
    context: Context<'_>,
    facts: &RequestFacts,
    located: &Located<'_>,
    (account, entry): (&Account, &ProcessingCodeEntry),
) -> Result<Option<Amounts<'static>>, Reason> {
    if without_money(facts, entry)? {
        return Ok(None);
    }
    Amounts::of(context, facts, account, entry, located.network).map(Some)
}

/// Checks card, account and operation.
fn check_holder<'a>(
    context: Context<'a>,
    facts: &RequestFacts,
    located: &Located<'a>,
) -> Result<(&'a Account, &'a ProcessingCodeEntry), Reason> {
    let card = located.card.ok_or(Reason::UnknownCard)?;
    check_card(context, facts, card)?;
    let account = located.account.ok_or(Reason::CardModeUnavailable)?;
    if !allows(context, account, located) {
        return Err(Reason::AccountStatus);
    }
    if located
        .options(context)
        .is_some_and(|options| options.deny_all_authorizations)
    {
        return Err(Reason::AuthorizationsDenied);
    }
    let entry = located.entry.ok_or(Reason::UnknownProcessingCode)?;
    Ok((account, entry))
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

/// Whether the status of the account allows the operation, and the reason of the status too.
pub(super) fn allows(context: Context<'_>, account: &Account, located: &Located<'_>) -> bool {
    status::allowed(context, account).allows(located.direction())
}

/// Whether an operation moves no money: an inquiry, or a verification of the account.
fn without_money(facts: &RequestFacts, entry: &ProcessingCodeEntry) -> Result<bool, Reason> {
    match entry.kind {
        OperationKind::BalanceInquiry => Ok(true),
        // A verification is for nothing: an amount would be one that is never held.
        OperationKind::AccountVerification if facts.fingerprint.amount_minor != 0 => {
            Err(Reason::InvalidAmount)
        }
        OperationKind::AccountVerification => Ok(true),
        OperationKind::Purchase
        | OperationKind::Cash
        | OperationKind::PurchaseWithCashback
        | OperationKind::QuasiCash
        | OperationKind::AccountFunding
        | OperationKind::Refund
        | OperationKind::Deposit
        | OperationKind::OriginalCredit
        | OperationKind::Other => Ok(false),
    }
}

impl Approved {
    /// An approval of an operation that moves no money.
    fn without_money(reservations: Vec<Reservation>) -> Self {
        Self {
            approval: Approval {
                reservations,
                ..Approval::without_effect()
            },
            partial: None,
        }
    }
}

/// Makes the approval of what was planned. What is cleared at once moves what its confirmation says too.
pub(super) fn approval(
    context: Context<'_>,
    facts: &RequestFacts,
    located: &Located<'_>,
    amounts: Amounts<'_>,
    planned: super::evaluation::Planned,
) -> Result<Approval, Reason> {
    let cleared = facts.clearing == Clearing::Online;
    let (moves, confirmation) = if cleared {
        let both = planned.moves.plus(&planned.confirmation);
        (both.ok_or(Reason::InvalidAmount)?, Moves::default())
    } else {
        (planned.moves, planned.confirmation)
    };
    Ok(Approval {
        moves,
        confirmation,
        amount_minor: amounts.contract_minor,
        transaction_minor: amounts.transaction_minor,
        configuration: planned.configuration,
        postings: planned.postings,
        compensations: planned.compensations,
        expires: (!cleared).then(|| expires(context, facts, located)),
        relation: Relation::Alone,
        reservations: Vec::new(),
        reset_limit: planned.reset_limit,
    })
}

/// When an authorization is dropped if nothing clears it.
fn expires(context: Context<'_>, facts: &RequestFacts, located: &Located<'_>) -> Timestamp {
    let options = located.options(context);
    let days = options.map_or(rules::ExpiryDays::STANDARD.authorization, |options| {
        options.expiry_days(facts.mcc, facts.pre_authorization)
    });
    context
        .now
        .plus_us(i64::from(days).saturating_mul(super::DAY_US))
}

fn partial_amount(
    facts: &RequestFacts,
    account: &Account,
    asked: Amounts<'_>,
    part: Amounts<'_>,
) -> PartialAmount {
    let billed = facts.fingerprint.billing_amount_minor.is_some();
    PartialAmount {
        approved_minor: part.transaction_minor,
        billing_minor: billed.then_some(part.contract_minor),
        asked_minor: asked.transaction_minor,
        currency: facts.fingerprint.currency.unwrap_or(account.currency),
    }
}

/// Joins an approval to the authorization it belongs to. An increment raises one that is pending under the
/// same code and account, else it is an authorization of its own (reference authorization-guides 3.7). A
/// refund stands for itself; its original takes note of it.
fn relate(
    context: Context<'_>,
    facts: &RequestFacts,
    located: &Located<'_>,
    conclusion: &mut Conclusion,
) {
    let mut relations = facts.relations().peekable();
    if relations.peek().is_none() {
        return;
    }
    let found = context.find(relations);
    let target = found.and_then(|(key, recent)| match recent {
        Recent::Message(message) => context.target(key, message),
        Recent::ReversedBeforeArrival(_) => None,
    });
    let Some(target) = target else {
        conclusion.divergences.push(Divergence::UnknownOriginal);
        return;
    };
    let message = target.message;
    conclusion.original = Some(message.id);
    let Some(standing) = &message.standing else {
        conclusion.divergences.push(Divergence::UnknownOriginal);
        return;
    };
    if located.direction() == rules::BalanceImpact::Credit {
        let refunded = purchase_refund::of(context, facts, located, (&target, standing));
        conclusion.divergences.extend(refunded.divergence);
        conclusion.relate(refunded.relation);
        return;
    }
    let same = Some(standing.account) == located.account.map(|account| account.id)
        && standing.processing_code == located.code;
    let pending = standing.status == AuthorizationStatus::Pending;
    if !(same && pending && facts.incremental && facts.clearing == Clearing::Offline) {
        let divergence = match standing.status {
            AuthorizationStatus::Processed => Divergence::AlreadyProcessed,
            AuthorizationStatus::Pending
            | AuthorizationStatus::Dropped
            | AuthorizationStatus::Declined
            | AuthorizationStatus::Canceled => Divergence::UnknownOriginal,
        };
        conclusion.divergences.push(divergence);
        return;
    }
    conclusion.relate(Relation::Raises((target.key, message.id)));
}
