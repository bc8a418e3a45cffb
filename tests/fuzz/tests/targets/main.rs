//! One target for each parser of something from outside.

mod answers;
mod linking;
mod requests;
mod stored;
mod tokens;

use it::Answer;

/// Holds for every answer, whatever the request: it is no 5xx, bounded, and complete.
pub(crate) fn acceptable(answer: &Answer) {
    assert!(answer.status.as_u16() < 500, "{answer:?}");
    whole(answer);
}

/// Holds for a 5xx too.
pub(crate) fn whole(answer: &Answer) {
    assert!(answer.body.len() < 200_000, "{} bytes", answer.body.len());
    for (name, value) in &answer.headers {
        assert!(!value.as_bytes().contains(&b'\n'), "{name}");
        assert!(value.len() < 9000, "{name} has {} bytes", value.len());
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    match answer.header("content-type") {
        Some("application/problem+json") => {
            let code = answer.json()["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            answer.problem(answer.status.as_u16(), &code);
        }
        Some("application/json") => assert!(answer.json().is_object()),
        Some("text/html; charset=utf-8") => {
            assert!(answer.body.trim_end().ends_with("</html>"), "{answer:?}");
            assert!(!answer.body.contains("<script"), "{answer:?}");
        }
        other => assert!(other.is_none() && answer.body.is_empty(), "{answer:?}"),
    }
}
