//! Why a message was sent.
//!
//! Owns the message reason codes of the 1993 and 2003 editions. Must never decide what the switch does about it.

/// A message reason code, DE25, of the 1993 and 2003 editions. A code without a name of its own is
/// [`Other`](Self::Other).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageReason {
    /// 1000: stand-in processing at the option of the issuer.
    StandInByIssuerOption,
    /// 1001: stand-in processing, the issuer is signed off.
    IssuerSignedOff,
    /// 1002: stand-in processing, the issuer timed out.
    IssuerTimedOut,
    /// 1003: stand-in processing, the issuer is unavailable.
    IssuerUnavailable,
    /// 1004: processed by the terminal.
    TerminalProcessed,
    /// 1005: processed by the chip.
    ChipProcessed,
    /// 1006: under the floor limit.
    UnderFloorLimit,
    /// 1007: stand-in processing at the option of the acquirer.
    StandInByAcquirerOption,
    /// 4000: the customer canceled.
    CustomerCancelled,
    /// 4001: reversal without a named reason.
    UnspecifiedReversal,
    /// 4002: suspected malfunction.
    SuspectedMalfunction,
    /// 4003: format error.
    FormatError,
    /// 4004: completed partially.
    PartialCompletion,
    /// 4005: the original amount was wrong.
    OriginalAmountWrong,
    /// 4006: the response came too late.
    LateResponse,
    /// 4007: the device could not complete the transaction.
    DeviceProblem,
    /// 4013: the message could not be delivered to the point of service.
    Undeliverable,
    /// 4020: the response was invalid, nothing was done.
    InvalidResponse,
    /// 4021: no response in time.
    NoResponseInTime,
    /// Any other code.
    Other(u16),
}

/// Not 4 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message reason code is 4 digits")]
pub struct InvalidMessageReason;

/// The codes that have a name.
const NAMED: [(u16, MessageReason); 19] = [
    (1000, MessageReason::StandInByIssuerOption),
    (1001, MessageReason::IssuerSignedOff),
    (1002, MessageReason::IssuerTimedOut),
    (1003, MessageReason::IssuerUnavailable),
    (1004, MessageReason::TerminalProcessed),
    (1005, MessageReason::ChipProcessed),
    (1006, MessageReason::UnderFloorLimit),
    (1007, MessageReason::StandInByAcquirerOption),
    (4000, MessageReason::CustomerCancelled),
    (4001, MessageReason::UnspecifiedReversal),
    (4002, MessageReason::SuspectedMalfunction),
    (4003, MessageReason::FormatError),
    (4004, MessageReason::PartialCompletion),
    (4005, MessageReason::OriginalAmountWrong),
    (4006, MessageReason::LateResponse),
    (4007, MessageReason::DeviceProblem),
    (4013, MessageReason::Undeliverable),
    (4020, MessageReason::InvalidResponse),
    (4021, MessageReason::NoResponseInTime),
];

impl MessageReason {
    /// Reads 4 digits.
    ///
    /// # Errors
    /// [`InvalidMessageReason`] for another length or character.
    pub fn parse(text: &str) -> Result<Self, InvalidMessageReason> {
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let code = text
            .parse()
            .ok()
            .filter(|_| digits)
            .ok_or(InvalidMessageReason)?;
        let named = NAMED.iter().find(|(number, _)| *number == code);
        Ok(named.map_or(Self::Other(code), |(_, name)| *name))
    }

    /// The code as a number of at most 4 digits.
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
            assert_eq!(MessageReason::parse(&format!("{code:04}")), Ok(name));
            assert_eq!(name.code(), code);
        }
        let other = MessageReason::Other(9999);
        assert_eq!(MessageReason::parse("9999"), Ok(other));
        assert_eq!(other.code(), 9999);
        for bad in ["", "1", "11111", "111x", "+111"] {
            assert_eq!(
                MessageReason::parse(bad),
                Err(InvalidMessageReason),
                "{bad}"
            );
        }
    }
}
