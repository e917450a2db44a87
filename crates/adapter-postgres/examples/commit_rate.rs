//! Prints how many orders a second the store commits with so many callers at once, beside pgbench with
//! one order for each transaction of six statements, on the same server:
//! `cargo run --release -p adapter-postgres --example commit_rate`.

use adapter_postgres::{Config, PostgresStore};
use order_core::ports::{Committed, OrderStore};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::servers::{Options, Postgres, Version};
use testkit::{Desk, new_order};

const CALLERS: [u16; 4] = [1, 32, 256, 1024];
const SECONDS: Duration = Duration::from_secs(5);
/// Six statements: begin, the order, its two lines, its event, its key, commit.
const SIX_STATEMENTS: &str = "\
\\set c random(1, 1000000)
BEGIN;
INSERT INTO y_orders (id, customer, total) VALUES (gen_random_uuid(), :c, 1000) RETURNING id \\gset
INSERT INTO y_lines VALUES (:id, 1, 'sku-1', 1, 500), (:id, 2, 'sku-2', 1, 500);
INSERT INTO y_events (order_id, data) VALUES (:id, repeat('x', 400));
INSERT INTO y_keys VALUES (gen_random_uuid(), :id);
COMMIT;
";
const TABLES: &str = "\
CREATE TABLE y_orders (id uuid PRIMARY KEY, customer int, total int, at timestamptz DEFAULT now());
CREATE TABLE y_lines (id uuid, no int, sku text, quantity int, price int, PRIMARY KEY (id, no));
CREATE TABLE y_events (position bigserial PRIMARY KEY, order_id uuid, data text);
CREATE TABLE y_keys (key uuid PRIMARY KEY, order_id uuid);";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options {
        settings: vec![("shared_buffers", "512MB"), ("max_wal_size", "4GB")],
        ..Options::default()
    };
    let server =
        tokio::task::spawn_blocking(|| Postgres::start(Version::Reference, options)).await?;
    report(&format!(
        "{:>8} {:>10} {:>8} {:>9} {:>9} {:>12} {:>12} {:>9}",
        "callers", "orders/s", "batch", "p50 µs", "p99 µs", "µs service", "µs database", "WAL B"
    ));
    for callers in CALLERS {
        let name = format!("rate_{callers}");
        let mut tool = tool(&server, "postgres").await?;
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut tool).await?;
        report(&measure(&server, &name, callers, &mut tool).await?);
    }
    report(&pgbench(&server).await?);
    Ok(())
}

async fn measure(
    server: &Postgres,
    database: &str,
    callers: u16,
    tool: &mut PgConnection,
) -> Result<String, Box<dyn Error>> {
    let config = Config::from_url(&server.tcp_url(database))?;
    let store = Arc::new(PostgresStore::open(config).await?);
    sqlx::raw_sql("CHECKPOINT").execute(&mut *tool).await?;
    let wal = "SELECT (pg_current_wal_lsn() - '0/0')::int8";
    let wal_before: i64 = sqlx::query_scalar(wal).fetch_one(&mut *tool).await?;
    let (own, servers) = (own_cpu_millis(), server.cpu_millis());
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|number| tokio::spawn(place_until(Arc::clone(&store), number, started + SECONDS)))
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await?.map_err(|error| error.to_string())?);
    }
    let elapsed = started.elapsed();
    let (own, servers) = (own_cpu_millis() - own, server.cpu_millis() - servers);
    let wal_after: i64 = sqlx::query_scalar(wal).fetch_one(tool).await?;
    waits.sort_unstable();
    let stats = store.stats().commits;
    store.close().await?;
    let count = waits.len().max(1) as u128;
    let at = |percent: usize| {
        waits
            .get(waits.len() * percent / 100)
            .map_or(0, Duration::as_micros)
    };
    Ok(format!(
        "{callers:>8} {:>10} {:>8} {:>9} {:>9} {:>12} {:>12} {:>9}",
        count * 1_000_000 / elapsed.as_micros().max(1),
        stats.items / stats.batches.max(1),
        at(50),
        at(99),
        u128::from(own) * 1_000 / count,
        u128::from(servers) * 1_000 / count,
        u128::from((wal_after - wal_before).unsigned_abs()) / count,
    ))
}

async fn place_until(
    store: Arc<PostgresStore>,
    number: u16,
    end: Instant,
) -> Result<Vec<Duration>, Box<dyn Error + Send + Sync>> {
    let desk = Desk::numbered(number);
    let mut waits = Vec::new();
    while Instant::now() < end {
        let customer = format!("customer-{number}-{}", waits.len() * 7_919 % 10_000);
        let change = desk.place(new_order().customer(&customer).lines(2));
        let begun = Instant::now();
        let committed = store.commit(change).await?;
        if !matches!(committed, Committed::Done { .. }) {
            return Err(format!("{committed:?}").into());
        }
        waits.push(begun.elapsed());
    }
    Ok(waits)
}

/// The yardstick, if pgbench is installed.
async fn pgbench(server: &Postgres) -> Result<String, Box<dyn Error>> {
    let mut tool = tool(server, "postgres").await?;
    sqlx::raw_sql(TABLES).execute(&mut tool).await?;
    let folder = tempfile::TempDir::new()?;
    let script = folder.path().join("six.sql");
    std::fs::write(&script, SIX_STATEMENTS)?;
    let cpu = server.cpu_millis();
    let output = Command::new("pgbench")
        .args([
            "-n", "-M", "prepared", "-c", "32", "-j", "2", "-T", "8", "-U", "postgres",
        ])
        .arg("-h")
        .arg(server.socket_folder())
        .arg("-p")
        .arg(server.port().to_string())
        .arg("-f")
        .arg(&script)
        .arg("postgres")
        .output();
    let cpu = server.cpu_millis() - cpu;
    let Ok(output) = output else {
        return Ok("pgbench is not installed (Debian: postgresql-contrib)".to_owned());
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |start: &str| {
        let found = text.lines().find(|line| line.starts_with(start));
        found.unwrap_or_default().to_owned()
    };
    Ok(format!(
        "pgbench, six statements, 32 clients: {}; {}; database CPU {cpu} ms {}",
        line("tps"),
        line("number of transactions actually"),
        String::from_utf8_lossy(&output.stderr)
            .lines()
            .find(|line| line.contains("error"))
            .unwrap_or_default()
    ))
}

async fn tool(server: &Postgres, database: &str) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::new_without_pgpass()
        .socket(server.socket_folder())
        .port(server.port())
        .username("postgres")
        .database(database)
        .connect()
        .await
}

/// CPU time of this process: callers, batcher and sqlx together.
fn own_cpu_millis() -> u64 {
    testkit::servers::cpu_millis(std::process::id())
}

#[expect(clippy::print_stdout, reason = "an example tells its result")]
fn report(line: &str) {
    println!("{line}");
}
