//! Topologies of made facts: each network as it is, and every policy with each of its answers.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod encryption;
mod isolation;
mod shown;

use netcheck::pod::{Address, Attached, Link, NetworkStatus, Plane, Pod};
use planes::{Device, Owner, PlaneKind, Protocol, SeenSocket, SocketState};
use topology::{Answer, Facts, Policy, Protection, Topology, Traffic, Way, describe};

/// The planes of the pod: name, interface, address.
const PLANES: [(&str, &str, &str); 4] = [
    ("default", "eth0", "10.244.0.5"),
    ("management", "net1", "10.10.0.11"),
    ("data", "net2", "10.20.0.11"),
    ("storage", "net3", "10.30.0.11"),
];

fn plane((name, interface, address): (&str, &str, &str)) -> Plane {
    Plane {
        name: name.to_owned(),
        interface: Some(interface.to_owned()),
        link: Some(Link {
            admin_up: true,
            carrier: true,
            mtu: 1_450,
            kind: "macvlan".to_owned(),
            addresses: vec![own(address, 24), own("fe80::1", 64)],
            ..Link::default()
        }),
        ..Plane::default()
    }
}

fn own(ip: &str, prefix_bits: u8) -> Address {
    Address {
        ip: ip.parse().unwrap(),
        prefix_bits,
        tentative_or_duplicate: false,
        dynamic: false,
    }
}

fn traffic(what: &'static str, plane: PlaneKind, way: Way, at: &str) -> Traffic {
    let port = at.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    Traffic {
        what,
        plane,
        way,
        at: at.to_owned(),
        ports: port.into_iter().collect(),
        protection: Protection::Mutual,
        setting: "X_TLS_MODE",
    }
}

fn socket(state: SocketState, device: Option<&str>, local: &str, peer: Option<&str>) -> SeenSocket {
    let device = device.map(|name| Device {
        index: 7,
        name: Some(name.into()),
    });
    SeenSocket {
        protocol: Protocol::Tcp,
        local: local.parse().unwrap(),
        peer: peer.map(|peer| peer.parse().unwrap()),
        state,
        device,
        inode: 1,
        uid: 65_534,
        owner: Owner::Foreign { uid: 65_534 },
    }
}

fn listener(device: Option<&str>, local: &str) -> SeenSocket {
    socket(SocketState::LISTEN, device, local, None)
}

fn connection(device: Option<&str>, local: &str, peer: &str) -> SeenSocket {
    socket(SocketState::ESTABLISHED, device, local, Some(peer))
}

/// A pod as it should be: everything is bound, encrypted and proved, and nobody else is there.
fn facts() -> Facts {
    use PlaneKind::{Data, Default, Management, Storage};
    let attached = PLANES[1..].iter().map(|(name, interface, _)| Attached {
        network: format!("orders/{name}"),
        interface: (*interface).to_owned(),
        ..Attached::default()
    });
    let open = |one: Traffic| Traffic {
        protection: Protection::NotNeeded,
        setting: "",
        ..one
    };
    Facts {
        pod: Pod {
            planes: PLANES.map(plane).into(),
            status: NetworkStatus::Known(attached.collect()),
            ..Pod::default()
        },
        traffic: vec![
            traffic("REST", Data, Way::In, "0.0.0.0:8080"),
            traffic("gRPC", Data, Way::In, "0.0.0.0:9090"),
            traffic("metrics", Management, Way::In, "0.0.0.0:9091"),
            open(traffic("probes", Default, Way::In, "0.0.0.0:8080")),
            open(traffic("DNS", Default, Way::Out, "10.96.0.10:53")),
            traffic("PostgreSQL", Storage, Way::Out, "10.30.0.10:5432"),
        ],
        sockets: Ok(vec![
            listener(Some("net2"), "0.0.0.0:8080"),
            listener(Some("net2"), "0.0.0.0:9090"),
            listener(Some("net2"), "0.0.0.0:9090"),
            listener(Some("net1"), "0.0.0.0:9091"),
            listener(Some("eth0"), "0.0.0.0:8080"),
            listener(Some("lo"), "127.0.0.1:8080"),
            connection(Some("net2"), "10.20.0.11:8080", "10.20.0.77:51000"),
            connection(Some("net3"), "10.30.0.11:40000", "10.30.0.10:5432"),
            connection(Some("net3"), "10.30.0.11:40001", "10.30.0.10:5432"),
            // Over.
            socket(
                SocketState::TIME_WAIT,
                None,
                "10.30.0.11:40002",
                Some("10.30.0.9:22"),
            ),
        ]),
    }
}

/// The facts after a change.
fn changed(change: impl FnOnce(&mut Facts)) -> Topology {
    let mut facts = facts();
    change(&mut facts);
    describe(&facts)
}

fn with(sockets: &[SeenSocket]) -> Topology {
    changed(|facts| facts.sockets.as_mut().unwrap().extend_from_slice(sockets))
}

/// How one line is answered, and that the others are answered as without the change.
#[track_caller]
fn assert_held(policies: &[Policy], network: &str, rule: &str, held: Answer, words: &[&str]) {
    let fits = |one: &&Policy| one.network == network && one.rule.contains(rule);
    let policy = policies.iter().find(fits).unwrap();
    assert_eq!(policy.held, held, "{policy:#?}");
    for word in words {
        assert!(policy.why.contains(word), "{word} is not in {}", policy.why);
    }
}
