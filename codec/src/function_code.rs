//! What a message is for within its class.
//!
//! Owns the function codes of the 1993 and 2003 editions. Must never decide what the switch does about it.

/// A function code, DE24, of the 1993 and 2003 editions. A code without a name of its own is [`Other`](Self::Other).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionCode {
    /// 100: original authorization, amount accurate.
    OriginalAccurate,
    /// 101: original authorization, amount estimated.
    OriginalEstimated,
    /// 102: replacement authorization, amount accurate.
    ReplacementAccurate,
    /// 103: replacement authorization, amount estimated.
    ReplacementEstimated,
    /// 108: inquiry.
    Inquiry,
    /// 113: account verification.
    AccountVerification,
    /// 200: original financial request or advice.
    FinancialOriginal,
    /// 201: financial, authorized before for the same amount.
    FinancialSameAmount,
    /// 202: financial, authorized before for another amount.
    FinancialOtherAmount,
    /// 400: full reversal: the transaction did not complete as approved.
    FullReversal,
    /// 401: partial reversal: the transaction did not complete for the full amount.
    PartialReversal,
    /// 801: sign-on.
    SignOn,
    /// 802: sign-off.
    SignOff,
    /// 803: the target system is unavailable.
    TargetUnavailable,
    /// 804: the target system is in backup mode.
    BackupMode,
    /// 821: cut-over.
    CutOver,
    /// 831: echo test.
    Echo,
    /// Any other code.
    Other(u16),
}

/// Not 3 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a function code is 3 digits")]
pub struct InvalidFunctionCode;

/// The codes that have a name.
const NAMED: [(u16, FunctionCode); 17] = [
    (100, FunctionCode::OriginalAccurate),
    (101, FunctionCode::OriginalEstimated),
    (102, FunctionCode::ReplacementAccurate),
    (103, FunctionCode::ReplacementEstimated),
    (108, FunctionCode::Inquiry),
    (113, FunctionCode::AccountVerification),
    (200, FunctionCode::FinancialOriginal),
    (201, FunctionCode::FinancialSameAmount),
    (202, FunctionCode::FinancialOtherAmount),
    (400, FunctionCode::FullReversal),
    (401, FunctionCode::PartialReversal),
    (801, FunctionCode::SignOn),
    (802, FunctionCode::SignOff),
    (803, FunctionCode::TargetUnavailable),
    (804, FunctionCode::BackupMode),
    (821, FunctionCode::CutOver),
    (831, FunctionCode::Echo),
];

impl FunctionCode {
    /// Reads 3 digits.
    ///
    /// # Errors
    /// [`InvalidFunctionCode`] for another length or character.
    pub fn parse(text: &str) -> Result<Self, InvalidFunctionCode> {
        let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        let code = text
            .parse()
            .ok()
            .filter(|_| digits)
            .ok_or(InvalidFunctionCode)?;
        let named = NAMED.iter().find(|(number, _)| *number == code);
        Ok(named.map_or(Self::Other(code), |(_, name)| *name))
    }

    /// The code as a number of at most 3 digits.
    pub fn code(self) -> u16 {
        if let Self::Other(code) = self {
            return code;
        }
        let named = NAMED.iter().find(|(_, name)| *name == self);
        named.map_or(0, |(code, _)| *code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_codes_go_both_ways_and_others_are_kept() {
        for (code, name) in NAMED {
            assert_eq!(FunctionCode::parse(&format!("{code:03}")), Ok(name));
            assert_eq!(name.code(), code);
        }
        let other = FunctionCode::Other(999);
        assert_eq!(FunctionCode::parse("999"), Ok(other));
        assert_eq!(other.code(), 999);
        for bad in ["", "1", "1111", "11x", "+11"] {
            assert_eq!(FunctionCode::parse(bad), Err(InvalidFunctionCode), "{bad}");
        }
    }
}
