//! What a row's tests told, and the table of all rows.

use std::fmt::Write as _;
use std::time::Duration;

use super::catalogue::Row;

/// How `testkit::rows::told` begins its line.
const TOLD: &str = "fault-row\t";

/// A row that was tried.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) row: &'static Row,
    /// Tests that passed.
    passed: usize,
    /// What was injected how often, and what was counted.
    told: Vec<(String, String)>,
    seeds: Vec<String>,
    succeeded: bool,
    time: Duration,
}

impl Tried {
    /// Reads nextest's output.
    pub(super) fn read(row: &'static Row, output: &str, succeeded: bool, time: Duration) -> Tried {
        let (mut told, mut seeds, mut passed) = (Vec::new(), Vec::new(), 0);
        for line in output.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix(TOLD) {
                let mut parts = rest.splitn(3, '\t').map(str::to_owned);
                // A test may be of several rows, and tell of each.
                let of_this_row = parts.next().is_some_and(|id| id == row.id);
                let one = (
                    parts.next().unwrap_or_default(),
                    parts.next().unwrap_or_default(),
                );
                if of_this_row && !told.contains(&one) {
                    told.push(one);
                }
            } else if let Some(seed) = line.strip_prefix("FAULT_SEED=") {
                seeds.push(seed.to_owned());
            } else if line.starts_with("PASS [") {
                passed += 1;
            }
        }
        Tried {
            row,
            passed,
            told,
            seeds,
            succeeded,
            time,
        }
    }

    /// Whether there was a test, and all passed.
    pub(super) fn held(&self) -> bool {
        self.succeeded && self.passed > 0
    }

    /// One line for the terminal.
    pub(super) fn summary(&self) -> String {
        let verdict = if self.held() { "held" } else { "DID NOT HOLD" };
        format!(
            "{verdict}: {} ({:.1} s)",
            self.evidence(),
            self.time.as_secs_f64()
        )
    }

    fn evidence(&self) -> String {
        if self.told.is_empty() {
            return format!("{} tests", self.passed);
        }
        let lines: Vec<String> = self
            .told
            .iter()
            .map(|(injected, counted)| format!("{injected}: {counted}"))
            .collect();
        lines.join("; ")
    }
}

/// The table.
pub(super) fn markdown(tried: &[Tried], small: bool) -> String {
    let scale = if small {
        "cargo xtask faults --small"
    } else {
        "cargo xtask faults"
    };
    let mut text = format!(
        "# Reliability\n\nWhat is injected, how often, and what was counted, on real PostgreSQL, Kafka and Redis; written by\n\n    {scale} --report docs/RELIABILITY.md\n\nEvery row is one or more tests (their names begin with the row's id, or `--list` shows them). A checker\nthat saw nothing fails, and the row CONTROL shows that a careless publisher is found out.\n"
    );
    let mut group = "";
    for one in tried {
        if one.row.group != group {
            group = one.row.group;
            let _ = write!(
                text,
                "\n## {group}\n\n| row | fault | must hold | counted | time | |\n| --- | --- | --- | --- | --- | --- |\n"
            );
        }
        let verdict = if one.held() { "held" } else { "**failed**" };
        let seeds = if one.seeds.is_empty() {
            String::new()
        } else {
            format!(" (seed {})", one.seeds.join(", "))
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {}{seeds} | {:.1} s | {verdict} |",
            one.row.id,
            one.row.injection,
            one.row.expected,
            one.evidence(),
            one.time.as_secs_f64()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::*;

    fn first() -> &'static Row {
        catalogue::all().next().unwrap()
    }

    const OUTPUT: &str = "    PASS [   1.2s] adapter-kafka::it outbound::r1_killed\n\
        FAULT_SEED=7\nfault-row\tR1\t12 kills\tevents 100000, doubled 0\n\
        fault-row\tR2\t3 sleeps\tevents 5\n";

    #[test]
    fn what_tests_tell_is_read() {
        let tried = Tried::read(first(), OUTPUT, true, Duration::from_secs(2));
        assert!(tried.held());
        assert_eq!(
            tried.summary(),
            "held: 12 kills: events 100000, doubled 0 (2.0 s)"
        );
        assert!(markdown(&[tried], false).contains("| R1 | kill -9"));
    }

    #[test]
    fn a_row_without_tests_or_with_a_failure_does_not_hold() {
        assert!(!Tried::read(first(), "", true, Duration::ZERO).held());
        assert!(!Tried::read(first(), OUTPUT, false, Duration::ZERO).held());
    }
}
