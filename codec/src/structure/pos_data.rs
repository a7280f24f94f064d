//! Point-of-service data, DE61 of Mastercard.
//!
//! Owns its fourteen positions. Must never judge whether they fit the rest of the message.

/// Positions that are always there.
const REQUIRED: usize = 9;
/// Most characters of the postal code.
const LONGEST_POSTAL_CODE: usize = 10;

/// DE61: eleven single digits, life cycle n2, country n3, postal code. Positions 10 to 14 may be cut off at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosData {
    /// Positions 1 to 9, ASCII digits. Named access through the methods.
    pub always: [u8; REQUIRED],
    /// 10: level of a cardholder-activated terminal.
    pub activated_terminal_level: Option<u8>,
    /// 11: what the terminal can read.
    pub input_capability: Option<u8>,
    /// 12: life cycle of an authorization in days.
    pub life_cycle: Option<[u8; 2]>,
    /// 13: country of the terminal, ISO 3166 numeric.
    pub country: Option<[u8; 3]>,
    /// 14: postal code, as sent; empty when absent.
    pub postal_code: String,
}

/// DE61 that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPosData {
    /// Too short, too long, or cut inside a position.
    #[error(
        "point-of-service data are 9, 10, 11, 13 or 16 characters, then a postal code of at most 10, found {found}"
    )]
    Length {
        /// Characters found.
        found: usize,
    },
    /// A position before the postal code that is not digits.
    #[error("point-of-service data have digits before the postal code")]
    NotDigits,
}

impl PosData {
    /// Reads the positions that are there.
    ///
    /// # Errors
    /// [`InvalidPosData`] for another length or character.
    pub fn parse(text: &str) -> Result<Self, InvalidPosData> {
        let found = text.len();
        let cut = InvalidPosData::Length { found };
        let (always, mut rest) = text.as_bytes().split_first_chunk().ok_or(cut)?;
        let activated_terminal_level = take::<1>(&mut rest).ok_or(cut)?;
        let input_capability = take::<1>(&mut rest).ok_or(cut)?;
        let life_cycle = take::<2>(&mut rest).ok_or(cut)?;
        let country = take::<3>(&mut rest).ok_or(cut)?;
        if rest.len() > LONGEST_POSTAL_CODE {
            return Err(cut);
        }
        let positions = text
            .as_bytes()
            .iter()
            .take(found.saturating_sub(rest.len()));
        if !positions.clone().all(u8::is_ascii_digit) {
            return Err(InvalidPosData::NotDigits);
        }
        let postal_code = std::str::from_utf8(rest).map_err(|_cut| InvalidPosData::NotDigits)?;
        Ok(Self {
            always: *always,
            activated_terminal_level: activated_terminal_level.map(|[digit]| digit),
            input_capability: input_capability.map(|[digit]| digit),
            life_cycle,
            country,
            postal_code: postal_code.to_owned(),
        })
    }

    /// The characters. What follows an absent position is left out.
    pub fn format(&self) -> String {
        let mut text: Vec<u8> = self.always.to_vec();
        let level = self.activated_terminal_level.map(|digit| [digit]);
        let capability = self.input_capability.map(|digit| [digit]);
        let tail = [
            level.as_ref().map(<[u8; 1]>::as_slice),
            capability.as_ref().map(<[u8; 1]>::as_slice),
            self.life_cycle.as_ref().map(<[u8; 2]>::as_slice),
            self.country.as_ref().map(<[u8; 3]>::as_slice),
            Some(self.postal_code.as_bytes()),
        ];
        let there = tail.into_iter().map_while(|position| position);
        text.extend(there.flatten());
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Position 1 to 9 as a digit.
    fn position(&self, number: usize) -> u8 {
        let index = number.saturating_sub(1);
        self.always.get(index).copied().unwrap_or(b'0')
    }

    /// Position 1: `0` attended, `1` unattended, `2` no terminal.
    pub fn attendance(&self) -> u8 {
        self.position(1)
    }

    /// Position 3: `0` at the premises of the card acceptor, `1` elsewhere, `2` at the cardholder's.
    pub fn terminal_location(&self) -> u8 {
        self.position(3)
    }

    /// Position 4: `0` present; `1` to `5` not present: unspecified, mail, telephone, recurring, electronic.
    pub fn cardholder_presence(&self) -> u8 {
        self.position(4)
    }

    /// Position 5: `0` present, `1` not present.
    pub fn card_presence(&self) -> u8 {
        self.position(5)
    }

    /// Position 6: `0` the terminal cannot keep cards, `1` it can.
    pub fn card_capture_capability(&self) -> u8 {
        self.position(6)
    }

    /// Position 7: `0` normal, `2` voice authorization, `4` pre-authorization, `8` account status inquiry.
    pub fn transaction_status(&self) -> u8 {
        self.position(7)
    }

    /// Position 8: `0` no concern.
    pub fn security(&self) -> u8 {
        self.position(8)
    }
}

/// The next position: `Some(None)` at the end, `None` when it is cut.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<Option<[u8; N]>> {
    if rest.is_empty() {
        return Some(None);
    }
    let (position, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(Some(*position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_at_the_end_may_be_absent() {
        // Mastercard CIS 0100 of the starkbank/iso8583-python tests.
        let full = "0000000000800840902101234";
        let data = PosData::parse(full).unwrap();
        assert_eq!(data.input_capability, Some(b'8'));
        assert_eq!(data.country, Some(*b"840"));
        assert_eq!(data.postal_code, "902101234");
        assert_eq!(data.cardholder_presence(), b'0');
        let recurring = PosData::parse("102410400").unwrap();
        assert_eq!(recurring.attendance(), b'1');
        assert_eq!(recurring.terminal_location(), b'2');
        assert_eq!(recurring.cardholder_presence(), b'4');
        assert_eq!(recurring.card_presence(), b'1');
        assert_eq!(recurring.card_capture_capability(), b'0');
        assert_eq!(recurring.transaction_status(), b'4');
        assert_eq!(recurring.security(), b'0');
        assert_eq!(recurring.activated_terminal_level, None);
        for length in [9, 10, 11, 13, 16, 17, 25] {
            let text: String = full.chars().take(length).collect();
            assert_eq!(PosData::parse(&text).unwrap().format(), text);
        }
    }

    #[test]
    fn a_position_that_is_cut_or_no_digit_is_refused() {
        for length in [0, 8, 12, 14, 15, 27] {
            let text = "0".repeat(length);
            assert_eq!(
                PosData::parse(&text),
                Err(InvalidPosData::Length { found: length })
            );
        }
        assert_eq!(PosData::parse("00000000A"), Err(InvalidPosData::NotDigits));
        assert_eq!(
            PosData::parse("0000000000é").unwrap_err(),
            InvalidPosData::Length { found: 12 }
        );
    }
}
