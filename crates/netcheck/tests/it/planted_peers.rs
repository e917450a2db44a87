//! Troubles with peers and sockets, made in real network namespaces, and found by trying.

use crate::planted::World;
use netcheck::{Closed, Finding, Report, isolate, isolate_from, judge, look, perf, probe};
use planes::{ListenOptions, Plane, PlaneKind, listen};
use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// What is found when peers are tried as well.
fn tried(world: &World) -> Report {
    world.pod.inside(|| {
        runtime().block_on(async {
            let mut pod = look(&World::scene()).unwrap();
            probe(&World::scene(), &mut pod).await.unwrap();
            judge(&pod)
        })
    })
}

fn named<'a>(report: &'a Report, id: &str) -> &'a Finding {
    let found = report.findings.iter().find(|finding| finding.id == id);
    found.unwrap_or_else(|| panic!("{id} is not among {:?}", report.findings))
}

/// The database, as far as it takes connections.
fn database(world: &World) -> TcpListener {
    world
        .world
        .inside(|| TcpListener::bind("10.30.0.10:5432").unwrap())
}

#[test]
fn a_peer_that_takes_connections_is_no_trouble() {
    let world = World::new();
    let _database = database(&world);
    assert_eq!(tried(&world), Report::default());
}

#[test]
fn no_connectivity_ends_in_the_advice_for_its_cause() {
    let world = World::new();
    // Nobody listens.
    assert!(
        named(&tried(&world), "PEER001")
            .advice
            .contains("start the peer")
    );
    // Nobody is there, and the kernel does not remember that somebody was.
    world.world.ip("address delete 10.30.0.10/24 dev net3");
    world.pod.ip("neighbour flush dev net3");
    let away = tried(&world);
    assert!(
        named(&away, "PEER001").evidence.contains("EHOSTUNREACH"),
        "{away:?}"
    );
    // Its gateway neither.
    world
        .pod
        .ip("route add 10.99.0.0/16 via 10.30.0.10 dev net3");
    let finding = tried(&world);
    let finding = named(&finding, "NBR001");
    assert_eq!(finding.subject, "storage plane (net3)");
    assert!(finding.evidence.contains("10.30.0.10"), "{finding}");
}

#[test]
fn packets_that_are_dropped_on_the_way_are_told_from_a_peer_that_is_not_there() {
    let world = World::new();
    let _database = database(&world);
    world.world.ip("route add blackhole 10.30.0.100/32");
    let silent = tried(&world);
    let finding = named(&silent, "PEER001");
    assert!(finding.evidence.contains("ETIMEDOUT"), "{finding}");
    assert!(finding.advice.contains("NetworkPolicies"), "{finding}");
}

#[test]
fn a_path_that_is_narrower_than_the_interface_is_measured() {
    let world = World::new();
    let _database = database(&world);
    world.world.ip("link set net3 mtu 1410");
    let report = tried(&world);
    let finding = named(&report, "MTU002");
    assert!(
        finding.evidence.contains("of 1400 bytes is answered"),
        "{finding}"
    );
    // Closed to this user, nothing can be said of it.
    world.pod.set("net.ipv4.ping_group_range", "1 0");
    let report = tried(&world);
    assert_eq!(named(&report, "SYS007").subject, "kernel");
    assert!(report.cannot_tell.iter().any(|one| one.id == "MTU002"));
}

#[test]
fn sockets_that_stray_and_those_without_an_interface_are_found() {
    let world = World::new();
    let _database = database(&world);
    let stray = world.pod.inside(|| {
        // What a library does that knows no plane.
        let stray = TcpStream::connect("10.30.0.10:5432").unwrap();
        let report = judge(&look(&World::scene()).unwrap());
        // It is this process's, and looking does not end it.
        let finding = named(&report, "SOC001");
        assert!(finding.evidence.contains("10.30.0.10:5432"), "{finding}");
        stray
    });
    drop(stray);
    let listener = world.pod.inside(|| {
        let _inside = runtime();
        let plane = Plane::bound(PlaneKind::Storage, "net3").unwrap();
        let address = SocketAddr::from(([0, 0, 0, 0], 7_000));
        runtime().block_on(async { listen(&plane, address, ListenOptions::default()).unwrap() })
    });
    world.pod.ip("link delete net3");
    let report = world.report();
    let finding = named(&report, "SOC003");
    assert!(finding.evidence.contains(":7000"), "{finding}");
    drop(listener);
}

#[test]
fn a_mesh_that_captures_and_a_status_file_that_differs_are_found() {
    let world = World::new();
    let _mesh = world
        .pod
        .inside(|| TcpListener::bind("127.0.0.1:15001").unwrap());
    assert!(named(&world.report(), "MSH001").evidence.contains("15001"));
    let file = tempfile(
        r#"[{"name": "orders/storage", "interface": "net3", "ips": ["10.30.0.99"], "mtu": 9000}]"#,
    );
    let mut scene = World::scene();
    scene.status_file = Some(file.clone());
    let report = world.pod.inside(|| judge(&look(&scene).unwrap()));
    std::fs::remove_file(&file).unwrap();
    assert!(named(&report, "STA002").evidence.contains("10.30.0.99"));
    assert_eq!(named(&report, "MTU001").evidence, "MTU 1500, declared 9000");
    assert!(named(&report, "STA003").evidence.contains("eth0"));
    let report = world.pod.inside(|| judge(&look(&scene).unwrap()));
    assert!(named(&report, "STA001").evidence.contains("no such file"));
}

fn tempfile(text: &str) -> std::path::PathBuf {
    use std::io::Write as _;
    let path = std::env::temp_dir().join(format!("network-status-{}", std::process::id()));
    File::create(&path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    path
}

#[test]
fn a_passage_between_planes_is_found_and_a_closed_one_is_told_as_closed() {
    let world = World::new();
    let database = database(&world);
    let passages = |world: &World| {
        world
            .pod
            .inside(|| runtime().block_on(isolate(&World::scene())))
    };
    // The host at the other end answers for all its addresses on every link, and forwards.
    let open = passages(&world);
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].from, "default plane (eth0)");
    assert_eq!(open[0].to, "database at 10.30.0.10:5432");
    assert_eq!(open[0].closed, Closed::No, "{open:?}");
    // As two networks that have nothing to do with each other.
    world.world.set("net.ipv4.conf.all.arp_ignore", "1");
    world.world.ip("route add blackhole 10.244.0.5/32");
    world.pod.ip("neighbour flush dev eth0");
    let closed = passages(&world);
    assert_eq!(closed[0].closed, Closed::Yes, "{closed:?}");
    // A peer that is away proves nothing.
    drop(database);
    world.world.ip("link set net3 down");
    let unknown = passages(&world);
    assert_eq!(unknown[0].closed, Closed::CannotTell, "{unknown:?}");
}

#[test]
fn who_refuses_on_the_way_is_told_from_who_was_reached() {
    let world = World::new();
    // Two hosts behind the router at the other end of eth0: it may not pass on to one, and is the other itself.
    world.world.set("net.ipv4.ip_forward", "1");
    world.world.ip("address add 10.99.0.2/32 dev lo");
    world.world.ip("route add prohibit 10.99.0.1/32");
    let passages = world.pod.inside(|| {
        let from = Plane::bound(PlaneKind::Default, "eth0").unwrap();
        let to = ["10.99.0.1:5432", "10.99.0.2:5432"].map(|to| to.parse().unwrap());
        runtime().block_on(isolate_from(&from, &to))
    });
    assert_eq!(passages[0].closed, Closed::Yes, "{passages:?}");
    assert!(
        passages[0].evidence.contains("10.244.0.1 on the way"),
        "{passages:?}"
    );
    assert_eq!(passages[1].closed, Closed::No, "{passages:?}");
}

#[test]
fn a_plane_is_measured_against_the_same_program() {
    let world = World::new();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let (started, begun) = std::sync::mpsc::channel();
        let other = &world.world;
        scope.spawn(move || {
            other.inside(|| {
                runtime().block_on(async {
                    let plane = Plane::bound(PlaneKind::Storage, "net3").unwrap();
                    let listener = perf::listen_for_measurements(&plane, perf::PERF_PORT).unwrap();
                    started.send(()).unwrap();
                    let wait = tokio::task::spawn_blocking(move || stopped.recv());
                    perf::answer(listener, async { drop(wait.await) }).await;
                });
            });
        });
        begun.recv().unwrap();
        let measured = world.pod.inside(|| {
            let plane = Plane::bound(PlaneKind::Storage, "net3").unwrap();
            let peer = SocketAddr::from(([10, 30, 0, 10], perf::PERF_PORT));
            let time = std::time::Duration::from_millis(300);
            runtime()
                .block_on(perf::measure(&plane, peer, time))
                .unwrap()
        });
        stop.send(()).unwrap();
        assert!(measured.round_trips > 10, "{measured:?}");
        assert!(
            measured.round_trip_p50_micros > 0.0
                && measured.round_trip_p50_micros <= measured.round_trip_p99_micros
        );
        assert!(
            measured.send_mbit_per_second > 1.0 && measured.receive_mbit_per_second > 1.0,
            "{measured:?}"
        );
    });
    // Nobody at the other end: the error says what to do there.
    let error = world.pod.inside(|| {
        let plane = Plane::bound(PlaneKind::Storage, "net3").unwrap();
        let peer = SocketAddr::from(([10, 30, 0, 10], perf::PERF_PORT));
        let time = std::time::Duration::from_millis(1);
        runtime()
            .block_on(perf::measure(&plane, peer, time))
            .unwrap_err()
    });
    assert!(
        error.to_string().contains("netcheck perf --serve"),
        "{error}"
    );
}
