//! What an audit sees and ends: own sockets and another user's, in real network namespaces.

mod endings;
mod stranger;

use crate::TEST_TIMEOUT;
use crate::netns::{Cable, Lab, NET1, NET2};
use planes::{
    Audit, Auditor, ConnectOptions, ListenOptions, Owner, Plane, PlaneKind, Protocol, SocketState,
    Violation, connect, listen,
};
use std::io::{ErrorKind, Read};

use std::net::{
    Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener, TcpStream as StdStream,
    UdpSocket as StdUdp,
};
use std::time::Duration;
use stranger::Stranger;

const PORT: u16 = 8080;
/// What a debug build may take for a thousand sockets on a busy machine; a release takes a fraction.
const PASS_MAX: Duration = Duration::from_millis(500);

fn data() -> Plane {
    Plane::bound(PlaneKind::Data, NET1.interface).unwrap()
}

fn storage() -> Plane {
    Plane::bound(PlaneKind::Storage, NET2.interface).unwrap()
}

/// Every plane has an interface.
fn auditor() -> Auditor {
    Auditor::new(vec![Plane::loopback(), data(), storage()]).unwrap()
}

/// Listens in the world; the kernel answers for it.
fn world_listens(lab: &Lab, at: SocketAddr) -> StdListener {
    lab.world.run(async || StdListener::bind(at).unwrap())
}

async fn connected(plane: &Plane, to: SocketAddr) -> tokio::net::TcpStream {
    let options = ConnectOptions::default();
    connect(plane, to, options).await.unwrap()
}

fn only(audit: &Audit) -> &Violation {
    match audit.violations.as_slice() {
        [one] => one,
        all => panic!("{} violations: {all:#?}", all.len()),
    }
}

#[test]
fn every_socket_is_told_with_its_device_and_whose_it_is() {
    let lab = Lab::new();
    let there = SocketAddr::from((NET2.world, PORT));
    let _listener = world_listens(&lab, there);
    lab.pod.run(async || {
        let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
        let edge = listen(&data(), everywhere, ListenOptions::default()).unwrap();
        let link = connected(&storage(), there).await;
        let probes = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let audit = auditor().audit().unwrap();
        assert!(audit.violations.is_empty(), "{:#?}", audit.violations);
        let seen = |local| {
            let found = audit.sockets.iter().find(|socket| socket.local == local);
            let socket = found.unwrap();
            let device = socket.device.as_ref().and_then(|d| d.name.as_deref());
            assert_eq!(socket.protocol, Protocol::Tcp);
            (device, socket.state, socket.owner, socket.peer)
        };
        let (listening, own) = (SocketState::LISTEN, Owner::Own);
        assert_eq!(
            seen(edge.local_addr()),
            (Some("net1"), listening, own, None)
        );
        let established = SocketState::ESTABLISHED;
        let expected = (Some("net2"), established, own, Some(there));
        assert_eq!(seen(link.local_addr().unwrap()), expected);
        let expected = (None, listening, own, None);
        assert_eq!(seen(probes.local_addr().unwrap()), expected);
    });
}

#[test]
fn an_own_unbound_connection_is_ended_and_told_as_new_once() {
    let lab = Lab::new();
    let there = SocketAddr::from((NET2.world, PORT));
    let _listener = world_listens(&lab, there);
    lab.pod.run(async || {
        let mut auditor = auditor();
        let kept = connected(&storage(), there).await;
        let mut stray = StdStream::connect(there).unwrap();
        let audit = auditor.audit().unwrap();
        let violation = only(&audit);
        assert_eq!(violation.socket.local, stray.local_addr().unwrap());
        assert_eq!(violation.expected, Some(storage()));
        assert!(violation.new && violation.ended, "{violation:?}");
        let labels = (
            violation.plane_name(),
            violation.actual(),
            violation.check(),
        );
        assert_eq!(labels, ("storage", "unbound", "SOC001"));
        let text = violation.to_string();
        assert!(text.contains("tcp 10.30.0.1:"), "{text}");
        assert!(text.contains("storage plane (net2)"), "{text}");
        stray.set_read_timeout(Some(TEST_TIMEOUT)).unwrap();
        assert_eq!(stray.read(&mut [0]).unwrap(), 0, "it has ended");
        // It waits for the other side to end too.
        let again = auditor.audit().unwrap();
        assert!(again.violations.iter().all(|violation| !violation.new));
        // The plane's own was left alone.
        assert_eq!(kept.try_write(&[1]).unwrap(), 1);
        assert_eq!(
            kept.try_read(&mut [0]).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
    });
}

#[test]
fn an_own_socket_on_another_planes_address_is_ended() {
    let lab = Lab::new();
    lab.pod.run(async || {
        // The silent mistake: bound to one plane's device and to another's address.
        let at = SocketAddr::from((NET2.pod, PORT));
        let _mistaken = listen(&data(), at, ListenOptions::default()).unwrap();
        let mut auditor = auditor();
        let audit = auditor.audit().unwrap();
        let violation = only(&audit);
        assert_eq!(violation.expected, Some(storage()));
        assert_eq!((violation.actual(), violation.ended), ("net1", true));
        assert_eq!(violation.socket.state, SocketState::LISTEN);
        let after = auditor.audit().unwrap();
        let listens = |local| {
            let listening = SocketState::LISTEN;
            after
                .sockets
                .iter()
                .any(|s| s.local == local && s.state == listening)
        };
        assert!(!listens(at), "it listens still");
    });
}

#[test]
fn own_unbound_datagrams_are_stopped_connected_or_not() {
    let lab = Lab::new();
    lab.pod.run(async || {
        let there = SocketAddr::from((NET2.world, PORT));
        let connected = StdUdp::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        connected.connect(there).unwrap();
        // No address tells its plane; that it is unbound is enough.
        let open = StdUdp::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
        let audit = auditor().audit().unwrap();
        assert_eq!(audit.violations.len(), 2, "{:#?}", audit.violations);
        assert!(audit.violations.iter().all(|violation| violation.ended));
        let planes: Vec<_> = audit.violations.iter().map(Violation::plane_name).collect();
        assert_eq!(planes, ["storage", "any"]);
        let error = connected.send(&[1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        let mapped = SocketAddr::from((NET2.world.to_ipv6_mapped(), PORT));
        let error = open.send_to(&[1], mapped).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn another_users_connection_is_told_and_left_alone() {
    let lab = Lab::new();
    let there = SocketAddr::from((NET1.world, PORT));
    let listener = world_listens(&lab, there);
    lab.pod.run(async || {
        let _stranger = Stranger::connect(there);
        let mut auditor = auditor();
        for new in [true, false] {
            let audit = auditor.audit().unwrap();
            let violation = only(&audit);
            assert_eq!(violation.expected, Some(data()));
            assert_eq!(violation.socket.owner.to_string(), "uid 65533");
            assert_eq!(violation.check(), "SOC002");
            assert_eq!((violation.new, violation.ended), (new, false));
            assert_eq!(violation.socket.state, SocketState::ESTABLISHED);
        }
    });
    listener.set_nonblocking(true).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(
        stream.read(&mut [0]).unwrap(),
        0,
        "the stranger left by itself"
    );
}

#[test]
fn where_a_plane_is_without_an_interface_unbound_sockets_may_be_its_own() {
    let lab = Lab::new();
    let there = SocketAddr::from((NET2.world, PORT));
    let _listener = world_listens(&lab, there);
    lab.pod.run(async || {
        let planes = vec![Plane::unbound(PlaneKind::Default), data(), storage()];
        let mut auditor = Auditor::new(planes).unwrap();
        let _probes = StdListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).unwrap();
        let audit = auditor.audit().unwrap();
        assert!(audit.violations.is_empty(), "{:#?}", audit.violations);
        // But not on another plane's subnet.
        let _stray = StdStream::connect(there).unwrap();
        let audit = auditor.audit().unwrap();
        assert_eq!(only(&audit).expected, Some(storage()));
        // And where no plane is bound, there is nothing to hold against.
        let none = vec![Plane::unbound(PlaneKind::Default), Plane::loopback()];
        let audit = Auditor::new(none).unwrap().audit().unwrap();
        assert!(audit.violations.is_empty(), "{:#?}", audit.violations);
    });
}

#[test]
fn addresses_of_ipv6_tell_the_plane_too() {
    let lab = Lab::new();
    lab.pod.ip("address add fd00:20::1/64 dev net1 nodad");
    lab.pod.run(async || {
        let own: Ipv6Addr = "fd00:20::1".parse().unwrap();
        let _stray = StdListener::bind((own, PORT)).unwrap();
        let _mapped = StdListener::bind((NET2.pod.to_ipv6_mapped(), PORT)).unwrap();
        let audit = auditor().audit().unwrap();
        let mut planes: Vec<_> = audit.violations.iter().map(Violation::plane_name).collect();
        planes.sort_unstable();
        assert_eq!(planes, ["data", "storage"], "{:#?}", audit.violations);
    });
}

/// Sockets of an interface that is gone are seen to elsewhere, whatever address they have.
#[test]
fn a_socket_whose_interface_is_gone_is_no_violation() {
    let lab = Lab::new();
    lab.pod.run(async || {
        let at = SocketAddr::from((NET1.pod, PORT));
        let _deaf = listen(&data(), at, ListenOptions::default()).unwrap();
        let old = lab.cut(NET1);
        lab.join(NET1, Some(old + 1_000));
        let audit = auditor().audit().unwrap();
        assert!(audit.violations.is_empty(), "{:#?}", audit.violations);
        let seen = audit.sockets.iter().find(|socket| socket.local == at);
        let device = seen.unwrap().device.as_ref().unwrap();
        assert_eq!((device.index, device.name.as_deref()), (old, None));
    });
}

#[test]
fn a_pass_over_a_thousand_sockets_takes_little() {
    let lab = Lab::new();
    raise_descriptors();
    lab.pod.run(async || {
        let Cable { pod, .. } = NET1;
        let at = SocketAddr::from((pod, PORT));
        let own = listen(&data(), at, ListenOptions::default()).unwrap();
        let mut connections = Vec::new();
        for _ in 0..500 {
            let pair = tokio::join!(connected(own.plane(), at), own.accept());
            connections.push(pair);
        }
        let mut auditor = auditor();
        let mut fastest = Duration::MAX;
        for _ in 0..10 {
            let audit = auditor.audit().unwrap();
            assert!(audit.violations.is_empty(), "{:#?}", audit.violations);
            assert!(audit.sockets.len() > 1_000, "{}", audit.sockets.len());
            fastest = fastest.min(audit.took);
        }
        println!("an audit of 1001 sockets took {fastest:?}");
        assert!(fastest < PASS_MAX, "{fastest:?}");
    });
}

fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = Some(maximum.map_or(4_096, |most| most.min(4_096)));
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
}
