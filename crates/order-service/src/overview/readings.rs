//! What is read from the registry: the few families that the dashboard shows.

use super::exposition::{Sample, samples};
use super::rates::{self, Buckets};
use adapter_management::FeedPartition;
use std::collections::BTreeMap;

/// Paths that the kubelet asks: no traffic of callers.
const PROBES: [&str; 3] = ["/livez", "/readyz", "/health"];
/// gRPC's codes for failures of ours; `RESOURCE_EXHAUSTED` is none, since callers beyond their rate get it too.
const OUR_CODES: [&str; 5] = [
    "UNKNOWN",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
];

/// One reading.
#[derive(Clone, Debug, Default)]
pub(super) struct Readings {
    pub(super) rest: Edge,
    pub(super) grpc: Edge,
    /// Partitions of the feed that this process publishes.
    pub(super) feed: BTreeMap<u16, FeedPartition>,
    /// Messages to be read; nothing where none are.
    pub(super) consumer_lag: Option<u64>,
    /// By whose they are: `http`, `database`.
    pub(super) connections: BTreeMap<String, Connections>,
}

/// What an edge has counted since the start.
#[derive(Clone, Debug, Default)]
pub(super) struct Edge {
    pub(super) requests: f64,
    pub(super) errors: f64,
    pub(super) placed: f64,
    pub(super) buckets: Buckets,
    pub(super) active: Option<u64>,
}

/// Connections that stand now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Connections {
    pub(super) all: u64,
    pub(super) unencrypted: u64,
}

impl Readings {
    /// Reads the registry as it was written.
    pub(super) fn of(text: &str) -> Readings {
        let mut readings = Readings::default();
        for sample in samples(text) {
            readings.take(&sample);
        }
        readings
    }

    fn take(&mut self, sample: &Sample<'_>) {
        if let Some(part) = sample.name.strip_prefix("http_server_") {
            let route = sample.label("route").unwrap_or_default();
            if !PROBES.contains(&route) {
                self.rest
                    .take(part, sample, is_rest_error, is_placed_by_rest);
            }
        } else if let Some(part) = sample.name.strip_prefix("rpc_server_") {
            self.grpc
                .take(part, sample, is_grpc_error, is_placed_by_grpc);
        } else if let Some(part) = sample.name.strip_prefix("feed_") {
            self.take_feed(part, sample);
        } else if let Some(part) = sample.name.strip_prefix("plane_connections") {
            self.take_connections(part, sample);
        } else if sample.name == "kafka_consumer_lag" {
            let lag = self.consumer_lag.get_or_insert_default();
            *lag = lag.saturating_add(whole(sample.value));
        }
    }

    fn take_feed(&mut self, part: &str, sample: &Sample<'_>) {
        let Some(number) = sample.label("partition").and_then(|text| text.parse().ok()) else {
            return;
        };
        let partition = self.feed.entry(number).or_insert_with(|| FeedPartition {
            partition: number,
            ..FeedPartition::default()
        });
        match part {
            "lag_seconds" => partition.lag_seconds = Some(sample.value),
            "lag_events" => partition.lag_events = Some(whole(sample.value)),
            "partition_halted" => partition.halted = whole(sample.value) == 1,
            _ => {}
        }
    }

    fn take_connections(&mut self, part: &str, sample: &Sample<'_>) {
        let Some(whose) = sample.label("listener").or(sample.label("client")) else {
            return;
        };
        let connections = self.connections.entry(whose.to_owned()).or_default();
        match part {
            "" => connections.all = whole(sample.value),
            "_unencrypted" => connections.unencrypted = whole(sample.value),
            _ => {}
        }
    }
}

impl Edge {
    fn take(
        &mut self,
        part: &str,
        sample: &Sample<'_>,
        is_error: impl Fn(&Sample<'_>) -> bool,
        is_placed: impl Fn(&Sample<'_>) -> bool,
    ) {
        match part {
            "request_duration_seconds_bucket" => {
                // `+Inf` is what Rust reads as infinite, too.
                let bound = sample.label("le").and_then(|bound| bound.parse().ok());
                if let Some(bound) = bound {
                    rates::add(&mut self.buckets, bound, sample.value);
                }
            }
            "request_duration_seconds_count" => {
                self.requests = rates::sum(self.requests, sample.value);
                if is_error(sample) {
                    self.errors = rates::sum(self.errors, sample.value);
                }
                if is_placed(sample) {
                    self.placed = rates::sum(self.placed, sample.value);
                }
            }
            "active_requests" => self.active = Some(whole(sample.value)),
            _ => {}
        }
    }
}

fn is_rest_error(sample: &Sample<'_>) -> bool {
    sample
        .label("status")
        .is_some_and(|status| status.starts_with('5'))
}

fn is_placed_by_rest(sample: &Sample<'_>) -> bool {
    sample.label("route") == Some("/v1/orders") && sample.label("status") == Some("201")
}

fn is_grpc_error(sample: &Sample<'_>) -> bool {
    sample
        .label("code")
        .is_some_and(|code| OUR_CODES.contains(&code))
}

fn is_placed_by_grpc(sample: &Sample<'_>) -> bool {
    sample
        .label("method")
        .is_some_and(|method| method.ends_with("/PlaceOrder"))
        && sample.label("code") == Some("OK")
}

/// A count as a whole number; what is below 0 or none counts as 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts: a cast saturates, and makes 0 of what is below it or no number"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
http_server_request_duration_seconds_count{method="POST",route="/v1/orders",status="201"} 40
http_server_request_duration_seconds_count{method="POST",route="/v1/orders",status="503"} 2
http_server_request_duration_seconds_count{method="GET",route="/v1/orders",status="200"} 8
http_server_request_duration_seconds_count{method="GET",route="/readyz",status="503"} 900
http_server_request_duration_seconds_bucket{le="0.1",method="POST",route="/v1/orders",status="201"} 30
http_server_request_duration_seconds_bucket{le="+Inf",method="POST",route="/v1/orders",status="201"} 40
http_server_request_duration_seconds_bucket{le="0.1",method="GET",route="/readyz",status="503"} 900
http_server_active_requests 3
rpc_server_request_duration_seconds_count{method="orders.v1.OrderService/PlaceOrder",code="OK"} 5
rpc_server_request_duration_seconds_count{method="orders.v1.OrderService/GetOrder",code="UNAVAILABLE"} 1
rpc_server_request_duration_seconds_count{method="orders.v1.OrderService/GetOrder",code="NOT_FOUND"} 1
feed_lag_seconds{partition="3"} 0.5
feed_lag_events{partition="3"} 12
feed_partition_halted{partition="3"} 0
feed_lease_held{partition="7"} 1
feed_partition_halted{partition="7"} 1
feed_published_total 12
kafka_consumer_lag{topic="a"} 3
kafka_consumer_lag{topic="b"} 4
plane_connections{plane="data",listener="http"} 9
plane_connections_unencrypted{plane="data",listener="http"} 9
plane_connections{plane="storage",client="database"} 2
plane_connections_unencrypted{plane="storage",client="database"} 0
"#;

    #[test]
    fn what_is_shown_is_found_and_probes_are_no_traffic() {
        let read = Readings::of(TEXT);
        let edge = |edge: &Edge| format!("{} {} {}", edge.requests, edge.errors, edge.placed);
        assert_eq!(edge(&read.rest), "50 2 40");
        assert_eq!(edge(&read.grpc), "7 1 5");
        assert_eq!(
            format!("{:?}", read.rest.buckets),
            "[(0.1, 30.0), (inf, 40.0)]"
        );
        assert_eq!((read.rest.active, read.grpc.active), (Some(3), None));
        let partitions: Vec<u16> = read.feed.keys().copied().collect();
        assert_eq!(partitions, [3, 7]);
        assert_eq!(read.feed[&3].lag_events, Some(12));
        assert!(!read.feed[&3].halted && read.feed[&7].halted);
        assert_eq!(read.consumer_lag, Some(7));
        let http = Connections {
            all: 9,
            unencrypted: 9,
        };
        assert_eq!(read.connections["http"], http);
        assert_eq!(read.connections["database"].unencrypted, 0);
        assert_eq!(Readings::of("").consumer_lag, None);
    }
}
