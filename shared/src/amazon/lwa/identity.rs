//! Which Amazon account an access token belongs to.

use std::time::Duration;

use reqwest::{Request, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{Lwa, MAX_ANSWER_BYTES};
use crate::amazon::prime_gaming::access_token_header;
use crate::budget::CALL_LIMIT;
use crate::domain::{AmazonUserId, Timestamp};
use crate::net::{NetError, Unavailable, exchange};

const PROFILE: &str = "profile";

/// Why the Amazon account is not known.
#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    /// The token is not for this app, not of the profile's user, or not good: do not link.
    #[error("the access token is not what it should be: {0}")]
    Mismatch(&'static str),
    /// The token grants less than we asked for.
    #[error("the access token lacks a permission")]
    PermissionMissing,
    /// Amazon could not be asked, or its answer was unusable: try again later.
    #[error("Login with Amazon is unavailable: {call}: {source}")]
    Unavailable {
        /// Which of the two calls failed.
        call: &'static str,
        /// Why.
        source: Unavailable,
    },
}

impl IdentifyError {
    /// The shortest wait after which asking again within this request may help: no connection was
    /// opened, or a gateway answered in Amazon's place.
    #[must_use]
    pub fn passing(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { source, .. } => source.passing(),
            _ => None,
        }
    }
}

impl Lwa {
    /// The Amazon account of this access token. Amazon is asked twice, at the same time: the token must
    /// have been issued to `client_id`, and to the user whose profile it opens. A token that was issued
    /// to another app would make us a confused deputy.
    ///
    /// # Errors
    /// [`IdentifyError`].
    pub async fn identify(
        &self,
        client_id: &str,
        access_token: &SecretString,
        now: Timestamp,
    ) -> Result<AmazonUserId, IdentifyError> {
        let token = access_token.expose_secret();
        let tokeninfo = self
            .http
            .get(self.tokeninfo_url.clone())
            .query(&[("access_token", token)]);
        let (name, value) = access_token_header(access_token)
            .ok_or(IdentifyError::Mismatch("it is not visible ASCII"))?;
        let profile = self.http.get(self.profile_url.clone()).header(name, value);
        let (tokeninfo, profile) = tokio::join!(
            self.ask("tokeninfo", tokeninfo, now),
            self.ask(PROFILE, profile, now),
        );
        // A final answer counts before one that is unavailable.
        let (tokeninfo, profile) = match (tokeninfo, profile) {
            (Ok(tokeninfo), Ok(profile)) => (tokeninfo, profile),
            (Err(IdentifyError::Unavailable { .. }), Err(error))
            | (Err(error), _)
            | (_, Err(error)) => return Err(error),
        };
        if tokeninfo.get("aud").and_then(Value::as_str) != Some(client_id) {
            return Err(IdentifyError::Mismatch("`aud` is not our client id"));
        }
        let user_id = profile.get("user_id").and_then(Value::as_str);
        if user_id.is_none() || tokeninfo.get("user_id").and_then(Value::as_str) != user_id {
            return Err(IdentifyError::Mismatch("`user_id` is not the profile's"));
        }
        AmazonUserId::new(user_id.unwrap_or_default()).map_err(|error| IdentifyError::Unavailable {
            call: PROFILE,
            source: Unavailable::because(error.to_string()),
        })
    }

    async fn ask(
        &self,
        call: &'static str,
        request: RequestBuilder,
        now: Timestamp,
    ) -> Result<Value, IdentifyError> {
        let answer = async {
            let request: Request = request.build()?;
            exchange(&self.http, request, CALL_LIMIT, MAX_ANSWER_BYTES).await
        };
        let unavailable = |source| IdentifyError::Unavailable { call, source };
        let answer = answer
            .await
            .map_err(|error: NetError| unavailable(error.into()))?;
        match answer.status {
            200 => serde_json::from_slice(&answer.body)
                .ok()
                .filter(Value::is_object)
                // serde_json's own text would quote the answer.
                .ok_or_else(|| {
                    unavailable(Unavailable::because("the answer is not a JSON object"))
                }),
            400 | 401 | 403 if error_of(&answer.body).as_deref() == Some("insufficient_scope") => {
                Err(IdentifyError::PermissionMissing)
            }
            400 | 401 => Err(IdentifyError::Mismatch("Amazon does not take it")),
            _ => Err(unavailable(Unavailable::status(&answer, now))),
        }
    }
}

/// OAuth's error word in an answer.
fn error_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get("error")?.as_str()?.to_owned())
}
