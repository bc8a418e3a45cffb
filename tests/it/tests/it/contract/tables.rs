//! The form of the tables, as the doctor expects it, against template.yaml, which makes them.

use std::collections::BTreeMap;

use local::template::{Index, Key, Projection, Table, Template, project_template};
use prime_gaming::domain::{IndexShape, TableShape};
use prime_gaming::testing::store::{erasures_shape, fulfillments_shape, links_shape, offers_shape};

fn key(table: &Table, key: &Key) -> String {
    let kind = |name: &String| {
        let mut attributes = table.attributes.iter();
        let attribute = attributes.find(|attribute| attribute.name == *name);
        format!("{name}:{}", attribute.expect("it is defined").kind)
    };
    let parts = [Some(&key.hash), key.range.as_ref()];
    let parts: Vec<_> = parts.into_iter().flatten().map(kind).collect();
    parts.join(" ")
}

fn index(table: &Table, index: &Index, is_local: bool) -> IndexShape {
    IndexShape {
        name: index.name.clone(),
        key: key(table, &index.key),
        holds: match &index.projection {
            Projection::All => "ALL".to_owned(),
            Projection::KeysOnly => "KEYS_ONLY".to_owned(),
            Projection::Include(attributes) => {
                let mut attributes = attributes.clone();
                attributes.sort();
                format!("INCLUDE {}", attributes.join(" "))
            }
        },
        is_local,
    }
}

#[test]
fn the_doctor_expects_the_tables_of_the_template() {
    let template = Template::read(&project_template()).expect("the template");
    let declared: BTreeMap<_, _> = template
        .tables
        .iter()
        .map(|table| {
            let local = table.local_indexes.iter().map(|it| index(table, it, true));
            let global = table
                .global_indexes
                .iter()
                .map(|it| index(table, it, false));
            let shape = TableShape {
                key: key(table, &table.key),
                indexes: local.chain(global).collect(),
                ttl: table.ttl_attribute.clone(),
            };
            (table.logical_id.as_str(), shape)
        })
        .collect();
    let expected = BTreeMap::from([
        ("LinksTable", links_shape()),
        ("FulfillmentsTable", fulfillments_shape()),
        ("OffersTable", offers_shape()),
        ("ErasuresTable", erasures_shape()),
    ]);
    assert_eq!(declared, expected);
}
