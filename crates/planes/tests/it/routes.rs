//! What the kernel tells of routes and interfaces, against what `ip` made.

use crate::netns::{Lab, NET1, NET2};
use planes::{ConnectOptions, Echo, Plane, PlaneKind, RouteQuestions, connect};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

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

#[test]
fn neighbours_are_told_with_those_who_never_answered() {
    let lab = Lab::new();
    let (near, nobody) = (NET1.world, Ipv4Addr::new(10, 20, 0, 77));
    let found = lab.pod.run(async || {
        let plane = Plane::bound(PlaneKind::Data, "net1").unwrap();
        for host in [near, nobody] {
            let peer = (host, 9).into();
            let options = ConnectOptions {
                timeout: Duration::from_secs(5),
                ..ConnectOptions::default()
            };
            // One refuses, the other is not there.
            connect(&plane, peer, options).await.unwrap_err();
        }
        // It asks three times, a second apart.
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let found = planes::neighbours().unwrap();
            if found.iter().any(|one| one.failed) || Instant::now() > until {
                break found;
            }
            tokio::task::yield_now().await;
        }
    });
    let of = |host: Ipv4Addr| found.iter().find(|one| one.address == host).unwrap();
    assert!(of(near).found && !of(near).failed, "{found:?}");
    assert!(of(nobody).failed && !of(nobody).found, "{found:?}");
    assert_eq!(of(near).interface, "net1");
}

#[test]
fn an_echo_goes_by_its_plane_and_is_not_fragmented() {
    let lab = Lab::new();
    lab.pod.sysctl("net.ipv4.ping_group_range=0 2147483647");
    let (far, patience) = (NET1.world, Duration::from_secs(1));
    let ping = |interface: &'static str, bytes: u32| {
        lab.pod.run(async move || {
            let plane = Plane::bound(PlaneKind::Data, interface).unwrap();
            planes::ping(&plane, far, bytes, patience).unwrap()
        })
    };
    assert_eq!(ping("net1", 1_500), Echo::Answered);
    assert_eq!(ping("net1", 1_501), Echo::Refused);
    // On the other network nobody has this address, and nobody answers for it.
    lab.world.sysctl("net.ipv4.conf.all.arp_ignore=1");
    assert_ne!(ping("net2", 100), Echo::Answered);
    // A switch between that carries less.
    lab.world.ip("link set net1 mtu 1400");
    assert_eq!(ping("net1", 1_400), Echo::Answered);
    assert_ne!(ping("net1", 1_500), Echo::Answered);
}

#[test]
fn who_may_send_no_echo_is_told_so() {
    let lab = Lab::new();
    lab.pod.sysctl("net.ipv4.ping_group_range=1 0");
    let error = lab.pod.run(async || {
        let plane = Plane::bound(PlaneKind::Data, "net1").unwrap();
        planes::ping(&plane, NET1.world, 100, Duration::from_secs(1)).unwrap_err()
    });
    assert!(error.to_string().contains("ICMP echo"), "{error}");
    // EACCES.
    assert_eq!(error.raw_os_error(), 13);
}
