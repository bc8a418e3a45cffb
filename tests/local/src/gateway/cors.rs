//! CORS, as API Gateway does it by itself: it answers preflights and adds headers to answers, and
//! what a function says about CORS does not count.
//!
//! API Gateway does so for every path of an API. Here only `/v1/` takes part, which is all that the
//! contract promises: a game that relied on more would fail here first.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};

use crate::template::CorsRules;

/// What every answer's headers about CORS begin with.
const PREFIX: &str = "access-control-";

/// Which pages of other origins may call the API, and how. By default none.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    origins: Vec<HeaderValue>,
    methods: String,
    headers: String,
    exposed: String,
    max_age: u64,
}

impl Cors {
    /// These origins, by these rules.
    ///
    /// # Errors
    /// Names an origin that is none.
    pub fn new(rules: &CorsRules, origins: &str) -> Result<Self, String> {
        let origins = origins.split(',').filter(|origin| !origin.is_empty());
        Ok(Self {
            origins: origins.map(origin).collect::<Result<_, _>>()?,
            methods: rules.methods.join(","),
            headers: rules.headers.join(","),
            exposed: rules.exposed.join(","),
            max_age: rules.max_age,
        })
    }

    /// The answer to a preflight; `None` where `request` is none, or no origin may call.
    #[must_use]
    pub fn preflight(&self, request: &Request<Body>) -> Option<Response<Body>> {
        let is_preflight = request.method() == Method::OPTIONS
            && request.headers().contains_key(ORIGIN)
            && request
                .headers()
                .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight || !self.applies(request.uri().path()) {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if let Some(origin) = self.allowed(request.headers()) {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            set(headers, ACCESS_CONTROL_ALLOW_METHODS, &self.methods);
            set(headers, ACCESS_CONTROL_ALLOW_HEADERS, &self.headers);
            headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.into());
        }
        Some(response)
    }

    /// Which origin may read the answer to a request with these headers; pass it to [`Self::finish`].
    #[must_use]
    pub fn reader(&self, path: &str, headers: &HeaderMap) -> Option<HeaderValue> {
        self.applies(path).then(|| self.allowed(headers)).flatten()
    }

    /// Replaces what the answer says about CORS.
    pub fn finish(&self, reader: Option<HeaderValue>, headers: &mut HeaderMap) {
        let own: Vec<HeaderName> = headers
            .keys()
            .filter(|name| name.as_str().starts_with(PREFIX))
            .cloned()
            .collect();
        for name in own {
            headers.remove(name);
        }
        if let Some(origin) = reader {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            set(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &self.exposed);
        }
    }

    fn applies(&self, path: &str) -> bool {
        !self.origins.is_empty() && path.starts_with("/v1/")
    }

    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.origins.contains(origin).then(|| origin.clone())
    }
}

/// An origin as browsers write it, so that comparing texts is enough.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let is_one = url::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text);
    let value = is_one.then(|| HeaderValue::from_str(text).ok()).flatten();
    value
        .ok_or_else(|| format!("CORS_ORIGINS: {text:?} is no origin like https://play.example.com"))
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // The values are of template.yaml, which the tests read.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Template, project_template};

    const GAME: &str = "https://play.example.com";

    fn cors(origins: &str) -> Cors {
        let template = Template::read(&project_template()).expect("the template");
        let rules = template.cors.expect("it has rules");
        Cors::new(&rules, origins).expect("good origins")
    }

    fn preflight(origins: &str, path: &str, origin: &str) -> Option<Response<Body>> {
        let request = Request::options(path)
            .header("origin", origin)
            .header("access-control-request-method", "DELETE")
            .header("access-control-request-headers", "authorization")
            .body(Body::empty());
        cors(origins).preflight(&request.expect("a request"))
    }

    #[test]
    fn a_preflight_of_an_allowed_origin_is_told_what_the_contract_promises() {
        let origins = format!("http://localhost:3000,{GAME}");
        let answer = preflight(&origins, "/v1/link", GAME).expect("a preflight");
        assert_eq!(answer.status(), 204);
        let header = |name: &str| answer.headers()[name].to_str().expect("text");
        assert_eq!(header("access-control-allow-origin"), GAME);
        assert_eq!(header("access-control-allow-methods"), "GET,POST,DELETE");
        assert_eq!(
            header("access-control-allow-headers"),
            "authorization,content-type"
        );
        let credentials = "access-control-allow-credentials";
        assert!(!answer.headers().contains_key(credentials));
    }

    #[test]
    fn other_origins_and_other_paths_are_told_nothing() {
        for origin in [
            "https://evil.example",
            "null",
            "https://play.example.com.evil.example",
        ] {
            let answer = preflight(GAME, "/v1/link", origin).expect("a preflight");
            assert_eq!((answer.status().as_u16(), answer.headers().len()), (204, 0));
        }
        assert!(preflight(GAME, "/link/start", GAME).is_none());
        assert!(preflight("", "/v1/link", GAME).is_none(), "the default");
        let plain = Request::options("/v1/link").body(Body::empty());
        assert!(cors(GAME).preflight(&plain.expect("a request")).is_none());
    }

    #[test]
    fn answers_show_two_headers_to_allowed_origins_alone() {
        let cors = cors(GAME);
        for (path, origin, readable) in [
            ("/v1/link", GAME, true),
            ("/v1/link", "https://evil.example", false),
            ("/link/start", GAME, false),
        ] {
            let mut asked = HeaderMap::new();
            asked.insert(ORIGIN, origin.parse().expect("a value"));
            let mut headers = HeaderMap::new();
            headers.insert("access-control-allow-origin", HeaderValue::from_static("*"));
            cors.finish(cors.reader(path, &asked), &mut headers);
            let allowed = headers.get("access-control-allow-origin");
            assert_eq!(allowed.is_some_and(|allowed| allowed == GAME), readable);
            assert_eq!(allowed.is_some(), readable, "the function's own is gone");
            let exposed = headers.get("access-control-expose-headers");
            let expected = readable.then_some("retry-after,x-request-id");
            assert_eq!(exposed.and_then(|it| it.to_str().ok()), expected);
        }
    }

    #[test]
    fn only_origins_are_taken() {
        let template = Template::read(&project_template()).expect("the template");
        let rules = template.cors.expect("it has rules");
        for wrong in [
            "*",
            "https://a.example/",
            "https://a.example/x",
            "a.example",
            "mygame:",
        ] {
            let error = Cors::new(&rules, wrong).expect_err(wrong);
            assert!(error.contains("CORS_ORIGINS"), "{error}");
        }
    }
}
