//! `offers.correct`: corrects the content of entitlements that were never handed out.

use super::entitlements::about;
use super::offers::no_offer;
use super::{Answer, OperationError, Order, cursor, recall, remember, write};
use crate::App;
use crate::api::CorrectedOffer;
use crate::domain::{Correctable, Correction, Offer, Sku, Timestamp};
use crate::flow::entitlements::history::InvalidCursor;
use crate::flow::fulfillment::lease::at_once;
use crate::flow::rows::log_unreadable;
use crate::store::{DUE_SHARDS, Due, DuePage, DuePosition, Record, StoreError};

/// A call ends after the page in which it has met so many hints.
const ENOUGH: usize = 25;

/// The list that a cursor belongs to.
const LIST: &str = "offers.correct";

/// A search in a cursor: the version of this form, the SKU, the part of the index, and the position in it.
type Words = (String, String, u8, Option<[String; 4]>);

/// How often one entitlement is tried while other requests change it.
const TRIES: u32 = 3;

/// Where a search is: the part of the index, and the position in it. First come the parts for the
/// game, then those for the webhook.
#[derive(Clone, Debug, Default)]
struct Search {
    part: u8,
    after: Option<DuePosition>,
}

/// `offers.correct`: gives what is `pending` of this SKU and was never handed out the offer's present
/// content. Each entitlement is a transaction of its own, so repeating a command that was cut short
/// does the rest.
///
/// # Errors
/// See [`OperationError`].
pub async fn correct_offer(
    app: &App,
    order: &Order,
    sku: &Sku,
    cursor: Option<&str>,
) -> Result<Answer, OperationError> {
    let mut search = match cursor {
        Some(cursor) => Search::of(sku, cursor::open(app, LIST, cursor).await?)?,
        None => Search::default(),
    };
    if let Some(answer) = recall(app, order).await? {
        return Ok(answer);
    }
    let offer = app.offers.stored().one(sku).await?;
    let offer = offer.ok_or_else(|| no_offer(sku))?;
    let now = app.clock.now();
    let (mut corrected, mut too_late, mut met) = (0, 0, 0);
    while met < ENOUGH && search.part < parts(app) {
        let page = search.page(app, sku, now).await?;
        met += page.hints.len();
        let done = page.hints.iter().map(|hint| one(app, order, &offer, hint));
        for done in at_once(done.collect::<Vec<_>>()).await {
            match done? {
                Correction::Possible => corrected += 1,
                Correction::TooLate => too_late += 1,
                Correction::NotNeeded => {}
            }
        }
        search = search.go_on(page.next);
    }
    let answer = CorrectedOffer {
        corrected,
        too_late,
        cursor: (search.part < parts(app)).then(|| cursor::seal(app, LIST, &search.words(sku))),
    };
    remember(app, order, &[], &answer).await
}

/// Corrects the record of one hint, if that is possible and needed.
async fn one(
    app: &App,
    order: &Order,
    offer: &Offer,
    hint: &Due,
) -> Result<Correction, OperationError> {
    for _ in 0..TRIES {
        let record = match app.fulfillments.hinted(hint).await {
            Ok(Some(record)) if record.sku.as_deref() == Some(offer.sku.as_str()) => record,
            Ok(_) => return Ok(Correction::NotNeeded),
            Err(error @ StoreError::Corrupt { .. }) => {
                log_unreadable(&error);
                return Ok(Correction::NotNeeded);
            }
            Err(error) => return Err(error.into()),
        };
        let now = app.clock.now();
        let correction = correctable(&record, offer, now).correction();
        if correction != Correction::Possible || order.dry_run {
            return Ok(correction);
        }
        let changes = app.fulfillments.correction_changes(&record, offer, now);
        let note = format!("the present content of the offer {}", offer.sku);
        let audit = about(&record.player, &record.id, Some(note));
        match write(app, order, changes, &[audit], None, now).await {
            Ok(true) => return Ok(Correction::Possible),
            Ok(false) => {}
            // The player is being erased, and this record with the player.
            Err(OperationError::Conflict(_)) => return Ok(Correction::NotNeeded),
            Err(error) => return Err(error),
        }
    }
    Ok(Correction::TooLate)
}

fn correctable(record: &Record, offer: &Offer, now: Timestamp) -> Correctable {
    let title = record.title.as_deref().unwrap_or_default();
    Correctable {
        status: record.status,
        was_handed_out: record.handed_out_at.is_some(),
        attempts: record.attempts,
        is_leased: record.work.is_leased(now),
        is_right: title == offer.title && record.content.as_ref() == Some(&offer.content),
    }
}

/// How many parts of the index a search looks at. Without a webhook nothing waits for one.
fn parts(app: &App) -> u8 {
    if app.webhook.is_some() {
        2 * DUE_SHARDS
    } else {
        DUE_SHARDS
    }
}

impl Search {
    const VERSION: &'static str = "1";

    async fn page(&self, app: &App, sku: &Sku, now: Timestamp) -> Result<DuePage, StoreError> {
        let (store, after) = (&app.fulfillments, self.after.clone());
        match self.part.checked_sub(DUE_SHARDS) {
            None => store.never_handed_out(sku, self.part, now, after).await,
            // While the intake is on hold, what the webhook has to deliver is due later.
            Some(shard) => {
                let later = now + 2 * crate::budget::INTAKE_HOLD_PAUSE;
                store.due(shard, later, after).await
            }
        }
    }

    fn go_on(self, next: Option<DuePosition>) -> Self {
        Self {
            part: self.part + u8::from(next.is_none()),
            after: next,
        }
    }

    /// As it is in a cursor.
    fn words(&self, sku: &Sku) -> Words {
        let position = self.after.as_ref().map(DuePosition::words);
        let version = Self::VERSION.to_owned();
        (version, sku.to_string(), self.part, position)
    }

    /// The search of a cursor of an earlier answer about this offer.
    fn of(sku: &Sku, words: Words) -> Result<Self, InvalidCursor> {
        let (version, of, part, position) = words;
        if version != Self::VERSION || of != sku.as_str() || part >= 2 * DUE_SHARDS {
            return Err(InvalidCursor);
        }
        let after = position
            .map(DuePosition::of)
            .map(|it| it.ok_or(InvalidCursor));
        Ok(Self {
            part,
            after: after.transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_read_as_it_was_written_and_no_other_is() {
        let words = ["PLAYER#p1", "E#e 1", "WAITS#hat#3", "12"].map(str::to_owned);
        let search = Search {
            part: 3,
            after: DuePosition::of(words.clone()),
        };
        let sku = Sku::new("hat").expect("a SKU");
        let read = Search::of(&sku, search.words(&sku)).expect("our own");
        assert_eq!(read.part, 3);
        assert_eq!(read.after.map(|it| it.words()), Some(words));
        let soon = ["a", "b", "c", "soon"].map(str::to_owned);
        for (version, of, part, position) in [
            ("2", "hat", 3, None),
            ("1", "hat", 16, None),
            ("1", "coat", 3, None),
            ("1", "hat", 3, Some(soon)),
        ] {
            let words = (version.to_owned(), of.to_owned(), part, position);
            assert!(Search::of(&sku, words.clone()).is_err(), "{words:?}");
        }
    }
}
