//! What has to be there before an event is sent: the browser's way is gone by the events themselves,
//! as far as an event needs it.

use stand_in::{Amazon, Consent};
use url::Url;

use super::{CODE, Response, Values, needs};
use crate::Error;
use crate::demo::Form;

/// A system that answers events.
pub trait Stage {
    /// Hands an event of the API to the function that its route leads to.
    fn send(&self, name: &str, values: &Values) -> impl Future<Output = Result<Response, Error>>;

    /// The stand-in that the functions know as Amazon.
    fn amazon(&self) -> &Amazon;

    /// An offer that a player may claim more than once.
    fn sku(&self) -> &str;
}

/// Goes the way that leads to the event of this name, and fills in what it brings. `values` has the
/// tokens already, of a player who shall use this Amazon account.
///
/// # Errors
/// When a step is not answered as it should be.
pub async fn prepare(
    stage: &impl Stage,
    name: &str,
    account: &str,
    values: &mut Values,
) -> Result<(), Error> {
    if needs(name, "CURSOR")? {
        return cursor(stage, account, values).await;
    }
    if needs(name, "LOGIN_TICKET")? || needs(name, "CONTINUE_CODE")? {
        let sent = stage.send("link-from-prime-gaming-get", values).await?;
        values.set("LOGIN_TICKET", &query_value(sent.location, "login_ticket")?);
        let cookie = sent.cookie.ok_or("GET /link set no cookie")?;
        let id = cookie.split_once('=').map_or("", |(_, rest)| rest);
        values.set("BROWSER_ID", id.split(';').next().unwrap_or_default());
    }
    if needs(name, "CONTINUE_CODE")? {
        let answer = stage.send("link-login-post", values).await?;
        let continue_url = field(&answer, "continue_url")?;
        values.set("CONTINUE_CODE", &query_value(Some(continue_url), "code")?);
    }
    if needs(name, "DEVICE_ID")? || name == "link-devices-bad-second" {
        let session = stage.send("link-devices-post", values).await?;
        values.set("DEVICE_ID", &field(&session, "id")?);
    }
    if needs(name, "TICKET")? || needs(name, "STATE")? {
        browser(stage, name, account, values).await?;
    }
    Ok(())
}

/// The player's way from the game to Amazon.
async fn browser(
    stage: &impl Stage,
    name: &str,
    account: &str,
    values: &mut Values,
) -> Result<(), Error> {
    let session = stage.send("link-session-post-empty-body", values).await?;
    let start_url = field(&session, "start_url")?;
    values.set("TICKET", &query_value(Some(start_url), "ticket")?);
    let page = stage.send("link-start-get-known-browser", values).await?;
    let form = Form::all(&page.body).into_iter().next().unwrap_or_default();
    let token = form.fields.iter().find(|(name, _)| name == "token");
    let (_, token) = token.ok_or("the consent page has no form token")?;
    values.set("FORM_TOKEN", token);
    if !needs(name, "STATE")? {
        return Ok(());
    }
    let sent = stage.send("link-start-post", values).await?;
    let authorize = sent.location.ok_or("the consent page led nowhere")?;
    values.set("STATE", &query_value(Some(authorize.clone()), "state")?);
    if name == "link-callback-get" {
        let consent = stage
            .amazon()
            .consent(&authorize, account, Consent::Approve);
        let back = consent.map_err(|refused| format!("Amazon refused: {refused}"))?;
        values.replace(CODE, &query_value(Some(back), "code")?);
    }
    Ok(())
}

/// Links the player of the tokens in `values` to this Amazon account.
///
/// # Errors
/// When a step is not answered as it should be.
pub async fn link(stage: &impl Stage, account: &str, values: &mut Values) -> Result<(), Error> {
    browser(stage, "link-callback-get", account, values).await?;
    let linked = stage.send("link-callback-get", values).await?;
    if linked.status == 200 {
        Ok(())
    } else {
        Err(format!("{account} could not be linked: {}", linked.body).into())
    }
}

/// A player with a history of more than one page.
async fn cursor(stage: &impl Stage, account: &str, values: &mut Values) -> Result<(), Error> {
    link(stage, account, values).await?;
    for _ in 0..3 {
        stage.amazon().claim(account, stage.sku());
    }
    stage.send("entitlements-check-post", values).await?;
    // The first page is the one before it.
    let mut first = values.clone();
    first.replace("&cursor=${CURSOR}", "");
    first.set("CURSOR", "");
    let page = stage.send("entitlements-get-cursor", &first).await?;
    values.set("CURSOR", &field(&page, "next_cursor")?);
    Ok(())
}

fn field(response: &Response, name: &str) -> Result<String, Error> {
    let body: serde_json::Value = serde_json::from_str(&response.body).unwrap_or_default();
    let field = body[name].as_str().map(str::to_owned);
    field.ok_or_else(|| format!("no {name} in the answer {}: {body}", response.status).into())
}

fn query_value(address: Option<String>, name: &str) -> Result<String, Error> {
    let url = Url::parse(&address.ok_or("a redirect is missing")?)?;
    let value = url.query_pairs().find(|(key, _)| key == name);
    let value = value.map(|(_, value)| value.into_owned());
    value.ok_or_else(|| format!("no {name} in {}", url.path()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_in_a_redirect_is_named() {
        let address = || Some("http://127.0.0.1/link/start?ticket=a%20b".to_owned());
        assert_eq!(query_value(address(), "ticket").expect("a value"), "a b");
        let error = query_value(address(), "state").expect_err("none");
        assert_eq!(error.to_string(), "no state in /link/start");
        assert!(query_value(None, "state").is_err());
    }
}
