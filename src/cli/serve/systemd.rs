//! What the service manager is told, if systemd started the program: that it is ready, reloads, stops, and is alive (`sd_notify(3)`).
//!
//! Without systemd nothing happens.

use std::sync::Arc;

use sd_notify::NotifyState;

use crate::publisher::Publisher;

/// Says that requests are answered now.
pub(super) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// Says that the configuration is read again. [`ready`] ends this.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!("systemd is not told of the reload: {error}"),
    }
}

/// Says that the program is about to end.
pub(super) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Says regularly that the program is alive, if the unit has `WatchdogSec=`: as long as tasks run and the publisher has not stopped.
pub(super) async fn feed_watchdog(publisher: Arc<Publisher>) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    loop {
        if publisher.is_running().await {
            notify(&[NotifyState::Watchdog]);
        }
        tokio::time::sleep(limit / 2).await;
    }
}

fn notify(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}
