use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Barrier};

use super::*;
use crate::Clock;
use crate::net::testing::{Reply, Server};

const LIMIT: Duration = Duration::from_secs(5);

/// A wall clock that stands until a test moves it, as that of a frozen process seems to do.
#[derive(Clone, Default)]
struct Wall(Arc<AtomicI64>);

impl Wall {
    fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.0);
        Clock::from_fn(move || Timestamp::from_millis(millis.load(Ordering::Relaxed)))
    }

    fn set(&self, seconds: i64) {
        self.0.store(seconds * 1000, Ordering::Relaxed);
    }
}

fn new_client() -> Client {
    Client::new(Wall::default().clock()).expect("a client")
}

fn ok() -> Reply {
    Reply::json(200, "{}")
}

fn of(client: &Client, method: &Method, server: &Server) -> Request {
    let url = server.url("/x?token=hush");
    let request = if *method == Method::GET {
        client.get(url)
    } else {
        client.post(url).body("x")
    };
    request.build().expect("a request")
}

async fn ask(client: &Client, method: Method, server: &Server) -> Result<FullResponse, NetError> {
    exchange(client, of(client, &method, server), LIMIT, 100).await
}

async fn ask_with(
    client: &Client,
    repeat: Repeat,
    server: &Server,
) -> Result<FullResponse, NetError> {
    let request = of(client, &Method::POST, server);
    exchange_with(client, request, repeat, LIMIT, 100).await
}

/// Leaves three open connections in the pool.
async fn open_three(client: &Client, server: &Server) {
    let asked = [(); 3].map(|()| ask(client, Method::GET, server));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.expect("an answer").status, 200);
    }
    assert_eq!(server.connections(), 3);
}

/// A server whose first three connections give one answer each, together, and then do as told.
fn three_then(what: impl Fn() -> Reply) -> Server {
    let all = Arc::new(Barrier::new(3));
    let script = || vec![Reply::Together(Arc::clone(&all), Box::new(ok())), what()];
    Server::with_scripts([(); 3].map(|()| script()), [ok(), ok(), ok()])
}

#[tokio::test]
async fn any_status_is_an_answer() {
    let server = Server::start([Reply::json(503, r#"{"a":1}"#).header("Retry-After", "7")]);
    let answer = ask(&new_client(), Method::GET, &server)
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status, answer.body.as_slice(), answer.is_repeated),
        (503, br#"{"a":1}"#.as_slice(), false)
    );
    assert_eq!(
        answer.retry_after(Timestamp::from_millis(0)),
        Some(Duration::from_secs(7))
    );
}

#[tokio::test]
async fn what_dies_before_an_answer_is_repeated_once_and_only_once() {
    for method in [Method::GET, Method::POST] {
        let server = Server::start([Reply::Close, ok()]);
        let answer = ask(&new_client(), method.clone(), &server).await;
        let answer = answer.expect("the second try");
        assert_eq!((answer.status, answer.is_repeated), (200, true));
        assert_eq!((server.requests().len(), server.connections()), (2, 2));

        let server = Server::start([Reply::Close, Reply::Close, ok()]);
        let error = ask(&new_client(), method, &server).await;
        let error = error.expect_err("both died");
        assert!(matches!(error, NetError::Other(_)), "{error:?}");
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn the_second_try_never_meets_another_dead_connection() {
    for what in [|| Reply::Close, || Reply::Reset] {
        let server = three_then(what);
        let client = new_client();
        open_three(&client, &server).await;
        let answer = ask(&client, Method::GET, &server).await;
        assert!(answer.expect("an answer").is_repeated);
        assert_eq!(server.connections(), 4);
        // The other two are out of the way too.
        let answer = ask(&client, Method::GET, &server).await;
        assert!(!answer.expect("an answer").is_repeated);
        assert_eq!(server.connections(), 4);
    }
}

#[tokio::test]
async fn an_old_connection_that_swallows_a_read_is_not_waited_for() {
    let server = three_then(|| Reply::Stall);
    let client = new_client();
    open_three(&client, &server).await;
    // Far below the limit, so that nothing else can have ended the wait.
    let request = of(&client, &Method::GET, &server);
    let patience = Duration::from_millis(50);
    let sent = send(&client, request, Repeat::Harmless, patience).await;
    assert!(sent.expect("an answer").1);
    assert_eq!(server.connections(), 4);
    let answer = ask(&client, Method::GET, &server).await;
    assert!(!answer.expect("an answer").is_repeated);
    assert_eq!((server.connections(), server.requests().len()), (4, 6));
}

#[tokio::test]
async fn a_slow_answer_of_an_old_connection_counts_and_slowness_is_no_suspicion() {
    let slow = || Reply::After(Duration::from_millis(300), Box::new(ok()));
    let server = Server::start([ok(), slow(), Reply::Stall, slow(), ok()]);
    let client = new_client();
    let patience = Duration::from_millis(100);
    let get = async || {
        let request = of(&client, &Method::GET, &server);
        send(&client, request, Repeat::Harmless, patience).await
    };
    get().await.expect("an answer");
    // The first try is slow, the second silent.
    assert!(get().await.expect("the slow answer").1);
    assert_eq!(server.requests().len(), 3);
    // Slow as it is known to be, it is asked once.
    assert!(!get().await.expect("an answer").1);
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_token_request_goes_over_a_connection_of_its_own() {
    let server = Server::start([ok(), ok(), ok()]);
    let client = new_client();
    for connections in 1..=3 {
        let answer = ask(&client, Method::POST, &server).await;
        assert!(!answer.expect("an answer").is_repeated);
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn a_harmless_write_uses_the_pool_and_is_repeated_like_a_read() {
    let server = three_then(|| Reply::Reset);
    let client = new_client();
    open_three(&client, &server).await;
    let answer = ask_with(&client, Repeat::Harmless, &server).await;
    assert!(answer.expect("an answer").is_repeated);
    let answer = ask_with(&client, Repeat::Harmless, &server).await;
    assert!(!answer.expect("an answer").is_repeated);
    assert_eq!(server.connections(), 4);
}

#[tokio::test]
async fn what_a_key_names_uses_only_what_answered_a_moment_ago() {
    let server = Server::start([ok(), ok(), ok()]);
    let wall = Wall::default();
    let client = Client::new(wall.clock()).expect("a client");
    for (now, connections) in [(0, 1), (1, 1), (3, 2)] {
        wall.set(now);
        let answer = ask_with(&client, Repeat::Keyed, &server).await;
        assert!(!answer.expect("an answer").is_repeated);
        assert_eq!(server.connections(), connections, "at {now} s");
    }
}

#[tokio::test]
async fn connections_that_rested_for_more_than_30_s_are_dropped() {
    let server = Server::start((0..5).map(|_| ok()));
    let wall = Wall::default();
    let client = Client::new(wall.clock()).expect("a client");
    // The last one: a clock that was set back tells nothing.
    for (now, connections) in [(100, 1), (130, 1), (160, 1), (191, 2), (150, 3)] {
        wall.set(now);
        let answer = ask(&client, Method::GET, &server).await;
        assert!(!answer.expect("an answer").is_repeated);
        assert_eq!(server.connections(), connections, "at {now} s");
    }
}

#[tokio::test]
async fn each_host_rests_by_itself() {
    let (busy, idle) = (
        Server::start((0..3).map(|_| ok())),
        Server::start([ok(), ok()]),
    );
    let wall = Wall::default();
    let client = Client::new(wall.clock()).expect("a client");
    for (now, server) in [
        (0, &busy),
        (0, &idle),
        (20, &busy),
        (40, &busy),
        (40, &idle),
    ] {
        wall.set(now);
        ask(&client, Method::GET, server).await.expect("an answer");
    }
    assert_eq!((busy.connections(), idle.connections()), (1, 2));
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_is_tried_once_more() {
    let client = new_client();
    // It speaks no TLS, and hangs up.
    let server = Server::start([]);
    let mut url = server.url("/?token=hush");
    url.set_scheme("https").expect("a scheme");
    for repeat in [Repeat::Harmless, Repeat::Keyed, Repeat::OnlyIfDied] {
        let before = server.connections();
        let request = client.post(url.clone()).build().expect("a request");
        let error = exchange_with(&client, request, repeat, LIMIT, 10).await;
        let error = error.expect_err("no TLS");
        assert!(matches!(error, NetError::Connect(_)), "{error:?}");
        assert!(!error.to_string().contains("hush"), "{error}");
        assert_eq!(server.connections() - before, 2);
    }
}

#[tokio::test]
async fn the_limit_covers_a_silent_host() {
    for method in [Method::GET, Method::POST] {
        let server = Server::start([Reply::Stall]);
        let client = new_client();
        let request = of(&client, &method, &server);
        let error = exchange(&client, request, Duration::from_millis(100), 10)
            .await
            .expect_err("too slow");
        assert_eq!(error, NetError::Timeout);
        assert_eq!(server.requests().len(), 1, "a time-out is not repeated");
    }
}

#[tokio::test]
async fn bodies_are_bounded_whether_or_not_their_length_is_announced() {
    let long = "x".repeat(101);
    for reply in [Reply::json(200, &long), Reply::chunked(200, &long)] {
        let server = Server::start([reply]);
        let error = ask(&new_client(), Method::GET, &server).await;
        assert_eq!(error.expect_err("too long"), NetError::TooLarge(100));
    }
}

#[tokio::test]
async fn an_answer_that_ends_early_is_an_error_and_names_no_url() {
    let server = Server::start([Reply::Truncated]);
    let error = ask(&new_client(), Method::GET, &server)
        .await
        .expect_err("cut off");
    let text = format!("{error} {error:?}");
    assert!(
        !text.contains("hush") && !text.contains("127.0.0.1"),
        "{text}"
    );
}
