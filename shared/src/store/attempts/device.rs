//! Device sessions: a console or TV shows a code, and polls until there is a link. The key holds
//! the hash of the session's id. Reads check the expiry; DynamoDB's TTL only cleans up.
//!
//! ```text
//! pending ──poll──▶ tokens held ──▶ linked | failed
//!    └──────poll──▶ denied | expired | failed
//! ```
//!
//! `DEVICES#<player_id>` names the player's latest session. A new session takes its place only when
//! it is over, so a player has at most one open session.

use std::time::Duration;

use super::is_not_erased;
use crate::budget::{DEVICE_REMEMBERED, LINGER, SWEPT_AFTER};
use crate::domain::{DeviceStatus, LinkFailure, PlayerId, Timestamp};
use crate::seal::Sealed;
use crate::store::dynamo::{
    Committed, Item, Reader, device_key, hash, n, s, slot_key, time, transact, ttl,
};
use crate::store::error::StoreError;
use crate::store::operations::Changes;
use crate::store::tables::Links;

/// What a device session is made of.
pub struct NewDevice<'a> {
    /// The secret that the game polls with.
    pub id: &'a str,
    /// Whose link is to be made.
    pub player: &'a PlayerId,
    /// The LWA client that the code pair was issued to.
    pub client_id: &'a str,
    /// The sealed code pair.
    pub pair: &'a Sealed,
    /// How long to wait between two polls.
    pub interval: Duration,
    /// When the code pair expires.
    pub expires_at: Timestamp,
}

/// Tokens that a poll got from Amazon, until a link holds them.
#[derive(Clone, Debug)]
pub struct HeldTokens {
    /// The sealed tokens.
    pub sealed: Sealed,
    /// When the access token expires.
    pub access_expires_at: Timestamp,
}

/// A device session.
#[derive(Clone, Debug)]
pub struct Device {
    pub(in crate::store) hash: String,
    pub(in crate::store) status: DeviceStatus,
    next_poll_at: Timestamp,
    poll_until: Option<Timestamp>,
    /// Whose link is to be made.
    pub player: PlayerId,
    /// The LWA client that the code pair was issued to.
    pub client_id: String,
    /// The sealed code pair; gone when it is used up.
    pub pair: Option<Sealed>,
    /// The tokens that Amazon gave for the code pair, until a link holds them.
    pub held: Option<HeldTokens>,
    /// How long to wait between two polls.
    pub interval: Duration,
    /// When the code pair expires.
    pub expires_at: Timestamp,
}

impl Device {
    /// Its status at `now`. A session whose poll is under way has not expired, even if its code
    /// pair has: the poll may still bring the tokens.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> DeviceStatus {
        let is_open = self.held.is_some() || self.expires_at > now || self.is_polled(now);
        match self.status {
            DeviceStatus::Pending if !is_open => DeviceStatus::Expired,
            status => status,
        }
    }

    /// Whether Amazon may be asked at `now`.
    #[must_use]
    pub fn may_poll(&self, now: Timestamp) -> bool {
        self.status_at(now) == DeviceStatus::Pending
            && self.next_poll_at <= now
            && !self.is_polled(now)
    }

    /// Whether a poll is under way.
    fn is_polled(&self, now: Timestamp) -> bool {
        self.poll_until.is_some_and(|until| until > now)
    }
}

/// What became of asking for the place of a player's one open session.
#[derive(Debug)]
#[must_use]
pub enum Slot<T> {
    /// It is free for us.
    Ours(T),
    /// Another session has it.
    Taken {
        /// When that one expires.
        until: Timestamp,
    },
}

/// A free place, as it was read.
#[derive(Debug)]
pub struct DeviceSlot {
    previous: Option<String>,
}

impl Links {
    /// The place for a new session of this player.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn device_slot(
        &self,
        player: &PlayerId,
        now: Timestamp,
    ) -> Result<Slot<DeviceSlot>, StoreError> {
        let Some(item) = self.item(slot_key(player)).await? else {
            return Ok(Slot::Ours(DeviceSlot { previous: None }));
        };
        let reader = Reader::new(&self.table, &item);
        let hash = reader.need_text("session")?;
        let until = reader.need_time("until")?;
        if until > now
            && let Some(device) = self.device_by_hash(hash).await?
            && device.status_at(now) == DeviceStatus::Pending
        {
            return Ok(Slot::Taken { until });
        }
        Ok(Slot::Ours(DeviceSlot {
            previous: Some(hash.to_owned()),
        }))
    }

    /// Stores a session in that place, if no other session has taken it since it was read, and the
    /// player is not being erased.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn create_device(
        &self,
        slot: &DeviceSlot,
        new: &NewDevice<'_>,
        unless_erased: &Changes,
        now: Timestamp,
    ) -> Result<Slot<()>, StoreError> {
        let hash = hash(new.id);
        let sweep_at = new.expires_at + DEVICE_REMEMBERED + LINGER;
        let device = self
            .change(device_key(&hash))
            .when("attribute_not_exists(#pk)")
            .set("status", s(DeviceStatus::Pending.as_str()))
            .set("player_id", s(new.player.as_str()))
            .set("client_id", s(new.client_id))
            .set("pair", s(new.pair.as_str()))
            .set("interval", seconds(new.interval))
            .set("next_poll_at", time(now))
            .set("expires_at", time(new.expires_at))
            // By this `player.erase` finds the earlier sessions.
            .set_some("previous", slot.previous.as_ref().map(s))
            .set("ttl", ttl(sweep_at))
            .in_transaction();
        let place = self
            .change(slot_key(new.player))
            .only_if_still("session", slot.previous.as_ref().map(s))
            .set("session", s(&hash))
            .set("until", time(new.expires_at))
            // TTL must not sweep what leads to the session before the session.
            .set("ttl", ttl(sweep_at + SWEPT_AFTER))
            .in_transaction();
        let mut parts = vec![place, device];
        parts.extend(unless_erased.0.clone());
        match transact(&self.client, parts).await? {
            Committed::All => Ok(Slot::Ours(())),
            Committed::Nothing(refusals) => {
                is_not_erased(unless_erased, &refusals)?;
                let first = refusals.into_iter().next().flatten().unwrap_or_default();
                let until = Reader::new(&self.table, &first).time("until")?;
                Ok(Slot::Taken {
                    until: until.unwrap_or(now),
                })
            }
        }
    }

    /// The session with this id. One that has ended is found until an hour after it expires.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn device(&self, id: &str, now: Timestamp) -> Result<Option<Device>, StoreError> {
        let device = self.device_by_hash(&hash(id)).await?;
        Ok(device.filter(|device| device.expires_at + DEVICE_REMEMBERED > now))
    }

    pub(in crate::store) async fn device_by_hash(
        &self,
        hash: &str,
    ) -> Result<Option<Device>, StoreError> {
        let Some(item) = self.item(device_key(hash)).await? else {
            return Ok(None);
        };
        self.read_device(hash.to_owned(), &item).map(Some)
    }

    pub(in crate::store) fn read_device(
        &self,
        hash: String,
        item: &Item,
    ) -> Result<Device, StoreError> {
        let reader = Reader::new(&self.table, item);
        let error = reader.word("error", LinkFailure::parse)?;
        let held = match reader.text("tokens") {
            Some(sealed) => Some(HeldTokens {
                sealed: Sealed::from(sealed.to_owned()),
                access_expires_at: reader.need_time("access_expires_at")?,
            }),
            None => None,
        };
        let interval = reader.number("interval")?;
        Ok(Device {
            hash,
            status: DeviceStatus::parse(reader.need_text("status")?, error)
                .ok_or_else(|| reader.corrupt("status"))?,
            next_poll_at: reader.need_time("next_poll_at")?,
            poll_until: reader.time("poll_until")?,
            player: reader.id("player_id")?,
            client_id: reader.need_text("client_id")?.to_owned(),
            pair: reader.text("pair").map(|text| text.to_owned().into()),
            held,
            interval: Duration::from_secs(interval.ok_or_else(|| reader.corrupt("interval"))?),
            expires_at: reader.need_time("expires_at")?,
        })
    }
}

pub(in crate::store) fn seconds(duration: Duration) -> aws_sdk_dynamodb::types::AttributeValue {
    n(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// A session whose code pair expires at 100, and that may be polled from 10 on.
    fn device() -> Device {
        Device {
            hash: "h".to_owned(),
            status: DeviceStatus::Pending,
            next_poll_at: at(10),
            poll_until: None,
            player: PlayerId::new("p1").expect("an id"),
            client_id: "client".to_owned(),
            pair: None,
            held: None,
            interval: Duration::from_secs(5),
            expires_at: at(100),
        }
    }

    fn held() -> Device {
        Device {
            held: Some(HeldTokens {
                sealed: Sealed::from("sealed".to_owned()),
                access_expires_at: at(500),
            }),
            ..device()
        }
    }

    #[test]
    fn a_session_expires_with_its_code_pair_unless_it_has_tokens_or_a_poll() {
        let polled = |until| Device {
            poll_until: Some(at(until)),
            ..device()
        };
        let denied = Device {
            status: DeviceStatus::Denied,
            ..device()
        };
        for (device, now, status) in [
            (device(), 99, DeviceStatus::Pending),
            (device(), 100, DeviceStatus::Expired),
            (polled(101), 100, DeviceStatus::Pending),
            (polled(100), 100, DeviceStatus::Expired),
            (held(), 1000, DeviceStatus::Pending),
            (denied, 1000, DeviceStatus::Denied),
        ] {
            assert_eq!(device.status_at(at(now)), status, "{device:?}");
        }
    }

    #[test]
    fn amazon_is_asked_by_one_poll_at_a_time_when_the_interval_is_over() {
        let polled = Device {
            poll_until: Some(at(20)),
            ..device()
        };
        for (device, now, may_poll) in [
            (device(), 9, false),
            (device(), 10, true),
            (device(), 100, false),
            (polled.clone(), 19, false),
            (polled, 20, true),
            (held(), 1000, true),
        ] {
            assert_eq!(device.may_poll(at(now)), may_poll, "{now}: {device:?}");
        }
    }
}
