//! What the flex controls say to an operation.
//!
//! Owns: the facts that they look at, what of a denial is recorded, and what an approval counts. They are
//! asked once, with the whole amount. Must never: change an accumulator.

use rules::{
    ControlCardMode, ControlFacts, ControlOutcome, ControlsTrace, OwnControls, ProcessingCodeEntry,
    ProgramKind, Reason, Reservation,
};

use super::Context;
use super::amounts::Amounts;
use super::authorization::Declined;
use super::locate::Located;
use crate::authorization::{ControlDenial, RequestFacts};
use crate::entities::{Account, CardFacts, CardMode};

/// An operation that the controls are asked about.
#[derive(Clone, Copy)]
pub(super) struct Controlled<'a> {
    context: Context<'a>,
    facts: ControlFacts<'a>,
    own: OwnControls<'a>,
}

impl<'a> Controlled<'a> {
    /// The operation of a message; without amounts where no money moves. `None` where card, account or
    /// operation are not known.
    pub(super) fn of(
        context: Context<'a>,
        facts: &'a RequestFacts,
        located: &Located<'a>,
        amounts: Option<Amounts<'_>>,
    ) -> Option<Self> {
        let (card, account, entry) = (located.card?, located.account?, located.entry?);
        let hash = facts.key.card;
        Some(Self {
            context,
            facts: control_facts(context, facts, (card, account, entry), amounts),
            own: context
                .state
                .controls()
                .own(account.id, Some(card.holder), Some(hash)),
        })
    }

    /// Asks them: what is counted, or which denies.
    pub(super) fn ask(&self) -> Result<Vec<Reservation>, Declined> {
        let mut reservations = Vec::new();
        let accumulators = self.context.state.controls();
        let rules = self.context.rules;
        match rules.evaluate_controls(&self.facts, &self.own, accumulators, &mut reservations) {
            ControlOutcome::Passed => Ok(reservations),
            ControlOutcome::Denied { control, cause } => Err(Declined {
                reason: Reason::ControlDenied,
                denial: Some(Box::new(ControlDenial {
                    control: control.id(),
                    cause,
                    deny_code: control.deny_code().map(str::to_owned),
                    response_code: control.response_code(),
                    custom_code: control.custom_code(),
                })),
            }),
        }
    }

    /// What is counted of an operation that happens whatever they say.
    pub(super) fn count(&self) -> Vec<Reservation> {
        let mut reservations = Vec::new();
        let accumulators = self.context.state.controls();
        let rules = self.context.rules;
        rules.count_controls(&self.facts, &self.own, accumulators, &mut reservations);
        reservations
    }

    /// What they look at, and what they see.
    pub(super) fn trace(&self) -> ControlsTrace {
        let accumulators = self.context.state.controls();
        let rules = self.context.rules;
        rules.trace_controls(&self.facts, &self.own, accumulators)
    }
}

/// What is counted where only a part of the amount is approved.
pub(super) fn of_part(
    reservations: Vec<Reservation>,
    part: Amounts<'_>,
    whole: Amounts<'_>,
) -> Vec<Reservation> {
    let (part_minor, whole_minor) = (part.transaction_minor, whole.transaction_minor);
    let share = |reservation: Reservation| Reservation {
        amount_minor: reservation.share_minor(part_minor, whole_minor),
        ..reservation
    };
    reservations.into_iter().map(share).collect()
}

fn control_facts<'a>(
    context: Context<'a>,
    facts: &'a RequestFacts,
    (card, account, entry): (&'a CardFacts, &'a Account, &'a ProcessingCodeEntry),
    amounts: Option<Amounts<'_>>,
) -> ControlFacts<'a> {
    let circumstances = &facts.circumstances;
    ControlFacts {
        at_us: context.now.0,
        account: account.id,
        program: account.program,
        customer: Some(rules::CustomerId(card.holder.0)),
        card: Some(rules::CardHash(facts.key.card.0)),
        card_mode: Some(card_mode(context, card, account)),
        processing_code: entry.code,
        direction: entry.balance_impact,
        amount_minor: amounts.map_or(0, |amounts| amounts.contract_minor),
        currency: account.currency,
        operation_amount_minor: amounts.map_or(0, |amounts| amounts.transaction_minor),
        operation_currency: facts.fingerprint.currency.unwrap_or(account.currency),
        balance_minor: Some(account.ledger_balance()),
        merchant_category_code: facts.mcc,
        merchant_id: facts.card_acceptor.as_deref(),
        entry_mode: facts.entry_mode.as_deref(),
        country: circumstances.country,
        acquirer_country: circumstances.acquirer_country,
        installments: facts.installments.max(1),
        is_physical_card_present: circumstances.is_physical_card_present,
        is_device_registered: circumstances.is_device_registered,
        is_tra_exemption_requested: circumstances.is_tra_exemption_requested,
        is_pin_validated_offline: circumstances.is_pin_validated_offline,
        is_token_present: circumstances.is_token_present,
        is_cavv_present: circumstances.is_cavv_present,
        is_password_present: circumstances.is_password_present,
        authentication_method: circumstances.authentication_method,
        initiation_mode: circumstances.initiation_mode,
        account_verification: circumstances.account_verification,
        beneficiary: circumstances.beneficiary.as_deref(),
    }
}

/// The mode of the card that leads to the account; of a card with one account, what the program is.
fn card_mode(context: Context<'_>, card: &CardFacts, account: &Account) -> ControlCardMode {
    let credit = match card.mode {
        CardMode::Combo { credit, .. } => credit == account.id,
        CardMode::Single(_) => context
            .rules
            .program(account.program)
            .is_some_and(|program| program.kind == ProgramKind::Credit),
    };
    if credit {
        ControlCardMode::Credit
    } else {
        ControlCardMode::Debit
    }
}
