//! No secret reaches a log line or an error: these tests search everything that is logged during
//! the whole story, and during every failure that is easy to cause, for every secret.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use it::{Answer, CLIENT_SECRET, JWT_SECRET, World, hidden_inputs, sign_hs256};
use serde_json::json;
use stand_in::{Consent, Endpoint, Fault};
use tracing::Level;
use tracing_subscriber::filter::{FilterExt, Targets, dynamic_filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::link::support::{callback, parameter, with};

/// What was logged by this test's thread, on which a `current_thread` runtime does everything.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

thread_local! {
    /// The log that this thread writes to, while a test listens.
    static LISTENING: RefCell<Option<Log>> = const { RefCell::new(None) };
}

/// Stops listening.
pub(crate) struct Listening;

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENING.set(None);
    }
}

/// Writes for the subscriber, which all threads share.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LISTENING.with_borrow(|log| {
            if let Some(Log(log)) = log {
                log.lock().expect("no panic with it").extend(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One subscriber for the whole process: of one subscriber per thread, `tracing` can lose the first
/// line of a place in the code while another thread's subscriber comes or goes.
///
/// It logs as production does at `AWS_LAMBDA_LOG_LEVEL=TRACE`: our own code at its most talkative,
/// of its dependencies warnings and errors, because their chatter is the traffic itself.
fn subscribe() {
    let ours = [
        "prime_gaming",
        "link",
        "entitlements",
        "fulfillments",
        "admin",
        "reconcile",
    ];
    let filter = Targets::new()
        .with_default(Level::WARN)
        .with_targets(ours.map(|target| (target, Level::TRACE)));
    let is_heard = dynamic_filter_fn(|_, _| LISTENING.with_borrow(Option::is_some));
    let lines = fmt::layer()
        .json()
        .with_writer(|| Lines)
        .with_filter(filter.and(is_heard));
    tracing::subscriber::set_global_default(Registry::default().with(lines))
        .expect("no other subscriber in this process");
}

impl Log {
    pub(crate) fn start() -> (Self, Listening) {
        static SUBSCRIBED: Once = Once::new();
        SUBSCRIBED.call_once(subscribe);
        let log = Self::default();
        LISTENING.set(Some(log.clone()));
        (log, Listening)
    }

    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().expect("no panic with it").clone();
        String::from_utf8(bytes).expect("text")
    }
}

/// The secrets that a test has seen, and the errors that were answered.
#[derive(Default)]
struct Watch {
    secrets: Vec<String>,
    errors: Vec<String>,
}

impl Watch {
    fn secret(&mut self, secret: impl Into<String>) {
        self.secrets.push(secret.into());
    }

    /// Keeps what an error shows: the body and every header.
    fn answer(&mut self, answer: &Answer) {
        if answer.status.as_u16() >= 400 {
            let shown = format!("{} {:?} {}", answer.status, answer.headers, answer.body);
            self.errors.push(shown);
        }
    }

    /// Comes back from Amazon on a way that a later post has made void.
    async fn void(&mut self, browser: &mut it::Browser<'_>, consent: &str) {
        let back = browser.allow(consent, "alice");
        self.secret(parameter(&back, "state"));
        let answer = browser.get(&back).await;
        answer.page(400, "invalid_state");
        self.answer(&answer);
    }

    /// Links like a player, up to Amazon; gives the way back.
    async fn go_to_amazon(&mut self, browser: &mut it::Browser<'_>, player: &str) -> String {
        let start = browser.start_url(player, None).await;
        self.secret(parameter(&start, "ticket"));
        let page = browser.get(&start).await;
        let inputs = hidden_inputs(&page.body);
        for (_, value) in &inputs {
            self.secret(value.clone());
        }
        for value in browser.cookies().values() {
            self.secret(value.clone());
        }
        let void = browser.post("/link/start", &inputs).await;
        let answer = browser.post("/link/start", &inputs).await;
        self.void(browser, void.location()).await;
        let consent = answer.location().to_owned();
        self.secret(parameter(&consent, "state"));
        consent
    }

    /// Asserts that none of all these is in the log, in an error, or in what printing shows.
    fn nothing_leaked(mut self, world: &World, log: &Log) {
        self.secrets.extend(world.amazon.issued_secrets());
        self.secret(CLIENT_SECRET);
        self.secret(JWT_SECRET);
        self.secret(STANDARD.encode([7_u8; 32]));
        self.secret(format!("{:?}", [7_u8; 32]));
        let log = log.text();
        let printed = format!("{:?} {:#?}", world.app, world.app.config);
        for secret in &self.secrets {
            assert!(secret.len() >= 16, "too short to search for: {secret}");
            let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            for secret in [secret, &encoded] {
                if let Some(line) = log.lines().find(|line| line.contains(secret.as_str())) {
                    panic!("{secret} is logged: {line}");
                }
                if let Some(error) = self.errors.iter().find(|it| it.contains(secret.as_str())) {
                    panic!("{secret} is in an error: {error}");
                }
                assert!(!printed.contains(secret.as_str()), "{secret} is printed");
            }
        }
        // The test has teeth only if something was said.
        assert!(log.contains("\"event\":\"request\""), "{log}");
        assert!(self.secrets.len() > 8);
    }
}

#[tokio::test]
async fn the_way_from_prime_gaming_logs_no_secret() {
    let login_page = "https://accounts.studio.example/login";
    let world = World::with(&[("PLAYER_LOGIN_URL", login_page)]).await;
    let (log, _guard) = Log::start();
    let mut watch = Watch::default();
    let mut browser = world.browser();
    let login_ticket = parameter(browser.get("/link").await.location(), "login_ticket");
    watch.secret(login_ticket.clone());
    let server = world.server_token();
    watch.secret(server.clone());
    let body = json!({"login_ticket": login_ticket, "player_id": "p1"});
    let login = || {
        let call = world.call("POST", "/v1/link/login").bearer(&server);
        call.json(&body).send()
    };
    let address = login().await.ok()["continue_url"].clone();
    let address = address.as_str().expect("an address").to_owned();
    watch.secret(parameter(&address, "code"));
    // Used up; another browser; another kind of ticket; and our database at fault.
    watch.answer(&login().await);
    watch.answer(&world.browser().get(&address).await);
    let other = format!("/link/continue?code={login_ticket}");
    watch.answer(&browser.get(&other).await);
    world.database.refuse("GetItem", 0, 2);
    watch.answer(&browser.get(&address).await);
    watch.answer(&login().await);
    world.database.refuse("UpdateItem", 0, 1);
    watch.answer(&world.browser().get("/link").await);
    assert!(watch.errors.len() >= 6, "{:?}", watch.errors);

    let page = browser.get(&address).await;
    let inputs = hidden_inputs(&page.body);
    watch.secret(inputs[1].1.clone());
    for value in browser.cookies().values() {
        watch.secret(value.clone());
    }
    let void = browser.post("/link/start", &inputs).await;
    let answer = browser.post("/link/start", &inputs).await;
    watch.void(&mut browser, void.location()).await;
    watch.secret(parameter(answer.location(), "state"));
    let back = browser.allow(answer.location(), "alice");
    browser.get(&back).await.page(200, "p1");
    watch.nothing_leaked(&world, &log);
}

#[tokio::test]
async fn the_whole_story_logs_no_secret() {
    let world = World::new().await;
    let (log, _guard) = Log::start();
    let mut watch = Watch::default();
    watch.secret(world.player_token("p1"));
    world.amazon.rotate_refresh_tokens(true);
    world.amazon.access_token_seconds(70);
    world.offer("hat").await;
    let mut browser = world.browser();
    let consent = watch.go_to_amazon(&mut browser, "p1").await;
    let back = browser.allow(&consent, "alice");
    let linked = browser.get(&back).await;
    linked.page(200, "Player p1");
    for _ in 0..2 {
        // Found, delivered, reported; then once more with a refreshed token.
        let id = world.amazon.claim("alice", "hat");
        world.check_later("p1").await;
        world.confirm("p1", &[&id]).await;
        world.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(
        world.amazon.calls_to(Endpoint::Token),
        2,
        "it was refreshed"
    );
    let history = world.call_as("p1", "GET", "/v1/entitlements").send().await;
    assert_eq!(history.status, 200);
    let answer = world.call_as("p1", "DELETE", "/v1/link").send().await;
    assert_eq!(answer.status, 204);
    let text = log.text();
    for said in ["\"event\":\"linked\"", "\"event\":\"unlinked\""] {
        assert!(text.contains(said), "{text}");
    }
    watch.nothing_leaked(&world, &log);
}

#[tokio::test]
async fn failed_links_log_and_show_no_secret() {
    let world = World::new().await;
    let (log, _guard) = Log::start();
    let mut watch = Watch::default();
    let error = |error: &str| Fault::OAuthError {
        error: error.to_owned(),
        description: format!("your secret is {CLIENT_SECRET}"),
    };
    let echo = Fault::Status {
        status: 500,
        body: format!("{{\"client_secret\": \"{CLIENT_SECRET}\"}}"),
        retry_after: None,
    };
    for (endpoint, fault) in [
        (Endpoint::Token, error("invalid_client")),
        (Endpoint::Token, error("invalid_grant")),
        (Endpoint::Token, error("invalid_request")),
        (Endpoint::Token, error(CLIENT_SECRET)),
        (Endpoint::Token, echo.clone()),
        (Endpoint::Token, Fault::Reset),
        (Endpoint::Token, Fault::NotJson),
        (
            Endpoint::Token,
            Fault::AfterEffect(Box::new(Fault::Truncated)),
        ),
        (Endpoint::Token, Fault::AfterEffect(Box::new(Fault::Reset))),
        (Endpoint::TokenInfo, error("invalid_token")),
        (Endpoint::TokenInfo, echo.clone()),
        (Endpoint::TokenInfo, Fault::Reset),
        (
            Endpoint::TokenInfo,
            Fault::AfterEffect(Box::new(Fault::Truncated)),
        ),
        (Endpoint::Profile, echo),
        (Endpoint::Profile, Fault::Reset),
        (Endpoint::Profile, Fault::Huge(1_000_000)),
    ] {
        let mut browser = world.browser();
        let consent = watch.go_to_amazon(&mut browser, "p1").await;
        let back = browser.allow(&consent, "alice");
        world.amazon.fault(endpoint, fault, 2);
        for address in [
            with(&back, "state", Some("x")),
            format!("{back}&state=x"),
            back.clone(),
            back.clone(),
        ] {
            watch.answer(&browser.get(&address).await);
        }
        watch.answer(&world.browser().get(&back).await);
        world.amazon.clear_faults();
    }
    let mut browser = world.browser();
    let consent = watch.go_to_amazon(&mut browser, "p1").await;
    let back = browser.answer(&consent, "alice", &Consent::Refuse);
    watch.answer(&browser.get(&back).await);
    assert!(watch.errors.len() > 16 * 5, "each of them failed");
    watch.nothing_leaked(&world, &log);
}

#[tokio::test]
async fn devices_log_no_secret_and_errors_show_none() {
    let world = crate::devices::support::devices().await;
    let (log, _guard) = Log::start();
    let mut watch = Watch::default();
    watch.secret(world.player_token("p1"));
    let oauth = |error: &str| Fault::OAuthError {
        error: error.to_owned(),
        description: "no".to_owned(),
    };
    let mut codes = Vec::new();
    let echo = Fault::Status {
        status: 500,
        body: format!("{{\"client_secret\": \"{CLIENT_SECRET}\"}}"),
        retry_after: None,
    };
    for fault in [oauth("invalid_client"), echo.clone(), Fault::Truncated] {
        world.amazon.fault(Endpoint::Codepair, fault, 1);
        let call = world.call_as("p1", "POST", "/v1/link/devices");
        watch.answer(&call.send().await);
    }
    for (endpoint, fault) in [
        (Endpoint::Token, oauth("invalid_request")),
        (Endpoint::Token, oauth(CLIENT_SECRET)),
        (Endpoint::Token, oauth("authorization_pending")),
        (Endpoint::Token, echo.clone()),
        (Endpoint::Token, Fault::NotJson),
        (
            Endpoint::Token,
            Fault::AfterEffect(Box::new(Fault::Truncated)),
        ),
        (Endpoint::TokenInfo, echo.clone()),
        (Endpoint::TokenInfo, Fault::Reset),
        (Endpoint::Profile, echo),
        (Endpoint::Profile, oauth("insufficient_scope")),
    ] {
        let player = format!("p{}", watch.secrets.len());
        let session = crate::devices::support::approved(&world, &player, &player).await;
        let id = crate::devices::support::id(&session);
        watch.secret(id);
        let code = session["user_code"].as_str().expect("a code").to_owned();
        // Amazon repeats what it was sent.
        let fault = match fault {
            Fault::OAuthError { error, .. } => Fault::OAuthError {
                error,
                description: repeated(&world, &code),
            },
            other => other,
        };
        codes.push(code);
        world.amazon.fault(endpoint, fault, 2);
        crate::devices::support::poll(&world, &player, &session).await;
        world.amazon.clear_faults();
        crate::devices::support::poll_later(&world, &player, &session).await;
        let path = format!("/v1/link/devices/{id}");
        for call in [
            world.call("POST", &path),
            world.call("POST", &path).bearer(&world.server_token()),
            world.call_as("stranger", "POST", &path),
            world.call_as(&player, "POST", &format!("{path}x")),
        ] {
            watch.answer(&call.send().await);
        }
    }
    let text = log.text();
    for said in [
        "\"event\":\"linked\"",
        "\"path\":\"/v1/link/devices/{id}\"",
        "\"event\":\"device_poll_failed\"",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    for code in codes {
        assert!(!text.contains(&code), "{code} is logged");
    }
    assert!(watch.errors.len() > 3 + 4 * 8);
    watch.nothing_leaked(&world, &log);
}

/// A sentence with the device codes and this user code in it.
fn repeated(world: &World, user_code: &str) -> String {
    let secrets = world.amazon.issued_secrets();
    let device_codes: Vec<_> = secrets.iter().filter(|it| it.len() == 36).collect();
    assert!(!device_codes.is_empty());
    format!("{user_code} does not fit one of {device_codes:?}")
}

/// Any caller can write the query of a callback: here an `error` that is a secret.
#[tokio::test]
async fn an_error_word_that_is_no_word_is_not_logged_or_shown() {
    let world = World::new().await;
    let (log, _guard) = Log::start();
    let mut watch = Watch::default();
    for secret in [CLIENT_SECRET, JWT_SECRET, &world.player_token("p1")] {
        let mut browser = world.browser();
        let consent = watch.go_to_amazon(&mut browser, "p1").await;
        let state = parameter(&consent, "state");
        let back = callback(&[
            ("error", secret),
            ("error_description", secret),
            ("state", &state),
        ]);
        watch.answer(&browser.get(&back).await);
        let consent = watch.go_to_amazon(&mut browser, "p1").await;
        let state = parameter(&consent, "state");
        watch.answer(
            &browser
                .get(&callback(&[("error", &state), ("state", &state)]))
                .await,
        );
    }
    watch.nothing_leaked(&world, &log);
}

#[tokio::test]
async fn failed_checks_and_reports_log_and_show_no_secret() {
    let world = World::new().await;
    let (log, _guard) = Log::start();
    let mut watch = Watch::default();
    world.offer("hat").await;
    let mut browser = world.browser();
    let consent = watch.go_to_amazon(&mut browser, "p1").await;
    browser.get(&browser.allow(&consent, "alice")).await;
    let id = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    let echo = |status| Fault::Status {
        status,
        body: format!("{{\"token\": \"{CLIENT_SECRET}\"}}"),
        retry_after: None,
    };
    for fault in [
        echo(503),
        Fault::Reset,
        Fault::NotJson,
        Fault::Truncated,
        echo(200),
    ] {
        world.amazon.fault(Endpoint::Fulfill, fault.clone(), 4);
        world.amazon.fault(Endpoint::Entitlements, fault, 4);
        world.confirm("p1", &[&id]).await;
        world.check_later("p1").await;
        world.amazon.clear_faults();
    }
    // Refused tokens, a refresh that fails, and a link that is dead.
    world.amazon.fault(Endpoint::Token, Fault::Reset, 2);
    world.amazon.expire_access_tokens("alice");
    world.check_later("p1").await;
    world.amazon.revoke("alice");
    // The lease of the refresh that was lost runs out.
    world.clock.advance(Duration::from_secs(60));
    world.check("p1").await;
    let status = world.call_as("p1", "GET", "/v1/link").send().await.ok();
    assert_eq!(status["status"], "relink_required");
    watch.nothing_leaked(&world, &log);
}

#[tokio::test]
async fn refused_tokens_and_bodies_are_not_logged_or_shown() {
    let world = World::new().await;
    let (log, _guard) = Log::start();
    let mut watch = Watch::default();
    let good = world.player_token("p1");
    let stale = world.token(&json!({"sub": "p1", "exp": 7}));
    let forged = sign_hs256(&json!({"alg": "HS256"}), &json!({"sub": "p1"}), b"guess");
    let spaced = format!("{good} {good}");
    let long = "t".repeat(100_000);
    let tokens = [
        stale.as_str(),
        &forged,
        &spaced,
        &long,
        "not.a.token-of-ours",
    ];
    for token in tokens {
        for path in ["/v1/link", "/v1/entitlements"] {
            watch.answer(&world.call("GET", path).bearer(token).send().await);
        }
        watch.secret(token);
    }
    for part in good
        .split('.')
        .chain(stale.split('.'))
        .chain(forged.split('.'))
    {
        if part.len() > 40 {
            watch.secret(part);
        }
    }
    let hush = "hush-hush-hush-hush";
    watch.secret(hush);
    for body in [
        format!("{{\"entitlement_ids\": \"{hush}\"}}"),
        format!("{{\"entitlement_ids\": [\"{hush}\", \"\"]}}"),
        format!("{{\"{hush}\""),
        format!("{{\"player_id\": \"{hush}\", \"entitlement_ids\": [\"a\"]}}"),
        format!("{{\"return_to\": \"https://evil.example/{hush}\"}}"),
    ] {
        for path in ["/v1/fulfillments", "/v1/link/sessions"] {
            let call = world.call_as("p1", "POST", path);
            let call = call.header("content-type", "application/json");
            let call = call.header("x-secret", hush).body(body.clone());
            watch.answer(&call.send().await);
        }
    }
    for path in [
        "/v1/entitlements?cursor=",
        "/v1/entitlements?limit=",
        "/v1/link?player_id=",
        "/link/start?ticket=",
        "/link/callback?code=hush-hush-hush-hush&state=",
    ] {
        let call = world.call_as("p1", "GET", &format!("{path}{hush}"));
        let call = call.header("cookie", &format!("prime-gaming-browser={hush}"));
        watch.answer(&call.send().await);
    }
    assert!(watch.errors.len() > 20, "{:?}", watch.errors);
    watch.secret(good);
    watch.nothing_leaked(&world, &log);
}
