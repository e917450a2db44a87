//! A defect that panics in the middle of a batch: its callers are told that the outcome is open, the
//! session with the half-done transaction is given up, and the next batch is written.

use super::{Flusher, Shared};
use crate::config::Config;
use crate::connect::Connector;
use crate::store::PostgresStore;
use group_commit::{Flush, FlushError, GroupCommit, SubmitError};
use order_core::ports::{Committed, FeedToken, OrderStore, StoreError};
use order_store::{Answer, Job, Prepared, Progress};
use prometheus_client::metrics::counter::Counter;
use std::sync::Arc;
use testkit::desk::order_of;
use testkit::servers::{Options, Postgres, Version};
use testkit::{Desk, new_order};
use tokio::sync::watch;

/// Panics in its first batch, inside a transaction that holds the feed's counter.
struct Stumbling {
    flusher: Flusher,
    stumbled: bool,
}

impl Flush for Stumbling {
    type Item = Job;
    type Output = Answer;
    type Error = StoreError;

    async fn flush(&mut self, batch: &[Job]) -> Result<Vec<Answer>, FlushError<StoreError>> {
        if self.stumbled {
            return self.flusher.flush(batch).await;
        }
        self.stumbled = true;
        let session = self.flusher.attempts.session.get().await.unwrap();
        sqlx::raw_sql("BEGIN; UPDATE feed SET last = last + 1000")
            .execute(session)
            .await
            .unwrap();
        panic!("told to, in a batch of {}", batch.len());
    }

    fn after_panic(&mut self) {
        self.flusher.after_panic();
    }
}

#[tokio::test]
async fn a_panic_in_the_middle_of_a_batch_costs_that_batch_alone() {
    let options = Options {
        fsync: false,
        ..Options::default()
    };
    let start = || Postgres::start(Version::Reference, options);
    let server = tokio::task::spawn_blocking(start).await.unwrap();
    let config = Config::from_url(&server.tcp_url("postgres")).unwrap();
    let store = PostgresStore::open(config.clone()).await.unwrap();
    let desk = Desk::new();
    desk.placed(&store, new_order()).await;

    let shared = Arc::new(Shared {
        connector: Arc::new(Connector::new(Arc::new(config)).unwrap()),
        progress: Arc::new(Progress::default()),
        retries: Counter::default(),
        newest: watch::Sender::new(FeedToken::start()),
    });
    let flusher = Stumbling {
        flusher: Flusher::new(shared, None),
        stumbled: false,
    };
    let commits = GroupCommit::start(group_commit::Config::default(), [flusher]).unwrap();
    let (first, second) = (desk.place(new_order()), desk.place(new_order()));
    let job = |change| Job::Change(Box::new(Prepared::new(change).unwrap()));
    let told = commits.submit(job(first.clone()), 1).await;
    assert!(matches!(told, Err(SubmitError::Panicked)), "{told:?}");
    // The same again, as its caller would ask, and another one: both are written, in their order.
    for change in [first.clone(), second.clone()] {
        let told = commits.submit(job(change), 1).await;
        let done = matches!(told, Ok(Answer::Change(Committed::Done { .. })));
        assert!(done, "{told:?}");
    }
    for change in [first, second] {
        let order = order_of(&change);
        let kept = store.load(order.order_id).await.unwrap();
        assert_eq!(kept.as_deref(), Some(&*order));
    }
    let counter: i64 = {
        let connector = store.shared.connector.clone();
        let mut session = connector.connect().await.unwrap();
        sqlx::query_scalar("SELECT last FROM feed")
            .fetch_one(&mut session)
            .await
            .unwrap()
    };
    assert_eq!(counter, 3, "nothing of the half-done transaction is left");
}
