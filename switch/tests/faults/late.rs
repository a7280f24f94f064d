//! Approvals that the disk makes late: the network says whether they are sent.

use crate::cases::Files;
use crate::harness::{Fields, World, generated_account, generated_pan, set, skipped, text};
use crate::injection;

/// A sync takes longer than an answer may.
const SLOW_SYNC: &str = "fdatasync:delay_enter=400000";
const DEADLINE_MS: i64 = 100;
const AMOUNT: i64 = 1_000;

#[test]
fn a_late_approval_is_sent_or_not_as_its_network_says_and_stands_either_way() {
    for sent in [true, false] {
        if let Err(why) = late(sent) {
            skipped(&format!("late approvals, sent {sent}: {why}"));
        }
    }
}

fn late(sent: bool) -> Result<(), String> {
    let world = World::with(|settings| set(settings, "ledger.segment_bytes", 16 << 20));
    world.edit("networks/generic.toml", |network| {
        set(network, "deadline_ms", DEADLINE_MS);
        set(network, "send_late_approvals", sent);
    });
    let switch = world.start();
    let mut client = switch.connect();
    let pan = generated_pan(0);
    assert_eq!(client.response_code(&Fields::purchase(&pan, AMOUNT)), "00");
    let strace = injection::attach(&switch, &world.data(), Files::Journal, SLOW_SYNC)?;
    let slow = Fields::purchase(&pan, AMOUNT);
    client.send_bytes(&slow.frame());
    // A decline is sent however late it is, and comes after whatever was answered before it.
    client.send_bytes(&Fields::purchase(&pan, 99_000_000).frame());
    let mut answers = vec![client.receive().unwrap()];
    if sent {
        answers.push(client.receive().unwrap());
    }
    let said: Vec<_> = answers.iter().map(|answer| text(answer, 39)).collect();
    let expected: &[_] = if sent {
        &[Some("00"), Some("51")]
    } else {
        &[Some("51")]
    };
    assert_eq!(said, expected, "sent: {sent}");
    strace.terminate();
    let label = format!("sent=\"{sent}\"");
    let counted = switch.metric("switch_late_approvals_total", &label);
    assert!((counted - 1.0).abs() < 0.5, "{counted}");
    // It stands either way: whoever asks again hears of it.
    assert_eq!(client.response_code(&slow), "00");
    switch.settle();
    let available = switch.available(generated_account(0));
    assert_eq!(available, 10_000_000 - 2 * AMOUNT);
    switch.stop();
    Ok(())
}
