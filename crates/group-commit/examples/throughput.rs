//! What the batcher itself costs: 256 callers that each submit and wait, and a flusher that does
//! nothing. Prints items a second, and what batches came of it.

use std::{env, error::Error, io::Write, time::Instant};

use group_commit::{Config, Flush, FlushError, GroupCommit};

const CALLERS: u64 = 256;
const ITEMS_PER_CALLER: u64 = 10_000;

struct Nowhere;

impl Flush for Nowhere {
    type Item = u64;
    type Output = u64;
    type Error = ();

    async fn flush(&mut self, batch: &[u64]) -> Result<Vec<u64>, FlushError<()>> {
        Ok(batch.to_vec())
    }

    fn after_panic(&mut self) {}
}

/// `throughput [single|multi]`: the runtime's flavour, single-threaded unless told otherwise.
fn main() -> Result<(), Box<dyn Error>> {
    let multi = env::args().nth(1).is_some_and(|flavour| flavour == "multi");
    let mut builder = if multi {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    builder.build()?.block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let batcher = GroupCommit::start(Config::default(), [Nowhere])?;
    let started = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(call(batcher.clone())))
        .collect();
    for caller in callers {
        caller.await?;
    }
    let elapsed = started.elapsed();
    batcher.close().await;
    let stats = batcher.stats();
    writeln!(
        std::io::stdout(),
        "{} items by {CALLERS} callers in {} ms: {} items/s, {} ns an item, {} items a batch",
        stats.committed_items,
        elapsed.as_millis(),
        u128::from(stats.committed_items) * 1_000_000 / elapsed.as_micros().max(1),
        elapsed.as_nanos() / u128::from(stats.committed_items.max(1)),
        stats.items / stats.batches.max(1),
    )?;
    Ok(())
}

async fn call(batcher: GroupCommit<Nowhere>) {
    for item in 0..ITEMS_PER_CALLER {
        if batcher.submit(item, size_of::<u64>()).await != Ok(item) {
            return;
        }
    }
}
