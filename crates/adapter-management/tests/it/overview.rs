//! An overview as a test says it.

use adapter_management::{Overview, PeerFailure, Snapshot};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// A snapshot in which every section is filled; the tests in a browser begin with the same.
const WHOLE: &str = include_str!("../browser/scene.json");

type Answer = Result<String, PeerFailure>;

/// Shows what it was given last.
pub(crate) struct FakeOverview {
    shown: watch::Sender<Arc<Snapshot>>,
    peers: Mutex<HashMap<String, Answer>>,
}

impl FakeOverview {
    /// Every section is filled, and no peer answers.
    pub(crate) fn whole() -> FakeOverview {
        let whole: Snapshot =
            serde_json::from_str(WHOLE).expect("a snapshot as snapshot.rs has it");
        let (shown, _) = watch::channel(Arc::new(whole));
        FakeOverview {
            shown,
            peers: Mutex::default(),
        }
    }

    /// Shows this from now on.
    pub(crate) fn show(&self, snapshot: Snapshot) {
        self.shown().send_replace(Arc::new(snapshot));
    }

    /// What the peer of this name answers from now on.
    pub(crate) fn answer(&self, pod: &str, answer: Answer) {
        self.peers().insert(pod.to_owned(), answer);
    }

    /// Where it shows.
    pub(crate) fn shown(&self) -> &watch::Sender<Arc<Snapshot>> {
        &self.shown
    }

    fn peers(&self) -> std::sync::MutexGuard<'_, HashMap<String, Answer>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Overview for FakeOverview {
    async fn snapshot(&self) -> Arc<Snapshot> {
        self.shown.borrow().clone()
    }

    fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.shown.subscribe()
    }

    async fn status_of(&self, pod: &str) -> Answer {
        let known = self.peers().get(pod).cloned();
        known.unwrap_or(Err(PeerFailure::Unknown))
    }
}
