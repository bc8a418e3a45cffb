//! A stand-in for the studio's backend: the receiver of the delivery webhook. It gives each
//! `webhook-id` once, remembers every call, and answers as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::{StreamExt, stream};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;

/// One call of the webhook.
#[derive(Clone, Debug)]
pub struct Call {
    /// `webhook-id`.
    pub id: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, to the byte.
    pub body: String,
}

impl Call {
    /// A header's text.
    ///
    /// # Panics
    /// If it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        let value = value.unwrap_or_else(|| panic!("no {name}: {self:?}"));
        value.to_str().expect("text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// What the studio does with one call, instead of giving the content and answering 200.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Gives nothing, and answers so.
    Refuse(StatusCode, Vec<(&'static str, String)>, String),
    /// Gives the content, and its answer is this one.
    AnswerAfter(StatusCode),
    /// Gives the content, and breaks off in its answer of this status.
    Truncated(StatusCode),
    /// Gives the content, and answers after so long.
    Stall(Duration),
}

impl Reply {
    /// Gives nothing and answers with this status.
    ///
    /// # Panics
    /// If it is no status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).expect("a status");
        Self::Refuse(status, Vec::new(), String::new())
    }
}

type Rule = Box<dyn Fn(&Call) -> Option<Reply> + Send>;

#[derive(Default)]
struct Inner {
    calls: Vec<Call>,
    rule: Option<Rule>,
    given: BTreeMap<String, u32>,
    replies: VecDeque<Reply>,
}

/// The studio's backend. Clones are handles of the same one.
#[derive(Clone, Default)]
pub struct Studio(Arc<Mutex<Inner>>);

impl Studio {
    /// Starts one, and gives its webhook's address.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start() -> (Self, String) {
        let studio = Self::default();
        let router = Router::new()
            .route("/deliver", post(receive))
            .with_state(studio.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        (studio, format!("http://{address}/deliver?key=hush-webhook"))
    }

    /// Answers the next calls with these replies, in turn.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.inner().replies.extend(replies);
    }

    /// Answers each call for which no reply is scripted as this rule says, from now on.
    pub fn rule(&self, rule: impl Fn(&Call) -> Option<Reply> + Send + 'static) {
        self.inner().rule = Some(Box::new(rule));
    }

    /// Forgets the scripted answers that were not used.
    pub fn forget_script(&self) {
        self.inner().replies.clear();
    }

    /// Every call so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    /// How often each id's content was given.
    #[must_use]
    pub fn given(&self) -> BTreeMap<String, u32> {
        self.inner().given.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, call: &Call) -> Option<Reply> {
        let mut inner = self.inner();
        inner.calls.push(call.clone());
        let scripted = inner.replies.pop_front();
        let reply = scripted.or_else(|| inner.rule.as_ref().and_then(|rule| rule(call)));
        let gives = !matches!(reply, Some(Reply::Refuse(..)));
        // The idempotency key: what was given is not given again.
        if gives && !inner.given.contains_key(&call.id) {
            inner.given.insert(call.id.clone(), 1);
        }
        reply
    }
}

/// An answer that ends before its end: what was promised never comes.
fn breaking_off(status: StatusCode) -> Response {
    let parts = [Ok(Bytes::from("half of the ")), Err("broken off")];
    let parts = stream::iter(parts).then(|part| async {
        // Gives the server its turn to send what came before.
        tokio::task::yield_now().await;
        part
    });
    let mut response = (status, Body::from_stream(parts)).into_response();
    let length = HeaderValue::from_static("1000");
    response.headers_mut().insert(CONTENT_LENGTH, length);
    response
}

async fn receive(State(studio): State<Studio>, headers: HeaderMap, body: Bytes) -> Response {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let call = Call {
        id: id.unwrap_or_default().to_owned(),
        body: String::from_utf8(body.to_vec()).expect("UTF-8"),
        headers,
    };
    match studio.take(&call) {
        None => StatusCode::OK.into_response(),
        Some(Reply::AnswerAfter(status)) => status.into_response(),
        Some(Reply::Truncated(status)) => breaking_off(status),
        Some(Reply::Stall(time)) => {
            tokio::time::sleep(time).await;
            StatusCode::OK.into_response()
        }
        Some(Reply::Refuse(status, headers, body)) => {
            let mut response = (status, body).into_response();
            for (name, value) in headers {
                let value = value.parse().expect("a header's value");
                response.headers_mut().insert(name, value);
            }
            response
        }
    }
}
