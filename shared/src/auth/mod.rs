//! The caller's identity: the JWT of the studio's account system, on every `/v1` route.
//!
//! The source of the keys decides the algorithm, and the token never does. This prevents algorithm
//! confusion. A key set is for RS256, ES256 and EdDSA, and a secret is for HS256.

mod caller;
mod claims;
mod jwk_set;
mod jwks_cache;
mod jwt;
mod jwt_crypto;
mod player_name;
#[cfg(test)]
mod tests;

use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use self::jwks_cache::{JwksCache, Verdict};
use self::jwt::Jwt;
use crate::config::PlayersConfig;
use crate::domain::Timestamp;
use crate::http::{ApiError, Request};
use crate::net;

pub use self::caller::Caller;
pub(crate) use self::jwks_cache::usable_keys;
pub use self::player_name::presentable;
pub(crate) use self::player_name::short_id;

/// A longer token is refused unread.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// RFC 7518 demands a key at least as long as the hash.
const MIN_SECRET_BYTES: usize = 32;

/// Verifies tokens and tells who calls.
#[derive(Debug)]
pub struct Authenticator {
    keys: Keys,
    players: PlayersConfig,
}

#[derive(Debug)]
enum Keys {
    Set(JwksCache),
    Secret(DecodingKey),
}

/// There must be exactly one good source of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthConfigError {
    /// Neither a key set nor a secret.
    #[error(
        "players' tokens can't be checked: set PLAYER_JWKS_URL, or put `player_jwt_secret` into the secret"
    )]
    NoKeys,
    /// A key set and a secret.
    #[error(
        "PLAYER_JWKS_URL is set and the secret holds `player_jwt_secret`: keep exactly one of them"
    )]
    TwoSources,
    /// The secret is too short to be safe.
    #[error("`player_jwt_secret` must be at least 32 bytes")]
    ShortSecret,
}

impl Authenticator {
    /// Verifies tokens with the key set of `players`, or with `secret`. Exactly one of them must exist.
    ///
    /// # Errors
    /// If there is not exactly one source of keys, or the secret is too short.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the secret is handed over, to be dropped"
    )]
    pub fn new(
        players: &PlayersConfig,
        secret: Option<SecretString>,
        http: net::Client,
    ) -> Result<Self, AuthConfigError> {
        let keys = match (&players.jwks_url, &secret) {
            (Some(url), None) => Keys::Set(JwksCache::new(http, url.clone())),
            (None, Some(secret)) => {
                let bytes = secret.expose_secret().as_bytes();
                if bytes.len() < MIN_SECRET_BYTES {
                    return Err(AuthConfigError::ShortSecret);
                }
                Keys::Secret(DecodingKey::from_secret(bytes))
            }
            (None, None) => return Err(AuthConfigError::NoKeys),
            (Some(_), Some(_)) => return Err(AuthConfigError::TwoSources),
        };
        jwt_crypto::install();
        Ok(Self {
            keys,
            players: players.clone(),
        })
    }

    /// The caller that sends `request`.
    ///
    /// # Errors
    /// 401 where the token is missing or not acceptable; 503 where the key set can't be fetched.
    pub async fn caller(&self, request: &Request, now: Timestamp) -> Result<Caller, ApiError> {
        let token = request.bearer_token()?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(ApiError::invalid_token("the token is longer than 16 KB"));
        }
        let claims = self.verified_claims(token, now).await?;
        claims::check(&claims, &self.players, now).map_err(ApiError::invalid_token)
    }

    async fn verified_claims(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Map<String, Value>, ApiError> {
        let jwt =
            Jwt::parse(token).ok_or_else(|| ApiError::invalid_token("the token is not a JWT"))?;
        if jwt.header.crit.is_some() {
            return Err(ApiError::invalid_token(
                "the token's header demands extensions (`crit`), and this service supports none",
            ));
        }
        let verdict = match (&self.keys, jwt.header.algorithm()) {
            (Keys::Secret(key), Some(algorithm @ Algorithm::HS256)) => {
                if jwt.is_signed_by(key, algorithm) {
                    Verdict::Good
                } else {
                    Verdict::WrongSignature
                }
            }
            (Keys::Secret(_), _) => {
                return Err(ApiError::invalid_token(
                    "the token must be signed with HS256",
                ));
            }
            (
                Keys::Set(jwks),
                Some(algorithm @ (Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA)),
            ) => {
                let signed_by = |key: &DecodingKey| jwt.is_signed_by(key, algorithm);
                let id = jwt.header.kid.as_deref();
                jwks.verify(id, algorithm, now, signed_by)
                    .await
                    .map_err(|error| {
                        let wait = error.retry_after;
                        ApiError::unavailable(error).retry_after(wait)
                    })?
            }
            (Keys::Set(_), _) => {
                return Err(ApiError::invalid_token(
                    "the token must be signed with RS256, ES256 or EdDSA",
                ));
            }
        };
        let refused = match verdict {
            Verdict::Good => None,
            Verdict::WrongSignature => Some("the token's signature is wrong"),
            Verdict::NoKey => Some("the token's key (`kid`, `alg`) is not in the key set"),
        };
        if let Some(reason) = refused {
            return Err(ApiError::invalid_token(reason));
        }
        jwt.claims()
            .ok_or_else(|| ApiError::invalid_token("the token's claims can't be read"))
    }
}
