//! A call of the API, and its answer.

use axum::body::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::World;

/// A call that is being put together.
pub struct Call<'w> {
    world: &'w World,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl<'w> Call<'w> {
    pub(crate) fn new(world: &'w World, method: &str, path: &str) -> Self {
        Self {
            world,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With this JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it.
    ///
    /// # Panics
    /// If it is not a request at all.
    pub async fn send(self) -> Answer {
        let mut request = http::Request::builder()
            .method(self.method.as_str())
            .uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        self.world
            .send(&request.body(self.body).expect("a request"))
            .await
    }
}

/// What a handler answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

impl From<prime_gaming::http::Response> for Answer {
    fn from(response: prime_gaming::http::Response) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

impl Answer {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The address that the browser is sent to.
    ///
    /// # Panics
    /// If it is not sent anywhere.
    #[must_use]
    pub fn location(&self) -> &str {
        self.header("location")
            .unwrap_or_else(|| panic!("no location: {self:?}"))
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The JSON of a 200.
    ///
    /// # Panics
    /// If it is another answer.
    #[must_use]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// Asserts that this is a problem with this status and code, and in the promised form; gives
    /// its detail.
    ///
    /// # Panics
    /// If it is another answer.
    pub fn problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self:?}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:prime-gaming:error:{code}"));
        for field in ["title", "detail", "request_id"] {
            assert!(
                problem[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field}"
            );
        }
        problem["detail"].as_str().unwrap_or_default().to_owned()
    }

    /// Asserts that this is a page with this status that shows this code.
    ///
    /// # Panics
    /// If it is another answer.
    pub fn page(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert!(self.body.contains(code), "{code} is not on {}", self.body);
    }
}
