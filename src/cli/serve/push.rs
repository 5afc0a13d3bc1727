//! The hub of a running server: it is told of each change of the site.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::http::hub::topic_at;
use crate::publisher::{ChangeEvent, Publisher};
use crate::push::Timing;
use crate::push::hub::{Hub, Sources};

/// How often the hub looks for what storage has read late.
const TICK: Duration = Duration::from_secs(1);

/// Returns the hub of the sites of `publisher`.
pub(super) fn hub_of(publisher: &Arc<Publisher>, timing: Timing) -> Arc<Hub> {
    let (sites, stores) = (Arc::clone(publisher), Arc::clone(publisher));
    let sources = Sources {
        site: Box::new(move || sites.site()),
        store: Box::new(move || stores.store()),
        topic_at,
    };
    Hub::new(sources, timing)
}

/// Tells `hub` of `changes` until the publisher ends, and first of what changed while the program was down.
pub(super) async fn announce_changes(hub: Arc<Hub>, mut changes: Receiver<Arc<ChangeEvent>>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    update(&hub, None).await;
    loop {
        tokio::select! {
            change = changes.recv() => match change {
                Ok(change) if change.feeds.is_empty() => {}
                Ok(change) => update(&hub, Some(change)).await,
                // all feeds are compared instead
                Err(RecvError::Lagged(_)) => update(&hub, None).await,
                Err(RecvError::Closed) => return,
            },
            _ = ticks.tick() => {
                let hub = Arc::clone(&hub);
                let _ = spawn_blocking(move || hub.tick()).await;
            }
        }
    }
}

/// Tells the hubs of others of the changes that `hub` announces, until `stop` is cancelled.
pub(super) async fn ping_hubs(hub: Arc<Hub>, publisher: Arc<Publisher>, stop: CancellationToken) {
    let pings = Arc::clone(hub.pings());
    let store = || publisher.store();
    let hubs = || publisher.site().config().outside_hubs().to_vec();
    pings.send(store, hubs, stop).await;
}

/// Updates `hub` on a thread that may wait.
async fn update(hub: &Arc<Hub>, change: Option<Arc<ChangeEvent>>) {
    let hub = Arc::clone(hub);
    let updating = spawn_blocking(move || hub.update(change.as_deref().map(|change| change.feeds.as_slice())));
    if updating.await.is_err() {
        tracing::error!("subscribers could not be told of a change, which is a fault in feedmill");
    }
}
