//! One request and its whole answer.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Request, Response};

use super::{NetError, coding};
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
}

impl Answer {
    /// How long the other side wants to be left alone; see [`super::retry_after`].
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        super::retry_after(&self.headers, now)
    }
}

/// Sends `request` and reads its whole answer. `limit` is for everything together: connecting,
/// the repeated try if there is one, the body. `max_bytes` bounds the body, compressed and
/// decompressed: some servers compress without being asked.
///
/// # Errors
/// If there is no whole answer in time, or it is too long. Any status is an answer.
pub async fn exchange(
    client: &Client,
    request: Request,
    limit: Duration,
    max_bytes: usize,
) -> Result<Answer, NetError> {
    let whole = async {
        let mut response = repeat_once_if_died(client, request).await?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let body = read_bounded(response, max_bytes).await?;
        let body = coding::decode(&headers, body, max_bytes)?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    };
    tokio::time::timeout(limit, whole)
        .await
        .unwrap_or(Err(NetError::Timeout))
}

/// Sends `request`, and sends it once more if its connection died before any answer and it is safe
/// to repeat: a GET or HEAD. A process that was frozen finds its idle connections closed by
/// the other side, and notices only when it uses one.
///
/// # Errors
/// As any exchange; of the second try, if there was one.
pub async fn repeat_once_if_died(client: &Client, request: Request) -> Result<Response, NetError> {
    let may_repeat = request.method().is_safe();
    send(client, request, may_repeat).await
}

/// The same for a request that is safe to repeat whatever its method, because it carries an
/// idempotency key.
///
/// # Errors
/// As [`repeat_once_if_died`].
pub async fn send_idempotent(client: &Client, request: Request) -> Result<Response, NetError> {
    send(client, request, true).await
}

async fn send(client: &Client, request: Request, may_repeat: bool) -> Result<Response, NetError> {
    let second = may_repeat.then(|| request.try_clone()).flatten();
    match (client.execute(request).await, second) {
        (Err(error), Some(second)) if died_before_answer(&error) => {
            tracing::debug!("a connection died before it answered; asking once more");
            Ok(client.execute(second).await?)
        }
        (result, _) => Ok(result?),
    }
}

/// Whether the connection ended, rather than failed to come about, stalled, or spoke nonsense.
fn died_before_answer(error: &reqwest::Error) -> bool {
    if error.is_timeout() || error.is_connect() {
        return false;
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
mod tests {
    use super::*;
    use crate::net::client;
    use crate::net::testing::{Reply, Server};

    const LIMIT: Duration = Duration::from_secs(5);

    async fn get(server: &Server, limit: Duration, max_bytes: usize) -> Result<Answer, NetError> {
        let client = client(None).expect("a client");
        let request = client
            .get(server.url("/x?token=hush"))
            .build()
            .expect("a request");
        exchange(&client, request, limit, max_bytes).await
    }

    #[tokio::test]
    async fn any_status_is_an_answer() {
        let server = Server::start([Reply::json(503, r#"{"a":1}"#).header("Retry-After", "7")]);
        let answer = get(&server, LIMIT, 7).await.expect("an answer");
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (503, br#"{"a":1}"#.as_slice())
        );
        assert_eq!(
            answer.retry_after(Timestamp::from_millis(0)),
            Some(Duration::from_secs(7))
        );
    }

    #[tokio::test]
    async fn a_get_is_repeated_once_and_only_once() {
        let server = Server::start([Reply::Close, Reply::json(200, "{}")]);
        assert_eq!(
            get(&server, LIMIT, 10)
                .await
                .expect("the second try")
                .status,
            200
        );

        let server = Server::start([Reply::Close, Reply::Close, Reply::json(200, "{}")]);
        let error = get(&server, LIMIT, 10).await.expect_err("both died");
        assert!(matches!(error, NetError::Other(_)), "{error:?}");
        assert_eq!(server.requests().len(), 2);
    }

    #[tokio::test]
    async fn a_get_is_repeated_when_its_idle_connection_has_died() {
        let server = Server::start([Reply::json(200, "{}"), Reply::Close, Reply::json(200, "{}")]);
        let client = client(None).expect("a client");
        for _ in 0..2 {
            let request = client.get(server.url("/")).build().expect("a request");
            assert_eq!(
                exchange(&client, request, LIMIT, 10)
                    .await
                    .expect("an answer")
                    .status,
                200
            );
        }
        assert_eq!((server.requests().len(), server.connections()), (3, 2));
    }

    #[tokio::test]
    async fn a_post_is_never_repeated() {
        let server = Server::start([Reply::Close, Reply::json(200, "{}")]);
        let client = client(None).expect("a client");
        let request = client
            .post(server.url("/"))
            .body("x")
            .build()
            .expect("a request");
        exchange(&client, request, LIMIT, 10)
            .await
            .expect_err("it died");
        assert_eq!(server.requests().len(), 1);
    }

    #[tokio::test]
    async fn the_limit_covers_a_silent_host() {
        let server = Server::start([Reply::Stall]);
        let error = get(&server, Duration::from_millis(100), 10)
            .await
            .expect_err("too slow");
        assert_eq!(error, NetError::Timeout);
        assert_eq!(server.requests().len(), 1, "a time-out is not repeated");
    }

    #[tokio::test]
    async fn bodies_are_bounded_whether_or_not_their_length_is_announced() {
        let long = "x".repeat(11);
        for reply in [Reply::json(200, &long), Reply::chunked(200, &long)] {
            let server = Server::start([reply]);
            let error = get(&server, LIMIT, 10).await.expect_err("too long");
            assert_eq!(error, NetError::TooLarge(10));
        }
    }

    #[tokio::test]
    async fn an_answer_that_ends_early_is_an_error_and_names_no_url() {
        let server = Server::start([Reply::Truncated]);
        let error = get(&server, LIMIT, 1000).await.expect_err("cut off");
        let text = format!("{error} {error:?}");
        assert!(
            !text.contains("hush") && !text.contains("127.0.0.1"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn no_connection_is_its_own_error() {
        let client = client(None).expect("a client");
        let request = client
            .get("http://127.0.0.1:1/?token=hush")
            .build()
            .expect("a request");
        let error = exchange(&client, request, LIMIT, 10)
            .await
            .expect_err("nobody listens");
        assert!(matches!(error, NetError::Connect(_)), "{error:?}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
}
