//! Each trouble, planted in a pod that has no other, is found with its own id, its plane and its values; the
//! pod without trouble has no finding.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may stop at the first surprise too"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "strays and peers of these tests are outside the planes"
)]

mod made;
mod planted;
mod planted_more;
mod planted_peers;
mod tried;

use made::{address, assert_found, ip, pod, storage};
use netcheck::pod::{Address, Attached, Lookup, NetworkStatus, Plane, Pod};
use netcheck::{Report, Severity, judge};

#[test]
fn a_pod_without_trouble_has_no_finding() {
    assert_eq!(judge(&pod()), Report::default());
    assert_eq!(judge(&pod()).worst(), None);
}

#[test]
fn an_unbound_plane_is_no_trouble() {
    let mut pod = pod();
    pod.planes.push(Plane {
        name: "management".to_owned(),
        ..Plane::default()
    });
    assert_eq!(judge(&pod).findings, []);
}

#[test]
fn troubles_of_interfaces() {
    assert_found("NET001", "storage plane (net3)", "net3", |pod| {
        pod.planes[2].link = None;
    });
    assert_found("NET002", "storage", "down", |pod| {
        let link = storage(pod);
        (link.admin_up, link.carrier) = (false, false);
    });
    assert_found("NET003", "storage", "no carrier", |pod| {
        storage(pod).carrier = false;
    });
    assert_found("NET004", "storage", "index 5", |pod| {
        storage(pod).identity.index = 9;
    });
    assert_found("NET006", "storage", "2001:db8::5/64", |pod| {
        storage(pod).addresses.push(Address {
            tentative_or_duplicate: true,
            ..address("2001:db8::5", 64)
        });
    });
    assert_found("NET007", "storage", "2001:db8::5/64", |pod| {
        storage(pod).addresses.push(Address {
            dynamic: true,
            ..address("2001:db8::5", 64)
        });
    });
    assert_found(
        "NET008",
        "data",
        "10.20.0.100/24 overlaps with 10.20.0.7/16",
        |pod| {
            storage(pod).addresses.push(address("10.20.0.7", 16));
        },
    );
    assert_found("NET009", "storage", "17 times", |pod| {
        storage(pod).carrier_changes = 17;
    });
    assert_found("MTU001", "storage", "MTU 9000, declared 1500", |pod| {
        storage(pod).mtu = 9_000;
    });
}

#[test]
fn an_interface_without_an_address_is_told_beside_what_multus_says() {
    let mut pod = pod();
    storage(&mut pod).addresses.remove(0);
    let ids: Vec<&str> = judge(&pod).findings.iter().map(|one| one.id).collect();
    assert!(
        ids.contains(&"NET005") && ids.contains(&"STA002"),
        "{ids:?}"
    );
}

#[test]
fn troubles_of_what_multus_says() {
    assert_found("STA001", "network-status", "is empty", |pod| {
        pod.status = NetworkStatus::Unusable("/etc/podinfo/network-status is empty".to_owned());
    });
    let known = |pod: &mut Pod, change: fn(&mut Vec<Attached>)| {
        let NetworkStatus::Known(attached) = &mut pod.status else {
            panic!("it is known");
        };
        change(attached);
    };
    assert_found("STA002", "storage", "10.30.0.9", |pod| {
        known(pod, |attached| attached[2].ips.push(ip("10.30.0.9")));
    });
    assert_found("STA002", "storage", "MAC 02:00:00:00:00:09", |pod| {
        known(pod, |attached| {
            attached[2].mac = "02:00:00:00:00:09".to_owned();
        });
    });
    assert_found("STA003", "storage", "net3", |pod| {
        known(pod, |attached| drop(attached.pop()));
    });
    assert_found("STA004", "network-status", "orders/other", |pod| {
        known(pod, |attached| {
            attached.push(Attached {
                network: "orders/other".to_owned(),
                ..Attached::default()
            });
        });
    });
}

#[test]
fn troubles_of_routes() {
    assert_found("RTE002", "routes", "by net2, not by eth0", |pod| {
        pod.routes[0].interface = "net2".to_owned();
    });
    assert_found("RTE003", "storage", "database at 10.30.0.10", |pod| {
        pod.peers[0].lookup.by_plane = false;
    });
    assert_found("RTE004", "name server", "10.96.0.10", |pod| {
        pod.name_servers[0].by_plane = false;
    });
    assert_found("RTE005", "storage", "10.99.0.7", |pod| {
        pod.source_rules = true;
        pod.peers[0].lookup.address = ip("10.99.0.7");
        storage(pod).addresses.push(address("10.31.0.100", 24));
    });
    // With one address the service binds it.
    let mut bound = pod();
    bound.source_rules = true;
    bound.peers[0].lookup.address = ip("10.99.0.7");
    assert_eq!(judge(&bound).findings, []);
    assert_found("RTE006", "storage", "by eth0", |pod| {
        pod.peers[0].lookup.unbound = Some("eth0".to_owned());
    });
}

#[test]
fn a_second_default_route_is_told_with_both_interfaces() {
    let mut pod = pod();
    let mut second = pod.routes[0].clone();
    second.interface = "net1".to_owned();
    pod.routes.insert(0, second);
    let report = judge(&pod);
    let ids: Vec<&str> = report.findings.iter().map(|one| one.id).collect();
    assert_eq!(ids, ["RTE001", "RTE002"]);
    assert!(
        report.findings[0].evidence.contains("net1, eth0"),
        "{report:?}"
    );
}

#[test]
fn strict_reverse_paths_and_a_far_peer_without_a_rule() {
    let mut pod = pod();
    pod.peers[0].lookup = Lookup {
        address: ip("10.99.0.7"),
        unbound: Some("net3".to_owned()),
        by_plane: false,
    };
    let ids: Vec<&str> = judge(&pod).findings.iter().map(|one| one.id).collect();
    assert_eq!(ids, ["RTE003", "SYS001"]);
}

#[test]
fn troubles_of_the_kernel() {
    assert_found("SYS002", "kernel", "12 packets", |pod| {
        pod.kernel.reverse_path_drops = Some(12);
    });
    assert_found("SYS003", "storage", "arp_ignore=0", |pod| {
        storage(pod).arp_ignore = Some(0);
    });
    assert_found("SYS004", "storage", "accept_redirects=1", |pod| {
        storage(pod).accept_redirects = Some(1);
    });
    assert_found("SYS005", "kernel", "ip_forward=1", |pod| {
        pod.kernel.ip_forward = Some(1);
    });
    assert_found("SYS006", "kernel", "EPERM", |pod| {
        pod.kernel.cannot_bind = Some("EPERM".to_owned());
    });
    assert_found("SYS007", "kernel", "ping_group_range", |pod| {
        pod.kernel.may_ping = Some(false);
    });
    assert_found("MSH001", "mesh", "15001, 15006", |pod| {
        pod.kernel.mesh_ports = vec![15_001, 15_006];
    });
}

#[test]
fn the_gravest_comes_first_and_what_cannot_be_read_says_nothing() {
    let mut pod = pod();
    pod.kernel.ip_forward = None;
    pod.kernel.may_ping = Some(false);
    storage(&mut pod).carrier = false;
    pod.kernel.reverse_path_drops = Some(1);
    let report = judge(&pod);
    let grave: Vec<Severity> = report.findings.iter().map(|one| one.severity).collect();
    assert_eq!(
        grave,
        [Severity::Critical, Severity::Warning, Severity::Information]
    );
    assert_eq!(report.worst(), Some(Severity::Critical));
    assert_eq!(report.cannot_tell[0].id, "SYS005");
}
