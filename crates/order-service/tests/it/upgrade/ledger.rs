//! What callers were told, to be held against the feed: everything acknowledged is there, nothing else is,
//! and nothing twice.

use super::callers::Told;
use crate::client::Client;
use crate::inbound::shop::Feed;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// The newest version of each order that somebody was told of.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<String, u64>>);

impl Ledger {
    pub(crate) fn acknowledge(&self, told: &Told) {
        let mut newest = self.0.lock().unwrap();
        let version = newest.entry(told.id.clone()).or_default();
        *version = (*version).max(told.version);
    }

    /// An order that facts have changed: it has to be at least as new as the service says it is.
    pub(crate) async fn look(&self, client: &mut Client, id: &str) {
        let order = client.get(&format!("/v1/orders/{id}")).await.body;
        let version = order["version"].as_u64().unwrap();
        let id = id.to_owned();
        self.acknowledge(&Told { id, version });
    }

    /// The feed is dense, the versions of each order have no gap, and the newest ones are those that were
    /// acknowledged. Answers how many orders and events there are.
    pub(crate) async fn check(&self, client: &mut Client) -> (usize, usize) {
        let feed = Feed::read(client).await;
        let newest = self.0.lock().unwrap();
        assert!(!newest.is_empty(), "nothing was acknowledged at all");
        assert_eq!(
            feed.versions, *newest,
            "the feed holds what was acknowledged and nothing else"
        );
        (newest.len(), feed.events)
    }
}
