//! What must be reached, beside what was measured: the end of the benchmark.

use serde_json::{Value, json};

use super::results::{Results, Sample, hundredths, median, per_mille};
use super::scenario::Call;

/// A bound with the values of each round; the median counts. All in thousandths of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) what: &'static str,
    pub(super) bound: Bound,
    pub(super) unit: &'static str,
    pub(super) rounds: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    AtLeast(u64),
    AtMost(u64),
}

/// The goals of the rounds; those that no round measured are left out.
pub(super) fn of_rounds(results: &Results) -> Vec<Goal> {
    use Bound::{AtLeast, AtMost};
    let ratio = |name| results.of(name, Sample::ratio_milli);
    let spread = |name| {
        let p99 = results.of(name, |sample| Some(sample.figures.p99_us));
        per_mille(
            &p99,
            &results.of(name, |sample| Some(sample.figures.p50_us)),
        )
    };
    let cpu_service = |sample: &Sample| sample.figures.service_cpu_ns;
    let cpu_database = |sample: &Sample| sample.figures.database_cpu_ns;
    // What is read was placed by batches of 1,000 before, which is another load.
    let placing = results
        .0
        .iter()
        .filter(|sample| sample.scenario.call == Call::Place);
    let peak = placing.filter_map(|sample| sample.figures.peak_kib);
    let peak_mib: Vec<u64> = peak
        .max()
        .map(|kib| kib * 1000 / 1024)
        .into_iter()
        .collect();
    let goals = [
        goal(
            "PlaceOrder, gRPC, 256 callers",
            AtLeast(5_000),
            "× pgbench",
            ratio("grpc-256"),
        ),
        goal(
            "PlaceOrder, gRPC, 32 callers",
            AtLeast(3_000),
            "× pgbench",
            ratio("grpc-32"),
        ),
        goal(
            "p99 at 256 callers",
            AtMost(3_000),
            "× p50",
            spread("grpc-256"),
        ),
        goal(
            "p99 at 1,024 callers",
            AtMost(5_000),
            "× p50",
            spread("grpc-1024"),
        ),
        goal(
            "CPU an order, service",
            AtMost(15_000),
            "µs",
            results.of("grpc-256", cpu_service),
        ),
        goal(
            "CPU an order, PostgreSQL",
            AtMost(22_000),
            "µs",
            results.of("grpc-256", cpu_database),
        ),
        goal(
            "PlaceOrder, REST",
            AtLeast(700),
            "× gRPC",
            results.rates("rest-256", "grpc-256"),
        ),
        goal(
            "GetOrder, 64 callers",
            AtLeast(650),
            "× tonic's",
            results.rates("get-64", "tonic-echo-64"),
        ),
        goal(
            "The same",
            AtLeast(0),
            "× own echo",
            results.rates("get-64", "echo-64"),
        ),
        goal(
            "Memory of the service, placing",
            AtMost(96_000),
            "MiB",
            peak_mib,
        ),
    ];
    goals
        .into_iter()
        .filter(|goal| !goal.rounds.is_empty())
        .collect()
}

pub(super) fn goal(what: &'static str, bound: Bound, unit: &'static str, rounds: Vec<u64>) -> Goal {
    Goal {
        what,
        bound,
        unit,
        rounds,
    }
}

impl Goal {
    pub(super) fn is_reached(&self) -> bool {
        median(&self.rounds).is_some_and(|measured| match self.bound {
            Bound::AtLeast(least) => measured >= least,
            Bound::AtMost(most) => measured <= most,
        })
    }

    pub(super) fn row(&self) -> String {
        let (sign, bound) = match self.bound {
            Bound::AtLeast(least) => ("≥", least),
            Bound::AtMost(most) => ("≤", most),
        };
        let measured = median(&self.rounds).map_or("-".to_owned(), hundredths);
        let rounds: Vec<String> = self.rounds.iter().copied().map(hundredths).collect();
        format!(
            "{:<34} {sign} {:>5} {:<10} {measured:>7}  {:<8} ({})",
            self.what,
            hundredths(bound),
            self.unit,
            self.verdict(),
            rounds.join(", ")
        )
    }

    pub(super) fn json(&self) -> Value {
        let (kind, bound) = match self.bound {
            Bound::AtLeast(least) => ("at_least_milli", least),
            Bound::AtMost(most) => ("at_most_milli", most),
        };
        json!({
            "what": self.what,
            "unit": self.unit,
            kind: bound,
            "measured_milli": median(&self.rounds),
            "rounds_milli": self.rounds,
            "verdict": self.verdict(),
        })
    }

    fn verdict(&self) -> &'static str {
        if self.is_reached() {
            "reached"
        } else {
            "missed"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::load::Figures;
    use super::super::scenario::Scenario;
    use super::*;
    use std::time::Duration;

    fn results() -> Results {
        let sample = |name: &str, per_second| Sample {
            scenario: Scenario::named(name).unwrap(),
            round: 1,
            flush: Duration::ZERO,
            yardstick: Some((4_000_000, 4_000_000)),
            figures: Figures {
                per_second,
                p50_us: 10_000,
                p99_us: 31_000,
                service_cpu_ns: Some(12_300),
                peak_kib: Some(65_536),
                ..Figures::default()
            },
        };
        Results(vec![
            sample("grpc-256", 28_000),
            sample("rest-256", 14_000),
            sample("grpc-256", 20_000),
            sample("grpc-256", 16_000),
        ])
    }

    fn named<'a>(goals: &'a [Goal], what: &str) -> &'a Goal {
        goals.iter().find(|goal| goal.what == what).unwrap()
    }

    #[test]
    fn the_median_of_the_rounds_is_held_against_the_bound() {
        let goals = of_rounds(&results());
        let placing = named(&goals, "PlaceOrder, gRPC, 256 callers");
        assert_eq!(placing.rounds, [7_000, 5_000, 4_000]);
        assert!(placing.is_reached());
        assert!(placing.row().contains("5.00  reached"), "{}", placing.row());
        let spread = named(&goals, "p99 at 256 callers");
        assert!(!spread.is_reached());
        assert!(spread.row().contains("3.10  missed"), "{}", spread.row());
        assert!(!named(&goals, "PlaceOrder, REST").is_reached());
        assert!(named(&goals, "CPU an order, service").is_reached());
        assert_eq!(
            named(&goals, "Memory of the service, placing").rounds,
            [64_000]
        );
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let goals = of_rounds(&results());
        assert!(
            goals
                .iter()
                .all(|goal| !goal.unit.contains("echo") && goal.unit != "× tonic's")
        );
        assert!(!goal("nothing", Bound::AtMost(1), "µs", Vec::new()).is_reached());
    }
}
