//! The host of the network: every operation it has asked for, and what it was answered.
//!
//! Owns: new operations, their repeats and reversals, and taking in answers. Behaves as networks do: it
//! repeats and reverses until it is answered. Must never: believe anything but an answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use codec::{Dialect, Element, Message};

use super::super::accounts::{BLOCKED_PAN, CARDS, UNKNOWN_PAN};
use super::super::checkers::{Checker, Verdict, Violation, answers};
use super::super::marks::Mark;
use super::super::run::Run;
use super::message::{Key, Request};
use super::purchase::{Heard, Kind, Purchase, Reversal, Standing, Undoing, cash_minor};

/// A message whose only purpose is its refusal.
#[derive(Clone, Debug)]
pub struct Probe {
    pub request: Request,
    /// DE39 that it must get.
    pub code: &'static str,
    pub reached: Mark,
}

/// The host.
#[derive(Debug, Default)]
pub struct Host {
    pub purchases: Vec<Purchase>,
    by_key: BTreeMap<Key, Place>,
    probes: BTreeMap<Key, Probe>,
    stans: u32,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Original(usize),
    Reversal(usize, usize),
}

/// STANs of frames that cannot be decoded in full begin here.
const BAD_STANS: u32 = 900_000;

impl Host {
    fn stan(&mut self) -> String {
        self.stans += 1;
        format!("{:06}", self.stans)
    }

    /// A new operation; returns its number.
    pub fn ask(&mut self, kind: Kind, run: &mut Run) -> usize {
        let (pan, own, debit) = match kind {
            Kind::BlockedCard => (BLOCKED_PAN, None, None),
            Kind::UnknownCard => (UNKNOWN_PAN, None, None),
            _ => {
                let (pan, own, debit) = *run.random.pick(&CARDS);
                (pan, Some(own), Some(debit))
            }
        };
        let chooses_debit = run.random.percent(40);
        let account = if chooses_debit { debit } else { own };
        let account_type = if chooses_debit { "20" } else { "00" };
        let amount_minor = match kind {
            Kind::Inquiry => 0,
            _ => 1 + run.random.below(40_000) as i64,
        };
        let mut elements = self.names(kind, run);
        elements.extend(card_elements(pan, run));
        let code = kind.processing_code();
        let processing_code = match kind {
            Kind::Refund => format!("{code}00{account_type}"),
            _ => format!("{code}{account_type}00"),
        };
        elements.push((Element::PROCESSING_CODE, processing_code));
        elements.push((Element::AMOUNT_TRANSACTION, format!("{amount_minor:012}")));
        elements.push((Element::CURRENCY_TRANSACTION, "840".to_owned()));
        elements.extend(kind_elements(kind, amount_minor, run));
        let single = kind != Kind::Inquiry && run.random.percent(35);
        let mti = if single { "0200" } else { "0100" };
        let number = self.purchases.len();
        let purchase = Purchase {
            account,
            kind,
            amount_minor,
            request: Request::new(mti, elements),
            standing: Standing::Asked,
            answer: None,
            called: run.tick(),
            returned: 0,
            reversals: Vec::new(),
        };
        self.by_key
            .insert(purchase.request.key(), Place::Original(number));
        self.purchases.push(purchase);
        number
    }

    /// The elements that name a message, apart from its card.
    fn names(&mut self, kind: Kind, run: &mut Run) -> Vec<(Element, String)> {
        let number = self.purchases.len();
        let twin = (kind == Kind::SharedStan && number > 0)
            .then(|| self.purchases[run.random.below(number)].request.clone());
        let text = |twin: &Request, element| twin.text(element).unwrap_or_default().to_owned();
        let (stan, transmission) = match &twin {
            Some(twin) => (
                text(twin, Element::STAN),
                text(twin, Element::TRANSMISSION_DATE_TIME),
            ),
            None => (self.stan(), transmission(run)),
        };
        if twin.is_some() {
            run.reach(Mark::SharedStan);
        }
        let acquirer = match twin {
            // An acquirer of its own for each, so that nothing but the STAN is shared.
            Some(_) => format!("{}", 200_000 + number),
            None => format!("{}", 100_001 + run.random.below(2)),
        };
        let mut elements = vec![
            (Element::STAN, stan),
            (Element::TRANSMISSION_DATE_TIME, transmission),
            (Element::ACQUIRING_INSTITUTION, acquirer),
            (
                Element::TERMINAL_ID,
                format!("TERM{:04}", run.random.below(3)),
            ),
        ];
        if run.random.percent(40) {
            let reference = format!("{number:012}");
            elements.push((Element::RETRIEVAL_REFERENCE_NUMBER, reference));
            elements.push((Element::LOCAL_TIME, "120000".to_owned()));
            elements.push((Element::LOCAL_DATE, "1120".to_owned()));
            elements.push((Element::MERCHANT_TYPE, "5411".to_owned()));
        }
        elements
    }

    /// The reversal of an operation; returns its number among the operation's reversals.
    pub fn reverse(&mut self, number: usize, undoing: Undoing, run: &mut Run) -> usize {
        let stan = self.stan();
        let purchase = &mut self.purchases[number];
        // A request may come before its original and is refused then; an advice may not be refused.
        let advice = match undoing {
            Undoing::Mismatched => false,
            _ => run.random.percent(60),
        };
        let mti = if advice { "0420" } else { "0400" };
        let original = &purchase.request;
        let text = |element| original.text(element).unwrap_or_default();
        let original_data = format!(
            "{}{}{}{:0>11}{:011}",
            original.mti(),
            text(Element::STAN),
            text(Element::TRANSMISSION_DATE_TIME),
            text(Element::ACQUIRING_INSTITUTION),
            0
        );
        let mut elements: Vec<(Element, String)> = REVERSAL_ELEMENTS
            .iter()
            .filter_map(|element| Some((*element, original.text(*element)?.to_owned())))
            .collect();
        elements.push((Element::STAN, stan));
        elements.push((Element::TRANSMISSION_DATE_TIME, transmission(run)));
        elements.push((Element::ORIGINAL_DATA_ELEMENTS, original_data));
        let mut request = Request::new(mti, elements);
        match undoing {
            Undoing::Part { remaining_minor } => {
                let amounts = format!("{remaining_minor:012}{:030}", 0);
                request = request.with(Element::REPLACEMENT_AMOUNTS, amounts);
            }
            Undoing::Mismatched => {
                let amount = format!("{:012}", purchase.amount_minor + 1);
                request = request.with(Element::AMOUNT_TRANSACTION, amount);
            }
            Undoing::All | Undoing::Again => {}
        }
        let place = purchase.reversals.len();
        self.by_key
            .insert(request.key(), Place::Reversal(number, place));
        purchase.reversals.push(Reversal {
            request,
            undoing,
            sent: false,
            called: run.tick(),
            returned: 0,
            answer: None,
        });
        place
    }

    /// The frame of a reversal; a repeat of it once it was sent before.
    pub fn reversal_frame(&mut self, number: usize, place: usize, dialect: &Dialect) -> Bytes {
        let reversal = &mut self.purchases[number].reversals[place];
        let frame = reversal.request.frame(reversal.sent, dialect);
        reversal.sent = true;
        frame
    }

    /// A message that must be refused.
    pub fn probe(&mut self, probe: Probe, dialect: &Dialect) -> Bytes {
        let frame = probe.request.frame(false, dialect);
        self.probes.insert(probe.request.key(), probe);
        frame
    }

    /// A STAN for a frame that cannot be decoded in full.
    pub fn bad_stan(&mut self) -> String {
        self.stans += 1;
        format!("{:06}", BAD_STANS + self.stans % 90_000)
    }

    /// A message of network management, or another that names no card.
    pub fn management(&mut self, code: &str, run: &mut Run) -> Request {
        let elements = vec![
            (Element::STAN, self.stan()),
            (Element::TRANSMISSION_DATE_TIME, transmission(run)),
            (Element::NETWORK_MANAGEMENT_CODE, code.to_owned()),
        ];
        Request::new("0800", elements)
    }

    /// Takes in an answer.
    pub fn hear(&mut self, answer: &Message, run: &mut Run) -> Verdict {
        let key = Key::of(answer);
        let heard = Heard::in_answer(answer);
        if key.stan.as_str() >= format!("{BAD_STANS}").as_str() {
            return match heard.code.as_str() {
                "30" => Ok(()),
                code => Err(Violation::new(
                    Checker::ResponseMatchesRequest,
                    format!("a bad frame was answered {code}"),
                )),
            };
        }
        if let Some(probe) = self.probes.get(&key) {
            answers::response_matches_request(&probe.request, answer)?;
            answers::probe_is_refused(probe, &heard)?;
            if !heard.is_refusal() {
                run.reach(probe.reached);
            }
            return Ok(());
        }
        match self.by_key.get(&key).copied() {
            Some(Place::Original(number)) => self.hear_original(number, answer, heard, run),
            Some(Place::Reversal(number, place)) => {
                self.hear_reversal(number, place, answer, heard, run)
            }
            None => Err(Violation::new(
                Checker::ResponseMatchesRequest,
                format!("an answer to nothing that was asked: {key:?}"),
            )),
        }
    }

    fn hear_original(
        &mut self,
        number: usize,
        answer: &Message,
        heard: Heard,
        run: &mut Run,
    ) -> Verdict {
        let purchase = &mut self.purchases[number];
        answers::response_matches_request(&purchase.request, answer)?;
        if heard.is_refusal() {
            return Ok(());
        }
        if let Some(earlier) = &purchase.answer {
            run.reach(Mark::RepeatAnswered);
            return answers::dedup_same_answer(&purchase.request, earlier, &heard);
        }
        answers::answer_fits(purchase, &heard)?;
        if purchase.standing == Standing::Asked {
            purchase.standing = match heard.code.as_str() {
                "00" => Standing::Approved {
                    remaining_minor: purchase.amount_minor,
                },
                _ => Standing::Declined,
            };
        }
        run.reach(mark_of(purchase, &heard));
        if heard.code == "00" && purchase.request.mti() == "0200" {
            run.reach(Mark::SingleMessageApproved);
        }
        purchase.answer = Some(heard);
        purchase.returned = run.tick();
        Ok(())
    }

    fn hear_reversal(
        &mut self,
        number: usize,
        place: usize,
        answer: &Message,
        heard: Heard,
        run: &mut Run,
    ) -> Verdict {
        let purchase = &mut self.purchases[number];
        let standing = purchase.standing;
        let reversal = &mut purchase.reversals[place];
        answers::response_matches_request(&reversal.request, answer)?;
        if heard.is_refusal() {
            return Ok(());
        }
        if let Some(earlier) = &reversal.answer {
            return answers::dedup_same_answer(&reversal.request, earlier, &heard);
        }
        answers::reversal_answer_fits(reversal, standing, &heard)?;
        let (after, mark) = match reversal.undoing {
            Undoing::All if heard.code == "25" => (Standing::Reversed, Mark::UnknownOriginal),
            Undoing::All => (Standing::Reversed, Mark::Reversed),
            Undoing::Part { remaining_minor } => {
                (Standing::Approved { remaining_minor }, Mark::PartlyReversed)
            }
            Undoing::Mismatched => (standing, Mark::ReversalMismatched),
            Undoing::Again => (standing, Mark::ReversedAgain),
        };
        purchase.standing = after;
        reversal.answer = Some(heard);
        reversal.returned = run.tick();
        run.reach(mark);
        Ok(())
    }

    /// Operations that a condition holds for.
    pub fn which(&self, condition: impl Fn(&Purchase) -> bool) -> Vec<usize> {
        let numbers = 0..self.purchases.len();
        numbers
            .filter(|number| condition(&self.purchases[*number]))
            .collect()
    }
}

/// Elements that a reversal has in common with its original.
const REVERSAL_ELEMENTS: [Element; 8] = [
    Element::PAN,
    Element::TRACK_2,
    Element::PROCESSING_CODE,
    Element::AMOUNT_TRANSACTION,
    Element::ACQUIRING_INSTITUTION,
    Element::RETRIEVAL_REFERENCE_NUMBER,
    Element::TERMINAL_ID,
    Element::CURRENCY_TRANSACTION,
];

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

fn kind_elements(kind: Kind, amount_minor: i64, run: &mut Run) -> Vec<(Element, String)> {
    match kind {
        Kind::Cashback => {
            let cashback = format!("0040840D{:012}", cash_minor(amount_minor));
            vec![(Element::ADDITIONAL_AMOUNTS, cashback)]
        }
        Kind::Instalments => {
            let count = format!("{:02}", 2 + run.random.below(10));
            vec![(Element::EXTENDED_PAYMENT_CODE, count)]
        }
        _ => Vec::new(),
    }
}

fn mark_of(purchase: &Purchase, heard: &Heard) -> Mark {
    match (heard.code.as_str(), purchase.kind) {
        ("00", Kind::Inquiry) => Mark::InquiryAnswered,
        ("00", Kind::Refund) => Mark::RefundApproved,
        ("00", Kind::Special) => Mark::OpenedByReload,
        ("00", _) => Mark::Approved,
        ("05", _) => Mark::ReversedBeforeArrival,
        (_, _) => Mark::Declined,
    }
}
