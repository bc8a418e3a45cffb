//! How every HTTP client of a process is made, and the connections that are opened in init.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use url::Url;

use super::exchange::{Repeat, send};
use super::{Client, NetError, Reach, tls};
use crate::budget::{CLIENT_LIMIT, CONNECT_LIMIT, CONNECTION_REST, WARM_LIMIT};

/// A plain client, for tools and tests: it has one pool and ignores freezes. The deployed functions
/// use [`Client`](super::Client).
///
/// It trusts Mozilla's roots as compiled in, and the certificates of the PEM file `extra_ca`.
///
/// # Errors
/// If `extra_ca` cannot be read or holds no certificate.
pub fn client(extra_ca: Option<&Path>) -> Result<reqwest::Client, NetError> {
    Maker::new(extra_ca)?.make()
}

/// Makes clients of the same kind, which share their TLS sessions: HTTP/1.1, no proxy, no redirects.
/// Making one takes 30 to 60 µs without optimization, so a single request may have its own.
pub(super) struct Maker {
    tls: ClientConfig,
    guard: Option<Guarded>,
}

impl Maker {
    pub(super) fn new(extra_ca: Option<&Path>) -> Result<Self, NetError> {
        Ok(Self {
            tls: tls::config(extra_ca)?,
            guard: None,
        })
    }

    /// Against SSRF: resolves host names only to addresses that may be called (see [`Reach`]), with
    /// private networks among them where `private` is set. An address in a URL is not resolved: the
    /// settings have judged it.
    pub(super) fn guarded(self, private: bool) -> Self {
        Self {
            guard: Some(Guarded { private }),
            ..self
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the client's one home")]
    pub(super) fn make(&self) -> Result<reqwest::Client, NetError> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .http1_only()
            .no_proxy()
            .redirect(Policy::none())
            // `exchange` decides which requests may be repeated.
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("prime-gaming/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .timeout(CLIENT_LIMIT)
            .pool_idle_timeout(CONNECTION_REST)
            .tcp_nodelay(true);
        let builder = match self.guard {
            Some(guard) => builder.dns_resolver(Arc::new(guard)),
            None => builder,
        };
        builder
            .build()
            .map_err(|error| NetError::Setup(super::chain(&error.without_url())))
    }
}

/// Resolves a host name for each connection, and keeps the addresses that may be called.
#[derive(Clone, Copy, Debug)]
struct Guarded {
    private: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = allowed(found, private)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The addresses that may be called, at least one.
fn allowed(
    found: impl Iterator<Item = SocketAddr>,
    private: bool,
) -> Result<Vec<SocketAddr>, &'static str> {
    let (allowed, refused): (Vec<_>, Vec<_>) =
        found.partition(|found| Reach::of(found.ip()).is_allowed(private));
    if !allowed.is_empty() {
        return Ok(allowed);
    }
    Err(
        if refused
            .iter()
            .any(|it| Reach::of(it.ip()) == Reach::Private)
        {
            "the host has only private addresses, and DELIVERY_WEBHOOK_PRIVATE is not `on`"
        } else {
            "the host has no address that may be called"
        },
    )
}

/// Opens a connection to every origin at the same time, by `HEAD /`, for the first real request. Takes
/// half a second at most, and ignores a host that does not answer: a start must not depend on Amazon.
pub async fn warm(client: &Client, origins: &[Url]) {
    let calls = origins.iter().map(|origin| async move {
        let mut root = origin.clone();
        root.set_path("/");
        root.set_query(None);
        root.set_fragment(None);
        let host = root.host_str().unwrap_or_default().to_owned();
        let response = async {
            let request = client.head(root).timeout(WARM_LIMIT).build()?;
            send(client, request, Repeat::Harmless, WARM_LIMIT).await
        };
        match response.await {
            Ok((response, _)) => {
                tracing::debug!(host, status = response.status().as_u16(), "warmed");
            }
            Err(error) => tracing::debug!(host, %error, "could not be warmed"),
        }
    });
    join_all(calls).await;
}

#[cfg(test)]
mod tests;
