//! The steps of an erasure: see [`super::erase`].

use super::export::accounts;
use super::{Answer, OperationError, Order, recall, write};
use crate::App;
use crate::api::EraseAnswer;
use crate::budget::Budget;
use crate::domain::{AmazonUserId, NotPossible, Timestamp, without_accounts, without_names};
use crate::store::{Audit, Changes, Erasing, Fate, LinkingRows, Marker, StoreError, Subject};

/// How often beginning or ending an erasure is tried while another request does the same.
const TRIES: u32 = 8;

/// What a marker answers.
pub(super) fn answer_of(marker: &Marker) -> EraseAnswer {
    EraseAnswer {
        receipt_id: Some(marker.receipt.clone()),
        not_reported: marker.not_reported.iter().cloned().collect(),
        would_erase: None,
    }
}

/// An erasure under way.
pub(super) struct Work<'a> {
    pub(super) app: &'a App,
    pub(super) order: &'a Order,
    pub(super) budget: Budget,
    pub(super) erasing: Erasing<'a>,
}

impl Work<'_> {
    /// Goes through all steps. Each can be repeated.
    pub(super) async fn run(&self) -> Result<Answer, OperationError> {
        self.begin().await?;
        self.erase_rows().await?;
        self.erase_from_accounts().await?;
        self.finish().await
    }

    /// Writes the marker, with the audit record of this call under the receipt.
    async fn begin(&self) -> Result<(), OperationError> {
        let Self { app, erasing, .. } = self;
        let linking = app.links.linking_rows(erasing.player).await?;
        let own = app.links.own_link(erasing.player).await?;
        let mut names = linking.names();
        names.push(erasing.player.to_string());
        names.extend(own.and_then(|own| own.account()).map(String::from));
        names.extend(accounts(app, erasing.player).await?);
        for _ in 0..TRIES {
            let known = app.erasures.get(erasing.id).await?;
            let is_other = known
                .as_ref()
                .is_some_and(|known| known.is_running && known.receipt != erasing.receipt);
            if is_other {
                let why = "another call of player.erase has just begun; repeat the command";
                return Err(NotPossible(why.to_owned()).into());
            }
            let now = app.clock.now();
            let changes = app.erasures.begin_changes(erasing, known.as_ref(), now);
            let changes = changes.and(app.fulfillments.under_way_changes(erasing.player));
            let is_first = known.is_none_or(|known| !known.is_running);
            if self.write_begun(changes, &names, is_first, now).await? {
                return Ok(());
            }
        }
        Err(contended().into())
    }

    /// The operator's texts stay, so they lose the player's names.
    async fn write_begun(
        &self,
        changes: Changes,
        names: &[String],
        is_first: bool,
        now: Timestamp,
    ) -> Result<bool, OperationError> {
        let Self {
            app,
            order,
            erasing,
            ..
        } = self;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        // If no stored row leads to an account, only the form of its id is known.
        let without = |text: &str| without_accounts(&without_names(text, &names));
        let request = order.request.clone();
        let order = Order {
            actor: order.actor.as_deref().map(without),
            reason: if is_first {
                order.reason.as_deref().map(without)
            } else {
                // The first call has kept the reason. By now not all of the player's names are known.
                Some("the erasure goes on".to_owned())
            },
            request: request.filter(|request| without(request.id()) == request.id()),
            ..(*order).clone()
        };
        let audit = Audit {
            subject: Subject::Receipt(erasing.receipt.to_owned()),
            entitlement_id: None,
            note: None,
        };
        write(app, &order, changes, &[audit], None, now).await
    }

    /// Erases until nothing is stored under the player's id.
    async fn erase_rows(&self) -> Result<(), OperationError> {
        let Self { app, erasing, .. } = self;
        let player = erasing.player;
        loop {
            self.has_time()?;
            let linking: LinkingRows = app.links.linking_rows(player).await?;
            let has_linking = !linking.is_empty();
            // What could still make a link goes before the link.
            app.links.erase_linking(linking).await?;
            let has_row = self.end_link().await?;
            let (mut rows, _) = app.fulfillments.rows_of(player, None).await?;
            rows.retain(|row| !row.is_under_way());
            if !has_linking && !has_row && rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                self.has_time()?;
                let now = app.clock.now();
                let erased =
                    app.fulfillments
                        .erase_row(&app.links, &app.erasures, erasing, &row, now);
                if erased.await? == Fate::AtWork {
                    let why = "a request is delivering or reporting an entitlement of the player; \
                               the player is erased in part: repeat the command in half a minute";
                    return Err(NotPossible(why.to_owned()).into());
                }
            }
        }
    }

    /// Ends the player's link without a remnant. `true`: there was a row.
    async fn end_link(&self) -> Result<bool, OperationError> {
        let Self { app, erasing, .. } = self;
        for tries in 0..TRIES {
            let Some(own) = app.links.own_link(erasing.player).await? else {
                return Ok(tries > 0);
            };
            let changes =
                app.links
                    .erase_link_changes(&app.fulfillments, &app.erasures, erasing, &own);
            // If DynamoDB refuses the write, the link is read and tried again.
            let _ = app.fulfillments.apply(changes).await?;
        }
        Err(contended().into())
    }

    async fn erase_from_accounts(&self) -> Result<(), OperationError> {
        let Self { app, erasing, .. } = self;
        let marker = app.erasures.get(erasing.id).await?;
        let accounts = marker.map(|marker| marker.accounts).unwrap_or_default();
        let accounts = accounts
            .into_iter()
            .filter_map(|it| AmazonUserId::new(it).ok());
        for account in accounts {
            self.has_time()?;
            let player = erasing.player;
            // What is parked goes first: a new link of the account takes it over.
            app.fulfillments.erase_parked(&account, player).await?;
            app.links.erase_from_account(&account, player).await?;
            app.fulfillments
                .erase_housekeeping(&app.links, &account, player)
                .await?;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<Answer, OperationError> {
        let Self {
            app,
            order,
            erasing,
            ..
        } = self;
        for _ in 0..TRIES {
            if let Some(answer) = recall(app, order).await? {
                return Ok(answer);
            }
            let marker = app.erasures.get(erasing.id).await?;
            let marker = marker.filter(|marker| marker.receipt == erasing.receipt);
            let marker = marker.ok_or_else(contended)?;
            let body = answer_of(&marker);
            let answer = Answer::written(false, &order.warnings, &body);
            if !marker.is_running {
                // Another call has ended it meanwhile.
                return Ok(answer);
            }
            let now = app.clock.now();
            let changes = app.erasures.finish_changes(erasing, now);
            let changes = changes.and(app.fulfillments.ended_changes(erasing.player));
            if write(app, order, changes, &[], Some(&answer), now).await? {
                return Ok(answer);
            }
        }
        Err(contended().into())
    }

    fn has_time(&self) -> Result<(), OperationError> {
        if self.budget.allows_a_step() {
            Ok(())
        } else {
            Err(OperationError::Unfinished(
                "there is more of the player than one call can erase; repeat the command, and it \
                 goes on",
            ))
        }
    }
}

fn contended() -> StoreError {
    StoreError::Contended {
        what: "the marker of the erasure",
    }
}
