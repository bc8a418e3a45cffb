//! The function `reconcile`, which its schedule invokes every minute.

use std::time::Duration;

use super::Stage;
use cloudwatch::End;

/// How `reconcile` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reconcile {
    Runs,
    IsSilent,
    Crashes,
    HasNoTime,
}

impl Stage {
    pub(super) async fn run_reconcile(&mut self) {
        let now = self.world.clock.now();
        // Lambda ends a run after 58 s. One that ends in 15 s begins nothing.
        let left = match self.reconcile {
            Reconcile::IsSilent => return,
            Reconcile::Crashes => return self.gate.invoked("reconcile", End::Failed),
            Reconcile::Runs => 58,
            Reconcile::HasNoTime => 15,
        };
        let deadline = now + Duration::from_secs(left);
        let run = Box::pin(::reconcile::handle(&self.world.app, deadline)).await;
        let end = if run.is_ok() {
            End::Returned
        } else {
            End::Failed
        };
        self.gate.invoked("reconcile", end);
    }
}
