//! What Amazon and the studio's backend answer.

use std::collections::HashSet;
use std::time::Duration;

use amazon_answers::{Clients, bounded};
use fuzz::{Scripted, fuzz, json, object, runtime, text, word};
use it::{WEBHOOK_SECRET, World};
use prime_gaming::Clock;
use prime_gaming::domain::{Content, EntitlementId, PlayerId};
use prime_gaming::testing::amazon::{FulfillResult, IdentifyError, Instruction, TokenError};
use prime_gaming::testing::delivery::{Delivery, Order, Webhook};
use prime_gaming::testing::net;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

mod amazon_answers {
    //! The clients of Amazon, pointed at a server that answers anything.
    use super::{Scripted, World};

    /// A world whose Amazon is scripted.
    pub(super) struct Clients {
        pub(super) world: World,
        pub(super) server: Scripted,
    }

    impl Clients {
        pub(super) async fn start() -> Self {
            let server = Scripted::start().await;
            let (first, second) = (
                format!("{}/first", server.url),
                format!("{}/second", server.url),
            );
            let world = World::with(&[
                ("LWA_TOKEN_URL", &first),
                ("LWA_TOKENINFO_URL", &first),
                ("LWA_PROFILE_URL", &second),
                ("PRIME_GAMING_ENTITLEMENTS_URL", &first),
                ("PRIME_GAMING_FULFILL_URL", &first),
            ])
            .await;
            Self { world, server }
        }
    }

    /// Asserts that an error's text is short, in one line, and holds none of these.
    pub(super) fn bounded(error: &dyn std::fmt::Display, secrets: &[&str]) {
        let text = error.to_string();
        assert!(text.len() < 600, "{} bytes: {text}", text.len());
        assert!(!text.contains(char::is_control), "{text:?}");
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

const CODE: &str = "ANdNAVhyhqirUelHGEHA-a-code";
const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters";
const TOKEN: &str = "Atza|an-access-token-of-somebody";

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

/// A status in the first two bytes, and the body after them.
fn status_and_body(input: &[u8]) -> (u16, &[u8]) {
    const STATUSES: [u16; 16] = [
        200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503,
    ];
    match input.split_first() {
        Some((first, body)) => (STATUSES[usize::from(first % 16)], body),
        None => (200, input),
    }
}

/// A first byte for the status, then JSON.
fn with_status(body: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Vec<u8>> {
    let status = prop_oneof![3 => Just(b'0'), 1 => any::<u8>()];
    (status, body).prop_map(|(status, body)| {
        let mut input = vec![status];
        input.extend(body.to_string().into_bytes());
        input
    })
}

fn some_text() -> BoxedStrategy<Value> {
    text().prop_map(Value::from).boxed()
}

fn texts(texts: Vec<&'static str>) -> BoxedStrategy<Value> {
    select(texts).prop_map(Value::from).boxed()
}

/// The JSON that a token answer begins with: what follows it does not cost the tokens.
fn first_value(body: &[u8]) -> Value {
    // Bytes that are no text, in a field that the service does not read, do no harm either.
    let text = String::from_utf8_lossy(body);
    let mut values = serde_json::Deserializer::from_str(&text).into_iter();
    values.next().expect("a value").expect("JSON")
}

/// Token answers: what is taken is a token that can be sent and stored.
#[test]
fn token_answers() {
    let runtime = runtime();
    let clients = runtime.block_on(Clients::start());
    let structured = with_status(object(vec![
        (
            "access_token",
            prop_oneof![Just(json!("Atza|x")), some_text()].boxed(),
        ),
        (
            "refresh_token",
            prop_oneof![Just(json!("Atzr|x")), some_text()].boxed(),
        ),
        ("token_type", texts(vec!["bearer", "Bearer", "mac"])),
        (
            "expires_in",
            prop_oneof![any::<i64>().prop_map(Value::from), Just(json!(3600))].boxed(),
        ),
        ("scope", some_text()),
        (
            "error",
            texts(vec![
                "invalid_grant",
                "invalid_client",
                "invalid_request",
                "x y",
            ]),
        ),
        (
            "error_description",
            prop_oneof![some_text(), texts(vec![CODE, VERIFIER, "the secret"])].boxed(),
        ),
    ]));
    fuzz("token_answers", structured, |input| {
        let (status, body) = status_and_body(input);
        clients
            .server
            .answer(0, status, &[("retry-after", body)], body);
        let now = clients.world.clock.now();
        let app = &clients.world.app;
        let client_secret = secret("the client's secret, which is long");
        let answer = runtime.block_on(app.lwa.exchange_code(
            &client_secret,
            &secret(CODE),
            "https://links.example/link/callback",
            &secret(VERIFIER),
            now,
        ));
        match answer {
            Ok(tokens) => {
                assert_eq!(status, 200);
                for token in std::iter::once(&tokens.access_token).chain(&tokens.refresh_token) {
                    let token = token.expose_secret();
                    assert!((1..=4096).contains(&token.len()));
                    assert!(http::HeaderValue::from_str(token).is_ok(), "{token:?}");
                }
                let day = Duration::from_secs(86_400);
                assert!((Duration::from_secs(1)..=day).contains(&tokens.expires_in));
                let answer = first_value(body);
                assert_eq!(answer["access_token"], tokens.access_token.expose_secret());
            }
            Err(error) => {
                bounded(&error, &[CODE, VERIFIER, client_secret.expose_secret()]);
                // Only Amazon's own word ends a link.
                if matches!(error, TokenError::InvalidGrant) {
                    let answer = first_value(body);
                    assert_eq!(answer["error"], "invalid_grant");
                    assert!(matches!(status, 400 | 401));
                }
            }
        }
    });
}

/// Tokeninfo and profile, one after the other with a line break between: who is named is named by
/// both, for our client.
#[test]
fn identities() {
    let runtime = runtime();
    let clients = runtime.block_on(Clients::start());
    let who = || {
        texts(vec![
            "amzn1.account.A",
            "amzn1.account.A",
            "amzn1.account.B",
            "",
        ])
    };
    let tokeninfo = object(vec![
        ("aud", texts(vec!["ours", "ours", "other"])),
        ("user_id", who()),
    ]);
    let profile = object(vec![
        ("user_id", who()),
        ("name", some_text()),
        ("error", some_text()),
    ]);
    let structured = (with_status(tokeninfo), profile).prop_map(|(mut input, profile)| {
        input.push(b'\n');
        input.extend(profile.to_string().into_bytes());
        input
    });
    fuzz("identities", structured, |input| {
        let (status, body) = status_and_body(input);
        let at = body
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(body.len());
        let (tokeninfo, profile) = body.split_at(at);
        clients.server.answer(0, 200, &[], tokeninfo);
        clients.server.answer(1, status, &[], profile);
        let (app, now) = (&clients.world.app, clients.world.clock.now());
        let answer = runtime.block_on(app.lwa.identify("ours", &secret(TOKEN), now));
        match answer {
            Ok(user) => {
                let read = |text: &[u8]| serde_json::from_slice::<Value>(text).expect("JSON");
                let (tokeninfo, profile) = (read(tokeninfo), read(profile));
                assert_eq!(tokeninfo["aud"], "ours");
                assert_eq!(tokeninfo["user_id"], user.as_str());
                assert_eq!(profile["user_id"], user.as_str());
                assert_eq!(status, 200);
            }
            Err(error) => {
                bounded(&error, &[TOKEN]);
                if matches!(error, IdentifyError::PermissionMissing) {
                    assert!(matches!(status, 400 | 401 | 403));
                }
            }
        }
    });
}

/// Listings: each id once, everything bounded, and a broken element costs no other. Without a list
/// an answer says that nothing is claimed only if it does not speak of a failure.
#[test]
fn listings() {
    let runtime = runtime();
    let clients = runtime.block_on(Clients::start());
    let element = object(vec![
        (
            "EntitlementId",
            prop_oneof![texts(vec!["e1", "e2"]), some_text()].boxed(),
        ),
        (
            "VendorProductId",
            prop_oneof![texts(vec!["hat"]), some_text()].boxed(),
        ),
        (
            "NextInstruction",
            prop_oneof![texts(vec!["FULFILL", "NOOP"]), some_text()].boxed(),
        ),
    ]);
    let listing = object(vec![
        (
            "Entitlements",
            prop_oneof![
                4 => vec(element, 0..8).prop_map(Value::from),
                1 => Just(Value::Null),
            ]
            .boxed(),
        ),
        ("RequestId", some_text()),
        (
            "message",
            prop_oneof![4 => Just(Value::Null), 1 => some_text()].boxed(),
        ),
    ]);
    fuzz("listings", with_status(listing), |input| {
        let (status, body) = status_and_body(input);
        clients
            .server
            .answer(0, status, &[("retry-after", body)], body);
        let now = clients.world.clock.now();
        let client = &clients.world.app.prime_gaming;
        match runtime.block_on(client.entitlements(&secret(TOKEN), now)) {
            Ok(listing) => {
                let answer: Value = serde_json::from_slice(body).expect("JSON");
                let elements = match &answer["Entitlements"] {
                    Value::Null => {
                        assert!(
                            answer.is_object() && answer["message"].is_null(),
                            "{answer}"
                        );
                        &Vec::new()
                    }
                    list => list.as_array().expect("a list"),
                };
                let wanted: HashSet<&str> = elements
                    .iter()
                    .filter_map(|it| it["EntitlementId"].as_str())
                    .filter(|id| EntitlementId::new(*id).is_ok())
                    .collect();
                let found: HashSet<&str> = listing
                    .entitlements
                    .iter()
                    .map(|it| it.id.as_str())
                    .collect();
                assert_eq!(found, wanted);
                assert_eq!(found.len(), listing.entitlements.len(), "each once");
                assert!(listing.broken + found.len() <= elements.len());
                for listed in &listing.entitlements {
                    assert!(listed.sku.as_deref().unwrap_or_default().len() <= 256);
                    if let Instruction::Unknown(word) = &listed.instruction {
                        assert!(word.len() <= 64 && word != "FULFILL", "{word}");
                    }
                }
            }
            Err(error) => {
                bounded(&error, &[TOKEN]);
                if status == 200 {
                    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
                    assert!(!answer["Entitlements"].is_array(), "{answer}");
                }
            }
        }
    });
}

/// Answers to a report: only a clear yes to our id is one.
#[test]
fn fulfill_answers() {
    let runtime = runtime();
    let clients = runtime.block_on(Clients::start());
    let update = object(vec![
        (
            "EntitlementId",
            prop_oneof![texts(vec!["ours", "ours", "other"]), some_text()].boxed(),
        ),
        (
            "Result",
            prop_oneof![texts(vec!["SUCCESS", "ERROR"]), some_text()].boxed(),
        ),
    ]);
    let updates = vec(update, 0..4).prop_map(Value::from).boxed();
    let structured = with_status(object(vec![("FulfillmentStatusUpdates", updates)]));
    let ours = EntitlementId::new("ours").expect("an id");
    fuzz("fulfill_answers", structured, |input| {
        let (status, body) = status_and_body(input);
        clients.server.answer(0, status, &[], body);
        let now = clients.world.clock.now();
        let client = &clients.world.app.prime_gaming;
        let answer = runtime.block_on(client.fulfill(&secret(TOKEN), &ours, "Player", now));
        match answer {
            Ok(FulfillResult::Success) => {
                let answer: Value = serde_json::from_slice(body).expect("JSON");
                let updates = answer["FulfillmentStatusUpdates"]
                    .as_array()
                    .expect("a list");
                let first = updates.iter().find(|it| it["EntitlementId"] == "ours");
                assert_eq!(first.expect("ours")["Result"], "SUCCESS");
                assert!((200..300).contains(&status));
            }
            Ok(FulfillResult::NotReported(why)) => assert!(why.len() <= 100, "{why}"),
            Err(error) => bounded(&error, &[TOKEN]),
        }
    });
}

/// The studio's answers: delivered and refused are clear, and what is kept is bounded.
#[test]
fn webhook_answers() {
    let runtime = runtime();
    let server = runtime.block_on(Scripted::start());
    let clients = runtime.block_on(Clients::start());
    let url = Url::parse(&format!("{}/first?key=hush-hush-hush", server.url)).expect("a URL");
    let webhook = Webhook::new(net::Client::new(Clock::system()).expect("a client"), url);
    let (player, id) = (PlayerId::new("p1"), EntitlementId::new("e\u{1F3AE} 1"));
    let (player, id) = (player.expect("an id"), id.expect("an id"));
    let content = Content::stored(r#"{"item": "hat"}"#);
    let retry = prop_oneof![
        "[0-9]{1,25}",
        "(Mon|Wed), [0-9]{1,2} (Oct|Feb) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
        word(),
        text(),
    ];
    let refusal = object(vec![
        ("refused", prop_oneof![Just(json!(true)), json()].boxed()),
        ("reason", json().boxed()),
    ]);
    let body = prop_oneof![json(), refusal];
    let structured = (any::<u8>(), retry, body).prop_map(|(status, retry, body)| {
        let mut input = vec![status];
        input.extend(format!("{retry}\n{body}").into_bytes());
        input
    });
    fuzz("webhook_answers", structured, |input| {
        let (status, rest) = status_and_body(input);
        let at = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(rest.len());
        let (retry, body) = rest.split_at(at);
        server.answer(0, status, &[("retry-after", retry)], body);
        let now = clients.world.clock.now();
        let order = Order {
            player: &player,
            id: &id,
            sku: Some("hat"),
            title: Some("Hat"),
            content: content.as_ref(),
            since: now,
        };
        match runtime.block_on(webhook.deliver(&secret(WEBHOOK_SECRET), &order, now)) {
            Delivery::Delivered => assert!((200..300).contains(&status) || status == 409),
            Delivery::Refused(why) => {
                assert!(matches!(status, 410 | 422));
                let body = std::str::from_utf8(body).expect("a refusal is JSON");
                assert!(body.contains("refused"), "{body}");
                assert!(why.is_none_or(|why| {
                    why.chars().count() <= 500 && !why.contains(char::is_control)
                }));
            }
            Delivery::Unknown { source, .. } => {
                let cause = source.to_string();
                assert!(!matches!(status, 200..300 | 409), "{cause}");
                assert!(
                    source
                        .retry_after
                        .is_none_or(|wait| wait <= Duration::from_secs(3_600))
                );
                bounded(&cause, &["hush"]);
            }
        }
    });
}
