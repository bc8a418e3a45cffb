//! Responses. No cache may store one, and no browser may guess another content type.

use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, LOCATION, SET_COOKIE, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use url::Url;

use super::ApiError;
use crate::api::ErrorCode;

/// A response to API Gateway.
pub type Response = http::Response<String>;

/// Every response with a body begins here.
pub(crate) fn response(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    harden(headers);
    response
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    harden(response.headers_mut());
    response
}

fn harden(headers: &mut http::HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// A response with JSON.
///
/// # Errors
/// 500, if `value` can't be written as JSON.
pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, ApiError> {
    let body = serde_json::to_string(value).map_err(ApiError::internal)?;
    Ok(response(status, "application/json", body))
}

/// 204, without a body.
#[must_use]
pub fn no_content() -> Response {
    empty(StatusCode::NO_CONTENT)
}

/// Sends the browser to `target`; 303 after a form was posted, 302 otherwise.
///
/// # Errors
/// 500, if `target` can't be written into a header. No [`Url`] should cause that.
pub fn redirect(status: StatusCode, target: &Url) -> Result<Response, ApiError> {
    let location = HeaderValue::from_str(target.as_str()).map_err(ApiError::internal)?;
    let mut response = empty(status);
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// The code of a failure that a page or a redirect shows to a browser.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShownCode(pub(super) ErrorCode);

/// `response` with the code that it shows, so that the request's log line names it.
#[must_use]
pub fn with_code(mut response: Response, code: ErrorCode) -> Response {
    response.extensions_mut().insert(ShownCode(code));
    response
}

/// `response` with HSTS: for a year the browser uses only https (RFC 6797).
#[must_use]
pub fn with_hsts(mut response: Response) -> Response {
    let year = HeaderValue::from_static("max-age=31536000");
    response
        .headers_mut()
        .insert(STRICT_TRANSPORT_SECURITY, year);
    response
}

/// `response` with one more cookie.
#[must_use]
pub fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{body_json, header};

    #[test]
    fn responses_are_never_stored_or_sniffed() {
        let target = Url::parse("mygame:linked?status=linked").expect("a URL");
        let responses = [
            json(StatusCode::CREATED, &serde_json::json!({"a": null})).expect("JSON"),
            no_content(),
            redirect(StatusCode::SEE_OTHER, &target).expect("a redirect"),
        ];
        for response in &responses {
            assert_eq!(header(response, "cache-control"), "no-store");
            assert_eq!(header(response, "x-content-type-options"), "nosniff");
        }
        assert_eq!(responses[0].status(), 201);
        assert_eq!(header(&responses[0], "content-type"), "application/json");
        assert_eq!(body_json(&responses[0]), serde_json::json!({"a": null}));
        assert_eq!(responses[1].status(), 204);
        assert_eq!(responses[2].status(), 303);
        assert_eq!(
            header(&responses[2], "location"),
            "mygame:linked?status=linked"
        );
    }
}
