//! The loop around a function, and the wrapper around its router.

use std::convert::Infallible;
use std::future::Future;

use http::HeaderMap;
use http::header::{Entry, HeaderName, HeaderValue, SET_COOKIE};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::{Body, Error, LambdaEvent, lambda_runtime, service_fn};
use serde_json::value::RawValue;
use tracing::Instrument;

use super::response::ShownCode;
use super::{ApiError, Request, Response};
use crate::budget::RESPONSE_LIMIT;
use crate::clock::Clock;

/// Where a caller finds the id that the log has, too.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers the events of an HTTP API (payload format 2.0) with `handle` until the process ends.
///
/// Unlike `lambda_http::run`, it takes the event as text and reads it with
/// [`Request::from_event`], so no event that a caller can bring about ends in a panic or in an
/// error of the runtime. And what `handle` returns need not be `Send`, because one thread does
/// everything.
///
/// # Errors
/// If the Runtime API can't be reached.
pub async fn run<F, Fut>(handle: F) -> Result<(), Error>
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Response>,
{
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let request = Request::from_event(event.payload.get(), &event.context.request_id);
        // Boxed once, because the runtime's layers hand it on by value, and it is large.
        let answer = Box::pin(handle(request));
        async move { Ok::<_, Infallible>(outgoing(answer.await)) }
    }))
    .await
}

/// The response as the gateway takes it: cookies apart from the headers, and each header once.
fn outgoing(response: Response) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut headers = HeaderMap::with_capacity(parts.headers.len());
    let mut cookies = Vec::new();
    for (name, value) in &parts.headers {
        if name == SET_COOKIE {
            cookies.extend(value.to_str().ok().map(ToOwned::to_owned));
            continue;
        }
        match headers.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value.clone());
            }
            Entry::Occupied(mut entry) => {
                let joined = [entry.get().as_bytes(), value.as_bytes()].join(&b", "[..]);
                // Two values of headers make one.
                if let Ok(joined) = HeaderValue::from_bytes(&joined) {
                    entry.insert(joined);
                }
            }
        }
    }
    let mut reply = ApiGatewayV2httpResponse::default();
    reply.status_code = i64::from(parts.status.as_u16());
    reply.headers = headers;
    reply.cookies = cookies;
    reply.body = (!body.is_empty()).then_some(Body::Text(body));
    reply
}

/// Waits for `work` as long as there is time for an answer. The flows keep their own time and end
/// earlier with what is known; this is for a database that makes each of their steps last.
///
/// # Errors
/// Those of `work`; and 503 `unavailable` where it was given up, as a crash would have ended it.
pub async fn in_time(
    work: impl Future<Output = Result<Response, ApiError>>,
) -> Result<Response, ApiError> {
    match tokio::time::timeout(RESPONSE_LIMIT, work).await {
        Ok(result) => result,
        Err(_) => Err(ApiError::unavailable("no time left to finish the request")),
    }
}

/// Answers one request: runs `handle`, turns its error into a problem, and writes one log line
/// about it, inside a span that holds the request's id, so that every other line of this request
/// can be found by it. The line names the cause of a failure; no line holds a query, a header or
/// a body.
///
/// The answer carries the request's id in `x-request-id`.
pub async fn serve<F, Fut>(clock: &Clock, request: Request, handle: F) -> Response
where
    F: FnOnce(Request) -> Fut,
    Fut: Future<Output = Result<Response, ApiError>>,
{
    let started = clock.now();
    let request_id = request.request_id().to_owned();
    let span = tracing::info_span!(
        "request",
        request_id,
        method = request.method(),
        path = %request.route(),
    );
    async {
        let result = handle(request).await;
        // Wider numbers would be logged as text.
        let duration_ms = u64::try_from(clock.now().since(started).as_millis()).unwrap_or(u64::MAX);
        let mut response = match result {
            Ok(response) => {
                let status = response.status().as_u16();
                let code = response.extensions().get().map(|ShownCode(code)| *code);
                tracing::info!(event = "request", status, code, duration_ms);
                response
            }
            Err(error) => {
                log(&error, duration_ms);
                error.into_response(&request_id)
            }
        };
        if let Ok(id) = HeaderValue::try_from(&request_id) {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        response
    }
    .instrument(span)
    .await
}

/// Our own faults are errors; a neighbour that can't be reached is a warning; a caller's fault is
/// nothing that we could mend.
fn log(error: &ApiError, duration_ms: u64) {
    let code = error.code().as_str();
    let status = error.code().status().as_u16();
    let detail = error.detail();
    let cause = error.cause();
    match status {
        500 => {
            tracing::error!(event = "request", status, code, detail, cause, duration_ms);
        }
        501.. => {
            tracing::warn!(event = "request", status, code, detail, cause, duration_ms);
        }
        _ => {
            tracing::info!(event = "request", status, code, detail, cause, duration_ms);
        }
    }
}

#[cfg(test)]
mod tests;
