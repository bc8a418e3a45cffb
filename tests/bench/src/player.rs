//! Links a player with an Amazon account the way players do it: through the game's call, the
//! service's own pages, and Amazon's consent.

use std::collections::BTreeMap;

use local::Error;
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
    let page = page.text().await?;
    let inputs = hidden_inputs(&page);

    let agree = http.post(format!("{base}/link/start"));
    let agree = agree.header(ORIGIN, base).header(COOKIE, &cookie);
    let consent = header(&agree.form(&inputs).send().await?, &LOCATION)?;
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

/// The hidden inputs of the form on a page.
fn hidden_inputs(page: &str) -> BTreeMap<&str, &str> {
    page.split("<input")
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .filter(|tag| tag.contains("type=\"hidden\""))
        .filter_map(|tag| Some((attribute(tag, "name=\"")?, attribute(tag, "value=\"")?)))
        .collect()
}

/// What stands between `before` and the next quotation mark.
fn attribute<'a>(tag: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(before)?;
    Some(rest.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hidden_inputs_are_sent() {
        let page = r#"<form><input type="hidden" name="a" value="1"><input name="b" value="2">
            <input value="" name="c" type="hidden"></form>"#;
        assert_eq!(hidden_inputs(page), BTreeMap::from([("a", "1"), ("c", "")]));
    }
}
