//! Every example of openapi.yaml is what the code answers. Stories play the requests and hold each
//! answer against its example: field by field in their order, each title, detail, time and header.
//! Only what is random in an answer is compared by its form. An example that no story plays is a
//! fault too.

mod api;
mod book;
mod document;
mod errors;
mod mask;
mod pages;
mod webhook;

use std::ops::Range;

use it::{Answer, CLIENT_SECRET, Call, World, hidden_inputs};
use prime_gaming::Clock;
use prime_gaming::domain::Timestamp;
use serde_json::{Value, json};
use stand_in::{Client, Consent};
use url::form_urlencoded;

use self::book::Book;

/// The client id of the examples.
const CLIENT_ID: &str = "amzn1.application-oa2-client.0123abcd";

/// The player of the examples.
const PLAYER: &str = "player-1";

/// Where the examples send a browser to Amazon.
const CONSENT_PAGE: &str = "https://www.amazon.com/ap/oa";

/// Where the examples send a browser to log in.
const LOGIN_PAGE: &str = "https://accounts.studio.example/prime/login";

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The day on which the stories play: tomorrow, because the database forgets what has expired by
/// the machine's own clock.
#[derive(Clone, Copy)]
struct Day(i64);

impl Day {
    fn tomorrow() -> Self {
        Self((Clock::system().now().as_millis() / DAY_MS + 1) * DAY_MS)
    }

    /// A time of this day, like `09:30:00.125`.
    fn at(self, time: &str) -> Timestamp {
        let digits = time.replace([':', '.'], "");
        let part = |range: Range<usize>| digits[range].parse::<i64>().expect("a number");
        let minutes = part(0..2) * 60 + part(2..4);
        Timestamp::from_millis(self.0 + minutes * 60_000 + part(4..9))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let midnight = Timestamp::from_millis(self.0).to_string();
        f.write_str(midnight.split('T').next().unwrap_or_default())
    }
}

/// A deployment as the examples show it.
struct Deployment {
    world: World,
    host: String,
    day: Day,
}

impl Deployment {
    /// One where it is this time of the day.
    async fn at(book: &Book, time: &str) -> Self {
        Self::with(book, time, &[]).await
    }

    /// One with these settings besides.
    async fn with(book: &Book, time: &str, settings: &[(&str, &str)]) -> Self {
        let host = book.host();
        let mut all = vec![
            ("LWA_CLIENT_ID", CLIENT_ID),
            ("LWA_AUTHORIZE_URL", CONSENT_PAGE),
            ("PLAYER_LOGIN_URL", LOGIN_PAGE),
            ("DEVICE_LINKING", "on"),
        ];
        all.extend_from_slice(settings);
        let mut world = World::with(&all).await;
        // The settings allow a deployment's address only where the secrets are AWS's.
        world.app.config.public_base_url = Some(host.parse().expect("an address"));
        world.amazon.register_client(Client {
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            return_urls: vec![format!("{host}/link/callback")],
            allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
        });
        let day = book.day;
        let deployment = Self { world, host, day };
        deployment.time(time);
        deployment
    }

    /// Makes it this time of the day.
    fn time(&self, time: &str) {
        self.world.clock.set(self.day.at(time));
    }

    /// A call by the game of the examples' player.
    fn player(&self, method: &str, path: &str) -> Call<'_> {
        self.call_as(PLAYER, method, path)
    }

    fn call_as(&self, player: &str, method: &str, path: &str) -> Call<'_> {
        let token = self.world.token(&json!({"sub": player, "name": "Robin"}));
        self.world.call(method, path).bearer(&token)
    }

    /// A call by a game server.
    fn server(&self, method: &str, path: &str) -> Call<'_> {
        let token = self.world.server_token();
        self.world.call(method, path).bearer(&token)
    }

    fn visitor(&self) -> Visitor<'_> {
        Visitor {
            deployment: self,
            player: PLAYER,
            cookie: String::new(),
        }
    }

    /// The `start_url` of a new link session of the examples' player.
    async fn start_url(&self) -> String {
        self.visitor().start_url(None).await
    }

    /// Answers Amazon's consent page: where the browser is sent back to.
    fn consent(&self, redirect: &Answer, account: &str, consent: Consent) -> String {
        let settings = self.world.amazon.settings();
        let page = settings
            .iter()
            .find(|(name, _)| *name == "LWA_AUTHORIZE_URL");
        let (_, page) = page.expect("the stand-in's own address");
        let address = redirect.location().replacen(CONSENT_PAGE, page, 1);
        let amazon = &self.world.amazon;
        let back = amazon.consent(&address, account, consent);
        back.expect("a good authorize request")
    }

    /// Links a player with this Amazon account.
    async fn link(&self, player: &'static str, account: &str) {
        let mut visitor = Visitor {
            player,
            ..self.visitor()
        };
        let back = visitor.allowed(None, account).await;
        let linked = visitor.get(&back).await;
        assert_eq!(linked.status, 200, "{linked:?}");
    }
}

/// A person with a browser, which wants pages.
struct Visitor<'d> {
    deployment: &'d Deployment,
    player: &'static str,
    cookie: String,
}

impl Visitor<'_> {
    async fn get(&mut self, address: &str) -> Answer {
        self.send("GET", address, None).await
    }

    /// Posts a form of our own page.
    async fn post(&mut self, form: &Value) -> Answer {
        self.send("POST", "/link/start", Some(form)).await
    }

    async fn send(&mut self, method: &str, address: &str, form: Option<&Value>) -> Answer {
        let host = &self.deployment.host;
        let path = address.strip_prefix(host.as_str()).unwrap_or(address);
        let call = self.deployment.world.call(method, path);
        let mut call = call.header("accept", "text/html,*/*;q=0.8");
        if !self.cookie.is_empty() {
            call = call.header("cookie", &self.cookie);
        }
        if let Some(form) = form {
            call = call.header("origin", host).body(encoded(form));
            call = call.header("content-type", "application/x-www-form-urlencoded");
        }
        let answer = call.send().await;
        if let Some(cookie) = answer.header("set-cookie") {
            cookie
                .split(';')
                .next()
                .unwrap_or_default()
                .clone_into(&mut self.cookie);
        }
        answer
    }

    /// The `start_url` of a new link session.
    async fn start_url(&self, return_to: Option<&str>) -> String {
        let body = json!({"return_to": return_to});
        let call = self
            .deployment
            .call_as(self.player, "POST", "/v1/link/sessions");
        let answer = call.json(&body).send().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        field(&answer, "start_url")
    }

    /// The form of the page before Amazon, at this address.
    async fn form(&mut self, start_url: &str) -> Value {
        let page = self.get(start_url).await;
        assert_eq!(page.status, 200, "{page:?}");
        form_of(&page)
    }

    /// Goes from the game to Amazon.
    async fn at_amazon(&mut self, return_to: Option<&str>) -> Answer {
        let start_url = self.start_url(return_to).await;
        let form = self.form(&start_url).await;
        let redirect = self.post(&form).await;
        assert_eq!(redirect.status, 303, "{redirect:?}");
        redirect
    }

    /// The same, and allows the link there: where the browser is sent back to.
    async fn allowed(&mut self, return_to: Option<&str>, account: &str) -> String {
        let redirect = self.at_amazon(return_to).await;
        let deployment = self.deployment;
        deployment.consent(&redirect, account, Consent::Approve)
    }
}

/// The form of a page, as fields.
fn form_of(page: &Answer) -> Value {
    hidden_inputs(&page.body).into_iter().collect()
}

/// A form as a browser sends it.
fn encoded(form: &Value) -> String {
    let fields = form.as_object().expect("fields").iter();
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields.map(|(name, value)| (name, value.as_str().expect("text"))))
        .finish()
}

/// A text of a JSON answer.
fn field(answer: &Answer, name: &str) -> String {
    let answer = answer.json();
    answer[name].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn every_example_is_what_the_code_answers() {
    let mut book = Book::of(Day::tomorrow());
    book.gateway();
    api::sessions(&mut book).await;
    api::login(&mut book).await;
    api::devices(&mut book).await;
    api::link(&mut book).await;
    api::entitlements(&mut book).await;
    pages::start(&mut book).await;
    pages::callback(&mut book).await;
    pages::failures(&mut book).await;
    errors::of_the_api(&mut book).await;
    errors::of_browsers(&mut book).await;
    webhook::deliver(&mut book).await;
    let faults = book.faults();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
