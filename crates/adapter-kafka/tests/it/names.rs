//! Brokers that are known by a name, to our own resolver alone.

use crate::bench::{Bench, Feed};
use crate::consumer::read;
use adapter_kafka::{Config, KafkaPublisher};
use planes::{BlockingResolver, Plane, PlaneKind};
use std::net::{Ipv4Addr, ToSocketAddrs, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use testkit::servers::kafka::Options;
use testkit::servers::{Kafka, NameServer, names};

/// What the broker calls itself; no server of this world knows it, nor does `/etc/hosts`.
const NAME: &str = "kafka.planes.test";
/// Where the only name server is.
const SERVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);
const TEST: &str = "names::brokers_names_are_asked_by_our_resolver_and_by_nobody_else";

/// Runs in a network namespace of its own whose one name server the test plays, and where `getaddrinfo`
/// asks no name server.
#[test]
fn brokers_names_are_asked_by_our_resolver_and_by_nobody_else() {
    if names::is_among() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(publish_by_name());
        return;
    }
    let namespace = Namespace::new();
    names::run_among(&namespace.0, SERVER, TEST);
}

async fn publish_by_name() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a name server is outside the planes"
    )]
    let socket = UdpSocket::bind((SERVER, 53)).unwrap();
    let server = NameServer::start(socket, &[(NAME, Ipv4Addr::LOCALHOST)]);
    assert_getaddrinfo_is_blind();
    let start = || {
        Kafka::start(Options {
            name: Some(NAME),
            ..Options::default()
        })
    };
    let kafka = tokio::task::spawn_blocking(start).await.unwrap();
    assert!(kafka.bootstrap().starts_with(NAME), "{}", kafka.bootstrap());
    // The control: the plane of names has no device, and nobody else is asked in its place.
    let absent = Plane::bound(PlaneKind::Default, "absent0").unwrap();
    let error = publish(&kafka, absent).await.unwrap_err();
    for part in [NAME, "default plane (absent0)", "DNS_PLANE"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(server.asked(), [], "a question went out by no plane");

    let lo = Plane::bound(PlaneKind::Default, "lo").unwrap();
    let published = publish(&kafka, lo).await.unwrap();
    assert_eq!(published, 20);
    let asked = server.asked();
    assert!(asked.iter().any(|asked| asked.name == NAME), "{asked:?}");
}

/// Publishes a feed of 20 events to the broker by its name and answers how many of them are there.
async fn publish(kafka: &Kafka, dns: Plane) -> Result<usize, String> {
    let bench = Bench::new(&kafka.bootstrap(), 1);
    let config = Config {
        resolver: BlockingResolver::new(dns),
        request_timeout: std::time::Duration::from_secs(5),
        ..bench.config
    };
    let feed = Feed::new();
    feed.grow(20).await;
    let publisher = Arc::new(KafkaPublisher::new(config.clone()));
    let done = feed.publish_all(publisher).await;
    done.map_err(|error| error.to_string())?;
    let (inside, topic) = (kafka.inside(), config.topics.events);
    let there = tokio::task::spawn_blocking(move || read(&inside, &topic).len());
    Ok(there.await.unwrap())
}

fn assert_getaddrinfo_is_blind() {
    #[expect(clippy::disallowed_methods, reason = "the control of this test")]
    let found = (NAME, 1).to_socket_addrs();
    assert!(found.is_err(), "getaddrinfo knows {NAME}: {found:?}");
}

/// A network namespace that goes away with this value.
struct Namespace(String);

impl Namespace {
    fn new() -> Namespace {
        let namespace = Namespace(format!("kafka-names-{}", std::process::id()));
        ip(&["netns", "add", &namespace.0]);
        ip(&["-n", &namespace.0, "link", "set", "lo", "up"]);
        namespace
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A failure here must not hide the test's own.
        let _ = Command::new("ip")
            .args(["netns", "delete", &self.0])
            .status();
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output();
    let output = output.expect("`ip` of the package iproute2 is needed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "ip {arguments:?}: {errors}; network namespaces need root"
    );
}
