//! What flex controls limit: which keys each type has, and what they mean.

use std::sync::Arc;

use super::control_periods::{ResetPeriodTable, ResetStrategyTable, periods, trigger};
use super::given::Given;
use super::lines::join;
use super::report::Report;
use crate::controls::{
    ControlEffect, ControlKind, ControlLevel, ControlTarget, CountedPer, Every, Periods, Rule,
    Scope, Zone,
};

/// The keys that say what a control does to an operation.
pub(super) struct LimitKeys {
    pub(super) effect: Given<ControlEffect>,
    pub(super) counted_per: Given<CountedPer>,
    pub(super) max_limit: Given<i64>,
    pub(super) max_amount: Given<i64>,
    pub(super) max_transactions: Given<i64>,
    pub(super) limit_duration: Given<String>,
    pub(super) reset_period: Given<ResetPeriodTable>,
    pub(super) reset_strategy: Given<ResetStrategyTable>,
}

const LIMITS: [ControlKind; 2] = [ControlKind::SpendingLimit, ControlKind::UsageLimit];
const CUMULATIVE: [ControlKind; 1] = [ControlKind::CumulativeLimit];
const COUNTING: [ControlKind; 3] = [
    ControlKind::SpendingLimit,
    ControlKind::UsageLimit,
    ControlKind::CumulativeLimit,
];

impl LimitKeys {
    /// Reports keys that the type of the control does not have.
    fn refuse_misplaced(&self, report: &mut Report<'_>, key: &str, kind: ControlKind) {
        let keys: [(&str, bool, &[ControlKind]); 8] = [
            (
                "effect",
                self.effect.is_absent(),
                &[ControlKind::Restriction],
            ),
            ("counted_per", self.counted_per.is_absent(), &COUNTING),
            ("max_limit", self.max_limit.is_absent(), &LIMITS),
            ("max_amount", self.max_amount.is_absent(), &CUMULATIVE),
            (
                "max_transactions",
                self.max_transactions.is_absent(),
                &CUMULATIVE,
            ),
            ("limit_duration", self.limit_duration.is_absent(), &LIMITS),
            ("reset_period", self.reset_period.is_absent(), &LIMITS),
            (
                "reset_strategy",
                self.reset_strategy.is_absent(),
                &CUMULATIVE,
            ),
        ];
        for (name, absent, kinds) in keys {
            if !absent && !kinds.contains(&kind) {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
                let reason = format!("only for {}; leave it out", names.join(", "));
                report.error(&join(key, name), reason);
            }
        }
    }
}

/// What a control does to an operation, and whose operations it counts together; `None` when something
/// is wrong.
pub(super) fn rule(
    report: &mut Report<'_>,
    keys: LimitKeys,
    key: &str,
    (kind, target): (ControlKind, ControlTarget),
    (scope, zone): (&Scope, &Arc<Zone>),
) -> Option<(Rule, CountedPer)> {
    let at = |name: &str| join(key, name);
    keys.refuse_misplaced(report, key, kind);
    let level = target.level();
    let per_key = at("counted_per");
    let counted_per = report.optional(keys.counted_per, &per_key, "\"account\" or \"card\"");
    if counted_per.is_some() && matches!(level, ControlLevel::Customer | ControlLevel::Card) {
        report.error(
            &per_key,
            "only for levels program and account; leave it out",
        );
    }
    let counted_per = counted_per.unwrap_or_default();
    let positive = &(1..=i64::MAX);
    let rule = match kind {
        ControlKind::Restriction => {
            let right = "\"deny_when_met\" or \"deny_unless_met\"";
            let effect = report.optional(keys.effect, &at("effect"), right);
            Rule::Restriction(effect.unwrap_or_default())
        }
        ControlKind::SpendingLimit | ControlKind::UsageLimit => {
            let max = report.required_number(keys.max_limit, &at("max_limit"), positive);
            let counts = !keys.limit_duration.is_absent();
            let periods = periods(report, keys.limit_duration, keys.reset_period, zone, key);
            // A duration that could not be read is not the same as none.
            if counts && periods.is_none() {
                return None;
            }
            match kind == ControlKind::SpendingLimit {
                true => Rule::Spending {
                    max_minor: max?,
                    periods,
                },
                false => Rule::Usage { max: max?, periods },
            }
        }
        ControlKind::CumulativeLimit => {
            by_card(report, key, level, counted_per, scope);
            let max_minor = report.number(keys.max_amount, &at("max_amount"), positive);
            let count_key = at("max_transactions");
            let max_count = report.number(keys.max_transactions, &count_key, positive);
            if max_minor.is_none() && max_count.is_none() {
                let reason = "limits nothing; write max_amount, max_transactions or both";
                report.error(key, reason);
            }
            let trigger = trigger(report, keys.reset_strategy, &at("reset_strategy"));
            Rule::Cumulative {
                max_minor,
                max_count,
                periods: Periods::new(Every::Ever, Arc::clone(zone)),
                trigger: trigger?,
            }
        }
    };
    Some((rule, counted_per))
}

/// A cumulative limit counts by card, and must say so.
fn by_card(
    report: &mut Report<'_>,
    key: &str,
    level: ControlLevel,
    counted_per: CountedPer,
    scope: &Scope,
) {
    let (name, says_so) = match level {
        ControlLevel::Program | ControlLevel::Account => {
            ("counted_per", counted_per == CountedPer::Card)
        }
        ControlLevel::Customer => ("card_ids", !scope.cards.is_empty()),
        ControlLevel::Card => return,
    };
    if !says_so {
        let right = if name == "card_ids" {
            "the cards"
        } else {
            "\"card\""
        };
        let reason = format!("a cumulative limit counts by card; write {right}");
        report.error(&join(key, name), reason);
    }
}
