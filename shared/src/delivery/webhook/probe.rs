//! A call that delivers nothing: it shows whether the studio's endpoint works.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use tokio::time::timeout;

use super::{Webhook, headers};
use crate::budget::WEBHOOK_LIMIT;
use crate::domain::{Timestamp, random_token};
use crate::net::{NetError, Unavailable};

/// The body of the call.
const BODY: &str = r#"{"type":"test"}"#;

impl Webhook {
    /// Sends a test, signed with `secret`, and gives the status of the answer. The receiver delivers
    /// nothing for it.
    ///
    /// # Errors
    /// If there is no answer within 5 s.
    pub async fn probe(&self, secret: &SecretString, now: Timestamp) -> Result<u16, Unavailable> {
        // An id of its own, so that a receiver that remembers ids does not take it for a known one.
        let id = format!("test_{}", random_token());
        let headers = headers(secret, id, BODY, now).map_err(Unavailable::because)?;
        let request = self.http.post(self.url.clone()).headers(headers).body(BODY);
        let response = timeout(WEBHOOK_LIMIT, self.send(request)).await;
        let response = response.unwrap_or(Err(NetError::Timeout))?;
        Ok(response.status().as_u16())
    }

    /// Sends a test whose signature is wrong, and gives the status of the answer.
    ///
    /// # Errors
    /// As [`Webhook::probe`].
    pub async fn probe_unsigned(&self, now: Timestamp) -> Result<u16, Unavailable> {
        // Another secret: random bytes that are not kept.
        let other = format!("whsec_{}", STANDARD.encode(random_token()));
        self.probe(&other.into(), now).await
    }
}
