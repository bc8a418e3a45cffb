//! As little HTTP/1.1 as both ends of the benchmark need, blocking, one thread per connection: what
//! answers the functions should cost next to nothing and always the same.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest head that is read, in bytes.
const MAX_HEAD: u64 = 64 * 1024;

/// A request or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// Reads a request; `None` where the connection ended before one began.
    pub(crate) fn request(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(head) = head(from)? else {
            return Ok(None);
        };
        let mut request = Self {
            head,
            body: Vec::new(),
        };
        request.read_body(from)?;
        Ok(Some(request))
    }

    /// Reads the answer to a request with this method.
    pub(crate) fn answer(from: &mut impl BufRead, method: &str) -> io::Result<Self> {
        let head = head(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut answer = Self {
            head,
            body: Vec::new(),
        };
        // Its length is what a GET would get.
        if method != "HEAD" {
            answer.read_body(from)?;
        }
        Ok(answer)
    }

    fn read_body(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        if self.header("transfer-encoding").is_some() {
            return Err(io::Error::other("a body without a length"));
        }
        let length = match self.header("content-length") {
            Some(text) => text.parse().map_err(io::Error::other)?,
            None => 0,
        };
        self.body = vec![0; length];
        from.read_exact(&mut self.body)
    }

    /// Method and target of a request.
    pub(crate) fn method_and_path(&self) -> (&str, &str) {
        let mut words = self.head.split(' ');
        (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        )
    }

    /// A header's value, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1);
        let mut pairs = lines.filter_map(|line| line.split_once(':'));
        pairs
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// The message as it is sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }
}

/// An answer with this status and these headers, each ended by CR LF.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn head(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut head = String::new();
    let mut from = from.take(MAX_HEAD);
    while !head.ends_with("\r\n\r\n") {
        if from.read_line(&mut head)? == 0 {
            return match head.as_str() {
                "" => Ok(None),
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
    }
    Ok(Some(head))
}

/// A server on a free port of the loopback interface. It takes no more connections after it was
/// dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Answers every request with what `answer` makes of it; its error ends the connection.
    pub(crate) fn start<F>(answer: F) -> io::Result<Self>
    where
        F: Fn(&Message) -> io::Result<Vec<u8>> + Clone + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let answer = answer.clone();
                if let Ok(stream) = stream {
                    // A connection that breaks is the function's to notice, and fails its call.
                    std::thread::spawn(move || connection(&stream, answer));
                }
            }
        });
        Ok(Self { address, stop })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection. If that fails, it is not waiting.
        let _ = TcpStream::connect(self.address);
    }
}

fn connection(
    mut stream: &TcpStream,
    answer: impl Fn(&Message) -> io::Result<Vec<u8>>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut requests = BufReader::new(stream);
    while let Some(request) = Message::request(&mut requests)? {
        stream.write_all(&answer(&request)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_follow_each_other_on_one_connection() {
        let mut bytes: &[u8] = b"POST /a?b HTTP/1.1\r\nContent-Length: 2\r\nX: y : z\r\n\r\nhi\
            GET / HTTP/1.1\r\n\r\n";
        let first = Message::request(&mut bytes)
            .expect("a request")
            .expect("one");
        assert_eq!(first.method_and_path(), ("POST", "/a?b"));
        assert_eq!(
            (first.body.as_slice(), first.header("x")),
            (&b"hi"[..], Some("y : z"))
        );
        let second = Message::request(&mut bytes)
            .expect("a request")
            .expect("one");
        assert_eq!(
            (second.method_and_path(), second.body.len()),
            (("GET", "/"), 0)
        );
        assert_eq!(Message::request(&mut bytes).expect("the end"), None);
    }

    #[test]
    fn the_answer_to_head_has_no_body() {
        let sent = answer("200 OK", "", b"hello");
        let read = |method| Message::answer(&mut sent.as_slice(), method).expect("an answer");
        assert_eq!((read("HEAD").body.len(), read("GET").body.len()), (0, 5));
        assert_eq!(read("GET").bytes(), sent);
    }

    #[test]
    fn what_breaks_off_is_an_error() {
        for text in ["GET /", "GET / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab"] {
            Message::request(&mut text.as_bytes()).expect_err(text);
        }
        Message::answer(&mut &b""[..], "GET").expect_err("nothing");
    }
}
