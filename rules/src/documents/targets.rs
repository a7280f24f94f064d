//! Whom a record is for, as documents of several kinds write it: `level`, `program_id`,
//! `account_id`.

use super::given::Given;
use super::lines::join;
use super::report::Report;
use super::{ErrorCode, Known};
use crate::{AccountId, Level, ProgramId, Target};

/// The keys that name a target.
#[derive(Debug)]
pub(super) struct TargetKeys {
    pub(super) level: Given<Level>,
    pub(super) program_id: Given<i64>,
    pub(super) account_id: Given<i64>,
}

/// Largest account number: what TOML and the API can write.
const ACCOUNT_MAX: u64 = i64::MAX.unsigned_abs();

/// The target, if its keys fit each other. Whether an account exists is not known here.
pub(super) fn target(
    report: &mut Report<'_>,
    keys: TargetKeys,
    prefix: &str,
    known: &Known,
) -> Option<Target> {
    let program_key = join(prefix, "program_id");
    let account_key = join(prefix, "account_id");
    let right = "\"tenant\", \"program\" or \"account\"";
    let level = report.required(keys.level, &join(prefix, "level"), right);
    if level != Some(Level::Account) && !keys.account_id.is_absent() {
        report.error(&account_key, "only level account has it; leave it out");
    }
    match (level, keys.program_id.is_absent()) {
        (Some(Level::Tenant), false) => {
            report.error(
                &program_key,
                "level tenant is for all programs; leave it out",
            );
        }
        (Some(Level::Account), false) => {
            report.error(
                &program_key,
                "level account is for one account; leave it out",
            );
        }
        _ => {}
    }
    match level? {
        Level::Tenant => Some(Target::Tenant),
        Level::Program => {
            let range = &(1..=u32::MAX);
            let id = report.with_code(ErrorCode::Wblc0020, |report| {
                report.required_number(keys.program_id, &program_key, range)
            });
            program(report, ProgramId(id?), &program_key, known)
        }
        Level::Account => {
            let range = &(1..=ACCOUNT_MAX);
            let id = report.with_code(ErrorCode::Wblc0020, |report| {
                report.required_number(keys.account_id, &account_key, range)
            });
            Some(Target::Account(AccountId(id?)))
        }
    }
}

/// The target of a program, if there is one of this number.
pub(super) fn program(
    report: &mut Report<'_>,
    id: ProgramId,
    key: &str,
    known: &Known,
) -> Option<Target> {
    if !known.programs.contains_key(&id) && !known.programs_unsure {
        let programs: Vec<String> = known.programs.keys().map(ToString::to_string).collect();
        let reason = format!("no program {id}; the programs are {}", programs.join(", "));
        report.error(key, reason);
    }
    Some(Target::Program(id))
}
