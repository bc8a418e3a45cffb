//! The few pages that players see. No script, no image, nothing from elsewhere; every text that
//! came from outside is escaped by the templates, and a player's name can't change the direction
//! of the text around it.

mod style;
mod texts;

use std::borrow::Cow;

use askama::Template;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, REFERRER_POLICY, REFRESH,
    RETRY_AFTER, VARY, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use url::{Url, form_urlencoded};

use self::style::FormTo;
use self::texts::{Failure, PROGRAM, Texts};
use crate::auth::{presentable, short_id};
use crate::budget::RETRY_AMAZON;
use crate::config::StudioConfig;
use crate::domain::{LinkFailure, LinkStatus};
use crate::http::response::{response, with_code};
use crate::http::{ApiError, Request, Response};

/// The pages for one request: in its language, with its id, as the studio wants them to look.
pub struct Pages<'a> {
    studio: &'a StudioConfig,
    texts: &'static Texts,
    request_id: &'a str,
    theme: Option<String>,
    wanted: bool,
}

/// The pause before a browser looks again for an ending, in seconds.
const LOOK_AGAIN_AFTER: u64 = 2;

/// A player, as it is named on a page.
#[derive(Clone, Copy, Debug)]
pub struct ShownPlayer<'a> {
    /// The player's id.
    pub id: &'a str,
    /// What the player is called. Anybody can choose a name, so it never stands without the id.
    pub name: Option<&'a str>,
}

/// The page before Amazon. It names the player, because that is what protects against linking
/// one's own Amazon account to a stranger's player.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who the link is for.
    pub player: ShownPlayer<'a>,
    /// What link the player has now.
    pub link: LinkStatus,
    /// Goes into the form as `ticket`.
    pub ticket: &'a str,
    /// Goes into the form as `token`.
    pub form_token: &'a str,
    /// Where the form is posted, on our own address.
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
    /// A text, with the name that the studio's players know the programme by.
    fn say(&self, text: &str) -> String {
        text.replace(PROGRAM, self.program)
    }
}

/// A player's id and name, as far as a page has room for them.
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
#[template(path = "question.html")]
struct QuestionPage<'a> {
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
            wanted: request
                .header(&ACCEPT)
                .is_some_and(|types| types.contains("text/html")),
        }
    }

    /// The question before Amazon.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn question(&self, question: &Question<'_>) -> Result<Response, ApiError> {
        self.ask(StatusCode::OK, None, question)
    }

    /// The question once more, because the form that was posted is not of this browser. This one
    /// is.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn question_again(&self, question: &Question<'_>) -> Result<Response, ApiError> {
        let failure = LinkFailure::WrongBrowser;
        self.ask(status_of(failure)?, Some(failure.code()), question)
    }

    fn ask(
        &self,
        status: StatusCode,
        code: Option<&'static str>,
        question: &Question<'_>,
    ) -> Result<Response, ApiError> {
        let page = QuestionPage {
            frame: self.frame(code),
            player: question.player.into(),
            code,
            notice: self.texts.question.notice(question.link),
            ticket: question.ticket,
            form_token: question.form_token,
            action: question.action,
        };
        let form = if question.local {
            FormTo::HttpsOrHttp
        } else {
            FormTo::Https
        };
        self.respond(status, code, form, &page)
    }

    /// Another request is at work on this browser's attempt. The browser looks again by itself.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn under_way(&self) -> Result<Response, ApiError> {
        let page = UnderWayPage {
            frame: self.frame(None),
        };
        let mut response = self.respond(StatusCode::OK, None, FormTo::Nowhere, &page)?;
        let wait = HeaderValue::from(LOOK_AGAIN_AFTER);
        response.headers_mut().insert(REFRESH, wait);
        Ok(response)
    }

    /// The link was made.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn linked(&self, player: ShownPlayer<'_>) -> Result<Response, ApiError> {
        let page = LinkedPage {
            frame: self.frame(None),
            player: player.into(),
        };
        self.respond(StatusCode::OK, None, FormTo::Nowhere, &page)
    }

    /// The link was not made: what happened, and the one thing to do next.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn failure(&self, failure: LinkFailure) -> Result<Response, ApiError> {
        let words = self.texts.failures.of_link(failure);
        self.tell(status_of(failure)?, words, failure.code())
    }

    /// One button that leads to `url`, which already holds the outcome. Browsers open an app only
    /// when the player asks for it, so a redirect to a custom scheme would do nothing.
    ///
    /// # Errors
    /// 500 if the page can't be made.
    pub fn return_button(
        &self,
        url: &Url,
        failed: Option<LinkFailure>,
    ) -> Result<Response, ApiError> {
        let (status, title, text) = match failed {
            None => (
                StatusCode::OK,
                self.texts.linked.title,
                self.texts.back.linked,
            ),
            Some(failure) => {
                let words = self.texts.failures.of_link(failure);
                (status_of(failure)?, words.title, words.happened)
            }
        };
        let code = failed.map(LinkFailure::code);
        let page = ReturnPage {
            frame: self.frame(code),
            title,
            text,
            url: url.as_str(),
            code,
        };
        self.respond(status, code, FormTo::Nowhere, &page)
    }

    /// `error`, which a browser sees as a page. Who did not ask for one gets the problem: that
    /// is no browser.
    #[must_use]
    pub fn explain(&self, error: ApiError) -> ApiError {
        if !self.wanted {
            return error;
        }
        let code = error.code();
        let words = self.texts.failures.of_request(code);
        match self.tell(code.status(), words, code.as_str()) {
            Ok(page) => error.shown_as(page),
            Err(_) => error,
        }
    }

    fn tell(
        &self,
        status: StatusCode,
        words: &'static Failure,
        code: &'static str,
    ) -> Result<Response, ApiError> {
        let page = FailurePage {
            frame: self.frame(Some(code)),
            words,
            code,
        };
        self.respond(status, Some(code), FormTo::Nowhere, &page)
    }

    /// What is around a page that shows `code`.
    fn frame(&self, code: Option<&str>) -> Frame<'_> {
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

    /// The answer with this page, which shows `code`. `form` says where its form may lead.
    fn respond(
        &self,
        status: StatusCode,
        code: Option<&'static str>,
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

    /// Where the studio's help is. A mail about a failure begins with what support needs.
    fn support(&self, code: Option<&str>) -> Option<String> {
        let url = self.studio.support_url.as_ref()?;
        let Some(code) = code.filter(|_| url.scheme() == "mailto" && url.query().is_none()) else {
            return Some(url.to_string());
        };
        let subject = format!("Amazon: {code}, {}", self.request_id);
        let subject: String = form_urlencoded::byte_serialize(subject.as_bytes()).collect();
        // Mail programs take a plus for a plus.
        Some(format!("{url}?subject={}", subject.replace('+', "%20")))
    }
}

fn status_of(failure: LinkFailure) -> Result<StatusCode, ApiError> {
    StatusCode::from_u16(failure.status()).map_err(ApiError::internal)
}

#[cfg(test)]
mod tests;
