//! Steps of transfers, as events and answers tell them.
//!
//! Owns: what a step says of its transfer. Must never: tell where the transfer is by now; its steps say that together.

use ledger::operation::{Operation, OperationDone, OperationEffect};
use ledger::transfer::{Remittance, Transfer};
use rules::Currency;
use serde_json::{Value, json};

/// What a step of a transfer says of it; null for other operations.
pub(crate) fn told(done: &OperationDone) -> Value {
    if let (Operation::SendTransfer(transfer), OperationEffect::TransferSent(sent)) =
        (&done.request.operation, &done.effect)
    {
        return sides(transfer, sent.currency);
    }
    if let Operation::ReceiveTransfer(remittance) = &done.request.operation {
        let Remittance {
            id,
            transfer,
            currency,
        } = remittance;
        let mut told = sides(transfer, *currency);
        told["id"] = json!(id.to_string());
        if let OperationEffect::TransferRefused(reason) = &done.effect {
            told["refused"] = json!(reason);
        }
        return told;
    }
    if let Operation::SettleTransfer { id, refused } = &done.request.operation {
        return json!({ "id": id.to_string(), "refused": refused });
    }
    Value::Null
}

fn sides(transfer: &Transfer, currency: Currency) -> Value {
    json!({
        "account_id": transfer.account.0,
        "counterpart_account_id": transfer.counterpart.0,
        "amount_minor": transfer.amount_minor,
        "currency": currency.to_string(),
    })
}
