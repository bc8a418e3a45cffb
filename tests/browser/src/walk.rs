//! A walk: one test in the world, with its own players and browsers.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use local::runtime::Function;
use serde_json::{Value, json};
use stand_in::{Amazon, Endpoint, fingerprint};
use url::Url;

use crate::screenshots::folder;
use crate::world::{Kind, World};
use crate::{Browser, GameSite, keys};

/// Runs a walk in the world that walks share.
pub fn walk(test: impl AsyncFnOnce(&Walk)) {
    run(Kind::Shared, test);
}

/// Runs a walk in a world of its own, where nothing is set and Amazon may be made to fail.
pub fn walk_alone(test: impl AsyncFnOnce(&Walk)) {
    run(Kind::Own, test);
}

/// Runs a walk in a world of its own that has the console.
pub fn walk_with_console(test: impl AsyncFnOnce(&Walk)) {
    run(Kind::Console, test);
}

fn run(kind: Kind, test: impl AsyncFnOnce(&Walk)) {
    let Some(world) = World::enter(kind) else {
        return;
    };
    let walk = Walk {
        world,
        browsers: Mutex::default(),
    };
    let runtime = &walk.world.runtime;
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(test(&walk))));
    // Browsers end only when they are told to.
    runtime.block_on(walk.end(ended.is_err()));
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}

/// What a test has in hand.
pub struct Walk {
    world: Arc<World>,
    browsers: Mutex<Vec<Arc<Browser>>>,
}

/// A player of the game whom no other walk uses.
pub struct Player {
    /// The player's id.
    pub id: String,
    /// What the pages call the player.
    pub name: String,
    /// The player's account at Amazon.
    pub account: String,
    token: String,
}

impl Walk {
    /// A new browser.
    pub async fn browser(&self) -> Arc<Browser> {
        let browser = Browser::start(self.world.driver()).await;
        let browser = Arc::new(browser.unwrap_or_else(|error| panic!("no browser: {error}")));
        let mut browsers = self.browsers.lock().unwrap_or_else(PoisonError::into_inner);
        browsers.push(Arc::clone(&browser));
        browser
    }

    /// A new player.
    pub fn player(&self) -> Player {
        let number = self.world.number();
        self.known_player(
            &format!("player-of-walk-{number}"),
            &format!("Robin {number}"),
        )
    }

    /// The player with this id.
    pub fn known_player(&self, id: &str, name: &str) -> Player {
        let token = self.world.system().player_token(id, name);
        Player {
            id: id.to_owned(),
            name: name.to_owned(),
            account: format!("account-of-{id}"),
            token: token.expect("it is ours to issue"),
        }
    }

    /// Where the service is.
    pub fn service(&self) -> &str {
        &self.world.system().base_url
    }

    /// The stand-in for Amazon.
    pub fn amazon(&self) -> &Amazon {
        self.world.amazon()
    }

    /// A function of the service, by its binary.
    pub fn function(&self, binary: &str) -> Function {
        let function = self.world.system().function(binary);
        function.expect("the system has it").clone()
    }

    /// The game's own site.
    pub fn game(&self) -> &GameSite {
        self.world.game()
    }

    /// A setting of the service.
    pub fn setting(&self, name: &str) -> &str {
        self.world.system().setting(name).unwrap_or_default()
    }

    async fn api(&self, player: &Player, method: reqwest::Method, path: &str) -> Value {
        self.api_with(player, method, path, json!({})).await
    }

    async fn api_with(
        &self,
        player: &Player,
        method: reqwest::Method,
        path: &str,
        body: Value,
    ) -> Value {
        let http = prime_gaming::testing::net::client(None).expect("no extra certificate");
        let request = http.request(method, format!("{}{path}", self.service()));
        let answer = request.bearer_auth(&player.token).json(&body).send().await;
        let answer = answer.expect("the service answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    /// The game asks for an address with which its player links Amazon.
    pub async fn start_url(&self, player: &Player) -> String {
        self.start_url_with(player, json!({})).await
    }

    /// The same, with this in the request.
    pub async fn start_url_with(&self, player: &Player, body: Value) -> String {
        let path = "/v1/link/sessions";
        let session = self.api_with(player, reqwest::Method::POST, path, body);
        let start_url = session.await["start_url"].take();
        start_url.as_str().expect("an address").to_owned()
    }

    /// What the game is told about the player's link.
    pub async fn link_status(&self, player: &Player) -> String {
        let link = self.api(player, reqwest::Method::GET, "/v1/link").await;
        link["status"].as_str().unwrap_or_default().to_owned()
    }

    /// The game asks what the player has claimed.
    pub async fn check(&self, player: &Player) {
        let path = "/v1/entitlements/check";
        self.api(player, reqwest::Method::POST, path).await;
    }

    /// How many times the service says that it linked this player.
    pub fn links_made(&self, player: &Player) -> usize {
        let lines = self.world.lines.all();
        let linked = |text: &str| {
            let line: Value = serde_json::from_str(text).unwrap_or_default();
            line["event"] == "linked" && line["player_id"] == *player.id
        };
        lines.iter().filter(|line| linked(&line.text)).count()
    }

    /// How many times the code in this address was taken to Amazon.
    pub fn exchanges_of(&self, callback: &Url) -> usize {
        let code = callback.query_pairs().find(|(name, _)| name == "code");
        let code = fingerprint(&code.expect("a code").1);
        let calls = self.amazon().calls();
        let exchanges = calls.iter().filter(|call| {
            call.endpoint == Endpoint::Token && call.summary["form"]["code"] == code
        });
        exchanges.count()
    }

    /// The player has the question in front, and says yes.
    pub async fn say_yes(&self, browser: &Browser, player: &Player) {
        self.sees_question(browser, player).await;
        browser.follow("button").await;
        self.is_at_amazon(browser).await;
    }

    /// The question is in front, and is about this player.
    pub async fn sees_question(&self, browser: &Browser, player: &Player) {
        let question = format!("Link Amazon to player {}?", player.name);
        browser.shows("h1", &question).await;
    }

    /// Amazon's page is in front, and asks whether the game may.
    pub async fn is_at_amazon(&self, browser: &Browser) {
        browser.shows("h1", "Login with Amazon").await;
        let url = browser.url().await;
        let amazon = self.amazon().consent_url();
        assert_eq!(url.origin().ascii_serialization(), amazon);
    }

    /// The player signs in at Amazon as this account.
    pub async fn sign_in(&self, browser: &Browser, account: &str) {
        browser.fill("#account", account).await;
    }

    /// The player signs in at Amazon, and allows it.
    pub async fn allow(&self, browser: &Browser, player: &Player) {
        self.sign_in(browser, &player.account).await;
        browser.follow("button[value=allow]").await;
    }

    /// The page says that it is done, and so does the game.
    pub async fn is_linked(&self, browser: &Browser, player: &Player) {
        browser.shows("h1", "Your Amazon account is linked").await;
        let text = browser.text("main").await;
        assert!(text.contains(&player.name), "{text}");
        assert_eq!(browser.url().await.path(), "/link/callback");
        assert_eq!(self.link_status(player).await, "linked");
    }

    /// The page tells of a failure with this code.
    pub async fn sees_failure(&self, browser: &Browser, code: &str) {
        browser.shows("code", code).await;
    }

    /// No policy of a page was broken, nothing was missing, and Amazon has no complaint. That a page
    /// tells of a failure is for the walk to judge.
    pub async fn all_is_well(&self, browser: &Browser) {
        let mut console = browser.console().await;
        let page = format!("{}/link/", self.service());
        let status = "Failed to load resource: the server responded with a status of 4";
        console.retain(|line| !(line.starts_with(&page) && line.contains(status)));
        assert_eq!(console, Vec::<String>::new());
        assert_eq!(self.amazon().violations(), Vec::<String>::new());
    }

    /// The next thing that takes keys has them: it is the first such element, and it shows.
    pub async fn tab_to(&self, browser: &Browser, css: &str) {
        browser.key(keys::TAB).await;
        let script = format!(
            "const active = document.activeElement; \
             return active === document.querySelector('{css}') \
             ? getComputedStyle(active).outlineStyle : 'not there';"
        );
        assert_eq!(browser.run(&script).await, "solid", "{css}");
    }

    async fn end(&self, failed: bool) {
        let browsers =
            std::mem::take(&mut *self.browsers.lock().unwrap_or_else(PoisonError::into_inner));
        for (number, browser) in browsers.iter().enumerate() {
            if failed {
                let test = std::thread::current();
                let test = test.name().unwrap_or("test").replace("::", "-");
                let picture = folder().join(format!("failed-{test}-{number}.png"));
                browser.last_picture(&picture).await;
                eprintln!("the browser's last page: {}", picture.display());
            }
            if let Err(error) = browser.quit().await {
                eprintln!("a browser does not end: {error}");
            }
        }
    }
}
