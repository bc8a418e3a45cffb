//! Links that are made by writing their rows, which costs a fraction of the way through a browser.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use prime_gaming::domain::random_token;
use serde_json::json;

use crate::{CLIENT_ID, World, hidden_inputs};

type Item = HashMap<String, AttributeValue>;

/// The player who is linked the real way: the rows of the others are like this one's.
const PLAYER: &str = "linked-rows-player";
const ACCOUNT: &str = "linked-rows-account";

/// The rows of a link.
pub struct LinkedRows {
    rows: Vec<Item>,
    /// The player's id, the account's id and the link's id in them.
    names: [String; 3],
}

impl LinkedRows {
    /// Links one player the real way. `token` gives that player's token.
    ///
    /// # Panics
    /// If that fails.
    pub async fn begin(world: &World, token: impl Fn(&str) -> String) -> Self {
        let sessions = world
            .call("POST", "/v1/link/sessions")
            .bearer(&token(PLAYER));
        let session = sessions.json(&json!({})).send().await;
        let session = session.json();
        let start_url = session["start_url"].as_str().expect("an address");
        let mut browser = world.browser();
        let page = browser.get(start_url).await;
        let inputs = hidden_inputs(&page.body);
        let answer = browser.post("/link/start", &inputs).await;
        let callback = browser.allow(answer.location(), ACCOUNT);
        browser.get(&callback).await.page(200, PLAYER);
        let link = world.stored_link(PLAYER).await;
        let account = world.amazon.account_id(ACCOUNT);
        let mut rows = Vec::new();
        for key in [format!("PLAYER#{PLAYER}"), format!("AMAZON#{account}")] {
            let table = &world.app.config.tables.links;
            let row = world.item(table, &[("pk", &key)]).await;
            assert!(!row.is_empty(), "a link has the row {key}");
            rows.push(row);
        }
        let names = [PLAYER.to_owned(), account, link.id.as_str().to_owned()];
        Self { rows, names }
    }

    /// Links `player` with `account`, with tokens of its own. Nothing is logged.
    ///
    /// # Panics
    /// If the database does not take the rows.
    pub async fn link(&self, world: &World, player: &str, account: &str) {
        let tokens = world.amazon.tokens(account, CLIENT_ID);
        let plain = json!({"a": tokens["access_token"], "r": tokens["refresh_token"]}).to_string();
        let keys = &world.app.secrets.current().token_keys;
        let sealed = keys.seal(plain.as_bytes(), &["tokens", player]);
        let seconds = tokens["expires_in"].as_i64().expect("seconds");
        let now = world.clock.now().as_millis();
        let new = [
            player.to_owned(),
            world.amazon.account_id(account),
            random_token(),
        ];
        for row in &self.rows {
            let mut row: Item = row.clone();
            for (field, value) in &mut row {
                match (field.as_str(), &*value) {
                    ("tokens", _) => {
                        *value = AttributeValue::S(sealed.as_str().to_owned());
                    }
                    ("linked_at", _) => *value = AttributeValue::N(now.to_string()),
                    ("access_expires_at", _) => {
                        *value = AttributeValue::N((now + seconds * 1000).to_string());
                    }
                    (_, AttributeValue::S(text)) => {
                        let pairs = self.names.iter().zip(&new);
                        let text =
                            pairs.fold(text.clone(), |text, (old, new)| text.replace(old, new));
                        *value = AttributeValue::S(text);
                    }
                    _ => {}
                }
            }
            let put = world
                .dynamodb
                .put_item()
                .table_name(&world.app.config.tables.links)
                .set_item(Some(row));
            put.send().await.expect("the database takes the row");
        }
    }
}
