//! Unix sockets, and sockets that systemd passes.

use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};

use feedmill::http::server;
use tempfile::TempDir;

use super::descriptors::Running;
use super::{Client, PATIENCE, Served};

fn connect(path: &Path) -> Client {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Client::over(stream)
}

fn bind(listen: &str) -> std::io::Result<server::Bound> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(server::bind(listen))
}

#[test]
fn a_unix_socket_is_served_and_removed_afterwards() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("mill.sock");
    let listen = format!("unix:{}", path.display());
    // the file that a killed process leaves
    drop(UnixListener::bind(&path).unwrap());
    let served = Served::start_at(&listen, "");
    assert_eq!(served.address.to_string(), listen);
    let mut client = connect(&path);
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().body, "/x nobody ");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);

    let error = bind(&listen).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse, "somebody answers there");
    served.stop.cancel();
    served.ended.recv_timeout(PATIENCE).unwrap();
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_socket_is_not_replaced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("post.md");
    std::fs::write(&path, "mine").unwrap();
    let error = bind(&format!("unix:{}", path.display())).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn listening_fails_without_a_socket_from_systemd() {
    let error = bind("systemd").unwrap_err();
    assert!(error.to_string().contains("LISTEN_FDS"), "{error}");
}

/// The program with `socket` as its descriptor 3, as systemd starts it.
fn activated(socket: OwnedFd) -> Running {
    let mut command = Command::new("sh");
    command
        .args(["-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&0 0</dev/null"])
        .arg(env!("CARGO_BIN_EXE_feedmill"))
        .args(["serve", "--listen", "systemd", "--admin", "127.0.0.1:0"])
        .stdin(Stdio::from(socket));
    Running::start(command)
}

#[test]
fn sockets_that_systemd_passes_are_served() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("passed.sock");
    let unix = UnixListener::bind(&path).unwrap();
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap();

    let running = activated(tcp.into());
    let welcome = running.until("Ctrl-C ends it");
    assert!(welcome.contains(&format!("http://{port}/")), "{welcome}");
    let mut client = Client::connect(port);
    client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().status, 200);

    let running = activated(unix.try_clone().unwrap().into());
    // connected before the program is ready: socket activation allows it
    let mut client = connect(&path);
    client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    drop(running);
    assert!(path.exists(), "it is not ours to remove");
}
