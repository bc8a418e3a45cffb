//! The key that hashes the ids of erased players.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;

use crate::domain::{ErasedId, PlayerId};

/// The length of the key, in bytes.
const KEY_BYTES: usize = 32;

/// The key that hashes the ids of erased players. It is never rotated: with another key a player who
/// was erased would be a new one.
pub struct ErasureKey(hmac::Key);

impl ErasureKey {
    /// Reads the key; `None`: it is not 32 bytes in base64.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        (bytes.len() == KEY_BYTES).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// What stays of this player's id after the player was erased.
    #[must_use]
    pub fn player(&self, player: &PlayerId) -> ErasedId {
        let tag = hmac::sign(&self.0, format!("player:{player}").as_bytes());
        ErasedId::new(URL_SAFE_NO_PAD.encode(tag))
    }
}

/// Shows nothing of the key.
impl fmt::Debug for ErasureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErasureKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_32_bytes_in_base64_and_is_not_shown() {
        for (text, is_good) in [
            (STANDARD.encode([1; 32]), true),
            (STANDARD.encode([1; 31]), false),
            (STANDARD.encode([1; 33]), false),
            ("no base64 at all, but long enough".to_owned(), false),
        ] {
            let key = ErasureKey::parse(&text);
            assert_eq!(key.is_some(), is_good, "{text}");
            assert!(key.is_none_or(|key| format!("{key:?}") == "ErasureKey"));
        }
    }

    /// What is stored under a hash must be found again, so the hash may never come out otherwise.
    #[test]
    fn the_hash_of_a_player_stays_as_it_is_and_needs_the_key() {
        let hash = |byte: u8, player: &str| {
            let key = ErasureKey::parse(&STANDARD.encode([byte; 32])).expect("a key");
            key.player(&PlayerId::new(player).expect("an id"))
        };
        let one = hash(1, "p1");
        assert_eq!(one.as_str(), "FHeddqw7aFvFhoHPYa85pHBh5RvInTgnPjqXoNK4te0");
        assert_ne!(one, hash(1, "p2"));
        assert_ne!(one, hash(2, "p1"));
    }
}
