//! The embedded database and the template's tables in it.

use aws_sdk_dynamodb::types::AttributeValue;
use local::dynamo::{Embedded, Storage, create_tables};
use local::template::{Template, project_template};

async fn write(database: &Embedded, key: &str) {
    let client = database.client();
    let item = client
        .put_item()
        .table_name("LinksTable")
        .item("pk", AttributeValue::S(key.into()));
    item.send().await.expect("the table is there");
}

async fn count(database: &Embedded) -> i32 {
    let scan = database
        .client()
        .scan()
        .table_name("LinksTable")
        .send()
        .await;
    scan.expect("the table is there").count()
}

#[tokio::test]
async fn the_projects_tables_are_made_with_their_indexes() {
    let template = Template::read(&project_template()).expect("the template is complete");
    let database = Embedded::start(Storage::Memory).await.expect("it starts");
    let client = database.client();
    create_tables(&client, &template, |id| format!("test-{id}"))
        .await
        .expect("they are made");

    let table = client
        .describe_table()
        .table_name("test-FulfillmentsTable")
        .send()
        .await;
    let table = table.expect("it is there").table.expect("it is described");
    let mut indexes: Vec<_> = table
        .local_secondary_indexes()
        .iter()
        .filter_map(|index| index.index_name())
        .chain(
            table
                .global_secondary_indexes()
                .iter()
                .filter_map(|index| index.index_name()),
        )
        .collect();
    indexes.sort_unstable();
    assert_eq!(indexes, ["attention", "due", "open", "seen"]);

    let ttl = client
        .describe_time_to_live()
        .table_name("test-LinksTable")
        .send()
        .await;
    let ttl = ttl
        .expect("it is there")
        .time_to_live_description
        .expect("it is described");
    assert_eq!(ttl.attribute_name(), Some("ttl"));
    database.stop().await;
}

#[tokio::test]
async fn a_file_keeps_its_data_and_existing_tables_are_kept() {
    let template = Template::read(&project_template()).expect("the template is complete");
    let directory = tempfile::tempdir().expect("a directory");
    let storage = Storage::File(directory.path().join("dynamodb.sqlite"));
    for items in 1..=2 {
        let database = Embedded::start(storage.clone()).await.expect("it starts");
        create_tables(&database.client(), &template, str::to_owned)
            .await
            .expect("they are there");
        write(&database, &format!("PLAYER#{items}")).await;
        assert_eq!(count(&database).await, items);
        database.stop().await;
    }
}

#[tokio::test]
async fn databases_do_not_know_each_other() {
    let template = Template::read(&project_template()).expect("the template is complete");
    let one = Embedded::start(Storage::Memory).await.expect("it starts");
    let other = Embedded::start(Storage::Memory).await.expect("it starts");
    for database in [&one, &other] {
        create_tables(&database.client(), &template, str::to_owned)
            .await
            .expect("they are made");
    }
    write(&one, "PLAYER#1").await;
    assert_eq!((count(&one).await, count(&other).await), (1, 0));
}
