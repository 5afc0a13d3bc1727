//! Connections: an accept loop of our own around warp's service.
//!
//! `warp::serve` neither ends silent connections nor caps their number, and its shutdown waits for ever for a client that says
//! nothing. Here every connection has a time to say something, there are only so many, and the drain has an end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::{Filter, Reply};

use crate::config::Server;

/// How long to wait after the system refused a connection, for want of file descriptors or memory: it may have some soon.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);
/// The largest header of a request, and the most that is read ahead of it, in bytes.
const HEADER_BYTES: usize = 32 * 1024;

/// The other end of the connection that a request came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub Option<SocketAddr>);

/// A server that listens and has not begun to answer.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// Listens at `address` (`host:port`; port 0 is any free one).
///
/// # Errors
///
/// What the system says: the address is taken, not ours, or not allowed.
pub async fn bind(address: &str) -> io::Result<Bound> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok(Bound { listener, address })
}

impl Bound {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests as `filter` says until `stop`; then finishes the open ones, for at most `settings.drain_timeout`.
    pub async fn serve<F, R>(self, filter: F, settings: &Server, stop: CancellationToken)
    where
        R: Reply + Send,
        F: Filter<Extract = (R,), Error = Infallible> + Clone + Send + Sync + 'static,
        F::Future: Send,
    {
        let places = Arc::new(Semaphore::new(settings.max_connections));
        let connections = TaskTracker::new();
        let service = TowerToHyperService::new(warp::service(filter));
        loop {
            let place = tokio::select! {
                () = stop.cancelled() => break,
                place = Arc::clone(&places).acquire_owned() => place,
            };
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _peer)) => {
                    let connection = connection(stream, service.clone(), settings.header_timeout, stop.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
                }
            }
        }
        drop(self.listener);
        connections.close();
        if tokio::time::timeout(settings.drain_timeout, connections.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                open = connections.len(),
                "connections were still open at the end of the drain"
            );
        }
    }
}

/// Holds one connection to its end.
async fn connection<S>(stream: TcpStream, service: S, header_timeout: Duration, stop: CancellationToken)
where
    S: Service<Request<Incoming>, Response = warp::reply::Response, Error = Infallible>,
{
    // answers are written whole: waiting for more to send would only delay them
    let _ = stream.set_nodelay(true);
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HEADER_BYTES);
    let mut connection = pin!(protocol.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // clients that leave, stay silent or speak something else are no news
        tracing::debug!(%error, "a connection ended early");
    }
}
