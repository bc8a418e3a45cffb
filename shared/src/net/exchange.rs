//! One request and its whole answer.

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

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status number.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the request was sent a second time, so that this answers the first or the second.
    pub is_repeated: bool,
}

impl Answer {
    /// How long the other side wants to be left alone; see [`super::retry_after`].
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        super::retry_after(&self.headers, now)
    }
}

/// How far a request may be repeated, and so how far an old connection is trusted with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Repeating is harmless: reads, fulfillment reports, what the AWS SDK repeats anyway. Any
    /// pooled connection serves, and one that stays silent is not waited for.
    Harmless,
    /// The other side knows a repetition by its key, but should not work at both at the same time.
    /// Only a connection that answered a moment ago serves.
    Keyed,
    /// The outcome of a request that got lost can't be guessed: token requests. Only a new
    /// connection serves.
    OnlyIfDied,
}

impl Repeat {
    /// What a method promises by itself.
    fn of(method: &Method) -> Self {
        if method.is_safe() {
            Self::Harmless
        } else {
            Self::OnlyIfDied
        }
    }
}

/// Sends `request` and reads its whole answer. `limit` is for everything together: connecting,
/// the repeated try if there is one, the body. `max_bytes` bounds the body, compressed and
/// decompressed: some servers compress without being asked.
///
/// A GET or HEAD is [`Repeat::Harmless`], everything else [`Repeat::OnlyIfDied`].
///
/// # Errors
/// If there is no whole answer in time, or it is too long. Any status is an answer.
pub async fn exchange(
    client: &Client,
    request: Request,
    limit: Duration,
    max_bytes: usize,
) -> Result<Answer, NetError> {
    let repeat = Repeat::of(request.method());
    exchange_with(client, request, repeat, limit, max_bytes).await
}

/// As [`exchange`], for a request of which the caller knows what repeating it does.
///
/// # Errors
/// As [`exchange`].
pub async fn exchange_with(
    client: &Client,
    request: Request,
    repeat: Repeat,
    limit: Duration,
    max_bytes: usize,
) -> Result<Answer, NetError> {
    let whole = async {
        let (mut response, is_repeated) = send(client, request, repeat, PATIENCE).await?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let body = read_bounded(response, max_bytes).await?;
        let body = coding::decode(&headers, body, max_bytes)?;
        Ok(Answer {
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

/// Sends `request`, and sends it once more over a new connection if it failed before any answer:
/// the connection died, or none came about. Where repeating is harmless, it is also sent again when
/// an old connection stays silent for `patience`; the first answer counts then.
///
/// Also tells whether it was sent again.
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
    // Only a streamed body can't be sent again, and none is sent here.
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
        Some(Err(error)) if failed_before_answer(&error) => {
            tracing::debug!("a connection failed before it answered; asking over a new one");
        }
        Some(outcome) => {
            let response = outcome?;
            client.answered(&first, began.elapsed() > patience);
            return Ok((response, false));
        }
        None => tracing::debug!("an old connection is silent; asking over a new one"),
    }
    let fresh = client.fresh(second.url())?;
    if let Some(limit) = second.timeout_mut() {
        *limit = limit.saturating_sub(began.elapsed());
    }
    let began = Instant::now();
    let mut sent_again = pin!(fresh.http.execute(second));
    let response = if is_silent {
        // The old connection may be slow and not dead: the first answer counts.
        tokio::select! {
            biased;
            answer = &mut sent => match answer {
                Ok(response) => {
                    client.answered(&fresh, true);
                    return Ok((response, true));
                }
                Err(_) => sent_again.await?,
            },
            answer = &mut sent_again => match answer {
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

/// Sends a request that the other side knows again by its key; see [`Repeat::Keyed`].
///
/// # Errors
/// As any exchange; of the second try, if there was one.
pub async fn send_keyed(client: &Client, request: Request) -> Result<Response, NetError> {
    let (response, _) = send(client, request, Repeat::Keyed, PATIENCE).await?;
    Ok(response)
}

/// Whether no connection came about, or it ended; rather than took too long, or spoke nonsense.
fn failed_before_answer(error: &reqwest::Error) -> bool {
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
/// [`NetError::TooLarge`], before more than that was read; or the body broke off.
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
