//! The methods of `orders.v1.OrderService`, each in a file of its own. Here their messages meet the
//! call's context, and their problems become statuses.

use crate::call::Call;
use crate::error::Problem;
use crate::watch::{Events, Room};
use crate::{
    amend, batch_place, cancel, get, history, hold, list, place, record_fact, release, watch,
};
use order_core::app::Orders;
use order_proto::v1;
use order_proto::v1::order_service_server::OrderService;
use tonic::{Request, Response, Status};

/// The order service.
#[derive(Debug)]
pub(crate) struct Service {
    orders: Orders,
    room: Room,
}

impl Service {
    pub(crate) const fn new(orders: Orders, room: Room) -> Service {
        Service { orders, room }
    }
}

type Answer<T> = Result<Response<T>, Status>;

/// What a method answered, or a status.
fn told<T>(answered: Result<Response<T>, Problem>, call: &Call) -> Answer<T> {
    answered.map_err(|problem| problem.into_status(call))
}

#[tonic::async_trait]
impl OrderService for Service {
    type WatchOrdersStream = Events;

    async fn place_order(&self, request: Request<v1::PlaceOrderRequest>) -> Answer<v1::Order> {
        let (call, message) = Call::take(request);
        told(place::place(&self.orders, &call, message).await, &call)
    }

    async fn batch_place_orders(
        &self,
        request: Request<v1::BatchPlaceOrdersRequest>,
    ) -> Answer<v1::BatchPlaceOrdersResponse> {
        let (call, message) = Call::take(request);
        let answered = batch_place::batch_place(&self.orders, &call, message).await;
        told(answered, &call)
    }

    async fn get_order(&self, request: Request<v1::GetOrderRequest>) -> Answer<v1::Order> {
        let (call, message) = Call::take(request);
        told(get::get(&self.orders, &call, &message).await, &call)
    }

    async fn list_orders(
        &self,
        request: Request<v1::ListOrdersRequest>,
    ) -> Answer<v1::ListOrdersResponse> {
        let (call, message) = Call::take(request);
        told(list::list(&self.orders, &call, message).await, &call)
    }

    async fn cancel_order(&self, request: Request<v1::CancelOrderRequest>) -> Answer<v1::Order> {
        let (call, message) = Call::take(request);
        told(cancel::cancel(&self.orders, &call, message).await, &call)
    }

    async fn amend_order(&self, request: Request<v1::AmendOrderRequest>) -> Answer<v1::Order> {
        let (call, message) = Call::take(request);
        told(amend::amend(&self.orders, &call, message).await, &call)
    }

    async fn hold_order(&self, request: Request<v1::HoldOrderRequest>) -> Answer<v1::Order> {
        let (call, message) = Call::take(request);
        told(hold::hold(&self.orders, &call, message).await, &call)
    }

    async fn release_order(&self, request: Request<v1::ReleaseOrderRequest>) -> Answer<v1::Order> {
        let (call, message) = Call::take(request);
        told(release::release(&self.orders, &call, message).await, &call)
    }

    async fn record_fact(
        &self,
        request: Request<v1::RecordFactRequest>,
    ) -> Answer<v1::RecordFactResponse> {
        let (call, message) = Call::take(request);
        let answered = record_fact::record_fact(&self.orders, &call, message).await;
        told(answered, &call)
    }

    async fn list_order_events(
        &self,
        request: Request<v1::ListOrderEventsRequest>,
    ) -> Answer<v1::ListOrderEventsResponse> {
        let (call, message) = Call::take(request);
        told(history::history(&self.orders, &call, message).await, &call)
    }

    async fn watch_orders(&self, request: Request<v1::WatchOrdersRequest>) -> Answer<Events> {
        let (call, message) = Call::take(request);
        let answered = watch::watch(&self.orders, &self.room, &call, message).await;
        told(answered, &call)
    }
}
