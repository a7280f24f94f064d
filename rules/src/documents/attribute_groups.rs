//! `attribute-groups/*.toml`: long lists of values that conditions of flex controls share, one group per
//! file (flex-controls API).

use super::given::{Given, table};
use super::report::Report;
use super::{Document, ErrorCode, Known, RuleError};
use crate::controls::{AttributeGroup, AttributeGroupId, AttributeGroupKind, TextKey};
use crate::index::Map;
use crate::snapshot::Tables;

table! {
    /// An attribute group: values that conditions refer to with in_group and not_in_group.
    AttributeGroupTable {
        /// Identifier, unique: 1 to 36 letters, digits, '-', '_' or '.'.
        required id: AttributeGroupId,
        /// What it is for, at most 50 characters.
        required description: String,
        /// What its values are.
        required r#type: AttributeGroupKind,
        /// The values, at most 20,000, each once: 1 to 15 letters or digits, four digits for merchant
        /// category codes.
        required values: Vec<Given<String>>,
    }
}

/// Longest description, in characters.
const DESCRIPTION_CHARACTERS: usize = 50;
/// Most values of one group.
const VALUES_MAX: usize = 20_000;

/// Checks one file and adds its group.
pub(super) fn read(
    document: &Document,
    known: &mut Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let (mut report, table) = Report::open::<AttributeGroupTable>(document, errors);
    let Some(table) = table else {
        known.attribute_groups_unsure = true;
        return;
    };
    report.errors_have_code(ErrorCode::Erul0701);
    let right = "1 to 36 letters, digits, '-', '_' or '.'";
    let id = report.required(table.id, "id", right);
    report.text(table.description, "description", DESCRIPTION_CHARACTERS);
    let right = "\"merchant_id\" or \"merchant_category_code\"";
    let kind = report.required(table.r#type, "type", right);
    let list = report.required(table.values, "values", "a list of texts");
    let values = kind
        .zip(list)
        .and_then(|(kind, list)| values(&mut report, list, kind));
    let (Some(id), Some(kind), Some(values)) = (id, kind, values) else {
        known.attribute_groups_unsure = true;
        return;
    };
    if let Some(other) = tables.attribute_groups.get(&id) {
        let reason = format!("group {id} is already in {}; take another id", other.file);
        report.error_of_code(ErrorCode::Erul0707, "id", reason);
        return;
    }
    let group = AttributeGroup {
        id,
        kind,
        file: document.path.clone(),
        values,
    };
    tables.attribute_groups.insert(id, group);
}

fn values(
    report: &mut Report<'_>,
    list: Vec<Given<String>>,
    kind: AttributeGroupKind,
) -> Option<Map<TextKey, ()>> {
    if list.len() > VALUES_MAX {
        let reason = format!("{} values; write at most {VALUES_MAX}", list.len());
        report.error("values", reason);
        return None;
    }
    let right = match kind {
        AttributeGroupKind::MerchantId => "1 to 15 letters or digits",
        AttributeGroupKind::MerchantCategoryCode => "four digits",
    };
    let mut values = Some(Map::default());
    for (index, given) in list.into_iter().enumerate() {
        let key = || format!("values[{index}]");
        let text = match given {
            Given::Good(text) => text,
            unreadable @ (Given::Absent | Given::Bad(_)) => {
                report.required(unreadable, &key(), right);
                values = None;
                continue;
            }
        };
        let Some(value) = well_formed(&text, kind) else {
            report.error(&key(), format!("{text:?} never occurs; write {right}"));
            values = None;
            continue;
        };
        if let Some(values) = &mut values
            && values.insert(value, ()).is_some()
        {
            report.error(&key(), "listed twice; write it once");
        }
    }
    values
}

fn well_formed(text: &str, kind: AttributeGroupKind) -> Option<TextKey> {
    let fits = match kind {
        AttributeGroupKind::MerchantId => text.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        AttributeGroupKind::MerchantCategoryCode => {
            text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
        }
    };
    TextKey::of(text).filter(|_| fits)
}
