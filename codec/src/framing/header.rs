//! The header between the length and the message.
//!
//! Owns how long it is and how a reply mirrors it. Must never decide where a message goes.

/// Most bytes of a header that is written.
const MOST_BYTES: usize = 32;

/// Bytes of the header of a Visa message; a rejection puts a longer one in front of it.
const VISA_BYTES: usize = 22;
/// Bytes of the header of a rejection.
const VISA_REJECT_BYTES: usize = 26;
/// Where a Visa header holds the length of header and message.
const VISA_TOTAL_LENGTH: std::ops::Range<usize> = 3..5;

/// What kind of header a network has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeaderForm {
    /// None.
    None,
    /// So many bytes that mean nothing to the codec; a reply repeats them.
    Fixed,
    /// Transport protocol data unit, 5 bytes: an identifier, destination 2, origin 2. A reply swaps the addresses.
    Tpdu,
    /// 12 ASCII characters: `ISO`, product 2, release 2, status 3, originator 1, responder 1, as BASE24 has it without
    /// its message type. A reply repeats it.
    Base24,
    /// 22 bytes, in a rejection 26 and the 22 of the rejected message. A reply swaps the stations.
    Visa,
}

/// The bytes of a header, at most 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeaderBytes {
    bytes: [u8; MOST_BYTES],
    length: usize,
}

impl HeaderBytes {
    /// No header.
    pub const EMPTY: Self = Self {
        bytes: [0; MOST_BYTES],
        length: 0,
    };

    /// Takes at most 32 bytes.
    pub fn new(header: &[u8]) -> Option<Self> {
        let mut bytes = [0; MOST_BYTES];
        bytes.get_mut(..header.len())?.copy_from_slice(header);
        Some(Self {
            bytes,
            length: header.len(),
        })
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The header of one network: its form, and what a message that answers none carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// Its form.
    pub form: HeaderForm,
    /// What is written when there is no header to mirror.
    pub template: HeaderBytes,
}

impl Header {
    /// No header.
    pub const NONE: Self = Self {
        form: HeaderForm::None,
        template: HeaderBytes::EMPTY,
    };

    /// The template that a form has by itself.
    pub(crate) fn default_template(form: HeaderForm) -> Option<HeaderBytes> {
        match form {
            HeaderForm::None => Some(HeaderBytes::EMPTY),
            HeaderForm::Tpdu => HeaderBytes::new(&[0x60, 0, 0, 0, 0]),
            HeaderForm::Visa => {
                let mut bytes = [0; VISA_BYTES];
                if let Some(first) = bytes.first_chunk_mut() {
                    *first = [0x16, 0x01, 0x02];
                }
                HeaderBytes::new(&bytes)
            }
            HeaderForm::Fixed | HeaderForm::Base24 => None,
        }
    }

    /// Whether a template is of a form.
    pub(crate) fn fits(form: HeaderForm, template: &HeaderBytes) -> bool {
        let bytes = template.as_slice();
        let header = Self {
            form,
            template: *template,
        };
        header.length_in(bytes) == Some(bytes.len())
            && (form == HeaderForm::None) == bytes.is_empty()
    }

    /// Bytes of the header at the beginning of a frame, or `None` when the frame does not begin with one.
    pub(crate) fn length_in(&self, frame: &[u8]) -> Option<usize> {
        let length = match self.form {
            HeaderForm::None => 0,
            HeaderForm::Fixed => self.template.length,
            HeaderForm::Tpdu => 5,
            HeaderForm::Base24 if frame.starts_with(b"ISO") => 12,
            HeaderForm::Base24 => return None,
            HeaderForm::Visa => visa_length(frame)?,
        };
        (frame.len() >= length).then_some(length)
    }

    /// The header that answers one; the template when there is none to answer.
    pub(crate) fn reply(&self, request: &[u8]) -> HeaderBytes {
        let mirrored = match self.form {
            HeaderForm::None => None,
            HeaderForm::Fixed | HeaderForm::Base24 => HeaderBytes::new(request),
            HeaderForm::Tpdu => match request {
                [id, d1, d2, o1, o2] => HeaderBytes::new(&[*id, *o1, *o2, *d1, *d2]),
                _ => None,
            },
            HeaderForm::Visa => request.last_chunk::<VISA_BYTES>().and_then(|original| {
                let mut header = HeaderBytes::new(original)?;
                // Destination and source station, three bytes each.
                let stations = header.bytes.get_mut(5..11)?;
                stations.rotate_left(3);
                Some(header)
            }),
        };
        mirrored
            .filter(|header| header.length != 0)
            .unwrap_or(self.template)
    }

    /// The header that goes in front of that of a message to give it back as rejected; `None` where a network has none.
    pub(crate) fn rejection(&self, code: u16) -> Option<HeaderBytes> {
        if self.form != HeaderForm::Visa {
            return None;
        }
        let mut bytes = [0; VISA_REJECT_BYTES];
        *bytes.first_chunk_mut()? = [0x1A, 0x01, 0x02];
        *bytes.last_chunk_mut()? = code.to_be_bytes();
        HeaderBytes::new(&bytes)
    }

    /// Writes the length of header and message into the header, where it has a place for it; `false` when that does
    /// not fit.
    pub(crate) fn announce(&self, frame: &mut [u8]) -> bool {
        if self.form != HeaderForm::Visa {
            return true;
        }
        match (u16::try_from(frame.len()), frame.get_mut(VISA_TOTAL_LENGTH)) {
            (Ok(length), Some(place)) => {
                place.copy_from_slice(&length.to_be_bytes());
                true
            }
            _ => false,
        }
    }
}

/// Bytes of all Visa headers at the beginning of a frame.
fn visa_length(frame: &[u8]) -> Option<usize> {
    let announced = |byte: &u8| (usize::from(byte & 0x7F), byte & 0x80 != 0);
    let (first, flagged) = announced(frame.first()?);
    if first == VISA_BYTES && !flagged {
        return Some(first);
    }
    if !(VISA_BYTES..=VISA_REJECT_BYTES).contains(&first) {
        return None;
    }
    let (second, _) = announced(frame.get(first)?);
    (second == VISA_BYTES).then(|| first.saturating_add(second))
}

/// The parts of a Visa header that a link looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisaHeader {
    /// Station that the message is for, six packed digits.
    pub destination: [u8; 3],
    /// Station that sent it, six packed digits.
    pub source: [u8; 3],
    /// Round-trip control: returned as it came.
    pub round_trip: u8,
    /// Why the message comes back rejected; `None` when it is not a rejection.
    pub reject_code: Option<u16>,
}

/// Bytes that are not a Visa header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a Visa header is 22 bytes, or 26 and 22 bytes in a rejection")]
pub struct InvalidVisaHeader;

impl VisaHeader {
    /// Reads the header of a frame: of a rejection, the addresses are those of the rejected message.
    ///
    /// # Errors
    /// [`InvalidVisaHeader`] for other bytes.
    pub fn parse(header: &[u8]) -> Result<Self, InvalidVisaHeader> {
        if visa_length(header) != Some(header.len()) {
            return Err(InvalidVisaHeader);
        }
        Self::split(header).ok_or(InvalidVisaHeader)
    }

    fn split(header: &[u8]) -> Option<Self> {
        let original = header.last_chunk::<VISA_BYTES>()?;
        let rejection = header
            .split_at_checked(header.len().checked_sub(VISA_BYTES)?)?
            .0;
        Some(Self {
            destination: original.get(5..8)?.try_into().ok()?,
            source: original.get(8..11)?.try_into().ok()?,
            round_trip: *original.get(11)?,
            reject_code: rejection.last_chunk().map(|code| u16::from_be_bytes(*code)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of jPOS `BASE1HeaderTest`: length 22, format 1, text 2, 258 bytes, from 123456 to 000000.
    const VISA: [u8; 22] = [
        0x16, 1, 2, 1, 2, 0, 0, 0, 0x12, 0x34, 0x56, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    fn header(form: HeaderForm, template: &[u8]) -> Header {
        Header {
            form,
            template: HeaderBytes::new(template).unwrap(),
        }
    }

    fn rejection() -> Vec<u8> {
        let mut bytes = vec![0x1A, 1, 2];
        bytes.resize(24, 0);
        bytes.extend([0x04, 0x97]);
        bytes.extend(VISA);
        bytes
    }

    #[test]
    fn a_visa_header_is_read_with_and_without_a_rejection() {
        let read = VisaHeader::parse(&VISA).unwrap();
        let expected = VisaHeader {
            destination: [0, 0, 0],
            source: [0x12, 0x34, 0x56],
            round_trip: 7,
            reject_code: None,
        };
        assert_eq!(read, expected);
        let rejected = VisaHeader::parse(&rejection()).unwrap();
        assert_eq!(
            rejected,
            VisaHeader {
                reject_code: Some(0x0497),
                ..expected
            }
        );
        for bad in [
            &VISA[..21],
            &[][..],
            &[0x15; 21],
            &rejection()[..40],
            &[0xFF; 60],
        ] {
            assert_eq!(VisaHeader::parse(bad), Err(InvalidVisaHeader), "{bad:?}");
        }
    }

    #[test]
    fn a_reply_mirrors_the_header() {
        let template = Header::default_template(HeaderForm::Visa).unwrap();
        let visa = Header {
            form: HeaderForm::Visa,
            template,
        };
        let mut swapped = VISA;
        swapped[5..11].copy_from_slice(&[0x12, 0x34, 0x56, 0, 0, 0]);
        assert_eq!(visa.reply(&VISA).as_slice(), swapped);
        assert_eq!(visa.reply(&rejection()).as_slice(), swapped);
        assert_eq!(visa.reply(&[]), template);

        let tpdu = header(HeaderForm::Tpdu, &[0x60, 0, 0, 0, 0]);
        assert_eq!(
            tpdu.reply(&[0x60, 0, 1, 0, 2]).as_slice(),
            [0x60, 0, 2, 0, 1]
        );
        assert_eq!(tpdu.reply(b"?").as_slice(), [0x60, 0, 0, 0, 0]);

        let base24 = header(HeaderForm::Base24, b"ISO016000010");
        assert_eq!(base24.reply(b"ISO026000070").as_slice(), b"ISO026000070");
        assert_eq!(base24.length_in(b"ISO026000070"), Some(12));
        assert_eq!(base24.length_in(b"ISX026000070"), None);

        assert_eq!(Header::NONE.reply(b"").as_slice(), b"");
        let fixed = header(HeaderForm::Fixed, b"HOST1");
        assert_eq!(fixed.reply(b"HOST2").as_slice(), b"HOST2");
        assert_eq!(fixed.reply(b"").as_slice(), b"HOST1");
    }

    #[test]
    fn a_template_must_be_of_its_form() {
        let bytes = |bytes: &[u8]| HeaderBytes::new(bytes).unwrap();
        assert!(Header::fits(HeaderForm::Visa, &bytes(&VISA)));
        assert!(!Header::fits(HeaderForm::Visa, &bytes(&VISA[..21])));
        assert!(!Header::fits(HeaderForm::Tpdu, &bytes(&[0; 4])));
        assert!(!Header::fits(HeaderForm::Fixed, &HeaderBytes::EMPTY));
        assert!(Header::fits(HeaderForm::None, &HeaderBytes::EMPTY));
        assert!(!Header::fits(HeaderForm::None, &bytes(b"x")));
        assert_eq!(HeaderBytes::new(&[0; 33]), None);
    }
}
