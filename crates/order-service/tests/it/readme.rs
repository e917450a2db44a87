//! The README's commands do what it says: they are cut out of it and run.

use crate::service::{Service, folder};
use std::process::Command;
use testkit::clients::grpcurl;

const README: &str = include_str!("../../../../README.md");

/// The shell blocks between the marks, as one script.
fn script() -> String {
    let begin = "<!-- tried by tests: begin -->";
    let part = README
        .split(begin)
        .nth(1)
        .unwrap()
        .split("<!-- tried by tests: end -->")
        .next()
        .unwrap();
    let mut script = String::new();
    for block in part.split("```sh\n").skip(1) {
        script += block.split("```").next().unwrap();
    }
    assert!(
        script.matches("curl").count() >= 7,
        "the README lost its commands"
    );
    script
}

#[tokio::test]
async fn the_first_orders_go_as_the_readme_says() {
    let (folder, database) = folder();
    let service = Service::start(&database);
    let script = script()
        .replace("localhost:8080", &service.rest.to_string())
        .replace("localhost:9090", &service.grpc.to_string());
    let grpcurl = tokio::task::spawn_blocking(grpcurl).await.unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{path}:{}", grpcurl.parent().unwrap().display());
    let output = Command::new("bash")
        .env("PATH", path)
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let (out, error) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{script}\n{out}\n{error}");
    let mut client = service.client();
    let completed = client.get("/v1/orders?external_id=shop-1001").await.body;
    assert_eq!(completed["orders"][0]["state"], "COMPLETED", "{out}");
    let cancelled = client.get("/v1/orders?external_id=shop-1002").await.body;
    assert_eq!(cancelled["orders"][0]["lines"][0]["cancelled"], 1, "{out}");
    assert!(
        out.contains("order.placed.v1") && out.contains("order.completed.v1"),
        "the stream was shown: {out}"
    );
    assert!(out.contains("next_page_token"), "{out}");
    assert!(out.contains("STATE_PENDING"), "gRPC answered: {out}");
    let all = client.get("/v1/orders?customer_id=customer-7").await.body;
    assert_eq!(all["orders"].as_array().unwrap().len(), 3, "{out}");
}
