//! `order-service topology` beside a running service in a pod with four interfaces, and on a machine with none.

use crate::netns::Namespace;
use crate::service::{Service, binary, folder};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

/// No step takes longer; only a failure does.
const PATIENCE: Duration = Duration::from_secs(20);
/// Interfaces, addresses, networks, and what Multus calls them.
const NETWORKS: [[&str; 5]; 4] = [
    ["default", "eth0", "10.244.0.5", "10.244.0.0/24", "cbr0"],
    [
        "management",
        "net1",
        "10.10.0.11",
        "10.10.0.0/24",
        "orders/management",
    ],
    ["data", "net2", "10.20.0.11", "10.20.0.0/24", "orders/data"],
    [
        "storage",
        "net3",
        "10.30.0.11",
        "10.30.0.0/24",
        "orders/storage",
    ],
];
const CACHE: &str = "10.30.0.2:6379";

/// What the command prints in the pod, which ends with 0.
fn told(pod: &Namespace, settings: &[(&str, &str)], arguments: &[&str]) -> String {
    let mut command: Command = binary();
    command
        .arg("topology")
        .args(arguments)
        .envs(settings.iter().copied());
    let output = pod.within(&command).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn topology(pod: &Namespace, settings: &[(&str, &str)]) -> Value {
    serde_json::from_str(&told(pod, settings, &["--json"])).unwrap()
}

fn network<'a>(topology: &'a Value, name: &str) -> &'a Value {
    let networks = &mut topology["networks"].as_array().unwrap().iter();
    networks.find(|network| network["name"] == name).unwrap()
}

/// What the sockets of the network carry: `listener 0.0.0.0:8080 REST`.
fn sockets(topology: &Value, name: &str) -> Vec<String> {
    let sockets = network(topology, name)["sockets"].as_array().unwrap();
    let words = |socket: &Value| {
        let word = |key: &str| socket[key].as_str().unwrap_or("-").to_owned();
        [
            word("kind"),
            word("address"),
            word("device"),
            word("carries"),
        ]
        .join(" ")
    };
    sockets.iter().map(words).collect()
}

fn held<'a>(topology: &'a Value, list: &str, network: &str) -> &'a Value {
    let policies = &mut topology[list].as_array().unwrap().iter();
    policies
        .find(|policy| policy["network"] == network)
        .unwrap()
}

#[test]
fn every_listener_is_shown_on_its_plane_and_a_stranger_is_named() {
    let (pod, world) = (Namespace::new(), Namespace::new());
    let (folder, database) = folder();
    for [name, interface, address, ..] in NETWORKS {
        if name == "storage" {
            pod.cable_to(interface, &world);
        } else {
            pod.cable(interface);
        }
        pod.ip(&format!("address add {address}/24 dev {interface}"));
    }
    world.ip("address add 10.30.0.2/24 dev net3");
    // The kernel takes connections for it; nobody says anything.
    let _cache = world.listen(CACHE.parse::<SocketAddr>().unwrap());
    let attached = NETWORKS.map(|[_, interface, address, _, network]| {
        json!({"name": network, "interface": interface, "ips": [address], "dns": {}})
    });
    let status = folder.path().join("network-status");
    std::fs::write(&status, json!(attached).to_string()).unwrap();
    let database = format!("sqlite:{}", database.display());
    let settings = [
        ("DATABASE_URL", database.as_str()),
        ("DEFAULT_INTERFACE", "eth0"),
        ("MGMT_INTERFACE", "net1"),
        ("DATA_INTERFACE", "net2"),
        ("STORAGE_INTERFACE", "net3"),
        ("REDIS_HOST", "10.30.0.2"),
        ("HTTP_LISTEN_ADDR", "0.0.0.0:8080"),
        ("GRPC_LISTEN_ADDR", "0.0.0.0:9090"),
        ("MGMT_LISTEN_ADDR", "0.0.0.0:9091"),
        ("NETWORK_STATUS_FILE", status.to_str().unwrap()),
    ];
    let _service = Service::start_by(pod.within(&binary()), &settings, |_| ());

    let cache = format!("to {CACHE} net3 Redis");
    let started = Instant::now();
    let shown = loop {
        let shown = topology(&pod, &settings);
        if sockets(&shown, "storage").contains(&cache) {
            break shown;
        }
        assert!(started.elapsed() < PATIENCE, "never {cache}: {shown:#}");
        std::thread::sleep(Duration::from_millis(50));
    };
    for [name, interface, address, cidr, attached] in NETWORKS {
        let network = network(&shown, name);
        assert_eq!(network["interface"], interface);
        assert_eq!(network["state"], "up");
        assert_eq!(network["addresses"], json!([address]));
        assert_eq!(network["cidrs"], json!([cidr]));
        assert_eq!(network["cni_network"], attached);
        assert_eq!(network["mtu"], 1500);
    }
    assert_eq!(
        sockets(&shown, "default"),
        ["listener 0.0.0.0:8080 eth0 probes"]
    );
    assert_eq!(
        sockets(&shown, "management"),
        ["listener 0.0.0.0:9091 net1 metrics"]
    );
    assert_eq!(
        sockets(&shown, "data"),
        [
            "listener 0.0.0.0:8080 net2 REST",
            "listener 0.0.0.0:9090 net2 gRPC"
        ]
    );
    assert_eq!(sockets(&shown, "storage"), [cache]);
    assert_eq!(shown["elsewhere"], json!([]));
    for (list, network, answer) in [
        ("isolation", "default", "yes"),
        ("isolation", "storage", "yes"),
        ("isolation", "management", "cannot tell"),
        ("isolation", "data", "cannot tell"),
        ("encryption", "storage", "no"),
        ("encryption", "data", "no"),
    ] {
        let policy = held(&shown, list, network);
        assert_eq!(policy["held"], answer, "{policy:#}");
    }

    let _stray = pod.listen(SocketAddr::from(([0, 0, 0, 0], 7000)));
    let shown = topology(&pod, &settings);
    for [name, ..] in NETWORKS {
        let policy = held(&shown, "isolation", name);
        let why = policy["why"].as_str().unwrap();
        assert!(
            policy["held"] == "no" && why.contains("0.0.0.0:7000"),
            "{policy:#}"
        );
    }
    assert_eq!(shown["elsewhere"][0]["address"], "0.0.0.0:7000");
    let table = told(&pod, &settings, &[]);
    assert!(
        table.contains("Sockets on none of them") && !table.contains('\u{1b}'),
        "{table}"
    );
    assert!(
        table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
}

#[test]
fn where_nothing_is_bound_that_is_said_and_no_stranger_is_listed() {
    let pod = Namespace::new();
    let _other = pod.listen(SocketAddr::from(([0, 0, 0, 0], 7000)));
    let shown = topology(&pod, &[]);
    for name in ["management", "data"] {
        assert_eq!(network(&shown, name)["state"], "not bound");
        let policy = held(&shown, "isolation", name);
        assert_eq!(policy["held"], "no", "{policy:#}");
    }
    assert_eq!(shown["elsewhere"], json!([]));
    assert_eq!(network(&shown, "storage")["carries"][0]["what"], "SQLite");
}
