//! A desk to call gRPC from: a server on a real listener, the store behind it, and clients.

use adapter_grpc::{Config, GrpcEdge, Metrics, bind};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use order_core::app::Orders;
use order_core::domain::Timestamp;
use order_core::ports::{EventFeed, FeedToken, OrderStore, Rate};
use order_proto::v1::order_service_client::OrderServiceClient;
use order_proto::v1::{NewOrder, NewOrderLine, Order, PlaceOrderRequest};
use planes::{ConnectOptions, Keep, Plane, PlaneKind, ServeReport, Timers, connect};
use prometheus_client::registry::Registry;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use testkit::fakes::{
    ManualClock, MemoryCache, MemoryRateLimiter, MemoryStore, SequentialIds, StaticHealth,
};
use tls::Security;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::body::Body;

/// No step of a test takes longer; only a failure does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that a test asks or looks at.
pub(crate) struct Desk {
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) health: Arc<StaticHealth>,
    pub(crate) registry: Registry,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<ServeReport>,
    keep: Keep,
}

pub(crate) type Client = OrderServiceClient<Wire>;

/// One listener on the test's own runtime.
pub(crate) fn here() -> Config {
    Config {
        listen_addr: "127.0.0.1:0".parse().unwrap(),
        threads: 0,
        ..Config::default()
    }
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk::with(here())
    }

    pub(crate) fn with(config: Config) -> Desk {
        let store = MemoryStore::new();
        let (orders, feed) = (Arc::new(store.clone()), Arc::new(store.clone()));
        Desk::on(config, store, orders, feed)
    }

    /// A desk whose application stands on other ports than the plain store.
    pub(crate) fn on(
        config: Config,
        store: MemoryStore,
        orders: Arc<dyn OrderStore>,
        feed: Arc<dyn EventFeed>,
    ) -> Desk {
        Desk::made(config, store, orders, feed, None)
    }

    /// A desk that holds callers to this rate, by its clock.
    pub(crate) fn limited(rate: Rate) -> Desk {
        let store = MemoryStore::new();
        let (orders, feed) = (Arc::new(store.clone()), Arc::new(store.clone()));
        Desk::made(here(), store, orders, feed, Some(rate))
    }

    /// Every desk has a cache that goes by its clock.
    fn made(
        config: Config,
        store: MemoryStore,
        orders: Arc<dyn OrderStore>,
        feed: Arc<dyn EventFeed>,
        rate: Option<Rate>,
    ) -> Desk {
        let clock = Arc::new(ManualClock::default());
        let cache = Arc::new(MemoryCache::by(clock.clone()));
        let orders = Orders::new(orders, feed, clock.clone(), Arc::new(SequentialIds::new(1)))
            .with_cache(cache);
        let health = Arc::new(StaticHealth::ready());
        let mut registry = Registry::default();
        let metrics = Metrics::new(&mut registry);
        let listener = bind(&plane(), &config, Timers::DEFAULT).unwrap();
        let (address, keep) = (listener.local_addr(), listener.keep());
        let edge = match rate {
            Some(rate) => {
                let limiter = Arc::new(MemoryRateLimiter::new(rate, clock.clone()));
                GrpcEdge::limited(config, orders, health.clone(), metrics, limiter)
            }
            None => GrpcEdge::new(config, orders, health.clone(), metrics),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            adapter_grpc::serve(edge, listener, Security::none(), stopped).await
        });
        Desk {
            store,
            clock,
            health,
            registry,
            address,
            stop,
            served,
            keep,
        }
    }

    pub(crate) async fn stream(&self) -> TcpStream {
        connect(&plane(), self.address, ConnectOptions::default())
            .await
            .unwrap()
    }

    pub(crate) async fn wire(&self) -> Wire {
        self.wire_with(&Builder::new(TokioExecutor::new())).await
    }

    /// A connection with settings of its own.
    pub(crate) async fn wire_with(&self, builder: &Builder<TokioExecutor>) -> Wire {
        let stream = TokioIo::new(self.stream().await);
        let (send, connection) = builder.handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Wire(send)
    }

    pub(crate) async fn client(&self) -> Client {
        client_of(self.wire().await)
    }

    /// The newest position of the feed: it moves with every change.
    pub(crate) async fn head(&self) -> FeedToken {
        self.store.head().await.unwrap()
    }

    /// Places an ordinary order.
    pub(crate) async fn placed(&self, key: &str) -> Order {
        let mut client = self.client().await;
        client.place_order(place(key)).await.unwrap().into_inner()
    }

    /// Says stop; [`Stopping::report`] tells how it ended.
    pub(crate) fn stop(self) -> Stopping {
        self.stop.send(()).unwrap();
        Stopping(self.served, self.keep)
    }
}

pub(crate) struct Stopping(JoinHandle<ServeReport>, Keep);

impl Stopping {
    pub(crate) async fn report(self) -> ServeReport {
        self.report_and_keep().await.0
    }

    /// The report, and what keeps the threads running.
    pub(crate) async fn report_and_keep(self) -> (ServeReport, Keep) {
        let ended = tokio::time::timeout(PATIENCE, self.0).await;
        (ended.expect("the drain ends").unwrap(), self.1)
    }
}

pub(crate) fn plane() -> Plane {
    Plane::unbound(PlaneKind::Data)
}

pub(crate) fn client_of(wire: Wire) -> Client {
    OrderServiceClient::with_origin(wire, "http://orders".parse().unwrap())
        .max_decoding_message_size(64 << 20)
}

/// An HTTP/2 connection as tonic's clients take one. It keeps no deadlines by itself, so that a test
/// sees what the server does about them.
#[derive(Clone)]
pub(crate) struct Wire(pub(crate) SendRequest<Body>);

impl tower::Service<Request<Body>> for Wire {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, hyper::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

/// An ordinary order: 2 × 19.99 and 1 × 5.00, 44.98 in all.
pub(crate) fn order() -> NewOrder {
    NewOrder {
        customer_id: "customer-1".to_owned(),
        currency: "EUR".to_owned(),
        lines: vec![line("book", 2, 1_999), line("pen", 1, 500)],
        ..NewOrder::default()
    }
}

pub(crate) fn line(sku: &str, quantity: i64, unit_price: i64) -> NewOrderLine {
    NewOrderLine {
        sku: sku.to_owned(),
        quantity,
        unit_price,
        ..NewOrderLine::default()
    }
}

pub(crate) fn place(key: &str) -> PlaceOrderRequest {
    place_this(key, order())
}

pub(crate) fn place_this(key: &str, order: NewOrder) -> PlaceOrderRequest {
    PlaceOrderRequest {
        order: Some(order),
        request_id: key.to_owned(),
        validate_only: false,
    }
}

/// The time as a message says it.
pub(crate) fn wire_time(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.millis().div_euclid(1_000),
        nanos: i32::try_from(at.millis().rem_euclid(1_000)).unwrap() * 1_000_000,
    }
}
