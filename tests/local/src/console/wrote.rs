//! What a request to DynamoDB wrote, in lines that a person can read. Nothing sealed is in them.

use serde_json::{Map, Value};

/// Attributes that are sealed.
const SEALED: [&str; 4] = ["tokens", "dead_tokens", "pair", "verifier"];

/// Attributes whose values say nothing to a reader: marks of requests, hashes, answers that are kept.
const OPAQUE: [&str; 16] = [
    "answer",
    "attempt",
    "attempt_id",
    "at_work",
    "browser",
    "check_owner",
    "digest",
    "linked_by",
    "open_mark",
    "owner",
    "poll_owner",
    "previous",
    "refresh_owner",
    "session",
    "state",
    "ticket",
];

/// The longest value that is shown whole.
const LONGEST: usize = 60;

/// The operation with its table and index, as `UpdateItem Links` or `Query Fulfillments due`. `name` tells
/// what a table is called here.
pub(super) fn request(operation: &str, body: &Value, name: &impl Fn(&str) -> String) -> String {
    let mut text = operation.to_owned();
    for table in tables(operation, body) {
        text.push(' ');
        text.push_str(&name(table));
    }
    if let Some(index) = body["IndexName"].as_str() {
        text.push(' ');
        text.push_str(index);
    }
    text
}

/// The tables of a request, each once.
fn tables<'a>(operation: &str, body: &'a Value) -> Vec<&'a str> {
    let mut tables: Vec<&str> = match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            let parts = items.filter_map(|item| item.as_object()?.values().next());
            parts
                .filter_map(|part| part["TableName"].as_str())
                .collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables.map(|(table, _)| table.as_str()).collect()
        }
        _ => body["TableName"].as_str().into_iter().collect(),
    };
    tables.sort_unstable();
    tables.dedup();
    tables
}

/// What the request changes if it is carried out, a line for each row.
pub(super) fn rows(operation: &str, body: &Value) -> Vec<String> {
    match operation {
        "PutItem" => vec![put(body)],
        "UpdateItem" => vec![update(body)],
        "DeleteItem" => vec![delete(body)],
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            items.filter_map(transacted).collect()
        }
        "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let items = tables.filter_map(|(_, items)| items.as_array()).flatten();
            items.filter_map(batched).collect()
        }
        _ => Vec::new(),
    }
}

fn transacted(item: &Value) -> Option<String> {
    let (kind, part) = item.as_object()?.iter().next()?;
    match kind.as_str() {
        "Put" => Some(put(part)),
        "Update" => Some(update(part)),
        "Delete" => Some(delete(part)),
        _ => None,
    }
}

fn batched(item: &Value) -> Option<String> {
    let (kind, part) = item.as_object()?.iter().next()?;
    match kind.as_str() {
        "PutRequest" => Some(put(part)),
        "DeleteRequest" => Some(delete(part)),
        _ => None,
    }
}

fn put(part: &Value) -> String {
    let item = part["Item"].as_object();
    let is_key = |name: &str| name == "pk" || name == "sk" || name == "sku";
    let attributes = item.into_iter().flatten();
    let shown = attributes.filter(|(name, _)| !is_key(name) || part["Item"]["pk"].is_null());
    let shown = shown.map(|(name, value)| format!("{name}={}", shown_value(name, value)));
    line(&key(&part["Item"]), shown.collect())
}

fn delete(part: &Value) -> String {
    line(&key(&part["Key"]), vec!["deleted".to_owned()])
}

/// The status comes first: it is what a reader looks for.
fn line(key: &str, mut changes: Vec<String>) -> String {
    changes.sort_by_key(|change| !change.starts_with("status="));
    format!("{key}  {}", changes.join(" "))
}

/// The row's key: both parts, or the SKU.
fn key(item: &Value) -> String {
    let parts = ["pk", "sk"].map(|name| item[name]["S"].as_str());
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return item["sku"]["S"].as_str().unwrap_or_default().to_owned();
    }
    parts.join(" ")
}

/// The changes of an update: `status=delivered`, `attempts+1`, and `-due_at` for an attribute that goes.
fn update(part: &Value) -> String {
    let expression = part["UpdateExpression"].as_str().unwrap_or_default();
    let mut changes = Vec::new();
    let mut word = "";
    for section in sections(expression) {
        let (first, actions) = section.split_once(' ').unwrap_or((section, ""));
        word = if WORDS.contains(&first) { first } else { word };
        for action in top_level(actions) {
            let action = resolved(action.trim(), part);
            changes.push(match word {
                "REMOVE" => format!("-{action}"),
                "ADD" => action.replacen(' ', "+", 1),
                "DELETE" => action.replacen(' ', "-", 1),
                _ => action.replacen(" = ", "=", 1),
            });
        }
    }
    line(&key(&part["Key"]), changes)
}

/// The words that sections of an update expression begin with.
const WORDS: [&str; 4] = ["SET", "REMOVE", "ADD", "DELETE"];

/// An update expression, cut before each of the words.
fn sections(expression: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let mut at = 0;
    for token in expression.split(' ') {
        if at > 0 && WORDS.contains(&token) {
            cuts.push(at);
        }
        at += token.len() + 1;
    }
    cuts.push(expression.len());
    let sections = cuts
        .windows(2)
        .map(|ends| expression[ends[0]..ends[1]].trim());
    sections.collect()
}

/// The parts between commas that are in no bracket.
fn top_level(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.collect()
}

/// An action with its names and values in their places. The first name says whose values they are.
fn resolved(action: &str, part: &Value) -> String {
    let is_of_word = |c: char| c.is_alphanumeric() || "_:#".contains(c);
    let mut attribute = None;
    let mut text = String::new();
    let mut rest = action;
    while let Some(first) = rest.chars().next() {
        let end = if is_of_word(first) {
            rest.find(|c| !is_of_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(end);
        rest = after;
        if let Some(value) = part["ExpressionAttributeValues"].get(token) {
            text.push_str(&shown_value(attribute.unwrap_or_default(), value));
            continue;
        }
        let name = part["ExpressionAttributeNames"][token].as_str();
        let name = name.unwrap_or(token);
        attribute = attribute.or(is_of_word(first).then_some(name));
        text.push_str(name);
    }
    text
}

fn shown_value(attribute: &str, value: &Value) -> String {
    if SEALED.contains(&attribute) || value.get("B").is_some() || value.get("BS").is_some() {
        return "(sealed)".to_owned();
    }
    if OPAQUE.contains(&attribute) {
        return "…".to_owned();
    }
    let text = plain(value);
    if text.chars().count() <= LONGEST {
        return text;
    }
    let kept: String = text.chars().take(LONGEST).collect();
    format!("{kept}…")
}

/// A typed value of DynamoDB without its type.
fn plain(value: &Value) -> String {
    let Some((kind, inner)) = value
        .as_object()
        .and_then(|it: &Map<_, _>| it.iter().next())
    else {
        return value.to_string();
    };
    match (kind.as_str(), inner) {
        ("S" | "N", Value::String(text)) => text.clone(),
        ("NULL", _) => "null".to_owned(),
        ("L", Value::Array(all)) => list(all.iter().map(plain)),
        ("SS" | "NS", Value::Array(all)) => {
            list(all.iter().filter_map(Value::as_str).map(ToOwned::to_owned))
        }
        ("M", Value::Object(fields)) => {
            let fields = fields.iter();
            list(fields.map(|(name, value)| format!("{name}:{}", shown_value(name, value))))
        }
        (_, inner) => inner.to_string(),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests;
