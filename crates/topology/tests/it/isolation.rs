//! Each network is kept to what it is for, or not, or it cannot be told.

use crate::{assert_held, changed, connection, describe, facts, listener, with};
use planes::{Owner, PlaneKind, Protocol, SeenSocket, SocketState};
use topology::{Answer, Facts, Protection, Topology, Traffic, Way};

#[track_caller]
fn isolation(topology: &Topology, network: &str, held: Answer, words: &[&str]) {
    assert_held(&topology.isolation, network, "only", held, words);
}

/// Networks other than this are held.
#[track_caller]
fn alone(topology: &Topology, network: &str) {
    for policy in topology
        .isolation
        .iter()
        .filter(|one| one.network != network)
    {
        assert_eq!(policy.held, Answer::Yes, "{policy:#?}");
    }
}

#[test]
fn a_pod_as_it_should_be_holds_all_of_them() {
    alone(&describe(&facts()), "none");
}

#[test]
fn a_stranger_on_a_network_is_named() {
    for (network, stranger, words) in [
        (
            "storage",
            listener(Some("net3"), "10.30.0.11:22"),
            "tcp 10.30.0.11:22 listens (of uid 65534)",
        ),
        (
            "storage",
            connection(Some("net3"), "10.30.0.11:41000", "10.30.0.66:443"),
            "to 10.30.0.66:443",
        ),
        // Not bound, but on the network by its address.
        (
            "storage",
            connection(None, "10.30.0.11:41000", "10.30.0.66:443"),
            "to 10.30.0.66:443",
        ),
        (
            "data",
            connection(Some("net2"), "10.20.0.11:41000", "10.20.0.66:443"),
            "to 10.20.0.66:443",
        ),
        (
            "data",
            listener(Some("net2"), "0.0.0.0:9091"),
            "0.0.0.0:9091",
        ),
        (
            "management",
            listener(Some("net1"), "10.10.0.11:8080"),
            "10.10.0.11:8080",
        ),
        (
            "default",
            connection(Some("eth0"), "10.244.0.5:41000", "10.244.0.9:9092"),
            "10.244.0.9:9092",
        ),
        (
            "default",
            connection(None, "192.0.2.1:41000", "198.51.100.7:443"),
            "198.51.100.7:443",
        ),
    ] {
        let topology = with(&[stranger]);
        isolation(&topology, network, Answer::No, &["no business", words]);
        alone(&topology, network);
    }
}

#[test]
fn what_is_bound_to_no_interface_answers_on_all_of_them() {
    let topology = with(&[listener(None, "0.0.0.0:15090")]);
    for (network, ..) in crate::PLANES {
        isolation(
            &topology,
            network,
            Answer::No,
            &["0.0.0.0:15090", "every network"],
        );
    }
    assert_eq!(topology.elsewhere.len(), 1);
}

#[test]
fn many_strangers_are_counted() {
    let many: Vec<SeenSocket> = (1..=5)
        .map(|port| listener(Some("net3"), &format!("10.30.0.11:{port}")))
        .collect();
    isolation(&with(&many), "storage", Answer::No, &["and 2 more"]);
}

fn unbind(facts: &mut Facts, network: &str) {
    let planes = &mut facts.pod.planes.iter_mut();
    let plane = planes.find(|plane| plane.name == network).unwrap();
    (plane.interface, plane.link) = (None, None);
}

#[test]
fn a_network_that_is_not_bound_is_not_held() {
    for (network, variable) in [
        ("storage", "STORAGE_INTERFACE"),
        ("data", "DATA_INTERFACE"),
        ("management", "MGMT_INTERFACE"),
    ] {
        let topology = changed(|facts| unbind(facts, network));
        isolation(&topology, network, Answer::No, &["not bound", variable]);
    }
    let nothing = changed(|facts| {
        for (network, ..) in crate::PLANES {
            unbind(facts, network);
        }
    });
    isolation(&nothing, "default", Answer::No, &["DEFAULT_INTERFACE"]);
    assert_eq!(
        nothing.elsewhere,
        [],
        "on a machine that is not multi-homed those are others'"
    );
}

#[test]
fn the_default_network_may_go_by_the_routing_table() {
    let question = SeenSocket {
        protocol: Protocol::Udp,
        state: SocketState::CLOSED,
        owner: Owner::Own,
        ..listener(None, "0.0.0.0:41000")
    };
    let asks = |facts: &mut Facts| {
        unbind(facts, "default");
        facts.traffic.retain(|one| one.what != "probes");
        let sockets = facts.sockets.as_mut().unwrap();
        sockets.retain(|one| one.device.as_ref().and_then(|on| on.name.as_deref()) != Some("eth0"));
        sockets.push(question.clone());
        sockets.push(connection(None, "192.0.2.1:41001", "10.96.0.10:53"));
    };
    alone(&changed(asks), "none");
}

#[test]
fn storage_that_nothing_uses_is_held() {
    let embedded = |facts: &mut Facts| {
        facts.traffic.retain(|one| one.plane != PlaneKind::Storage);
        facts.traffic.push(Traffic {
            way: Way::Within,
            ..crate::traffic(
                "SQLite",
                PlaneKind::Storage,
                Way::Within,
                "./data/orders.db",
            )
        });
        unbind(facts, "storage");
        facts
            .sockets
            .as_mut()
            .unwrap()
            .retain(|one| one.local.port() < 40_000);
    };
    isolation(
        &changed(embedded),
        "storage",
        Answer::Yes,
        &["nothing is configured"],
    );
}

#[test]
fn who_calls_is_known_by_certificate_alone() {
    for (network, what) in [("management", "metrics"), ("data", "gRPC")] {
        for protection in [Protection::None, Protection::Tls] {
            let topology = changed(|facts| {
                let one = facts.traffic.iter_mut().find(|one| one.what == what);
                one.unwrap().protection = protection;
            });
            let words = [what, "X_TLS_MODE=mtls", "MultiNetworkPolicy"];
            isolation(&topology, network, Answer::CannotTell, &words);
            alone(&topology, network);
        }
    }
}

#[test]
fn without_a_look_at_the_sockets_nothing_is_said() {
    let blind = changed(|facts| facts.sockets = Err("EPERM".to_owned()));
    for (network, ..) in crate::PLANES {
        isolation(&blind, network, Answer::CannotTell, &["EPERM"]);
    }
    assert!(blind.unknown[0].contains("EPERM"));
}
