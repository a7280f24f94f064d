//! Configurations of one target that match the same transaction: which wins and why, and those that
//! never win.

use std::collections::BTreeMap;

use super::{Example, Finding, FindingKind, Severity, named};
use crate::index::Precedence;
use crate::{Configuration, Dimension, Filters, ProcessingCode, Snapshot};

/// Longest list of configurations of one target and code that is compared each with each.
const COMPARED_MAX: usize = 2_000;
/// Configurations named beside the first that wins for the same reason.
const NAMES_SHOWN: usize = 3;

/// Finds the overlaps of every list, each pair once.
pub(super) fn find(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let configurations = snapshot.configurations();
    // The codes that a pair (winner, loser) has in common.
    let mut pairs: BTreeMap<(u32, u32), Vec<ProcessingCode>> = BTreeMap::new();
    for (target, code, list) in snapshot.rules().index.lists() {
        let members: Vec<(u32, &Configuration)> = list
            .configurations
            .iter()
            .filter_map(|number| Some((*number, at(configurations, *number)?)))
            .collect();
        if members.len() > COMPARED_MAX {
            let count = members.len();
            let message = format!(
                "{target} has {count} configurations for code {code}; overlaps are looked for \
                 among at most {COMPARED_MAX}"
            );
            let first = members.first().map(|(_, first)| {
                Finding::at(first, Severity::Note, FindingKind::NotCompared, message)
            });
            findings.extend(first);
            continue;
        }
        let mut rest = members.as_slice();
        while let Some(((winner, first), others)) = rest.split_first() {
            for (loser, other) in others {
                if first.filters.common(&other.filters).is_some() {
                    pairs.entry((*winner, *loser)).or_default().push(code);
                }
            }
            rest = others;
        }
    }
    let mut by_loser: BTreeMap<u32, Vec<Pair<'_>>> = BTreeMap::new();
    for ((winner, loser), codes) in pairs {
        let pair = at(configurations, winner)
            .zip(at(configurations, loser))
            .and_then(|(winner, loser)| Pair::of(winner, loser, &codes));
        by_loser.entry(loser).or_default().extend(pair);
    }
    for pairs in by_loser.values() {
        of_loser(pairs, findings);
    }
}

fn at(configurations: &[Configuration], number: u32) -> Option<&Configuration> {
    configurations.get(usize::try_from(number).ok()?)
}

/// Two configurations that match a common transaction.
struct Pair<'a> {
    winner: &'a Configuration,
    loser: &'a Configuration,
    example: Example,
    /// The codes for which the winner matches everything the loser matches, if it does.
    covered: Option<Vec<ProcessingCode>>,
    /// What is told apart on purpose, the special case inside the general one, is only noted.
    severity: Severity,
    why: String,
}

impl<'a> Pair<'a> {
    fn of(
        winner: &'a Configuration,
        loser: &'a Configuration,
        codes: &[ProcessingCode],
    ) -> Option<Self> {
        let common = winner.filters.common(&loser.filters)?;
        let covered = loser.filters.within(&winner.filters);
        let by_order = Precedence::of(&winner.filters, &loser.filters) == Precedence::FileOrder;
        let special = winner.filters.within(&loser.filters) && !by_order;
        Some(Self {
            winner,
            loser,
            example: Example {
                processing_code: *codes.first()?,
                ..common
            },
            covered: covered.then(|| codes.to_vec()),
            severity: if special {
                Severity::Note
            } else {
                Severity::Warning
            },
            why: because(winner, loser),
        })
    }
}

/// Tells once for each configuration and reason to whom it gives way.
fn of_loser(pairs: &[Pair<'_>], findings: &mut Vec<Finding>) {
    if let Some(finding) = pairs.iter().find_map(never_decides) {
        findings.push(finding);
        return;
    }
    let mut groups: BTreeMap<(Severity, &str), Vec<&Pair<'_>>> = BTreeMap::new();
    for pair in pairs {
        if let Some(codes) = &pair.covered {
            findings.push(covered(pair, codes));
            continue;
        }
        let group = (pair.severity, pair.why.as_str());
        groups.entry(group).or_default().push(pair);
    }
    for ((severity, why), group) in groups {
        let Some((first, others)) = group.split_first() else {
            continue;
        };
        let mut message = format!(
            "{:?} overlaps {}: {} meets both, and {:?} wins: {why}",
            first.loser.name,
            named(first.winner),
            first.example,
            first.winner.name
        );
        if !others.is_empty() {
            message.push_str("; likewise ");
            message.push_str(&names(others));
        }
        findings.push(Finding {
            example: Some(first.example),
            ..Finding::at(first.loser, severity, FindingKind::Overlap, message)
        });
    }
}

/// The names of the winners, the first few in full.
fn names(pairs: &[&Pair<'_>]) -> String {
    let shown: Vec<String> = pairs
        .iter()
        .take(NAMES_SHOWN)
        .map(|pair| format!("{:?}", pair.winner.name))
        .collect();
    match pairs.len().saturating_sub(NAMES_SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} others", shown.join(", ")),
    }
}

/// A configuration of which another takes everything, for every code it has.
fn never_decides(pair: &Pair<'_>) -> Option<Finding> {
    let codes = pair.covered.as_ref()?;
    let everywhere = codes.len() == pair.loser.filters.processing_codes.len();
    everywhere.then(|| covered(pair, codes))
}

fn covered(pair: &Pair<'_>, codes: &[ProcessingCode]) -> Finding {
    let (winner, loser) = (pair.winner, pair.loser);
    let everywhere = codes.len() == loser.filters.processing_codes.len();
    let codes: Vec<&str> = codes.iter().map(ProcessingCode::as_str).collect();
    let which = if everywhere {
        String::new()
    } else {
        format!("for code {} ", codes.join(", "))
    };
    let message = format!(
        "{:?} {which}never decides: {} matches everything it matches and wins: {}",
        loser.name,
        named(winner),
        pair.why
    );
    let kind = FindingKind::UnreachableConfiguration;
    Finding {
        example: Some(pair.example),
        ..Finding::at(loser, Severity::Warning, kind, message)
    }
}

fn because(winner: &Configuration, loser: &Configuration) -> String {
    match Precedence::of(&winner.filters, &loser.filters) {
        Precedence::MoreDimensions { winner, loser } => {
            format!("it filters more dimensions ({winner} against {loser})")
        }
        Precedence::Given(dimension) => {
            format!("it filters the {}, the other does not", dimension.as_str())
        }
        Precedence::NarrowerInstallments => "its range of instalments is narrower".to_owned(),
        Precedence::FileOrder => "it stands first, in the order of files and entries".to_owned(),
    }
}

impl Filters {
    /// A transaction that passes both, as far as the filters say; the code is left to the caller.
    fn common(&self, other: &Self) -> Option<Example> {
        let account_type = same(self.account_type, other.account_type)?;
        let currency = same(self.currency, other.currency)?;
        let (one, two) = (self.installments(), other.installments());
        let most = *one.end().min(two.end());
        let fewest = *one.start().max(two.start());
        // One instalment is the ordinary case; none at all is for messages that say 0.
        let installments = fewest.max(1).min(most);
        let mcc = match (&self.mcc, &other.mcc) {
            (None, None) => None,
            (Some(list), None) | (None, Some(list)) => Some(*list.first()?),
            (Some(one), Some(two)) => Some(*one.iter().find(|mcc| two.contains(mcc))?),
        };
        (fewest <= most).then_some(Example {
            processing_code: *self.processing_codes.first()?,
            account_type,
            installments,
            mcc,
            currency,
        })
    }

    /// Whether everything that passes here passes there as well, the code aside.
    fn within(&self, other: &Self) -> bool {
        Dimension::ALL
            .into_iter()
            .filter(|dimension| other.constrains(*dimension))
            .all(|dimension| match dimension {
                Dimension::AccountType => self.account_type == other.account_type,
                Dimension::Installments => {
                    let (inner, outer) = (self.installments(), other.installments());
                    outer.contains(inner.start()) && outer.contains(inner.end())
                }
                Dimension::Mcc => self.mcc.as_ref().is_some_and(|inner| {
                    let outer = other.mcc.as_deref().unwrap_or_default();
                    inner.iter().all(|mcc| outer.contains(mcc))
                }),
                Dimension::Currency => self.currency == other.currency,
            })
    }
}

/// The value that satisfies both; `Some(None)` when neither asks for one.
fn same<T: PartialEq + Copy>(one: Option<T>, other: Option<T>) -> Option<Option<T>> {
    match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(Some(one)),
        (one, other) => Some(one.or(other)),
    }
}
