//! The JSON schemas of the rule documents, for editors and API clients. The models of the
//! documents are their only source.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::attribute_groups::AttributeGroupTable;
use super::authorization_options::AuthorizationOptionsTable;
use super::balance_configurations::EnvelopeTable;
use super::exchange_rates::ExchangeRatesTable;
use super::filter_templates::FilterTemplateTable;
use super::flex_controls::FlexControlsTable;
use super::networks::NetworkTable;
use super::organization::OrganizationTable;
use super::over_limit::OverLimitTable;
use super::processing_codes::ProcessingCodesTable;
use super::programs::ProgramTable;
use super::rule_models::RuleModelTable;
use super::rule_tests::RuleTestTable;

/// The schema of every kind of rule document, by the name of its folder or file.
pub fn schemas() -> [(&'static str, Schema); 13] {
    [
        (super::ATTRIBUTE_GROUPS, of::<AttributeGroupTable>()),
        (
            super::AUTHORIZATION_OPTIONS,
            of::<AuthorizationOptionsTable>(),
        ),
        (super::BALANCE_CONFIGURATIONS, of::<EnvelopeTable>()),
        ("exchange-rates", of::<ExchangeRatesTable>()),
        (super::FILTER_TEMPLATES, of::<FilterTemplateTable>()),
        (super::FLEX_CONTROLS, of::<FlexControlsTable>()),
        (super::NETWORKS, of::<NetworkTable>()),
        ("organization", of::<OrganizationTable>()),
        (super::OVER_LIMIT, of::<OverLimitTable>()),
        ("processing-codes", of::<ProcessingCodesTable>()),
        (super::PROGRAMS, of::<ProgramTable>()),
        (super::RULE_MODELS, of::<RuleModelTable>()),
        (super::RULE_TESTS, of::<RuleTestTable>()),
    ]
}

fn of<T: JsonSchema>() -> Schema {
    SchemaGenerator::default().into_root_schema_for::<T>()
}
