//! What the ledger is asked by networks and what it answers: the life of one message.
//!
//! Owns: the match key, the facts of a request, decisions, reversals, transactions and answers, as they
//! are stored. The layouts here are the payloads of journal records: a change of a field is a new record
//! version. Must never: hold track data, a PIN block, CVV2 or a PAN.

use rules::Currency;
use rules::{AccountId, AccountType, NetworkId, ProcessingCode};
use rules::{BalanceImpact, RulesVersion};
use rules::{Deltas, Limits};
use rules::{Reason, ResponseCode};
use serde::{Deserialize, Serialize};

use crate::identifiers::{CardHash, RecordId};

/// Class of a message type: the second digit of the MTI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MessageClass {
    /// 01xx.
    Authorization,
    /// 02xx.
    Financial,
    /// 04xx.
    Reversal,
}

/// What makes two messages the same message (DESIGN section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MatchKey {
    /// The network it came from.
    pub network: NetworkId,
    /// The card it names.
    pub card: CardHash,
    /// Class of its MTI.
    pub class: MessageClass,
    /// DE11.
    pub stan: u32,
    /// DE7 as the number MMDDhhmmss.
    pub transmission: u64,
    /// DE32 as a number; 0 when absent.
    pub acquirer: u64,
    /// DE41; spaces when absent.
    pub terminal: [u8; 8],
}

/// The parts of a request that a repeat must have in common with the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// DE3, six characters.
    pub processing_code: [u8; 6],
    /// DE4 in minor units; 0 when absent.
    pub amount_minor: i64,
    /// DE49.
    pub currency: Option<Currency>,
    /// DE6 in minor units.
    pub billing_amount_minor: Option<i64>,
}

/// How the network asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Clearing {
    /// Dual message (01xx): cleared later by a presentment.
    Offline,
    /// Single message (02xx): cleared with the approval.
    Online,
}

/// What an authorization request says: everything that deciding may look at, and nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestFacts {
    /// Names the message.
    pub key: MatchKey,
    /// What its repeats must have in common with it.
    pub fingerprint: Fingerprint,
    /// Single or dual message.
    pub clearing: Clearing,
    /// First two digits of DE3, looked up in the table of processing codes.
    pub processing_code: ProcessingCode,
    /// From-account of DE3.
    pub from_account: AccountType,
    /// To-account of DE3, used by credits.
    pub to_account: AccountType,
    /// Expiry the message carries (DE14, else track 2), `YYMM`.
    pub expiry_yymm: Option<u16>,
    /// DE18.
    pub mcc: Option<u16>,
    /// DE22.
    pub entry_mode: Option<String>,
    /// DE67; 1 when absent.
    pub installments: u8,
    /// Cashback part of the amount (DE54 amount type 40), minor units of DE49.
    pub cashback_minor: Option<i64>,
    /// DE51.
    pub billing_currency: Option<Currency>,
    /// DE37.
    pub retrieval_reference: Option<String>,
    /// DE42.
    pub card_acceptor: Option<String>,
    /// DE43.
    pub card_acceptor_name: Option<String>,
}

/// What a reversal says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversalFacts {
    /// Names the message.
    pub key: MatchKey,
    /// What its repeats must have in common with it.
    pub fingerprint: Fingerprint,
    /// The message it undoes.
    pub original: MatchKey,
    /// Whether it is an advice (x42x), which must be accepted.
    pub advice: bool,
    /// Amount that remains authorized (first part of DE95), minor units; `None` or 0 undoes all.
    pub replacement_minor: Option<i64>,
    /// DE37.
    pub retrieval_reference: Option<String>,
}

/// A balance in an answer (DE54).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balances {
    /// Kind of account the balances are of.
    pub account_type: AccountType,
    /// Currency of both.
    pub currency: Currency,
    /// Amount type 01, minor units.
    pub ledger_minor: i64,
    /// Amount type 02, minor units.
    pub available_minor: i64,
}

/// DE38: six letters or digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalCode(pub [u8; 6]);

impl ApprovalCode {
    /// The code of the approval that a record holds: its place in the journal in base 36, so that two
    /// approvals within two billion records differ.
    #[must_use]
    pub fn of(id: RecordId) -> Self {
        const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        const CODES: u64 = 36_u64.pow(6);
        // The factor shares no divisor with the number of codes: neighbours spread, none are joined.
        const FACTOR: u64 = 0x9E37_79B1;
        let place = id
            .sequence
            .wrapping_mul(1 << 12)
            .wrapping_add(u64::from(id.index));
        let place = place.checked_rem(CODES).unwrap_or(0);
        let mut rest = place.wrapping_mul(FACTOR).checked_rem(CODES).unwrap_or(0);
        let mut code = [b'0'; 6];
        for place in code.iter_mut().rev() {
            let digit = usize::try_from(rest.checked_rem(36).unwrap_or(0)).unwrap_or(0);
            *place = DIGITS.get(digit).copied().unwrap_or(b'0');
            rest = rest.checked_div(36).unwrap_or(0);
        }
        Self(code)
    }

    /// The six characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// What is answered; stored, so that a repeat gets the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// DE39.
    pub response_code: ResponseCode,
    /// DE38.
    pub approval_code: Option<ApprovalCode>,
    /// DE54.
    pub balances: Option<Balances>,
}

/// A transaction that an approval or its reversal posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Transaction type of the processing code's flow.
    pub transaction_type_id: u32,
    /// Whether it credits the account.
    pub credit: bool,
    /// Amount, minor units of the account's currency.
    pub amount_minor: i64,
}

/// How a request was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Approved.
    Approved(Approval),
    /// Declined.
    Declined(Reason),
}

/// What an approval did and how it is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What each limit moved by.
    pub deltas: Deltas,
    /// Amount authorized, minor units of the account's currency: DE95 is measured against it.
    pub amount_minor: i64,
    /// The balance configuration that bore it and the order of its scenario; `None` for inquiries.
    pub configuration: Option<(u32, i32)>,
    /// Posted with the approval; empty when cleared later.
    pub postings: Vec<Posting>,
    /// Posted if a reversal undoes it.
    pub compensations: Vec<Posting>,
}

/// An authorization or inquiry with its decision and the inputs it was decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationDecided {
    /// The request.
    pub facts: RequestFacts,
    /// The account, where card and account were found.
    pub account: Option<AccountId>,
    /// The message decided before this one on the same account.
    pub previous: Option<RecordId>,
    /// Direction of the processing code, where it was found.
    pub direction: Option<BalanceImpact>,
    /// Rules it was decided under.
    pub rules: RulesVersion,
    /// Limits of the account before.
    pub limits_before: Option<Limits>,
    /// The decision.
    pub decision: Decision,
    /// What was answered.
    pub answer: Answer,
}

/// What became of a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReversalResult {
    /// The original was undone, in full or to the replacement amount.
    Reversed,
    /// Nothing was left to undo.
    NoEffect,
    /// The original is not known; remembered, so that it has no effect if it arrives.
    UnknownOriginal,
    /// The amounts do not agree with the original; nothing was undone.
    AmountMismatch,
    /// Another message already bears this match key; nothing was undone.
    MatchConflict,
}

/// A reversal with its decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversalDecided {
    /// The reversal.
    pub facts: ReversalFacts,
    /// The record of the original, when it is known.
    pub original: Option<RecordId>,
    /// The original's account.
    pub account: Option<AccountId>,
    /// The message decided before this one on the same account.
    pub previous: Option<RecordId>,
    /// What happened.
    pub result: ReversalResult,
    /// Whether the reversal's amount differed from the original's and was accepted all the same.
    pub divergent: bool,
    /// What each limit moved by: the opposite of what the original had moved.
    pub deltas: Deltas,
    /// What of the original remains authorized after this, minor units.
    pub remaining_minor: i64,
    /// Whether the original had been cleared with its approval.
    pub cleared: bool,
    /// Compensating transactions, when the original had posted any.
    pub postings: Vec<Posting>,
    /// Rules it was decided under: the tables of the answer.
    pub rules: RulesVersion,
    /// What was answered.
    pub answer: Answer,
}

/// A posted transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionPosted {
    /// The account.
    pub account: AccountId,
    /// Authorization that posted it, or that the compensating transaction undoes.
    pub authorization: RecordId,
    /// The reversal that caused it, for a compensating transaction.
    pub reversal: Option<RecordId>,
    /// Processing code of the authorization.
    pub processing_code: ProcessingCode,
    /// Currency.
    pub currency: Currency,
    /// Type, direction, amount.
    pub posting: Posting,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifiers::ShardId;

    #[test]
    fn approval_codes_of_neighbours_differ() {
        let mut codes = std::collections::BTreeSet::new();
        for sequence in 1..200 {
            for index in 0..50 {
                let id = RecordId {
                    shard: ShardId(0),
                    sequence,
                    index,
                };
                let code = ApprovalCode::of(id);
                assert!(
                    code.as_str()
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric())
                );
                assert!(codes.insert(code.0), "{id} has the code of another");
            }
        }
    }
}
