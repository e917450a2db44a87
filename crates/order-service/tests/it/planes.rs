//! Planes: an interface that is absent is told, one that is named is bound.

use crate::client::{Client, order};
use crate::netns::Namespace;
use crate::service::{Service, binary, ending, folder};
use std::process::Command;
use std::time::{Duration, Instant};

/// No step takes longer; only a failure does.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn an_absent_interface_is_waited_for_and_then_told() {
    let (_folder, database) = folder();
    let (code, told) = ending(
        binary()
            .env("DATABASE_URL", format!("sqlite:{}", database.display()))
            .envs([("DATA_INTERFACE", "nosuch0"), ("PLANE_WAIT", "100ms")]),
    );
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("nosuch0") && told.contains("data"), "{told}");
}

#[tokio::test]
async fn listeners_are_bound_to_the_interface_of_their_plane() {
    let (_folder, database) = folder();
    let planes = [("DATA_INTERFACE", "lo"), ("MGMT_INTERFACE", "lo")];
    let service = Service::start_with(&database, &planes);
    let listing = Command::new("ss")
        .args(["-Hltn", "-A", "inet"])
        .output()
        .unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    for addr in [service.rest, service.grpc, service.management] {
        let bound = format!("127.0.0.1%lo:{}", addr.port());
        assert!(
            listing.contains(&bound),
            "{bound} is missing in:\n{listing}"
        );
    }
    assert_eq!(
        Client::new(service.management).get("/readyz").await.status,
        200
    );
    assert_eq!(
        service
            .client()
            .post("/v1/orders", "k", order(1))
            .await
            .status,
        201
    );
}

/// What the service is told in a namespace with a data plane of its own: nobody but the test reaches it.
fn settings(database: &str) -> Vec<(&str, &str)> {
    vec![
        ("DATABASE_URL", database),
        ("DATA_INTERFACE", "net1"),
        ("HTTP_LISTEN_ADDR", "0.0.0.0:8080"),
        ("GRPC_LISTEN_ADDR", "0.0.0.0:9090"),
    ]
}

/// Waits until readiness, asked by the management plane, has this status, and answers its words.
fn wait_for_readiness(pod: &Namespace, service: &Service, status: u16) -> String {
    let url = format!("http://{}/readyz?verbose", service.management);
    let started = Instant::now();
    loop {
        let (told, body) = pod.get(&url);
        if told == status {
            return body;
        }
        let log = service.log();
        assert!(started.elapsed() < PATIENCE, "{told}: {body}\n{log}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_interface_that_goes_is_told_once_and_readiness_follows_it_there_and_back() {
    let (pod, (_folder, database)) = (Namespace::new(), folder());
    pod.cable("net1");
    pod.ip("address add 10.20.0.1/24 dev net1");
    let database = format!("sqlite:{}", database.display());
    let service = Service::start_by(pod.within(&binary()), &settings(&database), |_| ());
    wait_for_readiness(&pod, &service, 200);
    pod.ip("link delete net1");
    let told = wait_for_readiness(&pod, &service, 503);
    assert!(
        told.contains("plane-data") && told.contains("NET001"),
        "{told}"
    );
    pod.cable("net1");
    let told = wait_for_readiness(&pod, &service, 503);
    assert!(told.contains("plane-data"), "{told}");
    pod.ip("address add 10.20.0.1/24 dev net1");
    wait_for_readiness(&pod, &service, 200);
    let log = service.log();
    // By a look of its own at what is watched already, it would be waited for each time.
    assert!(!log.contains("waiting for"), "{log}");
    assert_eq!(log.matches("down; not ready").count(), 1, "{log}");
    assert_eq!(log.matches("up again").count(), 1, "{log}");
}

#[test]
fn an_interface_without_an_address_is_waited_for() {
    let (pod, (_folder, database)) = (Namespace::new(), folder());
    pod.cable("net1");
    let database = format!("sqlite:{}", database.display());
    let mut never = pod.within(&binary());
    never.envs(settings(&database)).env("PLANE_WAIT", "300ms");
    let (code, told) = ending(&mut never);
    assert_eq!(code, Some(1), "{told}");
    for word in ["net1", "no address", "NET005", "300ms"] {
        assert!(told.contains(word), "{word} is not in {told}");
    }

    let mut settings = settings(&database);
    settings.push(("PLANE_WAIT", "20s"));
    let mut waited = false;
    let service = Service::start_by(pod.within(&binary()), &settings, |line| {
        if line.contains("waiting for the interface") {
            assert!(line.contains("NET005"), "{line}");
            pod.ip("address add 10.20.0.1/24 dev net1");
            waited = true;
        }
    });
    assert!(waited, "{}", service.log());
    wait_for_readiness(&pod, &service, 200);
}
