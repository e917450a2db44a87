//! Placing by gRPC: every call is an order, refusals have names, a broken connection is made anew.

use order_load::drive::Plan;
use order_load::line::grpc::{Call, GrpcLine, framed};
use order_load::line::{Answer, Line as _};
use order_load::place;
use order_load::target::Protocol;
use order_proto::v1;
use prost::Message as _;
use testkit::servers::Proxy;
use testkit::servers::proxy::Fault;

use crate::edge::{start, target};
use crate::plan;

const LIST: &str = "/orders.v1.OrderService/ListOrders";

#[tokio::test]
async fn every_call_places_an_order() {
    let target = target(start());
    let report = place::run(plan(target.clone()), Protocol::Grpc, 2);
    let report = report.await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert!(report.done > 0 && report.answer_bytes > 100, "{report}");

    let mut lines = GrpcLine::open(&target, 1).await.unwrap();
    let listed = lines[0].call(Call {
        method: LIST,
        message: framed(&[]),
    });
    let Answer::Done(page) = listed.await.unwrap() else {
        panic!("the list is refused")
    };
    let page = v1::ListOrdersResponse::decode(page).unwrap();
    let newest = &page.orders[0];
    assert!(newest.customer_id.starts_with("customer-"), "{newest:?}");
    assert_eq!((newest.lines.len(), newest.currency.as_str()), (2, "EUR"));
}

#[tokio::test]
async fn many_callers_share_few_connections_on_several_threads() {
    let proxy = Proxy::start(start());
    let many = Plan {
        callers: 64,
        connections: 3,
        threads: 2,
        ..plan(target(proxy.address()))
    };
    let report = place::run(many, Protocol::Grpc, 2).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert!(report.done >= 64, "{report}");
}

#[tokio::test]
async fn a_refusal_is_told_by_its_name() {
    let report = place::run(plan(target(start())), Protocol::Grpc, 0);
    let report = report.await.unwrap();
    assert_eq!(report.done, 0);
    assert!(report.refused["INVALID_ARGUMENT"] > 0, "{report}");
    let first = report.first_error.unwrap();
    assert!(first.starts_with("INVALID_ARGUMENT: "), "{first}");
}

#[tokio::test]
async fn an_unknown_method_is_no_answer() {
    let mut lines = GrpcLine::open(&target(start()), 1).await.unwrap();
    let answer = lines[0].call(Call {
        method: "/orders.v1.OrderService/Nothing",
        message: framed(&[]),
    });
    let Answer::Refused { code, .. } = answer.await.unwrap() else {
        panic!("there is no such method")
    };
    assert_eq!(code, "UNIMPLEMENTED");
}

/// The cut breaks the calls on their way, at most one for each caller; then all goes on.
#[tokio::test]
async fn a_broken_connection_is_made_anew_for_all_its_callers() {
    let proxy = Proxy::start(start());
    proxy.set(Fault::CutAfter(20_000));
    let mut plan = plan(target(proxy.address()));
    plan.connections = 1;
    plan.schedule.duration = std::time::Duration::from_secs(1);
    let report = place::run(plan, Protocol::Grpc, 2).await.unwrap();
    assert_eq!(proxy.cuts(), 1);
    assert!((1..=4).contains(&report.broken), "{report}");
    // 20,000 bytes are the answers of some 40 orders; the rest came by the second connection.
    assert!(report.done > 100, "{report}");
}
