//! `attention.release` of ten thousand, as after a bug of the studio's backend.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use it::World;
use prime_gaming::budget::RESPONSE_LIMIT;
use serde_json::{Value, json};

use super::support::{code, done, duplicate, everything};

const COUNT: usize = 10_000;

/// A studio's bug meets many players.
const OF_EACH: usize = 10;

/// A page looks at a hundred entitlements.
const PAGE: usize = 100;

/// So many requests a page makes at most: for each entitlement the record, its holders, the offer and
/// the transaction; the request id, 8 shards, the records and the answer.
const MOST_REQUESTS: usize = 4 * PAGE + 20;

/// After so many transactions the database fails in the middle of a page.
const CUT: u32 = 50;

type Item = HashMap<String, AttributeValue>;

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// One of the entitlements that the service has held, made from another one.
fn held(like: &Item, number: usize, first: i64) -> Item {
    let at = (first + i64::try_from(number).expect("a small number")).to_string();
    let (player, id) = (number / OF_EACH, format!("many-{number:05}"));
    let position = format!("{at:0>15}#{id}");
    let shard = like["attention_shard"].as_s().expect("a shard");
    let (why, _) = shard.split_once('#').expect("two parts");
    let mut item = like.clone();
    item.extend(
        [
            ("pk", text(&format!("PLAYER#many-{player:04}"))),
            ("sk", text(&format!("E#{id}"))),
            ("open", text(&position)),
            ("seen", text(&position)),
            ("attention_shard", text(&format!("{why}#{}", number % 8))),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    for name in ["first_seen_at", "updated_at", "attention_since"] {
        item.insert(name.to_owned(), AttributeValue::N(at.clone()));
    }
    item
}

async fn plant(world: &World, like: &str) {
    let like = world.record_item("p1", like).await;
    let table = &world.app.config.tables.fulfillments;
    let first = world.clock.now().as_millis() - 3_600_000;
    let numbers: Vec<_> = (0..COUNT).collect();
    for numbers in numbers.chunks(25) {
        let puts = numbers.iter().map(|number| {
            let put = PutRequest::builder().set_item(Some(held(&like, *number, first)));
            let put = put.build().expect("an item");
            WriteRequest::builder().put_request(put).build()
        });
        let write = world.dynamodb.batch_write_item();
        let write = write.request_items(table, puts.collect()).send();
        let left = write.await.expect("written").unprocessed_items;
        assert!(left.is_none_or(|left| left.is_empty()));
    }
}

/// What the pages came to.
#[derive(Debug, Default)]
struct Played {
    pages: usize,
    released: u64,
    longest: Duration,
    most_requests: usize,
}

/// Releases from the beginning, page after page, until `enough` pages were played or none is left.
async fn play(world: &World, run: &str, enough: usize) -> Played {
    let mut played = Played::default();
    let mut cursor = Value::Null;
    while played.pages < enough {
        let page = json!({"held": "duplicate_offer", "sku": "hat", "cursor": cursor,
            "request_id": format!("{run} {}", played.pages)});
        world.forget();
        let began = Instant::now();
        let answer = done(world, "attention.release", page.clone()).await;
        played.longest = played.longest.max(began.elapsed());
        played.most_requests = played.most_requests.max(world.database.requests().len());
        played.pages += 1;
        played.released += answer["released"].as_u64().expect("a number");
        assert!(answer.get("skipped").is_none(), "{answer}");
        if played.pages % 20 == 1 {
            // An answer that was lost is asked for again.
            assert_eq!(done(world, "attention.release", page).await, answer);
        }
        cursor = answer["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    played
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn ten_thousand_are_released_in_pages_and_none_of_them_twice() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    let planting = Instant::now();
    plant(&world, &second).await;
    println!("planted in {:?}", planting.elapsed());

    let began = Instant::now();
    let first = play(&world, "before", 40).await;
    // The database fails in the middle of a page: some of it is released, and no answer is remembered.
    world.database.refuse("TransactWriteItems", CUT, 1);
    let cut = json!({"held": "duplicate_offer", "sku": "hat", "request_id": "cut"});
    assert_eq!(code(&world, "attention.release", cut).await, "unavailable");
    let rest = play(&world, "after", usize::MAX).await;
    println!(
        "released in {:?}: {first:?}, cut, {rest:?}",
        began.elapsed()
    );

    let expected = COUNT + 1;
    for played in [&first, &rest] {
        assert!(played.longest < RESPONSE_LIMIT, "{played:?}");
        assert!(played.most_requests <= MOST_REQUESTS, "{played:?}");
    }
    // What the page has released that was cut has no other answer.
    let answered = usize::try_from(first.released + rest.released).expect("a small number");
    assert!(answered < expected, "{answered}");
    let rows = everything(&world).await;
    let mut audits: BTreeMap<String, usize> = BTreeMap::new();
    let (mut pending, mut places) = (0, BTreeSet::new());
    for row in rows.values() {
        let word = |name: &str| row.get(name).and_then(|it| it.as_s().ok()).cloned();
        let is_command = word("command").as_deref() == Some("attention.release");
        if let Some(id) = word("entitlement_id").filter(|_| is_command) {
            assert!(word("request_id").is_some() && word("reason").is_some());
            *audits.entry(id).or_default() += 1;
        }
        assert_ne!(word("status").as_deref(), Some("held"), "{row:?}");
        pending += usize::from(word("status").as_deref() == Some("pending"));
        let used = row.get("entitlements").and_then(|it| it.as_ss().ok());
        places.extend(used.into_iter().flatten().cloned());
    }
    assert_eq!(audits.len(), expected);
    assert!(audits.values().all(|count| *count == 1), "released twice");
    // The first one was `pending` before.
    assert_eq!((pending, places.len()), (expected + 1, expected + 1));
}
