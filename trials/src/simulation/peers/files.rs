//! File actions: a host blocks a card, opens it again, or asks how it stands.
//!
//! Owns: what was asked and what was answered. Must never: know how a card stands but from answers.

use bytes::Bytes;
use codec::{Dialect, Element, Message};
use ledger::identifiers::Timestamp;

use super::super::accounts::FILED;
use super::super::checkers::Verdict;
use super::super::marks::Mark;
use super::super::run::Run;
use super::host::{Host, Place, is_first};
use super::message::Request;
use super::purchase::Heard;
use super::scheme::Scheme;

/// What is done to the record of a card in the file of statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It gets a status (DE91 2).
    Set(&'static str),
    /// Its restriction is taken away (DE91 3).
    Delete,
    /// Its status is asked for (DE91 5).
    Inquire,
}

impl Doing {
    /// DE91 and DE120.
    pub fn texts(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Set(status) => ("2", Some(status)),
            Self::Delete => ("3", None),
            Self::Inquire => ("5", None),
        }
    }
}

/// One file action.
#[derive(Clone, Debug)]
pub struct FileAction {
    /// The card, by its place among those of [`FILED`].
    pub card: usize,
    pub doing: Doing,
    pub request: Request,
    /// The true time at which it was first asked.
    pub asked: Timestamp,
    /// The order of its first asking and its first answer.
    pub called: u64,
    pub returned: u64,
    pub answer: Option<Heard>,
    sent: bool,
}

impl Host {
    /// A new file action of the generic network; returns its number.
    pub fn act_on_file(&mut self, run: &mut Run) -> usize {
        let card = run.random.below(FILED.len());
        let doing = match run.random.below(100) {
            0..40 => Doing::Set("BLOCKED"),
            40..65 => Doing::Set("NORMAL"),
            65..68 => Doing::Set("LOST"),
            68..83 => Doing::Delete,
            _ => Doing::Inquire,
        };
        let request = self.numbers.file_action(FILED[card].0, doing, run);
        let number = self.file_actions.len();
        self.by_key.insert(request.key(), Place::File(number));
        self.file_actions.push(FileAction {
            card,
            doing,
            request,
            asked: run.time,
            called: run.tick(),
            returned: 0,
            answer: None,
            sent: false,
        });
        number
    }

    /// The frame of a file action; a repeat of it once it was sent before.
    pub fn file_frame(&mut self, number: usize, dialect: &Dialect) -> Bytes {
        let action = &mut self.file_actions[number];
        let frame = action.request.frame(action.sent, dialect);
        action.sent = true;
        frame
    }

    /// File actions without an answer.
    pub fn open_file_actions(&self) -> Vec<usize> {
        let numbers = 0..self.file_actions.len();
        numbers
            .filter(|number| self.file_actions[*number].answer.is_none())
            .collect()
    }

    pub(super) fn hear_file(
        &mut self,
        number: usize,
        answer: &Message,
        heard: Heard,
        run: &mut Run,
    ) -> Verdict {
        let action = &mut self.file_actions[number];
        let earlier = action.answer.as_ref();
        if !is_first(&action.request, earlier, answer, &heard)? {
            return Ok(());
        }
        run.reach(match (action.doing, heard.code.as_str()) {
            (Doing::Inquire, _) => Mark::FileAskedFor,
            (_, "00") => Mark::FileChanged,
            _ => Mark::FileActionRefused,
        });
        action.answer = Some(heard);
        action.returned = run.tick();
        Ok(())
    }
}

/// The network whose hosts keep the file of statuses together with the switch.
pub const FILE_SCHEME: Scheme = Scheme::Generic;

/// The elements that say what is done.
pub fn file_elements(doing: Doing) -> Vec<(Element, String)> {
    let element = |number| Element::new(number).unwrap();
    let (action, record) = doing.texts();
    let mut elements = vec![
        (Element::PROCESSING_CODE, "000000".to_owned()),
        (element(91), action.to_owned()),
        (element(101), "CARDSTATUS".to_owned()),
    ];
    elements.extend(record.map(|record| (element(120), record.to_owned())));
    elements
}
