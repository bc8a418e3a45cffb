//! The keys that seal tokens: the first one of the secret seals, and the old one only opens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prime_gaming::testing::seal::{Sealed, TokenKeys};
use serde_json::{Value, json};

use crate::Outcome;

type Key = (&'static str, [u8; 32]);

const FIRST: Key = ("crash", [7; 32]);
const OLD: Key = ("old", [8; 32]);

/// The attributes of a player's row that hold sealed tokens.
pub(crate) const SEALED: [&str; 2] = ["tokens", "dead_tokens"];

/// The field `token_keys` of the secret.
pub(crate) fn of_the_secret() -> Value {
    let keys = [FIRST, OLD].map(|(id, key)| json!({"id": id, "key": STANDARD.encode(key)}));
    json!(keys)
}

/// The same tokens as they were before the first key came: sealed with the old one.
pub(crate) fn sealed_before(sealed: &str, player: &str) -> Outcome<String> {
    let keys = |list: [Key; 2]| {
        let list = list.each_ref().map(|(id, key)| (*id, key.as_slice()));
        TokenKeys::new(&list).map_err(|faults| format!("bad keys: {faults:?}"))
    };
    let place = ["tokens", player];
    let plain = keys([FIRST, OLD])?.open(&Sealed::from(sealed.to_owned()), &place);
    let plain = plain.map_err(|error| format!("the tokens of {player}: {error}"))?;
    let before = keys([OLD, FIRST])?.seal(&plain, &place);
    Ok(before.as_str().to_owned())
}

/// Whether the secret's first key has sealed it.
pub(crate) fn is_by_the_first(sealed: &str) -> bool {
    Sealed::from(sealed.to_owned()).key_id() == FIRST.0
}
