//! `switch explain`: why a decision came out as it did.
//!
//! Owns: finding the record and the rules it was decided under, and how the explanation looks. The running switch
//! is asked first: its books know most decisions at once. What they do not know is read from journal, snapshots
//! and rules archive, which works over a copy too. Must never: write, or decide by itself.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::response::Response;
use ledger::books::{SledStore, Views};
use ledger::identifiers::{RecordId, ShardId};
use ledger::journal::disk::Directory;
use ledger::rehearsal::{Explanation, Finding, Recollection, Rehearsal};
use serde_json::{Value, json};

use crate::data_directory::{JOURNAL, RULES, SNAPSHOTS};
use crate::http::{Context, found, problem};
use crate::purges;
use crate::rule_history;
use crate::serve::ConfigurationError;

/// A decision under the rules that it was made under and, if asked for, under others.
#[derive(Debug)]
pub struct Explained {
    own: Explanation,
    other: Option<Explanation>,
}

/// Explains a decision of a data directory; `with` is a configuration directory to explain it under as well.
///
/// # Errors
/// [`ConfigurationError`] for rules that cannot be used; else why the decision or its rules cannot be read.
pub fn run(data: &Path, id: RecordId, with: Option<&Path>) -> anyhow::Result<Explained> {
    let mut rehearsal = open(data, id.shard, Some(id.sequence))?;
    let (time, decided) = rehearsal.go_to(id)?;
    let archive = data.join(RULES);
    let documents = rule_history::documents(&archive, decided.rules)?;
    let rules = rules::compile(documents).context("the rules of the decision")?;
    let other = with.map(other_rules).transpose()?;
    Ok(Explained {
        own: rehearsal.explain((id, time), &decided, &rules),
        other: other.map(|other| rehearsal.explain((id, time), &decided, &other)),
    })
}

/// An explanation as it is printed.
#[derive(Debug)]
pub struct Told {
    /// For people, or for machines.
    pub text: String,
    /// Whether the decision came out as it was recorded.
    pub is_good: bool,
}

/// Explains a decision of a data directory: from the books of the switch that runs over it, if it answers and they
/// know enough, else from the journal.
///
/// # Errors
/// As [`run`].
pub fn tell(
    data: &Path,
    http: Option<&str>,
    (id, with, json): (RecordId, Option<&Path>, bool),
) -> anyhow::Result<Told> {
    if with.is_none()
        && let Some(told) = http.and_then(|http| ask(http, data, id, json))
    {
        return Ok(told);
    }
    let explained = run(data, id, with);
    let explained = explained.map_err(|error| match http.and_then(|http| gone(http, id)) {
        Some(gone) => error.context(gone),
        None => error,
    })?;
    Ok(Told {
        text: if json {
            format!("{}\n", explained.to_json())
        } else {
            explained.to_text()
        },
        is_good: explained.is_good(),
    })
}

/// What the running switch says of a decision that left its books.
fn gone(http: &str, id: RecordId) -> Option<String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let url = format!("http://{http}/v1/messages/{id}");
    let answer = agent.get(url).call().ok()?;
    let is_gone = answer.status() == StatusCode::GONE;
    let said = crate::show::body(answer).err()?;
    is_gone.then(|| said.to_string())
}

/// What the running switch says, if it is the one of the data directory and its books know enough.
fn ask(http: &str, data: &Path, id: RecordId, json: bool) -> Option<Told> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let url = format!("http://{http}/v1/messages/{id}/explanation");
    let answer = crate::show::body(agent.get(url).call().ok()?).ok()?;
    let own = data.canonicalize().ok()?;
    if answer["data_directory"] != json!(own) {
        return None;
    }
    let text = if json {
        format!("{}\n", answer["json"])
    } else {
        answer["text"].as_str()?.to_owned()
    };
    Some(Told {
        text,
        is_good: true,
    })
}

/// How long the running switch is waited for; the journal knows it as well.
const PATIENCE: Duration = Duration::from_secs(5);

/// `GET /v1/messages/{message_id}/explanation`: explains a decision from the books; 404 where they do not know
/// enough.
pub(crate) async fn explanation(
    State(context): State<Arc<Context>>,
    UrlPath(id): UrlPath<String>,
) -> Response {
    let Ok(id) = id.parse::<RecordId>() else {
        let detail = "expected a message id such as 0-1234-5";
        return problem(StatusCode::BAD_REQUEST, detail);
    };
    let data = context.audits.data().to_owned();
    let views = Arc::clone(context.shared.submitter.views());
    let in_force = context.shared.rulebook.rules();
    if let Some(gone) = purges::gone(&views, id) {
        return gone;
    }
    let work = move || from_books(&data, &views, &in_force, id);
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(answer)) => found(Ok(answer)),
        Ok(Err(error)) => problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}")),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "it was cut off"),
    }
}

fn from_books(
    data: &Path,
    views: &Views<SledStore>,
    in_force: &rules::Snapshot,
    id: RecordId,
) -> anyhow::Result<Option<Value>> {
    let Some(recollection) = Recollection::of(views, id)? else {
        return Ok(None);
    };
    let version = recollection.decided().rules;
    let own = if in_force.version() == version {
        recollection.explain(views, in_force)?
    } else {
        let documents = rule_history::documents(&data.join(RULES), version)?;
        let rules = rules::compile(documents).context("the rules of the decision")?;
        recollection.explain(views, &rules)?
    };
    let Some(own) = own else {
        return Ok(None);
    };
    let explained = Explained { own, other: None };
    Ok(Some(json!({
        "data_directory": data.canonicalize()?,
        "text": explained.to_text(),
        "json": explained.to_json(),
    })))
}

/// The rules of a configuration directory.
///
/// # Errors
/// [`ConfigurationError`] when they cannot be used.
pub(crate) fn other_rules(directory: &Path) -> anyhow::Result<rules::Snapshot> {
    rules::load(directory)
        .map_err(|error| ConfigurationError::from(anyhow::Error::new(error)).into())
}

/// The journal of a data directory, ready to be gone through from before a batch.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn open(
    data: &Path,
    shard: ShardId,
    wanted: Option<u64>,
) -> anyhow::Result<Rehearsal<Directory>> {
    let journal = Directory::open(&data.join(JOURNAL))
        .with_context(|| data.join(JOURNAL).display().to_string())?;
    let snapshots = data.join(SNAPSHOTS);
    let snapshots = if snapshots.is_dir() {
        Some(Directory::open(&snapshots)?)
    } else {
        None
    };
    Ok(Rehearsal::open(journal, snapshots.as_ref(), shard, wanted)?)
}

impl Explained {
    /// Whether the decision came out as it was recorded.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.own.as_recorded
    }

    /// For people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        write(&self.own, &mut text);
        if !self.own.as_recorded {
            text.push_str("\nthis is NOT what was recorded: the data or this build differ\n");
        }
        if let Some(other) = &self.other {
            text.push_str("\n---- under the other rules\n\n");
            write(other, &mut text);
        }
        text
    }

    /// For machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "explanation": in_json(&self.own), "with": self.other.as_ref().map(in_json) })
    }
}

fn outcome(explanation: &Explanation) -> String {
    let code = explanation.response_code;
    match explanation.reason {
        None => format!("approved, DE39 {code}"),
        Some(reason) => format!("declined: {reason}, DE39 {code}"),
    }
}

fn write(explanation: &Explanation, text: &mut String) {
    let Explanation {
        id, time, rules, ..
    } = explanation;
    // Writing into a string cannot fail.
    let _infallible = writeln!(
        text,
        "{id} at {time}, rules {rules}; amounts in minor units"
    );
    if let Some(date) = explanation.business_date {
        let _infallible = writeln!(text, "business day {date} of the network");
    }
    if let Some(reason) = explanation.stand_in_reason {
        let _infallible = writeln!(text, "the network decided in the switch's stead: {reason}");
    }
    for step in &explanation.steps {
        let (mark, more) = match step.finding {
            Finding::Passed => ("ok", String::new()),
            Finding::Failed(reason) => ("NO", format!(" -> {reason}")),
            Finding::NotReached => ("-", String::new()),
        };
        let check = step.check.as_str();
        let line = format!("{mark:>4}  {check:<22}{}{more}", step.seen);
        let _infallible = writeln!(text, "{}", line.trim_end());
    }
    if let Some(controls) = explanation
        .controls
        .as_ref()
        .filter(|trace| !trace.controls.is_empty())
    {
        section("flex controls", controls, text);
    }
    for (part, trace) in &explanation.evaluations {
        section(&format!("for {}", part.as_str()), trace, text);
    }
    let _infallible = writeln!(text, "\n{}", outcome(explanation));
}

/// A trace under its heading.
fn section(heading: &str, trace: &impl std::fmt::Display, text: &mut String) {
    let _infallible = writeln!(text, "\n{heading}:");
    for line in trace.to_string().lines() {
        let _infallible = writeln!(text, "  {line}");
    }
}

fn in_json(explanation: &Explanation) -> Value {
    let evaluations = explanation.evaluations.iter();
    let evaluations: Vec<Value> = evaluations
        .map(|(part, trace)| json!({ "part": part, "trace": trace }))
        .collect();
    json!({
        "id": explanation.id.to_string(),
        "time": explanation.time.to_string(),
        "business_date": explanation.business_date.map(|date| date.to_string()),
        "rules_version": explanation.rules.to_string(),
        "stand_in_reason": explanation.stand_in_reason.map(|reason| reason.to_string()),
        "steps": explanation.steps,
        "flex_controls": explanation.controls,
        "evaluations": evaluations,
        "approved": explanation.reason.is_none(),
        "reason": explanation.reason.map(|reason| reason.to_string()),
        "response_code": explanation.response_code.to_string(),
        "as_recorded": explanation.as_recorded,
    })
}
