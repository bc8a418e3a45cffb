//! Calls to Prime Gaming with one link's tokens: refreshes them when they expire or are refused,
//! and only ever in one process at a time.
//!
//! ```text
//! version 1 ──lease──▶ asked Amazon ──▶ version 2 stored     the winner, also a late one
//!     │                     └──invalid_grant──▶ tokens gone   only if still version 1
//!     └── lease taken by another: wait a little for version 2
//! ```
//!
//! What a crash can lose: between Amazon's answer and our write the new tokens exist nowhere
//! else. The lease then runs out, and the next holder tries the stored refresh token again;
//! where Amazon kept it valid, nothing is lost, and where it did not, the player links again.

use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Mutex;

use super::budget::{Budget, REQUEST_LIFE};
use super::tokens::{OpenTokens, open_tokens, seal_tokens};
use crate::App;
use crate::amazon::{CallError, FulfillResult, Listing, TokenError, Tokens};
use crate::domain::{Timestamp, random_token};
use crate::seal::Sealed;
use crate::store::{Link, LinkState, Record, StoreError};

/// An access token that expires within this time counts as expired.
const EXPIRY_MARGIN: Duration = Duration::from_secs(60);

/// How long tokens that Prime Gaming refuses are left alone.
const REFUSED_PAUSE: Duration = Duration::from_secs(3600);

/// How long who has lost the race for a refresh waits for the winner's token.
const WINNER_PAUSE: Duration = Duration::from_millis(200);
const WINNER_TRIES: u32 = 10;

/// How often new tokens are offered to the database before they are used unstored.
const STORE_TRIES: u32 = 3;

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
    /// Not now.
    #[error("{0}")]
    Unavailable(String),
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
    /// Held while it is found out whether the link is at fault.
    verdict: Mutex<()>,
}

#[derive(Debug)]
struct State {
    link: Link,
    opened: Option<OpenTokens>,
    /// Whether this request has refreshed the tokens: once is enough.
    refreshed: bool,
    /// Whether Prime Gaming has listed entitlements for these tokens, or refused to: who is
    /// refused something else then knows whether the link is at fault.
    accepted: Option<bool>,
}

impl<'a> Session<'a> {
    pub(super) fn new(app: &'a App, budget: Budget, link: Link) -> Self {
        let state = State {
            link,
            opened: None,
            refreshed: false,
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

    /// Reports one delivery. Where Prime Gaming refuses that, also with refreshed tokens, its
    /// list of entitlements tells whether this report or the link is at fault.
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
                tracing::warn!(event = "link_not_cleared", player_id = %state.link.player, %error);
            }
        }
    }

    async fn refused(&self) -> Result<(), SessionError> {
        let mut state = self.state.lock().await;
        state.accepted = Some(false);
        let next = self.app.clock.now() + REFUSED_PAUSE;
        if !self.app.links.mark_refused(&state.link, next).await? {
            return Err(SessionError::Changed);
        }
        tracing::warn!(event = "link_refused", player_id = %state.link.player);
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
            Err(CallError::Unavailable { retry_after, cause }) => {
                self.rest(&mut self.state.lock().await.link, retry_after)
                    .await;
                Err(SessionError::Unavailable(cause))
            }
        }
    }

    /// Amazon's `Retry-After` outranks everything, and no call is begun that can't be awaited.
    async fn may_call(&self) -> Result<(), SessionError> {
        let state = self.state.lock().await;
        if state.accepted == Some(false) {
            return Err(SessionError::Refused);
        }
        let retry_at = state.link.retry_at;
        drop(state);
        if retry_at.is_some_and(|at| at > self.app.clock.now()) {
            return Err(SessionError::Unavailable(
                "Amazon asked for rest".to_owned(),
            ));
        }
        self.has_time()
    }

    fn has_time(&self) -> Result<(), SessionError> {
        if self.budget.allows_a_step() {
            Ok(())
        } else {
            Err(SessionError::Unavailable(
                "no time left for another call to Amazon".to_owned(),
            ))
        }
    }

    async fn rest(&self, link: &mut Link, retry_after: Option<Duration>) {
        let Some(retry_after) = retry_after else {
            return;
        };
        let until = self.app.clock.now() + retry_after;
        link.retry_at = link.retry_at.max(Some(until));
        if let Err(error) = self.app.links.rest_until(link, until).await {
            tracing::warn!(event = "retry_after_not_stored", %error);
        }
    }

    /// An access token with time left on it, and its version.
    async fn access_token(&self) -> Result<(SecretString, u64), SessionError> {
        let mut state = self.state.lock().await;
        if state.link.access_expires_at <= self.app.clock.now() + EXPIRY_MARGIN {
            self.refresh(&mut state).await?;
        }
        let tokens = self.opened(&mut state).await?;
        Ok((tokens.access, state.link.token_version))
    }

    /// An access token newer than `version`, which was refused.
    async fn token_after(&self, version: u64) -> Result<SecretString, SessionError> {
        let mut state = self.state.lock().await;
        if state.link.token_version == version {
            if state.refreshed || state.accepted.is_some() {
                return Err(SessionError::Refused);
            }
            self.refresh(&mut state).await?;
        }
        Ok(self.opened(&mut state).await?.access)
    }

    async fn opened(&self, state: &mut State) -> Result<OpenTokens, SessionError> {
        if let Some(tokens) = &state.opened {
            return Ok(tokens.clone());
        }
        let sealed = state.link.tokens.as_ref().ok_or(SessionError::Dead)?;
        let tokens = open_tokens(self.app, &state.link.player, sealed).await.map_err(|error| {
            tracing::error!(event = "tokens_unreadable", player_id = %state.link.player, %error);
            SessionError::Unavailable(error.to_string())
        })?;
        state.opened = Some(tokens.clone());
        Ok(tokens)
    }

    async fn refresh(&self, state: &mut State) -> Result<(), SessionError> {
        let rests = |now| state.link.retry_at.is_some_and(|at| at > now);
        if rests(self.app.clock.now()) {
            return Err(SessionError::Unavailable(
                "Amazon asked for rest".to_owned(),
            ));
        }
        let old = self.opened(state).await?;
        self.has_time()?;
        let owner = random_token();
        let now = self.app.clock.now();
        let until = now + REQUEST_LIFE;
        if !self
            .app
            .links
            .take_refresh(&state.link, &owner, now, until)
            .await?
        {
            return self.await_winner(state).await;
        }
        // Once more, for the lease may have taken its time: what is begun is always awaited.
        self.has_time()?;
        match self.exchange(&state.link, &old).await {
            Ok(tokens) => self.store(state, &old, tokens).await,
            Err(TokenError::InvalidGrant) => {
                if self.app.links.mark_dead(&state.link).await? {
                    tracing::warn!(event = "link_dead", player_id = %state.link.player);
                    return Err(SessionError::Dead);
                }
                // A winner whose lease had run out has stored newer ones: those count.
                self.adopt(state).await
            }
            Err(error) => {
                tracing::warn!(event = "refresh_failed", player_id = %state.link.player, %error);
                match &error {
                    // Whether Amazon has heard is not known: nobody asks before the lease ends.
                    TokenError::Unavailable { retry_after, .. } => {
                        self.rest(&mut state.link, *retry_after).await;
                    }
                    // Amazon refused before it looked at the token: the lease serves nobody.
                    _ => self.app.links.release_refresh(&state.link, &owner).await?,
                }
                Err(SessionError::Unavailable(error.to_string()))
            }
        }
    }

    /// `invalid_client` was decided before Amazon looked at the token, so asking again with a
    /// secret that has just been changed is not a second use of it.
    async fn exchange(&self, link: &Link, old: &OpenTokens) -> Result<Tokens, TokenError> {
        let answer = self.ask_for_tokens(link, old).await;
        let is_wrong_secret = matches!(answer, Err(TokenError::InvalidClient));
        if is_wrong_secret
            && self.app.secrets.reload(self.app.clock.now()).await
            && self.has_time().is_ok()
        {
            return self.ask_for_tokens(link, old).await;
        }
        answer
    }

    async fn ask_for_tokens(&self, link: &Link, old: &OpenTokens) -> Result<Tokens, TokenError> {
        let app = self.app;
        let secret = app
            .secrets
            .current()
            .secret_for(&link.client_id, &app.config.login);
        app.login
            .refresh(&link.client_id, &secret, &old.refresh, app.clock.now())
            .await
    }

    async fn store(
        &self,
        state: &mut State,
        old: &OpenTokens,
        new: Tokens,
    ) -> Result<(), SessionError> {
        let tokens = OpenTokens {
            access: new.access_token,
            // Where Amazon sends no new refresh token, the old one stays valid.
            refresh: new.refresh_token.unwrap_or_else(|| old.refresh.clone()),
        };
        let sealed = seal_tokens(self.app, &state.link.player, &tokens);
        let expires_at = self.app.clock.now() + new.expires_in;
        if !self
            .store_stubbornly(&state.link, &sealed, expires_at)
            .await
        {
            // Ours came too late; what is stored is newer.
            return self.adopt(state).await;
        }
        state.link.tokens = Some(sealed);
        state.link.token_version += 1;
        state.link.access_expires_at = expires_at;
        state.opened = Some(tokens);
        state.refreshed = true;
        Ok(())
    }

    /// Whether the tokens may be used. Where the database does not take them, they may for this
    /// request: they are all that is left of the link.
    async fn store_stubbornly(&self, link: &Link, sealed: &Sealed, expires_at: Timestamp) -> bool {
        for attempt in 1..=STORE_TRIES {
            match self.app.links.store_tokens(link, sealed, expires_at).await {
                Ok(stored) => return stored,
                Err(error) => {
                    tracing::error!(event = "tokens_not_stored", attempt, %error);
                }
            }
        }
        true
    }

    async fn await_winner(&self, state: &mut State) -> Result<(), SessionError> {
        let version = state.link.token_version;
        for _ in 0..WINNER_TRIES {
            self.has_time()?;
            tokio::time::sleep(WINNER_PAUSE).await;
            self.adopt(state).await?;
            if state.link.token_version != version {
                return Ok(());
            }
        }
        Err(SessionError::Unavailable(
            "another process is refreshing the token".to_owned(),
        ))
    }

    /// Reads the link anew.
    async fn adopt(&self, state: &mut State) -> Result<(), SessionError> {
        let link = self.app.links.get(&state.link.player).await?.link;
        let link = link
            .filter(|link| link.id == state.link.id)
            .ok_or(SessionError::Changed)?;
        if link.tokens.is_none() {
            return Err(SessionError::Dead);
        }
        if link.token_version != state.link.token_version {
            state.opened = None;
            state.refreshed = true;
        }
        state.link = link;
        Ok(())
    }
}
