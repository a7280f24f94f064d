//! How the hosts write their messages.
//!
//! Owns: the elements of originals, reversals and network management, and the numbers that name them: each network
//! counts for itself, so that the same STAN means another message on another network. Must never: remember what was
//! asked or answered.

use std::collections::BTreeMap;

use codec::Element;

use super::super::run::Run;
use super::files::{Doing, FILE_SCHEME, file_elements};
use super::message::Request;
use super::purchase::{FollowKind, Kind, Purchase, Undoing};
use super::scheme::Scheme;

/// STANs of frames that cannot be decoded in full begin here.
pub const BAD_STANS: u32 = 900_000;

/// The numbers of every network.
#[derive(Debug, Default)]
pub struct Numbers {
    stans: BTreeMap<Scheme, u32>,
    references: BTreeMap<Scheme, usize>,
}

impl Numbers {
    fn count(&mut self, scheme: Scheme) -> u32 {
        let stan = self.stans.entry(scheme).or_default();
        *stan += 1;
        *stan
    }

    fn stan(&mut self, scheme: Scheme) -> String {
        format!("{:06}", self.count(scheme))
    }

    /// A STAN for a frame that cannot be decoded in full.
    pub fn bad_stan(&mut self, scheme: Scheme) -> String {
        format!("{:06}", BAD_STANS + self.count(scheme) % 90_000)
    }

    fn reference(&mut self, scheme: Scheme) -> usize {
        let reference = self.references.entry(scheme).or_default();
        *reference += 1;
        *reference
    }

    /// A message of network management.
    pub fn management(&mut self, scheme: Scheme, code: &str, run: &Run) -> Request {
        let elements = vec![
            (Element::STAN, self.stan(scheme)),
            (Element::TRANSMISSION_DATE_TIME, transmission(run)),
            (Element::NETWORK_MANAGEMENT_CODE, code.to_owned()),
        ];
        Request::new(scheme, "0800", elements)
    }

    /// A message about nothing but itself.
    pub fn bare(
        &mut self,
        scheme: Scheme,
        mti: &'static str,
        more: Vec<(Element, String)>,
        run: &Run,
    ) -> Request {
        let mut elements = vec![
            (Element::STAN, self.stan(scheme)),
            (Element::TRANSMISSION_DATE_TIME, transmission(run)),
        ];
        elements.extend(more);
        Request::new(scheme, mti, elements)
    }

    /// The elements that name a message; those of another acquirer's with the STAN and time of a twin.
    fn names(
        &mut self,
        scheme: Scheme,
        number: usize,
        twin: Option<&Request>,
        run: &mut Run,
    ) -> Vec<(Element, String)> {
        let text = |twin: &Request, element| twin.text(element).unwrap_or_default().to_owned();
        let (stan, transmission) = match twin {
            Some(twin) => (
                text(twin, Element::STAN),
                text(twin, Element::TRANSMISSION_DATE_TIME),
            ),
            None => (self.stan(scheme), transmission(run)),
        };
        let acquirer = match twin {
            // An acquirer of its own for each, so that nothing but the STAN is shared.
            Some(_) => format!("{}", 200_000 + number),
            None => format!("{}", 100_001 + run.random.below(2)),
        };
        let terminal = format!("TERM{:04}", run.random.below(3));
        vec![
            (Element::STAN, stan),
            (Element::TRANSMISSION_DATE_TIME, transmission),
            (Element::ACQUIRING_INSTITUTION, acquirer),
            (Element::TERMINAL_ID, terminal),
        ]
    }

    /// A request for a new operation, the host's so manieth.
    pub fn original(
        &mut self,
        asked: &Asked<'_>,
        twin: Option<&Request>,
        run: &mut Run,
    ) -> Request {
        let Asked {
            scheme,
            kind,
            number,
            pan,
            chooses_debit,
            amount_minor,
        } = *asked;
        let mut elements = self.names(scheme, number, twin, run);
        if run.random.percent(40) {
            let reference = format!("{number:012}");
            elements.push((Element::RETRIEVAL_REFERENCE_NUMBER, reference));
            elements.push((Element::LOCAL_TIME, "120000".to_owned()));
            elements.push((Element::LOCAL_DATE, "1120".to_owned()));
            elements.push((Element::MERCHANT_TYPE, "5411".to_owned()));
        }
        elements.extend(card_elements(pan, run));
        let code = scheme.processing_code(kind);
        let account_type = if chooses_debit { "20" } else { "00" };
        let processing_code = match kind {
            Kind::Refund => format!("{code}00{account_type}"),
            _ => format!("{code}{account_type}00"),
        };
        elements.push((Element::PROCESSING_CODE, processing_code));
        elements.push((Element::AMOUNT_TRANSACTION, format!("{amount_minor:012}")));
        elements.push((Element::CURRENCY_TRANSACTION, "840".to_owned()));
        elements.extend(scheme.of_kind(kind, amount_minor, run));
        let named = run.random.percent(60);
        elements.extend(scheme.common(named.then(|| self.reference(scheme))));
        let single = kind != Kind::Inquiry && run.random.percent(35);
        let mti = match (single && scheme.has_single_messages(), kind) {
            (true, Kind::StandIn) => "0220",
            (false, Kind::StandIn) => "0120",
            (true, _) => "0200",
            (false, _) => "0100",
        };
        if kind == Kind::StandIn {
            elements.push((Element::RESPONSE_CODE, "00".to_owned()));
        }
        Request::new(scheme, mti, elements)
    }

    /// A reversal of an operation. One that is known to be approved may be named by the network's reference alone.
    pub fn reversal(&mut self, purchase: &Purchase, undoing: Undoing, run: &mut Run) -> Request {
        let (original, scheme) = (&purchase.request, purchase.scheme());
        // A request may come before its original and is refused then; an advice may not be refused.
        let advice = match undoing {
            Undoing::Mismatched => false,
            _ => run.random.percent(60),
        };
        let mut elements: Vec<(Element, String)> = REVERSAL_ELEMENTS
            .iter()
            .map(|number| Element::new(*number).unwrap())
            .filter_map(|element| Some((element, original.text(element)?.to_owned())))
            .collect();
        elements.push((Element::STAN, self.stan(scheme)));
        elements.push((Element::TRANSMISSION_DATE_TIME, transmission(run)));
        let named = purchase.is_approved() && original.reference().is_some();
        if !named || run.random.percent(50) {
            elements.push((Element::ORIGINAL_DATA_ELEMENTS, original_data(original)));
        }
        let mti = if advice { "0420" } else { "0400" };
        let request = Request::new(scheme, mti, elements);
        match undoing {
            Undoing::Part { remaining_minor } => {
                let amounts = format!("{remaining_minor:012}{:030}", 0);
                request.with(Element::REPLACEMENT_AMOUNTS, amounts)
            }
            Undoing::Mismatched => {
                let amount = format!("{:012}", purchase.amount_minor + 1);
                request.with(Element::AMOUNT_TRANSACTION, amount)
            }
            Undoing::All | Undoing::Again | Undoing::Late => request,
        }
    }

    /// A message that raises an approved operation, or says what it came to.
    pub fn follow(&mut self, purchase: &Purchase, follow: (FollowKind, i64), run: &Run) -> Request {
        let (original, scheme) = (&purchase.request, purchase.scheme());
        let (kind, amount_minor) = follow;
        let mut elements: Vec<(Element, String)> = FOLLOW_ELEMENTS
            .iter()
            .map(|number| Element::new(*number).unwrap())
            .filter_map(|element| Some((element, original.text(element)?.to_owned())))
            .collect();
        elements.push((Element::STAN, self.stan(scheme)));
        elements.push((Element::TRANSMISSION_DATE_TIME, transmission(run)));
        elements.push((Element::AMOUNT_TRANSACTION, format!("{amount_minor:012}")));
        elements.push((Element::ORIGINAL_DATA_ELEMENTS, original_data(original)));
        let mti = match kind {
            FollowKind::Increment => "0100",
            FollowKind::Completion if scheme.has_single_messages() => "0220",
            FollowKind::Completion => "0120",
        };
        if kind == FollowKind::Completion {
            elements.push((Element::RESPONSE_CODE, "00".to_owned()));
        }
        Request::new(scheme, mti, elements)
    }

    /// A file action of the network that shares the file of statuses.
    pub fn file_action(&mut self, pan: &str, doing: Doing, run: &mut Run) -> Request {
        let mut elements = self.names(FILE_SCHEME, 0, None, run);
        elements.push((Element::PAN, pan.to_owned()));
        elements.extend(file_elements(doing));
        Request::new(FILE_SCHEME, "0302", elements)
    }

    /// A purchase whose last element is broken after it was encoded.
    pub fn broken(&mut self, scheme: Scheme) -> Request {
        let elements = vec![
            (Element::STAN, self.bad_stan(scheme)),
            (Element::CURRENCY_TRANSACTION, "840".to_owned()),
            (
                Element::ADDITIONAL_AMOUNTS,
                "0040840D000000000001".to_owned(),
            ),
            (Element::EXTENDED_PAYMENT_CODE, "02".to_owned()),
        ];
        Request::new(scheme, "0100", elements)
    }
}

/// What a new operation is.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub scheme: Scheme,
    pub kind: Kind,
    pub number: usize,
    pub pan: &'a str,
    pub chooses_debit: bool,
    pub amount_minor: i64,
}

/// Elements that a reversal has in common with its original.
const REVERSAL_ELEMENTS: [u8; 14] = [2, 3, 4, 22, 25, 32, 35, 37, 41, 48, 49, 61, 62, 63];

/// Elements that an increment and a completion have in common with their original.
const FOLLOW_ELEMENTS: [u8; 12] = [2, 3, 14, 18, 22, 25, 32, 35, 41, 48, 49, 61];

/// DE90: which message is meant.
fn original_data(original: &Request) -> String {
    let text = |element| original.text(element).unwrap_or_default();
    format!(
        "{}{}{}{:0>11}{:011}",
        original.mti(),
        text(Element::STAN),
        text(Element::TRANSMISSION_DATE_TIME),
        text(Element::ACQUIRING_INSTITUTION),
        0
    )
}

fn transmission(run: &Run) -> String {
    format!("{:010}", run.time.transmission_date_time().unwrap())
}

fn card_elements(pan: &str, run: &mut Run) -> Vec<(Element, String)> {
    if run.random.percent(15) {
        return vec![(Element::TRACK_2, format!("{pan}=29121010000000000"))];
    }
    let mut elements = vec![(Element::PAN, pan.to_owned())];
    if run.random.percent(30) {
        elements.push((Element::EXPIRATION_DATE, "2912".to_owned()));
    }
    elements
}
