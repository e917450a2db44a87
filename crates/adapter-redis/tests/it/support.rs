//! A Redis of its own for each test, and the adapter on it.

use adapter_redis::{Config, Redis};
use order_core::domain::Timestamp;
use order_core::ports::Clock;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use testkit::servers::Redis as Server;
use testkit::servers::redis::Options;
use tokio::time::{sleep, timeout};

/// How long a test waits for anything, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server, and the adapter that is connected to it.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) redis: Redis,
    pub(crate) registry: Registry,
}

impl Bench {
    pub(crate) async fn start() -> Bench {
        let server = start_server(Options::default()).await;
        let mut registry = Registry::default();
        let redis = Redis::start(config(server.address()), &mut registry);
        connected(&redis).await;
        Bench {
            server,
            redis,
            registry,
        }
    }

    /// The sample with this name and these labels; 0 where there is none.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let mut text = String::new();
        encode(&mut text, &self.registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0, |value| value.trim().parse().unwrap())
    }
}

pub(crate) async fn start_server(options: Options) -> Server {
    tokio::task::spawn_blocking(move || Server::start(options))
        .await
        .unwrap()
}

/// Bounds of production, but a call may take longer: this machine may be busy, and a test that is not
/// about time is not to fail for it.
pub(crate) fn config(address: SocketAddr) -> Config {
    Config {
        call_timeout: Duration::from_secs(5),
        ..Config::at(address)
    }
}

pub(crate) async fn connected(redis: &Redis) {
    timeout(PATIENCE, redis.connected())
        .await
        .expect("the adapter connects");
}

/// Waits until `what` is true.
pub(crate) async fn until(name: &str, mut what: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !what().await {
        assert!(started.elapsed() < PATIENCE, "never: {name}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// A clock whose monotonic time is real.
pub(crate) struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }

    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}
