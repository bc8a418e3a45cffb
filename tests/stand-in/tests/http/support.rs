//! A well-behaved client, and ways to behave badly.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use stand_in::{Amazon, Client, Consent, Options, SCOPE_PRIME, SCOPE_PROFILE};
use url::Url;

pub(crate) const CLIENT_ID: &str = "amzn1.application-oa2-client.test";
pub(crate) const CLIENT_SECRET: &str = "test-client-secret";
pub(crate) const RETURN_URL: &str = "https://play.example.com/link/callback";
/// The pair of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) type Pairs<'a> = Vec<(&'a str, &'a str)>;

#[derive(Clone)]
pub(crate) struct Tester {
    pub(crate) amazon: Amazon,
    pub(crate) http: reqwest::Client,
}

pub(crate) async fn start() -> Tester {
    start_with(Options::default()).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the stand-in is tested without the client it is to test"
)]
pub(crate) async fn start_with(options: Options) -> Tester {
    // Another test of this process may have been first; the provider is the same.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let amazon = Amazon::start(options).await.expect("a free port");
    amazon.register_client(Client {
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        return_urls: vec![
            RETURN_URL.to_owned(),
            Client::ANY_LOOPBACK_CALLBACK.to_owned(),
        ],
        allowed_scopes: vec![SCOPE_PRIME.to_owned(), SCOPE_PROFILE.to_owned()],
    });
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .expect("a client");
    Tester { amazon, http }
}

/// What every good authorize request carries.
pub(crate) fn authorize_pairs<'a>() -> Pairs<'a> {
    vec![
        ("client_id", CLIENT_ID),
        ("scope", "games::prime profile"),
        ("response_type", "code"),
        ("redirect_uri", RETURN_URL),
        ("state", "s t/a+te"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// The pairs with one changed, added, or (by an empty value) taken away.
pub(crate) fn but<'a>(mut pairs: Pairs<'a>, name: &'a str, value: &'a str) -> Pairs<'a> {
    pairs.retain(|(key, _)| *key != name);
    if !value.is_empty() {
        pairs.push((name, value));
    }
    pairs
}

pub(crate) fn query(url: &str) -> HashMap<String, String> {
    Url::parse(url)
        .expect("a URL")
        .query_pairs()
        .into_owned()
        .collect()
}

pub(crate) async fn json(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("a whole body");
    (status, serde_json::from_slice(&body).expect("JSON"))
}

impl Tester {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.amazon.base_url())
    }

    pub(crate) fn authorize_url(&self, pairs: &[(&str, &str)]) -> String {
        Url::parse_with_params(&self.url("/ap/oa"), pairs)
            .expect("a URL")
            .into()
    }

    pub(crate) fn consent(&self, account: &str, consent: Consent) -> Result<String, String> {
        let url = self.authorize_url(&authorize_pairs());
        self.amazon.consent(&url, account, consent)
    }

    pub(crate) fn code(&self, account: &str) -> String {
        let url = self.consent(account, Consent::Approve).expect("a redirect");
        query(&url)["code"].clone()
    }

    /// Opens an address and follows it to its end, as a browser does. Gives every origin on the
    /// way, and the last answer.
    pub(crate) async fn follow(&self, url: &str) -> (Vec<String>, Response) {
        let mut url = Url::parse(url).expect("a URL");
        let mut origins = Vec::new();
        loop {
            origins.push(url.origin().ascii_serialization());
            let answer = self.http.get(url.clone()).send().await;
            let answer = answer.expect("an answer");
            let Some(to) = answer.headers().get("location") else {
                return (origins, answer);
            };
            let to = to.to_str().expect("a text");
            url = url.join(to).expect("a URL");
        }
    }

    /// Sends the form of the consent page.
    pub(crate) fn decide(&self, form: &[(&str, &str)]) -> RequestBuilder {
        let url = format!("{}/ap/oa", self.amazon.consent_url());
        self.http.post(url).form(form)
    }

    pub(crate) fn post(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        self.http.post(self.url(path)).form(form)
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let request = self.post("/auth/o2/token", form);
        json(request.send().await.expect("an answer")).await
    }

    pub(crate) async fn exchange(&self, code: &str) -> (u16, Value) {
        self.token(&exchange_form(code)).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> (u16, Value) {
        self.token(&refresh_form(token)).await
    }

    /// Links this account and returns its access and refresh token.
    pub(crate) async fn link(&self, account: &str) -> (String, String) {
        let (status, body) = self.exchange(&self.code(account)).await;
        assert_eq!(status, 200, "{body}");
        let text = |name: &str| body[name].as_str().expect("a token").to_owned();
        (text("access_token"), text("refresh_token"))
    }

    pub(crate) async fn entitlements(&self, access_token: &str) -> (u16, Value) {
        let request = self.http.get(self.url("/api/entitlements"));
        let request = request.header("x-amz-access-token", access_token);
        json(request.send().await.expect("an answer")).await
    }

    pub(crate) fn report(&self, access_token: &str, id: &str) -> RequestBuilder {
        self.report_body(
            access_token,
            &json!({ "FulfillmentStatusUpdates": [update(id)] }),
        )
    }

    pub(crate) fn report_body(&self, access_token: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(self.url("/api/fulfill"))
            .header("x-amz-access-token", access_token)
            .json(body)
    }

    pub(crate) async fn fulfill(&self, access_token: &str, id: &str) -> (u16, Value) {
        let request = self.report(access_token, id);
        json(request.send().await.expect("an answer")).await
    }

    /// Asserts that exactly one violation was recorded, with these words in it, and forgets it.
    #[track_caller]
    pub(crate) fn violated(&self, words: &str) {
        let violations = self.amazon.violations();
        assert_eq!(violations.len(), 1, "{words}: {violations:?}");
        assert!(violations[0].contains(words), "{words}: {violations:?}");
        self.amazon.reset_violations();
    }

    #[track_caller]
    pub(crate) fn clean(&self) {
        assert_eq!(self.amazon.violations(), Vec::<String>::new());
    }
}

pub(crate) fn exchange_form(code: &str) -> Pairs<'_> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", RETURN_URL),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code_verifier", VERIFIER),
    ]
}

pub(crate) fn refresh_form(token: &str) -> Pairs<'_> {
    vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ]
}

pub(crate) fn update(id: &str) -> Value {
    json!({ "EntitlementId": id, "LastInstruction": "FULFILL", "FulfillmentAddress": "Player" })
}
