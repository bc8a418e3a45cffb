//! Tells Prime Gaming what was delivered: each entitlement as its own request, several at once,
//! with the tokens of the Amazon account that it came from, whoever is linked now.
//!
//! An earlier report may have been heard though its answer was lost, so whatever was reported
//! before is looked up first: what Amazon no longer asks for is `reported`.

use std::collections::HashMap;

use futures_util::FutureExt;

use crate::App;
use crate::amazon::{FulfillResult, Instruction, Listing};
use crate::budget::{Budget, FOREIGN_PAUSE};
use crate::domain::{AmazonUserId, EntitlementId, Status, Timestamp};
use crate::flow::fulfillment::lease::{Unfinished, at_once, give_all_back, give_back};
use crate::flow::session::{Session, SessionError};
use crate::flow::standing;
use crate::store::{Link, LinkState, Record, StoreError};

/// What Amazon listed for one account, and when it was asked.
#[derive(Debug)]
pub(in crate::flow) struct Lookup {
    pub(in crate::flow) listing: Listing,
    pub(in crate::flow) asked_at: Timestamp,
}

/// What a lookup says about a report that was tried before.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::flow) enum Verdict {
    /// Amazon asks for it: report it (again).
    Wanted,
    /// Amazon does not ask for it any more: it was heard.
    Heard,
    /// Amazon says a word that we do not know: leave it alone.
    Unclear,
}

impl Lookup {
    pub(in crate::flow) fn verdict(&self, record: &Record) -> Verdict {
        let listed = self
            .listing
            .entitlements
            .iter()
            .find(|listed| listed.id == record.id);
        match listed.map(|listed| &listed.instruction) {
            Some(Instruction::Fulfill) => Verdict::Wanted,
            Some(Instruction::Unknown(_)) => Verdict::Unclear,
            Some(Instruction::Noop) => Verdict::Heard,
            // An element that could not be read may be any entitlement, and a list that was asked
            // for before the delivery says nothing about it.
            None if self.listing.broken > 0 || self.asked_at <= record.updated_at => {
                Verdict::Wanted
            }
            None => Verdict::Heard,
        }
    }
}

/// What became of reports: the status of each entitlement afterwards.
type Statuses = Vec<(EntitlementId, Status)>;

/// Reports what `owner` has taken. `own` is the session of the player who asks, if there is one,
/// and `lookup` what Amazon has just listed for it. Gives the status of each afterwards.
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

/// With whatever speaks for that account now: its link, whoever's it is, or else its remnant.
async fn report_elsewhere(
    app: &App,
    budget: Budget,
    account: &AmazonUserId,
    owner: &str,
    records: Vec<Record>,
) -> Statuses {
    match speaker(app, account).await {
        Ok(Some(link)) => {
            let session = Session::new(app, budget, link);
            report_account(app, &session, None, owner, records).await
        }
        Ok(None) => give_all_back(app, owner, records, &Unfinished::Hopeless(None)).await,
        Err(error) => {
            tracing::warn!(event = "link_not_read", %error);
            let why = Unfinished::Failed {
                cause: "the database did not answer".to_owned(),
                not_before: None,
            };
            give_all_back(app, owner, records, &why).await
        }
    }
}

/// The link that speaks for this account now, also if its tokens are dead.
pub(in crate::flow) async fn speaker(
    app: &App,
    account: &AmazonUserId,
) -> Result<Option<Link>, StoreError> {
    match app.links.of_amazon_account(account).await? {
        Some(link) => Ok(Some(link)),
        None => {
            let now = app.clock.now();
            let remnant = app.links.remnant(account).await?;
            Ok(remnant
                .filter(|remnant| remnant.expires_at > now)
                .map(|remnant| remnant.link))
        }
    }
}

/// Why reports of this link are not worth a try now.
pub(in crate::flow) fn in_vain(app: &App, link: &Link, now: Timestamp) -> Option<Unfinished> {
    if link.tokens.is_none() {
        return Some(Unfinished::Hopeless(Some(Box::new(link.clone()))));
    }
    if !standing::is_ours(app, link) {
        return Some(Unfinished::Refused(Some(now + FOREIGN_PAUSE)));
    }
    // Prime Gaming refused it lately: it is left alone until its next try.
    let rests =
        link.state == LinkState::RelinkRequired && link.next_check_at.is_some_and(|at| at > now);
    rests.then_some(Unfinished::Refused(link.next_check_at))
}

async fn report_account(
    app: &App,
    session: &Session<'_>,
    lookup: Option<&Lookup>,
    owner: &str,
    records: Vec<Record>,
) -> Statuses {
    // A check has taken the right to try a refused link before it comes here, and has a lookup.
    if lookup.is_none()
        && let Some(why) = in_vain(app, &session.link().await, app.clock.now())
    {
        return give_all_back(app, owner, records, &why).await;
    }
    let (again, first): (Vec<_>, Vec<_>) =
        records.into_iter().partition(|record| record.attempts > 1);
    let mut done = Vec::new();
    let own_lookup;
    let lookup = match lookup {
        None if !again.is_empty() => {
            own_lookup = look_up(app, session).await;
            own_lookup.as_ref().map(Some)
        }
        lookup => Ok(lookup),
    };
    let mut wanted = first;
    match lookup {
        Err(error) => {
            let why = unfinished(session, error).await;
            done.extend(give_all_back(app, owner, again, &why).await);
        }
        Ok(lookup) => {
            for record in again {
                match lookup.map_or(Verdict::Wanted, |lookup| lookup.verdict(&record)) {
                    Verdict::Wanted => wanted.push(record),
                    Verdict::Heard => {
                        let status = mark_reported(app, owner, &record).await;
                        done.push((record.id, status));
                    }
                    Verdict::Unclear => {
                        let status = give_back(app, owner, &record, &Unfinished::Unclear).await;
                        done.push((record.id, status));
                    }
                }
            }
        }
    }
    let reports: Vec<_> = wanted
        .into_iter()
        .map(|record| report_one(app, session, owner, record))
        .collect();
    done.extend(at_once(reports).await);
    done
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

async fn report_one(
    app: &App,
    session: &Session<'_>,
    owner: &str,
    record: Record,
) -> (EntitlementId, Status) {
    let why = match session.fulfill(&record).await {
        Ok(FulfillResult::Success) => {
            let status = mark_reported(app, owner, &record).await;
            return (record.id, status);
        }
        Ok(FulfillResult::NotReported(result)) => Unfinished::Failed {
            cause: format!("Prime Gaming answered {result:?}"),
            not_before: None,
        },
        Err(error) => unfinished(session, &error).await,
    };
    let status = give_back(app, owner, &record, &why).await;
    (record.id, status)
}

/// What an error of a link's session means for its reports.
async fn unfinished(session: &Session<'_>, error: &SessionError) -> Unfinished {
    let link = session.link().await;
    match error {
        SessionError::Dead => Unfinished::Hopeless(Some(Box::new(link))),
        SessionError::Changed | SessionError::NotNow(_) => Unfinished::Waiting {
            cause: error.to_string(),
            not_before: link.retry_at,
        },
        SessionError::Refused => Unfinished::Refused(link.next_check_at),
        SessionError::Unavailable(_) | SessionError::Store(_) => Unfinished::Failed {
            cause: error.to_string(),
            not_before: link.retry_at,
        },
    }
}

async fn mark_reported(app: &App, owner: &str, record: &Record) -> Status {
    let marked: Result<bool, StoreError> = app
        .fulfillments
        .mark_reported(record, owner, app.clock.now())
        .await;
    match marked {
        Ok(true) => {
            tracing::info!(
                event = "reported",
                player_id = %record.player, entitlement_id = %record.id
            );
            Status::Reported
        }
        // Amazon knows; whoever holds the record will find that out.
        Ok(false) => Status::Delivered,
        Err(error) => {
            tracing::warn!(event = "reported_not_stored", entitlement_id = %record.id, %error);
            Status::Delivered
        }
    }
}

/// Tells Prime Gaming once more about what is `reported` already. Whatever comes of it, the
/// record stays as it is.
pub(in crate::flow) async fn report_again(session: &Session<'_>, forgotten: Vec<Record>) {
    for record in forgotten {
        let told = session.fulfill(&record).await;
        tracing::warn!(
            event = "reported_again",
            player_id = %record.player, entitlement_id = %record.id, ?told
        );
    }
}
