//! The bounds of messages, metadata and connections, and what is no gRPC at all.

use crate::desk::{Desk, Wire, here, order, place, place_this};
use crate::told::Told;
use adapter_grpc::Config;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use order_proto::FILE_DESCRIPTOR_SET;
use order_proto::v1::{NewOrder, Order};
use prost::Message;
use prost_reflect::DescriptorPool;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tonic::body::Body;
use tonic::{Code, Status};

const PLACE: &str = "/orders.v1.OrderService/PlaceOrder";

/// Sends bytes as a call's body.
async fn send(
    wire: &mut Wire,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Response<Incoming> {
    let mut request = Request::post(format!("http://orders{path}")).header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Body::new(Full::new(Bytes::from(body)));
    wire.0.ready().await.unwrap();
    wire.0
        .send_request(request.body(body).unwrap())
        .await
        .unwrap()
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");

/// A message as it travels: no compression, its length, itself.
fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = vec![0];
    out.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    out.extend_from_slice(message);
    out
}

fn told_by(headers: &HeaderMap) -> Told {
    Told::by(&Status::from_header_map(headers).expect("a status"))
}

#[tokio::test]
async fn a_message_of_more_than_a_mebibyte_is_refused() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let fat = NewOrder {
        metadata: [("a".to_owned(), "x".repeat(1 << 20))].into(),
        ..order()
    };
    let told = Told::by(&client.place_order(place_this("k", fat)).await.unwrap_err());
    assert_eq!(
        (told.code, told.reason()),
        (Code::ResourceExhausted, "PAYLOAD_TOO_LARGE")
    );
    client.place_order(place("k")).await.unwrap();
    assert_eq!(desk.store.order_count(), 1);
}

#[tokio::test]
async fn what_is_no_message_or_no_method_is_told_with_details() {
    let desk = Desk::new();
    let mut wire = desk.wire().await;
    let garbage = framed(&[0xFF; 20]);
    let mut squeezed = framed(&place("k").encode_to_vec());
    squeezed[0] = 1;
    for (path, headers, body, code) in [
        (PLACE, vec![GRPC], garbage.clone(), Code::InvalidArgument),
        (PLACE, vec![GRPC], Vec::new(), Code::InvalidArgument),
        (
            PLACE,
            vec![GRPC],
            framed(b"\x0a\x01")[..6].to_vec(),
            Code::InvalidArgument,
        ),
        (PLACE, vec![GRPC], squeezed, Code::InvalidArgument),
        (
            PLACE,
            vec![GRPC, ("grpc-encoding", "gzip")],
            garbage,
            Code::Unimplemented,
        ),
        (
            "/orders.v1.OrderService/Nothing",
            vec![GRPC],
            framed(b""),
            Code::Unimplemented,
        ),
        (
            "/nobody/Nothing",
            vec![GRPC],
            framed(b""),
            Code::Unimplemented,
        ),
        ("/", vec![GRPC], framed(b""), Code::Unimplemented),
    ] {
        let response = send(&mut wire, path, &headers, body.clone()).await;
        assert_eq!(response.status(), 200, "{path}");
        let told = told_by(response.headers());
        assert_eq!(told.code, code, "{path} {headers:?} {body:?} {told:?}");
        assert!(response.headers().contains_key("x-request-id"));
    }
    assert_eq!(desk.store.order_count(), 0);
}

/// The dispatch is our own, so a method that is added to the protocol could be forgotten in it.
#[tokio::test]
async fn every_method_of_the_protocol_is_answered() {
    let desk = Desk::new();
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let service = pool.get_service_by_name("orders.v1.OrderService").unwrap();
    assert!(service.methods().len() >= 11);
    for method in service.methods() {
        let path = format!("/orders.v1.OrderService/{}", method.name());
        // Each stands for one call, and some of them are streams that go on.
        let mut wire = desk.wire().await;
        let response = send(&mut wire, &path, &[GRPC], framed(b"")).await;
        let refused = response.headers().get("grpc-status");
        assert!(
            refused.is_none_or(|code| code != "12"),
            "{path}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_grpc_is_refused_by_http() {
    let desk = Desk::new();
    let mut wire = desk.wire().await;
    for media in [
        "application/json",
        "text/plain",
        "application/grpc-web",
        "application/grpcx",
    ] {
        let response = send(&mut wire, PLACE, &[("content-type", media)], Vec::new()).await;
        assert_eq!(response.status(), 415, "{media}");
    }
    let request = Request::get(format!("http://orders{PLACE}"))
        .body(Body::empty())
        .unwrap();
    assert_eq!(wire.0.send_request(request).await.unwrap().status(), 405);
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let desk = Desk::new();
    let mut wire = desk.wire().await;
    let mut message = place("k").encode_to_vec();
    // Field 2047, a varint; field 2046, a text.
    message.extend_from_slice(&[0xF8, 0x7F, 0x2A, 0xF2, 0x7F, 0x01, b'x']);
    for media in ["application/grpc", "application/grpc+proto"] {
        let headers = [("content-type", media)];
        let response = send(&mut wire, PLACE, &headers, framed(&message)).await;
        let body = response.into_body().collect().await.unwrap();
        assert_eq!(body.trailers().unwrap().get("grpc-status").unwrap(), "0");
        let order = Order::decode(&body.to_bytes()[5..]).unwrap();
        assert_eq!(order.version, 1);
    }
    assert_eq!(desk.store.order_count(), 1);
}

#[tokio::test]
async fn metadata_that_is_too_large_is_refused() {
    let desk = Desk::new();
    let mut wire = desk.wire().await;
    let long = "x".repeat(40_000);
    let mut request = Request::post(format!("http://orders{PLACE}"));
    for header in [GRPC, ("long", &long)] {
        request = request.header(header.0, header.1);
    }
    let sent = wire
        .0
        .send_request(request.body(Body::empty()).unwrap())
        .await;
    // hyper's own answer; a client may as well refuse to send it, since the bound is told at the start.
    assert!(sent.is_err() || sent.unwrap().status() == 431);
    assert_eq!(desk.placed("k").await.version, 1);
}

#[tokio::test]
async fn who_says_nothing_is_let_go() {
    let desk = Desk::with(Config {
        first_call_timeout: Duration::from_millis(200),
        ..here()
    });
    for start in [
        "",
        "PRI * HT",
        "GET / HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ] {
        let mut stream = desk.stream().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        let read = timeout(crate::desk::PATIENCE, stream.read_to_end(&mut all)).await;
        // The end comes, by goodbye or by reset.
        assert!(read.is_ok(), "{start:?}");
    }
    // One who has called once may stay silent.
    let mut client = desk.client().await;
    client.place_order(place("k")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    client.place_order(place("k")).await.unwrap();
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_one_to_end() {
    let desk = Desk::with(Config {
        max_connections: 1,
        ..here()
    });
    let mut first = desk.client().await;
    first.place_order(place("a")).await.unwrap();
    let mut second = desk.client().await;
    let waiting = tokio::spawn(async move { second.place_order(place("b")).await });
    for _ in 0..50 {
        first.place_order(place("a")).await.unwrap();
    }
    assert!(!waiting.is_finished() && desk.store.order_count() == 1);
    drop(first);
    timeout(crate::desk::PATIENCE, waiting)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}
