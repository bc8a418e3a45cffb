//! A TCP proxy on loopback that knows no HTTP: its connections can die as they do behind a load
//! balancer or a NAT gateway while a process is frozen.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What becomes of the connections that are idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// What is sent over one resets it.
    Resets,
    /// What is sent over one vanishes, and no answer ever comes.
    Swallows,
}

/// A running proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct Wire {
    /// Where it listens.
    pub base_url: String,
    /// Which deaths there have been, and of what kind the latest was.
    deaths: watch::Sender<Option<Idle>>,
    counts: Arc<Counts>,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Counts {
    alive: AtomicUsize,
    met: AtomicUsize,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Wire {
    pub(crate) async fn before(base_url: &str) -> std::io::Result<Self> {
        let target = base_url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let (deaths, watched) = watch::channel(None);
        let counts = Arc::<Counts>::default();
        let shared = Arc::clone(&counts);
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let mut watched = watched.clone();
                watched.mark_unchanged();
                connections.spawn(carry(near, target.clone(), watched, Arc::clone(&shared)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self {
            base_url,
            deaths,
            counts,
            server,
        })
    }

    /// From now on every connection that is open is dead in this way; new ones are not. Gives how
    /// many those are.
    #[must_use]
    pub fn die(&self, how: Idle) -> usize {
        let dead = self.counts.alive.swap(0, Ordering::SeqCst);
        self.counts.met.store(0, Ordering::SeqCst);
        self.deaths.send_replace(Some(how));
        dead
    }

    /// How many of the dead connections something was sent over.
    #[must_use]
    pub fn met(&self) -> usize {
        self.counts.met.load(Ordering::SeqCst)
    }
}

async fn carry(
    mut near: TcpStream,
    target: String,
    mut deaths: watch::Receiver<Option<Idle>>,
    counts: Arc<Counts>,
) {
    let Ok(mut far) = TcpStream::connect(&target).await else {
        return;
    };
    counts.alive.fetch_add(1, Ordering::SeqCst);
    tokio::select! {
        biased;
        _ = deaths.changed() => {}
        _ = copy_bidirectional(&mut near, &mut far) => {
            counts.alive.fetch_sub(1, Ordering::SeqCst);
            return;
        }
    }
    let how = *deaths.borrow();
    let is_used = near.peek(&mut [0]).await.is_ok_and(|bytes| bytes > 0);
    if !is_used {
        return;
    }
    counts.met.fetch_add(1, Ordering::SeqCst);
    if how == Some(Idle::Swallows) {
        let mut swallowed = [0; 4096];
        while near.read(&mut swallowed).await.is_ok_and(|bytes| bytes > 0) {}
    }
    // Closing with something unread is what makes the kernel reset.
}
