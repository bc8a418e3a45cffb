//! The game's calls.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::{Error, unanswered};

/// The gateway gives up at 30 seconds, and its answer has to arrive.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(35);

/// The API of a deployment, as one player's game calls it. It remembers the ids of its requests.
pub struct Api {
    http: reqwest::Client,
    base: Url,
    token: String,
    requests: Vec<String>,
}

impl Api {
    /// `token`: the player's, a JWT. It is never shown.
    #[must_use]
    pub fn new(base: Url, token: String) -> Self {
        Self {
            http: crate::http_client(),
            base,
            token,
            requests: Vec::new(),
        }
    }

    /// The ids of the requests since the last call of this.
    pub(super) fn requests(&mut self) -> Vec<String> {
        std::mem::take(&mut self.requests)
    }

    /// Waiting makes many requests that say the same; only the last one is worth a line.
    pub(super) fn forget_last(&mut self) {
        self.requests.pop();
    }

    /// Starts linking, and gives the address to open.
    pub(super) async fn start_linking(&mut self) -> Result<Url, Error> {
        let session = self
            .call(201, Method::POST, "/v1/link/sessions", Some(json!({})))
            .await?;
        let start = session["start_url"].as_str().unwrap_or_default();
        Ok(Url::parse(start)?)
    }

    /// The link's status.
    pub(super) async fn link_status(&mut self) -> Result<String, Error> {
        let link = self.call(200, Method::GET, "/v1/link", None).await?;
        Ok(link["status"].as_str().unwrap_or_default().to_owned())
    }

    /// Unlinks.
    pub(super) async fn unlink(&mut self) -> Result<(), Error> {
        self.call(204, Method::DELETE, "/v1/link", None).await?;
        Ok(())
    }

    /// Asks for the player's entitlements.
    pub(super) async fn check(&mut self) -> Result<Value, Error> {
        self.call(200, Method::POST, "/v1/entitlements/check", Some(json!({})))
            .await
    }

    /// The newest entitlements of the player.
    pub(super) async fn history(&mut self) -> Result<Vec<Value>, Error> {
        let history = self
            .call(200, Method::GET, "/v1/entitlements", None)
            .await?;
        Ok(history["entitlements"]
            .as_array()
            .cloned()
            .unwrap_or_default())
    }

    /// Says that the player has this.
    pub(super) async fn confirm(&mut self, id: &str) -> Result<(), Error> {
        let body = json!({ "entitlement_ids": [id] });
        self.call(200, Method::POST, "/v1/fulfillments", Some(body))
            .await?;
        Ok(())
    }

    async fn call(
        &mut self,
        status: u16,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        // A base path of the API stays.
        let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let what = format!("{method} {path}");
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.timeout(TIMEOUT).send().await;
        let response = response.map_err(unanswered)?;
        let id = response.headers().get("x-request-id");
        let id = id
            .and_then(|id| id.to_str().ok())
            .unwrap_or("without an id");
        self.requests.push(id.to_owned());
        let got = response.status().as_u16();
        let text = response.text().await.map_err(unanswered)?;
        if got != status {
            // A problem names its code and has no secret.
            return Err(format!("{what} was answered {got}, not {status}: {text}").into());
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        Ok(crate::json::read(text.as_bytes())?)
    }
}
