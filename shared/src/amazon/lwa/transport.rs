//! Our HTTP client, lent to the `oauth2` crate.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};

use super::MAX_ANSWER_BYTES;
use crate::budget::CALL_LIMIT;
use crate::domain::Timestamp;
use crate::net::{Client, FullResponse, NetError, Unavailable, exchange};

/// Lends our client to the `oauth2` crate. The crate gets only answers in which Amazon decided
/// something. Every other answer is sorted here, where status and headers are known.
pub(super) struct Transport {
    http: Client,
    now: Timestamp,
    is_repeated: AtomicBool,
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = Unavailable;
    type Future = BoxFuture<'c, Result<HttpResponse, Unavailable>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        self.post(request).boxed()
    }
}

impl Transport {
    pub(super) fn new(http: &Client, now: Timestamp) -> Self {
        Self {
            http: http.clone(),
            now,
            is_repeated: AtomicBool::new(false),
        }
    }

    /// Whether the request was sent twice, because the first connection died without an answer.
    pub(super) fn is_repeated(&self) -> bool {
        self.is_repeated.load(Ordering::Relaxed)
    }

    async fn post(&self, request: HttpRequest) -> Result<HttpResponse, Unavailable> {
        let request = reqwest::Request::try_from(request).map_err(NetError::from)?;
        let answer = self.decided(request).await?;
        let mut response = HttpResponse::new(answer.body);
        *response.status_mut() = ::http::StatusCode::from_u16(answer.status).unwrap_or_default();
        Ok(response)
    }

    /// An answer in which Amazon decided something.
    pub(super) async fn decided(
        &self,
        request: reqwest::Request,
    ) -> Result<FullResponse, Unavailable> {
        let answer = exchange(&self.http, request, CALL_LIMIT, MAX_ANSWER_BYTES).await?;
        self.is_repeated
            .store(answer.is_repeated, Ordering::Relaxed);
        if matches!(answer.status, 200 | 400 | 401) {
            return Ok(answer);
        }
        Err(Unavailable::status(&answer, self.now))
    }
}
