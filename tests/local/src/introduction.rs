//! What `cargo run -p local` prints. Its first line is the console's address.

use std::fmt::Write as _;

use crate::Error;
use crate::system::System;

/// What to open and what to copy, once everything runs.
///
/// # Errors
/// Never: a text takes everything.
pub fn introduction(system: &System) -> Result<String, Error> {
    let api = &system.base_url;
    let mut text = String::new();
    if system.console().is_some() {
        writeln!(text, "The console       {api}/console")?;
    }
    writeln!(text, "The API           {api}")?;
    if let Some(amazon) = &system.amazon {
        let page = amazon.base_url();
        writeln!(
            text,
            "Amazon, stand-in  {page}/   claim offers here, as any account"
        )?;
    }
    if system
        .setting("PLAYER_LOGIN_URL")
        .is_some_and(|url| !url.is_empty())
    {
        writeln!(text, "From Prime Gaming {api}/link   over your login page")?;
    }
    writeln!(text, "Offers            {}", system.skus.join(", "))?;
    writeln!(text, "DynamoDB          {}", system.dynamodb_endpoint())?;
    if let Some(secret) = system.webhook_secret() {
        writeln!(
            text,
            "\nDeliveries are signed with this, for your receiver:\n\n  export WEBHOOK_SECRET={secret}"
        )?;
    }

    let (Ok(player), Ok(server)) = (
        system.player_token("player-1", "Robin"),
        system.server_token(),
    ) else {
        writeln!(
            text,
            "\nPlayers' tokens come from your own account system. Ctrl-C ends everything."
        )?;
        return Ok(text);
    };
    writeln!(
        text,
        r#"
Tokens of the player `player-1` and of a game server, valid for a day:

  export PLAYER={player}
  export SERVER={server}

Link: open the start_url of the answer in a browser.

  curl -sS -X POST {api}/v1/link/sessions -H "Authorization: Bearer $PLAYER"
  curl -sS {api}/v1/link -H "Authorization: Bearer $PLAYER"

Check, after claiming an offer:

  curl -sS -X POST {api}/v1/entitlements/check -H "Authorization: Bearer $PLAYER"

Confirm what was given, with the entitlement_id of the check, here as a game server:

  curl -sS -X POST {api}/v1/fulfillments -H "Authorization: Bearer $SERVER" \
    -H "Content-Type: application/json" \
    -d '{{"player_id": "player-1", "entitlement_ids": ["ENTITLEMENT_ID"]}}'

Look back, and unlink:

  curl -sS {api}/v1/entitlements -H "Authorization: Bearer $PLAYER"
  curl -sS -X DELETE {api}/v1/link -H "Authorization: Bearer $PLAYER"

Ctrl-C ends everything."#
    )?;
    Ok(text)
}
