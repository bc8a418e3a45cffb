//! What the tests of linking share.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use it::{Answer, BASE_URL, Browser, World};
use prime_gaming::testing::store::Consumed;
use serde_json::{Value, json};
use url::Url;

/// A stored item.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Every item of a table.
pub(crate) async fn scan(world: &World, table: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let page = world
            .dynamodb
            .scan()
            .table_name(table)
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .send()
            .await
            .expect("the database answers");
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

/// The items of the links table whose key begins like this, by the rest of the key.
pub(crate) async fn links(world: &World, prefix: &str) -> BTreeMap<String, Item> {
    scan(world, &world.app.config.tables.links)
        .await
        .into_iter()
        .filter_map(|item| Some((text(&item, "pk").strip_prefix(prefix)?.to_owned(), item)))
        .collect()
}

/// A text of an item, empty where there is none.
pub(crate) fn text<'i>(item: &'i Item, name: &str) -> &'i str {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map_or("", String::as_str)
}

/// Asserts that no player is linked, and that no account says that it is: nothing half-written.
pub(crate) async fn nothing_linked(world: &World) {
    for prefix in ["PLAYER#", "AMAZON#", "REMNANT#"] {
        let items = links(world, prefix).await;
        assert!(items.is_empty(), "{items:?}");
    }
}

/// Asserts that exactly these pairs of player and Amazon account are linked, and that
/// the two items of each pair agree.
pub(crate) async fn linked_pairs(world: &World, pairs: &[(&str, &str)]) {
    let players = links(world, "PLAYER#").await;
    let accounts = links(world, "AMAZON#").await;
    let expected: BTreeMap<_, _> = pairs
        .iter()
        .map(|(player, account)| ((*player).to_owned(), world.amazon.account_id(account)))
        .collect();
    let by_player: BTreeMap<_, _> = players
        .iter()
        .map(|(player, item)| (player.clone(), text(item, "amazon_user_id").to_owned()))
        .collect();
    let by_account: BTreeMap<_, _> = accounts
        .iter()
        .map(|(account, item)| (text(item, "player_id").to_owned(), account.clone()))
        .collect();
    assert_eq!(by_player, expected);
    assert_eq!(by_account, expected);
    assert_eq!(accounts.len(), players.len());
    for (player, item) in &players {
        assert_eq!(text(item, "status"), "linked", "{player}");
        let account = &accounts[text(item, "amazon_user_id")];
        assert_eq!(text(item, "link_id"), text(account, "link_id"), "{player}");
        assert!(!text(item, "tokens").is_empty(), "{player}");
    }
}

/// What the player is told about its link.
pub(crate) async fn status(world: &World, player: &str) -> Value {
    world.call_as(player, "GET", "/v1/link").send().await.ok()
}

/// Asserts that the player is not linked, in the answer and in the table.
pub(crate) async fn unlinked(world: &World, player: &str) {
    assert_eq!(
        status(world, player).await,
        json!({"status": "unlinked", "linked_at": null})
    );
}

/// Asserts that nothing that Amazon was asked broke the contract with it.
pub(crate) fn no_violations(world: &World) {
    assert_eq!(world.amazon.violations(), Vec::<String>::new());
}

/// A browser that has just been sent back by Amazon, and where to.
pub(crate) async fn back_from_amazon<'w>(
    world: &'w World,
    player: &str,
    account: &str,
    return_to: Option<&str>,
) -> (Browser<'w>, String) {
    let mut browser = world.browser();
    let consent = browser.to_amazon(player, return_to).await;
    let callback = browser.allow(&consent, account);
    (browser, callback)
}

/// A browser that is at Amazon, and the `state` that it would bring back.
pub(crate) async fn at_amazon<'w>(
    world: &'w World,
    player: &str,
    return_to: Option<&str>,
) -> (Browser<'w>, String) {
    let mut browser = world.browser();
    let consent = browser.to_amazon(player, return_to).await;
    let state = parameter(&consent, "state");
    (browser, state)
}

/// The address that Amazon sends the browser back to, with these parameters.
pub(crate) fn callback(parameters: &[(&str, &str)]) -> String {
    let mut url = Url::parse(BASE_URL).expect("an address");
    url.set_path("/link/callback");
    url.query_pairs_mut().extend_pairs(parameters);
    url.into()
}

/// `address` with one parameter changed, or taken away.
pub(crate) fn with(address: &str, name: &str, value: Option<&str>) -> String {
    let mut url = Url::parse(address).expect("an address");
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.retain(|(key, _)| key != name);
    pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.into()
}

/// The one value of a parameter in the query.
pub(crate) fn parameter(address: &str, name: &str) -> String {
    let url = Url::parse(address).expect("an address");
    let values: Vec<String> = url
        .query_pairs()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .collect();
    let [value] = values.as_slice() else {
        panic!("`{name}` {} times in {address}", values.len())
    };
    value.clone()
}

/// Consumes the attempt of this address, as a request does that then dies.
pub(crate) async fn consume(world: &World, back: &str) {
    let now = world.clock.now();
    let links = &world.app.links;
    let attempt = links.attempt(&parameter(back, "state"), now).await;
    let attempt = attempt.expect("it is stored").expect("there is one");
    let dead = now - Duration::from_secs(30);
    let consumed = links.consume_attempt(&attempt, "me", now, dead).await;
    assert_eq!(consumed.expect("it is stored"), Consumed::Ours);
}

/// How many open link attempts are counted for the player.
pub(crate) async fn open_attempts(world: &World, player: &str) -> usize {
    let count = links(world, "OPEN#").await.remove(player);
    let attempts = count.and_then(|mut count| count.remove("attempts"));
    attempts.map_or(0, |attempts| attempts.as_m().expect("a map").len())
}

/// The cookie header of this browser.
pub(crate) fn cookies(browser: &Browser<'_>) -> String {
    let pairs: Vec<String> = browser
        .cookies()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("; ")
}

/// Opens an address in the browser that holds these cookies, for requests at the same time.
pub(crate) async fn open(world: &World, cookies: &str, address: &str) -> Answer {
    let path = address.strip_prefix(BASE_URL).unwrap_or(address);
    let call = world.call("GET", path).header("cookie", cookies);
    call.send().await
}
