//! The three paths of a check that are measured: how to get a function onto each, and how to tell
//! that it went there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path as FilePath;

use local::Error;
use local::system::System;
use local::template::Template;
use serde::Serialize;
use serde_json::Value;
use stand_in::Endpoint;

use crate::process::{Process, Subject};
use crate::upstream::Upstream;

/// Calls before counting: the first of [`Path::TooSoon`] is the one that the others come too soon
/// after.
const CALLS_BEFORE: u32 = 2;

/// Calls that are counted.
const CALLS_COUNTED: u32 = 20;

/// One way that a check can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// The player has no link.
    NotLinked,
    /// Amazon was asked a moment ago.
    TooSoon,
    /// Amazon is asked and lists nothing.
    NothingNew,
}

impl Path {
    pub(crate) const ALL: [Self; 3] = [Self::NotLinked, Self::TooSoon, Self::NothingNew];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NotLinked => "not_linked",
            Self::TooSoon => "too_soon",
            Self::NothingNew => "nothing_new",
        }
    }

    pub(crate) const fn is_linked(self) -> bool {
        !matches!(self, Self::NotLinked)
    }

    /// `CHECK_MIN_INTERVAL_SECONDS`: its largest value, or none at all.
    const fn min_interval(self) -> &'static str {
        match self {
            Self::NotLinked | Self::TooSoon => "3600",
            Self::NothingNew => "0",
        }
    }

    /// What a call may cost, as "What a check may cost" in the project's design allows.
    fn allowed(self) -> Calls {
        let (dynamodb, amazon): (&[_], &[_]) = match self {
            Self::NotLinked | Self::TooSoon => (&["GetItem"], &[]),
            Self::NothingNew => (&["GetItem", "UpdateItem"], &["entitlements"]),
        };
        let once = |names: &[&str]| {
            let names = names.iter().map(|name| ((*name).to_owned(), 1.0));
            names.collect()
        };
        Calls {
            dynamodb: once(dynamodb),
            amazon: once(amazon),
        }
    }

    /// Whether a function's answer shows that this path was taken.
    pub(crate) fn was_taken(self, answer: &[u8]) -> bool {
        let expected = match self {
            Self::NotLinked => ("unlinked", true),
            Self::TooSoon => ("linked", false),
            Self::NothingNew => ("linked", true),
        };
        let check = || -> Option<bool> {
            let answer: Value = serde_json::from_slice(answer).ok()?;
            let body: Value = serde_json::from_str(answer["body"].as_str()?).ok()?;
            let found = (body["link"].as_str()?, body["fresh"].as_bool()?);
            let none = body["entitlements"].as_array()?.is_empty();
            Some(answer["statusCode"] == 200 && none && found == expected)
        };
        check().unwrap_or(false)
    }
}

/// Calls per request, by operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Calls {
    pub(crate) dynamodb: BTreeMap<String, f64>,
    pub(crate) amazon: BTreeMap<String, f64>,
}

/// The `entitlements` function, ready to take a path again and again.
pub(crate) struct Prepared {
    pub(crate) path: Path,
    pub(crate) subject: Subject,
    /// Counted, per request.
    pub(crate) calls: Calls,
    /// Whether the calls are those that the design allows.
    pub(crate) as_allowed: bool,
    /// They play the recorded answers back as long as they live.
    _upstreams: [Upstream; 2],
}

/// Sends the function down `path` with real services behind it, counts its calls, and leaves the
/// answers that it got recorded for the measurements.
pub(crate) fn prepare(
    path: Path,
    system: &System,
    template: &Template,
    binary: &FilePath,
    event: Vec<u8>,
    log: &FilePath,
) -> Result<Prepared, Error> {
    let amazon = system.amazon.as_ref().ok_or("there is no stand-in")?;
    let amazon_url = amazon.base_url();
    let dynamodb = Upstream::before(address(system.dynamodb_endpoint())?)?;
    let prime_gaming = Upstream::before(address(&amazon_url)?)?;

    let names = template
        .functions
        .iter()
        .find(|f| f.binary == "entitlements");
    let names = names.ok_or("the template has no entitlements function")?;
    let settings = names.environment.keys();
    let mut env: BTreeMap<_, _> = settings
        .filter_map(|name| Some((name.clone(), system.setting(name)?.to_owned())))
        .collect();
    let mut set = |name: &str, value: String| env.insert(name.to_owned(), value);
    set("AWS_ENDPOINT_URL_DYNAMODB", url(dynamodb.address()));
    let entitlements = system.setting("PRIME_GAMING_ENTITLEMENTS_URL");
    let entitlements = entitlements.ok_or("no PRIME_GAMING_ENTITLEMENTS_URL")?;
    let entitlements = entitlements.replace(&amazon_url, &url(prime_gaming.address()));
    set("PRIME_GAMING_ENTITLEMENTS_URL", entitlements);
    set("CHECK_MIN_INTERVAL_SECONDS", path.min_interval().to_owned());
    let subject = Subject {
        binary: binary.to_owned(),
        env,
        event,
    };

    let mut process = Process::start(&subject, log)?;
    for _ in 0..CALLS_BEFORE {
        process.call()?;
    }
    dynamodb.take_counts();
    amazon.reset_calls();
    for _ in 0..CALLS_COUNTED {
        let (_, answer) = process.call()?;
        if !path.was_taken(&answer) {
            let answer = String::from_utf8_lossy(&answer);
            return Err(format!("{}: unexpected answer: {answer}", path.name()).into());
        }
    }
    let mut of_amazon = BTreeMap::new();
    for call in amazon.calls() {
        *of_amazon.entry(name_of(call.endpoint)?).or_default() += 1;
    }
    let calls = Calls {
        dynamodb: per_request(dynamodb.take_counts()),
        amazon: per_request(of_amazon),
    };
    for upstream in [&dynamodb, &prime_gaming] {
        upstream.play_back();
    }
    Ok(Prepared {
        path,
        subject,
        as_allowed: calls == path.allowed(),
        calls,
        _upstreams: [dynamodb, prime_gaming],
    })
}

fn per_request(counts: BTreeMap<String, u32>) -> BTreeMap<String, f64> {
    let average = |(name, count)| (name, f64::from(count) / f64::from(CALLS_COUNTED));
    counts.into_iter().map(average).collect()
}

/// The stand-in's own word for one of its addresses.
fn name_of(endpoint: Endpoint) -> Result<String, Error> {
    let name = serde_json::to_value(endpoint)?;
    Ok(name.as_str().ok_or("an address without a name")?.to_owned())
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn address(url: &str) -> Result<SocketAddr, Error> {
    let address = url.strip_prefix("http://").unwrap_or(url);
    Ok(address.parse()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_known_by_its_answer() {
        let answer = |status: u16, link: &str, fresh: bool| {
            let body = json!({"link": link, "fresh": fresh, "entitlements": []});
            let answer = json!({"statusCode": status, "body": body.to_string()});
            answer.to_string().into_bytes()
        };
        assert!(Path::NotLinked.was_taken(&answer(200, "unlinked", true)));
        assert!(Path::TooSoon.was_taken(&answer(200, "linked", false)));
        assert!(Path::NothingNew.was_taken(&answer(200, "linked", true)));
        assert!(!Path::NothingNew.was_taken(&answer(200, "linked", false)));
        assert!(!Path::NothingNew.was_taken(&answer(503, "linked", true)));
        assert!(!Path::NothingNew.was_taken(b"{}"));
    }
}
