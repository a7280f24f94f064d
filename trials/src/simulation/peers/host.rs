//! The hosts of the networks: every operation they have asked for, and what they were answered.
//!
//! Owns: new operations, their repeats and reversals, and taking in answers. Behave as networks do: they
//! repeat and reverse until they are answered. Must never: believe anything but an answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use codec::{Dialect, Element, Message};

use super::super::accounts::{BLOCKED_PAN, CARDS, FILED, UNKNOWN_PAN};
use super::super::checkers::{Checker, Verdict, Violation, answers};
use super::super::marks::Mark;
use super::super::run::Run;
use super::files::FileAction;
use super::message::{Key, Request};
use super::purchase::{Follow, FollowKind, Heard, Kind, Purchase, Reversal, Standing, Undoing};
use super::scheme::Scheme;
use super::writing::{Asked, BAD_STANS, Numbers};

/// A message whose only purpose is its refusal.
#[derive(Clone, Debug)]
pub struct Probe {
    pub request: Request,
    /// DE39 that it must get.
    pub code: &'static str,
    /// DE66 that it must get, where it is about totals.
    pub balance: Option<&'static str>,
    pub reached: Mark,
}

/// The hosts.
#[derive(Debug, Default)]
pub struct Host {
    pub purchases: Vec<Purchase>,
    pub file_actions: Vec<FileAction>,
    pub numbers: Numbers,
    /// Business days that each network has begun.
    pub business_days: BTreeMap<Scheme, usize>,
    pub(super) by_key: BTreeMap<Key, Place>,
    probes: BTreeMap<Key, Probe>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    File(usize),
    Original(usize),
    Reversal(usize, usize),
    Follow(usize, usize),
}

impl Host {
    /// A new operation; returns its number.
    pub fn ask(&mut self, scheme: Scheme, kind: Kind, run: &mut Run) -> usize {
        let (pan, own, debit) = match kind {
            Kind::BlockedCard => (BLOCKED_PAN, None, None),
            Kind::UnknownCard => (UNKNOWN_PAN, None, None),
            Kind::FiledCard => {
                let (pan, own) = *run.random.pick(&FILED);
                (pan, Some(own), Some(own))
            }
            _ => {
                let (pan, own, debit) = *run.random.pick(&CARDS);
                (pan, Some(own), Some(debit))
            }
        };
        let chooses_debit = run.random.percent(40);
        let amount_minor = match kind {
            Kind::Inquiry => 0,
            _ => 1 + run.random.below(40_000) as i64,
        };
        let number = self.purchases.len();
        let asked = Asked {
            scheme,
            kind,
            number,
            pan,
            chooses_debit,
            amount_minor,
        };
        let twin = self.twin(scheme, kind, run);
        let request = self.numbers.original(&asked, twin.as_ref(), run);
        let purchase = Purchase {
            account: if chooses_debit { debit } else { own },
            kind,
            amount_minor,
            request,
            standing: Standing::Asked,
            answer: None,
            repeated_late: false,
            answer_anew: None,
            asked: run.time,
            called: run.tick(),
            returned: 0,
            reversals: Vec::new(),
            follows: Vec::new(),
            presented: false,
        };
        self.by_key
            .insert(purchase.request.key(), Place::Original(number));
        self.purchases.push(purchase);
        number
    }

    /// The request whose STAN another acquirer of the network uses as well.
    fn twin(&self, scheme: Scheme, kind: Kind, run: &mut Run) -> Option<Request> {
        if kind != Kind::SharedStan {
            return None;
        }
        let own = self.which(|purchase| purchase.scheme() == scheme);
        if own.is_empty() {
            return None;
        }
        run.reach(Mark::SharedStan);
        Some(self.purchases[*run.random.pick(&own)].request.clone())
    }

    /// The reversal of an operation; returns its number among the operation's reversals.
    pub fn reverse(&mut self, number: usize, undoing: Undoing, run: &mut Run) -> usize {
        let purchase = &mut self.purchases[number];
        let request = self.numbers.reversal(purchase, undoing, run);
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

    /// An increment or a completion of an operation; returns its number among those.
    pub fn follow(&mut self, number: usize, kind: FollowKind, run: &mut Run) -> usize {
        let purchase = &mut self.purchases[number];
        let amount_minor = 1 + run.random.below(30_000) as i64;
        let request = self.numbers.follow(purchase, (kind, amount_minor), run);
        let place = purchase.follows.len();
        self.by_key
            .insert(request.key(), Place::Follow(number, place));
        purchase.follows.push(Follow {
            request,
            kind,
            amount_minor,
            sent: false,
            answer: None,
        });
        place
    }

    /// The frame of an increment or a completion; a repeat of it once it was sent before.
    pub fn follow_frame(&mut self, number: usize, place: usize, dialect: &Dialect) -> Bytes {
        let follow = &mut self.purchases[number].follows[place];
        let frame = follow.request.frame(follow.sent, dialect);
        follow.sent = true;
        frame
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

    /// Takes in an answer that came by a network.
    pub fn hear(&mut self, scheme: Scheme, answer: &Message, run: &mut Run) -> Verdict {
        let key = Key::of(scheme, answer);
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
                answers::totals_are_in_balance(probe, answer)?;
                run.reach(probe.reached);
            }
            return Ok(());
        }
        match self.by_key.get(&key).copied() {
            Some(Place::File(number)) => self.hear_file(number, answer, heard, run),
            Some(Place::Original(number)) => self.hear_original(number, answer, heard, run),
            Some(Place::Reversal(number, place)) => {
                self.hear_reversal(number, place, answer, heard, run)
            }
            Some(Place::Follow(number, place)) => {
                self.hear_follow((number, place), answer, heard, run)
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
            if purchase.repeated_late && *earlier != heard {
                return hear_anew(purchase, heard, run);
            }
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
        let earlier = reversal.answer.as_ref();
        if !is_first(&reversal.request, earlier, answer, &heard)? {
            return Ok(());
        }
        let age_us = run.time.0 - purchase.asked.0;
        answers::reversal_answer_fits(reversal, standing, age_us, &heard)?;
        let (after, mark) = match reversal.undoing {
            Undoing::All if heard.code == "25" => (Standing::Reversed, Mark::UnknownOriginal),
            Undoing::All => (Standing::Reversed, Mark::Reversed),
            Undoing::Part { remaining_minor } => {
                (Standing::Approved { remaining_minor }, Mark::PartlyReversed)
            }
            Undoing::Mismatched => (standing, Mark::ReversalMismatched),
            Undoing::Again => (standing, Mark::ReversedAgain),
            Undoing::Late if heard.code == "25" => (standing, Mark::PurgedNotKnown),
            Undoing::Late => (standing, Mark::ReversedLate),
        };
        if reversal
            .request
            .text(Element::ORIGINAL_DATA_ELEMENTS)
            .is_none()
        {
            run.reach(Mark::ReversedByReference);
        }
        purchase.standing = after;
        reversal.answer = Some(heard);
        reversal.returned = run.tick();
        run.reach(mark);
        Ok(())
    }

    fn hear_follow(
        &mut self,
        (number, place): (usize, usize),
        answer: &Message,
        heard: Heard,
        run: &mut Run,
    ) -> Verdict {
        let follow = &mut self.purchases[number].follows[place];
        let earlier = follow.answer.as_ref();
        if !is_first(&follow.request, earlier, answer, &heard)? {
            return Ok(());
        }
        answers::follow_answer_fits(follow, &heard)?;
        run.reach(match (follow.kind, heard.code.as_str()) {
            (FollowKind::Completion, _) => Mark::Completed,
            (FollowKind::Increment, "00") => Mark::Raised,
            (FollowKind::Increment, _) => Mark::Declined,
        });
        follow.answer = Some(heard);
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

/// Whether this is the first that was said to a request. Whatever is said must fit the request; a refusal says nothing,
/// as the request may still be decided; and what is said again must be the same.
pub(super) fn is_first(
    request: &Request,
    earlier: Option<&Heard>,
    answer: &Message,
    heard: &Heard,
) -> Result<bool, Violation> {
    answers::response_matches_request(request, answer)?;
    match earlier {
        _ if heard.is_refusal() => Ok(false),
        Some(earlier) => answers::dedup_same_answer(request, earlier, heard).map(|()| false),
        None => Ok(true),
    }
}

/// A repeat so late that the first answer may be gone was decided anew, once.
fn hear_anew(purchase: &mut Purchase, heard: Heard, run: &mut Run) -> Verdict {
    if let Some(earlier) = &purchase.answer_anew {
        return answers::dedup_same_answer(&purchase.request, earlier, &heard);
    }
    answers::answer_fits(purchase, &heard)?;
    run.reach(Mark::PurgedDecidedAgain);
    purchase.answer_anew = Some(heard);
    Ok(())
}

fn mark_of(purchase: &Purchase, heard: &Heard) -> Mark {
    match (heard.code.as_str(), purchase.kind) {
        ("00", Kind::Inquiry) => Mark::InquiryAnswered,
        ("00", Kind::Refund) => Mark::RefundApproved,
        ("00", Kind::Special) => Mark::OpenedByReload,
        ("00", Kind::StandIn) => Mark::StoodIn,
        ("57", Kind::Special) => Mark::Declined,
        ("57", _) => Mark::DeniedByControl,
        ("00", _) => approved_on(purchase.scheme()),
        ("05", _) => Mark::ReversedBeforeArrival,
        ("41" | "62", Kind::FiledCard) => Mark::DeclinedByFile,
        (_, _) => Mark::Declined,
    }
}

fn approved_on(scheme: Scheme) -> Mark {
    match scheme {
        Scheme::Generic => Mark::Approved,
        Scheme::Visa => Mark::ApprovedOnVisa,
        Scheme::Mastercard => Mark::ApprovedOnMastercard,
        Scheme::Elo => Mark::ApprovedOnElo,
    }
}
