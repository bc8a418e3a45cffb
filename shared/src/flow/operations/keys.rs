//! Commands about the keys that seal tokens: with which keys they are sealed, and sealing them again
//! with the first key, so that an old one can be removed.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use serde::{Deserialize, Serialize};

use super::{Answer, OperationError, Order, cursor, recall, remember, write};
use crate::App;
use crate::api::{KeyUse, KeysAnswer, ResealedAnswer, SealedBy, Unopened};
use crate::budget::{BULK_WORK, Budget};
use crate::domain::PlayerId;
use crate::flow::entitlements::history::InvalidCursor;
use crate::flow::fulfillment::lease::at_once;
use crate::flow::tokens::{open_tokens, seal_tokens};
use crate::store::{
    Audit, Changes, Link, SealedPosition, SealedRow, StoreError, Subject, WriteOutcome,
};

/// How many rows one request to the database reads.
const READ_AT_ONCE: usize = 500;

/// The most links that an answer names. An answer that is remembered has to fit into DynamoDB's 400 KB.
const MOST_NAMED: usize = 100;

/// The list that a cursor belongs to.
const LIST: &str = "keys";

/// How many values are sealed with one key.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Count {
    links: u64,
    short_lived: u64,
}

/// A position in the table, as it travels to the operator and back, with what was counted before it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    after: Option<String>,
    read: u64,
    counted: BTreeMap<String, Count>,
}

impl Position {
    async fn of(app: &App, cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        match cursor {
            None => Ok(Self::default()),
            Some(cursor) => cursor::open(app, LIST, cursor).await,
        }
    }

    /// The cursor of the next page; `None` at the end of the table.
    fn to_cursor(&self, app: &App) -> Option<String> {
        self.after.as_ref()?;
        Some(cursor::seal(app, LIST, self))
    }
}

/// `keys.status`: how many links are sealed with which key, as far as the table was read.
///
/// # Errors
/// See [`OperationError`].
pub async fn key_status(
    app: &App,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Answer, OperationError> {
    let mut position = Position::of(app, cursor).await?;
    app.secrets.reload(app.clock.now()).await;
    let of_about = app.links.about_how_many().await?;
    read(app, limit, &mut position, async |_| Ok(())).await?;
    let keys = &app.secrets.current().token_keys;
    let mut counted = position.counted.clone();
    let mut sealed = Vec::new();
    for (place, id) in keys.ids().enumerate() {
        let use_ = if place == 0 {
            KeyUse::Seals
        } else {
            KeyUse::Opens
        };
        sealed.push(sealed_by(id, use_, counted.remove(id).unwrap_or_default()));
    }
    let missing = counted.iter();
    sealed.extend(missing.map(|(id, count)| sealed_by(id, KeyUse::Missing, *count)));
    Ok(Answer::of(&KeysAnswer {
        keys: sealed,
        read: position.read,
        of_about,
        cursor: position.to_cursor(app),
    }))
}

fn sealed_by(id: &str, use_: KeyUse, count: Count) -> SealedBy {
    SealedBy {
        key_id: id.to_owned(),
        used: use_,
        links: count.links,
        short_lived: count.short_lived,
    }
}

/// `keys.reseal`: seals again the tokens of links that another key than the first one has sealed, and
/// drops dead tokens that nothing uses. Each link is a write of its own. The command writes an audit
/// record before the first of them, so no write is without a record, and another one with the counts
/// after the last. Repeating the command does what is left.
///
/// # Errors
/// See [`OperationError`]. Tokens that do not open stay as they are. The answer names their players,
/// or as many as fit into it, and counts the others.
pub async fn reseal(
    app: &App,
    order: &Order,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Answer, OperationError> {
    if let Some(answer) = recall(app, order).await? {
        return Ok(answer);
    }
    let mut position = Position::of(app, cursor).await?;
    app.secrets.reload(app.clock.now()).await;
    let of_about = app.links.about_how_many().await?;
    let keys = app.secrets.current();
    let first = keys.token_keys.ids().next().unwrap_or_default();
    let (mut resealed, mut unopened, mut more_unopened) = (0, Vec::new(), 0);
    let mut has_begun = order.dry_run;
    let begins = format!("with the key {first}: begins after {} rows", position.read);
    read(app, limit, &mut position, async |rows: &[SealedRow]| {
        let is_old = |row: &&SealedRow| row.keys.iter().any(|key| key != first);
        let old = rows.iter().filter(is_old);
        let links: Vec<_> = old
            .filter_map(|row| Some((row.player.as_ref()?, row.has_dead)))
            .map(|(player, has_dead)| reseal_one(app, order, first, player, has_dead).boxed_local())
            .collect();
        if !links.is_empty() && !has_begun {
            note(app, order, &begins).await?;
            has_begun = true;
        }
        for (player, done) in at_once(links).await {
            match done {
                Ok(done) => resealed += u64::from(done),
                Err(Failed::Store(error)) => return Err(error.into()),
                Err(Failed::Unopened(_)) if unopened.len() >= MOST_NAMED => more_unopened += 1,
                Err(Failed::Unopened(detail)) => unopened.push(Unopened {
                    player_id: player.clone(),
                    detail,
                }),
            }
        }
        Ok(())
    })
    .await?;
    let counts = format!(
        "with the key {first}: {resealed} links of the {} rows read so far",
        position.read
    );
    let answer = ResealedAnswer {
        resealed,
        unopened,
        more_unopened,
        read: position.read,
        of_about,
        cursor: position.to_cursor(app),
    };
    remember(app, order, &[about_keys(counts)], &answer).await
}

/// Writes an audit record by itself.
async fn note(app: &App, order: &Order, note: &str) -> Result<(), OperationError> {
    let audits = [about_keys(note.to_owned())];
    let now = app.clock.now();
    if write(app, order, Changes::default(), &audits, None, now).await? {
        Ok(())
    } else {
        let what = "the audit trail of the keys";
        Err(StoreError::Contended { what }.into())
    }
}

fn about_keys(note: String) -> Audit {
    Audit {
        subject: Subject::Keys,
        entitlement_id: None,
        note: Some(note),
    }
}

/// Why a link's tokens were not sealed again.
enum Failed {
    Unopened(String),
    Store(StoreError),
}

/// Seals the tokens of this player's link again, and drops dead ones that are not the link's. `false`:
/// there was nothing to do.
async fn reseal_one<'a>(
    app: &App,
    order: &Order,
    first: &str,
    player: &'a PlayerId,
    has_dead: bool,
) -> (&'a PlayerId, Result<bool, Failed>) {
    let done = async {
        let link = match app.links.get(player).await {
            Ok(row) => row.link,
            Err(error @ StoreError::Corrupt { .. }) => {
                return Err(Failed::Unopened(error.to_string()));
            }
            Err(error) => return Err(Failed::Store(error)),
        };
        let is_leftover = has_dead && link.as_ref().is_none_or(|link| link.dead.is_none());
        let is_dropped = is_leftover && (order.dry_run || forget(app, player).await?);
        let is_resealed = match link {
            Some(link) => reseal_link(app, order, first, &link).await?,
            None => false,
        };
        Ok(is_dropped || is_resealed)
    };
    (player, done.await)
}

async fn forget(app: &App, player: &PlayerId) -> Result<bool, Failed> {
    let forgotten = app.links.forget_any_leftover(player).await;
    forgotten.map(WriteOutcome::is_done).map_err(Failed::Store)
}

async fn reseal_link(app: &App, order: &Order, first: &str, link: &Link) -> Result<bool, Failed> {
    let dead = link.dead.as_ref().map(|dead| &dead.sealed);
    let Some(before) = link.tokens.as_ref().or(dead) else {
        return Ok(false);
    };
    if before.key_id() == first {
        return Ok(false);
    }
    let tokens = open_tokens(app, &link.player, before).await;
    let tokens = tokens.map_err(|error| Failed::Unopened(error.to_string()))?;
    if order.dry_run {
        return Ok(true);
    }
    let after = seal_tokens(app, &link.player, &tokens);
    let written = app.links.store_resealed(link, before, &after).await;
    // Other tokens were stored meanwhile: they are sealed with the key of the process that did.
    written.map(WriteOutcome::is_done).map_err(Failed::Store)
}

/// Reads on from `position`, which moves and counts, until `limit` rows are read, the time is over or
/// the table is at its end. Each page is given to `work`.
async fn read(
    app: &App,
    limit: usize,
    position: &mut Position,
    mut work: impl AsyncFnMut(&[SealedRow]) -> Result<(), OperationError>,
) -> Result<(), OperationError> {
    let budget = Budget::of(BULK_WORK);
    let mut left = limit;
    loop {
        let after = position.after.take().map(SealedPosition);
        let at_most = left.min(READ_AT_ONCE);
        let page = app
            .links
            .sealed(after.as_ref(), at_most, app.clock.now())
            .await?;
        for row in &page.rows {
            for key in &row.keys {
                let count = position.counted.entry(key.clone()).or_default();
                match row.player {
                    Some(_) => count.links += 1,
                    None => count.short_lived += 1,
                }
            }
        }
        work(&page.rows).await?;
        position.read += u64::try_from(page.read).unwrap_or(0);
        position.after = page.next.map(|next| next.0);
        left = left.saturating_sub(page.read);
        if position.after.is_none() || left == 0 || !budget.allows_a_page() {
            return Ok(());
        }
    }
}
