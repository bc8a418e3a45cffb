//! What stands between a function and a service: counts its calls, remembers the answers, and
//! plays them back later.
//!
//! Calls are counted and answers recorded against the real embedded database and the stand-in.
//! Times are taken with the recorded answers, because a time with an embedded database in it would
//! say more about that database than about the function.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::wire::{Message, Server};

/// A service as a function sees it.
pub(crate) struct Upstream {
    server: Server,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// The latest answer to each operation.
    answers: BTreeMap<String, Vec<u8>>,
    /// How often each operation was asked for.
    counts: BTreeMap<String, u32>,
    play_back: bool,
}

impl Upstream {
    /// Stands before the service at `to`.
    pub(crate) fn before(to: SocketAddr) -> io::Result<Self> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        let server = Server::start(move |request| {
            let operation = operation(request);
            {
                let mut seen = lock(&shared);
                if seen.play_back {
                    let answer = seen.answers.get(&operation).cloned();
                    let unknown = || io::Error::other(format!("{operation} was not recorded"));
                    return answer.ok_or_else(unknown);
                }
                *seen.counts.entry(operation.clone()).or_default() += 1;
            }
            let answer = forward(request, to)?.bytes();
            lock(&shared).answers.insert(operation, answer.clone());
            Ok(answer)
        })?;
        Ok(Self { server, seen })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// How often each operation was asked for since the last time this was called.
    pub(crate) fn take_counts(&self) -> BTreeMap<String, u32> {
        std::mem::take(&mut lock(&self.seen).counts)
    }

    /// From now on answers by itself what it has seen before.
    pub(crate) fn play_back(&self) {
        lock(&self.seen).play_back = true;
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// DynamoDB names its operation in a header; elsewhere it is method and path.
fn operation(request: &Message) -> String {
    let target = request.header("x-amz-target");
    match target.and_then(|target| target.split_once('.')) {
        Some((_version, operation)) => operation.to_owned(),
        None => {
            let (method, path) = request.method_and_path();
            format!("{method} {path}")
        }
    }
}

/// Asks the service at `to`, over a connection of its own.
pub(crate) fn forward(request: &Message, to: SocketAddr) -> io::Result<Message> {
    let mut stream = TcpStream::connect(to)?;
    stream.write_all(&request.bytes())?;
    Message::answer(&mut BufReader::new(stream), request.method_and_path().0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::answer;

    fn ask(upstream: &Upstream, head: &str) -> io::Result<Message> {
        let mut request = head.as_bytes();
        let request = Message::request(&mut request)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        forward(&request, upstream.address())
    }

    #[test]
    fn calls_are_counted_by_operation_and_played_back() {
        let service =
            Server::start(|_request| Ok(answer("200 OK", "", b"real"))).expect("a free port");
        let upstream = Upstream::before(service.address).expect("a free port");
        let get_item = "POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n\r\n";
        for head in [get_item, get_item, "GET /api HTTP/1.1\r\n\r\n"] {
            assert_eq!(ask(&upstream, head).expect("an answer").body, b"real");
        }
        let counts = upstream.take_counts();
        assert_eq!((counts["GetItem"], counts["GET /api"]), (2, 1));
        assert!(upstream.take_counts().is_empty());

        drop(service);
        upstream.play_back();
        assert_eq!(ask(&upstream, get_item).expect("recorded").body, b"real");
        ask(&upstream, "GET /other HTTP/1.1\r\n\r\n").expect_err("not recorded");
    }
}
