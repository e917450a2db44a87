//! What was counted over the last minute, as far as somebody looked.

use super::rates;
use super::readings::{Edge, Readings};
use crate::traffic::Counts;
use adapter_management::Traffic;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Quantiles are of so long.
const QUANTILES_OVER: Duration = Duration::from_mins(1);
/// Rates are of so long: shorter ones jump, longer ones lag behind.
const RATES_OVER: Duration = Duration::from_secs(10);

/// One look.
pub(super) struct Look {
    pub(super) at: Instant,
    pub(super) readings: Readings,
    pub(super) counters: HashMap<String, Counts>,
}

/// The looks of the last minute, the newest last: at most one for each second or so.
#[derive(Default)]
pub(super) struct Window(VecDeque<Look>);

impl Window {
    /// Takes a look; those that are too old, as after a while in which nobody looked, are forgotten.
    pub(super) fn push(&mut self, look: Look) {
        let at = look.at;
        let is_old = |look: &Look| at.saturating_duration_since(look.at) > QUANTILES_OVER;
        while self.0.front().is_some_and(is_old) {
            self.0.pop_front();
        }
        self.0.push_back(look);
    }

    /// Whether there is nothing to compare with.
    pub(super) fn is_first(&self) -> bool {
        self.0.len() < 2
    }

    /// The newest look, and the oldest of those that are not older than this before it.
    fn pair(&self, over: Duration) -> Option<(&Look, &Look)> {
        let newest = self.0.back()?;
        let within = |look: &&Look| newest.at.saturating_duration_since(look.at) <= over;
        let oldest = self.0.iter().find(within)?;
        (oldest.at < newest.at).then_some((newest, oldest))
    }

    /// What went by an interface: received and sent, bytes a second.
    pub(super) fn bytes_per_second(&self, interface: &str) -> (Option<f64>, Option<f64>) {
        let rate = |read: fn(&Counts) -> u64| {
            let (newest, oldest) = self.pair(RATES_OVER)?;
            let [now, earlier] =
                [newest, oldest].map(|look| look.counters.get(interface).map(read));
            rates::whole_per_second(now?, earlier?, newest.at - oldest.at)
        };
        (
            rate(|counters| counters.receive_bytes),
            rate(|counters| counters.transmit_bytes),
        )
    }

    /// Both edges.
    pub(super) fn traffic(&self) -> Vec<Traffic> {
        vec![
            self.edge("rest", |readings| &readings.rest),
            self.edge("grpc", |readings| &readings.grpc),
        ]
    }

    fn edge(&self, name: &str, edge: impl Fn(&Readings) -> &Edge) -> Traffic {
        let rate = |read: fn(&Edge) -> f64| {
            let (newest, oldest) = self.pair(RATES_OVER)?;
            let [now, earlier] = [newest, oldest].map(|look| read(edge(&look.readings)));
            rates::per_second(now, earlier, newest.at - oldest.at)
        };
        let quantile = |part: f64| {
            let (newest, oldest) = self.pair(QUANTILES_OVER)?;
            let [now, earlier] = [newest, oldest].map(|look| &edge(&look.readings).buckets);
            rates::quantile(&rates::between(now, earlier), part)
        };
        Traffic {
            edge: name.to_owned(),
            requests_per_second: rate(|edge| edge.requests),
            errors_per_second: rate(|edge| edge.errors),
            placed_per_second: rate(|edge| edge.placed),
            p50_seconds: quantile(0.5),
            p99_seconds: quantile(0.99),
            active: self.0.back().and_then(|look| edge(&look.readings).active),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(at: Instant, requests: f64, bytes: u64) -> Look {
        let mut readings = Readings::default();
        readings.rest.requests = requests;
        readings.rest.buckets = vec![(0.1, requests), (f64::INFINITY, requests)];
        let counters = Counts {
            receive_bytes: bytes,
            ..Counts::default()
        };
        Look {
            at,
            readings,
            counters: HashMap::from([("net1".to_owned(), counters)]),
        }
    }

    #[test]
    fn rates_are_of_the_last_seconds_and_quantiles_of_the_last_minute() {
        let begin = Instant::now();
        let mut window = Window::default();
        window.push(look(begin, 0.0, 0));
        assert!(window.is_first());
        assert_eq!(window.traffic()[0].requests_per_second, None);
        assert_eq!(window.bytes_per_second("net1"), (None, None));
        // A second's worth each, but for the last ten, when it is ten times as busy.
        for second in 1..=40_u32 {
            let (fast, slow) = (
                f64::from(second.saturating_sub(30)),
                f64::from(second.min(30)),
            );
            let requests = rates::sum(slow, rates::sum(fast, rates::sum(fast, fast)));
            window.push(look(
                begin + Duration::from_secs(second.into()),
                requests,
                u64::from(second) * 500,
            ));
        }
        let rest = &window.traffic()[0];
        assert_eq!(rest.requests_per_second, Some(3.0));
        assert!(rest.p50_seconds.is_some_and(|seconds| seconds < 0.1));
        assert_eq!(window.bytes_per_second("net1"), (Some(500.0), Some(0.0)));
        assert_eq!(window.bytes_per_second("net2"), (None, None));
    }

    #[test]
    fn what_was_before_a_pause_counts_for_nothing() {
        let begin = Instant::now();
        let mut window = Window::default();
        window.push(look(begin, 0.0, 0));
        window.push(look(begin + Duration::from_secs(2), 10.0, 0));
        window.push(look(begin + Duration::from_hours(1), 1e9, 0));
        assert!(window.is_first());
        assert_eq!(window.traffic()[0].requests_per_second, None);
    }
}
