//! Every request of the callers: who answered it, how long that took, and what went wrong.

use super::fleet::{Build, Endpoint, Switch};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A protocol of the callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    Rest,
    Grpc,
}

/// A request and what became of it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) protocol: Protocol,
    pub(crate) what: &'static str,
    /// Whom it was sent to last.
    pub(crate) to: Endpoint,
    /// When it was asked for, since the log began.
    pub(crate) at: Duration,
    pub(crate) took: Duration,
    /// Whose missing answer made the client send it once more by itself.
    pub(crate) again: Option<Build>,
    pub(crate) failed: Option<String>,
}

pub(crate) struct Log {
    began: Instant,
    lines: Mutex<Vec<Line>>,
}

impl Default for Log {
    fn default() -> Log {
        Log {
            began: Instant::now(),
            lines: Mutex::default(),
        }
    }
}

impl Log {
    /// Since the log began.
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn write(&self, line: Line) {
        self.lines.lock().unwrap().push(line);
    }

    /// Whether so many requests of each protocol were answered there.
    pub(crate) fn is_served_by(&self, replica: Endpoint, requests: usize) -> bool {
        let lines = self.lines.lock().unwrap();
        [Protocol::Rest, Protocol::Grpc].iter().all(|protocol| {
            let answered = |line: &&Line| {
                line.to.number == replica.number
                    && line.protocol == *protocol
                    && line.failed.is_none()
            };
            lines.iter().filter(answered).count() >= requests
        })
    }

    pub(crate) fn requests(&self) -> usize {
        self.lines.lock().unwrap().len()
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let failed = lines.iter().filter_map(|line| {
            let why = line.failed.as_ref()?;
            let Line { protocol, what, to, at, took, .. } = line;
            let (build, number) = (to.build.name(), to.number);
            Some(format!("{at:.2?}, after {took:.2?}: {protocol:?} {what} by {build} (replica {number}): {why}"))
        });
        failed.collect()
    }

    /// The longest request that was under way in this time.
    pub(crate) fn slowest(&self, from: Duration, to: Duration) -> Duration {
        let lines = self.lines.lock().unwrap();
        let within = lines
            .iter()
            .filter(|line| line.at < to && line.at + line.took > from);
        within.map(|line| line.took).max().unwrap_or_default()
    }

    /// How many were answered by which build, by protocol; what was sent once more; what failed.
    pub(crate) fn summary(&self) -> String {
        let lines = self.lines.lock().unwrap();
        let mut counts: BTreeMap<(Protocol, _), [usize; 3]> = BTreeMap::new();
        for line in lines.iter() {
            let [all, _, failed] = counts.entry((line.protocol, line.to.build)).or_default();
            *all += 1;
            *failed += usize::from(line.failed.is_some());
            if let Some(build) = line.again {
                counts.entry((line.protocol, build)).or_default()[1] += 1;
            }
        }
        let mut text = String::new();
        for ((protocol, build), [all, again, failed]) in counts {
            let build = build.name();
            writeln!(text, "{protocol:?} by {build}: {all} requests, {failed} failed; {again} left unanswered and sent elsewhere by rule").unwrap();
        }
        text
    }

    /// A line for each switch.
    pub(crate) fn around(&self, switches: &[Switch]) -> String {
        let mut text = String::new();
        for switch in switches {
            let slowest = self.slowest(switch.began, switch.ended);
            writeln!(
                text,
                "{} → {} within {:.1?} (the old one ended {:.2?} after SIGTERM): slowest request {slowest:.0?}",
                switch.from.name(),
                switch.to.name(),
                switch.ended.saturating_sub(switch.began),
                switch.stop,
            )
            .unwrap();
        }
        text
    }
}
