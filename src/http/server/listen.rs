//! The sockets that a server listens at: TCP, a Unix socket, or a socket that systemd passes (`sd_listen_fds(3)`).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use listenfd::ListenFd;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::http::network::is_loopback;

/// Who may connect to a Unix socket: its owner and their group.
const SOCKET_MODE: u32 = 0o660;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An address of the network.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Address {
    /// Whether only this machine can reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Address::Tcp(address) => is_loopback(address.ip()),
            Address::Unix(_) => true,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(formatter),
            Address::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

/// A socket that accepts connections.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A listener, its address, and the file that it must remove.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) listener: Listener,
    pub(super) address: Address,
    /// The file of a Unix socket that is ours. It is removed before the socket is closed: later it could be another server's file.
    pub(super) file: Option<SocketFile>,
    /// Whether the socket stays open after this process, so that the next process accepts the waiting connections (systemd).
    pub(super) is_inherited: bool,
}

/// The file of a Unix socket. Dropping it removes the file.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Listens where `text` says: `host:port`, `unix:/path` or `systemd`.
pub(super) async fn listen(text: &str) -> io::Result<Listening> {
    if text == "systemd" {
        return listen_at_passed_socket();
    }
    if let Some(path) = text.strip_prefix("unix:") {
        return listen_at_file(Path::new(path)).await;
    }
    let listener = TcpListener::bind(text).await?;
    let address = Address::Tcp(listener.local_addr()?);
    Ok(Listening {
        listener: Listener::Tcp(listener),
        address,
        file: None,
        is_inherited: false,
    })
}

/// Listens at the file `path`. A socket that a dead process left is replaced; one that another process answers is not.
async fn listen_at_file(path: &Path) -> io::Result<Listening> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_over(path).await => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    let file = SocketFile(path.to_owned());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(SOCKET_MODE))?;
    Ok(Listening {
        listener: Listener::Unix(listener),
        address: Address::Unix(path.to_owned()),
        file: Some(file),
        is_inherited: false,
    })
}

async fn is_left_over(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && UnixStream::connect(path).await.err().is_some_and(refused)
}

/// Listens at the next of the sockets that systemd passed. A process can take each of them once.
fn listen_at_passed_socket() -> io::Result<Listening> {
    static PASSED: LazyLock<Mutex<(ListenFd, usize)>> = LazyLock::new(|| Mutex::new((ListenFd::from_env(), 0)));
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    let (sockets, next) = &mut *passed;
    let (listener, address) = if let Ok(Some(socket)) = sockets.take_tcp_listener(*next) {
        socket.set_nonblocking(true)?;
        let address = Address::Tcp(socket.local_addr()?);
        (Listener::Tcp(TcpListener::from_std(socket)?), address)
    } else if let Some(socket) = sockets.take_unix_listener(*next)? {
        socket.set_nonblocking(true)?;
        let path = socket.local_addr()?.as_pathname().unwrap_or(Path::new("")).to_owned();
        (Listener::Unix(UnixListener::from_std(socket)?), Address::Unix(path))
    } else {
        let message = "systemd passed no socket for it (LISTEN_FDS)";
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    };
    *next += 1;
    Ok(Listening {
        listener,
        address,
        file: None,
        is_inherited: true,
    })
}

impl Listener {
    /// Accepts the next connection, with the address of its other end if it has one.
    pub(super) fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(ClientStream, Option<SocketAddr>)>> {
        Poll::Ready(Ok(match self {
            Listener::Tcp(listener) => {
                let (stream, peer) = ready!(listener.poll_accept(context))?;
                // responses are written whole: waiting for more bytes would only delay them
                let _ = stream.set_nodelay(true);
                (ClientStream::Tcp(stream), Some(peer))
            }
            Listener::Unix(listener) => (ClientStream::Unix(ready!(listener.poll_accept(context))?.0), None),
        }))
    }
}

/// The bytes of a connection.
#[derive(Debug)]
pub(super) enum ClientStream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

trait Duplex: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

impl ClientStream {
    fn duplex(&mut self) -> Pin<&mut dyn Duplex> {
        match self {
            ClientStream::Tcp(stream) => Pin::new(stream),
            ClientStream::Unix(stream) => Pin::new(stream),
        }
    }

    /// Resets the connection: bytes that the other end has not received are dropped.
    pub(super) fn abort(self) {
        if let ClientStream::Tcp(stream) = self {
            let _ = stream.set_zero_linger();
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.duplex().poll_read(context, buffer)
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.duplex().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match slices {
            // a response without a body: a plain write costs the system less than a list of one piece
            [only] => self.duplex().poll_write(context, only),
            slices => self.duplex().poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.duplex().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.duplex().poll_shutdown(context)
    }
}
