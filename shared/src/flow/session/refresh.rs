//! Keeping the tokens of a link fresh, in one process at a time.
//!
//! ```text
//! version 1 ──lease──▶ asked Amazon ──▶ version 2 stored     the winner, also a late one
//!     │                     └──invalid_grant──▶ kept aside    only if still version 1
//!     └── lease taken by another: wait a little for version 2
//! ```
//!
//! Tokens that were kept aside are tried again the same way, once a second look is due: after an
//! hour, then daily for 7 days.
//!
//! `token_version` is a fencing token: a process whose lease has run out can't overwrite newer tokens.
//!
//! A crash between Amazon's answer and our write loses the new tokens. The lease then runs out, and the
//! next holder tries the stored refresh token again. If Amazon kept it valid, nothing is lost.
//! Otherwise the player has to link again.

use secrecy::SecretString;

use super::{Session, SessionError, State};
use crate::amazon::{TokenError, Tokens};
use crate::budget::{
    DEAD_TOKENS_LIFE, EXPIRY_MARGIN, FURTHER_LOOKS, LEASE, REFRESH_WATCH_PAUSE,
    REFRESH_WATCH_TRIES, SECOND_LOOK,
};
use crate::domain::{Timestamp, random_token};
use crate::flow::tokens::{OpenTokens, open_tokens, seal_tokens};
use crate::seal::Sealed;
use crate::secrets::SecretValues;
use crate::signals::event;
use crate::store::{Claimed, DeadTokens, Link, LinkState, TokenRow, WriteOutcome};

/// How often storing new tokens is tried. After that they are used without being stored.
const STORE_TRIES: u32 = 3;

/// What became of new tokens.
enum Storing {
    /// The database has them.
    Stored,
    /// They came too late: what the database has is newer.
    Overtaken,
    /// The database did not take them.
    Failed,
}

impl Session<'_> {
    /// An access token with time left on it, and its version.
    pub(super) async fn access_token(&self) -> Result<(SecretString, u64), SessionError> {
        let mut state = self.state.lock().await;
        if !self.app.config.lwa.is_ours(&state.link.client_id) {
            return Err(SessionError::NotNow(
                "the tokens were issued to another LWA client",
            ));
        }
        let expires_at = state.link.access_expires_at;
        let is_dead = state.link.tokens.is_none();
        if is_dead || expires_at <= self.app.clock.now() + EXPIRY_MARGIN {
            self.refresh(&mut state).await?;
        }
        let tokens = self.opened(&mut state).await?;
        Ok((tokens.access, state.link.token_version))
    }

    /// Tries tokens again that Amazon called `invalid_grant`, if that is due. Gives whether the new
    /// tokens are stored: if they are not, the look is still due.
    pub(in crate::flow) async fn look_again(&self) -> Result<bool, SessionError> {
        self.access_token().await?;
        Ok(!self.state.lock().await.has_unstored)
    }

    /// An access token newer than `version`, which was refused.
    pub(super) async fn token_after(&self, version: u64) -> Result<SecretString, SessionError> {
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
        let now = self.app.clock.now();
        let sealed = state.link.usable_tokens(now).ok_or(SessionError::Dead)?;
        let tokens = open_tokens(self.app, &state.link.player, sealed).await.map_err(|error| {
            tracing::error!(event = event::TOKENS_UNREADABLE, player_id = %state.link.player, %error);
            SessionError::Unavailable(error.into())
        })?;
        state.opened = Some(tokens.clone());
        Ok(tokens)
    }

    async fn refresh(&self, state: &mut State) -> Result<(), SessionError> {
        let rests = |now| state.link.retry_at.is_some_and(|at| at > now);
        if rests(self.app.clock.now()) {
            return Err(SessionError::NotNow("Amazon asked for rest"));
        }
        let old = self.opened(state).await?;
        self.has_time()?;
        let owner = random_token();
        let now = self.app.clock.now();
        let until = now + LEASE;
        let links = &self.app.links;
        let lease = links.acquire_refresh(&state.link, &owner, now, until);
        if let Claimed::Theirs(()) = lease.await? {
            return self.await_winner(state).await;
        }
        // Once more, because acquiring the lease may have taken long, and a call is always awaited.
        self.has_time()?;
        match self.exchange(&state.link, &old).await {
            Ok(tokens) => self.store(state, &old, tokens).await,
            Err(TokenError::InvalidGrant) => {
                if self.keep_aside(&mut state.link, &owner).await? {
                    return Err(SessionError::Dead);
                }
                // An earlier holder, whose lease had run out, has stored newer ones: those count.
                self.adopt(state).await
            }
            Err(error) => {
                tracing::warn!(event = event::REFRESH_FAILED, player_id = %state.link.player, %error);
                match &error {
                    // Amazon may have handled it. The lease stays, so that no process asks before it ends.
                    TokenError::Unavailable(unavailable) => {
                        self.rest(&mut state.link, unavailable.retry_after).await;
                    }
                    // Amazon refused before it looked at the token: the lease has no use any more.
                    _ => self.app.links.release_refresh(&state.link, &owner).await?,
                }
                Err(SessionError::Unavailable(error.into()))
            }
        }
    }

    /// Amazon said `invalid_grant` to the tokens of `link`, for which `owner` has the lease. Keeps them
    /// for a second look, or for the next one. `false`: the stored tokens are newer ones.
    async fn keep_aside(&self, link: &mut Link, owner: &str) -> Result<bool, SessionError> {
        let Self { app, .. } = self;
        let (now, player_id) = (app.clock.now(), link.player.clone());
        let (is_kept, dead) = match (&link.tokens, &link.dead) {
            (Some(tokens), _) => {
                let dead = DeadTokens {
                    sealed: tokens.clone(),
                    next_look_at: now + SECOND_LOOK,
                    until: now + DEAD_TOKENS_LIFE,
                };
                let marked = app.links.mark_dead(&app.fulfillments, link, &dead);
                let is_kept = marked.await?.is_done();
                if is_kept {
                    tracing::warn!(event = event::LINK_DEAD, %player_id);
                }
                (is_kept, dead)
            }
            (None, Some(dead)) => {
                let dead = DeadTokens {
                    next_look_at: (now + FURTHER_LOOKS).min(dead.until),
                    ..dead.clone()
                };
                let next = dead.next_look_at;
                let still = app.links.still_dead(link, owner, next).await?;
                (still.is_done(), dead)
            }
            (None, None) => return Ok(false),
        };
        if is_kept {
            link.state = LinkState::RelinkRequired;
            link.tokens = None;
            link.dead = Some(dead);
        }
        Ok(is_kept)
    }

    /// Amazon decides `invalid_client` before it looks at the token. So a second try with a rotated
    /// secret does not use the token twice.
    async fn exchange(&self, link: &Link, old: &OpenTokens) -> Result<Tokens, TokenError> {
        let (secrets, clock) = (&self.app.secrets, &self.app.clock);
        let used = secrets.current();
        let answer = self.ask_for_tokens(link, old, &used).await;
        let is_wrong_secret = matches!(answer, Err(TokenError::InvalidClient));
        if is_wrong_secret
            && secrets.is_newer_than(&used, clock.now()).await
            && self.has_time().is_ok()
        {
            return self.ask_for_tokens(link, old, &secrets.current()).await;
        }
        answer
    }

    async fn ask_for_tokens(
        &self,
        link: &Link,
        old: &OpenTokens,
        secrets: &SecretValues,
    ) -> Result<Tokens, TokenError> {
        let app = self.app;
        let secret = secrets.secret_for(&link.client_id, &app.config.lwa);
        app.lwa
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
            // If Amazon sends no new refresh token, the old one stays valid.
            refresh: new.refresh_token.unwrap_or_else(|| old.refresh.clone()),
        };
        let sealed = seal_tokens(self.app, &state.link.player, &tokens);
        let expires_at = self.app.clock.now() + new.expires_in;
        match self.try_to_store(&state.link, &sealed, expires_at).await {
            Storing::Stored => {}
            // These tokens are all that is left of the link, so this request uses them.
            Storing::Failed => state.has_unstored = true,
            Storing::Overtaken => return self.adopt(state).await,
        }
        if state.link.tokens.is_none() {
            state.link.state = LinkState::Linked;
            state.link.dead = None;
        }
        state.link.tokens = Some(sealed);
        state.link.token_version += 1;
        state.link.access_expires_at = expires_at;
        state.opened = Some(tokens);
        state.refreshed = true;
        Ok(())
    }

    async fn try_to_store(&self, link: &Link, sealed: &Sealed, expires_at: Timestamp) -> Storing {
        let Self { app, .. } = self;
        for attempt in 1..=STORE_TRIES {
            let now = app.clock.now();
            let stored = app
                .links
                .store_tokens(&app.fulfillments, link, sealed, expires_at, now);
            match stored.await {
                Ok(WriteOutcome::Done) => {
                    if link.tokens.is_none() {
                        tracing::info!(event = event::LINK_REVIVED, player_id = %link.player);
                    }
                    return Storing::Stored;
                }
                Ok(WriteOutcome::Changed) => return Storing::Overtaken,
                Err(error) => {
                    tracing::error!(event = event::TOKENS_NOT_STORED, attempt, %error);
                }
            }
        }
        Storing::Failed
    }

    async fn await_winner(&self, state: &mut State) -> Result<(), SessionError> {
        let version = state.link.token_version;
        for _ in 0..REFRESH_WATCH_TRIES {
            self.has_time()?;
            tokio::time::sleep(REFRESH_WATCH_PAUSE).await;
            self.adopt(state).await?;
            if state.link.token_version != version {
                return Ok(());
            }
        }
        Err(SessionError::NotNow(
            "another process is refreshing the token",
        ))
    }

    /// Reads the link anew.
    async fn adopt(&self, state: &mut State) -> Result<(), SessionError> {
        let app = self.app;
        let link = match state.link.token_row {
            TokenRow::Player => app.links.get(&state.link.player).await?.link,
            TokenRow::Remnant => {
                let remnant = app.links.remnant(&state.link.amazon_user_id).await?;
                remnant.map(|remnant| remnant.link)
            }
        };
        let link = link
            .filter(|link| link.id == state.link.id)
            .ok_or(SessionError::Changed)?;
        if link.tokens.is_none() {
            state.link = link;
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
