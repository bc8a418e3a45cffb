//! The studio's webhook: one POST per delivery, and what its answer means.

use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook as Signer,
};
use tokio::time::{Instant, timeout_at};
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::domain::{EntitlementId, PlayerId, Timestamp};
use crate::net::{Client, NetError, retry_after, send_keyed};

/// What one call may take, to the last byte that is read of its answer.
const CALL_LIMIT: Duration = Duration::from_secs(5);

/// How many characters of a refusal are kept for support.
const MAX_ANSWER_CHARS: usize = 500;

/// As many bytes as that can be, and no more is read.
const MAX_ANSWER_BYTES: usize = 4 * MAX_ANSWER_CHARS;

/// The studio's webhook.
#[derive(Clone)]
pub struct Webhook {
    http: Client,
    url: Url,
}

impl fmt::Debug for Webhook {
    /// Without the address: studios put secrets into queries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

/// What is to be delivered to whom.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The player.
    pub player: &'a PlayerId,
    /// Amazon's id of the claim.
    pub id: &'a EntitlementId,
    /// The SKU.
    pub sku: Option<&'a str>,
    /// The offer's content, as it was when the order was made.
    pub content: &'a Value,
    /// When the order was made. It stands in the body, which stays the same however often it is
    /// sent.
    pub since: Timestamp,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The player has it: now (2xx), or since an earlier call (409).
    Delivered,
    /// The studio will not deliver it (410, 422): the first 500 characters of its answer.
    Refused(String),
    /// Nobody knows: to be tried again later, with the same id and body.
    Unknown {
        /// How long the studio wants to be left alone.
        retry_after: Option<Duration>,
        /// Whether it did not accept our signature (401, 403): the secret may have been rotated.
        is_signature_refused: bool,
        /// For the log.
        cause: String,
    },
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    player_id: &'a str,
    entitlement_id: &'a str,
    sku: Option<&'a str>,
    content: &'a Value,
}

impl Webhook {
    /// The webhook at `url`. `http` follows no redirects, and reaches no address that the system
    /// must not call.
    #[must_use]
    pub fn new(http: Client, url: Url) -> Self {
        Self { http, url }
    }

    /// Delivers `order`, signed with `secret` (`whsec_` and base64). It takes 5 s at most; a
    /// connection that died before any answer is tried once more. Whatever goes wrong is
    /// [`Delivery::Unknown`].
    pub async fn deliver(
        &self,
        secret: &SecretString,
        order: &Order<'_>,
        now: Timestamp,
    ) -> Delivery {
        let (headers, body) = match signed(secret, order, now) {
            Ok(message) => message,
            Err(cause) => return unknown(cause),
        };
        let request = self.http.post(self.url.clone()).headers(headers).body(body);
        let end = Instant::now() + CALL_LIMIT;
        let response = match timeout_at(end, self.send(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return unknown(error.to_string()),
            Err(_) => return unknown("timed out".to_owned()),
        };
        match response.status().as_u16() {
            // The answer's text says nothing more, so that it breaks off changes nothing.
            200..=299 | 409 => Delivery::Delivered,
            410 | 422 => Delivery::Refused(beginning(response, end).await),
            status => Delivery::Unknown {
                retry_after: retry_after(response.headers(), now),
                is_signature_refused: matches!(status, 401 | 403),
                cause: format!("status {status}"),
            },
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, NetError> {
        send_keyed(&self.http, request.build()?).await
    }
}

fn unknown(cause: String) -> Delivery {
    Delivery::Unknown {
        retry_after: None,
        is_signature_refused: false,
        cause,
    }
}

fn signed(
    secret: &SecretString,
    order: &Order<'_>,
    now: Timestamp,
) -> Result<(HeaderMap, String), String> {
    let body = Body {
        r#type: "entitlement.deliver",
        timestamp: order.since,
        data: Data {
            player_id: order.player.as_str(),
            entitlement_id: order.id.as_str(),
            sku: order.sku,
            content: order.content,
        },
    };
    let body = serde_json::to_string(&body).map_err(|_| "the body is not JSON".to_owned())?;
    let id = webhook_id(order.id);
    // Receivers refuse what was signed long ago, so this is the time of sending.
    let sent_at = now.as_millis().div_euclid(1000);
    let signature = Signer::new(secret.expose_secret())
        .and_then(|signer| signer.sign(&id, sent_at, body.as_bytes()))
        .map_err(|_| "delivery_webhook_secret can't sign".to_owned())?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        (HEADER_WEBHOOK_ID, id),
        (HEADER_WEBHOOK_TIMESTAMP, sent_at.to_string()),
        (HEADER_WEBHOOK_SIGNATURE, signature),
    ] {
        let value = HeaderValue::try_from(value).map_err(|_| format!("{name} can't be sent"))?;
        headers.insert(name, value);
    }
    Ok((headers, body))
}

/// The entitlement's id. One with bytes that can't stand in a header, which no one has seen at
/// Amazon, is percent-encoded; the body has it as it is.
fn webhook_id(id: &EntitlementId) -> String {
    if id.as_str().bytes().all(|byte| byte.is_ascii_graphic()) {
        id.as_str().to_owned()
    } else {
        let escaped: String = byte_serialize(id.as_str().as_bytes()).collect();
        escaped.replace('+', "%20")
    }
}

/// The first characters of an answer, as far as they come until `end`: control characters, which have no
/// place in a log or on a screen, become spaces.
async fn beginning(mut response: Response, end: Instant) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_ANSWER_BYTES {
        match timeout_at(end, response.chunk()).await {
            Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk),
            Ok(Ok(None) | Err(_)) | Err(_) => break,
        }
    }
    String::from_utf8_lossy(&bytes)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_ANSWER_CHARS)
        .collect()
}

#[cfg(test)]
mod tests;
