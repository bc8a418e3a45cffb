//! One request and its whole response.

use std::error::Error;
use std::io;
use std::pin::pin;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Request, Response};
use tokio::time::{Instant, timeout};

use super::{Client, NetError, coding};
use crate::budget::{CONNECTION_IS_FRESH, CONNECTION_REST, PATIENCE};
use crate::domain::Timestamp;

/// A response with its whole body.
#[derive(Debug)]
pub struct FullResponse {
    /// The status number.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the request was sent twice, so that this is the response to either.
    pub is_repeated: bool,
}

impl FullResponse {
    /// How long the server asks us to wait; see [`super::retry_after`].
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        super::retry_after(&self.headers, now)
    }
}

/// Whether a request may be sent twice, and so whether it may go over an old connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It may be: a read, a fulfillment report, or a request that the AWS SDK repeats anyway. It goes
    /// over any pooled connection, and over a new one too if that stays silent.
    Harmless,
    /// It may be, one after the other: the server knows a repetition by its key. It goes over a
    /// connection that responded a moment ago, or a new one.
    Keyed,
    /// Only if the connection died: a token request, whose outcome is unknown once it was sent. It
    /// goes over a new connection.
    OnlyIfDied,
}

impl Repeat {
    /// For a request whose method is known, and nothing else.
    fn of(method: &Method) -> Self {
        if method.is_safe() {
            Self::Harmless
        } else {
            Self::OnlyIfDied
        }
    }
}

/// Sends `request` and reads the whole response. `limit` covers connecting, a second try, and the
/// body. `max_bytes` bounds the body, both compressed and decompressed: some servers compress without
/// being asked.
///
/// A GET or HEAD is [`Repeat::Harmless`], everything else [`Repeat::OnlyIfDied`].
///
/// # Errors
/// If there is no whole response in time, or it is too long. A response of any status is no error.
pub async fn exchange(
    client: &Client,
    request: Request,
    limit: Duration,
    max_bytes: usize,
) -> Result<FullResponse, NetError> {
    let repeat = Repeat::of(request.method());
    exchange_with(client, request, repeat, limit, max_bytes).await
}

/// As [`exchange`], where the caller says whether the request may be sent twice.
///
/// # Errors
/// As [`exchange`].
pub async fn exchange_with(
    client: &Client,
    request: Request,
    repeat: Repeat,
    limit: Duration,
    max_bytes: usize,
) -> Result<FullResponse, NetError> {
    let whole = async {
        let (mut response, is_repeated) = send(client, request, repeat, PATIENCE).await?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let body = read_bounded(response, max_bytes).await?;
        let body = coding::decode(&headers, body, max_bytes)?;
        Ok(FullResponse {
            status,
            headers,
            body,
            is_repeated,
        })
    };
    tokio::time::timeout(limit, whole)
        .await
        .unwrap_or(Err(NetError::Timeout))
}

/// Sends `request`, and sends it once more over a new connection if the first one died or could not
/// be opened. Where repeating is harmless, it also sends it again when an old connection stays silent
/// for `patience`; then the first response counts.
///
/// Also tells whether it sent the request again.
///
/// # Errors
/// As any exchange; of the second try, if there was one.
pub(super) async fn send(
    client: &Client,
    request: Request,
    repeat: Repeat,
    patience: Duration,
) -> Result<(Response, bool), NetError> {
    let first = match repeat {
        Repeat::Harmless => client.pool(request.url(), CONNECTION_REST)?,
        Repeat::Keyed => client.pool(request.url(), CONNECTION_IS_FRESH)?,
        Repeat::OnlyIfDied => client.fresh(request.url())?,
    };
    // A streamed body can't be sent again, but no request here has one.
    let Some(mut second) = request.try_clone() else {
        return Ok((first.http.execute(request).await?, false));
    };
    let began = Instant::now();
    let mut sent = pin!(first.http.execute(request));
    let outcome = if repeat == Repeat::Harmless && first.is_suspect {
        timeout(patience, &mut sent).await.ok()
    } else {
        Some(sent.as_mut().await)
    };
    let is_silent = outcome.is_none();
    match outcome {
        Some(Err(error)) if failed_before_response(&error) => {
            tracing::debug!("a connection failed before a response; sending over a new one");
        }
        Some(outcome) => {
            let response = outcome?;
            client.answered(&first, began.elapsed() > patience);
            return Ok((response, false));
        }
        None => tracing::debug!("an old connection is silent; sending over a new one"),
    }
    let fresh = client.fresh(second.url())?;
    if let Some(limit) = second.timeout_mut() {
        *limit = limit.saturating_sub(began.elapsed());
    }
    let began = Instant::now();
    let mut sent_again = pin!(fresh.http.execute(second));
    let response = if is_silent {
        // The old connection may be slow and not dead, so the first response counts.
        tokio::select! {
            biased;
            first = &mut sent => match first {
                Ok(response) => {
                    client.answered(&fresh, true);
                    return Ok((response, true));
                }
                Err(_) => sent_again.await?,
            },
            second = &mut sent_again => match second {
                Ok(response) => response,
                Err(_) => sent.await?,
            },
        }
    } else {
        sent_again.await?
    };
    client.answered(&fresh, began.elapsed() > patience);
    Ok((response, true))
}

/// Sends a request with an idempotency key; see [`Repeat::Keyed`].
///
/// # Errors
/// As any exchange; of the second try, if there was one.
pub async fn send_keyed(client: &Client, request: Request) -> Result<Response, NetError> {
    let (response, _) = send(client, request, Repeat::Keyed, PATIENCE).await?;
    Ok(response)
}

/// Whether the connection could not be opened, or died. Slowness and malformed HTTP do not count.
fn failed_before_response(error: &reqwest::Error) -> bool {
    if error.is_timeout() {
        return false;
    }
    if error.is_connect() {
        return true;
    }
    let mut next = error.source();
    while let Some(cause) = next {
        let died = if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            error.is_incomplete_message() || error.is_canceled() || error.is_closed()
        } else if let Some(error) = cause.downcast_ref::<io::Error>() {
            matches!(
                error.kind(),
                io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::NotConnected
                    | io::ErrorKind::UnexpectedEof
            )
        } else {
            false
        };
        if died {
            return true;
        }
        next = cause.source();
    }
    false
}

/// Reads a whole body of at most `max_bytes`.
///
/// # Errors
/// [`NetError::TooLarge`], before more than that was read; or the body ended early.
pub async fn read_bounded(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, NetError> {
    let announced = response.content_length().unwrap_or(0);
    let announced = usize::try_from(announced).unwrap_or(usize::MAX);
    if announced > max_bytes {
        return Err(NetError::TooLarge(max_bytes));
    }
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > max_bytes {
            return Err(NetError::TooLarge(max_bytes));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
