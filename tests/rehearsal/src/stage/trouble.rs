//! What can go wrong, and how it is made to.

use aws_sdk_dynamodb::types::AttributeValue;
use it::Reply;
use prime_gaming::Jitter;
use stand_in::{Endpoint, Fault};

use super::gate::Weather;
use super::keys::AccountSystem;
use super::players::{FORGOTTEN, SKU};
use super::reconcile::Reconcile;
use super::{JITTER, Stage};

/// What goes wrong, from the beginning of the outage to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Nothing for long: single failures, and one item that the webhook never takes.
    Single,
    /// Prime Gaming's list answers so.
    List(Broken),
    /// Prime Gaming answers reports so.
    Reports(Broken),
    /// Prime Gaming refuses the tokens of every link.
    EveryLinkRefused,
    /// LWA answers 500.
    LwaDown,
    /// LWA answers `invalid_client`.
    LwaRefusesUs,
    /// Players do not come back from Amazon.
    NobodyReturns,
    /// LWA answers 500 to refreshes.
    RefreshFails,
    /// LWA answers `invalid_grant` to refreshes.
    GrantsInvalid,
    /// The key that sealed the tokens is gone.
    TokenKeysGone,
    /// The studio's webhook answers 500.
    WebhookFails,
    /// It refuses deliveries for good.
    WebhookRefuses,
    /// It refuses one delivery.
    OneDeliveryRefused,
    /// The game does not confirm.
    NobodyConfirms,
    /// Players claim an offer that was not put.
    OfferForgotten,
    /// Amazon lists an unknown word.
    WordUnknown,
    /// A row can't be read.
    RowUnreadable,
    /// The database refuses writes.
    WritesRefused,
    /// The database refuses everything.
    DatabaseDown,
    /// The key set can't be had, and new processes start.
    KeySetGoneCold,
    /// The key set can't be had, and the processes have just fetched it.
    KeySetGoneWarm,
    /// `reconcile` is not invoked.
    ReconcileSilent,
    /// `reconcile` crashes.
    ReconcileCrashes,
    /// `reconcile` has no time, and there is work.
    ReconcileTooSlow,
    /// The gateway throttles.
    GatewayThrottles,
    /// Functions crash.
    FunctionsCrash,
    /// Lambda throttles.
    FunctionsThrottled,
    /// The gateway answers 5xx.
    GatewayFails,
}

/// How an address of Amazon's is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It answers this status.
    Status(u16),
    /// It answers nothing.
    Silent,
    /// It answers what is no JSON.
    Garbage,
    /// Reports only: it answers `ERROR` for the item.
    ItemError,
}

impl Broken {
    fn fault(self) -> Fault {
        match self {
            Self::Status(status) => answer(status),
            Self::Silent => Fault::Reset,
            Self::Garbage => Fault::NotJson,
            Self::ItemError => Fault::ItemResult("ERROR".to_owned()),
        }
    }
}

fn answer(status: u16) -> Fault {
    Fault::Status {
        status,
        body: "{}".to_owned(),
        retry_after: None,
    }
}

fn oauth(error: &str) -> Fault {
    Fault::OAuthError {
        error: error.to_owned(),
        description: String::new(),
    }
}

/// What a write is called.
const WRITES: [&str; 4] = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];
/// What a read is called.
const READS: [&str; 3] = ["GetItem", "BatchGetItem", "Query"];

impl Trouble {
    pub(super) fn needs_key_set(self) -> bool {
        matches!(self, Self::KeySetGoneCold | Self::KeySetGoneWarm)
    }
}

impl Stage {
    /// What has to be so before the rehearsal begins.
    pub(super) fn prepare(&mut self, trouble: Trouble) {
        if matches!(trouble, Trouble::RefreshFails | Trouble::GrantsInvalid) {
            // Every later check refreshes.
            self.world.amazon.access_token_seconds(240);
        }
    }

    pub(super) async fn begin(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::None => {}
            Trouble::Single => self.fail_once(),
            Trouble::List(broken) => self.breaks(Endpoint::Entitlements, broken.fault()),
            Trouble::Reports(broken) => self.breaks(Endpoint::Fulfill, broken.fault()),
            Trouble::EveryLinkRefused => {
                self.breaks(Endpoint::Entitlements, answer(403));
                self.breaks(Endpoint::Fulfill, answer(403));
            }
            Trouble::LwaDown | Trouble::RefreshFails => self.breaks(Endpoint::Token, answer(500)),
            Trouble::LwaRefusesUs => self.breaks(Endpoint::Token, oauth("invalid_client")),
            Trouble::GrantsInvalid => self.breaks(Endpoint::Token, oauth("invalid_grant")),
            Trouble::NobodyReturns => self.nobody_returns = true,
            Trouble::TokenKeysGone => self.lose_token_keys().await,
            Trouble::WebhookFails => self.studio_answers(|_| Some(Reply::status(500))),
            Trouble::WebhookRefuses => self.studio_answers(|_| Some(refusal())),
            Trouble::OneDeliveryRefused => {
                let studio = self.studio.as_ref().expect("a studio");
                studio.script([refusal()]);
            }
            Trouble::NobodyConfirms => self.nobody_confirms = true,
            Trouble::OfferForgotten => self.claimed = FORGOTTEN,
            Trouble::WordUnknown => self.instruction = Some("REVOKE"),
            Trouble::RowUnreadable => self.spoil_a_row().await,
            Trouble::WritesRefused => self.refuse(&WRITES),
            Trouble::DatabaseDown => {
                self.refuse(&WRITES);
                self.refuse(&READS);
            }
            Trouble::KeySetGoneWarm => {
                self.start_a_process().await;
                self.take_a_token().await;
                self.accounts().go_down();
            }
            Trouble::KeySetGoneCold => {
                self.accounts().go_down();
                self.start_a_process().await;
            }
            Trouble::ReconcileSilent => self.reconcile = Reconcile::IsSilent,
            Trouble::ReconcileCrashes => self.reconcile = Reconcile::Crashes,
            Trouble::ReconcileTooSlow => {
                self.reconcile = Reconcile::HasNoTime;
                self.confirming_crashes = true;
            }
            Trouble::GatewayThrottles => self.gate.set(Weather::Throttling),
            Trouble::FunctionsCrash => self.gate.set(Weather::Crashing),
            Trouble::FunctionsThrottled => self.gate.set(Weather::NoConcurrency),
            Trouble::GatewayFails => self.gate.set(Weather::NoIntegration),
        }
    }

    fn accounts(&self) -> &AccountSystem {
        self.accounts
            .as_ref()
            .expect("the stage has an account system")
    }

    /// A process that remembers nothing serves from now on.
    async fn start_a_process(&mut self) {
        self.world.app = self.world.another_process().await;
        self.world.app.jitter = Jitter::fixed(JITTER);
    }

    /// The process fetches the key set, for a token that it is shown.
    async fn take_a_token(&self) {
        let token = self.accounts().token("somebody", self.world.clock.now());
        let answer = self
            .world
            .call("GET", "/v1/link")
            .bearer(&token)
            .send()
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    fn breaks(&self, endpoint: Endpoint, fault: Fault) {
        self.world.amazon.fault(endpoint, fault, u32::MAX);
    }

    fn refuse(&self, operations: &[&str]) {
        for operation in operations {
            self.world.database.refuse(operation, 0, u32::MAX);
        }
    }

    fn studio_answers(&self, rule: impl Fn(&str) -> Option<Reply> + Send + 'static) {
        let studio = self.studio.as_ref().expect("a studio");
        studio.rule(move |call| rule(&call.body));
    }

    /// Each thing fails once, and one player's item for good.
    fn fail_once(&self) {
        let amazon = &self.world.amazon;
        amazon.fault(Endpoint::Entitlements, answer(503), 1);
        amazon.fault(Endpoint::Fulfill, answer(503), 1);
        amazon.fault(Endpoint::Token, answer(500), 1);
        self.world.database.refuse("Query", 40, 1);
        if let Some(studio) = &self.studio {
            studio.script([Reply::status(500)]);
            let unlucky = format!("\"player-{}\"", self.players.len() / 2);
            self.studio_answers(move |body| body.contains(&unlucky).then(|| Reply::status(500)));
        }
    }

    /// What is stored was sealed with a key that is gone. New links are sealed with the present one.
    async fn lose_token_keys(&self) {
        for player in self.players.iter().filter(|player| player.is_linked) {
            let key = format!("PLAYER#{}", player.id);
            let stored = self.world.player_item(&player.id).await;
            let tokens = stored.get("tokens").and_then(|tokens| tokens.as_s().ok());
            let tokens = tokens.expect("a linked player has tokens");
            let (_, text) = tokens.split_once('.').expect("a key id and what it sealed");
            let update = self
                .world
                .dynamodb
                .update_item()
                .table_name(&self.world.app.config.tables.links)
                .key("pk", AttributeValue::S(key))
                .update_expression("SET tokens = :tokens")
                .expression_attribute_values(":tokens", AttributeValue::S(format!("gone.{text}")));
            update.send().await.expect("the database answers");
        }
    }

    /// The next player's entitlement is stored, and then spoiled.
    async fn spoil_a_row(&mut self) {
        let number = self.players.iter().position(|player| !player.is_linked);
        let number = number.expect("a player who is yet to come");
        let (id, account) = {
            let player = &self.players[number];
            (player.id.clone(), player.account.clone())
        };
        let rows = self.rows.as_ref().expect("the stage has rows");
        rows.link(&self.world, &id, &account).await;
        let entitlement = self.world.amazon.claim(&account, SKU);
        self.world.check(&id).await;
        let update = self
            .world
            .dynamodb
            .update_item()
            .table_name(&self.world.app.config.tables.fulfillments)
            .key("pk", AttributeValue::S(format!("PLAYER#{id}")))
            .key("sk", AttributeValue::S(format!("E#{entitlement}")))
            .update_expression("SET first_seen_at = :spoiled")
            .expression_attribute_values(":spoiled", AttributeValue::S("spoiled".to_owned()));
        update.send().await.expect("the database answers");
    }
}

/// The webhook's final no.
fn refusal() -> Reply {
    let headers = vec![("content-type", "application/json".to_owned())];
    let body = r#"{"refused": true, "reason": "no such player"}"#.to_owned();
    Reply::Refuse(http::StatusCode::UNPROCESSABLE_ENTITY, headers, body)
}
