//! The network peer of a simulation: sends purchases, repeats and reverses them, and keeps its own count.
//!
//! Shares no decision code with the switch: what it believes comes from answers alone.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use codec::{Dialect, Element, Message, Mti, MtiClass};

use crate::random::Random;

pub const CARDS: [&str; 3] = ["4000001200000016", "4000001200000073", "4000001200000081"];

/// What the peer knows of one purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No answer yet.
    Asked,
    /// Approved under this code.
    Approved(String),
    /// Declined with this code.
    Declined(String),
    /// A reversal is under way.
    Reversing,
    /// The reversal was accepted: nothing may be left of the purchase.
    Reversed,
}

#[derive(Clone, Debug)]
pub struct Purchase {
    pub card: usize,
    pub amount_minor: i64,
    pub single_message: bool,
    pub standing: Standing,
    stan: u32,
    transmission: u64,
    reversal_stan: u32,
    reversal_is_advice: bool,
    reversal_sent: bool,
}

#[derive(Debug)]
pub struct Peer {
    pub purchases: Vec<Purchase>,
    by_stan: BTreeMap<u32, usize>,
    next_stan: u32,
}

impl Peer {
    pub fn new() -> Self {
        Self {
            purchases: Vec::new(),
            by_stan: BTreeMap::new(),
            next_stan: 1,
        }
    }

    fn stan(&mut self, purchase: usize) -> u32 {
        let stan = self.next_stan;
        self.next_stan += 1;
        self.by_stan.insert(stan, purchase);
        stan
    }

    /// A new purchase.
    pub fn buy(&mut self, random: &mut Random, transmission: u64, dialect: &Dialect) -> Bytes {
        let number = self.purchases.len();
        let stan = self.stan(number);
        let purchase = Purchase {
            card: random.below(CARDS.len()),
            amount_minor: 1 + random.below(60_000) as i64,
            single_message: random.percent(30),
            standing: Standing::Asked,
            stan,
            transmission,
            reversal_stan: 0,
            reversal_is_advice: true,
            reversal_sent: false,
        };
        self.purchases.push(purchase);
        self.ask(number, false, dialect)
    }

    /// The message of a purchase, or its repeat.
    pub fn ask(&self, number: usize, repeat: bool, dialect: &Dialect) -> Bytes {
        let purchase = &self.purchases[number];
        let mti = match (purchase.single_message, repeat) {
            (false, false) => "0100",
            (false, true) => "0101",
            (true, false) => "0200",
            (true, true) => "0201",
        };
        message(dialect, mti, purchase, purchase.stan, None)
    }

    /// The reversal of a purchase; a repeat of it once it has been sent before.
    pub fn reverse(&mut self, number: usize, random: &mut Random, dialect: &Dialect) -> Bytes {
        if self.purchases[number].reversal_stan == 0 {
            let stan = self.stan(number);
            // A request may only follow an approval: without one, it would be refused with 25.
            let approved = matches!(self.purchases[number].standing, Standing::Approved(_));
            let purchase = &mut self.purchases[number];
            purchase.reversal_stan = stan;
            purchase.reversal_is_advice = !approved || random.percent(50);
            purchase.standing = Standing::Reversing;
        }
        let purchase = &mut self.purchases[number];
        let mti = match (purchase.reversal_is_advice, purchase.reversal_sent) {
            (false, false) => "0400",
            (false, true) => "0401",
            (true, false) => "0420",
            (true, true) => "0421",
        };
        purchase.reversal_sent = true;
        let purchase = self.purchases[number].clone();
        let original_mti = if purchase.single_message {
            "0200"
        } else {
            "0100"
        };
        let original = format!(
            "{original_mti}{:06}{:010}{:011}{:011}",
            purchase.stan, purchase.transmission, 100_001, 0
        );
        message(
            dialect,
            mti,
            &purchase,
            purchase.reversal_stan,
            Some(&original),
        )
    }

    /// Takes in an answer.
    pub fn hear(&mut self, answer: &Message) {
        let text = |element| answer.text(element).unwrap_or_default().to_owned();
        let stan: u32 = text(Element::STAN).parse().unwrap();
        let purchase = &mut self.purchases[self.by_stan[&stan]];
        let code = text(Element::RESPONSE_CODE);
        assert_eq!(
            text(Element::PAN),
            CARDS[purchase.card],
            "the answer is for another card"
        );
        assert_eq!(
            text(Element::AMOUNT_TRANSACTION),
            format!("{:012}", purchase.amount_minor)
        );
        if code == "91" {
            return;
        }
        if answer.mti().class() == MtiClass::Reversal {
            assert_eq!(stan, purchase.reversal_stan);
            assert_eq!(code, "00", "a reversal was refused");
            purchase.standing = Standing::Reversed;
            return;
        }
        assert_eq!(stan, purchase.stan);
        let heard = match code.as_str() {
            "00" => Standing::Approved(text(Element::AUTHORIZATION_ID_RESPONSE)),
            _ => Standing::Declined(code),
        };
        match &purchase.standing {
            Standing::Asked => purchase.standing = heard,
            // A late or repeated answer: the same as before.
            Standing::Approved(_) | Standing::Declined(_) => {
                assert_eq!(purchase.standing, heard, "a repeat was answered otherwise");
            }
            Standing::Reversing | Standing::Reversed => {}
        }
    }

    /// Purchases for which the peer waits.
    pub fn open(&self) -> Vec<usize> {
        let waits = |purchase: &Purchase| {
            matches!(purchase.standing, Standing::Asked | Standing::Reversing)
        };
        (0..self.purchases.len())
            .filter(|number| waits(&self.purchases[*number]))
            .collect()
    }

    /// Purchases that stand approved.
    pub fn approved(&self) -> Vec<usize> {
        let approved =
            |number: &usize| matches!(self.purchases[*number].standing, Standing::Approved(_));
        (0..self.purchases.len()).filter(approved).collect()
    }

    /// What the peer holds approved on a card, minor units.
    pub fn holds_minor(&self, card: usize) -> i64 {
        let purchases = self
            .approved()
            .into_iter()
            .map(|number| &self.purchases[number]);
        purchases
            .filter(|purchase| purchase.card == card)
            .map(|p| p.amount_minor)
            .sum()
    }
}

fn message(
    dialect: &Dialect,
    mti: &str,
    purchase: &Purchase,
    stan: u32,
    original: Option<&str>,
) -> Bytes {
    let amount = format!("{:012}", purchase.amount_minor);
    let (stan, transmission) = (
        format!("{stan:06}"),
        format!("{:010}", purchase.transmission),
    );
    let mut encoder = dialect.encoder(Mti::parse(mti.as_bytes()).unwrap());
    encoder
        .set(Element::PAN, CARDS[purchase.card])
        .set(Element::PROCESSING_CODE, "000000")
        .set(Element::AMOUNT_TRANSACTION, &amount)
        .set(Element::TRANSMISSION_DATE_TIME, &transmission)
        .set(Element::STAN, &stan)
        .set(Element::ACQUIRING_INSTITUTION, "100001")
        .set(Element::TERMINAL_ID, "TERM0001")
        .set(Element::CURRENCY_TRANSACTION, "840");
    if let Some(original) = original {
        encoder.set(Element::ORIGINAL_DATA_ELEMENTS, original);
    }
    let mut frame = BytesMut::new();
    dialect
        .framing()
        .write(&mut frame, |out| encoder.write(out))
        .unwrap();
    frame.freeze()
}
