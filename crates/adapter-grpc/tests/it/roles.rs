//! Who may call what: every method held to its role, before anything of its message is read.

use crate::desk::{here, place};
use crate::told::Told;
use adapter_grpc::{GrpcEdge, Metrics, Visitor};
use http::{Request, Response};
use http_body::Body as _;
use order_core::app::Orders;
use order_core::ports::{Caller, EventFeed, Identity, Rate, Role};
use order_proto::FILE_DESCRIPTOR_SET;
use order_proto::v1::order_service_client::OrderServiceClient;
use order_proto::v1::{ListOrderEventsRequest, ListOrdersRequest, WatchOrdersRequest};
use prometheus_client::registry::Registry;
use prost_reflect::DescriptorPool;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use testkit::fakes::{
    ManualClock, MemoryRateLimiter, MemoryStore, SequentialIds, StaticCallers, StaticHealth,
};
use tokio::time::timeout;
use tonic::Code;
use tonic::body::Body;

const WEB: &str = "spiffe://example/ns/shop/sa/web";

/// Every method of the order service, and the role that it takes.
const METHODS: [(&str, Role); 11] = [
    ("PlaceOrder", Role::Place),
    ("BatchPlaceOrders", Role::Place),
    ("GetOrder", Role::Read),
    ("ListOrders", Role::Read),
    ("ListOrderEvents", Role::Read),
    ("WatchOrders", Role::Read),
    ("CancelOrder", Role::Change),
    ("AmendOrder", Role::Change),
    ("HoldOrder", Role::Change),
    ("ReleaseOrder", Role::Change),
    ("RecordFact", Role::Fact),
];

/// What everybody may call.
const OPEN: [&str; 4] = [
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// An edge without a listener, and whom it knows.
struct Door {
    edge: GrpcEdge,
    store: MemoryStore,
    callers: Arc<StaticCallers>,
}

/// The edge as one visitor's client calls it.
#[derive(Clone)]
struct By(GrpcEdge, Visitor);

impl tower::Service<Request<Body>> for By {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let By(edge, visitor) = self.clone();
        Box::pin(async move { Ok(edge.answer_to(&visitor, request).await) })
    }
}

impl Door {
    fn new(rate: Option<Rate>) -> Door {
        let store = MemoryStore::new();
        let (orders, feed) = (Arc::new(store.clone()), Arc::new(store.clone()));
        let clock = Arc::new(ManualClock::default());
        let ids = Arc::new(SequentialIds::new(1));
        let orders = Orders::new(orders, feed, clock.clone(), ids);
        let health = Arc::new(StaticHealth::ready());
        let metrics = Metrics::new(&mut Registry::default());
        let callers = Arc::new(StaticCallers::nobody());
        let edge = match rate {
            None => GrpcEdge::new(here(), orders, health, metrics),
            Some(rate) => {
                let limiter = Arc::new(MemoryRateLimiter::new(rate, clock));
                GrpcEdge::limited(here(), orders, health, metrics, limiter)
            }
        };
        Door {
            edge: edge.knowing(callers.clone()),
            store,
            callers,
        }
    }

    fn visitor(&self, caller: Caller, last: u8) -> Visitor {
        let address: IpAddr = Ipv4Addr::new(10, 20, 0, last).into();
        self.edge.visitor(caller, address, None)
    }

    fn client(&self, caller: Caller, last: u8) -> OrderServiceClient<By> {
        let by = By(self.edge.clone(), self.visitor(caller, last));
        OrderServiceClient::with_origin(by, "http://orders".parse().unwrap())
    }

    /// The code of a call of this method with an empty body; 0 where it goes on.
    async fn code(&self, visitor: &Visitor, path: &str) -> Code {
        let request = Request::post(path).header("content-type", "application/grpc");
        let request = request.body(Body::empty()).unwrap();
        let response = self.edge.answer_to(visitor, request).await;
        let status = response.headers().get("grpc-status");
        status.map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
    }
}

fn named(name: &str) -> Caller {
    Caller::Named(Identity::new(name).unwrap())
}

#[test]
fn every_method_of_the_service_has_its_role_here() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let mut described: Vec<String> = Vec::new();
    for service in pool.services() {
        let name = service.full_name().to_owned();
        described.extend(
            service
                .methods()
                .map(|method| format!("{name}/{}", method.name())),
        );
    }
    described.sort();
    let mut known = METHODS.map(|(name, _)| format!("orders.v1.OrderService/{name}"));
    known.sort();
    assert_eq!(described, known);
    let all = adapter_grpc::Method::ALL.len() - 1;
    assert_eq!(METHODS.len() + OPEN.len(), all);
}

#[tokio::test]
async fn every_method_takes_its_role_and_no_other() {
    let door = Door::new(None);
    for held in Role::ALL.map(Some).into_iter().chain([None]) {
        door.callers.set(WEB, held.as_slice());
        let visitor = door.visitor(named(WEB), 7);
        for (name, needed) in METHODS {
            let path = format!("/orders.v1.OrderService/{name}");
            let denied = door.code(&visitor, &path).await == Code::PermissionDenied;
            assert_eq!(denied, held != Some(needed), "{held:?} calls {name}");
        }
        for path in OPEN {
            let code = door.code(&visitor, path).await;
            assert_ne!(code, Code::PermissionDenied, "{path}");
        }
    }
}

#[tokio::test]
async fn a_refusal_says_who_lacks_what_and_changes_nothing() {
    let door = Door::new(None);
    let head = door.store.head().await.unwrap();
    let mut client = door.client(named(WEB), 7);
    let told = Told::by(&client.place_order(place("k")).await.unwrap_err());
    assert_eq!(
        (told.code, told.reason(), told.metadata("role")),
        (
            Code::PermissionDenied,
            "PERMISSION_DENIED",
            Some(Role::Place.as_str())
        )
    );
    let status = client.place_order(place("k")).await.unwrap_err();
    for word in [WEB, "place", "CALLERS_FILE"] {
        assert!(status.message().contains(word), "{status:?}");
    }
    let mut client = door.client(Caller::Unnamed, 7);
    let told = Told::by(&client.place_order(place("k")).await.unwrap_err());
    assert_eq!(
        (told.code, told.reason()),
        (Code::Unauthenticated, "UNAUTHENTICATED")
    );
    assert_eq!(door.store.head().await.unwrap(), head);
}

/// A body that tells whether anybody has read of it.
struct Watched(Arc<AtomicBool>);

impl http_body::Body for Watched {
    type Data = bytes::Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Infallible>>> {
        self.0.store(true, Ordering::SeqCst);
        Poll::Ready(None)
    }
}

#[tokio::test]
async fn nothing_of_a_message_is_read_for_who_may_not_send_it() {
    let door = Door::new(None);
    let visitor = door.visitor(named(WEB), 7);
    for (roles, read) in [(&[][..], false), (&[Role::Place], true)] {
        door.callers.set(WEB, roles);
        let seen = Arc::new(AtomicBool::new(false));
        let request = Request::post("/orders.v1.OrderService/PlaceOrder")
            .header("content-type", "application/grpc")
            .body(Watched(seen.clone()))
            .unwrap();
        let response = door.edge.answer_to(&visitor, request).await;
        assert!(response.body().is_end_stream());
        assert_eq!(seen.load(Ordering::SeqCst), read);
    }
}

#[tokio::test]
async fn a_role_that_is_taken_away_ends_a_watcher() {
    let door = Door::new(None);
    door.callers.set(WEB, &[Role::Read, Role::Place]);
    let mut client = door.client(named(WEB), 7);
    let watching = client.watch_orders(WatchOrdersRequest::default()).await;
    let mut stream = watching.unwrap().into_inner();
    client.place_order(place("one")).await.unwrap();
    stream.message().await.unwrap().unwrap();
    door.callers.set(WEB, &[Role::Place]);
    client.place_order(place("two")).await.unwrap();
    let ended = timeout(crate::desk::PATIENCE, stream.message()).await;
    let told = Told::by(&ended.expect("the stream ends").unwrap_err());
    assert_eq!(told.code, Code::PermissionDenied);
}

#[tokio::test]
async fn every_event_names_its_caller() {
    let door = Door::new(None);
    door.callers.set(WEB, &[Role::Read, Role::Place]);
    let mut client = door.client(named(WEB), 7);
    let placed = client.place_order(place("k")).await.unwrap().into_inner();
    let history = client.list_order_events(ListOrderEventsRequest {
        order_id: placed.order_id,
        ..ListOrderEventsRequest::default()
    });
    let events = history.await.unwrap().into_inner().events;
    let cause = events[0].cause.as_ref().unwrap();
    assert_eq!(cause.caller.as_deref(), Some(WEB));
}

#[tokio::test]
async fn a_quota_is_the_names_where_there_is_one() {
    let rate = Rate {
        tokens: 1,
        period_millis: 1_000,
        burst: 1,
    };
    let (door, pay) = (Door::new(Some(rate)), "pay.example");
    door.callers.set(WEB, &[Role::Read]);
    door.callers.set(pay, &[Role::Read]);
    for (name, last, allowed) in [(WEB, 7, true), (pay, 7, true), (WEB, 8, false)] {
        let mut client = door.client(named(name), last);
        let listed = client.list_orders(ListOrdersRequest::default()).await;
        assert_eq!(listed.is_ok(), allowed, "{name} from {last}");
    }
}
