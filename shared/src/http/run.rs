//! The loop around a function: takes events from the Lambda Runtime API, answers each.

use std::convert::Infallible;
use std::fmt::Write;
use std::future::Future;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{HOST, HeaderName, HeaderValue, SET_COOKIE};
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Error, LambdaEvent, lambda_runtime, service_fn};

use super::Response;

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Answers the events of an HTTP API (payload format 2.0) with `handle` until the process ends.
///
/// Like `lambda_http::run`, with two differences. No event that a caller can bring about ends in
/// a panic before `handle` sees it, which the caller would see as a 500: `lambda_http` builds a URI
/// out of the query and of two headers, and insists that they make one. And what `handle` returns
/// need not be `Send`, because one thread does everything.
///
/// # Errors
/// If the Runtime API can't be reached.
pub async fn run<F, Fut>(handle: F) -> Result<(), Error>
where
    F: Fn(lambda_http::Request) -> Fut,
    Fut: Future<Output = Response>,
{
    lambda_runtime::run(service_fn(|event: LambdaEvent<ApiGatewayV2httpRequest>| {
        // Boxed once, because the runtime's layers hand it on by value, and it is large.
        let answer = Box::pin(handle(incoming(event.payload)));
        async move { Ok::<_, Infallible>(outgoing(answer.await)) }
    }))
    .await
}

/// The request in an event, made such that a URI and a body can be built of it. Our own code uses
/// neither of the two headers.
#[must_use]
pub fn incoming(mut event: ApiGatewayV2httpRequest) -> lambda_http::Request {
    // One that can't stand in a header would cost all of them.
    if let Some(cookies) = &mut event.cookies {
        cookies.retain(|cookie| HeaderValue::from_str(cookie).is_ok());
    }
    // A body that says it is base64 and is not would end in a panic.
    if event.is_base64_encoded {
        let is_base64 = |body: &String| STANDARD.decode(body).is_ok();
        event.is_base64_encoded = event.body.as_ref().is_some_and(is_base64);
    }
    event.headers.remove(HOST);
    event.headers.remove(X_FORWARDED_PROTO);
    event.raw_query_string = event.raw_query_string.as_deref().map(escaped);
    LambdaRequest::ApiGatewayV2(event).into()
}

/// The answer as the gateway takes it: cookies apart from the headers.
fn outgoing(response: Response) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut headers = parts.headers;
    let cookies = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|cookie| cookie.to_str().ok().map(ToOwned::to_owned))
        .collect();
    headers.remove(SET_COOKIE);
    let mut event = ApiGatewayV2httpResponse::default();
    event.status_code = i64::from(parts.status.as_u16());
    event.headers = headers;
    event.cookies = cookies;
    event.is_base64_encoded = matches!(body, Body::Binary(_));
    event.body = match body {
        Body::Empty => None,
        body => Some(body),
    };
    event
}

/// `query` with everything percent-encoded that may not stand in a URI's query, and that sloppy
/// clients send as it is. It means the same.
fn escaped(query: &str) -> String {
    let mut escaped = String::with_capacity(query.len());
    for byte in query.bytes() {
        match byte {
            b'!' | b'$'..=b';' | b'=' | b'?'..=b'~' => escaped.push(char::from(byte)),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::http::{Request, json as json_answer, no_content, with_cookie};

    fn arrive(query: &str, headers: &serde_json::Value) -> Request {
        let event = json!({
            "version": "2.0",
            "routeKey": "GET /health",
            "rawPath": "/health \"<",
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "domainName": "api.execute-api.us-east-1.amazonaws.com",
                "http": {"method": "GET", "path": "/health"},
                "requestId": "req-1",
                "stage": "$default",
                "timeEpoch": 1_769_851_800_000_i64,
            },
            "isBase64Encoded": false,
        });
        Request::from(incoming(serde_json::from_value(event).expect("an event")))
    }

    #[test]
    fn no_query_is_too_odd() {
        for (query, value) in [
            ("a=1%20+2", Some("1  2")),
            ("a=\"<x>\"", Some("\"<x>\"")),
            ("a=x y#z", Some("x y#z")),
            ("a=é\u{1F3AE}", Some("é\u{1F3AE}")),
            ("a=\r\n\u{0}\u{7f}", Some("\r\n\u{0}\u{7f}")),
            ("a=%zz%", Some("%zz%")),
            ("a={}|\\^`[]", Some("{}|\\^`[]")),
            ("", None),
            ("?&&=&%", None),
        ] {
            let request = arrive(query, &json!({}));
            assert_eq!(request.query_one("a").expect("one"), value, "{query:?}");
        }
    }

    #[test]
    fn no_host_is_too_odd() {
        for headers in [
            json!({"host": "a b"}),
            json!({"host": ""}),
            json!({"host": "[::1", "x-forwarded-proto": "no scheme"}),
            json!({"x-forwarded-proto": ""}),
        ] {
            assert_eq!(arrive("a=1", &headers).path(), "/health \"<");
        }
    }

    #[test]
    fn an_answer_is_what_the_gateway_takes() {
        let cookie = |text| http::HeaderValue::from_static(text);
        let page = json_answer(StatusCode::CREATED, &json!({"a": 1})).expect("JSON");
        let response = with_cookie(with_cookie(page, cookie("a=1; Path=/")), cookie("b=2"));
        assert_eq!(
            serde_json::to_value(outgoing(response)).expect("JSON"),
            json!({
                "statusCode": 201,
                "headers": {
                    "content-type": "application/json",
                    "cache-control": "no-store",
                    "x-content-type-options": "nosniff",
                },
                "multiValueHeaders": {},
                "body": "{\"a\":1}",
                "isBase64Encoded": false,
                "cookies": ["a=1; Path=/", "b=2"],
            })
        );
        let nothing = serde_json::to_value(outgoing(no_content())).expect("JSON");
        assert_eq!(
            (&nothing["statusCode"], nothing.get("body")),
            (&204.into(), None)
        );
    }
}
