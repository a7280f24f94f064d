//! What flex controls look at in an operation. Owns only types; the ledger fills them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{CardHash, Country, CustomerId};
use crate::{AccountId, BalanceImpact, Currency, ProcessingCode, ProgramId};

/// The facts of an operation. What an operation does not carry is `None`: a condition on it is not met,
/// whatever its operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlFacts<'a> {
    /// When it is decided, in microseconds since 1970-01-01 00:00 UTC.
    pub at_us: i64,
    /// The account.
    pub account: AccountId,
    /// Program of the account.
    pub program: ProgramId,
    /// Who holds the card, or acts on the account.
    pub customer: Option<CustomerId>,
    /// The card.
    pub card: Option<CardHash>,
    /// Which mode of the card is used.
    pub card_mode: Option<ControlCardMode>,
    /// Code of the table.
    pub processing_code: ProcessingCode,
    /// Which way money moves: that of the code.
    pub direction: BalanceImpact,
    /// Amount in the currency of the account, minor units, not negative.
    pub amount_minor: i64,
    /// The currency of the account.
    pub currency: Currency,
    /// Amount in the currency of the operation, minor units, not negative.
    pub operation_amount_minor: i64,
    /// The currency of the operation.
    pub operation_currency: Currency,
    /// Balance of the account before the operation, in its currency, minor units.
    pub balance_minor: Option<i64>,
    /// Merchant category code, DE18.
    pub merchant_category_code: Option<u16>,
    /// Merchant, DE42. Spaces at its ends do not count.
    pub merchant_id: Option<&'a str>,
    /// DE22, whole.
    pub entry_mode: Option<&'a str>,
    /// Where the merchant is.
    pub country: Option<Country>,
    /// Where the acquirer is.
    pub acquirer_country: Option<Country>,
    /// Number of instalments, 1 when not in instalments.
    pub installments: u8,
    /// Whether the card was there.
    pub is_physical_card_present: Option<bool>,
    /// Whether the device of the holder is registered.
    pub is_device_registered: Option<bool>,
    /// Whether an exemption by risk analysis is asked for.
    pub is_tra_exemption_requested: Option<bool>,
    /// Whether the card checked the PIN itself.
    pub is_pin_validated_offline: Option<bool>,
    /// Whether a token stands for the card number.
    pub is_token_present: Option<bool>,
    /// Whether a cardholder authentication value is there.
    pub is_cavv_present: Option<bool>,
    /// Whether a password or PIN is there.
    pub is_password_present: Option<bool>,
    /// How the holder was authenticated.
    pub authentication_method: Option<AuthenticationMethod>,
    /// Who began the operation, where not the holder with the card.
    pub initiation_mode: Option<InitiationMode>,
    /// What kind of account verification is asked for.
    pub account_verification: Option<AccountVerification>,
    /// The beneficiary of a transfer.
    pub beneficiary: Option<&'a str>,
}

/// The mode of a card that an operation uses.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ControlCardMode {
    /// Credit.
    Credit,
    /// Debit.
    Debit,
}

macro_rules! choices {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident => $text:literal, $number:literal;)+ }) => {
        $(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        pub enum $name {
            $($(#[doc = $variant_doc])+ #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// The words of conditions, with the numbers they are compared by.
            pub(crate) const WORDS: &'static [(&'static str, i64)] = &[$(($text, $number)),+];

            /// The number it is compared by.
            pub(crate) fn number(self) -> i64 {
                match self {
                    $(Self::$variant => $number,)+
                }
            }
        }
    };
}

choices! {
    /// How a holder was authenticated.
    AuthenticationMethod {
        /// A password or PIN.
        Password => "password", 0;
        /// A code sent by mail.
        Email => "email", 1;
        /// A code sent to a phone.
        Sms => "sms", 2;
    }
}

choices! {
    /// Who began an operation without the card.
    InitiationMode {
        /// Mail order or telephone order.
        Moto => "moto", 0;
        /// The merchant, by an agreement.
        Mit => "mit", 1;
    }
}

choices! {
    /// The kind of an account verification.
    AccountVerification {
        /// Mobility and transport.
        Mtt => "mtt", 0;
    }
}

/// The words of `operation_type`, with the numbers they are compared by.
pub(crate) const OPERATION_TYPES: &[(&str, i64)] = &[("debit", 0), ("credit", 1), ("none", 2)];

/// The number of a direction among [`OPERATION_TYPES`].
pub(crate) fn operation_type(direction: BalanceImpact) -> i64 {
    match direction {
        BalanceImpact::Debit => 0,
        BalanceImpact::Credit => 1,
        BalanceImpact::None => 2,
    }
}

impl ControlFacts<'_> {
    /// The amount in minor units of a currency: that of the account before that of the operation.
    /// `None`: the amount is not known in it. Without a currency that of the account is meant.
    pub(crate) fn amount_in(&self, currency: Option<Currency>) -> Option<i64> {
        match currency {
            None => Some(self.amount_minor),
            Some(currency) if currency == self.currency => Some(self.amount_minor),
            Some(currency) if currency == self.operation_currency => {
                Some(self.operation_amount_minor)
            }
            Some(_) => None,
        }
    }
}
