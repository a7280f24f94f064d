//! Deciding records of clearing files.
//!
//! Owns: what is looked at in every clearing, what its reasons lead to under the policy of the rules, and its
//! records; and how an item of the work list is settled. What a presentment or a reversal does to the books is
//! [`super::presentment`]'s and [`super::clearing_reversal`]'s. Nothing here asks whether the limits cover it:
//! what was cleared is owed. Must never: post one record of one file twice.

use rules::{AccountId, BalanceImpact, ClearingAction, ClearingOptions, ClearingReason, NetworkId};

use super::authorization::allows;
use super::locate::Located;
use super::operation::Carried;
use super::{Context, clearing_reversal, presentment};
use crate::authorization::{
    AccountMove, Advice, Circumstances, Cleared, Clearing, ClearingDecided, ClearingFacts,
    ClearingKey, ClearingKind, ClearingResult, ClearingSettled, Conversion, Divergence, Fees,
    Fingerprint, MatchKey, MessageClass, MessageKey, Moves, RequestFacts,
};
use crate::command::{ClearedAs, Outcome};
use crate::identifiers::RecordId;
use crate::operation::{OperationEffect, OperationError};
use crate::recent::{Content, Link, Recent};
use crate::record::Record;

/// What a clearing comes to.
pub(super) struct Examined {
    /// The account that bears it.
    pub(super) account: Option<AccountId>,
    /// What it clears, refunds or undoes.
    pub(super) of: Option<(MessageKey, RecordId)>,
    pub(super) reasons: Vec<ClearingReason>,
    pub(super) divergences: Vec<Divergence>,
    /// What it would do to the books; `None` when it cannot be posted as it is.
    pub(super) cleared: Option<Cleared>,
    /// What it would move: limits, and what of them is pending.
    moves: (Moves, Moves),
}

impl Examined {
    pub(super) fn of_account(account: Option<AccountId>) -> Self {
        Self {
            account,
            of: None,
            reasons: Vec::new(),
            divergences: Vec::new(),
            cleared: None,
            moves: (Moves::default(), Moves::default()),
        }
    }
}

pub(super) fn decide(context: Context<'_>, facts: ClearingFacts) -> (Vec<Record>, Outcome) {
    let key = MessageKey::Clearing(facts.key.clone());
    match context.state.recent(&key) {
        Some(Recent::Message(earlier)) if earlier.content == Content::Clearing(facts.hash()) => {
            return earlier.again();
        }
        Some(_) => return (Vec::new(), Outcome::OtherClearing),
        None => {}
    }
    let request = as_request(&facts);
    let located = Located::of(context, &request);
    let examined = examine(context, &facts, &request, &located);
    conclude(context, facts, &located, examined)
}

/// The records and the outcome.
fn conclude(
    context: Context<'_>,
    facts: ClearingFacts,
    located: &Located<'_>,
    examined: Examined,
) -> (Vec<Record>, Outcome) {
    let nothing = || context.account_moves(examined.account, &Moves::default(), &Moves::default());
    let (moves, pending) = &examined.moves;
    let action = action(context, located, &examined);
    let posted = examined.cleared.filter(|_| action == ClearingAction::Post);
    let moves: Option<Vec<AccountMove>> = match &posted {
        Some(_) => context.account_moves(examined.account, moves, pending),
        None => nothing(),
    };
    let posting = posted.as_ref().map(|cleared| {
        let of = examined.of.as_ref().map(|(_, id)| *id);
        (cleared.postings.clone(), of.unwrap_or(context.id))
    });
    let decided = ClearingDecided {
        processing_code: located.code,
        account: examined.account,
        of: examined.of,
        reasons: examined.reasons.clone(),
        result: match (posted, action) {
            (Some(cleared), _) => ClearingResult::Posted(Box::new(cleared)),
            (None, ClearingAction::Reject) => ClearingResult::Rejected,
            (None, ClearingAction::Post | ClearingAction::Hold) => ClearingResult::Held,
        },
        // Whether the limits can take it was looked at before.
        moves: moves.unwrap_or_default(),
        divergences: examined.divergences,
        rules: context.rules.version(),
        facts,
    };
    let outcome = Outcome::Cleared(ClearedAs {
        id: context.id,
        verdict: action,
        reasons: examined.reasons,
        repeat: false,
    });
    let mut records = vec![Record::ClearingDecided(Box::new(decided))];
    if let Some((postings, of)) = posting {
        records.extend(context.transactions(&postings, of));
    }
    (records, outcome)
}

/// What the policy makes of the reasons. What cannot be posted is held at least.
fn action(context: Context<'_>, located: &Located<'_>, examined: &Examined) -> ClearingAction {
    let options = options(context, located, examined.account);
    let actions = examined
        .reasons
        .iter()
        .map(|reason| options.action(*reason));
    let least = match examined.cleared {
        Some(_) => ClearingAction::Post,
        None => ClearingAction::Hold,
    };
    actions.fold(least, ClearingAction::max)
}

/// The policy of the account; that of the organization where there is none.
pub(super) fn options<'a>(
    context: Context<'a>,
    located: &Located<'a>,
    account: Option<AccountId>,
) -> &'a ClearingOptions {
    let account = account.and_then(|id| context.state.account(id));
    let bin = located.card.and_then(|card| card.bin());
    let options = match account {
        Some(account) => context
            .rules
            .authorization_options(account.id, account.program, bin),
        None => context.rules.authorization_options_of_tenant(bin),
    };
    &options.clearing
}

/// Everything that a clearing is looked at for.
fn examine(
    context: Context<'_>,
    facts: &ClearingFacts,
    request: &RequestFacts,
    located: &Located<'_>,
) -> Examined {
    let mut examined = match facts.kind {
        ClearingKind::Presentment => presentment::examine(context, facts, request, located),
        ClearingKind::Reversal => clearing_reversal::examine(context, facts),
    };
    let reasons = &mut examined.reasons;
    if located.card.is_none() {
        reasons.push(ClearingReason::CardNotFound);
    }
    let impact = located.entry.map(|entry| entry.balance_impact);
    if impact.is_none_or(|impact| impact == BalanceImpact::None) {
        reasons.push(ClearingReason::NotPermittedOperation);
    }
    if facts.amount_minor <= 0 {
        reasons.push(ClearingReason::ClearingWithZeroAmount);
    }
    if facts
        .processing_date
        .is_some_and(|date| context.now.days_to(date).is_none_or(|days| days > 1))
    {
        reasons.push(ClearingReason::InvalidJulianDate);
    }
    let account = examined.account.and_then(|id| context.state.account(id));
    if account.is_some_and(|account| !allows(context, account, located)) {
        reasons.push(ClearingReason::InvalidAccountStatus);
    }
    examined.moves = match effect(context, &examined) {
        Some(moves) => moves,
        // The limits cannot take it.
        None => {
            examined.cleared = None;
            examined.reasons.push(ClearingReason::NotPermittedOperation);
            (Moves::default(), Moves::default())
        }
    };
    if examined.cleared.is_none() && examined.reasons.is_empty() {
        examined.reasons.push(ClearingReason::NotPermittedOperation);
    }
    examined.reasons.sort_unstable();
    examined.reasons.dedup();
    examined
}

/// What it would move, if every limit can take it.
fn effect(context: Context<'_>, examined: &Examined) -> Option<(Moves, Moves)> {
    let (mut moves, mut pending) = (Moves::default(), Moves::default());
    let Some(cleared) = &examined.cleared else {
        return Some((moves, pending));
    };
    if let Some(change) = &cleared.change {
        moves = change.moves()?;
        if let Some(Recent::Message(message)) = context.state.recent(&change.key)
            && let Some(standing) = &message.standing
        {
            pending = standing.pending(change)?;
        }
    }
    if let Some(standing) = &cleared.standing {
        moves = moves.plus(&standing.held()?)?;
    }
    context.account_moves(examined.account, &moves, &pending)?;
    Some((moves, pending))
}

/// Takes an item out of the work list: posts it whatever it was held for, or refuses it.
pub(super) fn settle(
    context: Context<'_>,
    item: &ClearingKey,
    resolved: bool,
) -> Result<Carried, OperationError> {
    let key = MessageKey::Clearing(item.clone());
    let Some(Recent::Message(message)) = context.state.recent(&key) else {
        return Err(OperationError::UnknownItem);
    };
    let Some(Link::Clearing(clearing)) = &message.link else {
        return Err(OperationError::UnknownItem);
    };
    if clearing.verdict != ClearingAction::Hold {
        return Err(OperationError::UnknownItem);
    }
    if clearing.settled.is_some() {
        return Err(OperationError::SettledItem);
    }
    let facts = &clearing.facts;
    let request = as_request(facts);
    let located = Located::of(context, &request);
    let examined = examine(context, facts, &request, &located);
    let mut settled = ClearingSettled {
        facts: facts.clone(),
        item: message.id,
        cleared: None,
    };
    if !resolved {
        let effect = OperationEffect::ClearingSettled(Box::new(settled));
        return Ok(Carried::changing(examined.account, effect));
    }
    let cleared = examined.cleared.ok_or(OperationError::NotPostable)?;
    let postings = cleared.postings.clone();
    settled.cleared = Some(cleared);
    let (moves, pending) = examined.moves;
    Ok(Carried {
        account: examined.account,
        effect: OperationEffect::ClearingSettled(Box::new(settled)),
        moves,
        pending,
        postings,
        of: examined.of.map(|(_, id)| id),
    })
}

/// MTI of a presentment in the version of 1993, as rule models name it.
const PRESENTMENT: u16 = 1240;

/// A clearing as the request that it would be, so that card, account, code, amounts and limits are found as
/// those of any other.
fn as_request(facts: &ClearingFacts) -> RequestFacts {
    let mut processing_code = *b"000000";
    for (place, byte) in processing_code
        .iter_mut()
        .zip(facts.processing_code.as_str().bytes())
    {
        *place = byte;
    }
    RequestFacts {
        key: key_of(facts.network, facts),
        fingerprint: Fingerprint {
            processing_code,
            amount_minor: facts.amount_minor,
            currency: Some(facts.currency),
            billing_amount_minor: facts.billing.map(|(minor, _)| minor),
        },
        mti: PRESENTMENT,
        clearing: Clearing::Online,
        advice: Some(Advice {
            response_code: None,
            approved: true,
        }),
        processing_code: facts.processing_code,
        from_account: facts.from_account,
        to_account: facts.to_account,
        expiry_yymm: None,
        mcc: facts.mcc,
        domestic: true,
        entry_mode: None,
        installments: facts.installments,
        cashback_minor: None,
        fees: Fees {
            transaction_minor: facts.fee_minor,
            ..Fees::default()
        },
        billing_currency: facts.billing.map(|(_, currency)| currency),
        conversion: Conversion::default(),
        pre_authorization: false,
        recurring: false,
        incremental: false,
        partial_capable: false,
        original: None,
        network_reference: facts.network_reference,
        approval_code: facts.approval_code,
        address_result: None,
        retrieval_reference: facts.retrieval_reference.clone(),
        card_acceptor: facts.card_acceptor.clone(),
        card_acceptor_name: None,
        circumstances: Circumstances::default(),
        stand_in_reason: None,
        business_date: None,
    }
}

/// A match key that leads to nothing: a clearing is found by its file and number.
fn key_of(network: NetworkId, facts: &ClearingFacts) -> MatchKey {
    MatchKey {
        network,
        card: facts.card,
        class: MessageClass::Financial,
        stan: 0,
        transmission: 0,
        acquirer: 0,
        terminal: [b' '; 8],
    }
}
