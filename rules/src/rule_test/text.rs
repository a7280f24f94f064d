//! What a test expects and what it got, in the same words, so that both can be compared and printed.
//! Says nothing of what the test does not ask.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::TestTransaction;
use super::decide::Decided;
use super::world::World;
use crate::{AccountId, Deltas, ProcessingCode, Reason};

/// What a test can ask about, wherever it comes from.
struct Said<'a> {
    /// Of the transaction.
    account: AccountId,
    declined: Option<Reason>,
    moves: &'a BTreeMap<AccountId, Deltas>,
    /// The outer `None`: not asked.
    confirmation: Option<Option<Deltas>>,
    processing_code: Option<Option<ProcessingCode>>,
    control: Option<Option<&'a str>>,
    deny_code: Option<Option<&'a str>>,
    configuration: Option<Option<&'a str>>,
    scenario: Option<Option<i32>>,
}

/// What a test expects.
pub(super) fn expected(world: &World, transaction: &TestTransaction) -> String {
    let expected = &transaction.expected;
    let said = Said {
        account: transaction.account,
        declined: expected.declined,
        moves: &expected.moves,
        confirmation: expected.confirmation.map(Some),
        processing_code: expected.processing_code.map(Some),
        control: expected.control.as_deref().map(Some),
        deny_code: expected.deny_code.as_deref().map(Some),
        configuration: expected.configuration.as_deref().map(Some),
        scenario: expected.scenario.map(Some),
    };
    said.text(world)
}

/// What it got, as far as it asks.
pub(super) fn got(world: &World, transaction: &TestTransaction, decided: &Decided) -> String {
    let asked = &transaction.expected;
    let configuration = asked.configuration.is_some();
    let denial = decided.denial.as_ref();
    let said = Said {
        account: transaction.account,
        declined: decided.declined,
        moves: &decided.moves,
        confirmation: asked.confirmation.is_some().then_some(decided.confirmation),
        processing_code: asked
            .processing_code
            .is_some()
            .then_some(decided.processing_code),
        control: asked
            .control
            .is_some()
            .then_some(denial.map(|denial| denial.name.as_str())),
        deny_code: asked
            .deny_code
            .is_some()
            .then_some(denial.and_then(|denial| denial.deny_code.as_deref())),
        configuration: configuration.then_some(decided.configuration.as_deref()),
        scenario: asked.scenario.is_some().then_some(decided.scenario),
    };
    said.text(world)
}

impl Said<'_> {
    fn text(&self, world: &World) -> String {
        let mut text = match self.declined {
            None => "approved".to_owned(),
            Some(reason) => format!("declined {reason}"),
        };
        let mut add = |part: String| {
            text.push_str("; ");
            text.push_str(&part);
        };
        for (account, deltas) in self.moves.iter().filter(|(_, deltas)| !deltas.is_none()) {
            add(format!(
                "account {account}{}",
                moves(world, *account, deltas)
            ));
        }
        if let Some(confirmation) = &self.confirmation {
            let deltas = confirmation.unwrap_or_default();
            let moves = moves(world, self.account, &deltas);
            let nothing = moves.is_empty().then_some(" nothing");
            add(format!("then{moves}{}", nothing.unwrap_or_default()));
        }
        let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
        if let Some(code) = self.processing_code {
            add(format!(
                "as code {}",
                shown(code.map(|code| code.to_string()))
            ));
        }
        if let Some(name) = self.control {
            add(format!(
                "by control {}",
                shown(name.map(|name| format!("{name:?}")))
            ));
        }
        if let Some(code) = self.deny_code {
            add(format!("deny code {}", shown(code.map(str::to_owned))));
        }
        if let Some(name) = self.configuration {
            add(format!(
                "by {}",
                shown(name.map(|name| format!("{name:?}")))
            ));
        }
        if let Some(order) = self.scenario {
            add(format!(
                "scenario {}",
                shown(order.map(|order| order.to_string()))
            ));
        }
        text
    }
}

/// Moves of an account, in units of its currency.
fn moves(world: &World, account: AccountId, deltas: &Deltas) -> String {
    let exponent = world
        .account(account)
        .map_or(0, |account| account.currency.exponent());
    let mut text = String::new();
    for (limit, minor) in deltas.iter() {
        let units = Decimal::new(minor, exponent.into());
        // Writing to a text cannot fail.
        write!(text, " {} {units:+}", limit.as_str()).unwrap_or_default();
    }
    text
}
