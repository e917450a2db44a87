//! Who may do what, asked with real certificates by the clients that people have.

use crate::client::order;
use crate::grpc;
use crate::service::{Service, binary, ending, folder};
use order_proto::v1::ListOrdersRequest;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::servers::certificates::{Authority, Certificate};
use tls::{ClientTls, Identity};
use tonic::Code;

/// No step takes longer; only a failure does.
const PATIENCE: Duration = Duration::from_secs(20);

const READER: &str = "spiffe://example/ns/shop/sa/reader";
const WEB: &str = "spiffe://example/ns/shop/sa/web";
const STRANGER: &str = "spiffe://example/ns/shop/sa/stranger";

const TABLE: &str = r#"
[callers]
"spiffe://example/ns/shop/sa/reader" = ["read"]
"spiffe://example/ns/shop/sa/web" = ["read", "place"]
"#;

/// A service whose every listener asks for certificates, and callers with theirs.
struct House {
    _folder: TempDir,
    _authority: Authority,
    service: Service,
    table: PathBuf,
    token: PathBuf,
    reader: Certificate,
    web: Certificate,
    stranger: Certificate,
    nameless: Certificate,
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// As a Kubernetes volume changes: the file is replaced whole.
fn replace(file: &Path, with: &str) {
    let beside = file.with_extension("new");
    fs::write(&beside, with).unwrap();
    fs::rename(&beside, file).unwrap();
}

/// The status and the JSON of what curl is answered.
fn curl(port: u16, own: &Certificate, path: &str, more: &[&str]) -> (u16, Value) {
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "10", "-w", "\n%{http_code}"])
        .args(["--cacert", text(&own.authority)])
        .args(["--cert", text(&own.certificate), "--key", text(&own.key)])
        .args(more)
        .arg(format!("https://localhost:{port}{path}"))
        .output()
        .expect("curl is installed");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let answer = String::from_utf8(output.stdout).unwrap();
    let (body, status) = answer.rsplit_once('\n').unwrap();
    let body = serde_json::from_str(body).unwrap_or_else(|_| body.into());
    (status.parse().unwrap(), body)
}

impl House {
    fn new() -> House {
        let authority = Authority::new();
        let own = authority.good();
        let named = |name: &str| authority.named(&format!("URI:{name}"));
        let (folder, database) = folder();
        let table = folder.path().join("callers.toml");
        let token = folder.path().join("token");
        fs::write(&table, TABLE).unwrap();
        fs::write(&token, "the-first-token-of-all\n").unwrap();
        let mut environment = vec![
            ("CALLERS_FILE".to_owned(), text(&table)),
            ("ADMIN_TOKEN_FILE".to_owned(), text(&token)),
        ];
        for listener in ["HTTP", "GRPC", "MGMT"] {
            for (name, value) in [
                ("MODE", "mtls"),
                ("CERT_FILE", text(&own.certificate)),
                ("KEY_FILE", text(&own.key)),
                ("CA_FILE", text(&own.authority)),
            ] {
                environment.push((format!("{listener}_TLS_{name}"), value));
            }
        }
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        let service = Service::start_with(&database, &environment);
        House {
            reader: named(READER),
            web: named(WEB),
            stranger: named(STRANGER),
            nameless: authority.named("IP:127.0.0.1"),
            _folder: folder,
            _authority: authority,
            service,
            table,
            token,
        }
    }

    fn get(&self, own: &Certificate, path: &str) -> (u16, Value) {
        curl(self.service.rest.port(), own, path, &[])
    }

    fn place(&self, own: &Certificate, key: &str) -> (u16, Value) {
        let (order, key) = (order(1).to_string(), format!("idempotency-key: {key}"));
        let json = "content-type: application/json";
        let more = ["-H", json, "-H", key.as_str(), "-d", order.as_str()];
        curl(self.service.rest.port(), own, "/v1/orders", &more)
    }

    /// The status of an action for administrators, asked with this token.
    fn act(&self, own: &Certificate, token: &str) -> u16 {
        let header = format!("authorization: Bearer {token}");
        let port = self.service.management.port();
        let more = ["-H", header.as_str()];
        curl(port, own, "/api/no-such-action", &more).0
    }

    /// What the metrics say of the setting's file: 1 while it cannot be used.
    fn unusable(&self, setting: &str) -> Option<f64> {
        let (_, metrics) = curl(
            self.service.management.port(),
            &self.reader,
            "/metrics",
            &[],
        );
        let line = format!("files_unusable{{setting=\"{setting}\"}} ");
        let mut lines = metrics.as_str()?.lines();
        lines.find_map(|told| told.strip_prefix(&line)?.parse().ok())
    }

    fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let started = Instant::now();
        while !is_so() {
            let log = self.service.log();
            assert!(started.elapsed() < PATIENCE, "not yet {what}:\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn events(&self) -> Vec<Value> {
        let (status, page) = self.get(&self.reader, "/v1/changes");
        assert_eq!(status, 200, "{page}");
        page["events"].as_array().unwrap().clone()
    }
}

#[test]
fn each_caller_does_what_its_role_allows_and_the_event_says_who_it_was() {
    let house = House::new();
    assert_eq!(house.get(&house.reader, "/v1/orders").0, 200);
    let (status, problem) = house.place(&house.reader, "k1");
    assert_eq!(
        (status, problem["code"].as_str()),
        (403, Some("permission_denied"))
    );
    let detail = problem["detail"].as_str().unwrap();
    for word in [READER, "place", "CALLERS_FILE"] {
        assert!(detail.contains(word), "{detail}");
    }
    assert!(house.events().is_empty());
    let (status, placed) = house.place(&house.web, "k1");
    assert_eq!(status, 201, "{placed}");
    let events = house.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["data"]["cause"]["caller"], WEB);
    let path = format!("/v1/orders/{}:hold", placed["order_id"].as_str().unwrap());
    let hold = r#"{"kind":"FRAUD","reason":"looks odd"}"#;
    let more = ["-H", "content-type: application/json", "-d", hold];
    let port = house.service.rest.port();
    assert_eq!(curl(port, &house.web, &path, &more).0, 403);
    let (status, problem) = house.get(&house.stranger, "/v1/orders");
    assert_eq!(status, 403);
    assert!(problem["detail"].as_str().unwrap().contains(STRANGER));
    let (status, problem) = house.get(&house.nameless, "/v1/orders");
    assert_eq!(
        (status, problem["code"].as_str()),
        (401, Some("unauthenticated"))
    );
    assert_eq!(house.get(&house.stranger, "/livez").0, 200);
    assert_eq!(house.get(&house.nameless, "/openapi.json").0, 200);
    assert_eq!(house.events().len(), 1);
}

#[test]
fn a_change_of_the_file_is_in_force_without_a_restart_and_a_broken_one_never() {
    let house = House::new();
    replace(&house.table, "[callers]\n\"x\" = [\"reed\"]\n");
    house
        .service
        .wait_for_log(&["callers_file", "line 2", "reed", "stays in force"]);
    assert_eq!(house.get(&house.reader, "/v1/orders").0, 200);
    assert_eq!(house.place(&house.reader, "k1").0, 403);
    assert_eq!(house.unusable("callers_file"), Some(1.0));
    let changed = format!("[callers]\n\"{READER}\" = [\"place\"]\n");
    replace(&house.table, &changed);
    house.wait_until("in force", || {
        house.get(&house.reader, "/v1/orders").0 == 403
    });
    assert_eq!(house.place(&house.reader, "k1").0, 201);
    assert_eq!(house.place(&house.web, "k2").0, 403);
    house.wait_until("usable", || house.unusable("callers_file") == Some(0.0));
}

#[test]
fn a_token_lets_administrators_in_and_another_one_in_its_file_takes_its_place() {
    let house = House::new();
    let caller = &house.reader;
    let port = house.service.management.port();
    for open in ["/metrics", "/readyz", "/api/status"] {
        assert_eq!(curl(port, caller, open, &[]).0, 200, "{open}");
    }
    assert_eq!(house.act(caller, "the-first-token-of-al"), 401);
    // Nobody but an administrator learns that there is no such action.
    assert_eq!(house.act(caller, "the-first-token-of-all"), 404);
    replace(&house.token, "the-second-token-of-all");
    house.wait_until("another token", || {
        house.act(caller, "the-second-token-of-all") == 404
    });
    assert_eq!(house.act(caller, "the-first-token-of-all"), 401);
    replace(&house.token, "short");
    house
        .service
        .wait_for_log(&["admin_token_file", "16", "stays in force"]);
    assert_eq!(house.act(caller, "short"), 401);
    assert_eq!(house.act(caller, "the-second-token-of-all"), 404);
    let named = format!("[callers]\n\"{READER}\" = [\"admin\"]\n");
    replace(&house.table, &named);
    house.wait_until("a role by certificate", || {
        curl(port, caller, "/api/no-such-action", &[]).0 == 404
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_by_grpc_that_stands_follows_the_file() {
    let house = tokio::task::spawn_blocking(House::new).await.unwrap();
    let tls = |own: &Certificate| ClientTls {
        ca_file: Some(own.authority.clone()),
        identity: Some(Identity {
            cert_file: own.certificate.clone(),
            key_file: own.key.clone(),
        }),
    };
    let address = house.service.grpc;
    let mut web = grpc::client_by(address, &tls(&house.web)).await.unwrap();
    web.place_order(grpc::place("k", 1)).await.unwrap();
    assert_eq!(house.events()[0]["data"]["cause"]["caller"], WEB);
    let mut reader = grpc::client_by(address, &tls(&house.reader)).await.unwrap();
    reader
        .list_orders(ListOrdersRequest::default())
        .await
        .unwrap();
    let refused = reader.place_order(grpc::place("k2", 1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
    let changed = format!("[callers]\n\"{READER}\" = [\"read\", \"place\"]\n");
    replace(&house.table, &changed);
    let started = Instant::now();
    while let Err(refused) = reader.place_order(grpc::place("k2", 1)).await {
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
        assert!(started.elapsed() < PATIENCE, "{}", house.service.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let refused = web.place_order(grpc::place("k3", 1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
    assert_eq!(house.events().len(), 2);
}

#[test]
fn without_files_it_is_said_loudly_and_files_that_are_no_use_stop_the_start() {
    let (folder, database) = folder();
    let service = Service::start(&database);
    service.wait_for_log(&["WARN", "CALLERS_FILE is not set"]);
    service.wait_for_log(&["\"message\":\"started\"", "everybody may read"]);
    let page = Command::new("curl")
        .args(["-sSf", &format!("http://{}/api/status", service.management)])
        .output();
    let page = String::from_utf8(page.unwrap().stdout).unwrap();
    assert!(page.contains("everybody may read"), "{page}");
    drop(service);
    let table = folder.path().join("callers.toml");
    fs::write(&table, TABLE).unwrap();
    // Callers who cannot say who they are: nobody may do anything, and that is said too.
    let service = Service::start_with(&database, &[("CALLERS_FILE", text(&table))]);
    service.wait_for_log(&["WARN", "http_tls_mode = mtls"]);
    drop(service);
    let broken = folder.path().join("broken.toml");
    fs::write(&broken, "[callers]\n\"\" = []\n").unwrap();
    for (variable, file, words) in [
        (
            "CALLERS_FILE",
            &broken,
            &["callers_file", "line 2", "empty"][..],
        ),
        (
            "CALLERS_FILE",
            &folder.path().join("none"),
            &["cannot be read"],
        ),
        (
            "ADMIN_TOKEN_FILE",
            &broken,
            &["admin_token_file", "openssl rand"],
        ),
    ] {
        let (code, told) = ending(
            binary()
                .env("DATABASE_URL", format!("sqlite:{}", database.display()))
                .env(variable, file),
        );
        assert_eq!(code, Some(1), "{told}");
        for word in words {
            assert!(told.contains(word), "{word} is not in {told}");
        }
    }
}
