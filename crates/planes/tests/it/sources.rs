//! Connections go out from the plane's own address, and reach a far peer where routes are chosen by
//! source.

use crate::netns::{Lab, NET2};
use planes::{ConnectOptions, ListenOptions, Plane, PlaneKind, connect_first, listen};
use std::net::{IpAddr, Ipv4Addr};

/// Behind the gateway of net2, which only the table for net2's address knows.
const FAR: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 7);

#[test]
fn a_far_peer_is_reached_where_routes_are_chosen_by_source() {
    let lab = Lab::new();
    lab.world.ip(&format!("address add {FAR}/32 dev lo"));
    // It is not on the link, so nobody answers there who looks for it.
    lab.world.sysctl("net.ipv4.conf.all.arp_ignore=1");
    // As the sbr plugin lays them.
    let gateway = format!("default via {} dev {}", NET2.world, NET2.interface);
    lab.pod.ip(&format!("route add {gateway} table 100"));
    lab.pod
        .ip(&format!("rule add from {} lookup 100", NET2.pod));
    let listener = lab.world.run(async || {
        let world = Plane::unbound(PlaneKind::Storage);
        listen(&world, (FAR, 0).into(), ListenOptions::default()).unwrap()
    });
    let port = listener.local_addr().port();
    let from = lab.pod.run(async || {
        let storage = Plane::bound(PlaneKind::Storage, NET2.interface).unwrap();
        let options = ConnectOptions::default();
        let stream = connect_first(&storage, &[FAR.into()], port, options).await;
        stream.unwrap().local_addr().unwrap().ip()
    });
    assert_eq!(from, IpAddr::from(NET2.pod));
}
