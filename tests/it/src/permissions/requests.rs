//! What a request to DynamoDB needs.

use std::collections::BTreeSet;

use local::template::Permission;
use serde_json::Value;

/// The permissions that a function needs for a request with this body. The parts of a transaction
/// need those of their own operations, and an index is a resource of its own.
pub(super) fn needs(function: &str, operation: &str, body: &Value) -> BTreeSet<Permission> {
    let permission = |action: &str, table: &str, index: Option<&str>| {
        // The tests' tables are named `RANDOM-LOGICALID`.
        let table = table.rsplit('-').next().unwrap_or(table);
        Permission {
            function: function.to_owned(),
            action: format!("dynamodb:{action}"),
            resource: index.map_or_else(
                || table.to_owned(),
                |index| format!("{table}/index/{index}"),
            ),
        }
    };
    let of_parts = |items: &Value| {
        let parts = items.as_array().into_iter().flatten();
        let parts = parts.flat_map(|part| part.as_object().into_iter().flatten());
        parts
            .map(|(kind, part)| {
                let action = match kind.as_str() {
                    "ConditionCheck" => "ConditionCheckItem".to_owned(),
                    kind => format!("{kind}Item"),
                };
                permission(
                    &action,
                    part["TableName"].as_str().unwrap_or_default(),
                    None,
                )
            })
            .collect()
    };
    match operation {
        "TransactWriteItems" | "TransactGetItems" => of_parts(&body["TransactItems"]),
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables
                .map(|(table, _)| permission(operation, table, None))
                .collect()
        }
        _ => {
            let table = body["TableName"].as_str().unwrap_or_default();
            [permission(operation, table, body["IndexName"].as_str())].into()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(operation: &str, body: &Value) -> Vec<String> {
        let needed = needs("link", operation, body);
        needed.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_request_needs_its_operation_on_its_table_or_index() {
        let mut body = json!({"TableName": "a-b-LinksTable"});
        assert_eq!(
            lines("GetItem", &body),
            ["link dynamodb:GetItem LinksTable"]
        );
        body["IndexName"] = "open".into();
        assert_eq!(
            lines("Query", &body),
            ["link dynamodb:Query LinksTable/index/open"]
        );
        let body = json!({"RequestItems": {"a-OffersTable": {}, "a-LinksTable": {}}});
        assert_eq!(
            lines("BatchGetItem", &body),
            [
                "link dynamodb:BatchGetItem LinksTable",
                "link dynamodb:BatchGetItem OffersTable"
            ]
        );
    }

    #[test]
    fn a_transaction_needs_the_operations_of_its_parts() {
        let part = json!({"TableName": "a-LinksTable"});
        let body =
            json!({"TransactItems": [{"ConditionCheck": part}, {"Update": part}, {"Put": part}]});
        assert_eq!(
            lines("TransactWriteItems", &body),
            [
                "link dynamodb:ConditionCheckItem LinksTable",
                "link dynamodb:PutItem LinksTable",
                "link dynamodb:UpdateItem LinksTable"
            ]
        );
    }
}
