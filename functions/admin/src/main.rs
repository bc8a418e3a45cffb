//! The `admin` function.

use admin::Admin;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let admin = Admin::start()?;
    let admin = &admin;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        Ok::<_, Error>(admin.handle(&event.payload).await)
    }))
    .await
}
