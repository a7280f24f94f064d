//! Load over several links, and the blow that falls into it.
//!
//! Owns: the threads of the clients and their end. Must never: outlive the switch they load.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use anyhow::Context as _;
use codec::Dialect;

use super::blow::Blow;
use super::books::Http;
use super::clock::pause;
use super::link::{Link, Shared};
use super::node::Node;
use super::records::Records;
use crate::random::Random;

/// How long the clients go on after a SIGTERM, as clients do that were not told.
const UNTOLD: Duration = Duration::from_millis(20);

/// What loads the switch.
#[derive(Debug)]
pub(super) struct Load<'a> {
    pub(super) dialect: &'a Dialect,
    pub(super) records: &'a Mutex<Records>,
    /// What chance of each link follows from; one link for each.
    pub(super) seeds: Vec<u64>,
    /// Over all links.
    pub(super) requests_per_second: u64,
}

impl Load<'_> {
    /// Loads the switch until the blow is due: SIGKILL or SIGTERM falls under load. Returns how many
    /// snapshots were taken meanwhile.
    pub(super) fn until(&self, blow: &Blow, node: &Node, data: &Path) -> anyhow::Result<u64> {
        let links = self.seeds.len().max(1) as u64;
        let per_link = u32::try_from((self.requests_per_second / links).max(1))?;
        let stop = AtomicBool::new(false);
        let shared = Shared {
            dialect: self.dialect,
            records: self.records,
            stop: &stop,
            interval: Duration::from_secs(1) / per_link,
        };
        let ran = std::thread::scope(|scope| {
            let links = self.links(scope, &shared, node);
            let http = Http::new(node.http);
            let snapshot = blow.snapshot.then(|| scope.spawn(move || http.snapshot()));
            let waited = blow.wait(node, data, || shared.records().answered());
            let ended = if blow.terminate {
                let ended = node.terminate();
                pause(UNTOLD);
                ended
            } else {
                node.kill()
            };
            stop.store(true, Ordering::Release);
            for link in links {
                join(link)?;
            }
            let taken = snapshot.map_or(Ok(false), join)?;
            waited.and(ended).map(|()| u64::from(taken))
        });
        ran.with_context(|| format!("the end of the switch's log:\n{}", node.log_tail()))
    }

    fn links<'scope>(
        &self,
        scope: &'scope Scope<'scope, '_>,
        shared: &'scope Shared<'scope>,
        node: &Node,
    ) -> Vec<ScopedJoinHandle<'scope, anyhow::Result<()>>> {
        let address = node.iso;
        let load = |(number, seed): (usize, &u64)| {
            let mut random = Random::new(*seed);
            scope.spawn(move || match Link::connect(shared, number, address)? {
                Some(link) => link.load(&mut random),
                None => Ok(()),
            })
        };
        self.seeds.iter().enumerate().map(load).collect()
    }
}

/// What a thread came to.
fn join<T>(thread: ScopedJoinHandle<'_, anyhow::Result<T>>) -> anyhow::Result<T> {
    let ended = thread.join();
    ended.map_err(|_panic| anyhow::anyhow!("a client panicked"))?
}
