//! What the flex controls of the rules say to a transaction of a test, and what they count of it. Decides nothing itself:
//! the snapshot does. Controls that are made at run time are not tested here.

use super::world::World;
use super::{TestAccount, TestTransaction};
use crate::{
    CardHash, ControlCardMode, ControlFacts, ControlOutcome, OwnControls, ProcessingCodeEntry,
    ProgramKind, Reservation, Snapshot,
};

/// The control that denies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denial {
    pub(super) name: String,
    pub(super) deny_code: Option<String>,
}

/// Amounts that controls look at, minor units; zero where no money moves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// Of the account's currency.
    pub(super) amount_minor: i64,
    /// Of the transaction's.
    pub(super) operation_amount_minor: i64,
}

/// Asks the controls: what is counted, or which denies.
pub(super) fn ask(
    rules: &Snapshot,
    world: &World,
    (transaction, account): (&TestTransaction, &TestAccount),
    entry: &ProcessingCodeEntry,
    asked: Asked,
) -> Result<Vec<Reservation>, Denial> {
    let program = rules.program(account.program);
    let credit = program.is_some_and(|program| program.kind == ProgramKind::Credit);
    let facts = ControlFacts {
        at_us: transaction.at_us,
        account: transaction.account,
        program: account.program,
        customer: None,
        // One card for every account: what is counted per card is counted per account.
        card: Some(CardHash(Default::default())),
        card_mode: Some(match credit {
            true => ControlCardMode::Credit,
            false => ControlCardMode::Debit,
        }),
        processing_code: entry.code,
        direction: entry.balance_impact,
        amount_minor: asked.amount_minor,
        currency: account.currency,
        operation_amount_minor: asked.operation_amount_minor,
        operation_currency: transaction.currency,
        balance_minor: Some(account.limits.available_credit_limit),
        merchant_category_code: transaction.mcc,
        merchant_id: transaction.merchant_id.as_deref(),
        entry_mode: transaction.entry_mode.as_deref(),
        country: None,
        acquirer_country: None,
        installments: transaction.installments,
        is_physical_card_present: None,
        is_device_registered: None,
        is_tra_exemption_requested: None,
        is_pin_validated_offline: None,
        is_token_present: None,
        is_cavv_present: None,
        is_password_present: None,
        authentication_method: None,
        initiation_mode: None,
        account_verification: None,
        beneficiary: None,
    };
    let mut reservations = Vec::new();
    match rules.evaluate_controls(&facts, &OwnControls::NONE, world, &mut reservations) {
        ControlOutcome::Passed => Ok(reservations),
        ControlOutcome::Denied { control, .. } => Err(Denial {
            name: control.name().to_owned(),
            deny_code: control.deny_code().map(str::to_owned),
        }),
    }
}
