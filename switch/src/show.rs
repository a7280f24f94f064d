//! `switch show`: asks the running switch and prints what it says.
//!
//! Owns: the questions and how answers look to people. Must never: take a PAN as an argument, where
//! others can see it; it is read from standard input.

use anyhow::{Context as _, bail};
use ledger::identifiers::RecordId;
use serde_json::{Value, json};

/// What to show.
#[derive(Clone, Debug)]
pub enum Question {
    /// An account by its number.
    Account(u64),
    /// The flex controls of an account and of its customers, with what is used.
    Controls(u64),
    /// What was decided on an account, newest first.
    Messages(u64),
    /// The same with what was posted, page by page.
    History {
        /// The account's number.
        id: u64,
        /// Where the page before ended.
        cursor: Option<RecordId>,
        /// Decisions of a page.
        limit: usize,
    },
    /// One authorization, inquiry or reversal by its id.
    Authorization(String),
    /// The card whose PAN is given.
    Card(codec::Pan),
    /// The clearings that wait for somebody.
    WorkList,
    /// The transfers that are on their way.
    Transfers,
    /// How far the history is purged.
    Purges,
    /// The open links.
    Links,
    /// The totals of the last business days.
    Totals,
    /// The rules in force.
    Rules,
}

/// Asks the switch whose HTTP is at `address`.
///
/// # Errors
/// When it does not answer, or answers that it does not know.
pub fn ask(address: &str, question: &Question) -> anyhow::Result<Value> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(std::time::Duration::from_secs(10)))
        .build()
        .into();
    let url = |path: &str| format!("http://{address}/v1/{path}");
    let answered = match question {
        Question::Account(id) => agent.get(url(&format!("accounts/{id}"))).call(),
        Question::Controls(id) => agent
            .get(url(&format!("accounts/{id}/flex-controls")))
            .call(),
        Question::Messages(id) => agent.get(url(&format!("accounts/{id}/messages"))).call(),
        Question::History { id, cursor, limit } => {
            let history = agent.get(url(&format!("accounts/{id}/history")));
            let history = history.query("limit", limit.to_string());
            let cursor = cursor.map(|cursor| ("cursor", cursor.to_string()));
            history.query_pairs(cursor).call()
        }
        Question::Authorization(id) => agent.get(url(&format!("messages/{id}"))).call(),
        Question::WorkList => agent.get(url("work-list")).call(),
        Question::Transfers => agent.get(url("transfers")).call(),
        Question::Purges => agent.get(url("purges")).call(),
        Question::Links => agent.get(url("links")).call(),
        Question::Totals => agent.get(url("totals")).call(),
        Question::Rules => agent.get(url("rules")).call(),
        Question::Card(pan) => {
            let body = json!({ "pan": pan.reveal() }).to_string();
            let post = agent.post(url("cards/search"));
            post.content_type("application/json").send(body)
        }
    };
    body(answered.with_context(|| format!("no switch answers at {address}"))?)
}

/// The body of an answer, unless it is an error.
///
/// # Errors
/// What the switch says, or that its answer cannot be read.
pub(crate) fn body(mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<Value> {
    let text = answer
        .body_mut()
        .read_to_string()
        .context("the answer was cut off")?;
    let body: Value = serde_json::from_str(&text).context("the answer is not JSON")?;
    if !answer.status().is_success() {
        bail!(
            "{}",
            body["detail"]
                .as_str()
                .unwrap_or("the switch refused to answer")
        );
    }
    Ok(body)
}

/// An answer for people: nested keys are indented, lists numbered.
#[must_use]
pub fn to_text(answer: &Value) -> String {
    let mut text = String::new();
    write(answer, 0, &mut text);
    if text.is_empty() {
        "nothing\n".to_owned()
    } else {
        text
    }
}

fn write(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let width = fields.keys().map(String::len).max().unwrap_or(0);
            for (key, value) in fields {
                entry(key, width, value, depth, text);
            }
        }
        Value::Array(items) => {
            for (number, item) in (1..).zip(items) {
                entry(&format!("{number}."), 0, item, depth, text);
            }
        }
        scalar => {
            text.push_str(&plain(scalar));
            text.push('\n');
        }
    }
}

fn entry(key: &str, width: usize, value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(_) | Value::Array(_) => {
            text.push_str(&format!("{indent}{key}\n"));
            write(value, depth + 1, text);
        }
        scalar => text.push_str(&format!("{indent}{key:width$}  {}\n", plain(scalar))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_aligned_and_indented() {
        let answer = json!({ "id": 7, "limits": { "cash": 1, "credit": null }, "tags": ["a"] });
        let expected = "id      7\nlimits\n  cash    1\n  credit  -\ntags\n  1.  a\n";
        assert_eq!(to_text(&answer), expected);
        assert_eq!(to_text(&json!([])), "nothing\n");
    }
}
