//! The dictionary of EMV tags.
//!
//! Owns the table. Must never hold a tag twice: it is searched by halving.

use super::EmvFormat::{Binary, CompressedNumeric, Numeric, Template, Text};
use super::{EmvFormat, EmvTag};
use crate::sensitivity::Sensitivity;

/// In ascending order of the tag.
#[rustfmt::skip]
pub(super) const TAGS: &[EmvTag] = &[
    entry(0x42, "Issuer Identification Number", Numeric, None),
    entry(0x4F, "Application Identifier (ADF name)", Binary, None),
    entry(0x50, "Application Label", Text, None),
    entry(0x56, "Track 1 Data", Text, Some(Sensitivity::Track)),
    entry(0x57, "Track 2 Equivalent Data", Binary, Some(Sensitivity::Track)),
    entry(0x5A, "Application Primary Account Number", CompressedNumeric, Some(Sensitivity::Pan)),
    entry(0x61, "Application Template", Template, None),
    entry(0x6F, "File Control Information Template", Template, None),
    entry(0x70, "READ RECORD Response Template", Template, None),
    entry(0x71, "Issuer Script Template 1", Template, None),
    entry(0x72, "Issuer Script Template 2", Template, None),
    entry(0x73, "Directory Discretionary Template", Template, None),
    entry(0x77, "Response Message Template Format 2", Template, None),
    entry(0x80, "Response Message Template Format 1", Binary, None),
    entry(0x81, "Amount, Authorised (binary)", Binary, None),
    entry(0x82, "Application Interchange Profile", Binary, None),
    entry(0x83, "Command Template", Binary, None),
    entry(0x84, "Dedicated File Name", Binary, None),
    entry(0x86, "Issuer Script Command", Binary, None),
    entry(0x87, "Application Priority Indicator", Binary, None),
    entry(0x88, "Short File Identifier", Binary, None),
    entry(0x89, "Authorisation Code", Text, None),
    entry(0x8A, "Authorisation Response Code", Text, None),
    entry(0x8C, "Card Risk Management Data Object List 1", Binary, None),
    entry(0x8D, "Card Risk Management Data Object List 2", Binary, None),
    entry(0x8E, "Cardholder Verification Method List", Binary, None),
    entry(0x8F, "Certification Authority Public Key Index", Binary, None),
    entry(0x90, "Issuer Public Key Certificate", Binary, None),
    entry(0x91, "Issuer Authentication Data", Binary, None),
    entry(0x92, "Issuer Public Key Remainder", Binary, None),
    entry(0x93, "Signed Static Application Data", Binary, None),
    entry(0x94, "Application File Locator", Binary, None),
    entry(0x95, "Terminal Verification Results", Binary, None),
    entry(0x97, "Transaction Certificate Data Object List", Binary, None),
    entry(0x98, "Transaction Certificate Hash Value", Binary, None),
    entry(0x99, "Transaction Personal Identification Number Data", Binary, Some(Sensitivity::Pin)),
    entry(0x9A, "Transaction Date", Numeric, None),
    entry(0x9B, "Transaction Status Information", Binary, None),
    entry(0x9C, "Transaction Type", Numeric, None),
    entry(0x9D, "Directory Definition File Name", Binary, None),
    entry(0xA5, "FCI Proprietary Template", Template, None),
    entry(0x5F20, "Cardholder Name", Text, Some(Sensitivity::Track)),
    entry(0x5F24, "Application Expiration Date", Numeric, Some(Sensitivity::Track)),
    entry(0x5F25, "Application Effective Date", Numeric, None),
    entry(0x5F28, "Issuer Country Code", Numeric, None),
    entry(0x5F2A, "Transaction Currency Code", Numeric, None),
    entry(0x5F2D, "Language Preference", Text, None),
    entry(0x5F30, "Service Code", Numeric, Some(Sensitivity::Track)),
    entry(0x5F34, "Application PAN Sequence Number", Numeric, None),
    entry(0x5F36, "Transaction Currency Exponent", Numeric, None),
    entry(0x5F50, "Issuer URL", Text, None),
    entry(0x5F53, "International Bank Account Number", Binary, Some(Sensitivity::Pan)),
    entry(0x5F54, "Bank Identifier Code", Text, None),
    entry(0x5F55, "Issuer Country Code (alpha 2)", Text, None),
    entry(0x5F56, "Issuer Country Code (alpha 3)", Text, None),
    entry(0x5F57, "Account Type", Numeric, None),
    entry(0x9F01, "Acquirer Identifier", Numeric, None),
    entry(0x9F02, "Amount, Authorised (numeric)", Numeric, None),
    entry(0x9F03, "Amount, Other (numeric)", Numeric, None),
    entry(0x9F04, "Amount, Other (binary)", Binary, None),
    entry(0x9F05, "Application Discretionary Data", Binary, None),
    entry(0x9F06, "Application Identifier (terminal)", Binary, None),
    entry(0x9F07, "Application Usage Control", Binary, None),
    entry(0x9F08, "Application Version Number (card)", Binary, None),
    entry(0x9F09, "Application Version Number (terminal)", Binary, None),
    entry(0x9F0B, "Cardholder Name Extended", Text, Some(Sensitivity::Track)),
    entry(0x9F0D, "Issuer Action Code - Default", Binary, None),
    entry(0x9F0E, "Issuer Action Code - Denial", Binary, None),
    entry(0x9F0F, "Issuer Action Code - Online", Binary, None),
    entry(0x9F10, "Issuer Application Data", Binary, None),
    entry(0x9F11, "Issuer Code Table Index", Numeric, None),
    entry(0x9F12, "Application Preferred Name", Text, None),
    entry(0x9F13, "Last Online Application Transaction Counter Register", Binary, None),
    entry(0x9F14, "Lower Consecutive Offline Limit", Binary, None),
    entry(0x9F15, "Merchant Category Code", Numeric, None),
    entry(0x9F16, "Merchant Identifier", Text, None),
    entry(0x9F17, "Personal Identification Number Try Counter", Binary, None),
    entry(0x9F18, "Issuer Script Identifier", Binary, None),
    entry(0x9F19, "Token Requestor ID", Numeric, None),
    entry(0x9F1A, "Terminal Country Code", Numeric, None),
    entry(0x9F1B, "Terminal Floor Limit", Binary, None),
    entry(0x9F1C, "Terminal Identification", Text, None),
    entry(0x9F1D, "Terminal Risk Management Data", Binary, None),
    entry(0x9F1E, "Interface Device Serial Number", Text, None),
    entry(0x9F1F, "Track 1 Discretionary Data", Text, Some(Sensitivity::Track)),
    entry(0x9F20, "Track 2 Discretionary Data", CompressedNumeric, Some(Sensitivity::Track)),
    entry(0x9F21, "Transaction Time", Numeric, None),
    entry(0x9F22, "Certification Authority Public Key Index (terminal)", Binary, None),
    entry(0x9F23, "Upper Consecutive Offline Limit", Binary, None),
    entry(0x9F24, "Payment Account Reference", Text, None),
    entry(0x9F25, "Last 4 Digits of PAN", Numeric, None),
    entry(0x9F26, "Application Cryptogram", Binary, None),
    entry(0x9F27, "Cryptogram Information Data", Binary, None),
    entry(0x9F32, "Issuer Public Key Exponent", Binary, None),
    entry(0x9F33, "Terminal Capabilities", Binary, None),
    entry(0x9F34, "Cardholder Verification Method Results", Binary, None),
    entry(0x9F35, "Terminal Type", Numeric, None),
    entry(0x9F36, "Application Transaction Counter", Binary, None),
    entry(0x9F37, "Unpredictable Number", Binary, None),
    entry(0x9F38, "Processing Options Data Object List", Binary, None),
    entry(0x9F39, "Point-of-Service Entry Mode", Numeric, None),
    entry(0x9F3A, "Amount, Reference Currency", Binary, None),
    entry(0x9F3B, "Application Reference Currency", Numeric, None),
    entry(0x9F3C, "Transaction Reference Currency Code", Numeric, None),
    entry(0x9F3D, "Transaction Reference Currency Exponent", Numeric, None),
    entry(0x9F40, "Additional Terminal Capabilities", Binary, None),
    entry(0x9F41, "Transaction Sequence Counter", Numeric, None),
    entry(0x9F42, "Application Currency Code", Numeric, None),
    entry(0x9F43, "Application Reference Currency Exponent", Numeric, None),
    entry(0x9F44, "Application Currency Exponent", Numeric, None),
    entry(0x9F45, "Data Authentication Code", Binary, None),
    entry(0x9F46, "ICC Public Key Certificate", Binary, None),
    entry(0x9F47, "ICC Public Key Exponent", Binary, None),
    entry(0x9F48, "ICC Public Key Remainder", Binary, None),
    entry(0x9F49, "Dynamic Data Authentication Data Object List", Binary, None),
    entry(0x9F4A, "Static Data Authentication Tag List", Binary, None),
    entry(0x9F4B, "Signed Dynamic Application Data", Binary, None),
    entry(0x9F4C, "ICC Dynamic Number", Binary, None),
    entry(0x9F4D, "Log Entry", Binary, None),
    entry(0x9F4E, "Merchant Name and Location", Text, None),
    entry(0x9F4F, "Log Format", Binary, None),
    entry(0x9F53, "Transaction Category Code (Mastercard) or Consecutive Limit (Visa)", Binary, None),
    entry(0x9F5B, "Issuer Script Results", Binary, None),
    entry(0x9F66, "Terminal Transaction Qualifiers", Binary, None),
    entry(0x9F6B, "Track 2 Data (contactless)", Binary, Some(Sensitivity::Track)),
    entry(0x9F6C, "Card Transaction Qualifiers", Binary, None),
    entry(0x9F6E, "Form Factor Indicator or Third Party Data", Binary, None),
    entry(0x9F7C, "Customer Exclusive Data or Merchant Custom Data", Binary, None),
    entry(0xBF0C, "FCI Issuer Discretionary Data", Template, None),
];

const fn entry(
    number: u32,
    name: &'static str,
    format: EmvFormat,
    sensitivity: Option<Sensitivity>,
) -> EmvTag {
    EmvTag {
        number,
        name,
        format,
        sensitivity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure::Tag;

    #[test]
    fn every_tag_is_a_tag_and_found() {
        for pair in TAGS.windows(2) {
            assert!(pair[0].number < pair[1].number, "{}", pair[1].name);
        }
        for entry in TAGS {
            let tag = Tag::new(entry.number).unwrap();
            assert_eq!(super::super::tag(tag), Some(entry));
            let template = entry.format == Template;
            assert!(tag.is_constructed() || !template, "{tag}");
        }
    }
}
