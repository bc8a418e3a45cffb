//! The pages that a browser sees on its way to Amazon and back. Every failure is a page.
//!
//! ```text
//! GET /link ──▶ the studio's login page ──▶ GET /link/continue ──┐
//!                              a game ──▶ GET /link/start ───────┴──▶ consent page
//!                                                                         │ POST /link/start
//!              GET /link/callback ◀── Amazon's consent page ◀─────────────┘
//! ```

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::api::ErrorCode;
use prime_gaming::domain::{LinkFailure, LinkStatus, PlayerId};
use prime_gaming::flow::{
    self, AttemptResult, Authorization, Budget, Callback, CallbackResult, LinkError, StoreError,
    Ticket,
};
use prime_gaming::http::{
    ApiError, BrowserCookie, BrowserId, Request, Response, address, origin_is_ours, redirect,
    serve_with, with_code, with_cookie, with_hsts, with_outcome,
};
use prime_gaming::pages::{Consent, Pages, ShownPlayer};
use url::Url;

use crate::api::too_many_attempts;
use prime_gaming::signals::event;

/// Responds to a browser's request: every failure is a page, and where our address is https, HSTS
/// tells the browser to use nothing else.
pub(crate) async fn serve(app: &App, budget: Budget, request: &Request) -> Response {
    let visit = Visit {
        app,
        request,
        pages: Pages::new(&app.config.studio, request),
    };
    let explain = |error| visit.pages.explain(error);
    let work = Box::pin(visit.route(budget));
    let response = serve_with(&app.clock, request, work, explain).await;
    let is_http = |url: &Url| url.scheme() == "http";
    // Without the setting the address is API Gateway's own domain, which is https.
    if app.config.public_base_url.as_ref().is_some_and(is_http) {
        response
    } else {
        with_hsts(response)
    }
}

/// Why a handler has no page of its own.
enum Failed {
    /// The browser gets the page about this failure.
    Link(LinkFailure),
    /// The request itself is at fault.
    Api(ApiError),
}

impl From<LinkFailure> for Failed {
    fn from(failure: LinkFailure) -> Self {
        Self::Link(failure)
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// The page says that it is our fault. The log names the cause.
impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        if let StoreError::Corrupt { .. } = error {
            tracing::error!(event = event::UNREADABLE_ROW, %error);
        }
        tracing::error!(event = event::PAGE_FAILED, %error);
        Self::Link(LinkFailure::Internal)
    }
}

impl From<LinkError> for Failed {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Refused(failure) => failure.into(),
            LinkError::TooManyAttempts(wait) => too_many_attempts(wait).into(),
            LinkError::Store(error) => error.into(),
        }
    }
}

type Page = Result<Response, Failed>;

/// One request of a browser, and the pages that it may see.
struct Visit<'a> {
    app: &'a App,
    request: &'a Request,
    pages: Pages<'a>,
}

impl Visit<'_> {
    async fn route(&self, budget: Budget) -> Result<Response, ApiError> {
        let page = match self.request.route_key() {
            Some("GET /link") => self.landing().await,
            Some("GET /link/continue") => self.resume().await,
            Some("GET /link/start") => self.consent_page().await,
            Some("POST /link/start") => self.authorize().await,
            Some("GET /link/callback") => Box::pin(self.callback(budget)).await,
            _ => Err(ApiError::not_found().into()),
        };
        match page {
            Ok(response) => Ok(response),
            Err(Failed::Link(failure)) => self.pages.failure(failure),
            Err(Failed::Api(error)) => Err(error),
        }
    }

    /// Our own address, for `redirect_uri`, the cookie and `Origin`.
    fn base_url(&self) -> Result<Url, ApiError> {
        let configured = self.app.config.public_base_url.as_ref();
        self.request.base_url(configured)
    }

    /// `GET /link`: a browser comes from the Prime Gaming page, without a session of a game. It goes on
    /// to the studio's login page, with a login ticket that is bound to this browser.
    async fn landing(&self) -> Page {
        let Some(login_url) = &self.app.config.players.login_url else {
            let error = ApiError::new(
                ErrorCode::NotFound,
                "links do not begin here: PLAYER_LOGIN_URL is not set",
            );
            return Err(error.into());
        };
        let cookie = BrowserCookie::at(&self.base_url()?);
        let browser = cookie.read_or_new(self.request);
        let login_ticket = flow::begin_login(self.app, &browser.hash()).await?;
        let mut login_url = login_url.clone();
        login_url
            .query_pairs_mut()
            .append_pair("login_ticket", &login_ticket);
        let response = redirect(StatusCode::FOUND, &login_url)?;
        Ok(with_cookie(response, cookie.set(&browser)?))
    }

    /// `GET /link/continue`: the studio has logged the player in, in this browser. Shows the consent
    /// page, but only in the browser that opened `GET /link`. This prevents login CSRF: a code that an
    /// attacker sends to another browser is worth nothing there.
    async fn resume(&self) -> Page {
        let cookie = BrowserCookie::at(&self.base_url()?);
        let Ok(Some(secret)) = self.request.query_one("code") else {
            return Err(LinkFailure::InvalidTicket.into());
        };
        let browser = cookie.read(self.request);
        let hash = browser.as_ref().map(BrowserId::hash);
        let ticket = flow::usable_ticket(self.app, secret, hash.as_deref()).await?;
        match browser {
            Some(browser) if ticket.is_continue_code => {
                self.consent(cookie, &browser, secret, &ticket, Shown::First)
                    .await
            }
            // The ticket of a game belongs to `GET /link/start`.
            _ => Err(LinkFailure::InvalidTicket.into()),
        }
    }

    /// `GET /link/start`: shows the consent page. Uses nothing up, so that a mail scanner or a preview
    /// that opens the address takes nothing from the player.
    async fn consent_page(&self) -> Page {
        let cookie = BrowserCookie::at(&self.base_url()?);
        let Ok(Some(secret)) = self.request.query_one("ticket") else {
            return Err(LinkFailure::InvalidTicket.into());
        };
        let browser = cookie.read_or_new(self.request);
        let ticket = flow::usable_ticket(self.app, secret, Some(&browser.hash())).await?;
        if ticket.is_continue_code {
            // A continue code belongs to `GET /link/continue`.
            return Err(LinkFailure::InvalidTicket.into());
        }
        self.consent(cookie, &browser, secret, &ticket, Shown::First)
            .await
    }

    /// Our consent page, which names the player before the browser goes to Amazon.
    async fn consent(
        &self,
        cookie: BrowserCookie,
        browser: &BrowserId,
        secret: &str,
        ticket: &Ticket,
        shown: Shown,
    ) -> Page {
        let action = address(&self.base_url()?, "/link/start");
        let consent = Consent {
            player: ShownPlayer {
                id: ticket.player.as_str(),
                name: ticket.player_name.as_deref(),
            },
            link: link_now(self.app, &ticket.player).await,
            ticket: secret,
            form_token: &browser.form_token(secret),
            action: action.path(),
            local: self.app.config.is_local(),
        };
        let page = match shown {
            Shown::First => self.pages.consent(&consent),
            Shown::Again => self.pages.consent_again(&consent),
        };
        Ok(with_cookie(page?, cookie.set(browser)?))
    }

    /// `POST /link/start`: the player agreed on our consent page, in this browser. The browser goes on
    /// to Amazon. `Origin` and the form's token prevent CSRF.
    async fn authorize(&self) -> Page {
        let base_url = self.base_url()?;
        let form = match self.request.form() {
            Err(error) if error.code() == ErrorCode::PayloadTooLarge => return Err(error.into()),
            form => form.ok(),
        };
        let field = |name| form.as_ref().and_then(|form| form.one(name).ok()).flatten();
        if !origin_is_ours(self.request, &base_url) {
            return Err(LinkFailure::WrongBrowser.into());
        }
        let cookie = BrowserCookie::at(&base_url);
        let browser = cookie.read(self.request);
        let secret = field("ticket").ok_or(LinkFailure::InvalidTicket)?;
        let hash = browser.as_ref().map(BrowserId::hash);
        let ticket = flow::usable_ticket(self.app, secret, hash.as_deref()).await?;
        let is_its_own = |browser: &BrowserId| {
            field("token").is_some_and(|token| browser.owns_form(secret, token))
        };
        let Some(browser) = browser.filter(is_its_own) else {
            // Two first requests at the same time set two cookies. The browser keeps one, and may show
            // the page of the other.
            let browser = cookie.read_or_new(self.request);
            return self
                .consent(cookie, &browser, secret, &ticket, Shown::Again)
                .await;
        };
        let redirect_uri = address(&base_url, "/link/callback");
        let (browser, posted_at) = (browser.hash(), self.request.received_at());
        match flow::authorize(self.app, &ticket, &browser, &redirect_uri, posted_at).await? {
            Authorization::Amazon(url) => Ok(redirect(StatusCode::SEE_OTHER, &url)?),
            Authorization::AlreadyLinked(result) => Ok(end(&self.pages, &result)?),
        }
    }

    /// `GET /link/callback`: the browser comes back from Amazon.
    async fn callback(&self, budget: Budget) -> Page {
        let base_url = self.base_url()?;
        let (Ok(Some(state)), Some(brought)) =
            (self.request.query_one("state"), brought(self.request))
        else {
            return Err(LinkFailure::InvalidState.into());
        };
        let browser = BrowserCookie::at(&base_url)
            .read(self.request)
            .map(|browser| browser.hash());
        let page =
            match flow::callback(self.app, budget, state, brought, browser.as_deref()).await? {
                CallbackResult::Ended(result) => end(&self.pages, &result),
                CallbackResult::UnderWay => self.pages.under_way(),
            };
        Ok(page?)
    }
}

/// Why the consent page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// The browser opened its address.
    First,
    /// The browser posted a form that is not its own.
    Again,
}

/// Only a hint on the page. Where the database does not answer, the page is shown without it.
async fn link_now(app: &App, player: &PlayerId) -> LinkStatus {
    match flow::link_status(app, player).await {
        Ok(link) => link.status,
        Err(error) => {
            tracing::warn!(event = event::LINK_STATUS_UNKNOWN, player_id = %player, %error);
            LinkStatus::Unlinked
        }
    }
}

/// What the browser brought from Amazon: an error, or else a code. Neither, or a repeated parameter
/// (HTTP parameter pollution): `None`. An error wins over a code, so that a refusal is never
/// exchanged.
fn brought(request: &Request) -> Option<Callback> {
    let value = |name| request.query_one(name).ok();
    let (error, code, scope) = (value("error")?, value("code")?, value("scope")?);
    match (error, code) {
        // RFC 6749, section 3.1: a parameter without a value counts as left out. It must not end the attempt.
        (Some(error), _) if !error.is_empty() => Some(Callback::Error(error.to_owned())),
        (_, Some(code)) if !code.is_empty() => Some(Callback::Code {
            code: code.into(),
            scope: scope.map(ToOwned::to_owned),
        }),
        _ => None,
    }
}

/// Sends the browser back to the game's `return_to`, or shows a page.
fn end(pages: &Pages<'_>, result: &AttemptResult) -> Result<Response, ApiError> {
    let failure = result.outcome.as_ref().err().copied();
    let return_to = result
        .return_to
        .as_deref()
        .and_then(|text| Url::parse(text).ok());
    match (return_to, &result.outcome) {
        (Some(url), _) => {
            let url = match failure {
                None => with_outcome(&url, "status", "linked"),
                Some(failure) => with_outcome(&url, "error", failure.code()),
            };
            match (url.scheme(), failure) {
                ("https" | "http", None) => redirect(StatusCode::SEE_OTHER, &url),
                ("https" | "http", Some(failure)) => Ok(with_code(
                    redirect(StatusCode::SEE_OTHER, &url)?,
                    failure.into(),
                )),
                _ => pages.return_button(&url, failure.map(ErrorCode::from)),
            }
        }
        (None, Ok(player)) => pages.linked(ShownPlayer {
            id: player.id.as_str(),
            name: player.name.as_deref(),
        }),
        (None, Err(failure)) => pages.failure(*failure),
    }
}
