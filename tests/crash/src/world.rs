//! The local system with a proxy in front of everything that the functions ask.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local::dynamo::{Embedded, Storage};
use local::log::Log;
use local::runtime::Function;
use local::system::{Options, System, Version};
use local::webhook;
use serde_json::{Value, json};
use stand_in::Amazon;

use crate::journal::OfAmazon;
use crate::rows::{Backup, ERASURES, FULFILLMENTS, LINKS, Rows};
use crate::wire::Wire;
use crate::{Gate, Journal, Outcome, Proxy, Studio, keys, studio};

const CLIENT_ID: &str = "amzn1.application-oa2-client.crash";
const CLIENT_SECRET: &str = "amzn1.oa2-cs.v1.crash";

/// How many of the functions' last lines a failure shows.
const LAST_LINES: usize = 40;

/// The most runs until `reconcile` must have nothing left.
const RECONCILE_RUNS: usize = 20;

/// A running system whose every outgoing request passes a [`Gate`].
pub struct World {
    /// The stand-in for Amazon.
    pub amazon: Amazon,
    /// What becomes of the functions' requests.
    pub gate: Gate,
    /// What was seen from outside.
    pub journal: Journal,
    /// The studio's backend, where content reaches players by its webhook.
    pub studio: Option<Studio>,
    /// The wire to DynamoDB and that to Amazon, where there are wires.
    pub wires: Vec<Wire>,
    /// The system.
    pub system: System,
    pub(crate) rows: Rows,
    pub(crate) http: reqwest::Client,
    lines: Arc<Mutex<VecDeque<String>>>,
    players: AtomicUsize,
    _proxies: Vec<Proxy>,
    _database: Embedded,
    _secrets: tempfile::TempDir,
}

/// The client of games, browsers and proxies.
pub(crate) fn http() -> reqwest::Client {
    prime_gaming::testing::net::client(None)
        .expect("without an extra certificate nothing can be wrong")
}

impl World {
    /// Builds the functions and starts everything; the game grants and confirms.
    ///
    /// # Panics
    /// When something does not start.
    pub async fn start() -> Self {
        Self::begin(false, false, None).await
    }

    /// Builds the functions and starts everything, with the functions of another version, which
    /// serve every second invocation of each function. With `has_studio` the studio's webhook
    /// delivers.
    ///
    /// # Panics
    /// When something does not start.
    pub async fn beside(other: Version, has_studio: bool) -> Self {
        Self::begin(has_studio, false, Some(other)).await
    }

    /// Builds the functions and starts everything, with [`Wire`]s before DynamoDB and Amazon in the
    /// place of the gate.
    ///
    /// # Panics
    /// When something does not start.
    pub async fn with_wires() -> Self {
        Self::begin(false, true, None).await
    }

    /// Builds the functions and starts everything; the studio's webhook delivers.
    ///
    /// # Panics
    /// When something does not start.
    pub async fn with_studio() -> Self {
        Self::begin(true, false, None).await
    }

    async fn begin(has_studio: bool, has_wires: bool, other: Option<Version>) -> Self {
        let database = Embedded::start(Storage::Memory).await.expect("a database");
        let amazon = Amazon::start(stand_in::Options::default())
            .await
            .expect("a stand-in");
        let rows = Rows::new(database.client());
        let (gate, journal) = (Gate::default(), Journal::new(rows.clone()));
        let secrets = secrets();
        let (mut proxies, mut wires) = (Vec::new(), Vec::new());
        let urls = if has_wires {
            for url in [&database.endpoint, &amazon.base_url()] {
                wires.push(Wire::before(url).await.expect("a port"));
            }
            [0, 1].map(|number: usize| wires[number].base_url.clone())
        } else {
            let before = Proxy::before(&database.endpoint, gate.clone(), ()).await;
            proxies.push(before.expect("a port"));
            let watch = OfAmazon::new(amazon.clone(), journal.clone());
            let before = Proxy::before(amazon.base_url(), gate.clone(), watch).await;
            proxies.push(before.expect("a port"));
            [0, 1].map(|number: usize| proxies[number].base_url.clone())
        };
        let mut settings = settings(&amazon, &urls, &secrets);
        let mut studio = None;
        if has_studio {
            let backend = Studio::start(journal.clone()).await.expect("a port");
            let proxy = Proxy::before(backend.base_url(), gate.clone(), ()).await;
            let proxy = proxy.expect("a port");
            let url = format!("{}{}", proxy.base_url, webhook::PATH);
            settings.insert("DELIVERY".to_owned(), "webhook".to_owned());
            settings.insert("DELIVERY_WEBHOOK_URL".to_owned(), url);
            proxies.push(proxy);
            studio = Some(backend);
        }
        let (log, lines) = last_lines();
        let system = System::start(Options {
            settings,
            other,
            // It is invoked where a test says so; a minute that passes would disturb the numbers.
            schedules: false,
            log,
            ..Options::default()
        })
        .await
        .expect("a system");
        amazon.register_client(stand_in::Client {
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            return_urls: vec![format!("{}/link/callback", system.base_url)],
            allowed_scopes: vec![
                stand_in::SCOPE_PRIME.to_owned(),
                stand_in::SCOPE_PROFILE.to_owned(),
            ],
        });
        Self {
            amazon,
            gate,
            journal,
            studio,
            wires,
            system,
            rows,
            http: http(),
            lines,
            players: AtomicUsize::new(0),
            _proxies: proxies,
            _database: database,
            _secrets: secrets,
        }
    }

    /// A number that no player of this world has. No other one's text is part of its text.
    pub(crate) fn next_number(&self) -> String {
        format!("{:06}", self.players.fetch_add(1, Ordering::Relaxed))
    }

    /// The function that is made by the binary of this name.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn function(&self, binary: &str) -> &Function {
        let function = self.system.function(binary);
        function.unwrap_or_else(|| panic!("there is no function {binary}"))
    }

    /// Invokes `reconcile` until there is nothing left to do.
    ///
    /// # Errors
    /// When it fails, or is never done.
    pub async fn reconcile(&self) -> Outcome {
        for _ in 0..RECONCILE_RUNS {
            let answer = self.function("reconcile").invoke(&json!({})).await;
            let answer = answer.map_err(|error| format!("reconcile failed: {error}"))?;
            let count = |name: &str| answer[name].as_u64();
            match (count("taken"), count("left")) {
                (Some(0), Some(0)) => return Ok(()),
                (Some(_), Some(_)) => {}
                _ => return Err(format!("reconcile answered {answer}")),
            }
        }
        Err("reconcile always finds something more to do".to_owned())
    }

    /// Invokes `reconcile` once, and says nothing of how that ends.
    pub async fn reconcile_once(&self) {
        // It may be what is disturbed.
        let _ = self.function("reconcile").invoke(&json!({})).await;
    }

    /// Time passes, for all that is stored and for Amazon.
    ///
    /// # Errors
    /// When the rows can't be made older.
    pub async fn pass(&self, by: Duration) -> Outcome {
        self.amazon.advance(by);
        self.rows.age(by).await
    }

    /// How many Amazon accounts there are whose tokens outlive their link.
    ///
    /// # Errors
    /// When the rows can't be read.
    pub async fn remnants(&self) -> Outcome<usize> {
        Ok(self.rows.links_like("REMNANT#").await?.len())
    }

    /// The commands of the audit records about a player.
    ///
    /// # Errors
    /// When the rows can't be read.
    pub async fn audits(&self, player: &str) -> Outcome<Vec<String>> {
        self.rows.audits(&format!("PLAYER#{player}")).await
    }

    /// The commands of the audit records about an offer.
    ///
    /// # Errors
    /// When the rows can't be read.
    pub async fn audits_of_offer(&self, sku: &str) -> Outcome<Vec<String>> {
        self.rows.audits(&format!("OFFER#{sku}")).await
    }

    /// The commands of the audit records about the keys that seal tokens.
    ///
    /// # Errors
    /// When the rows can't be read.
    pub async fn audits_of_keys(&self) -> Outcome<Vec<String>> {
        self.rows.audits("KEYS").await
    }

    /// Every link's tokens are as before a rotation: sealed with the old key.
    ///
    /// # Errors
    /// When the rows can't be changed.
    pub async fn seal_with_the_old_key(&self) -> Outcome {
        self.rows.seal_with_the_old_key().await
    }

    /// How many links have tokens that the secret's first key has sealed, and how many have others.
    ///
    /// # Errors
    /// When the rows can't be read.
    pub async fn sealed(&self) -> Outcome<(usize, usize)> {
        self.rows.sealed().await
    }

    /// A backup of the tables that are restored together.
    ///
    /// # Errors
    /// When the rows can't be read.
    pub async fn backup(&self) -> Outcome<Backup> {
        self.rows.backup().await
    }

    /// The tables are as they were.
    ///
    /// # Errors
    /// When the rows can't be changed.
    pub async fn restore(&self, backup: Backup) -> Outcome {
        self.rows.restore(backup).await
    }

    /// The rows that have one of these texts anywhere in them.
    ///
    /// # Errors
    /// When the rows can't be read.
    pub async fn naming(&self, names: &[&str]) -> Outcome<Vec<String>> {
        self.rows.naming(names).await
    }

    /// The receipts of the erasures of players.
    ///
    /// # Errors
    /// When the rows can't be read.
    pub async fn receipts(&self) -> Outcome<BTreeSet<String>> {
        self.rows.receipts().await
    }

    /// Forgets the functions' lines so far.
    pub(crate) fn clear_lines(&self) {
        lock(&self.lines).clear();
    }

    /// The functions' last lines, for the report of a failure.
    pub(crate) fn last_lines(&self) -> String {
        let lines = lock(&self.lines);
        lines.iter().map(|line| format!("    {line}\n")).collect()
    }

    /// Ends everything in order.
    pub async fn stop(self) {
        self.system.stop().await;
        self.amazon.shutdown().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn last_lines() -> (Log, Arc<Mutex<VecDeque<String>>>) {
    let lines: Arc<Mutex<VecDeque<String>>> = Arc::default();
    let kept = Arc::clone(&lines);
    let log = Log::new(move |line| {
        let mut lines = lock(&kept);
        if lines.len() == LAST_LINES {
            lines.pop_front();
        }
        lines.push_back(format!("{}: {}", line.source, line.text));
    });
    (log, lines)
}

/// A secrets' file of our own, because the stand-in has to know what is in it.
fn secrets() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let secrets: Value = json!({
        "lwa_client_secret": CLIENT_SECRET,
        "token_keys": keys::of_the_secret(),
        "player_jwt_secret": "a secret that only these tests know",
        "delivery_webhook_secret": studio::SECRET,
        "erasure_key": STANDARD.encode([5; 32]),
    });
    std::fs::write(directory.path().join("secrets.json"), secrets.to_string()).expect("a file");
    directory
}

fn settings(
    amazon: &Amazon,
    [dynamodb, before_amazon]: &[String; 2],
    secrets: &tempfile::TempDir,
) -> BTreeMap<String, String> {
    let secrets = secrets.path().join("secrets.json");
    let own = [
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.clone()),
        ("LINKS_TABLE", LINKS.to_owned()),
        ("FULFILLMENTS_TABLE", FULFILLMENTS.to_owned()),
        ("ERASURES_TABLE", ERASURES.to_owned()),
        ("LWA_CLIENT_ID", CLIENT_ID.to_owned()),
        ("SECRETS_FILE", secrets.display().to_string()),
    ];
    let of_amazon = amazon.settings().into_iter().map(|(name, url)| {
        // Browsers, not functions, ask for this one.
        let is_for_browsers = name == "LWA_AUTHORIZE_URL";
        let through = url.replace(&amazon.base_url(), before_amazon);
        (name, if is_for_browsers { url } else { through })
    });
    own.into_iter()
        .chain(of_amazon)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
