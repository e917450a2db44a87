//! `tonic_echo ANSWER_BYTES`: the echo of `order-load echo-serve` as a team writes it by tonic's own guide: its server
//! with its defaults on tokio's default runtime. Prints where it listens; ends with its process.
#![expect(clippy::print_stdout, reason = "a program that tells where it listens")]

use bytes::Bytes;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::server::{Grpc, NamedService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_prost::ProstCodec;

/// A tag and the number of bytes.
const VALUE_HEAD_BYTES: usize = 3;

/// What tonic's generator writes for a service with one method.
#[derive(Clone)]
struct Echo(Bytes);

impl NamedService for Echo {
    const NAME: &'static str = "orders.load.v1.Echo";
}

impl tower::Service<Request<Body>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.0.clone();
        Box::pin(async move {
            let echo = tower::service_fn(move |_: tonic::Request<Bytes>| {
                let answer = answer.clone();
                async { Ok::<_, tonic::Status>(tonic::Response::new(answer)) }
            });
            let mut grpc = Grpc::new(ProstCodec::<Bytes, Bytes>::new());
            Ok(grpc.unary(echo, request).await)
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bytes: usize = std::env::args()
        .nth(1)
        .ok_or("usage: tonic_echo ANSWER_BYTES")?
        .parse()?;
    let answer = vec![b'x'; bytes.saturating_sub(VALUE_HEAD_BYTES)];
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?;
    println!("{}", incoming.local_addr()?);
    let server = Server::builder().add_service(Echo(answer.into()));
    server
        .serve_with_incoming(incoming.with_nodelay(Some(true)))
        .await?;
    Ok(())
}
