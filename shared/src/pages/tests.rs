use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

use super::*;
use crate::api::ErrorCode;
use crate::config::Color;
use crate::domain::LinkFailure;
use crate::http::testing::{body_json, body_text, header, request};

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

/// What `show` makes for a browser that speaks these languages, at a studio like this.
fn pages_of<T>(studio: &StudioConfig, languages: &str, show: impl FnOnce(&Pages<'_>) -> T) -> T {
    let headers = [
        ("accept-language", languages),
        ("accept", "text/html,*/*;q=0.8"),
    ];
    let request = request("GET", "/link/start", &headers, "");
    show(&Pages::new(studio, &request))
}

/// The same, at a studio that has set nothing, in English.
fn plain<T>(show: impl FnOnce(&Pages<'_>) -> T) -> T {
    pages_of(&StudioConfig::default(), "en", show)
}

fn failure(reason: LinkFailure) -> Response {
    plain(|pages| pages.failure(reason)).expect("a page")
}

/// A player with the id `player-1`.
fn called(name: &str) -> ShownPlayer<'_> {
    ShownPlayer {
        id: "player-1",
        name: Some(name),
    }
}

fn consent(player: ShownPlayer<'_>) -> Consent<'_> {
    Consent {
        player,
        link: LinkStatus::Unlinked,
        ticket: "ticket-1",
        form_token: "token-1",
        action: "/link/start",
        local: false,
    }
}

fn ask_on(pages: &Pages<'_>, link: LinkStatus) -> Response {
    let consent = Consent {
        link,
        ..consent(called("Pat"))
    };
    pages.consent(&consent).expect("a page")
}

fn ask_about(player: ShownPlayer<'_>) -> Response {
    plain(|pages| pages.consent(&consent(player))).expect("a page")
}

fn ask(player_name: &str) -> Response {
    ask_about(called(player_name))
}

fn studio(support: &str) -> StudioConfig {
    StudioConfig {
        name: Some("Fox & Hen <Games>".to_owned()),
        color: Color::parse("#e4002b"),
        support_url: Some(url(support)),
        ..StudioConfig::default()
    }
}

/// Every kind of page.
fn every_page(pages: &Pages<'_>) -> Vec<Response> {
    let back = url("mygame:x");
    let too_large = ApiError::new(ErrorCode::PayloadTooLarge, "too large");
    let too_many = ApiError::new(ErrorCode::TooManyAttempts, "too many");
    let mut all = vec![
        ask_on(pages, LinkStatus::Unlinked),
        ask_on(pages, LinkStatus::Linked),
        ask_on(pages, LinkStatus::RelinkRequired),
        pages
            .consent_again(&consent(called("Pat")))
            .expect("a page"),
        pages.linked(called("Pat")).expect("a page"),
        pages.under_way().expect("a page"),
        pages.return_button(&back, None).expect("a page"),
        pages
            .return_button(&back, Some(ErrorCode::AccessDenied))
            .expect("a page"),
        pages.explain(too_large).into_response("req-1"),
        pages.explain(too_many).into_response("req-1"),
        pages.explain(ApiError::not_found()).into_response("req-1"),
    ];
    all.extend(LinkFailure::ALL.map(|reason| pages.failure(reason).expect("a page")));
    all
}

#[test]
fn the_consent_page_names_the_player_and_holds_one_form() {
    let response = ask("Pat");
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "content-type"),
        "text/html; charset=utf-8"
    );
    let html = body_text(&response);
    assert!(
        html.starts_with("<!doctype html>\n<html lang=\"en\">"),
        "{html}"
    );
    assert!(
        html.contains("Link Amazon to player <bdi>Pat</bdi>?"),
        "{html}"
    );
    assert!(
        html.contains("<form method=\"post\" action=\"/link/start\">"),
        "{html}"
    );
    assert!(
        html.contains("<input type=\"hidden\" name=\"ticket\" value=\"ticket-1\">"),
        "{html}"
    );
    assert!(
        html.contains("<input type=\"hidden\" name=\"token\" value=\"token-1\">"),
        "{html}"
    );
    for (part, count) in [("<form", 1), ("<input", 2), ("<button", 1), ("<script", 0)] {
        assert_eq!(html.matches(part).count(), count, "{part}");
    }
}

#[test]
fn the_id_always_stands_there_and_the_name_beside_it() {
    let html_of = |id, name| body_text(&ask_about(ShownPlayer { id, name })).to_owned();
    let html = html_of("player-1", Some("Pat"));
    assert!(html.contains("player <bdi>Pat</bdi>?</h1>"), "{html}");
    let id = "<p class=\"player\">Player id: <bdi>player-1</bdi></p>";
    assert!(html.contains(id), "{html}");
    for name in [None, Some(""), Some("\u{200B}"), Some("player-1")] {
        let html = html_of("player-1", name);
        assert!(html.contains("player <bdi>player-1</bdi>?</h1>"), "{html}");
        assert_eq!(html.matches("player-1").count(), 1, "{name:?}");
    }
    let (long_id, long_name) = ("x".repeat(128), "n".repeat(256));
    let html = html_of(&long_id, Some(&long_name));
    for (cut, whole) in [("n…</bdi>", &long_name), ("x…x", &long_id)] {
        assert!(html.contains(cut) && !html.contains(whole), "{html}");
    }
    let linked = plain(|pages| pages.linked(called("Pat"))).expect("a page");
    let wanted = "player <bdi>Pat</bdi> (<bdi>player-1</bdi>)";
    assert!(body_text(&linked).contains(wanted));
}

#[test]
fn the_consent_page_asked_again_is_a_refusal_with_a_form() {
    let page = plain(|pages| pages.consent_again(&consent(called("Pat")))).expect("a page");
    assert_eq!(page.status(), 403);
    let html = body_text(&page);
    for part in ["<form", "value=\"token-1\"", "<code>wrong_browser</code>"] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(header(&page, "content-security-policy").contains("form-action 'self' https:;"));
}

#[test]
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method's path has one lifetime, and `plain` lends any"
)]
fn a_browser_that_has_to_wait_looks_again_by_itself() {
    let page = plain(|pages| pages.under_way()).expect("a page");
    assert_eq!(page.status(), 200);
    assert_eq!(header(&page, "refresh"), "2", "of the same address");
    assert!(!body_text(&page).contains("<form"));
}

#[test]
fn the_programme_is_called_as_the_studio_says() {
    let luna = StudioConfig {
        program: "Luna <& Co>".to_owned(),
        ..StudioConfig::default()
    };
    for language in ["en", "de"] {
        let mut named = 0;
        for page in pages_of(&luna, language, every_page) {
            let html = body_text(&page);
            assert!(!html.contains("Prime"), "{html}");
            assert!(!html.contains("{program}"), "{html}");
            named += html.matches("Luna &#60;&#38; Co&#62;").count();
        }
        assert!(named >= 4, "{language}: {named}");
    }
    let page = plain(|pages| ask_on(pages, LinkStatus::Unlinked));
    assert!(body_text(&page).contains("claim at Prime Gaming with"));
}

#[test]
fn a_name_is_text_whatever_it_holds() {
    let response = ask("<script>alert('1')</script>\" onload=\"x&amp;");
    let html = body_text(&response);
    assert!(
        !html.contains("<script>") && !html.contains("onload=\"x"),
        "{html}"
    );
    assert!(html.contains("&#60;script&#62;"), "{html}");
    let linked = plain(|pages| pages.linked(called("<b>Pat</b>"))).expect("a page");
    assert!(!body_text(&linked).contains("<b>"));
}

#[test]
fn the_policy_allows_the_style_and_the_form_alone() {
    let response = ask("Pat");
    let html = body_text(&response);
    let start = html.find("<style>").expect("a style") + "<style>".len();
    let end = html.find("</style>").expect("its end");
    let hash = STANDARD.encode(digest::digest(
        &digest::SHA256,
        &html.as_bytes()[start..end],
    ));
    assert_eq!(
        header(&response, "content-security-policy"),
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; \
             form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'"
        )
    );
    let local = Consent {
        local: true,
        ..consent(called("Pat"))
    };
    let local = plain(|pages| pages.consent(&local)).expect("a page");
    let policy = header(&local, "content-security-policy");
    let wanted = "; form-action 'self' https: http:; ";
    assert!(policy.contains(wanted), "{policy}");
    assert!(
        !html.contains("style=\""),
        "the hash does not cover attributes"
    );
    for (name, value) in [
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(header(&response, name), value);
    }
}

#[test]
fn every_failure_has_its_own_page() {
    let mut titles = std::collections::BTreeSet::new();
    for reason in LinkFailure::ALL {
        let response = failure(reason);
        assert_eq!(response.status(), ErrorCode::from(reason).status());
        assert_eq!(
            header(&response, "retry-after").is_empty(),
            response.status() != 503,
            "{reason:?}"
        );
        let html = body_text(&response);
        assert!(
            html.contains(&format!("<code>{}</code>", reason.code())),
            "{html}"
        );
        assert!(
            titles.insert(title(html).to_owned()),
            "{reason:?} shares its title"
        );
        assert!(
            header(&response, "content-security-policy").contains("form-action 'none'"),
            "there is no form"
        );
    }
}

#[test]
fn an_app_is_opened_by_a_button() {
    let game = url("mygame:linked?status=linked&x=\"1\"");
    let page = plain(|pages| pages.return_button(&game, None)).expect("a page");
    assert_eq!(page.status(), 200);
    let html = body_text(&page);
    assert!(
        html.contains("href=\"mygame:linked?status=linked&#38;x=%221%22\""),
        "{html}"
    );
    assert_eq!(html.matches("<a ").count(), 1);
    let failed = plain(|pages| pages.return_button(&game, Some(ErrorCode::AccessDenied)));
    let failed = failed.expect("a page");
    assert_eq!(failed.status(), 403);
    assert!(body_text(&failed).contains("<code>access_denied</code>"));
}

/// The text of the first element of this name.
fn element<'h>(html: &'h str, name: &str) -> &'h str {
    let (_, rest) = html.split_once(&format!("<{name}>")).expect("it is there");
    rest.split_once(&format!("</{name}>")).expect("its end").0
}

fn title(html: &str) -> &str {
    element(html, "title")
}

#[test]
fn every_page_is_fit_for_phones_and_screen_readers() {
    for (studio, languages) in [
        (StudioConfig::default(), "en"),
        (studio("https://help.example.com/"), "de"),
    ] {
        for page in pages_of(&studio, languages, every_page) {
            let html = body_text(&page);
            for part in [
                format!("<html lang=\"{languages}\">").as_str(),
                "<meta charset=\"utf-8\">",
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
                "<meta name=\"color-scheme\" content=\"light dark\">",
                "<main>",
                "</html>",
            ] {
                assert!(html.contains(part), "{part} in {html}");
            }
            for part in ["<h1>", "<title>", "<main>"] {
                assert_eq!(html.matches(part).count(), 1, "{part} in {html}");
            }
            // What is drawn is decoration: the text says it all.
            assert_eq!(
                html.matches("<svg").count(),
                html.matches("aria-hidden=\"true\"").count(),
                "{html}"
            );
            assert!(!html.contains("<script"), "{html}");
            assert_eq!(header(&page, "content-language"), languages);
            assert_eq!(header(&page, "vary"), "accept-language");
        }
    }
}

#[test]
fn every_page_of_every_language_says_something_else() {
    let (english, german) = (
        plain(every_page),
        pages_of(&StudioConfig::default(), "de", every_page),
    );
    for (english, german) in english.iter().zip(&german) {
        assert_eq!(english.status(), german.status());
        let (english, german) = (body_text(english), body_text(german));
        assert_ne!(title(english), title(german));
        assert_ne!(element(english, "h1"), element(german, "h1"));
    }
    let html = body_text(&german[0]);
    assert!(
        html.contains("Amazon mit Spieler <bdi>Pat</bdi> verknüpfen?"),
        "{html}"
    );
}

#[test]
fn the_consent_page_says_what_link_there_is() {
    let note = |link| {
        let page = plain(|pages| ask_on(pages, link));
        let html = body_text(&page).to_owned();
        assert_eq!(html.matches("<form").count(), 1);
        let (_, note) = html.split_once("<p class=\"note\">")?;
        note.split_once("</p>").map(|(note, _)| note.to_owned())
    };
    assert_eq!(note(LinkStatus::Unlinked), None);
    let linked = note(LinkStatus::Linked).expect("a note");
    assert!(
        linked.contains("already linked to an Amazon account"),
        "{linked}"
    );
    let again = note(LinkStatus::RelinkRequired).expect("a note");
    assert!(
        again.contains("the same Amazon account as before"),
        "{again}"
    );
}

#[test]
fn a_failure_shows_what_support_needs() {
    for reason in LinkFailure::ALL {
        let page = failure(reason);
        let html = body_text(&page);
        let codes = format!("<code>{}</code> <code>req-1</code>", reason.code());
        assert!(html.contains(&codes), "{html}");
    }
    let page = plain(|pages| pages.return_button(&url("mygame:x"), Some(ErrorCode::Internal)));
    let page = page.expect("a page");
    assert!(body_text(&page).contains("<code>internal</code> <code>req-1</code>"));
}

#[test]
fn the_studio_is_named_and_its_color_is_allowed_by_its_hash() {
    let studio = studio("https://help.example.com/prime?a=1&b=2");
    for page in pages_of(&studio, "en", every_page) {
        let html = body_text(&page);
        assert!(
            html.contains("<header>Fox &#38; Hen &#60;Games&#62;</header>"),
            "{html}"
        );
        assert!(
            title(html).ends_with(" – Fox &#38; Hen &#60;Games&#62;"),
            "{html}"
        );
        assert!(
            html.contains("href=\"https://help.example.com/prime?a=1&#38;b=2\""),
            "{html}"
        );
        assert!(html.contains("--action: #e4002b"), "{html}");
        let sources: Vec<String> = html
            .split("<style>")
            .skip(1)
            .filter_map(|rest| rest.split_once("</style>"))
            .map(|(style, _)| {
                let hash = digest::digest(&digest::SHA256, style.as_bytes());
                format!("'sha256-{}'", STANDARD.encode(hash))
            })
            .collect();
        assert_eq!(sources.len(), 2);
        let policy = header(&page, "content-security-policy");
        let wanted = format!("style-src {};", sources.join(" "));
        assert!(policy.contains(&wanted), "{wanted} in {policy}");
    }
}

#[test]
fn a_mail_to_support_begins_with_what_it_needs() {
    let studio = studio("mailto:help@studio.example");
    let of = |show: &dyn Fn(&Pages<'_>) -> Response| {
        let page = pages_of(&studio, "en", |pages| show(pages));
        let (_, rest) = body_text(&page)
            .split_once("<footer><a href=\"")
            .expect("a link");
        rest.split_once('"').expect("its end").0.to_owned()
    };
    assert_eq!(
        of(&|pages| pages.failure(LinkFailure::AccessDenied).expect("a page")),
        "mailto:help@studio.example?subject=Amazon%3A%20access_denied%2C%20req-1"
    );
    assert_eq!(
        of(&|pages| pages.linked(called("Pat")).expect("a page")),
        "mailto:help@studio.example"
    );
}

#[test]
fn a_browser_sees_an_error_as_a_page_and_a_program_gets_the_problem() {
    let error = || ApiError::new(ErrorCode::PayloadTooLarge, "the body is too large");
    let page = plain(|pages| pages.explain(error())).into_response("req-1");
    assert_eq!(page.status(), 413);
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    assert!(body_text(&page).contains("<code>payload_too_large</code>"));
    let hidden = ApiError::internal("the disk is full");
    let page = plain(|pages| pages.explain(hidden)).into_response("req-1");
    assert_eq!(page.status(), 500);
    assert!(!body_text(&page).contains("disk"));
    for accept in ["", "*/*", "application/json"] {
        let request = request("POST", "/link/start", &[("accept", accept)], "");
        let studio = StudioConfig::default();
        let answer = Pages::new(&studio, &request).explain(error());
        let answer = answer.into_response("req-1");
        assert_eq!(answer.status(), 413);
        assert_eq!(body_json(&answer)["code"], "payload_too_large", "{accept}");
    }
}

#[test]
fn a_page_of_an_error_says_when_to_come_back() {
    for (code, seconds) in [
        (ErrorCode::TooManyAttempts, 412),
        (ErrorCode::Unavailable, 7),
    ] {
        let error = ApiError::new(code, "later").retry_after(Duration::from_secs(seconds));
        let page = plain(|pages| pages.explain(error)).into_response("req-1");
        assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&page, "retry-after"), seconds.to_string());
    }
}
