//! How refunds change the rows that the views hold.
//!
//! Owns: how much of a purchase is refunded, which follows what is left of its refunds. Must never: decide, or count one
//! twice.

use super::rows::StoredMessage;
use super::store::BookStore;
use super::view::{ViewError, Views};
use crate::identifiers::RecordId;

impl<S: BookStore> Views<S> {
    /// So much more of a purchase is refunded, or less.
    pub(super) fn refund(
        &self,
        id: RecordId,
        of: RecordId,
        more_minor: i64,
    ) -> Result<(), ViewError> {
        self.change(of, |message| {
            let standing = message.standing_mut();
            if let Some(standing) = standing.filter(|standing| standing.reflects < id) {
                // Nothing else of it changes.
                standing.reflects = id;
                message.presented.refund(more_minor);
            }
            Ok(())
        })
    }

    /// The same, where it is anything.
    pub(super) fn refund_more(
        &self,
        id: RecordId,
        refunded: Option<(RecordId, i64)>,
    ) -> Result<(), ViewError> {
        match refunded {
            Some((of, more_minor)) if more_minor != 0 => self.refund(id, of, more_minor),
            Some(_) | None => Ok(()),
        }
    }
}

impl StoredMessage {
    /// The purchase that it refunds, and how much more of that when so much of it is left as after in place of before.
    pub(super) fn refunded_by(&self, left: (i64, i64)) -> Option<(RecordId, i64)> {
        let (refund, standing) = self.refund().zip(self.standing())?;
        Some((refund.authorization, refund.more(standing, left)))
    }
}
