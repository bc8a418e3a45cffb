//! Sealing: a secret value in the database can be read only with one of our keys, and only in the
//! place that it was written for.
//!
//! AES-256-GCM with a random 96-bit nonce. A sealed value is text: the key's id, a dot, and the
//! nonce, ciphertext and tag in base64url. Its place (a player, an attempt) is the associated data, so
//! a value that was copied to another row does not open.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::zeroize::Zeroizing;

/// The length of a key in bytes.
pub const KEY_LEN: usize = 32;

/// A sealed value, as it is stored. Not secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(String);

/// Any text that was read from the database. Opening it tells whether it is valid.
impl From<String> for Sealed {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Sealed {
    /// The text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a sealed value did not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No key has this id: the secret may have been rotated since it was read.
    #[error("no key has the id {0:?}")]
    UnknownKey(String),
    /// It was changed, belongs to another place, or was sealed with another key.
    #[error("the sealed value does not open: changed, or not sealed for this place")]
    Broken,
}

/// Why a key can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The id is not 1 to 32 letters, digits, `_` or `-`.
    #[error("must have an id of 1 to 32 letters, digits, '-' or '_'")]
    Id,
    /// The key has another length.
    #[error("must be 32 bytes in base64")]
    Length,
    /// Another key has the same id.
    #[error("has the id of another key")]
    Doubled,
    /// There is no key.
    #[error("must hold at least one key")]
    Empty,
}

struct Key {
    id: String,
    key: LessSafeKey,
}

/// The keys. The first one seals, and every one opens.
pub struct TokenKeys(Vec<Key>);

impl TokenKeys {
    /// Takes ids and keys in order.
    ///
    /// # Errors
    /// Every fault, with the position of its key; [`KeyError::Empty`] has position 0.
    pub fn new(keys: &[(&str, &[u8])]) -> Result<Self, Vec<(usize, KeyError)>> {
        let mut faults = Vec::new();
        let mut taken: Vec<Key> = Vec::with_capacity(keys.len());
        for (position, (id, bytes)) in keys.iter().enumerate() {
            if !is_key_id(id) {
                faults.push((position, KeyError::Id));
            }
            if keys[..position].iter().any(|(earlier, _)| earlier == id) {
                faults.push((position, KeyError::Doubled));
            }
            match UnboundKey::new(&AES_256_GCM, bytes) {
                Ok(key) => taken.push(Key {
                    id: (*id).to_owned(),
                    key: LessSafeKey::new(key),
                }),
                Err(_) => faults.push((position, KeyError::Length)),
            }
        }
        if keys.is_empty() {
            faults.push((0, KeyError::Empty));
        }
        if faults.is_empty() {
            Ok(Self(taken))
        } else {
            Err(faults)
        }
    }

    /// Seals `plaintext` for the place that `associated` names, for example
    /// `["link", player_id, "refresh_token"]`. Only the same parts in the same order open it.
    ///
    /// # Panics
    /// If the operating system gives no randomness: no safe value can be made then.
    #[must_use]
    pub fn seal(&self, plaintext: &[u8], associated: &[&str]) -> Sealed {
        let first = &self.0[0];
        let mut nonce = [0_u8; NONCE_LEN];
        SystemRandom::new()
            .fill(&mut nonce)
            .expect("the operating system gives random bytes");
        let mut ciphertext = plaintext.to_vec();
        first
            .key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place(associated)),
                &mut ciphertext,
            )
            .expect("what we seal is far below AES-GCM's 64 GB");
        let sealed = [nonce.as_slice(), &ciphertext].concat();
        Sealed(format!("{}.{}", first.id, URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Opens what was sealed for this place. The bytes are wiped when they are dropped.
    ///
    /// # Errors
    /// [`OpenError`]; after [`OpenError::UnknownKey`] read the secret again.
    pub fn open(
        &self,
        sealed: &Sealed,
        associated: &[&str],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (id, text) = sealed.0.split_once('.').ok_or(OpenError::Broken)?;
        if !is_key_id(id) {
            return Err(OpenError::Broken);
        }
        let key = self
            .0
            .iter()
            .find(|key| key.id == id)
            .ok_or_else(|| OpenError::UnknownKey(id.to_owned()))?;
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| OpenError::Broken)?;
        let (nonce, ciphertext) = bytes
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(OpenError::Broken)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = key
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(place(associated)),
                &mut buffer,
            )
            .map_err(|_| OpenError::Broken)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

/// Shows the ids, which the database holds anyway, and no key.
impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|key| &key.id))
            .finish()
    }
}

fn is_key_id(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

/// The parts with their lengths, so that no byte can move from one part to the next.
fn place(associated: &[&str]) -> Vec<u8> {
    let mut place = Vec::new();
    for part in associated {
        place.extend_from_slice(&(part.len() as u64).to_be_bytes());
        place.extend_from_slice(part.as_bytes());
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = &[1; KEY_LEN];
    const TWO: &[u8] = &[2; KEY_LEN];
    const PLACE: &[&str] = &["link", "player-1"];

    fn keys(keys: &[(&str, &[u8])]) -> TokenKeys {
        TokenKeys::new(keys).expect("good keys")
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let keys = keys(&[("k1", ONE)]);
        let sealed = keys.seal(b"Atzr|token", PLACE);
        assert!(sealed.as_str().starts_with("k1."));
        assert!(!sealed.as_str().contains("Atzr"));
        let opened = keys.open(&sealed, PLACE).expect("its own place");
        assert_eq!(opened.as_slice(), b"Atzr|token");
        let elsewhere: [&[&str]; 4] = [
            &["link", "player-2"],
            &["linkp", "layer-1"],
            &["linkplayer-1"],
            &["link", "player-1", ""],
        ];
        for place in elsewhere {
            assert_eq!(
                keys.open(&sealed, place).expect_err("moved"),
                OpenError::Broken,
                "{place:?}"
            );
        }
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        let keys = keys(&[("k1", ONE)]);
        assert_ne!(keys.seal(b"token", PLACE), keys.seal(b"token", PLACE));
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed() {
        let keys = keys(&[("k1", ONE)]);
        let sealed = keys.seal(b"token", PLACE);
        let text = sealed.as_str().strip_prefix("k1.").expect("its key");
        let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64");
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = Sealed(format!("k1.{}", URL_SAFE_NO_PAD.encode(changed)));
            assert_eq!(
                keys.open(&changed, PLACE).expect_err("changed"),
                OpenError::Broken
            );
        }
    }

    #[test]
    fn nonsense_is_broken() {
        let keys = keys(&[("k1", ONE)]);
        for text in [
            "",
            "k1",
            "k1.",
            "k1.AAAA",
            "k1.not base64!",
            ".AAAA",
            "a b.AAAA",
        ] {
            let error = keys
                .open(&Sealed::from(text.to_owned()), PLACE)
                .expect_err("nonsense");
            assert_eq!(error, OpenError::Broken, "{text:?}");
        }
    }

    #[test]
    fn rotation_seals_with_the_first_and_opens_with_all() {
        let before = keys(&[("k1", ONE)]);
        let appended = keys(&[("k1", ONE), ("k2", TWO)]);
        let moved = keys(&[("k2", TWO), ("k1", ONE)]);
        let old = before.seal(b"token", PLACE);
        let new = moved.seal(b"token", PLACE);
        assert!(new.as_str().starts_with("k2."));
        for keys in [&appended, &moved] {
            assert!(keys.open(&old, PLACE).is_ok() && keys.open(&new, PLACE).is_ok());
        }
        let error = before.open(&new, PLACE).expect_err("it does not know k2");
        assert_eq!(error, OpenError::UnknownKey("k2".to_owned()));
        // The same id with other bytes is another key.
        assert_eq!(
            keys(&[("k1", TWO)]).open(&old, PLACE).expect_err("other"),
            OpenError::Broken
        );
    }

    #[test]
    fn every_fault_of_the_keys_is_named() {
        let faults = TokenKeys::new(&[("k1", ONE), ("k 2", &[0; 31]), ("k1", TWO)])
            .expect_err("three faults");
        assert_eq!(
            faults,
            [
                (1, KeyError::Id),
                (1, KeyError::Length),
                (2, KeyError::Doubled)
            ]
        );
        assert_eq!(
            TokenKeys::new(&[]).expect_err("no key"),
            [(0, KeyError::Empty)]
        );
    }

    #[test]
    fn debug_shows_ids_only() {
        let keys = keys(&[("k1", ONE), ("k2", TWO)]);
        assert_eq!(format!("{keys:?}"), r#"["k1", "k2"]"#);
    }
}
