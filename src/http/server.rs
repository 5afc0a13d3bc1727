//! Connections: an accept loop of our own around warp's service, in HTTP/1.1 (RFC 9112).
//!
//! `warp::serve` neither ends silent connections nor caps their number, and its shutdown waits for ever for a client that says
//! nothing. Here every wait for a client has an end, there are only so many connections, and the drain has an end. Each limit has
//! its name in [`ServerSettings`]. HTTP/2 and TLS are a proxy's.

mod body;
mod connection;
mod date;
mod host;
mod limits;
mod listen;
mod request_checks;
mod timeouts;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, Uri, request};
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::{Filter, Reply};

pub use self::body::OnSent;
use self::connection::Stop;
pub use self::limits::Descriptors;
use self::limits::{ConnectionLimits, Full};
pub use self::listen::Address;
use self::listen::{Listening, Stream};
use self::timeouts::ConnectionTimeouts;
use crate::config::ServerSettings;

/// How long to wait after the system refused a connection, for want of file descriptors or memory: it may have some soon.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);
/// The most connections that wait at the listener's end: as many as the system keeps for us.
const LONGEST_QUEUE: usize = 1024;
/// How long the listener is looked at for one more of them when the server stops.
const LAST_LOOK: Duration = Duration::from_millis(10);
/// How long connections that are told to end may take to.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// The other end of the connection that a request came on, as the request's extension: `warp::ext::optional::<Peer>()`.
/// A proxy in front is the other end of all of its requests; a Unix socket has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub Option<SocketAddr>);

/// The target of a request that does not read, as the request's extension: warp's own path filters panic at some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestTarget(pub Uri);

/// What answers some requests at once.
pub trait Hot: Fn(&request::Parts, Option<SocketAddr>) -> Option<Response<Bytes>> + Clone + Send + Sync + 'static {}

impl<H> Hot for H where H: Fn(&request::Parts, Option<SocketAddr>) -> Option<Response<Bytes>> + Clone + Send + Sync + 'static {}

/// A server that listens and has not begun to answer.
#[derive(Debug)]
pub struct Bound {
    listening: Listening,
}

/// Listens at `address`: `host:port` (port 0 is any free one); `unix:/path/to.sock`, where a file that a dead server left is
/// replaced; or `systemd`, the next socket that systemd passed.
///
/// # Errors
///
/// What the system says: the address is taken, not ours, or not allowed; no socket was passed.
pub async fn bind(address: &str) -> io::Result<Bound> {
    let listening = listen::listen(address).await?;
    Ok(Bound { listening })
}

impl Bound {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.listening.address
    }

    /// Answers requests as `filter` says until `stop`; then finishes the open ones, for at most `settings.drain_timeout`.
    ///
    /// Whoever holds `stop` knows with it whether the server is draining.
    pub async fn serve<F>(self, filter: F, settings: &ServerSettings, stop: CancellationToken)
    where
        F: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
        F::Extract: Reply,
        F::Future: Send,
    {
        self.serve_with_fast_path(|_, _| None, filter, settings, stop).await;
    }

    /// The same, where `fast_path` is asked first, and `filter` for what that has no answer to. It is given the head of a whole request and
    /// the other end of its connection.
    pub async fn serve_with_fast_path<H, F>(self, fast_path: H, filter: F, settings: &ServerSettings, stop: CancellationToken)
    where
        H: Hot,
        F: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
        F::Extract: Reply,
        F::Future: Send,
    {
        let Listening {
            listener, file, stays, ..
        } = self.listening;
        let descriptors = Descriptors::raised_for(settings);
        let desk = Acceptor {
            limits: ConnectionLimits::new(
                settings.max_connections.min(descriptors.connections),
                settings.max_connections_per_address,
            ),
            refusals: Arc::new(Semaphore::new(descriptors.refusals.min(settings.max_connections.max(1)))),
            connections: TaskTracker::new(),
            settings: Arc::new(settings.clone()),
            stop: Stop {
                soon: stop.clone(),
                now: CancellationToken::new(),
            },
            fast_path,
            filter,
        };
        let mut refused_before = false;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                accepted = poll_fn(|context| listener.poll_accept(context)) => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    refused_before = false;
                    desk.receive(stream, peer).await;
                }
                // the client has gone already
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                    ) => {}
                Err(error) => {
                    if !std::mem::replace(&mut refused_before, true) {
                        tracing::warn!(%error, "connections cannot be accepted");
                    }
                    // one that nobody uses makes room
                    desk.limits.end_longest_waiting(Full::Everywhere, None);
                    let _ = tokio::time::timeout(PAUSE_AFTER_REFUSAL, stop.cancelled()).await;
                }
            }
        }
        if !stays {
            // the system has let them in already, and would turn them away when the listener closes
            for _ in 0..LONGEST_QUEUE {
                let next = poll_fn(|context| listener.poll_accept(context));
                let Ok(Ok((stream, peer))) = tokio::time::timeout(LAST_LOOK, next).await else {
                    break;
                };
                desk.receive(stream, peer).await;
            }
        }
        drop(file);
        drop(listener);
        desk.drain().await;
    }
}

/// Where connections are let in.
struct Acceptor<H, F> {
    limits: Arc<ConnectionLimits>,
    refusals: Arc<Semaphore>,
    connections: TaskTracker,
    settings: Arc<ServerSettings>,
    stop: Stop,
    fast_path: H,
    filter: F,
}

impl<H, F> Acceptor<H, F>
where
    H: Hot,
    F: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    F::Extract: Reply,
    F::Future: Send,
{
    /// Answers the requests on `stream` if there is a slot for it, and else tells its client to come back later.
    ///
    /// It returns once one of both is under way. Until then further clients wait in the system's queue: none is turned away without
    /// a word.
    async fn receive(&self, stream: Stream, peer: Option<SocketAddr>) {
        let pace = ConnectionTimeouts::new(Arc::clone(&self.settings));
        let full = loop {
            match self.limits.admit(peer, &pace).await {
                Ok(slot) => {
                    let service = TowerToHyperService::new(warp::service(self.filter.clone()));
                    let (fast_path, limits) = (self.fast_path.clone(), Arc::clone(&self.limits));
                    let held = connection::hold(stream, peer, (fast_path, service), pace, limits, self.stop.clone());
                    self.connections.spawn(async move {
                        held.await;
                        drop(slot);
                    });
                    return;
                }
                Err(full) if self.refusals.available_permits() > 0 => break full,
                // as many refusals are being sent as may be: wait until one of them is done, or a slot is free
                Err(full) => tokio::select! {
                    permit = self.refusals.acquire() => {
                        drop(permit);
                        break full;
                    }
                    () = self.limits.changed() => {}
                },
            }
        };
        let Ok(refusal) = Arc::clone(&self.refusals).acquire_owned().await else {
            return;
        };
        let detail = match full {
            Full::Everywhere => "the server has too many open connections; try again in a few seconds",
            Full::ForAddress => {
                "your address has too many open connections; use those that are open, or try again in a few seconds"
            }
        };
        self.connections.spawn(async move {
            connection::refuse(stream, peer, detail).await;
            drop(refusal);
        });
    }

    /// Waits for the open connections, and ends those that take too long.
    async fn drain(self) {
        self.connections.close();
        let drained = tokio::time::timeout(self.settings.drain_timeout, self.connections.wait()).await;
        if drained.is_err() {
            tracing::warn!(
                open = self.connections.len(),
                "connections were still open at the end of the drain"
            );
            self.stop.now.cancel();
            let _ = tokio::time::timeout(LAST_MOMENT, self.connections.wait()).await;
        }
    }
}
