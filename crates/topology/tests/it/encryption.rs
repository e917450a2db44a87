//! What goes by the networks is encrypted, or not, or it cannot be told.

use crate::{assert_held, changed, describe, facts, listener, traffic};
use planes::PlaneKind;
use topology::{Answer, Facts, Protection, Topology, Traffic, Way};

#[track_caller]
fn held(topology: &Topology, network: &str, rule: &str, held: Answer, words: &[&str]) {
    assert_held(&topology.encryption, network, rule, held, words);
}

fn protect(facts: &mut Facts, what: &str, protection: Protection) {
    let one = facts.traffic.iter_mut().find(|one| one.what == what);
    one.unwrap().protection = protection;
}

#[test]
fn what_is_encrypted_is_said_to_be_and_disks_are_not_known() {
    let topology = describe(&facts());
    held(
        &topology,
        "data",
        "mTLS",
        Answer::Yes,
        &["REST: mTLS", "gRPC: mTLS"],
    );
    held(
        &topology,
        "storage",
        "TLS to the database",
        Answer::Yes,
        &["PostgreSQL: mTLS"],
    );
    held(
        &topology,
        "management",
        "TLS for metrics",
        Answer::Yes,
        &["metrics: mTLS"],
    );
    held(
        &topology,
        "storage",
        "at rest",
        Answer::CannotTell,
        &["disks"],
    );
}

#[test]
fn what_is_not_encrypted_is_named_with_its_setting() {
    for (network, rule, what) in [
        ("data", "mTLS", "REST"),
        ("storage", "TLS to the database", "PostgreSQL"),
        ("management", "TLS for metrics", "metrics"),
    ] {
        let topology = changed(|facts| protect(facts, what, Protection::None));
        let words = [what, "not encrypted", "X_TLS_MODE"];
        held(&topology, network, rule, Answer::No, &words);
    }
}

#[test]
fn tls_of_one_side_is_enough_but_for_the_data_network() {
    for (network, rule, what, answer) in [
        ("data", "mTLS", "gRPC", Answer::No),
        ("storage", "TLS to the database", "PostgreSQL", Answer::Yes),
        ("management", "TLS for metrics", "metrics", Answer::Yes),
    ] {
        let topology = changed(|facts| protect(facts, what, Protection::Tls));
        held(&topology, network, rule, answer, &[what, "TLS"]);
    }
}

#[test]
fn every_client_of_a_network_counts() {
    let more = |what, plane, at| Traffic {
        protection: Protection::None,
        ..traffic(what, plane, Way::Out, at)
    };
    for (network, rule, one) in [
        (
            "data",
            "mTLS",
            more("Kafka", PlaneKind::Data, "10.20.0.20:9092"),
        ),
        (
            "storage",
            "TLS to the database",
            more("Redis", PlaneKind::Storage, "10.30.0.11:6379"),
        ),
        (
            "management",
            "TLS for metrics",
            more("traces and logs", PlaneKind::Management, "c:4317"),
        ),
    ] {
        let what = one.what;
        let topology = changed(|facts| facts.traffic.push(one));
        held(
            &topology,
            network,
            rule,
            Answer::No,
            &[what, "not encrypted"],
        );
    }
}

#[test]
fn a_mesh_may_or_may_not_take_the_data_network() {
    for port in [15_001, 15_006, 4_143] {
        let topology = changed(|facts| {
            protect(facts, "REST", Protection::None);
            let proxy = listener(None, &format!("0.0.0.0:{port}"));
            facts.sockets.as_mut().unwrap().push(proxy);
        });
        let words = [&port.to_string(), "net2", "MSH001"];
        held(&topology, "data", "mTLS", Answer::CannotTell, &words);
    }
    let blind = changed(|facts| {
        protect(facts, "REST", Protection::None);
        facts.sockets = Err("EPERM".to_owned());
    });
    held(
        &blind,
        "data",
        "mTLS",
        Answer::CannotTell,
        &["cannot be seen"],
    );
}

#[test]
fn what_stays_in_the_pod_needs_none() {
    let topology = changed(|facts| {
        facts.traffic.retain(|one| one.plane != PlaneKind::Storage);
        facts.traffic.push(Traffic {
            protection: Protection::NotNeeded,
            ..traffic(
                "SQLite",
                PlaneKind::Storage,
                Way::Within,
                "./data/orders.db",
            )
        });
    });
    held(
        &topology,
        "storage",
        "TLS to the database",
        Answer::Yes,
        &["needs no encryption"],
    );
    let words = ["./data/orders.db", "storage class"];
    held(&topology, "storage", "at rest", Answer::CannotTell, &words);
}
