use std::time::Duration;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use rustls::pki_types::PrivateKeyDer;
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::*;
use crate::Clock;
use crate::net::testing::{Reply, Server};
use crate::net::{exchange, send_keyed};

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
        let client = Client::for_studio(Clock::system(), private).expect("a client");
        let request = client.get(url.clone()).build().expect("a request");
        let error = send_keyed(&client, request).await.expect_err("not called");
        let error = error.to_string();
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
    let (url, _) = tls_server();
    let trusting = client(Some(&test_ca())).expect("a client");
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

#[tokio::test]
async fn a_new_pool_resumes_the_tls_session_of_the_old_one() {
    let (url, handshakes) = tls_server();
    let client = Client::with_extra_ca(Clock::system(), &test_ca()).expect("a client");
    for _ in 0..3 {
        let request = client.post(url.clone()).build().expect("a request");
        let answer = exchange(&client, request, Duration::from_secs(5), 10).await;
        assert_eq!(answer.expect("an answer").status, 204);
    }
    let handshakes = handshakes.lock().expect("no panic").clone();
    let [first, others @ ..] = &handshakes[..] else {
        panic!("no handshake");
    };
    // The first may be full after a hint at another group of keys.
    assert_ne!(*first, HandshakeKind::Resumed);
    assert_eq!(others, [HandshakeKind::Resumed; 2]);
}

fn test_ca() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/test_tls/ca.pem")
}

type Handshakes = Arc<Mutex<Vec<HandshakeKind>>>;

/// A TLS server with a certificate of the test CA, which signs for 127.0.0.1 only. It takes one
/// request by connection.
fn tls_server() -> (Url, Handshakes) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(include_bytes!("../test_tls/server.pem"))
            .collect::<Result<_, _>>()
            .expect("certificates");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../test_tls/server.key.pem"));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certificates, key.expect("a key"))
        .expect("a server");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let handshakes = Handshakes::default();
    let seen = Arc::clone(&handshakes);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("TLS");
            let mut tls = StreamOwned::new(connection, stream);
            // A client that does not trust us goes away instead of asking.
            if tls.read(&mut [0_u8; 4096]).is_ok() {
                seen.lock()
                    .expect("no panic")
                    .extend(tls.conn.handshake_kind());
                let _ = tls.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
                let _ = tls.flush();
            }
        }
    });
    let url = format!("https://127.0.0.1:{port}/");
    (url.parse().expect("a URL"), handshakes)
}

#[tokio::test]
async fn redirects_are_answers() {
    let server = Server::start([Reply::json(302, "{}").header("Location", "http://127.0.0.1:1/")]);
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
    let client = Client::new(Clock::system()).expect("a client");
    warm(&client, &[server.url("/api/things?secret=1")]).await;
    let request = client.get(server.url("/api")).build().expect("a request");
    exchange(&client, request, Duration::from_secs(5), 10)
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
        &Client::new(Clock::system()).expect("a client"),
        &[silent.url("/"), gone, live.url("/")],
    )
    .await;
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(live.requests().len(), 1);
}
