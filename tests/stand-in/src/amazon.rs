//! The stand-in as tests hold it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use crate::faults::{Endpoint, Fault, Waiting};
use crate::input::{Input, Params};
use crate::lwa::authorize::{self, Refusal};
use crate::lwa::device;
use crate::lwa::token::{self, Grant};
use crate::model::{
    Behaviour, Call, Claims, Client, Consent, DevicePair, Fulfillment, SCOPE_PRIME, SCOPE_PROFILE,
};
use crate::state::{Hosts, Shared, State};
use crate::{control, prime_gaming, server};

/// How to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Keeps clients, accounts, tokens and entitlements in this file between runs. `None`:
    /// everything is forgotten at the end. The file holds the stand-in's tokens in clear.
    pub data_file: Option<PathBuf>,
}

/// A running stand-in. Clones are handles of the same one.
#[derive(Clone)]
pub struct Amazon {
    state: Shared,
    stop: Arc<watch::Sender<bool>>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl fmt::Debug for Amazon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Amazon")
            .field("base_url", &self.state.hosts.base)
            .finish_non_exhaustive()
    }
}

impl Amazon {
    /// Starts serving on 127.0.0.1, in a task of the current tokio runtime.
    ///
    /// # Errors
    /// The port is taken, or the data file can't be read or written.
    pub async fn start(options: Options) -> io::Result<Self> {
        let base = TcpListener::bind(("127.0.0.1", options.port)).await?;
        let sign_in = TcpListener::bind(("127.0.0.1", 0)).await?;
        let consent = TcpListener::bind(("127.0.0.1", 0)).await?;
        let hosts = Hosts {
            base: format!("http://{}", base.local_addr()?),
            sign_in: format!("http://{}", sign_in.local_addr()?),
            // Another site than the service's, as Amazon is for browsers.
            consent: format!("http://localhost:{}", consent.local_addr()?.port()),
        };
        let state = Arc::new(State::open(hosts, options.data_file)?);
        let stop = Arc::new(watch::Sender::new(false));
        let amazon = Amazon {
            state: Arc::clone(&state),
            stop: Arc::clone(&stop),
            tasks: Arc::default(),
        };
        let control = control::routes(amazon.clone());
        let origins = [
            (base, server::routes(Arc::clone(&state), control)),
            (sign_in, server::sign_in_routes(Arc::clone(&state))),
            (consent, server::consent_routes(state)),
        ];
        *amazon.tasks() = origins
            .map(|(listener, routes)| tokio::spawn(server::run(listener, routes, stop.subscribe())))
            .into();
        Ok(amazon)
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops serving: closes the port and every connection, also those that wait for an answer.
    /// What was recorded can still be read. A second call does nothing.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks());
        for task in tasks {
            // The task neither panics nor is aborted; and if it were, it would be over too.
            task.await.ok();
        }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.state.hosts.base.clone()
    }

    /// The origin of the consent page, to which the authorize address leads a browser over other
    /// origins. It is another site than `127.0.0.1`.
    #[must_use]
    pub fn consent_url(&self) -> String {
        self.state.hosts.consent.clone()
    }

    /// The environment variables that point the system under test at this stand-in.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        [
            ("LWA_AUTHORIZE_URL", server::AUTHORIZE),
            ("LWA_TOKEN_URL", server::TOKEN),
            ("LWA_TOKENINFO_URL", server::TOKENINFO),
            ("LWA_PROFILE_URL", server::PROFILE),
            ("LWA_CODEPAIR_URL", server::CODEPAIR),
            ("PRIME_GAMING_ENTITLEMENTS_URL", server::ENTITLEMENTS),
            ("PRIME_GAMING_FULFILL_URL", server::FULFILL),
        ]
        .map(|(name, path)| (name, format!("{}{path}", self.state.hosts.base)))
        .into()
    }

    /// Registers an application, or replaces the one of this id.
    pub fn register_client(&self, client: Client) {
        self.state.change(|data| {
            if let Some(secret) = &client.client_secret {
                data.secret(secret);
            }
            data.clients.insert(client.client_id.clone(), client);
        });
    }

    /// The SKUs to choose from on the claim page; with none of them it has a text field.
    pub fn set_offers(&self, skus: Vec<String>) {
        self.state.change(|data| data.offers = skus);
    }

    /// The `amzn1.account.…` of a short name: the same in every run. A new name becomes a new
    /// account.
    pub fn account_id(&self, account_name: &str) -> String {
        self.state
            .change(|data| data.account(account_name).id.clone())
    }

    /// Tokens of this account for this client, as an exchanged code would give them: the JSON of the
    /// token answer.
    ///
    /// # Panics
    /// Never: the answer is JSON.
    #[must_use]
    pub fn tokens(&self, account_name: &str, client_id: &str) -> Value {
        self.state.change(|data| {
            data.account(account_name);
            let grant = Grant {
                client_id: client_id.to_owned(),
                account: account_name.to_owned(),
                scopes: [SCOPE_PRIME, SCOPE_PROFILE].map(str::to_owned).to_vec(),
            };
            let refresh = token::issue_refresh(data, &grant);
            let answer = token::issue(data, grant, Some(refresh));
            serde_json::from_str(&answer.body).expect("a token answer is JSON")
        })
    }

    /// Claims an offer as this account. Returns the `EntitlementId`.
    pub fn claim(&self, account_name: &str, sku: &str) -> String {
        self.state
            .change(|data| prime_gaming::claim(data, account_name, sku))
    }

    /// Lists any JSON value as an entitlement of this account: broken, with unknown words, or
    /// again after it was fulfilled. One with the `EntitlementId` of an existing one replaces it.
    pub fn put_entitlement(&self, account_name: &str, element: Value) {
        self.state.change(|data| data.put(account_name, element));
    }

    /// What each account has claimed.
    #[must_use]
    pub fn claims(&self) -> Vec<Claims> {
        self.state.read(crate::state::Data::claims)
    }

    /// Takes back the newest entitlement of this SKU that the account has claimed and that was not
    /// reported: it is listed with `REVOKE` from now on. Gives its id; `None` if there is none.
    pub fn withdraw(&self, account_name: &str, sku: &str) -> Option<String> {
        self.state.change(|data| data.withdraw(account_name, sku))
    }

    /// Takes every entitlement of this id off the account's list; tells whether there was one.
    pub fn remove_entitlement(&self, account_name: &str, entitlement_id: &str) -> bool {
        self.state
            .change(|data| data.remove(account_name, entitlement_id))
    }

    /// Answers the consent page as this account, in-process but with all its checks and faults.
    /// The address is the one that the browser is sent to, or that of the page itself.
    /// Returns the URL the browser is sent to, with `code`, `scope` and `state`, or with `error`.
    ///
    /// # Errors
    /// The authorize request is so wrong that the browser would not be sent back.
    pub fn consent(
        &self,
        authorize_url: &str,
        account_name: &str,
        consent: Consent,
    ) -> Result<String, String> {
        let url = Url::parse(authorize_url).map_err(|error| error.to_string())?;
        let hosts = &self.state.hosts;
        let asks = [&hosts.base, &hosts.consent]
            .iter()
            .any(|origin| url.origin().ascii_serialization() == **origin);
        if !asks || url.path() != server::AUTHORIZE {
            return Err(format!(
                "not the address of the consent page: {}",
                url.path()
            ));
        }
        let query = Params::parse(url.query().unwrap_or_default().as_bytes());
        let input = Input::get(query);
        self.state.change(|data| {
            let call = input.called(data, Endpoint::Authorize);
            let fault = data.faults.take(Endpoint::Authorize);
            let result = match (fault, authorize::check(data, &input.query)) {
                (Some(Fault::OAuthError { error, description }), Ok(request)) => {
                    Ok(request.back(&error, &description))
                }
                (Some(fault), _) => Err(format!("the consent page failed: {fault:?}")),
                (None, Ok(request)) => Ok(authorize::decide(data, &request, account_name, consent)),
                (None, Err(Refusal::Back(to))) => Ok(to),
                (None, Err(Refusal::Here(what))) => Err(what),
            };
            data.answered(call, Some(if result.is_ok() { 302 } else { 400 }));
            result
        })
    }

    /// Answers the page where device codes are entered.
    ///
    /// # Errors
    /// No such code, or it is no longer pending.
    pub fn consent_device(
        &self,
        user_code: &str,
        account_name: &str,
        consent: Consent,
    ) -> Result<(), String> {
        self.state
            .change(|data| device::decide(data, user_code, account_name, consent))
    }

    /// All device pairs, for tests that play the player.
    #[must_use]
    pub fn device_pairs(&self) -> Vec<DevicePair> {
        self.state.read(|data| {
            let now = data.now_ms();
            data.devices
                .values()
                .map(|device| device.pair(now))
                .collect()
        })
    }

    /// The player removes the app: refreshing is `invalid_grant`, access tokens are refused.
    pub fn revoke(&self, account_name: &str) {
        self.state.change(|data| data.revoke(account_name));
    }

    /// Every access token of this account expires now; refresh tokens live on.
    pub fn expire_access_tokens(&self, account_name: &str) {
        self.state.change(|data| data.expire(account_name));
    }

    /// Moves the clock forward: codes, tokens and device pairs age by this much.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.state
            .change(|data| data.advanced_ms = data.advanced_ms.saturating_add(by));
    }

    /// How Amazon behaves at the moment.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        self.state.read(|data| data.behaviour.clone())
    }

    /// Changes how Amazon behaves from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        self.state.change(|data| change(&mut data.behaviour));
    }

    /// Changes these fields of the behaviour from now on, given as JSON. Gives all of them.
    ///
    /// # Errors
    /// There is no such field, or it can't have this value. Nothing is changed then.
    pub fn change_behaviour(&self, change: &Map<String, Value>) -> Result<Behaviour, String> {
        self.state.change(|data| {
            let changed = data.behaviour.with(change)?;
            data.behaviour.clone_from(&changed);
            Ok(changed)
        })
    }

    /// Life of new access tokens, in seconds.
    pub fn access_token_seconds(&self, seconds: u64) {
        self.behave(|behaviour| behaviour.access_token_seconds = seconds);
    }

    /// Whether a refresh answers a new refresh token and the old one dies at once.
    pub fn rotate_refresh_tokens(&self, rotate: bool) {
        self.behave(|behaviour| behaviour.rotate_refresh_tokens = rotate);
    }

    /// Whether token answers lack their refresh token.
    pub fn omit_refresh_token(&self, omit: bool) {
        self.behave(|behaviour| behaviour.omit_refresh_token = omit);
    }

    /// Lets the next `times` requests to `endpoint` go wrong, after the faults that wait already.
    ///
    /// # Panics
    /// This fault can't happen there: a fault about items outside of [`Endpoint::Fulfill`].
    pub fn fault(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        if let Err(what) = fault.check(endpoint) {
            panic!("no such fault at {endpoint:?}: {what}");
        }
        self.state
            .change(|data| data.faults.push(endpoint, fault, times));
    }

    /// Drops the faults that still wait.
    pub fn clear_faults(&self) {
        self.state.change(|data| data.faults.clear());
    }

    /// The faults that still wait.
    #[must_use]
    pub fn faults(&self) -> Vec<Waiting> {
        self.state.read(|data| data.faults.waiting())
    }

    /// The client will not hear the answer to the request that it makes now at this path. If tokens are
    /// asked for, Amazon must know that: a client that uses a refresh token again because its successor
    /// was lost does not break the contract. A fault that waits for that request stays what it is.
    pub fn will_not_be_heard(&self, path: &str) {
        self.state.change(|data| {
            let waiting = data.faults.waiting();
            if path == server::TOKEN && !waiting.iter().any(|it| it.endpoint == Endpoint::Token) {
                let lost = Fault::AfterEffect(Box::new(Fault::Reset));
                data.faults.push(Endpoint::Token, lost, 1);
            }
        });
    }

    /// Every request to Amazon's addresses, in the order of arrival.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state.read(|data| data.calls.clone())
    }

    /// How many requests this address got.
    #[must_use]
    pub fn calls_to(&self, endpoint: Endpoint) -> usize {
        self.state.read(|data| {
            data.calls
                .iter()
                .filter(|call| call.endpoint == endpoint)
                .count()
        })
    }

    /// Forgets the requests so far; violations stay.
    pub fn reset_calls(&self) {
        self.state.change(|data| data.calls.clear());
    }

    /// Everything that was reported as delivered and taken in.
    #[must_use]
    pub fn fulfilled(&self) -> Vec<Fulfillment> {
        self.state.read(|data| data.fulfillments.clone())
    }

    /// Every way in which a request broke the contract. A good client leaves this empty.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.state.read(|data| data.violations.clone())
    }

    /// Forgets the violations so far, for a test that commits one on purpose.
    pub fn reset_violations(&self) {
        self.state.change(|data| data.violations.clear());
    }

    /// Every code, token, client secret, device code and code verifier ever seen, for tests that
    /// search logs for them.
    #[must_use]
    pub fn issued_secrets(&self) -> Vec<String> {
        self.state
            .read(|data| data.secrets.iter().cloned().collect())
    }
}
