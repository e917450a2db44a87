//! Reading: `fill` keeps ids that can be read, `get` holds the answer against the id, `list` reads
//! pages.

use http::Response;
use order_load::fill::{Filling, fill};
use order_load::ids::Ids;
use order_load::list::Of;
use order_load::target::{Protocol, Target};
use order_load::{get, list};
use serde_json::json;

use crate::edge::{start, target};
use crate::plan;
use crate::played_service;

fn filling(target: Target, protocol: Protocol, orders: u64) -> Filling {
    Filling {
        target,
        protocol,
        orders,
        customers: 10,
        every: 1,
    }
}

#[tokio::test]
async fn orders_that_were_filled_in_are_read_by_their_ids() {
    let target = target(start());
    let filling = Filling {
        every: 10,
        ..filling(target.clone(), Protocol::Grpc, 2_000)
    };
    let (report, ids) = fill(&filling).await.unwrap();
    assert_eq!((report.done, ids.count()), (2, 200));

    let read = get::run(plan(target.clone()), Protocol::Grpc, ids);
    let read = read.await.unwrap();
    assert!(read.is_clean(), "{read}");

    let all = list::run(plan(target.clone()), Protocol::Grpc, Of::All);
    let all = all.await.unwrap();
    let customers = list::run(plan(target), Protocol::Grpc, Of::Customers(10));
    let customers = customers.await.unwrap();
    assert!(all.is_clean() && customers.is_clean(), "{all}{customers}");
    // Pages of 50 orders, not of one and not empty.
    assert!(all.answer_bytes > 10 * read.answer_bytes, "{all}{read}");
    assert!(customers.answer_bytes > 10 * read.answer_bytes);
}

#[tokio::test]
async fn an_order_that_is_not_there_is_counted_as_refused() {
    let ids = Ids::new(vec![*b"01890000-0000-7000-8000-000000000000"]).unwrap();
    let report = get::run(plan(target(start())), Protocol::Grpc, ids);
    let report = report.await.unwrap();
    assert_eq!(report.done, 0);
    assert!(report.refused["NOT_FOUND"] > 0, "{report}");
}

#[tokio::test]
async fn rest_fills_and_reads_as_well() {
    let id = "01890000-0000-7000-8000-00000000000a";
    let (target, log) = played_service::start(move |seen| {
        let order = json!({ "order_id": id });
        if seen.path != "/v1/orders:batchPlace" {
            return Response::new(order.to_string());
        }
        let orders = seen.body["orders"].as_array().unwrap();
        let results = vec![json!({ "order": order }); orders.len()];
        Response::new(json!({ "results": results }).to_string())
    });
    let filled = fill(&filling(target.clone(), Protocol::Rest, 3)).await;
    let (_, ids) = filled.unwrap();
    assert_eq!(ids.count(), 3);
    let report = get::run(plan(target), Protocol::Rest, ids).await.unwrap();
    assert!(report.is_clean(), "{report}");
    let path = format!("/v1/orders/{id}");
    assert_eq!(log.lock().unwrap().requests.last().unwrap().path, path);
}

#[tokio::test]
async fn the_answer_must_be_the_order_that_was_asked_for() {
    let (target, _log) = played_service::start(|_| Response::new("{}".to_owned()));
    let ids = Ids::new(vec![*b"01890000-0000-7000-8000-000000000000"]).unwrap();
    let report = get::run(plan(target.clone()), Protocol::Rest, ids);
    let report = report.await.unwrap();
    assert!(report.refused["wrong answer"] > 0, "{report}");
    let filled = fill(&filling(target, Protocol::Rest, 3)).await;
    assert!(filled.unwrap_err().to_string().contains("refused"));
}

#[tokio::test]
async fn a_batch_of_which_an_order_was_refused_ends_the_filling() {
    let (target, _log) = played_service::start(|_| {
        let order = json!({ "order": { "order_id": "01890000-0000-7000-8000-000000000000" } });
        let problem = json!({ "problem": { "code": "invalid_argument" } });
        Response::new(json!({ "results": [order, problem] }).to_string())
    });
    let filled = fill(&filling(target, Protocol::Rest, 2)).await;
    let error = filled.unwrap_err().to_string();
    assert!(error.contains("not every order"), "{error}");
}
