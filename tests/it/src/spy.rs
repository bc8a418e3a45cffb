//! What the functions ask of the database, request by request as they go out; and requests that
//! fail on purpose.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use prime_gaming::domain::random_token;

use crate::outage::{Breaking, DbFault, Outage};
use crate::stop::Stop;

/// Counts and breaks requests of the clients that it watches. Clones are handles of the same one.
#[derive(Clone, Debug, Default)]
pub struct Spy(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    requests: Vec<String>,
    plans: Vec<Plan>,
    outage: Option<Outage>,
    /// How many requests the outage has met.
    met: usize,
    stop: Option<Stop>,
}

/// What is to go wrong.
#[derive(Debug)]
struct Plan {
    operation: String,
    pass: u32,
    times: u32,
    breakage: Breakage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Breakage {
    /// The request never leaves.
    Refused,
    /// It takes effect, and its answer is lost: the SDK sees a 500 and sends it again.
    AnswerLost,
}

impl Spy {
    /// A client like `client` that this one watches.
    #[must_use]
    pub fn watch(&self, client: &Client) -> Client {
        let http = client.config().http_client().expect("a client over HTTP");
        let config = client
            .config()
            .to_builder()
            .http_client(Breaking::new(http, self.clone()))
            // How much the SDK repeats depends on what failed before in the same partition, which
            // is the process's otherwise.
            .retry_partition(RetryPartition::new(random_token()))
            .interceptor(self.clone());
        Client::from_conf(config.build())
    }

    /// From now on requests break like this, until [`Spy::end`].
    pub fn begin(&self, outage: Outage) {
        let mut state = self.state();
        state.outage = Some(outage);
        state.met = 0;
    }

    /// The outage is over; gives how many requests it has met.
    pub fn end(&self) -> usize {
        let mut state = self.state();
        state.outage = None;
        state.met
    }

    /// The outage, if it meets this request.
    pub(crate) fn meets(&self, operation: &str) -> Option<Outage> {
        let mut state = self.state();
        let outage = state.outage.as_mut()?;
        if !outage.fault.can_meet(operation) || outage.times == 0 {
            return None;
        }
        if outage.pass > 0 {
            outage.pass -= 1;
            return None;
        }
        outage.times -= 1;
        let outage = *outage;
        state.met += 1;
        let is_served = outage.fault == DbFault::Sluggish && state.met.is_multiple_of(3);
        (!is_served).then_some(outage)
    }

    pub(crate) fn stop_at(&self, stop: Stop) {
        self.state().stop = Some(stop);
    }

    /// Where this request has to wait.
    pub(crate) fn stops(&self, operation: &str) -> Option<Stop> {
        self.state().stop.take_if(|stop| stop.is_for(operation))
    }

    /// The operations that were sent, repeats included, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.state().requests.clear();
    }

    /// After `pass` more requests of `operation`, fails `times` of them before they are sent.
    pub fn refuse(&self, operation: &str, pass: u32, times: u32) {
        self.plan(operation, pass, times, Breakage::Refused);
    }

    /// After `pass` more requests of `operation`, loses the answer of the next one.
    pub fn lose_answer(&self, operation: &str, pass: u32) {
        self.plan(operation, pass, 1, Breakage::AnswerLost);
    }

    fn plan(&self, operation: &str, pass: u32, times: u32, breakage: Breakage) {
        self.state().plans.push(Plan {
            operation: operation.to_owned(),
            pass,
            times,
            breakage,
        });
    }

    /// Whether this request is to break so.
    fn breaks(&self, operation: &str, breakage: Breakage) -> bool {
        let mut state = self.state();
        let Some(plan) = state.plans.iter_mut().find(|plan| {
            plan.operation == operation && plan.breakage == breakage && plan.times > 0
        }) else {
            return false;
        };
        if plan.pass > 0 {
            plan.pass -= 1;
            return false;
        }
        plan.times -= 1;
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The operation by DynamoDB's name.
fn operation(config: &ConfigBag) -> String {
    config
        .load::<Metadata>()
        .map(|operation| operation.name().to_owned())
        .unwrap_or_default()
}

impl Intercept for Spy {
    fn name(&self) -> &'static str {
        "Spy"
    }

    fn modify_before_transmit(
        &self,
        _context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = operation(config);
        self.state().requests.push(operation.clone());
        if self.breaks(&operation, Breakage::Refused) {
            return Err("refused by the test".into());
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.breaks(&operation(config), Breakage::AnswerLost) {
            *context.response_mut().status_mut() = 500_u16.try_into()?;
        }
        Ok(())
    }
}
