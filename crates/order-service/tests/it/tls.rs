//! Listeners by TLS, asked by the clients that people have: who may come, and a renewal under load.

use crate::grpc;
use crate::service::{Service, binary, ending, folder};
use order_proto::v1::ListOrdersRequest;
use planes::{ConnectOptions, Plane, PlaneKind, connect};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use testkit::servers::certificates::{Authority, Certificate};
use tls::ClientTls;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

/// No step takes longer; only a failure does.
const PATIENCE: Duration = Duration::from_secs(20);

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A service whose listener proves itself by the certificate; `mtls`: and clients must as well.
fn start(listener: &str, certificate: &Certificate, mtls: bool) -> (tempfile::TempDir, Service) {
    let (folder, database) = folder();
    let names = ["MODE", "CERT_FILE", "KEY_FILE", "CA_FILE"];
    let names = names.map(|name| format!("{listener}_TLS_{name}"));
    let mut environment = vec![
        (names[0].as_str(), if mtls { "mtls" } else { "tls" }),
        (&names[1], text(&certificate.certificate)),
        (&names[2], text(&certificate.key)),
    ];
    if mtls {
        environment.push((&names[3], text(&certificate.authority)));
    }
    let service = Service::start_with(&database, &environment);
    (folder, service)
}

fn curl(service: &Service, trusted: &Certificate, own: Option<&Certificate>) -> Output {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--fail-with-body", "--max-time", "10"])
        .args(["--cacert", text(&trusted.authority)]);
    if let Some(own) = own {
        curl.args(["--cert", text(&own.certificate), "--key", text(&own.key)]);
    }
    curl.arg(format!(
        "https://localhost:{}/v1/orders",
        service.rest.port()
    ));
    curl.output().expect("curl is installed")
}

#[test]
fn curl_is_let_in_with_a_good_certificate_and_with_no_other() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let good = ours.good();
    let (_folder, service) = start("HTTP", &good, true);
    let answer = curl(&service, &good, Some(&good));
    let told = String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "{told}");
    assert!(String::from_utf8_lossy(&answer.stdout).contains("\"orders\""));
    for (own, reason) in [
        (Some(ours.expired()), "has expired"),
        (Some(foreign.good()), "not trusted"),
        (None, "no certificate"),
    ] {
        let answer = curl(&service, &good, own.as_ref());
        assert!(!answer.status.success(), "{reason}: {answer:?}");
        service.wait_for_log(&["turned away", reason]);
    }
    // Who does not trust the service does not ask it.
    assert!(
        !curl(&service, &foreign.good(), Some(&good))
            .status
            .success()
    );
    for (why, count) in [
        ("expired", 1),
        ("untrusted", 1),
        ("no_certificate", 1),
        ("trusts_us_not", 1),
    ] {
        let labels = format!("plane=\"data\",listener=\"http\",reason=\"{why}\"");
        wait_for_metric(
            &service,
            &format!("plane_refused_total{{{labels}}} {count}"),
        );
    }
}

/// Waits until the metrics have this line.
fn wait_for_metric(service: &Service, line: &str) {
    let url = format!("http://{}/metrics", service.management);
    let started = Instant::now();
    loop {
        let mut curl = Command::new("curl");
        let output = curl.args(["-sS", "--max-time", "10", &url]).output();
        let metrics = String::from_utf8(output.unwrap().stdout).unwrap();
        if metrics.lines().any(|told| told == line) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{line} is not in\n{metrics}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[tokio::test]
async fn connections_are_counted_and_those_that_are_not_encrypted() {
    let authority = Authority::new();
    let good = authority.good();
    let (_folder, service) = start("GRPC", &good, false);
    let plane = Plane::unbound(PlaneKind::Data);
    let mut kept = Vec::new();
    for address in [service.rest, service.rest, service.grpc] {
        kept.push(
            connect(&plane, address, ConnectOptions::default())
                .await
                .unwrap(),
        );
    }
    for (listener, all, unencrypted) in [("http", 2, 2), ("grpc", 1, 0)] {
        for (name, count) in [
            ("plane_connections", all),
            ("plane_connections_unencrypted", unencrypted),
        ] {
            let labels = format!("plane=\"data\",listener=\"{listener}\"");
            wait_for_metric(&service, &format!("{name}{{{labels}}} {count}"));
        }
    }
}

#[test]
fn certificates_that_the_service_connects_with_are_watched_too() {
    let authority = Authority::new();
    let own = authority.expired();
    let (_folder, database) = folder();
    // Nobody is there: the files are looked at all the same.
    let environment = [
        ("REDIS_URL", "rediss://127.0.0.1:1"),
        ("REDIS_TLS_CA_FILE", text(&own.authority)),
        ("REDIS_TLS_CERT_FILE", text(&own.certificate)),
        ("REDIS_TLS_KEY_FILE", text(&own.key)),
    ];
    let service = Service::start_with(&database, &environment);
    service.wait_for_log(&["TLS001", "redis"]);
    wait_for_metric(&service, "files_unusable{setting=\"redis_tls\"} 0");
    fs::write(&own.certificate, "no certificate").unwrap();
    service.wait_for_log(&["TLS002", "redis_tls", text(&own.certificate)]);
    wait_for_metric(&service, "files_unusable{setting=\"redis_tls\"} 1");
    renew(&own, &authority.good());
    wait_for_metric(&service, "files_unusable{setting=\"redis_tls\"} 0");
}

#[test]
fn files_that_are_no_use_stop_the_start() {
    let authority = Authority::new();
    let good = authority.good();
    let (_folder, database) = folder();
    let (code, told) = ending(
        binary()
            .env("DATABASE_URL", format!("sqlite:{}", database.display()))
            .env("GRPC_TLS_MODE", "tls")
            .env("GRPC_TLS_CERT_FILE", &good.certificate)
            .env("GRPC_TLS_KEY_FILE", "/no/such.key"),
    );
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("grpc") && told.contains("/no/such.key"),
        "{told}"
    );
}

/// One request by HTTP over a connection of its own.
async fn ask(address: SocketAddr, trust: ClientTls) -> Result<(), String> {
    let plane = Plane::unbound(PlaneKind::Data);
    let stream = connect(&plane, address, ConnectOptions::default());
    let stream = stream.await.map_err(|error| error.to_string())?;
    let stream = trust.connect("localhost", stream).await;
    let mut stream = stream.map_err(|error| error.to_string())?;
    let request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = Vec::new();
    let asked = async {
        stream.write_all(request).await?;
        stream.flush().await?;
        stream.read_to_end(&mut answer).await
    };
    asked.await.map_err(|error| error.to_string())?;
    let answer = String::from_utf8_lossy(&answer);
    answer
        .starts_with("HTTP/1.1 200")
        .then_some(())
        .ok_or_else(|| answer.into_owned())
}

/// One call by gRPC over a connection of its own.
async fn call(address: SocketAddr, trust: ClientTls) -> Result<(), String> {
    let mut client = grpc::client_by(address, &trust).await?;
    let listed = client.list_orders(ListOrdersRequest::default()).await;
    listed.map(|_| ()).map_err(|status| status.to_string())
}

/// As a Kubernetes secret changes: each file is replaced whole, one after the other.
fn renew(there: &Certificate, with: &Certificate) {
    for (from, to) in [
        (&with.certificate, &there.certificate),
        (&with.key, &there.key),
    ] {
        let beside = to.with_extension("new");
        fs::copy(from, &beside).unwrap();
        fs::rename(&beside, to).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_rest_that_is_replaced_under_load_fails_no_request() {
    replaced_under_load("HTTP", |service| service.rest, ask).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_grpc_that_is_replaced_under_load_fails_no_call() {
    replaced_under_load("GRPC", |service| service.grpc, call).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_management_that_is_replaced_under_load_fails_no_request() {
    replaced_under_load("MGMT", |service| service.management, ask).await;
}

async fn replaced_under_load<F>(
    listener: &str,
    address: impl Fn(&Service) -> SocketAddr,
    ask: impl Fn(SocketAddr, ClientTls) -> F + Copy + Send + 'static,
) where
    F: Future<Output = Result<(), String>> + Send,
{
    let (old, new) = (Authority::new(), Authority::new());
    let (there, renewed) = (old.good(), new.good());
    let both = there.authority.with_extension("both");
    let bundle = [&there.authority, &renewed.authority].map(|file| fs::read(file).unwrap());
    fs::write(&both, bundle.concat()).unwrap();
    let trusting = |file: &Path| ClientTls {
        ca_file: Some(file.to_owned()),
        identity: None,
    };
    let (_folder, service) = start(listener, &there, false);
    let address = address(&service);
    let (over, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let (over, asked) = (Arc::clone(&over), Arc::clone(&asked));
        let trust = trusting(&both);
        callers.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                ask(address, trust.clone()).await?;
                asked.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<(), String>(())
        });
    }
    let some_more = async || {
        let (from, started) = (asked.load(Ordering::Relaxed), Instant::now());
        while asked.load(Ordering::Relaxed) < from + 100 {
            assert!(started.elapsed() < PATIENCE, "callers do not get on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    some_more().await;
    renew(&there, &renewed);
    let (new_alone, started) = (trusting(&renewed.authority), Instant::now());
    while ask(address, new_alone.clone()).await.is_err() {
        assert!(started.elapsed() < PATIENCE, "{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    some_more().await;
    over.store(true, Ordering::Relaxed);
    for ended in callers.join_all().await {
        ended.unwrap();
    }
    let setting = format!("{}_tls", listener.to_ascii_lowercase());
    service.wait_for_log(&[&setting, "is in force"]);
}
