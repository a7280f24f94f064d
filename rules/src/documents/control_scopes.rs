//! Which operations a flex control applies to, which other controls it takes the place of, and the codes
//! of its denial.

use super::ErrorCode;
use super::given::Given;
use super::lines::join;
use super::report::Report;
use crate::controls::{
    CardHash, ControlCardMode, ControlId, ControlLevel, ControlTarget, CustomCode, Scope,
};
use crate::{Currency, ProcessingCode, ResponseCode};

/// Longest identifier of a beneficiary, in characters.
const BENEFICIARY_CHARACTERS: usize = 100;
/// Longest denial code, in characters.
const DENY_CODE_CHARACTERS: usize = 100;

/// The keys that say which operations a control applies to.
pub(super) struct ScopeKeys {
    pub(super) processing_codes: Given<Vec<Given<ProcessingCode>>>,
    pub(super) currency_code: Given<Currency>,
    pub(super) card_ids: Given<Vec<Given<CardHash>>>,
    pub(super) card_mode: Given<ControlCardMode>,
    pub(super) beneficiary_id: Given<String>,
}

/// Which operations a control applies to; `None` when something is wrong.
pub(super) fn scope(
    report: &mut Report<'_>,
    keys: ScopeKeys,
    key: &str,
    target: ControlTarget,
) -> Option<Scope> {
    let at = |name: &str| join(key, name);
    let codes_key = at("processing_codes");
    let right = "a list of codes such as [\"00\"]";
    let codes = report.optional(keys.processing_codes, &codes_key, right);
    let codes = report.list(codes.unwrap_or_default(), &codes_key, right);
    let right = "an ISO 4217 currency such as \"840\" or \"USD\"";
    let currency = report.optional(keys.currency_code, &at("currency_code"), right);
    let cards_key = at("card_ids");
    let right = "a list of hashes of card numbers, 64 hexadecimal digits each";
    let cards = report.optional(keys.card_ids, &cards_key, right);
    if cards.is_some() && target.level() != ControlLevel::Customer {
        let reason = "only level customer has it; leave it out";
        report.error(&cards_key, reason);
    }
    let cards = report.list(cards.unwrap_or_default(), &cards_key, right);
    let right = "\"credit\" or \"debit\"";
    let card_mode = report.optional(keys.card_mode, &at("card_mode"), right);
    let beneficiary = match keys.beneficiary_id.is_absent() {
        true => None,
        false => report.text(
            keys.beneficiary_id,
            &at("beneficiary_id"),
            BENEFICIARY_CHARACTERS,
        ),
    };
    let (mut processing_codes, mut cards) = (codes?, cards?);
    processing_codes.sort_unstable();
    cards.sort_unstable();
    Some(Scope {
        processing_codes,
        debits_only: false,
        currency,
        cards,
        card_mode,
        beneficiary,
    })
}

/// The keys that say which other controls a control takes the place of.
pub(super) struct ReplacementKeys {
    pub(super) override_controls: Given<Vec<Given<ControlId>>>,
    pub(super) rule_reference_id: Given<ControlId>,
    pub(super) customized: Given<bool>,
}

/// Which other controls a control takes the place of.
pub(super) struct Replacements {
    pub(super) overrides: Vec<ControlId>,
    pub(super) rule_reference: Option<ControlId>,
    pub(super) is_customized: bool,
}

/// Which other controls a control takes the place of; `None` when something is wrong.
pub(super) fn replacements(
    report: &mut Report<'_>,
    keys: ReplacementKeys,
    key: &str,
    (id, target): (Option<ControlId>, ControlTarget),
) -> Option<Replacements> {
    let at = |name: &str| join(key, name);
    if target.level() == ControlLevel::Program {
        let given = [
            ("override_controls", !keys.override_controls.is_absent()),
            ("rule_reference_id", !keys.rule_reference_id.is_absent()),
            ("customized", !keys.customized.is_absent()),
        ];
        for (name, _) in given.iter().filter(|(_, given)| *given) {
            report.error(&at(name), "not for level program; leave it out");
        }
    }
    let list_key = at("override_controls");
    let right = "a list of ids of controls";
    let overrides = report.optional(keys.override_controls, &list_key, right);
    let overrides = report.list(overrides.unwrap_or_default(), &list_key, right);
    let right = "the id of a control of the program";
    let rule_reference = report.optional(keys.rule_reference_id, &at("rule_reference_id"), right);
    let customized = report.optional(keys.customized, &at("customized"), "true or false");
    let overrides = overrides?;
    if id.is_some_and(|id| overrides.contains(&id)) {
        let reason = "the control itself; leave it out";
        report.error_of_code(ErrorCode::Erul0004, &list_key, reason);
    }
    Some(Replacements {
        overrides,
        rule_reference,
        is_customized: customized.unwrap_or(false),
    })
}

/// The keys of the codes of a denial.
pub(super) struct CodeKeys {
    pub(super) deny_code: Given<String>,
    pub(super) response_code: Given<ResponseCode>,
    pub(super) custom_code: Given<CustomCode>,
}

/// The codes of a denial.
pub(super) struct Codes {
    pub(super) deny_code: Option<String>,
    pub(super) response_code: Option<ResponseCode>,
    pub(super) custom_code: Option<CustomCode>,
}

/// The codes of a denial; `None` when something is wrong.
pub(super) fn codes(
    report: &mut Report<'_>,
    keys: CodeKeys,
    key: &str,
    target: ControlTarget,
) -> Option<Codes> {
    let at = |name: &str| join(key, name);
    let required = matches!(
        target.level(),
        ControlLevel::Program | ControlLevel::Account
    );
    let absent = keys.deny_code.is_absent();
    let deny_code = match absent && !required {
        true => None,
        false => Some(report.text(keys.deny_code, &at("deny_code"), DENY_CODE_CHARACTERS)?),
    };
    let code_key = at("response_code");
    let right = "two letters or digits, such as \"57\"";
    let response_code = report.optional(keys.response_code, &code_key, right);
    if let Some(code) = response_code.filter(|code| code.is_approval()) {
        let reason = format!("{code} says yes, and this is a decline; write another code");
        report.error(&code_key, reason);
    }
    let right = "1 to 3 letters or digits";
    let custom_code = report.optional(keys.custom_code, &at("custom_code"), right);
    Some(Codes {
        deny_code,
        response_code,
        custom_code,
    })
}
