//! The shape of a scenario file as serde reads it. Owns key names and positions; must never
//! interpret a value.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::amounts::Balance;
use crate::rejection;

/// Element number, or the path of a part, to value, both with their place in the file.
pub(super) type FieldTable = BTreeMap<Spanned<String>, Spanned<String>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) description: String,
    #[serde(default)]
    pub(super) defaults: FieldTable,
    pub(super) answer: Option<AnswerTable>,
    pub(super) sign_on: Option<bool>,
    pub(super) reject_own_requests: Option<Spanned<String>>,
    pub(super) step: Vec<StepTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerTable {
    pub(super) echo: Option<Vec<Spanned<u8>>>,
    pub(super) absent: Option<Vec<Spanned<u8>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepTable {
    pub(super) name: Spanned<String>,
    pub(super) link: Option<String>,
    pub(super) send: Option<SendTable>,
    pub(super) send_text: Option<Spanned<Vec<String>>>,
    pub(super) send_hex: Option<Spanned<String>>,
    pub(super) reject: Option<RejectTable>,
    #[serde(default)]
    pub(super) raw: bool,
    #[serde(default)]
    pub(super) close: bool,
    #[serde(default)]
    pub(super) reconnect: bool,
    pub(super) expect: Option<ExpectTable>,
    pub(super) expect_no_answer_ms: Option<u64>,
    #[serde(default)]
    pub(super) expect_closed: bool,
    #[serde(default)]
    pub(super) save: BTreeMap<String, Balance>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SendTable {
    pub(super) mti: Spanned<String>,
    #[serde(default)]
    pub(super) fields: FieldTable,
    #[serde(default)]
    pub(super) without: Vec<Spanned<u8>>,
    pub(super) original: Option<Spanned<String>>,
    pub(super) repeat_of: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) lost: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RejectTable {
    pub(super) answer_of: Spanned<String>,
    pub(super) code: Spanned<String>,
    pub(super) by: Option<rejection::Form>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectTable {
    pub(super) mti: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) fields: BTreeMap<Spanned<String>, Spanned<OneOrMany>>,
    #[serde(default)]
    pub(super) present: Vec<Spanned<u8>>,
    #[serde(default)]
    pub(super) absent: Vec<Spanned<u8>>,
    #[serde(default)]
    pub(super) balance: BTreeMap<Balance, Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn alternatives(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}
