//! An error as a program gets it (RFC 9457).

use serde::Serialize;

use super::ErrorCode;

/// `application/problem+json`
#[derive(Debug, Serialize)]
pub struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    request_id: &'a str,
}

impl<'a> Problem<'a> {
    /// The problem of this code. `detail` tells the game's developer what is wrong.
    #[must_use]
    pub fn new(code: ErrorCode, detail: &'a str, request_id: &'a str) -> Self {
        Self {
            r#type: format!("urn:prime-gaming:error:{}", code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            detail,
            code: code.as_str(),
            request_id,
        }
    }
}
