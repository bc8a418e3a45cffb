//! A process of `reconcile` that is counted and timed, and players who give it work.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use it::World;
use local::Error;
use prime_gaming::App;
use prime_gaming::testing::net;
use prime_gaming::testing::secrets::Secrets;
use prime_gaming::testing::store::DUE_SHARDS;
use serde_json::json;
use stand_in::{Endpoint, Fault};
use url::Url;

use super::meter::{Meter, Used};
use crate::upstream::forward;
use crate::wire::Server;

/// The offer of the players whose reports fail: they may claim it again and again.
const SKU: &str = "due-offer";

/// Longer than a failed first report waits, and than the shortest time between two checks.
const WAIT_SECONDS: u64 = 6;

/// A process that shares database, time and Amazon with `world`, and whose requests to the database
/// `meter` counts. `prime_gaming`: Prime Gaming answers here instead.
pub(crate) async fn process_of(
    world: &World,
    meter: &Meter,
    prime_gaming: Option<SocketAddr>,
) -> Result<App, Error> {
    let mut config = world.app.config.clone();
    if let Some(address) = prime_gaming {
        let urls = &mut config.prime_gaming;
        for url in [&mut urls.entitlements_url, &mut urls.fulfill_url] {
            *url = Url::parse(&format!("http://{address}{}", url.path()))?;
        }
    }
    let secrets = Secrets::load(config.secrets.clone(), None).await?;
    let dynamodb = meter.watch(&world.dynamodb);
    let http = net::Client::new(world.app.clock.clone())?;
    App::new(config, secrets, world.app.clock.clone(), http, dynamodb)
        .map_err(|error| format!("{error:?}").into())
}

/// The stand-in for Prime Gaming, each of its answers so much later.
pub(crate) fn slow_prime_gaming(world: &World, by: Duration) -> Result<Server, Error> {
    let base = world.amazon.base_url();
    let to: SocketAddr = base.strip_prefix("http://").unwrap_or(&base).parse()?;
    let server = Server::start(move |request| -> io::Result<Vec<u8>> {
        std::thread::sleep(by);
        Ok(forward(request, to)?.bytes())
    })?;
    Ok(server)
}

/// What it took to work on everything that was due.
#[derive(Clone, Debug)]
pub(crate) struct Drain {
    /// Players stored.
    pub(crate) stored: u32,
    /// How many reports were due, by shard.
    pub(crate) due: Vec<u64>,
    /// Runs until nothing was left.
    pub(crate) runs: u64,
    /// What was asked of the database.
    pub(crate) used: Used,
    /// Calls of Prime Gaming.
    pub(crate) amazon: u64,
    pub(crate) took: Duration,
}

impl Drain {
    /// How many reports were due.
    pub(crate) fn due(&self) -> u64 {
        self.due.iter().sum()
    }
}

/// Runs `reconcile` until nothing is left.
pub(crate) async fn drain(
    world: &World,
    app: &App,
    meter: &Meter,
    stored: u32,
) -> Result<Drain, Error> {
    // What waits for an operator is counted every fifth minute, whatever is due.
    world.pass_until_uncounted();
    let now = world.clock.now();
    let mut due = Vec::new();
    for shard in 0..DUE_SHARDS {
        due.push(world.app.fulfillments.count_due(shard, now).await?);
    }
    world.forget();
    meter.take();
    let (mut runs, mut done) = (0, 0);
    let began = Instant::now();
    loop {
        let deadline = world.clock.now() + Duration::from_secs(58);
        let run = Box::pin(reconcile::handle(app, deadline)).await?;
        runs += 1;
        done += run.done;
        if run.left == 0 {
            break;
        }
    }
    let took = began.elapsed();
    let found = Drain {
        stored,
        due,
        runs,
        used: meter.take(),
        amazon: u64::try_from(world.amazon.calls().len())?,
        took,
    };
    if done != found.due() {
        return Err(format!("{done} of {} reports were made", found.due()).into());
    }
    Ok(found)
}

/// Players who went the real way, and whose reports fail at first.
#[derive(Default)]
pub(crate) struct Players {
    linked: u32,
}

impl Players {
    /// Makes one report due of each of so many players.
    pub(crate) async fn make_due(&mut self, world: &World, count: u32) -> Result<(), Error> {
        if self.linked == 0 {
            world.offer_with(SKU, &json!({"per_player": null})).await;
        }
        for number in self.linked..count {
            let (player, account) = names(number);
            world.linked(&player, &account).await;
        }
        self.linked = self.linked.max(count);
        world.pass(WAIT_SECONDS);
        for number in 0..count {
            let (player, account) = names(number);
            let id = world.amazon.claim(&account, SKU);
            world.check(&player).await;
            let fault = Fault::ItemResult("ERROR".to_owned());
            world.amazon.fault(Endpoint::Fulfill, fault, 1);
            let results = world.confirm(&player, &[&id]).await;
            if results[0]["status"] != "delivered" {
                return Err(format!("a report that should fail ended so: {results}").into());
            }
        }
        world.pass(WAIT_SECONDS);
        world.forget();
        Ok(())
    }
}

/// A player and its Amazon account.
fn names(number: u32) -> (String, String) {
    let player = format!("{number:08x}-0000-4000-9000-000000000000");
    (player, format!("due-{number}"))
}
