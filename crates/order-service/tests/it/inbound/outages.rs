//! The store goes away and comes back.

use super::queue::Queue;
use super::repeats::repeated;
use super::shop::{Dice, FACTS, Feed, handled, ids, known_facts, metric, place, start, until};
use crate::client::Client;
use crate::store::Store;
use std::time::{Duration, Instant};
use testkit::rows;
use testkit::servers::cpu_millis;

/// Longer than the group waits for a member that shows no life.
const OUTAGE: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c5_while_the_store_is_down_the_consumer_pauses_and_stays_in_its_group() {
    let (queue, store) = (Queue::start().await, Store::postgres());
    let service = start(&queue, &store.url(), &[]);
    let mut client = service.client();
    let mut dice = Dice(rows::seed());
    let orders = place(&mut client, rows::times(300, 20_000)).await;
    let messages = repeated(&orders, &mut dice);
    let known = ids(&messages);
    queue.send(&messages[..messages.len() / 2]).await;
    until(&service, "some facts are stored", async || {
        known_facts(&store).await > known / 8
    })
    .await;

    store.server().stop();
    until(&service, "the consumer pauses", async || {
        metric(&service, "kafka_paused").await > 0
    })
    .await;
    let (rebalances, done) = (
        metric(&service, "kafka_rebalances_total").await,
        handled(&service).await,
    );
    // What comes meanwhile waits at the broker.
    queue.send(&messages[messages.len() / 2..]).await;
    let (began, cpu) = (Instant::now(), cpu_millis(service.pid()));
    until(&service, "readiness tells that it pauses", async || {
        let ready = Client::new(service.management).get("/readyz?verbose").await;
        ready.body.to_string().contains("[-]kafka-inbound")
    })
    .await;
    // The outage has to last for longer than a member may be silent; nothing can be waited for.
    while began.elapsed() < OUTAGE {
        assert_eq!(handled(&service).await, done, "nothing is handled");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let spent = cpu_millis(service.pid()) - cpu;
    assert!(
        u128::from(spent) < OUTAGE.as_millis() / 4,
        "spins: {spent} ms of CPU"
    );
    assert_eq!(
        metric(&service, "kafka_rebalances_total").await,
        rebalances,
        "no rebalance"
    );
    let lag = metric(&service, "kafka_consumer_lag").await;
    assert!(lag > 0, "offsets have not moved beyond what is done");

    store.server().start_again();
    let back = Instant::now();
    until(&service, "every fact is stored", async || {
        known_facts(&store).await == known
    })
    .await;
    let drained = back.elapsed();
    until(&service, "it takes messages again", async || {
        metric(&service, "kafka_paused").await == 0
            && metric(&service, "kafka_consumer_lag").await == 0
    })
    .await;
    Feed::read(&mut client).await.assert_all_completed(&orders);
    assert_eq!(
        metric(&service, "kafka_rebalances_total").await,
        rebalances,
        "no rebalance"
    );
    assert_eq!(queue.dead_letters().await, []);
    rows::told(
        "C5",
        "PostgreSQL stopped for 12 s while messages are handled, and started again",
        &[
            ("facts", (orders.len() * FACTS) as u64),
            ("lag while it was down", lag),
            ("milliseconds of CPU meanwhile", spent),
            (
                "milliseconds until all was done",
                u64::try_from(drained.as_millis()).unwrap(),
            ),
            ("rebalances", 0),
            ("effects doubled or lost", 0),
        ],
    );
}
