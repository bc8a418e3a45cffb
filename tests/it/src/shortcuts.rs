//! Steps that many tests begin with, and looks at what they end with.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use prime_gaming::App;
use prime_gaming::domain::{EntitlementId, PlayerId};
use prime_gaming::flow::{self, Budget};
use prime_gaming::testing::config::DeliveryConfig;
use prime_gaming::testing::net;
use prime_gaming::testing::secrets::Secrets;
use prime_gaming::testing::store::Link;
use serde_json::{Value, json};
use stand_in::{Endpoint, Fault};

use crate::World;
use crate::permissions::guarded;

impl World {
    /// Links the player, and makes sure of it. Where the service makes the first check by itself,
    /// the shortest interval passes, so that the test's own check asks Amazon again.
    pub async fn linked(&self, player: &str, account: &str) {
        self.link(player, account).await.page(200, player);
        if self.app.webhook.is_some() {
            self.pass(5);
        }
    }

    /// Unlinks the player, and makes sure of it.
    pub async fn unlinked(&self, player: &str) {
        let answer = self.call_as(player, "DELETE", "/v1/link").send().await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    /// A linked player with one `pending` entitlement of a new offer: gives its id.
    pub async fn pending(&self, player: &str, account: &str, sku: &str) -> String {
        self.offer(sku).await;
        self.linked(player, account).await;
        let id = self.amazon.claim(account, sku);
        let answer = self.check(player).await;
        assert_eq!(status_of(&answer, &id), "pending", "{answer}");
        id
    }

    /// The same, delivered, and Amazon has not taken the first report.
    pub async fn unreported(&self, player: &str, account: &str) -> String {
        let id = self.pending(player, account, "hat").await;
        let error = Fault::ItemResult("ERROR".to_owned());
        self.amazon.fault(Endpoint::Fulfill, error, 1);
        let results = self.confirm(player, &[&id]).await;
        assert_eq!(results[0]["status"], "delivered", "{results}");
        id
    }

    /// Puts an offer with these fields beside `sku`, `title` and `content`.
    pub async fn offer_with(&self, sku: &str, further: &Value) {
        let mut offer = json!({"sku": sku, "title": sku, "content": {"item": sku}});
        for (name, value) in further.as_object().expect("fields") {
            offer[name] = value.clone();
        }
        let answer = self
            .admin(json!({"command": "offers.put", "offers": [offer]}))
            .await;
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// The first page of the player's history.
    pub async fn history(&self, player: &str) -> Vec<Value> {
        let answer = self
            .call_as(player, "GET", "/v1/entitlements?limit=100")
            .send()
            .await
            .ok();
        assert_eq!(answer["next_cursor"], Value::Null);
        answer["entitlements"].as_array().expect("a list").clone()
    }

    /// The status of `id` in the player's history.
    pub async fn known_status(&self, player: &str, id: &str) -> String {
        let entitlements = self.history(player).await;
        status_of(&json!({"entitlements": entitlements}), id)
    }

    /// What is stored of the player in the links table.
    pub async fn player_item(&self, player: &str) -> HashMap<String, AttributeValue> {
        let key = format!("PLAYER#{player}");
        self.item(&self.app.config.tables.links, &[("pk", &key)])
            .await
    }

    /// An item of the fulfillments table.
    pub async fn fulfillment_item(&self, pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
        self.item(
            &self.app.config.tables.fulfillments,
            &[("pk", pk), ("sk", sk)],
        )
        .await
    }

    /// What is stored of an entitlement.
    pub async fn record_item(&self, player: &str, id: &str) -> HashMap<String, AttributeValue> {
        self.fulfillment_item(&format!("PLAYER#{player}"), &format!("E#{id}"))
            .await
    }

    /// The player's link, as the store reads it.
    ///
    /// # Panics
    /// If there is none.
    pub async fn stored_link(&self, player: &str) -> Link {
        let row = self.app.links.get(&player_id(player)).await;
        row.expect("a good row").link.expect("a link")
    }

    /// Another process of the same function: it shares the database, Amazon and the time, and
    /// nothing that is kept in memory.
    ///
    /// # Panics
    /// If it can't start.
    pub async fn another_process(&self) -> App {
        self.another_process_on(&self.dynamodb).await
    }

    /// The same, to which the database answers as `dynamodb` does.
    ///
    /// # Panics
    /// If the secret can't be read.
    pub async fn another_process_on(&self, dynamodb: &aws_sdk_dynamodb::Client) -> App {
        let config = self.app.config.clone();
        let secrets = Secrets::load(config.secrets.clone(), None)
            .await
            .expect("good secrets");
        let http = net::Client::new(self.app.clock.clone()).expect("a client");
        let dynamodb = self.database.watch(&guarded(dynamodb));
        App::new(config, secrets, self.app.clock.clone(), http, dynamodb)
            .expect("one source of keys")
    }

    /// Puts this in the secret's place. A process that has read the secret keeps what it has.
    ///
    /// # Panics
    /// If it can't be written.
    pub fn replace_secret(&self, secret: &Value) {
        std::fs::write(&self.secrets_file, secret.to_string()).expect("a writable file");
    }

    /// Where Amazon was asked, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Endpoint> {
        self.amazon
            .calls()
            .iter()
            .map(|call| call.endpoint)
            .collect()
    }

    /// Forgets what the database and Amazon were asked so far.
    pub fn forget(&self) {
        self.database.forget();
        self.amazon.reset_calls();
    }

    /// Lets so many seconds pass.
    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The studio has changed `DELIVERY` to `confirm`: the game delivers from now on.
    pub fn let_the_game_deliver(&mut self) {
        self.app.config.delivery = DeliveryConfig::Confirm;
        self.app.webhook = None;
    }

    /// Time passes until a run of `reconcile` does not count what waits for an operator, as it does every
    /// fifth minute.
    pub fn pass_until_uncounted(&self) {
        if self.clock.now().as_millis() / 60_000 % 5 == 0 {
            self.pass(60);
        }
    }

    /// Asserts that no request broke the contract with Amazon.
    ///
    /// # Panics
    /// If one did.
    pub fn contract_is_kept(&self) {
        assert_eq!(self.amazon.violations(), Vec::<String>::new());
    }
}

/// A check by this process.
///
/// # Panics
/// If it fails.
pub async fn check_in(app: &App, player: &str) -> Value {
    let answer = flow::check(app, Budget::of_request(), &player_id(player)).await;
    serde_json::to_value(answer.expect("an answer").response).expect("JSON")
}

/// A confirmation by this process.
///
/// # Panics
/// If it has no JSON form.
pub async fn confirm_in(app: &App, player: &str, ids: &[&str]) -> Value {
    let ids = ids.iter().map(|id| entitlement_id(id)).collect();
    let results = flow::confirm(app, Budget::of_request(), &player_id(player), ids).await;
    serde_json::to_value(results).expect("JSON")
}

/// A player's id.
///
/// # Panics
/// If it is not one.
#[must_use]
pub fn player_id(text: &str) -> PlayerId {
    PlayerId::new(text).expect("a player id")
}

/// An entitlement's id.
///
/// # Panics
/// If it is not one.
#[must_use]
pub fn entitlement_id(text: &str) -> EntitlementId {
    EntitlementId::new(text).expect("an entitlement id")
}

/// The ids of an answer with `entitlements`, in its order.
///
/// # Panics
/// If it is no such answer.
#[must_use]
pub fn ids_of(answer: &Value) -> Vec<String> {
    answer["entitlements"]
        .as_array()
        .unwrap_or_else(|| panic!("no entitlements: {answer}"))
        .iter()
        .map(|entitlement| {
            entitlement["entitlement_id"]
                .as_str()
                .expect("an id")
                .to_owned()
        })
        .collect()
}

/// The entitlement `id` of an answer; `null` where it is not mentioned.
#[must_use]
pub fn entitlement_of(answer: &Value, id: &str) -> Value {
    answer["entitlements"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|entitlement| entitlement["entitlement_id"] == id)
        .cloned()
        .unwrap_or_default()
}

/// The status of `id` in an answer, with the reason where it is held (`held unknown_offer`);
/// empty where it is not mentioned.
#[must_use]
pub fn status_of(answer: &Value, id: &str) -> String {
    let entitlement = entitlement_of(answer, id);
    let word = |name: &str| entitlement[name].as_str().unwrap_or_default().to_owned();
    format!("{} {}", word("status"), word("reason"))
        .trim()
        .to_owned()
}
