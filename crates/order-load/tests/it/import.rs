//! Importing: everything is sent once, sums are compared, an overloaded service is waited for.

use std::fmt::Write as _;
use std::path::PathBuf;

use http::Response;
use http::header::RETRY_AFTER;
use order_load::import::DataSet;
use order_load::import::{Plan, run};
use order_load::target::Target;
use serde_json::json;

use crate::played_service::{Seen, all_placed, placed, start, status};

/// A file of purchases that goes with the test.
struct Purchases(PathBuf);

impl Purchases {
    fn of(name: &str, count: usize) -> Self {
        let file = format!("order-load-{name}-{}.txt", std::process::id());
        let path = std::env::temp_dir().join(file);
        let mut text = " customer_id  date number_of_cds  dollar_value\r\n".to_owned();
        for n in 0..count {
            write!(text, " {:05} 19970101  3   {n}.01\r\n", n % 7).unwrap();
        }
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn plan(&self, target: Target) -> Plan {
        Plan {
            data: DataSet::Cdnow,
            file: self.0.clone(),
            target,
            connections: 2,
            limit: None,
        }
    }
}

impl Drop for Purchases {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[tokio::test]
async fn all_purchases_are_placed_with_the_totals_of_the_file() {
    let purchases = Purchases::of("all", 2500);
    let (target, log) = start(all_placed);
    let report = run(purchases.plan(target)).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.orders, report.batches), (2500, 3));
    assert_eq!(report.total, (0..2500).map(|n| n * 100 + 1).sum::<u64>());
    let log = log.lock().unwrap();
    assert!(
        log.requests
            .iter()
            .all(|seen| seen.path == "/v1/orders:batchPlace")
    );
    assert!(log.connections <= 2);
}

#[tokio::test]
async fn an_overloaded_service_is_asked_again_with_the_same_keys() {
    let purchases = Purchases::of("retry", 10);
    let (target, log) = start(|seen| {
        if seen.number > 0 {
            return all_placed(seen);
        }
        let mut answer = status(503);
        answer
            .headers_mut()
            .insert(RETRY_AFTER, "0".parse().unwrap());
        answer
    });
    let report = run(purchases.plan(target)).await.unwrap();
    assert!(report.is_clean(), "{report}");
    let log = log.lock().unwrap();
    assert_eq!(log.requests.len(), 2);
    assert_eq!(log.requests[0].body, log.requests[1].body);
}

#[tokio::test]
async fn a_total_unlike_the_files_and_a_refusal_are_reported() {
    let purchases = Purchases::of("wrong", 3);
    let (target, _log) = start(|_: &Seen| {
        let problem = json!({ "problem": { "code": "invalid_argument" } });
        Response::new(json!({ "results": [placed(1), placed(100), problem] }).to_string())
    });
    let report = run(purchases.plan(target)).await.unwrap();
    assert!(!report.is_clean());
    assert_eq!((report.orders, report.wrong_totals), (2, 1));
    assert_eq!(report.refused["invalid_argument"], 1);
    assert!(report.told[0].starts_with("cdnow-3: "), "{report}");
}

#[tokio::test]
async fn results_that_do_not_match_the_batch_end_the_import() {
    let purchases = Purchases::of("short", 3);
    let (target, _log) = start(|_| Response::new(json!({ "results": [] }).to_string()));
    let error = run(purchases.plan(target)).await.unwrap_err().to_string();
    assert!(error.contains("0 results for 3 orders"), "{error}");
}

#[tokio::test]
async fn a_refused_batch_ends_the_import_with_its_reason() {
    let purchases = Purchases::of("refused", 3);
    let (target, _log) = start(|_| status(400));
    let error = run(purchases.plan(target)).await.unwrap_err().to_string();
    assert!(error.contains("answered 400"), "{error}");
}
