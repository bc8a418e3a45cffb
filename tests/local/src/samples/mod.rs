//! The sample events of `events/`: what each is answered, how its placeholders are filled, and what
//! has to be there before it is sent.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::Error;
use crate::build::workspace;
use crate::template::{Route, Template};

mod prepare;
mod promises;

pub use prepare::{Stage, link, prepare};
pub use promises::{PROMISES, Promise};

/// The address that the events came to.
pub const ORIGIN: &str = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";

/// The authorization code in the events of the callback.
const CODE: &str = "ANdNAVhyhqirUelHGEHA";

/// The folder of the events.
#[must_use]
pub fn folder() -> PathBuf {
    workspace().join("events")
}

/// The event of this name, as it is written.
///
/// # Errors
/// When there is no such file, or it is not JSON.
pub fn read(name: &str) -> Result<Value, Error> {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path);
    let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The logical id of the function that the template gives this event to, and the name of its binary.
///
/// # Errors
/// When no function of the template takes it.
pub fn function_of(
    template: &Template,
    name: &str,
    event: &Value,
) -> Result<(String, String), Error> {
    let route_key = event["routeKey"].as_str();
    let serves = |route: &Route| {
        route_key.is_some_and(|key| key == format!("{} {}", route.method, route.path))
    };
    // An event without a route is named after its function.
    let is_named = |function: &str| name.split('-').next() == Some(function);
    let function = template.functions.iter().find(|it| match route_key {
        Some(_) => it.routes.iter().any(serves),
        None => is_named(&it.name),
    });
    let function = function.ok_or_else(|| format!("no function of the template takes {name}"))?;
    Ok((function.logical_id.clone(), function.binary.clone()))
}

/// What stands in an event for something else: placeholders such as `${TICKET}`, and other texts.
#[derive(Clone, Debug, Default)]
pub struct Values(Vec<(String, String)>);

impl Values {
    /// The placeholder of this name stands for `value`.
    pub fn set(&mut self, placeholder: &str, value: &str) {
        self.replace(&format!("${{{placeholder}}}"), value);
    }

    /// `text` stands for `value`. What was set first is replaced first.
    pub fn replace(&mut self, text: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == text) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((text.to_owned(), value.to_owned())),
        }
    }

    fn fill(&self, text: &str) -> String {
        let values = self.0.iter();
        values.fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

/// The event of this name with everything filled in, also in an encoded body.
///
/// # Errors
/// When the event can't be read, or something is left to fill in.
pub fn filled(name: &str, values: &Values) -> Result<Value, Error> {
    let mut event = read(name)?;
    if let Some(body) = encoded_body(&event) {
        event["body"] = STANDARD.encode(values.fill(&body)).into();
    }
    let event = serde_json::from_str(&values.fill(&event.to_string()))?;
    if text_of(&event).contains("${") {
        return Err(format!("{name}: something is left to fill in").into());
    }
    Ok(event)
}

/// Whether the event of this name has this placeholder.
fn needs(name: &str, placeholder: &str) -> Result<bool, Error> {
    Ok(text_of(&read(name)?).contains(&format!("${{{placeholder}}}")))
}

/// The event and its decoded body, to search in.
fn text_of(event: &Value) -> String {
    format!("{event}{}", encoded_body(event).unwrap_or_default())
}

fn encoded_body(event: &Value) -> Option<String> {
    let body = event["body"]
        .as_str()
        .filter(|_| event["isBase64Encoded"] == true)?;
    String::from_utf8(STANDARD.decode(body).ok()?).ok()
}

/// A function's response to an event of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Where it sends the browser.
    pub location: Option<String>,
    /// The cookie that it sets.
    pub cookie: Option<String>,
    /// The body.
    pub body: String,
}

impl Response {
    /// Reads what a function hands to API Gateway.
    #[must_use]
    pub fn read(answer: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            status: answer["statusCode"].as_u64()?.try_into().ok()?,
            location: text(&answer["headers"]["location"]),
            cookie: text(&answer["cookies"][0]),
            body: text(&answer["body"]).unwrap_or_default(),
        })
    }
}
