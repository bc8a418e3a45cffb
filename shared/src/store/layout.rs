//! The form of the tables: as the service needs it, and as the database describes it.
//!
//! `template.yaml` makes the tables. A test compares it with the forms here.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, IndexStatus, KeySchemaElement, KeyType, PointInTimeRecoveryStatus,
    Projection, ProjectionType, TableDescription, TimeToLiveStatus,
};

use super::dynamo::unavailable;
use super::error::StoreError;
use crate::domain::{IndexShape, TableFacts, TableShape};

/// The form of the links table.
#[must_use]
pub fn links_shape() -> TableShape {
    TableShape {
        key: "pk:S".to_owned(),
        indexes: Vec::new(),
        ttl: Some("ttl".to_owned()),
    }
}

/// The form of the fulfillments table. It has no TTL: an entitlement whose row is gone could be
/// delivered again.
#[must_use]
pub fn fulfillments_shape() -> TableShape {
    let index = |name: &str, key: &str, holds: &str, is_local| IndexShape {
        name: name.to_owned(),
        key: key.to_owned(),
        holds: holds.to_owned(),
        is_local,
    };
    TableShape {
        key: "pk:S sk:S".to_owned(),
        indexes: vec![
            index("open", "pk:S open:S", "ALL", true),
            index("seen", "pk:S seen:S", "ALL", true),
            index("due", "due_shard:S due_at:N", "KEYS_ONLY", false),
            index(
                "attention",
                "attention_shard:S attention_since:N",
                "INCLUDE sku",
                false,
            ),
        ],
        ttl: None,
    }
}

/// The form of the offers table.
#[must_use]
pub fn offers_shape() -> TableShape {
    TableShape {
        key: "sku:S".to_owned(),
        indexes: Vec::new(),
        ttl: None,
    }
}

/// The form of the erasures table.
#[must_use]
pub fn erasures_shape() -> TableShape {
    TableShape {
        key: "pk:S".to_owned(),
        indexes: Vec::new(),
        ttl: None,
    }
}

/// What the database says of a table. A database on one machine, `is_local`, may not know what
/// protects a table.
///
/// # Errors
/// See [`StoreError`].
pub async fn describe(
    client: &Client,
    table: &str,
    is_local: bool,
) -> Result<TableFacts, StoreError> {
    let (description, ttl, recovery) = tokio::join!(
        client.describe_table().table_name(table).send(),
        client.describe_time_to_live().table_name(table).send(),
        client
            .describe_continuous_backups()
            .table_name(table)
            .send(),
    );
    let description = description.map_err(|error| unavailable("DescribeTable", &error))?;
    let description = description
        .table
        .unwrap_or_else(|| TableDescription::builder().build());
    let ttl = ttl.map_err(|error| unavailable("DescribeTimeToLive", &error))?;
    let ttl = ttl.time_to_live_description.filter(|ttl| {
        use TimeToLiveStatus::{Enabled, Enabling};
        matches!(ttl.time_to_live_status, Some(Enabled | Enabling))
    });
    let recovery = match recovery {
        Ok(answer) => answer.continuous_backups_description.is_some_and(|it| {
            it.point_in_time_recovery_description.is_some_and(|it| {
                it.point_in_time_recovery_status == Some(PointInTimeRecoveryStatus::Enabled)
            })
        }),
        Err(_) if is_local => false,
        Err(error) => return Err(unavailable("DescribeContinuousBackups", &error)),
    };
    let protection = description.deletion_protection_enabled == Some(true);
    // A local database has no such thing, or was not asked for it.
    let told = |is_there: bool| (is_there || !is_local).then_some(is_there);
    Ok(TableFacts {
        shape: shape(&description, ttl.and_then(|ttl| ttl.attribute_name)),
        recovery: told(recovery),
        protection: told(protection),
    })
}

fn shape(description: &TableDescription, ttl: Option<String>) -> TableShape {
    let types = types(description.attribute_definitions());
    let local = description.local_secondary_indexes().iter();
    let local = local.map(|index| IndexShape {
        name: index.index_name().unwrap_or_default().to_owned(),
        key: key(index.key_schema(), &types),
        holds: holds(index.projection()),
        is_local: true,
    });
    let global = description.global_secondary_indexes().iter();
    let global = global.map(|index| {
        let mut holds = holds(index.projection());
        // An index that is being built does not list everything yet.
        match index.index_status() {
            None | Some(IndexStatus::Active | IndexStatus::Updating) => {}
            Some(status) => holds += &format!(", but {status}"),
        }
        IndexShape {
            name: index.index_name().unwrap_or_default().to_owned(),
            key: key(index.key_schema(), &types),
            holds,
            is_local: false,
        }
    });
    TableShape {
        key: key(description.key_schema(), &types),
        indexes: local.chain(global).collect(),
        ttl,
    }
}

fn types(definitions: &[AttributeDefinition]) -> HashMap<&str, &str> {
    let types = definitions.iter();
    types
        .map(|it| (it.attribute_name(), it.attribute_type().as_str()))
        .collect()
}

/// `pk:S sk:S`: the partition key first.
fn key(schema: &[KeySchemaElement], types: &HashMap<&str, &str>) -> String {
    let parts = [KeyType::Hash, KeyType::Range].into_iter();
    let parts = parts.filter_map(|kind| {
        let part = schema.iter().find(|part| *part.key_type() == kind)?;
        let name = part.attribute_name();
        Some(format!("{name}:{}", types.get(name).unwrap_or(&"?")))
    });
    parts.collect::<Vec<_>>().join(" ")
}

fn holds(projection: Option<&Projection>) -> String {
    let kind = projection.and_then(Projection::projection_type);
    let mut holds = kind.map_or("nothing", ProjectionType::as_str).to_owned();
    if let Some(projection) = projection
        && !projection.non_key_attributes().is_empty()
    {
        let mut attributes = projection.non_key_attributes().to_vec();
        attributes.sort();
        holds += &format!(" {}", attributes.join(" "));
    }
    holds
}
