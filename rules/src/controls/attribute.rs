//! What conditions of flex controls look at and how they compare, with the words and numbers of each
//! attribute. Owns only names; comparing is in `condition`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{AccountVerification, AuthenticationMethod, InitiationMode, OPERATION_TYPES};

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident => $text:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        pub enum $name {
            $($(#[doc = $variant_doc])+ #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant),+];

            /// The name in files.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What a condition looks at.
    ControlAttribute {
        /// Amount, minor units of the control's currency.
        Amount => "amount",
        /// Balance of the account before the operation, minor units of its currency.
        Balance => "balance",
        /// Merchant category code.
        MerchantCategoryCode => "merchant_category_code",
        /// Merchant.
        MerchantId => "merchant_id",
        /// DE22, whole.
        EntryMode => "entry_mode",
        /// Country of the merchant.
        CountryCode => "country_code",
        /// Country of the acquirer.
        AcquirerCountryCode => "acquirer_country_code",
        /// Number of instalments.
        NumberOfInstallments => "number_of_installments",
        /// Day of the week.
        WeekDay => "week_day",
        /// Day of the year.
        MonthDay => "month_day",
        /// Time of the day.
        TimeNow => "time_now",
        /// Whether the card was there.
        IsPhysicalCardPresent => "is_physical_card_present",
        /// Whether the device is registered.
        IsDeviceRegistered => "is_device_registered",
        /// Whether an exemption by risk analysis is asked for.
        IsTraExemptionRequested => "is_tra_exemption_requested",
        /// Whether the card checked the PIN itself.
        IsPinValidatedOffline => "is_pin_validated_offline",
        /// Whether a token stands for the card number.
        IsTokenPresent => "is_token_present",
        /// Whether a cardholder authentication value is there.
        IsCavvPresent => "is_cavv_present",
        /// How the holder was authenticated.
        AuthenticationMethod => "authentication_method",
        /// Who began the operation.
        InitiationMode => "initiation_mode",
        /// Kind of account verification.
        Avr => "avr",
        /// Which way money moves.
        OperationType => "operation_type",
    }
}

words! {
    /// How a condition compares.
    ControlOperator {
        /// Equal.
        Eq => "eq",
        /// Not equal.
        Neq => "neq",
        /// Less.
        Lt => "lt",
        /// Less or equal.
        Lte => "lte",
        /// Greater.
        Gt => "gt",
        /// Greater or equal.
        Gte => "gte",
        /// One of a comma list.
        In => "in",
        /// None of a comma list.
        Nin => "nin",
        /// Between two values, both included.
        Bt => "bt",
        /// In an attribute group.
        InGroup => "in_group",
        /// Not in an attribute group.
        NotInGroup => "not_in_group",
    }
}

/// The days of the week as conditions write them. Monday is 0.
pub(crate) const WEEK_DAYS: &[(&str, i64)] = &[
    ("monday", 0),
    ("tuesday", 1),
    ("wednesday", 2),
    ("thursday", 3),
    ("friday", 4),
    ("saturday", 5),
    ("sunday", 6),
];
/// The months as conditions write them, with the days each can have.
pub(crate) const MONTHS: &[(&str, i64)] = &[
    ("JAN", 31),
    ("FEB", 29),
    ("MAR", 31),
    ("APR", 30),
    ("MAY", 31),
    ("JUN", 30),
    ("JUL", 31),
    ("AUG", 31),
    ("SEP", 30),
    ("OCT", 31),
    ("NOV", 30),
    ("DEC", 31),
];
/// Days of the year are compared as 32 times the month (JAN is 1) and the day.
pub(crate) const MONTH_STEP: i64 = 32;
const FLAGS: &[(&str, i64)] = &[("false", 0), ("true", 1)];

impl ControlAttribute {
    /// The words of an attribute that is one of a few.
    pub(crate) fn words(self) -> Option<&'static [(&'static str, i64)]> {
        match self {
            Self::WeekDay => Some(WEEK_DAYS),
            Self::IsPhysicalCardPresent
            | Self::IsDeviceRegistered
            | Self::IsTraExemptionRequested
            | Self::IsPinValidatedOffline
            | Self::IsTokenPresent
            | Self::IsCavvPresent => Some(FLAGS),
            Self::AuthenticationMethod => Some(AuthenticationMethod::WORDS),
            Self::InitiationMode => Some(InitiationMode::WORDS),
            Self::Avr => Some(AccountVerification::WORDS),
            Self::OperationType => Some(OPERATION_TYPES),
            Self::Amount
            | Self::Balance
            | Self::MerchantCategoryCode
            | Self::MerchantId
            | Self::EntryMode
            | Self::CountryCode
            | Self::AcquirerCountryCode
            | Self::NumberOfInstallments
            | Self::MonthDay
            | Self::TimeNow => None,
        }
    }

    /// Between which numbers its number lies.
    pub(crate) fn domain(self) -> (i64, i64) {
        match self {
            Self::Amount => (0, i64::MAX),
            Self::Balance => (i64::MIN, i64::MAX),
            Self::NumberOfInstallments => (0, u8::MAX.into()),
            Self::MerchantCategoryCode => (0, 9_999),
            Self::CountryCode | Self::AcquirerCountryCode => (0, 999),
            Self::MonthDay => (33, 415),
            Self::TimeNow => (0, 1_439),
            Self::MerchantId | Self::EntryMode => (0, 0),
            Self::WeekDay
            | Self::IsPhysicalCardPresent
            | Self::IsDeviceRegistered
            | Self::IsTraExemptionRequested
            | Self::IsPinValidatedOffline
            | Self::IsTokenPresent
            | Self::IsCavvPresent
            | Self::AuthenticationMethod
            | Self::InitiationMode
            | Self::Avr
            | Self::OperationType => {
                let most = self.words().map_or(0, <[_]>::len).saturating_sub(1);
                (0, i64::try_from(most).unwrap_or(0))
            }
        }
    }
}
