//! What an authorization may do beside moving limits: partial approval, expiry, anti-fraud
//! (authorization-configuration API). The most specific record counts as a whole; records of
//! different levels are not merged. Owns only types and the choice among records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ClearingOptions;

/// The options of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationOptions {
    /// Decline everything.
    pub deny_all_authorizations: bool,
    /// Where the issuer decides itself (zero-balance flow); empty: it does not.
    pub zero_balance_url: String,
    /// The verdict of the anti-fraud service counts.
    pub should_use_anti_fraud_decision: bool,
    /// Its response code is used.
    pub use_anti_fraud_response_code: bool,
    /// What an unavailable anti-fraud service means: approved instead of rejected.
    pub approve_anti_fraud_unavailable: bool,
    /// It is called for cancellations too.
    pub call_anti_fraud_when_cancelling: bool,
    /// A part of the amount may be approved, where the merchant supports it.
    pub enabled_partial_authorization: bool,
    /// Decline dynamic currency conversion.
    pub disable_dcc: bool,
    /// With dynamic currency conversion, rates are of the local currency.
    pub use_local_amount_when_dcc: bool,
    /// International clearing takes the settlement amount of the clearing record.
    pub use_settlement_from_network: bool,
    /// Rates and fees come from their models.
    pub use_rates_fee_models: bool,
    /// Limits and rules are asked even where the request is declined already.
    pub always_call_ledger_rules: bool,
    /// When what was never cleared is dropped.
    pub expiry: ExpiryDays,
    /// Where that differs by merchant category code.
    pub days_by_mcc: BTreeMap<u16, MccDays>,
    /// How clearings are taken.
    pub clearing: ClearingOptions,
}

impl AuthorizationOptions {
    /// Days after which an authorization that was never cleared is dropped: those of its merchant
    /// category code where one is named, else those of the record. Allocates nothing.
    pub fn expiry_days(&self, mcc: Option<u16>, pre_authorization: bool) -> u8 {
        let by_mcc = mcc.and_then(|mcc| self.days_by_mcc.get(&mcc));
        if pre_authorization {
            let days = by_mcc.and_then(|days| days.pre_authorization);
            days.unwrap_or(self.expiry.pre_authorization)
        } else {
            let days = by_mcc.and_then(|days| days.authorization);
            days.unwrap_or(self.expiry.authorization)
        }
    }
}

/// Days of one merchant category code, by kind; `None`: those of the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MccDays {
    /// Pre-authorizations.
    pub pre_authorization: Option<u8>,
    /// Other authorizations.
    pub authorization: Option<u8>,
}

/// Days after which an authorization that was never cleared is dropped, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiryDays {
    /// Pre-authorizations.
    pub pre_authorization: u8,
    /// Other authorizations.
    pub authorization: u8,
    /// Migrated pre-authorizations.
    pub pre_authorization_migration: u8,
    /// Other migrated authorizations.
    pub authorization_migration: u8,
}

impl ExpiryDays {
    /// Without any record: ten days, as for on-us authorizations (14,400 minutes).
    pub const STANDARD: Self = Self {
        pre_authorization: 10,
        authorization: 10,
        pre_authorization_migration: 10,
        authorization_migration: 10,
    };
}

impl Default for ExpiryDays {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// The options of one target, with those of its BINs that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OptionsRecord {
    pub(crate) options: AuthorizationOptions,
    /// By BIN of 6 or 8 digits. What an override does not name is the record's.
    pub(crate) override_bins: BTreeMap<String, AuthorizationOptions>,
    /// Where it stands.
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) key: String,
}

impl OptionsRecord {
    /// Every set of options of the record.
    pub(crate) fn all_options(&self) -> impl Iterator<Item = &AuthorizationOptions> {
        std::iter::once(&self.options).chain(self.override_bins.values())
    }

    /// The options for a card number that starts with `bin` (8 digits or more): the longer
    /// override first.
    pub(crate) fn for_bin(&self, bin: Option<&str>) -> &AuthorizationOptions {
        let of_length = |length| {
            let start = bin?.get(..length)?;
            self.override_bins.get(start)
        };
        of_length(8)
            .or_else(|| of_length(6))
            .unwrap_or(&self.options)
    }
}
