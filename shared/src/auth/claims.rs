//! The check of a token's claims. The signature is verified before; see [`super`].

use serde_json::{Map, Value};

use super::{Caller, presentable};
use crate::budget::CLOCK_LEEWAY;
use crate::config::PlayersConfig;
use crate::domain::{PlayerId, Timestamp};

/// The scope of a game server's token.
const SERVER_SCOPE: &str = "prime-gaming:server";

/// The caller that the claims of a verified token name; or what is wrong with the claims, in a
/// sentence that repeats no value.
pub(super) fn check(
    claims: &Map<String, Value>,
    players: &PlayersConfig,
    now: Timestamp,
) -> Result<Caller, String> {
    if claims.get("iss").and_then(Value::as_str) != Some(players.issuer.as_str()) {
        return Err("the token's `iss` is not the issuer that is accepted here".to_owned());
    }
    if !claims
        .get("aud")
        .is_some_and(|aud| is_or_lists(aud, &players.audience))
    {
        return Err("the token's `aud` neither is nor lists this service's audience".to_owned());
    }
    let exp = claims
        .get("exp")
        .and_then(Value::as_f64)
        .ok_or("the token must have an `exp` that is a number of seconds")?;
    if seconds(now - CLOCK_LEEWAY) >= exp {
        return Err("the token has expired".to_owned());
    }
    if let Some(nbf) = claims.get("nbf") {
        let nbf = nbf
            .as_f64()
            .ok_or("the token's `nbf` must be a number of seconds")?;
        if seconds(now + CLOCK_LEEWAY) < nbf {
            return Err("the token is not valid yet: `nbf`".to_owned());
        }
    }
    // A game server acts for the player that it names, so its token needs no player id.
    if claims.get("scope").is_some_and(grants_server) {
        return Ok(Caller::Server);
    }
    let id_claim = &players.id_claim;
    let id = claims
        .get(id_claim)
        .and_then(Value::as_str)
        .and_then(|id| PlayerId::new(id).ok())
        .ok_or_else(|| {
            format!(
                "the token's `{id_claim}` must be a string of 1 to 128 visible ASCII characters"
            )
        })?;
    let name = claims
        .get(&players.name_claim)
        .and_then(Value::as_str)
        .and_then(presentable);
    Ok(Caller::Player { id, name })
}

fn seconds(time: Timestamp) -> f64 {
    // Exact: the milliseconds of any date fit into 53 bits.
    time.as_millis() as f64 / 1000.0
}

fn is_or_lists(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Array(list) => list.iter().any(|item| item.as_str() == Some(wanted)),
        _ => false,
    }
}

fn grants_server(scope: &Value) -> bool {
    match scope {
        Value::String(words) => words.split(' ').any(|word| word == SERVER_SCOPE),
        list => is_or_lists(list, SERVER_SCOPE),
    }
}
