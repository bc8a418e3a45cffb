//! The verdict of each entitlement: real causes are planted, and `entitlement.get` has to name who
//! must act, what helps, and what support may say.

mod answers;
mod offers;
mod reports;
mod waiting;
mod webhook;

use it::World;
use serde_json::{Value, json};
use stand_in::Fault;

use super::support::order;

const HOUR: u64 = 3600;

/// `entitlement.get`.
async fn get(world: &World, id: &str) -> Value {
    let command = json!({"command": "entitlement.get", "entitlement_id": id});
    let answer = world.admin(command).await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer["entitlement"].clone()
}

/// Holds the verdict about an entitlement against its turn, its code, how its sentence begins, and its
/// command. Gives it.
#[track_caller]
fn holds(entitlement: &Value, turn: &str, code: &str, say: &str, help: &Value) -> Value {
    let verdict = &entitlement["verdict"];
    assert_eq!(verdict["code"], code, "{entitlement}");
    assert_eq!(verdict["turn"], turn, "{entitlement}");
    let said = verdict["say"].as_str().expect("a sentence");
    assert!(said.starts_with(say), "{said}");
    assert_eq!(verdict["do"], *help, "{entitlement}");
    assert!(verdict["since"].is_string(), "{entitlement}");
    verdict.clone()
}

/// The verdict has no command, and no try is planned.
#[track_caller]
fn waits(entitlement: &Value, turn: &str, code: &str, say: &str) {
    let verdict = holds(entitlement, turn, code, say, &Value::Null);
    assert_eq!(verdict["next_try_at"], Value::Null, "{verdict}");
}

/// A command about the entitlement of `p1`.
fn about(command: &str, id: &str) -> Value {
    json!({"command": command, "player_id": "p1", "entitlement_id": id})
}

/// Carries out the command of a verdict, with an actor and a reason.
async fn helps(world: &World, entitlement: &Value) {
    let mut command = entitlement["verdict"]["do"].clone();
    let name = command["command"].as_str().expect("a command").to_owned();
    command.as_object_mut().expect("fields").remove("command");
    let answer = world.admin(order(&name, &command)).await;
    assert_eq!(answer["ok"], true, "{entitlement} {answer}");
}

fn retry() -> Value {
    json!({"command": "link.retry", "player_id": "p1"})
}

fn status(status: u16, retry_after: Option<u32>) -> Fault {
    Fault::Status {
        status,
        body: String::new(),
        retry_after,
    }
}

fn at(world: &World, seconds: u64) -> String {
    let at = world.clock.now() + std::time::Duration::from_secs(seconds);
    at.to_string()
}
