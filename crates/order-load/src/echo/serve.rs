//! The echo's server: tonic on hyper, single-threaded runtimes that share an address by
//! `SO_REUSEPORT`, and the connection settings of the service's gRPC edge.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use planes::{ListenOptions, Listener, Plane, PlaneKind};
use tonic::body::Body;
use tonic_prost::ProstCodec;

use super::METHOD;
use crate::LoadError;

/// The same as the edge's, so that both cost the same.
const MAX_CONCURRENT_STREAMS: u32 = 1_024;
const MAX_SEND_BUFFER_BYTES: usize = 64 << 10;
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// What a `BytesValue` of 128 bytes to 16 KiB has before its bytes: a tag and their number.
const VALUE_HEAD_BYTES: usize = 3;

/// A running echo; it ends with the process.
#[derive(Debug)]
pub struct Echo {
    local: SocketAddr,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Echo {
    /// Listens on each of `threads` threads and answers with a message of `answer_bytes`, give or
    /// take two where it is very small.
    pub fn start(
        listen: SocketAddr,
        threads: usize,
        answer_bytes: usize,
    ) -> Result<Self, LoadError> {
        let answer: Bytes = vec![b'x'; answer_bytes.saturating_sub(VALUE_HEAD_BYTES)].into();
        let mut echo = Self {
            local: listen,
            threads: Vec::new(),
        };
        for _ in 0..threads.max(1) {
            let (tell, told) = mpsc::sync_channel(1);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(LoadError::Runtime)?;
            let (address, answer) = (echo.local, answer.clone());
            let thread = thread::Builder::new()
                .name("echo".to_owned())
                .spawn(move || {
                    // A listener belongs to the runtime in which it is made.
                    let listener = runtime.block_on(async { bound(address) });
                    // Whoever starts us waits for what is told.
                    match listener {
                        Ok(listener) => {
                            let _ = tell.send(Ok(listener.local_addr()));
                            runtime.block_on(accept(listener, answer));
                        }
                        Err(error) => drop(tell.send(Err(error))),
                    }
                });
            echo.threads.push(thread.map_err(LoadError::Runtime)?);
            let local = told.recv().map_err(|_| LoadError::Thread)?;
            // Where the kernel chose the port, the others take the same one.
            echo.local = local.map_err(LoadError::Listen)?;
        }
        Ok(echo)
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Waits for its end, which does not come by itself.
    pub fn wait(self) -> Result<(), LoadError> {
        for thread in self.threads {
            thread.join().map_err(|_| LoadError::Thread)?;
        }
        Ok(())
    }
}

fn bound(address: SocketAddr) -> Result<Listener, planes::PlaneError> {
    let options = ListenOptions {
        reuse_port: true,
        ..ListenOptions::default()
    };
    planes::listen(&Plane::unbound(PlaneKind::Data), address, options)
}

async fn accept(listener: Listener, answer: Bytes) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_send_buf_size(MAX_SEND_BUFFER_BYTES)
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .auto_date_header(false);
    loop {
        let (stream, _) = listener.accept().await;
        let answer = answer.clone();
        let service = service_fn(move |request| respond(request, answer.clone()));
        // What breaks a connection is the client's to tell.
        tokio::spawn(builder.serve_connection(TokioIo::new(stream), service));
    }
}

async fn respond(request: Request<Incoming>, answer: Bytes) -> Result<Response<Body>, Infallible> {
    if request.uri().path() != METHOD {
        return Ok(tonic::Status::unimplemented("there is an echo alone").into_http());
    }
    let echo = tower::service_fn(|_: tonic::Request<Bytes>| {
        let answer = answer.clone();
        async { Ok::<_, tonic::Status>(tonic::Response::new(answer)) }
    });
    let mut grpc = tonic::server::Grpc::new(ProstCodec::<Bytes, Bytes>::new());
    Ok(grpc.unary(echo, request).await)
}
