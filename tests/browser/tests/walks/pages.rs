//! What the browser makes of the pages' headers.

use browser::walk;

#[test]
#[ignore = "slow: CI runs it"]
fn the_browser_keeps_the_cookie_from_scripts_and_other_sites() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        let cookies = browser.cookies().await;
        let [cookie] = cookies.as_slice() else {
            panic!("not one cookie: {}", cookies.len());
        };
        // Over https it is `__Host-` and Secure; the service's own tests read that.
        assert_eq!(cookie["name"], "prime-gaming-browser");
        assert_eq!(cookie["httpOnly"], true);
        assert_eq!(cookie["sameSite"], "Lax");
        assert_eq!(cookie["path"], "/");
        assert_eq!(cookie["domain"], "127.0.0.1", "this host alone");
        assert!(cookie["expiry"].is_u64(), "it outlives the browser's end");
        assert_eq!(browser.run("return document.cookie").await, "");
    });
}

#[test]
fn no_page_runs_a_script_that_got_into_it() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let inject = "const script = document.createElement('script'); \
                      script.textContent = 'window.ran = true'; document.body.append(script); \
                      const image = new Image(); image.setAttribute('onerror', 'ran = true'); \
                      image.src = 'data:,'; document.body.append(image); \
                      return [window.ran === true, document.querySelectorAll('script').length]";
        let forbidden = async || {
            walk.all_is_well(&browser).await;
            assert_eq!(browser.run(inject).await, serde_json::json!([false, 1]));
            let console = browser.console().await.join("\n");
            assert!(console.contains("default-src 'none'"), "{console}");
            assert_eq!(browser.run("return window.ran === true").await, false);
        };
        browser.open(&walk.start_url(&player).await).await;
        forbidden().await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        forbidden().await;
        let unknown = format!("{}/link/start?ticket=unknown", walk.service());
        browser.open(&unknown).await;
        walk.sees_failure(&browser, "invalid_ticket").await;
        forbidden().await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn a_name_that_looks_like_a_page_is_text() {
    walk(async |walk| {
        let browser = walk.browser().await;
        let name = "<script>ran=1</script><b>Robin</b>";
        let player = walk.known_player("player-with-markup", name);
        browser.open(&walk.start_url(&player).await).await;
        walk.sees_question(&browser, &player).await;
        assert_eq!(browser.count("script, b").await, 0);
        walk.all_is_well(&browser).await;
    });
}
