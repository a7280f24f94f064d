//! The open links of one run by name, and who asked what on them. Owns the pairing of answers with
//! requests and the answers to the switch's own network management; must never judge a value.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Element, Frame, Message, Mti, MtiClass, MtiFunction};
use tokio::time::Instant;

use crate::compose;
use crate::link::{Link, LinkError, Received};
use crate::rejection::{self, Rejection};
use crate::runner::Settings;
use crate::sign_on;
use crate::transcript::Fields;

/// A request that was sent on a link.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The step that sent it.
    pub(crate) step: String,
    /// Whether the step has given up waiting.
    pub(crate) timed_out: bool,
}

/// What waiting for the scenario's business brought.
#[derive(Debug)]
pub(crate) enum Next {
    /// A message that is not the switch's own network management, and the frame that it came in.
    Message(Box<Message>, Frame),
    /// Nothing until the deadline.
    Nothing,
    /// The peer closed the link.
    Closed,
    /// The link or what came over it is of no use, with the reason.
    Broken(String),
}

#[derive(Debug)]
struct OpenLink {
    link: Link,
    /// By STAN.
    asked: BTreeMap<String, Asked>,
    /// STANs of the rejections whose acknowledgement is still to come.
    rejecting: BTreeSet<String>,
}

/// Links by name; they open when first used.
#[derive(Debug)]
pub(crate) struct Links<'a> {
    settings: Settings<'a>,
    rejection: Option<&'a Rejection>,
    open: BTreeMap<String, OpenLink>,
}

impl<'a> Links<'a> {
    /// Network management of the switch is answered, or rejected.
    pub(crate) fn new(settings: Settings<'a>, rejection: Option<&'a Rejection>) -> Self {
        Self {
            settings,
            rejection,
            open: BTreeMap::new(),
        }
    }

    /// Closes a link when it is open; its next use opens it again.
    pub(crate) fn close(&mut self, name: &str) {
        self.open.remove(name);
    }

    /// Opens a link when it is not open.
    pub(crate) async fn connect(&mut self, name: &str) -> Result<(), LinkError> {
        self.link(name).await.map(|_open| ())
    }

    async fn link(&mut self, name: &str) -> Result<&mut OpenLink, LinkError> {
        if !self.open.contains_key(name) {
            let Settings {
                dialect,
                peer,
                limit,
                sign_on,
            } = self.settings;
            let mut link = Link::open(peer, dialect.framing(), limit).await?;
            if let Some(code) = sign_on {
                sign_on::sign_on(&mut link, dialect, code, limit).await?;
            }
            self.open.insert(
                name.to_owned(),
                OpenLink {
                    link,
                    asked: BTreeMap::new(),
                    rejecting: BTreeSet::new(),
                },
            );
        }
        self.open
            .get_mut(name)
            .ok_or_else(|| LinkError::NotSent("the link is gone".to_owned()))
    }

    /// Sends bytes for a step, in a frame or as they are, and remembers who asked.
    pub(crate) async fn send(
        &mut self,
        name: &str,
        step: &str,
        stan: Option<&str>,
        bytes: &[u8],
        framed: bool,
    ) -> Result<(), LinkError> {
        let open = self.link(name).await?;
        if let Some(stan) = stan {
            let asked = Asked {
                step: step.to_owned(),
                timed_out: false,
            };
            open.asked.insert(stan.to_owned(), asked);
        }
        let sent = if framed {
            open.link.send_frame(bytes).await
        } else {
            open.link.send_bytes(bytes).await
        };
        if sent.is_err() {
            self.close(name);
        }
        sent
    }

    /// The request that a message answers, by its STAN.
    pub(crate) fn asked(&self, name: &str, message: &Message) -> Option<&Asked> {
        self.open.get(name)?.asked.get(message.text(Element::STAN)?)
    }

    /// Notes that nobody waits for the answer to `stan` any more.
    pub(crate) fn give_up(&mut self, name: &str, stan: &str) {
        if let Some(asked) = self
            .open
            .get_mut(name)
            .and_then(|open| open.asked.get_mut(stan))
        {
            asked.timed_out = true;
        }
    }

    /// Waits on a link until `deadline`. Network management requests of the switch are answered or rejected,
    /// and put down in `notes`. A link that closes or breaks opens again at its next use.
    pub(crate) async fn next(
        &mut self,
        name: &str,
        deadline: Instant,
        notes: &mut Vec<String>,
    ) -> Next {
        loop {
            let received = match self.link(name).await {
                Ok(open) => open.link.receive(deadline).await,
                Err(error) => return Next::Broken(error.to_string()),
            };
            let frame = match received {
                Received::Frame(frame) => frame,
                Received::Nothing => return Next::Nothing,
                Received::Closed => {
                    self.close(name);
                    return Next::Closed;
                }
                Received::Lost(reason) => {
                    self.close(name);
                    return Next::Broken(format!("the link cannot be read on: {reason}"));
                }
            };
            let message = match self.settings.dialect.decode(frame.body.clone()) {
                Ok(message) => message,
                Err(error) => return Next::Broken(format!("cannot be decoded: {error}")),
            };
            if self.acknowledges_a_rejection(name, &message) {
                continue;
            }
            if !manages(message.mti()) {
                return Next::Message(Box::new(message), frame);
            }
            let done = match self.rejection {
                Some(rejection) => self.reject(name, rejection, &message, &frame).await,
                None => self.acknowledge(name, &frame.header, &message).await,
            };
            if let Err(reason) = done {
                return Next::Broken(reason);
            }
            let code = message
                .text(Element::NETWORK_MANAGEMENT_CODE)
                .unwrap_or("?");
            let what = self.rejection.map_or("answered", |_| "rejected");
            notes.push(format!("{what} {} {code} of the switch", message.mti()));
        }
    }

    /// Rejects a network management request of the switch.
    async fn reject(
        &mut self,
        name: &str,
        rejection: &Rejection,
        request: &Message,
        frame: &Frame,
    ) -> Result<(), String> {
        let dialect = self.settings.dialect;
        let open = self.link(name).await.map_err(|error| error.to_string())?;
        let sent = match rejection {
            Rejection::Header(code) => {
                let bytes = rejection::given_back(dialect, *code, frame);
                let bytes = bytes.map_err(|error| error.to_string())?;
                open.link.send_bytes(&bytes).await
            }
            Rejection::Message(code) => {
                // Its STAN is that of the request: it meets no other of the network's.
                let fresh = Fields::of(request).0;
                let advice = rejection::advice(request, code, &fresh);
                let mti = advice.mti.ok_or("no message type")?;
                let body = compose::encode(dialect, mti, &advice.fields)
                    .map_err(|error| error.to_string())?;
                let stan = advice.fields.get(Element::STAN);
                open.rejecting.extend(stan.map(str::to_owned));
                open.link.send_frame(&body).await
            }
        };
        sent.map_err(|error| error.to_string())
    }

    /// Whether a message is the 0630 of a rejection.
    fn acknowledges_a_rejection(&mut self, name: &str, message: &Message) -> bool {
        let administrative = message.mti().class() == MtiClass::Administrative;
        let stan = message.text(Element::STAN).filter(|_| administrative);
        let open = self.open.get_mut(name);
        stan.zip(open)
            .is_some_and(|(stan, open)| open.rejecting.remove(stan))
    }

    /// Answers a network management request of the switch with DE39 00.
    async fn acknowledge(
        &mut self,
        name: &str,
        header: &[u8],
        request: &Message,
    ) -> Result<(), String> {
        let Some(mti) = request.mti().response() else {
            return Ok(());
        };
        let mut fields = Fields::default();
        for element in [
            Element::TRANSMISSION_DATE_TIME,
            Element::STAN,
            Element::NETWORK_MANAGEMENT_CODE,
        ] {
            if let Some(value) = request.text(element) {
                fields.0.insert(element, value.to_owned());
            }
        }
        fields.0.insert(Element::RESPONSE_CODE, "00".to_owned());
        let body = compose::encode(self.settings.dialect, mti, &fields)
            .map_err(|error| error.to_string())?;
        let open = self.link(name).await.map_err(|error| error.to_string())?;
        open.link
            .send_reply(header, &body)
            .await
            .map_err(|error| error.to_string())
    }
}

/// Whether a message asks for an answer, as opposed to being one.
pub(crate) fn asks(mti: Mti) -> bool {
    mti.response().is_some()
}

/// Whether a message is a network management request or advice.
fn manages(mti: Mti) -> bool {
    mti.class() == MtiClass::NetworkManagement
        && matches!(mti.function(), MtiFunction::Request | MtiFunction::Advice)
}
