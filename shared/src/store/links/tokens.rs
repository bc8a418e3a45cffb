//! Refreshes and stores a link's tokens. Every change names the link and the token version that it
//! is based on.

use super::link::{Link, TokenRow};
use crate::domain::{LinkStatus, Timestamp};
use crate::seal::Sealed;
use crate::store::dynamo::{Change, n, s, time};
use crate::store::error::StoreError;
use crate::store::outcome::{Claimed, WriteOutcome};
use crate::store::tables::{Fulfillments, Links};

impl Links {
    /// A change that needs that this link still has the tokens of `link`.
    pub(in crate::store) fn change_tokens(&self, link: &Link, further: &str) -> Change {
        self.change_link(
            link,
            &format!(" AND #token_version = :expected_version{further}"),
        )
        .value(":expected_version", n(link.token_version))
    }

    /// Acquires the right to refresh these tokens. Until `until` no other request can acquire it.
    /// Tokens that Amazon called `invalid_grant` must be due for a second look.
    /// [`Claimed::Theirs`]: another process has the right, or the stored tokens are no longer those
    /// of `link`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn acquire_refresh(
        &self,
        link: &Link,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claimed<()>, StoreError> {
        let state = match link.tokens {
            Some(_) => "attribute_exists(#tokens)",
            None => {
                "attribute_not_exists(#tokens) AND #dead_link_id = :expected_link \
                 AND #next_look_at <= :now AND #dead_until > :now"
            }
        };
        let written = self
            .change_tokens(
                link,
                &format!(
                    " AND {state} \
                     AND (attribute_not_exists(#refresh_until) OR #refresh_until <= :now)"
                ),
            )
            .value(":now", time(now))
            .set("refresh_owner", s(owner))
            .set("refresh_until", time(until))
            .apply(&self.client)
            .await?;
        written.claimed_by("refresh_owner", owner).read(|_| Ok(()))
    }

    /// Stores the tokens that were exchanged for those of `link`. It needs the exchanged version
    /// and no lease: a process that succeeds late can still store its tokens, and never overwrites newer
    /// ones. If the player has unlinked meanwhile, the remnant gets them. A link that was marked as dead
    /// is revived.
    /// [`WriteOutcome::Changed`]: the link or its tokens are others now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn store_tokens(
        &self,
        fulfillments: &Fulfillments,
        link: &Link,
        tokens: &Sealed,
        access_expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        if self
            .store_tokens_at(fulfillments, link, tokens, access_expires_at, now)
            .await?
            .is_done()
        {
            return Ok(WriteOutcome::Done);
        }
        if link.token_row == TokenRow::Remnant {
            return Ok(WriteOutcome::Changed);
        }
        let remnant = Link {
            token_row: TokenRow::Remnant,
            ..link.clone()
        };
        self.store_tokens_at(fulfillments, &remnant, tokens, access_expires_at, now)
            .await
    }

    async fn store_tokens_at(
        &self,
        fulfillments: &Fulfillments,
        link: &Link,
        tokens: &Sealed,
        access_expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        if link.tokens.is_some() {
            let change = self
                .change_tokens(link, " AND attribute_exists(#tokens)")
                .with_tokens(link, tokens, access_expires_at);
            // Sealing is random, so no other write stores the same text.
            let written = change.apply(&self.client).await?;
            if written.claimed_by("tokens", tokens.as_str()).is_ours() {
                return Ok(WriteOutcome::Done);
            }
        }
        // Another process was told `invalid_grant` because this one had won, or this was a second
        // look: the link is alive after all.
        self.revive(fulfillments, link, tokens, access_expires_at, now)
            .await
    }

    /// Releases what [`Links::acquire_refresh`] acquired.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release_refresh(&self, link: &Link, owner: &str) -> Result<(), StoreError> {
        self.change_link(link, " AND #refresh_owner = :owner")
            .value(":owner", s(owner))
            .without_refresh_lease()
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Prime Gaming refuses these tokens even after a refresh. They are kept, and tried again from
    /// `next` on, because the fault may be Amazon's. [`WriteOutcome::Changed`]: they are not the
    /// stored ones any more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mark_refused(
        &self,
        link: &Link,
        next: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        let written = self
            .change_tokens(link, "")
            .set("status", s(LinkStatus::RelinkRequired.as_str()))
            .set("next_check_at", time(next))
            .apply(&self.client)
            .await?;
        Ok(written.outcome())
    }

    /// Prime Gaming accepts the link again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mark_accepted(&self, link: &Link) -> Result<(), StoreError> {
        self.change_link(link, " AND attribute_exists(#tokens)")
            .set("status", s(LinkStatus::Linked.as_str()))
            .apply(&self.client)
            .await
            .map(drop)
    }
}

impl Change {
    /// With the tokens that follow those of `link`.
    pub(in crate::store) fn with_tokens(
        self,
        link: &Link,
        tokens: &Sealed,
        access_expires_at: Timestamp,
    ) -> Self {
        self.set("tokens", s(tokens.as_str()))
            .set("token_version", n(link.token_version + 1))
            .set("access_expires_at", time(access_expires_at))
            .without_refresh_lease()
    }

    pub(in crate::store) fn without_refresh_lease(self) -> Self {
        self.remove("refresh_owner").remove("refresh_until")
    }
}
