//! Random values that look like Amazon's, and fingerprints of them for records.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

/// The longest token that Login with Amazon documents, in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 2048;
/// What a token needs at least: its prefix, the awkward characters, and enough chance.
pub(crate) const MIN_TOKEN_BYTES: usize = 64;

/// Letters and digits that look different from one another.
const CLEAR: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system has random bytes");
    bytes
}

/// A token of exactly `length` bytes. The characters `|`, `+` and `/` are in every one of them, so
/// that a client which encodes a form or a query carelessly fails at once and not once in a while.
pub(crate) fn token(prefix: &str, length: usize) -> String {
    let length = length.clamp(MIN_TOKEN_BYTES, MAX_TOKEN_BYTES);
    let mut token = format!("{prefix}|Iw+/");
    token.push_str(&STANDARD.encode(random::<MAX_TOKEN_BYTES>()));
    token.truncate(length);
    token
}

/// `length` clear characters, for authorization codes and user codes.
pub(crate) fn letters(length: usize) -> String {
    random::<64>()
        .iter()
        .take(length)
        .map(|byte| char::from(CLEAR[usize::from(byte % 32)]))
        .collect()
}

/// A random (version 4) UUID.
pub(crate) fn uuid() -> String {
    let mut bytes = random::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// The Amazon account id of a short name; the same in every run.
pub(crate) fn account_id(name: &str) -> String {
    let hash = digest(&SHA256, format!("amazon account {name}").as_bytes());
    let id: String = hash
        .as_ref()
        .iter()
        .take(26)
        .map(|byte| char::from(CLEAR[usize::from(byte % 32)]))
        .collect();
    format!("amzn1.account.A{id}")
}

/// The S256 challenge of a PKCE verifier.
pub(crate) fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// A short hash. The stand-in writes it instead of a secret in its records and violations: equal
/// secrets have equal hashes, and the hash does not reveal the secret.
#[must_use]
pub fn fingerprint(secret: &str) -> String {
    format!(
        "sha256:{}",
        hex(&digest(&SHA256, secret.as_bytes()).as_ref()[..6])
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_awkward_and_of_the_length_asked_for() {
        for length in [MIN_TOKEN_BYTES, 400, MAX_TOKEN_BYTES] {
            let token = token("Atza", length);
            assert_eq!(token.len(), length);
            assert!(token.starts_with("Atza|"));
            assert!(token.contains('+') && token.contains('/'));
        }
        assert_eq!(token("Atzr", 9).len(), MIN_TOKEN_BYTES);
        assert_eq!(token("Atzr", 9000).len(), MAX_TOKEN_BYTES);
    }

    #[test]
    fn an_account_id_belongs_to_its_name() {
        assert_eq!(account_id("alice"), account_id("alice"));
        assert_ne!(account_id("alice"), account_id("bob"));
        assert!(account_id("alice").starts_with("amzn1.account.A"));
    }

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        assert_eq!(
            s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn uuids_look_like_uuids() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert_ne!(id, uuid());
    }
}
