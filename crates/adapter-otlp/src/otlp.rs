//! Everything together: the layers for `tracing`, the queues, the tasks that ship.

use crate::config::{Config, QUEUE_ITEMS};
use crate::connect::Collector;
use crate::logs::{Lines, Logs};
use crate::metrics::Metrics;
use crate::parent::{Enter, Leave, TRACER};
use crate::queue::Queue;
use crate::ship::ship;
use crate::traces::{Spans, Traces};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prometheus_client::registry::Registry;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Filter, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Only spans that say of which kind they are are traced; a span without costs nothing.
const KIND_FIELD: &str = "otel.kind";
/// What ships tells nothing to the collector: each line would make another.
const SHIPPERS: [&str; 7] = [
    "adapter_otlp",
    "h2",
    "hyper",
    "opentelemetry",
    "rustls",
    "tonic",
    "tower",
];

/// Ships traces and logs until it is stopped.
#[derive(Debug)]
pub struct Otlp {
    tracers: SdkTracerProvider,
    loggers: SdkLoggerProvider,
    collector: Collector,
    metrics: Metrics,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    flush_timeout: Duration,
}

impl Otlp {
    /// Starts the tasks; the collector need not be there. Must be called inside a Tokio runtime.
    pub fn start(config: &Config) -> Otlp {
        TRACER.install();
        let (collector, channel) = Collector::connect(config);
        let (name, version) = config.service;
        let resource = Resource::builder_empty()
            .with_service_name(name)
            .with_attribute(KeyValue::new("service.version", version))
            .build();
        let attributes = || ResourceAttributesWithSchema::from(&resource);
        let metrics = Metrics::default();
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();

        let counts = metrics.of("traces");
        let (spans, queue) = Queue::of(QUEUE_ITEMS, counts.clone());
        let traces = Traces::by(channel.clone(), attributes());
        tasks.spawn(ship(
            traces,
            queue,
            collector.clone(),
            counts,
            stopped.clone(),
        ));

        let counts = metrics.of("logs");
        let (lines, queue) = Queue::of(QUEUE_ITEMS, counts.clone());
        let logs = Logs::by(channel, attributes());
        tasks.spawn(ship(logs, queue, collector.clone(), counts, stopped));

        Otlp {
            tracers: SdkTracerProvider::builder()
                .with_span_processor(Spans(spans))
                .with_resource(resource.clone())
                .build(),
            loggers: SdkLoggerProvider::builder()
                .with_log_processor(Lines(lines))
                .with_resource(resource)
                .build(),
            collector,
            metrics,
            tasks,
            stop,
            flush_timeout: config.flush_timeout,
        }
    }

    /// What `tracing` is to tell: spans that bear `otel.kind`, whose parent is the caller's where they bear a
    /// `traceparent`, and the log lines that `lines` lets through.
    pub fn layer<S, F>(&self, lines: F) -> impl Layer<S> + Send + Sync + use<S, F>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
        F: Filter<S> + Send + Sync + 'static,
    {
        let tracer = self.tracers.tracer("order-service");
        let spans = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false);
        let marked = filter_fn(|metadata: &Metadata<'_>| {
            metadata.is_span() && metadata.fields().field(KIND_FIELD).is_some()
        });
        let marked = marked.with_max_level_hint(LevelFilter::DEBUG);
        let spans = Enter.and_then(spans).and_then(Leave).with_filter(marked);
        let others = filter_fn(|metadata: &Metadata<'_>| {
            let target = metadata.target();
            let is = |name: &&str| target.split("::").next() == Some(*name);
            metadata.is_event() && !SHIPPERS.iter().any(is)
        });
        let lines = OpenTelemetryTracingBridge::new(&self.loggers).with_filter(lines.and(others));
        spans.and_then(lines)
    }

    /// Registers `otlp_sent_total` and `otlp_dropped_total`.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// Tells, whenever it is asked, why the last batch did not reach the collector; nothing where it did.
    pub fn trouble(&self) -> impl Fn() -> Option<String> + Send + Sync + use<> {
        let collector = self.collector.clone();
        move || collector.trouble()
    }

    /// Ships what is queued and ends, within the bound of the configuration; answers whether all of it was
    /// tried in time.
    pub async fn stop(mut self) -> bool {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout(self.flush_timeout, ended)
            .await
            .is_ok()
    }
}
