//! What a run found, as JSON. All numbers are integers of the unit in their names.

mod table;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::drive::{Measured, Plan};
use crate::process::Usage;
use crate::target::Protocol;

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The subcommand.
    pub what: &'static str,
    /// By which protocol.
    pub protocol: Protocol,
    /// Each with one call at a time.
    pub callers: u16,
    /// What they shared.
    pub connections: u16,
    /// Of the driver.
    pub threads: u16,
    /// The plan's rate; absent in a closed loop.
    pub rate_per_second: Option<u32>,
    /// Calls answered as asked.
    pub done: u64,
    /// Other answers, by HTTP status or gRPC code.
    pub refused: BTreeMap<String, u64>,
    /// Calls without an answer.
    pub broken: u64,
    /// What was wrong first.
    pub first_error: Option<String>,
    /// From the end of the warm-up to the last answer.
    pub elapsed_ms: u64,
    /// Calls answered as asked, a second.
    pub per_second: u64,
    /// Of calls answered as asked.
    pub latency_us: Latency,
    /// The mean size of those answers.
    pub answer_bytes: u64,
    /// What the driver used for each of them.
    pub client_cpu_ns: u64,
    /// The watched processes.
    pub processes: BTreeMap<String, Process>,
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

/// What a process used during the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// User and system time for each call that was answered as asked.
    pub cpu_ns: u64,
    /// Of one core; two busy cores are 200.
    pub cpu_percent: u64,
    /// At the end; absent for a tree of processes.
    pub resident_kib: Option<u64>,
    /// The most ever; absent for a tree of processes.
    pub peak_kib: Option<u64>,
}

impl Report {
    /// Of a run of the subcommand `what`.
    pub fn new(what: &'static str, protocol: Protocol, plan: &Plan, measured: &Measured) -> Self {
        let Measured {
            tally,
            elapsed,
            client_cpu,
            used,
        } = measured;
        let done = tally.latency.len();
        let process = |(name, before, after): &(String, Usage, Usage)| {
            (name.clone(), Process::new(before, after, done, *elapsed))
        };
        Self {
            what,
            protocol,
            callers: plan.callers,
            connections: match protocol {
                Protocol::Grpc => plan.connections.min(plan.callers),
                Protocol::Rest => plan.callers,
            },
            threads: plan.threads,
            rate_per_second: plan.schedule.rate_per_second,
            done,
            refused: tally.refused.clone(),
            broken: tally.broken,
            first_error: tally.first_error.clone(),
            elapsed_ms: milliseconds(*elapsed),
            per_second: per_second(done, *elapsed),
            latency_us: Latency {
                p50: tally.latency.value_at_quantile(0.5),
                p99: tally.latency.value_at_quantile(0.99),
                p999: tally.latency.value_at_quantile(0.999),
                max: tally.latency.max(),
            },
            answer_bytes: tally.answer_bytes.checked_div(done).unwrap_or(0),
            client_cpu_ns: each(*client_cpu, done),
            processes: used.iter().map(process).collect(),
        }
    }

    /// Whether every call was answered as asked, and there was one.
    pub fn is_clean(&self) -> bool {
        self.done > 0 && self.refused.is_empty() && self.broken == 0
    }
}

impl Process {
    fn new(before: &Usage, after: &Usage, done: u64, elapsed: Duration) -> Self {
        let cpu = after.cpu.saturating_sub(before.cpu);
        Self {
            cpu_ns: each(cpu, done),
            cpu_percent: each(cpu * 100, nanoseconds(elapsed)),
            resident_kib: after.memory.map(|memory| memory.resident_kib),
            peak_kib: after.memory.map(|memory| memory.peak_kib),
        }
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

/// Nanoseconds for each of `count`.
fn each(time: Duration, count: u64) -> u64 {
    nanoseconds(time).checked_div(count).unwrap_or(0)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Schedule;
    use crate::process::Memory;
    use crate::tally::Tally;

    fn report(tally: Tally) -> Report {
        let plan = Plan {
            target: "http://127.0.0.1:1".parse().unwrap(),
            callers: 32,
            connections: 4,
            threads: 1,
            schedule: Schedule {
                warm_up: Duration::ZERO,
                duration: Duration::from_secs(2),
                rate_per_second: None,
                limit: None,
            },
            watched: Vec::new(),
        };
        let usage = |seconds| Usage {
            cpu: Duration::from_secs(seconds),
            memory: Some(Memory {
                resident_kib: 2048,
                peak_kib: 4096,
            }),
        };
        let measured = Measured {
            tally,
            elapsed: Duration::from_secs(2),
            client_cpu: Duration::from_millis(12),
            used: vec![("service".to_owned(), usage(1), usage(2))],
        };
        Report::new("place", Protocol::Grpc, &plan, &measured)
    }

    #[test]
    fn rates_and_costs_are_for_each_call_that_was_done() {
        let mut tally = Tally::default();
        for _ in 0..1000 {
            tally.latency.record(1500).unwrap();
        }
        tally.answer_bytes = 500_000;
        let report = report(tally);
        assert_eq!((report.done, report.per_second), (1000, 500));
        assert_eq!((report.answer_bytes, report.client_cpu_ns), (500, 12_000));
        let service = &report.processes["service"];
        assert_eq!((service.cpu_ns, service.cpu_percent), (1_000_000, 50));
        assert!(report.is_clean());
        let table = report.to_string();
        assert!(table.contains("p99.9         1.500 ms"), "{table}");
        assert!(table.contains("2 MiB, peak 4 MiB"), "{table}");
        assert!(table.contains("client        12.0 µs a call"), "{table}");
    }

    #[test]
    fn a_run_with_any_failure_or_no_call_is_not_clean() {
        assert!(!report(Tally::default()).is_clean());
        let mut tally = Tally::default();
        tally.latency.record(1).unwrap();
        tally.refused.insert("UNAVAILABLE".to_owned(), 2);
        let report = report(tally);
        assert!(!report.is_clean());
        let table = report.to_string();
        assert!(table.contains("2 answered UNAVAILABLE"), "{table}");
    }
}
