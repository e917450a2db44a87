//! A management plane on a free port, and a client that shows whole answers.

use crate::fakes::{FakeNetwork, repairs};
use crate::overview::FakeOverview;
use adapter_management::{
    Config, Management, RepairMetrics, register_process_metrics, router, serve,
};
use order_core::ports::{Component, HealthReport, HealthSource};
use planes::{
    ConnectOptions, DrainTrigger, ListenOptions, Plane, PlaneKind, ServeReport, connect,
    drain_channel, listen,
};
use prometheus_client::registry::Registry;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testkit::fakes::{MemoryStore, StaticCallers};
use tls::Security;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// No wait of a test is longer; one that is has failed.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) health: Arc<FakeHealth>,
    pub(crate) overview: Arc<FakeOverview>,
    pub(crate) callers: Arc<StaticCallers>,
    pub(crate) store: MemoryStore,
    pub(crate) stop: DrainTrigger,
    pub(crate) task: JoinHandle<ServeReport>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut registry = Registry::default();
        register_process_metrics(&mut registry, "1.2.3");
        Self::start_with(registry, Config::default())
    }

    pub(crate) fn start_with(registry: Registry, config: Config) -> Self {
        Self::secured(registry, config, Security::none())
    }

    pub(crate) fn secured(registry: Registry, config: Config, security: Security) -> Self {
        let health = Arc::new(FakeHealth(Mutex::new(vec![
            component("store", true, true, "data/orders.db"),
            component("redis", true, false, ""),
        ])));
        let callers = Arc::new(StaticCallers::nobody());
        let store = MemoryStore::new();
        let mut registry = registry;
        let repair_metrics = RepairMetrics::new(&mut registry);
        let overview = Arc::new(FakeOverview::whole());
        let management = Management {
            name: "order-service",
            version: "1.2.3",
            pod: Some("order-service-a".to_owned()),
            started: Instant::now(),
            health: Arc::clone(&health) as Arc<dyn HealthSource>,
            registry: Arc::new(registry),
            overview: overview.clone(),
            callers: callers.clone(),
            repairs: repairs(&store),
            repair_metrics,
            network: Arc::new(FakeNetwork),
        };
        let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let plane = Plane::unbound(PlaneKind::Management);
        let listener = listen(&plane, free_port, ListenOptions::default()).unwrap();
        let address = listener.local_addr();
        let (stop, stopped) = drain_channel();
        let service = serve(
            listener,
            config,
            router(management),
            security,
            stopped.started(),
        );
        Self {
            address,
            health,
            overview,
            callers,
            store,
            stop,
            task: tokio::spawn(service),
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        let plane = Plane::unbound(PlaneKind::Management);
        connect(&plane, self.address, ConnectOptions::default())
            .await
            .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    /// `more` is further header lines, each with its end, and after an empty line a body.
    pub(crate) async fn send(&self, method: &str, path: &str, more: &str) -> Answer {
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{more}");
        let end = if more.contains("\r\n\r\n") {
            ""
        } else {
            "\r\n"
        };
        let mut stream = self.connect().await;
        stream.write_all((request + end).as_bytes()).await.unwrap();
        Answer::parse(&read_to_end(&mut stream).await)
    }
}

pub(crate) async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    within(stream.read_to_string(&mut text)).await.unwrap();
    text
}

/// What `work` gives, or a failed test.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(TEST_TIMEOUT, work)
        .await
        .expect("the test's time limit")
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) fn component(name: &str, ok: bool, required: bool, detail: &str) -> Component {
    Component {
        name: name.to_owned(),
        ok,
        required,
        detail: detail.to_owned(),
    }
}

/// Components as the test sets them.
pub(crate) struct FakeHealth(Mutex<Vec<Component>>);

impl FakeHealth {
    pub(crate) fn set(&self, name: &str, ok: bool, detail: &str) {
        let mut components = self.0.lock().unwrap();
        let component = components.iter_mut().find(|c| c.name == name).unwrap();
        component.ok = ok;
        detail.clone_into(&mut component.detail);
    }
}

impl HealthSource for FakeHealth {
    fn report(&self) -> HealthReport {
        HealthReport::of(self.0.lock().unwrap().clone())
    }
}
