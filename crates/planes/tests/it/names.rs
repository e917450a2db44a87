//! Names are asked of the name servers by their plane, though the routes lead elsewhere.

use crate::netns::{Lab, NET1, NET2};
use planes::{BlockingResolver, Plane, PlaneKind};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use testkit::servers::{NameServer, names};

/// Behind both cables; the route leads over net1.
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 53);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 77);
/// Asked by the plane, and by no plane.
const BY_PLANE: &str = "bound.planes.test";
const UNBOUND: &str = "unbound.planes.test";
const TEST: &str = "names::names_are_asked_by_the_plane_alone";

#[test]
fn names_are_asked_by_the_plane_alone() {
    if names::is_among() {
        ask();
        return;
    }
    let lab = Lab::new();
    lab.world.ip(&format!("address add {SERVER}/32 dev lo"));
    // By net1, unless the device says otherwise.
    for (cable, metric) in [(NET1, 10), (NET2, 20)] {
        let route = format!(
            "route add {SERVER} via {} dev {} metric {metric}",
            cable.world, cable.interface
        );
        lab.pod.ip(&route);
    }
    let known = [(BY_PLANE, PEER), (UNBOUND, PEER)];
    let socket = lab
        .world
        .run(async || UdpSocket::bind((SERVER, 53)).unwrap());
    let server = NameServer::start(socket, &known);
    names::run_among(lab.pod.name(), SERVER, TEST);
    let asked = server.asked();
    let from = |name: &str| -> Vec<IpAddr> {
        let asked = asked.iter().filter(|asked| asked.name == name);
        asked.map(|asked| asked.from).collect()
    };
    let (bound, unbound) = (from(BY_PLANE), from(UNBOUND));
    assert!(!bound.is_empty() && bound.iter().all(|from| *from == NET2.pod));
    // The control: this is where a socket goes that nobody binds.
    assert!(!unbound.is_empty() && unbound.iter().all(|from| *from == NET1.pod));
}

/// In the pod.
fn ask() {
    let storage = Plane::bound(PlaneKind::Storage, NET2.interface).unwrap();
    let resolver = BlockingResolver::new(storage);
    assert_eq!(resolver.addresses(BY_PLANE).unwrap(), [PEER]);
    let error = resolver.addresses("other.planes.test").unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("other.planes.test") && text.contains("storage plane (net2)"),
        "{text}"
    );
    let unbound = BlockingResolver::new(Plane::unbound(PlaneKind::Default));
    assert_eq!(unbound.addresses(UNBOUND).unwrap(), [PEER]);
}
