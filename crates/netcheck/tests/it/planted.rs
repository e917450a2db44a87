//! Troubles that are made in real network namespaces, and found by looking.

use lab::Namespace;
use netcheck::{Report, Scene, Target, judge, look};
use planes::{Plane, PlaneKind};
use std::path::PathBuf;

/// A pod with eth0 and net3 and somebody at the other end of each.
pub(crate) struct World {
    pub(crate) pod: Namespace,
    pub(crate) world: Namespace,
}

impl World {
    pub(crate) fn new() -> World {
        let world = World {
            pod: Namespace::new("netcheck"),
            world: Namespace::new("world"),
        };
        world.cable("eth0", "10.244.0.5", "10.244.0.1");
        world.cable("net3", "10.30.0.100", "10.30.0.10");
        world.pod.ip("route add default via 10.244.0.1");
        world.pod.set("net.ipv4.ping_group_range", "0 2147483647");
        world
    }

    fn cable(&self, interface: &str, own: &str, other: &str) {
        let (pod, world) = (&self.pod, &self.world);
        pod.ip(&format!(
            "link add {interface} type veth peer name {interface} netns {}",
            world.name()
        ));
        for (place, address) in [(pod, own), (world, other)] {
            place.ip(&format!("address add {address}/24 dev {interface}"));
            place.ip(&format!("link set {interface} up"));
        }
        for (name, value) in [("arp_ignore", "1"), ("accept_redirects", "0")] {
            pod.set(&format!("net.ipv4.conf.{interface}.{name}"), value);
        }
    }

    pub(crate) fn scene() -> Scene {
        let bound = |kind, interface| Plane::bound(kind, interface).unwrap();
        Scene {
            planes: vec![
                bound(PlaneKind::Default, "eth0"),
                bound(PlaneKind::Storage, "net3"),
            ],
            dns_plane: PlaneKind::Default,
            peers: vec![Target {
                name: "database".to_owned(),
                plane: PlaneKind::Storage,
                addresses: vec!["10.30.0.10".parse().unwrap()],
                port: 5_432,
            }],
            node_addresses: Vec::new(),
            certificates: Vec::new(),
            status_file: None,
            resolv_conf: PathBuf::from("/nonexistent/resolv.conf"),
        }
    }

    pub(crate) fn report(&self) -> Report {
        let scene = World::scene();
        self.pod.inside(|| judge(&look(&scene).unwrap()))
    }

    /// The ids of what is found once `plant` was done.
    fn ids(&self, plant: impl FnOnce(&World)) -> Vec<&'static str> {
        plant(self);
        self.report()
            .findings
            .iter()
            .map(|finding| finding.id)
            .collect()
    }
}

#[test]
fn a_pod_as_it_should_be_has_no_finding() {
    assert_eq!(World::new().report(), Report::default());
}

#[test]
fn what_happens_to_an_interface_is_found() {
    let world = World::new();
    let lowered = world.ids(|world| drop(world.pod.ip("link set net3 down")));
    // Its routes go with it, so an unbound socket would take the default one.
    assert_eq!(lowered, ["NET002", "RTE003", "RTE006"]);
    let raised = world.ids(|world| drop(world.pod.ip("link set net3 up")));
    assert_eq!(raised, Vec::<&str>::new());
    let cut = world.ids(|world| drop(world.world.ip("link set net3 down")));
    assert!(cut.contains(&"NET003"), "{cut:?}");
    world.world.ip("link set net3 up");
    let without = world.ids(|world| drop(world.pod.ip("address flush dev net3")));
    assert!(without.contains(&"NET005"), "{without:?}");
    let gone = world.ids(|world| drop(world.pod.ip("link delete net3")));
    assert!(gone.contains(&"NET001"), "{gone:?}");
}

#[test]
fn routes_that_lead_astray_are_found() {
    let world = World::new();
    let astray = world.ids(|world| drop(world.pod.ip("route add 10.30.0.10/32 via 10.244.0.1")));
    assert_eq!(astray, ["RTE006"]);
    world.pod.ip("route delete 10.30.0.10/32");
    // As the seed's management network had it.
    let second =
        world.ids(|world| drop(world.pod.ip("route add default via 10.30.0.10 metric 10")));
    assert_eq!(second, ["RTE001", "RTE002"]);
}

#[test]
fn subnets_that_overlap_and_settings_of_the_kernel_are_found() {
    let world = World::new();
    let overlap = world.ids(|world| drop(world.pod.ip("address add 10.244.0.77/16 dev net3")));
    assert!(overlap.contains(&"NET008"), "{overlap:?}");
    world.pod.ip("address delete 10.244.0.77/16 dev net3");
    let settings = world.ids(|world| {
        world.pod.set("net.ipv4.conf.net3.arp_ignore", "0");
        world.pod.set("net.ipv4.conf.net3.accept_redirects", "1");
        world.pod.set("net.ipv4.ip_forward", "1");
    });
    assert!(
        ["SYS003", "SYS004", "SYS005"]
            .iter()
            .all(|id| settings.contains(id)),
        "{settings:?}"
    );
}
