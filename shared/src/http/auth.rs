//! Players' identity: the JWT of the studio's own account system, on every `/v1` route.
//!
//! The algorithm is decided by where the keys come from, never by the token: a key set serves
//! RS256, ES256 and EdDSA, a secret serves HS256, and no token can choose to be checked otherwise.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::jwks::Jwks;
use super::{ApiError, Caller, Request, claims, jwt_crypto};
use crate::config::PlayersConfig;
use crate::domain::Timestamp;

/// Longer tokens are refused unread.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// RFC 7518 wants a key at least as long as the hash.
const MIN_SECRET_BYTES: usize = 32;

/// Tells who calls.
#[derive(Debug)]
pub struct Authenticator {
    keys: Keys,
    players: PlayersConfig,
}

#[derive(Debug)]
enum Keys {
    Set(Jwks),
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
        "PLAYER_JWKS_URL is set and the secret holds `player_jwt_secret`: exactly one of them must be"
    )]
    TwoSources,
    /// A secret that could be guessed.
    #[error("`player_jwt_secret` must be at least 32 bytes")]
    ShortSecret,
}

impl Authenticator {
    /// Checks tokens with the key set of `players`, or with `secret`, of which exactly one is there.
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
        http: reqwest::Client,
    ) -> Result<Self, AuthConfigError> {
        let keys = match (&players.jwks_url, &secret) {
            (Some(url), None) => Keys::Set(Jwks::new(http, url.clone())),
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

    /// Who sends `request`.
    ///
    /// # Errors
    /// 401 where the token is missing or not acceptable; 503 where the key set can't be had.
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
        let header = decode_header(token).map_err(|_| {
            ApiError::invalid_token("the token is not a JWT, or of an unknown algorithm")
        })?;
        if header.crit.is_some() {
            return Err(ApiError::invalid_token(
                "the token's header demands extensions (`crit`), and none is understood",
            ));
        }
        let algorithm = header.alg;
        let refused = match &self.keys {
            Keys::Secret(_) if algorithm == Algorithm::HS256 => None,
            Keys::Secret(_) => Some("the token must be signed with HS256"),
            Keys::Set(_)
                if matches!(
                    algorithm,
                    Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA
                ) =>
            {
                None
            }
            Keys::Set(_) => Some("the token must be signed with RS256, ES256 or EdDSA"),
        };
        if let Some(rule) = refused {
            return Err(ApiError::invalid_token(rule));
        }
        let fetched;
        let key = match &self.keys {
            Keys::Secret(key) => key,
            Keys::Set(jwks) => {
                fetched = jwks
                    .key(header.kid.as_deref(), algorithm, now)
                    .await
                    .map_err(|error| match error.retry_after {
                        Some(wait) => ApiError::unavailable(error).retry_after(wait),
                        None => ApiError::unavailable(error),
                    })?
                    .ok_or_else(|| {
                        ApiError::invalid_token(
                            "the token's key (`kid`, `alg`) is not in the key set",
                        )
                    })?;
                &fetched
            }
        };
        let data = decode::<Map<String, Value>>(token, key, &signature_only(algorithm)).map_err(
            |error| {
                ApiError::invalid_token(match error.kind() {
                    ErrorKind::InvalidSignature => "the token's signature is wrong",
                    _ => "the token's claims can't be read",
                })
            },
        )?;
        Ok(data.claims)
    }
}

/// The library checks the signature; [`claims::check`] checks the claims, with the clock that is
/// handed in, and more strictly.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

#[cfg(test)]
#[path = "auth_tests/mod.rs"]
mod tests;
