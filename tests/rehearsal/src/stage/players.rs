//! What players and their games do.

use std::collections::BTreeMap;
use std::time::Duration;

use it::{Answer, entitlement_id, hidden_inputs, player_id};
use prime_gaming::testing::store::Lease;
use serde_json::{Value, json};
use stand_in::Consent;

use super::Stage;
use super::crowd::{Delivery, Habit, Links};

/// The offer that everyone claims.
pub(super) const SKU: &str = "hat";
/// An offer that the studio has not put.
pub(super) const FORGOTTEN: &str = "forgotten-hat";

/// A player.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) habit: Habit,
    pub(super) is_linked: bool,
    checks_left: u32,
    cookies: BTreeMap<String, String>,
    /// The address of Amazon's consent page, or the way back from it.
    address: String,
    /// How often this player has been sent to Amazon.
    starts: u32,
}

impl Player {
    pub(super) fn new(number: usize, checks: u32, habit: Habit) -> Self {
        Self {
            id: format!("player-{number}"),
            account: format!("account-{number}"),
            habit,
            is_linked: false,
            checks_left: checks,
            cookies: BTreeMap::new(),
            address: String::new(),
            starts: 0,
        }
    }
}

/// What a player does next. The number is the player's.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Comes, and links.
    Arrive(usize),
    /// Comes back from Amazon.
    Return(usize),
    /// Claims at Amazon.
    Claim(usize),
    /// The game starts, resumes, or opens its store.
    Check(usize),
    /// The game has given these, and says so.
    Confirm(usize, Vec<String>),
    /// Unlinks.
    Unlink(usize),
}

impl Stage {
    pub(super) async fn play(&mut self, act: Act) {
        match act {
            Act::Arrive(number) => self.arrive(number).await,
            Act::Return(number) => self.come_back(number).await,
            Act::Claim(number) => self.claim(number),
            Act::Check(number) => self.check(number).await,
            Act::Confirm(number, ids) => self.confirm(number, &ids).await,
            Act::Unlink(number) => self.unlink(number).await,
        }
    }

    fn player(&mut self, number: usize) -> &mut Player {
        &mut self.players[number]
    }

    /// Notes what this player does in `least` to `most` seconds.
    fn soon(&mut self, least: u64, most: u64, act: Act) {
        let wait = self.chance.seconds(least, most);
        self.note(wait, act);
    }

    async fn arrive(&mut self, number: usize) {
        if self.player(number).starts == 0 {
            // Half of them have claimed before, the others claim between two checks.
            if self.chance.one_in(2) {
                self.claim(number);
            } else {
                self.soon(60, 240, Act::Claim(number));
            }
        }
        self.player(number).starts += 1;
        let links = self.crowd.links;
        match links.of(number, self.players[number].habit) {
            Links::Rows | Links::Mixed => {
                let player = &self.players[number];
                let rows = self.rows.as_ref().expect("the stage has rows for them");
                rows.link(&self.world, &player.id, &player.account).await;
                self.player(number).is_linked = true;
                self.soon(3, 15, Act::Check(number));
            }
            Links::Browser => self.go_to_amazon(number).await,
        }
    }

    /// From the game, past our consent page, to Amazon's. Where the service does not answer, the player
    /// gives up.
    async fn go_to_amazon(&mut self, number: usize) {
        let token = self.token(&self.players[number].id);
        let sessions = self.world.call("POST", "/v1/link/sessions").bearer(&token);
        let session = sessions.json(&json!({})).send().await;
        if session.status != 201 {
            return;
        }
        let start_url = session.json()["start_url"].as_str().map(str::to_owned);
        let mut browser = self.world.browser();
        let page = browser.get(&start_url.expect("an address")).await;
        if page.status != 200 {
            return;
        }
        let answer = browser
            .post("/link/start", &hidden_inputs(&page.body))
            .await;
        if answer.status != 303 {
            return;
        }
        let address = answer.location().to_owned();
        let cookies = browser.into_cookies();
        let is_first = self.players[number].starts == 1;
        let habit = self.players[number].habit;
        if self.nobody_returns || (habit == Habit::StaysAway && is_first) {
            return;
        }
        let player = self.player(number);
        player.cookies = cookies;
        player.address = address;
        if habit == Habit::ComesLate && is_first {
            // The code is made now, and is five minutes old before it comes.
            let player = &self.players[number];
            let back =
                self.world
                    .amazon
                    .consent(&player.address, &player.account, Consent::Approve);
            self.player(number).address = back.expect("a good authorize request");
            self.soon(330, 480, Act::Return(number));
        } else {
            self.soon(20, 60, Act::Return(number));
        }
    }

    async fn come_back(&mut self, number: usize) {
        let player = &self.players[number];
        let is_first = player.starts == 1;
        let refuses = player.habit == Habit::Refuses && is_first;
        let comes_late = player.habit == Habit::ComesLate && is_first;
        let back = if comes_late {
            player.address.clone()
        } else {
            let consent = if refuses {
                Consent::Refuse
            } else {
                Consent::Approve
            };
            let back = self
                .world
                .amazon
                .consent(&player.address, &player.account, consent);
            back.expect("a good authorize request")
        };
        let mut browser = self.world.browser_with(player.cookies.clone());
        let page = browser.get(&back).await;
        if page.status == 200 {
            let is_new = !std::mem::replace(&mut self.player(number).is_linked, true);
            if is_new {
                self.soon(3, 10, Act::Check(number));
                self.form_habits(number);
            }
        } else if refuses || comes_late {
            self.soon(110, 130, Act::Arrive(number));
        }
    }

    fn form_habits(&mut self, number: usize) {
        if self.players[number].starts > 1 {
            return;
        }
        match self.players[number].habit {
            Habit::Relinks => self.soon(900, 1200, Act::Arrive(number)),
            Habit::Unlinks => self.soon(900, 1200, Act::Unlink(number)),
            Habit::ClaimsTwice => self.soon(120, 200, Act::Claim(number)),
            _ => {}
        }
    }

    fn claim(&mut self, number: usize) {
        let player = &self.players[number];
        let amazon = &self.world.amazon;
        let id = amazon.claim(&player.account, self.claimed);
        if let Some(word) = self.instruction {
            let element = json!({
                "EntitlementId": id, "VendorProductId": self.claimed, "NextInstruction": word,
            });
            amazon.put_entitlement(&player.account, element);
        }
    }

    async fn check(&mut self, number: usize) {
        if self.players[number].checks_left == 0 {
            return;
        }
        self.player(number).checks_left -= 1;
        let (least, most) = self.crowd.between;
        self.soon(least, most, Act::Check(number));
        let answer = self
            .call(number, "/v1/entitlements/check", &json!({}))
            .await;
        if answer.status != 200 {
            return;
        }
        let ids: Vec<_> = pending(&answer.json());
        let closes = self.players[number].habit == Habit::ClosesTheGame;
        let has_more_time = self.players[number].checks_left > 0;
        let confirms = self.crowd.delivery == Delivery::Confirm && !self.nobody_confirms;
        if !ids.is_empty() && confirms && !(closes && has_more_time) {
            let (least, most) = self.crowd.gives;
            self.soon(least, most, Act::Confirm(number, ids));
        }
    }

    async fn confirm(&mut self, number: usize, ids: &[String]) {
        if self.confirming_crashes {
            self.crash_while_confirming(number, ids).await;
            return;
        }
        let body = json!({"entitlement_ids": ids});
        self.call(number, "/v1/fulfillments", &body).await;
    }

    /// The request that confirms ends after its write: the report is left to `reconcile`.
    async fn crash_while_confirming(&mut self, number: usize, ids: &[String]) {
        let (app, now) = (&self.world.app, self.world.clock.now());
        let lease = Lease {
            owner: "a request that crashed",
            until: now + Duration::from_secs(30),
        };
        for id in ids {
            let player = player_id(&self.players[number].id);
            let id = entitlement_id(id);
            let confirmed = app.fulfillments.confirm(&player, &id, lease, now).await;
            confirmed.expect("the database answers");
        }
    }

    async fn unlink(&mut self, number: usize) {
        let token = self.token(&self.players[number].id);
        self.world
            .call("DELETE", "/v1/link")
            .bearer(&token)
            .send()
            .await;
        self.player(number).is_linked = false;
        self.soon(240, 300, Act::Arrive(number));
    }

    async fn call(&self, number: usize, path: &str, body: &Value) -> Answer {
        let token = self.token(&self.players[number].id);
        self.world
            .call("POST", path)
            .bearer(&token)
            .json(body)
            .send()
            .await
    }

    pub(super) fn token(&self, player: &str) -> String {
        match &self.accounts {
            Some(accounts) => accounts.token(player, self.world.clock.now()),
            None => self.world.player_token(player),
        }
    }
}

/// The ids that a check hands out.
fn pending(answer: &Value) -> Vec<String> {
    let entitlements = answer["entitlements"].as_array().into_iter().flatten();
    entitlements
        .filter(|entitlement| entitlement["status"] == "pending")
        .filter_map(|entitlement| entitlement["entitlement_id"].as_str().map(str::to_owned))
        .collect()
}
