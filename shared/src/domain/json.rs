//! JSON kept as it was written: the fields of an object, each as its own text.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// How much of a key an error shows.
pub(super) const SHOWN_KEY_CHARS: usize = 100;

/// Why a text is not an object whose fields have one meaning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// It is another kind of JSON.
    #[error("must be an object")]
    NotAnObject,
    /// Parsers disagree on which of the two counts.
    #[error("has an object with the key {0:?} twice; keep one of them")]
    Twice(String),
    /// A key is not Unicode: half of a surrogate pair.
    #[error("has a key with half of a surrogate pair, like \\ud800; write both halves")]
    NotUnicode,
}

/// The fields of an object, by key, each as it was written.
///
/// # Errors
/// If it is no object, or a key is in it twice.
pub fn fields(json: &RawValue) -> Result<BTreeMap<String, &RawValue>, FieldsError> {
    if !json.get().starts_with('{') {
        return Err(FieldsError::NotAnObject);
    }
    // The text is JSON already; what a key can still have wrong is its escapes.
    let Entries(entries) = serde_json::from_str(json.get()).map_err(|_| FieldsError::NotUnicode)?;
    let mut fields = BTreeMap::new();
    for (key, value) in entries {
        if fields.contains_key(&key) {
            return Err(FieldsError::Twice(
                key.chars().take(SHOWN_KEY_CHARS).collect(),
            ));
        }
        fields.insert(key, value);
    }
    Ok(fields)
}

/// All entries of an object in their order, also those with the same key.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).expect("JSON")
    }

    #[test]
    fn fields_are_as_they_were_written() {
        let object = raw(r#"{"b": 1.10, "a":[ 1 ]}"#);
        let fields = fields(&object).expect("an object");
        let texts: Vec<_> = fields
            .iter()
            .map(|(key, value)| (key.as_str(), value.get()))
            .collect();
        assert_eq!(texts, [("a", "[ 1 ]"), ("b", "1.10")]);
    }

    #[test]
    fn a_key_is_the_same_however_it_is_escaped() {
        let object = raw(r#"{"a": 1, "\u0061": 2}"#);
        let twice = FieldsError::Twice("a".to_owned());
        assert_eq!(fields(&object).err(), Some(twice));
    }

    #[test]
    fn only_objects_have_fields() {
        for other in ["null", "[]", "\"{}\"", "1"] {
            let error = fields(&raw(other)).err();
            assert_eq!(error, Some(FieldsError::NotAnObject), "{other}");
        }
        let half = raw(r#"{"\ud800": 1}"#);
        assert_eq!(fields(&half).err(), Some(FieldsError::NotUnicode));
    }
}
