//! What a refund makes of the purchase that it names.
//!
//! Owns: how much of a purchase is refunded, which follows what is left of its refunds. Must never: count one twice, or
//! change anything else of the purchase.

use super::State;
use crate::authorization::MessageKey;
use crate::identifiers::RecordId;
use crate::recent::Link;

impl State {
    /// So much more of a purchase is refunded, or less.
    pub(super) fn refund(&mut self, id: RecordId, of: (&MessageKey, RecordId), more_minor: i64) {
        let Some(message) = self.recent.message_mut(of.0, of.1) else {
            return;
        };
        let standing = message.standing.as_mut();
        let Some(standing) = standing.filter(|standing| standing.reflects < id) else {
            return;
        };
        message.presented.refund(more_minor);
        // Nothing else of it changes.
        standing.reflects = id;
        message.touched = message.touched.max(id);
    }

    /// So much of a message is left as after in place of before: where it is a refund, its purchase follows.
    pub(super) fn refunded_by(
        &mut self,
        id: RecordId,
        refund: (&MessageKey, RecordId),
        left: (i64, i64),
    ) {
        let Some(message) = self.recent.message(refund.0, refund.1) else {
            return;
        };
        let (Some(Link::Refund(refund)), Some(standing)) = (&message.link, &message.standing)
        else {
            return;
        };
        let more_minor = refund.more(standing, left);
        if more_minor != 0 {
            let (of, purchase) = (refund.of.clone(), refund.authorization);
            self.refund(id, (&of, purchase), more_minor);
        }
    }
}
