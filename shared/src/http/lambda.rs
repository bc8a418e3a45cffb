//! The loop around a function, and the wrapper around its router.

use std::convert::{Infallible, identity};
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
use crate::signals::event;

/// Where a caller finds the request's id, which the log has, too.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The loop around a function: answers the events of an HTTP API (payload format 2.0) with `handle`
/// until the process ends.
///
/// Unlike `lambda_http::run`, it takes the event as text and reads it with
/// [`Request::from_event`], so no event that a caller can cause ends in a panic or in an error of
/// the runtime. And the future of `handle` need not be `Send`, because one thread does everything.
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
        // Boxed once: it is large, and each of the runtime's layers would move it.
        let response = Box::pin(handle(request));
        async move { Ok::<_, Infallible>(outgoing(response.await)) }
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
                // Two header values, joined, are a header value.
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

/// Responds to one request with the result of `work`, the function's router. An error becomes a
/// problem.
///
/// Work that takes too long is given up, with 503 `unavailable`: a crash would have ended it in the
/// same way. The flows keep their own time and end earlier with what is known; this limit is for a
/// database that makes each of their steps slow.
///
/// One log line tells how the request ended, and names the cause of a failure. It is inside a span
/// with the request's id and the trace id, so all lines of one request can be found. No line holds
/// a query, a header or a body. The response carries the id in `x-request-id`.
///
/// A router's future has up to 70 kB. Box it, so that it is not copied into the futures around it.
pub async fn serve(
    clock: &Clock,
    request: &Request,
    work: impl Future<Output = Result<Response, ApiError>>,
) -> Response {
    serve_with(clock, request, work, identity).await
}

/// The same, where `explain` makes the response of an error, a page for example.
pub async fn serve_with(
    clock: &Clock,
    request: &Request,
    work: impl Future<Output = Result<Response, ApiError>>,
    explain: impl FnOnce(ApiError) -> ApiError,
) -> Response {
    let started = clock.now();
    let request_id = request.request_id();
    let span = tracing::info_span!(
        "request",
        request_id,
        trace_id = request.trace_id(),
        method = request.method(),
        path = %request.route(),
    );
    async {
        let result = tokio::time::timeout(RESPONSE_LIMIT, work)
            .await
            .unwrap_or_else(|_| Err(ApiError::unavailable("no time left to finish the request")));
        // A wider number would be logged as text.
        let duration_ms = u64::try_from(clock.now().since(started).as_millis()).unwrap_or(u64::MAX);
        let mut response = match result {
            Ok(response) => {
                let status = response.status().as_u16();
                let code = response.extensions().get();
                let code = code.map(|ShownCode(code)| code.as_str());
                tracing::info!(event = event::REQUEST, status, code, duration_ms);
                response
            }
            Err(error) => {
                if let Some(error) = error.unreadable_row() {
                    tracing::error!(event = event::UNREADABLE_ROW, %error);
                }
                log(&error, duration_ms);
                explain(error).into_response(request_id)
            }
        };
        if let Ok(id) = HeaderValue::try_from(request_id) {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        response
    }
    .instrument(span)
    .await
}

/// A fault of ours is an error. A service that can't be reached is a warning. A caller's fault is
/// neither: we can't mend it.
fn log(error: &ApiError, duration_ms: u64) {
    let code = error.code().as_str();
    let status = error.code().status().as_u16();
    let detail = error.detail();
    let cause = error.cause();
    // The level must be a constant, so each has a call of its own.
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                event = event::REQUEST,
                status,
                code,
                detail,
                cause,
                duration_ms
            )
        };
    }
    match status {
        500 => line!(error),
        501.. => line!(warn),
        _ => line!(info),
    }
}

#[cfg(test)]
mod tests;
