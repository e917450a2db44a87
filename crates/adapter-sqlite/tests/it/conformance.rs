//! The suites of both ports.

mod store {
    use crate::support::fresh_store;
    testkit::order_store_suite!(fresh_store);
}

mod repair {
    use crate::support::fresh_kept;
    testkit::repair_suite!(fresh_kept);
}

mod feed {
    use crate::support::fresh_feed;
    testkit::event_feed_suite!(fresh_feed);
}

mod partitions {
    use crate::support::fresh_feed;
    testkit::event_feed_partitions_suite!(fresh_feed);
}

mod durable {
    use crate::support::Folder;
    testkit::durable_store_suite!(async || ((), Folder::new()));
}

mod leases {
    use crate::support::fresh_leases;
    testkit::feed_leases_suite!(fresh_leases);
}
