//! Connections: an accept loop of our own around warp's service, in HTTP/1.1 (RFC 9112).
//!
//! `warp::serve` neither closes silent connections nor limits their number, and its shutdown waits without end for a client that sends
//! nothing. Here every wait for a client has a timeout, the number of connections has a limit, and the drain ends. [`ServerSettings`] has a
//! setting for each. HTTP/2 and TLS are left to a proxy.

mod body;
mod connection;
mod date;
mod host;
mod limits;
mod listen;
mod on_sent;
mod request_checks;
mod request_head;
mod timeouts;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::{Filter, Reply};

use self::connection::StopSignals;
pub use self::limits::Descriptors;
use self::limits::{ConnectionLimits, ReachedLimit};
pub use self::listen::Address;
use self::listen::{ClientStream, Listener, Listening};
pub use self::on_sent::OnSent;
pub use self::request_head::{RequestHead, request_head};
use self::timeouts::ConnectionTimeouts;
use crate::config::ServerSettings;

/// The pause after the system refused a connection for want of file descriptors or memory.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);
/// The most connections that wait at the listener when the server stops: the system keeps no more.
const LONGEST_QUEUE: usize = 1024;
/// How long to wait for each of these connections.
const QUEUE_TIMEOUT: Duration = Duration::from_millis(10);
/// How long connections have to close at the end of the drain.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A server that listens and does not yet answer.
#[derive(Debug)]
pub struct Bound {
    listening: Listening,
}

/// Listens at `address`: `host:port` (port 0 is any free one); `unix:/path/to.sock`, where the file of a dead server is replaced;
/// or `systemd`, the next socket that systemd passed.
///
/// # Errors
///
/// The system's error: the address is taken, not ours, or not allowed; no socket was passed.
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

    /// Answers requests with `filter` until `stop`; then finishes the open ones, for at most `settings.drain_timeout`.
    ///
    /// A filter that has `stop` too can report that the server is draining.
    pub async fn serve<F>(self, filter: F, settings: &ServerSettings, stop: CancellationToken)
    where
        F: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
        F::Extract: Reply,
        F::Future: Send,
    {
        let Listening {
            listener,
            file,
            is_inherited,
            ..
        } = self.listening;
        let acceptor = Acceptor::new(filter, settings, stop.clone());
        acceptor.accept_until(&listener, &stop).await;
        if !is_inherited {
            // the system has accepted them, and would reset them when the listener is closed
            for _ in 0..LONGEST_QUEUE {
                let next = poll_fn(|context| listener.poll_accept(context));
                let Ok(Ok((stream, peer))) = tokio::time::timeout(QUEUE_TIMEOUT, next).await else {
                    break;
                };
                acceptor.receive(stream, peer).await;
            }
        }
        drop(file);
        drop(listener);
        acceptor.drain().await;
    }
}

/// Accepts connections within the limits.
struct Acceptor<F> {
    limits: Arc<ConnectionLimits>,
    refusals: Arc<Semaphore>,
    connections: TaskTracker,
    settings: Arc<ServerSettings>,
    stop: StopSignals,
    filter: F,
}

impl<F> Acceptor<F>
where
    F: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    F::Extract: Reply,
    F::Future: Send,
{
    fn new(filter: F, settings: &ServerSettings, stop: CancellationToken) -> Acceptor<F> {
        let descriptors = Descriptors::raised_for(settings);
        Acceptor {
            limits: ConnectionLimits::new(
                settings.max_connections.min(descriptors.connections),
                settings.max_connections_per_address,
            ),
            refusals: Arc::new(Semaphore::new(descriptors.refusals.min(settings.max_connections.max(1)))),
            connections: TaskTracker::new(),
            settings: Arc::new(settings.clone()),
            stop: StopSignals {
                soon: stop,
                now: CancellationToken::new(),
            },
            filter,
        }
    }

    async fn accept_until(&self, listener: &Listener, stop: &CancellationToken) {
        let mut has_failed = false;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                accepted = poll_fn(|context| listener.poll_accept(context)) => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    has_failed = false;
                    self.receive(stream, peer).await;
                }
                // the client has left already
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                    ) => {}
                Err(error) => {
                    if !std::mem::replace(&mut has_failed, true) {
                        tracing::warn!(%error, "connections cannot be accepted");
                    }
                    // closing an idle connection frees a file descriptor
                    self.limits.end_longest_waiting(ReachedLimit::Total, None);
                    let _ = tokio::time::timeout(PAUSE_AFTER_REFUSAL, stop.cancelled()).await;
                }
            }
        }
    }

    /// Serves `stream` if there is a slot for it, and refuses it otherwise.
    ///
    /// Returns once one of both has started. Until then further clients wait in the system's queue: each of them gets a response.
    async fn receive(&self, stream: ClientStream, peer: Option<SocketAddr>) {
        let timeouts = ConnectionTimeouts::new(Arc::clone(&self.settings));
        let full = loop {
            match self.limits.admit(peer, &timeouts).await {
                Ok(slot) => {
                    let service = TowerToHyperService::new(warp::service(self.filter.clone()));
                    let limits = Arc::clone(&self.limits);
                    let served = connection::serve(stream, peer, service, timeouts, limits, self.stop.clone());
                    self.connections.spawn(async move {
                        served.await;
                        drop(slot);
                    });
                    return;
                }
                Err(full) if self.refusals.available_permits() > 0 => break full,
                // the most refusals are being sent: wait until one of them is done, or a slot is free
                Err(full) => tokio::select! {
                    permit = self.refusals.acquire() => {
                        drop(permit);
                        break full;
                    }
                    () = self.limits.changed() => {}
                },
            }
        };
        let Ok(permit) = Arc::clone(&self.refusals).acquire_owned().await else {
            return;
        };
        let detail = match full {
            ReachedLimit::Total => "the server has too many open connections; try again in a few seconds",
            ReachedLimit::Network => {
                "your address has too many open connections; use those that are open, or try again in a few seconds"
            }
        };
        self.connections.spawn(async move {
            connection::refuse(stream, peer, detail).await;
            drop(permit);
        });
    }

    /// Waits for the open connections, and closes those that take too long.
    async fn drain(self) {
        self.connections.close();
        let drained = tokio::time::timeout(self.settings.drain_timeout, self.connections.wait()).await;
        if drained.is_err() {
            tracing::warn!(
                open = self.connections.len(),
                "connections were still open at the end of the drain"
            );
            self.stop.now.cancel();
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.connections.wait()).await;
        }
    }
}
