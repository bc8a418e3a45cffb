//! Players' links. One Amazon account has at most one player and one player at most one Amazon
//! account, at every moment: `PLAYER#` and `AMAZON#` change together or not at all.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};

use super::StoreError;
use super::attempts::Attempt;
use super::item::{Item, Reader, n, s, time};
use super::record::{Link, PlayerRow, player_row};
use super::write::{Change, Committed, Written, transact, unavailable};
use crate::domain::{AmazonUserId, LinkId, PlayerId, Timestamp};
use crate::seal::Sealed;

/// The links table.
#[derive(Clone, Debug)]
pub struct Links {
    pub(super) client: Client,
    pub(super) table: String,
}

/// What a new link is made of.
#[derive(Debug)]
pub struct NewLink<'a> {
    /// The player who started the attempt.
    pub player: &'a PlayerId,
    /// The Amazon account that Amazon named.
    pub amazon_user_id: &'a AmazonUserId,
    /// The LWA client that the tokens were issued to.
    pub client_id: &'a str,
    /// The sealed tokens.
    pub tokens: &'a Sealed,
    /// When the access token expires.
    pub access_expires_at: Timestamp,
}

/// What became of a new link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkOutcome {
    /// It is stored.
    Linked,
    /// The player has another Amazon account.
    PlayerAlreadyLinked,
    /// The Amazon account belongs to another player.
    AmazonAccountTaken,
    /// The attempt was ended by someone else meanwhile.
    AttemptOver,
}

/// What became of unlinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// There is no link any more.
    Done,
    /// The link changed meanwhile: look again.
    Changed,
}

impl Links {
    /// The links in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// What is stored of the player, as of now: who has just linked must see it.
    ///
    /// # Errors
    /// If the database does not answer, or the row is corrupt.
    pub async fn get(&self, player: &PlayerId) -> Result<PlayerRow, StoreError> {
        player_row(&self.table, &self.item(player_key(player)).await?)
    }

    /// The link that holds the tokens of this Amazon account now, whoever's it is.
    ///
    /// # Errors
    /// As [`Links::get`].
    pub async fn of_amazon_account(
        &self,
        account: &AmazonUserId,
    ) -> Result<Option<Link>, StoreError> {
        let item = self.item(amazon_key(account)).await?;
        if item.is_empty() {
            return Ok(None);
        }
        let player: PlayerId = Reader::new(&self.table, &item).id("player_id")?;
        let link = self.get(&player).await?.link;
        Ok(link.filter(|link| link.amazon_user_id == *account))
    }

    pub(super) async fn item(&self, key: Item) -> Result<Item, StoreError> {
        self.client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map(|output| output.item.unwrap_or_default())
            .map_err(|error| unavailable("GetItem", &error))
    }

    pub(super) fn change(&self, key: Item) -> Change {
        Change::of(&self.table, key)
    }

    /// A change of exactly this link: refused if the player has linked anew or unlinked.
    fn change_link(&self, link: &Link, further: &str) -> Change {
        self.change(player_key(&link.player))
            .when(format!("#link_id = :expected_link{further}"))
            .value(":expected_link", s(link.id.as_str()))
    }

    /// A change of this link that needs the tokens to be the ones that `link` holds.
    fn change_tokens(&self, link: &Link, further: &str) -> Change {
        self.change_link(
            link,
            &format!(" AND #token_version = :expected_version{further}"),
        )
        .value(":expected_version", n(link.token_version))
    }

    /// Takes the right to ask Amazon at `now`; until `next` nobody else has it. `None`: someone
    /// else took it first, or the link changed.
    ///
    /// # Errors
    /// If the database does not answer, or the row is corrupt.
    pub async fn take_check(
        &self,
        link: &Link,
        now: Timestamp,
        next: Timestamp,
    ) -> Result<Option<PlayerRow>, StoreError> {
        let written = self
            .change_link(
                link,
                " AND (attribute_not_exists(#next_check_at) OR #next_check_at <= :now)",
            )
            .value(":now", time(now))
            .set("checked_at", time(now))
            .set("next_check_at", time(next))
            .apply(&self.client)
            .await?;
        match written {
            Written::Done(item) => player_row(&self.table, &item).map(Some),
            Written::Refused(_) => Ok(None),
        }
    }

    /// Takes the right to refresh these tokens; until `until` nobody else has it. `false`:
    /// someone else has it, or the tokens are new already.
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
                " AND (attribute_not_exists(#refresh_until) OR #refresh_until <= :now)",
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
    /// else: a winner whose lease has run out still lands, and a late loser can't clobber.
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
        let written = self
            .change_tokens(link, "")
            .set("tokens", s(tokens.as_str()))
            .set("token_version", n(link.token_version + 1))
            .set("access_expires_at", time(access_expires_at))
            .remove("refresh_owner")
            .remove("refresh_until")
            .apply(&self.client)
            .await?;
        Ok(match written {
            Written::Done(_) => true,
            // Sealing is random, so equal text is our own write, repeated by the SDK.
            Written::Refused(item) => {
                Reader::new(&self.table, &item).text("tokens") == Some(tokens.as_str())
            }
        })
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
    /// again from `next`: the fault may be Amazon's.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn mark_refused(&self, link: &Link, next: Timestamp) -> Result<(), StoreError> {
        self.change_tokens(link, "")
            .set("status", s("relink_required"))
            .set("next_check_at", time(next))
            .apply(&self.client)
            .await
            .map(drop)
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

    /// Amazon asked for rest until `until`; this binds every process.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn rest_until(&self, link: &Link, until: Timestamp) -> Result<(), StoreError> {
        self.change_link(link, "")
            .set("retry_at", time(until))
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Notes that a look found nothing open. Refused, rightly, if something new came since the
    /// row was read. An unlinked player's row has then served its purpose and goes.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn clear_open(&self, player: &PlayerId, row: &PlayerRow) -> Result<(), StoreError> {
        let (mark, value) = match &row.open_mark {
            Some(mark) => ("#open_mark = :mark", Some(s(mark))),
            None => ("attribute_not_exists(#open_mark)", None),
        };
        let change = self.change(player_key(player));
        let change = match value {
            Some(value) => change.value(":mark", value),
            None => change,
        };
        match &row.link {
            Some(link) => change
                .when(format!("#link_id = :expected_link AND {mark}"))
                .value(":expected_link", s(link.id.as_str()))
                .set("has_open", AttributeValue::Bool(false))
                .apply(&self.client)
                .await
                .map(drop),
            None => change
                .when(format!("#status = :unlinked AND {mark}"))
                .value(":unlinked", s("unlinked"))
                .delete(&self.client)
                .await
                .map(drop),
        }
    }

    /// Marks, inside the transaction that brings a new open entitlement, that there is one; and
    /// requires that the link is still the one that Amazon was asked with.
    pub(super) fn with_open(&self, link: &Link, mark: &str) -> TransactWriteItem {
        self.change_link(link, "")
            .set("has_open", AttributeValue::Bool(true))
            .set("open_mark", s(mark))
            .in_transaction()
    }

    /// Makes the link and ends the attempt as `linked`, all in one transaction. Linking the same
    /// pair again renews it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn link(
        &self,
        attempt: &Attempt,
        owner: &str,
        new: &NewLink<'_>,
        now: Timestamp,
    ) -> Result<LinkOutcome, StoreError> {
        let link_id = LinkId::random();
        let player = self
            .change(player_key(new.player))
            .when("attribute_not_exists(#amazon_user_id) OR #amazon_user_id = :amazon_user_id")
            .set("status", s("linked"))
            .set("link_id", s(link_id.as_str()))
            .set("amazon_user_id", s(new.amazon_user_id.as_str()))
            .set("client_id", s(new.client_id))
            .set("tokens", s(new.tokens.as_str()))
            .set("token_version", n(1))
            .set("access_expires_at", time(new.access_expires_at))
            .set("linked_at", time(now))
            .remove("checked_at")
            .remove("next_check_at")
            .remove("refresh_owner")
            .remove("refresh_until")
            .in_transaction();
        let account = self
            .change(amazon_key(new.amazon_user_id))
            .when("attribute_not_exists(#player_id) OR #player_id = :player_id")
            .set("player_id", s(new.player.as_str()))
            .set("link_id", s(link_id.as_str()))
            .in_transaction();
        let mut parts = vec![player, account];
        parts.extend(self.end_attempt(attempt, owner, "linked"));
        Ok(match transact(&self.client, parts).await? {
            Committed::All => LinkOutcome::Linked,
            Committed::Nothing(refusals) => {
                let refused = |part: usize| matches!(refusals.get(part), Some(Some(_)));
                if refused(0) {
                    LinkOutcome::PlayerAlreadyLinked
                } else if refused(1) {
                    LinkOutcome::AmazonAccountTaken
                } else {
                    LinkOutcome::AttemptOver
                }
            }
        })
    }

    /// Ends the link. The player's row stays, as `unlinked`, while there may be open
    /// entitlements, so that they are still handed out.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unlink(&self, row: &PlayerRow, link: &Link) -> Result<Unlinked, StoreError> {
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
                "retry_at",
                "refresh_owner",
                "refresh_until",
            ]
            .into_iter()
            .fold(self.change_link(link, ""), Change::remove)
            .set("status", s("unlinked"))
            .in_transaction()
        } else {
            self.change_link(
                link,
                " AND (attribute_not_exists(#has_open) OR #has_open = :no)",
            )
            .value(":no", AttributeValue::Bool(false))
            .delete_in_transaction()
        };
        let account = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(amazon_key(&link.amazon_user_id)))
            .condition_expression("link_id = :expected_link")
            .expression_attribute_values(":expected_link", s(link.id.as_str()))
            .build()
            .expect("table and key are set");
        let account = TransactWriteItem::builder().delete(account).build();
        Ok(match transact(&self.client, vec![player, account]).await? {
            Committed::All => Unlinked::Done,
            Committed::Nothing(_) => Unlinked::Changed,
        })
    }
}

pub(super) fn key(pk: String) -> Item {
    Item::from([("pk".to_owned(), AttributeValue::S(pk))])
}

fn player_key(player: &PlayerId) -> Item {
    key(format!("PLAYER#{player}"))
}

fn amazon_key(account: &AmazonUserId) -> Item {
    key(format!("AMAZON#{account}"))
}
