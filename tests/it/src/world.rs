//! One system for one test.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use local::dynamo::{self, Embedded, Storage};
use local::gateway::{Routes, Source, event};
use local::template::{Template, project_template};
use prime_gaming::domain::{Timestamp, random_token};
use prime_gaming::http::Request;
use prime_gaming::testing::config::Config;
use prime_gaming::testing::net;
use prime_gaming::testing::secrets::Secrets;
use prime_gaming::{App, Clock};
use ring::hmac;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use stand_in::{Amazon, Client, Options};

use crate::permissions::{acting_as, guarded};
use crate::{Answer, Browser, Call, Gateway, Spy, Studio};

/// The address of the service. Nothing listens there: the gateway is a function call.
pub const BASE_URL: &str = "http://127.0.0.1:8080";

/// The issuer of players' tokens.
pub const ISSUER: &str = "https://accounts.studio.example";
/// The audience of players' tokens.
pub const AUDIENCE: &str = "prime-gaming";
/// Signs players' tokens, unless `PLAYER_JWKS_URL` is set.
pub const JWT_SECRET: &str = "a secret of the studio's account system, for tests";

/// Our client id at Login with Amazon.
pub const CLIENT_ID: &str = "amzn1.application-oa2-client.tests";
/// Its secret.
pub const CLIENT_SECRET: &str = "a client secret for tests";

/// Signs deliveries.
pub const WEBHOOK_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// The project's template, read once.
static TEMPLATE: LazyLock<Template> =
    LazyLock::new(|| Template::read(&project_template()).expect("the template is readable"));

/// A clock that only the test moves.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// Starts at the real time, because the stand-in for Amazon lives in it.
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(Clock::system().now().as_millis())))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// Lets `by` pass.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).expect("tests pass short times");
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    /// Makes it this time, an earlier one too: requests do not end in the order in which they came.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let clock = self.clone();
        Clock::from_fn(move || clock.now())
    }
}

/// The functions, their database and Amazon.
pub struct World {
    /// What the handlers are lent.
    pub app: App,
    /// The stand-in for Amazon.
    pub amazon: Amazon,
    /// The time.
    pub clock: TestClock,
    /// The database, as the test itself reads it.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// What the functions ask of the database.
    pub database: Spy,
    /// Where the secrets are read from.
    pub secrets_file: std::path::PathBuf,
    gateway: Mutex<Option<Arc<dyn Gateway>>>,
    routes: Routes<String>,
    _database: Option<Embedded>,
    _secrets: tempfile::TempDir,
}

impl World {
    /// With the settings that most tests need.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// Where the studio's backend delivers; with these settings besides.
    pub async fn with_studio(settings: &[(&str, &str)]) -> (Self, Studio) {
        let (studio, url) = Studio::start().await;
        let mut all = vec![("DELIVERY", "webhook"), ("DELIVERY_WEBHOOK_URL", &url)];
        all.extend_from_slice(settings);
        (Self::with(&all).await, studio)
    }

    /// With these settings besides, or instead.
    ///
    /// # Panics
    /// If something can't be started: a test has no better answer.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let amazon = Amazon::start(Options::default())
            .await
            .expect("a free port");
        amazon.register_client(Client {
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            return_urls: vec![format!("{BASE_URL}/link/callback")],
            allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
        });
        let (dynamodb, database) = database().await;
        let prefix = random_token();
        dynamo::create_tables(&dynamodb, &TEMPLATE, |table| format!("{prefix}-{table}"))
            .await
            .expect("tables of the template");

        let directory = tempfile::tempdir().expect("a temporary directory");
        let secrets_file = directory.path().join("secrets.json");
        let by_key_set = settings.iter().any(|(name, _)| *name == "PLAYER_JWKS_URL");
        std::fs::write(&secrets_file, secrets(by_key_set).to_string())
            .expect("a writable directory");
        let mut variables = variables(&prefix);
        variables.insert(
            "SECRETS_FILE".to_owned(),
            secrets_file.display().to_string(),
        );
        variables.extend(
            amazon
                .settings()
                .into_iter()
                .map(|(name, url)| (name.to_owned(), url)),
        );
        for (name, value) in settings {
            variables.insert((*name).to_owned(), (*value).to_owned());
        }
        let config = Config::from_vars(|name| variables.get(name).cloned()).expect("good settings");
        let clock = TestClock::new();
        let secrets = Secrets::load(config.secrets.clone(), None)
            .await
            .expect("good secrets");
        let http = net::Client::new(clock.clock()).expect("a client");
        let spy = Spy::default();
        let lent = guarded(&dynamodb);
        let app = App::new(config, secrets, clock.clock(), http, spy.watch(&lent))
            .expect("one source of keys");
        Self {
            app,
            amazon,
            clock,
            dynamodb,
            database: spy,
            secrets_file,
            gateway: Mutex::default(),
            routes: routes(&TEMPLATE),
            _database: database,
            _secrets: directory,
        }
    }

    /// Sends a request through the routes of template.yaml to the function that serves it.
    ///
    /// # Panics
    /// If no function serves it.
    pub async fn send(&self, request: &http::Request<Bytes>) -> Answer {
        // An API mapping is taken off before the route is looked for.
        let base_url = self.app.config.public_base_url.as_ref();
        let mapping = base_url.map_or("", |url| url.path().trim_end_matches('/'));
        let path = request.uri().path();
        let found = self
            .routes
            .find(
                request.method().as_str(),
                path.strip_prefix(mapping).unwrap_or(path),
            )
            .unwrap_or_else(|| {
                panic!("no route for {} {}", request.method(), request.uri().path())
            });
        let source = Source {
            now: self.clock.now(),
            ..Source::default()
        };
        let event = event(&found, request, &source);
        let Some(gateway) = self.gateway() else {
            return self.handle(found.target, &event).await;
        };
        let answer = match gateway.refuses(found.target) {
            Some(status) => Answer {
                status,
                headers: http::HeaderMap::new(),
                body: String::new(),
            },
            None => self.handle(found.target, &event).await,
        };
        gateway.answered(found.target, answer.status);
        answer
    }

    /// From now on `gateway` stands before the functions.
    pub fn stand_before(&self, gateway: Arc<dyn Gateway>) {
        *self.gateway.lock().unwrap_or_else(PoisonError::into_inner) = Some(gateway);
    }

    fn gateway(&self) -> Option<Arc<dyn Gateway>> {
        let gateway = self.gateway.lock();
        gateway.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hands an event to a function's handler.
    ///
    /// # Panics
    /// If there is no such function.
    pub async fn handle(&self, function: &str, event: &Value) -> Answer {
        self.handle_text(function, &event.to_string()).await
    }

    /// Hands an event to a function's handler, as the text that Lambda sends.
    ///
    /// # Panics
    /// If there is no such function, or its answer lacks what every answer has.
    pub async fn handle_text(&self, function: &str, event: &str) -> Answer {
        let request = Request::from_event(event, "invocation");
        // Boxed, because the handlers' futures are large.
        let app = &self.app;
        let response = match function {
            "link" => acting_as(function, Box::pin(link::handle(app, request))).await,
            "entitlements" => {
                acting_as(function, Box::pin(entitlements::handle(app, request))).await
            }
            "fulfillments" => {
                acting_as(function, Box::pin(fulfillments::handle(app, request))).await
            }
            other => panic!("{other} serves no HTTP"),
        };
        let answer = Answer::from(response);
        assert!(answer.header("x-request-id").is_some(), "{answer:?}");
        answer
    }

    /// Invokes the `admin` function.
    ///
    /// # Panics
    /// If the answer is not JSON that this code can hold.
    pub async fn admin(&self, event: Value) -> Value {
        let answer = self.admin_text(&event.to_string()).await;
        serde_json::from_str(&answer).expect("JSON")
    }

    /// Invokes the `admin` function with this text, and gives its answer as text: both pass as
    /// they do through the Lambda runtime.
    ///
    /// # Panics
    /// If the text is not JSON.
    pub async fn admin_text(&self, event: &str) -> String {
        let event: Box<RawValue> = serde_json::from_str(event).expect("JSON");
        let answer = acting_as("admin", Box::pin(admin::handle(&self.app, &event))).await;
        answer.get().to_owned()
    }

    /// Invokes the `reconcile` function, with a minute left.
    ///
    /// # Panics
    /// If the database does not answer.
    pub async fn reconcile(&self) -> Value {
        self.try_reconcile().await.expect("an answer")
    }

    /// The same; `None` if the run failed.
    pub async fn try_reconcile(&self) -> Option<Value> {
        let deadline = self.clock.now() + Duration::from_secs(58);
        let run = Box::pin(reconcile::handle(&self.app, deadline));
        let run = acting_as("reconcile", run).await;
        run.ok().map(|run| serde_json::to_value(run).expect("JSON"))
    }

    /// Puts an offer with this SKU.
    ///
    /// # Panics
    /// If it is not taken.
    pub async fn offer(&self, sku: &str) {
        let offer = json!({"sku": sku, "title": sku, "content": {"item": sku}});
        let answer = self
            .admin(json!({"command": "offers.put", "offers": [offer]}))
            .await;
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// A call of the API.
    #[must_use]
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(self, method, path)
    }

    /// A call with a player's own token.
    #[must_use]
    pub fn call_as(&self, player: &str, method: &str, path: &str) -> Call<'_> {
        self.call(method, path).bearer(&self.player_token(player))
    }

    /// A check by the player's own game, 200.
    pub async fn check(&self, player: &str) -> Value {
        self.call_as(player, "POST", "/v1/entitlements/check")
            .send()
            .await
            .ok()
    }

    /// A check after the shortest interval has passed.
    pub async fn check_later(&self, player: &str) -> Value {
        self.clock.advance(Duration::from_secs(5));
        self.check(player).await
    }

    /// A confirmation by the player's own game, 200: the list of results.
    pub async fn confirm(&self, player: &str, ids: &[&str]) -> Value {
        let body = json!({"entitlement_ids": ids});
        let answer = self
            .call_as(player, "POST", "/v1/fulfillments")
            .json(&body)
            .send()
            .await;
        answer.ok()["results"].clone()
    }

    /// A new browser, without cookies.
    #[must_use]
    pub fn browser(&self) -> Browser<'_> {
        self.browser_with(BTreeMap::new())
    }

    /// A browser with these cookies.
    #[must_use]
    pub fn browser_with(&self, cookies: BTreeMap<String, String>) -> Browser<'_> {
        Browser::new(self, cookies)
    }

    /// Links the player with the Amazon account the way a player does; gives the last page.
    pub async fn link(&self, player: &str, account: &str) -> Answer {
        let mut browser = self.browser();
        let consent = browser.to_amazon(player, None).await;
        let callback = browser.allow(&consent, account);
        browser.get(&callback).await
    }

    /// A token of this player, valid for an hour.
    #[must_use]
    pub fn player_token(&self, player: &str) -> String {
        self.token(&json!({"sub": player, "name": format!("Player {player}")}))
    }

    /// A token of a game server, valid for an hour.
    #[must_use]
    pub fn server_token(&self) -> String {
        self.token(&json!({"sub": "server-1", "scope": "other prime-gaming:server"}))
    }

    /// A token with these claims; what they leave out is right.
    ///
    /// # Panics
    /// If the claims are not an object.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        let mut all = json!({
            "iss": ISSUER, "aud": AUDIENCE, "exp": self.clock.now().as_seconds() + 3600,
        });
        for (name, value) in claims.as_object().expect("claims are an object") {
            all[name] = value.clone();
        }
        sign_hs256(
            &json!({"alg": "HS256", "typ": "JWT"}),
            &all,
            JWT_SECRET.as_bytes(),
        )
    }

    /// The stored item of a table, empty where there is none.
    ///
    /// # Panics
    /// If the database does not answer.
    pub async fn item(
        &self,
        table: &str,
        key: &[(&str, &str)],
    ) -> std::collections::HashMap<String, AttributeValue> {
        let key = key
            .iter()
            .map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned())))
            .collect();
        let item = self
            .dynamodb
            .get_item()
            .table_name(table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await;
        item.expect("the database answers").item.unwrap_or_default()
    }
}

/// The embedded database, or the one that `STORE_TEST_DYNAMODB_ENDPOINT` names: the same tests
/// should pass against AWS's own DynamoDB Local.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no config; this is their one setting"
)]
async fn database() -> (aws_sdk_dynamodb::Client, Option<Embedded>) {
    match std::env::var("STORE_TEST_DYNAMODB_ENDPOINT") {
        Ok(endpoint) if !endpoint.is_empty() => (dynamo::client(&endpoint), None),
        _ => {
            let database = Embedded::start(Storage::Memory).await.expect("a free port");
            (database.client(), Some(database))
        }
    }
}

fn variables(prefix: &str) -> BTreeMap<String, String> {
    [
        ("LINKS_TABLE", format!("{prefix}-LinksTable").as_str()),
        ("FULFILLMENTS_TABLE", &format!("{prefix}-FulfillmentsTable")),
        ("OFFERS_TABLE", &format!("{prefix}-OffersTable")),
        ("ERASURES_TABLE", &format!("{prefix}-ErasuresTable")),
        ("PUBLIC_BASE_URL", BASE_URL),
        ("LWA_CLIENT_ID", CLIENT_ID),
        ("PLAYER_JWT_ISSUER", ISSUER),
        ("PLAYER_JWT_AUDIENCE", AUDIENCE),
        ("LINK_RETURN_ORIGINS", "https://play.example.com,mygame:"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// What the secrets file holds at the start of a test. `by_key_set`: players' tokens are checked
/// by a key set, so there is no secret for them: exactly one of the two is given.
#[must_use]
pub fn secrets(by_key_set: bool) -> Value {
    let mut secrets = json!({
        "lwa_client_secret": CLIENT_SECRET,
        "token_keys": [{"id": "test-1", "key": STANDARD.encode([7_u8; 32])}],
        "delivery_webhook_secret": WEBHOOK_SECRET,
        "erasure_key": STANDARD.encode([5_u8; 32]),
    });
    if !by_key_set {
        secrets["player_jwt_secret"] = JWT_SECRET.into();
    }
    secrets
}

fn routes(template: &Template) -> Routes<String> {
    let routes = template.functions.iter().flat_map(|function| {
        function
            .routes
            .iter()
            .map(|route| (route.clone(), function.binary.clone()))
    });
    Routes::new(routes.collect())
}

/// A JWT with this header and these claims, signed with HMAC-SHA-256 whatever the header says.
#[must_use]
pub fn sign_hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}
