//! Documents that requests are rendering right now.
//!
//! Documents are rendered on a bounded number of threads. A request for a document that another request is rendering waits for it here,
//! without a thread and without a permit, so that many requests for one slow document do not keep all others waiting.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::target::Target;
use crate::site::listing::Query;
use crate::time::Timestamp;

/// Names a document of the site that was built for the instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum DocumentKey {
    /// What a path asks for, whatever the query.
    Target(Timestamp, Target),
    /// A page of the listing.
    Listing(Timestamp, Query),
}

/// The documents that are being rendered.
#[derive(Debug, Default)]
pub(super) struct RendersInProgress(Mutex<HashMap<DocumentKey, watch::Receiver<()>>>);

/// A document that is being rendered. Dropping this wakes the requests that wait for it.
#[derive(Debug)]
pub(super) struct RenderGuard {
    all: Arc<RendersInProgress>,
    key: DocumentKey,
    /// The requests that wait have its receivers, and see that it is gone.
    _ended: watch::Sender<()>,
}

impl RendersInProgress {
    /// Starts to render the document with this `key`; if another request is rendering it, waits until that is done and returns `None`.
    pub(super) async fn begin(self: &Arc<Self>, key: DocumentKey) -> Option<RenderGuard> {
        let mut other = match self.lock().entry(key.clone()) {
            Entry::Occupied(other) => other.get().clone(),
            Entry::Vacant(vacant) => {
                let (ended, receiver) = watch::channel(());
                vacant.insert(receiver);
                return Some(RenderGuard {
                    all: Arc::clone(self),
                    key,
                    _ended: ended,
                });
            }
        };
        // it is an error once the sender is gone, and nothing is ever sent
        let _ = other.changed().await;
        None
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DocumentKey, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RenderGuard {
    fn drop(&mut self) {
        self.all.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_request_renders_a_document_and_the_others_wait_for_it() {
        let all = Arc::new(RendersInProgress::default());
        let key = |path: &str| DocumentKey::Target(Timestamp::UNIX_EPOCH, Target::Address(path.to_owned()));
        let guard = all.begin(key("/a")).await.unwrap();
        let _other = all.begin(key("/b")).await.expect("another document is independent");
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(all.begin(key("/a")))).collect();
        for one in &mut waiting {
            let poll = std::future::poll_fn(|context| std::task::Poll::Ready(one.as_mut().poll(context).is_ready()));
            assert!(!poll.await, "it waits");
        }
        drop(guard);
        for one in waiting {
            assert!(one.await.is_none(), "it does not render the document again");
        }
        assert!(all.begin(key("/a")).await.is_some(), "nothing is left of it");
    }
}
