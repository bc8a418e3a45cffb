//! Verifies the signatures of JWTs with `ring`, which every binary links anyway for TLS.
//!
//! It verifies RS256, ES256, EdDSA (Ed25519) and HS256. It refuses every other algorithm, and signing:
//! this service makes no tokens.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use ring::hmac;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use signature::Verifier;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| Ok(Box::new(RingVerifier::new(*algorithm, key)?)),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes this the process's provider. A second call changes nothing.
pub(super) fn install() {
    // An error means that it is installed already.
    let _ = PROVIDER.install_default();
}

struct RingVerifier {
    algorithm: Algorithm,
    key: Key,
}

enum Key {
    Hmac(hmac::Key),
    Rsa(PublicKeyComponents<Vec<u8>>),
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl RingVerifier {
    fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self> {
        if key.family() != algorithm.family() {
            return Err(ErrorKind::InvalidKeyFormat.into());
        }
        let key = match (algorithm, key.family()) {
            (Algorithm::HS256, AlgorithmFamily::Hmac) => {
                Key::Hmac(hmac::Key::new(hmac::HMAC_SHA256, key.try_get_as_bytes()?))
            }
            (Algorithm::RS256, AlgorithmFamily::Rsa) => match key.kind() {
                DecodingKeyKind::RsaModulusExponent { n, e } => Key::Rsa(PublicKeyComponents {
                    n: without_leading_zeros(n).to_vec(),
                    e: without_leading_zeros(e).to_vec(),
                }),
                DecodingKeyKind::SecretOrDer(_) => return Err(ErrorKind::InvalidKeyFormat.into()),
            },
            (Algorithm::ES256, AlgorithmFamily::Ec) => Key::P256(key.try_get_as_bytes()?.to_vec()),
            (Algorithm::EdDSA, AlgorithmFamily::Ed) => {
                Key::Ed25519(key.try_get_as_bytes()?.to_vec())
            }
            _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
        };
        Ok(Self { algorithm, key })
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        match &self.key {
            Key::Hmac(key) => hmac::verify(key, message, signature),
            Key::Rsa(key) => key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            Key::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Key::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        }
        .map_err(|ring::error::Unspecified| signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// Some account systems write a sign byte before a number, which `ring` refuses.
pub(super) fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let start = number
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(number.len());
    &number[start..]
}
