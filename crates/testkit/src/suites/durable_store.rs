//! The rules of a store that writes in batches and outlives its process: what happens within one batch,
//! at its bounds, and when it is closed and opened again; `durable_store_suite!` runs them all.
//!
//! Each rule runs on one thread: callers queue all they have before the writer gets its turn, so a test
//! knows what is one batch.

pub mod batches;
pub mod bounds;
pub mod restart;

use futures_util::future::join_all;
use order_core::ports::{
    Change, Committed, EventFeed, FeedToken, OrderStore, RecordedEvent, StoreError,
};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

/// More events than any rule writes.
const ALL: usize = 10_000;

const DONE: Committed = Committed::Done {
    facts_waiting: false,
};

/// A database, empty at first, and the stores that are opened on it one after another.
pub trait Durable {
    /// The store under test.
    type Store: OrderStore + EventFeed;

    /// Opens it. At most `max_queued_changes` wait to be written, if it says so.
    fn open(&self, max_queued_changes: Option<usize>) -> impl Future<Output = Self::Store>;

    /// Closes it.
    fn close(store: &Self::Store) -> impl Future<Output = Result<(), StoreError>>;

    /// What it tells of itself.
    fn stats(store: &Self::Store) -> Stats;

    /// Shows its metrics in `registry`.
    fn register_metrics(store: &Self::Store, registry: &mut Registry);
}

/// What a store tells of itself.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Batches of changes that were tried.
    pub commit_batches: u64,
    /// Batches of loads that were tried.
    pub load_batches: u64,
    /// Why the last commit failed, if it did.
    pub last_failure: Option<StoreError>,
}

/// The metrics as they are scraped.
pub fn scraped<D: Durable>(store: &D::Store) -> String {
    let mut registry = Registry::default();
    D::register_metrics(store, &mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    text
}

/// Each of these lines is in the metrics.
pub fn assert_scraped<D: Durable>(store: &D::Store, lines: &[&str]) {
    let text = scraped::<D>(store);
    for line in lines {
        assert!(
            text.lines().any(|found| found == *line),
            "{line} is not in\n{text}"
        );
    }
}

/// Of ten changes of one batch, the one at `culprit` is what the database refuses, with `reason`; the
/// others are done, and it says nothing about the database.
pub async fn assert_fails_alone<D: Durable>(
    store: &D::Store,
    changes: Vec<Change>,
    culprit: usize,
    reason: &str,
) {
    let answers = join_all(changes.into_iter().map(|change| store.commit(change))).await;
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Err(StoreError::Corrupt { detail }) if n == culprit => {
                assert!(detail.contains(reason), "{detail}");
            }
            answer => assert_eq!(answer, Ok(DONE), "change {n}"),
        }
    }
    assert!(D::stats(store).last_failure.is_none());
}

/// The answers to changes that are committed as one batch.
async fn one_batch<D: Durable>(store: &D::Store, changes: Vec<Change>) -> Vec<Committed> {
    let before = D::stats(store).commit_batches;
    let answers = join_all(changes.into_iter().map(|change| store.commit(change))).await;
    assert_eq!(D::stats(store).commit_batches, before + 1);
    answers.into_iter().map(Result::unwrap).collect()
}

async fn all_events(store: &impl EventFeed) -> Vec<RecordedEvent> {
    store.read_after(&FeedToken::start(), ALL).await.unwrap()
}
