//! Sets of whole numbers as ranges: what conditions that compare are compiled to.

/// Ranges of whole numbers, both ends included: sorted, and none touches the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<(i64, i64)>);

impl Ranges {
    /// The numbers of any ranges. One whose end is before its start has none.
    pub(crate) fn of(ranges: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut sorted: Vec<(i64, i64)> = ranges
            .into_iter()
            .filter(|(start, end)| start <= end)
            .collect();
        sorted.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::with_capacity(sorted.len());
        for (start, end) in sorted {
            match joined.last_mut() {
                Some((_, last)) if start <= last.saturating_add(1) => *last = end.max(*last),
                Some(_) | None => joined.push((start, end)),
            }
        }
        Self(joined)
    }

    /// All other numbers of a domain.
    pub(crate) fn inverted(&self, domain: (i64, i64)) -> Self {
        let mut others = Vec::new();
        let mut from = Some(domain.0);
        for (start, end) in &self.0 {
            if let (Some(from), Some(before)) = (from, start.checked_sub(1)) {
                others.push((from, before.min(domain.1)));
            }
            from = end.checked_add(1);
        }
        others.extend(from.map(|from| (from, domain.1)));
        Self::of(others)
    }

    /// The numbers of both.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let pairs = self.0.iter().flat_map(|one| {
            let other = other.0.iter();
            other.map(|other| (one.0.max(other.0), one.1.min(other.1)))
        });
        Self::of(pairs)
    }

    pub(crate) fn contains(&self, number: i64) -> bool {
        let position = self.0.partition_point(|(_, end)| *end < number);
        let range = self.0.get(position);
        range.is_some_and(|(start, _)| *start <= number)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Ranges say what comparing with each of them says.
        #[test]
        fn ranges_are_sets(
            one in proptest::collection::vec((-20_i64..20, -20_i64..20), 0..5),
            other in proptest::collection::vec((-20_i64..20, -20_i64..20), 0..5),
        ) {
            let naive = |ranges: &[(i64, i64)], number: i64| {
                ranges.iter().any(|(start, end)| (*start..=*end).contains(&number))
            };
            let (first, second) = (Ranges::of(one.clone()), Ranges::of(other.clone()));
            let (both, not) = (first.and(&second), first.inverted((-20, 20)));
            for number in -20..=20 {
                let (in_one, in_other) = (naive(&one, number), naive(&other, number));
                prop_assert_eq!(first.contains(number), in_one);
                prop_assert_eq!(both.contains(number), in_one && in_other);
                prop_assert_eq!(not.contains(number), !in_one);
            }
        }
    }

    #[test]
    fn ranges_reach_both_ends() {
        let all = Ranges::of([(i64::MIN, i64::MAX)]);
        assert!(all.contains(i64::MIN) && all.contains(i64::MAX));
        assert!(all.inverted((i64::MIN, i64::MAX)).is_empty());
        let none = Ranges::default();
        assert_eq!(none.inverted((0, 9)), Ranges::of([(0, 9)]));
        assert_eq!(Ranges::of([(0, 4), (5, 9)]).0, [(0, 9)]);
    }
}
