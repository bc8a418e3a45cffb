//! The defence against CSRF and login CSRF: an attacker could begin a link and have a victim's
//! browser finish it, so that the victim's Amazon account serves the attacker's player.
//!
//! A cookie with a random id names the browser. A link attempt stores the hash of the id, and only
//! the browser with that id can finish it. The form on the consent page carries a token made of the
//! id and the ticket, and the post must come from our own page: see [`origin_is_ours`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use http::header::ORIGIN;
use ring::digest;
use subtle::ConstantTimeEq;
use url::Url;

use super::{ApiError, Request};
use crate::domain::{is_random_token, random_token};

/// How long a browser keeps its id, in seconds: a day.
const MAX_AGE: u32 = 86_400;

/// A browser's random id. Only that browser knows it; the service stores its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserId(String);

/// Not the id itself.
impl std::fmt::Debug for BrowserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrowserId([redacted])")
    }
}

impl BrowserId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(random_token())
    }

    fn parse(text: &str) -> Option<Self> {
        is_random_token(text).then(|| Self(text.to_owned()))
    }

    /// Its SHA-256 in base64url, which is what the service stores.
    #[must_use]
    pub fn hash(&self) -> String {
        encode(&[b"prime-gaming browser id", self.0.as_bytes()])
    }

    /// The CSRF token of the form that uses `ticket` up, for this browser alone.
    #[must_use]
    pub fn form_token(&self, ticket: &str) -> String {
        encode(&[
            b"prime-gaming form token",
            self.0.as_bytes(),
            ticket.as_bytes(),
        ])
    }

    /// Whether `posted` is the token of that form, compared in constant time.
    #[must_use]
    pub fn owns_form(&self, ticket: &str, posted: &str) -> bool {
        let wanted = self.form_token(ticket);
        wanted.as_bytes().ct_eq(posted.as_bytes()).into()
    }
}

/// SHA-256 over the parts, each after its length, so that no byte can move from one part to the
/// next.
fn encode(parts: &[&[u8]]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    URL_SAFE_NO_PAD.encode(context.finish())
}

/// The cookie that carries the id. Over https it has the `__Host-` prefix: no other host can set it,
/// and no script can read it. Over http, which is for loopback only, it is a plain one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowserCookie {
    name: &'static str,
    secure: &'static str,
}

impl BrowserCookie {
    /// The cookie at this address.
    #[must_use]
    pub fn at(base_url: &Url) -> Self {
        if base_url.scheme() == "http" {
            // The settings allow http to loopback only.
            Self {
                name: "prime-gaming-browser",
                secure: "",
            }
        } else {
            Self {
                name: "__Host-prime-gaming-browser",
                secure: "; Secure",
            }
        }
    }

    /// The browser's id, if it sends one that we could have made.
    #[must_use]
    pub fn read(&self, request: &Request) -> Option<BrowserId> {
        request.cookie(self.name).and_then(BrowserId::parse)
    }

    /// The browser's id, or a new one. Send [`Self::set`] in both cases, which prolongs its life.
    #[must_use]
    pub fn read_or_new(&self, request: &Request) -> BrowserId {
        self.read(request).unwrap_or_else(BrowserId::random)
    }

    /// The `Set-Cookie` header for this id.
    ///
    /// # Errors
    /// 500 if the id can't be written into a header. No [`BrowserId`] should cause that.
    pub fn set(&self, id: &BrowserId) -> Result<HeaderValue, ApiError> {
        let Self { name, secure } = self;
        let cookie = format!(
            "{name}={}; Path=/; Max-Age={MAX_AGE}{secure}; HttpOnly; SameSite=Lax",
            id.0
        );
        let mut value = HeaderValue::try_from(cookie).map_err(ApiError::internal)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Whether one of our own pages sent this post. Browsers say so in `Origin`, which scripts can't
/// change. A missing `Origin`, a repeated one, and `null` are not ours.
#[must_use]
pub fn origin_is_ours(request: &Request, base_url: &Url) -> bool {
    request.header(&ORIGIN) == Some(base_url.origin().ascii_serialization().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::request;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn the_cookie_is_as_strict_as_its_address_allows() {
        let id = BrowserId("A".repeat(43));
        let cookie = BrowserCookie::at(&url("https://links.example.com"));
        let value = cookie.set(&id).expect("a header");
        assert_eq!(
            value.to_str().expect("text"),
            format!(
                "__Host-prime-gaming-browser={}; Path=/; Max-Age=86400; Secure; HttpOnly; SameSite=Lax",
                id.0
            )
        );
        let cookie = BrowserCookie::at(&url("http://127.0.0.1:8080"));
        let value = cookie.set(&id).expect("a header");
        assert_eq!(
            value.to_str().expect("text"),
            format!(
                "prime-gaming-browser={}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax",
                id.0
            )
        );
    }

    #[test]
    fn only_ids_of_ours_are_read() {
        let cookie = BrowserCookie::at(&url("https://links.example.com"));
        let id = BrowserId::random();
        let sent = format!("other=1; __Host-prime-gaming-browser={}", id.0);
        let request_with = |value: &str| request("GET", "/link", &[("cookie", value)], "");
        assert_eq!(cookie.read(&request_with(&sent)), Some(id.clone()));
        assert_eq!(cookie.read_or_new(&request_with(&sent)), id);
        let long = format!("__Host-prime-gaming-browser={}", "A".repeat(5000));
        for absurd in [
            "__Host-prime-gaming-browser=",
            "__Host-prime-gaming-browser=short",
            "__Host-prime-gaming-browser=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"A",
            "prime-gaming-browser=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            long.as_str(),
        ] {
            assert_eq!(cookie.read(&request_with(absurd)), None, "{absurd}");
        }
        assert_ne!(
            cookie.read_or_new(&request_with("a=b")),
            BrowserId::random()
        );
    }

    #[test]
    fn a_form_belongs_to_one_browser_and_one_ticket() {
        let (mine, other) = (BrowserId::random(), BrowserId::random());
        let token = mine.form_token("ticket-1");
        assert!(mine.owns_form("ticket-1", &token));
        assert!(!mine.owns_form("ticket-2", &token));
        assert!(!other.owns_form("ticket-1", &token));
        assert!(!mine.owns_form("ticket-1", ""));
        assert!(!mine.owns_form("ticket-1", &format!("{token}A")));
        assert_ne!(mine.hash(), other.hash());
        assert_ne!(
            mine.hash(),
            mine.form_token(""),
            "what is stored must not open a form"
        );
    }

    #[test]
    fn only_our_own_origin_is_ours() {
        let base = url("https://links.example.com");
        let from = |origin: &str| request("POST", "/link/start", &[("origin", origin)], "");
        assert!(origin_is_ours(&from("https://links.example.com"), &base));
        for other in [
            "null",
            "",
            "http://links.example.com",
            "https://links.example.com:444",
            "https://links.example.com/",
            "https://links.example.com.evil.example",
            "https://evil.example",
        ] {
            assert!(!origin_is_ours(&from(other), &base), "{other}");
        }
        assert!(!origin_is_ours(
            &request("POST", "/link/start", &[], ""),
            &base
        ));
        let local = url("http://127.0.0.1:8080");
        assert!(origin_is_ours(&from("http://127.0.0.1:8080"), &local));
    }

    #[test]
    fn printing_an_id_does_not_show_it() {
        let id = BrowserId::random();
        assert!(!format!("{id:?}").contains(&id.0));
    }
}
