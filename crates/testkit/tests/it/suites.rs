//! Every suite on the fake of its port.

mod store {
    use order_core::ports::OrderStore;
    use std::sync::Arc;
    use testkit::fakes::MemoryStore;

    async fn make() -> ((), Arc<dyn OrderStore>) {
        ((), Arc::new(MemoryStore::new()))
    }
    testkit::order_store_suite!(make);
}

mod repair {
    use testkit::fakes::MemoryStore;
    use testkit::suites::repair::Kept;

    async fn make() -> ((), Kept) {
        ((), Kept::of(MemoryStore::new()))
    }
    testkit::repair_suite!(make);
}

mod feed {
    use std::sync::Arc;
    use testkit::fakes::MemoryStore;
    use testkit::suites::event_feed::Feed;

    async fn make() -> ((), Feed) {
        let store = Arc::new(MemoryStore::new());
        (
            (),
            Feed {
                store: Arc::clone(&store) as _,
                feed: store,
            },
        )
    }
    testkit::event_feed_suite!(make);
    testkit::event_feed_partitions_suite!(make);
}

mod leases {
    use std::sync::Arc;
    use testkit::fakes::MemoryStore;
    use testkit::suites::feed_leases::Leases;

    async fn make() -> ((), Leases) {
        let store = Arc::new(MemoryStore::new());
        (
            (),
            Leases {
                store: Arc::clone(&store) as _,
                leases: store,
            },
        )
    }
    testkit::feed_leases_suite!(make);
    testkit::feed_leases_rivals_suite!(make);
}

mod publisher {
    use async_trait::async_trait;
    use order_core::ports::EventPublisher;
    use std::sync::Arc;
    use testkit::fakes::MemoryBroker;
    use testkit::suites::event_publisher::{Bench, Broker};

    struct InMemory(MemoryBroker);

    #[async_trait]
    impl Broker for InMemory {
        async fn publisher(&self) -> Arc<dyn EventPublisher> {
            Arc::new(self.0.publisher())
        }

        async fn published(&self, partition: u16) -> Vec<String> {
            self.0
                .published(partition)
                .iter()
                .map(|recorded| recorded.event.id())
                .collect()
        }
    }

    async fn make() -> ((), Bench) {
        ((), Arc::new(InMemory(MemoryBroker::new())))
    }
    testkit::event_publisher_suite!(make);
}

mod cache {
    use order_core::ports::OrderCache;
    use std::sync::Arc;
    use testkit::fakes::MemoryCache;

    async fn make() -> ((), Arc<dyn OrderCache>) {
        ((), Arc::new(MemoryCache::new()))
    }

    async fn make_away() -> ((), Arc<dyn OrderCache>) {
        let cache = MemoryCache::new();
        cache.set_away(true);
        ((), Arc::new(cache))
    }
    testkit::order_cache_suite!(make);
    testkit::order_cache_away_suite!(make_away);
}

mod limiter {
    use std::sync::Arc;
    use testkit::fakes::{ManualClock, MemoryRateLimiter};
    use testkit::suites::rate_limiter::{Limiter, RATE};

    async fn make() -> ((), Limiter) {
        let clock = Arc::new(ManualClock::default());
        let limiter = Arc::new(MemoryRateLimiter::new(RATE, Arc::clone(&clock) as _));
        ((), Limiter { limiter, clock })
    }
    testkit::rate_limiter_suite!(make);
    testkit::rate_limiter_away_suite!(make);
}

mod clock {
    use order_core::ports::Clock;
    use std::sync::Arc;
    use testkit::fakes::{MachineClock, ManualClock};

    mod manual {
        use super::*;

        async fn make() -> ((), Arc<dyn Clock>) {
            ((), Arc::new(ManualClock::default()))
        }
        testkit::clock_suite!(make);
    }

    mod machine {
        use super::*;

        async fn make() -> ((), Arc<dyn Clock>) {
            ((), Arc::new(MachineClock))
        }
        testkit::clock_suite!(make);
    }
}

mod ids {
    use order_core::ports::IdSource;
    use std::sync::Arc;
    use testkit::fakes::SequentialIds;

    async fn make() -> ((), [Arc<dyn IdSource>; 3]) {
        (
            (),
            [1, 2, 3].map(|source| Arc::new(SequentialIds::new(source)) as Arc<dyn IdSource>),
        )
    }
    testkit::id_source_suite!(make);
}
