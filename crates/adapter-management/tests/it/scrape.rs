//! `/metrics` in both formats.

use crate::exposition::Exposition;
use crate::server::{Answer, Server};
use adapter_management::{Config, register_process_metrics};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

type Labels = [(&'static str, &'static str); 1];

/// One metric of each kind that the service has.
fn server() -> Server {
    let mut registry = Registry::default();
    register_process_metrics(&mut registry, "1.2.3");
    let placed = Family::<Labels, Counter>::default();
    placed.get_or_create(&[("outcome", "placed")]).inc_by(3);
    registry.register("orders_placed", "Orders placed", placed);
    let lag = Gauge::<i64>::default();
    lag.set(7);
    registry.register_with_unit("feed_lag", "Age of the oldest event", Unit::Seconds, lag);
    let durations = Histogram::new([0.25, 2.5]);
    durations.observe(0.5);
    registry.register_with_unit("http_server_duration", "Time", Unit::Seconds, durations);
    Server::start_with(registry, Config::default())
}

async fn openmetrics(server: &Server) -> Answer {
    let accept = "accept: application/openmetrics-text;version=1.0.0\r\n";
    server.send("GET", "/metrics", accept).await
}

#[tokio::test]
async fn openmetrics_names_counters_without_total_in_their_type() {
    let answer = openmetrics(&server()).await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let read = Exposition::parse(&answer.body);
    assert!(read.ended, "no # EOF");
    assert_eq!(read.types["orders_placed"], "counter");
    assert_eq!(read.types["process_cpu_seconds"], "counter");
    assert_eq!(read.types["build"], "info");
    assert_eq!(read.units["process_cpu_seconds"], "seconds");
    assert_all_samples(&read);
}

#[tokio::test]
async fn the_classic_text_names_counters_with_total_everywhere_and_has_no_end_mark() {
    let answer = server().get("/metrics").await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let read = Exposition::parse(&answer.body);
    assert!(!read.ended && read.units.is_empty(), "{}", answer.body);
    for counter in ["orders_placed_total", "process_cpu_seconds_total"] {
        assert_eq!(read.types[counter], "counter");
        assert!(read.helped.iter().any(|helped| helped == counter));
    }
    // This format has no info type.
    assert_eq!(read.types["build_info"], "gauge");
    assert_all_samples(&read);
}

/// The samples bear the same names in both formats.
#[expect(clippy::float_cmp, reason = "small whole numbers")]
fn assert_all_samples(read: &Exposition) {
    assert_eq!(read.value("orders_placed_total{outcome=\"placed\"}"), 3.0);
    assert_eq!(read.value("feed_lag_seconds"), 7.0);
    assert_eq!(
        read.value("http_server_duration_seconds_bucket{le=\"2.5\"}"),
        1.0
    );
    assert_eq!(
        read.value("http_server_duration_seconds_bucket{le=\"0.25\"}"),
        0.0
    );
    assert_eq!(read.value("http_server_duration_seconds_count"), 1.0);
    assert_eq!(read.value("build_info{version=\"1.2.3\"}"), 1.0);
    assert_eq!(read.types["feed_lag_seconds"], "gauge");
    assert_eq!(read.types["http_server_duration_seconds"], "histogram");

    let resident = read.value("process_resident_memory_bytes");
    assert!((1e6..2e9).contains(&resident), "{resident} bytes");
    assert!(read.value("process_cpu_seconds_total") < 3600.0);
    assert!(read.value("process_threads") >= 1.0);
    // 2020 to 2100.
    let start = read.value("process_start_time_seconds");
    assert!((1.577e9..4.102e9).contains(&start), "{start}");
}

#[tokio::test]
async fn descriptors_are_counted_at_each_scrape() {
    let server = server();
    let open = async || {
        let read = Exposition::parse(&server.get("/metrics").await.body);
        assert!(read.value("process_max_fds") >= read.value("process_open_fds"));
        read.value("process_open_fds")
    };
    let before = open().await;
    let held: Vec<_> = (0..500)
        .map(|_| std::fs::File::open("/dev/null").unwrap())
        .collect();
    let during = open().await;
    // Other tests of this process open and close some of their own meanwhile.
    assert!(during > before + 400.0, "{before} before, {during} during");
    drop(held);
    assert!(open().await < during - 400.0);
}
