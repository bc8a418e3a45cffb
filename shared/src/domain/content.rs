//! An offer's content: the JSON text that the studio wrote, to the byte.

use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;

use super::json::{FieldsError, fields};

/// The most that an offer's content may take as JSON text, in bytes.
pub const MAX_CONTENT_BYTES: usize = 8 * 1024;

/// How deep lists and objects of content may nest. An answer puts it three levels deeper, and many
/// parsers read no more than 127.
pub const MAX_CONTENT_DEPTH: usize = 124;

/// What the game is given: any JSON, as the text that `offers.put` was given.
///
/// A parsed number would lose digits and a parsed object its order, so the text is never taken
/// apart after it was checked.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Content(Box<RawValue>);

/// What is wrong with content, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentFault {
    /// It is too large.
    #[error("must be at most {MAX_CONTENT_BYTES} bytes as JSON")]
    TooLarge,
    /// It nests too deep.
    #[error("must not nest lists and objects more than {MAX_CONTENT_DEPTH} deep")]
    TooDeep,
    /// A string has half of a character. Strict parsers would refuse the whole answer.
    #[error("has a string with half of a surrogate pair, like \\ud800; write both halves")]
    NotUnicode,
    /// One of its objects does not have one meaning.
    #[error(transparent)]
    Fields(#[from] FieldsError),
}

impl Content {
    /// Content as the studio gives it. Space around it is no part of it.
    ///
    /// # Errors
    /// If a game could not read it, or not surely as the studio meant it.
    pub fn new(json: &RawValue) -> Result<Self, ContentFault> {
        if json.get().len() > MAX_CONTENT_BYTES {
            return Err(ContentFault::TooLarge);
        }
        // A stack of our own: the caller decides how deep the text nests.
        let mut left = vec![(json, 1)];
        while let Some((value, depth)) = left.pop() {
            let text = value.get();
            match text.as_bytes().first() {
                Some(b'{' | b'[') if depth > MAX_CONTENT_DEPTH => {
                    return Err(ContentFault::TooDeep);
                }
                Some(b'{') => {
                    let values = fields(value)?.into_values();
                    left.extend(values.map(|value| (value, depth + 1)));
                }
                Some(b'[') => {
                    let items: Vec<&RawValue> =
                        serde_json::from_str(text).map_err(|_| ContentFault::NotUnicode)?;
                    left.extend(items.into_iter().map(|item| (item, depth + 1)));
                }
                Some(b'"') => {
                    serde_json::from_str::<String>(text).map_err(|_| ContentFault::NotUnicode)?;
                }
                // Numbers of any size and precision, and the three words.
                _ => {}
            }
        }
        Ok(Self(json.to_owned()))
    }

    /// Content as it is stored. `None`: it is not JSON.
    #[must_use]
    pub fn stored(text: &str) -> Option<Self> {
        RawValue::from_string(text.to_owned()).ok().map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Content {}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Result<Content, ContentFault> {
        Content::new(&RawValue::from_string(text.to_owned()).expect("JSON"))
    }

    #[test]
    fn every_byte_is_kept() {
        for text in [
            "null",
            r#"{ "b": 1,"a" :[1.10, 1e400, -0, 18446744073709551616, 1E+2] }"#,
            "[\n\t\"\\u0041\\/\", \"\u{1f3ae}\", \"\\ud83c\\udfae\", \"\\u0000\"]",
            "0.1000000000000000055511151231257827021181583404541015625",
        ] {
            let kept = content(text).expect("good content");
            assert_eq!(kept.as_str(), text);
            assert_eq!(serde_json::to_string(&kept).expect("JSON"), text);
            assert_eq!(Content::stored(text), Some(kept));
        }
        assert_eq!(content(" 1 ").expect("good").as_str(), "1");
        assert_eq!(Content::stored("{"), None);
    }

    #[test]
    fn the_limits_are_exact() {
        let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        assert!(content(&text(8192)).is_ok());
        assert_eq!(content(&text(8193)), Err(ContentFault::TooLarge));
        // Spaces count: it is the text that is stored.
        let spaced = format!("[{}]", " ".repeat(8191));
        assert_eq!(content(&spaced), Err(ContentFault::TooLarge));

        let nested = |open: &str, middle: &str, close: &str, depth: usize| {
            format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
        };
        assert!(content(&nested("[", "", "]", 124)).is_ok());
        assert!(content(&nested(r#"{"a":"#, "1", "}", 124)).is_ok());
        for depth in [125, 1000, 4000] {
            let lists = nested("[", "", "]", depth);
            assert_eq!(content(&lists), Err(ContentFault::TooDeep), "{depth}");
        }
        let objects = nested(r#"{"a":"#, "1", "}", 125);
        assert_eq!(content(&objects), Err(ContentFault::TooDeep));
    }

    #[test]
    fn a_key_that_is_twice_in_an_object_is_named_at_any_depth() {
        for text in [
            r#"{"gem": 1, "gem": 1}"#,
            r#"[0, {"a": [{"gem": 1, "b": 2, "\u0067em": 3}]}]"#,
        ] {
            let fault = content(text).expect_err("twice");
            assert_eq!(
                fault.to_string(),
                r#"has an object with the key "gem" twice; keep one of them"#
            );
        }
        assert!(content(r#"[{"a": 1}, {"a": {"a": 1}}]"#).is_ok());
    }

    #[test]
    fn half_a_character_is_refused() {
        for text in [r#"["\ud800"]"#, r#""\udc00\ud800""#] {
            assert_eq!(content(text), Err(ContentFault::NotUnicode), "{text}");
        }
        let key = content(r#"{"\ud800": 1}"#).expect_err("half a key");
        assert_eq!(key, ContentFault::Fields(FieldsError::NotUnicode));
    }
}
