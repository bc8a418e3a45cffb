//! Polls of a device session. A poll is a lease: before it asks Amazon, it writes `poll_owner` and
//! moves `next_poll_at` forward. What it writes later needs that `poll_owner` is still its own.

use std::time::Duration;

use super::device::{Device, HeldTokens, seconds};
use crate::domain::{DeviceStatus, Timestamp};
use crate::store::dynamo::{Change, device_key, s, time};
use crate::store::error::StoreError;
use crate::store::outcome::{Claimed, WriteOutcome};
use crate::store::tables::Links;

impl Links {
    /// Acquires the right to ask Amazon now, for `owner`, until `until`. Of all polls at one time,
    /// one gets [`Claimed::Ours`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn acquire_poll(
        &self,
        device: &Device,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claimed<Device>, StoreError> {
        let written = self
            .change(device_key(&device.hash))
            .when(
                "#status = :pending AND #next_poll_at <= :now \
                 AND (attribute_not_exists(#poll_until) OR #poll_until <= :now)",
            )
            .value(":pending", s(DeviceStatus::Pending.as_str()))
            .value(":now", time(now))
            .set("next_poll_at", time(now + device.interval))
            .set("poll_owner", s(owner))
            .set("poll_until", time(until))
            .apply(&self.client)
            .await?;
        written
            .claimed_by("poll_owner", owner)
            .read(|item| self.read_device(device.hash.clone(), &item))
    }

    /// Releases what [`Links::acquire_poll`] acquired, and says when the next poll may follow.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release_poll(
        &self,
        device: &Device,
        owner: &str,
        interval: Duration,
        next_poll_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.change_polled(device, owner)
            .set("interval", seconds(interval))
            .set("next_poll_at", time(next_poll_at))
            .remove("poll_owner")
            .remove("poll_until")
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Keeps the tokens that Amazon gave for the code pair. From here on neither a crash nor an
    /// outage costs the player the link. [`WriteOutcome::Changed`]: the poll is not ours any more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn hold_tokens(
        &self,
        device: &Device,
        owner: &str,
        held: &HeldTokens,
    ) -> Result<WriteOutcome, StoreError> {
        let written = self
            .change_polled(device, owner)
            .set("tokens", s(held.sealed.as_str()))
            .set("access_expires_at", time(held.access_expires_at))
            .remove("pair")
            .apply(&self.client)
            .await?;
        Ok(written.outcome())
    }

    /// Ends the session without a link, and returns its status. A session that has ended keeps its
    /// status.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn end_device(
        &self,
        device: &Device,
        owner: &str,
        status: DeviceStatus,
    ) -> Result<DeviceStatus, StoreError> {
        let written = self
            .ended(device, owner, status)
            .apply(&self.client)
            .await?;
        let device = self.read_device(device.hash.clone(), &written.into_item())?;
        Ok(device.status)
    }

    /// The status of this session now, read from the table.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn device_status(&self, device: &Device) -> Result<Option<DeviceStatus>, StoreError> {
        let stored = self.device_by_hash(&device.hash).await?;
        Ok(stored.map(|device| device.status))
    }

    /// The change that ends a session whose poll is ours.
    pub(in crate::store) fn ended(
        &self,
        device: &Device,
        owner: &str,
        status: DeviceStatus,
    ) -> Change {
        self.change_polled(device, owner)
            .set("status", s(status.as_str()))
            .set_or_remove("error", status.error().map(|error| s(error.code())))
            // A session that has ended has no use for secrets.
            .remove("pair")
            .remove("tokens")
            .remove("access_expires_at")
            .remove("poll_until")
    }

    fn change_polled(&self, device: &Device, owner: &str) -> Change {
        self.change(device_key(&device.hash))
            .when("#status = :pending AND #poll_owner = :owner")
            .value(":pending", s(DeviceStatus::Pending.as_str()))
            .value(":owner", s(owner))
    }
}
