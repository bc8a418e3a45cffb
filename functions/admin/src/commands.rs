//! The commands: each reads its fields and calls one use case.

use prime_gaming::App;
use prime_gaming::app::Deployment;
use prime_gaming::doctor;
use prime_gaming::domain::{EntitlementId, PlayerId, Waiting};
use prime_gaming::flow::{self, Answer, OperationError, Order, Wanted};
use serde_json::value::RawValue;

use crate::fault::Fault;
use crate::form::{Form, Why};
use crate::offers;

/// The one command that needs no secret.
pub(crate) const DOCTOR: &str = "doctor";

/// Every command.
pub(crate) const NAMES: &[&str] = &[
    "offers.put",
    "offers.correct",
    "offers.pause",
    "offers.resume",
    "offers.list",
    "offers.delete",
    "player.get",
    "player.unlink",
    "player.export",
    "player.erase",
    "player.erase_again",
    "link.retry",
    "amazon.get",
    "entitlement.get",
    "entitlement.release",
    "entitlement.hold",
    "entitlement.reassign",
    "entitlement.rereport",
    "attention.list",
    "attention.release",
    "keys.status",
    "keys.reseal",
    DOCTOR,
];

/// Carries out the command of this form.
///
/// # Errors
/// Everything that is wrong with it, or why it was not carried out.
pub(crate) async fn carry_out(app: &App, mut form: Form<'_>) -> Result<Box<RawValue>, Vec<Fault>> {
    let done = match form.command {
        "offers.put" => {
            let (offers, order) = offers::put(form)?;
            flow::put_offers(app, &order, &offers).await
        }
        "offers.correct" => {
            let (sku, cursor) = (form.id("sku"), form.cursor());
            let order = form.order(Why::Needed, Vec::new());
            let sku = form.good(sku)?;
            flow::correct_offer(app, &order, &sku, cursor.as_deref()).await
        }
        "offers.delete" => {
            let (sku, order) = (form.id("sku"), form.order(Why::Wanted, Vec::new()));
            let sku = form.good(sku)?;
            flow::delete_offer(app, &order, &sku).await
        }
        "offers.pause" | "offers.resume" => {
            let is_paused = form.command == "offers.pause";
            let (sku, order) = (form.id("sku"), form.order(Why::Needed, Vec::new()));
            let sku = form.good(sku)?;
            flow::pause_offer(app, &order, &sku, is_paused).await
        }
        "player.get" => {
            let (player, limit, cursor) = (form.id("player_id"), form.limit(), form.cursor());
            let sentences = form.language();
            let player = form.good(player)?;
            flow::get_player(app, &player, limit, cursor.as_deref(), sentences).await
        }
        "player.unlink" => {
            let (player, order) = player(form)?;
            flow::unlink_player(app, &order, &player).await
        }
        "player.export" => {
            let (player, cursor) = (form.id("player_id"), form.cursor());
            let player = form.good(player)?;
            flow::export_player(app, &player, cursor.as_deref()).await
        }
        "player.erase" => {
            let (player, order) = player(form)?;
            flow::erase_player(app, &order, &player).await
        }
        "player.erase_again" => {
            let (cursor, order) = (form.cursor(), form.order(Why::Needed, Vec::new()));
            form.good(Some(()))?;
            flow::erase_again(app, &order, cursor.as_deref()).await
        }
        "link.retry" => {
            let (player, order) = player(form)?;
            flow::retry_link(app, &order, &player).await
        }
        "amazon.get" => {
            let account = form.id("amazon_user_id");
            let account = form.good(account)?;
            flow::get_account(app, &account).await
        }
        "entitlement.get" => {
            let (id, sentences) = (form.id("entitlement_id"), form.language());
            let id = form.good(id)?;
            flow::get_entitlement(app, &id, sentences).await
        }
        "entitlement.release" => {
            let (player, id, order) = entitlement(form)?;
            flow::release(app, &order, &player, &id).await
        }
        "entitlement.hold" => {
            let (player, id, order) = entitlement(form)?;
            flow::hold(app, &order, &player, &id).await
        }
        "entitlement.rereport" => {
            let (player, id, order) = entitlement(form)?;
            flow::rereport(app, &order, &player, &id).await
        }
        "attention.list" => {
            let wanted = Wanted {
                held: form.waiting("held", false, |_| true),
                sku: form.optional_id("sku"),
                before: None,
            };
            let cursor = form.cursor();
            form.good(Some(()))?;
            flow::list_attention(app, &wanted, cursor.as_deref()).await
        }
        "keys.status" => {
            let (limit, cursor) = (form.rows(), form.cursor());
            form.good(Some(()))?;
            flow::key_status(app, limit, cursor.as_deref()).await
        }
        "keys.reseal" => {
            let (limit, cursor) = (form.rows(), form.cursor());
            let order = form.order(Why::Needed, Vec::new());
            form.good(Some(()))?;
            flow::reseal(app, &order, limit, cursor.as_deref()).await
        }
        "attention.release" => release_attention(app, form).await?,
        "entitlement.reassign" => reassign(app, form).await?,
        DOCTOR => return run_doctor(&app.deployment(), form).await,
        _ => {
            // `offers.list`: the form knows no other name.
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
