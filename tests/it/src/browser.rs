//! A browser, as far as the pages need one: cookies, forms, redirects that it is told to follow.

use std::collections::BTreeMap;

use local::demo::Form;
use serde_json::json;
use stand_in::Consent;
use url::form_urlencoded;

use crate::world::BASE_URL;
use crate::{Answer, World};

/// A browser with its cookies.
pub struct Browser<'w> {
    world: &'w World,
    cookies: BTreeMap<String, String>,
}

impl<'w> Browser<'w> {
    pub(crate) fn new(world: &'w World, cookies: BTreeMap<String, String>) -> Self {
        Self { world, cookies }
    }

    /// The cookies it holds.
    #[must_use]
    pub fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// The same browser later: `world.browser_with(cookies)` goes on with it.
    #[must_use]
    pub fn into_cookies(self) -> BTreeMap<String, String> {
        self.cookies
    }

    /// Opens an address of the service.
    pub async fn get(&mut self, address: &str) -> Answer {
        self.request("GET", address, None, None).await
    }

    /// Posts a form from one of the service's own pages.
    pub async fn post(&mut self, address: &str, fields: &[(String, String)]) -> Answer {
        self.request("POST", address, Some(fields), Some(BASE_URL))
            .await
    }

    /// Sends a request with all that matters about it.
    pub async fn request(
        &mut self,
        method: &str,
        address: &str,
        form: Option<&[(String, String)]>,
        origin: Option<&str>,
    ) -> Answer {
        let path = address.strip_prefix(BASE_URL).unwrap_or(address);
        let mut call = self.world.call(method, path);
        if !self.cookies.is_empty() {
            let cookies: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            call = call.header("cookie", &cookies.join("; "));
        }
        if let Some(origin) = origin {
            call = call.header("origin", origin);
        }
        if let Some(form) = form {
            let body = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish();
            call = call
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        let answer = call.send().await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("cookies are ASCII");
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// From the game to the consent page: gives the start address.
    pub async fn start_url(&self, player: &str, return_to: Option<&str>) -> String {
        let body = json!({"return_to": return_to});
        let answer = self
            .world
            .call_as(player, "POST", "/v1/link/sessions")
            .json(&body)
            .send()
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["start_url"]
            .as_str()
            .expect("an address")
            .to_owned()
    }

    /// From the game, past our consent page, to Amazon's: gives that page's address.
    pub async fn to_amazon(&mut self, player: &str, return_to: Option<&str>) -> String {
        let start = self.start_url(player, return_to).await;
        let consent_page = self.get(&start).await;
        assert_eq!(consent_page.status, 200, "{consent_page:?}");
        let answer = self
            .post("/link/start", &hidden_inputs(&consent_page.body))
            .await;
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.location().to_owned()
    }

    /// Says yes on Amazon's consent page: gives the address that Amazon sends the browser to.
    #[must_use]
    pub fn allow(&self, consent: &str, account: &str) -> String {
        self.answer(consent, account, &Consent::Approve)
    }

    /// Answers Amazon's consent page.
    ///
    /// # Panics
    /// If Amazon does not accept the request.
    #[must_use]
    pub fn answer(&self, consent: &str, account: &str, answer: &Consent) -> String {
        self.world
            .amazon
            .consent(consent, account, answer.clone())
            .expect("a good authorize request")
    }
}

/// What the first form of a page sends. The forms of the service's pages have only hidden inputs.
#[must_use]
pub fn hidden_inputs(page: &str) -> Vec<(String, String)> {
    let form = Form::all(page).into_iter().next();
    form.unwrap_or_default().fields
}
