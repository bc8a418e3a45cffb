use super::*;
use crate::http::testing::{body_text, header};

const FAILURES: [LinkFailure; 11] = [
    LinkFailure::InvalidTicket,
    LinkFailure::InvalidState,
    LinkFailure::AttemptExpired,
    LinkFailure::WrongBrowser,
    LinkFailure::AccessDenied,
    LinkFailure::PermissionMissing,
    LinkFailure::IdentityMismatch,
    LinkFailure::AmazonAccountTaken,
    LinkFailure::PlayerAlreadyLinked,
    LinkFailure::AmazonUnavailable,
    LinkFailure::Internal,
];

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

fn ask(player_name: &str) -> Response {
    let (amazon, game) = (url("https://www.amazon.com/ap/oa"), url("mygame:linked"));
    question(&Question {
        player_name,
        ticket: "ticket-1",
        form_token: "token-1",
        action: "/link/start",
        leads_to: &[&amazon, &game],
    })
    .expect("a page")
}

#[test]
fn the_question_names_the_player_and_holds_one_form() {
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
fn a_name_is_text_whatever_it_holds() {
    let response = ask("<script>alert('1')</script>\" onload=\"x&amp;");
    let html = body_text(&response);
    assert!(
        !html.contains("<script>") && !html.contains("onload=\"x"),
        "{html}"
    );
    assert!(html.contains("&#60;script&#62;"), "{html}");
    let linked = linked("<b>Pat</b>").expect("a page");
    assert!(!body_text(&linked).contains("<b>"));
}

#[test]
fn the_policy_allows_the_style_and_the_way_to_amazon_alone() {
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
             form-action 'self' https://www.amazon.com; frame-ancestors 'none'; base-uri 'none'"
        )
    );
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
    for reason in FAILURES {
        let response = failure(reason).expect("a page");
        assert_eq!(response.status().as_u16(), reason.status());
        assert_eq!(
            header(&response, "retry-after").is_empty(),
            reason.status() != 503,
            "{reason:?}"
        );
        let html = body_text(&response);
        assert!(
            html.contains(&format!("<code>{}</code>", reason.code())),
            "{html}"
        );
        assert!(
            titles.insert(words(reason).title),
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
    let page = return_button(&game, None).expect("a page");
    assert_eq!(page.status(), 200);
    let html = body_text(&page);
    assert!(
        html.contains("href=\"mygame:linked?status=linked&#38;x=%221%22\""),
        "{html}"
    );
    assert_eq!(html.matches("<a ").count(), 1);
    let failed = return_button(&game, Some(LinkFailure::AccessDenied)).expect("a page");
    assert_eq!(failed.status(), 403);
    assert!(body_text(&failed).contains("<code>access_denied</code>"));
}

#[test]
fn every_page_is_fit_for_phones_and_screen_readers() {
    let pages = [
        ask("Pat"),
        linked("Pat").expect("a page"),
        failure(LinkFailure::Internal).expect("a page"),
        return_button(&url("mygame:x"), None).expect("a page"),
    ];
    for page in &pages {
        let html = body_text(page);
        for part in [
            "<html lang=\"en\">",
            "<meta charset=\"utf-8\">",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
            "<meta name=\"color-scheme\" content=\"light dark\">",
            "<main>",
            "</html>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        for part in ["<h1>", "<title>"] {
            assert_eq!(html.matches(part).count(), 1, "{part} in {html}");
        }
    }
}
