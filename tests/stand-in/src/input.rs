//! A request as it came, and its entry in the books.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use serde_json::{Map, Value};

use crate::faults::Endpoint;
use crate::model::shown;
use crate::state::Data;

const MAX_BODY: usize = 1024 * 1024;

/// Query or form parameters in the order they came.
#[derive(Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Params(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(crate) fn from_iter<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Params(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// The first value of this name; an empty one counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }

    /// A name that comes more than once.
    pub(crate) fn doubled(&self) -> Option<&str> {
        self.0
            .iter()
            .enumerate()
            .find(|(at, (name, _))| self.0[..*at].iter().any(|(earlier, _)| earlier == name))
            .map(|(_, (name, _))| name.as_str())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn record(&self) -> Value {
        self.iter()
            .map(|(name, value)| (name.to_owned(), Value::from(shown(name, value))))
            .collect::<Map<_, _>>()
            .into()
    }
}

/// A request as it came.
pub(crate) struct Input {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Params,
    pub(crate) body: Bytes,
}

impl Input {
    /// A plain `GET` that never was on a wire.
    pub(crate) fn get(query: Params) -> Self {
        Input {
            method: Method::GET,
            headers: HeaderMap::new(),
            query,
            body: Bytes::new(),
        }
    }

    pub(crate) async fn read(request: Request) -> Result<Self, axum::Error> {
        let (head, body) = request.into_parts();
        Ok(Input {
            method: head.method,
            headers: head.headers,
            query: Params::parse(head.uri.query().unwrap_or_default().as_bytes()),
            body: axum::body::to_bytes(body, MAX_BODY).await?,
        })
    }

    /// A header that comes exactly once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        if values.next().is_some() {
            return None;
        }
        first.to_str().ok()
    }

    /// Whether the content type is `wanted`, whatever its parameters.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        self.header("content-type").is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case(wanted)
        })
    }

    pub(crate) fn is_form(&self) -> bool {
        self.is("application/x-www-form-urlencoded")
    }

    /// The access token that a Prime Gaming call or a profile request carries.
    pub(crate) fn access_token(&self) -> Option<&str> {
        self.header("x-amz-access-token").or_else(|| {
            let (scheme, token) = self.header("authorization")?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token)
        })
    }

    fn record(&self, data: &Data) -> Value {
        let mut record = Map::new();
        if !self.query.is_empty() {
            record.insert("query".to_owned(), self.query.record());
        }
        let form = if self.is_form() {
            Params::parse(&self.body)
        } else {
            Params::default()
        };
        if !form.is_empty() {
            record.insert("form".to_owned(), form.record());
        } else if !self.body.is_empty() {
            let body = serde_json::from_slice(&self.body)
                .unwrap_or_else(|_| Value::from(format!("{} bytes, not JSON", self.body.len())));
            record.insert("body".to_owned(), body);
        }
        let headers: Map<_, _> = [
            "authorization",
            "content-type",
            "referer",
            "x-amz-access-token",
        ]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), shown(name, self.header(name)?).into())))
        .collect();
        if !headers.is_empty() {
            record.insert("headers".to_owned(), headers.into());
        }
        let account = self
            .access_token()
            .or_else(|| self.query.get("access_token"))
            .and_then(|token| Some(&data.access.get(token)?.account))
            .or_else(|| Some(&data.refresh.get(form.get("refresh_token")?)?.account))
            .or_else(|| Some(&data.codes.get(form.get("code")?)?.account));
        if let Some(account) = account {
            record.insert("account".to_owned(), account.clone().into());
        }
        record.into()
    }

    /// Notes the request in the books and returns its number there.
    pub(crate) fn called(&self, data: &mut Data, endpoint: Endpoint) -> u64 {
        if self.is_form()
            && let Some(verifier) = Params::parse(&self.body).get("code_verifier")
        {
            data.secret(verifier);
        }
        let record = self.record(data);
        data.called(endpoint, self.method.as_str(), record)
    }
}
