//! Every statement's query plan: each descends an index, none walks a table or sorts.

use crate::commit::{LOOK_UP, MOVES, REPAIRS};
use crate::config::Config;
use crate::heads::HEADS;
use crate::read::list::list_sql;
use crate::read::statements::STATEMENTS;
use crate::read::{feed, load, repairs};
use crate::{connect, migrate};
use order_core::domain::{FulfillmentStatus, PaymentStatus, State};
use order_core::ports::ListFilter;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use tempfile::TempDir;
use testkit::list_filters;

/// Our tables and the names that statements give them. What else is walked holds only the batch.
const TABLES: &[&str] = &[
    "orders",
    "order_events",
    "requests",
    "facts",
    "parked_facts",
    "dead_letters",
    "dead_messages",
    "held_orders",
    "o",
    "e",
    "r",
    "f",
    "p",
];

async fn database() -> (TempDir, SqliteConnection) {
    let folder = TempDir::new().unwrap();
    let config = Config::at(folder.path().join("orders.db"));
    migrate(&config).await.unwrap();
    (folder, connect::writer(&config).connect().await.unwrap())
}

async fn plan(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(explain).fetch_all(connection).await.unwrap();
    rows.iter()
        .map(|row| row.get::<String, _>("detail"))
        .collect()
}

/// What is wrong with a plan.
fn faults(plan: &[String]) -> Vec<&String> {
    let walks = |detail: &str| {
        let mut words = detail.split(' ');
        words.next() == Some("SCAN") && words.next().is_some_and(|table| TABLES.contains(&table))
    };
    plan.iter()
        .filter(|detail| walks(detail) || detail.contains("TEMP B-TREE"))
        .collect()
}

#[tokio::test]
async fn no_list_walks_a_table_or_sorts() {
    let (_folder, mut connection) = database().await;
    for filter in list_filters() {
        let plan = plan(&mut connection, &list_sql(&filter)).await;
        assert_eq!(
            faults(&plan),
            Vec::<&String>::new(),
            "{filter:?}: {plan:#?}"
        );
        assert_eq!(
            plan.len(),
            2,
            "one walk and one descent a row, {filter:?}: {plan:#?}"
        );
        assert!(
            plan[0].contains("order_id>? AND order_id<?") || filter.external_id.is_some(),
            "{plan:#?}"
        );
    }
}

#[tokio::test]
async fn the_rarest_filter_leads() {
    let filter = |state, payment_status, fulfillment_status| ListFilter {
        state: Some(state),
        payment_status: Some(payment_status),
        fulfillment_status: Some(fulfillment_status),
        ..ListFilter::default()
    };
    let done = (
        State::Completed,
        PaymentStatus::Captured,
        FulfillmentStatus::Delivered,
    );
    let cases = [
        (filter(State::Cancelling, done.1, done.2), "orders_by_state"),
        (
            filter(done.0, PaymentStatus::Disputed, done.2),
            "orders_by_payment_status",
        ),
        (
            filter(done.0, done.1, FulfillmentStatus::PartiallyShipped),
            "orders_by_fulfillment_status",
        ),
        (
            ListFilter {
                customer_id: Some("c".into()),
                ..filter(State::Cancelling, done.1, done.2)
            },
            "orders_by_customer",
        ),
    ];
    let (_folder, mut connection) = database().await;
    for (filter, index) in cases {
        let plan = plan(&mut connection, &list_sql(&filter)).await;
        assert!(plan[0].contains(index), "{filter:?}: {plan:#?}");
    }
}

#[tokio::test]
async fn no_other_statement_walks_a_table_or_sorts() {
    let (_folder, mut connection) = database().await;
    let look_up = LOOK_UP.trim_start_matches("BEGIN IMMEDIATE;");
    let statements = [
        look_up,
        HEADS,
        load::LOAD,
        load::LOAD_EXTERNAL,
        feed::FEED,
        feed::SIZES,
    ];
    let all = statements.into_iter().chain(STATEMENTS.all());
    let all = all.chain(repairs::REPAIRS.all()).chain(REPAIRS);
    for sql in all.chain(MOVES) {
        let mut plan = plan(&mut connection, sql).await;
        // An index that holds nothing but the rows that are asked for may be walked from its start.
        plan.retain(|detail| !detail.ends_with("USING INDEX parked_facts_ready"));
        assert_eq!(faults(&plan), Vec::<&String>::new(), "{sql}: {plan:#?}");
    }
}

#[test]
fn a_walk_and_a_sort_are_faults() {
    let plan = [
        "SCAN o",
        "SCAN orders",
        "SEARCH o USING PRIMARY KEY",
        "USE TEMP B-TREE FOR ORDER BY",
        "SCAN keys",
    ];
    assert_eq!(faults(&plan.map(str::to_owned)).len(), 3);
}
