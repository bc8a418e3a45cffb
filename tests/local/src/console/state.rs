//! What the page shows.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use stand_in::{Amazon, Behaviour, Claims, Waiting};

use super::Console;
use super::action::{Action, Habits, Kill};
use super::alarms::Lamp;
use super::feed::Entry;
use crate::Error;

/// Everything at one moment.
#[derive(Debug, Serialize)]
pub(super) struct State {
    api: String,
    amazon: Option<String>,
    delivery: String,
    now: String,
    forwarded_seconds: u64,
    /// `None` where only the studio can issue tokens.
    server_token: Option<String>,
    players: Vec<ShownPlayer>,
    accounts: Vec<Account>,
    offers: Vec<String>,
    functions: Vec<String>,
    game: Habits,
    behaviour: Option<Behaviour>,
    faults: Vec<Waiting>,
    kill: Option<Kill>,
    lost: Vec<String>,
    doubled: Vec<String>,
    alarms: Vec<Lamp>,
    /// What the console can't do or see here, each as a sentence.
    limits: Vec<String>,
    script: Vec<Action>,
    feed: Vec<Entry>,
    /// Whether entries after the last one that the page has were dropped.
    feed_left: bool,
}

#[derive(Debug, Serialize)]
struct ShownPlayer {
    id: String,
    name: String,
    /// `None` where only the studio can issue tokens.
    token: Option<String>,
    link: String,
    /// The short name of the linked account.
    account: Option<String>,
    entitlements: Vec<ShownEntitlement>,
}

#[derive(Debug, Serialize)]
struct ShownEntitlement {
    entitlement_id: String,
    sku: Option<String>,
    status: String,
    reason: Option<String>,
    /// How often the game granted it to this player.
    granted: usize,
    confirmed: bool,
}

#[derive(Debug, Serialize)]
struct Account {
    name: String,
    claimed: Vec<Value>,
}

impl Console {
    /// The state now, with the feed after the entry of this number.
    ///
    /// # Errors
    /// If the tables can't be read.
    pub(super) async fn state(&self, after: u64) -> Result<State, Error> {
        self.onlooker().alarms.evaluate()?;
        let place = self.place();
        let accounts = place.amazon.as_ref().map(Amazon::claims);
        let accounts = accounts.unwrap_or_default();
        let players = self.shown_players(&accounts).await?;
        let (feed, feed_left) = self.onlooker().feed.after(after);
        let lamps = self.lamps();
        let amazon = place.amazon.as_ref();
        Ok(State {
            api: place.api.clone(),
            amazon: amazon.map(|amazon| format!("{}/", amazon.base_url())),
            delivery: place.delivery.clone(),
            now: self.onlooker().time.now().to_string(),
            forwarded_seconds: self.onlooker().time.forwarded().as_secs(),
            server_token: (place.issue_to_server)().ok(),
            players,
            accounts: accounts.iter().map(account).collect(),
            offers: place.offers.clone(),
            functions: place.functions.keys().cloned().collect(),
            game: self.game().habits,
            behaviour: amazon.map(Amazon::behaviour),
            faults: amazon.map(Amazon::faults).unwrap_or_default(),
            kill: self.kill(),
            lost: lamps.lost,
            doubled: lamps.doubled,
            alarms: self.onlooker().alarms.lamps(),
            limits: self.limits(),
            script: self.actions(),
            feed,
            feed_left,
        })
    }

    /// What is armed.
    pub(super) fn kill(&self) -> Option<Kill> {
        let mut gates = self.onlooker().gates.iter();
        gates.find_map(|(function, gate)| {
            let (mode, at) = gate.armed_with()?;
            Some(Kill {
                function: function.clone(),
                at,
                mode,
            })
        })
    }

    /// The short name of the account that the player's link names.
    pub(super) async fn account_of(&self, player: &str) -> Result<Option<String>, Error> {
        let link = self.place().rows.link(player).await?;
        let accounts = self.place().amazon.as_ref().map(Amazon::claims);
        let mut accounts = accounts.unwrap_or_default().into_iter();
        let linked = accounts.find(|it| link.account_id.as_ref() == Some(&it.account_id));
        Ok(linked.map(|it| it.account))
    }

    async fn shown_players(&self, accounts: &[Claims]) -> Result<Vec<ShownPlayer>, Error> {
        let names: BTreeMap<_, _> = accounts
            .iter()
            .map(|it| (it.account_id.as_str(), it.account.as_str()))
            .collect();
        let known: Vec<_> = {
            let game = self.game();
            let players = game.players.iter();
            players.map(|it| (it.id.clone(), it.name.clone())).collect()
        };
        let mut shown = Vec::new();
        for (id, name) in known {
            let link = self.place().rows.link(&id).await?;
            let account = link.account_id.as_deref().and_then(|id| names.get(id));
            shown.push(ShownPlayer {
                // The studio's own account system issues them, if its keys were given.
                token: self.token(&id, &name).ok(),
                account: account.map(|name| (*name).to_owned()),
                link: link.status,
                entitlements: self.shown_entitlements(&id).await?,
                id,
                name,
            });
        }
        Ok(shown)
    }

    async fn shown_entitlements(&self, player: &str) -> Result<Vec<ShownEntitlement>, Error> {
        let records = self.place().rows.records(player).await?;
        let game = self.game();
        let confirmed = game.player(player).map(|player| &player.confirmed);
        let shown = records.into_iter().map(|record| ShownEntitlement {
            granted: game.ledger.times(&record.entitlement_id, player),
            confirmed: confirmed.is_some_and(|it| it.contains(&record.entitlement_id)),
            entitlement_id: record.entitlement_id,
            sku: record.sku,
            status: record.status,
            reason: record.reason,
        });
        Ok(shown.collect())
    }
}

fn account(account: &Claims) -> Account {
    let claims = account.claims.iter();
    let claimed = claims.map(|claim| {
        json!({
            "entitlement_id": claim.entitlement_id,
            "sku": claim.sku,
            "instruction": claim.instruction,
            "fulfilled": claim.fulfilled,
        })
    });
    Account {
        name: account.account.clone(),
        claimed: claimed.collect(),
    }
}
