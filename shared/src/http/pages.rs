//! The few pages that players see. No script, no image, nothing from elsewhere; every text that
//! came from outside is escaped by the templates.

use std::time::Duration;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER, X_FRAME_OPTIONS};
use http::{HeaderValue, StatusCode};
use ring::digest;
use url::Url;

use super::answer::{answer, with_code};
use super::{ApiError, Response};
use crate::domain::LinkFailure;

/// The style sheet stands in the page, and the policy names its hash.
const STYLE: &str = include_str!("../../templates/style.css");

/// When trying again makes sense after Amazon did not answer.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// The page before Amazon. It names the player, because that is what protects against linking
/// one's own Amazon account to a stranger's player.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who the link is for: the player's name, or else the id.
    pub player_name: &'a str,
    /// Goes into the form as `ticket`.
    pub ticket: &'a str,
    /// Goes into the form as `token`.
    pub form_token: &'a str,
    /// Where the form is posted, on our own address.
    pub action: &'a str,
    /// The origins that posting the form may lead to, beside our own. Browsers apply the policy
    /// `form-action` to every redirect that follows, so Amazon's origin must be among them.
    pub leads_to: &'a [&'a Url],
}

#[derive(Template)]
#[template(path = "question.html")]
struct QuestionPage<'a> {
    style: &'static str,
    player_name: &'a str,
    ticket: &'a str,
    form_token: &'a str,
    action: &'a str,
}

#[derive(Template)]
#[template(path = "linked.html")]
struct LinkedPage<'a> {
    style: &'static str,
    player_name: &'a str,
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    style: &'static str,
    title: &'static str,
    happened: &'static str,
    next: &'static str,
    code: &'static str,
}

#[derive(Template)]
#[template(path = "return.html")]
struct ReturnPage<'a> {
    style: &'static str,
    title: &'static str,
    text: &'static str,
    url: &'a str,
    code: Option<&'static str>,
}

/// The question before Amazon.
///
/// # Errors
/// 500 if the page can't be made.
pub fn question(question: &Question<'_>) -> Result<Response, ApiError> {
    let page = QuestionPage {
        style: STYLE,
        player_name: question.player_name,
        ticket: question.ticket,
        form_token: question.form_token,
        action: question.action,
    };
    let mut form_action = "'self'".to_owned();
    for url in question.leads_to {
        let origin = url.origin();
        // A custom scheme has no origin; the browser gets there by a button, not by the form.
        if origin.is_tuple() {
            form_action.push(' ');
            form_action.push_str(&origin.ascii_serialization());
        }
    }
    respond(StatusCode::OK, &page, &form_action)
}

/// The link was made.
///
/// # Errors
/// 500 if the page can't be made.
pub fn linked(player_name: &str) -> Result<Response, ApiError> {
    respond(
        StatusCode::OK,
        &LinkedPage {
            style: STYLE,
            player_name,
        },
        "'none'",
    )
}

/// The link was not made: what happened, and the one thing to do next.
///
/// # Errors
/// 500 if the page can't be made.
pub fn failure(failure: LinkFailure) -> Result<Response, ApiError> {
    let Words {
        title,
        happened,
        next,
    } = words(failure);
    let page = FailurePage {
        style: STYLE,
        title,
        happened,
        next,
        code: failure.code(),
    };
    with_status(failure.status(), &page).map(|page| with_code(page, failure.code()))
}

/// One button that leads to `url`, which already holds the outcome. Browsers open an app only when
/// the player asks for it, so a redirect to a custom scheme would do nothing.
///
/// # Errors
/// 500 if the page can't be made.
pub fn return_button(url: &Url, failed: Option<LinkFailure>) -> Result<Response, ApiError> {
    let (status, title, text) = match failed {
        None => (
            200,
            "Your Amazon account is linked",
            "Go back to the game to get your rewards.",
        ),
        Some(failure) => {
            let Words {
                title, happened, ..
            } = words(failure);
            (failure.status(), title, happened)
        }
    };
    let code = failed.map(LinkFailure::code);
    let page = ReturnPage {
        style: STYLE,
        title,
        text,
        url: url.as_str(),
        code,
    };
    let response = with_status(status, &page)?;
    Ok(match code {
        Some(code) => with_code(response, code),
        None => response,
    })
}

/// A page without a form, under the status of its outcome.
fn with_status(status: u16, page: &impl Template) -> Result<Response, ApiError> {
    let status = StatusCode::from_u16(status).map_err(ApiError::internal)?;
    let mut response = respond(status, page, "'none'")?;
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let wait = HeaderValue::from(TRY_AGAIN_AFTER.as_secs());
        response.headers_mut().insert(RETRY_AFTER, wait);
    }
    Ok(response)
}

fn respond(
    status: StatusCode,
    page: &impl Template,
    form_action: &str,
) -> Result<Response, ApiError> {
    let html = page.render().map_err(ApiError::internal)?;
    let style_hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style_hash}'; form-action {form_action}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let policy = HeaderValue::try_from(policy).map_err(ApiError::internal)?;
    let mut response = answer(status, "text/html; charset=utf-8", html);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    // With `no-referrer` browsers would send `Origin: null` with the form.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    Ok(response)
}

struct Words {
    title: &'static str,
    happened: &'static str,
    next: &'static str,
}

const fn words(failure: LinkFailure) -> Words {
    let (title, happened, next) = match failure {
        LinkFailure::InvalidTicket => (
            "This link can't be used",
            "The address that you opened was used before, is too old, or is not complete.",
            "Go back to the game and start linking again.",
        ),
        LinkFailure::InvalidState => (
            "We can't tell which link this belongs to",
            "You came back from Amazon, but what you brought along does not belong to any link that is under way.",
            "Go back to the game and start linking again.",
        ),
        LinkFailure::AttemptExpired => (
            "That took too long",
            "Linking must be finished within ten minutes, and the time was over.",
            "Go back to the game and start linking again.",
        ),
        LinkFailure::WrongBrowser => (
            "This was started in another browser",
            "For your safety a link must be finished in the browser in which it was started, with cookies allowed.",
            "Start linking again in the game, and stay in the browser that it opens.",
        ),
        LinkFailure::AccessDenied => (
            "You did not allow it at Amazon",
            "Amazon told us that linking was refused or cancelled. Nothing was linked.",
            "If you want your rewards, start linking again in the game and choose Allow at Amazon.",
        ),
        LinkFailure::PermissionMissing => (
            "A permission is missing",
            "Amazon did not give us both permissions that we need to see your rewards. Nothing was linked.",
            "Start linking again in the game and allow everything that Amazon asks for.",
        ),
        LinkFailure::IdentityMismatch => (
            "Amazon's answers do not agree",
            "What Amazon told us about your account did not fit together, so nothing was linked.",
            "Sign out at Amazon, then start linking again in the game.",
        ),
        LinkFailure::AmazonAccountTaken => (
            "This Amazon account belongs to another player",
            "An Amazon account can be linked to one player at a time. Nothing was changed.",
            "Unlink it from the other player first, or sign in at Amazon with another account.",
        ),
        LinkFailure::PlayerAlreadyLinked => (
            "You are linked with another Amazon account",
            "A player can be linked with one Amazon account at a time. Nothing was changed.",
            "Unlink the other Amazon account in the game first, then link this one.",
        ),
        LinkFailure::AmazonUnavailable => (
            "Amazon does not answer",
            "We could not reach Amazon to finish the link. Nothing was linked.",
            "Wait a minute, then start linking again in the game.",
        ),
        LinkFailure::Internal => (
            "Something went wrong on our side",
            "We could not finish the link. It is not your fault.",
            "Wait a minute, then start linking again in the game.",
        ),
    };
    Words {
        title,
        happened,
        next,
    }
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;
