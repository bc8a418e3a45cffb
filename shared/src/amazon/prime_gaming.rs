//! The Prime Gaming web API: what the player's Amazon account has claimed, and telling Amazon
//! that it was delivered.

mod listing;

use std::collections::HashSet;

use reqwest::RequestBuilder;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::text::bounded;
use crate::budget::CALL_LIMIT;
use crate::config::{FulfillmentAddress, PrimeGamingConfig};
use crate::domain::{EntitlementId, Instruction, PlayerId, Timestamp};
use crate::net::{Client, FullResponse, Repeat, Unavailable, exchange_with};

/// A listing of thousands of entitlements is shorter.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Twice what a SKU may have, so that one that was cut is not taken for another.
const MAX_SKU_BYTES: usize = 256;

const MAX_WORD_BYTES: usize = 64;

const ACCESS_TOKEN: HeaderName = HeaderName::from_static("x-amz-access-token");

/// The word that asks for a delivery, and that a report repeats.
const FULFILL: &str = "FULFILL";

/// The Prime Gaming web API.
#[derive(Clone, Debug)]
pub struct PrimeGaming {
    http: Client,
    entitlements_url: Url,
    fulfill_url: Url,
    address: FulfillmentAddress,
}

/// One entitlement, as Amazon lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: EntitlementId,
    /// `VendorProductId` as it came, which may not be a SKU; at most 256 bytes of it.
    pub sku: Option<String>,
    /// What is to be done.
    pub instruction: Instruction,
}

/// Everything that Amazon lists for an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The entitlements, in Amazon's order, each id once.
    pub entitlements: Vec<Listed>,
    /// How many elements had no id that could be read.
    pub broken: usize,
}

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FulfillResult {
    /// Amazon has taken it.
    Success,
    /// Amazon has not: its word, or what was missing.
    NotReported(String),
}

/// Why a call brought nothing, by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The access token is not accepted: try once more, then refresh it.
    #[error("Prime Gaming refused with status {status}")]
    Refused {
        /// 400, 401 or 403.
        status: u16,
    },
    /// Amazon could not be asked, or its answer was lost or unusable: try again later.
    #[error("Prime Gaming is unavailable: {0}")]
    Unavailable(#[from] Unavailable),
}

impl PrimeGaming {
    /// A client of the service that `config` names.
    #[must_use]
    pub fn new(http: Client, config: &PrimeGamingConfig) -> Self {
        Self {
            http,
            entitlements_url: config.entitlements_url.clone(),
            fulfill_url: config.fulfill_url.clone(),
            address: config.fulfillment_address.clone(),
        }
    }

    /// Where a report says that the content went.
    #[must_use]
    pub fn address(&self, player: &PlayerId) -> String {
        self.address.of(player).to_owned()
    }

    /// What the account of this token has claimed, and was not reported yet. A broken element does not
    /// cost the others.
    ///
    /// # Errors
    /// [`CallError`]. An answer that is not a listing is an error, not an empty list.
    pub async fn entitlements(
        &self,
        access_token: &SecretString,
        now: Timestamp,
    ) -> Result<Listing, CallError> {
        let request = self.http.get(self.entitlements_url.clone());
        let answer = self.call(request, access_token, now).await?;
        listing::elements(&answer)
            .map(Listing::read)
            .ok_or_else(|| unavailable("the answer has no list `Entitlements`"))
    }

    /// Reports one delivery to Amazon. The report is sent once more if its connection failed before an
    /// answer, because a second report does no harm.
    ///
    /// # Errors
    /// [`CallError`]. Whether Amazon has taken the report is then not known.
    pub async fn fulfill(
        &self,
        access_token: &SecretString,
        id: &EntitlementId,
        address: &str,
        now: Timestamp,
    ) -> Result<FulfillResult, CallError> {
        let request = self.http.post(self.fulfill_url.clone()).json(&json!({
            "FulfillmentStatusUpdates": [{
                "EntitlementId": id.as_str(),
                "LastInstruction": FULFILL,
                "FulfillmentAddress": address,
            }]
        }));
        let answer = self.call(request, access_token, now).await?;
        Ok(FulfillResult::read(&answer, id))
    }

    async fn call(
        &self,
        request: RequestBuilder,
        access_token: &SecretString,
        now: Timestamp,
    ) -> Result<Value, CallError> {
        let Some((name, value)) = access_token_header(access_token) else {
            return Err(CallError::Refused { status: 401 });
        };
        let answer = async {
            let request = request.header(name, value).build()?;
            // Amazon accepts a report that it has accepted before.
            let repeat = Repeat::Harmless;
            exchange_with(&self.http, request, repeat, CALL_LIMIT, MAX_ANSWER_BYTES).await
        };
        let answer = answer.await.map_err(Unavailable::from)?;
        read(&answer, now)
    }
}

/// The header with the player's access token. `None`: the token can't be sent in a header. Such a token
/// is never stored.
pub(super) fn access_token_header(token: &SecretString) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_str(token.expose_secret()).ok()?;
    value.set_sensitive(true);
    Some((ACCESS_TOKEN, value))
}

fn read(answer: &FullResponse, now: Timestamp) -> Result<Value, CallError> {
    match answer.status {
        200..=299 => serde_json::from_slice(&answer.body)
            // serde_json's own text would quote the answer.
            .map_err(|_| unavailable("the answer is not JSON")),
        status @ (400 | 401 | 403) => Err(CallError::Refused { status }),
        _ => Err(Unavailable::status(answer, now).into()),
    }
}

fn unavailable(cause: &'static str) -> CallError {
    Unavailable::because(cause).into()
}

impl Listing {
    fn read(elements: &[Value]) -> Self {
        let mut listing = Self::default();
        let mut seen = HashSet::new();
        for element in elements {
            let id = element.get("EntitlementId").and_then(Value::as_str);
            let Some(Ok(id)) = id.map(EntitlementId::new) else {
                listing.broken += 1;
                continue;
            };
            if seen.insert(id.clone()) {
                let sku = element.get("VendorProductId").and_then(Value::as_str);
                listing.entitlements.push(Listed {
                    id,
                    sku: sku.map(|sku| bounded(sku, MAX_SKU_BYTES).to_owned()),
                    instruction: instruction(element.get("NextInstruction")),
                });
            }
        }
        listing
    }
}

fn instruction(value: Option<&Value>) -> Instruction {
    let unknown = |word: &str| Instruction::Unknown(bounded(word, MAX_WORD_BYTES).to_owned());
    match value {
        Some(Value::String(word)) if word == FULFILL => Instruction::Fulfill,
        Some(Value::String(word)) if word == "NOOP" => Instruction::Noop,
        Some(Value::String(word)) => unknown(word),
        None | Some(Value::Null) => unknown(""),
        Some(other) => unknown(&other.to_string()),
    }
}

impl FulfillResult {
    fn read(answer: &Value, id: &EntitlementId) -> Self {
        let not_reported = |why: &str| Self::NotReported(why.to_owned());
        let Some(updates) = answer
            .get("FulfillmentStatusUpdates")
            .and_then(Value::as_array)
        else {
            return not_reported("no list `FulfillmentStatusUpdates` in the answer");
        };
        let ours = |update: &&Value| {
            update.get("EntitlementId").and_then(Value::as_str) == Some(id.as_str())
        };
        match updates
            .iter()
            .find(ours)
            .map(|update| update.get("Result").and_then(Value::as_str))
        {
            Some(Some("SUCCESS")) => Self::Success,
            Some(Some(word)) => not_reported(bounded(word, MAX_WORD_BYTES)),
            Some(None) => not_reported("no `Result` in the answer"),
            None => not_reported("the answer does not mention it"),
        }
    }
}

#[cfg(test)]
mod tests;
