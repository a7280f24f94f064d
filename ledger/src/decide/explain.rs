//! Deciding again, to say why.
//!
//! Owns: what each check saw. The result is that of the functions that decide; nothing here comes to one of its
//! own. Must never: be used to decide.

use rules::{ControlsTrace, Reason, Trace};

use super::amounts::Amounts;
use super::authorization::{self, approve};
use super::controls::Controlled;
use super::evaluation::Asked;
use super::locate::{Located, account_type};
use super::{Context, decide};
use crate::authorization::{AuthorizationDecided, Decision, RequestFacts};
use crate::command::Command;
use crate::recent::{Content, Recent};
use crate::record::Record;
use crate::rehearsal::{Check, Explanation, Finding, Part, Step};

pub(crate) fn explain(context: Context<'_>, recorded: &AuthorizationDecided) -> Explanation {
    let facts = &recorded.facts;
    let command = Command::Authorize {
        facts: Box::new(facts.clone()),
        stored: Vec::new(),
    };
    let (records, _) = decide(context, command);
    let decided = records.iter().find_map(Record::decided);
    let as_recorded = decided.is_some_and(|decided| is_as_recorded(decided, recorded));
    // A repeat of a message that stands in the books already decides nothing.
    let decided = decided.unwrap_or(recorded);
    let located = Located::of(context, facts);
    let failing = failing(context, &located, facts, decided);
    let evaluations = evaluations(context, &located, facts, failing);
    let controls = controls(context, &located, facts, failing);
    let mut steps = steps(context, &located, facts, failing);
    for step in &mut steps {
        match (step.check, &controls) {
            (Check::Controls, Some(controls)) => step.seen = asked(controls),
            (Check::BalanceConfiguration, _) => step.seen = matching(&evaluations),
            _ => {}
        }
    }
    Explanation {
        id: context.id,
        time: context.now,
        business_date: facts.business_date,
        rules: context.rules.version(),
        stand_in_reason: facts.stand_in_reason,
        steps,
        controls,
        evaluations,
        reason: decided.reason(),
        response_code: decided.answer.response_code,
        decision: decided.decision.clone(),
        as_recorded,
    }
}

/// Whether a decision is what was recorded. Records of older layouts do not say which amounts they post.
fn is_as_recorded(decided: &AuthorizationDecided, recorded: &AuthorizationDecided) -> bool {
    let Decision::Approved(approval) = &recorded.decision else {
        return decided == recorded;
    };
    let mut planned = approval.postings.iter().chain(&approval.compensations);
    if planned.all(|planned| planned.posting.key.is_some()) {
        return decided == recorded;
    }
    let mut decided = decided.clone();
    if let Decision::Approved(approval) = &mut decided.decision {
        let planned = approval.postings.iter_mut();
        for planned in planned.chain(&mut approval.compensations) {
            planned.posting.forget_key();
        }
    }
    decided == *recorded
}

/// The check that the switch itself fails the operation at, and why. What a network decided is explained as
/// the switch would have decided it.
fn failing(
    context: Context<'_>,
    located: &Located<'_>,
    facts: &RequestFacts,
    decided: &AuthorizationDecided,
) -> Option<(Check, Reason)> {
    let of_the_key = match &decided.decision {
        Decision::Declined(reason @ (Reason::MatchConflict | Reason::ReversedBeforeArrival)) => {
            Some(*reason)
        }
        Decision::Declined(_) | Decision::Approved(_) | Decision::Completed(_) => None,
    };
    let reason = match of_the_key {
        Some(reason) => reason,
        None => approve(context, facts, located).err()?.reason,
    };
    let by_status = located.card.and_then(|card| card.status.refusal());
    if by_status == Some(reason) {
        return Some((Check::CardStatus, reason));
    }
    Check::that_gives(reason).map(|check| (check, reason))
}

fn steps(
    context: Context<'_>,
    located: &Located<'_>,
    facts: &RequestFacts,
    failing: Option<(Check, Reason)>,
) -> Vec<Step> {
    let mut decided = false;
    let mut steps = Vec::with_capacity(Check::ALL.len());
    for check in Check::ALL {
        let finding = match failing {
            _ if decided => Finding::NotReached,
            Some((failing, reason)) if failing == check => Finding::Failed(reason),
            Some(_) | None => Finding::Passed,
        };
        decided |= matches!(finding, Finding::Failed(_));
        let seen = match finding {
            Finding::NotReached => String::new(),
            Finding::Passed | Finding::Failed(_) => seen(context, located, facts, check),
        };
        steps.push(Step {
            check,
            seen,
            finding,
        });
    }
    steps
}

/// The values that a check sees.
fn seen(context: Context<'_>, located: &Located<'_>, facts: &RequestFacts, check: Check) -> String {
    match check {
        Check::MatchKey => match context.state.recent(&facts.key.into()) {
            None => "no other message under its key".to_owned(),
            Some(Recent::ReversedBeforeArrival(id)) => format!("reversed by record {id} before"),
            Some(Recent::Message(earlier)) => {
                let same = earlier.content == Content::Message(facts.fingerprint);
                let content = if same { "the same" } else { "other" };
                format!("record {} has its key and {content} content", earlier.id)
            }
        },
        Check::Card => match located.card {
            Some(_) => "known".to_owned(),
            None => "not known".to_owned(),
        },
        Check::CardStatus => located
            .card
            .map_or_else(String::new, |card| card.status.to_string()),
        Check::CardExpiry => located.card.map_or_else(String::new, |card| {
            let own = u16::from(card.expiry);
            match facts.expiry_yymm {
                Some(expiry) => format!("{own:04}, the message says {expiry:04}"),
                None => format!("{own:04}, the message says none"),
            }
        }),
        Check::Account => {
            let account_type = account_type(facts, located.direction()).code();
            match located.account {
                Some(account) => format!("account {} by type {account_type}", account.id),
                None => format!("none by type {account_type}: the mode of the card is suspended"),
            }
        }
        Check::AccountStatus => account_status(context, located),
        Check::Options => match located.options(context) {
            Some(options) if options.deny_all_authorizations => {
                "deny all authorizations".to_owned()
            }
            Some(_) | None => "do not deny all".to_owned(),
        },
        Check::ProcessingCode => processing_code(located, facts),
        Check::Amount => amount(context, located, facts),
        // What the traces say.
        Check::Controls | Check::BalanceConfiguration => String::new(),
        Check::Limits => limits(located),
    }
}

fn account_status(context: Context<'_>, located: &Located<'_>) -> String {
    let Some(account) = located.account else {
        return String::new();
    };
    let reason = account
        .status_reason
        .and_then(|id| context.rules.status_reason(id));
    let reason = reason.map_or_else(String::new, |reason| format!(", reason {}", reason.name));
    let direction = match located.direction() {
        rules::BalanceImpact::Credit => "a credit",
        rules::BalanceImpact::Debit => "a debit",
        rules::BalanceImpact::None => "an operation without money",
    };
    format!("{}{reason}, for {direction}", account.status.as_str())
}

fn processing_code(located: &Located<'_>, facts: &RequestFacts) -> String {
    let entry = match located.entry {
        Some(entry) => entry.description.as_str(),
        None => "not in the table",
    };
    if located.code == facts.processing_code {
        format!("{}: {entry}", located.code)
    } else {
        format!(
            "{} becomes {}: {entry}",
            facts.processing_code, located.code
        )
    }
}

fn amount(context: Context<'_>, located: &Located<'_>, facts: &RequestFacts) -> String {
    let asked = facts.fingerprint.amount_minor;
    let Some(amounts) = amounts(context, located, facts) else {
        return format!("DE4 {asked}");
    };
    format!(
        "DE4 {asked}; principal {}, contract {}, instalment {}",
        amounts.principal_minor, amounts.contract_minor, amounts.installment_minor
    )
}

/// How many controls were asked, and the one that denies.
fn asked(trace: &ControlsTrace) -> String {
    let asked = trace.controls.len();
    match trace.controls.iter().find(|control| !control.passed) {
        Some(control) => format!("{} denies, {asked} asked", control.id),
        None if asked == 0 => "none".to_owned(),
        None => format!("{asked} asked"),
    }
}

/// What the flex controls looked at.
fn controls(
    context: Context<'_>,
    located: &Located<'_>,
    facts: &RequestFacts,
    failing: Option<(Check, Reason)>,
) -> Option<ControlsTrace> {
    let before = failing.is_some_and(|(failing, _)| failing.comes_before(Check::Controls));
    let amounts = amounts(context, located, facts);
    let controlled = Controlled::of(context, facts, located, amounts).filter(|_| !before)?;
    Some(controlled.trace())
}

/// The balance configurations that the evaluations found.
fn matching(evaluations: &[(Part, Trace)]) -> String {
    let found = evaluations.iter().filter_map(|(_, trace)| {
        let mut configurations = trace.configurations.iter();
        configurations.find(|configuration| configuration.failing.is_none())
    });
    let mut names: Vec<&str> = found.map(|found| found.name.as_str()).collect();
    names.dedup();
    names.join(", ")
}

fn limits(located: &Located<'_>) -> String {
    let Some(account) = located.account else {
        return String::new();
    };
    let named = rules::LimitName::ALL.map(|limit| (limit, account.limits.get(limit)));
    let shown = named.iter().filter(|(_, minor)| *minor != 0);
    let shown: Vec<String> = shown
        .map(|(limit, minor)| format!("{} {minor}", limit.as_str()))
        .collect();
    shown.join(", ")
}

fn amounts(
    context: Context<'_>,
    located: &Located<'_>,
    facts: &RequestFacts,
) -> Option<Amounts<'static>> {
    let account_and_entry = located.account.zip(located.entry)?;
    authorization::amounts(context, facts, located, account_and_entry).ok()?
}

/// What the balance configurations were asked.
fn evaluations(
    context: Context<'_>,
    located: &Located<'_>,
    facts: &RequestFacts,
    failing: Option<(Check, Reason)>,
) -> Vec<(Part, Trace)> {
    let before =
        failing.is_some_and(|(failing, _)| failing.comes_before(Check::BalanceConfiguration));
    let amounts = amounts(context, located, facts).filter(|_| !before);
    let Some((amounts, (account, entry))) = amounts.zip(located.account.zip(located.entry)) else {
        return Vec::new();
    };
    let asked = Asked::by_network(facts, account, entry);
    let mut evaluations = asked.traces(context, amounts);
    let whole = asked.plan(context, amounts);
    if whole.is_err()
        && failing.is_none()
        && let Some((part, _)) = asked.most(context, amounts)
    {
        let traced = asked.traces(context, part);
        evaluations.extend(
            traced
                .into_iter()
                .map(|(_, trace)| (Part::PartlyApproved, trace)),
        );
    }
    evaluations
}
