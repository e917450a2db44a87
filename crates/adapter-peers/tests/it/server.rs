//! Servers of a test's own: of HTTP, with TLS or without, which answer as the test says.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use planes::{ListenOptions, Plane, PlaneKind, ServeLimits, listen, serve};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::servers::certificates::Certificate;
use tls::{Acceptor, Identity, Security, ServerTls};
use tokio::sync::oneshot;

/// What is answered, and after how long.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) after: Duration,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Reply {
        Reply {
            status,
            body: body.into(),
            after: Duration::ZERO,
        }
    }

    pub(crate) fn ok(body: impl Into<String>) -> Reply {
        Reply::new(200, body)
    }

    /// Too late for everybody.
    pub(crate) fn slow(self) -> Reply {
        Reply {
            after: Duration::from_mins(10),
            ..self
        }
    }
}

/// Who may come by TLS.
pub(crate) enum Door<'a> {
    Open,
    /// Encrypted.
    Tls(&'a Certificate),
    /// And clients must have a certificate of the same authority.
    Mutual(&'a Certificate),
}

/// A server until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Requests that came.
    pub(crate) asked: Arc<AtomicUsize>,
    /// The most that were open at a time.
    pub(crate) most: Arc<AtomicUsize>,
    _stop: oneshot::Sender<()>,
}

impl Server {
    pub(crate) fn start(
        address: SocketAddr,
        door: &Door<'_>,
        answer: impl Fn(&Request<Incoming>) -> Reply + Send + Sync + 'static,
    ) -> Server {
        let security = secured(door);
        let plane = Plane::unbound(PlaneKind::Management);
        let listener = listen(&plane, address, ListenOptions::default()).unwrap();
        let address = listener.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async {
            let _ = stopped.await;
        };
        let (asked, most, open) =
            <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let counts = (Arc::clone(&asked), Arc::clone(&most), open);
        let answer = Arc::new(answer);
        let limits = ServeLimits {
            drain_timeout: Duration::ZERO,
            ..ServeLimits::default()
        };
        tokio::spawn(serve(listener, limits, until, move |stream, _, drain| {
            let (security, answer) = (security.clone(), Arc::clone(&answer));
            let (asked, most, open) = counts.clone();
            async move {
                let Ok((stream, _)) = security.secure(stream, Duration::from_secs(5)).await else {
                    return;
                };
                let service = service_fn(move |request: Request<Incoming>| {
                    asked.fetch_add(1, Ordering::SeqCst);
                    let now = open.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    let (reply, open) = (answer(&request), Arc::clone(&open));
                    async move {
                        tokio::time::sleep(reply.after).await;
                        open.fetch_sub(1, Ordering::SeqCst);
                        let body = Full::new(Bytes::from(reply.body));
                        let response = Response::builder().status(reply.status).body(body);
                        Ok::<_, Infallible>(response.unwrap())
                    }
                });
                let server = auto::Builder::new(TokioExecutor::new());
                let serving = server.serve_connection(TokioIo::new(stream), service);
                tokio::select! {
                    _ = serving => {}
                    () = drain.started() => {}
                }
            }
        }));
        Server {
            address,
            asked,
            most,
            _stop: stop,
        }
    }
}

fn secured(door: &Door<'_>) -> Security {
    let (certificate, client_ca_file) = match door {
        Door::Open => return Security::none(),
        Door::Tls(certificate) => (certificate, None),
        Door::Mutual(certificate) => (certificate, Some(certificate.authority.clone())),
    };
    let files = ServerTls {
        identity: identity(certificate),
        client_ca_file,
    };
    Security::by(Acceptor::open(files, &["h2", "http/1.1"]).unwrap())
}

pub(crate) fn identity(certificate: &Certificate) -> Identity {
    Identity {
        cert_file: certificate.certificate.clone(),
        key_file: certificate.key.clone(),
    }
}
