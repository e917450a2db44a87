//! The control that must fail: what the rows about kills would see of a publisher without transactions.

use crate::bench::kafka;
use crate::consumer::{look, read};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use testkit::rows;
use testkit::servers::kafka::Topic;

/// Events that are published: more than it manages between kills.
const EVENTS: u64 = 20_000;
/// How long it may take on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(2);
const TOPIC: &str = "control";

/// The example that is built beside this test.
fn naive_publisher() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = target.join("examples/naive_publisher");
    assert!(
        program.is_file(),
        "cargo builds the examples with the tests: {}",
        program.display()
    );
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn control_a_publisher_without_transactions_doubles() {
    let server = kafka().await;
    tokio::task::spawn_blocking(|| server.create_topics(&[Topic::new(TOPIC, 1)]))
        .await
        .unwrap();
    let brokers = server.bootstrap();
    let control = move || {
        let file = std::env::temp_dir().join(format!("control-{}", std::process::id()));
        let start = || -> Child {
            Command::new(naive_publisher())
                .args([&brokers, TOPIC, file.to_str().unwrap(), &EVENTS.to_string()])
                .spawn()
                .unwrap()
        };
        let cursor = || -> u64 {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            text.parse().unwrap_or(0)
        };
        let started = Instant::now();
        let mut kills = 0;
        let mut child = start();
        while kills < rows::times(12, 40) {
            // Killed as soon as it moves, somewhere between a batch and its cursor.
            let before = cursor();
            while cursor() <= before {
                assert!(started.elapsed() < PATIENCE, "it does not publish");
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_micros(500 * kills as u64));
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            child = start();
        }
        assert!(child.wait().unwrap().success());
        std::fs::remove_file(&file).unwrap();
        (kills, look(&read(&brokers, TOPIC), &[EVENTS]))
    };
    let (kills, seen) = tokio::task::spawn_blocking(control).await.unwrap();
    assert_eq!(seen.missing, 0);
    assert!(
        seen.doubled > 0,
        "the check sees no doubles where there must be some: {seen:?}"
    );
    let counted = seen.counted(&[("kills", kills as u64)]);
    rows::told(
        "CONTROL",
        "kill -9 of an idempotent producer with its cursor elsewhere",
        &counted,
    );
}
