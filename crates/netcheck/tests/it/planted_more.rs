//! Further troubles that are made in real network namespaces: addresses that are not what they seem, routes
//! that are missing, settings that drop answers, strangers.

use crate::planted::World;
use netcheck::pod::Advertised;
use netcheck::{Report, Scene, Target, judge, look, lookups};
use planes::{Plane, PlaneKind};
use std::io::Write as _;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

fn report(world: &World, scene: &Scene) -> Report {
    world.pod.inside(|| judge(&look(scene).unwrap()))
}

/// Waits until a check finds something, and answers the finding in words.
fn until(world: &World, scene: &Scene, id: &str) -> String {
    let started = Instant::now();
    loop {
        let report = report(world, scene);
        if let Some(found) = report.findings.iter().find(|one| one.id == id) {
            return found.to_string();
        }
        assert!(started.elapsed() < PATIENCE, "{id} is not in {report:?}");
        std::thread::yield_now();
    }
}

#[test]
fn an_address_that_another_host_has_one_from_a_router_and_a_cable_that_flaps() {
    let world = World::new();
    let scene = World::scene();
    for place in [&world.pod, &world.world] {
        place.set("net.ipv6.conf.net3.disable_ipv6", "0");
    }
    world.world.ip("address add 2001:db8::5/64 dev net3 nodad");
    world.pod.ip("address add 2001:db8::5/64 dev net3");
    assert!(until(&world, &scene, "NET006").contains("2001:db8::5/64"));
    world.pod.ip("address delete 2001:db8::5/64 dev net3");
    // As a router's advertisement gives one: it ends by itself.
    world
        .pod
        .ip("address add 2001:db8::9/64 dev net3 nodad valid_lft 3600 preferred_lft 1800");
    let told = until(&world, &scene, "NET007");
    assert!(
        told.contains("2001:db8::9/64") && told.contains("accept_ra=0"),
        "{told}"
    );
    for _ in 0..3 {
        world.world.ip("link set net3 down");
        world.world.ip("link set net3 up");
    }
    assert!(until(&world, &scene, "NET009").contains("times"));
}

fn target(address: &str) -> Target {
    Target {
        name: "redis".to_owned(),
        plane: PlaneKind::Storage,
        addresses: vec![address.parse().unwrap()],
        port: 6_379,
    }
}

#[test]
fn peers_and_name_servers_without_a_route_on_their_plane() {
    let world = World::new();
    let mut scene = World::scene();
    scene.peers.push(target("10.99.0.7"));
    let far = until(&world, &scene, "RTE003");
    assert!(
        far.contains("no route by net3 to redis at 10.99.0.7"),
        "{far}"
    );
    // Strictly, its answers would be dropped.
    world.pod.set("net.ipv4.conf.net3.rp_filter", "1");
    assert!(until(&world, &scene, "SYS001").contains("rp_filter=1"));
    world.pod.set("net.ipv4.conf.net3.rp_filter", "2");
    // With a rule by source, as sbr lays it, who binds no source goes astray.
    world.pod.ip("rule add from 10.30.0.100 table 100");
    // Of one address the service binds that; of two it cannot know which.
    assert!(
        !report(&world, &scene)
            .findings
            .iter()
            .any(|one| one.id == "RTE005")
    );
    world.pod.ip("address add 10.31.0.100/24 dev net3");
    assert!(until(&world, &scene, "RTE005").contains("10.99.0.7"));
    world.pod.ip("address delete 10.31.0.100/24 dev net3");
    world.pod.ip("rule delete from 10.30.0.100 table 100");

    let servers = std::env::temp_dir().join(format!("resolv-{}", std::process::id()));
    std::fs::write(&servers, "nameserver 10.96.0.10\n").unwrap();
    scene.resolv_conf.clone_from(&servers);
    world.pod.ip("route delete default");
    let told = until(&world, &scene, "RTE004");
    std::fs::remove_file(&servers).unwrap();
    assert!(
        told.contains("10.96.0.10") && told.contains("service CIDR"),
        "{told}"
    );
}

#[test]
fn an_advertised_address_that_no_route_of_the_plane_leads_to() {
    let world = World::new();
    let scene = World::scene();
    let found = |address: &str| {
        let addresses: Vec<IpAddr> = vec![address.parse().unwrap()];
        world.pod.inside(|| {
            let mut pod = look(&scene).unwrap();
            pod.advertised.push(Advertised {
                peer: "kafka".to_owned(),
                plane: "storage".to_owned(),
                address: format!("{address}:9092"),
                lookup: Ok(lookups(&scene, PlaneKind::Storage, &addresses).unwrap()),
            });
            judge(&pod).findings
        })
    };
    assert_eq!(found("10.30.0.50"), []);
    let astray = found("10.244.0.50");
    assert_eq!(astray[0].id, "ADV001");
    assert!(astray[0].advice.contains("advertised.listeners"));
}

#[test]
fn answers_that_come_by_the_wrong_interface_are_counted() {
    let world = World::new();
    world.pod.set("net.ipv4.conf.all.rp_filter", "1");
    world.pod.set("net.ipv4.conf.eth0.rp_filter", "1");
    // It asks for the pod's hardware address in its own name, which the pod answers.
    world.world.set("net.ipv4.conf.eth0.arp_announce", "2");
    // From the storage network's host, by the default network.
    world.world.inside(|| {
        let socket = UdpSocket::bind("10.30.0.10:0").unwrap();
        socket.send_to(b"astray", "10.244.0.5:9").unwrap();
    });
    let told = until(&world, &World::scene(), "SYS002");
    assert!(told.contains("packets were dropped"), "{told}");
}

#[test]
fn the_pods_own_node_on_a_macvlan_network() {
    let world = World::new();
    world
        .pod
        .ip("link add net9 link net3 type macvlan mode bridge");
    world.pod.ip("address add 10.50.0.100/24 dev net9");
    world.pod.ip("link set net9 up");
    let mut scene = World::scene();
    scene.planes[1] = Plane::bound(PlaneKind::Storage, "net9").unwrap();
    scene.peers = vec![target("10.50.0.1")];
    scene.node_addresses = vec!["10.50.0.1".parse().unwrap()];
    let told = until(&world, &scene, "NBR002");
    assert!(
        told.contains("macvlan never reaches its own node"),
        "{told}"
    );
}

struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[test]
fn a_strangers_socket_is_told_with_its_user() {
    let world = World::new();
    let _database = world
        .world
        .inside(|| TcpListener::bind("10.30.0.10:5432").unwrap());
    let mut stranger = world.pod.command("setpriv");
    let connect = "exec 3<>/dev/tcp/10.30.0.10/5432 && read -r line";
    stranger.args(["--reuid", "1000", "--clear-groups", "bash", "-c", connect]);
    let mut stranger = Stranger(stranger.stdin(Stdio::piped()).spawn().unwrap());
    let told = until(&world, &World::scene(), "SOC002");
    assert!(told.contains("uid 1000"), "{told}");
    _ = stranger.0.stdin.take().unwrap().write_all(b"\n");
}

#[test]
fn a_network_whose_interface_multus_does_not_name() {
    let world = World::new();
    let file = std::env::temp_dir().join(format!("unpinned-{}", std::process::id()));
    let text = r#"[{"name": "cbr0", "interface": "eth0", "ips": ["10.244.0.5"]},
        {"name": "orders/storage", "ips": ["10.30.0.100"]}]"#;
    std::fs::write(&file, text).unwrap();
    let scene = Scene {
        status_file: Some(file.clone()),
        ..World::scene()
    };
    let told = until(&world, &scene, "STA004");
    std::fs::remove_file(&file).unwrap();
    assert!(
        told.contains("orders/storage") && told.contains("@net2"),
        "{told}"
    );
}
