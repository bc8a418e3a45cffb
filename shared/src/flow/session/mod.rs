//! Calls to Prime Gaming with one link's tokens, in the order that Amazon asks for: try again,
//! then refresh the tokens, then ask the player to link again.
//!
//! This is part of `flow` and not of `amazon`, because it reads and writes the link in the database:
//! the clients in `amazon` know no store.

mod refresh;

use std::error::Error;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Mutex;

use super::tokens::OpenTokens;
use crate::App;
use crate::amazon::{CallError, FulfillResult, Listing};
use crate::budget::{Budget, NoTimeLeft, REFUSED_PAUSE};
use crate::signals::event;
use crate::store::{Link, LinkState, Record, StoreError};

/// Why Prime Gaming could not be asked, sorted by what to do next.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    /// Prime Gaming refuses, and still does after a refresh.
    #[error("Prime Gaming refuses these tokens, also refreshed")]
    Refused,
    /// `invalid_grant`: the player has to link again.
    #[error("Amazon says invalid_grant: the player has to link again")]
    Dead,
    /// The player has linked anew or unlinked meanwhile.
    #[error("the link was replaced or removed meanwhile")]
    Changed,
    /// It was not asked: Amazon wants rest, the tokens are another LWA client's, or another process
    /// is refreshing them.
    #[error("{0}")]
    NotNow(&'static str),
    /// It was asked, and did not answer, or its answer or our tokens are unusable.
    #[error("{0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It was not asked, because the request has no time left.
    #[error(transparent)]
    NoTimeLeft(#[from] NoTimeLeft),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One link, and what this request has learned of its tokens.
#[derive(Debug)]
pub(super) struct Session<'a> {
    app: &'a App,
    budget: Budget,
    state: Mutex<State>,
    /// Held by the report that finds out whether the link is at fault.
    verdict: Mutex<()>,
}

#[derive(Debug)]
struct State {
    link: Link,
    opened: Option<OpenTokens>,
    /// Whether this request has refreshed the tokens: once is enough.
    refreshed: bool,
    /// Whether this request has tokens that the database did not take.
    has_unstored: bool,
    /// Whether Prime Gaming has listed entitlements for these tokens, or refused to. This tells a
    /// refused report whether the link is at fault.
    accepted: Option<bool>,
}

impl<'a> Session<'a> {
    pub(super) fn new(app: &'a App, budget: Budget, link: Link) -> Self {
        let state = State {
            link,
            opened: None,
            refreshed: false,
            has_unstored: false,
            accepted: None,
        };
        Self {
            app,
            budget,
            state: Mutex::new(state),
            verdict: Mutex::new(()),
        }
    }

    /// The link as it is known now.
    pub(super) async fn link(&self) -> Link {
        self.state.lock().await.link.clone()
    }

    /// What Prime Gaming lists for this link.
    pub(super) async fn entitlements(&self) -> Result<Listing, SessionError> {
        let app = self.app;
        let listed = self
            .call(
                |token| async move { app.prime_gaming.entitlements(&token, app.clock.now()).await },
            )
            .await;
        match &listed {
            Ok(_) => self.accepted().await,
            Err(SessionError::Refused) => self.refused().await?,
            Err(_) => {}
        }
        listed
    }

    /// Reports one delivery. If Prime Gaming refuses that even with refreshed tokens, its list of
    /// entitlements tells whether this report or the link is at fault.
    pub(super) async fn fulfill(&self, record: &Record) -> Result<FulfillResult, SessionError> {
        let app = self.app;
        let address = app.prime_gaming.address(&record.player);
        let told = self
            .call(|token| {
                let (id, address) = (&record.id, &address);
                async move {
                    app.prime_gaming
                        .fulfill(&token, id, address, app.clock.now())
                        .await
                }
            })
            .await;
        match told {
            Ok(result) => {
                self.accepted().await;
                Ok(result)
            }
            Err(SessionError::Refused) => {
                let _one_at_a_time = self.verdict.lock().await;
                if self.state.lock().await.accepted.is_none() {
                    self.entitlements().await?;
                }
                match self.state.lock().await.accepted {
                    Some(true) => Ok(FulfillResult::NotReported("refused".to_owned())),
                    _ => Err(SessionError::Refused),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// A success clears what a refusal has set.
    async fn accepted(&self) {
        let mut state = self.state.lock().await;
        state.accepted = Some(true);
        if state.link.state == LinkState::RelinkRequired {
            state.link.state = LinkState::Linked;
            if let Err(error) = self.app.links.mark_accepted(&state.link).await {
                tracing::warn!(event = event::LINK_NOT_CLEARED, player_id = %state.link.player, %error);
            }
        }
    }

    async fn refused(&self) -> Result<(), SessionError> {
        let mut state = self.state.lock().await;
        state.accepted = Some(false);
        let next = self.app.clock.now() + REFUSED_PAUSE;
        let marked = self.app.links.mark_refused(&state.link, next).await?;
        if !marked.is_done() {
            return Err(SessionError::Changed);
        }
        tracing::warn!(event = event::LINK_REFUSED, player_id = %state.link.player);
        state.link.state = LinkState::RelinkRequired;
        state.link.next_check_at = Some(next);
        Ok(())
    }

    /// Calls Prime Gaming in the order that Amazon asks for: once more after a refusal, then
    /// with a refreshed token, unless it is known that the token is not at fault.
    async fn call<T, F>(&self, request: impl Fn(SecretString) -> F) -> Result<T, SessionError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let (token, version) = self.access_token().await?;
        for _ in 0..2 {
            match self.once(request(token.clone())).await {
                Err(SessionError::Refused) => {}
                decided => return decided,
            }
        }
        let token = self.token_after(version).await?;
        self.once(request(token)).await
    }

    async fn once<T>(
        &self,
        request: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, SessionError> {
        self.may_call().await?;
        match request.await {
            Ok(answer) => Ok(answer),
            Err(CallError::Refused { .. }) => Err(SessionError::Refused),
            Err(CallError::Unavailable(unavailable)) => {
                let retry_after = unavailable.retry_after;
                self.rest(&mut self.state.lock().await.link, retry_after)
                    .await;
                Err(SessionError::Unavailable(unavailable.into()))
            }
        }
    }

    /// Amazon's `Retry-After` outranks everything, and no call is begun without time for it.
    async fn may_call(&self) -> Result<(), SessionError> {
        let state = self.state.lock().await;
        if state.accepted == Some(false) {
            return Err(SessionError::Refused);
        }
        let retry_at = state.link.retry_at;
        drop(state);
        if retry_at.is_some_and(|at| at > self.app.clock.now()) {
            return Err(SessionError::NotNow("Amazon asked for rest"));
        }
        self.has_time()
    }

    fn has_time(&self) -> Result<(), SessionError> {
        Ok(self.budget.step()?)
    }

    async fn rest(&self, link: &mut Link, retry_after: Option<Duration>) {
        let Some(retry_after) = retry_after else {
            return;
        };
        let until = self.app.clock.now() + retry_after;
        link.retry_at = link.retry_at.max(Some(until));
        if let Err(error) = self.app.links.rest_until(link, until).await {
            tracing::warn!(event = event::RETRY_AFTER_NOT_STORED, %error);
        }
    }
}
