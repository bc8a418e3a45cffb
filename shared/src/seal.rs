//! Sealing: a secret value in the database can be read only with one of our keys, and only in the
//! place that it was written for.
//!
//! AES-256-GCM with a random 96-bit nonce. A sealed value is text: the key's id, a dot, and the
//! nonce, ciphertext and tag in base64url. Its place (a player, an attempt) is the associated data, so
//! a value that was copied to another row does not open.
//!
//! One key may seal at most 2^32 values: NIST SP 800-38D (section 8.3) sets this limit for random
//! nonces, because two values under one nonce tell an attacker the XOR of their texts and how to forge
//! values. We derive no key for each value, so every seal of every process counts. `docs/operating.md`
//! says under "Rotation" how often to put a new key.

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

    /// The id of the key that it was sealed with; empty if it has none.
    #[must_use]
    pub fn key_id(&self) -> &str {
        let id = self.0.split_once('.').map_or("", |(id, _)| id);
        if is_key_id(id) { id } else { "" }
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

impl Key {
    fn seal(&self, plaintext: &[u8], associated: &[&str]) -> Sealed {
        let mut nonce = [0_u8; NONCE_LEN];
        SystemRandom::new()
            .fill(&mut nonce)
            .expect("the operating system gives random bytes");
        let mut ciphertext = plaintext.to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place(associated)),
                &mut ciphertext,
            )
            .expect("what we seal is far below AES-GCM's 64 GB");
        let sealed = [nonce.as_slice(), &ciphertext].concat();
        Sealed(format!("{}.{}", self.id, URL_SAFE_NO_PAD.encode(sealed)))
    }
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

    /// The ids, in order. The first one's key seals.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// Seals `plaintext` for the place that `associated` names, for example
    /// `["link", player_id, "refresh_token"]`. Only the same parts in the same order open it.
    ///
    /// # Panics
    /// If the operating system gives no randomness: no safe value can be made then.
    #[must_use]
    pub fn seal(&self, plaintext: &[u8], associated: &[&str]) -> Sealed {
        self.0[0].seal(plaintext, associated)
    }

    /// Seals a text with every key and opens it again; gives the ids of the keys, or the id of the
    /// first one that fails.
    ///
    /// # Errors
    /// The id of a key that does not open what it sealed.
    pub fn prove(&self) -> Result<Vec<&str>, &str> {
        const TEXT: &[u8] = b"sealed to be opened";
        const PLACE: [&str; 1] = ["doctor"];
        let opens = |key: &Key| {
            let opened = self.open(&key.seal(TEXT, &PLACE), &PLACE);
            opened.is_ok_and(|bytes| bytes.as_slice() == TEXT)
        };
        let proved = self.0.iter().map(|key| {
            if opens(key) {
                Ok(key.id.as_str())
            } else {
                Err(key.id.as_str())
            }
        });
        proved.collect()
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
mod tests;
