//! A player: the game that checks, grants and confirms, and the browser that links.

use std::collections::BTreeSet;
use std::time::Duration;

use local::demo::{Browser, Form, Page};
use reqwest::Method;
use serde_json::{Value, json};
use stand_in::Consent;
use url::Url;

use crate::{Outcome, World};

/// The gateway gives up at 30 seconds, and its answer has to arrive.
const ANSWER_WITHIN: Duration = Duration::from_secs(35);

/// A player with an Amazon account of their own.
pub struct Player<'w> {
    /// Where they are.
    pub world: &'w World,
    /// The studio's id.
    pub id: String,
    /// The name in the game.
    pub name: String,
    /// The short name of the Amazon account.
    pub account: String,
    /// Amazon's id of it.
    pub account_id: String,
    token: String,
    browser: Browser,
    /// What was claimed at Amazon: entitlement and SKU.
    pub claimed: Vec<(String, String)>,
    /// What of that Amazon has taken back.
    pub taken_back: BTreeSet<String>,
    /// What a confirmation was answered for with something other than `pending`.
    confirmed: BTreeSet<String>,
}

/// The page before Amazon, with the form that can be posted more than once.
#[derive(Debug)]
pub struct Question {
    page: Page,
    form: Form,
}

/// The answer to a check.
#[derive(Debug)]
pub struct Check {
    /// The link's status.
    pub link: String,
    /// Whether Amazon was asked.
    pub fresh: bool,
    /// Entitlements and their statuses.
    pub entitlements: Vec<(String, String)>,
}

impl Check {
    fn with_status(&self, wanted: &str) -> Vec<String> {
        let found = self
            .entitlements
            .iter()
            .filter(|(_, status)| status == wanted);
        found.map(|(id, _)| id.clone()).collect()
    }

    /// What the game has to deliver.
    #[must_use]
    pub fn pending(&self) -> Vec<String> {
        self.with_status("pending")
    }
}

impl<'w> Player<'w> {
    /// A new player.
    ///
    /// # Panics
    /// Never: the players' tokens are the system's own to issue.
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        let number = world.next_number();
        let (id, account) = (format!("player-{number}"), format!("account-{number}"));
        let name = format!("Robin {number}");
        let token = world.system.player_token(&id, &name);
        Self {
            world,
            account_id: world.amazon.account_id(&account),
            token: token.expect("the keys are the system's own"),
            browser: Browser::new(world.http.clone()),
            claimed: Vec::new(),
            taken_back: BTreeSet::new(),
            confirmed: BTreeSet::new(),
            id,
            name,
            account,
        }
    }

    /// From now on the player uses the Amazon account of `other`.
    pub fn use_account_of(&mut self, other: &Player<'_>) {
        self.account.clone_from(&other.account);
        self.account_id.clone_from(&other.account_id);
    }

    /// Claims an offer on Prime Gaming's page. Gives the entitlement's id.
    pub fn claim(&mut self, sku: &str) -> String {
        let id = self.world.amazon.claim(&self.account, sku);
        self.claimed.push((id.clone(), sku.to_owned()));
        id
    }

    /// Amazon takes back what was claimed, or asks for it again.
    ///
    /// # Panics
    /// If it was not claimed.
    pub fn take_back(&mut self, id: &str, is_taken_back: bool) {
        let claim = self.claimed.iter().find(|(claimed, _)| claimed == id);
        let (_, sku) = claim.expect("it was claimed");
        let word = if is_taken_back { "REVOKE" } else { "FULFILL" };
        let element = json!({"EntitlementId": id, "VendorProductId": sku, "NextInstruction": word});
        self.world.amazon.put_entitlement(&self.account, element);
        if is_taken_back {
            self.taken_back.insert(id.to_owned());
        } else {
            self.taken_back.remove(id);
        }
    }

    /// A call of the game. A status of 500 and more is no answer: `None`.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Outcome<Option<Value>> {
        let step = format!("{method} {path}");
        let url = format!("{}{path}", self.world.system.base_url);
        let mut request = self.world.http.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request
            .bearer_auth(&self.token)
            .timeout(ANSWER_WITHIN)
            .send()
            .await
            .map_err(|error| format!("{step}: {}", error.without_url()))?;
        let status = answer.status().as_u16();
        let text = answer.text().await;
        let text = text.map_err(|error| format!("{step}: {}", error.without_url()))?;
        match status {
            500.. => Ok(None),
            204 => Ok(Some(Value::Null)),
            200 | 201 => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| format!("{step}: {error}")),
            _ => Err(format!("{step}: {status} {text}")),
        }
    }

    /// The game checks. `None`: there was no answer.
    ///
    /// # Errors
    /// When the answer breaks a promise.
    pub async fn check(&mut self) -> Outcome<Option<Check>> {
        let path = "/v1/entitlements/check";
        let Some(answer) = self.call(Method::POST, path, Some(json!({}))).await? else {
            return Ok(None);
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let listed = answer["entitlements"].as_array().into_iter().flatten();
        let entitlements: Vec<_> = listed
            .map(|it| (text(&it["entitlement_id"]), text(&it["status"])))
            .collect();
        for (id, status) in &entitlements {
            if status != "held" {
                self.world.journal.shown(id, &self.id);
            }
            if status == "pending" && self.confirmed.contains(id) {
                return Err(format!("{id} is pending again after it was confirmed"));
            }
        }
        Ok(Some(Check {
            link: text(&answer["link"]),
            fresh: answer["fresh"] == true,
            entitlements,
        }))
    }

    /// The game grants these, each under its id.
    pub fn grant(&self, ids: &[String]) {
        for id in ids {
            self.world.journal.granted(id, &self.id);
        }
    }

    /// The game confirms these, once. Gives what is still to be confirmed.
    ///
    /// # Errors
    /// When the answer breaks a promise.
    pub async fn confirm(&mut self, ids: &[String]) -> Outcome<Vec<String>> {
        let body = json!({ "entitlement_ids": ids });
        let answer = self
            .call(Method::POST, "/v1/fulfillments", Some(body))
            .await?;
        let Some(answer) = answer else {
            return Ok(ids.to_vec());
        };
        let mut again = Vec::new();
        for id in ids {
            let results = answer["results"].as_array().into_iter().flatten();
            let mut mine = results.filter(|result| result["entitlement_id"] == **id);
            match mine.next().and_then(|result| result["status"].as_str()) {
                Some("delivered" | "reported") => drop(self.confirmed.insert(id.clone())),
                Some("pending") => again.push(id.clone()),
                other => return Err(format!("{id} was confirmed, and is {other:?}")),
            }
        }
        Ok(again)
    }

    /// The game delivers what the check says: grants it, and confirms until that is answered.
    /// Where the studio's webhook delivers, there is nothing to do.
    ///
    /// # Errors
    /// When an answer breaks a promise.
    pub async fn deliver(&mut self, check: &Check) -> Outcome {
        if self.world.studio.is_some() {
            return Ok(());
        }
        let mut open = check.pending();
        self.grant(&open);
        let mut tries = 0;
        while !open.is_empty() {
            tries += 1;
            if tries > 3 {
                return Err(format!("{open:?} can't be confirmed"));
            }
            open = self.confirm(&open).await?;
        }
        Ok(())
    }

    /// The status of the link.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn link_status(&self) -> Outcome<String> {
        let answer = self.call(Method::GET, "/v1/link", None).await?;
        let status = answer.as_ref().and_then(|answer| answer["status"].as_str());
        status
            .map(ToOwned::to_owned)
            .ok_or_else(|| format!("GET /v1/link: {answer:?}"))
    }

    /// Everything that was ever seen: entitlement, status and reason.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn history(&self) -> Outcome<Vec<(String, String, Option<String>)>> {
        let path = "/v1/entitlements?limit=100";
        let answer = self.call(Method::GET, path, None).await?;
        let answer = answer.ok_or("there is no history")?;
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let seen = answer["entitlements"].as_array().into_iter().flatten();
        Ok(seen
            .map(|it| {
                let id = text(&it["entitlement_id"]).unwrap_or_default();
                let status = text(&it["status"]).unwrap_or_default();
                (id, status, text(&it["reason"]))
            })
            .collect())
    }

    /// Asks once to unlink. `false`: there was no answer.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn unlink(&self) -> Outcome<bool> {
        let answer = self.call(Method::DELETE, "/v1/link", None).await?;
        Ok(answer.is_some())
    }

    /// Goes to Amazon and says yes: gives the address that Amazon sends the browser back to.
    ///
    /// # Errors
    /// When a step does not lead on.
    pub async fn consent(&mut self) -> Outcome<Url> {
        let question = self.ask().await?;
        self.agree(&question).await
    }

    /// Opens the page before Amazon.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ask(&mut self) -> Outcome<Question> {
        let body = Some(json!({}));
        let session = self.call(Method::POST, "/v1/link/sessions", body).await?;
        let session = session.ok_or("no link can be started")?;
        let start = url(session["start_url"].as_str().unwrap_or_default())?;
        let page = self.open(&start).await?;
        let form = Form::all(&page.text).into_iter().next();
        let form = form.ok_or_else(|| format!("no form: {}", page.describe()))?;
        Ok(Question { page, form })
    }

    /// Sends the form of the page before Amazon.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub async fn send(&mut self, question: &Question) -> Outcome<Page> {
        let sent = self.browser.submit(&question.page, &question.form).await;
        sent.map_err(|error| error.to_string())
    }

    /// The same, and says yes at Amazon: gives the address that Amazon sends the browser back to.
    ///
    /// # Errors
    /// When a step does not lead on.
    pub async fn agree(&mut self, question: &Question) -> Outcome<Url> {
        let sent = self.send(question).await?;
        let amazon = sent.location.as_ref();
        let amazon = amazon.ok_or_else(|| format!("not sent to Amazon: {}", sent.describe()))?;
        let back = self
            .world
            .amazon
            .consent(amazon.as_str(), &self.account, Consent::Approve)?;
        url(&back)
    }

    /// The browser opens an address.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub async fn open(&mut self, address: &Url) -> Outcome<Page> {
        let page = self.browser.open(address).await;
        page.map_err(|error| format!("{}: {error}", address.path()))
    }

    /// Links the player with their Amazon account.
    ///
    /// # Errors
    /// When that does not work at the first try.
    pub async fn link(&mut self) -> Outcome {
        let back = self.consent().await?;
        let page = self.open(&back).await?;
        if page.status == 200 {
            Ok(())
        } else {
            Err(format!("can't be linked: {}", page.describe()))
        }
    }
}

fn url(text: &str) -> Outcome<Url> {
    Url::parse(text).map_err(|error| format!("not an address: {error}"))
}
