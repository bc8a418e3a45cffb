//! The `entitlements` function.

use prime_gaming::App;
use prime_gaming::app::{StartError, Warm};
use prime_gaming::http::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let app = App::start(env!("CARGO_CRATE_NAME"), Warm::PrimeGaming).await?;
    Ok(run(|event| entitlements::handle(&app, event)).await?)
}
