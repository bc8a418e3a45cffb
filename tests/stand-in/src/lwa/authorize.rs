//! The consent page's logic: what may be asked for, and what the player's answer leads to.

use axum::http::StatusCode;
use url::{Host, Url, form_urlencoded};

use crate::exchange::{Ask, Reply};
use crate::faults::{Endpoint, Fault};
use crate::input::Params;
use crate::lwa::{must_get, scopes};
use crate::model::{Client, Code, Consent};
use crate::state::Data;
use crate::{pages, secrets, server};

const ENDPOINT: Endpoint = Endpoint::Authorize;
/// A code lives this long.
const CODE_MS: u64 = 5 * 60 * 1000;

/// An authorize request that passed every check.
pub(crate) struct Request {
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    redirect_uri: Url,
    /// As it was sent: the token request must repeat it to the letter.
    redirect_text: String,
    state: Option<String>,
    challenge: String,
}

/// Why there is no consent page.
pub(crate) enum Refusal {
    /// The return URL can't be trusted: the player is told here.
    Here(String),
    /// The browser goes back with the error.
    Back(String),
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Here(what) => Reply::page(StatusCode::BAD_REQUEST, pages::problem(&what)),
            Refusal::Back(to) => Reply::redirect(StatusCode::FOUND, to),
        }
    }
}

/// `GET /ap/oa` at the authorize address: the way to the consent page, or a refusal.
pub(crate) fn ask(data: &mut Data, ask: &Ask<'_>) -> Reply {
    if let Err(what) = must_get(data, ENDPOINT, ask.input) {
        return Refusal::Here(what).into();
    }
    match check(data, &ask.input.query) {
        Err(refusal) => refusal.into(),
        Ok(request) => match ask.fault {
            Some(Fault::OAuthError { error, description }) => {
                Reply::redirect(StatusCode::FOUND, request.back(error, description))
            }
            _ => Reply::redirect(
                StatusCode::FOUND,
                with_query(&ask.hosts.sign_in, server::SIGN_IN, &ask.input.query),
            ),
        },
    }
}

/// An address of the stand-in with these parameters.
pub(crate) fn with_query(origin: &str, path: &str, query: &Params) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query.iter())
        .finish();
    format!("{origin}{path}?{query}")
}

/// Checks an authorize request and records what is wrong with it.
pub(crate) fn check(data: &mut Data, params: &Params) -> Result<Request, Refusal> {
    let here = |data: &mut Data, what: String| {
        data.violation(ENDPOINT, &what);
        Refusal::Here(what)
    };
    if let Some(name) = params.doubled() {
        let what = format!("parameter {name} comes twice");
        return Err(here(data, what));
    }
    if params.get("client_secret").is_some() {
        return Err(here(data, "the client secret is in the browser".to_owned()));
    }
    let client_id = params.get("client_id").unwrap_or_default();
    if client_id.len() > 100 {
        return Err(here(data, "client_id is longer than 100 bytes".to_owned()));
    }
    let Some(client) = data.clients.get(client_id).cloned() else {
        // Which clients exist is set-up, not the contract: no violation.
        return Err(Refusal::Here("unknown client_id".to_owned()));
    };
    let redirect_text = params.get("redirect_uri").unwrap_or_default().to_owned();
    let redirect_uri = match Url::parse(&redirect_text) {
        Ok(url) if client.returns_to(&redirect_text, &url) => url,
        _ => {
            let what = "redirect_uri is not an allowed return URL of this client".to_owned();
            return Err(here(data, what));
        }
    };
    let mut request = Request {
        client_id: client.client_id.clone(),
        scopes: Vec::new(),
        redirect_uri,
        redirect_text,
        state: params.get("state").map(str::to_owned),
        challenge: params.get("code_challenge").unwrap_or_default().to_owned(),
    };
    if request.state.is_none() {
        data.violation(ENDPOINT, "state is missing");
    }
    let fault = if params.get("response_type") != Some("code") {
        Some(("unsupported_response_type", "response_type is not code"))
    } else if params.get("code_challenge_method") != Some("S256") {
        Some(("invalid_request", "code_challenge_method is not S256"))
    } else if request.challenge.len() != 43 || !request.challenge.bytes().all(base64url) {
        Some((
            "invalid_request",
            "code_challenge is not a SHA-256 in base64url",
        ))
    } else {
        None
    };
    if let Some((error, what)) = fault {
        data.violation(ENDPOINT, what);
        return Err(Refusal::Back(request.back(error, what)));
    }
    request.scopes = scopes(data, ENDPOINT, params.get("scope").unwrap_or_default());
    if !client.may_ask_for(&request.scopes) {
        let what = "An unknown scope was requested";
        return Err(Refusal::Back(request.back("invalid_scope", what)));
    }
    Ok(request)
}

fn base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// The player's answer; returns where the browser goes.
pub(crate) fn decide(
    data: &mut Data,
    request: &Request,
    account: &str,
    consent: Consent,
) -> String {
    let Some(granted) = consent.granted(&request.scopes) else {
        return request.back("access_denied", "Access not permitted.");
    };
    data.account(account);
    let code = secrets::letters(20);
    data.secret(&code);
    let expires_ms = data.now_ms() + CODE_MS;
    let to = request.with(&[("code", &code), ("scope", &granted.join(" "))]);
    data.codes.insert(
        code,
        Code {
            client_id: request.client_id.clone(),
            account: account.to_owned(),
            scopes: granted,
            redirect_uri: request.redirect_text.clone(),
            challenge: request.challenge.clone(),
            expires_ms,
            used: false,
            unheard: false,
            revoked: false,
        },
    );
    to
}

impl Request {
    /// The return URL with an error.
    pub(crate) fn back(&self, error: &str, description: &str) -> String {
        self.with(&[("error", error), ("error_description", description)])
    }

    fn with(&self, pairs: &[(&str, &str)]) -> String {
        let mut url = self.redirect_uri.clone();
        let mut query = url.query_pairs_mut();
        query.extend_pairs(pairs);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        drop(query);
        url.into()
    }
}

impl Client {
    fn returns_to(&self, text: &str, url: &Url) -> bool {
        self.return_urls.iter().any(|allowed| {
            allowed == text || (allowed == Client::ANY_LOOPBACK_CALLBACK && local_callback(url))
        })
    }

    /// An app that was not allow-listed for one of the scopes is refused altogether.
    pub(crate) fn may_ask_for(&self, scopes: &[String]) -> bool {
        !scopes.is_empty()
            && scopes
                .iter()
                .all(|scope| self.allowed_scopes.contains(scope))
    }
}

fn local_callback(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    local
        && url.scheme() == "http"
        && url.path() == "/link/callback"
        && url.query().is_none()
        && url.fragment().is_none()
}
