//! A gRPC client over one connection that comes from `planes`, as every socket does.

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use order_proto::v1::order_service_client::OrderServiceClient;
use order_proto::v1::{NewOrder, NewOrderLine, PlaceOrderRequest};
use planes::{ConnectOptions, Plane, PlaneKind, connect};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tls::ClientTls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::body::Body;

pub(crate) type Client = OrderServiceClient<Wire>;

/// Connects, or says why not.
pub(crate) async fn client(addr: SocketAddr) -> Result<Client, String> {
    over(stream(addr).await?).await
}

/// Connects by TLS, or says why not.
pub(crate) async fn client_by(addr: SocketAddr, tls: &ClientTls) -> Result<Client, String> {
    let stream = tls.connect("localhost", stream(addr).await?).await;
    over(stream.map_err(|error| error.to_string())?).await
}

async fn stream(addr: SocketAddr) -> Result<TcpStream, String> {
    let plane = Plane::unbound(PlaneKind::Data);
    let stream = connect(&plane, addr, ConnectOptions::default()).await;
    stream.map_err(|error| error.to_string())
}

async fn over<S>(stream: S) -> Result<Client, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (send, driver) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(driver);
    let origin = http::Uri::from_static("http://orders");
    Ok(OrderServiceClient::with_origin(Wire(send), origin))
}

/// The same order as [`crate::client::order`] makes, with its key.
pub(crate) fn place(key: &str, quantity: i64) -> PlaceOrderRequest {
    let line = NewOrderLine {
        sku: "mug".to_owned(),
        quantity,
        unit_price: 500,
        ..NewOrderLine::default()
    };
    let order = NewOrder {
        customer_id: "customer-1".to_owned(),
        currency: "EUR".to_owned(),
        lines: vec![line],
        ..NewOrder::default()
    };
    PlaceOrderRequest {
        order: Some(order),
        request_id: key.to_owned(),
        validate_only: false,
    }
}

/// An HTTP/2 connection as the generated client takes one.
#[derive(Clone)]
pub(crate) struct Wire(SendRequest<Body>);

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
