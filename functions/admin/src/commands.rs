//! The commands: each reads its fields and calls one use case.

use prime_gaming::App;
use prime_gaming::app::Deployment;
use prime_gaming::doctor;
use prime_gaming::domain::{EntitlementId, PlayerId, Waiting};
use prime_gaming::flow::{self, Answer, OperationError, Order, Wanted};
use serde_json::value::RawValue;

use crate::command::Command;
use crate::fault::Fault;
use crate::form::{Form, Why};
use crate::offers;

/// Carries out the command of this form.
///
/// # Errors
/// Everything that is wrong with it, or why it was not carried out.
pub(crate) async fn carry_out(app: &App, mut form: Form<'_>) -> Result<Box<RawValue>, Vec<Fault>> {
    let done = match form.command {
        Command::OffersPut => {
            let (offers, order) = offers::put(form)?;
            flow::put_offers(app, &order, &offers).await
        }
        Command::OffersCorrect => {
            let (sku, cursor) = (form.id("sku"), form.cursor());
            let order = form.order(Why::Needed, Vec::new());
            let sku = form.good(sku)?;
            flow::correct_offer(app, &order, &sku, cursor.as_deref()).await
        }
        Command::OffersDelete => {
            let (sku, order) = (form.id("sku"), form.order(Why::Wanted, Vec::new()));
            let sku = form.good(sku)?;
            flow::delete_offer(app, &order, &sku).await
        }
        Command::OffersPause | Command::OffersResume => {
            let is_paused = form.command == Command::OffersPause;
            let (sku, order) = (form.id("sku"), form.order(Why::Needed, Vec::new()));
            let sku = form.good(sku)?;
            flow::pause_offer(app, &order, &sku, is_paused).await
        }
        Command::PlayerGet => {
            let (player, limit, cursor) = (form.id("player_id"), form.limit(), form.cursor());
            let sentences = form.language();
            let player = form.good(player)?;
            flow::get_player(app, &player, limit, cursor.as_deref(), sentences).await
        }
        Command::PlayerUnlink => {
            let (player, order) = player(form)?;
            flow::unlink_player(app, &order, &player).await
        }
        Command::PlayerExport => {
            let (player, cursor) = (form.id("player_id"), form.cursor());
            let player = form.good(player)?;
            flow::export_player(app, &player, cursor.as_deref()).await
        }
        Command::PlayerErase => {
            let (player, order) = player(form)?;
            flow::erase_player(app, &order, &player).await
        }
        Command::PlayerEraseAgain => {
            let (cursor, order) = (form.cursor(), form.order(Why::Needed, Vec::new()));
            form.good(Some(()))?;
            flow::erase_again(app, &order, cursor.as_deref()).await
        }
        Command::LinkRetry => {
            let (player, order) = player(form)?;
            flow::retry_link(app, &order, &player).await
        }
        Command::AmazonGet => {
            let account = form.id("amazon_user_id");
            let account = form.good(account)?;
            flow::get_account(app, &account).await
        }
        Command::EntitlementGet => {
            let (id, sentences) = (form.id("entitlement_id"), form.language());
            let id = form.good(id)?;
            flow::get_entitlement(app, &id, sentences).await
        }
        Command::EntitlementRelease => {
            let (player, id, order) = entitlement(form)?;
            flow::release(app, &order, &player, &id).await
        }
        Command::EntitlementHold => {
            let (player, id, order) = entitlement(form)?;
            flow::hold(app, &order, &player, &id).await
        }
        Command::EntitlementRereport => {
            let (player, id, order) = entitlement(form)?;
            flow::rereport(app, &order, &player, &id).await
        }
        Command::AttentionList => {
            let wanted = Wanted {
                held: form.waiting("held", false, |_| true),
                sku: form.optional_id("sku"),
                before: None,
            };
            let cursor = form.cursor();
            form.good(Some(()))?;
            flow::list_attention(app, &wanted, cursor.as_deref()).await
        }
        Command::KeysStatus => {
            let (limit, cursor) = (form.rows(), form.cursor());
            form.good(Some(()))?;
            flow::key_status(app, limit, cursor.as_deref()).await
        }
        Command::KeysReseal => {
            let (limit, cursor) = (form.rows(), form.cursor());
            let order = form.order(Why::Needed, Vec::new());
            form.good(Some(()))?;
            flow::reseal(app, &order, limit, cursor.as_deref()).await
        }
        Command::AttentionRelease => release_attention(app, form).await?,
        Command::EntitlementReassign => reassign(app, form).await?,
        Command::Doctor => return run_doctor(&app.deployment(), form).await,
        Command::OffersList => {
            form.good(Some(()))?;
            flow::list_offers(app).await
        }
    };
    done.map(Answer::into_json)
        .map_err(|error| vec![Fault::from(error)])
}

/// Looks at the deployment. It changes nothing, so it needs no actor.
///
/// # Errors
/// Everything that is wrong with the command.
pub(crate) async fn run_doctor(
    deployment: &Deployment,
    form: Form<'_>,
) -> Result<Box<RawValue>, Vec<Fault>> {
    form.good(Some(()))?;
    Ok(doctor::doctor(deployment).await.into_json())
}

fn player(mut form: Form<'_>) -> Result<(PlayerId, Order), Vec<Fault>> {
    let player = form.id("player_id");
    let order = form.order(Why::Needed, Vec::new());
    Ok((form.good(player)?, order))
}

fn entitlement(mut form: Form<'_>) -> Result<(PlayerId, EntitlementId, Order), Vec<Fault>> {
    let (player, id) = (form.id("player_id"), form.id("entitlement_id"));
    let order = form.order(Why::Needed, Vec::new());
    let (player, id) = form.good(player.zip(id))?;
    Ok((player, id, order))
}

async fn release_attention(
    app: &App,
    mut form: Form<'_>,
) -> Result<Result<Answer, OperationError>, Vec<Fault>> {
    let wanted = Wanted {
        held: form.waiting("held", true, Waiting::is_releasable),
        sku: form.optional_id("sku"),
        before: form.time("before"),
    };
    let cursor = form.cursor();
    let order = form.order(Why::Needed, Vec::new());
    form.good(Some(()))?;
    Ok(flow::release_attention(app, &order, &wanted, cursor.as_deref()).await)
}

async fn reassign(
    app: &App,
    mut form: Form<'_>,
) -> Result<Result<Answer, OperationError>, Vec<Fault>> {
    let id = form.id("entitlement_id");
    let from: Option<PlayerId> = form.id("from_player_id");
    let to: Option<PlayerId> = form.id("to_player_id");
    if from.is_some() && from == to {
        form.fault("to_player_id must be another player than from_player_id");
    }
    let order = form.order(Why::Needed, Vec::new());
    let ((id, from), to) = form.good(id.zip(from).zip(to))?;
    Ok(flow::reassign(app, &order, &id, &from, &to).await)
}
