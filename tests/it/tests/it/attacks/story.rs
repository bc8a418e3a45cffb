//! One story through every flow, with its failures. The test keeps everything that leaves the
//! service: log lines, answers, rows, requests to Amazon and to the studio. Then it searches all of
//! it for every secret of the story.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use it::{
    Answer, Browser, CLIENT_SECRET, JWT_SECRET, Reply, Studio, WEBHOOK_SECRET, World, hidden_inputs,
};
use serde_json::json;
use stand_in::{Consent, Endpoint, Fault};

use crate::attacks::secrets::Log;
use crate::link::login::{continue_url, log_in};
use crate::link::start::scan_all;
use crate::link::support::{parameter, with};

/// A secret that a caller must get once, and the title of the only answers that may hold it.
struct Own {
    value: String,
    belongs_to: &'static [&'static str],
}

/// All answers, by a title.
#[derive(Default)]
struct Kept {
    answers: Vec<(&'static str, String)>,
    own: Vec<Own>,
}

impl Kept {
    fn answer(&mut self, title: &'static str, answer: Answer) -> Answer {
        let shown = format!("{} {:?} {}", answer.status, answer.headers, answer.body);
        self.answers.push((title, shown));
        // No address of ours is told to another site, and no page brings one along.
        if answer.header("content-type") == Some("text/html; charset=utf-8") {
            assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
            for outside in ["src=", "<link", "url(", "<iframe", "<img"] {
                assert!(!answer.body.contains(outside), "{}", answer.body);
            }
        }
        answer
    }

    fn own(&mut self, value: impl Into<String>, belongs_to: &'static [&'static str]) {
        let value = value.into();
        self.own.push(Own { value, belongs_to });
    }

    /// From the consent page to Amazon: gives the address there.
    async fn agree(&mut self, browser: &mut Browser<'_>, page: &Answer) -> String {
        let inputs = hidden_inputs(&page.body);
        self.own(&inputs[1].1, &["consent page"]);
        for value in browser.cookies().values() {
            // A header that sets it says that it is sensitive, and does not print.
            self.own(value, &[]);
        }
        let void = self.answer("to amazon", browser.post("/link/start", &inputs).await);
        self.own(parameter(void.location(), "state"), &["to amazon"]);
        let sent = self.answer("to amazon", browser.post("/link/start", &inputs).await);
        let back = browser.allow(void.location(), "alice");
        self.answer("void", browser.get(&back).await)
            .page(400, "invalid_state");
        self.own(parameter(sent.location(), "state"), &["to amazon"]);
        sent.location().to_owned()
    }

    async fn begin_in_game(
        &mut self,
        browser: &mut Browser<'_>,
        world: &World,
        player: &str,
    ) -> String {
        let call = world
            .call_as(player, "POST", "/v1/link/sessions")
            .json(&json!({}));
        let session = self.answer("session", call.send().await);
        let start = session.json()["start_url"]
            .as_str()
            .expect("text")
            .to_owned();
        self.own(parameter(&start, "ticket"), &["session", "consent page"]);
        let page = self.answer("consent page", browser.get(&start).await);
        self.agree(browser, &page).await
    }

    async fn begin_at_prime_gaming(
        &mut self,
        browser: &mut Browser<'_>,
        world: &World,
        player: &str,
    ) -> String {
        let sent = self.answer("to the studio", browser.get("/link").await);
        let login_ticket = parameter(sent.location(), "login_ticket");
        self.own(&login_ticket, &["to the studio"]);
        let answer = self.answer("logged in", log_in(world, &login_ticket, player).await);
        let again = log_in(world, &login_ticket, player).await;
        self.answer("login ticket used", again)
            .problem(400, "invalid_ticket");
        let address = continue_url(&answer);
        self.own(parameter(&address, "code"), &["logged in", "consent page"]);
        let stranger = world.browser().get(&address).await;
        self.answer("continue elsewhere", stranger)
            .page(403, "wrong_browser");
        let page = self.answer("consent page", browser.get(&address).await);
        self.agree(browser, &page).await
    }

    async fn call(
        &mut self,
        title: &'static str,
        world: &World,
        method: &str,
        path: &str,
    ) -> Answer {
        let answer = world.call_as("p1", method, path).send().await;
        self.answer(title, answer)
    }
}

/// The secrets of settings, and all that Amazon ever issued.
fn never_shown(world: &World) -> Vec<String> {
    let mut never = world.amazon.issued_secrets();
    assert!(
        never.len() > 12,
        "codes, verifiers and tokens: {}",
        never.len()
    );
    never.extend([CLIENT_SECRET, JWT_SECRET, WEBHOOK_SECRET].map(str::to_owned));
    never.push(WEBHOOK_SECRET.trim_start_matches("whsec_").to_owned());
    never.push(STANDARD.encode([7_u8; 32]));
    never.extend([
        world.player_token("p1"),
        world.player_token("p2"),
        world.server_token(),
    ]);
    never
}

/// The text, plain and percent-encoded.
fn forms(secret: &str) -> [String; 2] {
    let encoded = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    [secret.to_owned(), encoded]
}

fn search(what: &str, texts: &[String], secrets: &[String]) {
    assert!(!texts.is_empty(), "no {what}");
    for secret in secrets {
        assert!(secret.len() >= 16, "too short to search for: {secret}");
        for form in forms(secret) {
            let found = texts.iter().find(|text| text.contains(&form));
            assert_eq!(found, None, "{form} is in {what}");
        }
    }
}

async fn play(world: &World, studio: &Studio, kept: &mut Kept) -> Vec<String> {
    let mut rows = Vec::new();
    // Refused, failed, mismatched, and then linked.
    let mut browser = world.browser();
    let sent = kept.begin_in_game(&mut browser, world, "p1").await;
    let back = browser.answer(&sent, "alice", &Consent::Refuse);
    kept.answer("refused", browser.get(&back).await);
    for fault in [
        Fault::Truncated,
        Fault::NotJson,
        Fault::AfterEffect(Box::new(Fault::Truncated)),
    ] {
        let sent = kept.begin_in_game(&mut browser, world, "p1").await;
        let back = browser.allow(&sent, "alice");
        world.amazon.fault(Endpoint::Token, fault, 1);
        kept.answer("failed", browser.get(&back).await);
    }
    let sent = kept.begin_at_prime_gaming(&mut browser, world, "p1").await;
    let back = browser.allow(&sent, "alice");
    rows.extend(scan_all(world).await);
    kept.answer(
        "wrong state",
        browser.get(&with(&back, "state", Some("x"))).await,
    );
    kept.answer("elsewhere", world.browser().get(&back).await);
    kept.answer("linked", browser.get(&back).await)
        .page(200, "p1");
    let sent = kept.begin_in_game(&mut browser, world, "p2").await;
    let back = browser.allow(&sent, "alice");
    kept.answer("taken", browser.get(&back).await)
        .page(409, "amazon_account_taken");

    // Delivered by webhook, after a failure; reported by reconcile, after another.
    world.offer("hat").await;
    world.amazon.claim("alice", "hat");
    studio.script([Reply::status(503), Reply::status(401)]);
    world.amazon.fault(Endpoint::Fulfill, Fault::Reset, 2);
    kept.call("check", world, "POST", "/v1/entitlements/check")
        .await;
    for _ in 0..4 {
        world.pass(3700);
        kept.answers
            .push(("reconciled", world.reconcile().await.to_string()));
        kept.call("check", world, "POST", "/v1/entitlements/check")
            .await;
    }
    rows.extend(scan_all(world).await);
    assert_eq!(world.amazon.fulfilled().len(), 1, "delivered and reported");

    // Refused tokens, a refresh whose answer is lost, the end of the link.
    world.amazon.expire_access_tokens("alice");
    world.amazon.fault(
        Endpoint::Token,
        Fault::AfterEffect(Box::new(Fault::Truncated)),
        1,
    );
    kept.call("check", world, "POST", "/v1/entitlements/check")
        .await;
    world.pass(3700);
    kept.call("check", world, "POST", "/v1/entitlements/check")
        .await;
    kept.call("status", world, "GET", "/v1/link").await;
    kept.call("history", world, "GET", "/v1/entitlements").await;
    for operation in ["GetItem", "Query", "UpdateItem"] {
        world.database.refuse(operation, 0, 1);
        kept.call("outage", world, "POST", "/v1/entitlements/check")
            .await;
    }
    world.amazon.claim("alice", "hat");
    world.amazon.revoke("alice");
    world.pass(3700);
    kept.call("check", world, "POST", "/v1/entitlements/check")
        .await;
    rows.extend(scan_all(world).await);
    kept.call("unlinked", world, "DELETE", "/v1/link").await;
    kept.answers
        .push(("reconciled", world.reconcile().await.to_string()));
    rows.extend(scan_all(world).await);
    rows
}

#[tokio::test]
async fn every_secret_that_was_ever_issued() {
    let login_page = "https://accounts.studio.example/login";
    let (world, studio) = World::with_studio(&[("PLAYER_LOGIN_URL", login_page)]).await;
    world.amazon.rotate_refresh_tokens(true);
    let (log, _guard) = Log::start();
    let mut kept = Kept::default();
    let rows = play(&world, &studio, &mut kept).await;

    let never = never_shown(&world);
    let all: Vec<String> = never
        .iter()
        .cloned()
        .chain(kept.own.iter().map(|it| it.value.clone()))
        .collect();
    let lines: Vec<String> = log.text().lines().map(str::to_owned).collect();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("\"event\":\"linked\"")),
        "{lines:?}"
    );
    search("a log line", &lines, &all);
    search("a row", &rows, &all);
    let studio_calls: Vec<String> = studio
        .calls()
        .iter()
        .map(|call| format!("{call:?}"))
        .collect();
    search("a delivery", &studio_calls, &all);
    let answers: Vec<String> = kept
        .answers
        .iter()
        .map(|(_, shown)| shown.clone())
        .collect();
    search("an answer", &answers, &never);
    for own in &kept.own {
        for (title, shown) in &kept.answers {
            let shows = forms(&own.value)
                .iter()
                .any(|form| shown.contains(form.as_str()));
            assert!(
                !shows || own.belongs_to.contains(title),
                "{} is in: {title} {shown}",
                own.value
            );
        }
    }
    search("what printing shows", &[format!("{:?}", world.app)], &all);
    // What Amazon was sent: no address that the browser was at, and nothing of ours.
    for call in world.amazon.calls() {
        let summary = call.summary.to_string();
        assert!(
            call.summary["headers"].get("referer").is_none(),
            "{summary}"
        );
        for own in kept
            .own
            .iter()
            .filter(|own| own.belongs_to != ["to amazon"])
        {
            assert!(
                !summary.contains(&own.value),
                "{} is in {summary}",
                own.value
            );
        }
    }
}
