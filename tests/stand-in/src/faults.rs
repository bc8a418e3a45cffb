//! Faults on request: a queue per endpoint, first in, first out.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One of Amazon's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `GET /ap/oa`, the consent page. The player's own answer to it (`POST`) is not counted.
    Authorize,
    /// `POST /auth/o2/token`.
    Token,
    /// `GET /auth/o2/tokeninfo`.
    TokenInfo,
    /// `GET /user/profile`.
    Profile,
    /// `POST /auth/o2/create/codepair`.
    Codepair,
    /// `GET /api/entitlements`.
    Entitlements,
    /// `POST /api/fulfill`.
    Fulfill,
}

/// What goes wrong with one request. Without [`Fault::AfterEffect`] the request has no effect:
/// no code is used up, no token is issued, nothing is fulfilled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// An answer of this status with this body.
    Status {
        /// HTTP status, 200 to 599.
        status: u16,
        /// Sent as `application/json`, whatever it is.
        #[serde(default)]
        body: String,
        /// Seconds for the header `Retry-After`.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// A JSON error as Login with Amazon sends it: 401 for `invalid_client`, 500 for
    /// `ServerError`, else 400. At [`Endpoint::Authorize`] it goes to the return URL.
    OAuthError {
        /// The field `error`.
        error: String,
        /// The field `error_description`.
        #[serde(default)]
        description: String,
    },
    /// Silence for this long (milliseconds in JSON); then, if the client is still there, the
    /// request is served as usual. A client that gave up in between has caused no effect.
    Stall(#[serde(with = "milliseconds")] Duration),
    /// The connection is closed without an answer.
    Reset,
    /// The answer promises more bytes than it has, and the connection is closed half-way.
    Truncated,
    /// A well-formed JSON answer of about this many bytes.
    Huge(u64),
    /// Status 200 with a page of HTML.
    NotJson,
    /// The request is served, its effect stays, and only then the answer is lost as the inner
    /// fault says. With [`Fault::Stall`] the effect comes first and the answer after the silence.
    AfterEffect(Box<Fault>),
    /// Fulfill only: every item's `Result` is this word, and nothing is fulfilled.
    ItemResult(String),
    /// Fulfill only: the answer names none of the items, and nothing is fulfilled.
    MissingItem,
}

impl Fault {
    /// Whether this fault can happen at `endpoint`.
    ///
    /// # Errors
    /// It can't; the text says why.
    pub fn check(&self, endpoint: Endpoint) -> Result<(), String> {
        match self {
            Fault::AfterEffect(inner) => inner.check(endpoint),
            Fault::ItemResult(_) | Fault::MissingItem if endpoint != Endpoint::Fulfill => {
                Err("only fulfill answers about items".to_owned())
            }
            Fault::Status { status, .. } if !(200..=599).contains(status) => {
                Err(format!("{status} is no final HTTP status"))
            }
            _ => Ok(()),
        }
    }

    /// This fault without its `AfterEffect` shells, and whether there were any.
    pub(crate) fn peel(self) -> (Fault, bool) {
        match self {
            Fault::AfterEffect(inner) => (inner.peel().0, true),
            other => (other, false),
        }
    }
}

/// A fault that waits for its request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waiting {
    /// Where.
    pub endpoint: Endpoint,
    /// What goes wrong.
    pub fault: Fault,
    /// How many requests it still meets.
    pub times: u32,
}

/// The faults that wait for their request.
#[derive(Default)]
pub(crate) struct Faults(BTreeMap<Endpoint, VecDeque<(Fault, u32)>>);

impl Faults {
    pub(crate) fn push(&mut self, endpoint: Endpoint, fault: Fault, times: u32) {
        if times > 0 {
            self.0
                .entry(endpoint)
                .or_default()
                .push_back((fault, times));
        }
    }

    pub(crate) fn take(&mut self, endpoint: Endpoint) -> Option<Fault> {
        let queue = self.0.get_mut(&endpoint)?;
        let (fault, times) = queue.front_mut()?;
        if *times > 1 {
            *times -= 1;
            return Some(fault.clone());
        }
        queue.pop_front().map(|(fault, _)| fault)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Those that wait, by their endpoint, the next one first.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        let queues = self.0.iter();
        let each = queues.flat_map(|(endpoint, queue)| queue.iter().map(move |it| (*endpoint, it)));
        let waiting = each.map(|(endpoint, (fault, times))| Waiting {
            endpoint,
            fault: fault.clone(),
            times: *times,
        });
        waiting.collect()
    }
}

mod milliseconds {
    use super::Duration;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_in_order_and_as_often_as_asked() {
        let mut faults = Faults::default();
        faults.push(Endpoint::Token, Fault::Reset, 2);
        faults.push(Endpoint::Token, Fault::NotJson, 1);
        faults.push(Endpoint::Token, Fault::Truncated, 0);
        let mut next = || faults.take(Endpoint::Token);
        assert_eq!(next(), Some(Fault::Reset));
        assert_eq!(next(), Some(Fault::Reset));
        assert_eq!(next(), Some(Fault::NotJson));
        assert_eq!(next(), None);
        assert_eq!(faults.take(Endpoint::Profile), None);
    }

    #[test]
    fn faults_read_naturally_as_json() {
        let read = |text: &str| serde_json::from_str::<Fault>(text).expect("a fault");
        assert_eq!(read(r#""reset""#), Fault::Reset);
        assert_eq!(
            read(r#"{"stall":1500}"#),
            Fault::Stall(Duration::from_millis(1500))
        );
        assert_eq!(
            read(r#"{"after_effect":{"status":{"status":503}}}"#).peel(),
            (
                Fault::Status {
                    status: 503,
                    body: String::new(),
                    retry_after: None
                },
                true
            )
        );
    }

    #[test]
    fn impossible_faults_are_refused() {
        assert!(Fault::MissingItem.check(Endpoint::Fulfill).is_ok());
        assert!(
            Fault::AfterEffect(Box::new(Fault::MissingItem))
                .check(Endpoint::Token)
                .is_err()
        );
        let odd = Fault::Status {
            status: 101,
            body: String::new(),
            retry_after: None,
        };
        assert!(odd.check(Endpoint::Token).is_err());
    }
}
