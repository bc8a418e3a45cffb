//! The wrapper around every function's router.

use std::future::Future;
use std::time::Duration;

use http::HeaderValue;
use http::header::HeaderName;
use tracing::Instrument;

use super::answer::ShownCode;
use super::{ApiError, Request, Response};
use crate::clock::Clock;

/// When a caller gets an answer at the latest: well before Lambda ends the function after 28 s, which
/// would answer nothing that a game could read.
const ANSWER_WITHIN: Duration = Duration::from_secs(26);

/// Where a caller finds the id that the log has, too.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Waits for `work` as long as there is time for an answer. The flows keep their own time and end
/// earlier with what is known; this is for a database that makes each of their steps last.
///
/// # Errors
/// Those of `work`; and 503 `unavailable` where it was given up, as a crash would have ended it.
pub async fn in_time(
    work: impl Future<Output = Result<Response, ApiError>>,
) -> Result<Response, ApiError> {
    match tokio::time::timeout(ANSWER_WITHIN, work).await {
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
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use serde_json::Value;

    use super::*;
    use crate::config::StudioConfig;
    use crate::domain::{LinkFailure, Timestamp};
    use crate::http::testing::{body_json, logged, request};
    use crate::http::{Code, Pages};

    /// Serves one request with secrets in every place; returns the answer and the lines logged.
    async fn serve_one(result: Result<Response, ApiError>) -> (Response, Vec<Value>) {
        let times = Mutex::new(0);
        let clock = Clock::from_fn(move || {
            let mut now = times.lock().expect("no test panics with the lock");
            *now += 7;
            Timestamp::from_millis(0) + Duration::from_millis(*now)
        });
        let headers = [("authorization", "Bearer hush"), ("cookie", "a=hush")];
        let request = request("POST", "/link/start?ticket=hush", &headers, "hush");
        let mut response = None;
        let lines = logged(async {
            response = Some(serve(&clock, request, |_| async { result }).await);
        })
        .await;
        let text = Value::from(lines.clone()).to_string();
        assert!(!text.contains("hush"), "{text}");
        (response.expect("an answer"), lines)
    }

    #[tokio::test]
    async fn every_request_is_one_line_with_its_cause() {
        for (error, level) in [
            (ApiError::internal("the disk is full"), "ERROR"),
            (ApiError::unavailable("the disk is full"), "WARN"),
            (ApiError::not_found().because("the disk is full"), "INFO"),
        ] {
            let code = error.code();
            let (response, lines) = serve_one(Err(error)).await;
            assert_eq!(body_json(&response)["request_id"], "req-1");
            assert!(!body_json(&response).to_string().contains("disk"));
            let [line] = lines.as_slice() else {
                panic!("one line: {lines:?}")
            };
            assert_eq!(line["level"], level);
            assert_eq!(line["event"], "request");
            assert_eq!(line["status"], code.status().as_u16());
            assert_eq!(line["code"], code.as_str());
            assert_eq!(line["cause"], "the disk is full");
            assert_eq!(line["duration_ms"], 7);
            assert_eq!(line["span"]["request_id"], "req-1");
            assert_eq!(line["span"]["method"], "POST");
            assert_eq!(line["span"]["path"], "/link/start");
        }
    }

    #[tokio::test]
    async fn a_page_is_logged_with_the_code_that_it_shows() {
        let (studio, request) = (
            StudioConfig::default(),
            request("GET", "/link/start", &[], ""),
        );
        let page = Pages::new(&studio, &request).failure(LinkFailure::WrongBrowser);
        let (response, lines) = serve_one(page).await;
        assert_eq!(response.status(), 403);
        assert_eq!(
            (&lines[0]["status"], &lines[0]["code"]),
            (&403.into(), &"wrong_browser".into())
        );
        let (_, lines) = serve_one(Err(ApiError::new(Code::Forbidden, "no"))).await;
        assert_eq!((lines.len(), &lines[0]["detail"]), (1, &"no".into()));
        assert!(lines[0].get("cause").is_none());
    }
}
