//! The sample events, each through the handler that its route leads to. These are the files that
//! `sam local invoke` is given.

use std::collections::BTreeSet;

use it::{CLIENT_ID, CLIENT_SECRET, World};
use local::samples::{self, ORIGIN, PROMISES, Promise, Response, Stage, Values};
use local::template::{Template, project_template};
use prime_gaming::domain::random_token;
use serde_json::{Value, json};
use stand_in::{Amazon, Client};

/// Where the studio logs players in.
const LOGIN_PAGE: &str = "https://accounts.studio.example/prime/login";

fn read(name: &str) -> Value {
    samples::read(name).expect("an event")
}

/// Every file of the folder, without its ending.
fn names() -> BTreeSet<String> {
    std::fs::read_dir(samples::folder())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_stem().expect("a name");
            name.to_str().expect("UTF-8").to_owned()
        })
        .collect()
}

/// The functions, deployed as the events see them: behind the gateway's own domain.
async fn deployed() -> World {
    let mut world = World::with(&[("PLAYER_LOGIN_URL", LOGIN_PAGE)]).await;
    world.app.config.public_base_url = None;
    world.app.config.linking.devices = true;
    world.amazon.register_client(Client {
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        return_urls: vec![format!("{ORIGIN}/link/callback")],
        allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
    });
    world
}

/// A world that answers the events.
struct Deployed {
    world: World,
    template: Template,
}

impl Stage for Deployed {
    async fn send(&self, name: &str, values: &Values) -> Result<Response, local::Error> {
        let event = samples::filled(name, values)?;
        let (_, function) = samples::function_of(&self.template, name, &event)?;
        let answer = self.world.handle(&function, &event).await;
        Ok(Response {
            status: answer.status.as_u16(),
            location: answer.header("location").map(str::to_owned),
            cookie: answer.header("set-cookie").map(str::to_owned),
            body: answer.body,
        })
    }

    fn amazon(&self) -> &Amazon {
        &self.world.amazon
    }

    fn sku(&self) -> &'static str {
        "coin"
    }
}

fn tokens(world: &World) -> Values {
    let mut values = Values::default();
    values.set("PLAYER_TOKEN", &world.player_token("player-1"));
    values.set("SERVER_TOKEN", &world.server_token());
    values.set("BROWSER_ID", &random_token());
    values
}

#[tokio::test]
async fn every_event_is_answered_as_it_should_be() {
    for (name, promise) in PROMISES {
        let (status, code) = match *promise {
            Promise::Api(status, code) => (status, code),
            Promise::Redirect(status) => (status, ""),
            _ => continue,
        };
        let stage = Deployed {
            world: deployed().await,
            template: Template::read(&project_template()).expect("the template"),
        };
        let world = &stage.world;
        world.offer_with("coin", &json!({"per_player": null})).await;
        let mut values = tokens(world);
        let prepared = samples::prepare(&stage, name, "alice", &mut values).await;
        prepared.unwrap_or_else(|error| panic!("{name}: {error}"));
        let event = samples::filled(name, &values).expect("all is filled in");
        let function = samples::function_of(&stage.template, name, &event);
        let answer = world.handle(&function.expect("a route").1, &event).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {answer:?}");
        if code.is_empty() {
            assert_ne!(
                answer.header("content-type"),
                Some("application/problem+json"),
                "{name}"
            );
        } else if event["rawPath"]
            .as_str()
            .is_some_and(|path| path.starts_with("/v1"))
        {
            answer.problem(status, code);
            assert_eq!(
                answer.json()["request_id"],
                event["requestContext"]["requestId"],
                "{name}"
            );
        } else {
            answer.page(status, code);
        }
        world.contract_is_kept();
    }
}

#[tokio::test]
async fn every_admin_event_is_answered_as_it_should_be() {
    let world = World::new().await;
    let commands = || {
        let done = |promise| match promise {
            Promise::Command(done) => Some(done),
            _ => None,
        };
        PROMISES
            .iter()
            .filter_map(move |(name, promise)| Some((*name, done(*promise)?)))
    };
    for (name, done) in commands().filter(|(name, _)| name.contains("offers")) {
        let answer = world.admin(read(name)).await;
        assert_eq!(answer["ok"], done, "{name}: {answer}");
    }
    for (name, done) in commands() {
        let world = with_an_entitlement(name).await;
        let account = world.amazon.account_id("alice");
        let event = read(name)
            .to_string()
            .replace("amzn1.account.AEXAMPLE", &account);
        let answer: Value = serde_json::from_str(&world.admin_text(&event).await).expect("JSON");
        // Those need the offers of `offers.put`.
        if ![
            "admin-offers-correct",
            "admin-offers-delete",
            "admin-offers-pause",
            "admin-offers-resume",
        ]
        .contains(&name)
        {
            assert_eq!(answer["ok"], done, "{name}: {answer}");
        }
    }
}

/// With the player and the entitlement that the events name, as the event's command needs it.
pub(super) async fn with_an_entitlement(name: &str) -> World {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("player-1", "alice").await;
    let element = json!({
        "EntitlementId": "entitlement-1", "VendorProductId": "hat", "NextInstruction": "FULFILL"
    });
    world.amazon.put_entitlement("alice", element);
    world.check("player-1").await;
    match name {
        "admin-entitlement-release" => {
            let mut hold = read("admin-entitlement-hold");
            hold["dry_run"] = false.into();
            assert_eq!(world.admin(hold).await["ok"], true);
        }
        "admin-entitlement-rereport" => {
            let results = world.confirm("player-1", &["entitlement-1"]).await;
            assert_eq!(results[0]["status"], "reported");
        }
        _ => {}
    }
    world
}

#[test]
fn every_events_file_is_tested() {
    let promised = PROMISES.iter().map(|(name, _)| (*name).to_owned());
    // The variables that `sam local invoke --env-vars` takes.
    let tested: BTreeSet<String> = promised.chain(["env".to_owned()]).collect();
    assert_eq!(names(), tested);
}

#[test]
fn every_route_has_an_event() {
    let template = Template::read(&project_template()).expect("the template");
    let covered: BTreeSet<String> = names()
        .iter()
        .filter_map(|name| read(name)["routeKey"].as_str().map(str::to_owned))
        .collect();
    for function in &template.functions {
        for route in &function.routes {
            let route_key = format!("{} {}", route.method, route.path);
            assert!(covered.contains(&route_key), "{route_key} has no event");
        }
    }
}

#[test]
fn an_event_says_the_same_thing_in_all_its_places() {
    for name in names() {
        let event = read(&name);
        let Some(route_key) = event["routeKey"].as_str() else {
            continue;
        };
        let context = &event["requestContext"];
        let (method, path) = (&context["http"]["method"], &context["http"]["path"]);
        assert_eq!(event["version"], "2.0", "{name}");
        assert_eq!(context["routeKey"], route_key, "{name}");
        assert_eq!(&event["rawPath"], path, "{name}");
        let says = |value: &Value| value.as_str().expect("text").to_owned();
        let mut asked_for = route_key.to_owned();
        for (parameter, value) in event["pathParameters"].as_object().into_iter().flatten() {
            asked_for = asked_for.replace(&format!("{{{parameter}}}"), &says(value));
        }
        assert_eq!(
            format!("{} {}", says(method), says(path)),
            asked_for,
            "{name}"
        );
        assert_eq!(context["domainName"], event["headers"]["host"], "{name}");
        let query = event["rawQueryString"].as_str().expect("text");
        assert_eq!(
            event["queryStringParameters"].is_object(),
            !query.is_empty(),
            "{name}"
        );
    }
}

#[test]
fn the_variables_for_sam_local_are_those_of_the_template() {
    let template = Template::read(&project_template()).expect("the template");
    let env = read("env");
    // `Parameters` is for every function.
    let keys: Vec<_> = env.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["Parameters"]);
    let given = env["Parameters"].as_object().expect("variables");
    let given: BTreeSet<_> = given.keys().map(String::as_str).collect();
    for function in &template.functions {
        let declared: BTreeSet<_> = function.environment.keys().map(String::as_str).collect();
        // `sam local` hands over only what the template declares.
        assert_eq!(given, declared, "{}", function.logical_id);
    }
}
