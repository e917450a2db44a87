//! What the kernel tells of routes and interfaces, against what `ip` made.

use crate::netns::{Lab, NET1, NET2};
use planes::RouteQuestions;
use std::net::{IpAddr, Ipv4Addr};

const FAR: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 99, 0, 7));

fn ask<T: Send>(lab: &Lab, question: impl FnOnce(&mut RouteQuestions) -> T + Send) -> T {
    lab.pod
        .run(async || question(&mut RouteQuestions::open().unwrap()))
}

#[test]
fn the_main_table_is_told_with_gateways_and_interfaces() {
    let lab = Lab::new();
    let gateway = NET1.world;
    lab.pod
        .ip(&format!("route add default via {gateway} dev net1"));
    lab.pod.ip(&format!(
        "route add 10.99.0.0/16 via {} dev net2",
        NET2.world
    ));
    let routes = ask(&lab, |routes| routes.main_table().unwrap());
    let default = routes
        .iter()
        .find(|route| route.destination.is_none())
        .unwrap();
    assert_eq!(default.gateway, Some(gateway.into()));
    assert_eq!(default.interface, "net1");
    let far = Some((IpAddr::from([10, 99, 0, 0]), 16));
    let far = routes
        .iter()
        .find(|route| route.destination == far)
        .unwrap();
    assert_eq!(far.interface, "net2");
    // The links' own, and no other table's: those of addresses and broadcasts are in the local one.
    let of_ipv4 = routes
        .iter()
        .filter(|route| route.destination.is_none_or(|(to, _)| to.is_ipv4()));
    assert_eq!(of_ipv4.count(), 4, "{routes:#?}");
}

#[test]
fn a_made_up_route_of_a_bound_socket_is_no_route() {
    let lab = Lab::new();
    let look =
        |interface: &'static str| ask(&lab, move |routes| routes.leads_by(FAR, interface).unwrap());
    // The kernel would take it to be on the link, and ask who has it.
    assert!(!look("net2"));
    assert!(!look("absent0"));
    lab.pod.ip(&format!(
        "route add 10.99.0.0/16 via {} dev net2",
        NET2.world
    ));
    assert!(look("net2"));
    assert!(!look("net1"));
    let near = IpAddr::from(NET1.world);
    assert!(ask(&lab, move |routes| routes
        .leads_by(near, "net1")
        .unwrap()));
}

#[test]
fn where_an_unbound_socket_would_go() {
    let lab = Lab::new();
    let go = || ask(&lab, |routes| routes.unbound(FAR).unwrap());
    assert_eq!(go(), None);
    lab.pod
        .ip(&format!("route add default via {} dev net1", NET1.world));
    assert_eq!(go().as_deref(), Some("net1"));
    lab.pod.ip(&format!(
        "route add 10.99.0.7/32 via {} dev net2",
        NET2.world
    ));
    assert_eq!(go().as_deref(), Some("net2"));
}

#[test]
fn rules_by_the_source_are_seen() {
    let lab = Lab::new();
    let seen = || ask(&lab, |routes| routes.chooses_by_source().unwrap());
    assert!(!seen());
    lab.pod.ip("rule add to 10.99.0.0/16 lookup 100");
    assert!(!seen());
    lab.pod
        .ip(&format!("rule add from {} lookup 100", NET2.pod));
    assert!(seen());
}

#[test]
fn interfaces_are_told_with_their_kind_and_how_often_their_carrier_has_changed() {
    let lab = Lab::new();
    let look = || {
        let all = lab.pod.run(async || planes::interfaces().unwrap());
        all.into_iter().find(|link| link.name == "net2").unwrap()
    };
    let before = look();
    assert_eq!(before.kind, "veth");
    assert!(
        before.addresses.iter().all(|own| !own.dynamic),
        "{before:?}"
    );
    lab.world.ip("link set net2 down");
    lab.world.ip("link set net2 up");
    assert_eq!(look().carrier_changes, before.carrier_changes + 2);
}
