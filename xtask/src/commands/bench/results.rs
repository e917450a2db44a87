//! What the rounds found, and how it is told. Floats never enter: ratios, times and sizes are whole
//! thousandths.

use std::time::Duration;

use serde_json::{Value, json};

use super::load::Figures;
use super::scenario::Scenario;

/// One run of a scenario.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) scenario: &'static Scenario,
    /// From 1.
    pub(super) round: u64,
    /// Of a page, just before.
    pub(super) flush: Duration,
    /// Orders in a thousand seconds, just before and just after.
    pub(super) yardstick: Option<(u64, u64)>,
    pub(super) figures: Figures,
}

impl Sample {
    /// The rate in thousandths of the mean of the neighbouring yardsticks.
    pub(super) fn ratio_milli(&self) -> Option<u64> {
        let (before, after) = self.yardstick?;
        (self.figures.per_second * 2_000_000).checked_div(before + after)
    }

    pub(super) fn head() -> String {
        format!(
            "{:>5} {:<9} {:>8} {:>13} {:>7} {:>6} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}  {}",
            "round",
            "run",
            "flush µs",
            "pgbench/s",
            "calls/s",
            "ratio",
            "p50 ms",
            "p99 ms",
            "p99.9",
            "max",
            "service",
            "databse",
            "client",
            "µs of CPU a call"
        )
    }

    pub(super) fn row(&self) -> String {
        let figures = &self.figures;
        let cpu = |nanoseconds: Option<u64>| nanoseconds.map_or("-".to_owned(), tenths);
        let yardstick = self.yardstick.map_or("-".to_owned(), |(before, after)| {
            format!("{}, {}", before / 1000, after / 1000)
        });
        let failed = match &figures.first_error {
            Some(error) => format!("{} FAILED: {error}", figures.failed),
            None => String::new(),
        };
        format!(
            "{:>5} {:<9} {:>8} {yardstick:>13} {:>7} {:>6} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}  {failed}",
            self.round,
            self.scenario.name,
            self.flush.as_micros(),
            figures.per_second,
            self.ratio_milli().map_or("-".to_owned(), hundredths),
            tenths(figures.p50_us),
            tenths(figures.p99_us),
            tenths(figures.p999_us),
            tenths(figures.max_us),
            cpu(figures.service_cpu_ns),
            cpu(figures.database_cpu_ns),
            cpu(Some(figures.client_cpu_ns)),
        )
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "scenario": self.scenario.name,
            "round": self.round,
            "flush_us": u64::try_from(self.flush.as_micros()).unwrap_or(u64::MAX),
            "yardstick_milli": self.yardstick.map(|(before, after)| [before, after]),
            "ratio_milli": self.ratio_milli(),
            "report": self.figures.report,
        })
    }
}

/// Every run so far.
#[derive(Debug, Default)]
pub(super) struct Results(pub(super) Vec<Sample>);

impl Results {
    /// One value for each round that ran the scenario.
    pub(super) fn of(&self, name: &str, value: impl Fn(&Sample) -> Option<u64>) -> Vec<u64> {
        let samples = self.0.iter().filter(|sample| sample.scenario.name == name);
        samples.filter_map(value).collect()
    }

    /// The rate of one scenario in thousandths of another one's, round by round.
    pub(super) fn rates(&self, name: &str, other: &str) -> Vec<u64> {
        let rate = |sample: &Sample| Some(sample.figures.per_second);
        per_mille(&self.of(name, rate), &self.of(other, rate))
    }
}

/// Each value in thousandths of its partner.
pub(super) fn per_mille(values: &[u64], others: &[u64]) -> Vec<u64> {
    let pairs = values.iter().zip(others);
    pairs
        .filter_map(|(value, other)| (value * 1000).checked_div(*other))
        .collect()
}

/// The middle; of an even number between the two.
pub(super) fn median(values: &[u64]) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2)?;
    Some(u64::midpoint(*lower, *upper))
}

/// Thousandths with two decimals.
pub(super) fn hundredths(milli: u64) -> String {
    let hundredths = (milli + 5) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Thousandths with one decimal.
pub(super) fn tenths(milli: u64) -> String {
    let tenths = (milli + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, per_second: u64) -> Sample {
        Sample {
            scenario: Scenario::named(name).unwrap(),
            round: 1,
            flush: Duration::from_micros(120),
            yardstick: Some((3_000_000, 5_000_000)),
            figures: Figures {
                per_second,
                ..Figures::default()
            },
        }
    }

    #[test]
    fn a_ratio_is_to_the_mean_of_the_neighbours() {
        assert_eq!(sample("grpc-256", 28_000).ratio_milli(), Some(7_000));
        let row = sample("grpc-256", 28_000).row();
        assert!(row.contains("7.00") && row.contains("3000, 5000"), "{row}");
        let alone = Sample {
            yardstick: None,
            ..sample("get-64", 5)
        };
        assert_eq!(alone.ratio_milli(), None);
    }

    #[test]
    fn scenarios_are_compared_round_by_round() {
        let rates = [
            ("get-64", 30),
            ("echo-64", 40),
            ("get-64", 10),
            ("echo-64", 100),
        ];
        let results = Results(rates.map(|(name, rate)| sample(name, rate)).into());
        assert_eq!(results.rates("get-64", "echo-64"), [750, 100]);
        assert!(results.rates("get-64", "rest-256").is_empty());
    }

    #[test]
    fn numbers_are_rounded_for_people() {
        assert_eq!(
            (median(&[5, 1, 3]), median(&[4, 1, 9, 2]), median(&[])),
            (Some(3), Some(3), None)
        );
        assert_eq!(
            (hundredths(7_126), hundredths(995)),
            ("7.13".into(), "1.00".into())
        );
        assert_eq!((tenths(12_349), tenths(49)), ("12.3".into(), "0.0".into()));
    }
}
