//! A histogram of durations whose buckets each show a trace that fell into them.
//!
//! Finding the bucket's place, and keeping a trace, is done for a request that has a sampled trace, and of
//! those for a few a second in each bucket: who looks at a slow bucket wants one that was slow just now.

use crate::COUNTING;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, LabelSetEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Upper bounds of the buckets of a request's duration, in seconds; REST and gRPC have the same.
pub const DURATION_BUCKETS_SECONDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// A bucket takes no second example for so long, milliseconds.
const EXAMPLE_EVERY_MS: u32 = 250;

/// Characters of a trace's id.
const TRACE_ID_CHARS: usize = 32;

/// A trace's id, 16 bytes as hexadecimal digits. It is kept in place, so that an example costs no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId([u8; TRACE_ID_CHARS]);

impl TraceId {
    /// The trace of a valid `traceparent`, if it is sampled: of another one nobody has kept anything.
    pub fn sampled(traceparent: &str) -> Option<TraceId> {
        let trace = traceparent.as_bytes().get(3..3 + TRACE_ID_CHARS)?;
        let flags = traceparent.get(53..55)?;
        let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
        let hexadecimal = trace.iter().all(u8::is_ascii_hexdigit);
        let trace = trace.try_into().ok().filter(|_| sampled && hexadecimal)?;
        Some(TraceId(trace))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl EncodeLabelSet for TraceId {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        EncodeLabelSet::encode(&[("trace_id", self.as_str())], encoder)
    }
}

/// The histogram. Clones count into the same one.
#[derive(Clone, Debug)]
pub struct Durations {
    histogram: HistogramWithExemplars<TraceId>,
    examples: Arc<Examples>,
}

/// When each bucket took its last example; the last place is for what is longer than every bound.
#[derive(Debug)]
struct Examples {
    since: Instant,
    taken_ms: [AtomicU32; DURATION_BUCKETS_SECONDS.len() + 1],
}

impl Default for Durations {
    fn default() -> Durations {
        Durations {
            histogram: HistogramWithExemplars::new(DURATION_BUCKETS_SECONDS.into_iter()),
            examples: Arc::new(Examples {
                since: Instant::now(),
                taken_ms: Default::default(),
            }),
        }
    }
}

impl Durations {
    /// Counts a request that took `elapsed` and belongs to the trace of this `traceparent`.
    pub fn observe(&self, elapsed: Duration, traceparent: Option<&str>) {
        if !COUNTING {
            return;
        }
        let seconds = elapsed.as_secs_f64();
        let trace = traceparent.and_then(TraceId::sampled);
        let trace = trace.filter(|_| self.examples.wants(seconds));
        // Without a stamp: Prometheus takes the time of the first scrape that shows an example, and knows one
        // that it has seen.
        self.histogram.observe(seconds, trace, None);
    }
}

impl Examples {
    /// Whether the bucket has had no example for a while; if so, this is the one.
    fn wants(&self, seconds: f64) -> bool {
        let bucket = DURATION_BUCKETS_SECONDS.partition_point(|bound| *bound < seconds);
        let elapsed = self.since.elapsed().as_millis() % u128::from(u32::MAX);
        // Never 0, which stands for "none yet". It begins anew after 49 days: one example comes early.
        let now = u32::try_from(elapsed).unwrap_or_default().max(1);
        let taken = &self.taken_ms[bucket];
        let last = taken.load(Ordering::Relaxed);
        let due = last == 0 || now.wrapping_sub(last) >= EXAMPLE_EVERY_MS;
        due && taken
            .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }
}

impl EncodeMetric for Durations {
    fn encode(&self, encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        self.histogram.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl prometheus_client::metrics::TypedMetric for Durations {
    const TYPE: MetricType = MetricType::Histogram;
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn parent(trace: &str, flags: &str) -> String {
        format!("00-{trace}-b7ad6b7169203331-{flags}")
    }

    fn shown(durations: &Durations) -> String {
        let mut registry = Registry::default();
        registry.register("took_seconds", "Time", durations.clone());
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn only_a_sampled_trace_is_an_example() {
        let trace = TraceId::sampled(&parent(TRACE, "01"));
        assert_eq!(trace.unwrap().as_str(), TRACE);
        let unsampled = [parent(TRACE, "00"), parent(TRACE, "fe")];
        let wrong = ["", "00", &parent(TRACE, "0"), &parent("é", "01")];
        for text in unsampled.iter().map(String::as_str).chain(wrong) {
            assert_eq!(TraceId::sampled(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_bucket_shows_its_trace_and_value() {
        let durations = Durations::default();
        durations.observe(Duration::from_millis(3), Some(&parent(TRACE, "01")));
        durations.observe(Duration::from_secs(20), None);
        let text = shown(&durations);
        let marked: Vec<_> = text.lines().filter(|line| line.contains(" # ")).collect();
        let [line] = marked[..] else { panic!("{text}") };
        let whole =
            format!("took_seconds_bucket{{le=\"0.005\"}} 1 # {{trace_id=\"{TRACE}\"}} 0.003");
        assert_eq!(*line, whole);
        assert!(text.contains("took_seconds_count 2\n"), "{text}");
    }

    #[test]
    fn a_bucket_takes_few_examples_a_second_and_no_other_waits_for_it() {
        let examples = Durations::default().examples;
        let taken = (0..10_000).filter(|_| examples.wants(0.003)).count();
        let most = examples.since.elapsed().as_millis() / u128::from(EXAMPLE_EVERY_MS) + 1;
        assert!((1..=most).contains(&(taken as u128)), "{taken} of {most}");
        assert!(examples.wants(0.03) && examples.wants(1e9));
        let longest = DURATION_BUCKETS_SECONDS.len();
        assert_ne!(examples.taken_ms[longest].load(Ordering::Relaxed), 0);
    }
}
