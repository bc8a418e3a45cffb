//! A very small browser: pages, forms, cookies, and nothing that runs by itself.

use std::time::Duration;

use reqwest::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use url::Url;

use super::html::Form;
use crate::{Error, unanswered};

/// The gateway gives up at 30 seconds, and its answer has to arrive.
pub(super) const TIMEOUT: Duration = Duration::from_secs(35);

/// What came back for a request.
#[derive(Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// Where it was asked for.
    pub url: Url,
    /// Where it sends the browser.
    pub location: Option<Url>,
    /// The body.
    pub text: String,
}

impl Page {
    /// Status, place and the code of a failure, for messages. Without the query, which may hold a secret.
    #[must_use]
    pub fn describe(&self) -> String {
        let to = self
            .location
            .as_ref()
            .map(|to| format!(", to {}{}", origin(to), to.path()));
        let code = self.code().map(|code| format!(", {code}"));
        format!(
            "{} from {}{}{}",
            self.status,
            self.url.path(),
            to.unwrap_or_default(),
            code.unwrap_or_default()
        )
    }

    /// The error code that a page of the service shows.
    fn code(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("<code>")?;
        let (code, _) = rest.split_once("</code>")?;
        (self.status >= 400).then_some(code)
    }
}

#[derive(Debug)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
}

/// Remembers cookies and follows nothing by itself.
#[derive(Debug)]
pub struct Browser {
    http: reqwest::Client,
    cookies: Vec<Cookie>,
}

impl Browser {
    /// One without cookies.
    #[must_use]
    pub fn new(http: reqwest::Client) -> Self {
        Self {
            http,
            cookies: Vec::new(),
        }
    }

    /// Opens an address.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn open(&mut self, url: &Url) -> Result<Page, Error> {
        self.send(self.http.get(url.clone()), url).await
    }

    /// Sends a form of a page, as the page's origin.
    ///
    /// # Errors
    /// When the form is not one to post, or there is no answer.
    pub async fn submit(&mut self, page: &Page, form: &Form) -> Result<Page, Error> {
        let to = page.url.join(&form.action)?;
        if form.method != "post" {
            return Err(format!("the form's method is {}", form.method).into());
        }
        let request = self
            .http
            .post(to.clone())
            .header(ORIGIN, origin(&page.url))
            .form(&form.fields);
        self.send(request, &to).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder, url: &Url) -> Result<Page, Error> {
        let mut request = request.timeout(TIMEOUT);
        let cookies = self.cookies_for(url);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies);
        }
        let response = request.send().await.map_err(unanswered)?;
        self.keep_cookies(url, response.headers());
        let location = response
            .headers()
            .get(LOCATION)
            .map(|to| to.to_str())
            .transpose()?;
        let location = location.map(|to| url.join(to)).transpose()?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(unanswered)?;
        Ok(Page {
            status,
            url: url.clone(),
            location,
            text,
        })
    }

    /// Cookies belong to a host, whatever its port.
    fn cookies_for(&self, url: &Url) -> String {
        let fitting = self.cookies.iter().filter(|cookie| {
            url.host_str() == Some(&cookie.host) && url.path().starts_with(&cookie.path)
        });
        fitting
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn keep_cookies(&mut self, url: &Url, headers: &HeaderMap) {
        let lines = headers
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok());
        for line in lines {
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let (mut path, mut gone) = ("/", value.is_empty());
            for (attribute, value) in parts.filter_map(|attribute| attribute.split_once('=')) {
                match attribute.to_ascii_lowercase().as_str() {
                    "path" => path = value,
                    "max-age" => gone |= value.parse().is_ok_and(|seconds: i64| seconds <= 0),
                    _ => {}
                }
            }
            let host = url.host_str().unwrap_or_default();
            self.cookies.retain(|cookie| {
                (
                    cookie.host.as_str(),
                    cookie.path.as_str(),
                    cookie.name.as_str(),
                ) != (host, path, name)
            });
            if !gone {
                let [host, path, name, value] = [host, path, name, value].map(str::to_owned);
                self.cookies.push(Cookie {
                    host,
                    path,
                    name,
                    value,
                });
            }
        }
    }
}

/// An address's origin, as browsers send it.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
