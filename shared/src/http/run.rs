//! The loop around a function: takes events from the Lambda Runtime API, answers each.

use std::convert::Infallible;
use std::future::Future;

use http::HeaderMap;
use http::header::{Entry, HeaderValue, SET_COOKIE};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::{Body, Error, LambdaEvent, lambda_runtime, service_fn};
use serde_json::value::RawValue;

use super::{Request, Response};

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

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};
    use serde_json::json;

    use super::*;
    use crate::http::{json as json_answer, no_content, with_cookie};

    fn reply(response: Response) -> serde_json::Value {
        serde_json::to_value(outgoing(response)).expect("JSON")
    }

    #[test]
    fn an_answer_is_what_the_gateway_takes() {
        let cookie = |text| HeaderValue::from_static(text);
        let page = json_answer(StatusCode::CREATED, &json!({"a": 1})).expect("JSON");
        let mut response = with_cookie(with_cookie(page, cookie("a=1; Path=/")), cookie("b=2"));
        for value in ["a", "b"] {
            response
                .headers_mut()
                .append("vary", HeaderValue::from_static(value));
        }
        assert_eq!(
            reply(response),
            json!({
                "statusCode": 201,
                "headers": {
                    "content-type": "application/json",
                    "cache-control": "no-store",
                    "vary": "a, b",
                    "x-content-type-options": "nosniff",
                },
                "multiValueHeaders": {},
                "body": "{\"a\":1}",
                "isBase64Encoded": false,
                "cookies": ["a=1; Path=/", "b=2"],
            })
        );
        let nothing = reply(no_content());
        assert_eq!(
            (&nothing["statusCode"], nothing.get("body")),
            (&204.into(), None)
        );
    }
}
