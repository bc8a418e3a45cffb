//! A process of the function, which also works where the secret is not there yet.

use prime_gaming::App;
use prime_gaming::app::{Process, StartError};
use prime_gaming::codedeploy::{CodeDeploy, CodeDeployError, Hook};
use prime_gaming::doctor::check_rollout;
use prime_gaming::signals::event;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::OnceCell;

/// A process of the function.
pub struct Admin {
    process: Process,
    codedeploy: Option<CodeDeploy>,
    /// Empty until the secret can be used.
    app: OnceCell<App>,
}

impl Admin {
    /// Starts with the settings of the environment. Without a usable secret it starts as well, so that
    /// `doctor` can say what is wrong with the secret.
    ///
    /// # Errors
    /// If a setting is missing or wrong.
    pub async fn start() -> Result<Self, StartError> {
        let process = Process::start(env!("CARGO_CRATE_NAME"))?;
        let admin = Self {
            codedeploy: process.codedeploy(),
            process,
            app: OnceCell::new(),
        };
        // Reads the secret now, because Lambda gives more CPU in init. The first command reports an error.
        let _ = admin.app().await;
        Ok(admin)
    }

    /// Carries out a command, or makes the checks of a roll-out.
    ///
    /// # Errors
    /// Only if CodeDeploy was not told the result of the checks: then Lambda invokes the function again.
    pub async fn invoke(&self, event: &RawValue) -> Result<Box<RawValue>, CodeDeployError> {
        let deployment = &self.process.deployment;
        if let (Some(hook), Some(codedeploy)) = (hook(event), &self.codedeploy) {
            let status = Box::pin(check_rollout(deployment, codedeploy, &hook)).await?;
            #[derive(Serialize)]
            struct Told {
                status: &'static str,
            }
            let told = Told {
                status: status.as_str(),
            };
            return Ok(to_raw_value(&told).expect("a word is always JSON"));
        }
        Ok(match self.app().await {
            Ok(app) => crate::handle(app, event).await,
            Err(error) => {
                tracing::error!(event = event::SECRET_UNUSABLE, error = error.sentence());
                crate::handle_without_secret(deployment, &error, event).await
            }
        })
    }

    /// The app. Without a usable secret it is tried again at the next command.
    async fn app(&self) -> Result<&App, StartError> {
        // Few commands call Amazon, so no connection is opened before one does.
        let start = || async { Box::pin(self.process.app(None)).await };
        self.app.get_or_try_init(start).await
    }
}

/// What CodeDeploy hands over before a roll-out, if the event is that. A command has a field `command`.
#[must_use]
pub fn hook(event: &RawValue) -> Option<Hook> {
    serde_json::from_str(event.get()).ok()
}
