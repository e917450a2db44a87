//! Replicas of either build, started and ended one by one as a Deployment does it, and the list of those
//! that callers are sent to. What the manifest says of a pod's end is read from the manifest.

use super::previous;
use super::request_log::Log;
use crate::client::Client;
use crate::service::{Service, binary, program};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const MANIFEST: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../k8s/base/order-service/deployment.yaml"
));
/// When callers have heard that a replica goes away: so long after the kubelet, at the worst. It is what the
/// manifest's preStop is there for.
const HEARD_AFTER: Duration = Duration::from_millis(2_500);
/// How long anything may take on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Answers to each protocol by which a replica is known to serve.
const SERVES: usize = 20;

/// A build of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Build {
    /// The version before: N−1.
    Previous,
    /// This checkout: N.
    Current,
}

impl Build {
    pub(crate) fn command(self) -> Command {
        match self {
            Build::Previous => program(previous()),
            Build::Current => binary(),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Build::Previous => "N−1",
            Build::Current => "N",
        }
    }

    /// Starts one; returns when it listens.
    pub(crate) async fn start(self, environment: &[(&'static str, String)]) -> Service {
        let environment = environment.to_vec();
        let start = move || {
            let environment: Vec<(&str, &str)> = environment
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            Service::start_by(self.command(), &environment, |_| ())
        };
        tokio::task::spawn_blocking(start).await.unwrap()
    }
}

/// What the manifest says of a pod's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manifest {
    pub(crate) pre_stop: Duration,
    pub(crate) drain_timeout: Duration,
    grace: Duration,
}

impl Manifest {
    pub(crate) fn read() -> Manifest {
        Manifest {
            pre_stop: seconds("preStop:", "seconds: "),
            drain_timeout: seconds("name: DRAIN_TIMEOUT", "value: "),
            grace: seconds("spec:", "terminationGracePeriodSeconds: "),
        }
    }
}

/// The number behind `key`, which stands somewhere behind `place`.
fn seconds(place: &str, key: &str) -> Duration {
    let behind = MANIFEST
        .split_once(place)
        .and_then(|(_, rest)| rest.split_once(key));
    let (_, rest) =
        behind.unwrap_or_else(|| panic!("the manifest has no {key:?} behind {place:?}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Duration::from_secs(digits.parse().unwrap())
}

/// A replica as callers know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The how-manieth replica that was started.
    pub(crate) number: usize,
    pub(crate) build: Build,
    pub(crate) rest: SocketAddr,
    pub(crate) grpc: SocketAddr,
}

/// The replicas that are ready, as the addresses of a headless Service tell them.
#[derive(Clone, Default)]
pub(crate) struct Endpoints(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    ready: Vec<Endpoint>,
    turn: usize,
}

impl Endpoints {
    fn add(&self, endpoint: Endpoint) {
        self.0.lock().unwrap().ready.push(endpoint);
    }

    fn remove(&self, number: usize) {
        let mut known = self.0.lock().unwrap();
        known.ready.retain(|endpoint| endpoint.number != number);
    }

    /// One after the other.
    pub(crate) fn next(&self) -> Endpoint {
        let mut known = self.0.lock().unwrap();
        known.turn += 1;
        let ready = &known.ready;
        assert!(!ready.is_empty(), "no replica is ready");
        ready[known.turn % ready.len()]
    }
}

/// How a replica is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As the manifest says.
    AsDeployed,
    /// SIGTERM at once; callers hear of it later.
    WithoutPreStop,
    /// SIGKILL, after callers have heard of it.
    WithoutDrain,
}

struct Replica {
    endpoint: Endpoint,
    service: Service,
}

/// One replica that took another one's place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Switch {
    pub(crate) from: Build,
    pub(crate) to: Build,
    /// Since the load began: from the start of the new one to the end of the old one.
    pub(crate) began: Duration,
    pub(crate) ended: Duration,
    /// From SIGTERM to the end.
    pub(crate) stop: Duration,
}

pub(crate) struct Fleet {
    environment: Vec<(&'static str, String)>,
    manifest: Manifest,
    pub(crate) endpoints: Endpoints,
    replicas: Vec<Replica>,
    /// What those that have ended said.
    said: Vec<(Endpoint, String)>,
    started: usize,
}

impl Fleet {
    pub(crate) fn new(environment: Vec<(&'static str, String)>) -> Fleet {
        let manifest = Manifest::read();
        let drain = format!("{}s", manifest.drain_timeout.as_secs());
        Fleet {
            environment: [environment, vec![("DRAIN_TIMEOUT", drain)]].concat(),
            manifest,
            endpoints: Endpoints::default(),
            replicas: Vec::new(),
            said: Vec::new(),
            started: 0,
        }
    }

    /// Starts one more; callers are sent there once it is ready.
    pub(crate) async fn start(&mut self, build: Build) -> Endpoint {
        let service = build.start(&self.environment).await;
        until_ready(&service).await;
        self.started += 1;
        let endpoint = Endpoint {
            number: self.started,
            build,
            rest: service.rest,
            grpc: service.grpc,
        };
        self.endpoints.add(endpoint);
        self.replicas.push(Replica { endpoint, service });
        endpoint
    }

    /// The replicas, oldest first.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Service> {
        self.replicas.iter().map(|replica| &replica.service)
    }

    /// Replaces every replica, one by one: the new one has to be ready and to serve before the old one is
    /// ended (maxSurge 1, maxUnavailable 0).
    pub(crate) async fn roll(&mut self, to: Build, log: &Log) -> Vec<Switch> {
        let mut switches = Vec::new();
        for _ in 0..self.replicas.len() {
            let began = log.now();
            let new = self.start(to).await;
            until_serves(log, new).await;
            let from = self.replicas[0].endpoint.build;
            let stop = self.end_oldest(End::AsDeployed).await;
            let ended = log.now();
            switches.push(Switch {
                from,
                to,
                began,
                ended,
                stop,
            });
        }
        switches
    }

    /// Ends the oldest replica; answers how long its process took for that.
    pub(crate) async fn end_oldest(&mut self, end: End) -> Duration {
        let Replica { endpoint, service } = self.replicas.remove(0);
        let endpoints = self.endpoints.clone();
        let heard = async {
            sleep(HEARD_AFTER).await;
            endpoints.remove(endpoint.number);
        };
        let manifest = self.manifest;
        let stopped = async {
            match end {
                End::AsDeployed => sleep(manifest.pre_stop).await,
                End::WithoutPreStop => (),
                End::WithoutDrain => sleep(HEARD_AFTER * 2).await,
            }
            let signal = if end == End::WithoutDrain {
                "KILL"
            } else {
                "TERM"
            };
            let asked = Instant::now();
            service.signal(signal);
            let ended = tokio::task::spawn_blocking(|| service.wait())
                .await
                .unwrap();
            (asked.elapsed(), ended)
        };
        let ((), (took, (status, said))) = tokio::join!(heard, stopped);
        if end == End::AsDeployed {
            let answered = said.contains("everything that was accepted is answered");
            assert!(
                status.success() && answered,
                "{endpoint:?}: {status}\n{said}"
            );
            let left = manifest.grace.saturating_sub(manifest.pre_stop);
            assert!(took < left, "it took {took:?} of {left:?}");
        }
        self.said.push((endpoint, said));
        took
    }

    /// What replicas warned of: where a request has failed, the reason is among it.
    fn complaints(&self) -> String {
        let running = self.replicas.iter();
        let running = running.map(|replica| (replica.endpoint, replica.service.log()));
        let mut text = String::new();
        for (Endpoint { number, build, .. }, said) in self.said.iter().cloned().chain(running) {
            let loud = |line: &&str| line.contains("\"WARN\"") || line.contains("\"ERROR\"");
            for line in said.lines().filter(loud) {
                writeln!(text, "{} (replica {number}): {line}", build.name()).unwrap();
            }
        }
        text
    }

    /// Not one request failed, and there were some.
    pub(crate) fn assert_none_failed(&self, log: &Log) {
        let failures = log.failures();
        let first: Vec<&String> = failures.iter().take(20).collect();
        assert!(
            failures.is_empty(),
            "{} of {} requests failed; the first: {first:#?}\n{}",
            failures.len(),
            log.requests(),
            self.complaints()
        );
        assert!(log.requests() > 0, "nothing was asked for at all");
    }
}

/// As the kubelet asks.
async fn until_ready(service: &Service) {
    let (started, mut client) = (Instant::now(), Client::new(service.rest));
    while client.get("/health").await.status != 200 {
        assert!(
            started.elapsed() < PATIENCE,
            "never ready: {}",
            service.log()
        );
        sleep(LOOK).await;
    }
}

/// Waits until callers of both protocols were answered by it.
pub(crate) async fn until_serves(log: &Log, replica: Endpoint) {
    let started = Instant::now();
    while !log.is_served_by(replica, SERVES) {
        assert!(
            started.elapsed() < PATIENCE,
            "{replica:?} gets no calls: {}",
            log.summary()
        );
        sleep(LOOK).await;
    }
}
