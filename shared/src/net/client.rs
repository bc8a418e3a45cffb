//! The one HTTP client, made once per process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::{NetError, Reach};

/// Longest wait for a TCP connection and its TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The safety net under a caller that sets no limit of its own.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept: longer than Lambda leaves a process frozen between
/// requests. One that died meanwhile is noticed when it is used.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// How long [`warm`] may hold up the start.
const WARM_TIMEOUT: Duration = Duration::from_millis(500);

/// Makes the client that serves everything: Amazon, key sets, and through
/// [`sdk_http_client`](super::sdk_http_client) the AWS SDK. HTTP/1.1, no proxy, no redirects.
///
/// It trusts Mozilla's roots as compiled in, and the certificates of the PEM file `extra_ca`,
/// which is how tests put a TLS stand-in in Amazon's place.
///
/// # Errors
/// If `extra_ca` cannot be read or holds no certificate.
pub fn client(extra_ca: Option<&Path>) -> Result<Client, NetError> {
    finish(builder(extra_ca)?)
}

/// Makes a client for addresses that the studio chose: like [`client`], but a host name is
/// resolved only to addresses that may be called (see [`Reach`]); those of private networks are
/// among them where `private` is set. An address in a URL is not resolved: the settings judge it.
///
/// # Errors
/// As [`client`].
pub fn client_for_studio(private: bool) -> Result<Client, NetError> {
    finish(builder(None)?.dns_resolver(Arc::new(Guarded { private })))
}

/// Resolves host names when a connection is made, and keeps the addresses that may be called.
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

/// Those of a host's addresses that may be called: at least one.
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

#[expect(clippy::disallowed_methods, reason = "this is the client's one home")]
fn builder(extra_ca: Option<&Path>) -> Result<ClientBuilder, NetError> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls(extra_ca)?)
        .http1_only()
        .no_proxy()
        .redirect(Policy::none())
        // What may be repeated is decided in `exchange`, by the request.
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("prime-gaming/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .tcp_nodelay(true))
}

fn finish(builder: ClientBuilder) -> Result<Client, NetError> {
    builder
        .build()
        .map_err(|error| NetError::Setup(super::chain(&error.without_url())))
}

/// `ring`, because the default provider gathers entropy for some 20 ms at its first handshake.
fn tls(extra_ca: Option<&Path>) -> Result<ClientConfig, NetError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = extra_ca {
        let before = roots.len();
        let certificates = CertificateDer::pem_file_iter(path)
            .map_err(|error| setup("the extra CA cannot be read", &error))?;
        for certificate in certificates {
            let certificate =
                certificate.map_err(|error| setup("the extra CA is not PEM", &error))?;
            roots
                .add(certificate)
                .map_err(|error| setup("the extra CA is not a certificate", &error))?;
        }
        if roots.len() == before {
            return Err(NetError::Setup(
                "the extra CA's file holds no certificate".to_owned(),
            ));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| setup("TLS", &error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn setup(what: &str, error: &dyn std::fmt::Display) -> NetError {
    NetError::Setup(format!("{what}: {error}"))
}

/// Opens a connection to every origin, at the same time, by `HEAD /`, so that the first real
/// request finds it open. Takes half a second at most; a host that does not answer is left alone,
/// because a start must not depend on Amazon being up.
pub async fn warm(client: &Client, origins: &[Url]) {
    let calls = origins.iter().map(|origin| async move {
        let mut root = origin.clone();
        root.set_path("/");
        root.set_query(None);
        root.set_fragment(None);
        let host = root.host_str().unwrap_or_default().to_owned();
        let answer = client.head(root).timeout(WARM_TIMEOUT).send().await;
        match answer.map_err(NetError::from) {
            Ok(answer) => tracing::debug!(host, status = answer.status().as_u16(), "warmed"),
            Err(error) => tracing::debug!(host, %error, "could not be warmed"),
        }
    });
    join_all(calls).await;
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;
    use std::time::Instant;

    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    use super::*;
    use crate::net::testing::{Reply, Server};

    #[test]
    fn an_extra_ca_must_be_one() {
        let missing = client(Some(Path::new("/nowhere/ca.pem"))).expect_err("no such file");
        assert!(missing.to_string().contains("extra CA"), "{missing}");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let wrong = client(Some(&manifest)).expect_err("not a certificate");
        assert!(wrong.to_string().contains("no certificate"), "{wrong}");
    }

    #[tokio::test]
    async fn the_studios_host_names_do_not_lead_to_this_machine() {
        let server = Server::start([Reply::json(200, "{}")]);
        let mut url = server.url("/");
        url.set_host(Some("localhost")).expect("a host");
        for private in [false, true] {
            let client = client_for_studio(private).expect("a client");
            let error = client.get(url.clone()).send().await;
            let error = NetError::from(error.expect_err("not called")).to_string();
            assert!(error.contains("may be called"), "{error}");
        }
        assert_eq!(server.connections(), 0);
    }

    #[test]
    fn of_a_hosts_addresses_those_remain_that_may_be_called() {
        let (public, private, never) = ("8.8.8.8:443", "10.0.0.1:443", "169.254.169.254:443");
        let only = |found: &[&str], with| -> Result<Vec<String>, &str> {
            let found = found.iter().map(|text| text.parse().expect("an address"));
            let kept = allowed(found.collect::<Vec<_>>().into_iter(), with)?;
            Ok(kept.iter().map(ToString::to_string).collect())
        };
        let all = [never, private, public];
        assert_eq!(only(&all, false), Ok(vec![public.to_owned()]));
        let both = vec![private.to_owned(), public.to_owned()];
        assert_eq!(only(&all, true), Ok(both));
        for (found, with, cause) in [
            (&[never, private][..], false, "DELIVERY_WEBHOOK_PRIVATE"),
            (&[never], false, "no address that may be called"),
            (&[never], true, "no address that may be called"),
            (&[], true, "no address that may be called"),
        ] {
            let error = only(found, with).expect_err("nothing may be called");
            assert!(error.contains(cause), "{error}");
        }
    }

    #[tokio::test]
    async fn tls_trusts_the_extra_ca_and_without_it_does_not() {
        let url = tls_server();
        let ca = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/test_tls/ca.pem");
        let trusting = client(Some(&ca)).expect("a client");
        let answer = trusting.get(url.clone()).send().await.expect("an answer");
        assert_eq!(answer.status(), 204);
        let error = client(None)
            .expect("a client")
            .get(url)
            .send()
            .await
            .expect_err("no trust");
        assert!(matches!(NetError::from(error), NetError::Connect(_)));
    }

    /// A TLS server with a certificate of the test CA, which signs for 127.0.0.1 only.
    fn tls_server() -> Url {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let certificates: Vec<_> =
            CertificateDer::pem_slice_iter(include_bytes!("test_tls/server.pem"))
                .collect::<Result<_, _>>()
                .expect("certificates");
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("test_tls/server.key.pem"));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(certificates, key.expect("a key"))
            .expect("a server");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).expect("TLS");
                let mut tls = StreamOwned::new(connection, stream);
                // A client that does not trust us goes away instead of asking.
                if tls.read(&mut [0_u8; 4096]).is_ok() {
                    let _ = tls.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
                    let _ = tls.flush();
                }
            }
        });
        format!("https://127.0.0.1:{port}/").parse().expect("a URL")
    }

    #[tokio::test]
    async fn redirects_are_answers() {
        let server =
            Server::start([Reply::json(302, "{}").header("Location", "http://127.0.0.1:1/")]);
        let answer = client(None)
            .expect("a client")
            .get(server.url("/"))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 302);
    }

    #[tokio::test]
    async fn warming_asks_for_the_root_and_leaves_the_connection_open() {
        let server = Server::start([Reply::json(404, ""), Reply::json(200, "{}")]);
        let client = client(None).expect("a client");
        warm(&client, &[server.url("/api/things?secret=1")]).await;
        client
            .get(server.url("/api"))
            .send()
            .await
            .expect("an answer");
        assert!(server.requests()[0].starts_with("HEAD / HTTP/1.1\r\n"));
        assert_eq!(server.connections(), 1);
    }

    #[tokio::test]
    async fn warming_ends_soon_whatever_a_host_does() {
        let (silent, live) = (
            Server::start([Reply::Stall]),
            Server::start([Reply::json(200, "")]),
        );
        let began = Instant::now();
        let gone = Url::parse("http://127.0.0.1:1/").expect("a URL");
        warm(
            &client(None).expect("a client"),
            &[silent.url("/"), gone, live.url("/")],
        )
        .await;
        assert!(began.elapsed() < Duration::from_secs(2));
        assert_eq!(live.requests().len(), 1);
    }
}
