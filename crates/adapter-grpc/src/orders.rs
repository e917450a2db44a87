//! `orders.v1.OrderService`: each method in a file of its own. Here their messages meet the call, and
//! their problems become statuses.
//!
//! The generated server would box each call's future and put the call beside the message; a method is
//! called directly here, and borrows both.

use crate::call::Call;
use crate::codec::Protobuf;
use crate::error::Problem;
use crate::method::Method;
use crate::watch::{Events, Room};
use crate::{
    amend, batch_place, cancel, get, history, hold, list, place, record_fact, release, watch,
};
use bytes::Bytes;
use http::{Request, Response};
use order_core::app::Orders;
use order_proto::v1::{OrderEvent, WatchOrdersRequest};
use prost::Message;
use tonic::body::Body;
use tonic::codegen::StdError;
use tonic::server::Grpc;
use tower::service_fn;

/// The order service.
#[derive(Debug)]
pub(crate) struct OrderService {
    orders: Orders,
    room: Room,
    max_message_bytes: usize,
}

impl OrderService {
    pub(crate) const fn new(orders: Orders, room: Room, max_message_bytes: usize) -> OrderService {
        OrderService {
            orders,
            room,
            max_message_bytes,
        }
    }

    /// Answers a call; `None` where `method` is not of this service.
    pub(crate) async fn call<B>(
        &self,
        method: Method,
        request: Request<B>,
        call: &Call,
    ) -> Option<Response<Body>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + Send,
    {
        let (orders, room) = (&self.orders, &self.room);
        let max = self.max_message_bytes;
        let response = match method {
            Method::PlaceOrder => {
                unary(max, request, call, |message| {
                    place::place(orders, call, message)
                })
                .await
            }
            Method::GetOrder => {
                unary(max, request, call, |message| {
                    get::get(orders, call, message)
                })
                .await
            }
            // Boxed, so that the two above do not carry their size around.
            Method::BatchPlaceOrders => {
                let batch_place = |message| batch_place::batch_place(orders, call, message);
                Box::pin(unary(max, request, call, batch_place)).await
            }
            Method::ListOrders => {
                let list = |message| list::list(orders, call, message);
                Box::pin(unary(max, request, call, list)).await
            }
            Method::CancelOrder => {
                let cancel = |message| cancel::cancel(orders, call, message);
                Box::pin(unary(max, request, call, cancel)).await
            }
            Method::AmendOrder => {
                let amend = |message| amend::amend(orders, call, message);
                Box::pin(unary(max, request, call, amend)).await
            }
            Method::HoldOrder => {
                let hold = |message| hold::hold(orders, call, message);
                Box::pin(unary(max, request, call, hold)).await
            }
            Method::ReleaseOrder => {
                let release = |message| release::release(orders, call, message);
                Box::pin(unary(max, request, call, release)).await
            }
            Method::RecordFact => {
                let record = |message| record_fact::record_fact(orders, call, message);
                Box::pin(unary(max, request, call, record)).await
            }
            Method::ListOrderEvents => {
                let history = |message| history::history(orders, call, message);
                Box::pin(unary(max, request, call, history)).await
            }
            Method::WatchOrders => {
                let watch = |message| watch::watch(orders, room, call, message);
                Box::pin(streaming(max, request, call, watch)).await
            }
            _ => return None,
        };
        Some(response)
    }
}

/// One message in, one out.
async fn unary<B, In, Out, F>(
    max_message_bytes: usize,
    request: Request<B>,
    call: &Call,
    run: impl Fn(In) -> F + Send,
) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError> + Send,
    In: Message + Default + Send + 'static,
    Out: Message + Send + 'static,
    F: Future<Output = Result<tonic::Response<Out>, Problem>> + Send,
{
    let service = service_fn(|message: tonic::Request<In>| {
        let answered = run(message.into_inner());
        async move { answered.await.map_err(|problem| problem.into_status(call)) }
    });
    Grpc::new(Protobuf::<In, Out>::new())
        .max_decoding_message_size(max_message_bytes)
        .unary(service, request)
        .await
}

/// One message in, many out.
async fn streaming<B, F>(
    max_message_bytes: usize,
    request: Request<B>,
    call: &Call,
    run: impl Fn(WatchOrdersRequest) -> F + Send,
) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError> + Send,
    F: Future<Output = Result<tonic::Response<Events>, Problem>> + Send,
{
    let service = service_fn(|message: tonic::Request<WatchOrdersRequest>| {
        let answered = run(message.into_inner());
        async move { answered.await.map_err(|problem| problem.into_status(call)) }
    });
    Grpc::new(Protobuf::<WatchOrdersRequest, OrderEvent>::new())
        .max_decoding_message_size(max_message_bytes)
        .server_streaming(service, request)
        .await
}
