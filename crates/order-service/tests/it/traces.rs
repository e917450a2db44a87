//! Traces and logs of the service, against a real collector and without one.

use crate::client::order;
use crate::collector::Collector;
use crate::grpc;
use crate::service::{Service, folder};
use crate::store::Store;
use http::{Method, StatusCode};
use opentelemetry_proto::tonic::trace::v1::Span;
use std::fmt::Write as _;
use testkit::servers::Authority;

/// As OpenTelemetry names a call of gRPC.
const CALL: &str = "orders.v1.OrderService/PlaceOrder";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// Ends it as Kubernetes does.
pub(crate) async fn stop(service: Service) {
    service.signal("TERM");
    let (status, log) = tokio::task::spawn_blocking(|| service.wait())
        .await
        .unwrap();
    assert!(status.success(), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_span_of_its_callers_trace_and_a_commit_one_of_its_own() {
    let authority = Authority::new();
    let good = authority.good();
    let collector = Collector::start(0, Some(&good), 0);
    let endpoint = format!("https://localhost:{}", collector.address.port());
    let (_folder, database) = folder();
    let environment = [
        ("OTLP_ENDPOINT", endpoint.as_str()),
        ("OTLP_TLS_CA_FILE", good.authority.to_str().unwrap()),
    ];
    let service = Service::start_with(&database, &environment);
    let headers = [("idempotency-key", "k"), ("traceparent", TRACEPARENT)];
    let placed = service
        .client()
        .send(Method::POST, "/v1/orders", &headers, order(1))
        .await
        .unwrap();
    assert_eq!(placed.status, StatusCode::CREATED, "{placed:?}");

    let mut request = tonic::Request::new(grpc::place("g", 1));
    let parent = TRACEPARENT.parse().unwrap();
    request.metadata_mut().insert("traceparent", parent);
    let mut client = grpc::client(service.grpc).await.unwrap();
    client.place_order(request).await.unwrap();

    let named = |name: &str| -> Option<Span> {
        let spans = collector.spans();
        spans.into_iter().find(|span| span.name == name)
    };
    collector
        .until("a span of the request and a line", |got| {
            let scopes = got.traces.iter().flat_map(|one| &one.scope_spans);
            let mut spans = scopes.flat_map(|scope| &scope.spans);
            let of_request = |span: &&Span| ["POST /v1/orders", CALL].contains(&&*span.name);
            spans.by_ref().filter(of_request).count() == 2 && !got.logs.is_empty()
        })
        .await;
    let request = named("POST /v1/orders").unwrap();
    assert_eq!(hex(&request.trace_id), TRACE);
    assert_eq!(hex(&request.parent_span_id), "b7ad6b7169203331");
    assert_eq!(hex(&named(CALL).unwrap().trace_id), TRACE);
    let told = format!("{:?}", request.attributes);
    assert!(
        told.contains("http.response.status_code") && told.contains("201"),
        "{told}"
    );
    assert!(named("commit").is_some());
    let lines = collector.lines();
    assert!(
        lines
            .iter()
            .any(|(_, line)| format!("{line:?}").contains("started"))
    );

    // What ends with the service is shipped too.
    stop(service).await;
    let lines = collector.lines();
    assert!(
        lines
            .iter()
            .any(|(_, line)| format!("{line:?}")
                .contains("everything that was accepted is answered"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_collector_orders_are_placed_and_the_reason_is_told() {
    let (us, them) = (Authority::new(), Authority::new());
    let collector = Collector::start(0, Some(&us.good()), 0);
    let stranger = them.good();
    let endpoint = format!("https://localhost:{}", collector.address.port());
    let (_folder, database) = folder();
    let environment = [
        ("OTLP_ENDPOINT", endpoint.as_str()),
        ("OTLP_TLS_CA_FILE", stranger.authority.to_str().unwrap()),
    ];
    let service = Service::start_with(&database, &environment);
    for key in ["a", "b", "c"] {
        let placed = service.client().post("/v1/orders", key, order(1)).await;
        assert_eq!(placed.status, StatusCode::CREATED, "{placed:?}");
    }
    service.wait_for_log(&[
        "do not reach the collector",
        "authority that is not trusted",
    ]);
    let ready = service.client().get("/readyz?verbose").await;
    assert_eq!(ready.status, StatusCode::OK);
    let told = ready.body.to_string();
    assert!(told.contains("otlp"), "{told}");
    // Who is not trusted is told nothing.
    assert!(collector.look(|got| got.traces.is_empty() && got.logs.is_empty()));
    stop(service).await;
}

/// At the usual level no span is made for the lines of a request: they name its trace themselves.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_about_a_request_that_failed_names_its_trace() {
    let store = tokio::task::spawn_blocking(Store::postgres).await.unwrap();
    let service = Service::start_on(&store.url(), &[]);
    store.server().kill9();
    let headers = [("idempotency-key", "k"), ("traceparent", TRACEPARENT)];
    let failed = service
        .client()
        .send(Method::POST, "/v1/orders", &headers, order(1))
        .await
        .unwrap();
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE, "{failed:?}");
    let mut request = tonic::Request::new(grpc::place("g", 1));
    let parent = TRACEPARENT.parse().unwrap();
    request.metadata_mut().insert("traceparent", parent);
    let mut client = grpc::client(service.grpc).await.unwrap();
    client.place_order(request).await.unwrap_err();
    let trace = format!("\"trace_id\":\"{TRACE}\"");
    for edge in [
        "a request could not be answered now",
        "a call could not be answered now",
    ] {
        service.wait_for_log(&[edge, &trace, "\"request_id\""]);
    }
}
