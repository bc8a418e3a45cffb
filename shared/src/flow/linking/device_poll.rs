//! A console or TV asks how its session stands.
//!
//! Amazon is asked at most once per interval, however often the game asks: a poll is a lease, which a
//! conditional write acquires before the call. Tokens that Amazon gives are stored with the session
//! before anything else happens. So an outage or a crash after that costs one more poll, and not the
//! link.

use std::time::Duration;

use super::establish::{Accepted, Candidate, NotMade, accept, has_time, log_outcome, make_link};
use crate::App;
use crate::amazon::{PollError, TokenError};
use crate::budget::{Budget, LEASE};
use crate::domain::{DeviceStatus, LinkFailure, PlayerId, Timestamp, random_token, slowed_down};
use crate::flow::entitlements::first_check;
use crate::flow::tokens::{OpenCodes, OpenTokens, open_codes, open_tokens, seal_tokens};
use crate::seal::OpenError;
use crate::signals::event;
use crate::store::{Claimed, Device, HeldTokens, LinkOrigin, StoreError};

/// How often storing new tokens is tried. After that they are used without being stored.
const STORE_TRIES: u32 = 3;

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceResult {
    /// Pending, or how it ended.
    pub status: DeviceStatus,
    /// How long to wait before the next poll.
    pub interval: Duration,
}

impl DeviceResult {
    fn stored(device: &Device, now: Timestamp) -> Self {
        Self {
            status: device.status_at(now),
            interval: device.interval,
        }
    }
}

/// The status of this player's session with this id; `None`: there is none. Asks Amazon if the session
/// is pending and the interval has passed.
///
/// # Errors
/// See [`StoreError`]; only before Amazon was asked.
pub async fn poll_device(
    app: &App,
    budget: Budget,
    player: &PlayerId,
    id: &str,
) -> Result<Option<DeviceResult>, StoreError> {
    let now = app.clock.now();
    let device = app.links.device(id, now).await?;
    let Some(device) = device.filter(|device| device.player == *player) else {
        return Ok(None);
    };
    if !device.may_poll(now) {
        return Ok(Some(DeviceResult::stored(&device, now)));
    }
    let owner = random_token();
    let until = now + LEASE;
    let device = match app.links.acquire_poll(&device, &owner, now, until).await? {
        Claimed::Ours(device) => device,
        Claimed::Theirs(device) => return Ok(Some(DeviceResult::stored(&device, now))),
    };
    let poll = Poll {
        app,
        budget,
        device: &device,
        owner: &owner,
    };
    let result = poll.run().await;
    if result.status == DeviceStatus::Linked {
        first_check::in_request(app, budget, player).await;
    }
    Ok(Some(result))
}

/// How one poll ends.
enum Step {
    /// There is a link, and the session has ended with it.
    Linked,
    /// There will be no link, and the session ends with this status.
    End(DeviceStatus),
    /// Poll again at this interval, but not before this pause is over.
    Again { interval: Duration, pause: Duration },
}

/// A poll that this request has acquired.
struct Poll<'a> {
    app: &'a App,
    budget: Budget,
    device: &'a Device,
    owner: &'a str,
}

impl Poll<'_> {
    async fn run(&self) -> DeviceResult {
        let Self { app, device, .. } = self;
        let step = match &device.held {
            Some(held) => self.resume(held).await,
            None => self.ask().await,
        };
        let (status, interval) = match step {
            Step::Linked => (DeviceStatus::Linked, device.interval),
            Step::End(status) => (self.end(status).await, device.interval),
            Step::Again { interval, pause } => {
                // Counted from now, and not from the start of the poll: Amazon counts from its answer.
                let next = app.clock.now() + pause;
                let released = app.links.release_poll(device, self.owner, interval, next);
                if let Err(error) = released.await {
                    // The lease runs out by itself.
                    tracing::warn!(event = event::DEVICE_POLL_NOT_STORED, %error);
                }
                (DeviceStatus::Pending, interval)
            }
        };
        match (status, status.failure()) {
            (DeviceStatus::Linked, _) => log_outcome(&device.player, Ok(())),
            (_, Some(failure)) => log_outcome(&device.player, Err(failure)),
            (_, None) => {}
        }
        DeviceResult { status, interval }
    }

    /// The same pace as before.
    fn again(&self) -> Step {
        self.again_after(None)
    }

    fn again_after(&self, wait: Option<Duration>) -> Step {
        let interval = self.device.interval;
        Step::Again {
            interval,
            pause: interval.max(wait.unwrap_or_default()),
        }
    }

    async fn ask(&self) -> Step {
        let Self { app, device, .. } = self;
        let codes = match self.codes().await {
            Ok(codes) => codes,
            Err(error) => {
                tracing::error!(event = event::PAIR_UNREADABLE, player_id = %device.player, %error);
                return Step::End(DeviceStatus::Failed(LinkFailure::Internal));
            }
        };
        if has_time(self.budget).is_err() {
            return self.again();
        }
        let now = app.clock.now();
        let error = match app.lwa.poll(&codes.device, &codes.user, now).await {
            Ok(tokens) => {
                return match accept(app, tokens) {
                    Ok(accepted) => self.hold(accepted).await,
                    Err(failure) => Step::End(DeviceStatus::Failed(failure)),
                };
            }
            Err(error) => error,
        };
        match error {
            PollError::Pending => self.again(),
            PollError::SlowDown => {
                let interval = slowed_down(device.interval);
                Step::Again {
                    interval,
                    pause: interval,
                }
            }
            PollError::Denied => Step::End(DeviceStatus::Denied),
            PollError::Over => Step::End(DeviceStatus::Expired),
            PollError::Token(error) => {
                tracing::warn!(event = event::DEVICE_POLL_FAILED, player_id = %device.player, %error);
                match error {
                    // Amazon may have handled it: the next poll finds out.
                    TokenError::Unavailable(unavailable) => {
                        self.again_after(unavailable.retry_after)
                    }
                    TokenError::InvalidGrant => Step::End(DeviceStatus::Expired),
                    TokenError::InvalidClient | TokenError::Rejected { .. } => {
                        Step::End(DeviceStatus::Failed(LinkFailure::Internal))
                    }
                }
            }
        }
    }

    async fn codes(&self) -> Result<OpenCodes, OpenError> {
        let sealed = self.device.pair.as_ref().ok_or(OpenError::Broken)?;
        open_codes(self.app, &self.device.player, sealed).await
    }

    /// The code pair is used up, and these tokens exist nowhere else.
    async fn hold(&self, accepted: Accepted) -> Step {
        let Self { app, device, .. } = self;
        let held = HeldTokens {
            sealed: seal_tokens(app, &device.player, &accepted.tokens),
            access_expires_at: accepted.access_expires_at,
        };
        for attempt in 1..=STORE_TRIES {
            match app.links.hold_tokens(device, self.owner, &held).await {
                Ok(_) => break,
                Err(error) => tracing::error!(event = event::TOKENS_NOT_STORED, attempt, %error),
            }
        }
        self.make(&accepted.tokens, &held).await
    }

    /// An earlier poll got tokens and did not finish.
    async fn resume(&self, held: &HeldTokens) -> Step {
        let Self { app, device, .. } = self;
        if held.access_expires_at <= app.clock.now() {
            // They expired before Amazon said which account they belong to.
            return Step::End(DeviceStatus::Failed(LinkFailure::AmazonUnavailable));
        }
        match open_tokens(app, &device.player, &held.sealed).await {
            Ok(tokens) => self.make(&tokens, held).await,
            Err(error) => {
                tracing::error!(event = event::TOKENS_UNREADABLE, player_id = %device.player, %error);
                Step::End(DeviceStatus::Failed(LinkFailure::Internal))
            }
        }
    }

    async fn make(&self, tokens: &OpenTokens, held: &HeldTokens) -> Step {
        let Self { app, device, .. } = self;
        let candidate = Candidate {
            player: &device.player,
            client_id: &device.client_id,
            access: &tokens.access,
            sealed: &held.sealed,
            access_expires_at: held.access_expires_at,
        };
        let origin = LinkOrigin::Device {
            device,
            owner: self.owner,
        };
        match make_link(app, self.budget, &candidate, origin).await {
            Ok(()) => Step::Linked,
            Err(NotMade::Final(failure)) => Step::End(DeviceStatus::Failed(failure)),
            Err(NotMade::Passing(_)) => self.again(),
        }
    }

    /// Ends the session. A session that has ended already keeps its status.
    async fn end(&self, status: DeviceStatus) -> DeviceStatus {
        let links = &self.app.links;
        match links.end_device(self.device, self.owner, status).await {
            Ok(status) => status,
            Err(error) => {
                tracing::warn!(event = event::LINK_ENDING_NOT_STORED, %error);
                status
            }
        }
    }
}
