//! An address that is known before what stands behind it, as that of a load balancer.

use std::net::{IpAddr, Ipv4Addr};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A port of this machine, on loopback unless it is bound elsewhere. Who comes before it leads
/// anywhere waits.
#[derive(Debug)]
pub struct Front {
    /// `http://127.0.0.1:PORT`, or with the address that it is bound to.
    pub origin: String,
    listener: TcpListener,
}

/// A front that leads somewhere, until it is dropped.
#[derive(Debug)]
pub struct Leading(JoinHandle<()>);

impl Front {
    /// Takes a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn bind() -> std::io::Result<Self> {
        Self::bind_at(Ipv4Addr::LOCALHOST).await
    }

    /// Takes a free port of this address, which must be one of this machine's.
    ///
    /// # Errors
    /// When it is another machine's, or there is no free port.
    pub async fn bind_at(address: Ipv4Addr) -> std::io::Result<Self> {
        let listener = TcpListener::bind((address, 0)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        Ok(Self { origin, listener })
    }

    /// Passes every connection on to this port of 127.0.0.1.
    #[must_use]
    pub fn lead_to(self, port: u16) -> Leading {
        self.lead_those_to(port, |_| true)
    }

    /// Passes the connections that come from an address that `admits` on to this port of 127.0.0.1,
    /// and closes all others.
    #[must_use]
    pub fn lead_those_to(
        self,
        port: u16,
        admits: impl Fn(IpAddr) -> bool + Send + 'static,
    ) -> Leading {
        Leading(tokio::spawn(pass_on(self.listener, port, admits)))
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn pass_on(listener: TcpListener, port: u16, admits: impl Fn(IpAddr) -> bool) {
    while let Ok((mut outside, from)) = listener.accept().await {
        if !admits(from.ip()) {
            continue;
        }
        tokio::spawn(async move {
            if let Ok(mut inside) = TcpStream::connect(("127.0.0.1", port)).await {
                // Either side may close when it likes.
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// What comes back from a front that admits who it admits, for what is sent to it.
    async fn through_a_front(admits: impl Fn(IpAddr) -> bool + Send + 'static) -> Vec<u8> {
        let behind = crate::gateway::bind(0).await.expect("a free port");
        let port = behind.local_addr().expect("an address").port();
        tokio::spawn(async move {
            let (mut stream, _) = behind.accept().await.expect("a connection");
            let (mut from, mut to) = stream.split();
            let _ = tokio::io::copy(&mut from, &mut to).await;
        });
        let front = Front::bind().await.expect("a free port");
        let address = front.origin.trim_start_matches("http://").to_owned();
        let _leading = front.lead_those_to(port, admits);
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        // A front that turns us away may have closed already.
        let _ = stream.write_all(b"hello").await;
        let _ = stream.shutdown().await;
        let mut got = Vec::new();
        let _ = stream.read_to_end(&mut got).await;
        got
    }

    #[tokio::test]
    async fn only_those_that_are_admitted_are_passed_on() {
        assert_eq!(through_a_front(|from| from.is_loopback()).await, b"hello");
        assert_eq!(through_a_front(|from| !from.is_loopback()).await, b"");
    }
}
