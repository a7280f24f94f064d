//! The conditions of flex controls, compiled: every attribute that has an order becomes a number and
//! every operator a set of ranges; texts and groups are looked up by key.
//!
//! A condition on something the operation does not carry is not met, whatever its operator.

use jiff::civil::DateTime;

use super::attribute::{ControlAttribute, ControlOperator, MONTH_STEP};
use super::facts::operation_type;
use super::facts::{AccountVerification, AuthenticationMethod, ControlFacts, InitiationMode};
use super::group::{AttributeGroup, TextKey};
use super::names::{AttributeGroupId, Country};
use super::ranges::Ranges;
use super::zone::Zone;
use crate::index::Map;

/// One condition of a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlCondition {
    pub(crate) attribute: ControlAttribute,
    pub(crate) operator: ControlOperator,
    /// As the document writes it.
    pub(crate) value: String,
    pub(crate) test: Test,
}

impl ControlCondition {
    /// What it looks at.
    pub fn attribute(&self) -> ControlAttribute {
        self.attribute
    }

    /// How it compares.
    pub fn operator(&self) -> ControlOperator {
        self.operator
    }

    /// What it compares with, as the document writes it.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// What an attribute is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// Its number is in one of these ranges.
    Ranges(Ranges),
    /// Its text is one of these (sorted), or none of them.
    Texts { texts: Vec<TextKey>, inside: bool },
    /// It is in a group of the rules in force, or not.
    Group { id: AttributeGroupId, inside: bool },
}

const MINUTES_OF_HOUR: i64 = 60;

/// What the conditions of one evaluation see. Texts and local times are worked out once.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) facts: &'a ControlFacts<'a>,
    groups: &'a Map<AttributeGroupId, AttributeGroup>,
    /// Keys of texts, once they were asked for.
    merchant: Option<Option<TextKey>>,
    entry_mode: Option<Option<TextKey>>,
    /// The local time in the zone asked last.
    local: Option<(&'a Zone, Option<DateTime>)>,
}

impl<'a> Seen<'a> {
    pub(crate) fn new(
        facts: &'a ControlFacts<'a>,
        groups: &'a Map<AttributeGroupId, AttributeGroup>,
    ) -> Self {
        Self {
            facts,
            groups,
            merchant: None,
            entry_mode: None,
            local: None,
        }
    }

    /// Whether all conditions are met. `amount_minor` is in the currency of the control.
    pub(crate) fn meets_all(
        &mut self,
        conditions: &[ControlCondition],
        zone: &'a Zone,
        amount_minor: i64,
    ) -> bool {
        conditions
            .iter()
            .all(|condition| self.meets(condition, zone, amount_minor))
    }

    /// Whether one condition is met.
    pub(crate) fn meets(
        &mut self,
        condition: &ControlCondition,
        zone: &'a Zone,
        amount_minor: i64,
    ) -> bool {
        match &condition.test {
            Test::Ranges(ranges) => self
                .number(condition.attribute, zone, amount_minor)
                .is_some_and(|number| ranges.contains(number)),
            Test::Texts { texts, inside } => self
                .text(condition.attribute)
                .is_some_and(|text| texts.binary_search(&text).is_ok() == *inside),
            Test::Group { id, inside } => {
                let group = self.groups.get(id);
                let key = self.text(condition.attribute);
                group
                    .zip(key)
                    .is_some_and(|(group, key)| group.has(key) == *inside)
            }
        }
    }

    /// Whether the rules in force have a group.
    pub(crate) fn has_group(&self, id: &AttributeGroupId) -> bool {
        self.groups.contains_key(id)
    }

    /// The text of an attribute that is compared as one.
    fn text(&mut self, attribute: ControlAttribute) -> Option<TextKey> {
        if attribute == ControlAttribute::MerchantId {
            let text = self.facts.merchant_id;
            *self
                .merchant
                .get_or_insert_with(|| text.and_then(TextKey::of))
        } else if attribute == ControlAttribute::EntryMode {
            let text = self.facts.entry_mode;
            *self
                .entry_mode
                .get_or_insert_with(|| text.and_then(TextKey::of))
        } else {
            self.facts.merchant_category_code.map(TextKey::of_mcc)
        }
    }

    /// The number of an attribute; `None` when the operation does not carry it.
    pub(crate) fn number(
        &mut self,
        attribute: ControlAttribute,
        zone: &'a Zone,
        amount_minor: i64,
    ) -> Option<i64> {
        use ControlAttribute as Attribute;
        let facts = self.facts;
        let country = |country: Option<Country>| country.map(|country| country.numeric().into());
        match attribute {
            Attribute::Amount => Some(amount_minor),
            Attribute::Balance => facts.balance_minor,
            Attribute::MerchantCategoryCode => facts.merchant_category_code.map(i64::from),
            Attribute::MerchantId | Attribute::EntryMode => None,
            Attribute::CountryCode => country(facts.country),
            Attribute::AcquirerCountryCode => country(facts.acquirer_country),
            Attribute::NumberOfInstallments => Some(facts.installments.into()),
            Attribute::WeekDay => {
                let day = self.local(zone)?.date().weekday();
                Some(day.to_monday_zero_offset().into())
            }
            Attribute::MonthDay => {
                let date = self.local(zone)?.date();
                let month = i64::from(date.month()).checked_mul(MONTH_STEP)?;
                month.checked_add(date.day().into())
            }
            Attribute::TimeNow => {
                let time = self.local(zone)?.time();
                let minutes = i64::from(time.hour()).checked_mul(MINUTES_OF_HOUR)?;
                minutes.checked_add(time.minute().into())
            }
            Attribute::IsPhysicalCardPresent => facts.is_physical_card_present.map(i64::from),
            Attribute::IsDeviceRegistered => facts.is_device_registered.map(i64::from),
            Attribute::IsTraExemptionRequested => facts.is_tra_exemption_requested.map(i64::from),
            Attribute::IsPinValidatedOffline => facts.is_pin_validated_offline.map(i64::from),
            Attribute::IsTokenPresent => facts.is_token_present.map(i64::from),
            Attribute::IsCavvPresent => facts.is_cavv_present.map(i64::from),
            Attribute::AuthenticationMethod => facts
                .authentication_method
                .map(AuthenticationMethod::number),
            Attribute::InitiationMode => facts.initiation_mode.map(InitiationMode::number),
            Attribute::Avr => facts.account_verification.map(AccountVerification::number),
            Attribute::OperationType => Some(operation_type(facts.direction)),
        }
    }

    /// The local time in a zone, kept for the next condition of the same zone.
    fn local(&mut self, zone: &'a Zone) -> Option<DateTime> {
        if let Some((known, local)) = &self.local
            && std::ptr::eq(*known, zone)
        {
            return *local;
        }
        let local = zone.local(self.facts.at_us);
        self.local = Some((zone, local));
        local
    }
}
