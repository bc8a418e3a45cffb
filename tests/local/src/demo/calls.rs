//! Single calls: of the game to the API, and of the story to the stand-in.

use reqwest::Method;
use serde_json::Value;

use super::browser::{Page, TIMEOUT};
use super::story::Story;
use super::{Failure, failed, must};
use crate::{Error, json, unanswered};

impl Story {
    /// A call of the game: its status must be `status`, its JSON is returned.
    pub(super) async fn call(
        &self,
        step: &'static str,
        status: u16,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let expected = format!("{status} and JSON");
        let url = self.api.join(path).map_err(failed(step, &expected))?;
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let (got, text) = send(request).await.map_err(failed(step, &expected))?;
        must(
            got == status,
            step,
            expected.as_str(),
            format!("{got} {text}"),
        )?;
        match text.as_str() {
            "" => Ok(Value::Null),
            text => json::read(text.as_bytes()).map_err(failed(step, &expected)),
        }
    }

    pub(super) async fn ask_amazon(
        &self,
        step: &'static str,
        path: &str,
    ) -> Result<Value, Failure> {
        let url = self.amazon.join(path).map_err(failed(step, "an answer"))?;
        let (_, text) = send(self.http.get(url))
            .await
            .map_err(failed(step, "an answer"))?;
        serde_json::from_str(&text).map_err(failed(step, "JSON"))
    }

    pub(super) async fn follow(
        &mut self,
        page: &Page,
        step: &'static str,
    ) -> Result<Page, Failure> {
        let to = page.location.as_ref().unwrap_or(&page.url);
        self.browser.open(to).await.map_err(failed(step, "a page"))
    }
}

async fn send(request: reqwest::RequestBuilder) -> Result<(u16, String), Error> {
    let response = request.timeout(TIMEOUT).send().await;
    let response = response.map_err(unanswered)?;
    let status = response.status().as_u16();
    Ok((status, response.text().await.map_err(unanswered)?))
}
