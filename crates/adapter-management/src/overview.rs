//! What the dashboard asks of the composition root.

use crate::snapshot::Snapshot;
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::watch;

/// Gathers what a pod shows of itself, and asks its peers.
///
/// Contract: gathering costs something, so it MUST rest while nobody looks, which is: no receiver of
/// [`watch`](Overview::watch) is held and [`snapshot`](Overview::snapshot) was not asked for a while.
#[async_trait]
pub trait Overview: Send + Sync {
    /// The pod as it is now, a few seconds old at most. MUST answer within a second, with less if need be.
    async fn snapshot(&self) -> Arc<Snapshot>;

    /// Sees every new snapshot for as long as it is held.
    fn watch(&self) -> watch::Receiver<Arc<Snapshot>>;

    /// What the peer of this name answers to `/api/status`, as it is. MUST be bounded in time and size.
    async fn status_of(&self, pod: &str) -> Result<String, PeerFailure>;
}

/// Why a peer's status cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerFailure {
    /// No peer has this name.
    Unknown,
    /// It did not answer, or not with a status: why, and what to do, in words.
    Unreachable(String),
}
