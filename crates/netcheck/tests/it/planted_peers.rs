//! Troubles with peers and sockets, made in real network namespaces, and found by trying.

use crate::planted::World;
use netcheck::{Finding, Report, judge, look, probe};
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
            let mut pod = look(&world.scene()).unwrap();
            probe(&world.scene(), &mut pod).await.unwrap();
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
        let report = judge(&look(&world.scene()).unwrap());
        // It is this process's, so looking has ended it.
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
    let mut scene = world.scene();
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
