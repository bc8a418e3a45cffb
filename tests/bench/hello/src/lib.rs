//! The least that a function on `lambda_http` can do: the yardstick of the benchmark.

use lambda_http::{Body, Error, Request, Response};

/// Answers any request with a fixed JSON body.
///
/// # Errors
/// None; the type is what `lambda_http` asks for.
pub async fn handle(_event: Request) -> Result<Response<Body>, Error> {
    let response = Response::builder()
        .header("content-type", "application/json")
        .body(Body::from(r#"{"message":"hello"}"#))?;
    Ok(response)
}
