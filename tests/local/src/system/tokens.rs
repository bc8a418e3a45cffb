//! Tokens as the studio's account system would issue them: JWTs signed with the shared secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Map, Value, json};

use super::secrets::Secrets;
use super::settings::Settings;
use crate::Error;

/// How long a token is valid: a day, so that what was copied in the morning works all day.
const VALID_SECONDS: i64 = 24 * 60 * 60;

/// What the scope of a game server's token holds.
const SERVER_SCOPE: &str = "prime-gaming:server";

/// Issues tokens.
pub(super) struct Tokens {
    key: Option<hmac::Key>,
    issuer: String,
    audience: String,
    id_claim: String,
    name_claim: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    pub(super) fn new(settings: &Settings, secrets: &Secrets) -> Self {
        let setting = |name: &str, default: &str| settings.get(name).unwrap_or(default).to_owned();
        let secret = secrets.player_jwt_secret.as_ref();
        Self {
            key: secret.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())),
            issuer: setting("PLAYER_JWT_ISSUER", ""),
            audience: setting("PLAYER_JWT_AUDIENCE", ""),
            id_claim: setting("PLAYER_ID_CLAIM", "sub"),
            name_claim: setting("PLAYER_NAME_CLAIM", "name"),
        }
    }

    pub(super) fn player(&self, player_id: &str, name: &str) -> Result<String, Error> {
        self.sign([
            (self.id_claim.as_str(), player_id),
            (self.name_claim.as_str(), name),
        ])
    }

    pub(super) fn server(&self) -> Result<String, Error> {
        self.sign([
            (self.id_claim.as_str(), "local-game-server"),
            ("scope", SERVER_SCOPE),
        ])
    }

    fn sign<const N: usize>(&self, claims: [(&str, &str); N]) -> Result<String, Error> {
        let key = self.key.as_ref().ok_or(
            "the players' tokens are not ours to issue: the secret's player_jwt_secret is not known",
        )?;
        let now = prime_gaming::Clock::system().now().as_seconds();
        let mut payload = json!({
            "iss": self.issuer, "aud": self.audience, "iat": now, "exp": now + VALID_SECONDS,
        });
        let claims = claims.map(|(name, value)| (name.to_owned(), Value::from(value)));
        payload
            .as_object_mut()
            .unwrap_or(&mut Map::new())
            .extend(claims);

        let header = json!({ "alg": "HS256", "typ": "JWT" });
        let parts = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = parts.join(".");
        let signature = hmac::sign(key, signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
