//! The real gRPC edge on a store in memory.

use std::net::SocketAddr;
use std::sync::Arc;
use tls::Security;

use adapter_grpc::{Config, GrpcEdge, Metrics, bind};
use order_core::app::Orders;
use order_load::target::Target;
use planes::{Plane, PlaneKind, Timers};
use prometheus_client::registry::Registry;
use testkit::fakes::{ManualClock, MemoryStore, SequentialIds, StaticHealth};

/// Serves on a free port until the runtime ends.
pub(crate) fn start() -> SocketAddr {
    let config = Config {
        listen_addr: "127.0.0.1:0".parse().unwrap(),
        threads: 0,
        ..Config::default()
    };
    let store = Arc::new(MemoryStore::new());
    let orders = Orders::new(
        Arc::clone(&store) as _,
        store,
        Arc::new(ManualClock::default()),
        Arc::new(SequentialIds::new(1)),
    );
    let plane = Plane::unbound(PlaneKind::Data);
    let metrics = Metrics::new(&mut Registry::default());
    let listener = bind(&plane, &config, Timers::DEFAULT).unwrap();
    let address = listener.local_addr();
    let edge = GrpcEdge::new(config, orders, Arc::new(StaticHealth::ready()), metrics);
    tokio::spawn(adapter_grpc::serve(
        edge,
        listener,
        Security::none(),
        std::future::pending(),
    ));
    address
}

pub(crate) fn target(address: SocketAddr) -> Target {
    format!("http://{address}").parse().unwrap()
}
