//! Every statement's plan at a million orders: each descends an index, none walks a table, none sorts
//! more than the pages that it merges, and none reads more than its answer needs.

use crate::commit::{LOOK_UP, PARKING_MOVES, REPAIRS, Shape, text};
use crate::config::Config;
use crate::connect::Connector;
use crate::migrate;
use crate::read::list::{has_status, list_sql};
use crate::read::statements::STATEMENTS;
use crate::read::{feed, load, repairs};
use order_core::domain::limits::MAX_COUNTED_ORDERS;
use order_core::domain::{FulfillmentStatus, PaymentStatus, State};
use order_core::ports::ListFilter;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row};
use std::sync::Arc;
use testkit::list_filters;
use testkit::servers::{Options, Postgres, Version};

/// How many orders there are at each look: what is planned for a small table serves a large one too.
const ORDERS: [u32; 3] = [20_000, 200_000, 1_000_000];
/// Pages of 8 KiB that a list of 50 orders may touch: a row and an index page for each order, and a
/// few descents for each of the combinations of statuses that are merged.
const MAX_LIST_PAGES: u64 = 2_500;
/// Pages that a count of 100,000 orders may touch: 100,000 entries of the widest index, and its visibility
/// map.
const MAX_COUNT_PAGES: u64 = 1_200;
const LIST_TYPES: [&str; 8] = [
    "uuid", "bigint", "uuid", "int2[]", "int2[]", "int2[]", "text", "text",
];
/// Tables that may be walked: a row for each partition, and never a row.
const SMALL: [&str; 2] = ["feed", "write_gate"];

/// A million orders of a store that has run for long: most are completed, one of a hundred is not.
const FILL: &str = "\
    INSERT INTO feed VALUES (0, $TO) ON CONFLICT (partition) DO UPDATE SET last = $TO; \
    INSERT INTO orders (order_id, version, deadline, statuses, \
        customer_id, external_id) SELECT id(n), 1, CASE WHEN n % 100 = 0 THEN n END, \
        CASE WHEN n % 100 = 0 THEN 1000 * (1 + n / 100 % 3) + 10 * (1 + n / 100 % 2) + 1 ELSE 7045 END, \
        'customer-' || n % 10000, 'shop-' || n \
        FROM generate_series($FROM, $TO) n; \
    INSERT INTO order_events (position, version, time, order_id, request_key, request_fingerprint, data, snapshot) \
        SELECT n, 1, n, id(n), md5(n::text)::uuid, id(n), '', repeat('x', 100)::bytea \
        FROM generate_series($FROM, $TO) n; \
    INSERT INTO facts SELECT md5('fact' || n)::uuid, id(n), id(n), 1 \
        FROM generate_series($FROM, $TO) n WHERE n % 5 = 0; \
    INSERT INTO parked_facts (fact_key, order_id, parked_at, content, known_order_id) \
        SELECT md5('parked' || n)::uuid, id(n), n, '', CASE WHEN n % 2 = 0 THEN id(n) END \
        FROM generate_series($FROM, $TO) n WHERE n % 50 = 0; \
    INSERT INTO dead_letters (fact_key, order_id, parked_at, content, reason) \
        SELECT md5('dead' || n)::uuid, id(n), n, '', 'why' FROM generate_series($FROM, $TO) n WHERE n % 50 = 1; \
    INSERT INTO dead_messages (topic, partition, message_offset, headers, value, omitted_bytes, reason) \
        SELECT 'topic', 0, n, '', 'value', 0, 'why' FROM generate_series($FROM, $TO) n WHERE n % 50 = 2; \
    INSERT INTO held_orders SELECT id(n) FROM generate_series($FROM, $TO) n WHERE n % 20 = 0";
/// Ids that rise with time, as those of version 7 do.
const ID: &str = "CREATE FUNCTION id(n int) RETURNS uuid IMMUTABLE LANGUAGE sql AS \
    $$SELECT (lpad(to_hex(n), 12, '0') || '7000a000000000000000')::uuid$$";

#[tokio::test]
async fn no_statement_walks_a_table_at_a_million_orders() {
    let options = || Options {
        fsync: false,
        settings: vec![("max_wal_size", "4GB"), ("shared_buffers", "256MB")],
        ..Options::default()
    };
    let server =
        tokio::task::spawn_blocking(move || Postgres::start(Version::Reference, options()))
            .await
            .unwrap();
    let config = Config::from_url(&server.socket_url("postgres")).unwrap();
    migrate(&config).await.unwrap();
    let connector = Connector::new(Arc::new(config)).unwrap();
    let mut session = connector.connect().await.unwrap();
    for sql in ["SET statement_timeout = 0", ID] {
        run(&mut session, sql).await;
    }
    let mut orders = 0;
    for more in ORDERS {
        let fill = FILL
            .replace("$FROM", &(orders + 1).to_string())
            .replace("$TO", &more.to_string());
        run(&mut session, &fill).await;
        // As autovacuum does after a while.
        run(&mut session, "VACUUM ANALYZE").await;
        lists(&mut session).await;
        orders = more;
    }
    writes(&mut session).await;
    others(&mut session).await;
    counts(&mut session).await;
}

async fn lists(session: &mut PgConnection) {
    for filter in list_filters() {
        let sql = list_sql(&filter);
        let values = list_values(&filter);
        // A list's text need not name all of its arguments, so their types are told.
        let types = &LIST_TYPES[..values.len()].join(", ");
        let (prepare, values) = (
            format!("PREPARE statement ({types}) AS {sql}"),
            values.join(", "),
        );
        let plan = executed(session, &prepare, "EXPLAIN", &values).await;
        assert_eq!(walks(&plan), Vec::<&String>::new(), "{filter:?}: {plan:#?}");
        let sorts = plan.iter().filter(|line| line.contains("Sort Key")).count();
        let merges = has_status(&filter) && filter.customer_id.is_none();
        if !merges && filter.external_id.is_none() {
            assert_eq!(sorts, 0, "{filter:?}: {plan:#?}");
        }
        let plan = executed(session, &prepare, "EXPLAIN (ANALYZE, BUFFERS)", &values).await;
        let pages = pages(&plan);
        assert!(
            pages <= MAX_LIST_PAGES,
            "{pages} pages for {filter:?}: {plan:#?}"
        );
    }
}

async fn writes(session: &mut PgConnection) {
    for bits in 1_u8..128 {
        let on = |bit: u8| bits & (1 << bit) != 0;
        let shape = Shape {
            placed: on(0),
            advanced: on(1),
            facts: on(2),
            events: on(3),
            alone: on(4),
            partitions: on(5),
            holds: on(6),
        };
        // An order that is written has events.
        if shape.events || (shape.facts && !shape.placed && !shape.advanced) {
            no_walk(session, &text(shape)).await;
        }
    }
}

async fn others(session: &mut PgConnection) {
    let statements = [
        LOOK_UP,
        load::LOAD,
        load::LOAD_EXTERNAL,
        feed::FEED,
        feed::PARTITION,
        feed::HEADS,
    ];
    let all = statements.into_iter().chain(STATEMENTS.all());
    let all = all.chain(repairs::REPAIRS.all()).chain(REPAIRS);
    for sql in all.chain(PARKING_MOVES) {
        no_walk(session, sql).await;
    }
    for sql in [
        STATEMENTS.due,
        STATEMENTS.parked_ready,
        STATEMENTS.parked_for,
        STATEMENTS.history,
        feed::FEED,
        feed::PARTITION,
        repairs::REPAIRS.facts,
        repairs::REPAIRS.messages,
        repairs::REPAIRS.parked_facts,
        repairs::REPAIRS.count_state,
        repairs::REPAIRS.count_held,
    ] {
        let plan = explain(session, sql).await;
        if sql == STATEMENTS.parked_for {
            let index = "parked_facts_ready_by_order";
            assert!(plan.iter().any(|line| line.contains(index)), "{plan:#?}");
        }
        assert!(
            !plan.iter().any(|line| line.contains("Sort")),
            "{sql}: {plan:#?}"
        );
    }
}

/// A count reads as many entries of its index as it may count, however many there are.
async fn counts(session: &mut PgConnection) {
    let completed = format!("{}, {}", State::Completed.code(), MAX_COUNTED_ORDERS + 1);
    let held = (MAX_COUNTED_ORDERS + 1).to_string();
    for (sql, types, values) in [
        (repairs::REPAIRS.count_state, "bigint, bigint", completed),
        (repairs::REPAIRS.count_held, "bigint", held),
    ] {
        let prepare = format!("PREPARE statement ({types}) AS {sql}");
        let how = "EXPLAIN (ANALYZE, BUFFERS)";
        let plan = executed(session, &prepare, how, &values).await;
        assert_eq!(walks(&plan), Vec::<&String>::new(), "{plan:#?}");
        let pages = pages(&plan);
        assert!(pages <= MAX_COUNT_PAGES, "{pages} pages: {plan:#?}");
    }
}

async fn no_walk(session: &mut PgConnection, sql: &str) {
    let plan = explain(session, sql).await;
    assert_eq!(walks(&plan), Vec::<&String>::new(), "{sql}: {plan:#?}");
}

/// What walks one of our tables.
fn walks(plan: &[String]) -> Vec<&String> {
    let walk = |line: &&String| {
        let table = line.split("Seq Scan on ").nth(1);
        table.is_some_and(|rest| !SMALL.contains(&rest.split(' ').next().unwrap_or_default()))
    };
    plan.iter().filter(walk).collect()
}

/// The generic plan, as every session of the store uses it.
async fn explain(session: &mut PgConnection, sql: &str) -> Vec<String> {
    let mut arguments = (1..40).rev();
    let arguments = arguments.find(|n| sql.contains(&format!("${n}")));
    let values = vec!["NULL"; arguments.unwrap_or(0)].join(", ");
    executed(
        session,
        &format!("PREPARE statement AS {sql}"),
        "EXPLAIN",
        &values,
    )
    .await
}

async fn executed(
    session: &mut PgConnection,
    prepare: &str,
    how: &str,
    values: &str,
) -> Vec<String> {
    run(session, prepare).await;
    let arguments = if values.is_empty() {
        String::new()
    } else {
        format!("({values})")
    };
    let explain = format!("{how} EXECUTE statement{arguments}");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain))
        .fetch_all(&mut *session)
        .await
        .unwrap();
    run(session, "DEALLOCATE statement").await;
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

/// The arguments of a list of 50.
fn list_values(filter: &ListFilter) -> Vec<String> {
    let codes = |wanted: Option<u8>, last: u8| {
        let codes = wanted.map_or(1..=last, |code| code..=code);
        let codes: Vec<String> = codes.map(|code| code.to_string()).collect();
        format!("'{{{}}}'", codes.join(","))
    };
    let mut values = vec![
        "'00000000-0000-0000-0000-000000000000'".to_owned(),
        "50".to_owned(),
        "'ffffffff-ffff-ffff-ffff-ffffffffffff'".to_owned(),
        codes(filter.state.map(State::code), 7),
        codes(filter.payment_status.map(PaymentStatus::code), 10),
        codes(filter.fulfillment_status.map(FulfillmentStatus::code), 5),
    ];
    let texts = [&filter.external_id, &filter.customer_id];
    values.extend(texts.into_iter().flatten().map(|text| format!("'{text}'")));
    values
}

/// Pages that were touched, by the plan's first line about them.
fn pages(plan: &[String]) -> u64 {
    let line = plan.iter().find(|line| line.contains("Buffers:")).unwrap();
    let numbers = line.split_whitespace().filter_map(|word| {
        let (name, number) = word.split_once('=')?;
        (name == "hit" || name == "read").then(|| number.parse::<u64>().unwrap())
    });
    numbers.sum()
}

async fn run(session: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(session)
        .await
        .unwrap();
}

#[test]
fn a_walk_is_found() {
    let plan = [
        "  ->  Seq Scan on orders o",
        "Seq Scan on feed f",
        "Index Scan using x on orders",
    ];
    assert_eq!(walks(&plan.map(str::to_owned)).len(), 1);
}
