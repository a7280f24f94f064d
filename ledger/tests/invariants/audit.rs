//! An auditor that adds up the records of a journal, with arithmetic of its own.

use std::collections::{BTreeMap, BTreeSet};

use ledger::Record;
use ledger::authorization::{
    AccountMove, AuthorizationDecided, Clearing, Decision, MatchKey, ReversalDecided,
    ReversalResult,
};
use ledger::entities::Account;
use ledger::identifiers::RecordId;
use rules::{AccountId, BalanceImpact, LimitName, Limits, Reason};

/// Moves per limit, in the order of [`LimitName::ALL`].
type Moves = [i64; 6];

/// What an authorization moved and what of it is left.
struct Authorized {
    moved: Moves,
    left: Moves,
    amount_minor: i64,
    remaining_minor: i64,
    refund: bool,
    /// Whether it was cleared with its approval.
    cleared: bool,
    posted_minor: i64,
}

/// The auditor's own books.
#[derive(Default)]
pub(crate) struct Audit {
    accounts: BTreeMap<AccountId, Account>,
    authorized: BTreeMap<RecordId, Authorized>,
    keys: BTreeSet<MatchKey>,
    /// Accounts on which a refund was reversed: they may be below their floors.
    refund_reversed: BTreeSet<AccountId>,
    pub(crate) reversed: usize,
    pub(crate) partly: usize,
}

fn deltas(deltas: &rules::Deltas) -> Moves {
    LimitName::ALL.map(|limit| deltas.get(limit))
}

fn add(left: &mut Moves, right: Moves) {
    for (sum, part) in left.iter_mut().zip(right) {
        *sum += part;
    }
}

/// Adds moves to limits, field by field.
fn apply(limits: &mut Limits, moves: Moves) {
    let [available, installment, cash, savings, additional, held] = moves;
    limits.available_credit_limit += available;
    limits.available_total_installment_credit += installment;
    limits.available_withdrawal_credit += cash;
    limits.available_savings_account_limit += savings;
    limits.additional_funds += additional;
    limits.held_funds += held;
}

/// The share of a move that stays when `part` of `whole` stays, half away from zero.
fn share(moved: i64, part: i64, whole: i64) -> i64 {
    let twice = 2 * i128::from(moved.abs()) * i128::from(part) + i128::from(whole);
    let rounded = i64::try_from(twice / (2 * i128::from(whole))).unwrap();
    rounded * moved.signum()
}

/// Whether every limit stands at or above its floor.
fn above_floors(limits: &Limits) -> bool {
    limits.available_credit_limit
        >= -(limits.available_savings_account_limit + limits.total_overdraft_limit)
        && limits.available_total_installment_credit >= 0
        && limits.available_withdrawal_credit >= 0
        && limits.available_savings_account_limit >= 0
}

impl Audit {
    /// Takes in a record.
    pub(crate) fn record(&mut self, id: RecordId, record: &Record) {
        match record {
            Record::CustomerCreated(_)
            | Record::CardIssued(_)
            | Record::ResponseAcknowledged(_)
            | Record::FileActionDecided(_)
            | Record::HistoryPurged(_) => {}
            Record::HoldDropped(_) | Record::OperationDone(_) | Record::ClearingDecided(_) => {
                unreachable!("{id}: not among the random commands")
            }
            Record::AccountOpened(account) => {
                let opened = Account {
                    reflects: id,
                    ..(**account).clone()
                };
                assert!(
                    self.accounts.insert(account.id, opened).is_none(),
                    "{id} opens it twice"
                );
            }
            Record::AuthorizationDecided(decided) => self.authorization(id, decided),
            Record::ReversalDecided(decided) => self.reversal(id, decided),
            Record::TransactionPosted(posted) => {
                let authorized = self.authorized.get_mut(&posted.authorization).unwrap();
                let sign = if posted.posting.credit == authorized.refund {
                    1
                } else {
                    -1
                };
                authorized.posted_minor += sign * posted.posting.amount_minor;
            }
        }
    }

    /// Checks the chain of the account that a record is about and moves it. None of these operations
    /// moves another account beside it.
    fn on_account(
        &mut self,
        id: RecordId,
        listed: Option<AccountId>,
        moves: &[AccountMove],
        (moved, pending): (Moves, Moves),
    ) {
        let Some(listed) = listed else {
            assert_eq!(moves, [], "{id} moves accounts and is about none");
            return;
        };
        let [only] = moves else {
            panic!("{id} moves {moves:?}")
        };
        assert_eq!(only.account, listed, "{id} moves another account");
        assert_eq!(deltas(&only.deltas), moved, "{id}: deltas");
        assert_eq!(deltas(&only.pending), pending, "{id}: pending");
        let account = self.accounts.get_mut(&listed).unwrap();
        assert_eq!(
            only.previous, account.latest,
            "{id} does not follow the message before it"
        );
        apply(&mut account.limits, moved);
        for (limit, part) in LimitName::ALL.into_iter().zip(pending) {
            let sum = account.pending.get(limit) + part;
            assert!(account.pending.set(limit, sum));
        }
        (account.latest, account.reflects) = (Some(id), id);
    }

    fn authorization(&mut self, id: RecordId, decided: &AuthorizationDecided) {
        if decided.decision != Decision::Declined(Reason::MatchConflict) {
            assert!(
                self.keys.insert(decided.facts.key),
                "{id}: a message had two effects"
            );
        }
        let Some(account) = decided.account else {
            assert!(matches!(decided.decision, Decision::Declined(_)));
            return;
        };
        assert_eq!(
            decided.limits_before,
            Some(self.accounts[&account].limits),
            "{id}"
        );
        let Decision::Approved(approval) = &decided.decision else {
            self.on_account(id, Some(account), &decided.moves, ([0; 6], [0; 6]));
            return;
        };
        let moved = deltas(&approval.moves.deltas(account));
        let cleared = decided.facts.clearing == Clearing::Online;
        let pending = if cleared { [0; 6] } else { moved };
        self.on_account(id, Some(account), &decided.moves, (moved, pending));
        let refund = decided.direction == Some(BalanceImpact::Credit);
        let lowered = moved.iter().any(|part| *part < 0);
        assert!(!lowered || !refund, "{id}: a refund took something");
        assert!(
            !lowered || above_floors(&self.accounts[&account].limits),
            "{id} breaks a floor"
        );
        let authorized = Authorized {
            moved,
            left: moved,
            amount_minor: approval.amount_minor,
            remaining_minor: approval.amount_minor,
            refund,
            cleared,
            posted_minor: 0,
        };
        self.authorized.insert(id, authorized);
    }

    fn reversal(&mut self, id: RecordId, decided: &ReversalDecided) {
        let account = decided.account;
        let changed = decided.change.as_ref().zip(account);
        let moved = changed.map_or([0; 6], |(change, account)| {
            deltas(&change.moves().unwrap().deltas(account))
        });
        if decided.result != ReversalResult::MatchConflict {
            assert!(
                self.keys.insert(decided.facts.key),
                "{id}: a reversal had two effects"
            );
        }
        let original = decided
            .original
            .and_then(|original| self.authorized.get_mut(&original));
        let cleared = original.as_ref().is_some_and(|original| original.cleared);
        if decided.result == ReversalResult::Reversed {
            let original = original.unwrap();
            // What is left is measured in DE4's currency; of what was billed it may be the same cents.
            let change = decided.change.as_ref().unwrap();
            assert!(
                change
                    .parts
                    .iter()
                    .all(|part| part.after_minor < part.before_minor),
                "{id} undid nothing"
            );
            assert!(decided.remaining_minor <= original.remaining_minor, "{id}");
            original.remaining_minor = decided.remaining_minor;
            add(&mut original.left, moved);
            let expected = original
                .moved
                .map(|part| share(part, decided.remaining_minor, original.amount_minor));
            assert_eq!(
                original.left, expected,
                "{id}: what is left is not the share that stays"
            );
            if decided.remaining_minor == 0 {
                assert_eq!(original.left, [0; 6], "{id} did not restore exactly");
                self.reversed += 1;
            } else {
                self.partly += 1;
            }
            if original.refund {
                self.refund_reversed.insert(account.unwrap());
            }
        } else {
            assert_eq!(moved, [0; 6], "{id} has no effect and moves");
            let remaining = original.map_or(0, |original| original.remaining_minor);
            assert_eq!(decided.remaining_minor, remaining, "{id}");
        }
        let pending = if cleared { [0; 6] } else { moved };
        self.on_account(id, account, &decided.moves, (moved, pending));
    }

    /// Compares the books of an account with the sum of its records.
    pub(crate) fn compare(&self, account: &Account) {
        let expected = self.accounts.get(&account.id).cloned();
        assert_eq!(Some(account), expected.map(Account::for_deciding).as_ref());
        if !self.refund_reversed.contains(&account.id) {
            assert!(
                above_floors(&account.limits),
                "account {} is below a floor",
                account.id
            );
        }
    }

    /// Compares what was posted with what stays authorized: nothing for what is cleared later, the
    /// amount that remains for what was cleared at once.
    pub(crate) fn compare_postings(&self, records: &[(RecordId, Record)]) {
        for (id, record) in records {
            let Record::AuthorizationDecided(decided) = record else {
                continue;
            };
            let Some(authorized) = self.authorized.get(id) else {
                continue;
            };
            let expected = match decided.facts.clearing {
                Clearing::Online => authorized.remaining_minor,
                Clearing::Offline => 0,
            };
            assert_eq!(authorized.posted_minor, expected, "{id}: postings");
        }
    }

    /// How many accounts there are.
    pub(crate) fn accounts(&self) -> usize {
        self.accounts.len()
    }
}
