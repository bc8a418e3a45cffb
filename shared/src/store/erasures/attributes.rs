//! Which attributes of stored rows an export shows, and how.
//!
//! The lists below have every attribute by its name. An attribute that is in none of them is not
//! shown: it may be a secret of a newer version.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::value::{RawValue, to_raw_value};

use crate::store::dynamo::{Item, Reader};

/// The attributes of a row, by readable names.
pub type Exported = BTreeMap<&'static str, Box<RawValue>>;

/// Texts, numbers, flags and sets that are shown as they are.
const PLAIN: [&str; 30] = [
    "actor",
    "amazon_user_id",
    "attempts",
    "client_id",
    "command",
    "delivery_answer",
    "entitlement_id",
    "entitlements",
    "error",
    "has_open",
    "interval",
    "last_cause",
    "link_id",
    "note",
    "noted",
    "owes",
    "owes_for",
    "owes_more",
    "player_id",
    "player_name",
    "reason",
    "redirect_uri",
    "request_id",
    "return_to",
    "sku",
    "status",
    "title",
    "token_version",
    "dead_link_id",
    "bound_by_post",
];

/// Times, which are stored in milliseconds.
const TIMES: [&str; 32] = [
    "access_expires_at",
    "at",
    "at_work_since",
    "attention_at",
    "checked_at",
    "consumed_at",
    "counted_at",
    "dead_until",
    "delivered_at",
    "due_at",
    "expires_at",
    "failing_since",
    "first_seen_at",
    "handed_out_again_at",
    "handed_out_at",
    "linked_at",
    "next_check_at",
    "next_look_at",
    "next_poll_at",
    "ordered_at",
    "poll_until",
    "posted_at",
    "refresh_until",
    "reported_at",
    "retry_at",
    "stuck_at",
    "unclear_since",
    "until",
    "updated_at",
    "waiting_since",
    "begun_at",
    "finished_at",
];

/// What is not shown: secrets, sealed or hashed, and what only serves to find rows.
const HIDDEN: [&str; 30] = [
    "tokens",
    "dead_tokens",
    "pair",
    "verifier",
    "browser",
    "owner",
    "refresh_owner",
    "check_owner",
    "poll_owner",
    "attempt",
    "attempt_id",
    "at_work",
    "linked_by",
    "ticket",
    "tickets",
    "session",
    "previous",
    "digest",
    "answer",
    "open_mark",
    "pk",
    "sk",
    "open",
    "seen",
    "due_shard",
    "attention_shard",
    "attention_since",
    "ttl",
    "version",
    "records",
];

/// Whether an export knows what to do with an attribute of this name.
#[must_use]
pub fn knows_attribute(name: &str) -> bool {
    let is_in = |list: &[&str]| list.contains(&name);
    name == "content" || is_in(&PLAIN) || is_in(&TIMES) || is_in(&HIDDEN)
}

pub(super) fn raw(value: &impl serde::Serialize) -> Box<RawValue> {
    to_raw_value(value).expect("texts, numbers and lists are always JSON")
}

pub(super) fn readable(item: &Item) -> Exported {
    let mut shown = Exported::new();
    for name in PLAIN {
        if let Some(value) = item.get(name).and_then(plain) {
            shown.insert(name, value);
        }
    }
    for name in TIMES {
        let at = Reader::new("", item).time(name);
        if let Ok(Some(at)) = at {
            shown.insert(name, raw(&at));
        }
    }
    // Byte for byte, as the game gets it.
    let content = Reader::new("", item).text("content");
    if let Some(content) = content.and_then(|it| RawValue::from_string(it.to_owned()).ok()) {
        shown.insert("content", content);
    }
    shown
}

fn plain(value: &AttributeValue) -> Option<Box<RawValue>> {
    match value {
        AttributeValue::S(text) => Some(raw(text)),
        AttributeValue::Bool(flag) => Some(raw(flag)),
        AttributeValue::Ss(texts) => Some(raw(texts)),
        AttributeValue::N(number) => RawValue::from_string(number.clone()).ok(),
        AttributeValue::Null(_) => Some(raw(&())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::dynamo::{n, s};

    #[test]
    fn times_are_readable_and_content_is_as_it_was_written() {
        let item = Item::from([
            ("sku".to_owned(), s("hat")),
            ("attempts".to_owned(), n(2)),
            ("updated_at".to_owned(), n(0)),
            ("content".to_owned(), s(r#"{"b":1.50, "a":2}"#)),
        ]);
        let shown = serde_json::to_string(&readable(&item)).expect("JSON");
        assert_eq!(
            shown,
            r#"{"attempts":2,"content":{"b":1.50, "a":2},"sku":"hat","updated_at":"1970-01-01T00:00:00Z"}"#
        );
    }

    #[test]
    fn a_secret_and_an_unknown_attribute_are_not_shown() {
        let hidden = HIDDEN.iter().copied().chain(["from_a_newer_version"]);
        let item: Item = hidden.map(|name| (name.to_owned(), s("hush"))).collect();
        assert_eq!(readable(&item).len(), 0);
        assert!(!knows_attribute("from_a_newer_version"));
    }

    #[test]
    fn no_attribute_is_in_two_lists() {
        let mut names = [&PLAIN[..], &TIMES, &HIDDEN].concat();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
