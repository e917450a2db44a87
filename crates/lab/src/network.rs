//! A node, its three further networks, pods on them, and the peers at their other ends.
//!
//! ```text
//!  pod   eth0      net1          net2          net3
//!         │ bridge  │ macvlan     │ macvlan     │ macvlan
//!  node  cni0      eth1          eth2          eth3
//!                   │             │             │           (cables)
//!  fabric      management       data         storage        (switches)
//!                   │             │             │
//!  peers        scraper    callers, brokers   database, cache
//! ```

use crate::cni::{Attachment, Chain};
use crate::namespace::Namespace;
use serde_json::json;
use std::path::Path;
use tempfile::TempDir;

/// A network that pods are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// The cluster's own: probes, DNS.
    Default,
    /// Metrics and status.
    Management,
    /// Callers and brokers.
    Data,
    /// The database and the cache.
    Storage,
}

impl Network {
    /// All of them, in the order of their interfaces.
    pub const ALL: [Network; 4] = [
        Network::Default,
        Network::Management,
        Network::Data,
        Network::Storage,
    ];
    /// Those with a switch of their own.
    pub(crate) const SECONDARY: [Network; 3] =
        [Network::Management, Network::Data, Network::Storage];

    /// As people call it, and its switch's name.
    pub const fn name(self) -> &'static str {
        match self {
            Network::Default => "default",
            Network::Management => "mgmt",
            Network::Data => "data",
            Network::Storage => "storage",
        }
    }

    /// The pod's interface on it.
    pub const fn interface(self) -> &'static str {
        match self {
            Network::Default => "eth0",
            Network::Management => "net1",
            Network::Data => "net2",
            Network::Storage => "net3",
        }
    }

    /// The node's interface on it.
    pub const fn master(self) -> &'static str {
        match self {
            Network::Default => "cni0",
            Network::Management => "eth1",
            Network::Data => "eth2",
            Network::Storage => "eth3",
        }
    }

    /// Its IPv4 addresses, the last number left out.
    pub const fn prefix(self) -> &'static str {
        match self {
            Network::Default => "10.244.0",
            Network::Management => "10.10.0",
            Network::Data => "10.20.0",
            Network::Storage => "10.30.0",
        }
    }

    /// As filters of captures name it.
    pub fn subnet(self) -> String {
        format!("{}.0/24", self.prefix())
    }

    /// An address on it.
    pub fn address(self, last_number: u8) -> String {
        format!("{}.{last_number}", self.prefix())
    }

    /// Settings of the kernel for the pod's interface on it, as the manifests have them.
    fn tuning(self) -> [(String, &'static str); 3] {
        [
            ("rp_filter", "1"),
            ("arp_ignore", "1"),
            ("arp_announce", "2"),
        ]
        .map(|(name, value)| (format!("net.ipv4.conf.{}.{name}", self.interface()), value))
    }

    /// The attachment: a bridge for the default network, else macvlan and tuning.
    fn chain(self, leases: &Path) -> Chain {
        let plugins = match self {
            Network::Default => vec![json!({
                "type": "bridge",
                "bridge": self.master(),
                "isGateway": true,
                "isDefaultGateway": true,
                "ipam": { "type": "host-local", "dataDir": leases, "subnet": self.subnet() },
            })],
            _ => vec![
                json!({
                    "type": "macvlan",
                    "master": self.master(),
                    "mode": "bridge",
                    "ipam": {
                        "type": "host-local",
                        "dataDir": leases,
                        "ranges": [[{
                            "subnet": self.subnet(),
                            "rangeStart": self.address(100),
                            "rangeEnd": self.address(200),
                        }]],
                    },
                }),
                json!({
                    "type": "tuning",
                    "sysctl": self.tuning().into_iter().map(|(name, value)| (name, value.into())).collect::<serde_json::Map<_, _>>(),
                }),
            ],
        };
        Chain {
            name: self.name().to_owned(),
            plugins,
        }
    }
}

/// The node and its networks.
#[derive(Debug)]
pub struct Lab {
    /// Has the plugins' side of every pod's interfaces.
    pub node: Namespace,
    pub(crate) fabric: Namespace,
    leases: TempDir,
}

impl Lab {
    /// A node with three cables to three switches.
    pub fn new() -> Lab {
        Namespace::remove_leftovers();
        let lab = Lab {
            node: Namespace::new("node"),
            fabric: Namespace::new("fabric"),
            leases: tempfile::tempdir().expect("a folder for leases can be made"),
        };
        for network in Network::SECONDARY {
            let name = network.name();
            lab.fabric.ip(&format!("link add sw-{name} type bridge"));
            lab.fabric.ip(&format!("link set sw-{name} up"));
            lab.plug(
                &lab.node,
                network.master(),
                network,
                &Lab::node_port(network),
            );
        }
        lab
    }

    /// The switch's end of the node's cable.
    pub(crate) fn node_port(network: Network) -> String {
        format!("node-{}", network.name())
    }

    /// Lays a cable from `interface` of the namespace to the network's switch; `port` names its other end,
    /// in 15 letters at most.
    fn plug(&self, namespace: &Namespace, interface: &str, network: Network, port: &str) {
        let (name, fabric) = (network.name(), self.fabric.name());
        namespace.ip(&format!(
            "link add {interface} type veth peer name {port} netns {fabric}"
        ));
        self.fabric
            .ip(&format!("link set {port} master sw-{name} up"));
        namespace.ip(&format!("link set {interface} up"));
    }

    /// Somebody at the other end of a network, at this address of it.
    pub fn peer(&self, network: Network, role: &str, address: &str) -> Namespace {
        let peer = Namespace::new(role);
        self.join(&peer, network, role);
        peer.ip(&format!("address add {address}/24 dev eth0"));
        peer
    }

    /// Puts `eth0` of a namespace on a network, without an address.
    fn join(&self, peer: &Namespace, network: Network, role: &str) {
        if network == Network::Default {
            let node = self.node.name();
            peer.ip(&format!(
                "link add eth0 type veth peer name {role} netns {node}"
            ));
            self.node.ip(&format!("link set {role} master cni0 up"));
            peer.ip("link set eth0 up");
        } else {
            self.plug(peer, "eth0", network, role);
        }
    }

    /// A pod with all four interfaces.
    pub fn pod(&self) -> Pod {
        let namespace = Namespace::new("pod");
        let attach = |network: Network| {
            let chain = network.chain(self.leases.path());
            chain.add(&self.node, &namespace, network.interface(), None)
        };
        let networks = Network::ALL.map(attach);
        Pod {
            namespace,
            networks,
        }
    }

    /// Takes the pod's interface away, as a plugin does.
    pub(crate) fn detach(&self, pod: &Pod, network: Network) {
        pod.networks[network as usize].delete(&self.node, &pod.namespace);
    }

    /// Gives it back with the address that it had; the kernel gives it another index.
    pub(crate) fn attach_again(&self, pod: &mut Pod, network: Network) {
        let address = pod.address(network).to_owned();
        let chain = network.chain(self.leases.path());
        pod.networks[network as usize] = chain.add(
            &self.node,
            &pod.namespace,
            network.interface(),
            Some(&address),
        );
        self.repair_default(pod, network);
    }

    /// Gives it back with the address and the index that it had, which no plugin can: by hand.
    pub(crate) fn attach_by_hand(&self, pod: &Pod, network: Network, index: u32) {
        let (interface, there) = (network.interface(), pod.namespace.name());
        let new = format!("name {interface} index {index} netns {there}");
        if network == Network::Default {
            let peer = "by-hand";
            self.node
                .ip(&format!("link add {peer} type veth peer {new}"));
            self.node.ip(&format!("link set {peer} master cni0 up"));
        } else {
            let master = network.master();
            self.node.ip(&format!(
                "link add link {master} {new} type macvlan mode bridge"
            ));
            for (name, value) in network.tuning() {
                pod.namespace.set(&name, value);
            }
        }
        // Announced when it is raised, as the plugins do.
        let announced = format!("net.ipv4.conf.{interface}.arp_notify");
        pod.namespace.set(&announced, "1");
        let address = pod.address(network);
        pod.namespace
            .ip(&format!("address add {address}/24 dev {interface}"));
        pod.namespace.ip(&format!("link set {interface} up"));
        self.repair_default(pod, network);
    }

    /// What a cluster's agent does on the default network: the kernel drops the default route with its
    /// interface, and the node would send to the hardware address that is gone for 15 to 45 s.
    pub(crate) fn repair_default(&self, pod: &Pod, network: Network) {
        if network == Network::Default {
            self.node
                .ip(&format!("neigh flush dev {}", network.master()));
            pod.namespace
                .ip(&format!("route replace default via {}", network.address(1)));
        }
    }
}

impl Default for Lab {
    fn default() -> Lab {
        Lab::new()
    }
}

/// A pod's network namespace and what the plugins gave it.
#[derive(Debug)]
pub struct Pod {
    /// Where its processes run.
    pub namespace: Namespace,
    networks: [Attachment; 4],
}

impl Pod {
    /// Its address on a network.
    pub fn address(&self, network: Network) -> &str {
        self.networks[network as usize].address()
    }

    /// What Multus would write of it.
    pub(crate) fn network_status(&self) -> String {
        let entry = |network: Network| {
            serde_json::json!({
                "name": format!("lab/{}", network.name()),
                "interface": network.interface(),
                "ips": [self.address(network)],
            })
        };
        serde_json::Value::from_iter(Network::ALL.map(entry)).to_string()
    }

    /// The node's end of its default interface.
    pub(crate) fn node_side(&self) -> &str {
        self.networks[Network::Default as usize].node_side()
    }

    /// The number of its interface, which sockets are bound to.
    pub(crate) fn index(&self, network: Network) -> u32 {
        let said = self
            .namespace
            .ip(&format!("-o link show {}", network.interface()));
        let number = said.split(':').next();
        number
            .and_then(|number| number.trim().parse().ok())
            .expect("`ip link` begins with the index")
    }
}
