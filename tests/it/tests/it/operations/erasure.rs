//! `player.erase`: nothing names the player afterwards, and no offer can be had twice.

use it::{Reply, World, hidden_inputs, status_of};
use serde_json::{Value, json};
use stand_in::Endpoint::Fulfill;
use stand_in::Fault;

use super::support::{code, done, everything, order};

/// No random token has this in it.
pub(super) const PLAYER: &str = "player.to.erase";
pub(super) const NAME: &str = "Zaphod Beeblebrox";
const REASON: &str = "her mother called";
/// Why the studio's webhook refuses an entitlement.
pub(super) const REFUSAL: &str = "her inventory is full";

pub(super) fn erase() -> Value {
    json!({"player_id": PLAYER})
}

/// Links the player with a name.
async fn link_by_name(world: &World, account: &str) {
    let token = world.token(&json!({"sub": PLAYER, "name": NAME}));
    let session = world.call("POST", "/v1/link/sessions").bearer(&token);
    let session = session.json(&json!({})).send().await.json();
    let start_url = session["start_url"].as_str().expect("an address");
    let mut browser = world.browser();
    let page = browser.get(start_url).await;
    let inputs = hidden_inputs(&page.body);
    // A double click: the first attempt is void.
    browser.post("/link/start", &inputs).await;
    let consent = browser.post("/link/start", &inputs).await;
    let callback = browser.allow(consent.location(), account);
    browser.get(&callback).await.page(200, NAME);
}

/// Two sessions of a console: one that has ended, and one that is open.
async fn show_codes(world: &World) {
    for _ in 0..2 {
        let session = world.call_as(PLAYER, "POST", "/v1/link/devices");
        assert_eq!(session.send().await.status, 201);
        world.pass(700);
    }
}

/// What a player leaves behind: entitlements in every state, audit records, a link, a console.
pub(super) struct Story {
    pub(super) world: World,
    pub(super) reported: String,
    pub(super) unreported: String,
    pub(super) pending: String,
}

pub(super) async fn story() -> Story {
    let (mut world, studio) = World::with_studio(&[("DEVICE_LINKING", "on")]).await;
    for sku in ["hat", "cap", "pin", "badge", "gloves"] {
        world.offer(sku).await;
    }
    show_codes(&world).await;
    studio.rule(|_| {
        let body = json!({"refused": true, "reason": REFUSAL}).to_string();
        Some(Reply::Refuse(http::StatusCode::GONE, Vec::new(), body))
    });
    world.amazon.claim("alice", "gloves");
    link_by_name(&world, "alice").await;
    world.let_the_game_deliver();
    world.pass(5);
    let reported = world.amazon.claim("alice", "hat");
    let unreported = world.amazon.claim("alice", "cap");
    let pending = world.amazon.claim("alice", "pin");
    let on_hold = world.amazon.claim("alice", "badge");
    world.amazon.claim("alice", "forgotten-offer");
    world.check(PLAYER).await;
    world.amazon.claim("alice", "hat");
    world.check_later(PLAYER).await;
    let hold = json!({"player_id": PLAYER, "entitlement_id": on_hold, "reason": REASON,
        "request_id": "hold it"});
    done(&world, "entitlement.hold", hold).await;
    let results = world.confirm(PLAYER, &[&reported]).await;
    assert_eq!(results[0]["status"], "reported");
    let error = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Fulfill, error, 1000);
    let results = world.confirm(PLAYER, &[&unreported]).await;
    assert_eq!(results[0]["status"], "delivered");
    Story {
        world,
        reported,
        unreported,
        pending,
    }
}

/// Every row of every table and index, as text.
pub(super) async fn raw(world: &World) -> Vec<String> {
    let mut rows: Vec<_> = everything(world)
        .await
        .into_iter()
        .map(|(key, row)| format!("{key} {row:?}"))
        .collect();
    for index in ["open", "seen", "due"] {
        let table = &world.app.config.tables.fulfillments;
        let scan = world.dynamodb.scan().table_name(table).index_name(index);
        let items = scan.send().await.expect("rows").items.unwrap_or_default();
        rows.extend(items.into_iter().map(|item| format!("{index} {item:?}")));
    }
    rows
}

/// Asserts that no row names any of these.
pub(super) async fn nothing_names(world: &World, names: &[&str]) {
    for row in raw(world).await {
        for name in names {
            assert!(!row.contains(name), "{name} is in {row}");
        }
    }
}

pub(super) async fn nothing_names_the_player(world: &World) {
    let account = world.amazon.account_id("alice");
    let names = [PLAYER, NAME, &account, REASON, "hold it", REFUSAL];
    nothing_names(world, &names).await;
}

#[tokio::test]
async fn nothing_names_an_erased_player_and_no_offer_can_be_had_twice() {
    let Story {
        world,
        reported,
        unreported,
        pending,
    } = story().await;
    let answer = done(&world, "player.erase", erase()).await;
    assert_eq!(answer["not_reported"], json!([unreported]));
    let receipt = answer["receipt_id"].as_str().expect("a receipt").to_owned();
    nothing_names_the_player(&world).await;
    let rows = everything(&world).await;
    let of_receipt = |key: &&String| key.contains(&format!("RECEIPT#{receipt} A#"));
    assert_eq!(rows.keys().filter(of_receipt).count(), 1, "its own record");
    // Repeated, it says the same and writes nothing.
    assert_eq!(done(&world, "player.erase", erase()).await, answer);
    assert_eq!(everything(&world).await, rows);
    assert_eq!(code(&world, "player.get", erase()).await, "not_found");
    assert_eq!(code(&world, "player.export", erase()).await, "not_found");

    world.pass(3600);
    world.reconcile().await;
    nothing_names_the_player(&world).await;

    // The player comes back, and another one has the account later.
    world.linked(PLAYER, "alice").await;
    let again = world.amazon.claim("alice", "hat");
    let answer = world.check(PLAYER).await;
    assert_eq!(status_of(&answer, &again), "held duplicate_offer");
    for id in [&pending, &unreported] {
        assert_eq!(status_of(&answer, id), "held other_player", "{answer}");
    }
    assert_eq!(status_of(&answer, &reported), "");
    world.unlinked(PLAYER).await;
    world.linked("p2", "alice").await;
    let answer = world.check("p2").await;
    for id in [&pending, &unreported] {
        assert_eq!(status_of(&answer, id), "held other_player", "{answer}");
    }
    world.contract_is_kept();
}

#[tokio::test]
async fn a_player_who_came_back_is_erased_with_a_new_receipt_and_keeps_what_is_used_up() {
    let world = World::new().await;
    let first = world.pending(PLAYER, "alice", "hat").await;
    world.offer_with("pin", &json!({"per_player": 2})).await;
    let one = done(&world, "player.erase", erase()).await;
    world.linked(PLAYER, "alice").await;
    let pin = world.amazon.claim("alice", "pin");
    let answer = world.check(PLAYER).await;
    assert_eq!(status_of(&answer, &pin), "pending");
    assert_eq!(status_of(&answer, &first), "held other_player");
    world.pass(1);
    let two = done(&world, "player.erase", erase()).await;
    assert_ne!(one["receipt_id"], two["receipt_id"]);
    nothing_names_the_player(&world).await;
    world.linked(PLAYER, "alice").await;
    let [hat, second, third] = ["hat", "pin", "pin"].map(|sku| world.amazon.claim("alice", sku));
    let answer = world.check(PLAYER).await;
    assert_eq!(status_of(&answer, &hat), "held duplicate_offer");
    let mut pins = [&second, &third].map(|id| status_of(&answer, id));
    pins.sort();
    assert_eq!(pins, ["held duplicate_offer", "pending"]);
}

#[tokio::test]
async fn what_can_be_reported_is_reported_first() {
    let world = World::new().await;
    let id = world.unreported(PLAYER, "alice").await;
    let answer = done(&world, "player.erase", erase()).await;
    assert_eq!(answer["not_reported"], json!([]));
    assert_eq!(world.amazon.calls_to(Fulfill), 2);
    world.linked("p2", "alice").await;
    assert_eq!(status_of(&world.check("p2").await, &id), "");
    nothing_names(&world, &[PLAYER]).await;
}

#[tokio::test]
async fn a_report_that_waits_for_a_link_is_listed_and_made_no_more() {
    let world = World::new().await;
    let id = world.unreported(PLAYER, "alice").await;
    world.amazon.revoke("alice");
    done(&world, "player.unlink", erase()).await;
    let answer = done(&world, "player.erase", erase()).await;
    assert_eq!(answer["not_reported"], json!([id]));
    nothing_names_the_player(&world).await;
    let reports = world.amazon.calls_to(Fulfill);
    world.linked("p2", "alice").await;
    world.pass(3600);
    world.reconcile().await;
    assert_eq!(world.amazon.calls_to(Fulfill), reports);
}

#[tokio::test]
async fn the_next_player_of_the_account_owes_no_report_for_an_erased_one() {
    let world = World::new().await;
    let id = world.unreported(PLAYER, "alice").await;
    let error = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Fulfill, error, 1000);
    world.unlinked(PLAYER).await;
    // The tokens are kept for the report, and p2 inherits it.
    world.linked("p2", "alice").await;
    let row = world.player_item("p2").await;
    assert_eq!(row["owes_for"].as_ss().expect("a set"), &[PLAYER]);
    let answer = done(&world, "player.erase", erase()).await;
    assert_eq!(answer["not_reported"], json!([id]));
    nothing_names(&world, &[PLAYER]).await;
    assert!(!world.player_item("p2").await.contains_key("owes"));
}

#[tokio::test]
async fn a_player_who_has_only_begun_to_link_is_erased_and_the_attempt_is_over() {
    let world = World::new().await;
    let mut browser = world.browser();
    let consent = browser.to_amazon(PLAYER, None).await;
    let callback = browser.allow(&consent, "alice");
    done(&world, "player.erase", erase()).await;
    nothing_names(&world, &[PLAYER]).await;
    let page = browser.get(&callback).await;
    assert_eq!(page.status, 400, "{page:?}");
    nothing_names(&world, &[PLAYER]).await;
}

#[tokio::test]
async fn other_players_audit_records_lose_the_name_too() {
    let world = World::new().await;
    let id = world.pending(PLAYER, "alice", "hat").await;
    let reason = format!("{PLAYER} has a new game account");
    let moved = json!({"entitlement_id": id, "from_player_id": PLAYER, "to_player_id": "p2",
        "reason": reason, "request_id": "move it"});
    done(&world, "entitlement.reassign", moved).await;
    let mut event = erase();
    event["reason"] = json!(format!("{PLAYER} asked"));
    event["request_id"] = json!("erase it");
    let answer = done(&world, "player.erase", event.clone()).await;
    nothing_names(&world, &[PLAYER]).await;
    assert_eq!(done(&world, "player.erase", event).await, answer);
    let trail = super::support::trail(&world, "p2").await;
    assert_eq!(trail[0]["reason"], "erased has a new game account");
    let note = trail[0]["note"].as_str().expect("a note");
    assert!(note.starts_with("from erased to p2; it was"), "{note}");
    // What was moved is p2's still.
    assert_eq!(status_of(&world.check("p2").await, &id), "pending");
}

#[tokio::test]
async fn a_dry_run_says_what_there_is_and_changes_nothing() {
    let Story {
        world, unreported, ..
    } = story().await;
    let before = everything(&world).await;
    let mut event = erase();
    event["dry_run"] = json!(true);
    let answer = done(&world, "player.erase", event).await;
    assert_eq!(answer["dry_run"], true);
    assert_eq!(answer["receipt_id"], Value::Null);
    assert_eq!(answer["not_reported"], json!([unreported]));
    assert_eq!(answer["would_erase"]["entitlements"], 7);
    assert_eq!(answer["would_erase"]["audit_records"], 1);
    assert_eq!(everything(&world).await, before);
}

#[tokio::test]
async fn without_a_key_or_a_known_player_nothing_is_erased() {
    let mut world = World::new().await;
    assert_eq!(code(&world, "player.erase", erase()).await, "not_found");
    world.linked(PLAYER, "alice").await;
    let mut secrets = it::secrets(false);
    secrets["erasure_key"] = Value::Null;
    std::fs::write(&world.secrets_file, secrets.to_string()).expect("writable");
    world.app = world.another_process().await;
    let answer = world.admin(order("player.erase", &erase())).await;
    assert_eq!(answer["errors"][0]["code"], "conflict", "{answer}");
    let detail = answer["errors"][0]["detail"].as_str().expect("text");
    assert!(detail.contains("erasure_key"), "{detail}");
    assert!(detail.contains("deploy the stack once more"), "{detail}");
    // The key is added, and this process reads the secret again.
    std::fs::write(&world.secrets_file, it::secrets(false).to_string()).expect("writable");
    world.pass(61);
    done(&world, "player.erase", erase()).await;
}

#[tokio::test]
async fn what_a_request_is_at_work_on_is_erased_after_it() {
    let Story { world, .. } = story().await;
    let pending = world.history(PLAYER).await;
    let pending = pending.iter().find(|it| it["status"] == "pending");
    let id = pending.expect("one")["entitlement_id"]
        .as_str()
        .expect("an id");
    let store = &world.app.fulfillments;
    let known = store
        .get(&it::player_id(PLAYER), &it::entitlement_id(id))
        .await;
    let known = known.expect("a good row").expect("a record");
    let now = world.clock.now();
    let lease = prime_gaming::testing::store::Lease {
        owner: "at work",
        until: now + std::time::Duration::from_secs(30),
    };
    let taken = store.acquire(&known, lease, now).await;
    taken.expect("written").expect("acquired");
    let mut browser = world.browser();
    let consent = browser.to_amazon(PLAYER, None).await;
    let callback = browser.allow(&consent, "alice");
    assert_eq!(code(&world, "player.erase", erase()).await, "conflict");
    // Meanwhile nothing new is stored of the player.
    assert_ne!(browser.get(&callback).await.status, 200);
    let session = world.call_as(PLAYER, "POST", "/v1/link/sessions");
    let session = session.json(&json!({})).send().await;
    assert_eq!(session.status, 503, "{session:?}");
    let device = world.call_as(PLAYER, "POST", "/v1/link/devices");
    let device = device.send().await;
    assert_eq!(device.status, 503, "{device:?}");
    for (key, _) in everything(&world).await {
        for row in ["TICKET#", "ATTEMPT#", "DEVICE#", "OPEN#"] {
            assert!(!key.contains(row), "{key}");
        }
    }
    world.pass(31);
    done(&world, "player.erase", erase()).await;
    nothing_names_the_player(&world).await;
}

#[tokio::test]
async fn nothing_is_moved_to_an_erased_player_who_has_not_come_back() {
    let world = World::new().await;
    world.pending(PLAYER, "alice", "hat").await;
    done(&world, "player.erase", erase()).await;
    let id = world.pending("p2", "bob", "hat").await;
    let moved = json!({"entitlement_id": id, "from_player_id": "p2", "to_player_id": PLAYER});
    let refused = code(&world, "entitlement.reassign", moved.clone()).await;
    assert_eq!(refused, "conflict");
    world.linked(PLAYER, "alice").await;
    // The offer is used up, also for what an operator moves.
    let refused = code(&world, "entitlement.reassign", moved).await;
    assert_eq!(refused, "conflict");
    assert_eq!(world.history(PLAYER).await.len(), 0);
}
