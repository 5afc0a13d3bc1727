//! Who makes a document that several requests want at the same time: the first of them. The others wait for it here, and hold none of
//! the places for making meanwhile, so that requests for other documents go on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Gate, OwnedMutexGuard};

/// The documents that are being made, by the path that was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<String, Arc<Gate<()>>>>>);

/// The turn to make one document; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    path: String,
    turns: Turns,
    gate: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until no other request makes what is at `path`.
    pub(super) async fn take(&self, path: &str) -> Turn {
        let gate = Arc::clone(self.gates().entry(path.to_owned()).or_default());
        // given back when dropped, too, should the client go away while it waits
        let mut turn = Turn {
            path: path.to_owned(),
            turns: self.clone(),
            gate: None,
        };
        turn.gate = Some(gate.lock_owned().await);
        turn
    }

    fn gates(&self) -> MutexGuard<'_, HashMap<String, Arc<Gate<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.gate.take());
        let mut gates = self.turns.gates();
        // whoever waits holds it, too
        if gates.get(&self.path).is_some_and(|gate| Arc::strong_count(gate) == 1) {
            gates.remove(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn one_at_a_time_for_each_path_and_nothing_is_left() {
        let turns = Turns::default();
        let first = turns.take("/a").await;
        let other = timeout(Duration::from_secs(5), turns.take("/b")).await;
        assert!(other.is_ok(), "another path does not wait");
        let second = tokio::spawn({
            let turns = turns.clone();
            async move { drop(turns.take("/a").await) }
        });
        let gone = timeout(Duration::from_millis(20), turns.take("/a")).await;
        assert!(gone.is_err(), "it waits as long as the first is being made");
        assert!(!second.is_finished());
        drop((first, other));
        assert!(timeout(Duration::from_secs(5), second).await.is_ok());
        assert!(turns.gates().is_empty());
    }
}
