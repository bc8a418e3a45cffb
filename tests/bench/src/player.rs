//! Links a player with an Amazon account the way players do it: through the game's call, the
//! service's own pages, and Amazon's consent.

use local::Error;
use local::demo::Form;
use local::system::System;
use reqwest::header::{COOKIE, HeaderName, LOCATION, ORIGIN, SET_COOKIE};
use serde_json::{Value, json};
use stand_in::Consent;

/// Links the player of this token with the Amazon account of this short name.
pub(crate) async fn link(system: &System, token: &str, account: &str) -> Result<(), Error> {
    let http = prime_gaming::testing::net::client(None)?;
    let base = &system.base_url;
    let amazon = system.amazon.as_ref().ok_or("there is no stand-in")?;

    let session = http.post(format!("{base}/v1/link/sessions"));
    let session = session.bearer_auth(token).json(&json!({})).send().await?;
    let session: Value = session.error_for_status()?.json().await?;
    let start = session["start_url"].as_str().ok_or("no start_url")?;

    let page = http.get(start).send().await?.error_for_status()?;
    let cookie = header(&page, &SET_COOKIE)?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let form = Form::all(&page.text().await?).into_iter().next();
    let form = form.ok_or("there is no form")?;

    let agree = http.post(format!("{base}/link/start"));
    let agree = agree.header(ORIGIN, base).header(COOKIE, &cookie);
    let consent = header(&agree.form(&form.fields).send().await?, &LOCATION)?;
    let callback = amazon.consent(&consent, account, Consent::Approve)?;
    let done = http.get(callback).header(COOKIE, &cookie).send().await?;
    if done.status() != 200 {
        return Err(format!("linking ended with {}", done.status()).into());
    }
    Ok(())
}

fn header(answer: &reqwest::Response, name: &HeaderName) -> Result<String, Error> {
    let value = answer.headers().get(name);
    let value = value.ok_or_else(|| format!("{} without {name}", answer.status()))?;
    Ok(value.to_str()?.to_owned())
}
