//! `netcheck`: as a command in a pod without privileges, and by the running service.

use crate::netns::Namespace;
use crate::service::{Service, binary, folder};
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use testkit::servers::certificates::Authority;

/// No condition takes longer to come; only a failure does.
const PATIENCE: Duration = Duration::from_secs(40);

/// A pod with eth0 and net3, and the rest of the world at the other end of both.
struct Site {
    pod: Namespace,
    world: Namespace,
    /// Takes connections as the database would.
    database: Option<TcpListener>,
}

impl Site {
    fn new() -> Site {
        let (pod, world) = (Namespace::new(), Namespace::new());
        for (interface, network) in [("eth0", "10.244.0"), ("net3", "10.30.0")] {
            pod.cable_to(interface, &world);
            pod.ip(&format!("address add {network}.100/24 dev {interface}"));
            world.ip(&format!("address add {network}.10/24 dev {interface}"));
            for setting in ["arp_ignore=1", "accept_redirects=0", "rp_filter=1"] {
                pod.set(&format!("net.ipv4.conf.{interface}.{setting}"));
            }
        }
        // Two networks: nobody answers on one for an address of the other.
        world.set("net.ipv4.conf.all.arp_ignore=1");
        pod.ip("route add default via 10.244.0.10");
        pod.set("net.ipv4.ping_group_range=0 2147483647");
        let database = Some(world.listen("10.30.0.10:5432".parse().unwrap()));
        Site {
            pod,
            world,
            database,
        }
    }

    /// The exit code and what was printed, run as a user who is allowed nothing.
    fn run(&self, arguments: &str) -> (i32, String) {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &str, settings: &[(&str, &str)]) -> (i32, String) {
        let program = binary();
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "--inh-caps=-all",
            ])
            .args(["--bounding-set=-all", "--no-new-privs"])
            .arg(program.get_program())
            .arg("netcheck")
            .args(arguments.split_whitespace())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs([
                ("DEFAULT_INTERFACE", "eth0"),
                ("STORAGE_INTERFACE", "net3"),
                ("DATABASE_HOST", "10.30.0.10"),
            ])
            .envs(settings.iter().copied());
        let output = self.pod.within(&command).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        let code = output.status.code().unwrap();
        (code, String::from_utf8(told).unwrap())
    }

    /// The ids of what is found, each with its evidence.
    fn findings(&self, settings: &[(&str, &str)]) -> Vec<(String, String)> {
        let (_, told) = self.run_with("--json --fail-on never", settings);
        let report: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}"));
        findings(&report)
    }
}

fn findings(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found = report["findings"].as_array().unwrap().iter();
    found
        .map(|one| (text(&one["id"]), text(&one["evidence"])))
        .collect()
}

/// Multus' file as it is where all is well.
fn status_file(folder: &Path, address: &str) -> String {
    let file = folder.join("network-status");
    let entry = |network: &str, interface: &str, ip: &str| {
        format!(r#"{{"name": "{network}", "interface": "{interface}", "ips": ["{ip}"]}}"#)
    };
    let text = format!(
        "[{}, {}]",
        entry("cbr0", "eth0", "10.244.0.100"),
        entry("orders/storage", "net3", address)
    );
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_pod_as_it_should_be_passes_and_five_troubles_are_each_named() {
    let mut site = Site::new();
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    open_to_others(folder.path());
    let file = status_file(folder.path(), "10.30.0.100");
    let status = [("NETWORK_STATUS_FILE", file.as_str())];
    let (code, told) = site.run_with("--fail-on information", &status);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("storage      net3"), "{told}");
    assert!(told.contains("nothing is wrong"), "{told}");

    // 1. As the seed's management network had it: a second default route.
    site.pod.ip("route add default via 10.30.0.10 metric 10");
    let (code, told) = site.run_with("", &status);
    assert_eq!(code, 1);
    assert!(told.contains("RTE001") && told.contains("RTE002"), "{told}");
    assert!(
        told.contains("remove 0.0.0.0/0 from the NetworkAttachmentDefinition"),
        "{told}"
    );
    assert!(told.contains("netcheck found RTE001, RTE002"), "{told}");
    site.pod.ip("route delete default via 10.30.0.10 metric 10");

    // 2. The attachment was replaced behind the pod's back.
    status_file(folder.path(), "10.30.0.77");
    assert_eq!(ids(&site.findings(&status)), ["STA002"]);
    status_file(folder.path(), "10.30.0.100");

    // 3. The pod forwards.
    site.pod.set("net.ipv4.ip_forward=1");
    assert_eq!(ids(&site.findings(&status)), ["SYS005"]);
    site.pod.set("net.ipv4.ip_forward=0");

    // 4. The database does not listen.
    site.database = None;
    let found = site.findings(&status);
    assert_eq!(ids(&found), ["PEER001"]);
    assert!(
        found[0].1.contains("database at 10.30.0.10:5432"),
        "{found:?}"
    );
    site.database = Some(site.world.listen("10.30.0.10:5432".parse().unwrap()));

    // 5. The interface is missing.
    site.pod.ip("link delete net3");
    let (code, told) = site.run_with("", &status);
    assert_eq!(code, 1);
    assert!(
        told.contains("NET001") && told.contains("delete the pod"),
        "{told}"
    );
}

fn ids(found: &[(String, String)]) -> Vec<&str> {
    found.iter().map(|(id, _)| id.as_str()).collect()
}

fn open_to_others(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_is_a_failure_is_the_callers_to_say() {
    let site = Site::new();
    site.pod.set("net.ipv4.conf.net3.arp_ignore=0");
    let none = [("NETWORK_STATUS_FILE", "/nonexistent")];
    for (arguments, code) in [
        ("", 0),
        ("--fail-on critical", 0),
        ("--fail-on warning", 1),
        ("--fail-on never", 0),
    ] {
        let (ended, told) = site.run_with(arguments, &none);
        assert_eq!(ended, code, "{arguments}: {told}");
        assert!(told.contains("SYS003") && told.contains("STA001"), "{told}");
    }
    assert_eq!(site.run("--fail-on much").0, 2);
    assert_eq!(site.run("--jsn").0, 2);
}

#[test]
fn certificates_that_end_and_names_that_nobody_knows_are_told() {
    let site = Site::new();
    let authority = Authority::new();
    let certificate = authority.ending_in(5);
    let (file, key) = (&certificate.certificate, &certificate.key);
    let found = site.findings(&[
        ("HTTP_TLS_MODE", "tls"),
        ("HTTP_TLS_CERT_FILE", file.to_str().unwrap()),
        ("HTTP_TLS_KEY_FILE", key.to_str().unwrap()),
        ("NETWORK_STATUS_FILE", "/nonexistent"),
    ]);
    assert_eq!(ids(&found), ["STA001", "TLS001"]);
    assert!(found[1].1.contains("more of its 100 days"), "{found:?}");
    let (_, told) = site.run_with(
        "",
        &[
            ("DATABASE_HOST", "nothing.invalid"),
            ("REDIS_HOST", "10.30.0.10"),
        ],
    );
    assert!(
        told.contains("cannot tell") && told.contains("nothing.invalid"),
        "{told}"
    );
}

#[test]
fn passages_between_planes_are_tried_and_must_be_closed() {
    let site = Site::new();
    let (code, told) = site.run("isolate");
    assert_eq!(code, 0, "{told}");
    assert!(
        told.contains("closed") && told.contains("from the default plane (eth0) to database"),
        "{told}"
    );
    // A router joins the two networks, and the pod takes answers that come by the wrong one.
    site.pod.set("net.ipv4.conf.eth0.rp_filter=0");
    let (code, told) = site.run("isolate --json");
    assert_eq!(code, 1, "{told}");
    assert!(told.contains(r#""closed": "no""#), "{told}");
    // From a pod that has no settings.
    let (code, told) = site.run("isolate --from eth0 --to 10.30.0.10:5432 --to 10.30.0.10:1");
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("2 of 2 passages"), "{told}");
    assert_eq!(site.run("isolate --from eth0").0, 2);
    let nothing = [
        ("STORAGE_INTERFACE", ""),
        ("NETWORK_STATUS_FILE", "/nonexistent"),
    ];
    let (code, told) = site.run_with("isolate", &nothing);
    assert_eq!(code, 1);
    assert!(told.contains("there is nothing to try"), "{told}");
}

#[test]
fn planes_are_measured_against_the_same_program() {
    let site = Site::new();
    let mut other = binary();
    other
        .args(["netcheck", "perf", "--serve", "--for", "60"])
        .env("STORAGE_INTERFACE", "net3");
    let mut other = site.world.within(&other).spawn().unwrap();
    let started = Instant::now();
    let (code, told) = loop {
        let ended = site.run("perf --json --seconds 1 storage=10.30.0.10");
        if ended.0 == 0 || started.elapsed() > PATIENCE {
            break ended;
        }
    };
    let pid = other.id().to_string();
    Command::new("kill").arg(&pid).status().unwrap();
    assert!(other.wait().unwrap().success());
    assert_eq!(code, 0, "{told}");
    let measured: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(measured[0]["plane"], "storage plane (net3)");
    assert!(
        measured[0]["send_mbit_per_second"].as_f64().unwrap() > 1.0,
        "{told}"
    );
    let (code, told) = site.run("perf storage=10.30.0.10");
    assert_eq!(code, 1);
    assert!(told.contains("netcheck perf --serve"), "{told}");
    assert_eq!(site.run("perf net3=10.30.0.10").0, 2);
}

/// What the running service says, once it says this.
fn reported(pod: &Namespace, service: &Service, id: &str) -> String {
    let url = format!("http://{}/api/netcheck", service.management);
    let started = Instant::now();
    loop {
        let (status, body) = pod.get(&url);
        assert_eq!(status, 200, "{body}");
        let report: Value = serde_json::from_str(&body).unwrap();
        let found = findings(&report).into_iter().find(|(known, _)| known == id);
        if let Some((_, evidence)) = found {
            return evidence;
        }
        assert!(started.elapsed() < PATIENCE, "{id} is not in {body}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn the_running_service_knows_what_it_started_with() {
    let (pod, (_folder, database)) = (Namespace::new(), folder());
    pod.cable("net1");
    pod.ip("address add 10.20.0.1/24 dev net1");
    let authority = Authority::new();
    let certificate = authority.good();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (file, key) = (path(&certificate.certificate), path(&certificate.key));
    let url = format!("sqlite:{}", database.display());
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("DATA_INTERFACE", "net1"),
        ("HTTP_LISTEN_ADDR", "0.0.0.0:8080"),
        ("GRPC_LISTEN_ADDR", "0.0.0.0:9090"),
        ("GRPC_TLS_MODE", "tls"),
        ("GRPC_TLS_CERT_FILE", &file),
        ("GRPC_TLS_KEY_FILE", &key),
    ];
    let service = Service::start_by(pod.within(&binary()), &settings, |_| ());
    pod.ip("link delete net1");
    assert!(reported(&pod, &service, "NET001").contains("net1"));
    pod.cable("net1");
    pod.ip("address add 10.20.0.1/24 dev net1");
    assert!(reported(&pod, &service, "NET004").contains("at the start"));
    std::fs::write(&file, "no certificate").unwrap();
    assert!(reported(&pod, &service, "TLS002").contains(&file));
}
