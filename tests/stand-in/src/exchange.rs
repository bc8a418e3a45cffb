//! One request to Amazon and its answer: faults, work, sending.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde_json::{Value, json};
use std::io;

use crate::faults::{Endpoint, Fault};
use crate::input::Input;
use crate::secrets;
use crate::state::{Data, Hosts, Shared};

/// Marks an answer that must not be sent: the server closes the connection instead.
#[derive(Clone, Copy)]
pub(crate) struct CloseConnection;

/// What a handler gets.
pub(crate) struct Ask<'a> {
    pub(crate) input: &'a Input,
    pub(crate) hosts: &'a Hosts,
    /// A fault that the handler itself must play: an OAuth error on the consent page, or
    /// something about the items of a report.
    pub(crate) fault: Option<&'a Fault>,
    /// The effect must happen although the client won't hear of it.
    pub(crate) answer_lost: bool,
}

/// An answer before faults.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: String) -> Self {
        Reply {
            status,
            content_type,
            headers: vec![(CACHE_CONTROL, "no-store".to_owned())],
            body,
        }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Reply::new(status, "application/json;charset=UTF-8", body.to_string())
    }

    pub(crate) fn page(status: StatusCode, body: String) -> Self {
        Reply::new(status, "text/html; charset=utf-8", body)
    }

    pub(crate) fn redirect(status: StatusCode, to: String) -> Self {
        let mut reply = Reply::page(status, String::new());
        reply.headers.push((LOCATION, to));
        reply
    }

    /// An error as Login with Amazon words it.
    pub(crate) fn error(error: &str, description: &str) -> Self {
        let status = match error {
            "invalid_client" | "insufficient_scope" => StatusCode::UNAUTHORIZED,
            "ServerError" | "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Reply::json(
            status,
            &json!({
                "error": error,
                "error_description": description,
                "request_id": secrets::uuid(),
            }),
        )
    }

    fn into_response(self, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in self.headers {
            // Everything here was checked when it came in; what can't be a header is left out.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }

    pub(crate) fn send(mut self) -> Response {
        let body = Body::from(std::mem::take(&mut self.body));
        self.into_response(body)
    }

    /// Promises the whole body and breaks off in its middle.
    fn send_half(self) -> Response {
        let half = Bytes::copy_from_slice(&self.body.as_bytes()[..self.body.len() / 2]);
        let length = self.body.len();
        let parts = stream::unfold(Some(half), |half| async move {
            match half {
                Some(half) => Some((Ok(half), None)),
                None => {
                    // Gives the server its turn to put the first half on the wire.
                    tokio::task::yield_now().await;
                    Some((Err(io::Error::other("broken off on request")), None))
                }
            }
        });
        let mut response = self.into_response(Body::from_stream(parts));
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
        response
    }
}

/// Serves one request to `endpoint`: takes the next fault, does the work unless the fault forbids
/// it, and answers, or not.
pub(crate) async fn serve(
    state: Shared,
    endpoint: Endpoint,
    request: Request,
    work: fn(&mut Data, &Ask<'_>) -> Reply,
) -> Response {
    let Ok(input) = Input::read(request).await else {
        state.change(|data| data.violation(endpoint, "the body is too long or broke off"));
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let (call, fault) = state.change(|data| {
        (
            input.called(data, endpoint),
            data.faults.take(endpoint).map(Fault::peel),
        )
    });
    let (fault, after_effect) = match fault {
        Some((fault, after_effect)) => (Some(fault), after_effect),
        None => (None, false),
    };
    if let (Some(Fault::Stall(silence)), false) = (&fault, after_effect) {
        tokio::time::sleep(*silence).await;
    }
    let ask = Ask {
        input: &input,
        hosts: &state.hosts,
        fault: fault.as_ref(),
        answer_lost: after_effect,
    };
    let in_work = match &fault {
        None | Some(Fault::Stall(_) | Fault::ItemResult(_) | Fault::MissingItem) => true,
        Some(Fault::OAuthError { .. }) => endpoint == Endpoint::Authorize,
        Some(_) => false,
    };
    let reply = (in_work || after_effect).then(|| state.change(|data| work(data, &ask)));
    if let (Some(Fault::Stall(silence)), true) = (&fault, after_effect) {
        tokio::time::sleep(*silence).await;
    }
    let response = match (fault, reply) {
        (Some(fault), reply) if !in_work => broken(fault, reply),
        (_, Some(reply)) => reply.send(),
        // Not reached: without a fault of its own making there is a reply.
        (_, None) => closed(),
    };
    let status = response
        .extensions()
        .get::<CloseConnection>()
        .is_none()
        .then(|| response.status().as_u16());
    state.change(|data| data.answered(call, status));
    response
}

/// An answer that goes wrong, in place of `reply`, which is there when the work was done.
fn broken(fault: Fault, reply: Option<Reply>) -> Response {
    match fault {
        Fault::Status {
            status,
            body,
            retry_after,
        } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut reply = Reply::new(status, "application/json", body);
            if let Some(seconds) = retry_after {
                reply.headers.push((RETRY_AFTER, seconds.to_string()));
            }
            reply.send()
        }
        Fault::OAuthError { error, description } => Reply::error(&error, &description).send(),
        Fault::Truncated => reply
            .unwrap_or_else(|| {
                Reply::json(
                    StatusCode::OK,
                    &json!({"broken": "off in the middle of this text"}),
                )
            })
            .send_half(),
        Fault::Huge(bytes) => huge(bytes),
        Fault::NotJson => {
            let page = "<!DOCTYPE html><title>Sorry</title><p>Something went wrong on our end.";
            Reply::page(StatusCode::OK, page.to_owned()).send()
        }
        // The others are played before the answer; what is left is a lost connection.
        _ => closed(),
    }
}

fn closed() -> Response {
    let mut response = StatusCode::BAD_GATEWAY.into_response();
    response.extensions_mut().insert(CloseConnection);
    response
}

/// A JSON object of about `bytes` bytes, made piece by piece.
fn huge(bytes: u64) -> Response {
    const PIECE: u64 = 64 * 1024;
    let filler = Bytes::from(vec![b'a'; 64 * 1024]);
    let pieces = (0..bytes.div_ceil(PIECE)).map(move |_| filler.clone());
    let whole = std::iter::once(Bytes::from_static(b"{\"filler\":\""))
        .chain(pieces)
        .chain(std::iter::once(Bytes::from_static(b"\"}")))
        .map(Ok::<_, io::Error>);
    Reply::json(StatusCode::OK, &Value::Null).into_response(Body::from_stream(stream::iter(whole)))
}
