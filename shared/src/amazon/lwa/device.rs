//! Linking on a device: a code pair, and what became of it. This is Amazon's own protocol, which is
//! older than RFC 8628 and differs from it in the grant type.

use std::fmt;
use std::time::Duration;

use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::Lwa;
use super::token::{TokenAnswer, TokenError, Tokens, refused, unusable};
use super::transport::Transport;
use crate::budget::{CODE_PAIR_LIFE, CODE_PAIR_LIFE_MOST, POLL_INTERVAL, POLL_INTERVAL_MOST};
use crate::domain::Timestamp;
use crate::net::{FullResponse, NetError, Unavailable, is_loopback};

/// The longest device code that is taken; it has to fit into a stored item and a form.
const MAX_DEVICE_CODE_BYTES: usize = 2048;

/// The longest code that a player could be asked to type.
const MAX_USER_CODE_BYTES: usize = 64;

const MAX_URL_BYTES: usize = 2048;

/// The parameter by which Amazon's page for codes takes the code out of its own address.
const CODE_PARAMETER: &str = "cbl-code";

/// A code for the player and one for the device, which belong together.
pub struct CodePair {
    /// What the player types in; 1 to 64 visible ASCII characters.
    pub user_code: SecretString,
    /// What the device is known by; visible ASCII.
    pub device_code: SecretString,
    /// Where the player types it in.
    pub verification_uri: Url,
    /// The same with the code in it, where Amazon gives one.
    pub verification_uri_complete: Option<Url>,
    /// How long it lives: 1 second to an hour.
    pub expires_in: Duration,
    /// How long to wait between two polls: 1 second to 5 minutes.
    pub interval: Duration,
}

impl CodePair {
    /// `verification_uri` with the code in its query, as Amazon's own samples compose it.
    #[must_use]
    pub fn composed_uri(&self) -> Url {
        let mut url = self.verification_uri.clone();
        url.query_pairs_mut()
            .append_pair(CODE_PARAMETER, self.user_code.expose_secret());
        url
    }
}

/// The addresses may hold the code.
impl fmt::Debug for CodePair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodePair")
            .field("expires_in", &self.expires_in)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// Why a poll brought no tokens, by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The player has not entered the code yet: poll again.
    #[error("Login with Amazon answered authorization_pending")]
    Pending,
    /// Polled too fast: double the interval.
    #[error("Login with Amazon answered slow_down")]
    SlowDown,
    /// The player refused.
    #[error("Login with Amazon answered access_denied")]
    Denied,
    /// The code pair has expired, was used, or never existed.
    #[error("Login with Amazon does not know the code pair any more")]
    Over,
    /// As with any other token request.
    #[error(transparent)]
    Token(TokenError),
}

impl Lwa {
    /// A new code pair for the LWA client `client_id`.
    ///
    /// # Errors
    /// [`TokenError`]. Then no player has seen a code.
    pub async fn create_code_pair(
        &self,
        client_id: &str,
        now: Timestamp,
    ) -> Result<CodePair, TokenError> {
        let scopes: Vec<&str> = self.scopes.iter().map(|scope| scope.as_str()).collect();
        let form = [
            ("response_type", "device_code"),
            ("client_id", client_id),
            ("scope", &scopes.join(" ")),
        ];
        let answer = self.post(&self.codepair_url, &form, now).await?;
        if answer.status == 200 {
            return self.read_code_pair(&answer.body);
        }
        Err(refused(&read_refusal(&answer.body)?, &[]))
    }

    /// Asks what became of a code pair. Amazon wants neither client id nor secret here: whatever knows
    /// the pair counts as the device.
    ///
    /// # Errors
    /// [`PollError`].
    pub async fn poll(
        &self,
        device_code: &SecretString,
        user_code: &SecretString,
        now: Timestamp,
    ) -> Result<Tokens, PollError> {
        let form = [
            ("grant_type", "device_code"),
            ("device_code", device_code.expose_secret()),
            ("user_code", user_code.expose_secret()),
        ];
        let answer = self.post(self.token_url.url(), &form, now).await;
        let answer = answer.map_err(PollError::Token)?;
        if answer.status == 200 {
            let tokens = serde_json::from_slice::<TokenAnswer>(&answer.body)
                // serde_json's own text would quote the answer.
                .map_err(|_| unusable("the answer is not a token answer"))
                .and_then(TokenAnswer::into_tokens);
            return tokens.map_err(PollError::Token);
        }
        let refusal = read_refusal(&answer.body).map_err(PollError::Token)?;
        Err(match refusal.error() {
            BasicErrorResponseType::InvalidGrant => PollError::Over,
            word => match word.as_ref() {
                "authorization_pending" => PollError::Pending,
                "slow_down" => PollError::SlowDown,
                "access_denied" => PollError::Denied,
                "invalid_code_pair" | "expired_token" => PollError::Over,
                _ => PollError::Token(refused(&refusal, &[device_code, user_code])),
            },
        })
    }

    async fn post(
        &self,
        url: &Url,
        form: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<FullResponse, TokenError> {
        let request = self.http.post(url.clone()).form(form).build();
        let request = request.map_err(|error| Unavailable::from(NetError::from(error)))?;
        Ok(Transport::new(&self.http, now).decided(request).await?)
    }

    /// A missing optional field does not cost the pair. Every other field must be one that a device can
    /// show and send back.
    pub(super) fn read_code_pair(&self, body: &[u8]) -> Result<CodePair, TokenError> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let code = |name: &str, max: usize| {
            body.get(name)
                .and_then(Value::as_str)
                .filter(|text| (1..=max).contains(&text.len()))
                .filter(|text| text.bytes().all(|b| b.is_ascii_graphic()))
                .map(SecretString::from)
        };
        let url = |name: &str| self.page(body.get(name)?.as_str()?);
        let life = seconds(body.get("expires_in")).unwrap_or(CODE_PAIR_LIFE);
        let interval = seconds(body.get("interval")).unwrap_or(POLL_INTERVAL);
        let pair = (
            code("user_code", MAX_USER_CODE_BYTES),
            code("device_code", MAX_DEVICE_CODE_BYTES),
            url("verification_uri"),
        );
        let (Some(user_code), Some(device_code), Some(verification_uri)) = pair else {
            return Err(unusable("the answer is not a code pair"));
        };
        Ok(CodePair {
            user_code,
            device_code,
            verification_uri,
            verification_uri_complete: url("verification_uri_complete"),
            expires_in: life.min(CODE_PAIR_LIFE_MOST),
            interval: interval.min(POLL_INTERVAL_MOST),
        })
    }

    /// An address that players may be sent to: https, or http on loopback if Amazon itself is a
    /// stand-in. The settings allow http only to a stand-in.
    fn page(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let here =
            url.scheme() == "http" && is_loopback(&url) && self.codepair_url.scheme() == "http";
        let good = text.len() <= MAX_URL_BYTES
            && (url.scheme() == "https" || here)
            && url.username().is_empty()
            && url.password().is_none();
        good.then_some(url)
    }
}

/// A positive whole number of seconds, also as a text.
fn seconds(value: Option<&Value>) -> Option<Duration> {
    let seconds = match value? {
        Value::String(text) => text.parse().ok()?,
        number => number.as_u64()?,
    };
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

fn read_refusal(body: &[u8]) -> Result<BasicErrorResponse, TokenError> {
    serde_json::from_slice(body).map_err(|_| unusable("the refusal is not one of OAuth's"))
}
