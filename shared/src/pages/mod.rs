//! The few pages that players see. They have no script, no image and nothing from another server.
//! The templates escape every text that came from outside, and a player's name can't change the
//! direction of the text around it.

mod style;
mod texts;

use std::borrow::Cow;

use askama::Template;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, REFERRER_POLICY, REFRESH,
    RETRY_AFTER, VARY, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use self::style::FormTo;
use self::texts::{Failure, PROGRAM, Texts};
use crate::api::ErrorCode;
use crate::auth::{presentable, short_id};
use crate::budget::RETRY_AMAZON;
use crate::config::StudioConfig;
use crate::domain::LinkStatus;
use crate::http::{ApiError, Request, Response, response, with_code};

/// The pages for one request: in its language, with its id, in the studio's style.
pub struct Pages<'a> {
    studio: &'a StudioConfig,
    texts: &'static Texts,
    request_id: &'a str,
    theme: Option<String>,
    wants_html: bool,
}

/// What is escaped in the subject of a mail: all but RFC 3986's unreserved characters. In `mailto:` a
/// `+` is not a space.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The pause before a browser looks again whether the link is made, in seconds.
const LOOK_AGAIN_AFTER: u64 = 2;

/// A player, as it is named on a page.
#[derive(Clone, Copy, Debug)]
pub struct ShownPlayer<'a> {
    /// The player's id.
    pub id: &'a str,
    /// The player's name. Players choose their names, so a page never shows one without the id.
    pub name: Option<&'a str>,
}

/// What the consent page asks, before Amazon. It names the player, so that a player does not link
/// an Amazon account to a stranger's player.
#[derive(Clone, Copy, Debug)]
pub struct Consent<'a> {
    /// The player that will be linked.
    pub player: ShownPlayer<'a>,
    /// The state of the player's link now.
    pub link: LinkStatus,
    /// The form's field `ticket`.
    pub ticket: &'a str,
    /// The form's field `token`: the CSRF token.
    pub form_token: &'a str,
    /// The path that the form is posted to.
    pub action: &'a str,
    /// Whether the system runs on one machine, where no address is https.
    pub local: bool,
}

/// What every page has around its content.
struct Frame<'a> {
    texts: &'static Texts,
    style: &'static str,
    theme: Option<&'a str>,
    studio: Option<&'a str>,
    program: &'a str,
    support: Option<String>,
    request_id: &'a str,
}

impl Frame<'_> {
    /// A text with the programme's name in it.
    fn say(&self, text: &str) -> String {
        text.replace(PROGRAM, self.program)
    }
}

/// A player's id and name, shortened to fit a page.
struct Called<'a> {
    id: Cow<'a, str>,
    name: Option<String>,
}

impl<'a> From<ShownPlayer<'a>> for Called<'a> {
    fn from(player: ShownPlayer<'a>) -> Self {
        Self {
            id: short_id(player.id),
            name: player
                .name
                .and_then(presentable)
                .filter(|name| name != player.id),
        }
    }
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    frame: Frame<'a>,
    player: Called<'a>,
    code: Option<&'static str>,
    notice: Option<&'static str>,
    ticket: &'a str,
    form_token: &'a str,
    action: &'a str,
}

#[derive(Template)]
#[template(path = "linked.html")]
struct LinkedPage<'a> {
    frame: Frame<'a>,
    player: Called<'a>,
}

#[derive(Template)]
#[template(path = "under_way.html")]
struct UnderWayPage<'a> {
    frame: Frame<'a>,
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    frame: Frame<'a>,
    words: &'static Failure,
    code: &'static str,
}

#[derive(Template)]
#[template(path = "return.html")]
struct ReturnPage<'a> {
    frame: Frame<'a>,
    title: &'static str,
    text: &'static str,
    url: &'a str,
    code: Option<&'static str>,
}

impl<'a> Pages<'a> {
    /// The pages for this request.
    #[must_use]
    pub fn new(studio: &'a StudioConfig, request: &'a Request) -> Self {
        Self {
            studio,
            texts: Texts::for_request(request),
            request_id: request.request_id(),
            theme: studio.color.map(style::theme),
            wants_html: request
                .header(&ACCEPT)
                .is_some_and(|types| types.contains("text/html")),
        }
    }

    /// The consent page, before Amazon.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn consent(&self, consent: &Consent<'_>) -> Result<Response, ApiError> {
        self.ask(None, consent)
    }

    /// The consent page once more, because the posted form was not this browser's. This one is.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn consent_again(&self, consent: &Consent<'_>) -> Result<Response, ApiError> {
        self.ask(Some(ErrorCode::WrongBrowser), consent)
    }

    fn ask(&self, code: Option<ErrorCode>, consent: &Consent<'_>) -> Result<Response, ApiError> {
        let page = ConsentPage {
            frame: self.frame(code),
            player: consent.player.into(),
            code: code.map(ErrorCode::as_str),
            notice: self.texts.consent.notice(consent.link),
            ticket: consent.ticket,
            form_token: consent.form_token,
            action: consent.action,
        };
        let form = if consent.local {
            FormTo::HttpsOrHttp
        } else {
            FormTo::Https
        };
        self.respond(code, form, &page)
    }

    /// Another request is making this browser's link. The browser looks again by itself.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn under_way(&self) -> Result<Response, ApiError> {
        let page = UnderWayPage {
            frame: self.frame(None),
        };
        let mut response = self.respond(None, FormTo::Nowhere, &page)?;
        let wait = HeaderValue::from(LOOK_AGAIN_AFTER);
        response.headers_mut().insert(REFRESH, wait);
        Ok(response)
    }

    /// The player is linked.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn linked(&self, player: ShownPlayer<'_>) -> Result<Response, ApiError> {
        let page = LinkedPage {
            frame: self.frame(None),
            player: player.into(),
        };
        self.respond(None, FormTo::Nowhere, &page)
    }

    /// The link was not made: what happened, and the one thing to do next.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn failure(&self, code: impl Into<ErrorCode>) -> Result<Response, ApiError> {
        let code = code.into();
        let page = FailurePage {
            frame: self.frame(Some(code)),
            words: self.texts.failures.of(code),
            code: code.as_str(),
        };
        self.respond(Some(code), FormTo::Nowhere, &page)
    }

    /// A page with one button that leads to `url`, which already holds the outcome. Browsers open an
    /// app only after a click, so a redirect to a custom scheme would do nothing.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn return_button(
        &self,
        url: &Url,
        failure: Option<ErrorCode>,
    ) -> Result<Response, ApiError> {
        let (title, text) = match failure {
            None => (self.texts.linked.title, self.texts.back_to_game.linked),
            Some(code) => {
                let words = self.texts.failures.of(code);
                (words.title, words.happened)
            }
        };
        let page = ReturnPage {
            frame: self.frame(failure),
            title,
            text,
            url: url.as_str(),
            code: failure.map(ErrorCode::as_str),
        };
        self.respond(failure, FormTo::Nowhere, &page)
    }

    /// `error`, with a page for a browser. A client that does not accept HTML gets the problem.
    #[must_use]
    pub fn explain(&self, error: ApiError) -> ApiError {
        if !self.wants_html {
            return error;
        }
        match self.failure(error.code()) {
            Ok(page) => error.shown_as(page),
            Err(_) => error,
        }
    }

    /// What is around a page that shows `code`.
    fn frame(&self, code: Option<ErrorCode>) -> Frame<'_> {
        Frame {
            texts: self.texts,
            style: style::STYLE,
            theme: self.theme.as_deref(),
            studio: self.studio.name.as_deref(),
            program: &self.studio.program,
            support: self.support(code),
            request_id: self.request_id,
        }
    }

    /// The response with this page, which shows `code`. `form` says where its form may lead.
    fn respond(
        &self,
        code: Option<ErrorCode>,
        form: FormTo,
        page: &impl Template,
    ) -> Result<Response, ApiError> {
        let html = page.render().map_err(ApiError::internal)?;
        let styles: Vec<&str> = [Some(style::STYLE), self.theme.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        let policy = style::policy(&styles, form);
        let policy = HeaderValue::try_from(policy).map_err(ApiError::internal)?;
        let status = code.map_or(StatusCode::OK, ErrorCode::status);
        let mut response = response(status, "text/html; charset=utf-8", html);
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        // With `no-referrer` browsers would send `Origin: null` with the form.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        let language = HeaderValue::from_static(self.texts.language);
        headers.insert(CONTENT_LANGUAGE, language);
        headers.insert(VARY, HeaderValue::from(ACCEPT_LANGUAGE));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let wait = HeaderValue::from(RETRY_AMAZON.as_secs());
            headers.insert(RETRY_AFTER, wait);
        }
        Ok(match code {
            Some(code) => with_code(response, code),
            None => response,
        })
    }

    /// The address of the studio's help. A mail about a failure begins with the codes that support
    /// needs.
    fn support(&self, code: Option<ErrorCode>) -> Option<String> {
        let url = self.studio.support_url.as_ref()?;
        let Some(code) = code.filter(|_| url.scheme() == "mailto" && url.query().is_none()) else {
            return Some(url.to_string());
        };
        let subject = format!("Amazon: {}, {}", code.as_str(), self.request_id);
        let subject = utf8_percent_encode(&subject, ESCAPED);
        Some(format!("{url}?subject={subject}"))
    }
}

#[cfg(test)]
mod tests;
