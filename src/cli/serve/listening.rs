//! The addresses that the program listens at.

use std::io;
use std::sync::Arc;

use anyhow::{Context, bail};

use crate::config::Config;
use crate::diagnostic::plain_error;
use crate::http::preview::key::PreviewKey;
use crate::http::server::{self, Address, Bound};

/// `config` with the actual address of `bound`: port 0 means any free port, and `systemd` means the socket that it passes.
pub(super) fn with_bound_address(config: Arc<Config>, bound: &Bound) -> Arc<Config> {
    let listen = &config.server.listen;
    match bound.address() {
        Address::Tcp(address) if listen.ends_with(":0") || listen == "systemd" => {
            let mut config = Config::clone(&config);
            config.server.listen = address.to_string();
            Arc::new(config)
        }
        _ => config,
    }
}

/// The URL of the operator's `address`, without a slash at its end. Where it is a socket, or listens for all interfaces, that is not
/// known; a client on this machine would write `localhost`.
pub(super) fn admin_url(address: &Address) -> String {
    match address {
        Address::Tcp(address) if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
        Address::Tcp(address) => format!("http://{address}"),
        Address::Unix(_) => "http://localhost".to_owned(),
    }
}

/// Why an address cannot be listened at, and how to fix that.
pub(super) fn bind_problem(error: &io::Error) -> (String, &'static str) {
    let why = plain_error(error);
    match error.kind() {
        io::ErrorKind::AddrInUse => (
            String::from("another program uses this address"),
            "stop it, or take a free port with `--listen 127.0.0.1:0`",
        ),
        io::ErrorKind::PermissionDenied => (why, "ports below 1024 are often reserved; try `--listen 127.0.0.1:8080`"),
        io::ErrorKind::InvalidInput => (
            String::from("this is not HOST:PORT, unix:PATH or systemd"),
            "write it like `--listen 127.0.0.1:8080`",
        ),
        io::ErrorKind::AddrNotAvailable => (
            String::from("this machine does not have this address"),
            "write it like `--listen 127.0.0.1:8080`, with an address of this machine",
        ),
        _ => (
            why,
            "write it like `--listen 127.0.0.1:8080`, with an address of this machine",
        ),
    }
}

/// Listens at `address` for the preview, and makes its key. If the port is taken and it `may_move`, it gets a free port.
pub(super) async fn bind_preview(address: &str, may_move: bool) -> anyhow::Result<(Bound, PreviewKey)> {
    let mut bound = server::bind(address).await;
    if may_move && bound.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
        bound = server::bind("127.0.0.1:0").await;
    }
    let bound = bound.map_err(|error| {
        anyhow::anyhow!("cannot listen at {address} for the preview: {error}; `--preview-listen 127.0.0.1:0` takes a free port")
    })?;
    let Address::Tcp(listening) = bound.address() else {
        bail!("the preview needs an address with a port; write `--preview-listen 127.0.0.1:8082`");
    };
    if !bound.address().is_local() {
        bail!(
            "{listening} can be reached from other machines, and --preview shows what is not published; write \
             `--preview-listen 127.0.0.1:8082`"
        );
    }
    let key = PreviewKey::new(*listening).context("no key can be made for the preview")?;
    Ok((bound, key))
}
