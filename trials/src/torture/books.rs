//! The books as the switch shows them over HTTP.
//!
//! Owns: reading accounts and their messages, and waiting until they show everything that was answered.
//! Must never: judge what it reads.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use ledger::identifiers::RecordId;
use serde_json::Value;

use super::accounts::AccountNumber;
use super::clock::{PATIENCE, wait_until};
use super::records::Serial;
use crate::history::Limits;

/// The status of a switch that is ending, or that takes a snapshot for somebody else.
const BUSY: u16 = 503;
/// Messages asked for at once.
const PAGE: usize = 1_000;

/// One account.
#[derive(Clone, Debug)]
pub struct AccountBooks {
    /// The account.
    pub account: AccountNumber,
    /// Its limits.
    pub limits: Limits,
    /// Its messages, the latest first.
    pub messages: Vec<BookMessage>,
}

/// One message of an account.
#[derive(Clone, Debug)]
pub struct BookMessage {
    /// Its record.
    pub id: RecordId,
    /// Its DE37.
    pub serial: Serial,
    /// Whether it is a reversal.
    pub reversal: bool,
    /// DE39.
    pub response_code: String,
    /// DE38.
    pub approval_code: Option<String>,
    /// DE4; none for a reversal.
    pub amount_minor: Option<i64>,
    /// What the available limit moved by.
    pub available_delta_minor: i64,
    /// What the cash limit moved by.
    pub cash_delta_minor: i64,
}

/// Asks a running switch.
#[derive(Debug)]
pub(super) struct Http {
    agent: ureq::Agent,
    address: SocketAddr,
}

impl Http {
    pub(super) fn new(address: SocketAddr) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)));
        Self {
            agent: config.build().into(),
            address,
        }
    }

    /// Asks for a snapshot of the books; says whether one was taken. A switch that is killed takes none.
    pub(super) fn snapshot(&self) -> anyhow::Result<bool> {
        let url = format!("http://{}/v1/snapshots", self.address);
        let Ok(mut answer) = self.agent.post(&url).send_empty() else {
            return Ok(false);
        };
        if answer.status().is_server_error() && answer.status() != BUSY {
            let detail = answer.body_mut().read_to_string().unwrap_or_default();
            bail!("a snapshot was refused: {detail}");
        }
        Ok(answer.status().is_success())
    }

    /// What the switch's own audit of its whole data finds; `None` when all is as it must be.
    pub(super) fn audit(&self) -> anyhow::Result<Option<String>> {
        let url = format!("http://{}/v1/audits", self.address);
        let request = self.agent.post(&url).config().timeout_global(None).build();
        let mut answer = request.send_empty().context("the switch's audit")?;
        let text = answer.body_mut().read_to_string()?;
        let report: Value = serde_json::from_str(&text).context("the switch's audit")?;
        Ok((report["good"] != true).then(|| format!("the switch's audit: {text}")))
    }

    fn text(&self, path: &str) -> anyhow::Result<String> {
        let url = format!("http://{}{path}", self.address);
        let mut answer = self
            .agent
            .get(&url)
            .call()
            .with_context(|| path.to_owned())?;
        if !answer.status().is_success() {
            bail!("{path}: {}", answer.status());
        }
        // A page of messages is larger than the client's own limit for bodies at times.
        let body = answer
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_string();
        body.with_context(|| path.to_owned())
    }

    fn json(&self, path: &str) -> anyhow::Result<Value> {
        serde_json::from_str(&self.text(path)?).with_context(|| path.to_owned())
    }

    /// Waits until the views and the event files have caught up with the journal.
    pub(super) fn settle(&self) -> anyhow::Result<()> {
        let mut read = Ok(String::new());
        let settled = wait_until(PATIENCE, || {
            read = self.text("/metrics");
            read.as_ref().is_ok_and(|metrics| {
                let value = |name| metric(metrics, name);
                let journal = value("switch_journal_sequence");
                value("switch_view_lag_batches") == Some(0)
                    && journal.is_some()
                    && value("switch_events_sequence") >= journal
            })
        });
        let metrics = read?;
        if !settled {
            bail!("views or events did not catch up with the journal:\n{metrics}");
        }
        Ok(())
    }

    /// An account and its messages decided after `after`.
    pub(super) fn account(
        &self,
        account: AccountNumber,
        after: Option<RecordId>,
    ) -> anyhow::Result<AccountBooks> {
        let path = format!("/v1/accounts/{}", account.id());
        let shown = self.json(&path)?;
        let limit = |name: &str| integer(&shown["limits_minor"], name);
        let limits = Limits {
            available_minor: limit("available_credit_limit")?,
            floor_minor: -limit("total_overdraft_limit")?
                - limit("available_savings_account_limit")?,
            cash_minor: limit("available_withdrawal_credit")?,
            ledger_minor: integer(&shown, "ledger_balance_minor")?,
        };
        let mut messages = Vec::new();
        let mut before = String::new();
        loop {
            let page = self.json(&format!("{path}/messages?limit={PAGE}{before}"))?;
            let mut known = false;
            for item in page["items"].as_array().context("no items")? {
                let message = message(item).with_context(|| item.to_string())?;
                known |= after.is_some_and(|after| message.id <= after);
                if !known {
                    messages.push(message);
                }
            }
            match page["next_before"].as_str() {
                Some(next) if !known => before = format!("&before={next}"),
                _ => break,
            }
        }
        Ok(AccountBooks {
            account,
            limits,
            messages,
        })
    }
}

/// The value of a metric without labels.
fn metric(metrics: &str, name: &str) -> Option<u64> {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line?.trim().parse().ok()
}

fn integer(of: &Value, name: &str) -> anyhow::Result<i64> {
    of[name]
        .as_i64()
        .with_context(|| format!("no number {name}"))
}

fn message(item: &Value) -> anyhow::Result<BookMessage> {
    let text = |name: &str| item[name].as_str().map(str::to_owned);
    let deltas = &item["limit_deltas_minor"];
    Ok(BookMessage {
        id: text("id").context("no id")?.parse()?,
        serial: Serial(
            text("retrieval_reference_number")
                .context("no reference")?
                .parse()?,
        ),
        reversal: item["kind"] == "reversal",
        response_code: text("response_code").context("no response code")?,
        approval_code: text("approval_code"),
        amount_minor: item["amount_minor"].as_i64(),
        available_delta_minor: deltas["AvailableCreditLimit"].as_i64().unwrap_or(0),
        cash_delta_minor: deltas["AvailableWithdrawalCredit"].as_i64().unwrap_or(0),
    })
}
