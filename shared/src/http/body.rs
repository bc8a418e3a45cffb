//! JSON bodies, and errors that tell a developer what to change. No error repeats a value of the
//! body, because errors are logged.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use super::ApiError;

/// Reads `body` as a JSON object; an empty one counts as `{}`.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ApiError::invalid_request("the body is not UTF-8"))?
        .trim_matches([' ', '\t', '\r', '\n']);
    let text = if text.is_empty() { "{}" } else { text };
    // serde would read a struct from a list too, but a body of the API is an object.
    if !text.starts_with('{') {
        return Err(match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => ApiError::invalid_request("the body must be a JSON object"),
            Err(error) => explain(".", &error),
        });
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        explain(&path, error.inner())
    })?;
    // Text after the object is a fault: `{} {}` is not JSON.
    json.end().map_err(|error| explain(".", &error))?;
    Ok(parsed)
}

fn explain(path: &str, error: &serde_json::Error) -> ApiError {
    if error.classify() != Category::Data {
        let (line, column) = (error.line(), error.column());
        return ApiError::invalid_request(format!(
            "the body is not valid JSON (line {line}, column {column})"
        ));
    }
    let rule = rule(&error.to_string());
    ApiError::invalid_request(if path == "." {
        rule
    } else {
        format!("`{path}`: {rule}")
    })
}

/// What would have been right, taken from serde's sentence. In `invalid type: string "…", expected a
/// map` the first half repeats the value, so only the second half is shown. A sentence without it is
/// about a field (`missing field`), or comes from one of our own types.
fn rule(sentence: &str) -> String {
    let sentence = sentence
        .rfind(" at line ")
        .map_or(sentence, |end| &sentence[..end]);
    match sentence.rfind(", expected ") {
        Some(start) => in_words_of_json(&sentence[start + ", ".len()..]),
        None => sentence.to_owned(),
    }
}

/// serde names the kinds of its own data model, which a caller does not know.
fn in_words_of_json(expected: &str) -> String {
    match expected.strip_prefix("expected ").unwrap_or(expected) {
        "a sequence" => "expected a list".to_owned(),
        "a map" => "expected an object".to_owned(),
        kind if kind.starts_with("struct ") => "expected an object".to_owned(),
        kind if kind.starts_with(['u', 'i']) && kind[1..].parse::<u8>().is_ok() => {
            "expected a whole number".to_owned()
        }
        _ => expected.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::api::ErrorCode;
    use crate::domain::EntitlementId;

    #[derive(Debug, Deserialize)]
    struct Wanted {
        #[serde(default)]
        ids: Vec<EntitlementId>,
        limit: Option<u8>,
    }

    #[derive(Debug, Deserialize)]
    struct Needed {
        #[expect(dead_code, reason = "only its presence matters")]
        name: String,
    }

    fn fault<T: DeserializeOwned + std::fmt::Debug>(body: impl AsRef<[u8]>) -> String {
        let error = parse::<T>(body.as_ref()).expect_err("not acceptable");
        assert_eq!(error.code(), ErrorCode::InvalidRequest);
        error.detail().to_owned()
    }

    #[test]
    fn an_empty_body_counts_as_an_empty_object_and_unknown_fields_are_ignored() {
        assert!(parse::<Wanted>(b"").expect("empty").ids.is_empty());
        let wanted: Wanted = parse(br#" {"ids": ["a"], "limit": 3, "more": [1]} "#).expect("good");
        assert_eq!((wanted.ids.len(), wanted.limit), (1, Some(3)));
    }

    #[test]
    fn faults_name_the_field_and_what_would_be_right() {
        assert_eq!(
            fault::<Wanted>(r#"{"ids": ["a", 7]}"#),
            "`ids[1]`: expected a string"
        );
        assert_eq!(
            fault::<Wanted>(r#"{"ids": ["a", ""]}"#),
            "`ids[1]`: entitlement_id must be 1 to 512 bytes without control characters"
        );
        assert_eq!(
            fault::<Wanted>(r#"{"limit": 300}"#),
            "`limit`: expected a whole number"
        );
        assert_eq!(fault::<Needed>("{}"), "missing field `name`");
        assert_eq!(
            fault::<Needed>(r#"{"name":"a","name":"b"}"#),
            "duplicate field `name`"
        );
    }

    #[test]
    fn faults_repeat_no_value() {
        for body in [
            r#"{"ids": "hunter2"}"#,
            r#"{"ids": "hunter2, expected hunter2"}"#,
            r#"{"limit": "hunter2 at line 1"}"#,
            r#""hunter2""#,
            r#"{"ids": hunter2}"#,
        ] {
            let detail = fault::<Wanted>(body);
            assert!(!detail.contains("hunter2"), "{detail}");
        }
    }

    #[test]
    fn a_body_that_is_not_an_object_is_refused() {
        for body in ["[]", "null", "7", "\"x\"", "[{}]"] {
            assert_eq!(
                fault::<Wanted>(body),
                "the body must be a JSON object",
                "{body}"
            );
        }
        for body in [
            "{",
            "{} {}",
            "{\"ids\": [}",
            "nul",
            "{\"a\":1,}",
            "\u{feff}{}",
        ] {
            assert!(
                fault::<Wanted>(body).starts_with("the body is not valid JSON"),
                "{body}"
            );
        }
        assert_eq!(
            fault::<Wanted>(b"{\"ids\": [\"\xff\"]}"),
            "the body is not UTF-8"
        );
        let deep = format!("{{\"x\": {}", "[".repeat(10_000));
        assert!(fault::<Wanted>(deep).starts_with("the body is not valid JSON"));
    }
}
