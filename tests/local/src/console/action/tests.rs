use serde_json::json;

use super::*;

fn read(action: &Value) -> Action {
    serde_json::from_value(action.clone()).unwrap_or_else(|error| panic!("{action}: {error}"))
}

#[test]
fn each_action_is_read_and_written_alike() {
    for action in [
        json!({"do": "player", "player": "player-2", "name": "Kim"}),
        json!({"do": "link", "player": "player-1", "account": "robin"}),
        json!({"do": "claim", "account": "robin", "sku": "monthly-boost"}),
        json!({"do": "check", "player": "player-1"}),
        json!({"do": "confirm", "player": "player-1"}),
        json!({"do": "unlink", "player": "player-1"}),
        json!({"do": "reconcile"}),
        json!({"do": "revoke", "account": "robin"}),
        json!({"do": "withdraw", "account": "robin", "sku": "monthly-boost"}),
        json!({"do": "fault", "endpoint": "entitlements", "fault": "reset", "times": 3}),
        json!({"do": "clear_faults"}),
        json!({"do": "behave", "change": {"rotate_refresh_tokens": true}}),
        json!({"do": "game", "saves_before_confirming": false, "grants_once_per_id": true}),
        json!({"do": "forward", "seconds": 3600}),
        json!({"do": "kill", "function": "entitlements", "at": 3, "mode": "killed_before"}),
        json!({"do": "spare"}),
    ] {
        let read = read(&action);
        assert_eq!(read.check(), Ok(()), "{action}");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), action);
    }
}

#[test]
fn what_is_not_known_is_named() {
    for (action, named) in [
        (json!({"do": "chek", "player": "p"}), "`chek`"),
        (json!({"player": "p"}), "`do`"),
        (json!({"do": "check", "plyer": "p"}), "`plyer`"),
        (json!({"do": "check"}), "`player`"),
        (json!({"do": "reconcile", "player": "p"}), "`player`"),
        (
            json!({"do": "kill", "function": "link", "at": 1, "mode": "shot"}),
            "`shot`",
        ),
        (
            json!({"do": "kill", "function": "link", "at": 1, "mode": "unheard", "x": 1}),
            "`x`",
        ),
        (
            json!({"do": "game", "grants_once_per_id": true}),
            "`saves_before_confirming`",
        ),
    ] {
        let error = serde_json::from_value::<Action>(action.clone());
        let error = error.expect_err("it is refused").to_string();
        assert!(error.contains(named), "{action}: {error}");
    }
}

#[test]
fn a_value_out_of_its_range_is_named_with_its_range() {
    for (action, said) in [
        (
            json!({"do": "forward", "seconds": 59}),
            "`seconds` is 59; it must be from 60",
        ),
        (
            json!({"do": "forward", "seconds": 2_678_401}),
            "to 2678400, which are 31 days",
        ),
        (
            json!({"do": "kill", "function": "doctor", "at": 1, "mode": "unheard"}),
            "`function` is doctor; it must be one of admin, entitlements",
        ),
        (
            json!({"do": "kill", "function": "link", "at": 0, "mode": "unheard"}),
            "`at` is 0; it must be from 1",
        ),
        (
            json!({"do": "fault", "endpoint": "token", "fault": "missing_item", "times": 1}),
            "`fault` can't happen there: only fulfill",
        ),
        (
            json!({"do": "fault", "endpoint": "token", "fault": "reset", "times": 0}),
            "`times` is 0",
        ),
        (
            json!({"do": "behave", "change": {"rotate": true}}),
            "`rotate`",
        ),
        (
            json!({"do": "claim", "account": "", "sku": "a"}),
            "`account` must have 1",
        ),
        (
            json!({"do": "claim", "account": "jörg", "sku": "a"}),
            "`account` is jörg; an account is 1 to 64 letters, digits, '.', '_', '-'",
        ),
        (
            json!({"do": "link", "player": "p", "account": "jörg"}),
            "`account` is jörg; an account is",
        ),
        (
            json!({"do": "player", "player": "p", "name": " a"}),
            "`name` must have",
        ),
        (
            json!({"do": "player", "player": "a b", "name": "a"}),
            "`player` can't be an id: ",
        ),
    ] {
        let wrong = read(&action).check();
        let wrong = wrong.expect_err("it is wrong").to_string();
        assert!(wrong.contains(said), "{action}: {wrong}");
    }
}
