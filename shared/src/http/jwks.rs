//! The studio's key set: fetched when first needed, kept for an hour, fetched again for a key id
//! that it does not hold, at most once a minute. Times are of the wall clock, because a Lambda
//! process is frozen between requests.
//!
//! When it can't be had, nobody passes: a key that was withdrawn must stop working within the
//! hour, whatever happens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::header::ACCEPT;
use tokio::sync::Mutex;
use url::Url;

use super::keys::{Found, KeySet, KeySetError};
use crate::domain::Timestamp;
use crate::net::{self, NetError};

const KEEP: Duration = Duration::from_secs(3600);
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);
const TIME_LIMIT: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 256 * 1024;

/// The key set behind a URL.
#[derive(Debug)]
pub(super) struct Jwks {
    http: reqwest::Client,
    url: Url,
    /// Held while fetching, so that one fetch serves everybody who waits for it.
    state: Mutex<State>,
    /// How many fetches have ended. Who finds it changed after waiting for the lock has just seen
    /// a fetch, and does not begin another.
    fetches: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    keys: Option<(KeySet, Timestamp)>,
    /// When an unknown key id last made us ask again.
    asked_again: Option<Timestamp>,
    /// Whether the latest fetch failed.
    failed: bool,
}

/// The key set can't be had, so nobody can be told apart.
#[derive(Debug, thiserror::Error)]
#[error("the players' key set can't be had: {reason}")]
pub(super) struct JwksError {
    reason: Reason,
    /// When the next try will be made, if not at once.
    pub(super) retry_after: Option<Duration>,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("{0}")]
    Net(NetError),
    #[error("its address answers {0}")]
    Status(u16),
    #[error("{0}")]
    Set(KeySetError),
    #[error("the latest try failed")]
    JustFailed,
}

impl From<Reason> for JwksError {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            retry_after: None,
        }
    }
}

impl Jwks {
    pub(super) fn new(http: reqwest::Client, url: Url) -> Self {
        Self {
            http,
            url,
            state: Mutex::default(),
            fetches: AtomicU64::new(0),
        }
    }

    /// The key for a token with this key id and algorithm; `None` where it is nobody's.
    pub(super) async fn key(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<Option<DecodingKey>, JwksError> {
        let before = self.fetches.load(Ordering::Relaxed);
        let mut state = self.state.lock().await;
        let mut is_new = self.fetches.load(Ordering::Relaxed) != before;
        if !state.is_fresh(now) {
            if is_new {
                return Err(Reason::JustFailed.into());
            }
            self.fetch(&mut state, now).await?;
            is_new = true;
        }
        if state.find(id, algorithm).is_unknown() && !is_new && state.may_ask_again(now) {
            state.asked_again = Some(now);
            self.fetch(&mut state, now).await?;
        }
        match state.find(id, algorithm) {
            Found::Key(key) => Ok(Some(key.clone())),
            // The set that could tell was not to be had.
            Found::UnknownId if state.failed => Err(JwksError {
                reason: Reason::JustFailed,
                retry_after: Some(ASK_AGAIN_AFTER),
            }),
            Found::UnknownId | Found::Unfit => Ok(None),
        }
    }

    async fn fetch(&self, state: &mut State, now: Timestamp) -> Result<(), JwksError> {
        let result = self.ask().await;
        self.fetches.fetch_add(1, Ordering::Relaxed);
        state.failed = result.is_err();
        state.keys = Some((result?, now));
        Ok(())
    }

    async fn ask(&self) -> Result<KeySet, JwksError> {
        let request = self
            .http
            .get(self.url.clone())
            .header(ACCEPT, "application/json")
            .build()
            .map_err(|error| Reason::Net(error.into()))?;
        let answer = net::exchange(&self.http, request, TIME_LIMIT, MAX_BYTES)
            .await
            .map_err(Reason::Net)?;
        if answer.status != 200 {
            return Err(Reason::Status(answer.status).into());
        }
        Ok(KeySet::parse(&answer.body).map_err(Reason::Set)?)
    }
}

impl Found<'_> {
    fn is_unknown(&self) -> bool {
        matches!(self, Self::UnknownId)
    }
}

impl State {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.keys
            .as_ref()
            .is_some_and(|(_, fetched)| is_within(KEEP, *fetched, now))
    }

    fn may_ask_again(&self, now: Timestamp) -> bool {
        self.asked_again
            .is_none_or(|asked| !is_within(ASK_AGAIN_AFTER, asked, now))
    }

    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Found<'_> {
        match &self.keys {
            Some((keys, _)) => keys.find(id, algorithm),
            None => Found::UnknownId,
        }
    }
}

/// Also false where the clock was set back by more than `span`.
fn is_within(span: Duration, earlier: Timestamp, now: Timestamp) -> bool {
    now.since(earlier) < span && earlier.since(now) < span
}
