//! What each function does with the database, held against what its role in template.yaml allows.
//!
//! A request that the role does not allow fails the test that made it. What is used is recorded, so
//! that `tests/permissions.rs` can say which permission nothing uses.

mod record;
mod requests;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use local::template::{Permission, Template, project_template};

pub use record::recorded;

tokio::task_local! {
    /// The function that is at work, by its binary's name. Requests of the tests themselves have none.
    static FUNCTION: String;
}

/// All that the functions' roles allow.
///
/// # Panics
/// If the template does not say it in whole names.
#[must_use]
pub fn allowed() -> &'static BTreeSet<Permission> {
    static ALLOWED: LazyLock<BTreeSet<Permission>> = LazyLock::new(|| {
        let text = std::fs::read_to_string(project_template()).expect("the template");
        Template::permissions(&text).unwrap_or_else(|error| panic!("{error}"))
    });
    &ALLOWED
}

/// Does `work` as this function: what it asks of the database is held against the function's role.
pub async fn acting_as<F: Future>(function: &str, work: F) -> F::Output {
    FUNCTION.scope(function.to_owned(), work).await
}

/// A client like `client` that lets a function do only what its role allows.
#[must_use]
pub fn guarded(client: &Client) -> Client {
    Client::from_conf(client.config().to_builder().interceptor(Guard).build())
}

/// Stands where IAM stands.
#[derive(Debug)]
struct Guard;

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "Guard"
    }

    fn read_after_serialization(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(function) = FUNCTION.try_with(Clone::clone) else {
            return Ok(());
        };
        let operation = config.load::<Metadata>().ok_or("an operation")?.name();
        let body = context.request().body().bytes().ok_or("a body in memory")?;
        for permission in requests::needs(&function, operation, &serde_json::from_slice(body)?) {
            // An error would look like an outage of the database, which the functions survive.
            assert!(
                allowed().contains(&permission),
                "the role of the function `{}` in template.yaml does not allow {} on {}",
                permission.function,
                permission.action,
                permission.resource
            );
            record::used(&permission);
        }
        Ok(())
    }
}
