//! The decision index: from (target, processing code) to a short list of configurations, best
//! first, and from the exact values of a request to the few of them that can match it. A match
//! looks at the same number of places however many configurations there are.
//!
//! Knows the precedence among configurations; decides nothing about funds.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hash::BuildHasher;

use ahash::{AHasher, RandomState};

use crate::{
    AccountType, Configuration, Currency, Dimension, EvaluationRequest, Filters, ProcessingCode,
    Target,
};

/// Hash map with a fixed hasher. Its keys come from rule documents, so no peer can choose colliding
/// ones, and nothing iterates over it.
#[expect(
    clippy::disallowed_types,
    reason = "the hasher is fixed here, so the order is not random"
)]
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, FixedHasher>;

/// Builds hashers that are the same in every process: there is no randomness in this crate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FixedHasher;

impl BuildHasher for FixedHasher {
    type Hasher = AHasher;

    fn build_hasher(&self) -> AHasher {
        RandomState::with_seeds(1, 2, 3, 4).build_hasher()
    }
}

/// Configurations by target and processing code.
#[derive(Debug, Default)]
pub(crate) struct Index {
    lists: Map<(Target, ProcessingCode), List>,
    cells: Map<CellKey, Vec<Placed>>,
    /// The keys of the lists, in order, for those who walk over everything.
    keys: Vec<(Target, ProcessingCode)>,
}

/// The configurations of one target for one code.
#[derive(Debug)]
pub(crate) struct List {
    /// Indexes into the configurations of the snapshot, best first.
    pub(crate) configurations: Vec<u32>,
    /// Number of the list, for the keys of its cells.
    number: u32,
    /// Which combinations of exact filters its configurations use: one bit for each of
    /// [`Shape::ALL`].
    shapes: u8,
}

/// Which exact filters are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    account_type: bool,
    mcc: bool,
    currency: bool,
}

impl Shape {
    /// Every combination, with its bit.
    const ALL: [(Self, u8); 8] = {
        const fn shape(account_type: bool, mcc: bool, currency: bool) -> Shape {
            Shape {
                account_type,
                mcc,
                currency,
            }
        }
        [
            (shape(false, false, false), 1),
            (shape(false, false, true), 2),
            (shape(false, true, false), 4),
            (shape(false, true, true), 8),
            (shape(true, false, false), 16),
            (shape(true, false, true), 32),
            (shape(true, true, false), 64),
            (shape(true, true, true), 128),
        ]
    };

    /// The bit of the combination that some filters use.
    fn bit(filters: &Filters) -> u8 {
        let used = Self {
            account_type: filters.account_type.is_some(),
            mcc: filters.mcc.is_some(),
            currency: filters.currency.is_some(),
        };
        Self::ALL
            .iter()
            .find(|(shape, _)| *shape == used)
            .map_or(0, |(_, bit)| *bit)
    }
}

/// The values of the exact filters of one list. `None`: not filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct CellKey {
    list: u32,
    account_type: Option<AccountType>,
    mcc: Option<u16>,
    currency: Option<Currency>,
}

/// A configuration in a cell, where only the instalments are left to compare.
#[derive(Clone, Copy, Debug)]
struct Placed {
    /// Position in the list: lower is better.
    position: u32,
    configuration: u32,
    min_installments: u8,
    max_installments: u8,
}

impl Index {
    /// Indexes the active configurations. Their order in the slice is the file order.
    pub(crate) fn build(configurations: &[Configuration]) -> Self {
        let mut sorted: BTreeMap<(Target, ProcessingCode), Vec<(u32, &Filters)>> = BTreeMap::new();
        for (number, configuration) in (0_u32..).zip(configurations) {
            if !configuration.is_active {
                continue;
            }
            for code in &configuration.filters.processing_codes {
                let key = (configuration.target(), *code);
                let list = sorted.entry(key).or_default();
                list.push((number, &configuration.filters));
            }
        }
        let mut index = Self::default();
        for (number, (key, mut list)) in (0_u32..).zip(sorted) {
            // Stable: equals stay in file order.
            list.sort_by_key(|(_, filters)| rank(filters));
            index.keys.push(key);
            index.add(key, number, &list);
        }
        index
    }

    fn add(&mut self, key: (Target, ProcessingCode), number: u32, list: &[(u32, &Filters)]) {
        let mut shapes = 0;
        for (position, (configuration, filters)) in (0_u32..).zip(list) {
            shapes |= Shape::bit(filters);
            let installments = filters.installments();
            let placed = Placed {
                position,
                configuration: *configuration,
                min_installments: *installments.start(),
                max_installments: *installments.end(),
            };
            let mccs = filters.mcc.as_deref().map_or_else(
                || vec![None],
                |list| list.iter().copied().map(Some).collect(),
            );
            for mcc in mccs {
                let cell = CellKey {
                    list: number,
                    account_type: filters.account_type,
                    mcc,
                    currency: filters.currency,
                };
                self.cells.entry(cell).or_default().push(placed);
            }
        }
        let configurations = list
            .iter()
            .map(|(configuration, _)| *configuration)
            .collect();
        let list = List {
            configurations,
            number,
            shapes,
        };
        self.lists.insert(key, list);
    }

    /// The list of the most specific target that has any configuration for this code.
    pub(crate) fn list(&self, request: &EvaluationRequest) -> Option<(Target, &List)> {
        Target::of(request.account, request.program)
            .into_iter()
            .find_map(|target| {
                let list = self.get(target, request.processing_code)?;
                Some((target, list))
            })
    }

    /// The list of exactly this target and code.
    pub(crate) fn get(&self, target: Target, code: ProcessingCode) -> Option<&List> {
        self.lists.get(&(target, code))
    }

    /// All lists, by target and code.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (Target, ProcessingCode, &List)> {
        self.keys.iter().filter_map(|(target, code)| {
            let list = self.get(*target, *code)?;
            Some((*target, *code, list))
        })
    }

    /// The best configuration of a list that a request matches.
    pub(crate) fn best(&self, list: &List, request: &EvaluationRequest) -> Option<u32> {
        let best = Shape::ALL
            .iter()
            .filter(|(_, bit)| list.shapes & bit != 0)
            .filter_map(|(shape, _)| self.best_of_shape(list.number, *shape, request));
        let best = best.min_by_key(|placed| placed.position)?;
        Some(best.configuration)
    }

    fn best_of_shape(
        &self,
        list: u32,
        shape: Shape,
        request: &EvaluationRequest,
    ) -> Option<Placed> {
        if shape.mcc && request.mcc.is_none() {
            return None;
        }
        let cell = CellKey {
            list,
            account_type: Some(request.account_type).filter(|_| shape.account_type),
            mcc: request.mcc.filter(|_| shape.mcc),
            currency: Some(request.currency).filter(|_| shape.currency),
        };
        let placed = self.cells.get(&cell)?;
        placed
            .iter()
            .find(|placed| {
                (placed.min_installments..=placed.max_installments).contains(&request.installments)
            })
            .copied()
    }
}

/// Sort key, smallest is best: more constrained dimensions, then account type given, instalments
/// given and narrower, MCC given, currency given.
fn rank(filters: &Filters) -> impl Ord + use<> {
    (
        Reverse(dimensions(filters)),
        Reverse(filters.constrains(Dimension::AccountType)),
        Reverse(filters.constrains(Dimension::Installments)),
        width(filters),
        Reverse(filters.constrains(Dimension::Mcc)),
        Reverse(filters.constrains(Dimension::Currency)),
    )
}

fn dimensions(filters: &Filters) -> usize {
    Dimension::ALL
        .into_iter()
        .filter(|dimension| filters.constrains(*dimension))
        .count()
}

fn width(filters: &Filters) -> u8 {
    let installments = filters.installments();
    installments.end().saturating_sub(*installments.start())
}

/// Why one configuration is before another in their list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precedence {
    MoreDimensions { winner: usize, loser: usize },
    Given(Dimension),
    NarrowerInstallments,
    FileOrder,
}

impl Precedence {
    /// What decided between the filters of a winner and a loser.
    pub(crate) fn of(winner: &Filters, loser: &Filters) -> Self {
        let (more, less) = (dimensions(winner), dimensions(loser));
        if more != less {
            return Self::MoreDimensions {
                winner: more,
                loser: less,
            };
        }
        for dimension in Dimension::ALL {
            if winner.constrains(dimension) != loser.constrains(dimension) {
                return Self::Given(dimension);
            }
            if dimension == Dimension::Installments && width(winner) != width(loser) {
                return Self::NarrowerInstallments;
            }
        }
        Self::FileOrder
    }
}
