//! The game checks and confirms, and the ledger looks at what a check should have answered.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use stand_in::Endpoint;

use super::Console;
use super::calls::{Api, CONFIRM, failure, ids};
use super::ledger::Checked;
use super::play::Said;
use crate::Error;

/// How many entitlements one confirmation takes.
const MOST_CONFIRMED: usize = 50;

impl Console {
    /// The game checks, and saves what it is to grant.
    pub(super) async fn check(&self, player: &str) -> Said {
        let name = self.name(player);
        let due = self.due(player).await.map_err(|error| error.to_string())?;
        let api = self.api(player)?;
        let path = "/v1/entitlements/check";
        let answer = api.call(Method::POST, path, Some(json!({}))).await;
        let answer = match answer {
            Ok(answer) if answer.status == 200 => answer,
            failed => return Ok(failure(&format!("{name}'s check"), failed)),
        };
        let pending = ids(&answer.body, |status| status == "pending");
        let answered: BTreeSet<_> = ids(&answer.body, |_| true).into_iter().collect();
        let saved = {
            let mut game = self.game();
            game.ledger.shown(&answered);
            // What the webhook delivers is not the game's to grant.
            if self.place().delivery == "webhook" {
                0
            } else {
                game.is_shown(player, &pending)
            }
        };
        let is_whole = answer.body["fresh"] == true && answer.body["more"] == false;
        if let Some(due) = due.filter(|_| is_whole && answer.body["link"] == "linked") {
            self.judge(&api, player, &due, &answered).await;
        }
        let fresh = if answer.body["fresh"] == true {
            "fresh"
        } else {
            "not fresh"
        };
        let link = answer.body["link"].as_str().unwrap_or_default();
        Ok(format!(
            "{name} checked: {link}, {fresh}, {} pending. The game saved {saved}.",
            pending.len()
        ))
    }

    /// What a fresh check of this player has to answer: what the linked account has claimed, as entitlement
    /// and SKU. `None`: that is not known, because the list may go wrong.
    async fn due(&self, player: &str) -> Result<Option<Vec<(String, String)>>, Error> {
        let Some(amazon) = &self.place().amazon else {
            return Ok(None);
        };
        let faults = amazon.faults();
        let is_faulted = faults
            .iter()
            .any(|it| it.endpoint == Endpoint::Entitlements);
        let link = self.place().rows.link(player).await?;
        let Some(account) = link.account_id.filter(|_| !is_faulted) else {
            return Ok(None);
        };
        if self.place().is_on_hold {
            return Ok(None);
        }
        let accounts = amazon.claims().into_iter();
        let own = accounts.filter(|it| it.account_id == account);
        let claims = own.flat_map(|it| it.claims);
        let due = claims.filter(|it| it.fulfilled == 0 && it.instruction == "FULFILL");
        Ok(Some(due.map(|it| (it.entitlement_id, it.sku)).collect()))
    }

    /// Looks at what a whole check should have answered. The history is asked only if something is missing.
    async fn judge(
        &self,
        api: &Api<'_>,
        player: &str,
        due: &[(String, String)],
        answered: &BTreeSet<String>,
    ) {
        let mut held = BTreeSet::new();
        if due.iter().any(|(id, _)| !answered.contains(id)) {
            // Without a history nothing can be said.
            let Ok(Some(listed)) = api.held().await else {
                return;
            };
            held.extend(listed);
        }
        self.game().ledger.look(&Checked {
            player,
            due,
            answered,
            held: &held,
        });
    }

    /// The game confirms all that it was shown and has not confirmed.
    pub(super) async fn confirm(&self, player: &str) -> Said {
        let name = self.name(player);
        let open = self.game().to_confirm(player);
        if open.is_empty() {
            return Ok(format!("{name}'s game has nothing to confirm."));
        }
        let api = self.api(player)?;
        let mut taken = 0;
        for ids in open.chunks(MOST_CONFIRMED) {
            let body = json!({ "entitlement_ids": ids });
            let answer = api.call(Method::POST, CONFIRM, Some(body)).await;
            let answer = match answer {
                Ok(answer) if answer.status == 200 => answer,
                failed => return Ok(failure(&format!("{name}'s confirmation"), failed)),
            };
            let results = answer.body["results"].as_array().into_iter().flatten();
            let is_taken = |it: &&Value| it["status"] == "delivered" || it["status"] == "reported";
            let mut game = self.game();
            for result in results.filter(is_taken) {
                game.is_confirmed(
                    player,
                    result["entitlement_id"].as_str().unwrap_or_default(),
                );
                taken += 1;
            }
        }
        Ok(format!(
            "{name}'s game confirmed {}; {taken} were taken.",
            open.len()
        ))
    }
}
