//! The guides' commands do what their pages say, and the operator's page speaks of what there is.
//! DRAFT, not compiled: for crates/order-service/tests/it/documents.rs (`mod documents;` in main.rs).

use crate::service::{Service, binary, folder};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use testkit::clients::grpcurl;

/// The shell blocks between the marks, as one script.
fn script(page: &str) -> String {
    let part = page.split("<!-- tried by tests: begin -->").nth(1).unwrap();
    let part = part.split("<!-- tried by tests: end -->").next().unwrap();
    let blocks = part.split("```sh\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

async fn tried(page: &str, words: &[&str]) {
    let (folder, database) = folder();
    let service = Service::start(&database);
    let script = script(page)
        .replace("localhost:8080", &service.rest.to_string())
        .replace("localhost:9090", &service.grpc.to_string());
    let grpcurl = tokio::task::spawn_blocking(grpcurl).await.unwrap();
    let path = format!(
        "{}:{}",
        std::env::var("PATH").unwrap(),
        grpcurl.parent().unwrap().display()
    );
    let output = Command::new("bash")
        .env("PATH", path)
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{out}\n{error}");
    for word in words {
        assert!(
            out.contains(word) || error.contains(word),
            "{word} is not in {out}\n{error}"
        );
    }
}

#[tokio::test]
async fn the_guide_of_rest_goes_as_it_says() {
    let page = include_str!("../../../../docs/guide-rest.md");
    let words = [
        "idempotency-replayed: true",
        "idempotency_key_reused",
        "version_mismatch",
        "304",
        "DUPLICATE",
        "PARKED",
        "orders[1].order.lines[0].discount",
        "event: order.held.v1",
    ];
    tried(page, &words).await;
}

#[tokio::test]
async fn the_guide_of_grpc_goes_as_it_says() {
    let page = include_str!("../../../../docs/guide-grpc.md");
    let words = [
        "idempotency-replayed: true",
        "VERSION_MISMATCH",
        "FACT_OUTCOME_DUPLICATE",
        "order.confirmed.v1",
    ];
    tried(page, &words).await;
}

/// Settings, alerts, log lines, metrics and links of the pages.
#[test]
fn the_pages_speak_of_what_there_is() {
    let help = binary().arg("--help").output().unwrap().stdout;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut check = Command::new("python3")
        .arg("xtask/scripts/check_docs.py")
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(&help).unwrap();
    let output = check.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
