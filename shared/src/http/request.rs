//! A request as the functions see it. Any event makes one. A faulty part becomes an error only
//! where it is used, and the error names the part.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName};
use serde::de::DeserializeOwned;
use url::{Url, form_urlencoded};

use super::{ApiError, body, route};
use crate::api::ErrorCode;
use crate::domain::Timestamp;
use crate::trace;

/// The longest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 65_536;

/// The names and values of a query or a form, in the order they were sent.
#[derive(Clone, Debug, Default)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub(super) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The one value of `name`; `None` where there is none.
    ///
    /// # Errors
    /// 400 for a repeated name, against HTTP parameter pollution: two programs that read the same
    /// query must not read two values.
    pub fn one(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self
            .0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (first, None) => Ok(first.map(String::as_str)),
            (_, Some(_)) => Err(ApiError::invalid_request(format!(
                "`{name}` is given more than once"
            ))),
        }
    }
}

/// One request.
pub struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) route_key: Option<&'static str>,
    pub(super) id: Option<String>,
    pub(super) query: Pairs,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) request_id: String,
    pub(super) domain_name: Option<String>,
    pub(super) received_at: Option<Timestamp>,
}

/// Only what may be logged. A query, a header or a body can hold a secret.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("route", &self.route())
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// `path` for the log. An id in it may be a secret, and is longer than any word of our routes.
fn without_ids(path: &str) -> String {
    const LONGEST_WORD: usize = 24;
    let parts = path.split('/').map(|part| {
        if part.len() > LONGEST_WORD {
            "{id}"
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

impl Request {
    /// The method, for logs; `-` for one that HTTP does not define.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// Which of [`ROUTES`](super::ROUTES) this is, like `POST /v1/link/devices/{id}`; `None` for
    /// any other.
    #[must_use]
    pub fn route_key(&self) -> Option<&'static str> {
        self.route_key
    }

    /// The variable part of the path, on a route that has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether the route is for browsers, which get pages, and not for programs.
    #[must_use]
    pub fn is_for_browsers(&self) -> bool {
        let path = self
            .route_key
            .and_then(route::path_of)
            .unwrap_or(&self.path);
        path == "/link" || path.starts_with("/link/")
    }

    /// The route for logs, like `/v1/link/devices/{id}`. For an unknown route it is the path, with a
    /// placeholder for what looks like an id.
    #[must_use]
    pub fn route(&self) -> Cow<'_, str> {
        match self.route_key.and_then(route::path_of) {
            Some(path) => Cow::Borrowed(path),
            None => Cow::Owned(without_ids(&self.path)),
        }
    }

    /// The gateway's id of this request.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The id of the trace that this request belongs to; `None` where the gateway's header has
    /// another form than X-Ray's.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        const X_AMZN_TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
        self.header(&X_AMZN_TRACE_ID).and_then(trace::trace_id)
    }

    /// When the gateway received this request; `None` where it does not say so.
    #[must_use]
    pub fn received_at(&self) -> Option<Timestamp> {
        self.received_at
    }

    /// The one value of `name` in the query.
    ///
    /// # Errors
    /// 400 where `name` is given more than once.
    pub fn query_one(&self, name: &str) -> Result<Option<&str>, ApiError> {
        self.query.one(name)
    }

    /// The body as JSON; an empty body counts as `{}`, unknown fields are ignored.
    ///
    /// # Errors
    /// 413 over [`MAX_BODY_BYTES`]; 400 where the body is not the object that `T` describes. The
    /// error names the field and repeats no value.
    pub fn json_body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        body::parse(self.bounded_body()?)
    }

    /// The form in the body.
    ///
    /// # Errors
    /// 413 over [`MAX_BODY_BYTES`]; 400 where the body is not a form.
    pub fn form(&self) -> Result<Pairs, ApiError> {
        let body = self.bounded_body()?;
        let media_type = self.header(&CONTENT_TYPE).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(Pairs::parse(body))
        } else {
            Err(ApiError::invalid_request(
                "the body must be a form: application/x-www-form-urlencoded",
            ))
        }
    }

    fn bounded_body(&self) -> Result<&[u8], ApiError> {
        if self.body.len() > MAX_BODY_BYTES {
            let detail = format!("the body must be at most {MAX_BODY_BYTES} bytes");
            return Err(ApiError::new(ErrorCode::PayloadTooLarge, detail));
        }
        Ok(&self.body)
    }

    /// The one value of a header; `None` where there is none, more than one, or not printable ASCII.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// The value of a cookie. Of several with one name it is the first, which has the most specific
    /// path.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(COOKIE)
            .iter()
            // Another program's cookie that is not text must not cost ours.
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The token in `Authorization: Bearer …`.
    ///
    /// # Errors
    /// 401 where there is no such header, more than one (the gateway joins them by commas), or
    /// another scheme.
    pub fn bearer_token(&self) -> Result<&str, ApiError> {
        const WANTED: &str = "send the player's token once, as `Authorization: Bearer <JWT>`";
        if !self.headers.contains_key(AUTHORIZATION) {
            return Err(ApiError::missing_token(WANTED));
        }
        self.header(&AUTHORIZATION)
            .and_then(|value| value.trim().split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| {
                // The alphabet of RFC 6750; a comma or a space means more than one token.
                !token.is_empty()
                    && token
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b))
            })
            .ok_or_else(|| ApiError::invalid_token(WANTED))
    }

    /// The address that browsers see: `configured`, or else https and the gateway's domain name.
    /// Never the `Host` header, because the caller chooses it.
    ///
    /// # Errors
    /// 500 where there is neither.
    pub fn base_url(&self, configured: Option<&Url>) -> Result<Url, ApiError> {
        if let Some(url) = configured {
            return Ok(url.clone());
        }
        self.domain_name
            .as_deref()
            .and_then(|domain| Url::parse(&format!("https://{domain}/")).ok())
            .ok_or_else(|| {
                ApiError::internal(
                    "PUBLIC_BASE_URL is not set and the gateway gives no domain name",
                )
            })
    }
}

#[cfg(test)]
mod tests;
