//! What a message is about: card, account, processing code.
//!
//! Owns: the choice of account by mode, and the mapping of the code that arrives to the code that decides:
//! the network's own table, then the rule models (reference authorization-api 6). Must never: refuse.

use rules::{
    AccountType, AuthorizationFlow, AuthorizationOptions, BalanceImpact, Currency, MappingRequest,
    Network, ProcessingCode, ProcessingCodeEntry,
};

use super::Context;
use crate::authorization::RequestFacts;
use crate::entities::{Account, CardFacts};

/// What was found, as far as it exists.
#[derive(Clone, Copy)]
pub(super) struct Located<'a> {
    pub(super) network: Option<&'a Network>,
    pub(super) card: Option<&'a CardFacts>,
    pub(super) account: Option<&'a Account>,
    /// The code after all mapping.
    pub(super) code: ProcessingCode,
    /// The operation of that code; `None` when the table does not have it.
    pub(super) entry: Option<&'a ProcessingCodeEntry>,
}

impl<'a> Located<'a> {
    pub(super) fn of(context: Context<'a>, facts: &RequestFacts) -> Self {
        let network = context.rules.network(facts.key.network);
        let card = context.state.card(&facts.key.card);
        let own = network.map_or(Some(facts.processing_code), |network| {
            network.processing_code(facts.processing_code)
        });
        let arrived = own.and_then(|code| context.rules.processing_code(code));
        let direction = arrived.map_or(BalanceImpact::Debit, |entry| entry.balance_impact);
        let account = card
            .and_then(|card| card.account(account_type(facts, direction)))
            .and_then(|id| context.state.account(id));
        let mapped = own.map(|code| match account {
            Some(account) => map(context, facts, account, code),
            None => code,
        });
        Self {
            network,
            card,
            account,
            code: mapped.unwrap_or(facts.processing_code),
            entry: mapped.and_then(|code| context.rules.processing_code(code)),
        }
    }

    /// Which way money moves; out of the account where the code is unknown.
    pub(super) fn direction(&self) -> BalanceImpact {
        self.entry
            .map_or(BalanceImpact::Debit, |entry| entry.balance_impact)
    }

    /// The options of the account, under the BIN of the card.
    pub(super) fn options(&self, context: Context<'a>) -> Option<&'a AuthorizationOptions> {
        let account = self.account?;
        let bin = self.card.and_then(|card| card.bin());
        Some(
            context
                .rules
                .authorization_options(account.id, account.program, bin),
        )
    }
}

/// The account type that chooses the account of a combo card: credits name the to-account.
pub(super) fn account_type(facts: &RequestFacts, direction: BalanceImpact) -> AccountType {
    match direction {
        BalanceImpact::Credit => facts.to_account,
        BalanceImpact::Debit | BalanceImpact::None => facts.from_account,
    }
}

/// What the rule models make of a code.
fn map(
    context: Context<'_>,
    facts: &RequestFacts,
    account: &Account,
    processing_code: ProcessingCode,
) -> ProcessingCode {
    // Four digits are written here, so that nothing is allocated.
    let mut digits = *b"0000";
    let mut rest = facts.mti;
    for place in digits.iter_mut().rev() {
        let digit = u8::try_from(rest.checked_rem(10).unwrap_or(0)).unwrap_or(0);
        *place = b'0'.saturating_add(digit);
        rest = rest.checked_div(10).unwrap_or(0);
    }
    let original = facts.relations().find_map(|lookup| {
        let (key, recent) = context.state.find(&lookup)?;
        let crate::recent::Recent::Message(message) = recent else {
            return None;
        };
        let target = context.target(key, message)?;
        let standing = target.message.standing.as_ref();
        standing.map(|standing| standing.processing_code)
    });
    let currency: Currency = facts.fingerprint.currency.unwrap_or(account.currency);
    let request = MappingRequest {
        account: account.id,
        program: account.program,
        processing_code,
        mti: std::str::from_utf8(&digits).unwrap_or_default(),
        flow: AuthorizationFlow::Network,
        account_type: facts.from_account,
        origin: Some("STRIKER"),
        amount_minor: facts.fingerprint.amount_minor,
        currency,
        merchant_category_code: facts.mcc,
        merchant_name: facts.card_acceptor_name.as_deref(),
        installments: facts.installments.max(1),
        installment_plan: None,
        is_domestic: facts.domestic,
        is_dcc: false,
        reversal_indicator: None,
        original_processing_code: original,
    };
    context.rules.map(&request).processing_code
}
