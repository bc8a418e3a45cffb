//! The story's steps.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::browser::{Browser, Page};
use super::html::{Form, unescape};
use super::{Failure, Linking, failed, must};
use crate::system::System;

/// The player's Amazon account at the stand-in.
const ACCOUNT: &str = "robin";

/// Amazon leads a browser through hosts of its own before it asks.
const MOST_REDIRECTS: usize = 5;

/// Where the story is.
pub(super) struct Story {
    pub(super) http: reqwest::Client,
    pub(super) browser: Browser,
    pub(super) api: Url,
    pub(super) amazon: Url,
    sku: String,
    pub(super) token: String,
    name: String,
    account: String,
    entitlement: String,
}

impl Story {
    pub(super) fn new(api: &str, system: &System, player: (&str, &str)) -> Result<Self, Failure> {
        const STEP: &str = "prepare";
        let standin = "the stand-in for Amazon, so no other one among the settings";
        let amazon = system
            .amazon
            .as_ref()
            .ok_or("there is none")
            .map_err(failed(STEP, standin))?;
        let token = system.player_token(player.0, player.1);
        let linking = Linking {
            api,
            amazon: &amazon.base_url(),
            token: token.map_err(failed(STEP, "a token for the player"))?,
            name: player.1,
            account: ACCOUNT,
        };
        Self::of(linking, system.skus.first().cloned().unwrap_or_default())
    }

    pub(super) fn of(linking: Linking<'_>, sku: String) -> Result<Self, Failure> {
        let url = |text: &str| Url::parse(text).map_err(failed("prepare", "an address"));
        Ok(Self {
            http: crate::http_client(),
            browser: Browser::new(crate::http_client()),
            api: url(linking.api)?,
            amazon: url(linking.amazon)?,
            sku,
            token: linking.token,
            name: linking.name.to_owned(),
            account: linking.account.to_owned(),
            entitlement: String::new(),
        })
    }

    /// The player links an Amazon account.
    pub(super) async fn link(&mut self, say: &mut impl FnMut(&str)) -> Result<(), Failure> {
        let sent = self.start_link(say).await?;
        self.consent(&sent, say).await
    }

    /// The game asks for an address, the player opens it and agrees.
    async fn start_link(&mut self, say: &mut impl FnMut(&str)) -> Result<Page, Failure> {
        const SESSION: &str = "POST /v1/link/sessions";
        let session = self
            .call(
                SESSION,
                201,
                Method::POST,
                "/v1/link/sessions",
                Some(json!({})),
            )
            .await?;
        let start = session["start_url"].as_str().unwrap_or_default();
        let start = Url::parse(start).map_err(failed(SESSION, "a start_url"))?;
        say("the game asked to link its player, and got an address to open");

        const PAGE: &str = "GET /link/start";
        let page = self
            .browser
            .open(&start)
            .await
            .map_err(failed(PAGE, "a page"))?;
        self.agree(PAGE, &page, say).await
    }

    /// The page before Amazon names the player and asks, and the player agrees.
    pub(super) async fn agree(
        &mut self,
        step: &'static str,
        page: &Page,
        say: &mut impl FnMut(&str),
    ) -> Result<Page, Failure> {
        must(page.status == 200, step, "200", page.describe())?;
        must(
            unescape(&page.text).contains(&self.name),
            step,
            format!("the page names {}", self.name),
            "it does not",
        )?;
        let forms = Form::all(&page.text);
        must(
            forms.len() == 1,
            step,
            "one form",
            format!("{} forms", forms.len()),
        )?;
        say(&format!(
            "the player opened it: a page asks whether to link Amazon to {}",
            self.name
        ));

        const AGREE: &str = "POST /link/start";
        let sent = self.browser.submit(page, &forms[0]).await;
        let sent = sent.map_err(failed(AGREE, "303 to Login with Amazon"))?;
        let at_amazon = sent
            .location
            .as_ref()
            .is_some_and(|to| to.origin() == self.amazon.origin());
        must(
            sent.status == 303 && at_amazon,
            AGREE,
            "303 to Login with Amazon",
            sent.describe(),
        )?;
        say("the player agreed, and was sent to Login with Amazon");
        Ok(sent)
    }

    /// The player allows it at Amazon and comes back.
    pub(super) async fn consent(
        &mut self,
        sent: &Page,
        say: &mut impl FnMut(&str),
    ) -> Result<(), Failure> {
        const CONSENT: &str = "the consent page of Login with Amazon";
        let mut page = self.follow(sent, CONSENT).await?;
        for _ in 0..MOST_REDIRECTS {
            if page.location.is_none() || is_back(&page) {
                break;
            }
            page = self.follow(&page, CONSENT).await?;
        }
        // Amazon does not ask an account again that agreed before.
        let allowed = if is_back(&page) {
            page
        } else {
            self.allow(CONSENT, &page).await?
        };
        must(
            allowed.status == 302 && is_back(&allowed),
            CONSENT,
            "302 to /link/callback",
            allowed.describe(),
        )?;
        say(&format!(
            "the player allowed it there, as the Amazon account {}, and was sent back",
            self.account
        ));

        const CALLBACK: &str = "GET /link/callback";
        let done = self.follow(&allowed, CALLBACK).await?;
        must(done.status == 200, CALLBACK, "200, a page", done.describe())?;
        const LINKED: &str = "GET /v1/link";
        let link = self
            .call(LINKED, 200, Method::GET, "/v1/link", None)
            .await?;
        must(
            link["status"] == "linked",
            LINKED,
            "status linked",
            link.to_string(),
        )?;
        say("the page says so, and so does the game: linked");
        Ok(())
    }

    /// The player fills in the consent page.
    async fn allow(&mut self, step: &'static str, page: &Page) -> Result<Page, Failure> {
        must(page.status == 200, step, "200", page.describe())?;
        let mut form = Form::all(&page.text).into_iter().next().unwrap_or_default();
        let usable = form.fill("account", &self.account) && form.press("decision", "allow");
        must(
            usable,
            step,
            "a form with an account and Allow",
            "another one",
        )?;
        let sent = self.browser.submit(page, &form).await;
        sent.map_err(failed(step, "302 to /link/callback"))
    }

    /// The player claims an offer on Prime Gaming's page.
    pub(super) async fn claim(&mut self, say: &mut impl FnMut(&str)) -> Result<(), Failure> {
        const CLAIM: &str = "claiming on the stand-in's page";
        let page = self
            .browser
            .open(&self.amazon)
            .await
            .map_err(failed(CLAIM, "a page"))?;
        let mut form = Form::all(&page.text).into_iter().next().unwrap_or_default();
        let usable = form.fill("account", &self.account) && form.fill("sku", &self.sku);
        must(
            usable,
            CLAIM,
            "a form with an account and an offer",
            format!("{form:?}"),
        )?;
        let sent = self
            .browser
            .submit(&page, &form)
            .await
            .map_err(failed(CLAIM, "303"))?;
        must(sent.status == 303, CLAIM, "303", sent.describe())?;
        say(&format!(
            "the player claimed the offer {} on Prime Gaming's page",
            self.sku
        ));
        Ok(())
    }

    /// The game checks, gives the content, and confirms; Prime Gaming is told.
    pub(super) async fn check_and_confirm(
        &mut self,
        say: &mut impl FnMut(&str),
    ) -> Result<(), Failure> {
        const CHECK: &str = "POST /v1/entitlements/check";
        let check = self
            .call(
                CHECK,
                200,
                Method::POST,
                "/v1/entitlements/check",
                Some(json!({})),
            )
            .await?;
        let found = &check["entitlements"][0];
        let pending =
            check["fresh"] == true && found["status"] == "pending" && found["sku"] == *self.sku;
        must(
            pending,
            CHECK,
            format!("fresh, {} pending", self.sku),
            check.to_string(),
        )?;
        self.entitlement = found["entitlement_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        say(&format!("the game checked: {} is pending", self.sku));
        say(&format!("the game gave the player {}", found["content"]));

        const CONFIRM: &str = "POST /v1/fulfillments";
        let body = json!({ "entitlement_ids": [self.entitlement] });
        let done = self
            .call(CONFIRM, 200, Method::POST, "/v1/fulfillments", Some(body))
            .await?;
        let expected = json!([{ "entitlement_id": self.entitlement, "status": "reported" }]);
        must(
            done["results"] == expected,
            CONFIRM,
            expected.to_string(),
            done.to_string(),
        )?;
        say("the game confirmed it: reported");

        const TOLD: &str = "what Prime Gaming was told";
        let told = self.ask_amazon(TOLD, "/_control/fulfilled").await?;
        let mine = |one: &&Value| one["entitlement_id"] == *self.entitlement;
        let times = told
            .as_array()
            .and_then(|all| all.iter().find(mine))
            .map(|one| &one["times"]);
        must(
            times == Some(&json!(1)),
            TOLD,
            "this entitlement, once",
            told.to_string(),
        )?;
        say("Prime Gaming was told, once");
        Ok(())
    }

    /// Nothing is left to do, and the history knows what was done.
    pub(super) async fn look_back(&mut self, say: &mut impl FnMut(&str)) -> Result<(), Failure> {
        const AGAIN: &str = "POST /v1/entitlements/check, again";
        let check = self
            .call(
                AGAIN,
                200,
                Method::POST,
                "/v1/entitlements/check",
                Some(json!({})),
            )
            .await?;
        must(
            check["entitlements"] == json!([]),
            AGAIN,
            "no entitlements",
            check.to_string(),
        )?;
        say("the game checked again: nothing to do");

        const HISTORY: &str = "GET /v1/entitlements";
        let history = self
            .call(HISTORY, 200, Method::GET, "/v1/entitlements", None)
            .await?;
        let newest = &history["entitlements"][0];
        let reported =
            newest["entitlement_id"] == *self.entitlement && newest["status"] == "reported";
        must(
            reported,
            HISTORY,
            "the entitlement, reported",
            history.to_string(),
        )?;
        say("the player's history shows it as reported");
        Ok(())
    }

    /// The game unlinks its player.
    pub(super) async fn unlink(&mut self, say: &mut impl FnMut(&str)) -> Result<(), Failure> {
        const UNLINK: &str = "DELETE /v1/link";
        self.call(UNLINK, 204, Method::DELETE, "/v1/link", None)
            .await?;
        const STATUS: &str = "GET /v1/link, after unlinking";
        let link = self
            .call(STATUS, 200, Method::GET, "/v1/link", None)
            .await?;
        must(
            link["status"] == "unlinked",
            STATUS,
            "status unlinked",
            link.to_string(),
        )?;
        say("the game unlinked its player: unlinked");

        const MANNERS: &str = "how Amazon was spoken to";
        let violations = self.ask_amazon(MANNERS, "/_control/violations").await?;
        must(
            violations == json!([]),
            MANNERS,
            "no breach of its contract",
            violations.to_string(),
        )?;
        say("every request to Amazon kept to its contract");
        Ok(())
    }
}

/// Whether Amazon sends the browser back.
fn is_back(page: &Page) -> bool {
    let to = page.location.as_ref();
    to.is_some_and(|to| to.path() == "/link/callback")
}
