//! Runs the driver and reads its report.

use std::process::Command;

use serde_json::Value;

use crate::commands::Failure;

/// What a run of `order-load` found. Rates are whole calls a second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) per_second: u64,
    pub(super) p50_us: u64,
    pub(super) p99_us: u64,
    pub(super) p999_us: u64,
    pub(super) max_us: u64,
    pub(super) answer_bytes: u64,
    /// Calls that were not answered as asked.
    pub(super) failed: u64,
    pub(super) first_error: Option<String>,
    pub(super) client_cpu_ns: u64,
    pub(super) service_cpu_ns: Option<u64>,
    pub(super) database_cpu_ns: Option<u64>,
    pub(super) resident_kib: Option<u64>,
    pub(super) peak_kib: Option<u64>,
    /// The report as it came.
    pub(super) report: Value,
}

impl Figures {
    /// Runs the driver to its end; one that did nothing is a failure, one that was refused a part is
    /// not: the table tells.
    pub(super) fn of(load: &mut Command) -> Result<Self, Failure> {
        let output = load
            .arg("--json")
            .output()
            .map_err(|error| Failure::while_doing(format!("cannot start {load:?}"), error))?;
        let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let figures = Self::read(report).unwrap_or_default();
        if figures.per_second == 0 {
            let said = String::from_utf8_lossy(&output.stderr);
            let error = figures.first_error.unwrap_or_default();
            return Err(Failure::Failed(format!(
                "{load:?} did nothing: {error} {}",
                said.trim()
            )));
        }
        Ok(figures)
    }

    fn read(report: Value) -> Option<Self> {
        let number = |value: &Value| value.as_u64();
        let latency = &report["latency_us"];
        let refused = report["refused"].as_object()?.values().filter_map(number);
        let (service, database) = (
            &report["processes"]["service"],
            &report["processes"]["database"],
        );
        Some(Self {
            per_second: number(&report["per_second"])?,
            p50_us: number(&latency["p50"])?,
            p99_us: number(&latency["p99"])?,
            p999_us: number(&latency["p999"])?,
            max_us: number(&latency["max"])?,
            answer_bytes: number(&report["answer_bytes"])?,
            failed: refused.sum::<u64>() + number(&report["broken"])?,
            first_error: report["first_error"].as_str().map(str::to_owned),
            client_cpu_ns: number(&report["client_cpu_ns"])?,
            service_cpu_ns: number(&service["cpu_ns"]),
            database_cpu_ns: number(&database["cpu_ns"]),
            resident_kib: number(&service["resident_kib"]),
            peak_kib: number(&service["peak_kib"]),
            report,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_is_read_whole() {
        let report = json!({
            "per_second": 20_000, "answer_bytes": 480, "broken": 1, "first_error": "503: busy",
            "refused": { "UNAVAILABLE": 2 }, "client_cpu_ns": 9_000,
            "latency_us": { "p50": 1, "p99": 2, "p999": 3, "max": 4 },
            "processes": { "service": { "cpu_ns": 12, "resident_kib": 5, "peak_kib": 6 },
                           "database": { "cpu_ns": 18 } },
        });
        let figures = Figures::read(report).unwrap();
        assert_eq!((figures.per_second, figures.failed), (20_000, 3));
        assert_eq!((figures.p50_us, figures.max_us), (1, 4));
        assert_eq!(figures.database_cpu_ns, Some(18));
        assert_eq!(figures.peak_kib, Some(6));
        assert_eq!(Figures::read(json!({})), None);
    }

    #[test]
    fn a_driver_that_does_nothing_is_a_failure() {
        let error = Figures::of(&mut Command::new("false")).unwrap_err();
        assert!(matches!(error, Failure::Failed(message) if message.contains("did nothing")));
    }
}
