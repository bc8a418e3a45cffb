use serde_json::json;

use super::*;

#[test]
fn an_update_is_told_by_what_it_sets_adds_and_removes() {
    let body = json!({
        "TableName": "t-links",
        "Key": {"pk": {"S": "PLAYER#p1"}},
        "UpdateExpression": "SET #status = :s, tokens = :t, token_version = token_version + :one, \
                             #a.#b = if_not_exists(#a.#b, :n) REMOVE #due, retry_at ADD attempts :one",
        "ExpressionAttributeNames": {"#status": "status", "#due": "due_at", "#a": "a", "#b": "b"},
        "ExpressionAttributeValues": {
            ":s": {"S": "linked"}, ":t": {"S": "k1.abc"}, ":one": {"N": "1"}, ":n": {"S": "SET 7, 8"},
        },
    });
    assert_eq!(
        rows("UpdateItem", &body),
        [
            "PLAYER#p1  status=linked tokens=(sealed) token_version=token_version + 1 \
          a.b=if_not_exists(a.b, SET 7, 8) -due_at -retry_at attempts+1"
        ]
    );
    let name = |table: &str| table.trim_start_matches("t-").to_owned();
    assert_eq!(request("UpdateItem", &body, &name), "UpdateItem links");
}

#[test]
fn a_transaction_is_told_row_by_row_and_its_conditions_are_not() {
    let body = json!({"TransactItems": [
        {"ConditionCheck": {"TableName": "links", "Key": {"pk": {"S": "PLAYER#p1"}}}},
        {"Put": {"TableName": "fulfillments", "Item": {
            "pk": {"S": "PLAYER#p1"}, "sk": {"S": "E#e1"}, "status": {"S": "pending"},
            "owner": {"S": "r-1"}, "content": {"S": "x".repeat(90)},
        }}},
        {"Delete": {"TableName": "fulfillments", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}},
    ]});
    let rows = rows("TransactWriteItems", &body);
    let content = format!("{}…", "x".repeat(LONGEST));
    assert_eq!(
        rows,
        [
            format!("PLAYER#p1 E#e1  status=pending content={content} owner=…"),
            "a b  deleted".to_owned()
        ]
    );
    let same = |table: &str| table.to_owned();
    let request = request("TransactWriteItems", &body, &same);
    assert_eq!(request, "TransactWriteItems fulfillments links");
}

#[test]
fn reads_write_nothing_and_batches_are_told_too() {
    let query = json!({"TableName": "fulfillments", "IndexName": "due"});
    assert_eq!(rows("Query", &query), [""; 0]);
    let same = |table: &str| table.to_owned();
    assert_eq!(request("Query", &query, &same), "Query fulfillments due");
    let batch = json!({"RequestItems": {"offers": [
        {"PutRequest": {"Item": {"sku": {"S": "hat"}, "title": {"S": "Hat"}}}},
        {"DeleteRequest": {"Key": {"sku": {"S": "cap"}}}},
    ]}});
    let rows = rows("BatchWriteItem", &batch);
    assert_eq!(rows, ["hat  sku=hat title=Hat", "cap  deleted"]);
    assert_eq!(
        request("BatchWriteItem", &batch, &same),
        "BatchWriteItem offers"
    );
}

#[test]
fn what_is_sealed_or_binary_is_not_shown_wherever_it_is() {
    for value in [
        json!({"tokens": {"S": "secret"}}),
        json!({"other": {"B": "secret"}}),
        json!({"map": {"M": {"verifier": {"S": "secret"}}}}),
        json!({"list": {"L": [{"M": {"pair": {"S": "secret"}}}]}}),
    ] {
        let body = json!({"TableName": "t", "Item": value});
        let shown = rows("PutItem", &body).concat();
        assert!(
            !shown.contains("secret") && shown.contains("(sealed)"),
            "{shown}"
        );
    }
}
