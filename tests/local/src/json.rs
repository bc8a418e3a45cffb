//! Reads JSON from which the local system uses some fields; the rest it passes on.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// Reads it. A number that `serde_json` can't hold, such as `1e400` in an offer's content, becomes `null`, where
/// `serde_json` would refuse the whole text.
///
/// # Errors
/// If it is not JSON.
pub fn read(text: &[u8]) -> serde_json::Result<Value> {
    value(serde_json::from_slice(text)?)
}

fn value(raw: &RawValue) -> serde_json::Result<Value> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            let fields = fields
                .into_iter()
                .map(|(name, field)| Ok((name, value(field)?)));
            Value::Object(fields.collect::<serde_json::Result<_>>()?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            Value::Array(items.into_iter().map(value).collect::<Result<_, _>>()?)
        }
        Some(b'-' | b'0'..=b'9') => serde_json::from_str(text).unwrap_or_default(),
        _ => serde_json::from_str(text)?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_out_of_range_does_not_cost_the_rest() {
        let read_text = |text: &str| read(text.as_bytes()).ok();
        let text = r#" {"a\n": [1e400, -1, 1.5, "\u00e9", true, null], "b": {}} "#;
        let expected = json!({"a\n": [null, -1, 1.5, "é", true, null], "b": {}});
        assert_eq!(read_text(text), Some(expected));
        for wrong in ["", "{", "[1,]", "1 2", "-", r#"{"a": 01}"#] {
            assert_eq!(read_text(wrong), None, "{wrong}");
        }
    }
}
