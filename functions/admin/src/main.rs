//! The `admin` function.

use admin::Admin;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use prime_gaming::app::StartError;
use prime_gaming::trace;
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let admin = Admin::start().await?;
    let admin = &admin;
    // The event as it was written: parsed, an offer's content would lose digits and order.
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| async move {
        let work = admin.invoke(&event.payload);
        let (id, header) = (&event.context.request_id, &event.context.xray_trace_id);
        let answer = trace::invocation(id, header.as_deref(), work).await;
        answer.map_err(Error::from)
    });
    Ok(lambda_runtime::run(handler).await?)
}
