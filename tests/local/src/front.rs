//! An address that is known before what stands behind it, as that of a load balancer.

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A port of the loopback interface. Who comes before it leads anywhere waits.
#[derive(Debug)]
pub struct Front {
    /// `http://127.0.0.1:PORT`.
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
        let listener = crate::gateway::bind(0).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        Ok(Self { origin, listener })
    }

    /// Passes every connection on to this port of 127.0.0.1.
    #[must_use]
    pub fn lead_to(self, port: u16) -> Leading {
        Leading(tokio::spawn(pass_on(self.listener, port)))
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn pass_on(listener: TcpListener, port: u16) {
    while let Ok((mut outside, _)) = listener.accept().await {
        tokio::spawn(async move {
            if let Ok(mut inside) = TcpStream::connect(("127.0.0.1", port)).await {
                // Either side may close when it likes.
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            }
        });
    }
}
