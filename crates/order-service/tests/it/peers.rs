//! Replicas that look at each other: what is wrong with one, the others say.

use crate::cluster::{Cluster, PODS, list, pod};
use crate::netns::Namespace;
use crate::service::{Service, binary, folder};
use std::path::Path;
use std::process::Command;
use testkit::servers::Authority;

/// As the log tells of a replica that is not ready.
const NOT_READY: &str = "another replica is not ready";

fn settings<'a>(database: &'a str, name: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("DATABASE_URL", database),
        ("MGMT_INTERFACE", "net1"),
        ("DATA_INTERFACE", "net2"),
        ("HTTP_LISTEN_ADDR", "0.0.0.0:8080"),
        ("GRPC_LISTEN_ADDR", "0.0.0.0:9090"),
        ("MGMT_LISTEN_ADDR", "0.0.0.0:9091"),
        ("POD_NAME", name),
    ]
}

fn url(database: &Path) -> String {
    format!("sqlite:{}", database.display())
}

#[test]
fn a_plane_of_one_that_goes_down_is_told_by_the_other_with_its_interface() {
    let (here, there) = (Namespace::new(), Namespace::new());
    here.cable_to("net1", &there);
    here.ip("address add 10.10.0.11/24 dev net1");
    there.ip("address add 10.10.0.12/24 dev net1");
    for (pod, address) in [(&here, "10.20.0.11/24"), (&there, "10.20.0.12/24")] {
        pod.cable("net2");
        pod.ip(&format!("address add {address} dev net2"));
    }
    let ((_one, one), (_other, other)) = (folder(), folder());
    let (one, other) = (url(&one), url(&other));
    let other = Service::start_by(
        there.within(&binary()),
        &settings(&other, "order-service-b"),
        |_| (),
    );
    let mut looking = settings(&one, "order-service-a");
    looking.push(("PEERS", "10.10.0.12:9091"));
    let service = Service::start_by(here.within(&binary()), &looking, |_| ());

    there.ip("link set net2 down");
    service.wait_for_log(&[
        NOT_READY,
        "10.10.0.12:9091",
        "plane-data: net2: it is down",
        "NET002",
    ]);
    // What is wrong over there is no matter of this one's readiness.
    let (status, body) = here.get("http://10.10.0.11:9091/readyz?verbose");
    assert_eq!(status, 200, "{body}");
    there.ip("link set net2 up");
    service.wait_for_log(&["another replica is ready again", "10.10.0.12:9091"]);
    drop(other);
    service.wait_for_log(&[
        NOT_READY,
        "cannot be reached by the management plane at 10.10.0.12:9091",
        "refused",
    ]);
}

/// Settings of a replica whose management port asks for certificates.
fn mutual<'a>(certificate: &'a str, key: &'a str, authority: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("MGMT_TLS_MODE", "mtls"),
        ("MGMT_TLS_CERT_FILE", certificate),
        ("MGMT_TLS_KEY_FILE", key),
        ("MGMT_TLS_CA_FILE", authority),
    ]
}

#[test]
fn replicas_prove_themselves_with_the_certificate_of_their_management_port() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let [good, foreign] = [ours.good(), theirs.good()].map(|certificate| {
        let paths = [
            certificate.certificate,
            certificate.key,
            certificate.authority,
        ];
        paths.map(|path| path.to_str().unwrap().to_owned())
    });
    let start = |[certificate, key, authority]: &[String; 3], peers: &str| {
        let (folder, database) = folder();
        let mut environment = mutual(certificate, key, authority).to_vec();
        environment.push(("PEERS", peers));
        (Service::start_with(&database, &environment), folder)
    };
    let well = start(&good, "");
    let stranger = start(&foreign, "");
    let peers = format!("{},{}", well.0.management, stranger.0.management);
    let (service, _folder) = start(&good, &peers);
    let at = stranger.0.management.to_string();
    service.wait_for_log(&[NOT_READY, &at, "not trusted"]);
    // Both were asked in the one round that the log tells of.
    let told = service.log();
    let well = well.0.management.to_string();
    let ill =
        |line: &&str| line.contains(NOT_READY) && line.contains(&format!("\"replica\":\"{well}\""));
    assert_eq!(told.lines().find(ill), None, "{told}");
}

/// Mounts a service account where the kubelet does, seen by nobody else, and runs a program.
const IN_A_POD: &str = "mount -t tmpfs none /run \
    && mkdir -p /run/secrets/kubernetes.io/serviceaccount \
    && mount --bind \"$1\" /run/secrets/kubernetes.io/serviceaccount \
    && exec \"$2\"";

fn in_a_pod(service_account: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.env_clear();
    command.args(["--mount", "sh", "-c", IN_A_POD, "sh"]);
    command.arg(service_account).arg(binary().get_program());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_the_others_are_those_that_kubernetes_names() {
    let cluster = Cluster::start();
    let (_one, other_file) = folder();
    let planes = [("MGMT_INTERFACE", "lo"), ("DEFAULT_INTERFACE", "lo")];
    let mut there = planes.to_vec();
    there.extend([
        ("MGMT_LISTEN_ADDR", "127.0.0.2:0"),
        ("POD_NAME", "order-service-b"),
    ]);
    let other = Service::start_with(&other_file, &there);
    let port = other.management.port();
    let pods = [
        pod("order-service-a", "Running", Some("127.0.0.3")),
        pod("order-service-b", "Running", Some("127.0.0.2")),
        pod("order-service-c", "Running", Some("127.0.0.9")),
    ];
    cluster.says(PODS, &list("PodList", "v1", &pods));

    let (_two, file) = folder();
    let (database, listen) = (url(&file), format!("127.0.0.3:{port}"));
    let api = cluster.server.address.port().to_string();
    let mut here = planes.to_vec();
    here.extend([
        ("DATABASE_URL", database.as_str()),
        ("MGMT_LISTEN_ADDR", &listen),
        ("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", &api),
        ("POD_NAME", "order-service-a"),
    ]);
    let service = Service::start_by(in_a_pod(cluster.folder.path()), &here, |_| ());
    let at = format!("cannot be reached by the management plane at 127.0.0.9:{port}");
    service.wait_for_log(&[NOT_READY, "order-service-c", &at]);
    let told = service.log();
    assert!(!told.contains("order-service-b"), "it is well: {told}");
    assert!(!told.contains("not all known"), "{told}");
    drop(other);
    service.wait_for_log(&[NOT_READY, "order-service-b", "refused"]);
}
