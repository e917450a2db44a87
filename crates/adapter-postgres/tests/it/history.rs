//! What callers were told, held against what the store has: nothing acknowledged is lost, nothing is
//! there twice, the feed is dense, and each order's versions have no gap.

use crate::support::all_events;
use adapter_postgres::PostgresStore;
use order_core::domain::OrderId;
use order_core::ports::{Change, Committed, OrderStore, StoreError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use testkit::desk::order_of;
use testkit::{Desk, fact, new_order};
use tokio::task::JoinHandle;

/// Callers at once.
const CALLERS: u16 = 24;

/// Callers at work, and what they were told.
#[derive(Debug, Default)]
pub(crate) struct History {
    acknowledged: Mutex<HashMap<OrderId, u64>>,
    /// Changes whose callers were told that it is not known.
    open: Mutex<Vec<Change>>,
    pub(crate) acks: AtomicUsize,
    pub(crate) failures: AtomicUsize,
    enough: AtomicBool,
}

impl History {
    /// Callers that place orders and move them on until they are told to stop. `round` keeps their
    /// numbers apart from those of other rounds.
    pub(crate) fn begin(
        self: &Arc<History>,
        store: &PostgresStore,
        round: u16,
    ) -> Vec<JoinHandle<()>> {
        self.enough.store(false, Ordering::SeqCst);
        let caller = |number| {
            let (history, store) = (Arc::clone(self), store.clone());
            tokio::spawn(async move {
                let desk = Desk::numbered(round * CALLERS + number);
                while !history.enough.load(Ordering::SeqCst) {
                    history.one_order(&store, &desk).await;
                }
            })
        };
        (0..CALLERS).map(caller).collect()
    }

    /// Waits for them.
    pub(crate) async fn end(&self, callers: Vec<JoinHandle<()>>) {
        self.enough.store(true, Ordering::SeqCst);
        for caller in callers {
            caller.await.unwrap();
        }
    }

    async fn one_order(&self, store: &PostgresStore, desk: &Desk) {
        let placing = desk.place(new_order());
        let order = order_of(&placing);
        if self.told(store, placing).await {
            let paid = desk.record(
                &order,
                fact::authorized(&order, "pay-1", order.totals.total.minor()),
            );
            let order = order_of(&paid);
            if self.told(store, paid).await {
                self.told(store, desk.record(&order, fact::reserved("res-1")))
                    .await;
            }
        } else {
            // A caller who was refused does not hammer.
            tokio::task::yield_now().await;
        }
    }

    /// Commits and remembers the answer.
    async fn told(&self, store: &PostgresStore, change: Change) -> bool {
        match store.commit(change.clone()).await {
            Ok(Committed::Done { .. }) => {
                self.acknowledge(&change);
                true
            }
            Err(StoreError::Unavailable { .. }) => {
                self.open.lock().unwrap().push(change);
                self.failures.fetch_add(1, Ordering::SeqCst);
                false
            }
            other => panic!("nobody else uses this key: {other:?}"),
        }
    }

    fn acknowledge(&self, change: &Change) {
        let order = order_of(change);
        let mut acknowledged = self.acknowledged.lock().unwrap();
        let newest = acknowledged.entry(order.order_id).or_default();
        *newest = order.version.max(*newest);
        self.acks.fetch_add(1, Ordering::SeqCst);
    }

    /// Tries again what was left open, as its callers would, and holds everything against the store.
    pub(crate) async fn check(&self, store: &PostgresStore) {
        let open = std::mem::take(&mut *self.open.lock().unwrap());
        for change in open {
            let order = order_of(&change);
            match store.commit(change.clone()).await.unwrap() {
                Committed::Done { .. } => {}
                Committed::RequestKnown(known) => assert_eq!(known.order_id, order.order_id),
                Committed::FactKnown(known) => {
                    assert_eq!(known.order, Some((order.order_id, order.version)));
                }
                other => panic!("{other:?} to {change:?}"),
            }
            self.acknowledge(&change);
        }
        let mut versions: HashMap<OrderId, u64> = HashMap::new();
        for (offset, recorded) in (1..).zip(all_events(store).await) {
            assert_eq!(recorded.position.offset, offset, "the feed is dense");
            let version = versions.entry(recorded.event.order.order_id).or_default();
            *version += 1;
            assert_eq!(recorded.event.version(), *version, "versions have no gap");
        }
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        assert!(!acknowledged.is_empty(), "nothing was acknowledged at all");
        for (order_id, version) in &acknowledged {
            let found = versions.get(order_id).copied().unwrap_or_default();
            assert_eq!(found, *version, "the newest version of {order_id}");
        }
        assert_eq!(
            versions.len(),
            acknowledged.len(),
            "an order that nobody placed"
        );
    }
}
