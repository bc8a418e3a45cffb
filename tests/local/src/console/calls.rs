//! The game's calls to the API.

use reqwest::Method;
use serde_json::Value;

use super::routes::HEADER;
use crate::{Error, json, unanswered};

/// Where a game confirms.
pub(super) const CONFIRM: &str = "/v1/fulfillments";

/// The gateway gives up at 30 seconds, and its answer has to arrive.
const ANSWER_WITHIN: std::time::Duration = std::time::Duration::from_secs(35);

/// How many pages of a history are read at most.
const MOST_PAGES: usize = 50;

/// An answer of the API.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `null` where it is no JSON.
    pub(super) body: Value,
}

impl Answer {
    /// What it says if it is no success: the status, and the code of the problem.
    pub(super) fn problem(&self) -> String {
        match self.body["code"].as_str() {
            Some(code) => format!("{} `{code}`", self.status),
            None => self.status.to_string(),
        }
    }
}

/// The API, as a player's game calls it.
pub(super) struct Api<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) base_url: &'a str,
    pub(super) token: String,
}

impl Api<'_> {
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, Error> {
        let url = format!("{}{path}", self.base_url);
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        request = request.header(HEADER.0, HEADER.1);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.timeout(ANSWER_WITHIN).send().await;
        let answer = answer.map_err(unanswered)?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(unanswered)?;
        Ok(Answer {
            status,
            body: json::read(text.as_bytes()).unwrap_or_default(),
        })
    }

    /// The ids of the player's held entitlements. `None`: the history was not answered.
    pub(super) async fn held(&self) -> Result<Option<Vec<String>>, Error> {
        let mut held = Vec::new();
        let mut path = "/v1/entitlements?status=held&limit=100".to_owned();
        for _ in 0..MOST_PAGES {
            let page = self.call(Method::GET, &path, None).await?;
            if page.status != 200 {
                return Ok(None);
            }
            held.extend(ids(&page.body, |_| true));
            let Some(cursor) = page.body["next_cursor"].as_str() else {
                return Ok(Some(held));
            };
            path = format!("/v1/entitlements?status=held&limit=100&cursor={cursor}");
        }
        Ok(None)
    }
}

/// The ids of the entitlements in a body whose status is so.
pub(super) fn ids(body: &Value, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let listed = body["entitlements"].as_array().into_iter().flatten();
    let wanted = listed.filter(|it| it["status"].as_str().is_some_and(&wanted));
    let ids = wanted.filter_map(|it| it["entitlement_id"].as_str());
    ids.map(ToOwned::to_owned).collect()
}

/// What became of a call that did not succeed.
pub(super) fn failure(what: &str, outcome: Result<Answer, Error>) -> String {
    match outcome {
        Ok(answer) => format!("{what} was answered {}.", answer.problem()),
        Err(error) => format!("{what} was not answered: {error}."),
    }
}
