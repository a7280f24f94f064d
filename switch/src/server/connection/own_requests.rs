//! What the session of a link wants to be done.
//!
//! Owns: sending requests of our own, and telling what became of them. Must never: decide when.

use std::time::Duration;

use ledger::identifiers::Timestamp;
use ledger::runtime::now;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Connection, telling};
use crate::adapter::management;
use crate::link::Told;
use crate::session::{Action, Purpose, Stand};

impl Connection<'_> {
    /// Does what the session wants since it was asked before.
    ///
    /// # Errors
    /// Why the link is to be closed.
    pub(super) fn act(&mut self) -> Result<(), &'static str> {
        for action in self.link.actions() {
            match action {
                Action::Send(request) => {
                    let networks = self.shared.rulebook.networks();
                    let plan = networks.plan(self.network).ok_or("network removed")?;
                    if let Err(error) = management::write(plan, &request, &mut self.out) {
                        let network = &plan.network.name;
                        tracing::error!(network, %error, "no request of our own written");
                        return Err("its dialect has no network management");
                    }
                }
                Action::Close(reason) => return Err(reason),
                Action::Became(stand) => {
                    self.status.becomes(stand.as_str());
                    self.metrics.became(self.status.number(), stand);
                    if stand == Stand::SignedOn {
                        telling::known(self.shared, &self.status);
                    }
                    self.notice("link.state_changed", json!({ "state": stand.as_str() }));
                }
                Action::Noted(note) => {
                    self.status.noted(&note, now());
                    self.metrics.noted(self.status.number(), &note);
                    if note.complaint().is_some() {
                        let request = note.purpose().map(Purpose::as_str);
                        let data = json!({ "request": request, "result": note.result() });
                        self.notice("link.request_failed", data);
                    }
                }
            }
        }
        for told in self.link.told() {
            if told.is_kept() {
                self.keep()?;
            }
            self.tell(&told);
        }
        Ok(())
    }

    /// Counts and tells what the network said.
    pub(super) fn tell(&self, told: &Told) {
        self.status.told(told, now());
        self.metrics.told(self.status.number(), told);
        self.notice(told.kind(), told.data());
    }

    /// Makes durable what networks have said. The answer that says so has not left yet.
    fn keep(&self) -> Result<(), &'static str> {
        let networks = self.shared.rulebook.networks();
        let kept = tokio::task::block_in_place(|| self.shared.kept_states.keep(&networks));
        kept.map_err(|error| {
            tracing::error!(%error, "what a network said could not be kept");
            "what the network said could not be kept"
        })
    }

    fn notice(&self, kind: &'static str, data: Value) {
        telling::tell(self.shared, &self.status, kind, data);
    }
}

/// The STAN of the first request of a link: links of one network begin apart.
pub(super) fn first_stan(link: u64) -> u32 {
    let apart = link.wrapping_mul(10_007) % 999_999;
    u32::try_from(apart).unwrap_or_default().saturating_add(1)
}

/// How long it is until a time; nothing for one that has come.
pub(super) fn wake(at: Option<Timestamp>) -> Option<Instant> {
    let left_us = at?.0.saturating_sub(now().0);
    let left = Duration::from_micros(u64::try_from(left_us).unwrap_or(0));
    Some(Instant::now() + left)
}

/// Returns at that time.
pub(super) async fn until(wake: Option<Instant>) {
    if let Some(wake) = wake {
        tokio::time::sleep_until(wake).await;
    }
}
