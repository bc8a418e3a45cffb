//! The `reconcile` function.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use prime_gaming::App;
use prime_gaming::app::{StartError, Warm};
use prime_gaming::domain::Timestamp;
use prime_gaming::trace;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let app = App::start(env!("CARGO_CRATE_NAME"), Warm::PrimeGaming).await?;
    let app = &app;
    let handler = service_fn(move |event: LambdaEvent<Value>| async move {
        let context = event.context;
        let deadline = i64::try_from(context.deadline).unwrap_or(i64::MAX);
        let work = reconcile::handle(app, Timestamp::from_millis(deadline));
        let header = context.xray_trace_id.as_deref();
        let done = trace::invocation(&context.request_id, header, work).await;
        done.map_err(Error::from)
    });
    Ok(lambda_runtime::run(handler).await?)
}
