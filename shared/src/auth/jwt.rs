//! A JWT as it is sent (RFC 7519, JWS compact serialization). The `jsonwebtoken` crate checks the
//! signature; its header parser is not used, because it does not know `Ed25519` (RFC 9864).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// A token with its header read. Its claims are unread, and its signature is not verified.
pub(super) struct Jwt<'a> {
    pub(super) header: Header,
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
}

#[derive(Deserialize)]
pub(super) struct Header {
    alg: String,
    pub(super) kid: Option<String>,
    /// Extensions that the reader must understand. This service understands none.
    pub(super) crit: Option<IgnoredAny>,
}

impl Header {
    /// The algorithm, if this service supports it.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        match self.alg.as_str() {
            "HS256" => Some(Algorithm::HS256),
            "RS256" => Some(Algorithm::RS256),
            "ES256" => Some(Algorithm::ES256),
            "EdDSA" | "Ed25519" => Some(Algorithm::EdDSA),
            _ => None,
        }
    }
}

impl<'a> Jwt<'a> {
    /// Reads the header of a token; `None` where it is not a JWT.
    pub(super) fn parse(token: &'a str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        if payload.contains('.') {
            return None;
        }
        let header = URL_SAFE_NO_PAD.decode(header).ok()?;
        Some(Self {
            header: serde_json::from_slice(&header).ok()?,
            message,
            payload,
            signature,
        })
    }

    /// Whether this key made the signature. `false` also for an error of the library, like a signature
    /// that is not base64url.
    pub(super) fn is_signed_by(&self, key: &DecodingKey, algorithm: Algorithm) -> bool {
        crypto::verify(self.signature, self.message.as_bytes(), key, algorithm).unwrap_or(false)
    }

    /// The claims. Do not use them before the signature is verified.
    pub(super) fn claims(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(self.payload).ok()?).ok()
    }
}
