//! A request to the database that waits on its way until the test lets it go on. What another request
//! writes meanwhile comes between a read and a write of the first one.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use crate::Spy;

/// Where one request stops.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    operation: String,
    /// So many requests of the operation are served first.
    pass: u32,
    signals: Arc<Signals>,
}

#[derive(Debug, Default)]
struct Signals {
    arrived: Notify,
    goes_on: Notify,
}

impl Stop {
    /// Whether this request is the one. It counts the others.
    pub(crate) fn is_for(&mut self, operation: &str) -> bool {
        if self.operation != operation {
            return false;
        }
        let is_it = self.pass == 0;
        self.pass = self.pass.saturating_sub(1);
        is_it
    }

    /// Waits until the test lets the request go on.
    pub(crate) async fn wait(self) {
        self.signals.arrived.notify_one();
        self.signals.goes_on.notified().await;
    }
}

impl Spy {
    /// Carries out `request`, and `meanwhile` before its request number `pass` (from 0 on) of
    /// `operation` reaches the database.
    ///
    /// # Panics
    /// If it makes no such request.
    pub async fn between<T>(
        &self,
        operation: &str,
        pass: u32,
        request: impl Future<Output = T>,
        meanwhile: impl Future<Output = ()>,
    ) -> T {
        let signals = Arc::new(Signals::default());
        self.stop_at(Stop {
            operation: operation.to_owned(),
            pass,
            signals: Arc::clone(&signals),
        });
        let mut request = pin!(request);
        let arrived = pin!(signals.arrived.notified());
        match select(request.as_mut(), arrived).await {
            Either::Left(_) => panic!("there is no {operation} number {pass}"),
            Either::Right(((), _)) => {}
        }
        meanwhile.await;
        signals.goes_on.notify_one();
        request.await
    }
}
