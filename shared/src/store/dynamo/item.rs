//! Reads the attributes of an item. An error names the table, the key and the attribute that is
//! wrong.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{PlayerId, Timestamp};
use crate::store::error::StoreError;

pub(in crate::store) type Item = HashMap<String, AttributeValue>;

pub(in crate::store) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(in crate::store) fn n(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

pub(in crate::store) fn time(at: Timestamp) -> AttributeValue {
    n(at.as_millis())
}

/// A set with this text alone.
pub(in crate::store) fn only(text: impl Into<String>) -> AttributeValue {
    AttributeValue::Ss(vec![text.into()])
}

/// DynamoDB's TTL attribute counts whole seconds.
pub(in crate::store) fn ttl(at: Timestamp) -> AttributeValue {
    n(at.as_seconds())
}

/// Reads the attributes of one item.
pub(in crate::store) struct Reader<'a> {
    table: &'a str,
    item: &'a Item,
}

impl<'a> Reader<'a> {
    pub(in crate::store) fn new(table: &'a str, item: &'a Item) -> Self {
        Self { table, item }
    }

    pub(in crate::store) fn corrupt(&self, field: &'static str) -> StoreError {
        let part = |name: &str| {
            self.item
                .get(name)
                .and_then(|value| value.as_s().ok())
                .cloned()
                .unwrap_or_default()
        };
        StoreError::Corrupt {
            table: self.table.to_owned(),
            key: [part("pk"), part("sk"), part("sku")]
                .join(" ")
                .trim()
                .to_owned(),
            field,
        }
    }

    pub(in crate::store) fn text(&self, field: &'static str) -> Option<&'a str> {
        self.item.get(field)?.as_s().ok().map(String::as_str)
    }

    /// A text that may be missing, or null. Anything else in its place is a fault.
    pub(in crate::store) fn optional_text(
        &self,
        field: &'static str,
    ) -> Result<Option<&'a str>, StoreError> {
        match self.item.get(field) {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(self.corrupt(field)),
        }
    }

    /// A set of texts.
    pub(in crate::store) fn texts(&self, field: &'static str) -> Option<&'a [String]> {
        self.item.get(field)?.as_ss().ok().map(Vec::as_slice)
    }

    pub(in crate::store) fn need_text(&self, field: &'static str) -> Result<&'a str, StoreError> {
        self.text(field).ok_or_else(|| self.corrupt(field))
    }

    /// A text that is an id of type `T`.
    pub(in crate::store) fn id<T>(&self, field: &'static str) -> Result<T, StoreError>
    where
        T: TryFrom<String>,
    {
        T::try_from(self.need_text(field)?.to_owned()).map_err(|_| self.corrupt(field))
    }

    /// The player in a key that is `PLAYER#<player_id>`.
    pub(in crate::store) fn player(&self) -> Result<PlayerId, StoreError> {
        self.need_text("pk")?
            .strip_prefix("PLAYER#")
            .and_then(|id| PlayerId::new(id).ok())
            .ok_or_else(|| self.corrupt("pk"))
    }

    /// A text that `parse` knows. An unknown word, as a newer version may write, is a fault.
    pub(in crate::store) fn word<T>(
        &self,
        field: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        self.optional_text(field)?
            .map(|word| parse(word).ok_or_else(|| self.corrupt(field)))
            .transpose()
    }

    pub(in crate::store) fn number<T: std::str::FromStr>(
        &self,
        field: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let Some(value) = self.item.get(field) else {
            return Ok(None);
        };
        value
            .as_n()
            .ok()
            .and_then(|number| number.parse().ok())
            .map(Some)
            .ok_or_else(|| self.corrupt(field))
    }

    pub(in crate::store) fn time(
        &self,
        field: &'static str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let at = self.number(field)?.map(Timestamp::from_millis);
        match at {
            // Such a time can't be shown.
            Some(at) if !at.is_showable() => Err(self.corrupt(field)),
            at => Ok(at),
        }
    }

    pub(in crate::store) fn need_time(&self, field: &'static str) -> Result<Timestamp, StoreError> {
        self.time(field)?.ok_or_else(|| self.corrupt(field))
    }

    pub(in crate::store) fn flag(&self, field: &'static str) -> bool {
        matches!(self.item.get(field), Some(AttributeValue::Bool(true)))
    }
}

/// For tests: an item of these attributes with some changes; `None` removes an attribute.
#[cfg(test)]
pub(in crate::store) fn changed<const N: usize>(
    attributes: [(&str, AttributeValue); N],
    changes: &[(&str, Option<AttributeValue>)],
) -> Item {
    let mut item = Item::from(attributes.map(|(name, value)| (name.to_owned(), value)));
    for (name, value) in changes {
        match value {
            Some(value) => drop(item.insert((*name).to_owned(), value.clone())),
            None => drop(item.remove(*name)),
        }
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_table_the_key_and_the_attribute() {
        let item = Item::from([
            ("pk".to_owned(), s("PLAYER#p1")),
            ("sk".to_owned(), s("E#e1")),
            ("count".to_owned(), s("many")),
        ]);
        let error = Reader::new("fulfillments", &item).number::<u32>("count");
        assert_eq!(
            error.expect_err("no number").to_string(),
            "the item PLAYER#p1 E#e1 of table fulfillments has no usable count"
        );
    }

    #[test]
    fn an_attribute_that_is_missing_or_wrong_is_told_from_a_good_one() {
        let item = Item::from([
            ("text".to_owned(), s("word")),
            ("null".to_owned(), AttributeValue::Null(true)),
            ("number".to_owned(), n(7)),
            ("never".to_owned(), n(i64::MAX)),
        ]);
        let reader = Reader::new("t", &item);
        assert_eq!(reader.text("text"), Some("word"));
        assert_eq!(reader.text("number"), None);
        assert!(reader.need_text("number").is_err());
        for (field, is_good) in [
            ("text", true),
            ("null", true),
            ("none", true),
            ("number", false),
        ] {
            assert_eq!(reader.optional_text(field).is_ok(), is_good, "{field}");
        }
        assert_eq!(reader.number("number").expect("a number"), Some(7));
        assert_eq!(reader.number::<u8>("none").expect("nothing"), None);
        assert!(reader.number::<u8>("text").is_err());
        assert!(reader.time("never").is_err(), "it can't be shown");
        let parse = |word: &str| (word == "word").then_some(1);
        assert_eq!(reader.word("text", parse).expect("a word"), Some(1));
        assert!(
            reader.word("text", |_| None::<u8>).is_err(),
            "a newer version's word"
        );
        assert!(reader.player().is_err());
    }
}
