//! The `admin` function.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use prime_gaming::App;
use prime_gaming::app::StartError;
use prime_gaming::trace;
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    // Few commands call Amazon, so no connection is opened before one does.
    let app = App::start(env!("CARGO_CRATE_NAME"), None).await?;
    let app = &app;
    // The event as it was written: parsed, an offer's content would lose digits and order.
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| async move {
        let work = admin::handle(app, &event.payload);
        let (id, header) = (&event.context.request_id, &event.context.xray_trace_id);
        Ok::<_, Error>(trace::invocation(id, header.as_deref(), work).await)
    });
    Ok(lambda_runtime::run(handler).await?)
}
