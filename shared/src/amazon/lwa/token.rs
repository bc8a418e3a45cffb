//! The token endpoint: a code, or a refresh token, becomes tokens.

use std::borrow::Cow;
use std::time::Duration;

use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    RefreshToken, RequestTokenError, Scope, StandardRevocableToken, TokenResponse,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::transport::Transport;
use super::{Lwa, pkce};
use crate::amazon::text::{bounded, description, error_word};
use crate::budget::{ACCESS_TOKEN_LIFE, ACCESS_TOKEN_LIFE_MOST};
use crate::domain::Timestamp;
use crate::net::Unavailable;

/// The longest token that is taken. Amazon says 2,048 bytes; what is longer would not be stored.
const MAX_TOKEN_BYTES: usize = 4096;

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Speaks for the player, for [`Self::expires_in`].
    pub access_token: SecretString,
    /// Gets the next access token. A refresh may bring none: then the old one stays good.
    pub refresh_token: Option<SecretString>,
    /// How long the access token lives: 1 second to a day, an hour where Amazon does not say.
    pub expires_in: Duration,
    /// The scopes that were granted, separated by spaces, where Amazon says so.
    pub scope: Option<String>,
}

/// Why there are no tokens, by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The code or refresh token is dead: the player has to link again.
    #[error("Login with Amazon answered invalid_grant")]
    InvalidGrant,
    /// Our client secret is wrong: it may have been rotated, so read the secret again. Never a
    /// fault of the link.
    #[error("Login with Amazon answered invalid_client")]
    InvalidClient,
    /// Something in our configuration is wrong; trying again does not help.
    #[error("Login with Amazon refused: {error}")]
    Rejected {
        /// Amazon's error word and description, bounded, without secrets.
        error: String,
    },
    /// Amazon could not be asked, or its answer was lost or unusable: try again later. Whether
    /// the request took effect is not known.
    #[error("Login with Amazon is unavailable: {0}")]
    Unavailable(#[from] Unavailable),
}

impl TokenError {
    /// How long Amazon wants to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(unavailable) => unavailable.retry_after,
            _ => None,
        }
    }

    /// The shortest wait after which this request may send the same to Amazon again: nothing was sent,
    /// or a gateway answered in Amazon's place. `None`: the outcome is unknown, or final.
    #[must_use]
    pub fn passing(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(unavailable) => unavailable.passing(),
            _ => None,
        }
    }
}

/// The `oauth2` crate's client with our own reading of a token answer.
type OAuth<HasAuthUrl = EndpointNotSet, HasTokenUrl = EndpointNotSet> = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    HasAuthUrl,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    HasTokenUrl,
>;

impl Lwa {
    pub(super) fn oauth(&self, client_id: ClientId) -> OAuth {
        OAuth::new(client_id).set_auth_type(AuthType::RequestBody)
    }

    fn tokens_client(
        &self,
        client_id: ClientId,
        secret: &SecretString,
    ) -> OAuth<EndpointNotSet, EndpointSet> {
        let client = self.oauth(client_id).set_token_uri(self.token_url.clone());
        match secret.expose_secret() {
            "" => client,
            secret => client.set_client_secret(ClientSecret::new(secret.to_owned())),
        }
    }

    /// Exchanges a code, which uses it up. `redirect_uri` and `verifier` are those of the authorize URL.
    ///
    /// # Errors
    /// [`TokenError`]. Not to be tried again with the same code, unless it is
    /// [passing](TokenError::passing).
    pub async fn exchange_code(
        &self,
        secret: &SecretString,
        code: &SecretString,
        redirect_uri: &str,
        verifier: &SecretString,
        now: Timestamp,
    ) -> Result<Tokens, TokenError> {
        let transport = Transport::new(&self.http, now);
        let result = self
            .tokens_client(self.client_id.clone(), secret)
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(pkce(verifier))
            .add_extra_param("redirect_uri", redirect_uri)
            .request_async(&transport)
            .await;
        match tokens(result, &[secret, code, verifier]) {
            Err(TokenError::InvalidGrant) if transport.is_repeated() => Err(unusable(
                "its first answer was lost, and the code is used up",
            )),
            result => result,
        }
    }

    /// Gets a new access token for the LWA client `client_id`. An empty secret is left out, as
    /// for device clients that have none.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn refresh(
        &self,
        client_id: &str,
        secret: &SecretString,
        refresh_token: &SecretString,
        now: Timestamp,
    ) -> Result<Tokens, TokenError> {
        let result = self
            .tokens_client(ClientId::new(client_id.to_owned()), secret)
            .exchange_refresh_token(&RefreshToken::new(refresh_token.expose_secret().to_owned()))
            .request_async(&Transport::new(&self.http, now))
            .await;
        tokens(result, &[secret, refresh_token])
    }
}

fn tokens(
    result: Result<TokenAnswer, RequestTokenError<Unavailable, BasicErrorResponse>>,
    secrets: &[&SecretString],
) -> Result<Tokens, TokenError> {
    match result {
        Ok(answer) => answer.into_tokens(),
        Err(RequestTokenError::ServerResponse(error)) => Err(refused(&error, secrets)),
        Err(RequestTokenError::Request(lost)) => Err(lost.into()),
        // The crate's own texts may quote the answer, and with it a token.
        Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
            Err(unusable("the answer is not a token answer"))
        }
    }
}

pub(super) fn refused(error: &BasicErrorResponse, secrets: &[&SecretString]) -> TokenError {
    match error.error() {
        BasicErrorResponseType::InvalidGrant => TokenError::InvalidGrant,
        BasicErrorResponseType::InvalidClient => TokenError::InvalidClient,
        BasicErrorResponseType::Extension(word)
            if [
                "servererror",
                "server_error",
                "temporarily_unavailable",
                "throttled",
            ]
            .contains(&word.to_ascii_lowercase().as_str()) =>
        {
            unusable(format!("it answered {}", error_word(word)))
        }
        word => {
            let secrets: Vec<_> = secrets
                .iter()
                .map(|secret| secret.expose_secret())
                .collect();
            let mut text = error_word(word.as_ref());
            if let Some(said) = error.error_description() {
                text = format!("{text}: {}", description(said, &secrets));
            }
            TokenError::Rejected { error: text }
        }
    }
}

pub(super) fn unusable(cause: impl Into<Cow<'static, str>>) -> TokenError {
    Unavailable::because(cause).into()
}

/// A token answer, read leniently: a faulty optional field does not cost the tokens.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TokenAnswer {
    access_token: AccessToken,
    #[serde(default)]
    refresh_token: Option<RefreshToken>,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    scope: Value,
    /// Amazon has only `bearer`.
    #[serde(skip, default = "bearer")]
    token_type: BasicTokenType,
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        let seconds = match &self.expires_in {
            Value::String(text) => text.parse().ok()?,
            number => number.as_u64()?,
        };
        (1..=ACCESS_TOKEN_LIFE_MOST.as_secs())
            .contains(&seconds)
            .then(|| Duration::from_secs(seconds))
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token
            .as_ref()
            .filter(|token| !token.secret().is_empty())
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

impl TokenAnswer {
    pub(super) fn into_tokens(self) -> Result<Tokens, TokenError> {
        let refresh_token = self.refresh_token().map(|token| token.secret().as_str());
        if !is_token(self.access_token.secret()) || !refresh_token.is_none_or(is_token) {
            return Err(unusable(
                "a token in the answer is empty, too long, or not visible ASCII",
            ));
        }
        Ok(Tokens {
            refresh_token: refresh_token.map(SecretString::from),
            expires_in: self.expires_in().unwrap_or(ACCESS_TOKEN_LIFE),
            scope: self
                .scope
                .as_str()
                .map(|scope| bounded(scope, 1024).to_owned()),
            access_token: SecretString::from(self.access_token.into_secret()),
        })
    }
}

/// Whether it can be stored and sent in a header.
fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}
