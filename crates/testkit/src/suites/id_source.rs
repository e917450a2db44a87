//! The rules of [`IdSource`].

#![expect(clippy::unused_async, reason = "rules of all ports have one shape")]

use order_core::domain::{OrderId, Timestamp};
use order_core::ports::IdSource;
use std::collections::HashSet;
use std::sync::Arc;

/// Three sources of the kind under test, as three replicas have them.
pub type Sources = [Arc<dyn IdSource>; 3];

/// Ids that each task draws: more than 12 bits, what a counter beside the time may have.
const IDS: usize = 10_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_750_000_000_000 + millis).expect("the time is in range")
}

/// An id carries the time it was made for, as a UUID of version 7.
pub async fn an_id_tells_its_time(sources: Sources) {
    for source in sources {
        for at in [at(0), at(1), Timestamp::default(), Timestamp::MAX] {
            let id = source.order_id(at);
            assert_eq!(id.placed_at(), at);
            let text = id.to_string();
            assert_eq!(&text[14..15], "7", "the version of {text}");
            assert!(
                matches!(&text[19..20], "8" | "9" | "a" | "b"),
                "the variant of {text}"
            );
            assert_eq!(text.parse(), Ok(id));
        }
    }
}

/// Ids of one source rise strictly while the time does not fall, within one millisecond too.
pub async fn ids_rise_with_time(sources: Sources) {
    for source in sources {
        let mut last = OrderId::NIL;
        for n in 0..IDS {
            let now = at(i64::try_from(n / 5_000).unwrap_or(0));
            let id = source.order_id(now);
            assert!(id > last, "{id} after {last}");
            assert_eq!(id.placed_at(), now);
            last = id;
        }
    }
}

/// Ids of one source rise strictly for each thread that draws them.
pub async fn ids_rise_on_every_thread(sources: Sources) {
    let [source, ..] = sources;
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let source = Arc::clone(&source);
        tasks.push(tokio::spawn(async move {
            let ids: Vec<OrderId> = (0..IDS).map(|_| source.order_id(at(0))).collect();
            assert!(ids.is_sorted_by(|a, b| a < b));
            ids
        }));
    }
    let mut all = HashSet::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    assert_eq!(all.len(), 4 * IDS);
}

/// No two ids of any sources are equal, in the same millisecond and on many threads.
pub async fn no_two_ids_are_equal(sources: Sources) {
    let mut tasks = Vec::new();
    for n in 0..6 {
        let source = Arc::clone(&sources[n % sources.len()]);
        tasks.push(tokio::spawn(async move {
            (0..IDS)
                .map(|_| source.order_id(at(0)))
                .collect::<Vec<OrderId>>()
        }));
    }
    let mut all = HashSet::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    assert_eq!(all.len(), 6 * IDS);
}

/// A clock that steps back makes no id twice, and each still tells its time.
pub async fn a_clock_that_steps_back_makes_no_id_twice(sources: Sources) {
    let [source, ..] = sources;
    let mut all = HashSet::new();
    for n in 0..3_000 {
        let now = at(n % 3);
        let id = source.order_id(now);
        assert_eq!(id.placed_at(), now);
        assert!(all.insert(id), "{id} twice");
    }
}
