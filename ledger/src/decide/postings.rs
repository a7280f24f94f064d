//! The transactions that a code posts of the amounts of an operation.
//!
//! Owns: which amount goes to which transaction type, and the instalments of a plan with the days on which they are
//! due. What is posted under a key of its own is taken out of the amount that contains it, so that what a code posts
//! adds up to the contract amount where it posts the principal and the fees, and never to more. Must never: move
//! anything.

use rules::{AccountId, AmountKey, CustomKey, ProcessingCode, TransactionTypeLink};

use super::amounts::{Amounts, one_of};
use crate::authorization::{Installment, PlannedPosting, Posting, PostingDetail};
use crate::identifiers::Timestamp;

/// The transactions that links post of these amounts, on an account and under a code.
pub(super) fn postings(
    links: &[TransactionTypeLink],
    (account, processing_code): (AccountId, ProcessingCode),
    amounts: Amounts<'_>,
    now: Timestamp,
) -> Vec<PlannedPosting> {
    let mut planned = Vec::with_capacity(links.len());
    for link in links {
        let of_link = match link.key {
            AmountKey::Principal | AmountKey::Contract => {
                vec![(whole(links, link.key, amounts), None)]
            }
            AmountKey::Installment => plan(whole(links, link.key, amounts), amounts, now),
            AmountKey::Other => {
                let key = link.custom_key.iter();
                key.map(|key| {
                    let detail = PostingDetail::Custom(key.clone());
                    (of_its_own(key, amounts), Some(detail))
                })
                .collect()
            }
        };
        // What is nothing is not posted, such as an instalment of less than a minor unit.
        let of_link = of_link.into_iter().filter(|(minor, _)| *minor != 0);
        planned.extend(of_link.map(|(amount_minor, detail)| PlannedPosting {
            account,
            processing_code,
            posting: Posting {
                transaction_type_id: link.transaction_type_id,
                credit: link.credit,
                amount_minor,
                key: Some(link.key),
                detail: detail.map(Box::new),
            },
        }));
    }
    planned
}

/// Puts what undoes transactions in their order, whatever the order of the links: a share of several amounts is rounded
/// in that order, so that each is undone by as much as was posted of it.
pub(super) fn in_order_of(posted: &[PlannedPosting], undoing: &mut [PlannedPosting]) {
    let of = |planned: &PlannedPosting| {
        let place = planned.posting.installment();
        let place = place.map(|installment| installment.number);
        (planned.posting.key, place)
    };
    let same = |one: &PlannedPosting, other: &PlannedPosting| {
        of(one) == of(other) && one.posting.custom_key() == other.posting.custom_key()
    };
    let place = |planned: &PlannedPosting| {
        let place = posted.iter().position(|posted| same(posted, planned));
        place.unwrap_or(posted.len())
    };
    undoing.sort_by_key(place);
}

/// What is posted of a custom amount by itself. One in the account's favour is none: it makes less of the principal.
fn of_its_own(key: &CustomKey, amounts: Amounts<'_>) -> i64 {
    amounts.custom_minor(key).max(0)
}

/// The principal or the contract amount without what other links post of it.
fn whole(links: &[TransactionTypeLink], key: AmountKey, amounts: Amounts<'_>) -> i64 {
    let contains_all = key == AmountKey::Contract;
    let whole_minor = if contains_all {
        amounts.contract_minor
    } else {
        amounts.principal_minor
    };
    let taken_out = links.iter().filter_map(|link| {
        let key = link.custom_key.as_ref()?;
        let own_minor = of_its_own(key, amounts);
        if contains_all || key.is_within_principal() {
            return Some(own_minor);
        }
        // A fee in the account's favour.
        Some(amounts.custom_minor(key).min(0).saturating_neg())
    });
    taken_out.fold(whole_minor, i64::saturating_sub)
}

/// The instalments of an amount: each rounded down, the first takes the rest.
fn plan(minor: i64, amounts: Amounts<'_>, now: Timestamp) -> Vec<(i64, Option<PostingDetail>)> {
    let of = amounts.installments;
    let each = one_of(minor, of);
    let others = each.saturating_mul(i64::from(of.saturating_sub(1)));
    let first = minor.saturating_sub(others);
    let installment = |number: u8| {
        let installment = Installment {
            number,
            of,
            due: now.date_after_months(number.saturating_sub(1)),
        };
        let amount_minor = if number == 1 { first } else { each };
        // What is paid at once is no instalment.
        let detail = (of > 1).then_some(PostingDetail::Installment(installment));
        (amount_minor, detail)
    };
    (1..=of).map(installment).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::clearing_shares::scaled;
    use super::*;
    use crate::authorization::{AuthorizationStatus, MessageKey, Moves, Part, Standing};
    use crate::identifiers::RecordId;

    /// 2026-01-31 23:59:59 UTC.
    const NOW: Timestamp = Timestamp(1_769_903_999_000_000);

    fn link(key: AmountKey, custom_key: Option<&str>) -> TransactionTypeLink {
        TransactionTypeLink {
            transaction_type_id: 1,
            description: "Purchase".to_owned(),
            credit: false,
            key,
            custom_key: custom_key.map(|key| key.parse().unwrap()),
        }
    }

    /// What links post: key, amount, the place in a plan.
    fn posted(
        links: &[TransactionTypeLink],
        amounts: Amounts<'_>,
    ) -> Vec<(AmountKey, i64, String)> {
        let own = (AccountId(1), "00".parse().unwrap());
        let shown = |planned: PlannedPosting| {
            let posting = planned.posting;
            let place = posting.installment();
            let custom = posting.custom_key().map(ToString::to_string);
            let place = place.map(|installment| installment.to_string());
            let detail = custom.or(place).unwrap_or_default();
            (posting.key.unwrap(), posting.amount_minor, detail)
        };
        let planned = postings(links, own, amounts, NOW);
        planned.into_iter().map(shown).collect()
    }

    #[test]
    fn instalments_round_down_and_the_first_takes_the_rest() {
        let plan = [
            (10_000, 1, vec![10_000]),
            (10_000, 3, vec![3_334, 3_333, 3_333]),
            (9_999, 3, vec![3_333, 3_333, 3_333]),
            (10_005, 4, vec![2_502, 2_501, 2_501, 2_501]),
            (2, 3, vec![2]),
        ];
        for (principal_minor, installments, plan) in plan {
            let amounts = Amounts::in_installments(principal_minor, installments);
            let of_key = |key| {
                let posted = posted(&[link(key, None)], amounts);
                posted
                    .iter()
                    .map(|(_, minor, _)| *minor)
                    .collect::<Vec<_>>()
            };
            assert_eq!(of_key(AmountKey::Installment), plan);
            for key in [AmountKey::Principal, AmountKey::Contract] {
                assert_eq!(of_key(key), [principal_minor]);
            }
        }
    }

    #[test]
    fn instalments_are_due_month_by_month() {
        let amounts = Amounts::in_installments(10_000, 3);
        let links = [link(AmountKey::Installment, None)];
        let found: Vec<String> = posted(&links, amounts)
            .into_iter()
            .map(|(_, _, detail)| detail)
            .collect();
        assert_eq!(
            found,
            [
                "instalment 1 of 3, due 2026-01-31",
                "instalment 2 of 3, due 2026-02-28",
                "instalment 3 of 3, due 2026-03-31",
            ]
        );
        let at_once = posted(&links, Amounts::plain(10_000));
        let expected = (AmountKey::Installment, 10_000, String::new());
        assert_eq!(at_once, [expected]);
    }

    #[test]
    fn what_a_code_posts_adds_up_whatever_it_takes_out() {
        use AmountKey::{Contract, Installment, Other, Principal};
        const FEE: Option<&str> = Some(CustomKey::TRANSACTION_FEE);
        const CASH: Option<&str> = Some(CustomKey::CASHBACK);
        // A principal of 10000 of which 4000 are cash, and a fee.
        for (links, fee, expected) in [
            (vec![(Principal, None)], 250, vec![10_000]),
            (vec![(Contract, None)], 250, vec![10_250]),
            (
                vec![(Principal, None), (Other, FEE)],
                250,
                vec![10_000, 250],
            ),
            (vec![(Contract, None), (Other, FEE)], 250, vec![10_000, 250]),
            (vec![(Other, FEE), (Contract, None)], 250, vec![250, 10_000]),
            (
                vec![(Principal, None), (Other, CASH)],
                250,
                vec![6_000, 4_000],
            ),
            (
                vec![(Principal, None), (Other, CASH), (Other, FEE)],
                250,
                vec![6_000, 4_000, 250],
            ),
            (
                vec![(Contract, None), (Other, CASH), (Other, FEE)],
                250,
                vec![6_000, 4_000, 250],
            ),
            (
                vec![(Installment, None), (Other, FEE)],
                250,
                vec![10_000, 250],
            ),
            // A fee in the account's favour makes less of the principal.
            (vec![(Principal, None), (Other, FEE)], -250, vec![9_750]),
            (vec![(Contract, None), (Other, FEE)], -250, vec![9_750]),
            (vec![(Principal, None)], -250, vec![10_000]),
            // Nothing is not posted.
            (vec![(Principal, None), (Other, FEE)], 0, vec![10_000]),
            (
                vec![(Principal, None), (Other, Some("tax"))],
                250,
                vec![10_000],
            ),
        ] {
            let amounts = Amounts::with_fee_and_cash(10_000, fee, 4_000);
            let links: Vec<_> = links.iter().map(|(key, own)| link(*key, *own)).collect();
            let found = posted(&links, amounts);
            let found: Vec<i64> = found.iter().map(|(_, minor, _)| *minor).collect();
            assert_eq!(found, expected, "{links:?}, fee {fee}");
        }
    }

    proptest::proptest! {
        /// Whatever a code posts beside it: with the principal and the fee, it posts the contract amount; with the
        /// contract amount as well; and without the fee, the principal.
        #[test]
        fn principal_and_fee_are_the_contract_amount(
            (principal, fee) in (1_i64..1_000_000_000_000).prop_flat_map(|principal| {
                (Just(principal), -(principal - 1)..1_000_000_000)
            }),
            cash_percent in 0_i64..=100,
            installments in 1_u8..=100,
            whole in select(&[AmountKey::Principal, AmountKey::Installment, AmountKey::Contract][..]),
            with_fee: bool,
            with_cash: bool,
        ) {
            let cash = principal * cash_percent / 100;
            let mut amounts = Amounts::with_fee_and_cash(principal, fee, cash);
            amounts.installments = installments;
            let mut links = vec![link(whole, None)];
            links.extend(with_fee.then(|| link(AmountKey::Other, Some(CustomKey::TRANSACTION_FEE))));
            links.extend(with_cash.then(|| link(AmountKey::Other, Some(CustomKey::CASHBACK))));
            let sum: i64 = posted(&links, amounts).iter().map(|(_, minor, _)| *minor).sum();
            let contract = with_fee || whole == AmountKey::Contract;
            proptest::prop_assert_eq!(sum, if contract { principal + fee } else { principal });
        }
    }

    /// Posted and undone by amount: key, custom key, place in a plan.
    type Sums = std::collections::BTreeMap<String, i64>;

    fn add_up(sums: &mut Sums, planned: &[PlannedPosting], sign: i64) {
        for PlannedPosting { posting, .. } in planned {
            let place = posting.installment().map(|installment| installment.number);
            let name = format!("{:?} {:?} {place:?}", posting.key, posting.custom_key());
            *sums.entry(name).or_default() += sign * posting.amount_minor;
        }
        sums.retain(|_, sum| *sum != 0);
    }

    /// A standing that posts these amounts when it is cleared, and what undoes them in another order of links.
    fn held(links: &[TransactionTypeLink], amounts: Amounts<'_>, turned: usize) -> Standing {
        let own = (AccountId(1), "00".parse().unwrap());
        let mut reversal: Vec<_> = links
            .iter()
            .map(|link| TransactionTypeLink {
                credit: true,
                ..link.clone()
            })
            .collect();
        reversal.rotate_left(turned % links.len());
        let posted = postings(links, own, amounts, NOW);
        let mut undoing = postings(&reversal, own, amounts, NOW);
        in_order_of(&posted, &mut undoing);
        let part = Part {
            record: RecordId::default(),
            base: Moves::default(),
            confirmation: Moves::default(),
            held: Moves::default(),
            amount_minor: amounts.contract_minor,
            transaction_minor: amounts.transaction_minor,
            remaining_minor: amounts.transaction_minor,
            postings: posted,
            compensations: undoing,
            reservations: Vec::new(),
            reset_limit: None,
        };
        Standing {
            account: own.0,
            processing_code: own.1,
            status: AuthorizationStatus::Pending,
            parts: smallvec::smallvec![part],
            expires: None,
            reflects: RecordId::default(),
        }
    }

    proptest::proptest! {
        /// Cleared, reduced, raised, reversed, restored, in any order: what is posted less what undoes it is, of each
        /// amount, what would be posted at once of what is left. What a clearing takes and undoes is the same of each.
        #[test]
        fn each_amount_is_undone_by_what_was_posted_of_it(
            (principal, fee) in (1_i64..1_000_000, 0_i64..5_000),
            cash_percent in 0_i64..=100,
            installments in 1_u8..=7,
            whole in select(&[AmountKey::Principal, AmountKey::Installment, AmountKey::Contract][..]),
            turned in 0_usize..3,
            steps in proptest::collection::vec((0_i64..=100, 0_u8..5), 1..8),
        ) {
            let cash = principal * cash_percent / 100;
            let mut amounts = Amounts::with_fee_and_cash(principal, fee, cash);
            amounts.installments = installments;
            let links = [
                link(whole, None),
                link(AmountKey::Other, Some(CustomKey::TRANSACTION_FEE)),
                link(AmountKey::Other, Some(CustomKey::CASHBACK)),
            ];
            let mut standing = held(&links, amounts, turned);
            let of_minor = amounts.transaction_minor;
            let mut sums = Sums::new();
            for (number, (percent, kind)) in (1_u32..).zip(steps) {
                let left_minor = of_minor * percent / 100;
                let (left_minor, status) = match kind {
                    0 => (0, AuthorizationStatus::Canceled),
                    1 if standing.status == AuthorizationStatus::Pending => {
                        (left_minor, AuthorizationStatus::Pending)
                    }
                    _ => (left_minor, AuthorizationStatus::Processed),
                };
                let id = RecordId { index: number, ..RecordId::default() };
                let name = (MessageKey::Operator("any".parse().unwrap()), RecordId::default());
                let change = standing.change(name, &[left_minor], status).unwrap();
                for planned in standing.postings(&change) {
                    let sign = if planned.posting.credit { -1 } else { 1 };
                    add_up(&mut sums, &[planned], sign);
                }
                proptest::prop_assert!(standing.take(id, &change));
                let part = &standing.parts[0];
                let cleared = match status {
                    AuthorizationStatus::Processed => (left_minor, of_minor),
                    _ => (0, of_minor),
                };
                let mut expected = Sums::new();
                add_up(&mut expected, &scaled(&part.postings, cleared).unwrap(), 1);
                proptest::prop_assert_eq!(&sums, &expected);
                add_up(&mut expected, &scaled(&part.compensations, cleared).unwrap(), -1);
                proptest::prop_assert_eq!(expected, Sums::new());
            }
        }
    }
}
