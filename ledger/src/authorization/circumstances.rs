//! The circumstances of a request that flex controls look at beside its amount and its merchant.
//!
//! Owns: what a message says of place, card, holder and device, as it is stored with the decision. Must never:
//! hold what authenticated the holder, only that something did.

use rules::{AccountVerification, AuthenticationMethod, Country, InitiationMode};
use serde::{Deserialize, Serialize};

/// What a message says of its circumstances; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// Where the merchant is.
    pub country: Option<Country>,
    /// Where the acquirer is.
    pub acquirer_country: Option<Country>,
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
    pub beneficiary: Option<String>,
}
