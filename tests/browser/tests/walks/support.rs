//! The support page.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use browser::{Browser, Player, Walk, keys, walk};
use local::support::{Admin, Desk};
use serde_json::{Value, json};

async fn desk(walk: &Walk) -> Desk {
    let admin = Admin::Local(walk.function("admin"));
    Desk::start(admin, "ada", 0).await.expect("a free port")
}

/// The page over a program in place of the SAM CLI, with these answers. Each is a part of the command, and
/// what is answered to a command with this part.
async fn desk_over(folder: &Path, answers: &[(&str, Value)]) -> Desk {
    let mut script = "#!/bin/sh\ncase $(cat) in\n".to_owned();
    for (number, (part, answer)) in answers.iter().enumerate() {
        let file = folder.join(number.to_string());
        let text = answer.as_str().map_or(answer.to_string(), str::to_owned);
        std::fs::write(&file, text).expect("written");
        script += &format!("*'{part}'*) cat '{}' ;;\n", file.display());
    }
    script += "esac\n";
    let sam = folder.join("sam");
    std::fs::write(&sam, script).expect("written");
    std::fs::set_permissions(&sam, Permissions::from_mode(0o700)).expect("it may be run");
    let name = "prime".to_owned();
    let admin = Admin::Stack { name, sam };
    Desk::start(admin, "ada", 0).await.expect("a free port")
}

/// A linked player who has claimed an offer twice: one is pending, the other a duplicate, whose id
/// this gives.
async fn with_a_duplicate(walk: &Walk) -> (Player, String) {
    let (browser, player) = (walk.browser().await, walk.player());
    browser.open(&walk.start_url(&player).await).await;
    walk.say_yes(&browser, &player).await;
    walk.allow(&browser, &player).await;
    walk.is_linked(&browser, &player).await;
    for _ in 0..2 {
        walk.amazon().claim(&player.account, "starter-pack");
    }
    walk.check(&player).await;
    let get = json!({"command": "player.get", "player_id": player.id});
    let answer = walk.function("admin").invoke(&get).await;
    let entitlements = answer.expect("an answer")["entitlements"].take();
    let entitlements = entitlements.as_array().expect("a list").clone();
    let held = entitlements.iter().find(|it| it["status"] == "held");
    let id = held.expect("a duplicate")["entitlement_id"].as_str();
    (player, id.expect("an id").to_owned())
}

async fn status(walk: &Walk, id: &str) -> Value {
    let get = json!({"command": "entitlement.get", "entitlement_id": id});
    let answer = walk.function("admin").invoke(&get).await;
    answer.expect("an answer")["entitlement"]["status"].take()
}

/// Presses the button whose text ends so.
async fn press(browser: &Browser, end: &str) {
    let script = format!(
        "const all = [...document.querySelectorAll('#result button')]; \
         const one = all.find((it) => it.textContent.endsWith('{end}')); \
         one?.click(); return one !== undefined"
    );
    assert_eq!(browser.run(&script).await, true, "no button {end}");
}

#[test]
#[ignore = "slow: CI runs it"]
fn support_finds_an_entitlement_and_releases_it_by_keyboard() {
    walk(async |walk| {
        let (player, id) = with_a_duplicate(walk).await;
        let desk = desk(walk).await;
        let browser = walk.browser().await;
        browser.open(&desk.url).await;
        browser.shows("#place", "ada at the local system").await;
        browser
            .run("document.getElementById('kind').value = 'entitlement'")
            .await;
        browser.fill("#id", &id).await;
        browser.key(keys::ENTER).await;
        browser
            .shows("#result h2", &format!("Player {}", player.id))
            .await;
        assert_eq!(browser.count("article").await, 2);
        assert_eq!(browser.count("article.found").await, 1);
        let found = browser.text("article.found").await;
        assert!(
            found.contains("held, duplicate_offer") && found.contains(&id),
            "{found}"
        );
        browser.take_pictures("support-player").await;

        press(&browser, "elease").await;
        browser.shows("#order-title", "entitlement.release").await;
        // Without a reason it is refused, and nothing can be done yet.
        browser.key(keys::ENTER).await;
        browser.shows("#do:disabled", "Do it").await;
        browser.fill("#reason", "ticket 7").await;
        browser.key(keys::ENTER).await;
        browser.shows("#do:enabled", "Do it").await;
        assert_eq!(status(walk, &id).await, "held");
        browser.take_pictures("support-order").await;
        browser.click("#do").await;
        browser.shows("#done", "Done: entitlement.release").await;
        assert_eq!(status(walk, &id).await, "pending");
        let audit = browser.text("table").await;
        for word in ["entitlement.release", "ada", "ticket 7"] {
            assert!(audit.contains(word), "{audit}");
        }
        assert_eq!(browser.console().await, Vec::<String>::new());
    });
}

#[test]
fn support_sees_who_waits_and_whether_all_is_well() {
    walk(async |walk| {
        let (player, id) = with_a_duplicate(walk).await;
        let desk = desk(walk).await;
        let browser = walk.browser().await;
        browser.open(&desk.url).await;
        browser.shows("#place", "ada at the local system").await;
        browser.click("#waiting").await;
        browser
            .shows("#result h2", "What waits for an operator")
            .await;
        press(&browser, "duplicate_offer").await;
        browser
            .shows("#result h2", "What waits for an operator: duplicate_offer")
            .await;
        let text = browser.text("#result").await;
        assert!(text.contains(&id) && text.contains(&player.id), "{text}");
        browser.take_pictures("support-waiting").await;

        browser.click("#health").await;
        browser.shows("article h3", "well: secret").await;
        browser.take_pictures("support-health").await;

        // What is not there is said in words.
        browser.fill("#id", "nobody-knows-me").await;
        browser.key(keys::ENTER).await;
        browser
            .shows(
                "[role=alert]",
                "not_found: nothing is stored of the player nobody-knows-me",
            )
            .await;
        assert_eq!(browser.console().await, Vec::<String>::new());
    });
}

fn player(entitlements: &[Value], cursor: &Value) -> Value {
    json!({
        "ok": true, "player_id": "p1", "link": {"status": "unlinked"}, "entitlements": entitlements,
        "audit": [], "cursor": cursor,
    })
}

fn entitlement(id: &str) -> Value {
    json!({"entitlement_id": id, "player_id": "p1", "sku": "hat", "status": "reported"})
}

#[test]
fn support_exports_a_player_to_the_byte() {
    const PAGES: [&str; 2] = [
        r#"{ "ok": true, "content": { "amount": 12345678901234567890123, "z": 1.10 }, "cursor": "next" }"#,
        r#"{"ok":true,"content":[1e400,"\u00e9"],"cursor":null}"#,
    ];
    walk(async |walk| {
        let folder = tempfile::tempdir().expect("a folder");
        let answers = [
            ("player.get", player(&[], &Value::Null)),
            (r#""cursor":"next""#, PAGES[1].into()),
            ("player.export", PAGES[0].into()),
        ];
        let desk = desk_over(folder.path(), &answers).await;
        let browser = walk.browser().await;
        browser.open(&desk.url).await;
        browser.fill("#id", "p1").await;
        browser.key(keys::ENTER).await;
        browser.shows("#result h2", "Player p1").await;
        browser.download_into(folder.path()).await;
        press(&browser, "Export").await;
        let saved = browser
            .downloaded(&folder.path().join("player-p1.json"))
            .await;
        let saved = String::from_utf8(saved).expect("text");
        assert_eq!(saved, format!("[\n{}\n]\n", PAGES.join(",\n")));
    });
}

#[test]
fn support_sees_the_entitlement_it_looked_for_before_newer_ones() {
    walk(async |walk| {
        let folder = tempfile::tempdir().expect("a folder");
        let found = json!({"ok": true, "entitlement": entitlement("old"), "also": []});
        let answers = [
            ("entitlement.get", found),
            (
                r#""cursor":"next""#,
                player(&[entitlement("oldest"), entitlement("old")], &Value::Null),
            ),
            ("player.get", player(&[entitlement("new")], &json!("next"))),
        ];
        let desk = desk_over(folder.path(), &answers).await;
        let browser = walk.browser().await;
        browser.open(&desk.url).await;
        let choose = "document.getElementById('kind').value = 'entitlement'";
        browser.run(choose).await;
        browser.fill("#id", "old").await;
        browser.key(keys::ENTER).await;
        browser.shows("#result h2", "Player p1").await;
        assert_eq!(browser.count("article").await, 2);
        let first = browser.text("article:first-of-type.found").await;
        assert!(first.contains("old"), "{first}");
        press(&browser, "Older ones").await;
        browser.shows_among("article", "oldest").await;
        assert_eq!(browser.count("article").await, 2);
        assert_eq!(browser.count("article.found").await, 1);
        assert_eq!(browser.console().await, Vec::<String>::new());
    });
}

#[test]
fn support_is_told_that_the_program_does_not_answer() {
    const SILENT: &str = "unavailable: The program does not answer.";
    walk(async |walk| {
        let folder = tempfile::tempdir().expect("a folder");
        let answers = [("player.get", player(&[entitlement("a")], &Value::Null))];
        let desk = desk_over(folder.path(), &answers).await;
        let browser = walk.browser().await;
        browser.open(&desk.url).await;
        browser.fill("#id", "p1").await;
        browser.key(keys::ENTER).await;
        browser.shows("#result h2", "Player p1").await;
        // As for a program that has ended.
        let gone = json!({"offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        browser
            .devtools("Network.emulateNetworkConditions", gone)
            .await;
        for button in ["#health", "#waiting", "#search button"] {
            browser.click(button).await;
            browser.shows_among("[role=alert]", SILENT).await;
            assert_eq!(
                browser.count("#result article, #result h2").await,
                0,
                "{button}"
            );
            browser
                .run("document.getElementById('result').textContent = 'old'")
                .await;
        }
        let console = browser.console().await;
        assert!(
            !console.iter().any(|line| line.contains("Uncaught")),
            "{console:?}"
        );
    });
}
