//! What a browser sees on its way to Amazon and back. Whatever goes wrong is a page.

use std::fmt::Display;

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::config::with_outcome;
use prime_gaming::domain::{LinkFailure, LinkStatus, PlayerId};
use prime_gaming::flow::{self, Begun, Budget, Callback, Ended, Finished};
use prime_gaming::http::{
    ApiError, BrowserCookie, BrowserId, Code, Pages, Question, Request, Response, ShownPlayer,
    address, only_https, origin_is_ours, redirect, with_code, with_cookie,
};
use prime_gaming::store::Ticket;
use url::Url;

/// What leaves for a browser. Where the address is https, the browser is told to use nothing else.
pub(crate) fn hardened(app: &App, response: Response) -> Response {
    let is_http = |url: &Url| url.scheme() == "http";
    // API Gateway's own domain, without a setting, is https.
    if app.config.public_base_url.as_ref().is_some_and(is_http) {
        response
    } else {
        only_https(response)
    }
}

/// Our own address, where it has to be: in `redirect_uri`, in the cookie, in `Origin`.
fn base_url(app: &App, request: &Request) -> Result<Url, ApiError> {
    request.base_url(app.config.public_base_url.as_ref())
}

fn pages<'a>(app: &'a App, request: &'a Request) -> Pages<'a> {
    Pages::new(&app.config.studio, request)
}

/// What a page says where our database fails; the cause is for the log.
fn our_fault(error: impl Display) -> LinkFailure {
    tracing::error!(event = "page_failed", %error);
    LinkFailure::Internal
}

/// `GET /link`: a browser comes from the Prime Gaming page, without any game session. It goes to
/// the studio's login page, with a ticket that only this browser can go on with.
pub(crate) async fn arrive(app: &App, request: &Request) -> Result<Response, ApiError> {
    let Some(login_url) = &app.config.players.login_url else {
        return Err(ApiError::new(
            Code::NotFound,
            "links do not begin here: PLAYER_LOGIN_URL is not set",
        ));
    };
    let cookie = BrowserCookie::at(&base_url(app, request)?);
    let browser = cookie.read_or_new(request);
    let login_ticket = match flow::begin_login(app, &browser.hash()).await {
        Ok(login_ticket) => login_ticket,
        Err(error) => return pages(app, request).failure(our_fault(error)),
    };
    let mut login_url = login_url.clone();
    login_url
        .query_pairs_mut()
        .append_pair("login_ticket", &login_ticket);
    let answer = redirect(StatusCode::FOUND, &login_url)?;
    Ok(with_cookie(answer, cookie.set(&browser)?))
}

/// `GET /link/continue`: the studio has logged the player in, in this browser. Like
/// `GET /link/start`, but only in the browser that opened `GET /link`.
pub(crate) async fn go_on(app: &App, request: &Request) -> Result<Response, ApiError> {
    let cookie = BrowserCookie::at(&base_url(app, request)?);
    let Ok(Some(secret)) = request.query_one("code") else {
        return pages(app, request).failure(LinkFailure::InvalidTicket);
    };
    let browser = cookie.read(request);
    let hash = browser.as_ref().map(BrowserId::hash);
    let ticket = match flow::link_question(app, secret, hash.as_deref()).await {
        Ok(Ok(ticket)) => ticket,
        Ok(Err(failure)) => return pages(app, request).failure(failure),
        Err(error) => return pages(app, request).failure(our_fault(error)),
    };
    match browser {
        Some(browser) if ticket.is_continue_code => {
            ask(app, request, cookie, &browser, secret, &ticket, Ask::First).await
        }
        // A game's ticket has its own address.
        _ => pages(app, request).failure(LinkFailure::InvalidTicket),
    }
}

/// `GET /link/start`: asks whose player this is. Uses nothing up, so that a mail scanner or a
/// preview that opens the address takes nothing from the player.
pub(crate) async fn question(app: &App, request: &Request) -> Result<Response, ApiError> {
    let cookie = BrowserCookie::at(&base_url(app, request)?);
    let Ok(Some(secret)) = request.query_one("ticket") else {
        return pages(app, request).failure(LinkFailure::InvalidTicket);
    };
    let browser = cookie.read_or_new(request);
    match flow::link_question(app, secret, Some(&browser.hash())).await {
        // A continue code has its own address.
        Ok(Ok(ticket)) if ticket.is_continue_code => {
            pages(app, request).failure(LinkFailure::InvalidTicket)
        }
        Ok(Ok(ticket)) => ask(app, request, cookie, &browser, secret, &ticket, Ask::First).await,
        Ok(Err(failure)) => pages(app, request).failure(failure),
        Err(error) => pages(app, request).failure(our_fault(error)),
    }
}

/// Why the question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// The browser opened its address.
    First,
    /// The browser posted a form that is not its own.
    Again,
}

/// The question before Amazon.
async fn ask(
    app: &App,
    request: &Request,
    cookie: BrowserCookie,
    browser: &BrowserId,
    secret: &str,
    ticket: &Ticket,
    why: Ask,
) -> Result<Response, ApiError> {
    let action = address(&base_url(app, request)?, "/link/start");
    let question = Question {
        player: ShownPlayer {
            id: ticket.player.as_str(),
            name: ticket.player_name.as_deref(),
        },
        link: link_now(app, &ticket.player).await,
        ticket: secret,
        form_token: &browser.form_token(secret),
        action: action.path(),
        local: app.config.is_local(),
    };
    let pages = pages(app, request);
    let page = match why {
        Ask::First => pages.question(&question),
        Ask::Again => pages.question_again(&question),
    };
    Ok(with_cookie(page?, cookie.set(browser)?))
}

/// Only a hint on the page: where it can't be had, the page goes without.
async fn link_now(app: &App, player: &PlayerId) -> LinkStatus {
    match flow::link_status(app, player).await {
        Ok(link) => link.status,
        Err(error) => {
            tracing::warn!(event = "link_status_unknown", player_id = %player, %error);
            LinkStatus::Unlinked
        }
    }
}

/// `POST /link/start`: the player said yes on our own page, in this browser.
pub(crate) async fn to_amazon(app: &App, request: &Request) -> Result<Response, ApiError> {
    let base_url = base_url(app, request)?;
    let pages = pages(app, request);
    let form = match request.form() {
        Err(error) if error.code() == Code::PayloadTooLarge => return Err(error),
        form => form.ok(),
    };
    let field = |name| form.as_ref().and_then(|form| form.one(name).ok()).flatten();
    if !origin_is_ours(request, &base_url) {
        return pages.failure(LinkFailure::WrongBrowser);
    }
    let cookie = BrowserCookie::at(&base_url);
    let browser = cookie.read(request);
    let Some(secret) = field("ticket") else {
        return pages.failure(LinkFailure::InvalidTicket);
    };
    let hash = browser.as_ref().map(BrowserId::hash);
    let ticket = match flow::link_question(app, secret, hash.as_deref()).await {
        Ok(Ok(ticket)) => ticket,
        Ok(Err(failure)) => return pages.failure(failure),
        Err(error) => return pages.failure(our_fault(error)),
    };
    let is_its_own =
        |browser: &BrowserId| field("token").is_some_and(|token| browser.owns_form(secret, token));
    let Some(browser) = browser.filter(is_its_own) else {
        // Of two first requests at the same time the browser keeps one cookie and shows either
        // page.
        let browser = cookie.read_or_new(request);
        return ask(app, request, cookie, &browser, secret, &ticket, Ask::Again).await;
    };
    let redirect_uri = address(&base_url, "/link/callback");
    let (browser, posted_at) = (browser.hash(), request.received_at());
    match flow::begin_link(app, &ticket, &browser, &redirect_uri, posted_at).await {
        Ok(Ok(Begun::ToAmazon(amazon))) => redirect(StatusCode::SEE_OTHER, &amazon),
        Ok(Ok(Begun::Ended(ended))) => end(&pages, &ended),
        Ok(Ok(Begun::TooManyAttempts(wait))) => Err(ApiError::new(
            Code::TooManyAttempts,
            "the player has 10 open link attempts: finish one, or wait until the oldest expires",
        )
        .retry_after(wait)),
        Ok(Err(failure)) => pages.failure(failure),
        Err(error) => pages.failure(our_fault(error)),
    }
}

/// `GET /link/callback`: the browser comes back from Amazon.
pub(crate) async fn back(
    app: &App,
    budget: Budget,
    request: &Request,
) -> Result<Response, ApiError> {
    let base_url = base_url(app, request)?;
    let pages = pages(app, request);
    let (Ok(Some(state)), Some(callback)) = (request.query_one("state"), callback(request)) else {
        return pages.failure(LinkFailure::InvalidState);
    };
    let browser = BrowserCookie::at(&base_url)
        .read(request)
        .map(|browser| browser.hash());
    match flow::finish_link(app, budget, state, callback, browser.as_deref()).await {
        Ok(Finished::Ended(ended)) => end(&pages, &ended),
        Ok(Finished::UnderWay) => pages.under_way(),
        Err(error) => pages.failure(our_fault(error)),
    }
}

/// What Amazon sent along: an error, or else a code. Neither, or a repeated parameter: `None`. An
/// error wins over a code: what was refused is not exchanged.
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
fn end(pages: &Pages<'_>, ended: &Ended) -> Result<Response, ApiError> {
    let failure = ended.outcome.as_ref().err().copied();
    let return_to = ended
        .return_to
        .as_deref()
        .and_then(|text| Url::parse(text).ok());
    match (return_to, &ended.outcome) {
        (Some(url), _) => {
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
                _ => pages.return_button(&url, failure),
            }
        }
        (None, Ok(player)) => pages.linked(ShownPlayer {
            id: player.id.as_str(),
            name: player.name.as_deref(),
        }),
        (None, Err(failure)) => pages.failure(*failure),
    }
}
