//! A scripted HTTP/1.1 server on a free loopback port, for unit tests of the clients.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use url::Url;

/// What the server does with one request.
pub(crate) enum Reply {
    /// Sends these bytes.
    Bytes(Vec<u8>),
    /// Closes the connection without a byte.
    Close,
    /// Resets the connection, with the request unread.
    Reset,
    /// Waits so long, and then does this.
    After(Duration, Box<Reply>),
    /// Waits until as many connections as the barrier counts are here, and then does this.
    Together(Arc<Barrier>, Box<Reply>),
    /// Sends nothing until the client has gone.
    Stall,
    /// Announces more than it sends, then closes.
    Truncated,
    /// Sends these bytes, and nothing more until the client has gone.
    Unfinished(Vec<u8>),
}

impl Reply {
    /// An answer with a JSON content type and a length.
    pub(crate) fn json(status: u16, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(
            format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json;charset=UTF-8\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            )
            .into_bytes(),
        )
    }

    /// The same without an announced length.
    pub(crate) fn chunked(status: u16, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(
            format!(
                "HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n\
                 {length:x}\r\n{body}\r\n0\r\n\r\n"
            )
            .into_bytes(),
        )
    }

    /// An answer whose body is compressed.
    pub(crate) fn encoded(coding: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Encoding: {coding}\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        Self::Bytes([head.as_bytes(), body].concat())
    }

    /// Adds a header.
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        let Self::Bytes(bytes) = self else {
            panic!("only an answer has headers");
        };
        let text = String::from_utf8(bytes).expect("answers are text");
        Self::Bytes(
            text.replacen("\r\n", &format!("\r\n{name}: {value}\r\n"), 1)
                .into_bytes(),
        )
    }
}

#[derive(Default)]
struct State {
    replies: VecDeque<Reply>,
    /// What the next connections do first.
    scripts: VecDeque<VecDeque<Reply>>,
    requests: Vec<String>,
    connections: usize,
}

/// The server. It lives as long as the test process.
pub(crate) struct Server {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Starts one that gives these replies in turn, over however many connections; after the last
    /// it closes connections without an answer.
    pub(crate) fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with_scripts([], replies)
    }

    /// Starts one whose first connections each follow a script of their own; the others, and those
    /// that have reached its end, give `replies` in turn.
    pub(crate) fn with_scripts(
        scripts: impl IntoIterator<Item = Vec<Reply>>,
        replies: impl IntoIterator<Item = Reply>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let replies = replies.into_iter().collect();
        let state = Arc::new(Mutex::new(State {
            replies,
            scripts: scripts.into_iter().map(VecDeque::from).collect(),
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                let script = {
                    let mut state = state.lock().expect("no test panics with the lock");
                    state.connections += 1;
                    state.scripts.pop_front().unwrap_or_default()
                };
                thread::spawn(move || serve(&stream, &state, script));
            }
        });
        Self { port, state }
    }

    /// A URL of this server.
    pub(crate) fn url(&self, path_and_query: &str) -> Url {
        format!("http://127.0.0.1:{}{path_and_query}", self.port)
            .parse()
            .expect("a URL")
    }

    /// The requests so far: head, empty line, body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state
            .lock()
            .expect("no test panics with the lock")
            .requests
            .clone()
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        self.state
            .lock()
            .expect("no test panics with the lock")
            .connections
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>, mut script: VecDeque<Reply>) {
    let mut reader = BufReader::new(stream);
    loop {
        if let Some(Reply::Reset) = script.front() {
            // Closing with something unread is what makes the kernel reset.
            let _ = stream.peek(&mut [0_u8; 1]);
            return;
        }
        let Some(request) = read_request(&mut reader) else {
            break;
        };
        let reply = {
            let mut state = state.lock().expect("no test panics with the lock");
            state.requests.push(request);
            let next = script.pop_front().or_else(|| state.replies.pop_front());
            next.unwrap_or(Reply::Close)
        };
        if !give(reply, stream, &mut reader) {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// Whether the connection goes on.
fn give(reply: Reply, mut stream: &TcpStream, reader: &mut impl Read) -> bool {
    // Reading ends when the client gives up and closes.
    match reply {
        Reply::Bytes(bytes) => return stream.write_all(&bytes).is_ok(),
        Reply::After(time, reply) => {
            thread::sleep(time);
            return give(*reply, stream, reader);
        }
        Reply::Together(barrier, reply) => {
            barrier.wait();
            return give(*reply, stream, reader);
        }
        Reply::Close | Reply::Reset => {}
        Reply::Stall => {
            let _ = reader.read(&mut [0_u8; 1]);
        }
        Reply::Unfinished(bytes) => {
            let _ = stream.write_all(&bytes);
            let _ = reader.read(&mut [0_u8; 1]);
        }
        Reply::Truncated => {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{\"a\":");
        }
    }
    false
}

fn read_request(reader: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        text.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    text.push_str(&String::from_utf8_lossy(&body));
    Some(text)
}

/// `text` compressed by gzip.
pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// `text` compressed by brotli.
pub(crate) fn brotli(text: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*text, &mut compressed, &Default::default())
        .expect("memory takes it");
    compressed
}
