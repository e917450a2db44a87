//! The echo answers what it is told to, on every thread.

use order_load::echo::{self, serve::Echo};

use crate::edge::target;
use crate::plan;

#[tokio::test]
async fn the_echo_answers_with_as_many_bytes_as_asked() {
    let echo = Echo::start("127.0.0.1:0".parse().unwrap(), 2, 500).unwrap();
    let mut plan = plan(target(echo.local_addr()));
    // Enough for both threads to get some.
    plan.connections = 4;
    let report = echo::run(plan).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.answer_bytes, 500);
}

#[test]
fn an_address_that_is_not_ours_is_told() {
    let error = Echo::start("192.0.2.1:1".parse().unwrap(), 1, 500).unwrap_err();
    assert!(error.to_string().contains("cannot listen"), "{error}");
}
