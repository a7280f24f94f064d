//! Plays a scenario step after step. Owns the order of things and the verdict of each step; must
//! never compare a value itself (that is `judge`).

use std::io;
use std::time::Duration;

use codec::{Dialect, Element, Message};
use tokio::time::Instant;

use crate::amounts;
use crate::generate::Generator;
use crate::judge::Case;
use crate::link::Peer;
use crate::links::{Links, Next, asks};
use crate::report::{MaskedMessage, ScenarioReport, StepReport, Verdict};
use crate::scenario::{Action, AnswerExpectation, Expectation, Scenario, Step};
use crate::transcript::{Fields, Sent, Transcript};

mod outgoing;

use self::outgoing::{Outgoing, Unprepared};

/// Where and how to play.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The dialect spoken on the links.
    pub dialect: &'a Dialect,
    /// The switch.
    pub peer: Peer<'a>,
    /// How long an answer, a connection or a close may take.
    pub limit: Duration,
    /// DE70 of the message that every link begins with.
    pub sign_on: Option<&'a str>,
}

/// Plays a scenario. A failed step does not stop it, so that later steps still give back what
/// earlier ones took. `on_step` sees each report as soon as the step has ended.
///
/// # Errors
/// Only what `on_step` gives (the output is gone); everything else is in the report.
pub async fn play(
    scenario: &Scenario,
    settings: Settings<'_>,
    generator: &mut Generator,
    on_step: &mut dyn FnMut(&StepReport) -> io::Result<()>,
) -> io::Result<ScenarioReport> {
    let sign_on = settings.sign_on.filter(|_| scenario.sign_on);
    let mut player = Player {
        scenario,
        settings,
        generator,
        links: Links::new(
            Settings {
                sign_on,
                ..settings
            },
            scenario.reject_own_requests.as_ref(),
        ),
        transcript: Transcript::default(),
    };
    let mut steps = Vec::with_capacity(scenario.steps.len());
    for step in &scenario.steps {
        let report = player.step(step).await;
        on_step(&report)?;
        steps.push(report);
    }
    let held = steps.iter().all(|step| step.verdict == Verdict::Held);
    Ok(ScenarioReport {
        file: scenario.file.clone(),
        name: scenario.name.clone(),
        held,
        steps,
    })
}

struct Player<'a> {
    scenario: &'a Scenario,
    settings: Settings<'a>,
    generator: &'a mut Generator,
    links: Links<'a>,
    transcript: Transcript,
}

impl Player<'_> {
    async fn step(&mut self, step: &Step) -> StepReport {
        let mut report = StepReport::new(&step.name, step.line);
        if matches!(step.action, Action::Close | Action::Reconnect) {
            self.links.close(&step.link);
        }
        if matches!(step.action, Action::Reconnect)
            && let Err(error) = self.links.connect(&step.link).await
        {
            report.fail(error.to_string());
        }
        let outgoing = match self.prepare(&step.action) {
            Ok(outgoing) => outgoing,
            Err(Unprepared::Unresolved(what)) => {
                report.skip(format!("not played: {what}"));
                return report;
            }
            Err(Unprepared::Unwritable(reason)) => {
                report.fail(reason);
                return report;
            }
        };
        let sent = match outgoing {
            Some(outgoing) => self.put_out(step, outgoing, &mut report).await,
            None => Some(Sent::default()),
        };
        if let Some(sent) = sent {
            self.expect(step, &sent, &mut report).await;
        }
        report
    }

    /// Remembers and sends; `None` when there is nothing to wait for.
    async fn put_out(
        &mut self,
        step: &Step,
        outgoing: Outgoing,
        report: &mut StepReport,
    ) -> Option<Sent> {
        let Outgoing {
            sent,
            bytes,
            framed,
        } = outgoing;
        report.sent = Some(MaskedMessage::new(
            self.settings.dialect,
            sent.mti,
            &sent.fields,
        ));
        self.transcript.sent.insert(step.name.clone(), sent.clone());
        if matches!(&step.action, Action::Send(request) if request.lost) {
            report
                .notes
                .push("made and lost on purpose: not sent".to_owned());
            return None;
        }
        let stan = sent.fields.get(Element::STAN);
        if let Err(error) = self
            .links
            .send(&step.link, &step.name, stan, &bytes, framed)
            .await
        {
            report.fail(error.to_string());
            return None;
        }
        Some(sent)
    }

    async fn expect(&mut self, step: &Step, sent: &Sent, report: &mut StepReport) {
        let started = Instant::now();
        match &step.expectation {
            Expectation::Nothing => {}
            Expectation::Answer(expected) => {
                let stan = sent.fields.get(Element::STAN);
                if let Some(answer) = self.answer(step, stan, started, report).await {
                    report.elapsed_us = u64::try_from(started.elapsed().as_micros()).ok();
                    self.judge(step, expected, sent, &answer, report);
                }
            }
            Expectation::NoAnswer(within) => {
                let next = self
                    .links
                    .next(&step.link, started + *within, &mut report.notes)
                    .await;
                let within = within.as_millis();
                self.unwanted(step, next, &format!("no answer for {within} ms"), report);
            }
            Expectation::Closed => {
                let limit = self.settings.limit;
                let next = self
                    .links
                    .next(&step.link, started + limit, &mut report.notes)
                    .await;
                match next {
                    Next::Closed => {}
                    Next::Nothing => report.fail(format!(
                        "expected the link to be closed, still open after {} ms",
                        limit.as_millis()
                    )),
                    Next::Message(..) | Next::Broken(_) => {
                        self.unwanted(step, next, "the link to be closed", report);
                    }
                }
            }
        }
    }

    /// Fails the step for anything but silence.
    fn unwanted(&self, step: &Step, next: Next, expected: &str, report: &mut StepReport) {
        let got = match next {
            Next::Nothing => return,
            Next::Message(message, _) => {
                let fields = Fields::of(&message);
                let mti = Some(message.mti());
                let masked = MaskedMessage::new(self.settings.dialect, mti, &fields);
                report.answer = Some(masked);
                self.described(step, &message)
            }
            Next::Closed => "a closed link".to_owned(),
            Next::Broken(reason) => reason,
        };
        report.fail(format!("expected {expected}, got {got}"));
    }

    /// The answer to the request with `stan` (any response when it has none).
    async fn answer(
        &mut self,
        step: &Step,
        stan: Option<&str>,
        started: Instant,
        report: &mut StepReport,
    ) -> Option<Box<Message>> {
        let limit = self.settings.limit;
        loop {
            match self
                .links
                .next(&step.link, started + limit, &mut report.notes)
                .await
            {
                Next::Message(message, frame) => {
                    let ours = stan.is_none() || message.text(Element::STAN) == stan;
                    if ours && !asks(message.mti()) {
                        self.transcript.frames.insert(step.name.clone(), frame);
                        return Some(message);
                    }
                    self.unexpected(step, &message, report);
                }
                Next::Nothing => {
                    report.fail(format!("no answer within {} ms", limit.as_millis()));
                    if let Some(stan) = stan {
                        self.links.give_up(&step.link, stan);
                    }
                    return None;
                }
                Next::Closed => {
                    report.fail("the link was closed by the switch".to_owned());
                    return None;
                }
                Next::Broken(reason) => {
                    report.fail(reason);
                    return None;
                }
            }
        }
    }

    /// A message that is not the answer waited for: a late one has failed its own step already.
    fn unexpected(&self, step: &Step, message: &Message, report: &mut StepReport) {
        let what = self.described(step, message);
        match self.links.asked(&step.link, message) {
            Some(asked) if asked.timed_out => report.notes.push(format!("late: {what}")),
            _ => report.fail(format!("got {what}")),
        }
    }

    fn described(&self, step: &Step, message: &Message) -> String {
        let mti = message.mti();
        match self.links.asked(&step.link, message) {
            Some(asked) => format!("an answer {mti} to step {:?}", asked.step),
            None => format!("a message {mti} that answers no request of this link"),
        }
    }

    fn judge(
        &mut self,
        step: &Step,
        expected: &AnswerExpectation,
        sent: &Sent,
        answer: &Message,
        report: &mut StepReport,
    ) {
        let fields = Fields::of(answer);
        let mti = Some(answer.mti());
        report.answer = Some(MaskedMessage::new(self.settings.dialect, mti, &fields));
        let case = Case {
            dialect: self.settings.dialect,
            rule: &self.scenario.answer,
            request: sent,
            answer,
            transcript: &self.transcript,
        };
        match case.judge(expected) {
            Ok(failures) => failures
                .into_iter()
                .for_each(|failure| report.fail(failure)),
            Err(unresolved) => report.fail(format!("cannot be judged: {unresolved}")),
        }
        let currency = sent.fields.get(Element::CURRENCY_TRANSACTION);
        for (name, balance) in &step.save {
            match amounts::read(answer, *balance, currency) {
                Ok(amount) => {
                    self.transcript.saved.insert(name.clone(), amount);
                }
                Err(error) => report.fail(format!("{} balance: {error}", balance.word())),
            }
        }
        self.transcript.answers.insert(step.name.clone(), fields);
    }
}
