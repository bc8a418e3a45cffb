//! EventBridge on one machine: invokes functions at the rates of the template.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::log::Log;
use crate::runtime::Function;

/// Invocations that go on until this is dropped.
#[derive(Debug, Default)]
pub(super) struct Schedules(Vec<JoinHandle<()>>);

impl Schedules {
    /// Invokes `function` once in `every`, for the first time when that has passed.
    pub(super) fn add(&mut self, function: Function, every: Duration, log: Log) {
        self.0.push(tokio::spawn(async move {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // The first one is at once.
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let event = json!({
                    "version": "0",
                    "source": "aws.events",
                    "detail-type": "Scheduled Event",
                    "region": crate::REGION,
                    "account": crate::ACCOUNT,
                    "resources": [],
                    "detail": {},
                });
                if let Err(error) = function.invoke(&event).await {
                    log.write(function.name(), error.to_string());
                }
            }
        }));
    }
}

impl Drop for Schedules {
    fn drop(&mut self) {
        for schedule in &self.0 {
            schedule.abort();
        }
    }
}
