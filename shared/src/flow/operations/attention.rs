//! Commands about everything that waits for an operator.

use futures_util::{FutureExt, StreamExt, stream};
use serde::{Deserialize, Serialize};

use super::entitlements::{release_plan, try_now_plan};
use super::sentences::Sentences;
use super::{Answer, OperationError, Order, carry_out_part, cursor, recall, remember, view};
use crate::App;
use crate::api::{AttentionPage, ReleasedPage, SkippedEntitlement};
use crate::budget::{BULK_WORK, Budget};
use crate::domain::{EntitlementId, PlayerId, Sku, Timestamp, Waiting};
use crate::flow::entitlements::history::InvalidCursor;
use crate::flow::fulfillment::lease::{AT_ONCE, at_once};
use crate::flow::rows::told_unreadable;
use crate::store::{Record, StoreError, WaitingEntry, WaitingFilter, WaitingPart};

/// The list that a cursor belongs to.
const LIST: &str = "attention";

/// How many entries of the index a page looks at.
const PAGE_SIZE: usize = 100;

/// How many entitlements are released at the same time. Between two such groups the command looks at
/// its time.
const GROUP: usize = 20;

/// Which of the waiting entitlements a command is about.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only those that wait for this reason.
    pub held: Option<Waiting>,
    /// Only this SKU.
    pub sku: Option<Sku>,
    /// Only what has waited since before this time.
    pub before: Option<Timestamp>,
}

impl Wanted {
    fn filter(&self) -> WaitingFilter<'_> {
        WaitingFilter {
            sku: self.sku.as_ref().map(Sku::as_str),
            before: self.before,
        }
    }

    /// A text that is the same for the same choice.
    fn text(&self) -> String {
        let held = self.held.map(Waiting::as_str);
        let before = self.before.map(Timestamp::as_millis);
        format!(
            "{held:?} {:?} {before:?}",
            self.sku.as_ref().map(Sku::as_str)
        )
    }

    /// The parts of the index to look at, in their order.
    fn parts(&self) -> Vec<WaitingPart> {
        let reasons = Waiting::ALL.into_iter();
        reasons
            .filter(|waiting| self.held.is_none_or(|held| held == *waiting))
            .flat_map(WaitingPart::all)
            .collect()
    }
}

/// `attention.list`: a page of what waits for an operator, the longest waiting of each part first.
///
/// # Errors
/// See [`OperationError`].
pub async fn list_attention(
    app: &App,
    wanted: &Wanted,
    cursor: Option<&str>,
) -> Result<Answer, OperationError> {
    let mut page = page(app, wanted, cursor).await?;
    let records = page.found.into_iter().map(|found| found.record);
    let judged =
        records.map(|record| view::entitlement_in(app, Sentences::usual(), record).boxed_local());
    let judged = stream::iter(judged.collect::<Vec<_>>()).buffered(AT_ONCE);
    let mut entitlements = Vec::new();
    for one in judged.collect::<Vec<_>>().await {
        let one = one?;
        entitlements.push(one.entitlements);
        page.unreadable.extend(one.unreadable);
    }
    Ok(Answer::of(&AttentionPage {
        entitlements,
        cursor: page.next.map(|position| position.to_cursor(app)),
        unreadable: told_unreadable(&page.unreadable),
    }))
}

/// `attention.release`: releases what is held, or makes due what has attention, for a page of the
/// list. Each is a transaction of its own, so a command that was cut short is simply repeated.
///
/// # Errors
/// See [`OperationError`]. What can't be released is no error: it stays, and the answer says why.
pub async fn release_attention(
    app: &App,
    order: &Order,
    wanted: &Wanted,
    cursor: Option<&str>,
) -> Result<Answer, OperationError> {
    if let Some(answer) = recall(app, order).await? {
        return Ok(answer);
    }
    let budget = Budget::of(BULK_WORK);
    let page = page(app, wanted, cursor).await?;
    let mut answer = ReleasedPage {
        released: 0,
        cursor: page.next.as_ref().map(|next| next.to_cursor(app)),
        skipped: Vec::new(),
        unreadable: told_unreadable(&page.unreadable),
    };
    let mut rest = &page.found[..];
    while !rest.is_empty() {
        let (group, later) = rest.split_at(rest.len().min(GROUP));
        let releases = group
            .iter()
            .map(|found| release_one(app, order, &found.record).boxed_local());
        for (record, released) in at_once(releases.collect::<Vec<_>>()).await {
            match released {
                Ok(_) => answer.released += 1,
                Err(OperationError::Store(error)) if error.is_not_written() => {
                    return Err(error.into());
                }
                Err(error) => answer.skipped.push(SkippedEntitlement {
                    player_id: record.player.clone(),
                    entitlement_id: record.id.clone(),
                    detail: error.to_string(),
                }),
            }
        }
        rest = later;
        if let (Some(last), false, false) = (group.last(), rest.is_empty(), budget.allows_a_page())
        {
            answer.cursor = Some(last.position(wanted).to_cursor(app));
            break;
        }
    }
    remember(app, order, &[], &answer).await
}

async fn release_one<'a>(
    app: &App,
    order: &Order,
    record: &'a Record,
) -> (&'a Record, Result<(), OperationError>) {
    let Record { player, id, .. } = record;
    let waiting = record.waiting().map(|(waiting, _)| waiting);
    let released = carry_out_part(app, order, async |now| match waiting {
        Some(Waiting::Held(reason)) => release_plan(app, player, id, reason, now).await,
        Some(Waiting::Attention) | None => try_now_plan(app, player, id, now).await,
    });
    (record, released.await)
}

/// A record that waits, and where the index has it.
struct Found {
    part: usize,
    entry: WaitingEntry,
    record: Record,
}

impl Found {
    /// The next page can begin after it.
    fn position(&self, wanted: &Wanted) -> Position {
        Position {
            of: wanted.text(),
            part: self.part,
            entry: Some(Entry::from(&self.entry)),
        }
    }
}

/// A page of the list, and where the next one begins.
struct Page {
    found: Vec<Found>,
    unreadable: Vec<StoreError>,
    next: Option<Position>,
}

async fn page(app: &App, wanted: &Wanted, cursor: Option<&str>) -> Result<Page, OperationError> {
    let parts = wanted.parts();
    let position = match cursor {
        Some(cursor) => {
            let position: Position = cursor::open(app, LIST, cursor).await?;
            Some(position).filter(|it| it.part < parts.len() && it.of == wanted.text())
        }
        None => Some(Position::default()),
    };
    let Position {
        mut part, entry, ..
    } = position.ok_or(InvalidCursor)?;
    let mut after = entry.map(WaitingEntry::try_from).transpose()?;
    let mut page = Page {
        found: Vec::new(),
        unreadable: Vec::new(),
        next: None,
    };
    let mut looked_at = 0;
    while let Some(here) = parts.get(part) {
        if looked_at >= PAGE_SIZE {
            let entry = after.as_ref().map(Entry::from);
            let of = wanted.text();
            page.next = Some(Position { of, part, entry });
            break;
        }
        let limit = PAGE_SIZE - looked_at;
        let found = app
            .fulfillments
            .waiting(*here, wanted.filter(), after.as_ref(), limit)
            .await?;
        let read = app.fulfillments.still_waiting(here.waiting, &found.entries);
        let read = read.await?;
        let records = read.records.into_iter();
        page.found.extend(records.map(|(entry, record)| Found {
            part,
            entry,
            record,
        }));
        page.unreadable.extend(read.unreadable);
        // If the part has more, DynamoDB has looked at `limit` entries, even if the filter let few through.
        looked_at += if found.next.is_some() {
            limit
        } else {
            found.entries.len()
        };
        part += usize::from(found.next.is_none());
        after = found.next;
    }
    Ok(page)
}

/// A position in the list, as it travels to the operator and back.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    /// The list that it belongs to: in another list it means nothing.
    of: String,
    part: usize,
    entry: Option<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    player: String,
    id: String,
    since: i64,
}

impl Position {
    fn to_cursor(&self, app: &App) -> String {
        cursor::seal(app, LIST, self)
    }
}

impl From<&WaitingEntry> for Entry {
    fn from(entry: &WaitingEntry) -> Self {
        Self {
            player: entry.player.to_string(),
            id: entry.id.to_string(),
            since: entry.since,
        }
    }
}

impl TryFrom<Entry> for WaitingEntry {
    type Error = InvalidCursor;

    fn try_from(entry: Entry) -> Result<Self, InvalidCursor> {
        Ok(Self {
            player: PlayerId::new(entry.player).map_err(|_| InvalidCursor)?,
            id: EntitlementId::new(entry.id).map_err(|_| InvalidCursor)?,
            since: entry.since,
        })
    }
}
