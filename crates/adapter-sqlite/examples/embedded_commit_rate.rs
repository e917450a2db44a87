//! Prints how many orders a second the store commits with so many callers at once, and how long one
//! of them waits: `cargo run --release -p adapter-sqlite --example embedded_commit_rate -- [folder]`.

use adapter_sqlite::{Config, SqliteStore};
use order_core::ports::{Committed, OrderStore};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::{Desk, new_order};

const CALLERS: [u16; 4] = [1, 32, 64, 256];
const SECONDS: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::TempDir::new()?;
    let folder = std::env::args()
        .nth(1)
        .map_or(temporary.path().to_owned(), Into::into);
    report(&format!(
        "{:>8} {:>10} {:>10} {:>10} {:>10}",
        "callers", "orders/s", "batch", "p50 µs", "p99 µs"
    ));
    for callers in CALLERS {
        report(&measure(&folder.join(format!("rate-{callers}")), callers).await?);
    }
    Ok(())
}

async fn measure(folder: &Path, callers: u16) -> Result<String, Box<dyn Error>> {
    let store = Arc::new(SqliteStore::open(Config::at(folder.join("orders.db"))).await?);
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let desk = Desk::numbered(number);
                let mut waits = Vec::new();
                while started.elapsed() < SECONDS {
                    let change =
                        desk.place(new_order().customer(&format!("customer-{number}")).lines(2));
                    let begun = Instant::now();
                    let committed = store.commit(change).await?;
                    if !matches!(committed, Committed::Done { .. }) {
                        return Err(format!("{committed:?}").into());
                    }
                    waits.push(begun.elapsed());
                }
                Ok::<_, Box<dyn Error + Send + Sync>>(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await?.map_err(|error| error.to_string())?);
    }
    let took = started.elapsed();
    waits.sort_unstable();
    let stats = store.stats().commits;
    store.close().await?;
    let rate = waits.len() as u128 * 1_000_000 / took.as_micros().max(1);
    let at = |percent: usize| {
        waits
            .get(waits.len() * percent / 100)
            .map_or(0, Duration::as_micros)
    };
    let batch = stats.items / stats.batches.max(1);
    Ok(format!(
        "{callers:>8} {rate:>10} {batch:>10} {:>10} {:>10}",
        at(50),
        at(99)
    ))
}

#[expect(clippy::print_stdout, reason = "an example tells its result")]
fn report(line: &str) {
    println!("{line}");
}
