//! The message type indicator.
//!
//! Owns the meaning of its four digits and the rule that makes an answer's MTI from a request's. Must never decide
//! whether a network sends such a message.

use std::fmt;
use std::str::FromStr;

/// A message type indicator: version, class, function, origin; one decimal digit each.
///
/// `Display` and `Debug` print the four digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mti([u8; 4]);

/// Not four ASCII digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an MTI is 4 digits")]
pub struct InvalidMti;

/// First digit: the edition of ISO 8583.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MtiVersion {
    /// 0: ISO 8583:1987.
    V1987,
    /// 1: ISO 8583:1993.
    V1993,
    /// 2: ISO 8583:2003.
    V2003,
    /// 8: national use.
    National,
    /// 9: private use.
    Private,
    /// A digit that the standard keeps back, 3..=7.
    Reserved(u8),
}

/// Second digit: what the message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MtiClass {
    /// 1: authorization.
    Authorization,
    /// 2: financial.
    Financial,
    /// 3: file action.
    FileAction,
    /// 4: reversal and chargeback.
    Reversal,
    /// 5: reconciliation.
    Reconciliation,
    /// 6: administrative.
    Administrative,
    /// 7: fee collection.
    FeeCollection,
    /// 8: network management.
    NetworkManagement,
    /// A digit that the standard keeps back, 0 or 9.
    Reserved(u8),
}

/// Third digit: the step of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MtiFunction {
    /// 0: request.
    Request,
    /// 1: response to a request.
    RequestResponse,
    /// 2: advice.
    Advice,
    /// 3: response to an advice.
    AdviceResponse,
    /// 4: notification; never answered.
    Notification,
    /// 5: acknowledgement of a notification.
    NotificationAcknowledgement,
    /// 6: instruction.
    Instruction,
    /// 7: acknowledgement of an instruction.
    InstructionAcknowledgement,
    /// A digit that the standard keeps back, 8 or 9.
    Reserved(u8),
}

/// Fourth digit: who began the exchange. [`Mti::is_repeat`] says whether this is a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MtiOrigin {
    /// 0 and 1: the acquirer.
    Acquirer,
    /// 2 and 3: the issuer.
    Issuer,
    /// 4 and 5: another party.
    Other,
    /// A digit that the standard keeps back, 6..=9.
    Reserved(u8),
}

impl Mti {
    /// Reads four ASCII digits.
    ///
    /// # Errors
    /// [`InvalidMti`] for another length or another byte.
    pub fn parse(digits: &[u8]) -> Result<Self, InvalidMti> {
        let digits = <[u8; 4]>::try_from(digits).map_err(|_wrong_length| InvalidMti)?;
        if digits.iter().all(u8::is_ascii_digit) {
            Ok(Self(digits))
        } else {
            Err(InvalidMti)
        }
    }

    /// The version digit.
    pub fn version(self) -> MtiVersion {
        let [version, _, _, _] = self.values();
        match version {
            0 => MtiVersion::V1987,
            1 => MtiVersion::V1993,
            2 => MtiVersion::V2003,
            8 => MtiVersion::National,
            9 => MtiVersion::Private,
            other => MtiVersion::Reserved(other),
        }
    }

    /// The class digit.
    pub fn class(self) -> MtiClass {
        let [_, class, _, _] = self.values();
        match class {
            1 => MtiClass::Authorization,
            2 => MtiClass::Financial,
            3 => MtiClass::FileAction,
            4 => MtiClass::Reversal,
            5 => MtiClass::Reconciliation,
            6 => MtiClass::Administrative,
            7 => MtiClass::FeeCollection,
            8 => MtiClass::NetworkManagement,
            other => MtiClass::Reserved(other),
        }
    }

    /// The function digit.
    pub fn function(self) -> MtiFunction {
        let [_, _, function, _] = self.values();
        match function {
            0 => MtiFunction::Request,
            1 => MtiFunction::RequestResponse,
            2 => MtiFunction::Advice,
            3 => MtiFunction::AdviceResponse,
            4 => MtiFunction::Notification,
            5 => MtiFunction::NotificationAcknowledgement,
            6 => MtiFunction::Instruction,
            7 => MtiFunction::InstructionAcknowledgement,
            other => MtiFunction::Reserved(other),
        }
    }

    /// Who began the exchange.
    pub fn origin(self) -> MtiOrigin {
        let [_, _, _, origin] = self.values();
        match origin {
            0 | 1 => MtiOrigin::Acquirer,
            2 | 3 => MtiOrigin::Issuer,
            4 | 5 => MtiOrigin::Other,
            other => MtiOrigin::Reserved(other),
        }
    }

    /// Whether the origin digit says that this is a repeat: 1, 3 or 5.
    pub fn is_repeat(self) -> bool {
        let [_, _, _, origin] = self.0;
        matches!(origin, b'1' | b'3' | b'5')
    }

    /// The MTI of the answer, or `None` when such a message has none.
    ///
    /// Function 0 becomes 1, 2 becomes 3, 6 becomes 7, in every edition; a notification (4) needs no answer. The repeat
    /// is cleared (1 to 0, 3 to 2, 5 to 4), so that the answer to 0121 is 0130 and to 0421 is 0430.
    pub fn response(self) -> Option<Self> {
        let [version, class, function, origin] = self.0;
        let function = match function {
            b'0' => b'1',
            b'2' => b'3',
            b'6' => b'7',
            _ => return None,
        };
        let origin = match origin {
            b'1' => b'0',
            b'3' => b'2',
            b'5' => b'4',
            other => other,
        };
        Some(Self([version, class, function, origin]))
    }

    /// The four ASCII digits.
    pub fn digits(self) -> [u8; 4] {
        self.0
    }

    fn values(self) -> [u8; 4] {
        self.0.map(|digit| digit.saturating_sub(b'0'))
    }
}

impl FromStr for Mti {
    type Err = InvalidMti;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mti(text: &str) -> Mti {
        text.parse().unwrap()
    }

    #[test]
    fn answers_follow_the_function_and_clear_the_repeat() {
        for (request, answer) in [
            ("0100", Some("0110")),
            ("0101", Some("0110")),
            ("0120", Some("0130")),
            ("0121", Some("0130")),
            ("0200", Some("0210")),
            ("0302", Some("0312")),
            ("0303", Some("0312")),
            ("0400", Some("0410")),
            ("0401", Some("0410")),
            ("0420", Some("0430")),
            ("0421", Some("0430")),
            ("0605", Some("0614")),
            ("0800", Some("0810")),
            ("1101", Some("1110")),
            ("1421", Some("1430")),
            ("2100", Some("2110")),
            ("2160", Some("2170")),
            ("0110", None),
            ("0130", None),
            ("0140", None),
            ("0150", None),
            ("0180", None),
        ] {
            assert_eq!(mti(request).response(), answer.map(mti), "{request}");
        }
    }

    #[test]
    fn digits_have_their_meaning() {
        let reversal = mti("1421");
        assert_eq!(reversal.version(), MtiVersion::V1993);
        assert_eq!(reversal.class(), MtiClass::Reversal);
        assert_eq!(reversal.function(), MtiFunction::Advice);
        assert!(reversal.is_repeat());
        assert_eq!(reversal.origin(), MtiOrigin::Acquirer);
        assert_eq!(mti("0302").origin(), MtiOrigin::Issuer);
        assert_eq!(mti("2105").origin(), MtiOrigin::Other);
        assert_eq!(mti("2100").version(), MtiVersion::V2003);
        let odd = mti("3088");
        assert_eq!(odd.version(), MtiVersion::Reserved(3));
        assert_eq!(odd.class(), MtiClass::Reserved(0));
        assert_eq!(odd.function(), MtiFunction::Reserved(8));
        assert!(!odd.is_repeat());
        assert_eq!(odd.origin(), MtiOrigin::Reserved(8));
        assert_eq!(mti("8000").version(), MtiVersion::National);
        assert_eq!(mti("9000").version(), MtiVersion::Private);
    }

    #[test]
    fn other_than_four_digits_is_refused() {
        for text in ["", "010", "01000", "01A0", "01 0", "०१००"] {
            assert_eq!(Mti::parse(text.as_bytes()), Err(InvalidMti), "{text:?}");
        }
        assert_eq!(format!("{0} {0:?}", mti("0421")), "0421 0421");
    }
}
