//! What counting one placed order takes, piece by piece: `cargo run --release -p observe --example cost`.
//! The sum beside the CPU that an order takes (PERFORMANCE.md) is the share of metrics.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use observe::{Active, Durations};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use std::hint::black_box;
use std::time::{Duration, Instant};

const TIMES: u32 = 2_000_000;
const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TOOK: Duration = Duration::from_millis(3);

fn measure(what: &str, work: impl Fn()) {
    let best = (0..5).map(|_| {
        let started = Instant::now();
        (0..TIMES).for_each(|_| work());
        started.elapsed()
    });
    let best = best.min().unwrap_or_default();
    let picoseconds = best.as_nanos() * 1_000 / u128::from(TIMES);
    println!(
        "{:>5}.{} ns  {what}",
        picoseconds / 1_000,
        picoseconds / 100 % 10
    );
}

fn main() {
    let durations = Durations::default();
    measure("a duration without a trace", || {
        durations.observe(black_box(TOOK), None);
    });
    measure("a duration with a sampled trace", || {
        durations.observe(black_box(TOOK), black_box(Some(SAMPLED)));
    });
    let plain = Histogram::new(observe::DURATION_BUCKETS_SECONDS);
    measure("a plain histogram, for comparison", || {
        plain.observe(black_box(TOOK).as_secs_f64());
    });
    let gauge = Gauge::default();
    measure("a request that is being answered", || {
        drop(black_box(Active::new(&gauge)));
    });
    let events = Family::<[(&'static str, &'static str); 1], Counter>::default();
    measure("events by their type, once a batch", || {
        events
            .get_or_create(&[("type", black_box("order.placed.v1"))])
            .inc();
    });
}
