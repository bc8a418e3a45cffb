//! The client that every caller borrows: for each host a pool of connections, and their age.
//!
//! Lambda freezes a process between requests. A connection that was pooled before may be dead, or may
//! swallow a request, and the process can't tell: its own timers stood still meanwhile. So a host's
//! pool is replaced as a whole when the wall clock says that it rested too long, and for every request
//! that must not go over an old connection. TLS sessions outlive their pool: all pools share
//! one TLS configuration, and with it the cache of sessions.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::{IntoUrl, RequestBuilder};
use url::{Position, Url};

use super::NetError;
use super::client::Maker;
use crate::clock::Clock;
use crate::domain::Timestamp;

/// An HTTP client for Amazon, key sets, the studio, and through
/// [`sdk_http_client`](super::sdk_http_client) the AWS SDK. Clones share their connections.
///
/// It builds requests; [`exchange`](super::exchange) and its siblings send them.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    maker: Maker,
    clock: Clock,
    /// Builds requests, and sends none.
    builder: reqwest::Client,
    /// One for each host. The configuration names only a few.
    hosts: Mutex<Vec<Host>>,
}

struct Host {
    /// Scheme, host and port.
    origin: Box<str>,
    pool: reqwest::Client,
    /// The pool's number, so that a response is credited to the pool that it came from.
    number: u64,
    last_used: Timestamp,
    /// Whether a response came from the pool, which may hold a connection then.
    has_answered: bool,
    /// Whether the latest response took longer than the patience with an old connection.
    is_slow: bool,
}

/// A pool to send one request by.
pub(super) struct Pool {
    pub(super) http: reqwest::Client,
    /// Whether the request may meet a dead connection. A host whose latest response was slow is slow,
    /// and its connections are not suspected.
    pub(super) is_suspect: bool,
    number: u64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// A client that measures by `clock` how long a host's connections rested. It trusts Mozilla's
    /// roots as compiled in.
    ///
    /// # Errors
    /// If TLS can't be set up.
    pub fn new(clock: Clock) -> Result<Self, NetError> {
        Self::from_maker(Maker::new(None)?, clock)
    }

    /// As [`Client::new`], and also trusts the certificates of the PEM file `extra_ca`, for a stand-in
    /// with TLS.
    ///
    /// # Errors
    /// If `extra_ca` cannot be read or holds no certificate.
    pub fn with_extra_ca(clock: Clock, extra_ca: &Path) -> Result<Self, NetError> {
        Self::from_maker(Maker::new(Some(extra_ca))?, clock)
    }

    /// A client for addresses that the studio chose. Against SSRF it connects to no host name of this
    /// machine or its link, and to none of a private network unless `private` is set.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn for_studio(clock: Clock, private: bool) -> Result<Self, NetError> {
        Self::from_maker(Maker::new(None)?.guarded(private), clock)
    }

    fn from_maker(maker: Maker, clock: Clock) -> Result<Self, NetError> {
        Ok(Self(Arc::new(Inner {
            builder: maker.make()?,
            maker,
            clock,
            hosts: Mutex::default(),
        })))
    }

    /// Begins a GET. Build it, and hand it to [`exchange`](super::exchange).
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.0.builder.get(url)
    }

    /// Begins a POST, as [`Client::get`].
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.0.builder.post(url)
    }

    pub(super) fn head(&self, url: impl IntoUrl) -> RequestBuilder {
        self.0.builder.head(url)
    }

    /// The pool of this URL's host, if it did not rest for longer than `trusted`; else a new one.
    pub(super) fn pool(&self, url: &Url, trusted: Duration) -> Result<Pool, NetError> {
        let now = self.0.clock.now();
        {
            let mut hosts = self.hosts();
            if let Some(host) = hosts.iter_mut().find(|host| *host.origin == *origin(url))
                && host.rested(now) <= trusted
            {
                host.last_used = now;
                return Ok(Pool {
                    http: host.pool.clone(),
                    is_suspect: host.has_answered && !host.is_slow,
                    number: host.number,
                });
            }
        }
        self.fresh(url)
    }

    /// Replaces the pool of this URL's host. The old connections close when their last request is
    /// done.
    pub(super) fn fresh(&self, url: &Url) -> Result<Pool, NetError> {
        let http = self.0.maker.make()?;
        let now = self.0.clock.now();
        let mut hosts = self.hosts();
        let number = hosts.iter().map(|host| host.number).max().unwrap_or(0) + 1;
        let host = Host {
            origin: origin(url).into(),
            pool: http.clone(),
            number,
            last_used: now,
            has_answered: false,
            is_slow: false,
        };
        match hosts.iter_mut().find(|known| known.origin == host.origin) {
            Some(known) => *known = host,
            None => hosts.push(host),
        }
        Ok(Pool {
            http,
            is_suspect: false,
            number,
        })
    }

    /// Notes that a response came from `pool`.
    pub(super) fn answered(&self, pool: &Pool, is_slow: bool) {
        let now = self.0.clock.now();
        let mut hosts = self.hosts();
        if let Some(host) = hosts.iter_mut().find(|host| host.number == pool.number) {
            host.last_used = now;
            host.has_answered = true;
            host.is_slow = is_slow;
        }
    }

    fn hosts(&self) -> MutexGuard<'_, Vec<Host>> {
        self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    /// How long it was not used. If the clock was set back, the time since is unknown, and the
    /// difference counts as rest.
    fn rested(&self, now: Timestamp) -> Duration {
        now.since(self.last_used).max(self.last_used.since(now))
    }
}

fn origin(url: &Url) -> &str {
    &url[..Position::BeforePath]
}
