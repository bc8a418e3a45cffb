//! The `admin` function.

use admin::Admin;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use prime_gaming::app::StartError;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let admin = Admin::start()?;
    let admin = &admin;
    let handler = service_fn(move |event: LambdaEvent<Value>| async move {
        Ok::<_, Error>(admin.handle(&event.payload).await)
    });
    Ok(lambda_runtime::run(handler).await?)
}
