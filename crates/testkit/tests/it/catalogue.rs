//! A rule that no macro names would run nowhere: the macros and the rooms must name the same.

use std::collections::BTreeSet;

const MACROS: &str = concat!(
    include_str!("../../src/suites/macros.rs"),
    include_str!("../../src/suites/macros/repair.rs"),
    include_str!("../../src/suites/macros/small.rs"),
);
const ROOMS: &[(&str, &str)] = &[
    (
        "order_store::commits",
        include_str!("../../src/suites/order_store/commits.rs"),
    ),
    (
        "order_store::keys",
        include_str!("../../src/suites/order_store/keys.rs"),
    ),
    (
        "order_store::facts",
        include_str!("../../src/suites/order_store/facts.rs"),
    ),
    (
        "order_store::parking",
        include_str!("../../src/suites/order_store/parking.rs"),
    ),
    (
        "order_store::fidelity",
        include_str!("../../src/suites/order_store/fidelity.rs"),
    ),
    (
        "order_store::lists",
        include_str!("../../src/suites/order_store/lists.rs"),
    ),
    (
        "order_store::deadlines",
        include_str!("../../src/suites/order_store/deadlines.rs"),
    ),
    (
        "order_store::concurrency",
        include_str!("../../src/suites/order_store/concurrency.rs"),
    ),
    (
        "durable_store::batches",
        include_str!("../../src/suites/durable_store/batches.rs"),
    ),
    (
        "durable_store::bounds",
        include_str!("../../src/suites/durable_store/bounds.rs"),
    ),
    (
        "durable_store::restart",
        include_str!("../../src/suites/durable_store/restart.rs"),
    ),
    (
        "repair::messages",
        include_str!("../../src/suites/repair/messages.rs"),
    ),
    (
        "repair::facts",
        include_str!("../../src/suites/repair/facts.rs"),
    ),
    (
        "repair::lists",
        include_str!("../../src/suites/repair/lists.rs"),
    ),
    (
        "repair::counting",
        include_str!("../../src/suites/repair/counting.rs"),
    ),
    ("event_feed", include_str!("../../src/suites/event_feed.rs")),
    (
        "event_publisher",
        include_str!("../../src/suites/event_publisher.rs"),
    ),
    (
        "order_cache",
        include_str!("../../src/suites/order_cache.rs"),
    ),
    (
        "rate_limiter",
        include_str!("../../src/suites/rate_limiter.rs"),
    ),
    ("clock", include_str!("../../src/suites/clock.rs")),
    ("id_source", include_str!("../../src/suites/id_source.rs")),
    (
        "order_store::burial",
        include_str!("../../src/suites/order_store/burial.rs"),
    ),
    (
        "feed_waiting",
        include_str!("../../src/suites/feed_waiting.rs"),
    ),
    (
        "feed_partitions",
        include_str!("../../src/suites/feed_partitions.rs"),
    ),
];

fn rules_of(source: &str) -> BTreeSet<String> {
    let declared = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub async fn "));
    declared
        .filter_map(|rest| rest.split(['(', '<']).next())
        .map(str::to_owned)
        .collect()
}

fn named_for(macros: &str, room: &str) -> BTreeSet<String> {
    let calls = macros.split("conformance_tests!($make,").skip(1);
    let lists = calls
        .filter_map(|call| call.split_once(",["))
        .filter(|(of, _)| *of == room);
    let names = lists
        .filter_map(|(_, rest)| rest.split(']').next())
        .flat_map(|list| list.split(','));
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_rule_is_named_by_a_suite() {
    // However the macros are laid out.
    let macros: String = MACROS.split_whitespace().collect();
    for (room, source) in ROOMS {
        let rules = rules_of(source);
        assert!(!rules.is_empty(), "{room} has rules");
        assert_eq!(named_for(&macros, room), rules, "{room}");
    }
}
