//! The studio's webhook: one POST per delivery, and what its answer means.

mod probe;

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook as Signer,
};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::budget::WEBHOOK_LIMIT;
use crate::domain::{Content, EntitlementId, PlayerId, Timestamp};
use crate::net::{Cause, Client, NetError, Unavailable, read_bounded, retry_after, send_keyed};

/// How many characters of a refusal's reason are kept for support.
const MAX_REASON_CHARS: usize = 500;

/// The most that is read of an answer that may be a refusal; a longer one is none.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

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
    /// The offer's title, as it was when the order was made.
    pub title: Option<&'a str>,
    /// The offer's content, as it was when the order was made.
    pub content: Option<&'a Content>,
    /// When the order was made. It stands in the body, which stays the same however often it is
    /// sent.
    pub since: Timestamp,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The player has it: now (2xx), or since an earlier call (409).
    Delivered,
    /// The studio says explicitly that it will not deliver it (410 or 422, with
    /// `{"refused": true}`): the first 500 characters of its `reason`, if that is a text.
    Refused(Option<String>),
    /// Anything else: to be tried again later, with the same id and body.
    Unknown {
        /// Whether the studio did not accept our signature (401, 403): the secret may have been rotated.
        is_signature_refused: bool,
        /// Why, and how long the studio wants this delivery to rest.
        source: Unavailable,
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
    title: Option<&'a str>,
    content: Option<&'a Content>,
}

impl Webhook {
    /// The webhook at `url`. `http` follows no redirects and reaches no internal address, which prevents
    /// SSRF.
    #[must_use]
    pub fn new(http: Client, url: Url) -> Self {
        Self { http, url }
    }

    /// Delivers `order`, signed with `secret` (`whsec_` and base64). The call takes 5 s at most, and is
    /// repeated once if its connection died before any answer. Every failure is
    /// [`Delivery::Unknown`].
    pub async fn deliver(
        &self,
        secret: &SecretString,
        order: &Order<'_>,
        now: Timestamp,
    ) -> Delivery {
        let (headers, body) = match signed(secret, order, now) {
            Ok(message) => message,
            Err(cause) => return unknown(Unavailable::because(cause)),
        };
        let request = self.http.post(self.url.clone()).headers(headers).body(body);
        let end = Instant::now() + WEBHOOK_LIMIT;
        let response = match timeout_at(end, self.send(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return unknown(error.into()),
            Err(_) => return unknown(NetError::Timeout.into()),
        };
        let status = response.status().as_u16();
        // The body says nothing more, so it does not matter if it breaks off.
        if matches!(status, 200..=299 | 409) {
            return Delivery::Delivered;
        }
        let source = Unavailable {
            retry_after: retry_after(response.headers(), now),
            is_passing: false,
            source: Cause::Status(status),
        };
        // A bare 410 or 422 is what frameworks answer to a fault in the studio's own code.
        if matches!(status, 410 | 422)
            && let Some(refusal) = refusal(response, end).await
        {
            return Delivery::Refused(refusal.reason());
        }
        Delivery::Unknown {
            is_signature_refused: matches!(status, 401 | 403),
            source,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, NetError> {
        send_keyed(&self.http, request.build()?).await
    }
}

fn unknown(source: Unavailable) -> Delivery {
    Delivery::Unknown {
        is_signature_refused: false,
        source,
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
            title: order.title,
            content: order.content,
        },
    };
    let body = serde_json::to_string(&body).map_err(|_| "the body is not JSON".to_owned())?;
    let headers = headers(secret, webhook_id(order.id), &body, now)?;
    Ok((headers, body))
}

/// The headers of a call with this id and body.
fn headers(
    secret: &SecretString,
    id: String,
    body: &str,
    now: Timestamp,
) -> Result<HeaderMap, String> {
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
    Ok(headers)
}

/// What is escaped in an id that has to be. A repeated call must have the same id, so this set never
/// changes.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// The entitlement's id. An id with bytes that can't be in a header is percent-encoded, although
/// Amazon has never sent one; the body has it as it is.
fn webhook_id(id: &EntitlementId) -> String {
    if id.as_str().bytes().all(|byte| byte.is_ascii_graphic()) {
        id.as_str().to_owned()
    } else {
        utf8_percent_encode(id.as_str(), ESCAPED).to_string()
    }
}

/// What an answer must say to be a refusal.
#[derive(Deserialize)]
struct Refusal {
    refused: bool,
    reason: Option<Box<RawValue>>,
}

/// The answer's refusal, if it is one and comes as a whole before `end`.
async fn refusal(response: Response, end: Instant) -> Option<Refusal> {
    let body = timeout_at(end, read_bounded(response, MAX_REFUSAL_BYTES)).await;
    let refusal: Refusal = serde_json::from_slice(&body.ok()?.ok()?).ok()?;
    refusal.refused.then_some(refusal)
}

impl Refusal {
    /// The first characters of the reason, where it is a text. Control characters, which have no
    /// place in a log or on a screen, become spaces.
    fn reason(&self) -> Option<String> {
        let text: String = serde_json::from_str(self.reason.as_ref()?.get()).ok()?;
        let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        Some(shown.take(MAX_REASON_CHARS).collect())
    }
}

#[cfg(test)]
mod tests;
