//! A real collector: the OTLP services over HTTP/2, with TLS or without, which keeps what it gets.

use hyper::server::conn::http2::Builder;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use planes::{ListenOptions, Plane, PlaneKind, ServeLimits, listen, serve};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::servers::certificates::Certificate;
use tls::{Acceptor, Identity, Security, ServerTls};
use tokio::sync::oneshot;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

/// What came.
#[derive(Debug, Default)]
pub(crate) struct Got {
    pub(crate) traces: Vec<ResourceSpans>,
    pub(crate) logs: Vec<ResourceLogs>,
    pub(crate) peers: Vec<IpAddr>,
}

/// It ends when it is dropped.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Got>>,
    _stop: oneshot::Sender<()>,
}

/// Refuses so many spans of each request.
#[derive(Clone)]
struct Services(Arc<Mutex<Got>>, i64);

impl Collector {
    /// On this port of 127.0.0.1; 0: on a free one. It says that it refuses so many spans of each request.
    pub(crate) fn start(port: u16, certificate: Option<&Certificate>, refuses: i64) -> Collector {
        let plane = Plane::unbound(PlaneKind::Management);
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = listen(&plane, here, ListenOptions::default()).unwrap();
        let address = listener.local_addr();
        let security = certificate.map_or_else(Security::none, secured);
        let got = Arc::new(Mutex::new(Got::default()));
        let services = Services(Arc::clone(&got), refuses);
        let routes = Routes::new(TraceServiceServer::new(services.clone()))
            .add_service(LogsServiceServer::new(services));
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async {
            let _ = stopped.await;
        };
        let (peers, limits) = (Arc::clone(&got), ServeLimits::default());
        tokio::spawn(serve(
            listener,
            limits,
            until,
            move |stream, peer, drain| {
                let (security, routes, peers) =
                    (security.clone(), routes.clone(), Arc::clone(&peers));
                async move {
                    let Ok((stream, _)) = security.secure(stream, Duration::from_secs(5)).await
                    else {
                        return;
                    };
                    peers.lock().unwrap().peers.push(peer.ip());
                    let service = TowerToHyperService::new(routes);
                    let serving = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service);
                    tokio::select! {
                        _ = serving => {}
                        () = drain.started() => {}
                    }
                }
            },
        ));
        Collector {
            address,
            got,
            _stop: stop,
        }
    }

    /// Waits until what came is enough.
    pub(crate) async fn until(&self, what: &str, enough: impl Fn(&Got) -> bool) {
        let poll = async {
            while !enough(&self.got.lock().unwrap()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), poll).await;
        assert!(waited.is_ok(), "never came: {what}: {:#?}", self.got);
    }

    /// All spans so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let got = self.got.lock().unwrap();
        let scopes = got.traces.iter().flat_map(|one| &one.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// All lines so far, each with the module that wrote it.
    pub(crate) fn lines(&self) -> Vec<(String, LogRecord)> {
        let got = self.got.lock().unwrap();
        let scopes = got.logs.iter().flat_map(|one| &one.scope_logs);
        let of = |scope: &ScopeLogs| {
            let name = scope.scope.clone().unwrap_or_default().name;
            let lines = scope.log_records.iter();
            lines
                .map(|line| (name.clone(), line.clone()))
                .collect::<Vec<_>>()
        };
        scopes.flat_map(of).collect()
    }

    /// Looks at everything that came.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Got) -> T) -> T {
        at(&self.got.lock().unwrap())
    }
}

fn secured(certificate: &Certificate) -> Security {
    let files = ServerTls {
        identity: Identity {
            cert_file: certificate.certificate.clone(),
            key_file: certificate.key.clone(),
        },
        client_ca_file: None,
    };
    Security::by(Acceptor::open(files, &["h2"]).unwrap())
}

#[tonic::async_trait]
impl TraceService for Services {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let spans = request.into_inner().resource_spans;
        self.0.lock().unwrap().traces.extend(spans);
        let partial = (self.1 > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: self.1,
            error_message: "as the test wants it".to_owned(),
        });
        Ok(Response::new(ExportTraceServiceResponse {
            partial_success: partial,
        }))
    }
}

#[tonic::async_trait]
impl LogsService for Services {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let lines = request.into_inner().resource_logs;
        self.0.lock().unwrap().logs.extend(lines);
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}
