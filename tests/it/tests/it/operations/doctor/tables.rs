//! Faults of the tables. The embedded database does not know what protects a table, so AWS's answers
//! to that are planted.

use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use it::permissions::guarded;
use it::{World, planted};
use prime_gaming::app::Deployment;
use serde_json::{Value, json};

use super::support::{check, find, healthy, look, variant, with_database};

/// A deployment whose database answers as AWS does, and then as `edit` makes it.
fn of_aws(world: &World, edit: impl Fn(&str, &mut Value) + Send + Sync + 'static) -> Deployment {
    let dynamodb = planted(&world.dynamodb, move |operation, status, mut body| {
        let status = match operation {
            "DescribeTable" => {
                body["Table"]["DeletionProtectionEnabled"] = json!(true);
                status
            }
            "DescribeContinuousBackups" => {
                body = json!({"ContinuousBackupsDescription": {
                    "ContinuousBackupsStatus": "ENABLED",
                    "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
                }});
                200
            }
            _ => status,
        };
        edit(operation, &mut body);
        (status, body)
    });
    variant(&with_database(world, guarded(&dynamodb)), |config| {
        config.public_base_url = Some("https://prime.studio.example".parse().expect("a URL"));
    })
}

#[tokio::test]
async fn a_table_of_aws_is_well_with_everything_that_the_template_gives_it() {
    let (world, _) = healthy(&[]).await;
    let answer = look(&of_aws(&world, |_, _| {})).await;
    for (name, parts) in [
        (
            "links_table",
            ["pk:S", "TTL by ttl", "point-in-time recovery"],
        ),
        (
            "fulfillments_table",
            ["pk:S sk:S", "open, seen, due", "deletion protection"],
        ),
        (
            "offers_table",
            ["sku:S", "point-in-time recovery", "deletion protection"],
        ),
    ] {
        let found = find(&answer, name);
        assert_eq!(found["ok"], true, "{found}");
        for part in parts {
            assert!(
                found["detail"].to_string().contains(part),
                "{part} in {found}"
            );
        }
    }
}

#[tokio::test]
async fn a_table_without_ttl_is_named() {
    let (world, _) = healthy(&[]).await;
    let off = TimeToLiveSpecification::builder()
        .attribute_name("ttl")
        .enabled(false)
        .build();
    world
        .dynamodb
        .update_time_to_live()
        .table_name(&world.app.config.tables.links)
        .time_to_live_specification(off.expect("complete"))
        .send()
        .await
        .expect("it is turned off");
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(
        &answer,
        "links_table",
        "its items do not expire by ttl",
        "update-time-to-live",
    );
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named() {
    let (mut world, _) = healthy(&[]).await;
    world.app.config.tables.offers = "prefix-OffersTable".to_owned();
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(
        &answer,
        "offers_table",
        "ResourceNotFoundException",
        "template",
    );
}

#[tokio::test]
async fn a_missing_protection_is_named_with_what_brings_it_back() {
    let (world, _) = healthy(&[]).await;
    let without_recovery = of_aws(&world, |operation, body| {
        if operation == "DescribeContinuousBackups" {
            body["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] =
                json!("DISABLED");
        }
    });
    let answer = look(&without_recovery).await;
    for name in ["links_table", "fulfillments_table", "offers_table"] {
        check(
            &answer,
            name,
            "no point-in-time recovery",
            "update-continuous-backups",
        );
    }
    let without_protection = of_aws(&world, |operation, body| {
        if operation == "DescribeTable" {
            body["Table"]["DeletionProtectionEnabled"] = json!(false);
        }
    });
    let answer = look(&without_protection).await;
    check(
        &answer,
        "links_table",
        "no deletion protection",
        "DeletionProtection",
    );
}

#[tokio::test]
async fn an_index_that_is_missing_or_not_ready_is_named() {
    let (world, _) = healthy(&[]).await;
    let without = of_aws(&world, |operation, body| {
        if operation == "DescribeTable" {
            let indexes = body["Table"]["LocalSecondaryIndexes"].as_array_mut();
            if let Some(indexes) = indexes {
                indexes.retain(|index| index["IndexName"] != "seen");
            }
        }
    });
    let answer = look(&without).await;
    check(
        &answer,
        "fulfillments_table",
        "it has no index seen",
        "template",
    );
    let building = of_aws(&world, |operation, body| {
        if operation == "DescribeTable" && body["Table"]["GlobalSecondaryIndexes"].is_array() {
            body["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = json!("CREATING");
            body["Table"]["GlobalSecondaryIndexes"][0]["Projection"] =
                json!({"ProjectionType": "ALL"});
        }
    });
    let answer = look(&building).await;
    check(
        &answer,
        "fulfillments_table",
        "its index due is global by due_shard:S due_at:N with ALL, but CREATING, and not global by \
         due_shard:S due_at:N with KEYS_ONLY",
        "template",
    );
}
