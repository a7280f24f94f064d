//! Whether balances that were read can still be reached.
//!
//! Owns: what each message can move the balances by, whatever the order, and the question whether some
//! choice of messages adds up to a difference. It only ever rules out: what it cannot tell in a few steps
//! counts as reachable. Must never: rule out what an account could do.

use std::collections::BTreeMap;

use super::{Answer, Kind, MessageId, Operation, Request};

/// Available and ledger balance, or a difference of both, minor units.
pub(super) type Balances = (i64, i64);

/// Beyond so many choices nothing is ruled out: with that many, nearly any difference can be made up.
const MOST_CHOICES: usize = 1 << 18;

/// The differences that each message of a history can make.
#[derive(Debug, Default)]
pub(super) struct Moves(BTreeMap<MessageId, Vec<Balances>>);

impl Moves {
    pub(super) fn of(operations: &[Operation]) -> Self {
        let mut moves: BTreeMap<MessageId, Vec<Balances>> = BTreeMap::new();
        let moving = operations
            .iter()
            .filter(|operation| matches!(operation.returned, None | Some((_, Answer::Approved))));
        for operation in moving {
            let of_message = moves.entry(operation.message).or_default();
            match operation.request {
                Request::Authorization { amount_minor, .. } => {
                    of_message.extend(moved(&operation.request, amount_minor));
                }
                Request::Inquiry => {}
                Request::Reversal {
                    original,
                    replacement_minor,
                    ..
                } => of_message.extend(undone(operations, original, replacement_minor)),
            }
        }
        for of_message in moves.values_mut() {
            of_message.sort_unstable();
            of_message.dedup();
        }
        Self(moves)
    }

    /// The differences that a message can make, other than none.
    pub(super) fn by(&self, message: MessageId) -> &[Balances] {
        self.0.get(&message).map_or(&[], Vec::as_slice)
    }
}

/// What an authorization moves when it moves so much.
fn moved(request: &Request, amount_minor: i64) -> Option<Balances> {
    let Request::Authorization { kind, cleared, .. } = *request else {
        return None;
    };
    let delta_minor = match kind {
        Kind::Purchase | Kind::Cash | Kind::Cashback { .. } => -amount_minor,
        Kind::Refund => amount_minor,
    };
    Some((delta_minor, if cleared { delta_minor } else { 0 }))
}

/// What a reversal can move: what had remained, whichever reversals came before, less what remains.
fn undone(
    operations: &[Operation],
    original: MessageId,
    replacement_minor: Option<i64>,
) -> Vec<Balances> {
    let remains_minor = replacement_minor.unwrap_or(0);
    let mut moves = Vec::new();
    for reversed in operations
        .iter()
        .filter(|operation| operation.message == original)
    {
        let Request::Authorization { amount_minor, .. } = reversed.request else {
            continue;
        };
        let replacements = operations
            .iter()
            .filter_map(|operation| match operation.request {
                Request::Reversal {
                    original: other,
                    replacement_minor,
                    ..
                } if other == original => replacement_minor,
                _ => None,
            });
        let remained = replacements.chain([amount_minor]);
        let undone = remained
            .map(|remained| remained - remains_minor)
            .filter(|undone| *undone > 0);
        moves.extend(undone.filter_map(|undone| moved(&reversed.request, -undone)));
    }
    moves
}

/// One message of a choice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// The differences that it can make.
    pub(super) moves: &'a [Balances],
    /// Whether it may as well make none.
    pub(super) optional: bool,
}

impl Part<'_> {
    fn choices(&self) -> usize {
        self.moves.len() + usize::from(self.optional)
    }
}

/// Whether one choice of each part adds up to a difference, or might.
pub(super) fn may_add_up(parts: &[Part<'_>], difference: Balances) -> bool {
    let mut choices = 1_usize;
    for part in parts {
        choices = choices.saturating_mul(part.choices());
        if choices > MOST_CHOICES {
            return true;
        }
    }
    // The sums of one half, and for each of the other half what is missing.
    let (mut first, mut second) = (vec![(0, 0)], vec![(0, 0)]);
    for part in parts {
        let half = if first.len() <= second.len() {
            &mut first
        } else {
            &mut second
        };
        let none = part.optional.then_some((0, 0));
        let moves = part.moves.iter().copied().chain(none);
        let added = moves.flat_map(|(available, ledger)| {
            half.iter()
                .map(move |sum: &Balances| (sum.0 + available, sum.1 + ledger))
        });
        *half = added.collect();
    }
    first.sort_unstable();
    second.iter().any(|sum| {
        let missing = (difference.0 - sum.0, difference.1 - sum.1);
        first.binary_search(&missing).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_made_of_one_choice_of_each_part() {
        let parts = [
            Part {
                moves: &[(-5, 0), (-3, 0)],
                optional: true,
            },
            Part {
                moves: &[(7, 7)],
                optional: false,
            },
            Part {
                moves: &[(-1, -1)],
                optional: true,
            },
        ];
        for (difference, reached) in [
            ((7, 7), true),
            ((2, 7), true),
            ((1, 6), true),
            ((3, 6), true),
            ((0, 0), false),
            ((-1, 7), false),
            ((6, 7), false),
        ] {
            assert_eq!(may_add_up(&parts, difference), reached, "{difference:?}");
        }
        assert!(!may_add_up(&[], (1, 0)) && may_add_up(&[], (0, 0)));
    }

    #[test]
    fn with_too_many_choices_nothing_is_ruled_out() {
        let part = Part {
            moves: &[(2, 0)],
            optional: true,
        };
        assert!(!may_add_up(&[part; 10], (1, 0)));
        assert!(may_add_up(&[part; 30], (1, 0)));
    }
}
