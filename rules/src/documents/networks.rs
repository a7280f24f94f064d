//! `networks/*.toml`: one network per file. Its table of response codes is in `response_codes`.

use std::collections::BTreeMap;

use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::response_codes::{AnswerTable, answers};
use super::{Document, Known, RuleError};
use crate::snapshot::Tables;
use crate::{ApprovalCodes, Network, NetworkId, ProcessingCode, ResponseCode};

table! {
    /// A network file.
    NetworkTable {
        /// Number, from 1 to 255, unique.
        required id: i64,
        /// Name, unique, at most 50 characters.
        required name: String,
        /// A file of dialects/, without .toml.
        required dialect: String,
        /// What the messages mean: generic, visa, mastercard or elo; default "generic".
        optional adapter: String,
        /// Whether traffic before a sign-on is refused.
        required sign_on_required: bool,
        /// Data elements that every response copies from its request.
        required echo: Vec<Given<u8>>,
        /// Those that responses to reversals copy as well.
        optional echo_reversal: Vec<Given<u8>>,
        /// Those that responses to network management copy as well.
        optional echo_network_management: Vec<Given<u8>>,
        /// How long a message is remembered in memory for repeats and reversals, in minutes.
        required match_window_minutes: i64,
        /// How long a decision may take, in milliseconds.
        required deadline_ms: i64,
        /// Whether an approval that is durable only after that is still sent; default true. One that is not sent
        /// stands until the network reverses it.
        optional send_late_approvals: bool,
        /// DE39 of what is approved.
        optional approval_codes: ApprovalCodesTable,
        /// Whether it can take an approval of a part of the amount; default false.
        optional partial_authorization: bool,
        /// Whether DE4 contains the fee of DE28 already; default true.
        optional transaction_fee_included: bool,
        /// Whether it acknowledges answers (0180, 0280); default false.
        optional acknowledgements: bool,
        /// Whether its file actions (0302) are served; default false.
        optional file_actions: bool,
        /// Which code of processing-codes.toml each DE3 positions 1-2 stand for. Missing: the code of
        /// the same digits. With a table, what it does not name is unknown on this network. VERIFY is an
        /// account verification that the network asks for otherwise than by DE3.
        optional processing_codes: BTreeMap<String, Given<ProcessingCode>>,
        /// What is answered for each reason; every reason must be there.
        required response_codes: BTreeMap<String, Given<AnswerTable>>,
    }
}

table! {
    /// DE39 of what is approved. Each is an approval of the list of DE39: 00, 08, 10, 11, 16, 32 or 85.
    ApprovalCodesTable {
        /// The whole amount; default "00".
        optional approved: ResponseCode,
        /// A part of the amount; default "10". Not the code of the whole amount.
        optional partially_approved: ResponseCode,
        /// An account verification; default "85".
        optional verified: ResponseCode,
    }
}

/// Longest name of a network, in characters.
const NAME_CHARACTERS: usize = 50;
/// Longest window: match keys live 30 days on disk.
const WINDOW_MINUTES_MAX: u32 = 30 * 24 * 60;
/// Longest deadline, in milliseconds. A terminal does not wait longer.
const DEADLINE_MS_MAX: u32 = 60_000;
/// Card secrets and elements the response never returns.
const SECRET_ELEMENTS: [u8; 5] = [14, 35, 45, 52, 55];
/// Bitmaps, authentication codes, and what the response says itself.
const OWN_ELEMENTS: [u8; 7] = [38, 39, 44, 54, 64, 65, 128];

/// Checks one network file and adds it.
pub(super) fn read(
    document: &Document,
    known: &mut Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let (mut report, table) = Report::open::<NetworkTable>(document, errors);
    let Some(table) = table else { return };

    let id = unique_id(&mut report, table.id, known);
    let name = unique_name(&mut report, table.name, known);
    let dialect = dialect(&mut report, table.dialect);
    let adapter = adapter(&mut report, table.adapter);
    let sign_on_required =
        report.required(table.sign_on_required, "sign_on_required", "true or false");
    if matches!(table.echo, Given::Absent) {
        report.error(
            "echo",
            "missing; write the data elements every response copies",
        );
    }
    let echo = echo_list(&mut report, table.echo, "echo", &[]);
    let echo_reversal = echo_list(&mut report, table.echo_reversal, "echo_reversal", &echo);
    let key = "echo_network_management";
    let echo_network_management = echo_list(&mut report, table.echo_network_management, key, &echo);
    let window = &(1..=WINDOW_MINUTES_MAX);
    let match_window_minutes =
        report.required_number(table.match_window_minutes, "match_window_minutes", window);
    let deadline_ms =
        report.required_number(table.deadline_ms, "deadline_ms", &(1..=DEADLINE_MS_MAX));
    let approval_codes = approval_codes(&mut report, table.approval_codes);
    let mut flag = |given, key, otherwise| {
        let flag = report.optional(given, key, "true or false");
        flag.unwrap_or(otherwise)
    };
    let send_late_approvals = flag(table.send_late_approvals, "send_late_approvals", true);
    let partial_authorization = flag(table.partial_authorization, "partial_authorization", false);
    let key = "transaction_fee_included";
    let transaction_fee_included = flag(table.transaction_fee_included, key, true);
    let acknowledgements = flag(table.acknowledgements, "acknowledgements", false);
    let file_actions = flag(table.file_actions, "file_actions", false);
    let codes = table.processing_codes;
    let processing_codes = processing_codes(&mut report, codes, known);
    let answers = answers(&mut report, table.response_codes);

    let network = (|| {
        Some(Network {
            id: id?,
            name: name?,
            dialect: dialect?,
            adapter: adapter?,
            sign_on_required: sign_on_required?,
            echo,
            echo_reversal,
            echo_network_management,
            match_window_minutes: match_window_minutes?,
            deadline_ms: deadline_ms?,
            send_late_approvals,
            approval_codes,
            partial_authorization,
            transaction_fee_included,
            acknowledgements,
            file_actions,
            processing_codes,
            answers: answers?,
        })
    })();
    if let Some(network) = network {
        let file = document.path.clone();
        tables.network_files.insert(network.id, file);
        tables.networks.insert(network.id, network);
    }
}

fn unique_id(report: &mut Report<'_>, id: Given<i64>, known: &mut Known) -> Option<NetworkId> {
    let id = report
        .required_number(id, "id", &(1..=u8::MAX))
        .map(NetworkId)?;
    if let Some(file) = known.networks.get(&id) {
        report.error(
            "id",
            format!("network {id} is already in {file}; take a free number"),
        );
        return None;
    }
    known.networks.insert(id, report.file().to_owned());
    Some(id)
}

fn unique_name(report: &mut Report<'_>, name: Given<String>, known: &mut Known) -> Option<String> {
    let name = report.text(name, "name", NAME_CHARACTERS)?;
    if let Some(file) = known.network_names.get(&name) {
        report.error(
            "name",
            format!("{name:?} is already in {file}; take another name"),
        );
        return None;
    }
    known
        .network_names
        .insert(name.clone(), report.file().to_owned());
    Some(name)
}

/// The stem becomes a file name, so nothing that could lead elsewhere is let in.
fn dialect(report: &mut Report<'_>, dialect: Given<String>) -> Option<String> {
    let right = "the name of a file in dialects/ without .toml, such as \"iso1987-ascii\"";
    let dialect = report.required(dialect, "dialect", right)?;
    let well_formed = !dialect.is_empty()
        && dialect
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !well_formed {
        report.error(
            "dialect",
            format!("only letters, digits, - and _; write {right}"),
        );
        return None;
    }
    Some(dialect)
}

/// Which adapters there are is known to those who have them.
fn adapter(report: &mut Report<'_>, adapter: Given<String>) -> Option<String> {
    if adapter.is_absent() {
        return Some("generic".to_owned());
    }
    report.text(adapter, "adapter", NAME_CHARACTERS)
}

/// A list of elements to copy, which may be missing. The further lists come on top of `echo`, so
/// what stands there must not stand here again.
fn echo_list(
    report: &mut Report<'_>,
    list: Given<Vec<Given<u8>>>,
    key: &str,
    already: &[u8],
) -> Vec<u8> {
    let right = "data elements from 2 to 192, such as [2, 3, 4]";
    let list = report.optional(list, key, right).unwrap_or_default();
    let elements = report.list(list, key, right).unwrap_or_default();
    for element in &elements {
        let problem = match element {
            0 | 1 | 193.. => "is not a data element; write one from 2 to 192",
            _ if SECRET_ELEMENTS.contains(element) => "is never returned; leave it out",
            _ if OWN_ELEMENTS.contains(element) => "is the response's own; leave it out",
            _ if already.contains(element) => "is in echo already; leave it out here",
            _ => continue,
        };
        report.error(key, format!("DE{element} {problem}"));
    }
    elements
}

/// The codes of approvals, each of which may be missing.
fn approval_codes(report: &mut Report<'_>, table: Given<ApprovalCodesTable>) -> ApprovalCodes {
    let key = "approval_codes";
    let standard = ApprovalCodes::default();
    let Some(table) = report.table(table, key) else {
        return standard;
    };
    let mut code = |given, name, otherwise| {
        let key = join(key, name);
        let right = "the code of an approval, such as \"00\"";
        let code: ResponseCode = report.optional(given, &key, right).unwrap_or(otherwise);
        if !code.is_approval() {
            report.error(&key, format!("{code} is not an approval; write {right}"));
        }
        code
    };
    let codes = ApprovalCodes {
        approved: code(table.approved, "approved", standard.approved),
        partially_approved: code(
            table.partially_approved,
            "partially_approved",
            standard.partially_approved,
        ),
        verified: code(table.verified, "verified", standard.verified),
    };
    if codes.partially_approved == codes.approved {
        let code = codes.approved;
        let reason = format!("{code} is that of the whole amount; write another, such as \"10\"");
        report.error(&join(key, "partially_approved"), reason);
    }
    codes
}

/// The network's own table of processing codes, which may be missing.
fn processing_codes(
    report: &mut Report<'_>,
    table: Given<BTreeMap<String, Given<ProcessingCode>>>,
    known: &Known,
) -> Option<BTreeMap<ProcessingCode, ProcessingCode>> {
    let key = "processing_codes";
    let right = "a table such as { \"00\" = \"00\" }";
    let mut codes = BTreeMap::new();
    for (digits, given) in report.optional(table, key, right)? {
        let key = join(key, &digits);
        // A name of more characters is one that an adapter gives; DE3 can never be one.
        let sent = digits.len() > 2 || digits.bytes().all(|byte| byte.is_ascii_digit());
        let de3 = digits.parse::<ProcessingCode>().ok().filter(|_| sent);
        if de3.is_none() {
            report.error(&key, "not DE3 positions 1-2; write two digits");
        }
        let right = "a code of processing-codes.toml";
        let code = report.required(given, &key, right);
        if let Some(code) = code
            && !known.processing_codes.contains(&code)
            && !known.processing_codes_unsure
        {
            let reason =
                format!("{code} is not an operation of processing-codes.toml; list it there");
            report.error(&key, reason);
        }
        codes.extend(de3.zip(code));
    }
    Some(codes)
}
