//! What is shown: each network as it is, each socket on its own, the table within its width, stable names.

use crate::{changed, describe, facts};
use netcheck::pod::NetworkStatus;
use serde_json::{Value, json};
use topology::{Kind, Network, Topology, table};

fn network<'a>(topology: &'a Topology, name: &str) -> &'a Network {
    let networks = &mut topology.networks.iter();
    networks.find(|network| network.name == name).unwrap()
}

#[test]
fn a_network_is_shown_as_it_is() {
    let topology = describe(&facts());
    let names: Vec<&str> = topology.networks.iter().map(|one| one.name).collect();
    assert_eq!(names, ["default", "management", "data", "storage"]);
    let storage = network(&topology, "storage");
    assert_eq!(storage.interface.as_deref(), Some("net3"));
    assert_eq!(storage.cni_network.as_deref(), Some("orders/storage"));
    assert_eq!(storage.cidrs, ["10.30.0.0/24"]);
    assert_eq!((storage.state.as_str(), storage.mtu), ("up", Some(1_450)));
    // Multus' entry of the default network is not always there.
    assert_eq!(network(&topology, "default").cni_network, None);
    let sockets = &storage.sockets;
    assert_eq!(
        (sockets.len(), sockets[0].count, sockets[0].kind),
        (1, 2, Kind::To)
    );
    assert_eq!(sockets[0].carries, Some("PostgreSQL"));
    let data: Vec<_> = network(&topology, "data")
        .sockets
        .iter()
        .map(|one| (one.kind, one.count, one.carries))
        .collect();
    assert_eq!(
        data,
        [
            (Kind::Listener, 1, Some("REST")),
            (Kind::Listener, 2, Some("gRPC")),
            (Kind::Callers, 1, Some("REST")),
        ]
    );
    assert_eq!(topology.elsewhere, []);
}

#[test]
fn what_is_wrong_with_an_interface_is_its_state() {
    let of = |change: &dyn Fn(&mut Option<netcheck::pod::Link>)| {
        let topology = changed(|facts| change(&mut facts.pod.planes[3].link));
        network(&topology, "storage").state.clone()
    };
    assert!(of(&|link| *link = None).contains("NET001"));
    assert!(of(&|link| link.as_mut().unwrap().admin_up = false).contains("NET002"));
    assert!(of(&|link| link.as_mut().unwrap().carrier = false).contains("NET003"));
    assert!(of(&|link| link.as_mut().unwrap().addresses.truncate(0)).contains("NET005"));
    let unbound = changed(|facts| facts.pod.planes[3].interface = None);
    assert_eq!(network(&unbound, "storage").state, "not bound");
}

#[test]
fn names_for_machines_are_stable() {
    let json = serde_json::to_value(describe(&facts())).unwrap();
    let keys = |value: &Value| {
        let keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.join(" ")
    };
    assert_eq!(
        keys(&json),
        "elsewhere encryption hexagon isolation networks unknown"
    );
    let network = &json["networks"][2];
    assert_eq!(
        keys(network),
        "addresses carries cidrs cni_network interface kind mtu name purpose sockets state variable"
    );
    assert_eq!(
        network["carries"][0],
        json!({"what": "REST", "way": "in", "at": "0.0.0.0:8080", "encryption": "mtls"})
    );
    assert_eq!(
        network["sockets"][0],
        json!({"kind": "listener", "protocol": "tcp", "address": "0.0.0.0:8080", "device": "net2",
            "owner": "uid 65534", "carries": "REST", "count": 1})
    );
    assert_eq!(keys(&json["isolation"][0]), "held network rule why");
    assert_eq!(json["isolation"][0]["held"], "yes");
    assert_eq!(json["encryption"][3]["held"], "cannot tell");
    assert_eq!(json["hexagon"][0]["networks"], json!([]));
}

#[test]
fn the_table_tells_everything_within_a_hundred_columns() {
    let strangers: Vec<_> = (1..40)
        .map(|port| {
            crate::listener(
                Some("net3"),
                &format!("[2001:db8:1234:5678:9abc:def0:1234:5678]:{port}"),
            )
        })
        .collect();
    let topology = changed(|facts| {
        facts.sockets.as_mut().unwrap().extend(strangers);
        facts.pod.status =
            NetworkStatus::Unusable("/etc/podinfo/network-status is empty".to_owned());
    });
    let text = table(&topology);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
        assert_eq!(line, line.trim_end());
    }
    for words in [
        "data        net2       up  10.20.0.0/24  macvlan  mtu 1450",
        "REST at 0.0.0.0:8080, mTLS",
        "tcp to 10.30.0.10:5432 ×2 (PostgreSQL)",
        "core domain       none",
        "only the database adapters: no",
        "encrypted at rest: cannot tell",
        "/etc/podinfo/network-status is empty",
        "more: --json tells all",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colour");
}
