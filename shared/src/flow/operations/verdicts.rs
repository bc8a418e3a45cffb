//! Reads what a verdict depends on, and puts it into words.

use std::collections::{HashMap, HashSet};

use super::sentences::Sentences;
use crate::App;
use crate::api::{HelpfulCommand, MissingOffer, Verdict};
use crate::domain::{
    AmazonUserId, EntitlementId, Facts, Help, HoldReason, Judgement, LinkFacts, LinkStatus,
    OfferFacts, PlayerId, SecondLook, Sku, Status, Timestamp,
};
use crate::flow::fulfillment::lease::at_once;
use crate::flow::fulfillment::report::speaker;
use crate::flow::rows::{offer_sku, unless_corrupt};
use crate::flow::standing;
use crate::store::{FoundOffers, Link, LinkState, PlayerRow, Record, StoreError, TokenRow};

/// What the verdicts about some entitlements of one player depend on, beside the records.
pub(super) struct Context {
    now: Timestamp,
    /// When Amazon was last asked for the player.
    checked_at: Option<Timestamp>,
    /// The player's own link.
    own: Looked,
    /// For each account that something delivered came from: its link, or else its remnant.
    speakers: HashMap<AmazonUserId, Looked>,
    /// The offers that something waits for: one batch for all.
    offers: FoundOffers,
    /// For an entitlement that this player may not have: the player who was handed it, and could still
    /// give it.
    owners: HashMap<EntitlementId, PlayerId>,
    /// Rows of it that can't be read.
    pub(super) unreadable: Vec<StoreError>,
}

/// What a look for a link has found.
enum Looked {
    Found(Box<Link>),
    Nothing,
    /// A row on the way to it can't be read.
    Unreadable,
}

impl Looked {
    fn of(read: Option<Option<Link>>) -> Self {
        match read {
            Some(Some(link)) => Self::Found(Box::new(link)),
            Some(None) => Self::Nothing,
            None => Self::Unreadable,
        }
    }

    fn link(&self) -> Option<&Link> {
        match self {
            Self::Found(link) => Some(link),
            Self::Nothing | Self::Unreadable => None,
        }
    }
}

impl Context {
    /// Reads all of it, and nothing twice. `row` is the player's; `None`: it can't be read.
    pub(super) async fn read(
        app: &App,
        row: Option<&PlayerRow>,
        records: &[&Record],
    ) -> Result<Self, StoreError> {
        let now = app.clock.now();
        let own = row.and_then(|row| row.link.as_ref());
        let mut unreadable = Vec::new();
        let mut speakers = HashMap::new();
        for record in records {
            let account = &record.amazon_user_id;
            if record.status == Status::Delivered && !speakers.contains_key(account) {
                let looked = match own.filter(|link| link.amazon_user_id == *account) {
                    Some(link) => Looked::Found(Box::new(link.clone())),
                    None => {
                        let found = speaker(app, account).await;
                        Looked::of(unless_corrupt(found, &mut unreadable)?)
                    }
                };
                speakers.insert(account.clone(), looked);
            }
        }
        let skus: HashSet<Sku> = records
            .iter()
            .filter(|record| waits_for_offer(record))
            .filter_map(|record| offer_sku(record))
            .collect();
        let offers = if skus.is_empty() {
            FoundOffers::default()
        } else {
            let skus: Vec<_> = skus.iter().collect();
            app.offers.stored().get(&skus).await?
        };
        let others = records
            .iter()
            // What has content was this player's, until an operator moved it away.
            .filter(|it| it.reason == Some(HoldReason::OtherPlayer) && it.content.is_none())
            .map(|record| giver(app, record, now));
        let mut owners = HashMap::new();
        for giver in at_once(others.collect::<Vec<_>>()).await {
            owners.extend(unless_corrupt(giver, &mut unreadable)?.flatten());
        }
        Ok(Self {
            now,
            checked_at: own.and_then(|link| link.checked_at),
            own: Looked::of(row.map(|row| row.link.clone())),
            speakers,
            offers,
            owners,
            unreadable,
        })
    }

    fn offer(&self, record: &Record) -> OfferFacts {
        match offer_sku(record) {
            None => OfferFacts::NoSku,
            Some(sku) => match self.offers.offers.get(&sku) {
                Some(offer) if offer.paused => OfferFacts::Paused,
                Some(_) => OfferFacts::There,
                None if self.offers.unreadable.contains_key(&sku) => OfferFacts::There,
                None => OfferFacts::Missing,
            },
        }
    }

    /// What the look for the link that its next step needs has found.
    fn looked(&self, record: &Record) -> &Looked {
        match record.status {
            Status::Delivered => {
                let speaker = self.speakers.get(&record.amazon_user_id);
                speaker.unwrap_or(&Looked::Nothing)
            }
            _ => &self.own,
        }
    }

    /// The link that its next step needs.
    fn link(&self, record: &Record) -> Option<&Link> {
        let link = self.looked(record).link();
        link.filter(|link| link.amazon_user_id == record.amazon_user_id)
    }
}

/// The verdict about one of the records that the context was read for.
pub(super) fn verdict(
    app: &App,
    context: &Context,
    sentences: &Sentences,
    record: &Record,
) -> Verdict {
    let link = context.link(record);
    let finding = Facts {
        status: record.status,
        reason: record.reason,
        updated_at: record.updated_at,
        handed_out_at: record.handed_out_at,
        handed_out_again_at: record.handed_out_again_at,
        reported_at: record.reported_at,
        attention_at: record.attention_at,
        unclear_since: record.unclear_since,
        attempts: record.attempts,
        failing: record.failing,
        last_cause: record.last_cause.as_deref(),
        work: &record.work,
        link: link.map(|link| link_facts(app, link)),
        has_unreadable_link: matches!(context.looked(record), Looked::Unreadable),
        checked_at: context.checked_at,
        offer: context.offer(record),
        can_move_here: context.owners.contains_key(&record.id),
        by_webhook: app.webhook.is_some(),
        is_on_hold: standing::is_on_hold(app),
        now: context.now,
    }
    .finding();
    let Judgement {
        code,
        since,
        next_try_at,
        help,
    } = finding;
    let has_it = matches!(record.status, Status::Delivered | Status::Reported);
    Verdict {
        turn: code.turn(),
        code,
        since,
        next_try_at,
        say: sentences.say(code, has_it),
        help: help.and_then(|help| filled_in(context, record, help)),
    }
}

fn filled_in(context: &Context, record: &Record, help: Help) -> Option<HelpfulCommand> {
    let (player_id, entitlement_id) = (record.player.clone(), record.id.clone());
    Some(match help {
        Help::Release => HelpfulCommand::Release {
            player_id,
            entitlement_id,
        },
        Help::Rereport => HelpfulCommand::Rereport {
            player_id,
            entitlement_id,
        },
        Help::Reassign => HelpfulCommand::Reassign {
            from_player_id: context.owners.get(&record.id)?.clone(),
            to_player_id: player_id,
            entitlement_id,
        },
        Help::Retry => HelpfulCommand::Retry {
            player_id: context.link(record)?.player.clone(),
        },
        Help::Resume => HelpfulCommand::Resume {
            sku: offer_sku(record)?,
        },
        Help::Put => HelpfulCommand::Put {
            offers: [MissingOffer {
                sku: offer_sku(record)?,
            }],
        },
    })
}

fn link_facts(app: &App, link: &Link) -> LinkFacts {
    LinkFacts {
        status: match link.state {
            LinkState::Linked => LinkStatus::Linked,
            LinkState::RelinkRequired => LinkStatus::RelinkRequired,
        },
        is_ours: standing::is_ours(app, link),
        has_tokens: link.tokens.is_some(),
        is_remnant: link.token_row == TokenRow::Remnant,
        second_look: link.dead.as_ref().map(|dead| SecondLook {
            at: dead.next_look_at,
            until: dead.until,
        }),
        retry_at: link.retry_at,
    }
}

/// Whether its next step depends on its offer.
fn waits_for_offer(record: &Record) -> bool {
    record.status == Status::Pending
        || matches!(
            record.reason,
            Some(HoldReason::UnknownOffer | HoldReason::OfferPaused)
        )
}

/// The player who was handed it, if `entitlement.reassign` would move it from there.
async fn giver(
    app: &App,
    record: &Record,
    now: Timestamp,
) -> Result<Option<(EntitlementId, PlayerId)>, StoreError> {
    let owner = app
        .fulfillments
        .holders_of(&record.id)
        .await?
        .whole()?
        .owner;
    let Some(owner) = owner.filter(|owner| *owner != record.player) else {
        return Ok(None);
    };
    let theirs = app.fulfillments.get(&owner, &record.id).await?;
    let can_give = theirs.is_some_and(|theirs| theirs.present(now).reassign().is_ok());
    Ok(can_give.then(|| (record.id.clone(), owner)))
}

#[cfg(test)]
mod tests {
    use crate::amazon::TokenError;
    use crate::domain::Fault;
    use crate::net::{NetError, Unavailable};
    use crate::seal::OpenError;
    use crate::store::{Cause, StoreError};

    #[test]
    fn the_cause_of_a_failed_report_tells_whose_fault_it_is() {
        let database = StoreError::Unavailable {
            operation: "GetItem",
            source: Cause::TimedOut,
        };
        let row = StoreError::Corrupt {
            table: "t".to_owned(),
            key: "k".to_owned(),
            field: "f",
        };
        let contended = StoreError::Contended { what: "a row" };
        let rejected = TokenError::Rejected {
            error: "unauthorized_client".to_owned(),
        };
        let silence = || Unavailable::from(NetError::Timeout);
        let no_key = OpenError::UnknownKey("k1".to_owned());
        for (cause, fault) in [
            (TokenError::InvalidClient.to_string(), Fault::Ours),
            (rejected.to_string(), Fault::Refused),
            (silence().to_string(), Fault::Silent),
            (TokenError::from(silence()).to_string(), Fault::Silent),
            ("status 503".to_owned(), Fault::Silent),
            (database.to_string(), Fault::Ours),
            (row.to_string(), Fault::Ours),
            (contended.to_string(), Fault::Ours),
            (no_key.to_string(), Fault::Ours),
            (OpenError::Broken.to_string(), Fault::Ours),
        ] {
            assert_eq!(Fault::of(&cause), fault, "{cause}");
        }
    }
}
