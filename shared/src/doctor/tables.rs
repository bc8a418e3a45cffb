//! Each table has its key, its indexes, its TTL, and what protects it.

use super::{Patient, not_told};
use crate::config::Tables;
use crate::domain::{Finding, TableShape, judge_table};
use crate::store::{describe, erasures_shape, fulfillments_shape, links_shape, offers_shape};

/// A table that the service needs.
#[derive(Clone, Copy)]
pub(super) struct Table {
    /// The name of its check.
    pub(super) check: &'static str,
    name: fn(&Tables) -> &str,
    shape: fn() -> TableShape,
}

/// Every table.
pub(super) const ALL: [Table; 4] = [
    Table {
        check: "links_table",
        name: |tables| &tables.links,
        shape: links_shape,
    },
    Table {
        check: "fulfillments_table",
        name: |tables| &tables.fulfillments,
        shape: fulfillments_shape,
    },
    Table {
        check: "offers_table",
        name: |tables| &tables.offers,
        shape: offers_shape,
    },
    Table {
        check: "erasures_table",
        name: |tables| &tables.erasures,
        shape: erasures_shape,
    },
];

pub(super) async fn is_complete(patient: &Patient<'_>, table: Table) -> Finding {
    let deployment = patient.deployment;
    let name = (table.name)(&deployment.config.tables);
    let facts = describe(&deployment.dynamodb, name, deployment.config.is_local()).await;
    match facts {
        Ok(facts) => judge_table(name, &(table.shape)(), &facts),
        Err(error) => not_told(&error),
    }
}
