//! The keys of all rows of the tables `Links`, `Fulfillments` and `Erasures`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::item::{Item, s};
use crate::domain::{AmazonUserId, EntitlementId, ErasedId, PlayerId};

/// How many parts the `due` index is split into, so that no partition gets hot.
pub const DUE_SHARDS: u8 = 8;

/// The hash that a key holds in place of a secret.
pub(in crate::store) fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()))
}

/// The sort key of the row that says that an offer was resumed.
pub(in crate::store) const RESUMED: &str = "RESUMED";

/// How the parts of the index `due` begin where records wait to be handed out to the game.
pub(in crate::store) const WAITS: &str = "WAITS#";

/// The shard of an item with this name.
pub(in crate::store) fn due_shard(name: &str) -> String {
    let hash = digest(&SHA256, name.as_bytes());
    (hash.as_ref()[0] % DUE_SHARDS).to_string()
}

// Links

fn link_row(pk: String) -> Item {
    Item::from([("pk".to_owned(), s(pk))])
}

pub(in crate::store) fn player_key(player: &PlayerId) -> Item {
    link_row(player_pk(player))
}

pub(in crate::store) fn amazon_key(account: &AmazonUserId) -> Item {
    link_row(format!("AMAZON#{account}"))
}

pub(in crate::store) fn remnant_key(account: &AmazonUserId) -> Item {
    link_row(format!("REMNANT#{account}"))
}

pub(in crate::store) fn ticket_key(hash: &str) -> Item {
    link_row(format!("TICKET#{hash}"))
}

pub(in crate::store) fn attempt_key(hash: &str) -> Item {
    link_row(format!("ATTEMPT#{hash}"))
}

pub(in crate::store) fn login_key(hash: &str) -> Item {
    link_row(format!("LOGIN#{hash}"))
}

pub(in crate::store) fn open_key(player: &PlayerId) -> Item {
    link_row(format!("OPEN#{player}"))
}

pub(in crate::store) fn device_key(hash: &str) -> Item {
    link_row(format!("DEVICE#{hash}"))
}

pub(in crate::store) fn slot_key(player: &PlayerId) -> Item {
    link_row(format!("DEVICES#{player}"))
}

pub(in crate::store) fn request_key(hash: &str) -> Item {
    link_row(format!("REQUEST#{hash}"))
}

// Fulfillments

pub(in crate::store) fn key(pk: String, sk: String) -> Item {
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])
}

pub(in crate::store) fn player_pk(player: &PlayerId) -> String {
    format!("PLAYER#{player}")
}

pub(in crate::store) fn record_sk(id: &EntitlementId) -> String {
    format!("E#{id}")
}

pub(in crate::store) fn record_key(player: &PlayerId, id: &EntitlementId) -> Item {
    key(player_pk(player), record_sk(id))
}

/// `sku` is what Amazon sent, and need not be valid.
pub(in crate::store) fn guard_key(player: &PlayerId, sku: &str) -> Item {
    key(player_pk(player), format!("G#{sku}"))
}

/// What stays of an erased player.
pub(in crate::store) fn erased_pk(id: &ErasedId) -> String {
    format!("ERASED#{}", id.as_str())
}

pub(in crate::store) fn erased_guard_key(id: &ErasedId, sku: &str) -> Item {
    key(erased_pk(id), format!("G#{sku}"))
}

pub(in crate::store) fn owner_pk(id: &EntitlementId) -> String {
    format!("ENTITLEMENT#{id}")
}

pub(in crate::store) fn owner_key(id: &EntitlementId) -> Item {
    key(owner_pk(id), "OWNER".to_owned())
}

pub(in crate::store) fn seen_key(id: &EntitlementId, player: &PlayerId) -> Item {
    key(owner_pk(id), format!("SEEN#{player}"))
}

pub(in crate::store) fn account_key(account: &AmazonUserId, sk: &str) -> Item {
    key(format!("ACCOUNT#{account}"), sk.to_owned())
}

// Erasures

pub(in crate::store) fn marker_key(id: &ErasedId) -> Item {
    link_row(erased_pk(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_its_key() {
        let player = PlayerId::new("p1").expect("an id");
        let account = AmazonUserId::new("amzn1.account.A").expect("an id");
        let id = EntitlementId::new("e1").expect("an id");
        let erased = ErasedId::new("h".to_owned());
        let text = |item: &Item, name: &str| item.get(name).and_then(|it| it.as_s().ok()).cloned();
        for (key, pk, sk) in [
            (player_key(&player), "PLAYER#p1", None),
            (amazon_key(&account), "AMAZON#amzn1.account.A", None),
            (remnant_key(&account), "REMNANT#amzn1.account.A", None),
            (ticket_key("h"), "TICKET#h", None),
            (attempt_key("h"), "ATTEMPT#h", None),
            (login_key("h"), "LOGIN#h", None),
            (open_key(&player), "OPEN#p1", None),
            (device_key("h"), "DEVICE#h", None),
            (slot_key(&player), "DEVICES#p1", None),
            (request_key("h"), "REQUEST#h", None),
            (record_key(&player, &id), "PLAYER#p1", Some("E#e1")),
            (guard_key(&player, "hat"), "PLAYER#p1", Some("G#hat")),
            (marker_key(&erased), "ERASED#h", None),
            (erased_guard_key(&erased, "hat"), "ERASED#h", Some("G#hat")),
            (owner_key(&id), "ENTITLEMENT#e1", Some("OWNER")),
            (seen_key(&id, &player), "ENTITLEMENT#e1", Some("SEEN#p1")),
            (
                account_key(&account, "PARKED"),
                "ACCOUNT#amzn1.account.A",
                Some("PARKED"),
            ),
        ] {
            assert_eq!(text(&key, "pk").as_deref(), Some(pk));
            assert_eq!(text(&key, "sk").as_deref(), sk, "{pk}");
        }
    }

    /// A row keeps the shard and the hash that it was given, so neither may ever come out otherwise.
    #[test]
    fn shards_and_hashes_stay_as_they_are() {
        let shards: Vec<_> = ["a", "e1", "amzn1.account.A"].map(due_shard).into();
        assert_eq!(shards, ["2", "3", "4"]);
        assert_eq!(
            hash("secret"),
            "K7gNU3sdo-OL0wNhqoVWhr3g6s1xYv72ol_pe_Unols"
        );
    }
}
