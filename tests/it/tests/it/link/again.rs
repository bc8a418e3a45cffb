//! The form before Amazon posted again: a double click, the button that leads back, a browser that
//! repeats a request.

use std::time::Duration;

use futures_util::future::join;
use it::{Answer, Browser, World, hidden_inputs};
use serde_json::json;
use stand_in::{Consent, Endpoint, Fault};

use crate::link::start::{Inputs, asked};
use crate::link::support::{
    back_from_amazon, callback, consume, cookies, linked_pairs, links, no_violations,
    nothing_linked, open, open_attempts, parameter,
};

const SITE: &str = "https://play.example.com/done?tab=2";

/// Posts the form; the browser is sent to Amazon.
async fn post(browser: &mut Browser<'_>, inputs: &Inputs) -> String {
    let answer = browser.post("/link/start", inputs).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.location().to_owned()
}

/// The same, and says yes there: gives the address that Amazon sends the browser back to.
async fn post_and_allow(browser: &mut Browser<'_>, inputs: &Inputs, account: &str) -> String {
    let consent = post(browser, inputs).await;
    browser.allow(&consent, account)
}

/// A browser that shows the consent page of `p1`, with this `return_to`.
async fn asked_with<'w>(world: &'w World, return_to: &str) -> (Browser<'w>, Inputs) {
    let mut browser = world.browser();
    let start = browser.start_url("p1", Some(return_to)).await;
    let page = browser.get(&start).await;
    (browser, hidden_inputs(&page.body))
}

/// A void `state`: a page, and no way on.
async fn is_void(browser: &mut Browser<'_>, address: &str) {
    let answer = browser.get(address).await;
    answer.page(400, "invalid_state");
    assert!(answer.header("location").is_none(), "{answer:?}");
    assert!(!answer.body.contains("<a "), "{}", answer.body);
}

#[tokio::test]
async fn a_second_post_goes_to_amazon_again_and_the_first_way_is_void() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let first = post(&mut browser, &inputs).await;
    let second = post(&mut browser, &inputs).await;
    for name in ["state", "code_challenge"] {
        assert_ne!(parameter(&first, name), parameter(&second, name));
    }
    let first = browser.allow(&first, "alice");
    let second = browser.allow(&second, "alice");
    for _ in 0..2 {
        is_void(&mut browser, &first).await;
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    browser.get(&second).await.page(200, "Player p1");
    is_void(&mut browser, &first).await;
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn of_two_posts_that_overtake_each_other_the_last_one_leads_on() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let pressed = world.clock.now();
    world.clock.advance(Duration::from_millis(80));
    let second = post_and_allow(&mut browser, &inputs, "alice").await;
    world.clock.set(pressed);
    let first = post_and_allow(&mut browser, &inputs, "alice").await;
    is_void(&mut browser, &first).await;
    assert_eq!(open_attempts(&world, "p1").await, 1);
    browser.get(&second).await.page(200, "Player p1");
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn a_post_is_not_overtaken_by_the_clock_of_another_gateway() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let right = world.clock.now();
    world.clock.advance(Duration::from_millis(30_001));
    let first = post_and_allow(&mut browser, &inputs, "alice").await;
    world.clock.set(right);
    let second = post_and_allow(&mut browser, &inputs, "alice").await;
    is_void(&mut browser, &first).await;
    browser.get(&second).await.page(200, "Player p1");
    no_violations(&world);
}

#[tokio::test]
async fn a_void_state_is_never_sent_anywhere() {
    let world = World::new().await;
    for return_to in [SITE, "mygame:x"] {
        let (mut browser, inputs) = asked_with(&world, return_to).await;
        let first = post_and_allow(&mut browser, &inputs, "alice").await;
        let denied = callback(&[
            ("error", "access_denied"),
            ("state", &parameter(&first, "state")),
        ]);
        post(&mut browser, &inputs).await;
        is_void(&mut browser, &first).await;
        is_void(&mut browser, &denied).await;
        world.browser().get(&first).await.page(403, "wrong_browser");
        world.clock.advance(Duration::from_secs(600));
        is_void(&mut browser, &first).await;
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
}

#[tokio::test]
async fn a_void_attempt_does_not_count() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    for _ in 0..15 {
        post(&mut browser, &inputs).await;
    }
    assert_eq!(open_attempts(&world, "p1").await, 1);
    for _ in 0..9 {
        browser.start_url("p1", None).await;
    }
    let eleventh = world.call_as("p1", "POST", "/v1/link/sessions").send();
    eleventh.await.problem(429, "too_many_attempts");
    let back = post_and_allow(&mut browser, &inputs, "alice").await;
    browser.get(&back).await.page(200, "Player p1");
    assert_eq!(open_attempts(&world, "p1").await, 9);
}

#[tokio::test]
async fn the_form_can_be_posted_until_the_ticket_ends() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    post(&mut browser, &inputs).await;
    world.clock.advance(Duration::from_millis(599_999));
    let back = post_and_allow(&mut browser, &inputs, "alice").await;
    world.clock.advance(Duration::from_millis(1));
    let late = browser.post("/link/start", &inputs).await;
    late.page(400, "invalid_ticket");
    // The attempt has ten minutes of its own.
    world.clock.advance(Duration::from_millis(599_998));
    browser.get(&back).await.page(200, "Player p1");
    // Its ticket is kept as long as it is.
    let tickets = links(&world, "TICKET#").await;
    let attempts = links(&world, "ATTEMPT#").await;
    let ttl = |item: &crate::link::support::Item| item["ttl"].as_n().cloned().expect("a number");
    let last = attempts.values().map(ttl).max();
    assert_eq!(tickets.values().map(ttl).max(), last);
}

#[tokio::test]
async fn the_first_post_uses_the_ticket_up_for_every_other_browser() {
    let world = World::new().await;
    let mut mine = world.browser();
    let mut other = world.browser();
    let start = mine.start_url("p1", None).await;
    let my_form = hidden_inputs(&mine.get(&start).await.body);
    let other_form = hidden_inputs(&other.get(&start).await.body);
    post(&mut mine, &my_form).await;
    let refused = other.post("/link/start", &other_form).await;
    refused.page(400, "invalid_ticket");
    let mut without_cookie = world.browser();
    let refused = without_cookie.post("/link/start", &my_form).await;
    refused.page(400, "invalid_ticket");
    other.get(&start).await.page(400, "invalid_ticket");
    mine.get(&start).await.page(200, "Player p1");
    let back = post_and_allow(&mut mine, &my_form, "alice").await;
    other.get(&back).await.page(403, "wrong_browser");
    mine.get(&back).await.page(200, "Player p1");
    other.get(&start).await.page(400, "invalid_ticket");
    let refused = other.post("/link/start", &other_form).await;
    refused.page(400, "invalid_ticket");
    mine.get(&start).await.page(200, "Player p1");
}

#[tokio::test]
async fn an_attempt_that_ended_keeps_its_ending() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let consent = post(&mut browser, &inputs).await;
    let denied = browser.answer(&consent, "alice", &Consent::Refuse);
    browser.get(&denied).await.page(403, "access_denied");
    assert_eq!(open_attempts(&world, "p1").await, 0);
    // The player thinks better of it.
    let back = post_and_allow(&mut browser, &inputs, "alice").await;
    assert_eq!(open_attempts(&world, "p1").await, 1);
    browser.get(&denied).await.page(403, "access_denied");
    browser.get(&back).await.page(200, "Player p1");
    browser.get(&denied).await.page(403, "access_denied");
    assert_eq!(open_attempts(&world, "p1").await, 0);
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn once_linked_posting_shows_that_ending() {
    for return_to in [None, Some(SITE), Some("mygame:x")] {
        let world = World::new().await;
        let mut browser = world.browser();
        let start = browser.start_url("p1", return_to).await;
        let inputs = hidden_inputs(&browser.get(&start).await.body);
        let back = post_and_allow(&mut browser, &inputs, "alice").await;
        let ending = browser.get(&back).await;
        for _ in 0..2 {
            let again = browser.post("/link/start", &inputs).await;
            assert_eq!((again.status, &again.body), (ending.status, &ending.body));
            assert_eq!(again.header("location"), ending.header("location"));
        }
        browser
            .get(&start)
            .await
            .page(200, "is already linked to an Amazon account");
        assert_eq!(links(&world, "ATTEMPT#").await.len(), 1);
        assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
        linked_pairs(&world, &[("p1", "alice")]).await;
        no_violations(&world);
    }
}

/// Looks again for as long as the page asks for it.
async fn patiently(browser: &mut Browser<'_>, address: &str) -> Answer {
    loop {
        let answer = browser.get(address).await;
        if answer.header("refresh").is_none() {
            return answer;
        }
        answer.page(200, "reloads by itself");
    }
}

/// The player posts the form again while the first attempt is being made a link of. Only one of the
/// two can become one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_under_way_is_not_cut_off_and_there_is_no_second_link() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let first = post_and_allow(&mut browser, &inputs, "alice").await;
    let stall = Fault::Stall(Duration::from_millis(1500));
    world.amazon.fault(Endpoint::Token, stall, 1);
    let cookies = cookies(&browser);
    let again = async {
        while world.amazon.calls_to(Endpoint::Token) == 0 {
            tokio::task::yield_now().await;
        }
        // As another account, to see whose link it becomes.
        let second = post_and_allow(&mut browser, &inputs, "bob").await;
        (second.clone(), patiently(&mut browser, &second).await)
    };
    let (first_end, (second, second_end)) = join(open(&world, &cookies, &first), again).await;
    first_end.page(200, "Player p1");
    second_end.page(200, "Your Amazon account is linked");
    assert_eq!(
        world.amazon.calls_to(Endpoint::Token),
        1,
        "bob's code is not used"
    );
    linked_pairs(&world, &[("p1", "alice")]).await;
    // Both endings are remembered, also after the second attempt would have expired.
    world.clock.advance(Duration::from_secs(700));
    for address in [&first, &second] {
        browser.get(address).await.page(200, "Player p1");
    }
    assert_eq!(open_attempts(&world, "p1").await, 0);
    no_violations(&world);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_attempt_under_way_fails_the_second_goes_on() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let first = post_and_allow(&mut browser, &inputs, "alice").await;
    let slow = Fault::Stall(Duration::from_millis(1500));
    world.amazon.fault(Endpoint::TokenInfo, slow, 1);
    world
        .amazon
        .behave(|it| it.tokeninfo_aud = Some("other".to_owned()));
    let cookies = cookies(&browser);
    let again = async {
        while world.amazon.calls_to(Endpoint::TokenInfo) == 0 {
            tokio::task::yield_now().await;
        }
        let second = post_and_allow(&mut browser, &inputs, "alice").await;
        assert_eq!(open_attempts(&world, "p1").await, 1);
        second
    };
    let (first_end, second) = join(open(&world, &cookies, &first), again).await;
    first_end.page(403, "identity_mismatch");
    assert_eq!(
        open_attempts(&world, "p1").await,
        1,
        "the second one is open"
    );
    world.amazon.behave(|it| it.tokeninfo_aud = None);
    patiently(&mut browser, &second)
        .await
        .page(200, "Player p1");
    browser.get(&first).await.page(403, "identity_mismatch");
    assert_eq!(open_attempts(&world, "p1").await, 0);
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn while_an_attempt_is_under_way_the_next_one_waits() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let first = post_and_allow(&mut browser, &inputs, "alice").await;
    consume(&world, &first).await;
    let second = post_and_allow(&mut browser, &inputs, "alice").await;
    let answer = browser.get(&second).await;
    answer.page(200, "reloads by itself");
    assert!(answer.header("refresh").is_some());
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    // The first one's function has died.
    world.clock.advance(Duration::from_millis(30_001));
    browser.get(&first).await.page(500, "internal");
    browser.get(&second).await.page(200, "Player p1");
    browser.get(&first).await.page(500, "internal");
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

/// A request that outlives the limit: meanwhile the second attempt has taken its turn. With the same
/// account, only the ticket's row tells the two attempts apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_has_lost_its_turn_does_not_link() {
    for account in ["bob", "alice"] {
        let world = World::new().await;
        let (mut browser, inputs) = asked(&world, "p1").await;
        let first = post_and_allow(&mut browser, &inputs, "alice").await;
        let stall = Fault::Stall(Duration::from_millis(1500));
        world.amazon.fault(Endpoint::Token, stall, 1);
        let cookies = cookies(&browser);
        let again = async {
            while world.amazon.calls_to(Endpoint::Token) == 0 {
                tokio::task::yield_now().await;
            }
            let second = post_and_allow(&mut browser, &inputs, account).await;
            world.clock.advance(Duration::from_millis(30_001));
            browser.get(&second).await.page(200, "Player p1");
        };
        let (first_end, ()) = join(open(&world, &cookies, &first), again).await;
        assert!(first_end.status != 200, "{account}: {first_end:?}");
        linked_pairs(&world, &[("p1", account)]).await;
        browser.get(&first).await.page(500, "internal");
        no_violations(&world);
    }
}

#[tokio::test]
async fn a_place_that_was_given_back_is_taken_again_only_if_there_is_one() {
    let world = World::new().await;
    let mut denied = Vec::new();
    for _ in 0..10 {
        let (mut browser, inputs) = asked(&world, "p1").await;
        let consent = post(&mut browser, &inputs).await;
        let back = browser.answer(&consent, "alice", &Consent::Refuse);
        browser.get(&back).await.page(403, "access_denied");
        denied.push((browser, inputs));
    }
    assert_eq!(open_attempts(&world, "p1").await, 0);
    for _ in 0..9 {
        world.browser().start_url("p1", None).await;
    }
    let (mut one, form_one) = denied.pop().expect("ten of them");
    let (mut two, form_two) = denied.pop().expect("ten of them");
    post(&mut one, &form_one).await;
    let refused = two.post("/link/start", &form_two).await;
    refused.problem(429, "too_many_attempts");
    assert_eq!(refused.header("retry-after"), Some("600"));
    post(&mut one, &form_one).await;
    // Sessions that expired since do not count, though the row still names them.
    world.clock.advance(Duration::from_secs(599));
    post(&mut one, &form_one).await;
    assert_eq!(open_attempts(&world, "p1").await, 10);
}

#[tokio::test]
async fn a_lost_answer_to_the_write_is_harmless() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    post(&mut browser, &inputs).await;
    world.database.lose_answer("TransactWriteItems", 0);
    let back = post_and_allow(&mut browser, &inputs, "alice").await;
    assert_eq!(open_attempts(&world, "p1").await, 1);
    world.database.lose_answer("TransactWriteItems", 0);
    browser.get(&back).await.page(200, "Player p1");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn a_post_that_the_database_does_not_take_leaves_the_earlier_way_open() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let back = post_and_allow(&mut browser, &inputs, "alice").await;
    world.database.refuse("TransactWriteItems", 0, 1);
    let answer = browser.post("/link/start", &inputs).await;
    answer.page(500, "internal");
    browser.get(&back).await.page(200, "Player p1");
}

/// Another version of the service, which knows nothing of newer attempts, has written the attempt.
#[tokio::test]
async fn an_attempt_of_an_older_version_is_finished() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let (mut other, denied) = back_from_amazon(&world, "p2", "bob", None).await;
    for (_, mut item) in links(&world, "ATTEMPT#").await {
        item.remove("ticket");
        let put = world.dynamodb.put_item();
        let put = put.table_name(&world.app.config.tables.links);
        put.set_item(Some(item)).send().await.expect("written");
    }
    for key in links(&world, "TICKET#").await.into_keys() {
        let delete = world.dynamodb.delete_item();
        let delete = delete.table_name(&world.app.config.tables.links);
        let pk = aws_sdk_dynamodb::types::AttributeValue::S(format!("TICKET#{key}"));
        delete.key("pk", pk).send().await.expect("deleted");
    }
    browser.get(&back).await.page(200, "Player p1");
    let denied = callback(&[
        ("error", "access_denied"),
        ("state", &parameter(&denied, "state")),
    ]);
    other.get(&denied).await.page(403, "access_denied");
    for player in ["p1", "p2"] {
        assert_eq!(open_attempts(&world, player).await, 0);
    }
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn of_two_first_requests_at_once_either_page_leads_on() {
    let world = World::new().await;
    let start = world.browser().start_url("p1", None).await;
    // Two requests without a cookie: the browser keeps that of the second, and shows the first.
    let (mut first, mut second) = (world.browser(), world.browser());
    let shown = hidden_inputs(&first.get(&start).await.body);
    second.get(&start).await;
    let before = second.cookies().clone();
    let asked_again = second.post("/link/start", &shown).await;
    asked_again.page(403, "wrong_browser");
    asked_again.page(403, "Link Amazon to player <bdi>Player p1</bdi>?");
    assert_eq!(second.cookies(), &before, "it keeps its id");
    let policy = asked_again.header("content-security-policy").unwrap_or("");
    assert!(policy.contains("form-action 'self'"), "{policy}");
    assert!(links(&world, "ATTEMPT#").await.is_empty());
    let fresh = hidden_inputs(&asked_again.body);
    assert_ne!(fresh, shown);
    let back = post_and_allow(&mut second, &fresh, "alice").await;
    second.get(&back).await.page(200, "Player p1");

    // A browser that has lost its cookie gets another one.
    let (mut browser, inputs) = asked(&world, "p2").await;
    let mut forgetful = world.browser();
    let asked_again = forgetful.post("/link/start", &inputs).await;
    asked_again.page(403, "wrong_browser");
    assert_eq!(forgetful.cookies().len(), 1);
    let fresh = hidden_inputs(&asked_again.body);
    let back = post_and_allow(&mut forgetful, &fresh, "bob").await;
    let refused = browser.post("/link/start", &inputs).await;
    refused.page(400, "invalid_ticket");
    forgetful.get(&back).await.page(200, "Player p2");
    linked_pairs(&world, &[("p1", "alice"), ("p2", "bob")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn the_consent_page_is_shown_again_only_on_our_own_page_and_with_a_good_ticket() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let mut form = inputs.clone();
    form[1].1 = "A".repeat(43);
    let plain = |answer: &Answer, status, code| {
        answer.page(status, code);
        assert!(!answer.body.contains("<form"), "{}", answer.body);
        assert!(answer.header("set-cookie").is_none(), "{answer:?}");
    };
    for origin in [None, Some("null"), Some("https://evil.example")] {
        let answer = browser.request("POST", "/link/start", Some(&form), origin);
        plain(&answer.await, 403, "wrong_browser");
    }
    world.clock.advance(Duration::from_secs(600));
    let answer = browser.post("/link/start", &form).await;
    plain(&answer, 400, "invalid_ticket");
    assert!(links(&world, "ATTEMPT#").await.is_empty());
}

#[tokio::test]
async fn every_answer_for_a_browser_asks_for_https_where_that_is_served() {
    let settings = [("PLAYER_LOGIN_URL", "https://studio.example/login")];
    let mut world = World::with(&settings).await;
    world.app.config.public_base_url = url::Url::parse("https://links.example.com").ok();
    let session = world
        .call_as("p1", "POST", "/v1/link/sessions")
        .send()
        .await;
    assert!(session.header("strict-transport-security").is_none());
    let start = session.json()["start_url"]
        .as_str()
        .expect("text")
        .to_owned();
    let start = start.replace("https://links.example.com", "");
    let page = world.call("GET", &start).send().await;
    let cookie = page.header("set-cookie").expect("a cookie");
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(hidden_inputs(&page.body))
        .finish();
    let post = |origin: &str| {
        let call = world.call("POST", "/link/start").header("origin", origin);
        let call = call.header("cookie", &cookie);
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        call.body(form.clone()).send()
    };
    let to_amazon = post("https://links.example.com").await;
    assert_eq!(to_amazon.status, 303);
    let refused = post("https://evil.example").await;
    assert_eq!(refused.status, 403);
    let too_large = world.call("POST", "/link/start").body("x".repeat(70_000));
    let too_large = too_large.header("origin", "https://links.example.com");
    let too_large = too_large.send().await;
    too_large.problem(413, "payload_too_large");
    let to_login = world.call("GET", "/link").send().await;
    assert_eq!(to_login.status, 302);
    let nothing = world.call("GET", "/link/continue").send().await;
    assert_eq!(nothing.status, 400);
    let lost = world
        .call("GET", "/link/callback?state=x&code=y")
        .send()
        .await;
    assert_eq!(lost.status, 400);
    for answer in [page, to_amazon, refused, too_large, to_login, nothing, lost] {
        let header = answer.header("strict-transport-security");
        assert_eq!(header, Some("max-age=31536000"), "{answer:?}");
    }
    // API Gateway's own domain is https without a setting; a laptop is not.
    for (base, wanted) in [
        (None, Some("max-age=31536000")),
        (url::Url::parse("http://127.0.0.1:8080").ok(), None),
    ] {
        world.app.config.public_base_url = base;
        let answer = world.call("GET", &start).send().await;
        assert_eq!(answer.header("strict-transport-security"), wanted);
    }
    let status = world.call_as("p1", "GET", "/v1/link").send().await;
    assert_eq!(status.json()["status"], json!("unlinked"));
    assert!(status.header("strict-transport-security").is_none());
}
