//! The life of a link's tokens. Every change names the link and the version that it is based on.

use super::StoreError;
use super::item::{Reader, n, s, time};
use super::links::Links;
use super::record::{Home, Link};
use super::write::{Change, Written};
use crate::domain::Timestamp;
use crate::seal::Sealed;

impl Links {
    /// A change of this link that needs the tokens to be the ones that `link` holds.
    fn change_tokens(&self, link: &Link, further: &str) -> Change {
        self.change_link(
            link,
            &format!(" AND #token_version = :expected_version{further}"),
        )
        .value(":expected_version", n(link.token_version))
    }

    /// Takes the right to refresh these tokens; until `until` nobody else has it. `false`:
    /// someone else has it, or the tokens are new already, or known to be worthless.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn take_refresh(
        &self,
        link: &Link,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = self
            .change_tokens(
                link,
                " AND attribute_exists(#tokens) \
                 AND (attribute_not_exists(#refresh_until) OR #refresh_until <= :now)",
            )
            .value(":now", time(now))
            .set("refresh_owner", s(owner))
            .set("refresh_until", time(until))
            .apply(&self.client)
            .await?;
        Ok(match written {
            Written::Done(_) => true,
            // Our own write, whose answer was lost and which the SDK repeated.
            Written::Refused(item) => {
                Reader::new(&self.table, &item).text("refresh_owner") == Some(owner)
            }
        })
    }

    /// Stores what the exchange of these tokens gave. Needs the exchanged version and nothing
    /// else: a winner whose lease has run out still lands, and a late loser can't clobber. Where
    /// the player has unlinked meanwhile, they belong to the remnant.
    /// `false`: the link or its tokens are others by now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn store_tokens(
        &self,
        link: &Link,
        tokens: &Sealed,
        access_expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        if self
            .store_tokens_at(link, tokens, access_expires_at)
            .await?
        {
            return Ok(true);
        }
        if link.home == Home::Remnant {
            return Ok(false);
        }
        let remnant = Link {
            home: Home::Remnant,
            ..link.clone()
        };
        self.store_tokens_at(&remnant, tokens, access_expires_at)
            .await
    }

    async fn store_tokens_at(
        &self,
        link: &Link,
        tokens: &Sealed,
        access_expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let change = |further| {
            self.change_tokens(link, further)
                .set("tokens", s(tokens.as_str()))
                .set("token_version", n(link.token_version + 1))
                .set("access_expires_at", time(access_expires_at))
                .remove("refresh_owner")
                .remove("refresh_until")
        };
        let refused = match change(" AND attribute_exists(#tokens)")
            .apply(&self.client)
            .await?
        {
            Written::Done(_) => return Ok(true),
            Written::Refused(item) => item,
        };
        // Sealing is random, so equal text is our own write, repeated by the SDK.
        if Reader::new(&self.table, &refused).text("tokens") == Some(tokens.as_str()) {
            return Ok(true);
        }
        // A loser was told `invalid_grant` because we had won: the link is alive after all.
        let revived = change(" AND attribute_not_exists(#tokens)")
            .set("status", s("linked"))
            .apply(&self.client)
            .await?;
        Ok(matches!(revived, Written::Done(_)))
    }

    /// Gives back what [`Links::take_refresh`] took.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn release_refresh(&self, link: &Link, owner: &str) -> Result<(), StoreError> {
        self.change_link(link, " AND #refresh_owner = :owner")
            .value(":owner", s(owner))
            .remove("refresh_owner")
            .remove("refresh_until")
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Amazon said `invalid_grant` to these tokens: they are worthless, and are forgotten.
    /// `false`: they are not the stored ones any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn mark_dead(&self, link: &Link) -> Result<bool, StoreError> {
        let written = self
            .change_tokens(link, "")
            .set("status", s("relink_required"))
            .remove("tokens")
            .remove("refresh_owner")
            .remove("refresh_until")
            .apply(&self.client)
            .await?;
        Ok(matches!(written, Written::Done(_)))
    }

    /// Prime Gaming refuses these tokens though they were refreshed. They are kept, and tried
    /// again from `next`: the fault may be Amazon's. `false`: they are not the stored ones any
    /// more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn mark_refused(&self, link: &Link, next: Timestamp) -> Result<bool, StoreError> {
        let written = self
            .change_tokens(link, "")
            .set("status", s("relink_required"))
            .set("next_check_at", time(next))
            .apply(&self.client)
            .await?;
        Ok(matches!(written, Written::Done(_)))
    }

    /// Prime Gaming accepts the link again.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn mark_accepted(&self, link: &Link) -> Result<(), StoreError> {
        self.change_link(link, " AND attribute_exists(#tokens)")
            .set("status", s("linked"))
            .apply(&self.client)
            .await
            .map(drop)
    }
}
