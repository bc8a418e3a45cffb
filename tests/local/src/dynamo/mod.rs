//! DynamoDB on one machine: an embedded database behind DynamoDB's own HTTP interface, and the
//! template's tables in it. [`age()`] lets time pass in them.

mod age;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    LocalSecondaryIndex, Projection as SdkProjection, ProjectionType, TimeToLiveSpecification,
};
use dynoxide::Database;
use prime_gaming::Clock;
use prime_gaming::testing::net;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use age::age;

use crate::template::{Index, Key, Projection, Table, Template};
use crate::{Error, private};

/// How often expired items are removed. AWS takes hours; nothing may rely on it.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// How long a stop waits for requests that are under way.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Where the embedded database keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory, gone when it stops.
    Memory,
    /// In this file, which is made if it is not there.
    File(PathBuf),
}

/// A running embedded DynamoDB. It ends when it is dropped; [`Embedded::stop`] also waits.
#[derive(Debug)]
pub struct Embedded {
    /// Its address: the value for `AWS_ENDPOINT_URL_DYNAMODB`.
    pub endpoint: String,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Embedded {
    /// Starts it on a free port of the loopback interface.
    ///
    /// # Errors
    /// When the file can't be opened or no port is free.
    pub async fn start(storage: Storage) -> Result<Self, Error> {
        let database = match &storage {
            Storage::Memory => Database::memory()?,
            Storage::File(path) => {
                let path = path
                    .to_str()
                    .ok_or("the data directory's name must be UTF-8")?;
                // SQLite gives its other files the same mode.
                private::keep(Path::new(path))
                    .map_err(|error| format!("can't make {path}: {error}"))?;
                Database::new(path).map_err(|error| format!("can't open {path}: {error}"))?
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = watch::channel(false);

        tokio::spawn(sweep(database.clone(), stopped.clone()));
        let server = tokio::spawn(async move {
            let until = stopping(stopped);
            if let Err(error) =
                dynoxide::server::serve_with_shutdown(listener, database, until).await
            {
                eprintln!("the embedded DynamoDB stopped: {error}");
            }
        });
        Ok(Self {
            endpoint,
            stop,
            server,
        })
    }

    /// A client of it.
    #[must_use]
    pub fn client(&self) -> Client {
        client(&self.endpoint)
    }

    /// Lets requests that are under way finish, and stops.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // A connection that never ends must not keep the whole system from ending.
        if let Err(_still_busy) = tokio::time::timeout(STOP_WITHIN, self.server).await {
            eprintln!("the embedded DynamoDB was busy and is left behind");
        }
    }
}

/// Resolves when a stop is requested, or when no handle is left that could request it.
async fn stopping(mut stopped: watch::Receiver<bool>) {
    // An error means that the handle is gone, which is a stop too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn sweep(database: Database, stopped: watch::Receiver<bool>) {
    let mut stop = std::pin::pin!(stopping(stopped));
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {
                let database = database.clone();
                match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
                    Ok(Ok(_removed)) => {}
                    Ok(Err(error)) => eprintln!("expired items could not be removed: {error}"),
                    Err(panic) => eprintln!("expired items could not be removed: {panic}"),
                }
            }
        }
    }
}

/// A client of a local DynamoDB at `endpoint`, over plain HTTP, with credentials that mean nothing.
#[must_use]
pub fn client(endpoint: &str) -> Client {
    let mut variables = crate::runtime::aws_variables();
    variables.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), endpoint.to_owned());
    client_from(variables)
}

/// A client as a function makes it that has these variables.
pub(crate) fn client_from(variables: BTreeMap<String, String>) -> Client {
    let lookup = move |name: &str| variables.get(name).cloned();
    let http = net::Client::new(Clock::system()).expect("TLS can be set up");
    let config =
        net::sdk_config_from(http, lookup).expect("region and credentials are among the variables");
    Client::new(&config)
}

/// Makes the template's tables, named by `name_of` from their logical ids. Tables that exist are
/// kept as they are.
///
/// # Errors
/// When DynamoDB refuses; the message names the table.
pub async fn create_tables(
    client: &Client,
    template: &Template,
    name_of: impl Fn(&str) -> String,
) -> Result<(), Error> {
    for table in &template.tables {
        let name = name_of(&table.logical_id);
        create_table(client, table, &name)
            .await
            .map_err(|error| format!("table {name}: {error}"))?;
    }
    Ok(())
}

async fn create_table(client: &Client, table: &Table, name: &str) -> Result<(), Error> {
    let mut request = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(key_schema(&table.key)?));
    for attribute in &table.attributes {
        let attribute = AttributeDefinition::builder()
            .attribute_name(&attribute.name)
            .attribute_type(attribute.kind.as_str().into())
            .build()?;
        request = request.attribute_definitions(attribute);
    }
    for index in &table.local_indexes {
        let index = LocalSecondaryIndex::builder()
            .index_name(&index.name)
            .set_key_schema(Some(key_schema(&index.key)?))
            .projection(projection(index))
            .build()?;
        request = request.local_secondary_indexes(index);
    }
    for index in &table.global_indexes {
        let index = GlobalSecondaryIndex::builder()
            .index_name(&index.name)
            .set_key_schema(Some(key_schema(&index.key)?))
            .projection(projection(index))
            .build()?;
        request = request.global_secondary_indexes(index);
    }
    match request.send().await {
        Ok(_created) => {}
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            return Ok(());
        }
        Err(error) => return Err(DisplayErrorContext(error).to_string().into()),
    }

    if let Some(attribute) = &table.ttl_attribute {
        let specification = TimeToLiveSpecification::builder()
            .attribute_name(attribute)
            .enabled(true)
            .build()?;
        client
            .update_time_to_live()
            .table_name(name)
            .time_to_live_specification(specification)
            .send()
            .await
            .map_err(|error| DisplayErrorContext(error).to_string())?;
    }
    Ok(())
}

fn key_schema(key: &Key) -> Result<Vec<KeySchemaElement>, Error> {
    let parts = [
        (Some(&key.hash), KeyType::Hash),
        (key.range.as_ref(), KeyType::Range),
    ];
    let mut schema = Vec::new();
    for (name, kind) in parts {
        if let Some(name) = name {
            schema.push(
                KeySchemaElement::builder()
                    .attribute_name(name)
                    .key_type(kind)
                    .build()?,
            );
        }
    }
    Ok(schema)
}

fn projection(index: &Index) -> SdkProjection {
    let projection = SdkProjection::builder();
    match &index.projection {
        Projection::All => projection.projection_type(ProjectionType::All),
        Projection::KeysOnly => projection.projection_type(ProjectionType::KeysOnly),
        Projection::Include(attributes) => projection
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(attributes.clone())),
    }
    .build()
}
