//! The studio's key set, fetched when first needed and kept for an hour. Times are of the wall clock,
//! because a Lambda process is frozen between requests.
//!
//! A token that no key verifies causes another fetch, at most once a minute, because its key may be
//! newer than the set. While the set can't be fetched, the last good one is used for another day, and
//! a failed fetch is repeated at most every 30 seconds, so that a stalling account system does not
//! hold up every request. Without any set no token passes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::header::ACCEPT;
use url::Url;

use super::jwk_set::{KeySet, KeySetError};
use crate::budget::{
    KEY_SET_ASK_AGAIN, KEY_SET_KEPT, KEY_SET_KEPT_IN_AN_OUTAGE, KEY_SET_LIMIT, KEY_SET_TRY_AGAIN,
};
use crate::domain::Timestamp;
use crate::net::{self, NetError};
use crate::signals::event;

const MAX_BYTES: usize = 256 * 1024;

/// The key set behind a URL.
#[derive(Debug)]
pub(super) struct JwksCache {
    http: net::Client,
    url: Url,
    known: Mutex<Known>,
    /// Locked while fetching, so that concurrent requests share one fetch.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    /// The latest good set, and when it was fetched.
    set: Option<(Arc<KeySet>, Timestamp)>,
    /// When a fetch failed last, unless a later one succeeded.
    failed: Option<Timestamp>,
    /// When a token that no key verified last caused a fetch.
    asked_again: Option<Timestamp>,
    /// How many fetches have ended. A request that waited and finds another number does not fetch
    /// again.
    fetches: u64,
}

/// Whether a key of the set has signed the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// One has.
    Good,
    /// No key of the set has the token's id and algorithm.
    NoKey,
    /// Keys have them, but did not sign it.
    WrongSignature,
}

/// There is no key set, so no token can be verified.
#[derive(Debug, thiserror::Error)]
#[error("the players' key set can't be fetched: {reason}")]
pub(super) struct JwksError {
    reason: Reason,
    /// When the next try will be made.
    pub(super) retry_after: Duration,
}

/// How many keys of the set at `url` can be used.
///
/// # Errors
/// Why there is none, in a sentence without the address.
pub(crate) async fn usable_keys(http: &net::Client, url: &Url) -> Result<usize, String> {
    let set = JwksCache::new(http.clone(), url.clone()).ask().await;
    set.map(|set| set.len())
        .map_err(|reason| reason.to_string())
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("{0}")]
    Net(NetError),
    #[error("its address returns status {0}")]
    Status(u16),
    #[error("{0}")]
    Set(KeySetError),
    #[error("the latest try failed")]
    JustFailed,
}

impl JwksCache {
    pub(super) fn new(http: net::Client, url: Url) -> Self {
        Self {
            http,
            url,
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// Tries the keys with this key id and algorithm. `verifies` tells whether a key has signed the
    /// token.
    pub(super) async fn verify(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: Timestamp,
        verifies: impl Fn(&DecodingKey) -> bool,
    ) -> Result<Verdict, JwksError> {
        let judge = |set: &KeySet| {
            let mut fitting = set.fitting(id, algorithm).peekable();
            let any = fitting.peek().is_some();
            if fitting.any(&verifies) {
                Verdict::Good
            } else if any {
                Verdict::WrongSignature
            } else {
                Verdict::NoKey
            }
        };
        let before = self.known().fetches;
        let set = self.current(now).await?;
        let verdict = judge(&set);
        if verdict == Verdict::Good {
            return Ok(verdict);
        }
        if let Some(newer) = self.newer(before, now).await {
            return Ok(judge(&newer));
        }
        let known = self.known();
        match known.failed {
            // A newer set may have the key, but could not be fetched. A token without a key id may be
            // signed by any key.
            Some(_) if id.is_none_or(|id| !set.has(id)) => Err(JwksError {
                reason: Reason::JustFailed,
                retry_after: known.next_question(now),
            }),
            _ => Ok(verdict),
        }
    }

    /// The set to use now: a fresh one, or the last good one while there is no newer one.
    async fn current(&self, now: Timestamp) -> Result<Arc<KeySet>, JwksError> {
        let outdated = match self.known().look(now)? {
            Look::Use(set) => return Ok(set),
            Look::Fetch { outdated } => outdated,
        };
        let _guard = match outdated {
            // Another request fetches. The outdated set is better than waiting.
            Some(outdated) => match self.fetching.try_lock() {
                Ok(guard) => guard,
                Err(_) => return Ok(outdated),
            },
            None => self.fetching.lock().await,
        };
        // Another request may have fetched it meanwhile, or failed to.
        let outdated = match self.known().look(now)? {
            Look::Use(set) => return Ok(set),
            Look::Fetch { outdated } => outdated,
        };
        match (self.fetch(now).await, outdated) {
            (Ok(set), _) => Ok(set),
            (Err(_), Some(outdated)) => Ok(outdated),
            (Err(reason), None) => Err(JwksError {
                reason,
                retry_after: KEY_SET_TRY_AGAIN,
            }),
        }
    }

    /// A set that is newer than fetch number `seen`. Fetches one if that is allowed now.
    async fn newer(&self, seen: u64, now: Timestamp) -> Option<Arc<KeySet>> {
        {
            let known = self.known();
            if known.fetches == seen && !known.may_ask_again(now) {
                return None;
            }
        }
        let _guard = self.fetching.lock().await;
        {
            let mut known = self.known();
            if known.fetches != seen {
                return known.set.as_ref().map(|(set, _)| Arc::clone(set));
            }
            if !known.may_ask_again(now) {
                return None;
            }
            known.asked_again = Some(now);
        }
        self.fetch(now).await.ok()
    }

    /// Fetches the set. The caller holds the lock `fetching`.
    async fn fetch(&self, now: Timestamp) -> Result<Arc<KeySet>, Reason> {
        let result = self.ask().await.map(Arc::new);
        let mut known = self.known();
        known.fetches += 1;
        match &result {
            Ok(set) => {
                known.set = Some((Arc::clone(set), now));
                known.failed = None;
            }
            Err(reason) => {
                known.failed = Some(now);
                let has_older = known
                    .fetched_within(KEY_SET_KEPT_IN_AN_OUTAGE, now)
                    .is_some();
                tracing::warn!(
                    event = event::KEY_SET_FAILED,
                    cause = %reason,
                    has_older,
                    "the players' key set could not be fetched"
                );
            }
        }
        result
    }

    async fn ask(&self) -> Result<KeySet, Reason> {
        let request = self
            .http
            .get(self.url.clone())
            .header(ACCEPT, "application/json")
            .build()
            .map_err(|error| Reason::Net(error.into()))?;
        let response = net::exchange(&self.http, request, KEY_SET_LIMIT, MAX_BYTES)
            .await
            .map_err(Reason::Net)?;
        if response.status != 200 {
            return Err(Reason::Status(response.status));
        }
        KeySet::parse(&response.body).map_err(Reason::Set)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How to get a set now.
enum Look {
    Use(Arc<KeySet>),
    Fetch { outdated: Option<Arc<KeySet>> },
}

impl Known {
    fn look(&self, now: Timestamp) -> Result<Look, JwksError> {
        if let Some(fresh) = self.fetched_within(KEY_SET_KEPT, now) {
            return Ok(Look::Use(fresh));
        }
        let outdated = self.fetched_within(KEY_SET_KEPT_IN_AN_OUTAGE, now);
        match (self.wait_after_failure(now), outdated) {
            (None, outdated) => Ok(Look::Fetch { outdated }),
            (Some(_), Some(outdated)) => Ok(Look::Use(outdated)),
            (Some(retry_after), None) => Err(JwksError {
                reason: Reason::JustFailed,
                retry_after,
            }),
        }
    }

    fn fetched_within(&self, span: Duration, now: Timestamp) -> Option<Arc<KeySet>> {
        let (set, fetched) = self.set.as_ref()?;
        is_within(span, *fetched, now).then(|| Arc::clone(set))
    }

    fn may_ask_again(&self, now: Timestamp) -> bool {
        wait(KEY_SET_ASK_AGAIN, self.asked_again, now).is_none()
            && self.wait_after_failure(now).is_none()
    }

    fn wait_after_failure(&self, now: Timestamp) -> Option<Duration> {
        wait(KEY_SET_TRY_AGAIN, self.failed, now)
    }

    /// The time until a token that no key verifies may cause another fetch.
    fn next_question(&self, now: Timestamp) -> Duration {
        let waits = [
            wait(KEY_SET_ASK_AGAIN, self.asked_again, now),
            self.wait_after_failure(now),
        ];
        waits.into_iter().flatten().max().unwrap_or_default()
    }
}

/// What is left of `span` since `earlier`.
fn wait(span: Duration, earlier: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let earlier = earlier.filter(|earlier| is_within(span, *earlier, now))?;
    Some(span.saturating_sub(now.since(earlier)))
}

/// False also where the clock was set back by more than `span`.
fn is_within(span: Duration, earlier: Timestamp, now: Timestamp) -> bool {
    now.since(earlier) < span && earlier.since(now) < span
}
