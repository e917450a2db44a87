//! The services behind one port, by the method that a call names.

use crate::call::Call;
use crate::edge::no_such_method;
use crate::error::Problem;
use crate::health::Health;
use crate::method::Method;
use crate::orders::OrderService;
use crate::until_drain::UntilDrain;
use crate::watch::Room;
use crate::{Config, Metrics};
use bytes::Bytes;
use http::{Request, Response};
use order_core::app::Orders;
use order_core::ports::HealthSource;
use std::convert::Infallible;
use std::sync::Arc;
use tonic::body::Body;
use tonic::codegen::StdError;
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::server::Builder;
use tower::util::BoxCloneSyncService;
use tower::{Service as _, ServiceExt};

/// A service whose type nobody can name.
type Boxed = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Every service.
pub(crate) struct Services {
    orders: OrderService,
    health: HealthServer<Health>,
    /// `None` where the descriptors could not be read, which a test rules out.
    reflection: Option<Boxed>,
    reflection_alpha: Option<Boxed>,
}

impl Services {
    pub(crate) fn new(
        config: &Config,
        orders: Orders,
        health: Arc<dyn HealthSource>,
        metrics: &Metrics,
    ) -> Services {
        let room = Room::new(config.max_watch_streams, metrics.watch_streams.clone());
        let max = config.max_message_bytes;
        let health = Health::new(health, room.clone(), config.health_watch_interval);
        let v1 = described().build_v1();
        let v1alpha = described().build_v1alpha();
        if let Err(error) = v1.as_ref().map(|_| ()).and(v1alpha.as_ref().map(|_| ())) {
            tracing::error!(%error, "there is no reflection: its descriptors cannot be read");
        }
        Services {
            orders: OrderService::new(orders, room, max),
            health: HealthServer::new(health).max_decoding_message_size(max),
            reflection: v1
                .ok()
                .map(|server| BoxCloneSyncService::new(server.max_decoding_message_size(max))),
            reflection_alpha: v1alpha
                .ok()
                .map(|server| BoxCloneSyncService::new(server.max_decoding_message_size(max))),
        }
    }

    /// Hands a call to its service. Only what no service takes is an error here; theirs are statuses.
    pub(crate) async fn call<B>(
        &self,
        method: Method,
        mut request: Request<B>,
        call: &Call,
    ) -> Result<Response<Body>, Problem>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + Send,
    {
        match method {
            Method::HealthCheck | Method::HealthWatch => {
                request.extensions_mut().insert(call.clone());
                let Ok(response) = self.health.clone().call(request).await;
                Ok(response)
            }
            Method::ReflectionV1 => reflect(self.reflection.as_ref(), request, call).await,
            Method::ReflectionV1Alpha => {
                reflect(self.reflection_alpha.as_ref(), request, call).await
            }
            method => {
                let answered = self.orders.call(method, request, call).await;
                answered.ok_or_else(no_such_method)
            }
        }
    }
}

/// What reflection tells: our own service with the details of its errors, health, and itself.
fn described() -> Builder<'static> {
    Builder::configure()
        .register_encoded_file_descriptor_set(order_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// A client may keep reflection open for as long as it likes; the drain ends its questions.
async fn reflect<B>(
    reflection: Option<&Boxed>,
    request: Request<B>,
    call: &Call,
) -> Result<Response<Body>, Problem>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError> + Send,
{
    let reflection = reflection.ok_or_else(no_such_method)?;
    let drain = call.visitor.drain.clone();
    let request = request.map(|body| Body::new(UntilDrain::new(body, drain)));
    let Ok(response) = reflection.clone().oneshot(request).await;
    Ok(response)
}
