//! Documents that requests are making right now.
//!
//! Documents are made on a bounded number of threads. A request for one that another request is making waits for it here, without a
//! thread and without a permit, so that many requests for one slow document do not keep all others waiting.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::target::Target;
use crate::site::listing::Query;
use crate::time::Timestamp;

/// What is made: a document of the site that was built for the instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// What a path asks for, whatever the query.
    Target(Timestamp, Target),
    /// A page of the listing.
    Listing(Timestamp, Query),
}

/// The documents that are being made.
#[derive(Debug, Default)]
pub(super) struct InProgress(Mutex<HashMap<Key, watch::Receiver<()>>>);

/// A document that is being made. Whoever waits for it goes on when this is dropped.
#[derive(Debug)]
pub(super) struct Making {
    all: Arc<InProgress>,
    key: Key,
    /// Those who wait have its receivers, and see that it is gone.
    _ended: watch::Sender<()>,
}

impl InProgress {
    /// Begins to make the document with this `key`; if another request is making it, waits until that one is done and returns `None`.
    pub(super) async fn begin(self: &Arc<InProgress>, key: Key) -> Option<Making> {
        let mut other = match self.lock().entry(key.clone()) {
            Entry::Occupied(other) => other.get().clone(),
            Entry::Vacant(vacant) => {
                let (ended, receiver) = watch::channel(());
                vacant.insert(receiver);
                return Some(Making {
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

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.all.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_makes_a_document_and_the_others_wait_for_it() {
        let all = Arc::new(InProgress::default());
        let key = |path: &str| Key::Target(Timestamp::UNIX_EPOCH, Target::Address(path.to_owned()));
        let making = all.begin(key("/a")).await.unwrap();
        let _other = all.begin(key("/b")).await.expect("another document is another");
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(all.begin(key("/a")))).collect();
        for one in &mut waiting {
            let poll = std::future::poll_fn(|context| std::task::Poll::Ready(one.as_mut().poll(context).is_ready()));
            assert!(!poll.await, "it waits");
        }
        drop(making);
        for one in waiting {
            assert!(one.await.is_none(), "it need not make it again");
        }
        assert!(all.begin(key("/a")).await.is_some(), "nothing is left of it");
    }
}
