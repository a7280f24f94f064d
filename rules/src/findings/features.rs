//! What rules can ask for beyond comparing and moving the limits of one account. A caller that does
//! not apply one of these must say so; this finds every place where one is used.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    Amount, AuthorizationOptions, Configuration, ExpiryDays, Reason, ScenarioResult, Snapshot,
};

/// Something that the caller of an evaluation must apply itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// `impact_parent_accounts`.
    ImpactParentAccounts,
    /// `impact_account`.
    ImpactAccount,
    /// `counterpart_account`.
    CounterpartAccount,
    /// `confirmation`.
    Confirmation,
    /// `reset_limit`.
    ResetLimit,
    /// `contract_amount`: an amount with interest and fees.
    ContractAmount,
    /// `partial_reversal_processing_code`, where it is not the reversal code.
    PartialReversalCode,
    /// A network's own table of processing codes.
    NetworkProcessingCodes,
    /// `retry_category`.
    RetryCategory,
    /// `merchant_advice_code`.
    MerchantAdviceCode,
    /// A rule model.
    RuleModel,
    /// `limit_refund`.
    LimitRefund,
    /// The verdict of an anti-fraud service, as options of authorizations ask for it.
    AntiFraud,
    /// `zero_balance_url`: the issuer decides itself.
    ZeroBalance,
    /// `disable_dcc` and `use_local_amount_when_dcc`.
    DynamicCurrencyConversion,
    /// `use_settlement_from_network`.
    SettlementFromNetwork,
    /// `use_rates_fee_models`.
    RatesFeeModels,
    /// `always_call_ledger_rules`.
    AlwaysCallLedgerRules,
    /// Days after which what was migrated is dropped.
    MigrationExpiry,
    /// Flex controls.
    FlexControls,
}

impl Feature {
    /// What it is, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ImpactParentAccounts => "moving the parent accounts (impact_parent_accounts)",
            Self::ImpactAccount => "moving another account instead (impact_account)",
            Self::CounterpartAccount => "moving a counterpart account (counterpart_account)",
            Self::Confirmation => "moves at the confirmation (confirmation)",
            Self::ResetLimit => "the return of a consumed limit (reset_limit)",
            Self::ContractAmount => "an amount with interest and fees (contract_amount)",
            Self::PartialReversalCode => "a code for partial reversals",
            Self::NetworkProcessingCodes => "a network's own processing codes",
            Self::RetryCategory => "the retry category",
            Self::MerchantAdviceCode => "the merchant advice code",
            Self::RuleModel => "rule models",
            Self::LimitRefund => "limit refund (limit_refund)",
            Self::AntiFraud => "the verdict of an anti-fraud service",
            Self::ZeroBalance => "decisions of the issuer (zero_balance_url)",
            Self::DynamicCurrencyConversion => "dynamic currency conversion",
            Self::SettlementFromNetwork => {
                "the settlement amount of clearing (use_settlement_from_network)"
            }
            Self::RatesFeeModels => "models of rates and fees (use_rates_fee_models)",
            Self::AlwaysCallLedgerRules => {
                "limits and rules after a decline (always_call_ledger_rules)"
            }
            Self::MigrationExpiry => "the expiry of what was migrated",
            Self::FlexControls => "flex controls",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place where a feature is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureUse {
    /// The feature.
    pub feature: Feature,
    /// The file.
    pub file: String,
    /// Line from 1.
    pub line: u32,
    /// The key in its table.
    pub key: String,
    /// What uses it, such as the name of a configuration.
    pub user: String,
}

impl FeatureUse {
    /// The same place with its file named from outside the directory.
    #[must_use]
    pub fn under(mut self, directory: &Path) -> Self {
        self.file = directory.join(&self.file).display().to_string();
        self
    }
}

/// Every use, by file and line.
pub(super) fn uses(snapshot: &Snapshot) -> Vec<FeatureUse> {
    let mut uses = Vec::new();
    for configuration in snapshot.configurations() {
        if configuration.is_active {
            of_configuration(configuration, &mut uses);
        }
    }
    of_codes_and_networks(snapshot, &mut uses);
    for model in snapshot.rule_models() {
        if !model.attached_to.is_empty() {
            uses.push(FeatureUse {
                feature: Feature::RuleModel,
                file: model.file.clone(),
                line: 1,
                key: "attached_to".to_owned(),
                user: format!("model {:?}", model.id),
            });
        }
    }
    for (target, record) in snapshot.tables().authorization_options.iter() {
        let features: BTreeSet<Feature> = record.all_options().flat_map(of_options).collect();
        uses.extend(features.into_iter().map(|feature| FeatureUse {
            feature,
            file: record.file.clone(),
            line: record.line,
            key: record.key.clone(),
            user: target.to_string(),
        }));
    }
    uses.extend(snapshot.tables().limit_refunds.iter().cloned());
    let controls = snapshot.flex_controls();
    uses.extend(
        controls
            .filter(|control| control.is_active())
            .map(|control| FeatureUse {
                feature: Feature::FlexControls,
                file: control.file.clone(),
                line: control.line,
                key: control.key.clone(),
                user: format!("{:?}", control.name),
            }),
    );
    uses.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    uses
}

/// What a set of options asks for beside what the ledger decides with: declining everything, partial
/// approval and the days of expiry are not listed.
fn of_options(options: &AuthorizationOptions) -> impl Iterator<Item = Feature> {
    let anti_fraud = options.should_use_anti_fraud_decision
        || options.use_anti_fraud_response_code
        || options.approve_anti_fraud_unavailable
        || options.call_anti_fraud_when_cancelling;
    let conversion = options.disable_dcc || options.use_local_amount_when_dcc;
    let standard = ExpiryDays::STANDARD;
    let migrated = |days: ExpiryDays| {
        (
            days.pre_authorization_migration,
            days.authorization_migration,
        )
    };
    used([
        (anti_fraud, Feature::AntiFraud),
        (!options.zero_balance_url.is_empty(), Feature::ZeroBalance),
        (conversion, Feature::DynamicCurrencyConversion),
        (
            options.use_settlement_from_network,
            Feature::SettlementFromNetwork,
        ),
        (options.use_rates_fee_models, Feature::RatesFeeModels),
        (
            options.always_call_ledger_rules,
            Feature::AlwaysCallLedgerRules,
        ),
        (
            migrated(options.expiry) != migrated(standard),
            Feature::MigrationExpiry,
        ),
    ])
}

fn used<const N: usize>(features: [(bool, Feature); N]) -> impl Iterator<Item = Feature> {
    let used = features.into_iter().filter(|(used, _)| *used);
    used.map(|(_, feature)| feature)
}

fn of_configuration(configuration: &Configuration, uses: &mut Vec<FeatureUse>) {
    let mut add = |feature, line, key: &str| {
        uses.push(FeatureUse {
            feature,
            file: configuration.file.clone(),
            line,
            key: key.to_owned(),
            user: format!("{:?}", configuration.name),
        });
    };
    if configuration.impact_parent_accounts {
        let feature = Feature::ImpactParentAccounts;
        add(feature, configuration.line, &configuration.key);
    }
    for scenario in &configuration.scenarios {
        for feature in of_result(&scenario.result) {
            add(feature, scenario.line, &scenario.key);
        }
    }
}

fn of_result(result: &ScenarioResult) -> impl Iterator<Item = Feature> {
    let contract =
        result.amount == Amount::Contract || result.amount_consider == Some(Amount::Contract);
    used([
        (result.impact_account.is_some(), Feature::ImpactAccount),
        (
            result.counterpart_account.is_some(),
            Feature::CounterpartAccount,
        ),
        (result.confirmation.is_some(), Feature::Confirmation),
        (result.reset_limit.is_some(), Feature::ResetLimit),
        (contract, Feature::ContractAmount),
    ])
}

fn of_codes_and_networks(snapshot: &Snapshot, uses: &mut Vec<FeatureUse>) {
    for entry in snapshot.processing_codes() {
        if entry.partial_reversal_processing_code != entry.reversal_processing_code {
            let place = snapshot.tables().code_places.get(&entry.code);
            let (line, key) = place.cloned().unwrap_or((1, String::new()));
            uses.push(FeatureUse {
                feature: Feature::PartialReversalCode,
                file: crate::documents::PROCESSING_CODES.to_owned(),
                line,
                key,
                user: format!("code {}", entry.code),
            });
        }
    }
    for network in snapshot.networks() {
        let answers = |used: fn(&crate::Network, Reason) -> bool| {
            Reason::ALL.iter().any(|reason| used(network, *reason))
        };
        let used = [
            (
                network.processing_codes.is_some(),
                Feature::NetworkProcessingCodes,
                "processing_codes",
            ),
            (
                answers(|network, reason| network.retry_category(reason).is_some()),
                Feature::RetryCategory,
                "response_codes",
            ),
            (
                answers(|network, reason| network.merchant_advice_code(reason).is_some()),
                Feature::MerchantAdviceCode,
                "response_codes",
            ),
        ];
        let files = &snapshot.tables().network_files;
        let file = files.get(&network.id).cloned().unwrap_or_default();
        for (used, feature, key) in used {
            if used {
                uses.push(FeatureUse {
                    feature,
                    file: file.clone(),
                    line: 1,
                    key: key.to_owned(),
                    user: format!("network {:?}", network.name),
                });
            }
        }
    }
}
