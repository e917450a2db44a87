//! What a run found, as JSON and as a table. All numbers are integers of the unit in their names.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::place::{Plan, Tally};
use crate::process::Usage;

/// What `place` measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceReport {
    /// Connections of the plan.
    pub connections: u16,
    /// Lines of each order.
    pub lines: u16,
    /// The plan's rate; absent in a closed loop.
    pub rate_per_second: Option<u32>,
    /// Orders answered 201.
    pub placed: u64,
    /// Other answers, by HTTP status.
    pub refused: BTreeMap<u16, u64>,
    /// Requests without an answer.
    pub broken: u64,
    /// What broke the first of them.
    pub first_error: Option<String>,
    /// From the first turn to the last answer.
    pub elapsed_ms: u64,
    /// Placed orders a second.
    pub orders_per_second: u64,
    /// Of placed orders.
    pub latency_us: Latency,
    /// Where a process was named.
    pub service: Option<Service>,
}

/// Quantiles of a latency, in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// The median.
    pub p50: u64,
    /// One in a hundred is slower.
    pub p99: u64,
    /// One in a thousand is slower.
    pub p999: u64,
    /// The slowest.
    pub max: u64,
}

/// What the service used during the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// User and system time for each placed order.
    pub cpu_per_order_us: u64,
    /// Of one core; two busy cores are 200.
    pub cpu_percent: u64,
    /// At the end.
    pub resident_kib: u64,
    /// The most ever.
    pub peak_kib: u64,
}

impl PlaceReport {
    pub(crate) fn new(
        plan: &Plan,
        tally: &Tally,
        elapsed: Duration,
        used: Option<(Usage, Usage)>,
    ) -> Self {
        let placed = tally.latency.len();
        Self {
            connections: plan.connections,
            lines: plan.lines,
            rate_per_second: plan.rate_per_second,
            placed,
            refused: tally.refused.clone(),
            broken: tally.broken,
            first_error: tally.first_error.clone(),
            elapsed_ms: milliseconds(elapsed),
            orders_per_second: per_second(placed, elapsed),
            latency_us: Latency {
                p50: tally.latency.value_at_quantile(0.5),
                p99: tally.latency.value_at_quantile(0.99),
                p999: tally.latency.value_at_quantile(0.999),
                max: tally.latency.max(),
            },
            service: used.map(|(before, after)| Service::new(before, after, placed, elapsed)),
        }
    }

    /// Whether every request placed an order, and there was one.
    pub fn is_clean(&self) -> bool {
        self.placed > 0 && self.refused.is_empty() && self.broken == 0
    }
}

impl Service {
    fn new(before: Usage, after: Usage, placed: u64, elapsed: Duration) -> Self {
        let cpu_us = microseconds(after.cpu.saturating_sub(before.cpu));
        Self {
            cpu_per_order_us: cpu_us.checked_div(placed).unwrap_or(0),
            cpu_percent: (cpu_us * 100)
                .checked_div(microseconds(elapsed))
                .unwrap_or(0),
            resident_kib: after.resident_kib,
            peak_kib: after.peak_kib,
        }
    }
}

impl fmt::Display for PlaceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loop_kind = match self.rate_per_second {
            Some(rate) => format!("open loop, {rate}/s"),
            None => "closed loop".to_owned(),
        };
        writeln!(
            f,
            "{:<13} {}, {} lines, {loop_kind}",
            "connections", self.connections, self.lines
        )?;
        writeln!(
            f,
            "{:<13} {} in {} ms",
            "placed", self.placed, self.elapsed_ms
        )?;
        writeln!(f, "{:<13} {}", "orders/s", self.orders_per_second)?;
        let latency = &self.latency_us;
        for (name, value) in [
            ("p50", latency.p50),
            ("p99", latency.p99),
            ("p99.9", latency.p999),
            ("max", latency.max),
        ] {
            writeln!(f, "{name:<13} {}.{:03} ms", value / 1000, value % 1000)?;
        }
        if let Some(service) = &self.service {
            let Service {
                cpu_per_order_us,
                cpu_percent,
                resident_kib,
                peak_kib,
            } = service;
            writeln!(
                f,
                "{:<13} {cpu_per_order_us} µs an order, {cpu_percent} % of a core",
                "cpu"
            )?;
            writeln!(
                f,
                "{:<13} {} MiB, peak {} MiB",
                "memory",
                resident_kib / 1024,
                peak_kib / 1024
            )?;
        }
        for (status, count) in &self.refused {
            writeln!(f, "{:<13} {count} answered {status}", "refused")?;
        }
        if self.broken > 0 {
            let error = self.first_error.as_deref().unwrap_or_default();
            writeln!(
                f,
                "{:<13} {} without an answer; the first: {error}",
                "broken", self.broken
            )?;
        }
        Ok(())
    }
}

/// Whole things a second, rounded down.
pub(crate) fn per_second(count: u64, elapsed: Duration) -> u64 {
    let per_second = u128::from(count) * 1_000_000 / elapsed.as_micros().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(tally: &Tally) -> PlaceReport {
        let plan = Plan {
            target: "http://127.0.0.1:1".parse().unwrap(),
            connections: 32,
            duration: Duration::from_secs(2),
            rate_per_second: None,
            lines: 2,
            pid: None,
        };
        let before = Usage {
            cpu: Duration::from_secs(1),
            ..Usage::default()
        };
        let after = Usage {
            cpu: Duration::from_secs(2),
            resident_kib: 2048,
            peak_kib: 4096,
        };
        PlaceReport::new(&plan, tally, Duration::from_secs(2), Some((before, after)))
    }

    #[test]
    fn rates_and_costs_are_for_each_placed_order() {
        let mut tally = Tally::default();
        for _ in 0..1000 {
            tally.latency.record(1500).unwrap();
        }
        let report = report(&tally);
        assert_eq!((report.placed, report.orders_per_second), (1000, 500));
        let service = report.service.as_ref().unwrap();
        assert_eq!((service.cpu_per_order_us, service.cpu_percent), (1000, 50));
        assert!(report.is_clean());
        let table = report.to_string();
        assert!(table.contains("p99.9         1.500 ms"), "{table}");
        assert!(table.contains("2 MiB, peak 4 MiB"), "{table}");
    }

    #[test]
    fn a_run_with_any_failure_or_no_order_is_not_clean() {
        assert!(!report(&Tally::default()).is_clean());
        let mut tally = Tally::default();
        tally.latency.record(1).unwrap();
        tally.refused.insert(503, 2);
        let report = report(&tally);
        assert!(!report.is_clean());
        assert!(report.to_string().contains("2 answered 503"), "{report}");
    }
}
