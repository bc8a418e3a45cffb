//! What requests ask of DynamoDB, as DynamoDB itself counts it: every request is made to say what
//! capacity it consumed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

/// Counts what the clients that it watches use. Clones are handles of the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Arc<Mutex<Used>>);

/// What was used.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Used {
    /// Requests by operation, repeats included.
    pub(crate) requests: BTreeMap<String, u64>,
    /// Read units, of tables and indexes.
    pub(crate) reads: f64,
    /// Write units, of tables and indexes.
    pub(crate) writes: f64,
    /// The write units among them that the index `due` took.
    pub(crate) due_writes: f64,
}

impl Used {
    /// Requests of this operation.
    pub(crate) fn of(&self, operation: &str) -> u64 {
        self.requests.get(operation).copied().unwrap_or(0)
    }

    /// All requests.
    pub(crate) fn all(&self) -> u64 {
        self.requests.values().sum()
    }

    /// Takes in what an answer says of one table.
    fn add(&mut self, is_read: bool, consumed: &Value) {
        let units = consumed["CapacityUnits"].as_f64().unwrap_or(0.0);
        if is_read {
            self.reads += units;
        } else {
            self.writes += units;
            let due = &consumed["GlobalSecondaryIndexes"]["due"]["CapacityUnits"];
            self.due_writes += due.as_f64().unwrap_or(0.0);
        }
    }
}

impl Meter {
    /// A client like `client` that this one watches.
    pub(crate) fn watch(&self, client: &Client) -> Client {
        let config = client.config().to_builder().interceptor(self.clone());
        Client::from_conf(config.build())
    }

    /// What was used since the last time this was called.
    pub(crate) fn take(&self) -> Used {
        std::mem::take(&mut self.used())
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn operation(config: &ConfigBag) -> String {
    let metadata = config.load::<Metadata>();
    metadata.map_or_else(String::new, |metadata| metadata.name().to_owned())
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let body = request.body().bytes().ok_or("a body that is streamed")?;
        let mut body: Value = serde_json::from_slice(body)?;
        body["ReturnConsumedCapacity"] = "INDEXES".into();
        let body = body.to_string();
        let headers = request.headers_mut();
        headers.insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.used().requests.entry(operation(config)).or_default() += 1;
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes();
        let body: Value = serde_json::from_slice(body.ok_or("a body that is streamed")?)?;
        let is_read = matches!(
            operation(config).as_str(),
            "GetItem" | "BatchGetItem" | "Query"
        );
        match &body["ConsumedCapacity"] {
            // Of several tables.
            Value::Array(tables) => tables
                .iter()
                .for_each(|table| self.used().add(is_read, table)),
            table => self.used().add(is_read, table),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use it::World;

    use super::*;
    use crate::scale::subject::process_of;

    #[tokio::test]
    async fn requests_and_their_capacity_are_counted() {
        let mut world = World::new().await;
        world.linked("p1", "alice").await;
        let meter = Meter::default();
        let app = process_of(&world, &meter, None).await;
        world.app = app.expect("a process");
        world.check("p1").await;
        let used = meter.take();
        let operations = ["GetItem", "UpdateItem"].map(|name| (name.to_owned(), 1));
        assert_eq!(used.requests, BTreeMap::from(operations));
        // One strong read of less than 4 KB, one write of more than 1 KB and less than 2.
        assert_eq!((used.reads, used.writes, used.due_writes), (1.0, 2.0, 0.0));
    }

    #[test]
    fn the_due_index_is_told_apart() {
        let mut used = Used::default();
        let consumed = serde_json::json!({
            "CapacityUnits": 5.0, "GlobalSecondaryIndexes": {"due": {"CapacityUnits": 2.0}},
        });
        used.add(false, &consumed);
        used.add(true, &serde_json::json!({"CapacityUnits": 0.5}));
        assert_eq!((used.reads, used.writes, used.due_writes), (0.5, 5.0, 2.0));
    }
}
