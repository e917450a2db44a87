//! Prints how long it takes to deal with 10,000 orders that are due: one after another, as a page at
//! once, and by three replicas that know nothing of each other:
//! `cargo run --release -p adapter-postgres --example expire_rate`.

use adapter_postgres::{Config, PostgresStore};
use futures_util::future::join_all;
use order_core::app::Orders;
use order_core::domain::Cause;
use order_core::ports::{Change, Committed, OrderStore};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;
use testkit::fakes::{MachineClock, SequentialIds};
use testkit::servers::{Options, Postgres, Version};
use testkit::{Desk, new_order};

const ORDERS: usize = 10_000;
/// Orders placed at once.
const PLACED_AT_ONCE: usize = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let start = || Postgres::start(Version::Reference, Options::default());
    let server = tokio::task::spawn_blocking(start).await?;
    report("way                  seconds  orders/s  commits  conflicts  µs database an order");
    for (way, replicas) in [("one_after_another", 0), ("at_once", 1), ("replicas", 3)] {
        measure(&server, way, replicas).await?;
    }
    Ok(())
}

/// `replicas`: how many look for themselves; 0 for the way of old, one order after another.
async fn measure(server: &Postgres, way: &str, replicas: u16) -> Result<(), Box<dyn Error>> {
    let mut tool = tool(server).await?;
    let create = AssertSqlSafe(format!("CREATE DATABASE {way}"));
    sqlx::raw_sql(create).execute(&mut tool).await?;
    let mut stores = Vec::new();
    for _ in 0..replicas.max(1) {
        stores.push(PostgresStore::open(Config::from_url(&server.tcp_url(way))?).await?);
    }
    let desk = Desk::new();
    let deadline = desk.tick().plus_millis(60 * 60 * 1_000);
    for _ in 0..ORDERS / PLACED_AT_ONCE {
        let place = (0..PLACED_AT_ONCE)
            .map(|_| desk.placed(&stores[0], new_order().confirm_before(deadline)));
        join_all(place).await;
    }
    let batches = |stores: &[PostgresStore]| -> (u64, u64) {
        let stats = stores.iter().map(|store| store.stats().commits);
        stats.fold((0, 0), |(batches, items), stats| {
            (batches + stats.batches, items + stats.items)
        })
    };
    let (before, cpu, started) = (batches(&stores), server.cpu_millis(), Instant::now());
    if replicas == 0 {
        one_after_another(&stores[0]).await?;
    } else {
        let all = (1..).zip(&stores).map(|(n, store)| at_once(n, store));
        join_all(all).await;
    }
    let (after, elapsed) = (batches(&stores), started.elapsed());
    let cpu = server.cpu_millis() - cpu;
    report(&format!(
        "{way:20} {:>7.2} {:>9} {:>8} {:>10} {:>21}",
        elapsed.as_secs_f64(),
        ORDERS as u128 * 1_000 / elapsed.as_millis().max(1),
        after.0 - before.0,
        after.1 - before.1 - ORDERS as u64,
        cpu * 1_000 / ORDERS as u64,
    ));
    for store in stores {
        store.close().await?;
    }
    Ok(())
}

async fn at_once(number: u16, store: &PostgresStore) {
    let orders = Orders::new(
        Arc::new(store.clone()),
        Arc::new(store.clone()),
        Arc::new(MachineClock),
        Arc::new(SequentialIds::new(number)),
    );
    while !matches!(store.due(1).await, Ok(due) if due.orders.is_empty()) {
        if let Err(error) = orders.expire_due().await {
            report(&error.to_string());
        }
    }
}

/// Each order is loaded, decided and committed before the next.
async fn one_after_another(store: &PostgresStore) -> Result<(), Box<dyn Error>> {
    loop {
        let due = store.due(500).await?;
        if due.orders.is_empty() {
            return Ok(());
        }
        for order_id in due.orders {
            let order = store.load(order_id).await?.ok_or("the order is gone")?;
            let change = Change::Advance {
                expected_version: order.version,
                events: order.expire(due.now, Arc::new(Cause::default())).events,
                request: None,
                fact: None,
            };
            let committed = store.commit(change).await?;
            if !matches!(committed, Committed::Done { .. }) {
                return Err(format!("{committed:?}").into());
            }
        }
    }
}

async fn tool(server: &Postgres) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::new_without_pgpass()
        .socket(server.socket_folder())
        .port(server.port())
        .username("postgres")
        .database("postgres")
        .connect()
        .await
}

#[expect(clippy::print_stdout, reason = "an example tells its result")]
fn report(line: &str) {
    println!("{line}");
}
