//! How this service reads and writes items of DynamoDB.

mod change;
mod failure;
mod item;
mod key;
mod read;
mod write;

pub(in crate::store) use change::Change;
pub(in crate::store) use failure::unavailable;
#[cfg(test)]
pub(in crate::store) use item::changed;
pub(in crate::store) use item::{Item, Reader, n, only, s, time, ttl};
pub use key::DUE_SHARDS;
pub(in crate::store) use key::{
    RESUMED, WAITS, account_key, amazon_key, attempt_key, device_key, due_shard, erased_guard_key,
    erased_pk, guard_key, hash, key, login_key, marker_key, open_key, owner_key, owner_pk,
    player_key, player_pk, record_key, record_sk, remnant_key, request_key, seen_key, slot_key,
    ticket_key,
};
pub(in crate::store) use read::{BATCH, batch_get, batch_get_as, get, query_up_to};
pub(in crate::store) use write::{Committed, Written, contend, transact};
