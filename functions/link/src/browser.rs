//! What a browser sees on its way to Amazon and back. Whatever goes wrong is a page.

use std::fmt::Display;
use std::iter;

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::config::with_outcome;
use prime_gaming::domain::LinkFailure;
use prime_gaming::flow::{self, Budget, Callback, Ended};
use prime_gaming::http::{
    ApiError, BrowserCookie, Code, Request, Response, origin_is_ours, pages, redirect, with_code,
    with_cookie,
};
use url::Url;

/// Our own address, where it has to be: in `redirect_uri`, in the cookie, in `Origin`.
fn base_url(app: &App, request: &Request) -> Result<Url, ApiError> {
    request.base_url(app.config.public_base_url.as_ref())
}

/// What a page says where our database fails; the cause is for the log.
fn our_fault(error: impl Display) -> LinkFailure {
    tracing::error!(event = "page_failed", %error);
    LinkFailure::Internal
}

/// `GET /link/start`: asks whose player this is. Uses nothing up, so that a mail scanner or a
/// preview that opens the address takes nothing from the player.
pub(crate) async fn question(app: &App, request: &Request) -> Result<Response, ApiError> {
    let base_url = base_url(app, request)?;
    let Ok(Some(secret)) = request.query_one("ticket") else {
        return pages::failure(LinkFailure::InvalidTicket);
    };
    let ticket = match flow::link_question(app, secret).await {
        Ok(Ok(ticket)) => ticket,
        Ok(Err(failure)) => return pages::failure(failure),
        Err(error) => return pages::failure(our_fault(error)),
    };
    let cookie = BrowserCookie::at(&base_url);
    let browser = cookie.read_or_new(request);
    // Who has said yes at Amazon before is sent back at once: browsers hold the form's policy
    // against every redirect on that way, to its very end.
    let return_to = ticket
        .return_to
        .as_deref()
        .and_then(|text| Url::parse(text).ok());
    let leads_to: Vec<&Url> = iter::once(&app.config.login.authorize_url)
        .chain(&return_to)
        .collect();
    let page = pages::question(&pages::Question {
        player_name: ticket.shown_name(),
        ticket: secret,
        form_token: &browser.form_token(secret),
        action: "/link/start",
        leads_to: &leads_to,
    })?;
    Ok(with_cookie(page, cookie.set(&browser)?))
}

/// `POST /link/start`: the player said yes on our own page, in this browser.
pub(crate) async fn to_amazon(app: &App, request: &Request) -> Result<Response, ApiError> {
    let base_url = base_url(app, request)?;
    let form = match request.form() {
        Err(error) if error.code() == Code::PayloadTooLarge => return Err(error),
        form => form.ok(),
    };
    let field = |name| form.as_ref().and_then(|form| form.one(name).ok()).flatten();
    let browser = BrowserCookie::at(&base_url).read(request);
    let (Some(browser), true) = (browser, origin_is_ours(request, &base_url)) else {
        return pages::failure(LinkFailure::WrongBrowser);
    };
    let Some(secret) = field("ticket") else {
        return pages::failure(LinkFailure::InvalidTicket);
    };
    let ticket = match flow::link_question(app, secret).await {
        Ok(Ok(ticket)) => ticket,
        Ok(Err(failure)) => return pages::failure(failure),
        Err(error) => return pages::failure(our_fault(error)),
    };
    if !field("token").is_some_and(|token| browser.owns_form(secret, token)) {
        return pages::failure(LinkFailure::WrongBrowser);
    }
    let redirect_uri = base_url
        .join("/link/callback")
        .map_err(ApiError::internal)?;
    match flow::begin_link(app, &ticket, &browser.hash(), &redirect_uri).await {
        Ok(Ok(amazon)) => redirect(StatusCode::SEE_OTHER, &amazon),
        Ok(Err(failure)) => pages::failure(failure),
        Err(error) => pages::failure(our_fault(error)),
    }
}

/// `GET /link/callback`: the browser comes back from Amazon.
pub(crate) async fn back(
    app: &App,
    budget: Budget,
    request: &Request,
) -> Result<Response, ApiError> {
    let base_url = base_url(app, request)?;
    let (Ok(Some(state)), Some(callback)) = (request.query_one("state"), callback(request)) else {
        return pages::failure(LinkFailure::InvalidState);
    };
    let browser = BrowserCookie::at(&base_url)
        .read(request)
        .map(|browser| browser.hash());
    match flow::finish_link(app, budget, state, callback, browser.as_deref()).await {
        Ok(ended) => end(&ended),
        Err(error) => pages::failure(our_fault(error)),
    }
}

/// What Amazon sent along: an error, or else a code. Of neither, and of anything doubled, nobody
/// can say what it means. An error wins over a code: what was refused is not exchanged.
fn callback(request: &Request) -> Option<Callback> {
    let value = |name| request.query_one(name).ok();
    let (error, code, scope) = (value("error")?, value("code")?, value("scope")?);
    match (error, code) {
        (Some(error), _) => Some(Callback::Error(error.to_owned())),
        // An empty code is none, and must not cost the attempt.
        (None, Some(code)) if !code.is_empty() => Some(Callback::Code {
            code: code.into(),
            scope: scope.map(ToOwned::to_owned),
        }),
        (None, _) => None,
    }
}

/// Back to where the game wanted the browser, or a page.
fn end(ended: &Ended) -> Result<Response, ApiError> {
    let failure = ended.outcome.err();
    let return_to = ended
        .return_to
        .as_deref()
        .and_then(|text| Url::parse(text).ok());
    match (return_to, failure) {
        (Some(url), failure) => {
            let url = match failure {
                None => with_outcome(&url, "status", "linked"),
                Some(failure) => with_outcome(&url, "error", failure.code()),
            };
            match (url.scheme(), failure) {
                ("https" | "http", None) => redirect(StatusCode::SEE_OTHER, &url),
                ("https" | "http", Some(failure)) => Ok(with_code(
                    redirect(StatusCode::SEE_OTHER, &url)?,
                    failure.code(),
                )),
                _ => pages::return_button(&url, failure),
            }
        }
        (None, None) => pages::linked(&ended.player_name),
        (None, Some(failure)) => pages::failure(failure),
    }
}
