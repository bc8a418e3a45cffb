//! The second look at tokens that Amazon called `invalid_grant`.
//!
//! Amazon also says so of good tokens, if one of our settings is wrong or Amazon has an incident.
//! The tokens are therefore kept as `dead_tokens`, and a housekeeping row makes `reconcile` try
//! them again. A check that comes when they are due tries them too. Each try holds the refresh
//! lease.
//!
//! ```text
//! tokens ──invalid_grant──▶ dead_tokens ──a look that works──▶ tokens, of the next version
//!                              │   └──invalid_grant again──▶ dead_tokens, the next look is later
//!                              └──linked again, unlinked, or too old──▶ gone
//! ```

use super::link::{DeadTokens, Link};
use super::linking::LINK_TRIES;
use crate::domain::{LinkId, LinkStatus, PlayerId, Timestamp};
use crate::seal::Sealed;
use crate::store::accounts::HousekeepingKind;
use crate::store::dynamo::{Change, Committed, contend, player_key, s, time, transact};
use crate::store::error::StoreError;
use crate::store::outcome::WriteOutcome;
use crate::store::tables::{Fulfillments, Links};

/// Dead tokens that are not those of the row's link, or that stand beside newer ones.
const LEFTOVER: &str = "(attribute_exists(#tokens) OR attribute_not_exists(#link_id) \
     OR attribute_not_exists(#dead_link_id) OR #link_id <> #dead_link_id)";

impl Links {
    /// Amazon said `invalid_grant` to the tokens of `link`, which `dead` seals: they are kept, and
    /// due for a second look. [`WriteOutcome::Changed`]: they are not the stored ones any more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mark_dead(
        &self,
        fulfillments: &Fulfillments,
        link: &Link,
        dead: &DeadTokens,
    ) -> Result<WriteOutcome, StoreError> {
        let aside = self
            .change_tokens(link, " AND attribute_exists(#tokens)")
            .set("status", s(LinkStatus::RelinkRequired.as_str()))
            .set("dead_tokens", s(dead.sealed.as_str()))
            .set("dead_link_id", s(link.id.as_str()))
            .set("next_look_at", time(dead.next_look_at))
            .set("dead_until", time(dead.until))
            .remove("tokens")
            .without_refresh_lease()
            .in_transaction();
        let look = fulfillments.link_housekeeping_part(
            HousekeepingKind::SecondLook,
            &link.amazon_user_id,
            &link.player,
            &link.id,
            dead.next_look_at,
        );
        let written = transact(&self.client, vec![aside, look]).await?;
        Ok(written.outcome())
    }

    /// Amazon said `invalid_grant` again, to `owner`: the next look is at `next`.
    /// [`WriteOutcome::Changed`]: the player has linked again or unlinked, the tokens are alive, or
    /// another process has the lease.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn still_dead(
        &self,
        link: &Link,
        owner: &str,
        next: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        let written = self
            .change_tokens(
                link,
                " AND attribute_not_exists(#tokens) AND #dead_link_id = :expected_link \
                 AND #refresh_owner = :owner",
            )
            .value(":owner", s(owner))
            .set("next_look_at", time(next))
            .without_refresh_lease()
            .apply(&self.client)
            .await?;
        Ok(written.outcome())
    }

    /// Gives a dead link the tokens that follow its own. The same transaction makes due what is
    /// parked for its account. [`WriteOutcome::Changed`]: the link is another one, or is not dead.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(in crate::store) async fn revive(
        &self,
        fulfillments: &Fulfillments,
        link: &Link,
        tokens: &Sealed,
        access_expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        contend(LINK_TRIES, "what is parked for the account", async || {
            let parked = fulfillments.parked_for(&link.amazon_user_id).await?;
            let revived = self
                .change_tokens(link, " AND attribute_not_exists(#tokens)")
                .with_tokens(link, tokens, access_expires_at)
                .set("status", s(LinkStatus::Linked.as_str()))
                .without_dead_tokens()
                .in_transaction();
            let woken = fulfillments.wake_part(&link.amazon_user_id, parked.is_some(), &[], now);
            Ok(match transact(&self.client, vec![revived, woken]).await? {
                Committed::All => Some(WriteOutcome::Done),
                Committed::Nothing(refusals) if matches!(refusals[..], [Some(_), ..]) => {
                    Some(WriteOutcome::Changed)
                }
                // Something was parked or woken after it was read.
                Committed::Nothing(_) => None,
            })
        })
        .await
    }

    /// Deletes the dead tokens of exactly this link, because no second look succeeded in time.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn forget_dead(&self, link: &Link) -> Result<(), StoreError> {
        self.change_tokens(
            link,
            " AND attribute_not_exists(#tokens) AND #dead_link_id = :expected_link",
        )
        .without_dead_tokens()
        .apply(&self.client)
        .await
        .map(drop)
    }

    /// Deletes the dead tokens of a link that has ended or is alive. An older version of the
    /// service leaves them when it unlinks, links again or stores new tokens.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn forget_leftover(
        &self,
        player: &PlayerId,
        link_id: &LinkId,
    ) -> Result<(), StoreError> {
        self.change(player_key(player))
            .when(format!("#dead_link_id = :dead_link AND {LEFTOVER}"))
            .value(":dead_link", s(link_id.as_str()))
            .without_dead_tokens()
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Deletes dead tokens of which no second look will be made, whichever link they were of.
    /// [`WriteOutcome::Changed`]: the player has none, or they are those of a dead link.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn forget_any_leftover(&self, player: &PlayerId) -> Result<WriteOutcome, StoreError> {
        let written = self
            .change(player_key(player))
            .when(format!("attribute_exists(#dead_tokens) AND {LEFTOVER}"))
            .without_dead_tokens()
            .apply(&self.client)
            .await?;
        Ok(written.outcome())
    }
}

impl Change {
    pub(in crate::store) fn without_dead_tokens(self) -> Self {
        ["dead_tokens", "dead_link_id", "next_look_at", "dead_until"]
            .into_iter()
            .fold(self, Self::remove)
    }
}
