//! Replicas that die and replicas that come and go, in the middle of their work.

use super::queue::Queue;
use super::repeats::repeated;
use super::shop::{Dice, FACTS, Feed, handled, ids, known_facts, metric, place, start, until};
use crate::store::Store;
use testkit::rows;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_a_crash_after_the_commit_and_before_the_offset_doubles_nothing() {
    let (queue, store) = (Queue::start().await, Store::postgres());
    let mut dice = Dice(rows::seed());
    let kills = rows::times(1, 12);
    let mut service = start(&queue, &store.url(), &[]);
    let orders = place(&mut service.client(), rows::times(500, 20_000)).await;
    let messages = repeated(&orders, &mut dice);
    let known = ids(&messages);
    queue.send(&messages).await;
    let mut handled_before_kills = 0;
    for kill in 1..=kills {
        // Somewhere in the next part of the work: offsets are committed once a second, effects always.
        let enough = known * kill / (kills + 2) + dice.below(known / (kills + 2) + 1);
        until(
            &service,
            "the next part of the facts is stored",
            async || known_facts(&store).await >= enough,
        )
        .await;
        handled_before_kills += handled(&service).await.values().sum::<u64>();
        service.signal("KILL");
        drop(service);
        service = start(&queue, &store.url(), &[]);
    }
    let stored = async || known_facts(&store).await == known;
    until(&service, "every fact is stored", stored).await;
    let sent = messages.len() as u64;
    // What was done and not told the broker comes again, so more is handled than was sent.
    let until_end =
        async || handled(&service).await.values().sum::<u64>() + handled_before_kills >= sent;
    until(&service, "the last repetitions are handled", until_end).await;

    let mut client = service.client();
    let feed = Feed::read(&mut client).await;
    feed.assert_all_completed(&orders);
    assert_eq!(queue.dead_letters().await, []);
    let again = handled(&service).await.values().sum::<u64>() + handled_before_kills - sent;
    assert!(again > 0, "no kill fell between a commit and its offset");
    rows::told(
        "C2",
        "kill -9 of the service while it handles messages",
        &[
            ("kills", kills as u64),
            ("facts", (orders.len() * FACTS) as u64),
            ("handled again at least", again),
            ("effects doubled", 0),
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_a_rebalance_in_the_middle_of_the_work_doubles_and_loses_nothing() {
    let (queue, store) = (Queue::start().await, Store::postgres());
    let mut dice = Dice(rows::seed());
    let rounds = rows::times(2, 20);
    let first = start(&queue, &store.url(), &[]);
    let mut client = first.client();
    let orders = place(&mut client, rows::times(500, 20_000)).await;
    let messages = repeated(&orders, &mut dice);
    let known = ids(&messages);
    let (mut by_others, mut sent) = (0, 0);
    // Each part is at work while the other one joins, and the next while it leaves.
    for part in messages
        .chunks(messages.len().div_ceil(2 * rounds))
        .collect::<Vec<_>>()
        .chunks(2)
    {
        queue.send(part[0]).await;
        let other = start(&queue, &store.url(), &[]);
        let has_some = async || metric(&other, "kafka_rebalances_total").await > 0;
        until(&other, "the other one has partitions", has_some).await;
        sent += part.iter().map(|part| part.len()).sum::<usize>();
        queue.send(part.get(1).copied().unwrap_or_default()).await;
        let works = async || handled(&other).await.values().sum::<u64>() > 0;
        until(&other, "the other one works", works).await;
        other.signal("TERM");
        by_others += handled(&other).await.values().sum::<u64>();
        let (status, log) = other.wait();
        assert!(status.success(), "{log}");
        assert!(log.contains("left the consumer group"), "{log}");
    }
    assert_eq!(sent, messages.len());
    let stored = async || known_facts(&store).await == known;
    until(&first, "every fact is stored", stored).await;
    let feed = Feed::read(&mut client).await;
    feed.assert_all_completed(&orders);
    assert_eq!(queue.dead_letters().await, []);
    assert!(by_others > 0, "the others never had a partition");
    rows::told(
        "C3",
        "a second replica joins and leaves while messages are handled",
        &[
            ("rebalances", metric(&first, "kafka_rebalances_total").await),
            ("messages", messages.len() as u64),
            ("handled by the others", by_others),
            ("effects doubled or lost", 0),
        ],
    );
}
