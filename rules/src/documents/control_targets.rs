//! Whom flex controls are for, as their files write it.

use super::Known;
use super::given::Given;
use super::report::Report;
use super::targets::program;
use crate::controls::{CardHash, ControlLevel, ControlTarget, CustomerId};
use crate::{AccountId, ProgramId};

/// Largest number of an account or a customer: what TOML and the API can write.
const ID_MAX: u64 = i64::MAX.unsigned_abs();

/// The keys that name a target.
pub(super) struct ControlTargetKeys {
    pub(super) level: Given<ControlLevel>,
    pub(super) program_id: Given<i64>,
    pub(super) account_id: Given<i64>,
    pub(super) customer_id: Given<i64>,
    pub(super) card_id: Given<CardHash>,
}

/// The target, if its keys fit each other. Whether an account, a customer or a card exists is not known
/// here.
pub(super) fn target(
    report: &mut Report<'_>,
    keys: ControlTargetKeys,
    known: &Known,
) -> Option<ControlTarget> {
    use ControlLevel as Level;
    let right = "\"program\", \"account\", \"customer\" or \"card\"";
    let level = report.required(keys.level, "level", right)?;
    let misplaced = [
        (
            "program_id",
            keys.program_id.is_absent(),
            level == Level::Program,
        ),
        (
            "account_id",
            keys.account_id.is_absent(),
            matches!(level, Level::Account | Level::Customer),
        ),
        (
            "customer_id",
            keys.customer_id.is_absent(),
            level == Level::Customer,
        ),
        ("card_id", keys.card_id.is_absent(), level == Level::Card),
    ];
    for (key, absent, fits) in misplaced {
        if !absent && !fits {
            report.error(key, "not for this level; leave it out");
        }
    }
    let ids = &(1..=ID_MAX);
    match level {
        Level::Program => {
            let id = report.required_number(keys.program_id, "program_id", &(1..=u32::MAX));
            let id = ProgramId(id?);
            program(report, id, "program_id", known)?;
            Some(ControlTarget::Program(id))
        }
        Level::Account => {
            let id = report.required_number(keys.account_id, "account_id", ids);
            Some(ControlTarget::Account(AccountId(id?)))
        }
        Level::Customer => {
            let customer = report.required_number(keys.customer_id, "customer_id", ids);
            let account = report.required_number(keys.account_id, "account_id", ids);
            Some(ControlTarget::Customer {
                customer: CustomerId(customer?),
                account: AccountId(account?),
            })
        }
        Level::Card => {
            let right = "the hash of the card number, 64 hexadecimal digits";
            let hash = report.required(keys.card_id, "card_id", right);
            Some(ControlTarget::Card(hash?))
        }
    }
}
