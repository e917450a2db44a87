//! A report as a table for people.

use std::fmt;

use super::{Process, Report};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loop_kind = match self.rate_per_second {
            Some(rate) => format!("open loop, {rate}/s"),
            None => "closed loop".to_owned(),
        };
        writeln!(
            f,
            "{:<13} {} by {}, {loop_kind}",
            self.what, self.callers, self.protocol
        )?;
        writeln!(
            f,
            "{:<13} {} on {} threads",
            "connections", self.connections, self.threads
        )?;
        writeln!(f, "{:<13} {} in {} ms", "done", self.done, self.elapsed_ms)?;
        writeln!(f, "{:<13} {}", "a second", self.per_second)?;
        let latency = &self.latency_us;
        for (name, value) in [
            ("p50", latency.p50),
            ("p99", latency.p99),
            ("p99.9", latency.p999),
            ("max", latency.max),
        ] {
            writeln!(f, "{name:<13} {}.{:03} ms", value / 1000, value % 1000)?;
        }
        writeln!(f, "{:<13} {} bytes", "answer", self.answer_bytes)?;
        writeln!(f, "{:<13} {} a call", "client", cpu(self.client_cpu_ns))?;
        for (name, process) in &self.processes {
            writeln!(f, "{name:<13} {process}")?;
        }
        self.failures(f)
    }
}

impl Report {
    fn failures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (code, count) in &self.refused {
            writeln!(f, "{:<13} {count} answered {code}", "refused")?;
        }
        if self.broken > 0 {
            writeln!(f, "{:<13} {} without an answer", "broken", self.broken)?;
        }
        if let Some(error) = &self.first_error {
            writeln!(f, "{:<13} {error}", "the first")?;
        }
        Ok(())
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.cpu_percent;
        write!(f, "{} a call, {percent} % of a core", cpu(self.cpu_ns))?;
        if let (Some(resident), Some(peak)) = (self.resident_kib, self.peak_kib) {
            write!(f, "; {} MiB, peak {} MiB", resident / 1024, peak / 1024)?;
        }
        Ok(())
    }
}

fn cpu(nanoseconds: u64) -> String {
    let tenths = (nanoseconds + 50) / 100;
    format!("{}.{} µs", tenths / 10, tenths % 10)
}
