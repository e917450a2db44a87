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
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

/// A network beside the pod's default one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// Metrics and status.
    Management,
    /// Callers and brokers.
    Data,
    /// The database and the cache.
    Storage,
}

impl Network {
    /// All of them, in the order of their interfaces.
    pub const ALL: [Network; 3] = [Network::Management, Network::Data, Network::Storage];

    /// As people call it, and its namespace's and switch's name.
    pub const fn name(self) -> &'static str {
        match self {
            Network::Management => "mgmt",
            Network::Data => "data",
            Network::Storage => "storage",
        }
    }

    /// The pod's interface on it.
    pub const fn interface(self) -> &'static str {
        match self {
            Network::Management => "net1",
            Network::Data => "net2",
            Network::Storage => "net3",
        }
    }

    /// The node's interface on it.
    pub const fn master(self) -> &'static str {
        match self {
            Network::Management => "eth1",
            Network::Data => "eth2",
            Network::Storage => "eth3",
        }
    }

    /// Its IPv4 addresses, the last number left out.
    pub const fn prefix(self) -> &'static str {
        match self {
            Network::Management => "10.10.0",
            Network::Data => "10.20.0",
            Network::Storage => "10.30.0",
        }
    }

    /// As filters of captures name it.
    pub fn subnet(self) -> String {
        format!("{}.0/24", self.prefix())
    }

    /// The attachment as the manifests have it: macvlan, then tuning.
    fn chain(self, leases: &Path) -> Chain {
        let prefix = self.prefix();
        let macvlan = json!({
            "type": "macvlan",
            "master": self.master(),
            "mode": "bridge",
            "ipam": {
                "type": "host-local",
                "dataDir": leases,
                "ranges": [[{
                    "subnet": self.subnet(),
                    "rangeStart": format!("{prefix}.100"),
                    "rangeEnd": format!("{prefix}.200"),
                }]],
            },
        });
        let interface = self.interface();
        let tuning = json!({
            "type": "tuning",
            "sysctl": {
                format!("net.ipv4.conf.{interface}.rp_filter"): "1",
                format!("net.ipv4.conf.{interface}.arp_ignore"): "1",
                format!("net.ipv4.conf.{interface}.arp_announce"): "2",
            },
        });
        Chain {
            name: self.name().to_owned(),
            plugins: vec![macvlan, tuning],
        }
    }
}

/// The node and its networks.
#[derive(Debug)]
pub struct Lab {
    /// Has the plugins' side of every pod's interfaces.
    pub node: Namespace,
    fabric: Namespace,
    leases: TempDir,
}

impl Lab {
    /// A node with three cables to three switches.
    pub fn new() -> Lab {
        let lab = Lab {
            node: Namespace::new("node"),
            fabric: Namespace::new("fabric"),
            leases: tempfile::tempdir().expect("a folder for leases can be made"),
        };
        for network in Network::ALL {
            let (name, master) = (network.name(), network.master());
            lab.fabric.ip(&format!("link add sw-{name} type bridge"));
            lab.fabric.ip(&format!("link set sw-{name} up"));
            lab.plug(&lab.node, master, network, &format!("node-{name}"));
        }
        lab
    }

    /// Lays a cable from `interface` of the namespace to the network's switch; `port` names its other end,
    /// in 15 letters at most.
    fn plug(&self, namespace: &Namespace, interface: &str, network: Network, port: &str) {
        let name = network.name();
        namespace.ip(&format!(
            "link add {interface} type veth peer name {port} netns {}",
            self.fabric.name()
        ));
        self.fabric
            .ip(&format!("link set {port} master sw-{name} up"));
        namespace.ip(&format!("link set {interface} up"));
    }

    /// Somebody at the other end of a network, at this address of it.
    pub fn peer(&self, network: Network, role: &str, last_number: u8) -> Namespace {
        let peer = Namespace::new(role);
        self.plug(&peer, "eth0", network, role);
        let prefix = network.prefix();
        peer.ip(&format!("address add {prefix}.{last_number}/24 dev eth0"));
        peer
    }

    /// A pod with all four interfaces.
    pub fn pod(&self) -> Pod {
        let namespace = Namespace::new("pod");
        let default = self.default_network().add(&self.node, &namespace, "eth0");
        let networks = Network::ALL.map(|network| {
            let chain = network.chain(self.leases.path());
            chain.add(&self.node, &namespace, network.interface())
        });
        Pod {
            namespace,
            default,
            networks,
        }
    }

    fn default_network(&self) -> Chain {
        let bridge: Value = json!({
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": true,
            "isDefaultGateway": true,
            "ipam": {
                "type": "host-local",
                "dataDir": self.leases.path(),
                "subnet": "10.244.0.0/24",
            },
        });
        Chain {
            name: "default".to_owned(),
            plugins: vec![bridge],
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
    /// By the default network.
    pub default: Attachment,
    /// By [`Network::ALL`].
    pub networks: [Attachment; 3],
}

impl Pod {
    /// Its address on a network.
    pub fn address(&self, network: Network) -> &str {
        self.networks[network as usize].address()
    }
}
