//! The links of the simulated switch: which there are, and a turn of each.
//!
//! Owns: what becomes of what a link asks for and of what it was told, as the server's shell has it. Must never: answer
//! anything by itself.

use switch::link::{Rejected, Told};

use super::super::marks::Mark;
use super::super::peers::Scheme;
use super::super::plan::SessionPlan;
use super::super::run::Run;
use super::super::wire::Wire;
use super::Node;
use super::connection::{Around, Connection, OwnRequests, Served};

impl Node {
    /// A link of a network is accepted.
    pub fn accept(&mut self, id: u64, scheme: Scheme, sessions: &SessionPlan, run: &mut Run) {
        let plan = self.rules.plan(scheme.network());
        let connection = Connection::open(plan, sessions, id, run);
        self.connections.insert(id, connection);
    }

    /// An operator wants an echo on a link.
    pub fn ask_echo(&mut self, id: u64, run: &Run) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.ask_echo(run.clock());
        }
    }

    /// Connections that the switch holds.
    pub fn connections(&self) -> Vec<u64> {
        self.connections.keys().copied().collect()
    }

    /// A connection is reset.
    pub fn reset(&mut self, id: u64) {
        self.connections.remove(&id);
    }

    /// Every link answers what it has taken, then closes.
    pub fn drain(&mut self, run: &Run) {
        for connection in self.connections.values_mut() {
            connection.end(run.clock());
        }
    }

    /// One turn of a link.
    pub fn serve(&mut self, id: u64, wire: &mut Wire, run: &mut Run) -> Served {
        let Some(mut connection) = self.connections.remove(&id) else {
            return Served::ClosedEarly;
        };
        let mut asked = Vec::new();
        let views = self.view_writer.views();
        let books = |lookups| views.related(lookups);
        let around = Around {
            plan: self.rules.plan(wire.scheme.network()),
            rules: &self.rules.snapshot,
            vault: &self.vault,
            books: &books,
            bounds: &self.bounds,
            totals: &self.counter.totals,
        };
        let served = connection.serve(&around, wire, run, &mut asked);
        if connection.has_refused() {
            wire.refused.push(run.tick());
        }
        for told in connection.told() {
            self.keep(wire, told, run);
        }
        if served == Served::Open {
            self.connections.insert(id, connection);
        }
        for request in asked {
            self.submit(id, request, run);
        }
        served
    }

    /// Takes in what a network has said: a group sign-on and a business day are kept before the answer leaves.
    fn keep(&mut self, wire: &mut Wire, told: Told, run: &mut Run) {
        let network = wire.scheme.network();
        if told.is_kept() {
            let kept = self.rules.plan(network).state.kept();
            self.states.insert(network, kept);
        }
        if let Told::Rejected(rejection) = told {
            run.reach(match rejection.of {
                Rejected::OwnRequest(_) => Mark::OwnRequestRejected,
                Rejected::Approval { .. } => Mark::ApprovalRejected,
                Rejected::Response { .. } => Mark::ResponseRejected,
                Rejected::Unmatched => Mark::UnknownRejected,
            });
            wire.rejections.push(rejection);
        }
    }

    /// Whether no link has anything in flight or unsent.
    pub fn is_idle(&self) -> bool {
        self.connections.values().all(Connection::is_idle)
    }

    /// What became of the switch's own requests on a link.
    pub fn own_requests(&self, id: u64) -> Option<OwnRequests> {
        self.connections.get(&id).map(Connection::own_requests)
    }
}
