//! Traces and logs against a real collector, and without one.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod collector;

use adapter_otlp::{Config, Otlp};
use collector::Collector;
use planes::{Plane, PlaneKind, Resolver};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, Instant};
use testkit::servers::Authority;
use tls::ClientTls;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A service that ships to `endpoint` by `interface`.
struct Service {
    otlp: Otlp,
    registry: Registry,
    _told: DefaultGuard,
}

impl Service {
    fn start(endpoint: &str, interface: &str, ca: Option<&Path>) -> Service {
        Service::with(endpoint, interface, ca, |config| config)
    }

    fn with(
        endpoint: &str,
        interface: &str,
        ca: Option<&Path>,
        change: impl FnOnce(Config) -> Config,
    ) -> Service {
        let plane = Plane::bound(PlaneKind::Management, interface).unwrap();
        let resolver = Resolver::new(Plane::unbound(PlaneKind::Default));
        let tls = ca.map(|file| ClientTls {
            ca_file: Some(file.to_owned()),
            identity: None,
        });
        let config = Config {
            gather: Duration::from_millis(20),
            ..Config::at(endpoint, tls, plane, resolver).unwrap()
        };
        let otlp = Otlp::start(&change(config));
        let mut registry = Registry::default();
        otlp.register(&mut registry);
        let subscriber = tracing_subscriber::registry().with(otlp.layer(LevelFilter::INFO));
        Service {
            otlp,
            registry,
            _told: tracing::subscriber::set_default(subscriber),
        }
    }

    /// A counter: `sent` or `dropped`, of `traces` or `logs`.
    fn count(&self, what: &str, signal: &str) -> u64 {
        let mut text = String::new();
        encode(&mut text, &self.registry).unwrap();
        let start = format!("otlp_{what}_total{{signal=\"{signal}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap().parse().unwrap()
    }

    async fn until(&self, what: &str, holds: impl Fn(&Service) -> bool) {
        let poll = async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), poll).await;
        assert!(waited.is_ok(), "never: {what}: {:?}", self.otlp.trouble()());
    }
}

fn span(traceparent: Option<&str>) -> tracing::Span {
    tracing::debug_span!(
        "call",
        otel.kind = "server",
        otel.name = "PlaceOrder",
        traceparent
    )
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// By the management plane's device and TLS; the caller's span is the parent of ours.
#[tokio::test]
async fn traces_and_logs_reach_the_collector() {
    let authority = Authority::new();
    let good = authority.good();
    let collector = Collector::start(0, Some(&good), 0);
    let endpoint = format!("localhost:{}", collector.address.port());
    let service = Service::start(&endpoint, "lo", Some(&good.authority));

    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    span(Some(&traceparent)).in_scope(|| {
        tracing::debug_span!("unmarked").in_scope(|| {
            tracing::info!(order = 7, "an order was placed");
            tracing::debug!("below the level");
        });
    });
    span(None).in_scope(|| ());
    collector
        .until("two spans and a line", |got| {
            !got.traces.is_empty() && !got.logs.is_empty()
        })
        .await;
    service
        .until("two spans", |service| service.count("sent", "traces") == 2)
        .await;

    let spans = collector.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["PlaceOrder"; 2], "unmarked spans are not shipped");
    let (child, root) = (&spans[0], &spans[1]);
    assert_eq!(
        (hex(&child.trace_id), hex(&child.parent_span_id)),
        (TRACE.into(), PARENT.into())
    );
    assert!(root.parent_span_id.is_empty() && hex(&root.trace_id) != TRACE);
    // SPAN_KIND_SERVER.
    assert_eq!(child.kind, 2);

    let lines = collector.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let (target, line) = &lines[0];
    assert_eq!(target, module_path!());
    let said = format!("{line:?}");
    assert!(
        said.contains("an order was placed") && said.contains("order"),
        "{said}"
    );
    assert_eq!(
        (&line.trace_id, &line.span_id),
        (&child.trace_id, &child.span_id)
    );

    let resource = collector.look(|got| format!("{:?}", got.traces[0].resource));
    assert!(resource.contains("service.name") && resource.contains("order-service"));
    let local = IpAddr::from(Ipv4Addr::LOCALHOST);
    assert!(collector.look(|got| got.peers.iter().all(|peer| *peer == local)));
    assert_eq!(service.otlp.trouble()(), None);
}

/// What a caller has decided not to keep is not kept.
#[tokio::test]
async fn a_trace_that_the_caller_does_not_keep_is_not_shipped() {
    let collector = Collector::start(0, None, 0);
    let service = Service::start(&collector.address.to_string(), "lo", None);
    span(Some(&format!("00-{TRACE}-{PARENT}-00"))).in_scope(|| ());
    span(None).in_scope(|| ());
    assert!(service.otlp.stop().await);
    let spans = collector.spans();
    assert_eq!(spans.len(), 1);
    assert_ne!(hex(&spans[0].trace_id), TRACE);
}

/// More than the queue holds: what is too much is dropped and counted, and nobody waits.
#[tokio::test]
async fn without_a_collector_nobody_waits_and_every_loss_is_counted() {
    // Nobody listens there.
    let service = Service::with("127.0.0.1:1", "lo", None, |config| Config {
        retry_for: Duration::from_millis(100),
        ..config
    });
    let (spans, started) = (20_000, Instant::now());
    for _ in 0..spans {
        span(None).in_scope(|| ());
    }
    let took = started.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(
        service.count("dropped", "traces") > 10_000,
        "the queue is bounded"
    );
    service
        .until("every span is counted", |service| {
            service.count("dropped", "traces") == spans
        })
        .await;
    assert_eq!(service.count("sent", "traces"), 0);
    let trouble = service.otlp.trouble()().unwrap();
    assert!(
        trouble.contains("127.0.0.1:1") && trouble.contains("management plane (lo)"),
        "{trouble}"
    );
    let started = Instant::now();
    assert!(service.otlp.stop().await);
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_collector_that_comes_later_gets_what_waited() {
    // A port that is free, and stays so for a moment.
    let port = Collector::start(0, None, 0).address.port();
    let service = Service::start(&format!("127.0.0.1:{port}"), "lo", None);
    for _ in 0..100 {
        span(None).in_scope(|| ());
    }
    service
        .until("it is away", |service| service.otlp.trouble()().is_some())
        .await;
    let collector = Collector::start(port, None, 0);
    service
        .until("all are there", |service| {
            service.count("sent", "traces") == 100
        })
        .await;
    assert_eq!(
        (collector.spans().len(), service.count("dropped", "traces")),
        (100, 0)
    );
    assert_eq!(service.otlp.trouble()(), None);
}

#[tokio::test]
async fn what_the_collector_refuses_is_counted() {
    let collector = Collector::start(0, None, 1);
    let service = Service::start(&collector.address.to_string(), "lo", None);
    for _ in 0..5 {
        span(None).in_scope(|| ());
    }
    service
        .until("five", |service| {
            service.count("sent", "traces") + service.count("dropped", "traces") == 5
        })
        .await;
    assert!(service.count("dropped", "traces") >= 1);
}

#[tokio::test]
async fn what_is_queued_is_shipped_at_a_stop() {
    let collector = Collector::start(0, None, 0);
    let service = Service::with(&collector.address.to_string(), "lo", None, |config| {
        Config {
            gather: Duration::from_mins(1),
            ..config
        }
    });
    for _ in 0..1_000 {
        span(None).in_scope(|| ());
        tracing::info!("a line");
    }
    assert!(service.otlp.stop().await, "not in time");
    assert_eq!(
        (collector.spans().len(), collector.lines().len()),
        (1_000, 1_000)
    );
}

#[tokio::test]
async fn who_is_not_trusted_or_cannot_be_reached_is_told() {
    let (us, them) = (Authority::new(), Authority::new());
    let collector = Collector::start(0, Some(&us.good()), 0);
    let endpoint = format!("localhost:{}", collector.address.port());
    for (interface, ca, told) in [
        (
            "lo",
            Some(them.good().authority),
            "an authority that is not trusted",
        ),
        ("absent0", Some(us.good().authority), "NET001"),
    ] {
        let service = Service::start(&endpoint, interface, ca.as_deref());
        span(None).in_scope(|| ());
        service
            .until("trouble", |service| service.otlp.trouble()().is_some())
            .await;
        let trouble = service.otlp.trouble()().unwrap();
        assert!(trouble.contains(told), "{trouble}");
    }
    assert!(collector.spans().is_empty());
}
