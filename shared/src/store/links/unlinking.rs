//! Ends a link. If it may still have reports to make, its tokens are kept as the account's remnant.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::inherited::Earlier;
use super::link::{Link, PlayerRow};
use crate::domain::{LinkStatus, Timestamp};
use crate::seal::Sealed;
use crate::store::dynamo::{Change, amazon_key, n, remnant_key, s, time, transact, ttl};
use crate::store::error::StoreError;
use crate::store::operations::Changes;
use crate::store::outcome::WriteOutcome;
use crate::store::tables::{Fulfillments, Links};

/// How long the remnant of a link is kept.
#[derive(Clone, Copy, Debug)]
pub struct RemnantTimes {
    /// When `reconcile` first looks at it.
    pub due_at: Timestamp,
    /// When it is deleted, even if reports are left.
    pub expires_at: Timestamp,
}

impl Links {
    /// Ends the link. The player's row stays, as `unlinked`, while there may be open entitlements,
    /// so that checks still hand them out. With `remnant`, the tokens are kept under the account
    /// for the reports that it still has to make; a refresh that is under way stores its tokens
    /// there. The write needs the row as it was read, because the caller has not seen what came
    /// later.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unlink(
        &self,
        fulfillments: &Fulfillments,
        row: &PlayerRow,
        link: &Link,
        remnant: Option<RemnantTimes>,
    ) -> Result<WriteOutcome, StoreError> {
        let Changes(parts) = self.unlink_changes(fulfillments, row, link, remnant);
        Ok(transact(&self.client, parts).await?.outcome())
    }

    /// The changes that [`Links::unlink`] writes.
    #[must_use]
    pub fn unlink_changes(
        &self,
        fulfillments: &Fulfillments,
        row: &PlayerRow,
        link: &Link,
        remnant: Option<RemnantTimes>,
    ) -> Changes {
        let player = self.change_as_read(row, link);
        let player = if row.has_open {
            [
                "link_id",
                "amazon_user_id",
                "client_id",
                "tokens",
                "token_version",
                "access_expires_at",
                "linked_at",
                "checked_at",
                "next_check_at",
                "check_owner",
                "retry_at",
                "refresh_owner",
                "refresh_until",
                "owes",
                "owes_for",
                "owes_more",
            ]
            .into_iter()
            .fold(player, Change::remove)
            .without_dead_tokens()
            .set("status", s(LinkStatus::Unlinked.as_str()))
            .in_transaction()
        } else {
            player.delete_in_transaction()
        };
        let mut parts = vec![player];
        parts.extend(self.end_parts(fulfillments, link, remnant));
        Changes(parts)
    }

    /// The parts of a transaction that end a link, except the player's own row.
    pub(super) fn end_parts(
        &self,
        fulfillments: &Fulfillments,
        link: &Link,
        remnant: Option<RemnantTimes>,
    ) -> Vec<TransactWriteItem> {
        let account = self
            .change(amazon_key(&link.amazon_user_id))
            .when("#link_id = :expected_link")
            .value(":expected_link", s(link.id.as_str()))
            .delete_in_transaction();
        let mut parts = vec![account];
        if let (Some(remnant), Some(tokens)) = (remnant, &link.tokens) {
            parts.push(self.remnant_of(link, tokens, remnant.expires_at));
            parts.push(fulfillments.remnant_part(&link.amazon_user_id, remnant.due_at));
        }
        parts
    }

    /// A change that needs that the link, its tokens, its refresh lease, what is open and for whom the
    /// account has reports to make are as they were read.
    pub(super) fn change_as_read(&self, row: &PlayerRow, link: &Link) -> Change {
        let refresher = link.refresh.as_ref().map(|lease| s(&lease.owner));
        let change = self
            .change_tokens(link, "")
            .only_if_still("open_mark", row.open_mark.as_ref().map(s))
            .only_if_still("refresh_owner", refresher);
        // The caller's link may have fewer players to report for than the row.
        match &row.link {
            Some(read) => read.inherited.still(change),
            None => change,
        }
    }

    fn remnant_of(&self, link: &Link, tokens: &Sealed, expires_at: Timestamp) -> TransactWriteItem {
        let lease = link.refresh.as_ref();
        let remnant = self
            .change(remnant_key(&link.amazon_user_id))
            .set("status", s(link.state.as_str()))
            .set("player_id", s(link.player.as_str()))
            .set("link_id", s(link.id.as_str()))
            .set("amazon_user_id", s(link.amazon_user_id.as_str()))
            .set("client_id", s(&link.client_id))
            .set("tokens", s(tokens.as_str()))
            .set("token_version", n(link.token_version))
            .set("access_expires_at", time(link.access_expires_at))
            .set("linked_at", time(link.linked_at))
            .set_or_remove("next_check_at", link.next_check_at.map(time))
            .set_or_remove("retry_at", link.retry_at.map(time))
            .set_or_remove("refresh_owner", lease.map(|lease| s(&lease.owner)))
            .set_or_remove("refresh_until", lease.map(|lease| time(lease.until)))
            .set("expires_at", time(expires_at))
            .set("ttl", ttl(expires_at));
        link.inherited
            .write(remnant, Earlier::Kept)
            .in_transaction()
    }
}
