//! Daily totals through real sockets: what was answered is what the network may claim, after a crash too.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use codec::Message;
use harness::{Client, Fields, World, text};
use serde_json::json;

const PAN: &str = "4000001200000016";

fn single(amount_minor: i64) -> Fields {
    Fields::purchase(PAN, amount_minor).as_mti("0200")
}

fn good(link: &mut Client, message: &Fields) {
    assert_eq!(link.response_code(message), "00");
}

/// The reversal of a message; with an amount, what of it remains.
fn reversal(of: &Fields, mti: &str, remains_minor: Option<i64>) -> Fields {
    let (stan, transmission) = of.key();
    let original = format!("{mti}{stan}{transmission}{:011}{:011}", 200_003, 0);
    let reversal = Fields::purchase(PAN, 0)
        .with(3, of.get(3).unwrap())
        .with(4, of.get(4).unwrap())
        .with(90, &original);
    let reversal = reversal.as_mti("0400");
    match remains_minor {
        Some(minor) => reversal.with(95, &format!("{minor:012}{:012}C{:08}C{:08}", 0, 0, 0)),
        None => reversal,
    }
}

/// Debits of 70.00, 20.00, 15.00 and 6.00: one undone, of another 5.00 left, and the last undone in two steps; a credit of 8.00; an authorization that is undone, a
/// decline, an inquiry and a repeat.
fn traffic(link: &mut Client) {
    let (first, second, third) = (single(7_000), single(2_000), single(1_500));
    for message in [&first, &second, &third, &first.as_mti("0201")] {
        good(link, message);
    }
    good(link, &reversal(&second, "0200", None));
    good(link, &reversal(&third, "0200", Some(500)));
    // The rest of a purchase that is undone in two steps, under the amount of the whole.
    let in_steps = single(600);
    good(link, &in_steps);
    good(link, &reversal(&in_steps, "0200", Some(200)));
    good(link, &reversal(&in_steps, "0200", None));
    good(link, &single(800).with(3, "200030"));
    let dual = Fields::purchase(PAN, 900);
    good(link, &dual);
    good(link, &reversal(&dual, "0100", None));
    assert_eq!(link.response_code(&single(99_999_999)), "51");
    good(link, &Fields::purchase(PAN, 0).with(3, "313000").without(4));
}

/// What a network that has seen [`traffic`] claims.
fn claim(mti: &str) -> Fields {
    Fields::new(mti)
        .with(50, "840")
        .with(74, "0000000001")
        .with(75, "0000000000")
        .with(76, "0000000004")
        .with(77, "0000000004")
        .with(80, "0000000001")
        .with(81, "0000000001")
        .with(86, "0000000000000800")
        .with(87, "0000000000000000")
        .with(88, "0000000000011100")
        .with(89, "0000000000003600")
        .with(97, "D0000000000006700")
}

/// What a network claims of fees in a currency, and of [`transfers`].
fn claim_of_fees(currency: &str, fees: [(u8, i64); 4]) -> Fields {
    let transfers = Fields::new("0500")
        .with(50, currency)
        .with(78, "0000000003")
        .with(79, "0000000001");
    fees.into_iter().fold(transfers, |claim, (element, fee)| {
        claim.with(element, &format!("{fee:012}"))
    })
}

/// Three transfers with fees. One is undone, and one of which the reversal is undone as well.
fn transfers(link: &mut Client) {
    let [undone, restored, kept] = [3_000, 3_100, 3_200].map(|minor| {
        let transfer = single(minor).with(3, "403000");
        transfer.with(28, "D00000005")
    });
    for transfer in [&undone, &restored, &kept] {
        good(link, transfer);
    }
    good(link, &reversal(&undone, "0200", None));
    let taken_back = reversal(&restored, "0200", None);
    good(link, &taken_back);
    good(link, &reversal(&taken_back, "0400", None));
}

/// Fees of debits and of a credit, in the currency of the messages and in that of a settlement.
fn fees(link: &mut Client) {
    let purchase = single(1_000).with(28, "D00000070").with(30, "D00000003");
    good(link, &purchase);
    // A repeat says them again, and a reversal keeps them.
    good(link, &purchase.as_mti("0201"));
    good(link, &reversal(&purchase, "0200", None));
    let given = single(1_000).with(28, "C00000011").with(30, "C00000002");
    good(link, &given);
    good(link, &single(500).with(3, "200030").with(28, "C00000020"));
    // 100.00 of 150.00 are approved, and so much of the fee.
    let prepaid = Fields::purchase("4000001200000081", 15_000).as_mti("0200");
    let part = prepaid
        .with(3, "000000")
        .with(60, "1")
        .with(28, "D00000030");
    assert_eq!(link.response_code(&part), "10");
    // Declined, and dual: nothing.
    let declined = single(99_999_999).with(28, "D00009999");
    assert_eq!(link.response_code(&declined), "51");
    let dual = Fields::purchase(PAN, 900).with(28, "D00000001");
    good(link, &dual);
    // Its completion is financial.
    let (stan, transmission) = dual.key();
    let of_dual = format!("0100{stan}{transmission}{:011}{:011}", 200_003, 0);
    let completion = single(900).as_mti("0220").with(90, &of_dual);
    good(link, &completion.with(28, "D00000006"));
    // A settlement in another currency has its own fees; in the same currency they are those of the message.
    let settled = |fee: &str, currency: &str| {
        let message = single(100).with(28, "D00000030");
        message.with(29, fee).with(50, currency)
    };
    good(link, &settled("D00000027", "978").with(31, "C00000004"));
    good(link, &settled("D00000030", "840"));
}

#[test]
fn transfers_and_fees_are_counted_as_messages_say_them() {
    let world = World::new();
    world.edit("networks/generic.toml", |network| {
        // A transfer takes what a purchase takes.
        let codes = [("00", "00"), ("20", "20"), ("40", "00")];
        let codes = codes.map(|(code, operation)| (code.to_owned(), operation.into()));
        let codes = toml::Table::from_iter(codes);
        network.insert("processing_codes".to_owned(), codes.into());
    });
    let running = world.start();
    let mut link = running.connect();
    transfers(&mut link);
    fees(&mut link);
    for (currency, fees) in [
        ("840", [(82, 2), (83, 31), (84, 3), (85, 171)]),
        ("978", [(82, 4), (83, 0), (84, 0), (85, 27)]),
    ] {
        let answer = link.ask(&claim_of_fees(currency, fees));
        let complaints = &running.json("/v1/links")[0]["complaints"];
        assert_eq!(text(&answer, 66), Some("1"), "{complaints}");
    }
    let totals = running.json("/v1/totals");
    let day = &totals["days"][0];
    assert_eq!(day["transfers"], 3);
    assert_eq!(day["transfer_reversals"], 1);
    let fees = json!({ "processing_minor": 3, "transaction_minor": 171 });
    assert_eq!(day["sums"][0]["debit_fees"], fees);
    running.stop();
}

fn elements<const N: usize>(answer: &Message, numbers: [u8; N]) -> [Option<String>; N] {
    numbers.map(|number| text(answer, number).map(str::to_owned))
}

#[test]
fn totals_are_in_balance_with_what_was_answered_and_outlive_a_crash() {
    let world = World::new();
    let mut running = world.start();
    let mut link = running.connect();
    good(
        &mut link,
        &Fields::new("0800").with(70, "201").with(15, "1121"),
    );
    traffic(&mut link);
    let answer = link.ask(&claim("0500"));
    assert_eq!(answer.mti().to_string(), "0510");
    let said = elements(&answer, [39, 66, 15, 76, 88, 97]);
    let said = said.map(Option::unwrap);
    assert_eq!(
        said,
        [
            "00",
            "1",
            "1121",
            "0000000004",
            "0000000000011100",
            "D0000000000006700"
        ]
    );
    running.kill();
    drop(running);
    let running = world.start();
    let mut link = running.connect();
    let answer = link.ask(&claim("0520"));
    assert_eq!(answer.mti().to_string(), "0530");
    assert_eq!(text(&answer, 66), Some("1"));
    // One more debit than the network knows of.
    good(&mut link, &single(100));
    let answer = link.ask(&claim("0500"));
    assert_eq!(
        (text(&answer, 39), text(&answer, 66)),
        (Some("00"), Some("2"))
    );
    assert_eq!(text(&answer, 76), Some("0000000005"));
    let links = running.json("/v1/links");
    let complaint = links[0]["complaints"][0]["text"].as_str().unwrap();
    assert_eq!(
        complaint,
        "totals of 1121 out of balance: DE76 4 there, 5 here; DE88 11100 there, 11200 here; \
         DE97 -6700 there, -6800 here"
    );
    running.stop();
}

/// What is answered to a claim: DE66, 15 and 76.
fn compared(link: &mut Client, claim: &Fields) -> [String; 3] {
    let said = elements(&link.ask(claim), [66, 15, 76]);
    said.map(Option::unwrap)
}

#[test]
fn each_business_day_has_totals_of_its_own_and_differences_are_told() {
    let world = World::new();
    let running = world.start();
    let mut link = running.connect();
    let cut_over = |date: &str| Fields::new("0800").with(70, "201").with(15, date);
    let debits = |count: &str| Fields::new("0500").with(76, count);
    good(&mut link, &cut_over("1121"));
    good(&mut link, &single(100));
    good(&mut link, &single(200));
    good(&mut link, &cut_over("1122"));
    good(&mut link, &single(50));
    let (none, one, two) = ("0000000009", "0000000001", "0000000002");
    // The day before can still be asked for; without a date it is the current one.
    let before = debits(two).with(15, "1121");
    assert_eq!(compared(&mut link, &before), ["1", "1121", two]);
    let current = debits(one).with(15, "1122");
    assert_eq!(compared(&mut link, &current), ["1", "1122", one]);
    assert_eq!(compared(&mut link, &debits(none)), ["2", "1122", one]);
    let totals = running.json("/v1/totals");
    let day = totals["days"].as_array().unwrap().last().unwrap();
    assert_eq!(day["network"], "generic");
    assert_eq!(day["business_date"], "1122");
    let debits = json!({ "count": 1, "amount_minor": 50 });
    assert_eq!(day["sums"][0]["debits"], debits);
    assert_eq!(day["sums"][0]["net_minor"], -50);
    assert!(running.metric("switch_reconciliations_total", "out_of_balance") >= 1.0);
    running.stop();
    let mut told = world.notices();
    told.retain(|event| event["type"] == "network.totals");
    let results: Vec<&str> = told
        .iter()
        .map(|event| event["data"]["result"].as_str().unwrap())
        .collect();
    assert_eq!(results, ["in_balance", "in_balance", "out_of_balance"]);
    let difference = json!({ "element": 76, "network": 9, "switch": 1 });
    let last = told.last().unwrap();
    assert_eq!(last["data"]["differences"], json!([difference]));
}

#[test]
fn the_answer_to_a_repeat_names_the_day_that_the_first_counts_in() {
    let world = World::new();
    let running = world.start();
    let mut link = running.connect();
    let cut_over = |date: &str| Fields::new("0800").with(70, "201").with(15, date);
    let (first, second) = (single(100), single(50));
    let mut dates = Vec::new();
    good(&mut link, &cut_over("1121"));
    dates.push(text(&link.ask(&first), 15).map(str::to_owned));
    good(&mut link, &cut_over("1122"));
    for message in [first.as_mti("0201"), second.clone(), second.as_mti("0201")] {
        dates.push(text(&link.ask(&message), 15).map(str::to_owned));
    }
    let dates: Vec<&str> = dates.iter().flatten().map(String::as_str).collect();
    assert_eq!(dates, ["1121", "1121", "1122", "1122"]);
    for date in ["1121", "1122"] {
        let claim = Fields::new("0500").with(76, "0000000001").with(15, date);
        assert_eq!(compared(&mut link, &claim), ["1", date, "0000000001"]);
    }
    running.stop();
}

#[test]
fn what_a_message_names_itself_and_gets_back_is_the_day_that_it_counts_in() {
    let world = World::new();
    world.edit("networks/generic.toml", |network| {
        let echo = network["echo"].as_array_mut().unwrap();
        echo.push(toml::Value::Integer(15));
    });
    let running = world.start();
    let mut link = running.connect();
    good(
        &mut link,
        &Fields::new("0800").with(70, "201").with(15, "1121"),
    );
    // Of three the second is no date: it is returned all the same, and counts on the current day.
    for named in ["1122", "9999", "1121"] {
        let answer = link.ask(&single(100).with(15, named));
        assert_eq!(text(&answer, 15), Some(named));
    }
    let claim = |date: &str, count: &str| Fields::new("0500").with(76, count).with(15, date);
    for (date, count) in [("1121", "0000000002"), ("1122", "0000000001")] {
        assert_eq!(compared(&mut link, &claim(date, count)), ["1", date, count]);
    }
    running.stop();
}

#[test]
fn what_cannot_be_compared_is_answered_as_such() {
    let world = World::new();
    let running = world.start();
    let mut link = running.connect();
    for (message, code, settlement) in [
        // Nothing is said.
        (Fields::new("0500"), "95", Some("3")),
        // Nothing was answered on that day.
        (Fields::new("0500").with(76, "0000000000"), "00", Some("1")),
        (Fields::new("0500").with(76, "0000000001"), "00", Some("2")),
        (
            Fields::new("0500").with(15, "1332").with(76, "0000000001"),
            "30",
            None,
        ),
    ] {
        let answer = link.ask(&message);
        assert_eq!(text(&answer, 39), Some(code), "{message:?}");
        assert_eq!(text(&answer, 66), settlement, "{message:?}");
    }
    running.stop();
}
