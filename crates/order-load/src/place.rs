//! Places orders over many connections and measures.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hdrhistogram::Histogram;
use http::StatusCode;

use crate::LoadError;
use crate::connection::Connection;
use crate::pace::Pace;
use crate::process::Usage;
use crate::report::PlaceReport;
use crate::target::Target;

/// Where orders are placed.
const PATH: &str = "/v1/orders";
/// Customers that the orders are spread over.
const CUSTOMERS: u64 = 10_000;
/// The longest latency that is told apart, in microseconds; longer ones count as this.
const MAX_LATENCY_MICROSECONDS: u64 = 120_000_000;
/// Significant digits of a latency: an error of 0.1 %.
const LATENCY_DIGITS: u8 = 3;
/// The pause before a broken connection is made anew, so that a service that is gone is not hammered.
const RECONNECT_PAUSE_MILLISECONDS: u64 = 100;

/// What to place, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The service.
    pub target: Target,
    /// Connections, each with one request at a time.
    pub connections: u16,
    /// For how long orders are sent; those on their way are waited for.
    pub duration: Duration,
    /// Orders a second; `None`: as fast as they are answered.
    pub rate_per_second: Option<u32>,
    /// Lines of each order.
    pub lines: u16,
    /// The service's process, to measure what it uses.
    pub pid: Option<u32>,
}

/// Connects, places orders for the plan's time, and reports.
pub async fn run(plan: Plan) -> Result<PlaceReport, LoadError> {
    let mut connections = Vec::with_capacity(plan.connections.into());
    for _ in 0..plan.connections {
        connections.push(Connection::open(&plan.target).await?);
    }
    let run = run_id()?;
    let before = usage(plan.pid)?;
    let shared = Arc::new(Shared {
        pace: Pace::starting_now(plan.duration, plan.rate_per_second),
        target: plan.target.clone(),
        orders: Orders::with_lines(plan.lines),
        run,
        tally: Mutex::new(Tally::default()),
    });
    let workers: Vec<_> = connections
        .into_iter()
        .map(|connection| tokio::spawn(Arc::clone(&shared).work(connection)))
        .collect();
    for worker in workers {
        // Only a panic ends a task otherwise, and that has been printed.
        let _ = worker.await;
    }
    let elapsed = shared.pace.start().elapsed();
    let used = before.zip(usage(plan.pid)?);
    Ok(PlaceReport::new(&plan, &shared.tally(), elapsed, used))
}

/// What was counted so far.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Of orders that were placed, in microseconds.
    pub(crate) latency: Histogram<u64>,
    pub(crate) refused: BTreeMap<u16, u64>,
    pub(crate) broken: u64,
    pub(crate) first_error: Option<String>,
}

impl Default for Tally {
    fn default() -> Self {
        let latency = Histogram::new_with_bounds(1, MAX_LATENCY_MICROSECONDS, LATENCY_DIGITS)
            .expect("the bounds are constants that the histogram takes");
        Self {
            latency,
            refused: BTreeMap::new(),
            broken: 0,
            first_error: None,
        }
    }
}

struct Shared {
    pace: Pace,
    target: Target,
    orders: Orders,
    run: String,
    tally: Mutex<Tally>,
}

impl Shared {
    async fn work(self: Arc<Self>, connection: Connection) {
        let mut connection = Some(connection);
        while let Some(counted_from) = self.pace.turn().await {
            let number = self.orders.next();
            let key = format!("{}-{number}", self.run);
            let body = self.orders.body(number);
            let result = match connection.as_mut() {
                Some(open) => open.post(PATH, &key, body).await,
                None => Err(LoadError::Body("not connected".to_owned())),
            };
            let failed = result.is_err();
            self.tally().count(counted_from.elapsed(), result);
            if failed {
                connection = self.reconnect().await;
            }
        }
    }

    /// `None` when the service cannot be reached now; the next turn fails and tries again.
    async fn reconnect(&self) -> Option<Connection> {
        tokio::time::sleep(Duration::from_millis(RECONNECT_PAUSE_MILLISECONDS)).await;
        match Connection::open(&self.target).await {
            Ok(connection) => Some(connection),
            Err(error) => {
                self.tally()
                    .first_error
                    .get_or_insert_with(|| error.to_string());
                None
            }
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn count(&mut self, latency: Duration, result: Result<StatusCode, LoadError>) {
        match result {
            Ok(StatusCode::CREATED) => {
                let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
                self.latency.saturating_record(microseconds.max(1));
            }
            Ok(status) => *self.refused.entry(status.as_u16()).or_default() += 1,
            Err(error) => {
                self.broken += 1;
                self.first_error.get_or_insert_with(|| error.to_string());
            }
        }
    }
}

/// Bodies of orders that differ in their customer; all else is written once.
#[derive(Debug)]
struct Orders {
    rest: String,
    next: AtomicU64,
}

impl Orders {
    fn with_lines(count: u16) -> Self {
        let lines: Vec<String> = (0..count)
            .map(|n| {
                let (quantity, price) = (n % 3 + 1, 1999 + u32::from(n));
                format!(r#"{{"sku":"SKU-{n:04}","quantity":{quantity},"unit_price":{price}}}"#)
            })
            .collect();
        let rest = format!(r#"","currency":"EUR","lines":[{}]}}"#, lines.join(","));
        Self {
            rest,
            next: AtomicU64::new(0),
        }
    }

    fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn body(&self, number: u64) -> Bytes {
        let customer = number % CUSTOMERS;
        format!(r#"{{"customer_id":"customer-{customer}{}"#, self.rest).into()
    }
}

fn usage(pid: Option<u32>) -> Result<Option<Usage>, LoadError> {
    pid.map(Usage::of).transpose()
}

/// A name for this run's keys that no other run has; made by the kernel.
fn run_id() -> Result<String, LoadError> {
    let path = "/proc/sys/kernel/random/uuid";
    let id = std::fs::read_to_string(path).map_err(|source| LoadError::Proc {
        path: path.to_owned(),
        source,
    })?;
    Ok(id.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_orders_of_many_customers() {
        let orders = Orders::with_lines(3);
        let body = |n| serde_json::from_slice::<serde_json::Value>(&orders.body(n)).unwrap();
        assert_eq!(body(0)["lines"].as_array().unwrap().len(), 3);
        assert_eq!(body(0)["customer_id"], "customer-0");
        assert_eq!(body(CUSTOMERS + 1)["customer_id"], "customer-1");
    }

    #[test]
    fn two_runs_share_no_key() {
        assert_ne!(run_id().unwrap(), run_id().unwrap());
    }

    #[test]
    fn only_created_counts_as_placed() {
        let mut tally = Tally::default();
        tally.count(Duration::from_millis(2), Ok(StatusCode::CREATED));
        tally.count(Duration::from_millis(2), Ok(StatusCode::OK));
        tally.count(
            Duration::from_millis(2),
            Ok(StatusCode::SERVICE_UNAVAILABLE),
        );
        tally.count(
            Duration::from_millis(2),
            Err(LoadError::Timeout { seconds: 1 }),
        );
        assert_eq!(tally.latency.len(), 1);
        assert_eq!(tally.refused, BTreeMap::from([(200, 1), (503, 1)]));
        assert_eq!(tally.broken, 1);
    }
}
