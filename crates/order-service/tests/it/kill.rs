//! kill -9 under load: what was acknowledged is there, once, and the feed is dense.

use crate::history::History;
use crate::service::Service;
use crate::store::{Store, server};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Kills, and acknowledgements that are waited for before each.
const KILLS: usize = 20;
const ACKS_BEFORE_KILL: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_a_service_on_sqlite() {
    kill_the_service(&Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_a_service_on_postgresql() {
    kill_the_service(&Store::postgres()).await;
}

async fn kill_the_service(store: &Store) {
    let history = Arc::new(History::default());
    for round in 0..KILLS {
        let service = Service::start_on(&store.url(), &[]);
        history.settle(&mut service.client()).await;
        let callers = history.begin(service.rest, round);
        // A different moment each time.
        history.more(ACKS_BEFORE_KILL + round * 7).await;
        service.signal("KILL");
        History::join(callers).await;
    }
    let service = Service::start_on(&store.url(), &[]);
    history.check(&mut service.client()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_postgresql_under_a_service() {
    let server = Arc::new(server());
    let service = Service::start_on(&server.tcp_url("postgres"), &[]);
    let history = Arc::new(History::default());
    let callers = history.begin(service.rest, 0);
    for kill in 0..KILLS {
        history.more(ACKS_BEFORE_KILL + kill * 7).await;
        let server = Arc::clone(&server);
        let again = move || {
            server.kill9();
            server.start_again();
        };
        tokio::task::spawn_blocking(again).await.unwrap();
    }
    history.more(ACKS_BEFORE_KILL).await;
    history.end(callers).await;
    assert!(
        history.refusals.load(Ordering::Relaxed) > 0,
        "nobody noticed that the database was gone"
    );
    history.check(&mut service.client()).await;
}
