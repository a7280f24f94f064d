//! The configuration that ships in `config/` loads, and its demo behaves to the cent.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use std::path::Path;

use rules::{
    AllowedOperations, ApprovalCodes, BalanceImpact, CurrencyConversion, Feature, NetworkId,
    OperationKind, ProcessingCode, ProgramId, ProgramKind, Reason, ResetLimit, Snapshot,
};
use support::decide;

fn shipped() -> Snapshot {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    rules::load(&config).unwrap_or_else(|errors| panic!("{errors}"))
}

fn code(text: &str) -> ProcessingCode {
    text.parse().unwrap()
}

#[test]
fn programs_and_operations_are_those_of_the_demo() {
    let rules = shipped();
    let programs: Vec<_> = rules
        .programs()
        .map(|p| (p.id.0, p.kind, p.currency))
        .collect();
    let usd = "USD".parse().unwrap();
    assert_eq!(
        programs,
        [
            (1, ProgramKind::Credit, usd),
            (2, ProgramKind::Debit, usd),
            (3, ProgramKind::Prepaid, usd)
        ]
    );
    assert_eq!(rules.program(ProgramId(4)), None);

    let table = [
        (
            "00",
            OperationKind::Purchase,
            BalanceImpact::Debit,
            Some("00REV"),
            101,
            301,
        ),
        (
            "01",
            OperationKind::Cash,
            BalanceImpact::Debit,
            Some("01REV"),
            102,
            302,
        ),
        (
            "09",
            OperationKind::PurchaseWithCashback,
            BalanceImpact::Debit,
            Some("09REV"),
            103,
            303,
        ),
        (
            "10",
            OperationKind::AccountFunding,
            BalanceImpact::Debit,
            Some("10REV"),
            110,
            310,
        ),
        (
            "11",
            OperationKind::QuasiCash,
            BalanceImpact::Debit,
            Some("11REV"),
            111,
            311,
        ),
        (
            "20",
            OperationKind::Refund,
            BalanceImpact::Credit,
            Some("20REV"),
            201,
            401,
        ),
        (
            "21",
            OperationKind::Deposit,
            BalanceImpact::Credit,
            Some("21REV"),
            221,
            421,
        ),
        (
            "26",
            OperationKind::OriginalCredit,
            BalanceImpact::Credit,
            Some("26REV"),
            226,
            426,
        ),
        (
            "31",
            OperationKind::BalanceInquiry,
            BalanceImpact::None,
            None,
            0,
            0,
        ),
        (
            "33",
            OperationKind::AccountVerification,
            BalanceImpact::None,
            None,
            0,
            0,
        ),
        (
            "88",
            OperationKind::Other,
            BalanceImpact::Debit,
            Some("88REV"),
            188,
            388,
        ),
    ];
    assert_eq!(rules.processing_codes().count(), table.len());
    for (text, kind, impact, reversal, posts, reversal_posts) in table {
        let entry = rules.processing_code(code(text)).unwrap();
        assert_eq!((entry.kind, entry.balance_impact), (kind, impact), "{text}");
        assert_eq!(entry.reversal_processing_code, reversal.map(code), "{text}");
        let first = |links: &[rules::TransactionTypeLink]| {
            links.first().map_or(0, |link| link.transaction_type_id)
        };
        assert_eq!(first(&entry.transaction_types), posts, "{text}");
        assert_eq!(
            first(&entry.reversal_transaction_types),
            reversal_posts,
            "{text}"
        );
        if let Some(reversal) = reversal {
            let reversal = rules.reversal_code(code(reversal)).unwrap();
            assert_eq!(reversal.balance_impact, impact.opposite(), "{text}");
        }
    }
    assert!(rules.processing_code(code("77")).is_none());
    let cash_part = |text| rules.processing_code(code(text))?.cashback_processing_code;
    assert_eq!((cash_part("09"), cash_part("00")), (Some(code("01")), None));
    assert!(
        rules.processing_code(code("00REV")).is_none(),
        "DE3 never names a reversal code"
    );
}

#[test]
fn the_generic_network_answers_every_reason() {
    let rules = shipped();
    let network = rules.network_named("generic").unwrap();
    assert_eq!(rules.network(NetworkId(1)), Some(network));
    assert_eq!(network.dialect, "iso1987-ascii");
    assert!(!network.sign_on_required);
    assert_eq!(
        network.echo,
        [2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49]
    );
    assert_eq!(network.echo_reversal, [90]);
    assert_eq!(network.echo_network_management, [70]);
    assert_eq!(
        (network.match_window_minutes, network.deadline_ms),
        (15, 8000)
    );
    assert_eq!(network.approval_codes, ApprovalCodes::default());
    assert!(network.partial_authorization && network.file_actions);
    assert!(network.transaction_fee_included && !network.acknowledgements);
    let table = [
        (Reason::FormatError, "30"),
        (Reason::MatchConflict, "94"),
        (Reason::UnknownCard, "14"),
        (Reason::CardLost, "41"),
        (Reason::CardStolen, "43"),
        (Reason::CardCanceled, "14"),
        (Reason::CardBlocked, "62"),
        (Reason::CardExpired, "54"),
        (Reason::ExpiryMismatch, "54"),
        (Reason::AccountStatus, "62"),
        (Reason::CardModeUnavailable, "57"),
        (Reason::UnknownProcessingCode, "12"),
        (Reason::NotPermitted, "57"),
        (Reason::CurrencyNotSupported, "57"),
        (Reason::InvalidAmount, "13"),
        (Reason::NoConfiguration, "57"),
        (Reason::InsufficientFunds, "51"),
        (Reason::CashLimitExceeded, "61"),
        (Reason::ReversedBeforeArrival, "05"),
        (Reason::UnknownOriginal, "25"),
        (Reason::OriginalAmountMismatch, "64"),
        (Reason::SignOnRequired, "91"),
        (Reason::Overloaded, "91"),
        (Reason::DeadlinePassed, "91"),
        (Reason::SystemMalfunction, "96"),
        (Reason::AuthorizationsDenied, "57"),
        (Reason::DeclinedByNetwork, "05"),
        (Reason::CashbackNotAvailable, "87"),
        (Reason::FileActionNotSupported, "24"),
        (Reason::FileRecordNotFound, "25"),
        (Reason::FileActionRefused, "29"),
        (Reason::ControlDenied, "57"),
        (Reason::KeyExchangeRefused, "40"),
    ];
    assert_eq!(table.map(|(reason, _)| reason), Reason::ALL);
    for (reason, wire) in table {
        assert_eq!(network.response_code(reason).as_str(), wire, "{reason}");
    }
    assert_eq!(network.denial_code(Reason::InsufficientFunds), Some("810"));
    assert_eq!(network.denial_code(Reason::UnknownCard), Some("998"));
    assert_eq!(network.denial_code(Reason::CardLost), None);
}

#[test]
fn the_demo_accounts_behave_to_the_cent() {
    let rules = shipped();
    let credit = "max=1000000 available=500000 cash=100000 installments=300000";
    let debit = "available=20000 overdraft=5000";
    let prepaid = "available=10000";
    let rows = [
        (
            "the whole credit limit",
            credit,
            "00 500000",
            "Credit: purchase/1 available-500000",
        ),
        ("one cent above", credit, "00 500001", "insufficient"),
        (
            "with cashback",
            credit,
            "09 12050",
            "Credit: purchase/1 available-12050",
        ),
        (
            "the whole cash limit",
            credit,
            "01 100000",
            "Credit: cash/1 available-100000 cash-100000",
        ),
        (
            "one cent above it",
            credit,
            "01 100001",
            "insufficient cash",
        ),
        ("above both", credit, "01 500001", "insufficient cash"),
        (
            "cash left, limit used up",
            "available=4999 cash=100000",
            "01 5000",
            "insufficient",
        ),
        (
            "three instalments",
            credit,
            "00 300000 n=3",
            "Credit: purchase in instalments/1 available-300000 installments-300000",
        ),
        (
            "one cent above the instalment limit",
            credit,
            "00 300001 n=3",
            "insufficient",
        ),
        (
            "instalments left, limit used up",
            "available=4999 installments=300000",
            "00 5000 n=2",
            "insufficient",
        ),
        (
            "a refund",
            credit,
            "20 100",
            "Refund to the available limit/1 available+100",
        ),
        (
            "a nearly used up card",
            "available=1000",
            "00 1001",
            "insufficient",
        ),
        (
            "its last ten",
            "available=1000",
            "00 1000",
            "Credit: purchase/1 available-1000",
        ),
        (
            "balance and overdraft",
            debit,
            "00 25000 program=2",
            "Purchase, cash and cashback from the balance/1 available-25000",
        ),
        (
            "one cent above",
            debit,
            "00 25001 program=2",
            "insufficient",
        ),
        (
            "cash from the balance",
            debit,
            "01 25001 program=2",
            "insufficient",
        ),
        (
            "cashback from the balance",
            debit,
            "09 25000 program=2",
            "Purchase, cash and cashback from the balance/1 available-25000",
        ),
        (
            "instalments on debit are as one",
            debit,
            "00 300 n=3 program=2",
            "Purchase, cash and cashback from the balance/1 available-300",
        ),
        (
            "a refund on debit",
            debit,
            "20 5 program=2",
            "Refund to the available limit/1 available+5",
        ),
        (
            "prepaid",
            prepaid,
            "00 10000 program=3",
            "Purchase, cash and cashback from the balance/1 available-10000",
        ),
        (
            "one cent above",
            prepaid,
            "00 10001 program=3",
            "insufficient",
        ),
        (
            "account funding takes from the cash limit",
            credit,
            "10 100000",
            "Credit: funding and quasi-cash/1 available-100000 cash-100000",
        ),
        (
            "quasi-cash above it",
            credit,
            "11 100001",
            "insufficient cash",
        ),
        (
            "quasi-cash from the balance",
            prepaid,
            "11 10000 program=3",
            "Funding and quasi-cash from the balance/1 available-10000",
        ),
        (
            "a deposit",
            debit,
            "21 700 program=2",
            "Deposit and original credit to the available limit/1 available+700",
        ),
        (
            "an original credit on a credit card",
            credit,
            "26 700",
            "Deposit and original credit to the available limit/1 available+700",
        ),
        ("an inquiry", credit, "31 0", "-/0"),
        ("a verification", credit, "33 0", "-/0"),
        (
            "in the table, without configuration",
            credit,
            "88 100",
            "no configuration",
        ),
        (
            "on debit too",
            debit,
            "88 100 program=2",
            "no configuration",
        ),
    ];
    for (what, limits, request, expected) in rows {
        assert_eq!(
            decide(&rules, limits, request),
            expected,
            "{what}: {limits} | {request}"
        );
    }
}

#[test]
fn every_demo_configuration_is_custom_and_says_when_limits_come_back() {
    let rules = shipped();
    for configuration in rules.configurations() {
        for scenario in &configuration.scenarios {
            assert!(matches!(scenario.kind, rules::ScenarioKind::Custom { .. }));
        }
    }
    let installments = rules
        .configurations()
        .iter()
        .find(|configuration| configuration.name == "Credit: purchase in instalments")
        .unwrap();
    assert_eq!(
        installments.scenarios[0].result.reset_limit,
        Some(ResetLimit::LastInstallment)
    );
}

#[test]
fn the_version_follows_the_content_and_only_the_content() {
    let rules = shipped();
    let documents = rules.documents().to_vec();
    let paths: Vec<&str> = documents
        .iter()
        .map(|document| document.path.as_str())
        .collect();
    assert!(paths.is_sorted());
    assert!(paths.contains(&"networks/generic.toml"));

    let mut reordered = documents.clone();
    reordered.reverse();
    assert_eq!(
        rules::compile(reordered).unwrap().version(),
        rules.version()
    );

    for index in 0..documents.len() {
        let mut changed = documents.clone();
        changed[index].content.push_str("# a comment\n");
        assert_ne!(rules::compile(changed).unwrap().version(), rules.version());
    }
}

/// The shipped documents with the examples of every further kind beside them.
fn with_examples() -> Snapshot {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples/rules");
    let mut documents = shipped().documents().to_vec();
    for folder in std::fs::read_dir(&examples).unwrap() {
        let folder = folder.unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            let (folder, file_name) = (folder.file_name(), file.file_name());
            documents.push(rules::Document {
                path: format!("{}/{}", folder.display(), file_name.display()),
                content: std::fs::read_to_string(file.path()).unwrap(),
            });
        }
    }
    rules::compile(documents).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn the_shipped_rules_cause_no_warning() {
    for rules in [shipped(), with_examples()] {
        let warnings: Vec<String> = rules
            .findings()
            .iter()
            .filter(|finding| finding.severity == rules::Severity::Warning)
            .map(ToString::to_string)
            .collect();
        assert_eq!(warnings, [""; 0]);
    }
}

#[test]
fn the_examples_do_what_they_say() {
    let rules = with_examples();
    let company = "id=100001";
    let rows = [
        (
            "the employee is checked, the company pays",
            "available=500",
            "100900: available=9000",
            format!("00 500 {company}"),
            "Company card: purchase/1 [100900 available-500]",
        ),
        (
            "not above the employee's limit",
            "available=499",
            "100900: available=9000",
            format!("00 500 {company}"),
            "insufficient",
        ),
        (
            "nor above the company's",
            "available=500",
            "100900: available=499",
            format!("00 500 {company}"),
            "insufficient",
        ),
        (
            "by a template",
            "available=500 installments=500",
            "",
            format!("09 500 n=2 installment=250 {company}"),
            "Company card: instalments/1 available-500 installments-500 reset=\"last_installment\"",
        ),
        (
            "with a counterpart",
            "",
            "100901: available=50",
            format!("20 50 {company}"),
            "Company card: refund/1 available+50 [100901 as 00 available-50]",
        ),
        (
            "held, then spent",
            "available=90",
            "",
            "00 90 program=2 mcc=7011".to_owned(),
            "Debit: hold/1 available-90 held+90 then held-90",
        ),
    ];
    for (what, limits, related, request, expected) in rows {
        let found = support::decide_with(&rules, limits, related, &request);
        assert_eq!(found, expected, "{what}");
    }
    let example = rules.network_named("example").unwrap();
    assert_eq!(example.processing_code(code("26")), Some(code("20")));
    let short = Reason::InsufficientFunds;
    assert_eq!(example.merchant_advice_code(short).unwrap().as_str(), "25");
    let standard = rules.authorization_options(rules::AccountId(1), ProgramId(1), None);
    assert_eq!(standard.expiry.pre_authorization, 30);
    assert_eq!(rules.rule_models().len(), 1);
    assert!(example.acknowledgements && !example.transaction_fee_included);
    assert_eq!(example.approval_codes.verified.as_str(), "00");
    let business = rules.program(ProgramId(200)).unwrap();
    assert_eq!(business.currency_conversion, CurrencyConversion::Convert);
    let limits = business.credit_limits;
    assert_eq!(limits.maximum_credit_limit, Some(25_000_000));
    assert_eq!(limits.withdrawal_limit_percentage_hundredths, Some(2_000));
}

/// The flex controls of the examples, operation after operation. Times are told in UTC, three hours
/// before which it is in São Paulo.
#[test]
fn the_example_controls_do_what_they_say() {
    let rules = with_examples();
    let mut books = support::controls::Books::default();
    let rows = [
        ("00 100 mcc=7995", "no-gambling restricted"),
        ("20 100 mcc=7995", "passes"),
        ("00 100 mcc=5411", "passes"),
        ("01 100 at=2026-11-21T12:00:00Z", "working-days restricted"),
        ("01 100 at=2026-11-23T02:59:59Z", "working-days restricted"),
        ("01 100 at=2026-12-25T12:00:00Z", "working-days restricted"),
        (
            "01 100 card=1 at=2026-12-28T12:00:00Z",
            "passes withdrawals+0/1",
        ),
        ("00 50000 at=2026-12-29T23:00:00Z", "passes night+50000/0"),
        ("00 1 at=2026-12-30T08:59:59Z", "night amount_exceeded"),
        ("00 1 at=2026-12-30T09:00:00Z", "passes"),
        ("00 1 at=2026-12-30T23:00:00Z", "passes night+1/0"),
        (
            "00 200000 account=200001 at=2026-12-30T23:00:00Z",
            "passes night-higher+200000/0",
        ),
        (
            "00 1 account=200001 at=2026-12-30T23:00:00Z",
            "night-higher amount_exceeded",
        ),
        ("20 1 account=200001 balance=99999999", "passes"),
        (
            "20 1 account=200001 balance=100000000",
            "ceiling restricted",
        ),
        (
            "00 100 account=200001 customer=300001 country=USA",
            "abroad restricted",
        ),
        (
            "00 30000 account=200001 customer=300001 mcc=5541",
            "passes fuel+30000/0",
        ),
        (
            "00 1 account=200001 customer=300001 mcc=5542",
            "fuel amount_exceeded",
        ),
        ("00 15000 card=1 entry=071", "passes contactless+15000/1"),
        ("00 1 card=1 entry=071", "contactless amount_exceeded"),
        (
            "00 1 card=1 entry=051 password=true",
            "passes contactless+0/0",
        ),
        ("00 1 card=1 entry=071", "passes contactless+1/1"),
    ];
    for (operation, expected) in rows {
        let operation = format!("{operation} program=200");
        let found = support::controls::decide(&rules, &mut books, &operation);
        assert_eq!(found, expected, "{operation}");
    }
}

#[test]
fn the_organization_and_its_options_are_those_of_the_demo() {
    let rules = shipped();
    let status = rules.account_status("IN_COLLECTION").unwrap();
    assert_eq!(status.allowed_operations, AllowedOperations::CreditOnly);
    assert!(rules.status_reason(2).is_some());
    let (euro, dollar) = ("EUR".parse().unwrap(), "USD".parse().unwrap());
    let rate = rules.exchange_rate(euro, dollar).unwrap();
    assert_eq!(rate.convert(10_000), Some(10_997));
    assert!(rules.exchange_rate(dollar, euro).is_none());
    let options = rules.authorization_options(rules::AccountId(1), ProgramId(1), None);
    assert!(options.enabled_partial_authorization);
    let days = |mcc| [false, true].map(|pre| options.expiry_days(mcc, pre));
    assert_eq!(days(None), [10, 30]);
    assert_eq!(days(Some(5411)), [10, 30]);
    assert_eq!(days(Some(7011)), [30, 45]);
    let of_networks = [Feature::NetworkProcessingCodes, Feature::MerchantAdviceCode];
    let mut asked = rules.features();
    asked.retain(|one| !of_networks.contains(&one.feature));
    // Funding and quasi-cash bear the fee, in the program's configuration and the tenant's.
    let of_fees = asked
        .iter()
        .filter(|one| one.feature == Feature::ContractAmount);
    assert_eq!(of_fees.count(), 2);
    assert_eq!(asked.len(), 6, "beside them only reset_limit is asked for");
}
