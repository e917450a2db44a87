//! Troubles that only asking shows, as data: sockets, peers, paths, certificates.

use crate::made::{assert_found, found, ip, pod, storage};
use netcheck::pod::{
    Advertised, Answer, Certificate, Lookup, Neighbour, Outcome, Path, Stray, Try, Whose,
};
use netcheck::{Severity, judge};

const DAY: i64 = 86_400;

#[test]
fn sockets_that_are_where_they_must_not_be() {
    for (id, whose) in [
        ("SOC001", Whose::Own),
        ("SOC002", Whose::Foreign),
        ("SOC003", Whose::Orphan),
    ] {
        assert_found(id, "socket", "tcp 0.0.0.0:7", |pod| {
            let what = "tcp 0.0.0.0:7 is unbound".to_owned();
            pod.strays.push(Stray { whose, what });
        });
    }
}

fn tried(outcome: Outcome) -> Try {
    Try {
        name: "database".to_owned(),
        plane: "storage".to_owned(),
        address: "10.30.0.10:5432".parse().unwrap(),
        outcome,
    }
}

#[test]
fn each_way_in_which_a_peer_cannot_be_reached_has_its_own_advice() {
    for (outcome, evidence, advice) in [
        (Outcome::Refused, "ECONNREFUSED", "start the peer"),
        (
            Outcome::Unreachable,
            "EHOSTUNREACH",
            "attached to this network",
        ),
        (Outcome::Silence, "ETIMEDOUT", "NetworkPolicies"),
        (
            Outcome::Failed("no device".to_owned()),
            "no device",
            "interface",
        ),
    ] {
        let finding = found(|pod| pod.tries.push(tried(outcome.clone())));
        assert_eq!(finding.id, "PEER001");
        assert!(finding.evidence.contains("database at 10.30.0.10:5432"));
        assert!(finding.evidence.contains(evidence), "{finding}");
        assert!(finding.advice.contains(advice), "{finding}");
    }
    let mut well = pod();
    well.tries.push(tried(Outcome::Taken));
    assert_eq!(judge(&well).findings, []);
}

#[test]
fn a_gateway_that_does_not_answer_is_told_once() {
    let neighbour = |found| Neighbour {
        interface: "eth0".to_owned(),
        address: ip("10.244.0.1"),
        found,
    };
    assert_found("NBR001", "default plane (eth0)", "10.244.0.1", |pod| {
        pod.routes.push(pod.routes[0].clone());
        pod.routes[1].destination = Some((ip("10.96.0.0"), 12));
        pod.neighbours.push(neighbour(false));
    });
    let mut well = pod();
    well.neighbours.push(neighbour(true));
    assert_eq!(judge(&well).findings, []);
}

#[test]
fn a_peer_on_this_node_is_out_of_reach_of_macvlan_alone() {
    assert_found("NBR002", "storage", "database at 10.30.0.10", |pod| {
        pod.node_addresses.push(ip("10.30.0.10"));
    });
    let mut bridged = pod();
    bridged.node_addresses.push(ip("10.30.0.10"));
    storage(&mut bridged).kind = "veth".to_owned();
    assert_eq!(judge(&bridged).findings, []);
}

#[test]
fn a_shorter_path_is_told_from_a_peer_that_answers_no_echo() {
    let path = |answered| Path {
        plane: "storage".to_owned(),
        address: ip("10.30.0.10"),
        longest: 1_500,
        whole: false,
        answered,
    };
    assert_found("MTU002", "storage", "1400 bytes", |pod| {
        pod.paths.push(path(Some(1_400)));
    });
    let mut mute = pod();
    mute.paths.push(path(None));
    let report = judge(&mute);
    assert_eq!(report.findings, []);
    assert_eq!(report.cannot_tell[0].id, "MTU002");
}

#[test]
fn an_address_that_another_pod_answers_at() {
    let answer = |answered: &str| Answer {
        address: "10.10.0.12:9091".parse().unwrap(),
        expected: "order-service-b".to_owned(),
        answered: answered.to_owned(),
    };
    assert_found(
        "IPD001",
        "address",
        "order-service-c answers at 10.10.0.12",
        |pod| {
            pod.answers = vec![answer("order-service-b"), answer("order-service-c")];
        },
    );
}

#[test]
fn advertised_addresses_must_be_reached_by_the_plane() {
    let advertised = |lookup| Advertised {
        peer: "kafka".to_owned(),
        plane: "data".to_owned(),
        address: "broker-1:9092".to_owned(),
        lookup,
    };
    let lookup = |by_plane| Lookup {
        address: ip("10.20.0.50"),
        unbound: None,
        by_plane,
    };
    assert_found("ADV001", "data plane (net2)", "broker-1:9092", |pod| {
        pod.advertised.push(advertised(Ok(vec![lookup(false)])));
    });
    assert_found("ADV001", "data plane (net2)", "no such name", |pod| {
        pod.advertised
            .push(advertised(Err("no such name".to_owned())));
    });
    let mut well = pod();
    // By one of its addresses is enough.
    let both = vec![lookup(false), lookup(true)];
    well.advertised.push(advertised(Ok(both)));
    assert_eq!(judge(&well).findings, []);
}

fn certificate(from: i64, until: i64) -> Certificate {
    Certificate {
        name: "listener http".to_owned(),
        file: "/tls/tls.crt".to_owned(),
        validity: Ok((from * DAY, until * DAY)),
        in_use_until: None,
        now: 1_000 * DAY,
    }
}

#[test]
fn certificates_that_end_have_ended_or_are_not_in_use() {
    assert_found("TLS001", "listener http", "17 more of its 90 days", |pod| {
        pod.certificates.push(certificate(927, 1_017));
    });
    for (from, until, evidence) in [(900, 990, "10 days ago"), (1_003, 1_093, "clock")] {
        let finding = found(|pod| pod.certificates.push(certificate(from, until)));
        assert_eq!(
            (finding.id, finding.severity),
            ("TLS001", Severity::Critical)
        );
        assert!(finding.evidence.contains(evidence), "{finding}");
    }
    assert_found("TLS002", "listener http", "what is in use for 5", |pod| {
        pod.certificates.push(Certificate {
            in_use_until: Some(1_005 * DAY),
            ..certificate(990, 1_080)
        });
    });
    assert_found("TLS002", "listener http", "no such file", |pod| {
        pod.certificates.push(Certificate {
            validity: Err("no such file".to_owned()),
            ..certificate(0, 0)
        });
    });
    let mut well = pod();
    // Exactly a fifth.
    well.certificates.push(certificate(928, 1_018));
    assert_eq!(judge(&well).findings, []);
}
