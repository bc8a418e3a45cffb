//! An error: what the caller gets, and what the log gets.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use super::response::{Response, response};
use crate::api::{ErrorCode, Problem};
use crate::net::chain;
use crate::store::StoreError;

/// A private cause: any error, or a sentence.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An error as the caller gets it, and its cause as the log gets it.
#[derive(Debug)]
pub struct ApiError {
    code: ErrorCode,
    detail: String,
    retry_after: Option<Duration>,
    token_was_sent: bool,
    cause: Option<BoxError>,
    page: Option<Box<Response>>,
}

impl ApiError {
    /// An error whose `detail` tells the game's developer what is wrong and what would be right.
    /// The caller sees the detail, so it must hold nothing internal.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after: code.retry_after(),
            token_was_sent: false,
            cause: None,
            page: None,
        }
    }

    /// 400: body, field, query or header not as described; `detail` names it.
    #[must_use]
    pub fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, detail)
    }

    /// 401: the request has no token.
    #[must_use]
    pub fn missing_token(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidToken, detail)
    }

    /// 401: the token is not acceptable.
    #[must_use]
    pub fn invalid_token(detail: impl Into<String>) -> Self {
        Self {
            token_was_sent: true,
            ..Self::new(ErrorCode::InvalidToken, detail)
        }
    }

    /// 403: the caller may not act for that player, or not on this route.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, detail)
    }

    /// 404: no such route, with this method.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            ErrorCode::NotFound,
            "there is no such route; see the list of routes, and the method",
        )
    }

    /// 500: our fault.
    #[must_use]
    pub fn internal(cause: impl Into<BoxError>) -> Self {
        Self::new(
            ErrorCode::Internal,
            "this is our fault; name the request_id when you report it",
        )
        .because(cause)
    }

    /// 503: our database or the key set can't be reached.
    #[must_use]
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self::new(
            ErrorCode::Unavailable,
            "try again later, after the seconds in Retry-After",
        )
        .because(cause)
    }

    /// With a private cause: logged, never shown.
    #[must_use]
    pub fn because(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// With the time after which trying again makes sense; rounded up to whole seconds.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// With a page that is sent instead of the problem, because a person reads it.
    #[must_use]
    pub(crate) fn shown_as(mut self, page: Response) -> Self {
        self.page = Some(Box::new(page));
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What the caller is told.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The row that this version can't read, where that is the cause.
    pub(super) fn unreadable_row(&self) -> Option<&StoreError> {
        let cause = self.cause.as_deref()?.downcast_ref::<StoreError>()?;
        matches!(cause, StoreError::Corrupt { .. }).then_some(cause)
    }

    /// What the log is told: the cause and all its causes in one line.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        self.cause.as_deref().map(|cause| chain(cause))
    }

    /// The response: `application/problem+json`, or the page that was made of it.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response {
        let retry_after = self.retry_after;
        let mut response = match self.page {
            Some(page) => *page,
            None => self.problem(request_id),
        };
        if let Some(wait) = retry_after {
            let wait = HeaderValue::from(whole_seconds(wait));
            response.headers_mut().insert(RETRY_AFTER, wait);
        }
        response
    }

    fn problem(&self, request_id: &str) -> Response {
        let status = self.code.status();
        let problem = Problem::new(self.code, &self.detail, request_id);
        let body = serde_json::to_string(&problem).unwrap_or_default();
        let mut response = response(status, "application/problem+json", body);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = if self.token_was_sent {
                "Bearer error=\"invalid_token\""
            } else {
                "Bearer"
            };
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// For logs: the code and the detail.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause
            .as_deref()
            .map(|cause| cause as &(dyn Error + 'static))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } | StoreError::Contended { .. } => {
                Self::unavailable(error)
            }
            StoreError::Corrupt { .. } => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::http::testing::{body_json, header};

    #[test]
    fn an_error_is_a_problem_with_a_code_and_hides_its_cause() {
        let response = ApiError::internal("table links-1 is gone").into_response("req-1");
        assert_eq!(response.status(), 500);
        assert_eq!(
            header(&response, "content-type"),
            "application/problem+json"
        );
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(
            body_json(&response),
            json!({
                "type": "urn:prime-gaming:error:internal",
                "title": "Something went wrong on our side",
                "status": 500,
                "detail": "this is our fault; name the request_id when you report it",
                "code": "internal",
                "request_id": "req-1",
            })
        );
    }

    #[test]
    fn a_401_names_the_scheme_and_says_whether_the_token_was_wrong() {
        let missing = ApiError::missing_token("send one").into_response("r");
        assert_eq!(header(&missing, "www-authenticate"), "Bearer");
        let invalid = ApiError::invalid_token("expired").into_response("r");
        assert_eq!(
            header(&invalid, "www-authenticate"),
            "Bearer error=\"invalid_token\""
        );
    }

    #[test]
    fn every_429_and_503_says_when_to_come_back() {
        for code in ErrorCode::ALL {
            let response = ApiError::new(code, "x").into_response("r");
            let expected = matches!(response.status().as_u16(), 429 | 503);
            assert_eq!(
                response.headers().contains_key(RETRY_AFTER),
                expected,
                "{code:?}"
            );
        }
        let soon = ApiError::unavailable("x").retry_after(Duration::from_millis(1500));
        assert_eq!(header(&soon.into_response("r"), "retry-after"), "2");
        let now = ApiError::unavailable("x").retry_after(Duration::ZERO);
        assert_eq!(header(&now.into_response("r"), "retry-after"), "1");
    }

    #[test]
    fn a_detail_with_any_text_stays_json() {
        let response = ApiError::invalid_request("\"\u{0}\n</script>").into_response("r");
        assert_eq!(
            body_json(&response)["detail"],
            Value::from("\"\u{0}\n</script>")
        );
    }
}
