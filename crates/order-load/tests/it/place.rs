//! Placing under load: keys, connections, refusals, schedules.

use std::collections::HashSet;
use std::time::Duration;

use http::header::CONNECTION;
use order_load::LoadError;
use order_load::drive::Plan;
use order_load::pace::Schedule;
use order_load::place;
use order_load::report::Report;
use order_load::target::Protocol;

use crate::plan;
use crate::played_service::{start, status};

async fn run(plan: Plan) -> Result<Report, LoadError> {
    place::run(plan, Protocol::Rest, 2).await
}

/// A schedule instead of "as fast as answered".
fn at_rate(plan: Plan, rate: u32) -> Plan {
    Plan {
        schedule: Schedule {
            rate_per_second: Some(rate),
            ..plan.schedule
        },
        ..plan
    }
}

#[tokio::test]
async fn every_order_has_its_own_key_and_connections_are_kept() {
    let (target, log) = start(|_| status(201));
    let report = run(Plan {
        watched: vec![std::process::id().to_string().parse().unwrap()],
        ..plan(target)
    })
    .await
    .unwrap();

    let log = log.lock().unwrap();
    assert_eq!(report.done, log.requests.len() as u64);
    assert!(report.is_clean(), "{report}");
    assert_eq!(log.connections, 4);
    let keys: HashSet<_> = log
        .requests
        .iter()
        .map(|seen| seen.key.clone().unwrap())
        .collect();
    assert_eq!(keys.len(), log.requests.len());
    assert!(log.requests.iter().all(|seen| seen.path == "/v1/orders"));
    assert!(
        log.requests
            .iter()
            .all(|seen| seen.body["lines"].as_array().unwrap().len() == 2)
    );
    assert!(report.processes["service"].resident_kib.unwrap() > 0);
}

#[tokio::test]
async fn what_is_not_201_is_counted_by_status() {
    let answers = [201, 503, 200, 422];
    let (target, log) = start(move |seen| status(answers[seen.number % answers.len()]));
    let report = run(plan(target)).await.unwrap();

    let seen = log.lock().unwrap().requests.len() as u64;
    assert_eq!(report.done + report.refused.values().sum::<u64>(), seen);
    assert_eq!(
        report.refused.keys().collect::<Vec<_>>(),
        ["200", "422", "503"]
    );
    assert!(!report.is_clean());
}

#[tokio::test]
async fn a_closed_connection_is_made_anew() {
    let (target, log) = start(|_| {
        let mut answer = status(201);
        answer
            .headers_mut()
            .insert(CONNECTION, "close".parse().unwrap());
        answer
    });
    let mut plan = plan(target);
    plan.callers = 1;
    plan.schedule.duration = Duration::from_millis(500);
    let report = run(plan).await.unwrap();
    assert!(report.done > 1, "{report}");
    assert!(log.lock().unwrap().connections > 1);
    assert!(report.first_error.is_some());
}

#[tokio::test]
async fn a_rate_is_kept() {
    let (target, log) = start(|_| status(201));
    let report = run(at_rate(plan(target), 100)).await.unwrap();
    assert_eq!(report.done, 20);
    assert_eq!(log.lock().unwrap().requests.len(), 20);
}

#[tokio::test]
async fn a_stall_is_charged_to_every_order_that_was_due() {
    const STALL: Duration = Duration::from_millis(150);
    // The service's thread is ours: while it is blocked nobody is answered, as in a real stall.
    let (target, _log) = start(|seen| {
        if seen.number == 0 {
            std::thread::sleep(STALL);
        }
        status(201)
    });
    let mut plan = at_rate(plan(target), 100);
    plan.callers = 1;
    let report = run(plan).await.unwrap();
    assert_eq!(report.done, 20);
    // Fifteen orders were due during the stall; the median waited for about half of it. Counted from
    // the sending, only the first would be slow.
    assert!(report.latency_us.p50 > 20_000, "{report}");
    assert!(report.latency_us.max >= 150_000, "{report}");
}

#[tokio::test]
async fn the_warm_up_is_made_and_not_counted() {
    let (target, log) = start(|_| status(201));
    let mut plan = at_rate(plan(target), 100);
    plan.schedule.warm_up = Duration::from_millis(300);
    let report = run(plan).await.unwrap();
    assert_eq!(log.lock().unwrap().requests.len(), 50);
    assert_eq!(report.done, 20);
    assert!(report.elapsed_ms < 450, "{report}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_named() {
    // Port 1 on loopback: nothing listens there.
    let nowhere = "http://127.0.0.1:1".parse().unwrap();
    let error = run(plan(nowhere)).await.unwrap_err().to_string();
    assert!(error.contains("cannot connect to the service"), "{error}");
}
