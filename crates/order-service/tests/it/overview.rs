//! What the dashboard shows of the real service: its interfaces, sockets, traffic and certificates.

use crate::client::order;
use crate::netns::Namespace;
use crate::service::{Service, binary, folder};
use planes::{ConnectOptions, Plane, PlaneKind, connect};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use testkit::servers::certificates::Authority;
use tls::{ClientTls, Identity};

/// No step takes longer; only a failure does.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the status is as `is` wants it, asked by `get`.
fn wait_for(get: impl Fn() -> String, is: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let text = get();
        let status: Value = serde_json::from_str(&text).unwrap_or_default();
        if is(&status) {
            return status;
        }
        assert!(started.elapsed() < PATIENCE, "{text}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn curl(url: &str) -> String {
    let output = Command::new("curl")
        .args(["-s", "--max-time", "5", url])
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

fn find<'a>(list: &'a Value, name: &str, value: &str) -> &'a Value {
    let all = list.as_array().unwrap();
    let found = all.iter().find(|one| one[name] == value);
    found.unwrap_or_else(|| panic!("no {name} {value} in {list:#}"))
}

#[test]
fn interfaces_and_sockets_are_shown_by_plane_and_why_one_is_down() {
    let (pod, (_folder, database)) = (Namespace::new(), folder());
    for (interface, address) in [
        ("eth0", "10.244.0.5/24"),
        ("net1", "10.20.0.1/24"),
        ("net3", "10.30.0.1/24"),
    ] {
        pod.cable(interface);
        pod.ip(&format!("address add {address} dev {interface}"));
    }
    pod.ip("link set net3 mtu 9000");
    let database = format!("sqlite:{}", database.display());
    let settings = [
        ("DATABASE_URL", database.as_str()),
        ("DEFAULT_INTERFACE", "eth0"),
        ("DATA_INTERFACE", "net1"),
        ("STORAGE_INTERFACE", "net3"),
        ("HTTP_LISTEN_ADDR", "0.0.0.0:8080"),
        ("GRPC_LISTEN_ADDR", "0.0.0.0:9090"),
        ("POD_NAME", "order-service-a"),
        ("NODE_NAME", "worker-1"),
    ];
    let service = Service::start_by(pod.within(&binary()), &settings, |_| ());
    let url = format!("http://{}/api/status", service.management);
    let get = || pod.get(&url).1;

    let status = wait_for(get, |status| status["ready"] == true);
    assert_eq!(status["pod"]["name"], "order-service-a");
    assert_eq!(status["pod"]["node"], "worker-1");
    assert!(status["time"].as_str().unwrap().ends_with('Z'));
    let interfaces = &status["interfaces"];
    assert_eq!(interfaces.as_array().unwrap().len(), 4);
    let storage = find(interfaces, "plane", "storage");
    assert_eq!(
        (&storage["interface"], &storage["mtu"]),
        (&"net3".into(), &9000.into())
    );
    let addresses = storage["addresses"].as_array().unwrap();
    assert!(addresses.contains(&"10.30.0.1/24".into()), "{storage}");
    assert!(storage["receive_bytes_total"].is_u64(), "{storage}");
    let management = find(interfaces, "plane", "management");
    assert!(management["interface"].is_null() && management["up"] == true);
    let sockets = &status["sockets"]["shown"];
    for (role, plane, interface) in [
        ("REST listener", "data", "net1"),
        ("gRPC listener", "data", "net1"),
        ("probes listener", "default", "eth0"),
    ] {
        let all = sockets.as_array().unwrap();
        let known = all.iter().any(|socket| {
            socket["role"] == role && socket["plane"] == plane && socket["interface"] == interface
        });
        assert!(known, "{role} in {sockets:#}");
    }
    assert_eq!(status["violations"]["last_24_hours"], 0);

    pod.ip("link set net1 down");
    let is_down = |status: &Value| {
        let interfaces = status["interfaces"].as_array();
        interfaces.is_some_and(|all| all.iter().any(|one| one["up"] == false))
    };
    let status = wait_for(get, is_down);
    let data = find(&status["interfaces"], "plane", "data");
    assert!(
        data["detail"].as_str().unwrap().contains("NET002"),
        "{data}"
    );
}

#[tokio::test]
async fn traffic_is_told_as_rates_and_times_while_somebody_looks() {
    let (_folder, database) = folder();
    let service = Service::start(&database);
    let url = format!("http://{}/api/status/stream", service.management);
    let mut stream = Command::new("curl")
        .args(["-sN", "--max-time", "30", &url])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(stream.stdout.take().unwrap()).lines();
    let (frames, mut frame) = tokio::sync::mpsc::unbounded_channel();
    let reader = std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some(data) = line.strip_prefix("data: ") {
                let _ = frames.send(serde_json::from_str::<Value>(data).unwrap());
            }
        }
    });
    let first = tokio::time::timeout(PATIENCE, frame.recv()).await.unwrap();
    let first = first.unwrap();
    assert!(
        first["traffic"][0]["requests_per_second"].is_null(),
        "{first}"
    );
    let (mut client, mut number) = (service.client(), 0);
    let started = Instant::now();
    let busy = loop {
        number += 1;
        let key = format!("key-{number}");
        let answer = client.post("/v1/orders", &key, order(1)).await;
        assert_eq!(answer.status, 201);
        match frame.try_recv() {
            Ok(status) if status["traffic"][0]["placed_per_second"].as_f64() > Some(0.0) => {
                break status;
            }
            _ => assert!(started.elapsed() < PATIENCE, "no rates are told"),
        }
    };
    let rest = &busy["traffic"][0];
    assert_eq!(rest["edge"], "rest");
    assert!(rest["requests_per_second"].as_f64() > Some(0.0), "{rest}");
    assert_eq!(rest["errors_per_second"].as_f64(), Some(0.0));
    let (half, most) = (rest["p50_seconds"].as_f64(), rest["p99_seconds"].as_f64());
    assert!(half > Some(0.0) && half <= most, "{rest}");

    // A stream is no reason to stop late, and ends whole.
    service.signal("TERM");
    let (status, log) = service.wait();
    assert!(status.success(), "{log}");
    assert!(stream.wait().unwrap().success(), "the stream was cut");
    reader.join().unwrap();
}

#[tokio::test]
async fn encryption_and_certificates_are_told() {
    let authority = Authority::new();
    let good = authority.good();
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let files = [&good.certificate, &good.key, &good.authority].map(|path| text(path));
    let (_folder, database) = folder();
    let service = Service::start_with(
        &database,
        &[
            ("HTTP_TLS_MODE", "mtls"),
            ("HTTP_TLS_CERT_FILE", &files[0]),
            ("HTTP_TLS_KEY_FILE", &files[1]),
            ("HTTP_TLS_CA_FILE", &files[2]),
        ],
    );
    let client = ClientTls {
        ca_file: Some(good.authority.clone()),
        identity: Some(Identity {
            cert_file: good.certificate.clone(),
            key_file: good.key.clone(),
        }),
    };
    let plane = Plane::unbound(PlaneKind::Data);
    let stream = connect(&plane, service.rest, ConnectOptions::default());
    let stream = stream.await.unwrap();
    // It stays open while the service is asked.
    let _caller = client.connect("localhost", stream).await.unwrap();
    let url = format!("http://{}/api/status", service.management);
    let status = tokio::task::spawn_blocking(move || {
        wait_for(
            || curl(&url),
            |status| status["encryption"]["with_client_certificate"] == 1,
        )
    });
    let status = status.await.unwrap();
    let encryption = &status["encryption"];
    let count = |name: &str| encryption[name].as_u64().unwrap();
    assert_eq!(count("encrypted"), 1, "{encryption}");
    // Whoever asks by the management port just now is not encrypted.
    assert_eq!(
        count("connections"),
        1 + count("unencrypted"),
        "{encryption}"
    );
    let certificates = encryption["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 1);
    let certificate = &certificates[0];
    assert_eq!(
        (&certificate["plane"], &certificate["usage"]),
        (&"data".into(), &"listener http".into())
    );
    assert!(certificate["days_left"].as_i64() > Some(0), "{certificate}");
    assert!(certificate["life_left_percent"].as_u64() <= Some(100));
    assert!(!certificate["subject"].as_str().unwrap().is_empty());
}
