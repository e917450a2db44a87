//! The suites of both ports, on the reference and on the oldest version, by one store and by two
//! replicas of which every other call goes to the other.

mod reference {
    mod store {
        use crate::support::fresh_store;
        use testkit::servers::Version;
        testkit::order_store_suite!(|| fresh_store(Version::Reference));
    }
    mod repair {
        use crate::support::fresh_kept;
        use testkit::servers::Version;
        testkit::repair_suite!(|| fresh_kept(Version::Reference));
    }
    mod feed {
        use crate::support::fresh_feed;
        use testkit::servers::Version;
        testkit::event_feed_suite!(|| fresh_feed(Version::Reference));
        testkit::event_feed_partitions_suite!(|| fresh_feed(Version::Reference));
    }
    mod leases {
        use crate::support::fresh_leases;
        use testkit::servers::Version;
        testkit::feed_leases_suite!(|| fresh_leases(Version::Reference));
        testkit::feed_leases_rivals_suite!(|| fresh_leases(Version::Reference));
    }
    mod durable {
        use crate::support::Database;
        use testkit::servers::Version;
        testkit::durable_store_suite!(async || ((), Database::shared(Version::Reference).await));
    }
}

mod oldest {
    mod store {
        use crate::support::fresh_store;
        use testkit::servers::Version;
        testkit::order_store_suite!(|| fresh_store(Version::Oldest));
    }
    mod repair {
        use crate::support::fresh_kept;
        use testkit::servers::Version;
        testkit::repair_suite!(|| fresh_kept(Version::Oldest));
    }
    mod feed {
        use crate::support::fresh_feed;
        use testkit::servers::Version;
        testkit::event_feed_suite!(|| fresh_feed(Version::Oldest));
        testkit::event_feed_partitions_suite!(|| fresh_feed(Version::Oldest));
    }
    mod leases {
        use crate::support::fresh_leases;
        use testkit::servers::Version;
        testkit::feed_leases_suite!(|| fresh_leases(Version::Oldest));
        testkit::feed_leases_rivals_suite!(|| fresh_leases(Version::Oldest));
    }
}
