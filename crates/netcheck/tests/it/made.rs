//! A pod without any trouble, as data, and how a trouble that is planted in it is looked for.

use netcheck::pod::{
    Address, Attached, Identity, Kernel, Link, Lookup, NetworkStatus, Peer, Plane, Pod, Route,
};
use netcheck::{Finding, judge};
use std::net::IpAddr;

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn address(text: &str, prefix_bits: u8) -> Address {
    Address {
        ip: ip(text),
        prefix_bits,
        tentative_or_duplicate: false,
        dynamic: false,
    }
}

fn plane(name: &str, interface: &str, own: &str, index: u32) -> Plane {
    let identity = Identity {
        index,
        mac: format!("02:00:00:00:00:0{index}"),
    };
    Plane {
        name: name.to_owned(),
        interface: Some(interface.to_owned()),
        link: Some(Link {
            identity: identity.clone(),
            admin_up: true,
            carrier: true,
            carrier_changes: 2,
            mtu: 1_500,
            kind: "macvlan".to_owned(),
            addresses: vec![address(own, 24), address("fe80::1", 64)],
            rp_filter: Some(1),
            arp_ignore: Some(1),
            accept_redirects: Some(0),
        }),
        at_start: Some(identity),
        declared_mtu: Some(1_500),
    }
}

/// Nothing is wrong with it.
pub(crate) fn pod() -> Pod {
    let planes = vec![
        plane("default", "eth0", "10.244.0.5", 2),
        plane("data", "net2", "10.20.0.100", 4),
        plane("storage", "net3", "10.30.0.100", 5),
    ];
    let attached = planes.iter().map(|plane| Attached {
        network: format!("orders/{}", plane.name),
        interface: plane.interface.clone().unwrap(),
        ips: vec![plane.link.as_ref().unwrap().addresses[0].ip],
        mac: plane.link.as_ref().unwrap().identity.mac.clone(),
        mtu: Some(1_500),
    });
    let lookup = |to: &str, by: &str| Lookup {
        address: ip(to),
        unbound: Some(by.to_owned()),
        by_plane: true,
    };
    Pod {
        status: NetworkStatus::Known(attached.collect()),
        routes: vec![Route {
            destination: None,
            gateway: Some(ip("10.244.0.1")),
            interface: "eth0".to_owned(),
        }],
        source_rules: false,
        peers: vec![Peer {
            name: "database".to_owned(),
            plane: "storage".to_owned(),
            lookup: lookup("10.30.0.10", "net3"),
        }],
        name_servers: vec![lookup("10.96.0.10", "eth0")],
        dns_plane: "default".to_owned(),
        kernel: Kernel {
            ip_forward: Some(0),
            reverse_path_drops: Some(0),
            cannot_bind: None,
            may_ping: Some(true),
            mesh_ports: Vec::new(),
        },
        planes,
        ..Pod::default()
    }
}

pub(crate) fn storage(pod: &mut Pod) -> &mut Link {
    pod.planes[2].link.as_mut().unwrap()
}

/// The only finding after `plant`.
pub(crate) fn found(plant: impl FnOnce(&mut Pod)) -> Finding {
    let mut pod = pod();
    plant(&mut pod);
    let report = judge(&pod);
    let [finding] = report.findings.as_slice() else {
        panic!("not one finding: {report:#?}");
    };
    finding.clone()
}

#[track_caller]
pub(crate) fn assert_found(id: &str, subject: &str, evidence: &str, plant: impl FnOnce(&mut Pod)) {
    let finding = found(plant);
    assert_eq!(finding.id, id, "{finding}");
    assert!(finding.subject.contains(subject), "{finding}");
    assert!(finding.evidence.contains(evidence), "{finding}");
    assert!(finding.to_string().contains(finding.advice), "{finding}");
}
