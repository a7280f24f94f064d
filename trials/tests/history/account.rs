//! The naive account, in tables: message, request, answer, available limit after, cash limit after.

use trials::history::Kind::{Cash, Purchase, Refund};
use trials::history::{Account, Answer, Decline, Kind, Limits, MessageId, Request};

fn ask(kind: Kind, amount_minor: i64) -> Request {
    Request::Authorization {
        kind,
        amount_minor,
        cleared: false,
    }
}

fn undo(original: u32, claimed_minor: i64, remains: Option<i64>, advice: bool) -> Request {
    Request::Reversal {
        original: MessageId(original),
        claimed_minor,
        replacement_minor: remains,
        advice,
    }
}

/// Message, request, answer, available limit after, cash limit after.
type Row = (u32, Request, Answer, i64, i64);

fn hold(rows: &[Row]) {
    let mut account = Account::new(Limits {
        available_minor: 100,
        floor_minor: -20,
        cash_minor: 30,
        ledger_minor: 100,
    });
    for (place, (message, request, answer, available, cash)) in rows.iter().enumerate() {
        assert_eq!(
            account.take(MessageId(*message), request),
            *answer,
            "row {place}"
        );
        let limits = account.limits();
        let after = (limits.available_minor, limits.cash_minor);
        assert_eq!(after, (*available, *cash), "row {place}");
    }
}

const APPROVED: Answer = Answer::Approved;
fn no(decline: Decline) -> Answer {
    Answer::Declined(decline)
}

#[test]
fn debits_stop_at_the_floor_and_at_the_cash_limit() {
    hold(&[
        (
            1,
            ask(Purchase, 121),
            no(Decline::InsufficientFunds),
            100,
            30,
        ),
        (2, ask(Cash, 31), no(Decline::CashLimit), 100, 30),
        (3, ask(Cash, 10), APPROVED, 90, 20),
        (4, ask(Purchase, 110), APPROVED, -20, 20),
        (5, ask(Cash, 1), no(Decline::InsufficientFunds), -20, 20),
        (6, ask(Refund, 5), APPROVED, -15, 20),
    ]);
}

#[test]
fn cash_that_goes_with_a_purchase_takes_its_share_of_the_cash_limit() {
    let with_cash = |amount_minor, cash_minor| ask(Kind::Cashback { cash_minor }, amount_minor);
    hold(&[
        (
            1,
            with_cash(160, 30),
            no(Decline::InsufficientFunds),
            100,
            30,
        ),
        (2, with_cash(130, 30), no(Decline::Cashback), 100, 30),
        (3, with_cash(60, 31), no(Decline::Cashback), 100, 30),
        (4, with_cash(90, 15), APPROVED, 10, 15),
        // Of 15 on 90, 7.5 go with 45: half a minor unit counts as one.
        (5, undo(4, 90, Some(45), false), APPROVED, 55, 22),
        (6, undo(4, 90, None, false), APPROVED, 100, 30),
    ]);
}

#[test]
fn a_message_counts_once_and_another_under_its_name_is_a_conflict() {
    hold(&[
        (1, ask(Purchase, 60), APPROVED, 40, 30),
        (1, ask(Purchase, 60), APPROVED, 40, 30),
        (1, ask(Purchase, 61), no(Decline::Conflict), 40, 30),
        (2, ask(Purchase, 61), no(Decline::InsufficientFunds), 40, 30),
        (3, ask(Refund, 50), APPROVED, 90, 30),
        (2, ask(Purchase, 61), no(Decline::InsufficientFunds), 90, 30),
    ]);
}

#[test]
fn reversals_undo_once_in_parts_and_by_the_amounts_of_the_original() {
    hold(&[
        (1, ask(Cash, 30), APPROVED, 70, 0),
        (
            2,
            undo(1, 29, None, false),
            no(Decline::AmountMismatch),
            70,
            0,
        ),
        (
            3,
            undo(1, 30, Some(31), false),
            no(Decline::AmountMismatch),
            70,
            0,
        ),
        (4, undo(1, 30, Some(31), true), APPROVED, 70, 0),
        (5, undo(1, 30, Some(10), false), APPROVED, 90, 20),
        (6, undo(1, 30, Some(20), false), APPROVED, 90, 20),
        (7, undo(1, 30, None, true), APPROVED, 100, 30),
        (8, undo(1, 30, None, false), APPROVED, 100, 30),
        (9, ask(Refund, 40), APPROVED, 140, 30),
        (10, undo(9, 39, None, true), APPROVED, 100, 30),
    ]);
}

#[test]
fn a_reversal_that_comes_first_wins() {
    hold(&[
        (
            2,
            undo(1, 30, None, false),
            no(Decline::UnknownOriginal),
            100,
            30,
        ),
        (3, undo(1, 30, None, true), APPROVED, 100, 30),
        (
            1,
            ask(Purchase, 30),
            no(Decline::ReversedBeforeArrival),
            100,
            30,
        ),
        (
            1,
            ask(Purchase, 30),
            no(Decline::ReversedBeforeArrival),
            100,
            30,
        ),
        (4, undo(1, 30, None, false), APPROVED, 100, 30),
        (
            2,
            undo(1, 30, None, false),
            no(Decline::UnknownOriginal),
            100,
            30,
        ),
    ]);
}

#[test]
fn an_inquiry_shows_what_can_be_spent_and_what_is_posted() {
    let posted = Request::Authorization {
        kind: Purchase,
        amount_minor: 7,
        cleared: true,
    };
    let balances = |ledger_minor, available_minor| Answer::Balances {
        ledger_minor,
        available_minor,
    };
    hold(&[
        (1, ask(Purchase, 50), APPROVED, 50, 30),
        (2, Request::Inquiry, balances(100, 70), 50, 30),
        (3, posted, APPROVED, 43, 30),
        (2, Request::Inquiry, balances(100, 70), 43, 30),
        (4, Request::Inquiry, balances(93, 63), 43, 30),
        (5, undo(3, 7, None, false), APPROVED, 50, 30),
        (6, Request::Inquiry, balances(100, 70), 50, 30),
    ]);
}
