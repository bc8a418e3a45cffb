//! The console over HTTP: every action, who may ask, what is shown, and when the lamps light.

use local::console::script;
use local::log::Log;
use local::system::{Options, System};
use prime_gaming::testing::net;
use serde_json::{Value, json};

mod actions;
mod guard;
mod lamps;
mod replay;
mod time;

const PLAYER: &str = "player-1";
const OFFER: &str = "monthly-boost";

/// A system with its console, as the page sees it.
struct Page {
    system: System,
    http: reqwest::Client,
}

impl Page {
    async fn open() -> Self {
        Self::with(&[]).await
    }

    /// One with these settings. Nothing happens in it that no test asks for.
    async fn with(settings: &[(&str, &str)]) -> Self {
        // Each check asks Amazon, unless a test says otherwise.
        let often = ("CHECK_MIN_INTERVAL_SECONDS", "0");
        let settings = [&often].into_iter().chain(settings);
        let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let system = System::start(Options {
            settings: settings.collect(),
            schedules: false,
            console: true,
            log: Log::none(),
            ..Options::default()
        });
        Self {
            system: system.await.expect("it starts"),
            http: net::client(None).expect("a client"),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/console/api/{path}", self.system.base_url)
    }

    async fn state_after(&self, after: u64) -> Value {
        let url = self.url(&format!("state?after={after}"));
        let answer = self.http.get(url).header("x-console", "1").send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("JSON")
    }

    async fn state(&self) -> Value {
        self.state_after(0).await
    }

    async fn try_to(&self, action: &Value) -> (u16, Value) {
        let request = self.http.post(self.url("act")).header("x-console", "1");
        let within = std::time::Duration::from_secs(120);
        let answer = request.json(action).timeout(within).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }

    /// Does something that is not refused. Gives what was said.
    async fn act(&self, action: Value) -> String {
        let (status, answer) = self.try_to(&action).await;
        assert_eq!(
            (status, &answer["ok"]),
            (200, &json!(true)),
            "{action}: {answer}"
        );
        answer["said"].as_str().expect("a sentence").to_owned()
    }

    /// Why an action is refused.
    async fn refused(&self, action: Value) -> String {
        let (status, answer) = self.try_to(&action).await;
        assert_eq!(
            (status, &answer["ok"]),
            (400, &json!(false)),
            "{action}: {answer}"
        );
        answer["said"].as_str().expect("a sentence").to_owned()
    }

    async fn link(&self) {
        let link = json!({"do": "link", "player": PLAYER, "account": "robin"});
        let said = self.act(link).await;
        assert_eq!(said, "Robin linked the Amazon account robin.");
    }

    async fn claim(&self) {
        let claim = json!({"do": "claim", "account": "robin", "sku": OFFER});
        self.act(claim).await;
    }

    /// From now on the game saves nothing of a check until its next one.
    async fn game_saves_late(&self) {
        let habits =
            json!({"do": "game", "saves_before_confirming": false, "grants_once_per_id": true});
        self.act(habits).await;
    }

    /// From now on the game grants again what it has granted under the same id.
    async fn game_ignores_the_id(&self) {
        let habits =
            json!({"do": "game", "saves_before_confirming": true, "grants_once_per_id": false});
        self.act(habits).await;
    }

    async fn check(&self) -> String {
        self.act(json!({"do": "check", "player": PLAYER})).await
    }

    async fn confirm(&self) -> String {
        self.act(json!({"do": "confirm", "player": PLAYER})).await
    }

    /// How many sentences each lamp has: LOST, DOUBLED.
    async fn lamps(&self) -> (usize, usize) {
        let state = self.state().await;
        let count = |lamp: &str| state[lamp].as_array().expect("a list").len();
        (count("lost"), count("doubled"))
    }

    /// The entitlements of the first player.
    async fn entitlements(&self) -> Vec<Value> {
        let state = self.state().await;
        let listed = state["players"][0]["entitlements"].as_array();
        listed.expect("a list").clone()
    }

    async fn script(&self) -> String {
        let request = self.http.get(self.url("script")).header("x-console", "1");
        let answer = request.send().await.expect("an answer");
        let disposition = answer.headers()["content-disposition"].to_str();
        assert!(disposition.expect("a text").starts_with("attachment"));
        answer.text().await.expect("a text")
    }
}

#[tokio::test]
async fn the_page_and_its_parts_are_served_with_a_strict_policy() {
    let page = Page::open().await;
    for (path, kind) in [
        ("", "text/html"),
        ("/page.js", "text/javascript"),
        ("/page.css", "text/css"),
    ] {
        let url = format!("{}/console{path}", page.system.base_url);
        let answer = page.http.get(url).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        let header = |name: &str| answer.headers()[name].to_str().expect("a text").to_owned();
        assert!(header("content-type").starts_with(kind), "{path}");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    }
    // The API is where it was.
    let health = page.http.get(format!("{}/health", page.system.base_url));
    assert_eq!(health.send().await.expect("an answer").status(), 200);
    page.system.stop().await;
}

#[tokio::test]
async fn a_system_without_a_console_has_no_page() {
    let system = System::start(Options::default()).await.expect("it starts");
    assert!(system.console().is_none());
    let http = net::client(None).expect("a client");
    let url = format!("{}/console", system.base_url);
    let answer = http.get(url).send().await.expect("an answer");
    assert_eq!(answer.status(), 404);
    system.stop().await;
}

#[test]
fn the_example_of_a_script_is_a_script() {
    let path = local::build::workspace().join("docs/examples/killed-check.json");
    let text = std::fs::read_to_string(path).expect("the example");
    let actions = script::read(&text).expect("a script");
    assert_eq!(script::write(&actions), text);
}
