//! Tells Prime Gaming what was delivered: each entitlement as its own request, several at once,
//! with the tokens of the Amazon account that it came from, even if another player is linked to it now.
//!
//! An earlier report may have been heard though its answer was lost. So what was reported before is
//! looked up first: what Amazon no longer asks for is `reported`.

use std::collections::HashMap;

use futures_util::FutureExt;

use crate::App;
use crate::amazon::{FulfillResult, Listing};
use crate::budget::Budget;
use crate::domain::{AmazonUserId, EntitlementId, InVain, Status, Timestamp, Verdict};
use crate::flow::fulfillment::lease::at_once;
use crate::flow::fulfillment::settle::{Outcome, Unfinished, settle};
use crate::flow::rows::about;
use crate::flow::session::{Session, SessionError};
use crate::flow::standing;
use crate::signals::event;
use crate::store::{Link, LinkState, Record, StoreError};

/// What Amazon listed for one account, and when it was asked.
#[derive(Debug)]
pub(in crate::flow) struct Lookup {
    pub(in crate::flow) listing: Listing,
    pub(in crate::flow) asked_at: Timestamp,
}

impl Lookup {
    pub(in crate::flow) fn verdict(&self, record: &Record) -> Verdict {
        let mut listing = self.listing.entitlements.iter();
        let listed = listing.find(|listed| listed.id == record.id);
        // An element that could not be read may be any entitlement, and a list that was asked for
        // before the delivery says nothing about it.
        let is_telling = self.listing.broken == 0 && self.asked_at > record.updated_at;
        Verdict::of(listed.map(|listed| &listed.instruction), is_telling)
    }
}

/// Asks Amazon what it still wants to hear of.
pub(in crate::flow) async fn look_up(
    app: &App,
    session: &Session<'_>,
) -> Result<Lookup, SessionError> {
    let asked_at = app.clock.now();
    let listing = session.entitlements().await?;
    Ok(Lookup { listing, asked_at })
}

/// Reports what `owner` has acquired, and settles each report. `own` is the session of the player that
/// the request is for, if there is one, and `lookup` is what Amazon has just listed for it. Gives the
/// status of each afterwards.
pub(in crate::flow) async fn report_all(
    app: &App,
    budget: Budget,
    own: Option<&Session<'_>>,
    lookup: Option<&Lookup>,
    owner: &str,
    taken: Vec<Record>,
) -> HashMap<EntitlementId, Status> {
    let own_account = match own {
        Some(own) => Some(own.link().await.amazon_user_id),
        None => None,
    };
    let mut by_account: HashMap<AmazonUserId, Vec<Record>> = HashMap::new();
    for record in taken {
        by_account
            .entry(record.amazon_user_id.clone())
            .or_default()
            .push(record);
    }
    // One account that is slow or dead does not hold the others up.
    let accounts: Vec<_> = by_account
        .into_iter()
        .map(|(account, records)| {
            let own = own.filter(|_| own_account.as_ref() == Some(&account));
            async move {
                match own {
                    Some(own) => report_account(app, own, lookup, owner, records).await,
                    None => report_elsewhere(app, budget, &account, owner, records).await,
                }
            }
            .boxed_local()
        })
        .collect();
    at_once(accounts).await.into_iter().flatten().collect()
}

/// The status of each entitlement afterwards.
type Statuses = Vec<(EntitlementId, Status)>;

/// With the link that the account has now, even if it is another player's, or else with the account's
/// remnant.
async fn report_elsewhere(
    app: &App,
    budget: Budget,
    account: &AmazonUserId,
    owner: &str,
    records: Vec<Record>,
) -> Statuses {
    let why = match speaker(app, account).await {
        Ok(Some(link)) => {
            let session = Session::new(app, budget, link);
            return report_account(app, &session, None, owner, records).await;
        }
        Ok(None) => Unfinished::Hopeless(None),
        Err(error) => {
            tracing::warn!(event = event::LINK_NOT_READ, %error);
            Unfinished::Failed {
                cause: "the database did not answer".to_owned(),
                not_before: None,
            }
        }
    };
    leave_all(app, owner, records, &why).await
}

/// The link of this account, or else its remnant, even if its tokens are dead.
pub(in crate::flow) async fn speaker(
    app: &App,
    account: &AmazonUserId,
) -> Result<Option<Link>, StoreError> {
    match app.links.of_amazon_account(account).await? {
        Some(link) => Ok(Some(link)),
        None => {
            let now = app.clock.now();
            let remnant = app.links.remnant(account).await?;
            Ok(remnant.and_then(|remnant| remnant.usable(now)))
        }
    }
}

/// Why reports of this link are not worth a try now.
pub(in crate::flow) fn in_vain(app: &App, link: &Link, now: Timestamp) -> Option<InVain> {
    let is_refused = link.state == LinkState::RelinkRequired;
    let refused_until = link.next_check_at.filter(|_| is_refused);
    let is_ours = standing::is_ours(app, link);
    InVain::of(link.tokens.is_some(), is_ours, refused_until, now)
}

async fn report_account(
    app: &App,
    session: &Session<'_>,
    lookup: Option<&Lookup>,
    owner: &str,
    records: Vec<Record>,
) -> Statuses {
    // A check has taken the right to try a refused link before it comes here, and has a lookup.
    if lookup.is_none() {
        let link = session.link().await;
        let why = match in_vain(app, &link, app.clock.now()) {
            None => None,
            Some(InVain::Dead) => Some(Unfinished::Hopeless(Some(Box::new(link)))),
            Some(InVain::Until(until)) => Some(Unfinished::Refused(Some(until))),
        };
        if let Some(why) = why {
            return leave_all(app, owner, records, &why).await;
        }
    }
    let own_lookup;
    let lookup = match lookup {
        Some(lookup) => Ok(Some(lookup)),
        None if records.iter().any(was_reported) => {
            own_lookup = look_up(app, session).await;
            match &own_lookup {
                Ok(lookup) => Ok(Some(lookup)),
                Err(error) => Err(unfinished(session, error).await),
            }
        }
        None => Ok(None),
    };
    let reports: Vec<_> = records
        .into_iter()
        .map(|record| {
            let decided = decided(&record, lookup.as_ref().copied());
            async move {
                let outcome = match decided {
                    Some(outcome) => outcome,
                    None => report_one(session, &record).await,
                };
                let status = settle(app, owner, &record, &outcome).await;
                (record.id, status)
            }
        })
        .collect();
    at_once(reports).await
}

fn was_reported(record: &Record) -> bool {
    // Acquiring it has counted as a try.
    record.attempts > 1
}

/// What becomes of a report without a call; `None`: Amazon has to be told. `lookup` is what Amazon
/// listed, if it was asked, or why it could not be asked.
fn decided(record: &Record, lookup: Result<Option<&Lookup>, &Unfinished>) -> Option<Outcome> {
    if !was_reported(record) {
        return None;
    }
    match lookup {
        Err(why) => Some(Outcome::Unfinished(why.clone())),
        Ok(lookup) => match lookup?.verdict(record) {
            Verdict::Wanted => None,
            Verdict::Heard => Some(Outcome::Reported),
            Verdict::Unclear => Some(Outcome::Unfinished(Unfinished::Unclear)),
        },
    }
}

async fn report_one(session: &Session<'_>, record: &Record) -> Outcome {
    match session.fulfill(record).await {
        Ok(FulfillResult::Success) => Outcome::Reported,
        Ok(FulfillResult::NotReported(result)) => Outcome::Unfinished(Unfinished::Failed {
            cause: format!("Prime Gaming answered {result:?}"),
            not_before: None,
        }),
        Err(error) => Outcome::Unfinished(unfinished(session, &error).await),
    }
}

/// Settles all of them with the same outcome.
async fn leave_all(app: &App, owner: &str, records: Vec<Record>, why: &Unfinished) -> Statuses {
    let outcome = &Outcome::Unfinished(why.clone());
    let all: Vec<_> = records
        .into_iter()
        .map(|record| async move {
            let status = settle(app, owner, &record, outcome).await;
            (record.id, status)
        })
        .collect();
    at_once(all).await
}

/// Why an error of a link's session leaves its reports unfinished.
async fn unfinished(session: &Session<'_>, error: &SessionError) -> Unfinished {
    let link = session.link().await;
    match error {
        SessionError::Dead => Unfinished::Hopeless(Some(Box::new(link))),
        SessionError::Changed | SessionError::NotNow(_) | SessionError::NoTimeLeft(_) => {
            Unfinished::Waiting {
                cause: error.to_string(),
                not_before: link.retry_at,
            }
        }
        SessionError::Refused => Unfinished::Refused(link.next_check_at),
        SessionError::Unavailable(_) | SessionError::Store(_) => Unfinished::Failed {
            cause: error.to_string(),
            not_before: link.retry_at,
        },
    }
}

/// Reports once more what is `reported` already. The records stay as they are, whatever Prime Gaming
/// answers.
pub(in crate::flow) async fn report_again(session: &Session<'_>, forgotten: Vec<Record>) {
    for record in forgotten {
        let told = session.fulfill(&record).await;
        let (player_id, entitlement_id, sku) = about(&record);
        tracing::warn!(event = event::REPORTED_AGAIN, %player_id, %entitlement_id, sku, ?told);
    }
}
