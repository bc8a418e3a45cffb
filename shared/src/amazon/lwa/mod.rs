//! Login with Amazon: the way to a player's Amazon account and to the tokens that speak for it.
//!
//! The `oauth2` crate speaks the protocol, over our one HTTP client. Amazon wants `client_id` and
//! `client_secret` in the body. PKCE always uses S256, because Amazon takes a challenge without a
//! method for `plain`.

mod device;
mod identity;
mod token;
mod transport;

use oauth2::{ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, Scope, TokenUrl};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use device::{CodePair, PollError};
pub use identity::IdentifyError;
pub use token::{TokenError, Tokens};

use crate::config::LwaConfig;
use crate::domain::random_token;
use crate::net::Client;

/// No answer of Login with Amazon is longer: two tokens of 2,048 bytes, and little else.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Login with Amazon.
#[derive(Clone, Debug)]
pub struct Lwa {
    http: Client,
    client_id: ClientId,
    authorize_url: oauth2::AuthUrl,
    token_url: TokenUrl,
    tokeninfo_url: Url,
    profile_url: Url,
    codepair_url: Url,
    scopes: Vec<Scope>,
}

impl Lwa {
    /// A client of the service that `config` names.
    #[must_use]
    pub fn new(http: Client, config: &LwaConfig) -> Self {
        Self {
            http,
            client_id: ClientId::new(config.client_id.clone()),
            authorize_url: oauth2::AuthUrl::from_url(config.authorize_url.clone()),
            token_url: TokenUrl::from_url(config.token_url.clone()),
            tokeninfo_url: config.tokeninfo_url.clone(),
            profile_url: config.profile_url.clone(),
            codepair_url: config.codepair_url.clone(),
            scopes: config
                .scope
                .split_whitespace()
                .map(|s| Scope::new(s.to_owned()))
                .collect(),
        }
    }

    /// A fresh PKCE verifier: 256 random bits.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    #[must_use]
    pub fn new_verifier() -> SecretString {
        SecretString::from(random_token())
    }

    /// Where to send the browser, so that the player agrees and comes back to `redirect_uri` with
    /// a code and `state`. `verifier` is needed again to use the code.
    #[must_use]
    pub fn authorize_url(&self, redirect_uri: &str, state: &str, verifier: &SecretString) -> Url {
        let verifier = pkce(verifier);
        let (url, _state) = self
            .oauth(self.client_id.clone())
            .set_auth_uri(self.authorize_url.clone())
            .authorize_url(|| CsrfToken::new(state.to_owned()))
            // As text, here and with the code: Amazon compares it letter by letter.
            .add_extra_param("redirect_uri", redirect_uri)
            .add_scopes(self.scopes.iter().cloned())
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        url
    }
}

fn pkce(verifier: &SecretString) -> PkceCodeVerifier {
    PkceCodeVerifier::new(verifier.expose_secret().to_owned())
}

#[cfg(test)]
mod tests;
