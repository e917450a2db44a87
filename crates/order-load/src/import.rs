//! Replays purchase records through `POST /v1/orders:batchPlace`.
//!
//! Keys come from the records, so an import that is done again, or goes on after a failure, places
//! nothing twice. What the service answers is held against the file: each order's total.

pub mod batch;
pub mod cdnow;
pub mod journey;
mod send;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::Serialize;

use crate::LoadError;
use crate::order::NewOrder;
use crate::report::{milliseconds, per_second};
use crate::target::Target;
use batch::Batches;

/// Refusals whose reasons the report tells; the rest is counted.
const MAX_TOLD_REFUSALS: usize = 5;

/// A public data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DataSet {
    /// CDNOW purchase records, one line an order
    Cdnow,
    /// The Complete Journey as CSV, several lines an order
    Journey,
}

/// What to import.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The shape of the file.
    pub data: DataSet,
    /// The file.
    pub file: PathBuf,
    /// The service.
    pub target: Target,
    /// Batches on their way at a time.
    pub connections: u16,
    /// The first so many orders; all when `None`.
    pub limit: Option<usize>,
}

/// A record of a file as an order, with the key that makes a second import a replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyedOrder {
    /// The same at every import.
    pub idempotency_key: String,
    /// The order.
    pub order: NewOrder,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Orders placed, now or by an import before.
    pub orders: u64,
    /// Their lines.
    pub lines: u64,
    /// Their totals by the service, in minor units.
    pub total: u64,
    /// Requests that it took.
    pub batches: u64,
    /// Orders whose total by the service is not that of the file.
    pub wrong_totals: u64,
    /// Orders that the service refused, by the problem's code.
    pub refused: BTreeMap<String, u64>,
    /// The first refusals in full.
    pub told: Vec<String>,
    /// From the first request to the last answer.
    pub elapsed_ms: u64,
    /// Orders a second.
    pub orders_per_second: u64,
}

/// Reads the file and sends it all.
pub async fn run(plan: Plan) -> Result<ImportReport, LoadError> {
    let text = std::fs::read_to_string(&plan.file).map_err(|source| LoadError::File {
        path: plan.file.clone(),
        source,
    })?;
    let mut orders = match plan.data {
        DataSet::Cdnow => cdnow::orders(&text)?,
        DataSet::Journey => journey::orders(&text)?,
    };
    drop(text);
    orders.truncate(plan.limit.unwrap_or(usize::MAX));

    let started = Instant::now();
    let batches = Arc::new(Mutex::new(Batches::of(orders)));
    let senders: Vec<_> = (0..plan.connections)
        .map(|_| tokio::spawn(send::all(plan.target.clone(), Arc::clone(&batches))))
        .collect();
    let mut report = ImportReport::default();
    for sender in senders {
        match sender.await {
            Ok(part) => report.add(part?),
            Err(error) => return Err(LoadError::Answer(error.to_string())),
        }
    }
    report.finish(started.elapsed());
    Ok(report)
}

/// The next batch, whoever asks.
fn next(batches: &Mutex<Batches>) -> Option<batch::Batch> {
    batches
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .next()
}

impl ImportReport {
    /// Whether every order was placed with the file's total.
    pub fn is_clean(&self) -> bool {
        self.orders > 0 && self.wrong_totals == 0 && self.refused.is_empty()
    }

    fn add(&mut self, part: Self) {
        self.orders += part.orders;
        self.lines += part.lines;
        self.total += part.total;
        self.batches += part.batches;
        self.wrong_totals += part.wrong_totals;
        for (code, count) in part.refused {
            *self.refused.entry(code).or_default() += count;
        }
        self.told.extend(part.told);
        self.told.truncate(MAX_TOLD_REFUSALS);
    }

    fn refuse(&mut self, code: &str, reason: String) {
        *self.refused.entry(code.to_owned()).or_default() += 1;
        if self.told.len() < MAX_TOLD_REFUSALS {
            self.told.push(reason);
        }
    }

    fn finish(&mut self, elapsed: Duration) {
        self.elapsed_ms = milliseconds(elapsed);
        self.orders_per_second = per_second(self.orders, elapsed);
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<13} {} with {} lines, in {} batches",
            "orders", self.orders, self.lines, self.batches
        )?;
        writeln!(f, "{:<13} {} minor units", "total", self.total)?;
        writeln!(
            f,
            "{:<13} {} ms, {} orders/s",
            "took", self.elapsed_ms, self.orders_per_second
        )?;
        if self.wrong_totals > 0 {
            writeln!(
                f,
                "{:<13} {} unlike the file's",
                "totals", self.wrong_totals
            )?;
        }
        for (code, count) in &self.refused {
            writeln!(f, "{:<13} {count} with {code}", "refused")?;
        }
        for reason in &self.told {
            writeln!(f, "  {reason}")?;
        }
        Ok(())
    }
}
